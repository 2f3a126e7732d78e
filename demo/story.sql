-- The story: mileage beside the truth and beside the naive sum, on the data
-- of generate.sql.

\ir display.sql

SELECT count(*) AS fixes, count(DISTINCT trip_id) AS trips FROM locations \gset
SELECT count(*) AS out_of_order
FROM (SELECT recorded_at < max(recorded_at) OVER (PARTITION BY trip_id ORDER BY tableoid, ctid) AS late
      FROM locations) AS arrival
WHERE late \gset

\echo
\echo :trips trips through a city, of which the true path is known, metre by metre. Their
\echo :fixes fixes lie in locations, partitioned by quarter; :out_of_order of them lie behind a later one.
\echo
\echo One trip of each kind, in metres. naive is PostGIS alone:
\echo '  ST_Length(ST_MakeLine(position ORDER BY recorded_at)::geography)'
\echo and mileage is, in any order of rows:
\echo '  tripmeter.mileage(recorded_at, position, accuracy, ''default'')'
\echo

DROP TABLE IF EXISTS comparison;
CREATE TABLE comparison AS
SELECT trip_id, kind, truth.distance_m AS truth_m, naive_m, mileage_m,
       100 * (naive_m / truth.distance_m - 1) AS naive_error,
       100 * (mileage_m / truth.distance_m - 1) AS mileage_error
FROM truth JOIN (
    SELECT trip_id,
           ST_Length(ST_MakeLine(position ORDER BY recorded_at)::geography) AS naive_m,
           tripmeter.mileage(recorded_at, position, accuracy, 'default') AS mileage_m
    FROM locations
    GROUP BY trip_id) AS m USING (trip_id);

SELECT trip_id AS trip, kind, what AS "the dirt in it",
       truth_m::bigint AS truth, naive_m::bigint AS naive, mileage_m::bigint AS mileage,
       to_char(naive_error, 'FMSG999,999,990.0') || ' %' AS "naive is off by",
       to_char(mileage_error, 'FMSG990.0') || ' %' AS "mileage by"
FROM comparison JOIN (VALUES
    ('clean', 'noise of a few metres, nothing else'),
    ('parked', 'half an hour at rest, engine on'),
    ('tunnel', 'no fixes for two minutes'),
    ('outage', 'no fixes for more than five minutes'),
    ('teleports', 'single fixes, some 20 km away'),
    ('null island', '20 seconds at exactly (0,0)'),
    ('duplicates', 'sent twice, and a second receiver'),
    ('late', 'five minutes of it come 40 minutes late'),
    ('canyon', 'echoes between high buildings'),
    ('everything', 'all of this, and fixes that are NULL')) AS kinds (kind, what) USING (kind)
WHERE trip_id BETWEEN 11 AND 20
ORDER BY trip_id;

\echo All :trips trips, absolute error against the truth:
\echo

SELECT method AS " ",
       to_char(percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(error)), 'FM999,999,990.00') || ' %' AS median,
       to_char(percentile_cont(0.9) WITHIN GROUP (ORDER BY abs(error)), 'FM999,999,990.00') || ' %' AS "9 of 10 within",
       to_char(max(abs(error)), 'FM999,999,990.00') || ' %' AS worst
FROM comparison, LATERAL (VALUES ('naive', naive_error), ('mileage', mileage_error)) AS e (method, error)
GROUP BY method
ORDER BY method DESC;

\echo What remains is noise that looks like movement: it makes the path of a moving
\echo vehicle longer, the more the more often it is sampled. By seconds between fixes:
\echo

SELECT every AS "fix every", count(*) AS trips,
       to_char(avg(naive_error) FILTER (WHERE kind = 'clean'), 'FMSG990.0') || ' %' AS "naive, clean trip",
       to_char(avg(mileage_error) FILTER (WHERE kind = 'clean'), 'FMSG990.0') || ' %' AS "mileage, clean trip",
       to_char(avg(mileage_error), 'FMSG990.0') || ' %' AS "mileage, all kinds"
FROM comparison JOIN truth USING (trip_id, kind)
GROUP BY every
ORDER BY every;

\echo Trip 20 metre by metre, by tripmeter.mileage_report:
\echo

DROP TABLE IF EXISTS explained;
CREATE TABLE explained AS
SELECT (tripmeter.mileage_report(recorded_at, position, accuracy, 'default')).*
FROM locations
WHERE trip_id = 20;

SELECT CASE WHEN field ~ '_m$|speed' THEN round(value::numeric, 1)::text ELSE value END AS value,
       field, split_part(col_description('tripmeter.mileage_report'::regclass, place::int), ';', 1) AS meaning
FROM explained, json_each_text(row_to_json(explained)) WITH ORDINALITY AS f (field, value, place)
WHERE field <> 'policy'
ORDER BY place;

SELECT rows, policy,
       format('%s = %s + %s + %s + %s + %s', raw_m::numeric(12, 1), distance_m::numeric(12, 1),
              jitter_m::numeric(12, 1), outlier_m::numeric(12, 1), inaccurate_m::numeric(12, 1),
              gap_excluded_m::numeric(12, 1)) AS metres,
       format('%s = %s + %s + %s + %s + %s + %s + %s + %s', rows, used_count, jitter_count, outlier_count,
              inaccurate_count, conflict_count, duplicate_count, invalid_count, null_count) AS fixes
FROM explained, (SELECT count(*) AS rows FROM locations WHERE trip_id = 20) AS trip \gset

\echo Every metre, and every one of the :rows rows, is accounted for:
\echo '  raw = distance + jitter + outlier + inaccurate + gap_excluded'
\echo '  ' :metres
\echo '  rows = used + jitter + outlier + inaccurate + conflict + duplicate + invalid + null'
\echo '  ' :fixes
\echo under the policy
\echo '  ' :policy
\echo
\echo And into the trips, in one statement:
\echo

\set ECHO queries
\set QUIET off
UPDATE trips SET distance_m = m.distance_m
FROM (SELECT trip_id, tripmeter.mileage(recorded_at, position, accuracy, 'default') AS distance_m
      FROM locations
      GROUP BY trip_id) AS m
WHERE m.trip_id = trips.trip_id;
\set QUIET on
\set ECHO none

SELECT trips.tableoid::regclass AS partition, count(*) AS trips,
       (sum(trips.distance_m) / 1000)::numeric(12, 3) AS "mileage, km",
       (sum(truth.distance_m) / 1000)::numeric(12, 3) AS "truth, km"
FROM trips JOIN truth USING (trip_id)
GROUP BY 1
ORDER BY 1;

\echo A trip that is over becomes one value, a track, fix by fix as it was recorded:
\echo

DROP TABLE IF EXISTS tracks;
\set ECHO queries
\set QUIET off
CREATE TABLE tracks AS
SELECT trip_id, tripmeter.track(recorded_at, position, NULL, accuracy) AS track
FROM locations
GROUP BY trip_id;
\set QUIET on
\set ECHO none

SELECT what AS " ", count, pg_size_pretty(bytes) AS "on disk", (bytes::numeric / count)::numeric(12, 1) AS "bytes each"
FROM (SELECT 1, 'fixes as rows, no index', (SELECT count(*) FROM locations),
             (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('locations'))
      UNION ALL
      SELECT 2, 'the same as tracks', sum(tripmeter.fix_count(track)), pg_total_relation_size('tracks')
      FROM tracks) AS size (place, what, count, bytes)
ORDER BY place;

SELECT tripmeter.start_time(track)::date AS day FROM tracks WHERE trip_id = 20 \gset
\echo The day of one vehicle, :day, cut into trips where it stood for five minutes:
\echo

SELECT start_time::time(0) AS from, end_time::time(0) AS to, date_trunc('second', duration) AS duration,
       distance_m::bigint AS metres, tripmeter.fix_count(trip) AS fixes
FROM (SELECT tripmeter.rollup(track) AS day FROM tracks
      WHERE tripmeter.period(track) && tstzrange(:'day', date :'day' + 1)) AS vehicle, tripmeter.trips(day)
ORDER BY start_time;

\echo What became of each of its metres, leg by leg; the counted ones are the mileage of trip 20:
\echo

DROP TABLE IF EXISTS audit;
CREATE TABLE audit AS
SELECT class, counted, count(*) AS legs, sum(metres) AS metres, sum(seconds) AS seconds
FROM tracks, tripmeter.legs(track)
WHERE trip_id = 20
GROUP BY class, counted;

SELECT class, counted, legs, metres::numeric(12, 1), seconds::numeric(12, 1)
FROM audit
ORDER BY counted DESC, audit.metres DESC;

\echo What is owed: the taximeter of Seoul on these trips, and the bill of trip 20:
\echo

\set ECHO queries
\set QUIET off
CREATE TABLE prices AS SELECT tripmeter.tariff '{"tariff": 1, "currency": "KRW", "time_zone": "Asia/Seoul",
    "rounding": {"fare": {"step": "100"}}, "base": "4800",
    "meter": {"mode": "S", "distance": {"price": "100", "unit": "131 m"}, "time": {"price": "100", "unit": "30 s"},
              "increment": "100", "charge": "advance", "covers": "1600 m"},
    "multipliers": [{"name": "night", "factor": "1.2", "when": {"hours": ["22:00-23:00", "02:00-04:00"]}},
                    {"name": "late night", "factor": "1.4", "when": {"hours": ["23:00-02:00"]}}],
    "surcharges": [{"name": "toll", "attribute": "toll"}]}' AS tariff;
CREATE TABLE fares AS SELECT trip_id, tripmeter.fare(tariff, track) AS fare FROM tracks, prices;
\set QUIET on
\set ECHO none

SELECT count(*) AS trips, min(fare), round(avg(fare)) AS mean, max(fare) FROM fares;

SELECT line, kind, rule, quantity::numeric(12, 2), unit, rate, factor, exact_amount::numeric(12, 2) AS exact, amount
FROM tracks, prices, tripmeter.fare_lines(tariff, track, attributes => '{"toll": 1900}')
WHERE trip_id = 20
ORDER BY line;
