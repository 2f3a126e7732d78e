-- Distances and route lengths against PostGIS' own, which are PROJ's
-- geodesics one leg at a time. The promise: 1e-9 relative plus 10 nanometres
-- a leg, anywhere on Earth, for legs of any length.

BEGIN;
SELECT plan(38);

-- The n-th number of the series named by salt: uniform in [0, 1), and the
-- same in every run.
CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

CREATE FUNCTION pg_temp.point(lon float8, lat float8) RETURNS geometry
    LANGUAGE sql IMMUTABLE
    AS 'SELECT ST_SetSRID(ST_MakePoint(lon, lat), 4326)';

-- 1 at the promised error, below it where the promise is kept, infinite
-- without a result
CREATE FUNCTION pg_temp.error(measured float8, reference float8, legs bigint DEFAULT 1) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT coalesce(abs(measured - reference) / (1e-9 * reference + 1e-8 * legs), 'Infinity') $$;

-- The bytes of a geometry as they are stored, and back: byteasend copies its
-- argument, and does not ask for its type.
CREATE FUNCTION pg_temp.stored_bytes(geometry) RETURNS bytea
    LANGUAGE internal IMMUTABLE STRICT AS 'byteasend';
CREATE FUNCTION pg_temp.as_geometry(bytea) RETURNS geometry
    LANGUAGE internal IMMUTABLE STRICT AS 'byteasend';

-- Single legs

-- Half of the starts are close to a pole or to the antimeridian, a fifth of
-- the courses is due north, east, south or west, and every decade of length
-- from 0.1 m to 20,000 km has its share. A third has 1 to 200 km, where local
-- formulas come to their end.
CREATE TEMP TABLE legs AS
SELECT n, a, ST_Project(a::geography, wanted_m, course)::geometry AS b
FROM (
    SELECT n,
        pg_temp.point(
            CASE n % 4
                WHEN 1 THEN sign(pg_temp.uniform(n, 1) - 0.5) * (180 - 10 ^ (5 * pg_temp.uniform(n, 2) - 4))
                ELSE 360 * pg_temp.uniform(n, 1) - 180
            END,
            CASE n % 4
                WHEN 0 THEN sign(pg_temp.uniform(n, 3) - 0.5) * (90 - 10 ^ (7 * pg_temp.uniform(n, 4) - 6))
                ELSE 180 * pg_temp.uniform(n, 3) - 90
            END) AS a,
        CASE n % 3
            WHEN 0 THEN 1000 * 200 ^ pg_temp.uniform(n, 5)
            ELSE 0.1 * (2e8::float8) ^ pg_temp.uniform(n, 5)
        END AS wanted_m,
        CASE n % 5
            WHEN 0 THEN pi() / 2 * (n / 5 % 4)
            ELSE 2 * pi() * pg_temp.uniform(n, 6)
        END AS course
    FROM generate_series(1, 120000) n
) starts;

CREATE TEMP TABLE measured AS
SELECT n, a, b,
    tripmeter.distance(a, b) AS metres,
    ST_DistanceSpheroid(a, b, 'SPHEROID["WGS 84",6378137,298.257223563]') AS reference
FROM legs;

SELECT ok(min(reference) < 0.11 AND max(reference) > 19e6
        AND count(*) FILTER (WHERE abs(ST_X(a) - ST_X(b)) > 180) > 10000
        AND count(*) FILTER (WHERE abs(ST_Y(a)) > 89.9) > 10000,
    'the legs reach from 0.1 m to 19,000 km, over the antimeridian and to the poles')
FROM measured;

SELECT cmp_ok(max(pg_temp.error(metres, reference)), '<=', 1::float8,
    'no leg is further from ST_DistanceSpheroid than promised')
FROM measured;

-- ST_Distance rounds to 10 nanometres
SELECT cmp_ok(max(abs(metres - ST_Distance(a::geography, b::geography)) / (1e-9 * reference + 1.6e-8)), '<=', 1::float8,
    'no leg is further from ST_Distance(geography) than promised')
FROM measured;

SELECT is(count(*), 0::bigint, 'there and back are the same to the last bit')
FROM measured
WHERE float8send(metres) IS DISTINCT FROM float8send(tripmeter.distance(b, a));

SELECT is(count(*), 0::bigint, 'a geography measures what the geometry does')
FROM measured
WHERE float8send(metres) IS DISTINCT FROM float8send(tripmeter.distance(a::geography, b::geography));

SELECT is(count(*), 0::bigint, 'Z and M have no part in a distance')
FROM measured
WHERE (float8send(metres) = ALL (ARRAY[
    float8send(tripmeter.distance(ST_Force3DZ(a, 9000), ST_Force3DZ(b, -9000))),
    float8send(tripmeter.distance(ST_Force3DM(a, 'NaN'), ST_Force3DM(b, 1e300))),
    float8send(tripmeter.distance(ST_Force4D(a, 'Infinity', 1), b))])) IS NOT TRUE;

SELECT is(count(*), 0::bigint, 'from a point to itself it is 0')
FROM measured
WHERE (tripmeter.distance(a, a) = 0 AND tripmeter.distance(b, b) = 0) IS NOT TRUE;

-- The antipode over the pole is the furthest there is.
SELECT ok(min(metres) > 0 AND max(metres) <= 20003931.4587,
    'no distance is below 0, or above half a meridian')
FROM measured;

-- The corners of the coordinates, each with each: equator, poles, the
-- meridians 0 and 180, a hair beside them, and antipodes of them all.
CREATE TEMP TABLE corners AS
SELECT pg_temp.point(lon, lat) AS at
FROM unnest('{-180,-179.9999999,-135,-90,-1e-7,-0,0,1e-7,45,90,179.9999999,180}'::float8[]) lon,
    unnest('{-90,-89.9999999,-45,-1e-7,-0,0,1e-7,45,89.9999999,90}'::float8[]) lat;

SELECT cmp_ok(max(pg_temp.error(tripmeter.distance(a.at, b.at),
        ST_DistanceSpheroid(a.at, b.at, 'SPHEROID["WGS 84",6378137,298.257223563]'))), '<=', 1::float8,
    'corners of the coordinate range are no exception')
FROM corners a, corners b;

SELECT is(tripmeter.distance(pg_temp.point(180, lat), pg_temp.point(-180, lat)), 0::float8,
    format('180 and -180 are the same meridian at latitude %s', lat))
FROM unnest('{-60.5,0,77}'::float8[]) lat;

SELECT cmp_ok(max(pg_temp.error(tripmeter.distance(ST_Translate(a, 360, 0), b), metres, 2)), '<=', 1::float8,
    'longitudes from 180 to 360 are those west of Greenwich')
FROM measured
WHERE ST_X(a) < 0;

SELECT is(count(*), 0::bigint, 'to a point that is empty or no place on Earth there is no distance')
FROM unnest(ARRAY[
    'SRID=4326;POINT EMPTY'::geometry, pg_temp.point('NaN', 0), pg_temp.point(0, 'NaN'),
    pg_temp.point('Infinity', 0), pg_temp.point(0, '-Infinity'), pg_temp.point(0, 90.0000001),
    pg_temp.point(0, -91), pg_temp.point(-361, 0), pg_temp.point(361, 0), pg_temp.point(1e300, 1)]) nowhere
WHERE tripmeter.distance(nowhere, pg_temp.point(1, 1)) IS NOT NULL
    OR tripmeter.distance(pg_temp.point(1, 1), nowhere) IS NOT NULL;

-- Routes

-- Random walks, each with steps of its own scale from 1 m to 1,000 km; in
-- every third walk the steps differ a thousandfold among themselves, so that
-- short and long legs stand side by side. The latitude is reflected at the
-- poles, the longitude wrapped.
CREATE TEMP TABLE walks AS
SELECT walk, count(*) - 1 AS legs,
    ST_MakeLine(pg_temp.point(
        lon - 360 * floor((lon + 180) / 360),
        degrees(asin(sin(radians(lat))))) ORDER BY step) AS route
FROM (
    SELECT walk, step,
        sum(CASE step WHEN 0 THEN start_lon ELSE stride * (pg_temp.uniform(walk * 1000 + step, 11) - 0.5) END)
            OVER steps AS lon,
        sum(CASE step WHEN 0 THEN start_lat ELSE stride * (pg_temp.uniform(walk * 1000 + step, 12) - 0.5) END)
            OVER steps AS lat
    FROM (
        SELECT walk, step,
            CASE walk % 5 WHEN 0 THEN 180 ELSE 360 * pg_temp.uniform(walk, 13) - 180 END AS start_lon,
            CASE walk % 7 WHEN 0 THEN 89.9 ELSE 180 * pg_temp.uniform(walk, 14) - 90 END AS start_lat,
            10 ^ (6 * pg_temp.uniform(walk, 15) - 5)
                * CASE walk % 3 WHEN 0 THEN 10 ^ (3 * pg_temp.uniform(walk * 1000 + step, 16) - 2) ELSE 1 END AS stride
        FROM generate_series(1, 3000) walk, generate_series(0, 1 + walk % 80) step
    ) strides
    WINDOW steps AS (PARTITION BY walk ORDER BY step)
) points
GROUP BY walk;

SELECT cmp_ok(max(pg_temp.error(tripmeter.route_length(route), ST_Length(route::geography), legs)), '<=', 1::float8,
    'a route is as long as ST_Length(geography) says')
FROM walks;

SELECT cmp_ok(max(pg_temp.error(tripmeter.route_length(route), by_legs, 2 * legs)), '<=', 1::float8,
    'a route is as long as its legs')
FROM walks,
    LATERAL (SELECT sum(tripmeter.distance(ST_PointN(route, i), ST_PointN(route, i + 1))) AS by_legs
             FROM generate_series(1, legs::integer) i) leg_by_leg;

SELECT cmp_ok(max(pg_temp.error(tripmeter.route_length(ST_Reverse(route)), tripmeter.route_length(route), 2 * legs)),
    '<=', 1::float8, 'a route is as long on the way back')
FROM walks;

SELECT is(count(*), 0::bigint, 'Z and M have no part in a length: XYZ, XYM and XYZM measure what XY does')
FROM walks
WHERE (float8send(tripmeter.route_length(route)) = ALL (ARRAY[
    float8send(tripmeter.route_length(ST_Translate(ST_Force3DZ(route), 0, 0, walk))),
    float8send(tripmeter.route_length(ST_AddMeasure(route, -1e6, 1e9))),
    float8send(tripmeter.route_length(ST_AddMeasure(ST_Force3DZ(route, 8848), 0, 1)))])) IS NOT TRUE;

-- A mountain on every vertex, for ST_Length would climb it.
SELECT is(count(*), 0::bigint, 'heights that differ from vertex to vertex do not lengthen a route')
FROM (
    SELECT route, ST_MakeLine(ST_SetSRID(ST_MakePoint(ST_X(geom), ST_Y(geom), 4000 * (path[1] % 2)), 4326)
        ORDER BY path) AS hilly
    FROM walks, ST_DumpPoints(route)
    WHERE walk % 10 = 0
    GROUP BY walk, route
) hills
WHERE float8send(tripmeter.route_length(hilly)) IS DISTINCT FROM float8send(tripmeter.route_length(route));

SELECT is(count(*), 0::bigint, 'a geography is as long as the geometry')
FROM walks
WHERE (float8send(tripmeter.route_length(route)) = ALL (ARRAY[
    float8send(tripmeter.route_length(route::geography)),
    float8send(tripmeter.route_length(ST_Force4D(route)::geography))])) IS NOT TRUE;

SELECT is(count(*), 0::bigint, 'a multilinestring of one line is as long as the line')
FROM walks
WHERE float8send(tripmeter.route_length(route)) IS DISTINCT FROM float8send(tripmeter.route_length(ST_Multi(route)));

-- Each multiline has up to 10 routes: no leg leads from one to the next.
SELECT cmp_ok(max(pg_temp.error(tripmeter.route_length(routes), by_routes, legs)), '<=', 1::float8,
    format('a multilinestring (%s) is as long as its lines together', dimensions))
FROM (
    SELECT dimensions, sum(legs)::bigint AS legs, sum(tripmeter.route_length(route)) AS by_routes,
        ST_Collect(CASE dimensions
            WHEN 'XY' THEN route WHEN 'XYZ' THEN ST_Force3DZ(route, 5)
            WHEN 'XYM' THEN ST_Force3DM(route, 5) ELSE ST_Force4D(route, 5, 5) END) AS routes
    FROM walks, unnest('{XY,XYZ,XYM,XYZM}'::text[]) WITH ORDINALITY AS d (dimensions, n)
    GROUP BY dimensions, n, walk / 10
    ORDER BY n
) multilines
GROUP BY dimensions;

SELECT is(tripmeter.route_length(geom), 0::float8, format('%s has no length', left(ST_AsEWKT(geom), 40)))
FROM unnest(ARRAY[
    'SRID=4326;POINT(1 2)', 'SRID=4326;POINT EMPTY', 'SRID=4326;LINESTRING EMPTY',
    'SRID=4326;MULTILINESTRING(EMPTY, EMPTY)']::geometry[]) geom;

-- Every second vertex of this line is no place on Earth.
SELECT cmp_ok(max(pg_temp.error(tripmeter.route_length(dirty), tripmeter.route_length(clean), 2 * legs)), '<=', 1::float8,
    'vertices at no place on Earth are left out')
FROM (
    SELECT walk, legs, route AS clean, ST_MakeLine(vertex ORDER BY path, dirt) AS dirty
    FROM walks, ST_DumpPoints(route),
        LATERAL (VALUES (false, geom), (true, CASE (path[1] + walk) % 4
            WHEN 0 THEN pg_temp.point('NaN', 1) WHEN 1 THEN pg_temp.point(1, '-Infinity')
            WHEN 2 THEN pg_temp.point(0, 95) ELSE pg_temp.point(4e5, 2) END)) AS vertices (dirt, vertex)
    WHERE walk % 10 = 1
    GROUP BY walk, legs, route
) lines;

-- What is stored

-- The same line in every shape that a row can hold it in: with a short header
-- behind an odd byte, long, compressed, out of line, and both.
CREATE TEMP TABLE shelves (odd "char", plain geometry, external geometry, extended geometry, line_id integer);
ALTER TABLE shelves ALTER plain SET STORAGE MAIN, ALTER external SET STORAGE EXTERNAL;
INSERT INTO shelves SELECT 'x', route, route, route, walk FROM walks WHERE walk % 10 = 2;
INSERT INTO shelves
SELECT 'x', NULL, big, big, -lines
FROM (
    SELECT lines, ST_MakeLine(pg_temp.point(13 + 1e-4 * n, 52 + 1e-5 * (n % 3)) ORDER BY n) AS big
    FROM unnest('{2000,100000,200000}'::integer[]) lines, generate_series(1, lines) n
    GROUP BY lines
) big_lines;

SELECT ok(min(pg_column_size(external)) < 127 AND max(pg_column_size(external)) > 3000000
        AND min(pg_column_size(extended)::float8 / pg_column_size(external)) < 0.7,
    'the stored lines are short, long, and compressed')
FROM shelves;

SELECT cmp_ok(max(pg_temp.error(tripmeter.route_length(external), ST_Length(external::geography), ST_NPoints(external))),
    '<=', 1::float8, 'a stored line is as long as ST_Length(geography) says')
FROM shelves;

SELECT is(count(*), 0::bigint, 'however a line is stored, it is as long to the last bit')
FROM shelves
WHERE (float8send(tripmeter.route_length(external)) = ALL (ARRAY[
    float8send(tripmeter.route_length(coalesce(plain, external))),
    float8send(tripmeter.route_length(extended)),
    float8send(tripmeter.route_length(ST_Force2D(external)))])) IS NOT TRUE;

-- The bounding box is optional. The serialisation before PostGIS 3 differs by
-- the version bit in the fourth byte, and that of PostGIS 3 may have eight
-- bytes of extended flags behind it.
SELECT is(count(*), 0::bigint, 'with or without a bounding box, of PostGIS 2 or 3, a line is as long to the last bit')
FROM (
    SELECT route, boxed, bytes, get_byte(bytes, 3) AS flags
    FROM walks, unnest(ARRAY[postgis_addbbox(route), postgis_dropbbox(route),
        postgis_addbbox(ST_Force4D(route)), postgis_addbbox(ST_Multi(ST_Force3DM(route)))]) boxed,
        pg_temp.stored_bytes(boxed) bytes
    WHERE walk % 3 = 0
) stored
WHERE (float8send(tripmeter.route_length(route)) = ALL (ARRAY[
    float8send(tripmeter.route_length(boxed)),
    float8send(tripmeter.route_length(pg_temp.as_geometry(set_byte(bytes, 3, flags & ~64)))),
    float8send(tripmeter.route_length(pg_temp.as_geometry(
        set_byte(substr(bytes, 1, 4), 3, flags | 16) || '\x0000000000000000' || substr(bytes, 5))))])) IS NOT TRUE;

-- Errors

-- What an error says about a call, in one line.
CREATE FUNCTION pg_temp.error_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text; detail text; hint text;
BEGIN
    EXECUTE query;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE, message, detail, nullif('hint: ' || hint, 'hint: '));
END $$;

SELECT is(string_agg(format('%s: %s', type, said), E'\n'), NULL,
    'a type without a length is an error that names it and hints at the way out')
FROM (
    SELECT type, pg_temp.error_of(format('SELECT tripmeter.route_length(%L::geometry)', 'SRID=4326;' || type || body)) AS said
    FROM (VALUES
        ('POLYGON', '((0 0,1 0,1 1,0 0))'), ('MULTIPOINT', '(0 0,1 1)'), ('MULTIPOLYGON', '(((0 0,1 0,1 1,0 0)))'),
        ('GEOMETRYCOLLECTION', '(LINESTRING(0 0,1 1))'), ('CIRCULARSTRING', '(0 0,1 1,2 0)'),
        ('COMPOUNDCURVE', '((0 0,1 1))'), ('CURVEPOLYGON', '((0 0,1 0,1 1,0 0))'), ('MULTICURVE', '((0 0,1 1))'),
        ('TRIANGLE', '((0 0,1 0,1 1,0 0))'), ('TIN', '(((0 0,1 0,1 1,0 0)))')) AS types (type, body)
) errors
WHERE said !~ '^(22|42|0A)' OR said !~* type OR said !~ 'hint: ';

SELECT ok(said ~ '^(22|42)' AND said ~ '3857' AND said ~ 'hint: .*ST_Transform',
    format('another SRID is an error that names it and hints at ST_Transform: %s', said))
FROM (SELECT pg_temp.error_of($$SELECT tripmeter.$$ || call) AS said
      FROM unnest(ARRAY[
        $$route_length('SRID=3857;LINESTRING(0 0,1 1)'::geometry)$$,
        $$distance('SRID=4326;POINT(0 0)'::geometry, 'SRID=3857;POINT(1 1)'::geometry)$$]) call) errors;

SELECT ok(pg_temp.error_of($$SELECT tripmeter.distance('SRID=4326;POINT(0 0)'::geometry, 'SRID=4326;LINESTRING(0 0,1 1)')$$)
    ~* '^(22|42|0A).*linestring.*hint: ', 'a distance from a line is an error that names it');

SELECT * FROM finish();
ROLLBACK;
