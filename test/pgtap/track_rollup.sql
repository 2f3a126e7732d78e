-- However the rows of a trip are split over tracks, and in whatever order these
-- are joined, by however many workers: rollup gives the track of all rows.

BEGIN;
SELECT plan(48);
CREATE SCHEMA track_rollup;
SET LOCAL search_path = track_rollup, tripmeter, public;
SET LOCAL jit = off;

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

-- 45 trips of up to 520 fixes, of every dirt: NULLs, invalid ones, (0,0),
-- duplicates with other speeds and accuracies, conflicts. Every fifth trip is
-- pure noise; half of them have no speed, a third no accuracy.
CREATE TABLE fixes AS
SELECT row_number() OVER (ORDER BY trip, n, dirt) AS id, trip, n, dirt, recorded_at, lon, lat,
    CASE WHEN trip % 2 = 0 THEN speed END AS speed, CASE WHEN trip % 3 > 0 THEN accuracy END AS accuracy
FROM (
    SELECT trip, n, dirt,
        CASE WHEN dirt = 8 AND n % 2 = 0 THEN NULL WHEN dirt = 9 AND n % 2 = 0 THEN '-infinity'
            WHEN trip % 5 = 0 THEN '4000-01-01 BC'::timestamptz + pg_temp.uniform(id, 1) * interval '100000 years'
            ELSE '2024-03-31'::timestamptz + trip * interval '17 hours' + n * interval '7.000001 s' + (n / 100) * interval '3 min' END AS recorded_at,
        CASE WHEN dirt = 8 AND n % 2 = 1 THEN NULL WHEN dirt = 9 AND n % 2 = 1 THEN 'NaN' WHEN dirt IN (5, 6) THEN 0
            WHEN trip % 5 = 0 THEN 360 * pg_temp.uniform(id, 2) - 180
            ELSE round((179.9 + n * 1e-3 + 1e-3 * pg_temp.uniform(id, 2) - CASE WHEN n > 100 THEN 360 ELSE 0 END + CASE WHEN dirt > 2 THEN 0.001 * (dirt - 5) ELSE 0 END)::numeric, 6) END AS lon,
        CASE WHEN dirt IN (5, 6) THEN 0 WHEN trip % 5 = 0 THEN 180 * pg_temp.uniform(id,
            3) - 90 ELSE round((52 + 1e-3 * pg_temp.uniform(id, 3))::numeric, 6) END AS lat,
        ('{NULL,5,0,7.25,NaN}'::real[])[(n + dirt) % 5 + 1] AS speed, ('{3,NULL,500,8.5,NaN,Infinity,-1}'::real[])[(n + 2 * dirt) % 7 + 1] AS accuracy
    FROM (SELECT trip, n, trip * 1000 + n AS id FROM generate_series(1, 45) trip, generate_series(1, CASE WHEN trip < 12 THEN trip ELSE trip * 12 - 20 END) n) f
    JOIN LATERAL (SELECT 0 UNION ALL SELECT d FROM generate_series(1, 9) d WHERE pg_temp.uniform(id, 10 + d) < 0.05) d (dirt) ON true
) dirty;
ANALYZE fixes;

CREATE TABLE whole AS
SELECT trip, count(*) AS rows, track(recorded_at, lon, lat, speed, accuracy ORDER BY id) AS track,
    mileage_report(recorded_at, lon, lat, accuracy, 'default')::text AS report
FROM fixes GROUP BY trip;

-- What a track counts; a fix is a row, too.
CREATE FUNCTION pg_temp.counted(t track) RETURNS bigint LANGUAGE sql AS $$
    SELECT fix_count(t) + coalesce(sum(n[1]::bigint), 0) FROM regexp_matches(substring(t::text FROM 'left_out.*'), '=(\d+)', 'g') n
$$;
SELECT is(string_agg(trip::text, ' '), NULL, 'every row is in a track, or counted by it') FROM whole WHERE pg_temp.counted(track) <> rows;
SELECT cmp_ok(least(sum((r).null_count), sum((r).invalid_count), sum((r).duplicate_count), sum((r).conflict_count)), '>', 200::numeric,
    'there are enough of all of these') FROM (SELECT mileage_report(track) AS r FROM whole) w;
SELECT cmp_ok(count(DISTINCT track_send(track)), '=', 45::bigint, 'no two trips are the same') FROM whole;

-- Trips whose tracks, split so, do not join to the whole: in their fixes and
-- rows; or in their bytes.
CREATE FUNCTION pg_temp.wrong(part text, OUT content text, OUT bytes text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SELECT string_agg(trip::text, '' '') FILTER (WHERE joined IS DISTINCT FROM track OR pg_temp.counted(joined) <> rows),
            string_agg(trip::text, '' '') FILTER (WHERE track_send(joined) IS DISTINCT FROM track_send(track) OR mileage_report(joined)::text <> report)
        FROM whole LEFT JOIN (SELECT trip, rollup(t ORDER BY pg_temp.uniform(trip, 7 + part)) AS joined
            FROM (SELECT trip, hashint8(%1$s) AS part, track(recorded_at, lon, lat, speed, accuracy ORDER BY pg_temp.uniform(id, 20)) AS t FROM fixes GROUP BY trip, hashint8(%1$s)) parts GROUP BY trip) j USING (trip)', part) INTO content, bytes;
END $$;
SELECT is(content, NULL, 'split by ' || part)
FROM unnest('{id % 2,id % 7,n / 50,n % 3,dirt,dirt % 2,id,n / 128,(n + 37 * dirt) / 90,hashint8extended(id\, 30) & 3,(speed IS NULL)::integer,(lon > 0)::integer}'::text[]) part, pg_temp.wrong(part);
-- Those that tear no duplicates and conflicts apart.
SELECT is(bytes, NULL, 'to the byte, and to the report of the rows, split by ' || part)
FROM unnest('{0,n / 50,n % 3,n / 128,n,hashint8extended(n\, 31) & 3,n / 300 + n % 2,1000 - n / 10}'::text[]) part, pg_temp.wrong(part);

-- Rows that are in two parts are there twice.
SELECT is(string_agg(trip::text, ' '), NULL, 'parts that overlap')
FROM whole JOIN (
    SELECT trip, rollup(t) AS joined FROM (
        SELECT trip, track(recorded_at, lon, lat, speed, accuracy) AS t FROM fixes, generate_series(0, 9) part
        WHERE n BETWEEN part * 70 - 30 AND part * 70 + 75 GROUP BY trip, part) p GROUP BY trip) j USING (trip)
WHERE joined <> track AND rows > 12;
SELECT is(string_agg(trip::text, ' '), NULL, 'the same track again adds duplicates, nothing else')
FROM whole, LATERAL (SELECT track || track AS twice, track || track || track AS thrice) t
WHERE twice <> track OR thrice <> track OR pg_temp.counted(twice) <> 2 * rows OR pg_temp.counted(thrice) <> 3 * rows;

-- Order

CREATE TABLE parts AS
SELECT trip, part, track(recorded_at, lon, lat, speed, accuracy) AS t FROM fixes, LATERAL (SELECT (n / 40 + (id % 3) * 2) AS part) p GROUP BY trip, part
UNION ALL SELECT trip, 1000, '[] left_out(null=1)' FROM whole
UNION ALL SELECT trip, 1001, NULL FROM whole;
ANALYZE parts;
CREATE TABLE joined AS SELECT trip, rollup(t ORDER BY part) AS track FROM parts GROUP BY trip;
SELECT is(string_agg(trip::text, ' '), NULL, 'empty tracks add their counts, NULLs nothing') FROM joined JOIN whole USING (trip)
    WHERE joined.track <> whole.track OR pg_temp.counted(joined.track) <> rows + 1;
CREATE FUNCTION pg_temp.in_order(salt integer) RETURNS TABLE (trip integer, other track) LANGUAGE sql AS $$
    SELECT trip, rollup(t ORDER BY CASE salt WHEN 0 THEN -part ELSE pg_temp.uniform(part, salt) END) FROM parts GROUP BY trip
$$;
SELECT is((SELECT string_agg(trip::text, ' ') FROM pg_temp.in_order(salt) JOIN joined USING (trip)
    WHERE other <> track OR pg_temp.counted(other) <> pg_temp.counted(track)), NULL,
    'the order of tracks does not matter: ' || salt) FROM generate_series(0, 4) salt;
SELECT is(string_agg(trip::text, ' '), NULL, 'a rollup of rollups')
FROM (SELECT trip, rollup(t) AS other FROM (SELECT trip, rollup(t) AS t FROM parts GROUP BY trip, part % 3) p GROUP BY trip) o JOIN joined USING (trip)
WHERE other <> track OR pg_temp.counted(other) <> pg_temp.counted(track);
SELECT is(string_agg(a.trip || ':' || a.part || '+' || b.part, ' '), NULL, '|| is rollup of two, either way round')
FROM parts a JOIN parts b USING (trip), LATERAL (SELECT rollup(t) AS both_of FROM (VALUES (a.t), (b.t)) v (t)) r
WHERE a.part < b.part AND a.trip % 4 = 1
    AND (a.t || b.t <> both_of OR b.t || a.t <> both_of OR pg_temp.counted(a.t || b.t) <> pg_temp.counted(a.t) + pg_temp.counted(b.t)
    OR track_send(a.t || b.t) <> track_send(b.t || a.t));
SELECT is(string_agg(format('%s: %s', trip, part), ' '), NULL, 'a rollup that grows is that of the tracks so far')
FROM (SELECT trip, part, rollup(t) OVER (PARTITION BY trip ORDER BY part) AS grown,
    (SELECT rollup(so_far.t) FROM parts so_far WHERE so_far.trip = parts.trip AND so_far.part <= parts.part) AS anew
      FROM parts WHERE trip % 7 = 3) g WHERE track_send(grown) IS DISTINCT FROM track_send(anew);
SELECT is(count(*), 0::bigint, 'and so is a track of rows that come out of order')
FROM (SELECT trip, id, track(recorded_at, lon, lat, speed, accuracy) OVER (PARTITION BY trip ORDER BY pg_temp.uniform(id, 50)) AS grown,
        (SELECT track(recorded_at, lon, lat, speed, accuracy) FROM fixes so_far
            WHERE so_far.trip = fixes.trip AND pg_temp.uniform(so_far.id, 50) <= pg_temp.uniform(fixes.id, 50)) AS anew
      FROM fixes WHERE trip IN (5, 11, 13)) g WHERE track_send(grown) IS DISTINCT FROM track_send(anew);

SELECT is((SELECT rollup(t) FROM parts WHERE false), NULL, 'a rollup of no tracks');
SELECT is(rollup(t), NULL, 'or of NULLs only') FROM parts WHERE part = 1001;
SELECT is(rollup(t)::text, '[] left_out(null=45)', 'and of empty ones') FROM parts WHERE part = 1000;
SELECT is(('[POINT(1 2)@2024-01-01 00:00:00+00 speed=1] left_out(null=1 invalid=2)'::track || '[POINT(1 2)@2024-01-02 00:00:00+00 accuracy=2] left_out(null=10 duplicate=3 conflict=4)')::text,
    '[POINT(1 2)@2024-01-01 00:00:00+00 speed=1, POINT(1 2)@2024-01-02 00:00:00+00 accuracy=2] left_out(null=11 invalid=2 duplicate=3 conflict=4)', 'counts add up, channels join');

-- Workers. A query that makes a table reads in parallel, within a call of
-- pgTAP's nothing does.

CREATE FUNCTION pg_temp.in_plan(query text, field text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN ARRAY(SELECT jsonb_path_query(plan, ('strict $.**."' || field || '"')::jsonpath) #>> '{}');
END $$;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL parallel_leader_participation = off;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL enable_sort = off;
ALTER TABLE fixes SET (parallel_workers = 2);
ALTER TABLE parts SET (parallel_workers = 2);

SELECT $$SELECT trip, track(recorded_at, lon, lat, speed, accuracy) AS track,
    mileage_report(recorded_at, lon, lat, accuracy, 'default')::text AS report FROM fixes GROUP BY trip$$ AS query \gset
SELECT ok(pg_temp.in_plan(:'query', 'Workers Planned') = '{2}' AND 'Partial' = ANY (pg_temp.in_plan(:'query', 'Partial Mode')), 'two workers share the rows');
CREATE TEMP TABLE by_workers AS :query;
SELECT is(string_agg(trip::text, ' '), NULL, 'and their track is the same, to the byte') FROM by_workers JOIN whole USING (trip)
    WHERE track_send(by_workers.track) <> track_send(whole.track) OR by_workers.report <> whole.report;

-- with so few rows, only a merge of sorted states is cheap enough
SET LOCAL enable_hashagg = off; SET LOCAL enable_sort = on;
SELECT 'SELECT trip, rollup(t) AS track FROM parts GROUP BY trip' AS query \gset
SELECT ok(pg_temp.in_plan(:'query', 'Workers Planned') = '{2}' AND 'Partial' = ANY (pg_temp.in_plan(:'query', 'Partial Mode')), 'two workers share the tracks');
CREATE TEMP TABLE joined_by_workers AS :query;
SELECT is(string_agg(trip::text, ' '), NULL, 'and their rollup is the same')
FROM joined_by_workers w JOIN joined USING (trip) WHERE w.track <> joined.track OR pg_temp.counted(w.track) <> pg_temp.counted(joined.track);

-- a geography takes longitudes beyond 180 in its own way
SET LOCAL client_min_messages = warning;
CREATE TABLE clean AS SELECT trip, n, recorded_at, lon, lat, ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS geom,
    ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography AS geog, speed, accuracy
FROM (SELECT DISTINCT ON (trip, recorded_at) * FROM fixes WHERE dirt = 0) f;
ANALYZE clean;
ALTER TABLE clean SET (parallel_workers = 2);
CREATE TEMP TABLE ways AS
SELECT trip, ARRAY[track(recorded_at, geom), track(recorded_at, geog), track(recorded_at, lon, lat)] AS plain,
    ARRAY[track(recorded_at, geom, speed, accuracy), track(recorded_at, geog, speed, accuracy),
        track(recorded_at, lon, lat, speed, accuracy)] AS channels FROM clean GROUP BY trip;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is(count(*), 0::bigint, 'a geometry, a geography and two numbers give the same bytes')
FROM ways JOIN (SELECT trip, track(recorded_at, lon, lat ORDER BY n DESC) AS p,
    track(recorded_at, lon, lat, speed, accuracy ORDER BY n DESC) AS c FROM clean GROUP BY trip) s USING (trip)
WHERE EXISTS (SELECT FROM unnest(plain) t WHERE track_send(t) <> track_send(p)) OR EXISTS (SELECT FROM unnest(channels) t WHERE track_send(t) <> track_send(c));
SELECT cmp_ok((SELECT count(*) FROM ways), '=', 45::bigint, 'of every trip');

-- Room

CREATE TEMP TABLE grown AS SELECT track('2024-01-01'::timestamptz + k * interval '1 day' + n * interval '1 s', pg_temp.uniform(n, k),
    pg_temp.uniform(n, 60 + k)) AS t FROM generate_series(1, 30) k, generate_series(1, 5000) n GROUP BY k;
SET LOCAL tripmeter.max_state_mb = 1;
SELECT throws_ok('SELECT rollup(t) FROM grown', '53400', NULL, 'a rollup is bounded by the setting');
SELECT throws_ok('SELECT track(f.recorded_at, f.position) FROM grown, fixes(t) f', '53400', NULL, 'and so is a track');
SET LOCAL tripmeter.max_state_mb = 64;
SELECT is(fix_count(rollup(t)), 150000::bigint, 'with more room, it is there') FROM grown;

SELECT * FROM finish();
ROLLBACK;
