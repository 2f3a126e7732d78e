-- What goes into a track comes out of it: every bit of every time, place and
-- channel, through every form that it takes, whatever the session's settings.

BEGIN;
SELECT plan(77);
SET LOCAL search_path = tripmeter, tripmeter_internal, public;

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

-- What an error is; none, if there is none.
CREATE FUNCTION pg_temp.sqlstate(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

-- 150 groups. Coordinates are decimals of 0 to 15 places, then doubles of every
-- size, then both; times are regular, random, BC, of the far future, or
-- microseconds apart; sizes are about those of a power of two. Every second
-- group has speeds, every third accuracies, all or some.
CREATE TEMP TABLE fixes AS
SELECT grp, n,
    CASE grp % 5
        WHEN 0 THEN '2024-03-10'::timestamptz + n * interval '1 s'
        WHEN 1 THEN '2024-03-10'::timestamptz + n * interval '61.000001 s' + pg_temp.uniform(id, 1) * interval '60 s'
        WHEN 2 THEN '4000-01-01 BC'::timestamptz + (n + pg_temp.uniform(id, 1) * 0.99) * interval '3 days 4 hours'
        WHEN 3 THEN '99000-01-01'::timestamptz + n * interval '100 days' + (n % 7) * interval '0.000003 s'
        ELSE '1969-12-31 23:59:59.9995'::timestamptz + n * n * interval '0.000001 s'
    END AS recorded_at,
    CASE WHEN grp % 18 < 16 THEN round((360 * pg_temp.uniform(id, 2) - 180)::numeric, grp % 18)::float8
        WHEN grp % 18 = 16 OR n % 3 = 0 THEN (pg_temp.uniform(id, 2) - 0.5) * 360 * 10 ^ (-floor(pg_temp.uniform(id, 3) * (grp % 4) * 100))
        ELSE round((127 + pg_temp.uniform(id, 2))::numeric, 7)::float8 END AS lon,
    CASE WHEN grp % 18 < 16 THEN round((180 * pg_temp.uniform(id, 4) - 90)::numeric, grp % 18)::float8
        WHEN grp % 18 = 16 OR n % 5 = 0 THEN (pg_temp.uniform(id, 4) - 0.5) * 180 * 10 ^ (-floor(pg_temp.uniform(id, 5) * (grp % 4) * 100))
        ELSE round((37 + pg_temp.uniform(id, 4))::numeric, 7)::float8 END AS lat,
    CASE WHEN grp % 2 = 0 AND pg_temp.uniform(id, 6) < grp % 7 / 6.0 THEN (50 * pg_temp.uniform(id, 7))::real END AS speed,
    CASE WHEN grp % 3 = 0 AND pg_temp.uniform(id, 8) < grp % 5 / 4.0 THEN round((50 * pg_temp.uniform(id, 9))::numeric, grp % 3)::real END AS accuracy
FROM (
    SELECT grp, n, grp * 10000 + n AS id
    FROM generate_series(1, 150) grp, generate_series(1, ('{1,2,3,127,128,129,200,255,256,257,300}'::integer[])[grp % 11 + 1]) n
) f;
-- written in another way, these come back in one
DELETE FROM fixes WHERE lon IN (0, 180) OR lat = 0;

CREATE TEMP TABLE made AS
SELECT grp, track(recorded_at, lon, lat, speed, accuracy ORDER BY pg_temp.uniform(n, grp)) AS track,
    count(*) AS rows, string_agg(bits, '' ORDER BY n) AS bits
FROM fixes, LATERAL (SELECT timestamptz_send(recorded_at) || float8send(lon) || float8send(lat)
    || coalesce(float4send(speed), 'none') || coalesce(float4send(accuracy), 'none')) b (bits)
GROUP BY grp;

-- Every bit that is in a track.
CREATE FUNCTION pg_temp.bits(track) RETURNS bytea LANGUAGE sql AS $$
    SELECT string_agg(timestamptz_send(recorded_at) || float8send(ST_X("position")) || float8send(ST_Y("position"))
        || coalesce(float4send(speed), 'none') || coalesce(float4send(accuracy), 'none'), '')
    FROM fixes($1)
$$;

SELECT ok(count(*) > 140 AND count(DISTINCT bits) = count(*) AND count(*) FILTER (WHERE bits LIKE '%none%') > 100, 'there is enough of everything') FROM made;
SELECT is(string_agg(grp::text, ' '), NULL, 'the fixes of a track are the rows, bit for bit, in order of time') FROM made
    WHERE pg_temp.bits(track) IS DISTINCT FROM bits;
SELECT is(string_agg(grp::text, ' '), NULL, 'none is lost, and none is made up') FROM made WHERE fix_count(track) <> rows;
SELECT is(string_agg(grp::text, ' '), NULL, 'any order of rows gives the same bytes')
FROM made JOIN (
    SELECT grp, track(recorded_at, ST_SetSRID(ST_MakePoint(lon, lat), 4326), speed, accuracy ORDER BY n DESC) AS other FROM fixes GROUP BY grp
) others USING (grp)
WHERE track_send(track) <> track_send(other);

-- Through other forms

-- The track of a query; none, if that is an error.
CREATE FUNCTION pg_temp.track_of(query text) RETURNS track LANGUAGE plpgsql AS $$
DECLARE
    result track;
BEGIN
    EXECUTE query INTO result;
    RETURN result;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END $$;

SELECT is(string_agg(grp::text, ' '), NULL, 'a track comes back from its text') FROM made WHERE track_send(track::text::track) <> track_send(track);
SELECT is(string_agg(grp::text, ' '), NULL, 'its times and places come back from as_text')
FROM made JOIN (SELECT grp, track(recorded_at, lon, lat) AS plain FROM fixes GROUP BY grp) p USING (grp)
WHERE track_send(as_text(track)::track) <> track_send(plain);
-- doubles of seconds have microseconds from 1684 to 2255
SELECT is(string_agg(grp::text, ' '), NULL, 'from a geometry, or a geography')
FROM made JOIN (SELECT grp, track(recorded_at, lon, lat) AS plain FROM fixes GROUP BY grp) p USING (grp)
WHERE grp % 5 IN (0, 1, 4) AND (track_send(track::geometry::track) <> track_send(plain) OR track_send(track::geography::track) <> track_send(plain)
    OR track_send(ST_GeomFromEWKB(ST_AsEWKB(ST_Reverse(track::geometry)))::track) <> track_send(plain));
SELECT is(string_agg(grp::text, ' '), NULL, 'from Moving Features JSON') FROM made
    WHERE track_send(pg_temp.track_of(format('SELECT track_from_mfjson(%L)', as_mfjson(track)))) IS DISTINCT FROM track_send(track);

CREATE TEMP TABLE dirty AS
SELECT '[POINT(1 2)@2024-01-01 00:00:00+00, POINT(1.1 2)@2024-01-01 00:01:00+00] left_out(null=1 invalid=2 duplicate=3 conflict=4)'::track AS track;
CREATE TEMP TABLE stored (grp integer, track track);
SELECT quote_literal(current_setting('data_directory') || '/track_type.copy') AS file \gset
COPY (SELECT grp, track FROM made UNION ALL SELECT 1000, track FROM dirty UNION ALL SELECT 1001, '[]') TO :file WITH (FORMAT binary);
COPY stored FROM :file WITH (FORMAT binary);
SELECT format('cat > /dev/null; rm %s', :file) AS remove \gset
COPY (SELECT) TO PROGRAM :'remove';
SELECT is(count(*), (SELECT count(*) FROM made) + 2, 'binary copies are complete') FROM stored;
SELECT is(string_agg(grp::text, ' '), NULL, 'and the same') FROM made JOIN stored s USING (grp) WHERE track_send(s.track) <> track_send(made.track);
SELECT is((SELECT track::text FROM stored WHERE grp = 1000), track::text, 'with what was left out') FROM dirty;
SELECT is((SELECT track::text FROM stored WHERE grp = 1001), '[]', 'and one of nothing');
SELECT is(typstorage::text, 'e', 'a slice of a stored track can be read') FROM pg_type WHERE oid = 'track'::regtype;

-- What building left out

SELECT is(track(t::timestamptz, lon, lat, NULL, NULL)::text,
    '[POINT(1 2)@2024-01-01 00:00:00+00, POINT(0 0)@2024-01-01 00:01:00+00] left_out(null=3 invalid=6 duplicate=2 conflict=1)',
    'NULLs, invalid fixes, duplicates and conflicts are not in a track, but counted')
FROM (VALUES ('2024-01-01', 1, 2), ('2024-01-01', 1, 2), ('2024-01-01', 1, 2), ('2024-01-01', 1, 3), ('2024-01-01 00:01', 0, 0),
    (NULL, 1, 2), ('2024-01-02', NULL, 2), ('2024-01-02', 1, NULL), ('infinity', 1, 2), ('-infinity', 1, 2), ('2024-01-02', 'NaN', 2),
    ('2024-01-02', 1, '-Infinity'), ('2024-01-02', -180.0001, 2), ('2024-01-02', 1, 90.00001)) v (t, lon, lat);
SELECT is(track(t::timestamptz, 1, 2), NULL, 'no rows, no track') FROM (SELECT '' LIMIT 0) v (t);
SELECT is(track(NULL::timestamptz, 1, 2)::text, '[] left_out(null=1)', 'no fix, an empty track');
SELECT is(as_text(track), '[POINT(1 2)@2024-01-01 00:00:00+00, POINT(1.1 2)@2024-01-01 00:01:00+00]', 'as_text is without') FROM dirty;
SELECT is(format('%s %s %s %s', (r).null_count, (r).invalid_count, (r).duplicate_count, (r).conflict_count), '1 2 3 4', 'counts come back from text')
FROM (SELECT mileage_report(track) FROM dirty) x (r);
SELECT is(track('2024-01-01', lon, 1)::text, '[POINT(-169.5 1)@2024-01-01 00:00:00+00] left_out(duplicate=1)',
    'longitudes beyond 180 are wrapped') FROM (VALUES (190.5), (-169.5)) v (lon);
SELECT matches(track('2024-01-01', lon, lat)::text, '^\[POINT\(0 0\)@2024-01-01 00:00:00\+00\] left_out\(\w*duplicate=3\)$',
    'zeros of both signs are one place')
FROM (VALUES ('-0'::float8, 0::float8), (0, '-0'), (0, 0), ('-0', '-0')) v (lon, lat);
SELECT matches(track('2024-01-01', lon, 7)::text, 'left_out\(duplicate=1\)$', 'and so is the meridian 180') FROM (VALUES (180), (-180)) v (lon);

-- Comparing

CREATE TEMP TABLE twins AS
SELECT grp, track FROM made
UNION ALL SELECT grp, track || '[] left_out(null=7 conflict=1)' FROM made
UNION ALL SELECT grp, track FROM made WHERE grp % 2 = 0;
SELECT cmp_ok(count(DISTINCT track_send(track)), '>', count(DISTINCT grp), 'twins differ in what was left out') FROM twins;
SELECT is(string_agg(a.grp::text, ' '), NULL, 'tracks are equal if their fixes are')
FROM twins a JOIN twins b USING (grp)
WHERE NOT a.track = b.track OR a.track <> b.track OR a.track < b.track OR NOT a.track >= b.track OR track_cmp(a.track, b.track) <> 0
    OR track_hash(a.track) <> track_hash(b.track) OR track_hash_extended(a.track, 5) <> track_hash_extended(b.track, 5);
SELECT cmp_ok(count(DISTINCT track_hash(track)), '>', count(*) * 19 / 20, 'the hash tells them apart') FROM made;
SELECT is(string_agg(DISTINCT a.grp || '/' || b.grp, ' '), NULL, 'the order is total, by start and then end')
FROM made a, made b
WHERE track_cmp(a.track, b.track) <> -track_cmp(b.track, a.track) OR (track_cmp(a.track, b.track) = 0) <> (a.grp = b.grp)
    OR ((start_time(a.track), end_time(a.track)) < (start_time(b.track), end_time(b.track)) AND NOT a.track < b.track);
SELECT ok('[POINT(1 2)@2024-01-01]'::track <> '[POINT(1 2)@2024-01-01 00:00:00.000001]'
    AND '[POINT(1 2)@2024-01-01]'::track <> '[POINT(1 2.0000000000000004)@2024-01-01]'
    AND '[POINT(1 2)@2024-01-01]'::track <> '[POINT(1 2)@2024-01-01 speed=1]'
        AND '[POINT(1 2)@2024-01-01 speed=1]'::track <> '[POINT(1 2)@2024-01-01 accuracy=1]'
    AND '[]' < '[POINT(1 2)@2024-01-01]'::track IS NOT NULL, 'a bit of any makes two');
SELECT ok(track('2024-01-01', 1, 2, NULL, NULL) = track('2024-01-01', 1, 2), 'a channel of NULLs is none');

SET LOCAL enable_sort = off;
SELECT is(count(*), (SELECT count(*) FROM made), 'DISTINCT by hash') FROM (SELECT DISTINCT track FROM twins) d;
SELECT is(count(*), (SELECT count(*) FROM made), 'GROUP BY by hash') FROM (SELECT track FROM twins GROUP BY track HAVING count(DISTINCT grp) = 1) d;
SET LOCAL enable_sort = on; SET LOCAL enable_hashagg = off;
SELECT is(count(*), (SELECT count(*) FROM made), 'DISTINCT by sorting') FROM (SELECT DISTINCT track FROM twins) d;
SELECT is(count(*), (SELECT count(*) FROM made), 'UNION by sorting') FROM (SELECT track FROM twins UNION SELECT track FROM made) d;
SET LOCAL enable_mergejoin = off; SET LOCAL enable_nestloop = off;
SELECT is(count(*), (SELECT count(*) FROM twins), 'a hash join') FROM made JOIN twins USING (track) WHERE made.grp = twins.grp;
SET LOCAL enable_mergejoin = on; SET LOCAL enable_hashjoin = off;
SELECT is(count(*), (SELECT count(*) FROM twins), 'a merge join') FROM made JOIN twins USING (track);
RESET enable_hashjoin; RESET enable_nestloop; RESET enable_hashagg;

CREATE TEMP TABLE small AS SELECT grp, track FROM twins WHERE octet_length(track_send(track)) < 2000;
CREATE INDEX small_btree ON small USING btree (track);
SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;
SELECT grp, quote_literal(track) AS track FROM small ORDER BY octet_length(track_send(track)) LIMIT 1 OFFSET 20 \gset
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    plan text;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN plan;
END $$;
SELECT format('SELECT count(*) FROM small WHERE track = %s', :'track') AS query \gset
SELECT ok(pg_temp.plan_of(:'query') ~ 'small_btree', 'equality can use a btree index');
SELECT is(count(*), (SELECT count(*) FROM twins WHERE grp = :grp), 'which finds a track and its twins') FROM small WHERE track = :track;
DROP INDEX small_btree;
CREATE INDEX small_hash ON small USING hash (track);
SELECT ok(pg_temp.plan_of(:'query') ~ 'small_hash', 'so can it a hash index');
SELECT is(count(*), (SELECT count(*) FROM twins WHERE grp = :grp), 'which finds them as well') FROM small WHERE track = :track;
RESET enable_seqscan; RESET enable_bitmapscan;

-- Trajectories

SELECT is(string_agg(grp::text, ' '), NULL, 'a track of two fixes or more is a valid trajectory') FROM made
    WHERE grp % 5 IN (0, 1) AND rows > 1 AND NOT ST_IsValidTrajectory(track::geometry);
SELECT is(string_agg(grp || ': ' || length(track), ' '), NULL, 'its length is what PostGIS measures')
FROM made WHERE rows > 1 AND abs(length(track) - ST_Length(track::geography)) > 1e-9 * length(track) + 1e-8;
SELECT is(ST_AsEWKT('[POINT(1 2)@1970-01-01 00:00:01.5+00, POINT(3 4)@1970-01-02 00:00:00+00]'::track::geometry),
    'SRID=4326;LINESTRINGM(1 2 1.5,3 4 86400)', 'M is seconds since 1970');
SELECT is(ST_AsEWKT('[POINT(1 2)@1969-12-31 23:59:59+00]'::track::geometry), 'SRID=4326;POINTM(1 2 -1)', 'one fix is a point');
SELECT is(ST_AsEWKT('[]'::track::geography), 'SRID=4326;LINESTRINGM EMPTY', 'none is no line');
SELECT is(('SRID=4326;LINESTRINGM(3 4 60,1 2 0,1 2 0,9 9 0,5 95 1)'::geometry::track)::text,
    '[POINT(1 2)@1970-01-01 00:00:00+00, POINT(3 4)@1970-01-01 00:01:00+00] left_out(invalid=1 duplicate=1 conflict=1)',
    'points may come in any order, and dirty');

-- Text, as MobilityDB writes it

SELECT is(text::track::text, '[POINT(1 2)@2024-01-01 00:00:00+00, POINT(3.5 -4.25)@2024-01-01 00:00:30.5+00]', text)
FROM unnest(ARRAY[
    '[POINT(1 2)@2024-01-01 00:00:00+00, POINT(3.5 -4.25)@2024-01-01 00:00:30.5+00]',
    '(POINT(1 2)@2024-01-01 00:00:00+00, POINT(3.5 -4.25)@2024-01-01 00:00:30.5+00)',
    '{POINT(1 2)@2024-01-01 00:00:00+00, POINT(3.5 -4.25)@2024-01-01 00:00:30.5+00}',
    '{[POINT(1 2)@2024-01-01 00:00:00+00], [POINT(3.5 -4.25)@2024-01-01 00:00:30.5+00]}',
    'SRID=4326;[POINT(1 2)@2024-01-01 09:00:00+09, POINT(3.5 -4.25)@2024-01-01 00:00:30.5Z)',
    ' { [ Point ( 1 2 ) @ 2024-01-01T00:00:00Z , POINT(3.5 -4.25)@2023-12-31 19:00:30.500-05 ) } ']) text;
SELECT is('POINT(1 2)@2024-01-01 00:00:00+00'::track::text, '[POINT(1 2)@2024-01-01 00:00:00+00]', 'an instant');

-- The session's settings

CREATE TEMP TABLE texts AS SELECT grp, track::text AS text, as_text(track) AS plain, as_mfjson(track)::text AS mfjson FROM made;
SET LOCAL TimeZone = 'Asia/Seoul'; SET LOCAL DateStyle = 'SQL, DMY'; SET LOCAL extra_float_digits = -5; SET LOCAL IntervalStyle = sql_standard;
SELECT is(string_agg(grp::text, ' '), NULL, 'no setting changes the text') FROM made JOIN texts USING (grp)
    WHERE track::text <> text OR as_text(track) <> plain;
SELECT is(string_agg(grp::text, ' '), NULL, 'nor how it is read') FROM made JOIN texts USING (grp) WHERE track_send(text::track) <> track_send(track);
SELECT is(string_agg(grp::text, ' '), NULL, 'nor the JSON, which is immutable') FROM made JOIN texts USING (grp) WHERE as_mfjson(track)::text <> mfjson;
SELECT is(string_agg(grp::text, ' '), NULL, 'nor how that is read') FROM made JOIN texts USING (grp)
    WHERE grp % 5 <> 2 AND track_send(track_from_mfjson(mfjson::jsonb)) IS DISTINCT FROM track_send(track);
RESET extra_float_digits; RESET DateStyle; RESET IntervalStyle;
SELECT is(start_time('[POINT(1 2)@2024-01-01 00:00:00]'), '2024-01-01 00:00+09'::timestamptz, 'a time without an offset is of the session''s zone');
SET LOCAL TimeZone = 'UTC';

-- Moving Features JSON: the members of OGC 19-045r3, 7.2

SELECT is(as_mfjson('[POINT(1 2)@2024-01-01 00:00:00+00 speed=2.5, POINT(3 4)@2024-01-01 00:00:30.25+00]'), '{"type": "Feature",
    "temporalGeometry": {"type": "MovingPoint", "datetimes": ["2024-01-01T00:00:00Z", "2024-01-01T00:00:30.25Z"], "coordinates": [[1, 2], [3, 4]], "interpolation": "Linear"},
    "temporalProperties": [{"datetimes": ["2024-01-01T00:00:00Z"], "speed": {"type": "Measure", "form": "MTS", "values": [2.5], "interpolation": "Linear"}}]}'::jsonb, 'a moving feature');
SELECT is(track_from_mfjson('{"type": "MovingPoint", "datetimes": [1704067200000, 1704067230250], "coordinates": [[1, 2, 50], [3, 4, 51]], "interpolation": "Discrete"}')::text,
    '[POINT(1 2)@2024-01-01 00:00:00+00, POINT(3 4)@2024-01-01 00:00:30.25+00]', 'a moving point of milliseconds and heights');
SELECT is(track_from_mfjson('{"type": "Feature", "id": "a", "properties": {}, "temporalGeometry": {"type": "MovingPoint", "datetimes": ["2024-01-01T00:00:00Z"], "coordinates": [[1, 2]]},
    "temporalProperties": [{"datetimes": ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"], "speed": {"type": "Measure", "values": [3, 9]}, "accuracy": {"type": "Measure", "values": [4, 8]},
        "fuel": {"type": "Measure", "values": [1, 0]}}]}')::text, '[POINT(1 2)@2024-01-01 00:00:00+00 speed=3 accuracy=4]',
        'properties of one time line, and others');

-- Errors: of the caller, never of the server

SELECT matches(pg_temp.sqlstate(format('SELECT %L::tripmeter.track', text)), '^22', 'not a track: ' || text)
FROM unnest(ARRAY['', '[', 'POINT(1 2)', '[POINT(1 2)@]', '[POINT(1 2)@2024-01-01', '[POINT(1 2)@2024-01-01] x', '[POINT(1)@2024-01-01]', 'SRID=3857;[POINT(1 2)@2024-01-01]']) text;
SELECT matches(pg_temp.sqlstate(format('SELECT (%L::geometry)::tripmeter.track', wkt)), '^22', 'not a trajectory: ' || wkt)
FROM unnest(ARRAY['SRID=4326;LINESTRING(1 2,3 4)', 'LINESTRINGM(1 2 0,3 4 1)', 'SRID=4326;POLYGON((0 0,1 1,1 0,0 0))']) wkt;
SELECT matches(pg_temp.sqlstate(format('SELECT tripmeter.track_from_mfjson(%L)', json)), '^22', 'not a moving point: ' || json)
FROM unnest(ARRAY['{}', '{"type": "MovingPolygon"}', '{"type": "MovingPoint", "datetimes": [], "coordinates": [[1, 2]]}', '{"type": "MovingPoint", "datetimes": ["x"], "coordinates": [[1, 2]]}',
    '{"type": "MovingPoint", "datetimes": [0], "coordinates": [[1, 2]], "interpolation": "Cubic"}']) json;
SELECT is(pg_temp.sqlstate('SELECT tripmeter.track(now(), ''SRID=3857;POINT(1 2)''::geometry)') LIKE '22%', true, 'a position in another system');

SELECT is(track_from_mfjson('{"type": "Feature", "temporalProperties": null, "temporalGeometry": {"type": "MovingPoint", "datetimes": [0], "coordinates": [[1, 2]]}}'),
    '[POINT(1 2)@1970-01-01 00:00:00+00]', 'temporal properties may be null');
SELECT is(as_text(as_geometry('[POINT(1 2)@90000-01-01 00:00:00+00]')::track), '[POINT(1 2)@90000-01-01 00:00:00+00]', 'a trajectory of the far future comes back');

SELECT * FROM finish();
ROLLBACK;
