-- The same fixes give the same bits: in whatever order they arrive, in however
-- many workers and partitions they are counted, and however they are split
-- over partial states. Every comparison is of record_send(), that is of every
-- bit of the report.

BEGIN;
SELECT plan(46);

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

-- Real tables, for no worker reads a temporary one.
CREATE SCHEMA mileage_order;
SET LOCAL search_path = mileage_order, public;

-- 120 trips through everything that a fix can be: driving, parking, gaps,
-- teleports, inaccurate fixes; and every tenth trip is pure noise, with times
-- from all of the calendar and coordinates from all of the Earth. The first
-- trips have only a few fixes.
CREATE TABLE clean AS
SELECT trip, n,
    CASE WHEN trip % 10 = 0
        THEN '4000-01-01 BC'::timestamptz + pg_temp.uniform(trip * 1000 + n, 1) * interval '200000 years'
        ELSE '2024-03-31'::timestamptz + trip * interval '17 hours' + n * interval '7.000001 s'
            + (n / 100) * (trip % 7) * interval '3 min'
    END AS recorded_at,
    CASE WHEN trip % 10 = 0 THEN 360 * pg_temp.uniform(trip * 1000 + n, 2) - 180
        ELSE 13.4 + sum(1e-3 * (pg_temp.uniform(trip * 1000 + n, 2) - 0.4) * driving) OVER drive
            + CASE WHEN teleported THEN pg_temp.uniform(n, 3) ELSE 0 END
    END AS lon,
    CASE WHEN trip % 10 = 0 THEN 180 * pg_temp.uniform(trip * 1000 + n, 4) - 90
        ELSE 52.5 + sum(1e-3 * (pg_temp.uniform(trip * 1000 + n, 4) - 0.6) * driving) OVER drive
            + CASE WHEN teleported THEN pg_temp.uniform(n, 5) ELSE 0 END
    END AS lat,
    CASE WHEN n % 3 > 0 THEN (10 ^ (3.5 * pg_temp.uniform(trip * 1000 + n, 6) - 1))::real END AS accuracy
FROM (
    SELECT trip, n,
        CASE WHEN n / 50 % 3 = 1 THEN 0.05 ELSE 1 END AS driving,
        pg_temp.uniform(trip * 1000 + n, 7) < 0.04 OR n BETWEEN 200 AND 204 AS teleported
    FROM generate_series(1, 120) trip, generate_series(1, CASE WHEN trip < 20 THEN trip % 7 ELSE 400 END) n
) moves
WINDOW drive AS (PARTITION BY trip ORDER BY n);

-- Then the dirt: what the rules must tell apart although it compares equal,
-- or nearly so.
CREATE TABLE fixes AS
SELECT row_number() OVER (ORDER BY trip, n, dirt) AS id, trip, n, dirt, recorded_at, lon, lat, accuracy,
    ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS position
FROM (
    SELECT trip, n, 0 AS dirt, recorded_at, lon, lat, accuracy FROM clean
    UNION ALL  -- the same fix, with and without an accuracy, good and poor
    SELECT trip, n, d, recorded_at, lon, lat, ('{NULL,NaN,5,500,0}'::real[])[(n + d) % 5 + 1]
    FROM clean, generate_series(1, 2) d WHERE n % 11 = 1
    UNION ALL  -- the same time, elsewhere, and elsewhere again
    SELECT trip, n, d, recorded_at, lon + 1e-3 * (d - 4), lat + 1e-3 * (n % 2) * (5 - d), accuracy
    FROM clean, generate_series(3, 5) d WHERE n % 13 = 2
    UNION ALL  -- one place in two notations: zeros of both signs, the meridian 180, both sides of 360
    SELECT trip, n, d, recorded_at + interval '1 s',
        (ARRAY['-0', 0, 180, -180, 190.5, -169.5]::float8[])[(n / 17 % 3) * 2 + d - 5],
        (ARRAY[0, '-0']::float8[])[d - 5], (ARRAY[NULL, 50]::real[])[d - 5]
    FROM clean, generate_series(6, 7) d WHERE n % 17 = 3 AND trip % 3 = 1
    UNION ALL  -- no place, no time
    SELECT trip, n, 8, CASE n % 2 WHEN 0 THEN recorded_at ELSE 'infinity' END, 'NaN', lat, accuracy
    FROM clean WHERE n % 29 = 4
    UNION ALL  -- NULLs
    SELECT trip, n, 9, CASE n % 3 WHEN 0 THEN recorded_at END, CASE n % 3 WHEN 1 THEN lon END, lat, accuracy
    FROM clean WHERE n % 31 = 5
) dirty;
ANALYZE fixes;

-- Each query has the same two reports of each trip, one under the default
-- policy, one under a policy that bites elsewhere.
CREATE FUNCTION pg_temp.reports(source text, arguments text DEFAULT 'recorded_at, position, accuracy, ') RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT format('SELECT trip,
        record_send(tripmeter.mileage_report(%1$s tripmeter.mileage_policy())) AS default_bits,
        record_send(tripmeter.mileage_report(%1$s tripmeter.mileage_policy(40, NULL, ''10 s'', ''exclude'', 2, 1000, ''accept''))) AS other_bits,
        float8send(tripmeter.mileage(%1$s tripmeter.mileage_policy())) AS mileage_bits
        FROM %2$s GROUP BY trip', arguments, source)
$$;

-- What all the others are compared with: one process, one state a trip.
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT pg_temp.reports('(SELECT * FROM fixes ORDER BY id) fixes') AS query \gset
CREATE TEMP TABLE expected AS :query;

-- How many trips have other bits in this query. It runs as CREATE TABLE AS,
-- since nothing beside a call of pgTAP's functions goes to a worker.
CREATE FUNCTION pg_temp.differing_trips(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    differing bigint;
BEGIN
    EXECUTE 'CREATE TEMP TABLE actual AS ' || query;
    SELECT count(*) INTO differing
    FROM actual FULL JOIN expected USING (trip)
    WHERE actual.default_bits IS DISTINCT FROM expected.default_bits
        OR actual.other_bits IS DISTINCT FROM expected.other_bits
        OR actual.mileage_bits IS DISTINCT FROM expected.mileage_bits;
    DROP TABLE actual;
    RETURN differing;
END $$;

-- Each value of a field in the plan of a query; some are known only once it
-- was executed, with the option ANALYZE.
CREATE FUNCTION pg_temp.in_plan(query text, field text, option text DEFAULT 'VERBOSE off') RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE format('EXPLAIN (%s, FORMAT JSON) %s', option, query) INTO plan;
    RETURN ARRAY(SELECT jsonb_path_query(plan, ('strict $.**."' || field || '"')::jsonpath) #>> '{}');
END $$;

SELECT ok(count(*) >= 117 AND count(DISTINCT default_bits) = count(*) AND count(DISTINCT other_bits) = count(*),
    'no two trips have the same report, so that equal bits mean something')
FROM expected;

SELECT cmp_ok(least(
        sum((report).jitter_count), sum((report).outlier_count), sum((report).inaccurate_count),
        sum((report).conflict_count), sum((report).duplicate_count), sum((report).invalid_count),
        sum((report).null_count), sum((report).gap_count), sum((report).used_count) / 5), '>', 200::numeric,
    'the trips have enough of every kind of fix')
FROM (SELECT tripmeter.mileage_report(recorded_at, position, accuracy, 'default') AS report
      FROM fixes GROUP BY trip) reports;

-- The order of the rows

SELECT is(pg_temp.differing_trips(pg_temp.reports(format('(SELECT * FROM fixes ORDER BY %s) shuffled', arrival))), 0::bigint,
    'fixes ordered by ' || arrival)
FROM unnest(ARRAY[
    'recorded_at', 'recorded_at DESC', 'lon', 'accuracy, lat', 'dirt DESC, id', 'hashint8extended(id, 1)',
    'hashint8extended(id, 2)', 'hashint8extended(id, 3)', 'hashint8extended(id, 4)', 'hashint8extended(id, 5)']) arrival;

-- In the window, each row has the mileage of the rows so far, and the state
-- lives on after each. The rows arrive out of order.
SELECT is(count(*), 0::bigint, 'a mileage that grows row by row is that of the rows so far')
FROM (
    SELECT trip, id, recorded_at, record_send(tripmeter.mileage_report(recorded_at, position, accuracy, 'default')
        OVER (PARTITION BY trip ORDER BY hashint8extended(id, 6), id)) AS bits
    FROM fixes WHERE trip IN (1, 20, 25, 31) AND n < 150
) grown
WHERE bits <> (
    SELECT record_send(tripmeter.mileage_report(recorded_at, position, accuracy, 'default'))
    FROM fixes so_far
    WHERE so_far.trip = grown.trip AND n < 150
        AND (hashint8extended(so_far.id, 6), so_far.id) <= (hashint8extended(grown.id, 6), grown.id));

-- The plan of one process

SET LOCAL work_mem = '64kB';
SET LOCAL hash_mem_multiplier = 1;
SET LOCAL enable_sort = off;
SELECT pg_temp.reports('fixes') AS query \gset
SELECT ok(pg_temp.in_plan(:'query', 'Disk Usage', 'ANALYZE') <> '{}', 'the hash table spills to disk');
SELECT is(pg_temp.differing_trips(:'query'), 0::bigint, 'fixes of trips that spilled to disk');

SET LOCAL enable_sort = on;
SET LOCAL enable_hashagg = off;
SELECT is(pg_temp.in_plan(:'query', 'Strategy'), '{Sorted}', 'the trips are sorted');
SELECT is(pg_temp.differing_trips(:'query'), 0::bigint, 'fixes sorted by trip');
RESET enable_hashagg;
RESET work_mem;
RESET hash_mem_multiplier;

-- Workers

SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;

SET LOCAL max_parallel_workers_per_gather = 1;
ALTER TABLE fixes SET (parallel_workers = 1);
SELECT is(pg_temp.in_plan(:'query', 'Workers Planned'), '{1}', 'a plan with one worker');
SELECT is(pg_temp.differing_trips(:'query'), 0::bigint, 'one worker');

-- The leader takes no part, so that every state is sent by a worker.
SET LOCAL parallel_leader_participation = off;

SET LOCAL max_parallel_workers_per_gather = 2;
ALTER TABLE fixes SET (parallel_workers = 2);
SELECT is(pg_temp.in_plan(:'query', 'Workers Planned'), '{2}', 'a plan with two workers');
SELECT is(pg_temp.differing_trips(:'query'), 0::bigint, 'two workers');

SET LOCAL max_parallel_workers_per_gather = 3;
ALTER TABLE fixes SET (parallel_workers = 3);
SELECT is(pg_temp.in_plan(:'query', 'Workers Planned'), '{3}', 'a plan with three workers');
SELECT is(pg_temp.differing_trips(:'query'), 0::bigint, 'three workers');

SET LOCAL max_parallel_workers_per_gather = 4;
ALTER TABLE fixes SET (parallel_workers = 4);
SELECT is(pg_temp.in_plan(:'query', 'Workers Planned'), '{4}', 'a plan with four workers');
SELECT is(pg_temp.differing_trips(:'query'), 0::bigint, 'four workers');
SELECT ok('Partial' = ANY (pg_temp.in_plan(:'query', 'Partial Mode')), 'the workers aggregate');

-- How many workers there are is the server's business, but none would prove nothing.
SELECT cmp_ok((pg_temp.in_plan(:'query', 'Workers Launched', 'ANALYZE'))[1]::integer, '>', 0, 'the workers are there');

SET LOCAL parallel_leader_participation = on;
SELECT is(pg_temp.differing_trips(:'query'), 0::bigint, 'four workers and their leader');

-- a geography has no NaN: the cast says so, and the fix is as invalid
SET LOCAL client_min_messages = warning;
SELECT is(pg_temp.differing_trips(pg_temp.reports('fixes', arguments)), 0::bigint, 'four workers read ' || arguments)
FROM unnest(ARRAY['recorded_at, position::geography, accuracy, ', 'recorded_at, lon, lat, accuracy, ']) arguments;

SET LOCAL max_parallel_workers_per_gather = 0;

-- Partitions

SET LOCAL enable_partitionwise_aggregate = on;
-- makes the planner aggregate before it appends
SET LOCAL cpu_tuple_cost = 10;

CREATE TABLE fixes_by_trip (LIKE fixes) PARTITION BY HASH (trip);
SELECT format('CREATE TABLE fixes_by_trip_%s PARTITION OF fixes_by_trip FOR VALUES WITH (MODULUS 4, REMAINDER %1$s)', n)
FROM generate_series(0, 3) n \gexec
INSERT INTO fixes_by_trip SELECT * FROM fixes ORDER BY hashint8extended(id, 7);
ANALYZE fixes_by_trip;
SELECT pg_temp.reports('fixes_by_trip') AS query \gset
SELECT is(pg_temp.in_plan(:'query', 'Partial Mode'), '{Simple,Simple,Simple,Simple}', 'each partition has whole trips');
SELECT is(pg_temp.differing_trips(:'query'), 0::bigint, 'trips partitioned by hash');

CREATE TABLE fixes_by_time (LIKE fixes) PARTITION BY RANGE (recorded_at);
CREATE TABLE fixes_old PARTITION OF fixes_by_time FOR VALUES FROM (MINVALUE) TO ('2024-04-01');
CREATE TABLE fixes_q2 PARTITION OF fixes_by_time FOR VALUES FROM ('2024-04-01') TO ('2024-04-20 18:20');
CREATE TABLE fixes_q3 PARTITION OF fixes_by_time FOR VALUES FROM ('2024-04-20 18:20') TO ('2024-05-20 02:03');
CREATE TABLE fixes_rest PARTITION OF fixes_by_time DEFAULT;
INSERT INTO fixes_by_time SELECT * FROM fixes ORDER BY hashint8extended(id, 8);
ANALYZE fixes_by_time;
SELECT pg_temp.reports('fixes_by_time') AS query \gset
SELECT is(pg_temp.in_plan(:'query', 'Partial Mode'), '{Finalize,Partial,Partial,Partial,Partial}',
    'trips that cross from one partition into the next');
SELECT is(pg_temp.differing_trips(:'query'), 0::bigint, 'fixes partitioned by time');

RESET cpu_tuple_cost;
SET LOCAL max_parallel_workers_per_gather = 3;
SET LOCAL enable_partitionwise_aggregate = off;
SELECT ok('Partial' = ANY (pg_temp.in_plan(:'query', 'Partial Mode'))
        AND pg_temp.in_plan(:'query', 'Parallel Aware') @> '{true}'
        AND pg_temp.in_plan(:'query', 'Workers Planned') <> '{}', 'workers share the partitions');
SELECT is(pg_temp.differing_trips(:'query'), 0::bigint, 'workers over partitions by time');
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL enable_partitionwise_aggregate = on;
SET LOCAL cpu_tuple_cost = 10;

-- Two partial states, split as the worst case would

CREATE TABLE halves (LIKE fixes, half integer) PARTITION BY LIST (half);
CREATE TABLE half_0 PARTITION OF halves FOR VALUES IN (0);
CREATE TABLE half_1 PARTITION OF halves FOR VALUES IN (1);

CREATE FUNCTION pg_temp.differing_trips_split_by(side text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE halves;
    EXECUTE format('INSERT INTO halves SELECT fixes.*, (%s)::integer FROM fixes ORDER BY hashint8extended(id, 9)', side);
    ANALYZE halves;
    IF pg_temp.in_plan(pg_temp.reports('halves'), 'Partial Mode') <> '{Finalize,Partial,Partial}' THEN
        RAISE 'the halves are not aggregated by themselves';
    END IF;
    RETURN pg_temp.differing_trips(pg_temp.reports('halves'));
END $$;

SELECT is(pg_temp.differing_trips_split_by(side), 0::bigint, 'fixes split by ' || side)
FROM unnest(ARRAY[
    'n = 1', 'n > 200', 'n % 2 = 0', 'dirt > 0', 'dirt IN (1, 4, 6)', 'recorded_at IS NULL OR lon IS NULL',
    'lon IS NOT DISTINCT FROM ''NaN''', 'trip % 2 = 1', 'hashint8extended(id, 10) < 0', 'hashint8extended(id, 11) < 0']) side;

SELECT * FROM finish();
ROLLBACK;
