-- route_length and distance: types, dimensions, stored forms, errors
SET extra_float_digits = 0;
SET search_path = tripmeter, public;

-- every dimension; Z and M never enter
SELECT dimensions, round(route_length(g)::numeric, 6) AS metres,
       round(route_length(g::geography)::numeric, 6) AS geography
FROM (VALUES
    ('XY',   'SRID=4326;LINESTRING(126.9 37.5, 126.91 37.5, 126.91 37.52)'::geometry),
    ('XYZ',  'SRID=4326;LINESTRING Z (126.9 37.5 10, 126.91 37.5 9000, 126.91 37.52 -5)'),
    ('XYM',  'SRID=4326;LINESTRING M (126.9 37.5 1, 126.91 37.5 2, 126.91 37.52 3)'),
    ('XYZM', 'SRID=4326;LINESTRING ZM (126.9 37.5 10 1, 126.91 37.5 9000 2, 126.91 37.52 -5 3)')
) v(dimensions, g);

-- a line of lines does not measure the way between them
SELECT round(route_length('SRID=4326;MULTILINESTRING((0 0, 0 1), (10 0, 10 1))'::geometry)::numeric, 3) AS two,
       round(route_length('SRID=4326;MULTILINESTRING Z ((0 0 1, 0 1 2), EMPTY, (10 0 3, 10 1 4, 10 2 5))'::geometry)::numeric, 3) AS three;

-- no way
SELECT g AS nothing, route_length(g::geometry)
FROM (VALUES ('SRID=4326;POINT(1 2)'), ('SRID=4326;POINT EMPTY'), ('SRID=4326;LINESTRING EMPTY'),
             ('SRID=4326;MULTILINESTRING EMPTY'), ('SRID=4326;POLYGON EMPTY')) v(g);
SELECT route_length(NULL::geometry);

-- across the antimeridian and over the pole
SELECT round(route_length('SRID=4326;LINESTRING(179.9995 0, -179.9995 0)'::geometry)::numeric, 6) AS antimeridian,
       round(route_length('SRID=4326;LINESTRING(179.9995 0, 180.0005 0)'::geometry)::numeric, 6) AS wrapped,
       round(route_length('SRID=4326;LINESTRING(0 89.9, 180 89.9)'::geometry)::numeric, 6) AS pole,
       round(route_length('SRID=4326;LINESTRING(0 -90, 90 -90)'::geometry)::numeric, 6) AS at_pole,
       round(route_length('SRID=4326;LINESTRING(0 0, 179.7 0.2)'::geometry)::numeric, 3) AS nearly_antipodal;

-- a vertex that is no place on Earth is left out
SELECT route_length('SRID=4326;LINESTRING(0 0, 0 91, 0 1)'::geometry)
     = route_length('SRID=4326;LINESTRING(0 0, 0 1)'::geometry) AS out_of_range,
       route_length(ST_SetSRID(ST_MakeLine(ARRAY[ST_MakePoint(0, 0), ST_MakePoint('NaN', 0.5), ST_MakePoint(0, 1)]), 4326))
     = route_length('SRID=4326;LINESTRING(0 0, 0 1)'::geometry) AS not_a_number;

-- stored: short headers, a bounding box or none, compressed, out of line
CREATE TABLE stored (how text, line geometry);
INSERT INTO stored VALUES
    ('short', ST_SetSRID(ST_MakeLine(ST_MakePoint(1, 2), ST_MakePoint(3, 4)), 4326)),
    ('with box', PostGIS_AddBBox(ST_SetSRID(ST_MakeLine(ST_MakePoint(1, 2), ST_MakePoint(3, 4)), 4326))),
    ('without box', PostGIS_DropBBox(ST_SetSRID(ST_MakeLine(ST_MakePoint(1, 2), ST_MakePoint(3, 4)), 4326))),
    ('compressed', (SELECT ST_SetSRID(ST_MakeLine(ST_MakePoint(1, 2 + i % 2) ORDER BY i), 4326) FROM generate_series(1, 1000) i));
ALTER TABLE stored ALTER line SET STORAGE EXTERNAL;
INSERT INTO stored
    SELECT 'external', ST_SetSRID(ST_MakeLine(ST_MakePoint(1, 2 + i % 2) ORDER BY i), 4326) FROM generate_series(1, 1000) i;
SELECT how, round(route_length(line)::numeric, 6) AS metres,
       abs(route_length(line) - ST_Length(line::geography)) <= 1e-9 * ST_Length(line::geography) AS as_postgis
FROM stored ORDER BY how;
DROP TABLE stored;

-- distance
SELECT round(distance('SRID=4326;POINT(126.9 37.5)'::geometry, 'SRID=4326;POINT(127.0 37.6)')::numeric, 6) AS geometry,
       round(distance('POINT(126.9 37.5)'::geography, 'POINT(127.0 37.6)')::numeric, 6) AS geography,
       round(distance('SRID=4326;POINT Z (126.9 37.5 99)'::geometry, 'SRID=4326;POINT M (127.0 37.6 7)')::numeric, 6) AS mixed,
       distance('SRID=4326;POINT(1 2)'::geometry, 'SRID=4326;POINT(361 2)') AS no_place,
       distance('SRID=4326;POINT(1 2)'::geometry, 'SRID=4326;POINT EMPTY') AS empty;

-- errors name what they got and the way out
SELECT route_length('LINESTRING(0 0, 1 1)'::geometry);
SELECT route_length('SRID=3857;LINESTRING(0 0, 1 1)'::geometry);
SELECT route_length('SRID=4269;LINESTRING(0 0, 1 1)'::geography);
SELECT route_length('SRID=4326;POLYGON((0 0, 1 0, 1 1, 0 0))'::geometry);
SELECT route_length('SRID=4326;GEOMETRYCOLLECTION(LINESTRING(0 0, 1 1))'::geometry);
SELECT route_length('SRID=4326;CIRCULARSTRING(0 0, 1 1, 2 0)'::geometry);
SELECT route_length('SRID=4326;MULTIPOINT(0 0, 1 1)'::geometry);
SELECT distance('SRID=4326;POINT(0 0)'::geometry, 'SRID=5179;POINT(0 0)');
SELECT distance('SRID=4326;POINT(0 0)'::geometry, 'SRID=4326;LINESTRING(0 0, 1 1)');
