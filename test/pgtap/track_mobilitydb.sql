-- Tracks from MobilityDB's text and from Moving Features JSON: read as they were meant, or
-- refused by name.

BEGIN;
SELECT plan(42);
SET LOCAL search_path = public, tripmeter;
SET LOCAL TimeZone = 'America/New_York';

SELECT is(text::track::text, '[POINT(1 2)@2024-01-01 00:00:00+00, POINT(3 4)@2024-01-02 00:00:00+00]', 'text: ' || text)
FROM unnest(ARRAY[
    'SRID=4326;[POINT(1 2)@2024-01-01 00:00:00+00, POINT(3 4)@2024-01-02 00:00:00+00)',
    'SRID=4326;Interp=Discrete;{POINT(1 2)@2024-01-01 00:00:00+00, POINT(3 4)@2024-01-02 00:00:00+00}',
    '{[POINT(1 2)@2024-01-01 01:00:00+01], [POINT(3 4)@2024-01-02 00:00:00+00]}',
    '[POINT Z (1 2 50)@2024-01-01 00:00:00+00, POINT Z (3 4 -1e1)@2024-01-02 00:00:00+00]',
    'SRID=4326;[POINT(1 2 50)@2024-01-01 00:00:00+00, POINT(3 4 51)@2024-01-02 00:00:00+00]']) text;
SELECT throws_ok(format('SELECT %L::track', text || ';[POINT(1 2)@2024-01-01]'), '22023', message, 'text: ' || text)
FROM (VALUES ('SRID=3857', 'coordinates are not in SRID 4326'), ('SRID=0', 'coordinates are not in SRID 4326'),
    ('SRID=4326;Interp=Step', 'interpolation of a track must be Linear or Discrete'),
    ('Interp=Stepwise', 'interpolation of a track must be Linear or Discrete')) v (text, message);

-- What asMFJSON has written through the years

SELECT is(track_from_mfjson(json::jsonb)::text, '[POINT(1 2)@2024-01-01 00:00:00+00]', 'JSON: ' || json)
FROM unnest(ARRAY[
    '{"type":"MovingPoint","coordinates":[1,2],"datetimes":"2024-01-01T01:00:00+01","interpolation":"None"}',
    '{"type":"MovingPoint","crs":{"type":"name","properties":{"name":"EPSG:4326"}},"coordinates":[1,2,50],"datetimes":"2024-01-01T00:00:00+00","interpolations":["Discrete"]}',
    '{"type":"MovingPoint","crs":{"type":"Name","properties":{"name":"urn:ogc:def:crs:EPSG::4326"}},"coordinates":[[1,2]],"datetimes":["2023-12-31T19:00:00-0500"],"interpolation":"Linear"}',
    '{"type":"MovingPoint","crs":{"type":"Name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},"coordinates":[[1,2]],"datetimes":[1704067200000]}',
    '{"type":"Feature","crs":null,"temporalGeometry":{"type":"MovingPoint","coordinates":[[1,2]],"datetimes":["2024-01-01T05:30:00.000+05:30"],"interpolations":"Linear"}}']) json;
SELECT is(track_from_mfjson('{"type":"MovingPoint","sequences":[{"coordinates":[[1,2,9],[3,4,9]],"datetimes":["2024-01-01T00:00:00Z","2024-01-02T00:00:00Z"],"lower_inc":true,"upper_inc":false},
    {"coordinates":[[5,6]],"datetimes":["2024-01-03T00:00:00Z"],"lower_inc":true,"upper_inc":true}],"interpolation":"Linear"}')::text,
    '[POINT(1 2)@2024-01-01 00:00:00+00, POINT(3 4)@2024-01-02 00:00:00+00, POINT(5 6)@2024-01-03 00:00:00+00]', 'a set of sequences');
SELECT is(track_from_mfjson('{"type":"MovingPoint","sequences":[]}'), '[]', 'a set of none');
SELECT is(track_from_mfjson('{"type":"MovingPoint","coordinates":[],"datetimes":[]}'), '[]', 'a sequence of no fixes');

SELECT throws_ok(format('SELECT track_from_mfjson(%L)', '{"type":"MovingPoint","coordinates":[[1,2]],"datetimes":["2024-01-01T00:00:00Z"],' || json || '}'),
    '22023', message, 'JSON: ' || json)
FROM (VALUES ('"crs":{"type":"name","properties":{"name":"EPSG:3857"}}', 'coordinates are not in SRID 4326'),
    ('"crs":{"type":"Name","properties":{"name":"urn:ogc:def:crs:EPSG::14326"}}', 'coordinates are not in SRID 4326'),
    ('"crs":{"type":"Name","properties":{"name":"EPSG:43260"}}', 'coordinates are not in SRID 4326'),
    ('"crs":{"type":"Link","properties":{"href":"http://example.com/crs"}}', 'coordinates are not in SRID 4326'),
    ('"crs":{"properties":{"name":null}}', 'coordinates are not in SRID 4326'),
    ('"interpolation":"Step"', 'interpolation of a moving point must be Linear or Discrete'),
    ('"interpolations":["Stepwise"]', 'interpolation of a moving point must be Linear or Discrete'),
    ('"interpolations":["Linear","Cubic"]', 'interpolation of a moving point must be Linear or Discrete'),
    ('"interpolation":"Linear","interpolations":"Step"', 'interpolation of a moving point must be Linear or Discrete'),
    ('"sequences":[{"coordinates":[],"datetimes":[],"interpolation":"Step"}]', 'interpolation of a moving point must be Linear or Discrete'),
    ('"sequences":[{"coordinates":[[1,2]],"datetimes":[]}]', 'a moving point needs as many datetimes as coordinates'),
    ('"sequences":[1]', 'a moving point needs as many datetimes as coordinates')) v (json, message);
SELECT throws_ok(format('SELECT track_from_mfjson(%L)', '{"type":"Feature","crs":{"type":"name","properties":{"name":"EPSG:3857"}},"temporalGeometry":{"type":"MovingPoint","coordinates":[],"datetimes":[]}}'),
    '22023', 'coordinates are not in SRID 4326', 'the crs of a feature is that of its point');

-- A time without a zone would depend on the session

SELECT throws_ok(format('SELECT track_from_mfjson(%L)', jsonb_build_object('type', 'MovingPoint', 'coordinates', '[[1, 2]]'::jsonb, 'datetimes', ARRAY[time])),
    '22007', 'a datetime of a moving point has no time zone', 'no zone: ' || time)
FROM unnest(ARRAY['2024-01-01T00:00:00', '2024-01-01', '2024-01-01 00:00', '20240101T000000', 'now', '2024-01-01T00:00:00.5', '44-03-15 BC']) time;
SELECT throws_ok($$SELECT track_from_mfjson('{"type":"MovingPoint","coordinates":[1,2],"datetimes":"2024-01-01T00:00:00"}')$$,
    '22007', 'a datetime of a moving point has no time zone', 'nor has this instant');
SELECT throws_ok($$SELECT track_from_mfjson('{"temporalGeometry":{"type":"MovingPoint","coordinates":[[1,2]],"datetimes":[0]},"temporalProperties":[{"datetimes":["2024-01-01T00:00:00"],"speed":{"values":[1]}}]}')$$,
    '22007', 'a datetime of a moving point has no time zone', 'nor this property');
SELECT is(track_from_mfjson(as_mfjson(t::track)), t::track, 'what as_mfjson writes has zones: ' || t)
FROM unnest(ARRAY['[POINT(1 2)@0044-03-15 00:00:00+00 BC, POINT(3 4)@2024-01-01 00:00:00.000001+00 speed=3]', '[POINT(1 2)@90000-01-01 00:00:00+00]']) t;
SELECT is(track_from_mfjson(as_mfjson(t) -> 'temporalGeometry'), t, 'its temporalGeometry is a moving point by itself')
FROM (VALUES ('[POINT(1 2)@2024-01-01 00:00:00+00, POINT(3 4)@2024-01-02 00:00:00+00]'::track)) v (t);

SELECT * FROM finish();
ROLLBACK;
