-- Used as queries use aggregates: by any role, in grouping sets, in frames, with
-- modifiers, and spilling.
BEGIN;
SELECT plan(8);

CREATE TEMP TABLE fixes AS
SELECT vehicle, day, '2024-03-01'::timestamptz + day * interval '1 day' + s * interval '2 s' AS recorded_at,
       13 + vehicle * 0.1 + s * 0.0002 AS lon, 52 + 0.001 * sin(s / 9.0 + day) AS lat
FROM generate_series(1, 40) vehicle, generate_series(0, 4) day, generate_series(0, 60) s;

-- A role with no privileges but those of everybody.
CREATE ROLE tripmeter_nobody;
GRANT SELECT ON fixes TO tripmeter_nobody;
SET LOCAL ROLE tripmeter_nobody;
SELECT lives_ok('SELECT tripmeter.mileage_report(recorded_at, lon, lat, tripmeter.mileage_policy(max_speed => 60)) FROM fixes',
    'any role may measure');
SELECT lives_ok($$ SELECT tripmeter.route_length('SRID=4326;LINESTRING(0 0, 1 1)'::geometry) $$, 'and measure lines');
RESET ROLE;

CREATE TEMP TABLE alone AS
SELECT vehicle, day, tripmeter.mileage(recorded_at, lon, lat) AS metres FROM fixes GROUP BY vehicle, day
UNION ALL SELECT vehicle, NULL, tripmeter.mileage(recorded_at, lon, lat) FROM fixes GROUP BY vehicle;

CREATE TEMP VIEW grouping_sets AS
SELECT vehicle, day, tripmeter.mileage(recorded_at, lon, lat) AS metres
FROM fixes GROUP BY GROUPING SETS ((vehicle, day), (vehicle));
SELECT set_eq('TABLE grouping_sets', 'TABLE alone', 'grouping sets give what groups give');
-- 240 states do not fit into this
SET LOCAL work_mem = '64kB';
SET LOCAL hash_mem_multiplier = 1;
SELECT set_eq('TABLE grouping_sets', 'TABLE alone', 'also where they do not fit into memory');
RESET work_mem;
RESET hash_mem_multiplier;

-- A frame that grows is an odometer: each of its values is the mileage so far.
SELECT is(count(*), 0::bigint, 'a frame that grows, or moves, reads what its rows read')
FROM (
    SELECT recorded_at, tripmeter.mileage(recorded_at, lon, lat) OVER (ORDER BY recorded_at) AS so_far,
           tripmeter.mileage(recorded_at, lon, lat) OVER (ORDER BY recorded_at ROWS BETWEEN 20 PRECEDING AND CURRENT ROW) AS lately,
           row_number() OVER (ORDER BY recorded_at) AS n
    FROM fixes WHERE vehicle = 1 AND day < 2
) frames, LATERAL (
    SELECT tripmeter.mileage(f.recorded_at, lon, lat) AS so_far,
           tripmeter.mileage(f.recorded_at, lon, lat) FILTER (WHERE back <= 20) AS lately
    FROM (SELECT *, frames.n - row_number() OVER (ORDER BY recorded_at) AS back FROM fixes WHERE vehicle = 1 AND day < 2) f
    WHERE f.recorded_at <= frames.recorded_at
) rows
WHERE (frames.so_far, frames.lately) IS DISTINCT FROM (rows.so_far, rows.lately);

SELECT is(tripmeter.mileage(recorded_at, lon, lat ORDER BY lat DESC), tripmeter.mileage(recorded_at, lon, lat), 'an ORDER BY changes nothing')
FROM fixes WHERE vehicle = 2;
SELECT is(tripmeter.mileage(DISTINCT recorded_at, lon, lat), tripmeter.mileage(recorded_at, lon, lat), 'nor does DISTINCT, on distinct fixes')
FROM fixes WHERE vehicle = 3;
SELECT is(tripmeter.mileage(recorded_at, lon, lat) FILTER (WHERE day = 1), (SELECT metres FROM alone WHERE vehicle = 4 AND day = 1), 'FILTER filters')
FROM fixes WHERE vehicle = 4;

SELECT * FROM finish();
ROLLBACK;
