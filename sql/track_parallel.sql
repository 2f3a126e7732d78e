-- track and rollup: partial, parallel and partitionwise plans, and that they change no bit
SET search_path = tripmeter, public;
SET timezone = 'UTC';
SET jit = off;

-- shuffled, with rows of every kind that a track leaves out
CREATE TABLE locations (vehicle int, day int, recorded_at timestamptz, position geometry(Point, 4326), speed real, accuracy real);
INSERT INTO locations
SELECT trip % 20, trip / 20 * 15 + s / 14, '2024-02-20'::timestamptz + trip * interval '1 hour' + s * interval '5 seconds',
       ST_SetSRID(ST_MakePoint(126.9 + trip * 0.01 + s * 0.0004, 37.5 + 0.00002 * (s * s % 101)), 4326), nullif(s % 30, 7), s % 50
FROM generate_series(1, 200) trip, generate_series(0, 200) s
ORDER BY hashint4(s), trip;
INSERT INTO locations
SELECT vehicle, day, CASE WHEN n % 5 > 0 THEN recorded_at END,
       CASE n % 4 WHEN 0 THEN position WHEN 1 THEN ST_SetSRID(ST_MakePoint(0, 0), 4326) WHEN 2 THEN ST_SetSRID(ST_MakePoint(n, 91), 4326) END,
       nullif(speed + n % 2, 5), accuracy
FROM (SELECT *, row_number() OVER (ORDER BY vehicle, recorded_at) AS n FROM locations) l WHERE n % 13 = 0;
ANALYZE locations;

SET min_parallel_table_scan_size = 0;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;

-- workers fill partial states
SET max_parallel_workers_per_gather = 2;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT vehicle, track(recorded_at, position, speed, accuracy) FROM locations GROUP BY vehicle;
RESET enable_sort;
EXPLAIN (COSTS OFF) SELECT track(recorded_at, position) FROM locations;

-- daily tracks, some of which overlap
SET max_parallel_workers_per_gather = 0;
CREATE TABLE dailies AS
SELECT vehicle, day, track(recorded_at, position, speed, accuracy) FROM locations GROUP BY vehicle, day ORDER BY hashint4(vehicle), day DESC;
INSERT INTO dailies SELECT vehicle, 190, slice(track, tstzrange(start_time(track) + '20 seconds', NULL)) FROM dailies WHERE vehicle % 7 = 0 AND day = 1;
INSERT INTO dailies VALUES (1, 191, NULL), (2, 191, '[]');
ANALYZE dailies;
SET max_parallel_workers_per_gather = 2;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT vehicle, rollup(track) FROM dailies GROUP BY vehicle;
RESET enable_sort;
EXPLAIN (COSTS OFF) SELECT rollup(track) FROM dailies;
-- what asks a track is done by workers
EXPLAIN (COSTS OFF) SELECT sum(mileage(track)) FROM dailies;

-- the results of 0 to 4 workers, to the bit, with what was left out
CREATE TABLE results (plan text, vehicle int, points bytea, channels bytea, merged bytea);
-- CREATE TABLE AS, unlike INSERT, reads in parallel
CREATE PROCEDURE record(plan text, rows regclass, tracks regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE built AS
                    SELECT vehicle, track_send(track(recorded_at, position)) AS points, track_send(track(recorded_at, position, speed, accuracy)) AS channels
                    FROM %s GROUP BY vehicle', rows);
    EXECUTE format('CREATE TABLE rolled AS SELECT vehicle, track_send(rollup(track)) AS merged FROM %s GROUP BY vehicle', tracks);
    INSERT INTO results SELECT plan, vehicle, points, channels, merged FROM built FULL JOIN rolled USING (vehicle);
    DROP TABLE built, rolled;
END $$;
SET max_parallel_workers_per_gather = 0;
CALL record('no workers', 'locations', 'dailies');
SET max_parallel_workers_per_gather = 1;
CALL record('1 worker', 'locations', 'dailies');
SET max_parallel_workers_per_gather = 2;
CALL record('2 workers', 'locations', 'dailies');
SET max_parallel_workers_per_gather = 3;
CALL record('3 workers', 'locations', 'dailies');
SET max_parallel_workers_per_gather = 4;
CALL record('4 workers', 'locations', 'dailies');
SET max_parallel_workers_per_gather = 0;

-- partitions by time cut a vehicle's fixes; by hash they keep them together
CREATE TABLE by_time (LIKE locations) PARTITION BY RANGE (recorded_at);
CREATE TABLE by_time_none PARTITION OF by_time DEFAULT;
CREATE TABLE by_time_1 PARTITION OF by_time FOR VALUES FROM (MINVALUE) TO ('2024-02-24 02:10:00+00');
CREATE TABLE by_time_2 PARTITION OF by_time FOR VALUES FROM ('2024-02-24 02:10:00+00') TO (MAXVALUE);
INSERT INTO by_time SELECT * FROM locations ORDER BY position::text;
CREATE TABLE by_day (LIKE dailies) PARTITION BY RANGE (day);
CREATE TABLE by_day_0 PARTITION OF by_day FOR VALUES FROM (0) TO (70);
CREATE TABLE by_day_1 PARTITION OF by_day DEFAULT;
INSERT INTO by_day SELECT * FROM dailies ORDER BY day DESC, vehicle;
CREATE TABLE by_hash (LIKE locations) PARTITION BY HASH (vehicle);
CREATE TABLE by_hash_0 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE by_hash_1 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO by_hash SELECT * FROM locations ORDER BY recorded_at DESC;
CREATE TABLE tracks_by_hash (LIKE dailies) PARTITION BY HASH (vehicle);
CREATE TABLE tracks_by_hash_0 PARTITION OF tracks_by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE tracks_by_hash_1 PARTITION OF tracks_by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO tracks_by_hash SELECT * FROM dailies ORDER BY vehicle, day;
ANALYZE by_time;
ANALYZE by_day;
ANALYZE by_hash;
ANALYZE tracks_by_hash;

SET enable_partitionwise_aggregate = on;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT vehicle, track(recorded_at, position) FROM by_hash GROUP BY vehicle;
EXPLAIN (COSTS OFF) SELECT vehicle, rollup(track) FROM by_day GROUP BY vehicle;
CALL record('partitions by time', 'by_time', 'by_day');
CALL record('partitions by hash', 'by_hash', 'tracks_by_hash');
SET max_parallel_workers_per_gather = 2;
CALL record('partitions by time, 2 workers', 'by_time', 'by_day');
CALL record('partitions by hash, 2 workers', 'by_hash', 'tracks_by_hash');

SELECT plan, count(*) AS vehicles, bool_and(r.points = s.points) AS points, bool_and(r.channels = s.channels) AS channels, bool_and(r.merged = s.merged) AS merged
FROM results r JOIN (SELECT vehicle, points, channels, merged FROM results WHERE plan = 'no workers') s USING (vehicle)
GROUP BY plan ORDER BY plan;

-- the daily tracks are those of the rows, where none came twice
SELECT count(*) FILTER (WHERE channels = merged) AS same_bits, count(*) FILTER (WHERE channels <> merged AND vehicle % 7 = 0) AS with_a_day_twice, count(*)
FROM results WHERE plan = 'no workers';
SELECT rollup(track) = (SELECT track(recorded_at, position, speed, accuracy) FROM locations) AS all_in_one FROM dailies;

DROP TABLE results, locations, dailies, by_time, by_day, by_hash, tracks_by_hash;
DROP PROCEDURE record;
