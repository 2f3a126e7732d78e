-- Loads the recordings of :folder into schema recordings.

CREATE SCHEMA recordings;
CREATE TABLE recordings.fixes (
    dataset text, trip_id text, recorded_at_s float8, lon float8, lat float8, speed_ms float8,
    recorded_at timestamptz GENERATED ALWAYS AS (to_timestamp(recorded_at_s)) STORED,
    position geometry(Point, 4326) GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED
);
CREATE TABLE recordings.reference (
    dataset text, trip_id text, reference_m float8, reference_kind text, naive_sphere_m float8
);
\set copy_fixes '\\copy recordings.fixes (dataset, trip_id, recorded_at_s, lon, lat, speed_ms) from program ''zcat "' :folder '/fixes.csv.gz"'' with (format csv, header)'
:copy_fixes
\set copy_reference '\\copy recordings.reference from ''' :folder '/reference.csv'' with (format csv, header)'
:copy_reference
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
SELECT dataset, trip_id, reference_m, naive_sphere_m,
       tripmeter.mileage(recorded_at, position, 'raw') AS naive_m,
       tripmeter.mileage_report(recorded_at, position) AS report,
       count(*) AS rows
FROM recordings.fixes JOIN recordings.reference USING (dataset, trip_id)
GROUP BY dataset, trip_id, reference_m, naive_sphere_m;
