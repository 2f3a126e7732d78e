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
-- The tariff: what trips cost, as one value.

CREATE TYPE tariff;

CREATE FUNCTION tariff_in(cstring) RETURNS tariff
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_in'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tariff_in(cstring) IS 'Reads and checks the text form of a tariff, which is JSON.';

CREATE FUNCTION tariff_out(tariff) RETURNS cstring
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_out'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tariff_out(tariff) IS 'Writes the canonical text form of a tariff.';

CREATE FUNCTION tariff_recv(internal) RETURNS tariff
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_recv'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tariff_recv(internal) IS 'Reads and checks the binary form of a tariff, which is its text.';

CREATE FUNCTION tariff_send(tariff) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_send'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tariff_send(tariff) IS 'Writes the binary form of a tariff, which is its text.';

CREATE TYPE tariff (
    INPUT = tariff_in,
    OUTPUT = tariff_out,
    RECEIVE = tariff_recv,
    SEND = tariff_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = extended
);
COMMENT ON TYPE tariff IS
    'What trips cost: prices and rules, in one currency and time zone. Text: a JSON object of up to 1 MB, which comes out in its canonical form. Errors: whatever is not as doc/billing.md describes it, with its place in the document.';

CREATE FUNCTION tariff_from_jsonb(document jsonb) RETURNS tariff
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_from_jsonb'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tariff_from_jsonb(jsonb) IS
    'The tariff of a JSON document. Errors: whatever is not as doc/billing.md describes it, with its place in the document.';

CREATE FUNCTION as_jsonb(tariff tariff) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_as_jsonb'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION as_jsonb(tariff) IS
    'A tariff as JSON: its canonical form.';

CREATE CAST (jsonb AS tariff) WITH FUNCTION tariff_from_jsonb(jsonb) AS ASSIGNMENT;
COMMENT ON CAST (jsonb AS tariff) IS 'From a JSON document.';

CREATE CAST (tariff AS jsonb) WITH FUNCTION as_jsonb(tariff) AS ASSIGNMENT;
COMMENT ON CAST (tariff AS jsonb) IS 'The canonical form.';

CREATE FUNCTION currency(tariff tariff) RETURNS text
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_currency'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION currency(tariff) IS
    'The ISO 4217 code of the currency in which a tariff''s amounts are.';

-- Comparing tariffs

CREATE FUNCTION tariff_cmp(tariff, tariff) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_cmp'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_cmp(tariff, tariff) IS
    'Compares two tariffs, in an order of no meaning. Equal are those whose canonical texts are.';

CREATE FUNCTION tariff_hash(tariff) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_hash'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_hash(tariff) IS
    'Hash of a tariff.';

CREATE FUNCTION tariff_hash_extended(tariff, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_hash_extended'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_hash_extended(tariff, bigint) IS
    'Hash of a tariff, with a seed.';

CREATE FUNCTION tariff_lt(tariff, tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_lt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_lt(tariff, tariff) IS
    'implementation of < operator';
CREATE OPERATOR < (
    LEFTARG = tariff, RIGHTARG = tariff, FUNCTION = tariff_lt,
    COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (tariff, tariff) IS 'less than';

CREATE FUNCTION tariff_le(tariff, tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_le'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_le(tariff, tariff) IS
    'implementation of <= operator';
CREATE OPERATOR <= (
    LEFTARG = tariff, RIGHTARG = tariff, FUNCTION = tariff_le,
    COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (tariff, tariff) IS 'less than or equal';

CREATE FUNCTION tariff_eq(tariff, tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_eq'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_eq(tariff, tariff) IS
    'implementation of = operator';
CREATE OPERATOR = (
    LEFTARG = tariff, RIGHTARG = tariff, FUNCTION = tariff_eq,
    COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR = (tariff, tariff) IS 'equal';

CREATE FUNCTION tariff_ne(tariff, tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_ne'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_ne(tariff, tariff) IS
    'implementation of <> operator';
CREATE OPERATOR <> (
    LEFTARG = tariff, RIGHTARG = tariff, FUNCTION = tariff_ne,
    COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (tariff, tariff) IS 'not equal';

CREATE FUNCTION tariff_ge(tariff, tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_ge'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_ge(tariff, tariff) IS
    'implementation of >= operator';
CREATE OPERATOR >= (
    LEFTARG = tariff, RIGHTARG = tariff, FUNCTION = tariff_ge,
    COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (tariff, tariff) IS 'greater than or equal';

CREATE FUNCTION tariff_gt(tariff, tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_gt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tariff_gt(tariff, tariff) IS
    'implementation of > operator';
CREATE OPERATOR > (
    LEFTARG = tariff, RIGHTARG = tariff, FUNCTION = tariff_gt,
    COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (tariff, tariff) IS 'greater than';

CREATE OPERATOR CLASS tariff_ops
    DEFAULT FOR TYPE tariff USING btree AS
    OPERATOR 1 <,
    OPERATOR 2 <=,
    OPERATOR 3 =,
    OPERATOR 4 >=,
    OPERATOR 5 >,
    FUNCTION 1 tariff_cmp(tariff, tariff);
COMMENT ON OPERATOR CLASS tariff_ops USING btree IS 'An order for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY tariff_ops USING btree IS 'An order for DISTINCT and GROUP BY.';

CREATE OPERATOR CLASS tariff_hash_ops
    DEFAULT FOR TYPE tariff USING hash AS
    OPERATOR 1 =,
    FUNCTION 1 tariff_hash(tariff),
    FUNCTION 2 tariff_hash_extended(tariff, bigint);
COMMENT ON OPERATOR CLASS tariff_hash_ops USING hash IS 'Hashing for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY tariff_hash_ops USING hash IS 'Hashing for DISTINCT and GROUP BY.';
-- What a tariff says that its author hardly meant.

CREATE FUNCTION tariff_lint(tariff tariff)
    RETURNS TABLE (path text, kind text, message text)
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_lint'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 5;
COMMENT ON FUNCTION tariff_lint(tariff) IS
    'Findings in a tariff that is valid: where, of which kind, and what. Kinds: unreachable (a rate, a tier, a flat fare or a condition that never counts), no_fallback (a quantity or a moment for which a dimension that has conditions, or of which the first rate is selected, has no rate; the first such; of a dimension that the meter prices it is not looked for), volume_cliff (a bound of volume tiers beyond which the total is lower), ambiguous_hour (an edge of a window at a local time that the zone skips or repeats in the years 2000 to 2037), currency_digits (an amount with more digits than its currency, a fare step finer than it, a cash step that its cash does not have). No rows: nothing was found. What depends on a calendar that the tariff does not hold is not judged. Lengths in the messages are in metres, times in seconds.';
-- Amounts: shared out and rounded, so that every party gets the same cent.

CREATE FUNCTION allocate(amount numeric, weights numeric[], digits integer) RETURNS numeric[]
    AS 'MODULE_PATHNAME', 'tripmeter_allocate'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION allocate(numeric, numeric[], integer) IS
    'Shares an amount out by weights, in amounts of so many digits behind the point (0 to 12) that add up to it: each is rounded down, and what is left goes to the largest remainders, of equal ones to the first. A negative amount is shared out as its absolute value is. Errors: an amount that is not finite or has more decimals; none or more than 1000000 weights; a weight that is NULL, negative or not finite; only weights of 0.';

CREATE FUNCTION round_amount(amount numeric, currency text, mode text DEFAULT 'half_up') RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_round_amount'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION round_amount(numeric, text, text) IS
    'An amount rounded to the smallest unit of its currency (ISO 4217); by half_up, half_even, half_down, up or down, all of the absolute value. Errors: an unknown currency or mode, an amount that is not finite.';

CREATE FUNCTION round_cash(amount numeric, currency text, mode text DEFAULT 'half_up') RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_round_cash'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION round_cash(numeric, text, text) IS
    'An amount rounded to what can be paid in cash: to the smallest coin or note of its currency (ISO 4217); by half_up, half_even, half_down, up or down, all of the absolute value. Errors: an unknown currency or mode, an amount that is not finite.';
-- Tariffs by name and time: what was in force is kept as it was, so that a bill can be
-- computed again years later.

CREATE TABLE calendars (
    name text PRIMARY KEY CONSTRAINT calendars_are_named CHECK (name <> ''),
    dates datemultirange NOT NULL
        CONSTRAINT calendars_have_dates CHECK (NOT isempty(dates) AND dates <@ '{[0001-01-01,9999-12-31]}'::datemultirange)
);
COMMENT ON TABLE calendars IS
    'Lists of dates that tariffs may name, such as public holidays. A tariff that is stored takes those with it that it names: a change here is one for the tariffs stored afterwards.';
COMMENT ON COLUMN calendars.name IS 'what tariffs call it';
COMMENT ON COLUMN calendars.dates IS 'local dates, at least one, of the years 1 to 9999; of a list of dates: range_agg(daterange(d, d, ''[]''))';
COMMENT ON CONSTRAINT calendars_are_named ON calendars IS 'A name is not empty.';
COMMENT ON CONSTRAINT calendars_have_dates ON calendars IS 'A calendar has dates, and none that a tariff could not write.';

-- Names are compared by their hash: text itself cannot be in such an index. Two names of
-- one hash, of which there are 2^64, could not be valid at once; never the other way round.
CREATE TABLE tariffs (
    name text CONSTRAINT tariffs_are_named CHECK (name <> ''),
    version integer CONSTRAINT tariffs_are_numbered CHECK (version > 0),
    valid tstzrange NOT NULL
        CONSTRAINT tariffs_begin CHECK (NOT isempty(valid) AND lower_inc(valid) AND isfinite(lower(valid)) AND NOT lower_inf(valid))
        CONSTRAINT tariffs_end CHECK (NOT upper_inc(valid) AND (upper_inf(valid) OR isfinite(upper(valid)))),
    tariff tariff NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, version),
    CONSTRAINT tariffs_are_valid_one_at_a_time EXCLUDE USING gist (
        numrange(hashtextextended(name, 0), hashtextextended(name, 0), '[]') WITH &&, valid WITH &&)
);
COMMENT ON TABLE tariffs IS
    'Tariffs by name, each in versions of which one at most is valid at a time. Of a version whose validity has begun only its end may be changed, from one that is still to come to another; it cannot be deleted. Calendars that a tariff names and does not hold are taken into it from table calendars.';
COMMENT ON COLUMN tariffs.name IS 'what trips call it';
COMMENT ON COLUMN tariffs.version IS 'a number from 1 on, of its name';
COMMENT ON COLUMN tariffs.valid IS 'when it holds for trips that start: from its first instant, included, to its last, excluded, or without end';
COMMENT ON COLUMN tariffs.tariff IS 'the document, with the calendars it names';
COMMENT ON COLUMN tariffs.published_at IS 'when it was stored';
COMMENT ON CONSTRAINT tariffs_are_named ON tariffs IS 'A name is not empty.';
COMMENT ON CONSTRAINT tariffs_are_numbered ON tariffs IS 'Versions are counted from 1.';
COMMENT ON CONSTRAINT tariffs_begin ON tariffs IS 'A validity has a first instant.';
COMMENT ON CONSTRAINT tariffs_end ON tariffs IS 'A validity ends before an instant, or never.';
COMMENT ON CONSTRAINT tariffs_are_valid_one_at_a_time ON tariffs IS 'Two versions of a tariff are never valid at once.';

SELECT pg_extension_config_dump('calendars', '');
SELECT pg_extension_config_dump('tariffs', '');

-- Documents are whole

CREATE FUNCTION tariffs_embed_calendars() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    document jsonb := NEW.tariff::jsonb;
    held jsonb := coalesce(document -> 'calendars', '{}');
    added jsonb;
    unknown text;
BEGIN
    SELECT jsonb_object_agg(named.name, days.list), min(named.name) FILTER (WHERE calendars.name IS NULL)
    INTO added, unknown
    FROM (SELECT jsonb_path_query(document, '$.**.when.calendars[*]') #>> '{}'
          UNION SELECT jsonb_path_query(document, '$.**.when.not.calendars[*]') #>> '{}') AS named (name)
        LEFT JOIN @extschema@.calendars USING (name),
        LATERAL (SELECT jsonb_agg(concat_ws('/', to_char(lower(days)::timestamp, 'YYYY-MM-DD'),
                        CASE WHEN upper(days) - lower(days) > 1 THEN to_char(upper(days)::timestamp - interval '1 day', 'YYYY-MM-DD') END)
                    ORDER BY days)
                 FROM unnest(calendars.dates) AS days) AS days (list)
    WHERE NOT held ? named.name;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'calendar "%" does not exist', unknown USING
            ERRCODE = 'undefined_object',
            DETAIL = format('Tariff "%s" names it.', NEW.name),
            HINT = 'Insert it into @extschema@.calendars, or give its dates in the "calendars" of the tariff.';
    END IF;
    IF added IS NOT NULL THEN
        NEW.tariff := (document || jsonb_build_object('calendars', held || added))::@extschema@.tariff;
    END IF;
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION tariffs_embed_calendars() IS
    'Trigger of tariffs: takes the calendars that a document names and does not hold from table calendars. Errors: a calendar that is in neither.';

CREATE TRIGGER embed_calendars BEFORE INSERT OR UPDATE OF tariff ON tariffs
    FOR EACH ROW EXECUTE FUNCTION tariffs_embed_calendars();
COMMENT ON TRIGGER embed_calendars ON tariffs IS 'Makes a document whole.';

-- What was in force stays as it was

CREATE FUNCTION tariffs_keep_history() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    changeable @extschema@.tariffs;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'tariffs cannot be truncated' USING
            ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Versions that have not begun can be deleted.';
    END IF;
    IF lower(OLD.valid) > clock_timestamp() THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'version % of tariff "%" cannot be deleted', OLD.version, OLD.name USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('It is valid since %s.', lower(OLD.valid)),
            HINT = 'End its validity instead.';
    END IF;
    changeable := OLD;
    changeable.valid := tstzrange(lower(OLD.valid), upper(NEW.valid));
    IF changeable *<> NEW THEN
        RAISE EXCEPTION 'version % of tariff "%" cannot be changed', OLD.version, OLD.name USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('It is valid since %s.', lower(OLD.valid)),
            HINT = 'Publish a new version with @extschema@.tariff_publish; of this one only the end of its validity can change.';
    END IF;
    IF OLD.valid <> NEW.valid AND least(upper(OLD.valid), upper(NEW.valid)) <= clock_timestamp() THEN
        RAISE EXCEPTION 'the past validity of version % of tariff "%" cannot be changed', OLD.version, OLD.name USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('It ends %s, and would end %s.', coalesce(upper(OLD.valid)::text, 'never'), coalesce(upper(NEW.valid)::text, 'never')),
            HINT = 'Only an end in the future can be changed, to one that is still in the future when the transaction commits.';
    END IF;
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION tariffs_keep_history() IS
    'Trigger of tariffs: of a version whose validity has begun only its end may change, from one that is still to come to another. Errors: any other change, deleting it, TRUNCATE.';

CREATE TRIGGER keep_history BEFORE UPDATE OR DELETE ON tariffs
    FOR EACH ROW EXECUTE FUNCTION tariffs_keep_history();
COMMENT ON TRIGGER keep_history ON tariffs IS 'Refuses what would change a bill of the past.';

CREATE TRIGGER keep_all_history BEFORE TRUNCATE ON tariffs
    FOR EACH STATEMENT EXECUTE FUNCTION tariffs_keep_history();
COMMENT ON TRIGGER keep_all_history ON tariffs IS 'Refuses what would change the bills of the past.';

-- Until a change commits, others compute bills without it. So what it changes must still
-- be to come by then.
CREATE CONSTRAINT TRIGGER keep_history_until_commit AFTER UPDATE OR DELETE ON tariffs
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION tariffs_keep_history();
COMMENT ON TRIGGER keep_history_until_commit ON tariffs IS 'Refuses what has come to change a bill of the past by the time it commits.';

-- For users

CREATE FUNCTION tariff_at(name text, at timestamptz) RETURNS tariff
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 200
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    result @extschema@.tariff;
BEGIN
    SELECT t.tariff INTO result
    FROM @extschema@.tariffs t
    WHERE t.name = tariff_at.name AND t.valid @> tariff_at.at;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no version of tariff "%" is valid at %', name, at USING
            ERRCODE = 'undefined_object',
            DETAIL = (SELECT CASE count(*) WHEN 0 THEN 'There is no tariff of this name.'
                                 ELSE format('It is valid %s.', range_agg(t.valid)) END
                      FROM @extschema@.tariffs t WHERE t.name = tariff_at.name),
            HINT = 'Publish one with @extschema@.tariff_publish; or join @extschema@.tariffs where a trip may have no tariff.';
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION tariff_at(text, timestamptz) IS
    'The tariff of this name that holds for a trip that starts then. NULL if an argument is. Errors: there is none.';

CREATE FUNCTION tariff_publish(name text, tariff tariff, valid_from timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    later @extschema@.tariffs;
    result integer;
BEGIN
    -- one at a time, so that each supersedes the one before it
    LOCK TABLE @extschema@.tariffs IN SHARE ROW EXCLUSIVE MODE;
    SELECT t.* INTO later
    FROM @extschema@.tariffs t
    WHERE t.name = tariff_publish.name AND lower(t.valid) >= valid_from
    ORDER BY lower(t.valid) DESC LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'tariff "%" has a version that does not begin before %', name, valid_from USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('Version %s begins %s.', later.version, lower(later.valid)),
            HINT = 'Give a later time, or delete that version while it has not begun.';
    END IF;
    UPDATE @extschema@.tariffs t
    SET valid = tstzrange(lower(t.valid), valid_from)
    WHERE t.name = tariff_publish.name AND t.valid @> valid_from;
    INSERT INTO @extschema@.tariffs (name, version, valid, tariff)
    SELECT tariff_publish.name, coalesce(max(t.version), 0) + 1, tstzrange(valid_from, NULL), tariff_publish.tariff
    FROM @extschema@.tariffs t WHERE t.name = tariff_publish.name
    RETURNING version INTO result;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION tariff_publish(text, tariff, timestamptz) IS
    'Stores a tariff as the next version of its name, valid from then on, and ends the validity of the one before it there. Returns its number. Waits for others who publish. Errors: an argument that is NULL or a time that is not finite; a version of this name that begins then or later; one to be ended in the past, as seen when the transaction commits; a calendar that is neither in the tariff nor in table calendars.';
-- Pricing plans of shared vehicles, as their operators publish them: GBFS,
-- system_pricing_plans.json, of the versions 2.3, 3.0 and 3.1.

-- Feeds are made of floats: 0.15 comes as 0.15000000000000002. The bounds are such that
-- what is within them fits into a tariff, so that errors are of the plan.
CREATE FUNCTION gbfs_number(object jsonb, place text, key text, low numeric, high numeric, required boolean) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 100
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    value jsonb := object -> key;
BEGIN
    IF value IS NULL AND NOT required THEN
        RETURN NULL;
    END IF;
    -- a CASE, for only a number can be compared
    IF (CASE jsonb_typeof(value) WHEN 'number' THEN value::numeric NOT BETWEEN low AND high ELSE true END) THEN
        RAISE EXCEPTION '"%" of a GBFS pricing plan must be a number from % to %', concat_ws('.', nullif(place, ''), key), low, high USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It is %s in %s.', coalesce(value::text, 'missing'), object);
    END IF;
    RETURN trim_scale(round(value::numeric, 9));
END
$function$;
COMMENT ON FUNCTION gbfs_number(jsonb, text, text, numeric, numeric, boolean) IS
    'A number in an object at a place of a GBFS pricing plan, as a decimal of 9 places; NULL if it is missing and not required. Errors: it is missing though required, no number, or not within the bounds.';

CREATE FUNCTION gbfs_rates(plan jsonb, key text, dimension text, unit text, longest numeric) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    segments jsonb := coalesce(plan -> key, '[]');
    segment jsonb;
    place text;
    price text; starts text; ends text; every text;
    rates jsonb := '[]';
BEGIN
    IF (CASE jsonb_typeof(segments) WHEN 'array' THEN jsonb_array_length(segments) > 499 ELSE true END) THEN
        RAISE EXCEPTION '"%" of a GBFS pricing plan must be an array of at most 499 segments', key USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It is %s.', CASE jsonb_typeof(segments) WHEN 'array' THEN 'one of ' || jsonb_array_length(segments) ELSE segments::text END);
    END IF;
    FOR segment, place IN SELECT s, format('%s[%s]', key, n - 1) FROM jsonb_array_elements(segments) WITH ORDINALITY AS e (s, n) LOOP
        price := @extschema@.gbfs_number(segment, place, 'rate', -999999999, 999999999, true);
        starts := @extschema@.gbfs_number(segment, place, 'start', 0, longest, true);
        ends := @extschema@.gbfs_number(segment, place, 'end', 0, longest, false);
        every := @extschema@.gbfs_number(segment, place, 'interval', 0, longest, true);
        IF ends::numeric <= starts::numeric THEN
            RAISE EXCEPTION '"%.end" of a GBFS pricing plan must be after its start', place USING
                ERRCODE = 'invalid_parameter_value',
                DETAIL = format('The segment is %s.', segment);
        END IF;
        IF every = '0' AND (segment -> 'interval')::numeric > 0 THEN
            RAISE EXCEPTION '"%.interval" of a GBFS pricing plan is too short', place USING
                ERRCODE = 'invalid_parameter_value',
                DETAIL = format('The segment is %s.', segment);
        END IF;
        rates := rates || jsonb_strip_nulls(jsonb_build_object('dimension', dimension, 'price', price,
            'unit', CASE every WHEN '0' THEN 'once' ELSE every || ' ' || unit END,
            'step', nullif(every, '0') || ' ' || unit,
            'from', nullif(starts, '0') || ' ' || unit,
            'to', ends || ' ' || unit));
    END LOOP;
    RETURN rates;
END
$function$;
COMMENT ON FUNCTION gbfs_rates(jsonb, text, text, text, numeric) IS
    'The rates of a tariff for the segments of a GBFS pricing plan under a key, of a dimension in a unit, and of so many at most. Errors: what is no list of segments.';

CREATE FUNCTION tariff_from_gbfs(plan jsonb) RETURNS tariff
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    -- what is null is not given
    given jsonb := jsonb_strip_nulls(plan);
    -- nor is a reservation that costs nothing
    reserved text := nullif(@extschema@.gbfs_number(given, '', 'reservation_price_per_min', 0, 999999999, false), '0');
    reservation text := nullif(@extschema@.gbfs_number(given, '', 'reservation_price_flat_rate', 0, 999999999, false), '0');
    capping jsonb := given -> 'fare_capping';
BEGIN
    IF jsonb_typeof(given) <> 'object' OR NOT given ? 'price' OR jsonb_typeof(given -> 'currency') IS DISTINCT FROM 'string' THEN
        RAISE EXCEPTION 'not a pricing plan of GBFS' USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = 'It is not an object with a currency and a price.',
            HINT = 'Give one of the "plans" in the "data" of system_pricing_plans.json.';
    END IF;
    IF reserved IS NOT NULL AND reservation IS NOT NULL THEN
        RAISE EXCEPTION 'a GBFS pricing plan must not have two prices of a reservation' USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It has %s per minute, and a flat rate of %s.', reserved, reservation);
    END IF;
    -- an error if there is no such currency
    PERFORM @extschema@.round_amount(0, given ->> 'currency');
    RETURN jsonb_strip_nulls(jsonb_build_object('tariff', 1,
        'name', nullif(CASE jsonb_typeof(given -> 'name') WHEN 'array' THEN given #>> '{name,0,text}' ELSE given ->> 'name' END, ''),
        'description', nullif(CASE jsonb_typeof(given -> 'description') WHEN 'array' THEN given #>> '{description,0,text}' ELSE given ->> 'description' END, ''),
        'currency', given -> 'currency',
        'base', @extschema@.gbfs_number(given, '', 'price', 0, 999999999, true),
        -- the longest that a tariff takes
        'rates', @extschema@.gbfs_rates(given, 'per_km_pricing', 'distance', 'km', 10000000)
            || @extschema@.gbfs_rates(given, 'per_min_pricing', 'time', 'min', 52596000)
            || CASE WHEN reserved IS NULL THEN '[]'
                    ELSE jsonb_build_object('dimension', 'reserved', 'price', reserved, 'unit', '1 min', 'step', '1 min') END
            || CASE WHEN reservation IS NULL THEN '[]'
                    ELSE jsonb_build_object('dimension', 'reserved', 'price', reservation, 'unit', 'once') END,
        -- of a minute six places are whole microseconds
        'caps', CASE WHEN capping IS NOT NULL
                     THEN jsonb_build_array(jsonb_build_object('amount', @extschema@.gbfs_number(capping, 'fare_capping', 'price', 0, 999999999, true),
                              'rolling', trim_scale(round(@extschema@.gbfs_number(capping, 'fare_capping', 'duration', 1, 52596000, true)::numeric, 6)) || ' min')) END
        ))::@extschema@.tariff;
END
$function$;
COMMENT ON FUNCTION tariff_from_gbfs(jsonb) IS
    'The tariff of a pricing plan of GBFS (an element of data.plans in system_pricing_plans.json, versions 2.3 to 3.1): price, per_km_pricing, per_min_pricing, the price of a reservation, fare_capping; a begun interval is charged. Numbers are rounded to 9 places. Of texts in several languages the first is taken. What GBFS leaves open is not in it: the percent of tax, where a plan is_taxable; the factor, while there is surge_pricing; free reserved time, and how long a reservation lasts. Errors: what is no pricing plan, with its place in the plan.';
-- Fares: what a trip costs under a tariff, line by line.

CREATE FUNCTION fare(tariff tariff, distance_m float8, duration interval, started_at timestamptz, attributes jsonb DEFAULT '{}')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_fare'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION fare(tariff, float8, interval, timestamptz, jsonb) IS
    'What a trip of so many metres and so long costs, in the currency of the tariff. Errors: a tariff whose taximeter needs legs, or that prices time in motion or at rest; a negative distance or duration, or one out of range; an attribute that has to be a number and is none, an unknown member of "used".';

CREATE FUNCTION fare(tariff tariff, distance_m float8, moving interval, stopped interval, started_at timestamptz, attributes jsonb DEFAULT '{}')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_fare_moving'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION fare(tariff, float8, interval, interval, timestamptz, jsonb) IS
    'The same of a trip whose times in motion and at rest are known.';

CREATE FUNCTION fare(tariff tariff, track track, policy mileage_policy DEFAULT 'default', attributes jsonb DEFAULT '{}')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_fare_track'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION fare(tariff, track, mileage_policy, jsonb) IS
    'The same of a recorded trip, from its legs under a mileage policy; NULL without a usable fix.';

CREATE FUNCTION fare_lines(tariff tariff, distance_m float8, duration interval, started_at timestamptz, attributes jsonb DEFAULT '{}')
    RETURNS TABLE (line integer, kind text, rule text, from_time timestamptz, to_time timestamptz, quantity numeric,
        billed_quantity numeric, unit text, rate numeric, factor numeric, exact_amount numeric, amount numeric)
    AS 'MODULE_PATHNAME', 'tripmeter_fare_lines'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 5;
COMMENT ON FUNCTION fare_lines(tariff, float8, interval, timestamptz, jsonb) IS
    'The bill of a fare: lines whose amounts add up to it. Quantities are numbers of the unit; exact amounts have 20 places. Errors: those of fare.';

CREATE FUNCTION fare_lines(tariff tariff, distance_m float8, moving interval, stopped interval, started_at timestamptz, attributes jsonb DEFAULT '{}')
    RETURNS TABLE (line integer, kind text, rule text, from_time timestamptz, to_time timestamptz, quantity numeric,
        billed_quantity numeric, unit text, rate numeric, factor numeric, exact_amount numeric, amount numeric)
    AS 'MODULE_PATHNAME', 'tripmeter_fare_lines_moving'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 5;
COMMENT ON FUNCTION fare_lines(tariff, float8, interval, interval, timestamptz, jsonb) IS
    'The bill of a trip whose times in motion and at rest are known.';

CREATE FUNCTION fare_lines(tariff tariff, track track, policy mileage_policy DEFAULT 'default', attributes jsonb DEFAULT '{}')
    RETURNS TABLE (line integer, kind text, rule text, from_time timestamptz, to_time timestamptz, quantity numeric,
        billed_quantity numeric, unit text, rate numeric, factor numeric, exact_amount numeric, amount numeric)
    AS 'MODULE_PATHNAME', 'tripmeter_fare_lines_track'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 5;
COMMENT ON FUNCTION fare_lines(tariff, track, mileage_policy, jsonb) IS
    'The bill of a recorded trip; no lines without a usable fix.';

CREATE FUNCTION fare_bounds(tariff tariff, distance_m float8, duration interval, started_at timestamptz, attributes jsonb DEFAULT '{}',
        OUT low numeric, OUT high numeric)
    AS 'MODULE_PATHNAME', 'tripmeter_fare_bounds'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION fare_bounds(tariff, float8, interval, timestamptz, jsonb) IS
    'The least and the most that a trip of so many metres and so long may have cost under a taximeter, whatever its legs were, but for gaps that the meter leaves out. Rates beside the meter are as of a trip driven evenly; without a meter both are the fare. Errors: those of fare.';

CREATE FUNCTION meter_reading(tariff tariff, track track, at timestamptz, policy mileage_policy DEFAULT 'default', attributes jsonb DEFAULT '{}')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_meter_reading'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION meter_reading(tariff, track, timestamptz, mileage_policy, jsonb) IS
    'The live meter: the fare of what was driven until then, and no less than it was before. NULL before the trip began.';
-- Invoices: what a customer owes for a period.

CREATE TYPE invoice_line AS (
    line integer,
    kind text,
    rule text,
    quantity numeric,
    billed_quantity numeric,
    unit text,
    rate numeric,
    factor numeric,
    exact_amount numeric,
    amount numeric
);
COMMENT ON TYPE invoice_line IS 'A line of an invoice. Amounts in the currency of the plan.';
COMMENT ON COLUMN invoice_line.line IS 'number of the line, from 1';
COMMENT ON COLUMN invoice_line.kind IS 'what it is for: trips, daily_cap, fee, allowance, a dimension, minimum, maximum, discount, tax, rounding, cash';
COMMENT ON COLUMN invoice_line.rule IS 'name of the rule, or its kind';
COMMENT ON COLUMN invoice_line.quantity IS 'what was used, in numbers of the unit; of an allowance what is included';
COMMENT ON COLUMN invoice_line.billed_quantity IS 'what of it is charged; of an allowance what was taken off';
COMMENT ON COLUMN invoice_line.unit IS 'unit of the quantities; NULL if there are none';
COMMENT ON COLUMN invoice_line.rate IS 'price of a unit';
COMMENT ON COLUMN invoice_line.factor IS 'what the price is multiplied with';
COMMENT ON COLUMN invoice_line.exact_amount IS 'the amount before it was rounded, to 20 places';
COMMENT ON COLUMN invoice_line.amount IS 'the amount; all lines add up to the invoice';

-- The state of the aggregates.

CREATE FUNCTION invoice_accum(state internal, plan tariff, started_at timestamptz, distance_m float8, duration interval, amount numeric) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION invoice_accum(internal, tariff, timestamptz, float8, interval, numeric) IS 'Transition function of invoice and invoice_lines.';

CREATE FUNCTION invoice_accum(state internal, plan tariff, started_at timestamptz, distance_m float8, duration interval, amount numeric, attributes jsonb) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION invoice_accum(internal, tariff, timestamptz, float8, interval, numeric, jsonb) IS 'Transition function of invoice and invoice_lines.';

CREATE FUNCTION invoice_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_combine'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION invoice_combine(internal, internal) IS 'Combine function of invoice, invoice_lines and invoice_shares.';

CREATE FUNCTION invoice_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_serial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION invoice_serial(internal) IS 'Serialization function of invoice, invoice_lines and invoice_shares.';

CREATE FUNCTION invoice_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_deserial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION invoice_deserial(bytea, internal) IS 'Deserialization function of invoice, invoice_lines and invoice_shares.';

CREATE FUNCTION invoice_final(internal) RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION invoice_final(internal) IS 'Final function of invoice.';

CREATE FUNCTION invoice_lines_final(internal) RETURNS invoice_line[]
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_lines_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION invoice_lines_final(internal) IS 'Final function of invoice_lines.';

CREATE AGGREGATE invoice(plan tariff, started_at timestamptz, distance_m float8, duration interval, amount numeric) (
    SFUNC = invoice_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = invoice_final,
    COMBINEFUNC = invoice_combine,
    SERIALFUNC = invoice_serial, DESERIALFUNC = invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE invoice(tariff, timestamptz, float8, interval, numeric) IS
    'What a customer owes for the trips of a period under a plan, in its currency. Distances in metres; a NULL distance, duration or amount counts as nothing, and a row in which start, distance, duration and amount are NULL as no trip: so an outer join bills a customer without trips. NULL without rows. Errors: a tariff without a period, two plans in a group, a NULL start under a daily cap, a negative distance or duration, an amount with more than 18 digits before the point or 9 behind it, what is out of range.';

CREATE AGGREGATE invoice(plan tariff, started_at timestamptz, distance_m float8, duration interval, amount numeric, attributes jsonb) (
    SFUNC = invoice_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = invoice_final,
    COMBINEFUNC = invoice_combine,
    SERIALFUNC = invoice_serial, DESERIALFUNC = invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE invoice(tariff, timestamptz, float8, interval, numeric, jsonb) IS
    'What a customer owes for the trips of a period under a plan, in its currency. Attributes: members, days, period_days.';

CREATE AGGREGATE invoice_lines(plan tariff, started_at timestamptz, distance_m float8, duration interval, amount numeric) (
    SFUNC = invoice_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = invoice_lines_final,
    COMBINEFUNC = invoice_combine,
    SERIALFUNC = invoice_serial, DESERIALFUNC = invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE invoice_lines(tariff, timestamptz, float8, interval, numeric) IS
    'The lines of an invoice, which add up to it. Errors: those of invoice.';

CREATE AGGREGATE invoice_lines(plan tariff, started_at timestamptz, distance_m float8, duration interval, amount numeric, attributes jsonb) (
    SFUNC = invoice_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = invoice_lines_final,
    COMBINEFUNC = invoice_combine,
    SERIALFUNC = invoice_serial, DESERIALFUNC = invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE invoice_lines(tariff, timestamptz, float8, interval, numeric, jsonb) IS
    'The lines of an invoice, which add up to it. Attributes: those of invoice.';

-- What of it is for each trip

CREATE TYPE invoice_share AS (
    trip_id text,
    amount numeric
);
COMMENT ON TYPE invoice_share IS 'What of an invoice is for a trip.';
COMMENT ON COLUMN invoice_share.trip_id IS 'name of the trip; NULL of an invoice without trips';
COMMENT ON COLUMN invoice_share.amount IS 'its share in the currency of the plan; all shares add up to the invoice';

CREATE FUNCTION invoice_shares_accum(state internal, plan tariff, trip_id text, started_at timestamptz, distance_m float8, duration interval, amount numeric) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_shares_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION invoice_shares_accum(internal, tariff, text, timestamptz, float8, interval, numeric) IS 'Transition function of invoice_shares.';

CREATE FUNCTION invoice_shares_accum(state internal, plan tariff, trip_id text, started_at timestamptz, distance_m float8, duration interval, amount numeric, attributes jsonb) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_shares_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION invoice_shares_accum(internal, tariff, text, timestamptz, float8, interval, numeric, jsonb) IS 'Transition function of invoice_shares.';

CREATE FUNCTION invoice_shares_final(internal) RETURNS invoice_share[]
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_shares_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION invoice_shares_final(internal) IS 'Final function of invoice_shares.';

CREATE AGGREGATE invoice_shares(plan tariff, trip_id text, started_at timestamptz, distance_m float8, duration interval, amount numeric) (
    SFUNC = invoice_shares_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = invoice_shares_final,
    COMBINEFUNC = invoice_combine,
    SERIALFUNC = invoice_serial, DESERIALFUNC = invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE invoice_shares(tariff, text, timestamptz, float8, interval, numeric) IS
    'An invoice, allocated to its trips, which are in order of their start and name: by their amounts (a negative one counts as 0), or where these are all 0 by their distances, or their durations, or equally; cents that are left go to the largest remainders, of equal ones to the first trips. An invoice without trips is one share, of a NULL trip. Errors: those of invoice, a trip with a NULL name, more than tripmeter.max_state_mb.';

CREATE AGGREGATE invoice_shares(plan tariff, trip_id text, started_at timestamptz, distance_m float8, duration interval, amount numeric, attributes jsonb) (
    SFUNC = invoice_shares_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = invoice_shares_final,
    COMBINEFUNC = invoice_combine,
    SERIALFUNC = invoice_serial, DESERIALFUNC = invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE invoice_shares(tariff, text, timestamptz, float8, interval, numeric, jsonb) IS
    'An invoice, allocated to its trips, which are in order of their start and name. Attributes: those of invoice.';

-- What was billed too much or too little

CREATE FUNCTION invoice_delta(plan tariff, already_billed numeric, now numeric) RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_delta'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION invoice_delta(tariff, numeric, numeric) IS
    'What is still to be billed, in the currency of the plan; negative is a credit. NULL if an argument is: of a first bill 0 is already billed. Errors: an amount with more digits than the currency.';

CREATE FUNCTION invoice_delta(plan tariff, already_billed invoice_line[], now invoice_line[])
    RETURNS TABLE (kind text, rule text, billed numeric, billed_now numeric, delta numeric)
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 5
BEGIN ATOMIC
    SELECT l.kind, l.rule, sum(l.billed), sum(l.now), tripmeter.invoice_delta(plan, sum(l.billed), sum(l.now))
    FROM (
        SELECT b.kind, b.rule, b.line, b.amount AS billed, 0 AS now FROM unnest(already_billed) AS b
        UNION ALL
        SELECT n.kind, n.rule, n.line, 0, n.amount FROM unnest(now) AS n
    ) AS l
    GROUP BY l.kind, l.rule
    ORDER BY min(l.line), l.kind, l.rule;
END;
COMMENT ON FUNCTION invoice_delta(tariff, invoice_line[], invoice_line[]) IS
    'The same for each kind and rule of lines; what is still to be billed of them adds up to that of the invoice. No rows if an argument is NULL: of a first bill ''{}'' is already billed. Errors: an amount with more digits than the currency.';
