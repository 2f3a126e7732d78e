-- Which trips crossed this polygon between two times? An index on the boxes and
-- periods of tracks finds the candidates, and none is missed.

BEGIN;
SELECT plan(11);
SET LOCAL search_path = tripmeter, public;

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

-- 4,000 trips of 20 fixes in a month, a tenth of them about the meridian 180,
-- and some that are empty or never moved.
CREATE TEMP TABLE trips AS
SELECT trip, coalesce(track(start + n * interval '30 s', CASE WHEN lon > 180 THEN lon - 360 ELSE lon END, lat), '[]') AS track
FROM generate_series(1, 4000) trip
CROSS JOIN LATERAL (SELECT '2024-05-01'::timestamptz + pg_temp.uniform(trip, 1) * interval '30 days' AS start,
    0.01 * (pg_temp.uniform(trip, 2) - 0.5) * (trip % 50)::float8 / 25 AS east,
    0.01 * (pg_temp.uniform(trip, 3) - 0.5) AS north) d
LEFT JOIN LATERAL (SELECT n, CASE WHEN trip % 10 = 0 THEN 179.5 ELSE 126.5 END + pg_temp.uniform(trip, 4) + n * east AS lon,
    37 + pg_temp.uniform(trip, 5) + n * north AS lat
    FROM generate_series(0, CASE WHEN trip % 100 = 1 THEN -1 WHEN trip % 100 = 2 THEN 0 ELSE 19 END) n) f ON true
GROUP BY trip;
CREATE INDEX trips_gist ON trips USING gist (bbox(track), period(track));
ANALYZE trips;

CREATE FUNCTION pg_temp.index_of(query text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN ARRAY(SELECT jsonb_path_query(plan, 'strict $.**."Index Name"') #>> '{}');
END $$;

-- the trips of the box and the period; then those whose way, in that time, is in it
CREATE FUNCTION pg_temp.query(polygon text, times text) RETURNS text LANGUAGE sql AS $$
    SELECT format($q$SELECT trip FROM trips WHERE bbox(track) && ST_GeomFromText(%1$L, 4326) AND period(track) && %2$L::tstzrange
        AND ST_Intersects(as_geometry(slice(track, %2$L, true)), ST_GeomFromText(%1$L, 4326))$q$, polygon, times)
$$;
CREATE FUNCTION pg_temp.answer(query text) RETURNS integer[] LANGUAGE plpgsql AS $$
DECLARE
    result integer[];
BEGIN
    EXECUTE format('SELECT array_agg(trip ORDER BY trip) FROM (%s) q', query) INTO result;
    RETURN result;
END $$;

CREATE TEMP TABLE asked AS
SELECT name, pg_temp.query(polygon, times) AS query
FROM (VALUES ('a day in a town', 'POLYGON((126.9 37.4,127.1 37.35,127.15 37.6,126.95 37.65,126.9 37.4))', '[2024-05-10,2024-05-11)'),
    ('an hour everywhere', 'POLYGON((126 36,128 36,128 39,126 39,126 36))', '[2024-05-10 08:00,2024-05-10 09:00]'),
    ('a week on the meridian 180',
        'MULTIPOLYGON(((179.8 37.2,180 37.2,180 37.8,179.8 37.8,179.8 37.2)),((-180 37.2,-179.9 37.2,-179.9 37.8,-180 37.8,-180 37.2)))',
        '[2024-05-10,2024-05-17)')) v (name, polygon, times);

SELECT is(pg_temp.index_of(query), '{trips_gist}', 'the index answers: ' || name) FROM asked;
CREATE TEMP TABLE by_index AS SELECT name, pg_temp.answer(query) AS found FROM asked;
SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_indexonlyscan = off;
SELECT is(pg_temp.index_of(query), '{}', 'or it is read whole') FROM asked LIMIT 1;
SELECT is(pg_temp.answer(query), found, 'with the same answer: ' || name) FROM asked JOIN by_index USING (name);
SELECT cmp_ok(min(cardinality(found)), '>=', 3, 'which is never an empty one') FROM by_index;

-- From the fixes alone: whoever has one in the polygon, in time.
SELECT is((SELECT string_agg(DISTINCT trip::text, ' ') FROM trips, fixes(track) f
        WHERE ST_Covers('SRID=4326;POLYGON((126.9 37.4,127.1 37.35,127.15 37.6,126.95 37.65,126.9 37.4))'::geometry, f.position)
            AND f.recorded_at <@ '[2024-05-10,2024-05-11)'::tstzrange AND trip <> ALL (found)),
    NULL, 'no trip is missed that has a fix there') FROM by_index WHERE name = 'a day in a town';
SELECT is((SELECT string_agg(DISTINCT trip::text, ' ') FROM trips, fixes(track) f
        WHERE abs(ST_X(f.position)) >= 179.95 AND ST_Y(f.position) BETWEEN 37.2 AND 37.8
            AND f.recorded_at <@ '[2024-05-10,2024-05-17)'::tstzrange AND trip <> ALL (found)),
    NULL, 'nor one at the meridian 180') FROM by_index WHERE name LIKE '%meridian%';
RESET enable_indexscan; RESET enable_bitmapscan;
SET LOCAL enable_seqscan = off;
SELECT is((SELECT count(*) FROM trips WHERE period(track) @> f.recorded_at AND bbox(track) ~ f.position AND trips.trip = o.trip), 1::bigint,
    'a fix finds its own trip')
FROM trips o, fixes(o.track) f WHERE o.trip = 1990 AND f.recorded_at = start_time(o.track);

SELECT * FROM finish();
ROLLBACK;
