-- Where on Earth, and how far apart.

SELECT set_config('search_path', tripmeter_internal.postgis_path(), true);

CREATE FUNCTION tripmeter.route_length(route geometry) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_route_length'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION tripmeter.route_length(geometry) IS
    'Length in metres on the WGS 84 ellipsoid of a LINESTRING or MULTILINESTRING in SRID 4326; Z '
    'and M are ignored, a POINT or EMPTY is 0, a vertex that is no place on Earth is left out. '
    'Errors: another type, another SRID.';

CREATE FUNCTION tripmeter.route_length(route geography) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_route_length'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION tripmeter.route_length(geography) IS
    'Length in metres on the WGS 84 ellipsoid of a LINESTRING or MULTILINESTRING in SRID 4326; Z '
    'and M are ignored, a POINT or EMPTY is 0, a vertex that is no place on Earth is left out. '
    'Errors: another type, another SRID.';

CREATE FUNCTION tripmeter.distance(a geometry, b geometry) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_distance'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter.distance(geometry, geometry) IS
    'Metres between two points in SRID 4326 along the WGS 84 ellipsoid; NULL if one is empty or '
    'no place on Earth. Errors: not a POINT, another SRID.';

CREATE FUNCTION tripmeter.distance(a geography, b geography) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_distance'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter.distance(geography, geography) IS
    'Metres between two points in SRID 4326 along the WGS 84 ellipsoid; NULL if one is empty or '
    'no place on Earth. Errors: not a POINT, another SRID.';

SET LOCAL search_path = pg_catalog, pg_temp;
