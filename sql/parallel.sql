-- partial, parallel and partitionwise plans, and that they change no bit
SET search_path = tripmeter, public;
SET timezone = 'UTC';
SET jit = off;

CREATE TABLE locations (trip_id int, recorded_at timestamptz, position geometry(Point, 4326), accuracy real);
INSERT INTO locations
SELECT trip, '2024-02-20'::timestamptz + trip * interval '1 hour' + s * interval '5 seconds',
       ST_SetSRID(ST_MakePoint(126.9 + trip * 0.01 + s * 0.0004 + 0.00003 * sin(s * trip), 37.5 + 0.002 * sin(s / 40.0)), 4326), s % 50
FROM generate_series(1, 200) trip, generate_series(0, 200) s
ORDER BY hashint4(s), trip;
ANALYZE locations;

SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;

-- workers fill partial states
SET max_parallel_workers_per_gather = 2;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT trip_id, mileage(recorded_at, position) FROM locations GROUP BY trip_id;
RESET enable_sort;
EXPLAIN (COSTS OFF) SELECT mileage_report(recorded_at, position, accuracy, 'default') FROM locations;

-- the results of 0 to 4 workers, to the bit
CREATE TABLE results (plan text, trip_id int, metres bytea, report text);
-- CREATE TABLE AS, unlike INSERT, reads in parallel
CREATE PROCEDURE record(plan text, source regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE result AS
                    SELECT trip_id, float8send(mileage(recorded_at, position)) AS metres,
                           mileage_report(recorded_at, position, accuracy, ''default max_accuracy=40'')::text AS report
                    FROM %s GROUP BY trip_id', source);
    INSERT INTO results SELECT plan, * FROM result;
    DROP TABLE result;
END $$;
SET max_parallel_workers_per_gather = 0;
CALL record('no workers', 'locations');
SET max_parallel_workers_per_gather = 1;
CALL record('1 worker', 'locations');
SET max_parallel_workers_per_gather = 2;
CALL record('2 workers', 'locations');
SET max_parallel_workers_per_gather = 3;
CALL record('3 workers', 'locations');
SET max_parallel_workers_per_gather = 4;
CALL record('4 workers', 'locations');
SET max_parallel_workers_per_gather = 0;

-- partitions by time cut a trip; by hash they keep it whole
CREATE TABLE by_time (LIKE locations) PARTITION BY RANGE (recorded_at);
CREATE TABLE by_time_1 PARTITION OF by_time FOR VALUES FROM (MINVALUE) TO ('2024-02-24 02:10:00+00');
CREATE TABLE by_time_2 PARTITION OF by_time FOR VALUES FROM ('2024-02-24 02:10:00+00') TO ('2024-02-26 07:05:00+00');
CREATE TABLE by_time_3 PARTITION OF by_time FOR VALUES FROM ('2024-02-26 07:05:00+00') TO (MAXVALUE);
INSERT INTO by_time SELECT * FROM locations ORDER BY position::text;
CREATE TABLE by_hash (LIKE locations) PARTITION BY HASH (trip_id);
CREATE TABLE by_hash_0 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE by_hash_1 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO by_hash SELECT * FROM locations ORDER BY recorded_at DESC;
ANALYZE by_time;
ANALYZE by_hash;

SET enable_partitionwise_aggregate = on;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT trip_id, mileage(recorded_at, position) FROM by_time GROUP BY trip_id;
EXPLAIN (COSTS OFF) SELECT trip_id, mileage(recorded_at, position) FROM by_hash GROUP BY trip_id;
CALL record('partitions by time', 'by_time');
CALL record('partitions by hash', 'by_hash');
SET max_parallel_workers_per_gather = 2;
CALL record('partitions by time, 2 workers', 'by_time');
CALL record('partitions by hash, 2 workers', 'by_hash');

SELECT plan, count(*) AS trips, bool_and(r.metres = s.metres AND r.report = s.report) AS same_bits
FROM results r JOIN (SELECT trip_id, metres, report FROM results WHERE plan = 'no workers') s USING (trip_id)
GROUP BY plan ORDER BY plan;

DROP TABLE results, locations, by_time, by_hash;
DROP PROCEDURE record;
