\echo Use "CREATE EXTENSION tripmeter" to load this file. \quit
-- The schema is everybody's to use.

COMMENT ON SCHEMA @extschema@ IS 'tripmeter: mileage, route length and billing of trips';
GRANT USAGE ON SCHEMA @extschema@ TO PUBLIC;

-- Where on Earth, and how far apart.

CREATE FUNCTION route_length(route geometry) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_route_length'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION route_length(geometry) IS
    'Length in metres on the WGS 84 ellipsoid of a LINESTRING or MULTILINESTRING in SRID 4326; Z and M are ignored, a POINT or EMPTY is 0, a vertex that is no place on Earth is left out. Errors: another type, another SRID.';

CREATE FUNCTION route_length(route geography) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_route_length'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION route_length(geography) IS
    'Length in metres on the WGS 84 ellipsoid of a LINESTRING or MULTILINESTRING in SRID 4326; Z and M are ignored, a POINT or EMPTY is 0, a vertex that is no place on Earth is left out. Errors: another type, another SRID.';

CREATE FUNCTION distance(a geometry, b geometry) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_distance'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION distance(geometry, geometry) IS
    'Metres between two points in SRID 4326 along the WGS 84 ellipsoid; NULL if one is empty or no place on Earth. Errors: not a POINT, another SRID.';

CREATE FUNCTION distance(a geography, b geography) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_distance'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION distance(geography, geography) IS
    'Metres between two points in SRID 4326 along the WGS 84 ellipsoid; NULL if one is empty or no place on Earth. Errors: not a POINT, another SRID.';
-- The track: a recorded trip as one value, and what can be asked of it.

CREATE TYPE track;

CREATE FUNCTION track_in(cstring) RETURNS track
    AS 'MODULE_PATHNAME', 'tripmeter_track_in'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION track_in(cstring) IS
    'Reads the text form of a track.';

CREATE FUNCTION track_out(track) RETURNS cstring
    AS 'MODULE_PATHNAME', 'tripmeter_track_out'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION track_out(track) IS
    'Writes the text form of a track.';

CREATE FUNCTION track_recv(internal) RETURNS track
    AS 'MODULE_PATHNAME', 'tripmeter_track_recv'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION track_recv(internal) IS
    'Reads the binary form of a track.';

CREATE FUNCTION track_send(track) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_track_send'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION track_send(track) IS
    'Writes the binary form of a track.';

CREATE TYPE track (
    INPUT = track_in,
    OUTPUT = track_out,
    RECEIVE = track_recv,
    SEND = track_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = external
);
COMMENT ON TYPE track IS
    'A recorded trip: its valid, distinct fixes in order of time, bit for bit, a few bytes each, optionally with speed (m/s) and accuracy (m), and the counts of rows that were left out. Text: [POINT(lon lat)@time, ...], as MobilityDB writes a sequence of points.';

-- Making one

CREATE FUNCTION track_accum(state internal, recorded_at timestamptz, "position" geometry) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION track_accum(internal, timestamptz, geometry) IS
    'Transition function of track.';

CREATE FUNCTION track_accum(state internal, recorded_at timestamptz, "position" geometry, speed real, accuracy real) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION track_accum(internal, timestamptz, geometry, real, real) IS
    'Transition function of track.';

CREATE FUNCTION track_accum(state internal, recorded_at timestamptz, "position" geography) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION track_accum(internal, timestamptz, geography) IS
    'Transition function of track.';

CREATE FUNCTION track_accum(state internal, recorded_at timestamptz, "position" geography, speed real, accuracy real) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION track_accum(internal, timestamptz, geography, real, real) IS
    'Transition function of track.';

CREATE FUNCTION track_accum(state internal, recorded_at timestamptz, lon float8, lat float8) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_accum_lonlat'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION track_accum(internal, timestamptz, float8, float8) IS
    'Transition function of track.';

CREATE FUNCTION track_accum(state internal, recorded_at timestamptz, lon float8, lat float8, speed real, accuracy real) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_accum_lonlat'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION track_accum(internal, timestamptz, float8, float8, real, real) IS
    'Transition function of track.';

CREATE FUNCTION track_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_combine'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION track_combine(internal, internal) IS
    'Combine function of track.';

CREATE FUNCTION track_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_track_serial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION track_serial(internal) IS
    'Serialization function of track.';

CREATE FUNCTION track_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_deserial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION track_deserial(bytea, internal) IS
    'Deserialization function of track.';

CREATE FUNCTION track_final(internal) RETURNS track
    AS 'MODULE_PATHNAME', 'tripmeter_track_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION track_final(internal) IS
    'Final function of track.';

CREATE AGGREGATE track(recorded_at timestamptz, "position" geometry) (
    SFUNC = track_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = track_final,
    COMBINEFUNC = track_combine,
    SERIALFUNC = track_serial, DESERIALFUNC = track_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE track(timestamptz, geometry) IS
    'The track of the fixes of a group, in any order. What is not in it is counted: see mileage_report. NULL without rows, empty without a valid fix. Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb, a track beyond 1 GB.';

CREATE AGGREGATE track(recorded_at timestamptz, "position" geometry, speed real, accuracy real) (
    SFUNC = track_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = track_final,
    COMBINEFUNC = track_combine,
    SERIALFUNC = track_serial, DESERIALFUNC = track_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE track(timestamptz, geometry, real, real) IS
    'The track of the fixes of a group, in any order, with their speed in metres per second and their accuracy radius in metres, NULL where unknown. What is not in it is counted: see mileage_report. NULL without rows, empty without a valid fix. Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb, a track beyond 1 GB.';

CREATE AGGREGATE track(recorded_at timestamptz, "position" geography) (
    SFUNC = track_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = track_final,
    COMBINEFUNC = track_combine,
    SERIALFUNC = track_serial, DESERIALFUNC = track_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE track(timestamptz, geography) IS
    'The track of the fixes of a group, in any order. What is not in it is counted: see mileage_report. NULL without rows, empty without a valid fix. Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb, a track beyond 1 GB.';

CREATE AGGREGATE track(recorded_at timestamptz, "position" geography, speed real, accuracy real) (
    SFUNC = track_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = track_final,
    COMBINEFUNC = track_combine,
    SERIALFUNC = track_serial, DESERIALFUNC = track_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE track(timestamptz, geography, real, real) IS
    'The track of the fixes of a group, in any order, with their speed in metres per second and their accuracy radius in metres, NULL where unknown. What is not in it is counted: see mileage_report. NULL without rows, empty without a valid fix. Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb, a track beyond 1 GB.';

CREATE AGGREGATE track(recorded_at timestamptz, lon float8, lat float8) (
    SFUNC = track_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = track_final,
    COMBINEFUNC = track_combine,
    SERIALFUNC = track_serial, DESERIALFUNC = track_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE track(timestamptz, float8, float8) IS
    'The track of the fixes of a group, in any order. What is not in it is counted: see mileage_report. NULL without rows, empty without a valid fix. Errors: more than tripmeter.max_state_mb, a track beyond 1 GB.';

CREATE AGGREGATE track(recorded_at timestamptz, lon float8, lat float8, speed real, accuracy real) (
    SFUNC = track_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = track_final,
    COMBINEFUNC = track_combine,
    SERIALFUNC = track_serial, DESERIALFUNC = track_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE track(timestamptz, float8, float8, real, real) IS
    'The track of the fixes of a group, in any order, with their speed in metres per second and their accuracy radius in metres, NULL where unknown. What is not in it is counted: see mileage_report. NULL without rows, empty without a valid fix. Errors: more than tripmeter.max_state_mb, a track beyond 1 GB.';

CREATE FUNCTION rollup_accum(state internal, track track) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_rollup_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION rollup_accum(internal, track) IS
    'Transition function of rollup.';

CREATE FUNCTION rollup_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_rollup_combine'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION rollup_combine(internal, internal) IS
    'Combine function of rollup.';

CREATE FUNCTION rollup_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_rollup_serial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION rollup_serial(internal) IS
    'Serialization function of rollup.';

CREATE FUNCTION rollup_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_rollup_deserial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION rollup_deserial(bytea, internal) IS
    'Deserialization function of rollup.';

CREATE FUNCTION rollup_final(internal) RETURNS track
    AS 'MODULE_PATHNAME', 'tripmeter_rollup_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION rollup_final(internal) IS
    'Final function of rollup.';

CREATE AGGREGATE rollup(track track) (
    SFUNC = rollup_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = rollup_final,
    COMBINEFUNC = rollup_combine,
    SERIALFUNC = rollup_serial, DESERIALFUNC = rollup_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(track) IS
    'The track of all fixes of the tracks of a group, in any order, overlapping or not: the value that track() would give for all their rows. Counts of what was left out add up. NULL without a track. Errors: more than tripmeter.max_state_mb, a track beyond 1 GB.';

CREATE FUNCTION track_join(a track, b track) RETURNS track
    AS 'MODULE_PATHNAME', 'tripmeter_track_join'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION track_join(track, track) IS
    'The track of the fixes of two; the function of ||.';

CREATE OPERATOR || (
    LEFTARG = track, RIGHTARG = track, FUNCTION = track_join, COMMUTATOR = ||
);
COMMENT ON OPERATOR || (track, track) IS 'the fixes of both';

-- The whole

CREATE FUNCTION fix_count(track track) RETURNS bigint
    AS 'MODULE_PATHNAME', 'tripmeter_track_fix_count'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION fix_count(track) IS
    'Number of fixes in a track.';

CREATE FUNCTION start_time(track track) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'tripmeter_track_start_time'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION start_time(track) IS
    'Time of the first fix; NULL if the track is empty.';

CREATE FUNCTION end_time(track track) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'tripmeter_track_end_time'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION end_time(track) IS
    'Time of the last fix; NULL if the track is empty.';

CREATE FUNCTION duration(track track) RETURNS interval
    AS 'MODULE_PATHNAME', 'tripmeter_track_duration'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION duration(track) IS
    'Time from the first fix to the last, in hours and less; 0 with less than two.';

CREATE FUNCTION period(track track) RETURNS tstzrange
    AS 'MODULE_PATHNAME', 'tripmeter_track_period'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION period(track) IS
    'From the first fix to the last, both included; empty if the track is empty. Fit for a GiST index.';

CREATE FUNCTION length(track track) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_track_length'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION length(track) IS
    'Metres along all fixes on the WGS 84 ellipsoid, without any policy; 0 with less than two.';

CREATE FUNCTION bbox(track track) RETURNS geometry
    AS 'MODULE_PATHNAME', 'tripmeter_track_bbox'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION bbox(track) IS
    'The box around all fixes: a POLYGON; a LINESTRING or POINT where it has no width or height; a MULTIPOLYGON with a part on either side of the antimeridian if the track crosses it, or a box around the Earth if it is wide; POLYGON EMPTY if it is empty. Fit for a GiST index.';

CREATE FUNCTION start_point(track track) RETURNS geometry
    AS 'MODULE_PATHNAME', 'tripmeter_track_start_point'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION start_point(track) IS
    'Place of the first fix, a POINT; NULL if the track is empty.';

CREATE FUNCTION end_point(track track) RETURNS geometry
    AS 'MODULE_PATHNAME', 'tripmeter_track_end_point'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION end_point(track) IS
    'Place of the last fix, a POINT; NULL if the track is empty.';

-- Parts

CREATE FUNCTION at(track track, "time" timestamptz) RETURNS geometry
    AS 'MODULE_PATHNAME', 'tripmeter_track_at'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION at(track, timestamptz) IS
    'Where the vehicle was, a POINT: a fix, or the place on the geodesic between two, by time, to 1e-9 degrees. NULL before the first fix and after the last.';

CREATE FUNCTION slice(track track, period tstzrange, interpolate boolean DEFAULT false) RETURNS track
    AS 'MODULE_PATHNAME', 'tripmeter_track_slice'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION slice(track, tstzrange, boolean) IS
    'The fixes of a period; with interpolate also the places at its bounds, included or not, where these lie between fixes. What was left out of the track is not counted in the slice.';

CREATE FUNCTION length(track track, period tstzrange) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_track_window_length'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION length(track, tstzrange) IS
    'Metres along the fixes of a period and to its bounds, as of its slice with interpolated ends, always measured anew.';

CREATE FUNCTION fixes(track track)
    RETURNS TABLE (recorded_at timestamptz, "position" geometry(Point, 4326), speed real, accuracy real)
    AS 'MODULE_PATHNAME', 'tripmeter_track_fixes'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION fixes(track) IS
    'The fixes of a track as rows in order of time, with speed in metres per second and accuracy radius in metres, NULL where unknown.';

CREATE FUNCTION simplify(track track, tolerance_m float8) RETURNS track
    AS 'MODULE_PATHNAME', 'tripmeter_track_simplify'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION simplify(track, float8) IS
    'The track with fewer fixes, the first and last among them: at no time is it farther than the tolerance, in metres, from a fix that was left out. Errors: a negative tolerance.';

CREATE FUNCTION speed_profile(track track)
    RETURNS TABLE (recorded_at timestamptz, distance_m float8, speed float8, recorded_speed real)
    AS 'MODULE_PATHNAME', 'tripmeter_track_speed_profile'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION speed_profile(track) IS
    'A row for each fix: metres along the track so far, metres per second from the fix before, NULL at the first, and the recorded speed, NULL where unknown.';

-- To and from other forms

CREATE FUNCTION as_text(track track) RETURNS text
    AS 'MODULE_PATHNAME', 'tripmeter_track_as_text'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION as_text(track) IS
    'Times and positions as MobilityDB reads them: the text form without speed, accuracy and counts.';

CREATE FUNCTION as_geometry(track track) RETURNS geometry
    AS 'MODULE_PATHNAME', 'tripmeter_track_to_geometry'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION as_geometry(track) IS
    'A LINESTRING M whose M is seconds since 1970-01-01 UTC, as PostGIS has trajectories; a POINT M of one fix; LINESTRING M EMPTY of none. Microseconds are kept up to the year 2255.';

CREATE FUNCTION as_geography(track track) RETURNS geography
    AS 'MODULE_PATHNAME', 'tripmeter_track_to_geography'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION as_geography(track) IS
    'A LINESTRING M on the ellipsoid whose M is seconds since 1970-01-01 UTC; a POINT M of one fix; LINESTRING M EMPTY of none.';

CREATE FUNCTION track_from_geometry(trajectory geometry) RETURNS track
    AS 'MODULE_PATHNAME', 'tripmeter_track_from_geometry'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION track_from_geometry(geometry) IS
    'The track of a LINESTRING M or POINT M in SRID 4326 whose M is seconds since 1970-01-01 UTC, in any order. Errors: another type, another SRID, no M.';

CREATE FUNCTION track_from_geography(trajectory geography) RETURNS track
    AS 'MODULE_PATHNAME', 'tripmeter_track_from_geometry'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION track_from_geography(geography) IS
    'The track of a LINESTRING M or POINT M whose M is seconds since 1970-01-01 UTC, in any order. Errors: another type, no M.';

CREATE CAST (track AS geometry) WITH FUNCTION as_geometry(track);
COMMENT ON CAST (track AS geometry) IS 'A trajectory: LINESTRING M.';

CREATE CAST (track AS geography) WITH FUNCTION as_geography(track);
COMMENT ON CAST (track AS geography) IS 'A trajectory: LINESTRING M.';

CREATE CAST (geometry AS track) WITH FUNCTION track_from_geometry(geometry);
COMMENT ON CAST (geometry AS track) IS 'From a trajectory: LINESTRING M.';

CREATE CAST (geography AS track) WITH FUNCTION track_from_geography(geography);
COMMENT ON CAST (geography AS track) IS 'From a trajectory: LINESTRING M.';

CREATE FUNCTION as_mfjson(track track) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'tripmeter_track_as_mfjson'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5000;
COMMENT ON FUNCTION as_mfjson(track) IS
    'A feature of OGC Moving Features JSON (OGC 19-045r3): a MovingPoint, with speed (MTS, metres per second) and accuracy (MTR, metres) as temporal properties where there are any.';

CREATE FUNCTION track_from_mfjson(mfjson jsonb) RETURNS track
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 5000
    SET search_path = pg_catalog
AS $function$
DECLARE
    point jsonb := coalesce(mfjson -> 'temporalGeometry', mfjson);
    properties jsonb := coalesce(nullif(mfjson -> 'temporalProperties', 'null'), '[]');
    result @extschema@.track;
BEGIN
    IF point ->> 'type' IS DISTINCT FROM 'MovingPoint' THEN
        RAISE EXCEPTION 'not a moving point of Moving Features JSON' USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('Its type is %s.', coalesce(point ->> 'type', 'missing')),
            HINT = 'Give a Feature with a temporalGeometry, or a MovingPoint.';
    END IF;
    IF point ->> 'interpolation' NOT IN ('Linear', 'Discrete') THEN
        RAISE EXCEPTION 'interpolation of a moving point is not linear' USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It is %s.', point ->> 'interpolation');
    END IF;
    IF jsonb_typeof(point -> 'datetimes') IS DISTINCT FROM 'array' OR jsonb_typeof(point -> 'coordinates') IS DISTINCT FROM 'array'
        OR jsonb_array_length(point -> 'datetimes') <> jsonb_array_length(point -> 'coordinates') THEN
        RAISE EXCEPTION 'a moving point needs as many datetimes as coordinates' USING
            ERRCODE = 'invalid_parameter_value';
    END IF;
    -- a time is text, or milliseconds since 1970
    WITH fix AS (
        SELECT CASE jsonb_typeof(t) WHEN 'number' THEN to_timestamp(t::float8 / 1000) ELSE (t #>> '{}')::timestamptz END AS at,
               (c ->> 0)::float8 AS lon, (c ->> 1)::float8 AS lat
        FROM ROWS FROM (jsonb_array_elements(point -> 'datetimes'), jsonb_array_elements(point -> 'coordinates')) AS r (t, c)
    ), property AS (
        SELECT CASE jsonb_typeof(t) WHEN 'number' THEN to_timestamp(t::float8 / 1000) ELSE (t #>> '{}')::timestamptz END AS at,
               max(value::real) FILTER (WHERE name = 'speed') AS speed, max(value::real) FILTER (WHERE name = 'accuracy') AS accuracy
        FROM jsonb_array_elements(properties) AS e (property), unnest(ARRAY['speed', 'accuracy']) name,
             ROWS FROM (jsonb_array_elements(property -> 'datetimes'), jsonb_array_elements_text(property -> name -> 'values')) AS r (t, value)
        GROUP BY 1
    )
    SELECT @extschema@.track(fix.at, lon, lat, speed, accuracy) INTO result
    FROM fix LEFT JOIN property ON property.at = fix.at;
    RETURN coalesce(result, '[]'::@extschema@.track);
END
$function$;
COMMENT ON FUNCTION track_from_mfjson(jsonb) IS
    'The track of a feature, or a MovingPoint, of OGC Moving Features JSON, with its temporal properties speed and accuracy. Errors: another type, another interpolation than Linear or Discrete, not as many datetimes as coordinates.';
-- Comparing tracks by content: counts of what was left out take no part.

CREATE FUNCTION track_cmp(track, track) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_track_cmp'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION track_cmp(track, track) IS
    'Compares two tracks by start, then end, then in an order of no meaning.';

CREATE FUNCTION track_hash(track) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_track_hash'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION track_hash(track) IS
    'Hash of the fixes of a track.';

CREATE FUNCTION track_hash_extended(track, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'tripmeter_track_hash_extended'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION track_hash_extended(track, bigint) IS
    'Hash of the fixes of a track, with a seed.';

CREATE FUNCTION track_lt(track, track) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_track_lt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION track_lt(track, track) IS
    'implementation of < operator';
CREATE OPERATOR < (
    LEFTARG = track, RIGHTARG = track, FUNCTION = track_lt,
    COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (track, track) IS 'less than';

CREATE FUNCTION track_le(track, track) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_track_le'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION track_le(track, track) IS
    'implementation of <= operator';
CREATE OPERATOR <= (
    LEFTARG = track, RIGHTARG = track, FUNCTION = track_le,
    COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (track, track) IS 'less than or equal';

CREATE FUNCTION track_eq(track, track) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_track_eq'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION track_eq(track, track) IS
    'implementation of = operator';
CREATE OPERATOR = (
    LEFTARG = track, RIGHTARG = track, FUNCTION = track_eq,
    COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (track, track) IS 'equal';

CREATE FUNCTION track_ne(track, track) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_track_ne'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION track_ne(track, track) IS
    'implementation of <> operator';
CREATE OPERATOR <> (
    LEFTARG = track, RIGHTARG = track, FUNCTION = track_ne,
    COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (track, track) IS 'not equal';

CREATE FUNCTION track_ge(track, track) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_track_ge'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION track_ge(track, track) IS
    'implementation of >= operator';
CREATE OPERATOR >= (
    LEFTARG = track, RIGHTARG = track, FUNCTION = track_ge,
    COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (track, track) IS 'greater than or equal';

CREATE FUNCTION track_gt(track, track) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_track_gt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION track_gt(track, track) IS
    'implementation of > operator';
CREATE OPERATOR > (
    LEFTARG = track, RIGHTARG = track, FUNCTION = track_gt,
    COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (track, track) IS 'greater than';

CREATE OPERATOR CLASS track_ops
    DEFAULT FOR TYPE track USING btree AS
    OPERATOR 1 <,
    OPERATOR 2 <=,
    OPERATOR 3 =,
    OPERATOR 4 >=,
    OPERATOR 5 >,
    FUNCTION 1 track_cmp(track, track);
COMMENT ON OPERATOR CLASS track_ops USING btree IS 'An order for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY track_ops USING btree IS 'An order for DISTINCT and GROUP BY.';

CREATE OPERATOR CLASS track_hash_ops
    DEFAULT FOR TYPE track USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 track_hash(track),
    FUNCTION 2 track_hash_extended(track, bigint);
COMMENT ON OPERATOR CLASS track_hash_ops USING hash IS 'Hashing for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY track_hash_ops USING hash IS 'Hashing for DISTINCT and GROUP BY.';
-- The policy: what counts as driven.

CREATE TYPE mileage_policy;

CREATE FUNCTION mileage_policy_in(cstring) RETURNS mileage_policy
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_in'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_policy_in(cstring) IS 'Reads the text form of a mileage policy.';

CREATE FUNCTION mileage_policy_out(mileage_policy) RETURNS cstring
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_out'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_policy_out(mileage_policy) IS 'Writes the canonical text form of a mileage policy.';

CREATE FUNCTION mileage_policy_recv(internal) RETURNS mileage_policy
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_recv'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_policy_recv(internal) IS 'Reads the binary form of a mileage policy.';

CREATE FUNCTION mileage_policy_send(mileage_policy) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_send'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_policy_send(mileage_policy) IS 'Writes the binary form of a mileage policy.';

CREATE TYPE mileage_policy (
    INPUT = mileage_policy_in,
    OUTPUT = mileage_policy_out,
    RECEIVE = mileage_policy_recv,
    SEND = mileage_policy_send,
    INTERNALLENGTH = 40,
    ALIGNMENT = double,
    STORAGE = plain
);
COMMENT ON TYPE mileage_policy IS
    'What counts as driven. Text: default, raw, or v1, then rule=value; max_speed in m/s, jitter_radius and max_accuracy in metres, gap_threshold in seconds.';

CREATE FUNCTION mileage_policy(
        max_speed float8 DEFAULT 70,
        jitter_radius float8 DEFAULT 20,
        gap_threshold interval DEFAULT '5 minutes',
        gap_counts_as text DEFAULT 'straight',
        reanchor_fixes integer DEFAULT 3,
        max_accuracy float8 DEFAULT 100,
        null_island text DEFAULT 'reject')
    RETURNS mileage_policy
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_policy(float8, float8, interval, text, integer, float8, text) IS
    'A mileage policy: top speed in m/s, jitter radius in metres (up to 1000), longest time between fixes that is no gap, what a gap counts as (straight, exclude), how many agreeing fixes re-anchor after a jump (1 to 16), largest accepted accuracy radius in metres, fixes at exactly (0,0) (reject, accept). NULL turns a limit off. Errors: a value out of its range.';

CREATE FUNCTION mileage_policy_cmp(mileage_policy, mileage_policy) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_cmp'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_policy_cmp(mileage_policy, mileage_policy) IS 'Compares two policies, in an order of no meaning.';

CREATE FUNCTION mileage_policy_hash(mileage_policy) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_hash'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_policy_hash(mileage_policy) IS 'Hash of a policy.';

CREATE FUNCTION mileage_policy_lt(mileage_policy, mileage_policy) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_lt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_policy_lt(mileage_policy, mileage_policy) IS 'implementation of < operator';
CREATE OPERATOR < (
    LEFTARG = mileage_policy, RIGHTARG = mileage_policy, FUNCTION = mileage_policy_lt,
    COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (mileage_policy, mileage_policy) IS 'less than';

CREATE FUNCTION mileage_policy_le(mileage_policy, mileage_policy) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_le'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_policy_le(mileage_policy, mileage_policy) IS 'implementation of <= operator';
CREATE OPERATOR <= (
    LEFTARG = mileage_policy, RIGHTARG = mileage_policy, FUNCTION = mileage_policy_le,
    COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (mileage_policy, mileage_policy) IS 'less than or equal';

CREATE FUNCTION mileage_policy_eq(mileage_policy, mileage_policy) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_eq'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_policy_eq(mileage_policy, mileage_policy) IS 'implementation of = operator';
CREATE OPERATOR = (
    LEFTARG = mileage_policy, RIGHTARG = mileage_policy, FUNCTION = mileage_policy_eq,
    COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (mileage_policy, mileage_policy) IS 'equal';

CREATE FUNCTION mileage_policy_ne(mileage_policy, mileage_policy) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_ne'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_policy_ne(mileage_policy, mileage_policy) IS 'implementation of <> operator';
CREATE OPERATOR <> (
    LEFTARG = mileage_policy, RIGHTARG = mileage_policy, FUNCTION = mileage_policy_ne,
    COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (mileage_policy, mileage_policy) IS 'not equal';

CREATE FUNCTION mileage_policy_ge(mileage_policy, mileage_policy) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_ge'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_policy_ge(mileage_policy, mileage_policy) IS 'implementation of >= operator';
CREATE OPERATOR >= (
    LEFTARG = mileage_policy, RIGHTARG = mileage_policy, FUNCTION = mileage_policy_ge,
    COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (mileage_policy, mileage_policy) IS 'greater than or equal';

CREATE FUNCTION mileage_policy_gt(mileage_policy, mileage_policy) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_gt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_policy_gt(mileage_policy, mileage_policy) IS 'implementation of > operator';
CREATE OPERATOR > (
    LEFTARG = mileage_policy, RIGHTARG = mileage_policy, FUNCTION = mileage_policy_gt,
    COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (mileage_policy, mileage_policy) IS 'greater than';

CREATE OPERATOR CLASS mileage_policy_ops
    DEFAULT FOR TYPE mileage_policy USING btree AS
    OPERATOR 1 <,
    OPERATOR 2 <=,
    OPERATOR 3 =,
    OPERATOR 4 >=,
    OPERATOR 5 >,
    FUNCTION 1 mileage_policy_cmp(mileage_policy, mileage_policy);
COMMENT ON OPERATOR CLASS mileage_policy_ops USING btree IS 'An order for DISTINCT and GROUP BY.';

CREATE OPERATOR CLASS mileage_policy_hash_ops
    DEFAULT FOR TYPE mileage_policy USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 mileage_policy_hash(mileage_policy);
COMMENT ON OPERATOR CLASS mileage_policy_hash_ops USING hash IS 'Hashing for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY mileage_policy_ops USING btree IS 'An order for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY mileage_policy_hash_ops USING hash IS 'Hashing for DISTINCT and GROUP BY.';
-- Mileage: what was driven, from the fixes of a group.

CREATE TYPE mileage_report AS (
    distance_m float8,
    raw_m float8,
    jitter_m float8,
    outlier_m float8,
    inaccurate_m float8,
    gap_m float8,
    gap_excluded_m float8,
    moving_time interval,
    stopped_time interval,
    gap_time interval,
    first_time timestamptz,
    last_time timestamptz,
    top_speed float8,
    used_count bigint,
    jitter_count bigint,
    outlier_count bigint,
    inaccurate_count bigint,
    conflict_count bigint,
    duplicate_count bigint,
    invalid_count bigint,
    null_count bigint,
    gap_count bigint,
    policy mileage_policy
);
COMMENT ON TYPE mileage_report IS
    'A mileage, and every metre, second and row that did or did not go into it. Metres, metres per second.';
COMMENT ON COLUMN mileage_report.distance_m IS 'the mileage in metres: measured, and bridged over gaps that count';
COMMENT ON COLUMN mileage_report.raw_m IS 'metres of every leg between distinct valid fixes; equals distance_m + jitter_m + outlier_m + inaccurate_m + gap_excluded_m';
COMMENT ON COLUMN mileage_report.jitter_m IS 'metres of wandering around an anchor, suppressed';
COMMENT ON COLUMN mileage_report.outlier_m IS 'metres of detours by way of outliers, rejected';
COMMENT ON COLUMN mileage_report.inaccurate_m IS 'metres of detours by way of fixes of poor accuracy, rejected';
COMMENT ON COLUMN mileage_report.gap_m IS 'metres of straight lines over gaps; part of distance_m';
COMMENT ON COLUMN mileage_report.gap_excluded_m IS 'metres of gaps that do not count, and of jumps';
COMMENT ON COLUMN mileage_report.moving_time IS 'time in motion; with stopped_time and gap_time it makes last_time - first_time';
COMMENT ON COLUMN mileage_report.stopped_time IS 'time at rest; known only with a jitter radius';
COMMENT ON COLUMN mileage_report.gap_time IS 'time without fixes';
COMMENT ON COLUMN mileage_report.first_time IS 'time of the first believed fix';
COMMENT ON COLUMN mileage_report.last_time IS 'time of the last believed fix';
COMMENT ON COLUMN mileage_report.top_speed IS 'speed of the fastest measured leg in metres per second';
COMMENT ON COLUMN mileage_report.used_count IS 'fixes that the mileage rests on; all counts but gap_count add up to the rows';
COMMENT ON COLUMN mileage_report.jitter_count IS 'fixes whose movement was suppressed';
COMMENT ON COLUMN mileage_report.outlier_count IS 'fixes rejected for their implied speed';
COMMENT ON COLUMN mileage_report.inaccurate_count IS 'fixes rejected for their accuracy';
COMMENT ON COLUMN mileage_report.conflict_count IS 'fixes at the time of another, elsewhere';
COMMENT ON COLUMN mileage_report.duplicate_count IS 'fixes at the time and place of another';
COMMENT ON COLUMN mileage_report.invalid_count IS 'fixes at no place or time on Earth, and at (0,0) where rejected';
COMMENT ON COLUMN mileage_report.null_count IS 'rows without a time or a position';
COMMENT ON COLUMN mileage_report.gap_count IS 'gaps and jumps';
COMMENT ON COLUMN mileage_report.policy IS 'the policy applied';

-- The state of both aggregates.

CREATE FUNCTION mileage_accum(state internal, recorded_at timestamptz, "position" geometry) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_accum(internal, timestamptz, geometry) IS 'Transition function of mileage and mileage_report.';

CREATE FUNCTION mileage_accum(state internal, recorded_at timestamptz, "position" geometry, policy mileage_policy) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_accum(internal, timestamptz, geometry, mileage_policy) IS 'Transition function of mileage and mileage_report.';

CREATE FUNCTION mileage_accum(state internal, recorded_at timestamptz, "position" geometry, accuracy real, policy mileage_policy) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_accum(internal, timestamptz, geometry, real, mileage_policy) IS 'Transition function of mileage and mileage_report.';

CREATE FUNCTION mileage_accum(state internal, recorded_at timestamptz, "position" geography) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_accum(internal, timestamptz, geography) IS 'Transition function of mileage and mileage_report.';

CREATE FUNCTION mileage_accum(state internal, recorded_at timestamptz, "position" geography, policy mileage_policy) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_accum(internal, timestamptz, geography, mileage_policy) IS 'Transition function of mileage and mileage_report.';

CREATE FUNCTION mileage_accum(state internal, recorded_at timestamptz, "position" geography, accuracy real, policy mileage_policy) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_accum(internal, timestamptz, geography, real, mileage_policy) IS 'Transition function of mileage and mileage_report.';

CREATE FUNCTION mileage_accum(state internal, recorded_at timestamptz, lon float8, lat float8) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_lonlat'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_accum(internal, timestamptz, float8, float8) IS 'Transition function of mileage and mileage_report.';

CREATE FUNCTION mileage_accum(state internal, recorded_at timestamptz, lon float8, lat float8, policy mileage_policy) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_lonlat'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_accum(internal, timestamptz, float8, float8, mileage_policy) IS 'Transition function of mileage and mileage_report.';

CREATE FUNCTION mileage_accum(state internal, recorded_at timestamptz, lon float8, lat float8, accuracy real, policy mileage_policy) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_lonlat'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION mileage_accum(internal, timestamptz, float8, float8, real, mileage_policy) IS 'Transition function of mileage and mileage_report.';

CREATE FUNCTION mileage_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_combine'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION mileage_combine(internal, internal) IS 'Combine function of mileage and mileage_report.';

CREATE FUNCTION mileage_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_serial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION mileage_serial(internal) IS 'Serialization function of mileage and mileage_report.';

CREATE FUNCTION mileage_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_deserial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION mileage_deserial(bytea, internal) IS 'Deserialization function of mileage and mileage_report.';

CREATE FUNCTION mileage_final(internal) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION mileage_final(internal) IS 'Final function of mileage.';

CREATE FUNCTION mileage_report_final(internal) RETURNS mileage_report
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_report_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION mileage_report_final(internal) IS 'Final function of mileage_report.';

-- mileage

CREATE AGGREGATE mileage(recorded_at timestamptz, "position" geometry) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage(timestamptz, geometry) IS
    'Metres driven, from fixes in any order, under the default policy. NULL without a usable fix. Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage(recorded_at timestamptz, "position" geometry, policy mileage_policy) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage(timestamptz, geometry, mileage_policy) IS
    'Metres driven, from fixes in any order, under this policy. NULL without a usable fix. Errors: a position that is not a POINT in SRID 4326, more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage(recorded_at timestamptz, "position" geometry, accuracy real, policy mileage_policy) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage(timestamptz, geometry, real, mileage_policy) IS
    'Metres driven, from fixes in any order, under this policy, given the accuracy radius of each fix in metres, NULL where unknown. NULL without a usable fix. Errors: a position that is not a POINT in SRID 4326, more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage(recorded_at timestamptz, "position" geography) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage(timestamptz, geography) IS
    'Metres driven, from fixes in any order, under the default policy. NULL without a usable fix. Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage(recorded_at timestamptz, "position" geography, policy mileage_policy) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage(timestamptz, geography, mileage_policy) IS
    'Metres driven, from fixes in any order, under this policy. NULL without a usable fix. Errors: a position that is not a POINT in SRID 4326, more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage(recorded_at timestamptz, "position" geography, accuracy real, policy mileage_policy) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage(timestamptz, geography, real, mileage_policy) IS
    'Metres driven, from fixes in any order, under this policy, given the accuracy radius of each fix in metres, NULL where unknown. NULL without a usable fix. Errors: a position that is not a POINT in SRID 4326, more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage(recorded_at timestamptz, lon float8, lat float8) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage(timestamptz, float8, float8) IS
    'Metres driven, from fixes in any order, under the default policy. NULL without a usable fix. Errors: more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage(recorded_at timestamptz, lon float8, lat float8, policy mileage_policy) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage(timestamptz, float8, float8, mileage_policy) IS
    'Metres driven, from fixes in any order, under this policy. NULL without a usable fix. Errors: more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage(recorded_at timestamptz, lon float8, lat float8, accuracy real, policy mileage_policy) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage(timestamptz, float8, float8, real, mileage_policy) IS
    'Metres driven, from fixes in any order, under this policy, given the accuracy radius of each fix in metres, NULL where unknown. NULL without a usable fix. Errors: more than one policy in a group, more than tripmeter.max_state_mb.';

-- mileage_report

CREATE AGGREGATE mileage_report(recorded_at timestamptz, "position" geometry) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_report_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage_report(timestamptz, geometry) IS
    'What was driven and what was left out, from fixes in any order, under the default policy. Counts and metres are 0 without a usable fix. Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage_report(recorded_at timestamptz, "position" geometry, policy mileage_policy) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_report_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage_report(timestamptz, geometry, mileage_policy) IS
    'What was driven and what was left out, from fixes in any order, under this policy. Counts and metres are 0 without a usable fix. Errors: a position that is not a POINT in SRID 4326, more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage_report(recorded_at timestamptz, "position" geometry, accuracy real, policy mileage_policy) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_report_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage_report(timestamptz, geometry, real, mileage_policy) IS
    'What was driven and what was left out, from fixes in any order, under this policy, given the accuracy radius of each fix in metres, NULL where unknown. Counts and metres are 0 without a usable fix. Errors: a position that is not a POINT in SRID 4326, more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage_report(recorded_at timestamptz, "position" geography) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_report_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage_report(timestamptz, geography) IS
    'What was driven and what was left out, from fixes in any order, under the default policy. Counts and metres are 0 without a usable fix. Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage_report(recorded_at timestamptz, "position" geography, policy mileage_policy) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_report_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage_report(timestamptz, geography, mileage_policy) IS
    'What was driven and what was left out, from fixes in any order, under this policy. Counts and metres are 0 without a usable fix. Errors: a position that is not a POINT in SRID 4326, more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage_report(recorded_at timestamptz, "position" geography, accuracy real, policy mileage_policy) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_report_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage_report(timestamptz, geography, real, mileage_policy) IS
    'What was driven and what was left out, from fixes in any order, under this policy, given the accuracy radius of each fix in metres, NULL where unknown. Counts and metres are 0 without a usable fix. Errors: a position that is not a POINT in SRID 4326, more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage_report(recorded_at timestamptz, lon float8, lat float8) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_report_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage_report(timestamptz, float8, float8) IS
    'What was driven and what was left out, from fixes in any order, under the default policy. Counts and metres are 0 without a usable fix. Errors: more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage_report(recorded_at timestamptz, lon float8, lat float8, policy mileage_policy) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_report_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage_report(timestamptz, float8, float8, mileage_policy) IS
    'What was driven and what was left out, from fixes in any order, under this policy. Counts and metres are 0 without a usable fix. Errors: more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE mileage_report(recorded_at timestamptz, lon float8, lat float8, accuracy real, policy mileage_policy) (
    SFUNC = mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = mileage_report_final,
    COMBINEFUNC = mileage_combine,
    SERIALFUNC = mileage_serial, DESERIALFUNC = mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mileage_report(timestamptz, float8, float8, real, mileage_policy) IS
    'What was driven and what was left out, from fixes in any order, under this policy, given the accuracy radius of each fix in metres, NULL where unknown. Counts and metres are 0 without a usable fix. Errors: more than one policy in a group, more than tripmeter.max_state_mb.';
-- What was driven, of a track.

CREATE FUNCTION mileage(track track, policy mileage_policy DEFAULT 'default') RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_track_mileage'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION mileage(track, mileage_policy) IS
    'Metres driven, under this policy: what the aggregate mileage gives for the fixes of the track, to the bit. NULL without a usable fix.';

-- A policy written as text is taken for one; without this, it could as well be a period.
CREATE FUNCTION mileage(track track, policy text) RETURNS float8
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
    RETURN mileage(track, policy::mileage_policy);
COMMENT ON FUNCTION mileage(track, text) IS
    'Metres driven, under this policy. NULL without a usable fix. Errors: not a policy.';

CREATE FUNCTION mileage_report(track track, policy mileage_policy DEFAULT 'default') RETURNS mileage_report
    AS 'MODULE_PATHNAME', 'tripmeter_track_mileage_report'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION mileage_report(track, mileage_policy) IS
    'What was driven and what was left out, under this policy: what the aggregate mileage_report gives for the rows of the track.';

CREATE FUNCTION mileage(track track, period tstzrange, policy mileage_policy DEFAULT 'default') RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_track_mileage_window'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION mileage(track, tstzrange, mileage_policy) IS
    'Metres driven in a period, under this policy. The legs of the whole track are classified, and those across a bound shared by time, so that the periods of any split add up to the whole. 0 where nothing was driven, NULL without a usable fix in the track.';

CREATE FUNCTION mileage_by(track track, unit text, time_zone text, policy mileage_policy DEFAULT 'default')
    RETURNS TABLE (period tstzrange, distance_m float8)
    AS 'MODULE_PATHNAME', 'tripmeter_track_mileage_by'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 30;
COMMENT ON FUNCTION mileage_by(track, text, text, mileage_policy) IS
    'Metres driven in each hour, day, week, month, quarter or year of a time zone''s calendar, from that of the first fix to that of the last, under this policy; they add up to the mileage of the track. No rows without a usable fix. Errors: another unit, an unknown time zone, more than 1000000 rows.';

CREATE FUNCTION legs(track track, policy mileage_policy DEFAULT 'default')
    RETURNS TABLE (from_time timestamptz, to_time timestamptz, from_position geometry(Point, 4326), to_position geometry(Point, 4326),
        metres float8, seconds float8, class text, counted boolean)
    AS 'MODULE_PATHNAME', 'tripmeter_track_legs'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION legs(track, mileage_policy) IS
    'The audit of a mileage: every metre and every second of a track, and what became of it under this policy. Class is moving, stopped, gap, jitter, outlier or inaccurate; counted metres make the mileage. Metres and seconds add up, class by class, to those of mileage_report.';

CREATE FUNCTION stops(track track, radius float8 DEFAULT 50, min_duration interval DEFAULT '5 minutes')
    RETURNS TABLE (start_time timestamptz, end_time timestamptz, duration interval, "position" geometry(Point, 4326), fix_count bigint)
    AS 'MODULE_PATHNAME', 'tripmeter_track_stops'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION stops(track, float8, interval) IS
    'Where the vehicle stayed within a radius, in metres up to 1000, for so long, by the rules of the default policy for outliers and jitter; the position is the mean of its fixes. Errors: a radius out of range, a negative duration.';

CREATE FUNCTION gaps(track track, min_duration interval DEFAULT '5 minutes')
    RETURNS TABLE (start_time timestamptz, end_time timestamptz, duration interval,
        from_position geometry(Point, 4326), to_position geometry(Point, 4326), metres float8)
    AS 'MODULE_PATHNAME', 'tripmeter_track_gaps'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION gaps(track, interval) IS
    'Times of this length or longer without a fix, and the straight line over each, in metres. Errors: a negative duration.';

CREATE FUNCTION trips(track track, policy mileage_policy DEFAULT 'default', min_stop interval DEFAULT '5 minutes', min_distance float8 DEFAULT 100)
    RETURNS TABLE (start_time timestamptz, end_time timestamptz, duration interval, distance_m float8, trip track)
    AS 'MODULE_PATHNAME', 'tripmeter_track_trips'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5000 ROWS 10;
COMMENT ON FUNCTION trips(track, mileage_policy, interval, float8) IS
    'A vehicle''s stream of fixes, cut where it stopped for so long, by the policy''s jitter radius, or where the policy sees a gap; trips of less than so many metres are left out. Errors: a negative duration.';
-- Odometers: what a vehicle's own counter counted, from its readings.

CREATE TYPE odometer_report AS (
    distance_m float8,
    excluded_m float8,
    first_time timestamptz,
    last_time timestamptz,
    first_reading_m float8,
    last_reading_m float8,
    used_count bigint,
    rollover_count bigint,
    reset_count bigint,
    jump_count bigint,
    outlier_count bigint,
    conflict_count bigint,
    duplicate_count bigint,
    invalid_count bigint,
    null_count bigint
);
COMMENT ON TYPE odometer_report IS
    'A distance by an odometer, and every step and row that did or did not go into it. Metres.';
COMMENT ON COLUMN odometer_report.distance_m IS 'metres that the odometer counted';
COMMENT ON COLUMN odometer_report.excluded_m IS 'metres of the steps of resets and jumps, by their absolute values; never distance';
COMMENT ON COLUMN odometer_report.first_time IS 'time of the first believed reading; NULL without one';
COMMENT ON COLUMN odometer_report.last_time IS 'time of the last believed reading; NULL without one';
COMMENT ON COLUMN odometer_report.first_reading_m IS 'metres that the odometer showed at first_time';
COMMENT ON COLUMN odometer_report.last_reading_m IS 'metres that the odometer showed at last_time';
COMMENT ON COLUMN odometer_report.used_count IS 'readings believed; used, outlier, conflict, duplicate, invalid and null_count add up to the rows';
COMMENT ON COLUMN odometer_report.rollover_count IS 'times that the odometer passed rollover_m and started again at 0';
COMMENT ON COLUMN odometer_report.reset_count IS 'times that the odometer was set to a lower reading';
COMMENT ON COLUMN odometer_report.jump_count IS 'times that the odometer was set to a higher reading';
COMMENT ON COLUMN odometer_report.outlier_count IS 'readings that fit neither those before them nor enough of those after them';
COMMENT ON COLUMN odometer_report.conflict_count IS 'readings at the time of a lower one';
COMMENT ON COLUMN odometer_report.duplicate_count IS 'readings at the time of an equal one';
COMMENT ON COLUMN odometer_report.invalid_count IS 'readings that no odometer shows: not finite, negative, not below rollover_m; and those at no finite time';
COMMENT ON COLUMN odometer_report.null_count IS 'rows without a time or a reading';

-- The state of both aggregates.

CREATE FUNCTION odometer_accum(state internal, recorded_at timestamptz, reading_m float8) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION odometer_accum(internal, timestamptz, float8) IS 'Transition function of odometer_distance and odometer_report.';

CREATE FUNCTION odometer_accum(state internal, recorded_at timestamptz, reading_m float8, max_speed float8, rollover_m float8) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION odometer_accum(internal, timestamptz, float8, float8, float8) IS 'Transition function of odometer_distance and odometer_report.';

CREATE FUNCTION odometer_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_combine'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION odometer_combine(internal, internal) IS 'Combine function of odometer_distance and odometer_report.';

CREATE FUNCTION odometer_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_serial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION odometer_serial(internal) IS 'Serialization function of odometer_distance and odometer_report.';

CREATE FUNCTION odometer_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_deserial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION odometer_deserial(bytea, internal) IS 'Deserialization function of odometer_distance and odometer_report.';

CREATE FUNCTION odometer_distance_final(internal) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_distance_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION odometer_distance_final(internal) IS 'Final function of odometer_distance.';

CREATE FUNCTION odometer_report_final(internal) RETURNS odometer_report
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_report_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION odometer_report_final(internal) IS 'Final function of odometer_report.';

-- The aggregates

CREATE AGGREGATE odometer_distance(recorded_at timestamptz, reading_m float8) (
    SFUNC = odometer_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = odometer_distance_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = odometer_combine,
    SERIALFUNC = odometer_serial, DESERIALFUNC = odometer_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE odometer_distance(timestamptz, float8) IS
    'Metres that an odometer counted, from its readings in metres in any order. It counts at most 70 metres per second and never rolls over. NULL without a usable reading, 0 with one. Errors: more than tripmeter.max_state_mb.';

CREATE AGGREGATE odometer_distance(recorded_at timestamptz, reading_m float8, max_speed float8, rollover_m float8) (
    SFUNC = odometer_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = odometer_distance_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = odometer_combine,
    SERIALFUNC = odometer_serial, DESERIALFUNC = odometer_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE odometer_distance(timestamptz, float8, float8, float8) IS
    'Metres that an odometer counted, from its readings in metres in any order, that counts at most max_speed metres per second, NULL for any, and starts again at 0 after rollover_m metres, NULL for never. NULL without a usable reading, 0 with one. Errors: a max_speed that is not positive, a rollover_m that is not positive and finite, more than one of either in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE odometer_report(recorded_at timestamptz, reading_m float8) (
    SFUNC = odometer_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = odometer_report_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = odometer_combine,
    SERIALFUNC = odometer_serial, DESERIALFUNC = odometer_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE odometer_report(timestamptz, float8) IS
    'What an odometer counted and what was left out, from its readings in metres in any order. It counts at most 70 metres per second and never rolls over. Counts and metres are 0 without a usable reading. Errors: more than tripmeter.max_state_mb.';

CREATE AGGREGATE odometer_report(recorded_at timestamptz, reading_m float8, max_speed float8, rollover_m float8) (
    SFUNC = odometer_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = odometer_report_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = odometer_combine,
    SERIALFUNC = odometer_serial, DESERIALFUNC = odometer_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE odometer_report(timestamptz, float8, float8, float8) IS
    'What an odometer counted and what was left out, from its readings in metres in any order, that counts at most max_speed metres per second, NULL for any, and starts again at 0 after rollover_m metres, NULL for never. Counts and metres are 0 without a usable reading. Errors: a max_speed that is not positive, a rollover_m that is not positive and finite, more than one of either in a group, more than tripmeter.max_state_mb.';
-- GPS mileage beside the odometer.

CREATE TYPE reconciliation AS (
    mileage_m float8,
    odometer_m float8,
    difference_m float8,
    discrepancy float8,
    flagged boolean
);
COMMENT ON TYPE reconciliation IS 'A mileage beside an odometer, in metres.';
COMMENT ON COLUMN reconciliation.mileage_m IS 'the mileage of the track between the first and the last believed reading of the odometer; NULL without a usable fix or reading';
COMMENT ON COLUMN reconciliation.odometer_m IS 'what the odometer counted in that time; NULL without a usable reading';
COMMENT ON COLUMN reconciliation.difference_m IS 'mileage_m - odometer_m';
COMMENT ON COLUMN reconciliation.discrepancy IS 'difference_m as a fraction of odometer_m; infinite if that is 0 and the mileage is not';
COMMENT ON COLUMN reconciliation.flagged IS 'is the discrepancy larger than the tolerance, either way? NULL if either side is';

CREATE FUNCTION reconcile(mileage_m float8, odometer_m float8, tolerance float8 DEFAULT 0.05) RETURNS reconciliation
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5
BEGIN ATOMIC
    SELECT mileage_m, odometer_m, mileage_m - odometer_m, discrepancy, abs(discrepancy) > tolerance
    FROM (SELECT CASE WHEN odometer_m <> 0 THEN (mileage_m - odometer_m) / odometer_m
                      WHEN odometer_m = 0 AND mileage_m = 0 THEN 0
                      WHEN odometer_m = 0 AND mileage_m > 0 THEN 'Infinity' END) AS d (discrepancy);
END;
COMMENT ON FUNCTION reconcile(float8, float8, float8) IS
    'Sets a mileage beside what an odometer counted, both in metres, and flags a difference of more than the tolerance, a fraction of the odometer''s.';

CREATE FUNCTION reconcile(track track, odometer odometer_report, tolerance float8 DEFAULT 0.05, policy mileage_policy DEFAULT 'default') RETURNS reconciliation
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000
BEGIN ATOMIC
    SELECT reconcile(
        CASE WHEN (odometer).used_count > 0 THEN mileage(track, tstzrange((odometer).first_time, (odometer).last_time, '[]'), policy) END,
        CASE WHEN (odometer).used_count > 0 THEN (odometer).distance_m END, tolerance);
END;
COMMENT ON FUNCTION reconcile(track, odometer_report, float8, mileage_policy) IS
    'Sets the mileage of a track beside what the odometer counted, between its first and last reading, and flags a difference of more than the tolerance, a fraction of the odometer''s.';
