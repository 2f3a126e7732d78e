-- mileage and mileage_report: signatures, one case of each rule, errors
SET extra_float_digits = 0;
SET timezone = 'UTC';
SET intervalstyle = 'postgres';
SET search_path = tripmeter, public;

CREATE TABLE fixes (
    trip text, recorded_at timestamptz, lon float8, lat float8, accuracy real,
    position geometry(Point, 4326) GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED
);

-- north along a meridian at 10 m/s, a fix each second; 0.00009 degrees are 10 m
INSERT INTO fixes
SELECT 'plain', '2024-03-01 08:00+00'::timestamptz + s * interval '1 second', 127, 37 + s * 0.00009, 5
FROM generate_series(0, 100) s;

-- every signature gives the same
SELECT round(mileage(recorded_at, position)::numeric, 6) AS geometry,
       round(mileage(recorded_at, position::geography)::numeric, 6) AS geography,
       round(mileage(recorded_at, lon, lat)::numeric, 6) AS lonlat
FROM fixes;
SELECT round(mileage(recorded_at, position, 'raw')::numeric, 6) AS geometry,
       round(mileage(recorded_at, position::geography, 'raw')::numeric, 6) AS geography,
       round(mileage(recorded_at, lon, lat, 'raw')::numeric, 6) AS lonlat
FROM fixes;
SELECT round(mileage(recorded_at, position, accuracy, mileage_policy())::numeric, 6) AS geometry,
       round(mileage(recorded_at, position::geography, accuracy, mileage_policy())::numeric, 6) AS geography,
       round(mileage(recorded_at, lon, lat, accuracy, mileage_policy())::numeric, 6) AS lonlat
FROM fixes;
SELECT (mileage_report(recorded_at, position)).distance_m = (mileage_report(recorded_at, lon, lat, accuracy, 'default')).distance_m AS same
FROM fixes;

-- one trip for each rule, made from the plain one
INSERT INTO fixes (trip, recorded_at, lon, lat, accuracy)
    SELECT kind, recorded_at, lon, lat, accuracy FROM fixes,
        unnest(ARRAY['null', 'invalid', 'wrapped', 'duplicate', 'conflict', 'inaccurate', 'outlier', 'bad start', 'jump']) kind
    WHERE trip = 'plain';
INSERT INTO fixes (trip, recorded_at, lon, lat) VALUES
    ('null', NULL, 127, 37), ('null', '2024-03-01 08:00:30.5+00', NULL, 37), ('null', '2024-03-01 08:00:30.5+00', 127, NULL),
    ('invalid', '2024-03-01 08:00:30.5+00', 127, 91), ('invalid', '2024-03-01 08:00:30.5+00', 'NaN', 37),
    ('invalid', '2024-03-01 08:00:30.5+00', '-Infinity', 37), ('invalid', '2024-03-01 08:00:30.5+00', -181, 37),
    ('invalid', 'infinity', 127, 37), ('invalid', '2024-03-01 08:00:30.5+00', 0, 0),
    ('duplicate', '2024-03-01 08:00:30+00', 127, 37.0027),
    ('conflict', '2024-03-01 08:00:30+00', 127.5, 37.0027),
    ('outlier', '2024-03-01 08:00:30.5+00', 127.01, 37.00275),
    ('bad start', '2024-03-01 07:59:59+00', 128, 38);
INSERT INTO fixes VALUES ('inaccurate', '2024-03-01 08:00:30.5+00', 127.001, 37.00275, 400);
UPDATE fixes SET lon = 180 + (lon - 127) WHERE trip = 'wrapped' AND lat < 37.005;
UPDATE fixes SET lon = lon + 53 WHERE trip = 'wrapped' AND lat >= 37.005;
UPDATE fixes SET lat = lat + 1 WHERE trip = 'jump' AND recorded_at >= '2024-03-01 08:00:50+00';
-- 100 m in ten minutes between fixes: a gap
INSERT INTO fixes (trip, recorded_at, lon, lat)
    SELECT 'gap', recorded_at + CASE WHEN lat > 37.0045 THEN interval '10 minutes' ELSE '0' END, lon, lat + CASE WHEN lat > 37.0045 THEN 0.0009 ELSE 0 END
    FROM fixes WHERE trip = 'plain';
-- five minutes parked at the end, a few metres to and fro
INSERT INTO fixes (trip, recorded_at, lon, lat)
    SELECT 'parked', recorded_at, lon, lat FROM fixes WHERE trip = 'plain';
INSERT INTO fixes (trip, recorded_at, lon, lat)
    SELECT 'parked', '2024-03-01 08:01:40+00'::timestamptz + s * interval '1 second',
           127 + 0.00005 * sin(s * 2.1), 37.009 + 0.00004 * sin(s * 1.7)
    FROM generate_series(1, 300) s;
INSERT INTO fixes (trip, recorded_at, lon, lat) VALUES
    ('one', '2024-03-01 08:00+00', 127, 37), ('none', NULL, 127, 37);

SELECT trip, round(distance_m::numeric, 3) AS distance_m, round(raw_m::numeric, 3) AS raw_m,
       round(jitter_m::numeric, 1) AS jitter, round(outlier_m::numeric, 1) AS outlier, round(inaccurate_m::numeric, 1) AS inaccurate,
       round(gap_m::numeric, 1) AS gap, round(gap_excluded_m::numeric, 1) AS excluded
FROM (SELECT trip, (mileage_report(recorded_at, position, accuracy, 'default')).* FROM fixes GROUP BY trip) r
ORDER BY trip;
SELECT trip, used_count AS used, jitter_count AS jitter, outlier_count AS outlier, inaccurate_count AS inaccurate,
       conflict_count AS conflict, duplicate_count AS duplicate, invalid_count AS invalid, null_count AS "null", gap_count AS gaps
FROM (SELECT trip, (mileage_report(recorded_at, position, accuracy, 'default')).* FROM fixes GROUP BY trip) r
ORDER BY trip;
SELECT trip, moving_time, stopped_time, gap_time, first_time::time, last_time::time, round(top_speed::numeric, 2) AS top_speed
FROM (SELECT trip, (mileage_report(recorded_at, position, accuracy, 'default')).* FROM fixes GROUP BY trip) r
ORDER BY trip;

-- the same dirt under other policies
SELECT mileage_policy AS policy, round(m::numeric, 1) AS metres
FROM (SELECT p AS mileage_policy, mileage(recorded_at, position, p) AS m
      FROM fixes, unnest(ARRAY[mileage_policy(), mileage_policy(gap_counts_as => 'exclude'), mileage_policy(gap_threshold => NULL)]) p
      WHERE trip = 'gap' GROUP BY p) r
ORDER BY metres, mileage_policy::text;
SELECT (mileage_report(recorded_at, lon, lat, mileage_policy(null_island => 'accept'))).invalid_count FROM fixes WHERE trip = 'invalid';
SELECT (mileage_report(recorded_at, lon, lat, accuracy, mileage_policy(max_accuracy => 500))).inaccurate_count FROM fixes WHERE trip = 'inaccurate';

-- no rows, no usable fix, one fix
SELECT mileage(recorded_at, position), mileage_report(recorded_at, position) FROM fixes WHERE false;
SELECT trip, mileage(recorded_at, position) FROM fixes WHERE trip IN ('none', 'one') GROUP BY trip ORDER BY trip;

-- both aggregates read one state; as window functions too
EXPLAIN (COSTS OFF, VERBOSE) SELECT mileage(recorded_at, position), mileage_report(recorded_at, position) FROM fixes;
SELECT recorded_at::time, round(mileage(recorded_at, position) OVER (ORDER BY recorded_at)::numeric, 3) AS so_far
FROM fixes WHERE trip = 'plain' ORDER BY 1 LIMIT 5;

-- a report is a row like any other
SELECT to_jsonb(mileage_report(recorded_at, position)) - 'policy' AS report FROM fixes WHERE trip = 'one';

-- errors
SELECT mileage(recorded_at, position, CASE WHEN lat > 37.005 THEN mileage_policy() ELSE 'raw' END) FROM fixes WHERE trip = 'plain';
SELECT mileage(recorded_at, position, NULL::mileage_policy) FROM fixes;
SELECT mileage(recorded_at, ST_SetSRID(position, 3857)) FROM fixes;
SELECT mileage(recorded_at, ST_SetSRID(position, 0)) FROM fixes;
SELECT mileage(recorded_at, ST_Buffer(position, 1)) FROM fixes WHERE trip = 'plain';

-- a runaway group stops
SET tripmeter.max_state_mb = 1;
SELECT mileage('2024-01-01'::timestamptz + s * interval '1 second', s * 1e-6, 0) FROM generate_series(1, 1000000) s;
SELECT count(m) FROM (SELECT mileage('2024-01-01'::timestamptz + s * interval '1 second', s * 1e-6, 0) AS m FROM generate_series(1, 100000) s GROUP BY s % 10) groups;
SET tripmeter.max_state_mb = '2GB';
SHOW tripmeter.max_state_mb;
SET tripmeter.no_such_setting = 1;
RESET tripmeter.max_state_mb;

DROP TABLE fixes;
