-- Loads the recordings of :folder into schema recordings.

CREATE SCHEMA recordings;
CREATE TABLE recordings.fixes (
    dataset text, trip_id text, recorded_at_s float8, lon float8, lat float8, speed_ms float8,
    recorded_at timestamptz GENERATED ALWAYS AS (to_timestamp(recorded_at_s)) STORED,
    position geometry(Point, 4326) GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED
);
-- at_rest_s: seconds truly at rest, where they are known
CREATE TABLE recordings.reference (
    dataset text, trip_id text, reference_m float8, reference_kind text, naive_sphere_m float8,
    at_rest_s float8
);
\set copy_fixes '\\copy recordings.fixes (dataset, trip_id, recorded_at_s, lon, lat, speed_ms) from program ''zcat "' :folder '/fixes.csv.gz"'' with (format csv, header)'
:copy_fixes
\set copy_reference '\\copy recordings.reference (dataset, trip_id, reference_m, reference_kind, naive_sphere_m) from ''' :folder '/reference.csv'' with (format csv, header)'
:copy_reference
\set copy_fixes_2 '\\copy recordings.fixes (dataset, trip_id, recorded_at_s, lon, lat, speed_ms) from program ''zcat "' :folder '/fixes_2.csv.gz"'' with (format csv)'
:copy_fixes_2
\set copy_reference_2 '\\copy recordings.reference from ''' :folder '/reference_2.csv'' with (format csv, header)'
:copy_reference_2
ANALYZE recordings.fixes;

-- The taximeters of New York; times are of the clock on the wall.
CREATE TABLE recordings.nyc_taxi (
    vendor_id int, picked_up timestamp, dropped_off timestamp, passengers int, miles numeric, rate_code int,
    store_and_forward text, from_zone int, to_zone int, payment_type int, fare numeric, extra numeric, mta_tax numeric,
    tip numeric, tolls numeric, improvement numeric, total numeric, congestion numeric
);
\set copy_taxi '\\copy recordings.nyc_taxi from program ''zcat "' :folder '/nyc_taxi_2019.csv.gz"'' with (format csv, header)'
:copy_taxi

-- What every trip reads: plain, and under the default policy.
CREATE TABLE recordings.readings AS
SELECT dataset, trip_id, reference_m, naive_sphere_m, at_rest_s,
       tripmeter.mileage(recorded_at, position, 'raw') AS naive_m,
       tripmeter.mileage_report(recorded_at, position) AS report,
       count(*) AS rows
FROM recordings.fixes JOIN recordings.reference USING (dataset, trip_id)
GROUP BY dataset, trip_id, reference_m, naive_sphere_m, at_rest_s;

-- The figures of the rules before the first release, which no later rules may fall behind.
CREATE TABLE recordings.before (
    dataset text, trips bigint, naive_median float8, naive_p90 float8,
    policy_median float8, policy_p90 float8, stopped_s float8, at_rest_s float8
);
\copy recordings.before from 'test/recordings/before.csv' with (format csv, header)

-- How far the default policy is off, by dataset: the absolute error against the
-- reference in percent, and the seconds at rest beside the true ones.
CREATE VIEW recordings.figures AS
SELECT dataset, count(*) AS trips,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY naive)::numeric, 4) AS naive_median,
       round(percentile_cont(0.9) WITHIN GROUP (ORDER BY naive)::numeric, 4) AS naive_p90,
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY policy)::numeric, 4) AS policy_median,
       round(percentile_cont(0.9) WITHIN GROUP (ORDER BY policy)::numeric, 4) AS policy_p90,
       round(sum(stopped_s)) AS stopped_s,
       sum(at_rest_s) AS at_rest_s
FROM (
    SELECT dataset, at_rest_s,
           100 * abs(naive_m / reference_m - 1) AS naive,
           100 * abs((report).distance_m / reference_m - 1) AS policy,
           extract(epoch FROM (report).stopped_time) AS stopped_s
    FROM recordings.readings
) errors
GROUP BY dataset;
