-- Stops and trips of simulated days whose truth is known, and a mileage beside
-- an odometer's.

BEGIN;
SELECT plan(29);
SET LOCAL search_path = tripmeter, public;

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';
CREATE FUNCTION pg_temp.normal(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT sqrt(-2 * ln(1 - pg_temp.uniform(n, salt))) * cos(2 * pi() * pg_temp.uniform(n, salt + 1000))';

-- A simulated day, of 12 vehicles: a drive, 20 minutes parked, a drive, the
-- receiver off for an hour where it stands, a drive, 90 seconds at a light, a
-- drive on, the receiver off for an hour of driving, and a last drive. A fix each
-- 4 or 5 seconds, noise of 5 m that wanders with a time constant of 30 s.
CREATE TEMP TABLE acts (act integer, seconds integer, speed float8, seen boolean);
INSERT INTO acts VALUES (1, 1200, 15, true), (2, 1200, 0, true), (3, 900, 12, true), (4, 40, 0, true), (5, 3600, 0, false),
    (6, 40, 0, true), (7, 600, 18, true), (8, 90, 0, true), (9, 600, 14, true), (10, 3600, 10, false), (11, 1000, 16, true);
CREATE TEMP TABLE truth AS
SELECT act, seconds, speed, seen, coalesce(sum(seconds) OVER so_far, 0) AS since, coalesce(sum(seconds * speed) OVER so_far, 0) AS metres FROM acts
WINDOW so_far AS (ORDER BY act ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING);
CREATE TEMP TABLE days AS
WITH RECURSIVE noise AS (
    SELECT vehicle, 0 AS n, 5 * pg_temp.normal(vehicle, 2) AS east, 5 * pg_temp.normal(vehicle, 3) AS north FROM generate_series(1, 12) vehicle
    UNION ALL
    SELECT vehicle, n + 1, east * exp(-step / 30.0) + 5 * sqrt(1 - exp(-step / 15.0)) * pg_temp.normal(vehicle * 10000 + n, 4),
        north * exp(-step / 30.0) + 5 * sqrt(1 - exp(-step / 15.0)) * pg_temp.normal(vehicle * 10000 + n, 6)
    FROM noise, LATERAL (SELECT 4 + vehicle % 2 AS step) s WHERE n * step < 12870
)
SELECT vehicle, track(start + s * interval '1 s', place) AS track, start, ST_Project(home, 18000, bearing) AS first_stop
FROM noise, LATERAL (SELECT n * (4 + vehicle % 2) AS s, '2024-05-01 07:00+00'::timestamptz + vehicle * interval '3 hours' AS start,
    2 * pi() * vehicle / 12 AS bearing,
        ST_SetSRID(ST_MakePoint(vehicle * 29 - 189, vehicle * 10 - 62), 4326)::geography AS home) c
JOIN truth ON s >= since AND s < since + seconds AND seen,
    LATERAL (SELECT ST_Project(ST_Project(ST_Project(home, metres + speed * (s - since), bearing), abs(east), sign(east) * pi() / 2), abs(north), CASE WHEN north < 0 THEN pi() ELSE 0 END)::geometry AS place) p
GROUP BY vehicle, start, home, bearing;

CREATE TEMP TABLE found AS SELECT vehicle, start, first_stop, row_number() OVER (PARTITION BY vehicle ORDER BY s.start_time) AS k, s.*
    FROM days, stops(track) s;
SELECT is(string_agg(vehicle || ': ' || n, ' '), NULL, 'there are two stops: parked, and parked with the receiver off')
    FROM (SELECT vehicle, count(k) AS n FROM days LEFT JOIN found USING (vehicle) GROUP BY vehicle) c WHERE n <> 2;
SELECT is(string_agg(format('%s/%s: %s %s', vehicle, k, start_time - start, end_time - start), E'\n'), NULL, 'from when to when, within a minute')
FROM found WHERE abs(extract(epoch FROM start_time - start) - CASE k WHEN 1 THEN 1200 ELSE 3300 END) > 60
    OR abs(extract(epoch FROM end_time - start) - CASE k WHEN 1 THEN 2400 ELSE 6980 END) > 60 OR duration <> end_time - start_time;
SELECT cmp_ok(max(ST_Distance("position"::geography, first_stop)), '<', 10::float8, 'and where, within ten metres') FROM found WHERE k = 1;
SELECT is(string_agg(format('%s: %s', vehicle, fix_count), ' '), NULL, 'with their fixes') FROM found
    WHERE k = 1 AND abs(fix_count - 1200 / (4 + vehicle % 2)) > 20;
SELECT is((SELECT count(*) FROM days, stops(track, 50, '1 minute')), 36::bigint, 'the light is a stop of more than a minute');
SELECT is((SELECT count(*) FROM days, stops(track, 50, '2 hours')), 0::bigint, 'none is of two hours');
SELECT is((SELECT count(*) FROM days, gaps(track, '59 min')), 24::bigint, 'the receiver was off twice');

CREATE TEMP TABLE trip_truth (k integer, since integer, until integer, metres float8);
INSERT INTO trip_truth VALUES (1, 0, 1200, 18000), (2, 2400, 3300, 10800), (3, 6980, 8270, 19200), (4, 11870, 12870, 16000);
CREATE TEMP TABLE driven AS SELECT vehicle, days.start, days.track, row_number() OVER (PARTITION BY vehicle ORDER BY t.start_time) AS k, t.*
    FROM days, trips(track) t;
SELECT is(string_agg(vehicle || ': ' || n, ' '), NULL, 'there are four trips, a light does not cut one')
    FROM (SELECT vehicle, count(k) AS n FROM days LEFT JOIN driven USING (vehicle) GROUP BY vehicle) c WHERE n <> 4;
SELECT is(string_agg(format('%s/%s: %s %s', vehicle, k, start_time - start, end_time - start), E'\n'), NULL, 'from when to when, within a minute')
FROM driven LEFT JOIN trip_truth USING (k)
    WHERE (abs(extract(epoch FROM start_time - start) - since) <= 60 AND abs(extract(epoch FROM end_time - start) - until) <= 60
    AND duration = end_time - start_time) IS NOT TRUE;
SELECT is(string_agg(format('%s/%s: %s', vehicle, k, distance_m), E'\n'), NULL, 'each as long as it was, within 2 %') FROM driven
    LEFT JOIN trip_truth USING (k) WHERE (abs(distance_m / metres - 1) <= 0.02) IS NOT TRUE;
SELECT cmp_ok(abs(sum(distance_m) / (12 * 64000) - 1), '<', 0.01::float8, 'all of them within 1 %') FROM driven;
SELECT is(count(*), 0::bigint, 'a trip is a part of the track')
FROM driven WHERE (start_time(trip), end_time(trip)) IS DISTINCT FROM (start_time, end_time) OR trip <> slice(track, tstzrange(start_time, end_time, '[]'));
SELECT is(string_agg(format('%s: %s of %s', vehicle, t, m), E'\n'), NULL, 'trips add up to the mileage but for the gap, within 0.5 %')
FROM (SELECT vehicle, mileage(track, 'default gap_counts_as=exclude') AS m, sum(distance_m) AS t FROM driven GROUP BY vehicle, track) s
    WHERE NOT abs(t / m - 1) <= 0.005;
SELECT is((SELECT count(*) FROM days, trips(track, min_stop => '1 minute')), 60::bigint, 'cut at the light as well, five');
SELECT is((SELECT count(*) FROM days, trips(track, min_distance => 17000)), 24::bigint, 'two of 17 km');
SELECT throws_ok('SELECT ' || call, '22023', NULL, call) FROM unnest(ARRAY['stops(''[]'', -1)', 'stops(''[]'', 1001)', 'stops(''[]'', ''NaN'')', 'stops(''[]'', 50, ''-1 s'')', 'trips(''[]'', min_stop => ''-1 s'')']) call;

-- Beside an odometer

SELECT is(reconcile(m, o, 0.05)::text, expected, format('%s m beside %s', coalesce(m::text, 'NULL'), coalesce(o::text, 'NULL')))
FROM (VALUES (1000::float8, 1000::float8, '(1000,1000,0,0,f)'), (1060, 1000, '(1060,1000,60,0.06,t)'),
    (940, 1000, '(940,1000,-60,-0.06,t)'), (1040, 1000, '(1040,1000,40,0.04,f)'), (0, 0, '(0,0,0,0,f)'),
    (5, 0, '(5,0,5,Infinity,t)'), (NULL, 1000, '(,1000,,,)'), (1000, NULL, '(1000,,,,)')) v (m, o, expected);
SELECT is(string_agg(format('%s: %s', vehicle, r), E'\n'), NULL, 'an odometer that agrees, and one that does not')
FROM (SELECT vehicle, reconcile(track, odometer_report(start + (since + seconds) * interval '1 s', 5000 + metres + seconds * speed), 0.03, 'default') AS r,
          reconcile(track, odometer_report(start + (since + seconds) * interval '1 s', 1.2 * (metres + seconds * speed)), 0.03,
              'default') AS other FROM days, truth WHERE act < 10 GROUP BY vehicle, track, start) o
WHERE (NOT (r).flagged AND (other).flagged AND abs((r).odometer_m - 30000) < 1e-6 AND abs((r).mileage_m - 30000) < 600
    AND (r).difference_m = (r).mileage_m - (r).odometer_m
    AND abs((r).discrepancy - (r).difference_m / (r).odometer_m) < 1e-12) IS NOT TRUE;

SELECT * FROM finish();
ROLLBACK;
