-- odometer_distance and odometer_report: a report, a parallel plan, errors
SET search_path = tripmeter, public;
SET timezone = 'UTC';
SET jit = off;

-- a glitch, a rollover, a reset
CREATE TABLE readings (vehicle int, recorded_at timestamptz, reading_m float8);
INSERT INTO readings
SELECT 0, '2024-03-01'::timestamptz + n * interval '1 minute', reading
FROM unnest(ARRAY[998000, 999000, 0, 999500, 400, 1400, 500000, 500100, 500200, 500300]) WITH ORDINALITY r (reading, n);
SELECT odometer_distance(recorded_at, reading_m) AS plain, odometer_distance(recorded_at, reading_m, 70, 1e6) AS rollover FROM readings;
\x on
SELECT (odometer_report(recorded_at, reading_m, 70, 1e6)).* FROM readings;
\x off

-- workers fill partial states
INSERT INTO readings
SELECT vehicle, '2024-03-01'::timestamptz + n * interval '30 s',
       CASE WHEN n % 40 < 2 THEN 0 ELSE (vehicle * 37000 + n * 123.4 + n / 77 * 300000)::numeric % 1000000 END
FROM generate_series(1, 100) vehicle, generate_series(1, 200) n
ORDER BY hashint4(n), vehicle;
ANALYZE readings;
SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
SET max_parallel_workers_per_gather = 2;
SET enable_sort = off;
EXPLAIN (COSTS OFF)
SELECT vehicle, odometer_distance(recorded_at, reading_m, 70, 1e6), odometer_report(recorded_at, reading_m) FROM readings GROUP BY vehicle;

-- CREATE TABLE AS, unlike INSERT, reads in parallel
CREATE TABLE parallel AS
SELECT vehicle, float8send(odometer_distance(recorded_at, reading_m, 70, 1e6)) AS metres, record_send(odometer_report(recorded_at, reading_m)) AS report
FROM readings GROUP BY vehicle;
SET max_parallel_workers_per_gather = 0;
CREATE TABLE serial AS
SELECT vehicle, float8send(odometer_distance(recorded_at, reading_m, 70, 1e6)) AS metres, record_send(odometer_report(recorded_at, reading_m)) AS report
FROM readings GROUP BY vehicle;
SELECT count(*) AS vehicles, count(DISTINCT s.report) AS reports, bool_and(p.metres = s.metres AND p.report = s.report) AS same_bits
FROM parallel p FULL JOIN serial s USING (vehicle);

-- errors
SELECT odometer_distance(recorded_at, reading_m, 0, NULL) FROM readings;
SELECT odometer_distance(recorded_at, reading_m, 'NaN', NULL) FROM readings;
SELECT odometer_report(recorded_at, reading_m, NULL, '-Infinity') FROM readings;
SELECT odometer_report(recorded_at, reading_m, NULL, 0) FROM readings;
SELECT odometer_distance(recorded_at, reading_m, 70, CASE vehicle WHEN 0 THEN 1e6 END) FROM readings;
SELECT odometer_distance(recorded_at, reading_m, CASE WHEN vehicle > 0 THEN 70 END, 1e6) FROM readings;
SET tripmeter.max_state_mb = 1;
SELECT odometer_distance(recorded_at + n * interval '1 hour', reading_m) FROM readings, generate_series(1, 4) n;
RESET tripmeter.max_state_mb;

DROP TABLE readings, parallel, serial;
