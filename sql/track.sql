-- track: text, binary, casts, Moving Features JSON, comparisons, errors
SET search_path = tripmeter, tripmeter_internal, public;
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never

-- text: any order, any case, what MobilityDB writes; one form comes out
SELECT '[]'::track AS empty;
SELECT '[POINT(126.9 37.5)@2024-01-01 00:00:00+00, POINT(126.91 37.51)@2024-01-01 00:00:10.5+00]'::track AS plain;
SELECT '  { point( 1e1 +2.50 ) @ 2024-01-01 09:00+09 , Point(10 2)@2023-12-31T23:59:59Z}  '::track AS instants;
SELECT 'POINT(1 2)@2024-01-01'::track AS instant;
SELECT 'SRID=4326;Interp=Linear;{[POINT(1 2)@2024-01-01, POINT(1 3)@2024-01-02), (POINT(1 4)@2024-01-03, POINT(1 5)@2024-01-04]}'::track AS sequences;
SELECT '[POINT(190 1)@2024-01-01, POINT(-0 -0)@0044-03-15 BC]'::track AS normal_form;
SELECT '[POINT(1 2)@2024-01-01 speed=8.5 accuracy=4, POINT(1 3)@2024-01-02 accuracy=0.1, POINT(1 4)@2024-01-03 speed=inf]'::track AS channels;
SELECT '[POINT(1 2)@2024-01-01] left_out(null=1 invalid=2 duplicate=3 conflict=4 null_island_duplicate=5 null_island_conflict=6)'::track AS left_out;
SELECT '[POINT(1 2)@2024-01-01, POINT(1 2)@2024-01-01, POINT(1 3)@2024-01-01, POINT(0 0)@2024-01-01, POINT(0 95)@2024-01-02, POINT(nan 1)@2024-01-02, POINT(1 1)@infinity] left_out(duplicate=10)'::track AS counted;
SET timezone = 'Asia/Seoul';
SET datestyle = 'German';
SET extra_float_digits = 0;
SELECT '[POINT(126.97796919000001 37.566535)@2024-01-01 00:00:00.000001 speed=0.1]'::track AS any_session_writes_alike;
RESET extra_float_digits;
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';

-- errors say where
SELECT ''::track;
SELECT 'somewhere'::track;
SELECT '[POINT(126.9 37.5)@2024-01-01'::track;
SELECT '[POINT(126.9 37.5)@2024-01-01,]'::track;
SELECT '[POINT(126.9, 37.5)@2024-01-01]'::track;
SELECT '[POINT(126.9)@2024-01-01]'::track;
SELECT '[POINT(126.9.37)@2024-01-01]'::track;
SELECT '[POINT(126.9-37)@2024-01-01]'::track;
SELECT '[POINT(126.9 37.5)]'::track;
SELECT '[POINT(126.9 37.5)@]'::track;
SELECT '[POINT(126.9 37.5)@2024-01-01 00:00:00+00 POINT(127 38)@2024-01-02]'::track;
SELECT '[POINT(126.9 37.5)@yesteryear]'::track;
SELECT '[POINT(1 2)@2024-01-01 speed=fast]'::track;
SELECT '[POINT(1 2)@2024-01-01 speed=1 speed=2]'::track;
SELECT '[POINT(1 2)@2024-01-01}'::track;
SELECT '[[POINT(1 2)@2024-01-01]]'::track;
SELECT '{[POINT(1 2)@2024-01-01]'::track;
SELECT 'SRID=5179;[POINT(1 2)@2024-01-01]'::track;
SELECT 'Interp=Step;[POINT(1 2)@2024-01-01]'::track;
SELECT '[] left_out(lost=1)'::track;
SELECT '[] left_out(null=-1)'::track;
SELECT '[] left_out(null=1 null=2)'::track;
SELECT '[] left_out(null=99999999999999999999)'::track;
SELECT '[] [] and more text than a message has room for, which is cut after some sixty characters'::track;
SELECT ('[x' || repeat(chr(233), 100))::track;

-- text and binary forms come back with all that they had
CREATE TABLE tracks (name text, track track);
INSERT INTO tracks VALUES
    ('empty', '[]'), ('lost', '[] left_out(null=7)'), ('one', '[POINT(1 2)@2024-01-01 accuracy=3]'),
    ('two', '[POINT(126.9 37.5)@2024-01-01 00:00:00+00 speed=1.5, POINT(126.91 37.51)@2024-01-01 00:01:40+00]'),
    ('across', '[POINT(179.9995 0)@2024-01-01, POINT(-179.9995 0)@2024-01-01 00:00:10] left_out(conflict=1)');
INSERT INTO tracks
    SELECT 'long', track('2024-01-01'::timestamptz + s * interval '1 second', 127 + s * 1e-4, 37 + (s % 7) * 1e-5, (s % 9)::real, (s % 5)::real) FROM generate_series(0, 3000) s;
COPY (SELECT * FROM tracks WHERE name <> 'long' ORDER BY name) TO STDOUT;
SELECT bool_and(track::text::track = track AND track::text::track::text = track::text) AS text_round_trip FROM tracks;
SELECT bool_and(track_send(track) = track_send(track::text::track)) AS one_form FROM tracks;

-- the whole, of nothing and of little
SELECT name, fix_count(track), start_time(track), end_time(track), duration(track), period(track), round(length(track)::numeric, 3) AS length
FROM tracks ORDER BY name;
SELECT name, CASE WHEN name <> 'across' THEN ST_AsEWKT(bbox(track)) END AS bbox, ST_AsEWKT(start_point(track)) AS start_point, ST_AsEWKT(end_point(track)) AS end_point
FROM tracks ORDER BY name;
SELECT GeometryType(g) AS bbox, part, ST_XMin(p), ST_XMax(p), ST_YMin(p), ST_YMax(p) < 1e-8 AS hardly_high, ST_IsValid(g) AS valid
FROM tracks, bbox(track) g, ST_Dump(g) d (path, p), unnest(path) part WHERE name = 'across';
SELECT ST_YMax(g) <= 90 AS on_earth, ST_IsValid(g) AS valid FROM bbox('[POINT(179 90)@2024-01-01, POINT(-179 90)@2024-01-02]') g;
SELECT name, round(mileage(track)::numeric, 3) AS mileage, round(mileage(track, 'raw')::numeric, 3) AS raw,
       round(mileage(track, period(track))::numeric, 3) AS of_period, round(mileage(track, tstzrange(NULL, NULL), 'raw')::numeric, 3) AS of_all_time
FROM tracks ORDER BY name;

-- parts
SELECT name, ST_AsEWKT(at(track, '2024-01-01 00:00:05')) AS at, as_text(slice(track, '[2023-01-01,2024-01-01 00:00:00.5]', true)) AS slice,
       as_text(slice(track, 'empty')) AS of_no_time, round(length(track, '[2024-01-01,2024-01-01 00:00:05)')::numeric, 3) AS length
FROM tracks WHERE name <> 'long' ORDER BY name;
SELECT name, recorded_at, ST_AsText(position) AS position, speed, accuracy FROM tracks, fixes(track) WHERE name <> 'long' ORDER BY name, recorded_at;
SELECT name, recorded_at, round(distance_m::numeric, 3) AS distance_m, round(speed::numeric, 3) AS speed, recorded_speed
FROM tracks, speed_profile(track) WHERE name <> 'long' ORDER BY name, recorded_at;
SELECT name, from_time, to_time, round(metres::numeric, 3) AS metres, seconds, class, counted
FROM tracks, legs(track) WHERE name <> 'long' ORDER BY name, from_time;
SELECT name, period, round(distance_m::numeric, 3) AS distance_m
FROM tracks, mileage_by(track, 'Hour', 'Asia/Kathmandu') ORDER BY name, period;
SELECT name, start_time, end_time, duration, round(metres::numeric, 3) AS metres FROM tracks, gaps(track, '90 s') ORDER BY name;
SELECT name, gaps.* FROM tracks, gaps(track, '2000000000 days');
SELECT name, start_time, end_time, fix_count FROM tracks, stops(track, 50, '0') ORDER BY name;
SELECT name, start_time, end_time, duration, round(distance_m::numeric, 3) AS distance_m, fix_count(trip) FROM tracks, trips(track, min_distance => 0) ORDER BY name;
SELECT name, fix_count(simplify(track, 0)) AS exact, fix_count(simplify(track, 10)) AS within_10_m, fix_count(simplify(track, 'infinity')) AS ends FROM tracks ORDER BY name;

-- || and rollup: counts add up
SELECT a.track || b.track AS joined FROM tracks a, tracks b WHERE a.name = 'one' AND b.name = 'lost';
SELECT a.track || a.track AS twice FROM tracks a WHERE a.name IN ('empty', 'lost', 'one') ORDER BY name;
SELECT rollup(track) AS all_of_them FROM tracks WHERE name <> 'long';
SELECT rollup(track) AS none FROM tracks WHERE false;
SELECT rollup(NULL::track) AS nothing;
SELECT rollup(track ORDER BY name) = rollup(track ORDER BY name DESC) AS any_order FROM tracks;
SELECT '[] left_out(null=500000000000000000)'::track || '[] left_out(null=500000000000000000)' AS as_far_as_counts_go;
SELECT '[POINT(1 2)@2024-01-01, POINT(1 2)@2024-01-01] left_out(duplicate=576460752303423487)'::track AS no_farther;

-- order and hash: what was left out takes no part
SELECT a.name, b.name FROM tracks a JOIN tracks b ON a.track = b.track AND a.name < b.name;
SELECT track_hash(a.track) = track_hash(b.track) AND track_hash_extended(a.track, 5) = track_hash_extended(b.track, 5) AS same_hash
FROM tracks a, tracks b WHERE a.name = 'empty' AND b.name = 'lost';
SELECT name, row_number() OVER (ORDER BY track, name) FROM tracks ORDER BY 2;
SELECT count(DISTINCT track) FROM tracks;
SELECT bool_and((a.track < b.track) = (b.track > a.track) AND (a.track <= b.track) = (b.track >= a.track)
    AND (a.track = b.track) <> (a.track <> b.track) AND sign(track_cmp(a.track, b.track)) = -sign(track_cmp(b.track, a.track))) AS consistent
FROM tracks a, tracks b;

-- casts
SELECT name, ST_AsEWKT(track::geometry) AS geometry, ST_AsText(track::geography) AS geography, CASE WHEN fix_count(track) > 1 THEN ST_IsValidTrajectory(track::geometry) END AS valid
FROM tracks WHERE name IN ('empty', 'one', 'across') ORDER BY name;
SELECT bool_and(track::geometry::track = as_text(track)::track AND track::geography::track = as_text(track)::track) AS round_trip FROM tracks;
SELECT 'SRID=4326;LINESTRING M (1 2 200, 1 1 100, 1 99 300, 1 3 200)'::geometry::track AS any_order;
SELECT 'SRID=4326;POINT ZM (1 2 99 1700000000.123456)'::geometry::track AS point;
SELECT 'SRID=4326;POINT M EMPTY'::geometry::track AS nothing;
SELECT ST_SetSRID(ST_MakeLine(ST_MakePointM(1, 2, 'NaN'), ST_MakePointM(1, 2, 1e300)), 4326)::track AS no_times;
SELECT 'SRID=4326;LINESTRING(1 2, 3 4)'::geometry::track;
SELECT 'SRID=4326;LINESTRING Z (1 2 3, 3 4 5)'::geometry::track;
SELECT 'SRID=4326;POLYGON((0 0, 1 0, 1 1, 0 0))'::geometry::track;
SELECT 'SRID=4326;MULTILINESTRING M ((0 0 1, 1 1 2))'::geometry::track;
SELECT 'LINESTRING M (1 2 3, 3 4 5)'::geometry::track;
SELECT 'SRID=5179;LINESTRING M (1 2 3, 3 4 5)'::geometry::track;
SELECT 'SRID=4269;LINESTRING M (1 2 3, 3 4 5)'::geography::track;

-- Moving Features JSON
SELECT jsonb_pretty(as_mfjson(track)) AS mfjson FROM tracks WHERE name = 'two';
SELECT as_mfjson(track) AS empty FROM tracks WHERE name = 'empty';
SELECT bool_and(track_from_mfjson(as_mfjson(track)) = track) AS round_trip FROM tracks;
SELECT track_from_mfjson('{"type": "MovingPoint", "datetimes": [1700000000123, "2023-11-14T22:13:21.5Z"], "coordinates": [[1, 2, 99], [1, 3]], "interpolation": "Discrete"}') AS milliseconds;
SELECT track_from_mfjson('{"type": "Feature", "geometry": null}');
SELECT track_from_mfjson('{"type": "MovingPolygon"}');
SELECT track_from_mfjson('[]');
SELECT track_from_mfjson('{"type": "MovingPoint", "interpolation": "Step", "datetimes": [], "coordinates": []}');
SELECT track_from_mfjson('{"type": "MovingPoint", "datetimes": ["2024-01-01"], "coordinates": []}');
SELECT track_from_mfjson('{"type": "MovingPoint", "datetimes": "2024-01-01", "coordinates": []}');
SELECT track_from_mfjson('{"type": "MovingPoint", "coordinates": []}');

-- a policy as text
SELECT round(mileage(track, 'raw')::numeric, 3) AS literal, round(mileage(track, 'raw'::mileage_policy)::numeric, 3) AS policy,
       round(mileage(track, period(track))::numeric, 3) AS period, round(mileage(track, policy => 'default')::numeric, 3) AS named
FROM tracks WHERE name = 'two';
SELECT mileage(track, 'fast') FROM tracks WHERE name = 'two';
SELECT mileage(track, NULL::mileage_policy) FROM tracks WHERE name = 'two';

-- invalid arguments
SELECT simplify(track, -1) FROM tracks WHERE name = 'two';
SELECT simplify(track, 'NaN') FROM tracks WHERE name = 'two';
SELECT stops(track, -1) FROM tracks WHERE name = 'two';
SELECT stops(track, 1001) FROM tracks WHERE name = 'two';
SELECT stops(track, 'NaN') FROM tracks WHERE name = 'two';
SELECT stops(track, 50, '-1 second') FROM tracks WHERE name = 'two';
SELECT stops(track, 50, '1 month') FROM tracks WHERE name = 'two';
SELECT gaps(track, '-1 minute') FROM tracks WHERE name = 'two';
SELECT gaps(track, '1 year') FROM tracks WHERE name = 'two';
SELECT trips(track, min_stop => '-1 minute') FROM tracks WHERE name = 'two';
SELECT mileage_by(track, 'fortnight', 'UTC') FROM tracks WHERE name = 'two';
SELECT mileage_by(track, 'day', 'Mars/Olympus_Mons') FROM tracks WHERE name = 'two';
SELECT mileage_by('[POINT(1 2)@0001-01-01, POINT(1 2)@2024-01-01]', 'hour', 'UTC');
SELECT track('2024-01-01'::timestamptz, ST_SetSRID(ST_MakePoint(1, 2), 3857));
SELECT track('2024-01-01'::timestamptz, 'SRID=4326;LINESTRING(1 2, 3 4)'::geometry);

-- what does not fit
SET tripmeter.max_state_mb = 1;
SELECT track('2024-01-01'::timestamptz + s * interval '1 second', s * 1e-6, 0) FROM generate_series(1, 100000) s;
SELECT rollup(track) FROM (SELECT track FROM tracks WHERE name = 'long') t, generate_series(1, 1000);
RESET tripmeter.max_state_mb;

DROP TABLE tracks;
