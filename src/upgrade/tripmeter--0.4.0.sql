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
-- Events, and the slots that hold them.

CREATE SEQUENCE outbox_seq AS bigint CACHE 1;
COMMENT ON SEQUENCE outbox_seq IS 'Numbers of events. Without a cache, so that numbers are given in the order in which row locks are held.';

-- The first columns are those of Debezium's outbox event router.
CREATE TABLE outbox (
    seq bigint NOT NULL,
    id uuid NOT NULL,
    aggregatetype text NOT NULL,
    aggregateid text NOT NULL,
    type text NOT NULL,
    payload jsonb,
    version bigint,
    schemaversion integer NOT NULL,
    bucket integer NOT NULL,
    xid xid8 NOT NULL,
    occurred_at timestamp NOT NULL,
    traceparent text,
    tracestate text,
    correlationid text,
    causationid text,
    era integer NOT NULL,
    slot smallint NOT NULL
) PARTITION BY LIST (slot);
COMMENT ON TABLE outbox IS
    'Events, in the slots of a ring. Rows are only ever added, by capture and emit(); a slot that all consumers have passed is truncated. Do not alter it.';
COMMENT ON COLUMN outbox.seq IS 'orders the events of a window; of two events of one aggregate the later one has the higher number';
COMMENT ON COLUMN outbox.id IS 'identifies the event everywhere: a UUID of version 7';
COMMENT ON COLUMN outbox.aggregatetype IS 'what kind of thing it happened to';
COMMENT ON COLUMN outbox.aggregateid IS 'which one: the id as text, of several columns a JSON array';
COMMENT ON COLUMN outbox.type IS 'what happened';
COMMENT ON COLUMN outbox.payload IS 'what there is to say about it';
COMMENT ON COLUMN outbox.version IS 'of the aggregate, from a column of its row; NULL: there is none';
COMMENT ON COLUMN outbox.schemaversion IS 'of the payload''s structure, as the rule says';
COMMENT ON COLUMN outbox.bucket IS 'outbox_bucket(aggregatetype, aggregateid): which worker it is for';
COMMENT ON COLUMN outbox.xid IS 'of the transaction, in its era';
COMMENT ON COLUMN outbox.occurred_at IS 'when it was written, by the clock, in UTC';
COMMENT ON COLUMN outbox.traceparent IS 'setting tripmeter.traceparent; NULL: it was empty';
COMMENT ON COLUMN outbox.tracestate IS 'setting tripmeter.tracestate; NULL: it was empty';
COMMENT ON COLUMN outbox.correlationid IS 'setting tripmeter.correlationid; NULL: it was empty';
COMMENT ON COLUMN outbox.causationid IS 'setting tripmeter.causationid; NULL: it was empty';
COMMENT ON COLUMN outbox.era IS 'the era that xid belongs to';
COMMENT ON COLUMN outbox.slot IS 'the slot it is in';
REVOKE ALL ON outbox, outbox_seq FROM PUBLIC;
SELECT pg_extension_config_dump('outbox_seq', '');

-- Indexes are the partitions' own: an index of the parent's would meet that of a partition
-- which was added to the ring when a dump is restored.
DO $$
BEGIN
    FOR slot IN 0 .. 7 LOOP
        EXECUTE format('CREATE TABLE @extschema@.outbox_%1$s PARTITION OF @extschema@.outbox FOR VALUES IN (%1$s)', slot);
        EXECUTE format('CREATE INDEX outbox_%1$s_by_bucket ON @extschema@.outbox_%1$s (bucket, seq) WITH (deduplicate_items = off)', slot);
        EXECUTE format('COMMENT ON INDEX @extschema@.outbox_%s_by_bucket IS %L', slot, 'Finds the events of a bucket, in order.');
        EXECUTE format('COMMENT ON TABLE @extschema@.outbox_%s IS %L', slot, 'A slot of the ring of events.');
        EXECUTE format('REVOKE ALL ON @extschema@.outbox_%s FROM PUBLIC', slot);
        PERFORM pg_extension_config_dump(format('@extschema@.outbox_%s', slot)::regclass, '');
    END LOOP;
END
$$;

CREATE TABLE outbox_era (
    era integer PRIMARY KEY,
    system_identifier bigint NOT NULL,
    database oid NOT NULL,
    outbox oid NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    accepted boolean NOT NULL
);
COMMENT ON TABLE outbox_era IS
    'The systems whose transaction ids are in the events, the present one last. What was restored elsewhere begins a new era with its first event.';
COMMENT ON COLUMN outbox_era.era IS 'a number from 1 on';
COMMENT ON COLUMN outbox_era.system_identifier IS 'of the cluster: pg_control_system()';
COMMENT ON COLUMN outbox_era.database IS 'pg_database.oid';
COMMENT ON COLUMN outbox_era.outbox IS 'pg_class.oid of table outbox';
COMMENT ON COLUMN outbox_era.began_at IS 'when';
COMMENT ON COLUMN outbox_era.accepted IS 'whether its events may be received: the first era''s, and a later one''s after outbox_after_restore()';
REVOKE ALL ON outbox_era FROM PUBLIC;
SELECT pg_extension_config_dump('outbox_era', '');

CREATE TABLE outbox_current (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    slot smallint NOT NULL,
    refused boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE outbox_current IS 'Where events are written: one row.';
COMMENT ON COLUMN outbox_current.one IS 'true: there is one row';
COMMENT ON COLUMN outbox_current.slot IS 'the slot that producers write to';
COMMENT ON COLUMN outbox_current.refused IS 'whether new events are refused, for the ring is full';
REVOKE ALL ON outbox_current FROM PUBLIC;
SELECT pg_extension_config_dump('outbox_current', '');

-- Not a trigger: those can be disabled, and then events would be lost.
CREATE FUNCTION outbox_current_changed() RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_current_changed' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_current_changed() IS
    'Has all sessions read outbox_current again, which they remember, when this transaction commits. To be called by whoever writes to it. Internal.';
REVOKE ALL ON FUNCTION outbox_current_changed() FROM PUBLIC;

-- The first rows are not the install script's: a dump brings its own.
CREATE FUNCTION outbox_begin() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    here record;
BEGIN
    SELECT (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
        (SELECT oid FROM pg_database WHERE datname = current_database()) AS database,
        '@extschema@.outbox'::regclass::oid AS outbox
    INTO here;
    -- one at a time: the next one sees the row of the first
    LOCK TABLE @extschema@.outbox_era IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO @extschema@.outbox_current (slot) VALUES (0) ON CONFLICT DO NOTHING;
    PERFORM @extschema@.outbox_current_changed();
    INSERT INTO @extschema@.outbox_era (era, system_identifier, database, outbox, accepted)
    SELECT coalesce(last.era, 0) + 1, here.system_identifier, here.database, here.outbox, last.era IS NULL
    FROM (VALUES (1)) one LEFT JOIN (SELECT * FROM @extschema@.outbox_era ORDER BY era DESC LIMIT 1) last ON true
    WHERE (last.system_identifier, last.database, last.outbox) IS DISTINCT FROM (here.system_identifier, here.database, here.outbox);
END
$function$;
COMMENT ON FUNCTION outbox_begin() IS
    'Makes the first rows of outbox_current and outbox_era, and after a restore that of a new era, which is not accepted yet. Internal: attaching, writing and subscribing call it.';
REVOKE ALL ON FUNCTION outbox_begin() FROM PUBLIC;

CREATE FUNCTION outbox_bucket(aggregate_type text, aggregate_id text) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_bucket'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION outbox_bucket(text, text) IS
    'The bucket, 0 to 63, that the events of an aggregate are in: the upper 6 of 32 bits of 2654435761 times the CRC-32C of its type, a zero byte and its id.';

CREATE FUNCTION emit(aggregate_type text, aggregate_id text, type text, payload jsonb, version bigint DEFAULT NULL, schema_version integer DEFAULT 1) RETURNS uuid
    AS 'MODULE_PATHNAME', 'tripmeter_emit'
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 100;
COMMENT ON FUNCTION emit(text, text, text, jsonb, bigint, integer) IS
    'Writes an event that no row change makes, and returns its id. Events of one aggregate are in the order of the calls only if the transactions that call exclude each other, as by a row lock. Who may: roles that were granted EXECUTE. Errors: the type or id of the aggregate, or the type of the event, is NULL or empty; the outbox is full.';
REVOKE ALL ON FUNCTION emit(text, text, text, jsonb, bigint, integer) FROM PUBLIC;

-- Times are as in JSON; a sequence is compared as text, an integer has 32 bits; what is
-- not allowed in a URI is written by its bytes.
CREATE FUNCTION cloudevent(event outbox) RETURNS jsonb
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 20
    RETURN jsonb_build_object(
        'specversion', '1.0',
        'id', (event).id,
        'source', '/tripmeter/' || CASE WHEN (event).aggregatetype ~ '^[A-Za-z0-9._~-]+$' THEN (event).aggregatetype
            ELSE regexp_replace(upper(encode(convert_to((event).aggregatetype, 'UTF8'), 'hex')), '(..)', E'%\\1', 'g') END,
        'type', (event).type,
        'time', (to_jsonb((event).occurred_at) #>> '{}') || 'Z',
        'datacontenttype', 'application/json',
        'sequence', lpad((event).seq::text, 19, '0'),
        'schemaversion', (event).schemaversion,
        'data', (event).payload)
    || jsonb_strip_nulls(jsonb_build_object(
        'subject', nullif((event).aggregateid, ''),
        'partitionkey', nullif((event).aggregateid, ''),
        'aggregateversion', (event).version::text,
        'traceparent', (event).traceparent,
        'tracestate', (event).tracestate,
        'correlationid', (event).correlationid,
        'causationid', (event).causationid));
COMMENT ON FUNCTION cloudevent(outbox) IS
    'The event in the JSON form of CNCF CloudEvents 1.0. The source is /tripmeter/ and the type of the aggregate, the subject and the partitionkey are its id, and are not there if that is an empty text; sequence is the number in 19 digits, aggregateversion a string of digits; traceparent, tracestate, correlationid and causationid are there if the event has them.';
-- Capture: which tables' changes make which events.

CREATE TABLE outbox_source (
    relation regclass PRIMARY KEY,
    aggregatetype text NOT NULL CONSTRAINT outbox_source_has_a_type CHECK (aggregatetype <> ''),
    aggregateid name[] NOT NULL CONSTRAINT outbox_source_has_an_id CHECK (cardinality(aggregateid) > 0),
    version name,
    payload name[],
    truncatable boolean NOT NULL
);
COMMENT ON TABLE outbox_source IS 'The tables whose changes are captured: outbox_attach() and outbox_detach() write it.';
COMMENT ON COLUMN outbox_source.relation IS 'a table, or the root of a partitioned one';
COMMENT ON COLUMN outbox_source.aggregatetype IS 'what kind of thing its rows are';
COMMENT ON COLUMN outbox_source.aggregateid IS 'the columns that identify it';
COMMENT ON COLUMN outbox_source.version IS 'the column that has its version; NULL: there is none';
COMMENT ON COLUMN outbox_source.payload IS 'the columns that events carry where a rule does not say; NULL: all';
COMMENT ON COLUMN outbox_source.truncatable IS 'whether TRUNCATE is allowed, which makes no events';
COMMENT ON CONSTRAINT outbox_source_has_a_type ON outbox_source IS 'An aggregate has a type.';
COMMENT ON CONSTRAINT outbox_source_has_an_id ON outbox_source IS 'An aggregate has an id.';
REVOKE ALL ON outbox_source FROM PUBLIC;
SELECT pg_extension_config_dump('outbox_source', '');

CREATE TABLE outbox_rule (
    relation regclass REFERENCES outbox_source ON DELETE CASCADE,
    type text CONSTRAINT outbox_rule_has_a_type CHECK (type <> ''),
    operation text CONSTRAINT outbox_rule_has_an_operation CHECK (operation IN ('insert', 'update', 'delete')),
    condition text,
    payload name[],
    schemaversion integer NOT NULL,
    PRIMARY KEY (relation, type, operation)
);
COMMENT ON TABLE outbox_rule IS 'The events that changes of a table make: outbox_rule() and outbox_unrule() write it.';
COMMENT ON COLUMN outbox_rule.relation IS 'the table that is attached';
COMMENT ON COLUMN outbox_rule.type IS 'of the event';
COMMENT ON COLUMN outbox_rule.operation IS 'what makes it: insert, update or delete of a row';
COMMENT ON COLUMN outbox_rule.condition IS 'SQL over OLD and NEW; NULL: always';
COMMENT ON COLUMN outbox_rule.payload IS 'the columns that it carries; NULL: those of the table''s source';
COMMENT ON COLUMN outbox_rule.schemaversion IS 'of the payload''s structure';
COMMENT ON CONSTRAINT outbox_rule_has_a_type ON outbox_rule IS 'An event has a type.';
COMMENT ON CONSTRAINT outbox_rule_has_an_operation ON outbox_rule IS 'Rows are inserted, updated or deleted.';
REVOKE ALL ON outbox_rule FROM PUBLIC;
SELECT pg_extension_config_dump('outbox_rule', '');

-- The triggers

CREATE FUNCTION outbox_capture() RETURNS trigger
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_capture'
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION outbox_capture() IS
    'Writes the events of a statement''s changes: the trigger that outbox_attach() makes. Conditions, and the functions that make JSON of values, run as whoever changes the table. Errors: the table is not attached; a column that it was attached with, or that a rule names, is gone; an id is NULL; the outbox is full; TRUNCATE is not allowed.';
REVOKE ALL ON FUNCTION outbox_capture() FROM PUBLIC;

CREATE FUNCTION outbox_check(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_check'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION outbox_check(regclass) IS
    'Reads what a table is attached with and what its rules say as the triggers do, with their errors, and makes all sessions read it again. Internal: attaching and setting rules call it.';
REVOKE ALL ON FUNCTION outbox_check(regclass) FROM PUBLIC;

-- The triggers a relation needs: their names when they are made, their events, as pg_trigger.tgtype
-- has them too, and the transition tables they read. One that is there is known by its function and
-- its event, for its owner may have renamed it.
CREATE FUNCTION outbox_triggers() RETURNS TABLE (trigger name, event text, tgtype smallint, referencing text)
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1 ROWS 4
BEGIN ATOMIC
    VALUES ('tripmeter_outbox_insert'::name, 'AFTER INSERT', 4::smallint, 'REFERENCING NEW TABLE AS new_rows'),
        ('tripmeter_outbox_update', 'AFTER UPDATE', 16, 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),
        ('tripmeter_outbox_delete', 'AFTER DELETE', 8, 'REFERENCING OLD TABLE AS old_rows'),
        ('tripmeter_outbox_truncate', 'BEFORE TRUNCATE', 34, '');
END;
COMMENT ON FUNCTION outbox_triggers() IS 'The triggers of a relation that is captured. Internal.';
REVOKE ALL ON FUNCTION outbox_triggers() FROM PUBLIC;

CREATE FUNCTION outbox_members(relation regclass) RETURNS TABLE (member regclass, kind "char")
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 100 ROWS 12
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT c.oid::regclass, c.relkind
    FROM pg_class c
    WHERE c.oid = relation
        OR c.oid IN (SELECT tree.relid FROM pg_partition_tree(relation) tree)
$function$;
COMMENT ON FUNCTION outbox_members(regclass) IS 'A table and all of its partitions. Internal.';
REVOKE ALL ON FUNCTION outbox_members(regclass) FROM PUBLIC;

CREATE FUNCTION outbox_cover(relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    member regclass;
    missing record;
BEGIN
    SELECT m.member INTO member FROM @extschema@.outbox_members(outbox_cover.relation) m WHERE m.kind NOT IN ('r', 'p');
    IF FOUND THEN
        RAISE EXCEPTION 'changes of "%" cannot be captured', member USING
            ERRCODE = 'wrong_object_type',
            DETAIL = format('Table "%s" would be captured with its partitions, and this one is a foreign table.', relation),
            HINT = 'Detach the partition from it.';
    END IF;
    FOR missing IN
        SELECT m.member, t.trigger::text, t.event, t.referencing
        FROM @extschema@.outbox_members(outbox_cover.relation) m, @extschema@.outbox_triggers() t
        WHERE NOT EXISTS (SELECT FROM pg_trigger g
            WHERE g.tgrelid = m.member AND g.tgfoid = '@extschema@.outbox_capture()'::regprocedure AND g.tgtype = t.tgtype)
        ORDER BY m.member::oid, t.trigger
    LOOP
        -- the owner may have a trigger of this name
        WHILE EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = missing.member AND g.tgname = missing.trigger) LOOP
            missing.trigger := missing.trigger || '_';
        END LOOP;
        EXECUTE format('CREATE TRIGGER %I %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.outbox_capture()',
            missing.trigger, missing.event, missing.member, missing.referencing);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_cover(regclass) IS 'Makes the triggers that a table and its partitions lack. Internal.';
REVOKE ALL ON FUNCTION outbox_cover(regclass) FROM PUBLIC;

-- By the function that they call: whoever drops or renames one of them is none the worse.
CREATE FUNCTION outbox_uncover(relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    name name;
BEGIN
    FOR name IN SELECT tgname FROM pg_trigger WHERE tgrelid = relation AND tgfoid = '@extschema@.outbox_capture()'::regprocedure LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', name, relation);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_uncover(regclass) IS 'Drops the triggers that capture changes of one relation. Internal.';
REVOKE ALL ON FUNCTION outbox_uncover(regclass) FROM PUBLIC;

-- What table owners call

CREATE FUNCTION outbox_require_owner(caller oid, relation regclass) RETURNS void
    LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT pg_has_role(caller, (SELECT relowner FROM pg_class WHERE oid = relation), 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of table %', relation USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_require_owner(oid, regclass) IS 'Error: the caller does not own the table. Internal.';
REVOKE ALL ON FUNCTION outbox_require_owner(oid, regclass) FROM PUBLIC;

CREATE FUNCTION outbox_require_attached(caller oid, relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM @extschema@.outbox_require_owner(caller, relation);
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
    IF NOT EXISTS (SELECT FROM @extschema@.outbox_source s WHERE s.relation = outbox_require_attached.relation) THEN
        RAISE EXCEPTION 'table "%" is not attached to the outbox', relation USING
            ERRCODE = 'undefined_object',
            HINT = 'tripmeter.outbox_attach() attaches a table, with all of its partitions.';
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_require_attached(oid, regclass) IS
    'Locks a table against writing. Errors: the caller does not own it; it is not attached. Internal.';
REVOKE ALL ON FUNCTION outbox_require_attached(oid, regclass) FROM PUBLIC;

CREATE FUNCTION outbox_attach_as(caller oid, relation regclass, aggregate_type text, aggregate_id name[], version_column name,
        payload_columns name[], allow_truncate boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    class pg_class;
    other regclass;
BEGIN
    SELECT c.* INTO class FROM pg_class c WHERE c.oid = relation;
    IF NOT FOUND OR nullif(aggregate_type, '') IS NULL OR coalesce(cardinality(aggregate_id), 0) = 0 OR array_position(aggregate_id, NULL) IS NOT NULL
            OR array_position(payload_columns, NULL) IS NOT NULL OR allow_truncate IS NULL THEN
        RAISE EXCEPTION 'a table, the type of its aggregate and the columns that identify it must be given' USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: tripmeter.outbox_attach(''trips'', ''trip'', ''{trip_id}'').';
    END IF;
    PERFORM @extschema@.outbox_require_owner(caller, relation);
    IF class.relkind NOT IN ('r', 'p') OR class.relpersistence = 't' THEN
        RAISE EXCEPTION 'changes of "%" cannot be captured', relation USING
            ERRCODE = 'wrong_object_type',
            DETAIL = 'It is not a table that lasts, or a partitioned one.';
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
    SELECT s.relation INTO other FROM @extschema@.outbox_source s
    WHERE s.relation = outbox_attach_as.relation OR s.relation IN (SELECT relid FROM pg_partition_ancestors(outbox_attach_as.relation) a (relid));
    IF FOUND THEN
        RAISE EXCEPTION 'table "%" is attached to the outbox already', relation USING
            ERRCODE = 'duplicate_object',
            DETAIL = CASE WHEN other = relation THEN 'Its changes are captured.' ELSE format('It is a partition of "%s", and captured with it.', other) END,
            HINT = 'To attach it in another way, detach it first: tripmeter.outbox_detach().';
    END IF;
    IF class.relispartition THEN
        RAISE EXCEPTION 'changes of partition "%" cannot be captured alone', relation USING
            ERRCODE = 'wrong_object_type',
            DETAIL = 'Those that are made through its parent would go unseen.',
            HINT = format('Attach the root, "%s".', pg_partition_root(relation));
    END IF;
    PERFORM @extschema@.outbox_begin();
    INSERT INTO @extschema@.outbox_source VALUES (relation, aggregate_type, aggregate_id, version_column, payload_columns, allow_truncate);
    PERFORM @extschema@.outbox_cover(relation);
    PERFORM @extschema@.outbox_check(relation);
END
$function$;
COMMENT ON FUNCTION outbox_attach_as(oid, regclass, text, name[], name, name[], boolean) IS 'What outbox_attach does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_attach_as(oid, regclass, text, name[], name, name[], boolean) FROM PUBLIC;

CREATE FUNCTION outbox_attach(relation regclass, aggregate_type text, aggregate_id name[], version_column name DEFAULT NULL, payload_columns name[] DEFAULT NULL, allow_truncate boolean DEFAULT false) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_attach(regclass, text, name[], name, name[], boolean) IS
    'Begins to capture the changes of a table, and of all partitions it has and will have: each row is an aggregate of this type, identified by these columns. Without a rule a change makes the event created, updated or deleted, after the type and a dot, with the row, the old one of a delete; payload_columns says which columns, for the outbox does not know of the table''s privileges and policies. version_column is an integer column whose value events carry. TRUNCATE makes no events, and is refused unless it is allowed. Waits for transactions that write to the table. Errors: the caller does not own the table; it is not a table that lasts, is itself a partition, or has a foreign one; it is attached already; a column does not exist, or its type cannot identify an aggregate.';
-- Who may attach a table may write events of any kind.
REVOKE ALL ON FUNCTION outbox_attach(regclass, text, name[], name, name[], boolean) FROM PUBLIC;

CREATE FUNCTION outbox_detach_as(caller oid, relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM @extschema@.outbox_require_attached(caller, relation);
    PERFORM @extschema@.outbox_uncover(m.member) FROM @extschema@.outbox_members(relation) m;
    DELETE FROM @extschema@.outbox_source s WHERE s.relation = outbox_detach_as.relation;
END
$function$;
COMMENT ON FUNCTION outbox_detach_as(oid, regclass) IS 'What outbox_detach does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_detach_as(oid, regclass) FROM PUBLIC;

CREATE FUNCTION outbox_detach(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_detach(regclass) IS
    'Ceases to capture the changes of a table, and forgets its rules. Events that there are stay. Waits for transactions that write to the table. Errors: the caller does not own the table; it is not attached.';

CREATE FUNCTION outbox_rule_as(caller oid, relation regclass, type text, on_operations text[], condition text, payload_columns name[],
        schema_version integer) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF relation IS NULL OR nullif(type, '') IS NULL OR schema_version IS NULL OR coalesce(cardinality(on_operations), 0) = 0
            OR array_position(payload_columns, NULL) IS NOT NULL OR NOT on_operations <@ '{insert,update,delete}' THEN
        RAISE EXCEPTION 'a table, the type of an event and the operations that make it must be given' USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('The operations given are %s.', coalesce(quote_nullable(on_operations::text), 'NULL')),
            HINT = 'Operations are insert, update and delete. For example: tripmeter.outbox_rule(''trips'', ''trip.completed'', ''{update}'', ''OLD.status IS DISTINCT FROM NEW.status AND NEW.status = ''''completed'''''').';
    END IF;
    PERFORM @extschema@.outbox_require_attached(caller, relation);
    INSERT INTO @extschema@.outbox_rule
    SELECT DISTINCT relation, type, o.operation, condition, payload_columns, schema_version FROM unnest(on_operations) o (operation)
    ON CONFLICT ON CONSTRAINT outbox_rule_pkey DO UPDATE
    SET condition = excluded.condition, payload = excluded.payload, schemaversion = excluded.schemaversion;
    PERFORM @extschema@.outbox_check(relation);
END
$function$;
COMMENT ON FUNCTION outbox_rule_as(oid, regclass, text, text[], text, name[], integer) IS 'What outbox_rule does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_rule_as(oid, regclass, text, text[], text, name[], integer) FROM PUBLIC;

CREATE FUNCTION outbox_rule(relation regclass, type text, on_operations text[], condition text DEFAULT NULL, payload_columns name[] DEFAULT NULL, schema_version integer DEFAULT 1) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_rule(regclass, text, text[], text, name[], integer) IS
    'Says which event these operations on a row make: insert, update, delete. Once a table has a rule, only rules make events. The condition is an SQL expression over OLD and NEW, as in the WHEN of a trigger, in which names outside pg_catalog are qualified by their schema; it is evaluated as whoever changes the table. payload_columns are those that the event carries, by default those of outbox_attach(). A rule of the same type for the same operation is replaced. The events of one change are in the order of their types. Waits for transactions that write to the table. Errors: the caller does not own the table; it is not attached; the condition is none; a column does not exist.';
-- Who may attach a table may write events of any kind.
REVOKE ALL ON FUNCTION outbox_rule(regclass, text, text[], text, name[], integer) FROM PUBLIC;

CREATE FUNCTION outbox_unrule_as(caller oid, relation regclass, type text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM @extschema@.outbox_require_attached(caller, relation);
    DELETE FROM @extschema@.outbox_rule r WHERE r.relation = outbox_unrule_as.relation AND r.type = outbox_unrule_as.type;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'table "%" has no rule "%"', relation, type USING ERRCODE = 'undefined_object';
    END IF;
    PERFORM @extschema@.outbox_check(relation);
END
$function$;
COMMENT ON FUNCTION outbox_unrule_as(oid, regclass, text) IS 'What outbox_unrule does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_unrule_as(oid, regclass, text) FROM PUBLIC;

CREATE FUNCTION outbox_unrule(relation regclass, type text) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_unrule(regclass, text) IS
    'Forgets the rule of this type, for all operations. After the last one is gone, changes make the events created, updated and deleted again. Waits for transactions that write to the table. Errors: the caller does not own the table; it is not attached; it has no such rule.';

CREATE FUNCTION outbox_coverage() RETURNS TABLE (relation regclass, partition regclass, covered boolean, missing text)
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER COST 1000 ROWS 100
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT s.relation, m.member, lacking.text IS NULL, lacking.text
    FROM @extschema@.outbox_source s
        LEFT JOIN LATERAL @extschema@.outbox_members(s.relation) m ON true
        CROSS JOIN LATERAL (
            SELECT CASE WHEN m.member IS NULL THEN 'the table does not exist'
                ELSE string_agg(CASE WHEN g.tgrelid IS NULL THEN format('trigger %s does not exist', t.trigger)
                        WHEN g.tgenabled = 'D' THEN format('trigger %s is disabled', g.tgname)
                        WHEN g.tgenabled = 'R' THEN format('trigger %s fires in replicas alone', g.tgname) END, '; ' ORDER BY t.trigger) END
            FROM @extschema@.outbox_triggers() t
                LEFT JOIN pg_trigger g ON g.tgrelid = m.member AND g.tgfoid = '@extschema@.outbox_capture()'::regprocedure AND g.tgtype = t.tgtype
        ) lacking (text)
    ORDER BY s.relation::oid, m.member::oid
$function$;
COMMENT ON FUNCTION outbox_coverage() IS
    'The tables that are attached, each with its partitions and itself, whether changes of these are captured, and if not what is missing.';

-- Partitions that come and go

CREATE FUNCTION outbox_follow_partitions() RETURNS event_trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    source regclass;
    stray regclass;
BEGIN
    IF NOT EXISTS (SELECT FROM @extschema@.outbox_source) THEN
        RETURN;
    END IF;
    SELECT s.relation INTO source FROM @extschema@.outbox_source s JOIN pg_class c ON c.oid = s.relation WHERE c.relispartition;
    IF FOUND THEN
        RAISE EXCEPTION 'table "%" is attached to the outbox', source USING
            ERRCODE = 'object_in_use',
            DETAIL = format('As a partition of "%s" it would not be seen what is done through that.', pg_partition_root(source)),
            HINT = 'Detach it first, by tripmeter.outbox_detach(), and attach the root.';
    END IF;
    FOR source IN
        SELECT DISTINCT s.relation
        FROM pg_event_trigger_ddl_commands() command, pg_partition_ancestors(command.objid) ancestor (relid), @extschema@.outbox_source s
        WHERE command.classid = 'pg_class'::regclass AND s.relation = ancestor.relid
    LOOP
        -- what was a partition of it is none any more
        FOR stray IN
            SELECT DISTINCT tgrelid FROM pg_trigger
            WHERE tgfoid = '@extschema@.outbox_capture()'::regprocedure
                AND NOT EXISTS (SELECT FROM @extschema@.outbox_source s WHERE s.relation = tgrelid)
                AND NOT EXISTS (SELECT FROM @extschema@.outbox_source s, pg_partition_ancestors(tgrelid) ancestor (relid) WHERE s.relation = ancestor.relid)
        LOOP
            PERFORM @extschema@.outbox_uncover(stray);
        END LOOP;
        PERFORM @extschema@.outbox_cover(source);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_follow_partitions() IS
    'Captures partitions that are created or attached, and ceases to capture those that are detached. Errors: a partition is a foreign table; a table that is attached to the outbox becomes a partition.';
REVOKE ALL ON FUNCTION outbox_follow_partitions() FROM PUBLIC;

CREATE FUNCTION outbox_forget_dropped() RETURNS event_trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- not there any more if it is the extension that was dropped
    IF to_regclass('@extschema@.outbox_source') IS NOT NULL THEN
        DELETE FROM @extschema@.outbox_source s
        USING pg_event_trigger_dropped_objects() dropped
        WHERE dropped.classid = 'pg_class'::regclass AND dropped.objsubid = 0 AND s.relation = dropped.objid;
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_forget_dropped() IS 'Forgets what the outbox knows of a table that is dropped.';
REVOKE ALL ON FUNCTION outbox_forget_dropped() FROM PUBLIC;

CREATE EVENT TRIGGER tripmeter_outbox_partitions ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA')
    EXECUTE FUNCTION outbox_follow_partitions();
COMMENT ON EVENT TRIGGER tripmeter_outbox_partitions IS 'Captures new partitions of tables that are attached to the outbox.';

CREATE EVENT TRIGGER tripmeter_outbox_dropped ON sql_drop
    EXECUTE FUNCTION outbox_forget_dropped();
COMMENT ON EVENT TRIGGER tripmeter_outbox_dropped IS 'Forgets tables that were attached to the outbox and are dropped.';
-- The ring of slots, and ticks: the snapshots between which events are handed out.

CREATE TABLE outbox_setting (
    one boolean PRIMARY KEY DEFAULT true CONSTRAINT outbox_setting_is_one CHECK (one),
    tick_interval interval NOT NULL DEFAULT '100 ms' CHECK (tick_interval BETWEEN '0' AND '100 years'),
    notify boolean NOT NULL DEFAULT false,
    slot_age interval NOT NULL DEFAULT '1 day' CHECK (slot_age BETWEEN '0' AND '100 years'),
    slot_bytes bigint NOT NULL DEFAULT 1073741824 CHECK (slot_bytes >= 0),
    when_full text NOT NULL DEFAULT 'extend' CHECK (when_full IN ('extend', 'refuse')),
    inbox_age interval NOT NULL DEFAULT '7 days' CHECK (inbox_age BETWEEN '0' AND '100 years')
);
COMMENT ON TABLE outbox_setting IS 'One row: the outbox''s settings, which outbox_configure changes.';
COMMENT ON COLUMN outbox_setting.one IS 'true';
COMMENT ON COLUMN outbox_setting.tick_interval IS 'who receives makes a tick when the last one is older';
COMMENT ON COLUMN outbox_setting.notify IS 'whether a tick that sees something new notifies channel tripmeter_outbox';
COMMENT ON COLUMN outbox_setting.slot_age IS 'the next slot is opened when the current one is older and has events';
COMMENT ON COLUMN outbox_setting.slot_bytes IS 'the next slot is opened when the current one is larger';
COMMENT ON COLUMN outbox_setting.when_full IS 'when every slot is in use: extend the ring, or refuse events';
COMMENT ON COLUMN outbox_setting.inbox_age IS 'how long inbox() remembers an id at least';

CREATE TABLE outbox_ring (
    slot smallint PRIMARY KEY,
    opened_tick bigint,
    opened_at timestamptz,
    closed_by xid8,
    sealed_tick bigint
);
COMMENT ON TABLE outbox_ring IS 'Slots of the ring: a partition each of outbox, outbox_tick and outbox_progress, which are truncated together. A slot with no opened_tick is free.';
COMMENT ON COLUMN outbox_ring.slot IS 'the number in the partitions'' names';
COMMENT ON COLUMN outbox_ring.opened_tick IS 'a tick that sees nothing of what the slot holds';
COMMENT ON COLUMN outbox_ring.opened_at IS 'when it became the current one';
COMMENT ON COLUMN outbox_ring.closed_by IS 'the transaction that opened the next slot instead; of the system at that time';
COMMENT ON COLUMN outbox_ring.sealed_tick IS 'a tick that sees all that the slot will ever hold';

CREATE SEQUENCE outbox_tick_number AS bigint CACHE 1;
COMMENT ON SEQUENCE outbox_tick_number IS 'Numbers of ticks.';

CREATE TABLE outbox_tick (
    tick bigint NOT NULL,
    era integer NOT NULL,
    snapshot pg_snapshot NOT NULL,
    seq_before bigint NOT NULL,
    next_xid xid8 NOT NULL,
    seq_after bigint NOT NULL,
    lsn pg_lsn NOT NULL,
    at timestamptz NOT NULL,
    slot smallint NOT NULL
) PARTITION BY LIST (slot);
COMMENT ON TABLE outbox_tick IS 'Ticks: of two, the later one sees all that the earlier one sees. Append-only.';
COMMENT ON COLUMN outbox_tick.tick IS 'its number';
COMMENT ON COLUMN outbox_tick.era IS 'whose transaction ids the snapshot holds: see outbox_era';
COMMENT ON COLUMN outbox_tick.snapshot IS 'what it sees';
COMMENT ON COLUMN outbox_tick.seq_before IS 'the last number of an event that was given before the snapshot was taken';
COMMENT ON COLUMN outbox_tick.next_xid IS 'the next transaction id, read after seq_before: whoever had it, or a higher one, wrote events with higher numbers';
COMMENT ON COLUMN outbox_tick.seq_after IS 'the last number that was given after the snapshot was taken';
COMMENT ON COLUMN outbox_tick.lsn IS 'the end of the log then: what it sees is durable when the log is flushed that far';
COMMENT ON COLUMN outbox_tick.at IS 'when it was made';
COMMENT ON COLUMN outbox_tick.slot IS 'the slot that was the current one';

-- Indexes are the partitions' own: an index of the parent's would meet that of a partition
-- which was added to the ring when a dump is restored.
DO $do$
DECLARE
    name text;
BEGIN
    FOR n IN 0..7 LOOP
        name := format('outbox_tick_%s', n);
        EXECUTE format('CREATE TABLE @extschema@.%s PARTITION OF @extschema@.outbox_tick FOR VALUES IN (%s)', name, n);
        EXECUTE format('CREATE INDEX %1$s_by_number ON @extschema@.%1$s (tick)', name);
        EXECUTE format('CREATE INDEX %1$s_by_seq ON @extschema@.%1$s (seq_after, tick)', name);
        EXECUTE format('CREATE INDEX %1$s_by_xid ON @extschema@.%1$s (next_xid)', name);
        EXECUTE format('COMMENT ON TABLE @extschema@.%s IS ''Ticks of slot %s.''', name, n);
        EXECUTE format('COMMENT ON INDEX @extschema@.%s_by_number IS ''Finds a tick.''', name);
        EXECUTE format('COMMENT ON INDEX @extschema@.%s_by_seq IS ''Finds the last tick before some event.''', name);
        EXECUTE format('COMMENT ON INDEX @extschema@.%s_by_xid IS ''Finds the last tick before some transaction had an id.''', name);
        PERFORM pg_extension_config_dump(format('@extschema@.%s', name)::regclass, '');
    END LOOP;
END
$do$;
SELECT pg_extension_config_dump('outbox_setting', '');
SELECT pg_extension_config_dump('outbox_ring', '');
SELECT pg_extension_config_dump('outbox_tick_number', '');

-- What SQL does not offer

CREATE FUNCTION outbox_lock(what integer, wait boolean) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_lock' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_lock(integer, boolean) IS
    'Takes the lock of ticks (0) or of a share until it is released, or the transaction ends. False if it was not to be had without waiting. Internal.';
REVOKE ALL ON FUNCTION outbox_lock(integer, boolean) FROM PUBLIC;

CREATE FUNCTION outbox_unlock(what integer) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_unlock' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_unlock(integer) IS 'Releases what outbox_lock took. Internal.';
REVOKE ALL ON FUNCTION outbox_unlock(integer) FROM PUBLIC;

CREATE FUNCTION outbox_is_unwritten("table" regclass) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_is_unwritten' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_is_unwritten(regclass) IS
    'Whether no transaction in progress has written to a table: a snapshot that is taken afterwards sees all that was written to it. Internal.';
REVOKE ALL ON FUNCTION outbox_is_unwritten(regclass) FROM PUBLIC;

CREATE FUNCTION outbox_next_xid() RETURNS xid8
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_next_xid' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_next_xid() IS 'The next transaction id, which nobody has yet. A snapshot''s xmax may be lower: it is above what has ended, not above what runs. Internal.';
REVOKE ALL ON FUNCTION outbox_next_xid() FROM PUBLIC;

CREATE FUNCTION outbox_end_of_log() RETURNS pg_lsn
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_end_of_log' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_end_of_log() IS 'Where the last record of the write-ahead log ends. Internal.';
REVOKE ALL ON FUNCTION outbox_end_of_log() FROM PUBLIC;

CREATE FUNCTION outbox_flush(lsn pg_lsn) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_flush' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_flush(pg_lsn) IS 'Flushes the write-ahead log that far, unless it is. Internal.';
REVOKE ALL ON FUNCTION outbox_flush(pg_lsn) FROM PUBLIC;

CREATE FUNCTION outbox_is_of_here(system_identifier bigint, database oid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_is_of_here' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION outbox_is_of_here(bigint, oid) IS 'Whether an era is that of this server and this database, which a restored copy is not. Internal.';
REVOKE ALL ON FUNCTION outbox_is_of_here(bigint, oid) FROM PUBLIC;

CREATE FUNCTION outbox_is_upkeep_due() RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_is_upkeep_due' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_is_upkeep_due() IS 'Whether the statement is a transaction of its own, and the session has not been told so in the last second. Internal.';
REVOKE ALL ON FUNCTION outbox_is_upkeep_due() FROM PUBLIC;

-- Snapshots

CREATE FUNCTION outbox_last_seq() RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(pg_sequence_last_value('@extschema@.outbox_seq'), 0);
END
$function$;
COMMENT ON FUNCTION outbox_last_seq() IS 'The last number that was given to an event, whether that has committed or not. Internal.';
REVOKE ALL ON FUNCTION outbox_last_seq() FROM PUBLIC;

-- The server leaves a transaction out of its own snapshots, so that it would seem to have committed.
CREATE FUNCTION outbox_snapshot() RETURNS pg_snapshot
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    latest pg_snapshot := pg_current_snapshot();
    own xid8 := pg_current_xact_id_if_assigned();
BEGIN
    IF own IS NULL OR own >= pg_snapshot_xmax(latest) THEN
        RETURN latest;
    END IF;
    RETURN format('%s:%s:%s', least(own, pg_snapshot_xmin(latest)), pg_snapshot_xmax(latest),
        (SELECT string_agg(id::text, ',' ORDER BY id)
         FROM (SELECT pg_snapshot_xip(latest) UNION SELECT own) AS running (id)));
END
$function$;
COMMENT ON FUNCTION outbox_snapshot() IS 'What has committed by now; never what this transaction wrote. Internal.';
REVOKE ALL ON FUNCTION outbox_snapshot() FROM PUBLIC;

CREATE FUNCTION outbox_write_tick(made outbox_tick) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_write_tick' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_write_tick(outbox_tick) IS 'Writes a tick into the current slot. Internal.';
REVOKE ALL ON FUNCTION outbox_write_tick(outbox_tick) FROM PUBLIC;

-- The lock makes of two ticks the later one see more, and keeps the slot that is written
-- to from being truncated meanwhile. It is not held until commit: whoever receives may keep
-- its transaction open for long.
CREATE FUNCTION outbox_make_tick(era integer) RETURNS outbox_tick
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    made @extschema@.outbox_tick;
BEGIN
    PERFORM @extschema@.outbox_lock(0, true);
    made.era := era;
    made.seq_before := @extschema@.outbox_last_seq();
    made.next_xid := @extschema@.outbox_next_xid();
    made.snapshot := @extschema@.outbox_snapshot();
    made.seq_after := @extschema@.outbox_last_seq();
    made.lsn := @extschema@.outbox_end_of_log();
    -- this may give the transaction an id, which is not to be among those in progress
    made.tick := nextval('@extschema@.outbox_tick_number');
    made.at := clock_timestamp();
    PERFORM @extschema@.outbox_write_tick(made);
    PERFORM @extschema@.outbox_unlock(0);
    PERFORM @extschema@.outbox_flush(made.lsn);
    RETURN made;
END
$function$;
COMMENT ON FUNCTION outbox_make_tick(integer) IS 'Makes a tick of the era and what it sees durable. Internal.';
REVOKE ALL ON FUNCTION outbox_make_tick(integer) FROM PUBLIC;

-- Reading ticks. Only the slots in use are locked.

CREATE FUNCTION outbox_slots(after_tick bigint DEFAULT 0) RETURNS smallint[]
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN ARRAY(SELECT slot FROM @extschema@.outbox_ring
                 WHERE opened_tick IS NOT NULL AND coalesce(sealed_tick > after_tick, true));
END
$function$;
COMMENT ON FUNCTION outbox_slots(bigint) IS 'The slots that are in use and may hold what a tick does not see. Internal.';
REVOKE ALL ON FUNCTION outbox_slots(bigint) FROM PUBLIC;

CREATE FUNCTION outbox_last_tick() RETURNS outbox_tick
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_last_tick' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_last_tick() IS 'The latest tick. Internal.';
REVOKE ALL ON FUNCTION outbox_last_tick() FROM PUBLIC;

CREATE FUNCTION outbox_tick_of(number bigint) RETURNS outbox_tick
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_tick_of' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_tick_of(bigint) IS 'A tick by its number; NULL if it is no longer kept. Internal.';
REVOKE ALL ON FUNCTION outbox_tick_of(bigint) FROM PUBLIC;

-- The events that are new since a tick have numbers after seq_before, but those of
-- transactions that were in progress then: some have ids from the snapshot's xmax on.
CREATE FUNCTION outbox_has_news(since outbox_tick) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN @extschema@.outbox_last_seq() > since.seq_before
        OR pg_snapshot_xmax(since.snapshot) < least(since.next_xid, pg_snapshot_xmax(pg_current_snapshot()))
        OR EXISTS (SELECT FROM pg_snapshot_xip(since.snapshot) AS running (id)
                   WHERE pg_visible_in_snapshot(id, pg_current_snapshot()));
END
$function$;
COMMENT ON FUNCTION outbox_has_news(outbox_tick) IS 'Whether a tick that is made now may see events that this one does not. Internal.';
REVOKE ALL ON FUNCTION outbox_has_news(outbox_tick) FROM PUBLIC;

-- The first rows. The install script makes none, for they would meet those of a restored dump.
CREATE FUNCTION outbox_prepare() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (SELECT FROM @extschema@.outbox_ring) THEN
        RETURN;
    END IF;
    PERFORM @extschema@.outbox_begin();
    LOCK TABLE @extschema@.outbox_ring IN SHARE ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM @extschema@.outbox_ring) THEN
        RETURN;
    END IF;
    INSERT INTO @extschema@.outbox_setting DEFAULT VALUES ON CONFLICT DO NOTHING;
    -- of all partitions: a dump of the schema alone has those that were added to the ring
    INSERT INTO @extschema@.outbox_ring (slot)
    SELECT generate_series(1, count(*)) - 1 FROM pg_inherits WHERE inhparent = '@extschema@.outbox'::regclass;
    UPDATE @extschema@.outbox_ring
    SET opened_at = clock_timestamp(),
        opened_tick = @extschema@.outbox_mark((SELECT max(era) FROM @extschema@.outbox_era), '3:3:', 0)
    WHERE slot = (SELECT slot FROM @extschema@.outbox_current);
END
$function$;
COMMENT ON FUNCTION outbox_prepare() IS 'Makes the rows that the outbox starts with, unless they are there. Internal.';
REVOKE ALL ON FUNCTION outbox_prepare() FROM PUBLIC;

CREATE FUNCTION outbox_mark(era integer, snapshot pg_snapshot, seq bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    mark @extschema@.outbox_tick;
BEGIN
    mark.tick := nextval('@extschema@.outbox_tick_number');
    mark.era := era;
    mark.snapshot := snapshot;
    mark.seq_before := 0;
    mark.next_xid := pg_snapshot_xmax(snapshot);
    mark.seq_after := seq;
    mark.lsn := @extschema@.outbox_end_of_log();
    mark.at := clock_timestamp();
    PERFORM @extschema@.outbox_write_tick(mark);
    RETURN mark.tick;
END
$function$;
COMMENT ON FUNCTION outbox_mark(integer, pg_snapshot, bigint) IS
    'Makes a tick that marks where an era begins, whose snapshot sees nothing, or ends, whose snapshot sees all of it. Internal.';
REVOKE ALL ON FUNCTION outbox_mark(integer, pg_snapshot, bigint) FROM PUBLIC;

CREATE FUNCTION outbox_check_isolation() RETURNS void
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'consumers cannot use a transaction of isolation level %', current_setting('transaction_isolation') USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Its snapshot may be older than what is known of them.',
            HINT = 'Use READ COMMITTED.';
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_check_isolation() IS 'Errors: an isolation level above READ COMMITTED. Internal.';
REVOKE ALL ON FUNCTION outbox_check_isolation() FROM PUBLIC;

CREATE FUNCTION outbox_this_era() RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    latest @extschema@.outbox_era;
BEGIN
    PERFORM @extschema@.outbox_check_isolation();
    SELECT * INTO latest FROM @extschema@.outbox_era ORDER BY era DESC LIMIT 1;
    IF latest.accepted AND latest.outbox = '@extschema@.outbox'::regclass
        AND @extschema@.outbox_is_of_here(latest.system_identifier, latest.database) THEN
        RETURN latest.era;
    END IF;
    RAISE EXCEPTION 'the outbox has been restored or copied from another database' USING
        ERRCODE = 'object_not_in_prerequisite_state',
        DETAIL = format('Consumers are where they were in era %s.', latest.era - (NOT latest.accepted)::integer),
        HINT = 'Call @extschema@.outbox_after_restore() once, if this copy is the one that consumers are to receive from.';
END
$function$;
COMMENT ON FUNCTION outbox_this_era() IS
    'The era of this system. Errors: an isolation level above READ COMMITTED; a restored or copied database whose era is not accepted yet. Internal.';
REVOKE ALL ON FUNCTION outbox_this_era() FROM PUBLIC;

-- Also when the clock was set back
CREATE FUNCTION outbox_is_tick_due(last outbox_tick, since interval) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN clock_timestamp() NOT BETWEEN last.at AND last.at + since - interval '1 us';
END
$function$;
COMMENT ON FUNCTION outbox_is_tick_due(outbox_tick, interval) IS 'Whether a tick is older than that. Internal.';
REVOKE ALL ON FUNCTION outbox_is_tick_due(outbox_tick, interval) FROM PUBLIC;

CREATE FUNCTION outbox_tick_if_due(since interval DEFAULT NULL) RETURNS outbox_tick
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    setting @extschema@.outbox_setting;
    era integer := @extschema@.outbox_this_era();
    last @extschema@.outbox_tick := @extschema@.outbox_last_tick();
BEGIN
    SELECT * INTO setting FROM @extschema@.outbox_setting;
    IF NOT @extschema@.outbox_is_tick_due(last, coalesce(since, setting.tick_interval)) OR NOT @extschema@.outbox_has_news(last) THEN
        RETURN last;
    END IF;
    IF setting.notify THEN
        NOTIFY tripmeter_outbox;
    END IF;
    RETURN @extschema@.outbox_make_tick(era);
END
$function$;
COMMENT ON FUNCTION outbox_tick_if_due(interval) IS
    'The latest tick, which is made now if the last one is older than that, by default the setting, and there is something new. Errors: those of outbox_this_era. Internal.';
REVOKE ALL ON FUNCTION outbox_tick_if_due(interval) FROM PUBLIC;
-- Consumers, and the shares in which their workers receive.

CREATE TABLE outbox_consumer (
    consumer text PRIMARY KEY CONSTRAINT outbox_consumer_is_named CHECK (consumer <> ''),
    owner name NOT NULL,
    shares integer NOT NULL CONSTRAINT outbox_consumer_shares CHECK (shares IN (1, 2, 4, 8, 16, 32, 64)),
    types text[],
    lease interval NOT NULL CONSTRAINT outbox_consumer_lease CHECK (lease > '0' AND lease <= '100 years'),
    max_tries integer NOT NULL CONSTRAINT outbox_consumer_tries CHECK (max_tries > 0),
    retry_delay interval NOT NULL CONSTRAINT outbox_consumer_delay CHECK (retry_delay >= '0'),
    retry_delay_max interval NOT NULL CONSTRAINT outbox_consumer_delay_max CHECK (retry_delay_max >= retry_delay AND retry_delay_max <= '100 years'),
    when_stuck text NOT NULL CONSTRAINT outbox_consumer_policy CHECK (when_stuck IN ('keep', 'drop')),
    subscribed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lost_at timestamptz
);
COMMENT ON TABLE outbox_consumer IS 'Who receives events. outbox_subscribe adds a row, outbox_unsubscribe removes it.';
COMMENT ON COLUMN outbox_consumer.consumer IS 'its name';
COMMENT ON COLUMN outbox_consumer.owner IS 'the role whose members may receive, acknowledge and seek for it';
COMMENT ON COLUMN outbox_consumer.shares IS 'in how many shares its events are given out: the most workers at once';
COMMENT ON COLUMN outbox_consumer.types IS 'the types of events that it receives; NULL: all';
COMMENT ON COLUMN outbox_consumer.lease IS 'how long a share is a worker''s since it last received or acknowledged';
COMMENT ON COLUMN outbox_consumer.max_tries IS 'an event that failed so often goes to outbox_dead';
COMMENT ON COLUMN outbox_consumer.retry_delay IS 'from the first failure of an event to its next try; then twice as long each time';
COMMENT ON COLUMN outbox_consumer.retry_delay_max IS 'but no longer';
COMMENT ON COLUMN outbox_consumer.when_stuck IS 'when the ring is full and it is the one who keeps a slot: keep it, or drop the consumer';
COMMENT ON COLUMN outbox_consumer.subscribed_at IS 'since when it is one';
COMMENT ON COLUMN outbox_consumer.lost_at IS 'when it was dropped for being stuck';
COMMENT ON CONSTRAINT outbox_consumer_is_named ON outbox_consumer IS 'A name is not empty.';
COMMENT ON CONSTRAINT outbox_consumer_shares ON outbox_consumer IS 'Shares are a power of two, up to the 64 buckets of events.';
COMMENT ON CONSTRAINT outbox_consumer_lease ON outbox_consumer IS 'A lease takes time, up to a hundred years.';
COMMENT ON CONSTRAINT outbox_consumer_tries ON outbox_consumer IS 'An event is tried once at least.';
COMMENT ON CONSTRAINT outbox_consumer_delay ON outbox_consumer IS 'A delay is not negative.';
COMMENT ON CONSTRAINT outbox_consumer_delay_max ON outbox_consumer IS 'The longest delay is not below the first, nor above a hundred years.';
COMMENT ON CONSTRAINT outbox_consumer_policy ON outbox_consumer IS 'There are two policies.';

CREATE SEQUENCE outbox_share_id AS integer MAXVALUE 8388607 CYCLE;
COMMENT ON SEQUENCE outbox_share_id IS 'Ids of shares; they are the upper bits of the numbers of batches.';

CREATE TABLE outbox_share (
    id integer PRIMARY KEY DEFAULT nextval('outbox_share_id'),
    consumer text NOT NULL,
    share integer NOT NULL,
    UNIQUE (consumer, share)
);
COMMENT ON TABLE outbox_share IS 'Shares of consumers. Whoever works on one holds the lock of its id.';
COMMENT ON COLUMN outbox_share.id IS 'its lock, and what its progress is found by';
COMMENT ON COLUMN outbox_share.consumer IS 'whose it is';
COMMENT ON COLUMN outbox_share.share IS 'events whose bucket leaves this remainder when divided by the number of shares; -1: where workers without a share wait';

CREATE SEQUENCE outbox_progress_number AS bigint CACHE 1;
COMMENT ON SEQUENCE outbox_progress_number IS 'Numbers of rows of outbox_progress.';

CREATE TABLE outbox_progress (
    n bigint NOT NULL DEFAULT nextval('outbox_progress_number'),
    share integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    epoch integer NOT NULL,
    worker text,
    lease_until timestamptz,
    tick bigint,
    until bigint,
    seq bigint,
    batch bigint,
    open boolean NOT NULL DEFAULT false,
    handed integer NOT NULL DEFAULT 0,
    retries integer NOT NULL DEFAULT 0,
    end_seq bigint,
    slot smallint NOT NULL
) PARTITION BY LIST (slot);
COMMENT ON TABLE outbox_progress IS 'A journal: the newest row of a share tells how far it is. Append-only, so that a long transaction slows nobody down.';
COMMENT ON COLUMN outbox_progress.n IS 'its number: the highest of a share is the newest';
COMMENT ON COLUMN outbox_progress.share IS 'the id of a share';
COMMENT ON COLUMN outbox_progress.at IS 'when it was written';
COMMENT ON COLUMN outbox_progress.epoch IS 'how often the share went from one worker to another';
COMMENT ON COLUMN outbox_progress.worker IS 'whose it is';
COMMENT ON COLUMN outbox_progress.lease_until IS 'until then nobody else takes it over';
COMMENT ON COLUMN outbox_progress.tick IS 'all events that it sees were acknowledged, or wait in outbox_retry';
COMMENT ON COLUMN outbox_progress.until IS 'the tick at the end of the window that is being handed out; NULL: none is';
COMMENT ON COLUMN outbox_progress.seq IS 'of that window, the events up to this number are done';
COMMENT ON COLUMN outbox_progress.batch IS 'the number of the last batch';
COMMENT ON COLUMN outbox_progress.open IS 'whether that is still to be acknowledged';
COMMENT ON COLUMN outbox_progress.handed IS 'how often it was handed out before';
COMMENT ON COLUMN outbox_progress.retries IS 'how many events of outbox_retry are in it';
COMMENT ON COLUMN outbox_progress.end_seq IS 'the events up to this number are in it; NULL: all that are left of the window';
COMMENT ON COLUMN outbox_progress.slot IS 'the slot that was the current one';

DO $do$
DECLARE
    name text;
BEGIN
    FOR n IN 0..7 LOOP
        name := format('outbox_progress_%s', n);
        EXECUTE format('CREATE TABLE @extschema@.%s PARTITION OF @extschema@.outbox_progress FOR VALUES IN (%s)', name, n);
        EXECUTE format('CREATE INDEX %1$s_by_share ON @extschema@.%1$s (share, n)', name);
        EXECUTE format('COMMENT ON TABLE @extschema@.%s IS ''Progress of slot %s.''', name, n);
        EXECUTE format('COMMENT ON INDEX @extschema@.%s_by_share IS ''Finds the newest row of a share.''', name);
        PERFORM pg_extension_config_dump(format('@extschema@.%s', name)::regclass, '');
    END LOOP;
END
$do$;
SELECT pg_extension_config_dump('outbox_consumer', '');
SELECT pg_extension_config_dump('outbox_share', '');
SELECT pg_extension_config_dump('outbox_share_id', '');
SELECT pg_extension_config_dump('outbox_progress_number', '');

-- Progress

CREATE FUNCTION outbox_share_number(of_share integer) RETURNS integer
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (SELECT s.share FROM @extschema@.outbox_share AS s WHERE s.id = of_share);
END
$function$;
COMMENT ON FUNCTION outbox_share_number(integer) IS 'Which share of its consumer it is, 0 or above; -1: where workers without a share wait. Internal.';
REVOKE ALL ON FUNCTION outbox_share_number(integer) FROM PUBLIC;

-- Whoever holds the lock of the share sees what was written under it before: the snapshot is
-- taken when the slots are locked.
CREATE FUNCTION outbox_newest(of_share integer) RETURNS outbox_progress
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_newest' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_newest(integer) IS 'How far a share is. Internal.';
REVOKE ALL ON FUNCTION outbox_newest(integer) FROM PUBLIC;

CREATE FUNCTION outbox_recent(of_share integer, most integer, since_tick bigint) RETURNS SETOF outbox_progress
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_recent' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_recent(integer, integer, bigint) IS
    'What was written of a share, at most so many rows, the newest first, in slots that were not sealed by a tick; not what is being truncated. Internal.';
REVOKE ALL ON FUNCTION outbox_recent(integer, integer, bigint) FROM PUBLIC;

-- The slot is read when it is written to: whoever has passed the tick that seals a slot
-- writes to a later one, so the newest row of a share is never in a slot that it has
-- passed, and truncating loses nothing.
CREATE FUNCTION outbox_write(p outbox_progress) RETURNS outbox_progress
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_write' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_write(outbox_progress) IS 'Writes how far a share is, into the current slot, and returns it with its number and the time. Internal.';
REVOKE ALL ON FUNCTION outbox_write(outbox_progress) FROM PUBLIC;

-- Who may

CREATE FUNCTION outbox_consumer_named(name text) RETURNS outbox_consumer
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    result @extschema@.outbox_consumer;
BEGIN
    SELECT * INTO result FROM @extschema@.outbox_consumer WHERE consumer = name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'consumer "%" is not subscribed', coalesce(name, 'NULL') USING
            ERRCODE = 'undefined_object',
            HINT = 'Subscribe it with @extschema@.outbox_subscribe.';
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION outbox_consumer_named(text) IS 'A consumer. Error: it is not subscribed. Internal.';
REVOKE ALL ON FUNCTION outbox_consumer_named(text) FROM PUBLIC;

CREATE FUNCTION outbox_consumer_of(caller oid, name text) RETURNS outbox_consumer
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    result @extschema@.outbox_consumer := @extschema@.outbox_consumer_named(name);
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = result.owner) THEN
        RAISE EXCEPTION 'role "%" does not exist', result.owner USING
            ERRCODE = 'undefined_object',
            DETAIL = format('Consumer "%s" belongs to it.', name),
            HINT = 'Create the role, or give the consumer to another with @extschema@.outbox_change.';
    END IF;
    IF NOT pg_has_role(caller, result.owner, 'USAGE') THEN
        RAISE EXCEPTION 'permission denied for consumer "%"', name USING
            ERRCODE = 'insufficient_privilege',
            DETAIL = format('It belongs to role "%s".', result.owner),
            HINT = format('Be a member of role "%s" to act for it.', result.owner);
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION outbox_consumer_of(oid, text) IS
    'A consumer, for whom the caller may act. Errors: it is not subscribed; its role does not exist; the caller is no member of it. Internal.';
REVOKE ALL ON FUNCTION outbox_consumer_of(oid, text) FROM PUBLIC;

-- Subscribing

CREATE FUNCTION outbox_start(start text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    oldest bigint := (SELECT min(opened_tick) FROM @extschema@.outbox_ring);
BEGIN
    CASE
        WHEN start = 'oldest' THEN
            RETURN oldest;
        WHEN start = 'now' THEN
            RETURN (@extschema@.outbox_make_tick(@extschema@.outbox_this_era())).tick;
        WHEN start ~ '^[0-9]{1,18}$' AND start::bigint >= oldest AND @extschema@.outbox_tick_of(start::bigint) IS NOT NULL THEN
            RETURN start::bigint;
        ELSE
            RAISE EXCEPTION 'there is no tick "%" to start from', start USING
                ERRCODE = 'invalid_parameter_value',
                DETAIL = format('The oldest of those that are kept is %s, the latest %s.', oldest, (@extschema@.outbox_last_tick()).tick),
                HINT = 'It can be ''now'', ''oldest'' or a tick that is kept.';
    END CASE;
END
$function$;
COMMENT ON FUNCTION outbox_start(text) IS 'The tick that ''now'', ''oldest'' or a number means. Errors: there is no such tick. Internal.';
REVOKE ALL ON FUNCTION outbox_start(text) FROM PUBLIC;

CREATE FUNCTION outbox_tick_at("time" timestamptz) RETURNS bigint
    LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(
        (SELECT max(t.tick) FROM @extschema@.outbox_tick AS t
         WHERE t.at <= "time" AND t.tick >= (SELECT min(opened_tick) FROM @extschema@.outbox_ring)),
        (SELECT min(opened_tick) FROM @extschema@.outbox_ring));
END
$function$;
COMMENT ON FUNCTION outbox_tick_at(timestamptz) IS
    'The last tick that was made by a time, or else the oldest that is kept: what committed later is after it. For outbox_subscribe and outbox_seek. NULL: there is none yet.';

CREATE FUNCTION outbox_subscribe_as(caller oid, consumer text, start text, shares integer, types text[], owner name, lease interval,
        max_tries integer, retry_delay interval, retry_delay_max interval, when_stuck text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    from_tick bigint;
    p @extschema@.outbox_progress;
BEGIN
    IF num_nulls(consumer, start, shares, lease, max_tries, retry_delay, retry_delay_max, when_stuck) > 0 THEN
        RAISE EXCEPTION 'of what describes a consumer only its types and its owner may be NULL' USING
            ERRCODE = 'null_value_not_allowed',
            HINT = 'NULL types are all types, a NULL owner is the caller. Leave out what has a default.';
    END IF;
    PERFORM @extschema@.outbox_prepare();
    PERFORM @extschema@.outbox_this_era();
    -- no slot is truncated until this commits
    LOCK TABLE @extschema@.outbox_ring IN SHARE ROW EXCLUSIVE MODE;
    owner := coalesce(owner, pg_get_userbyid(caller));
    IF EXISTS (SELECT FROM @extschema@.outbox_consumer AS c WHERE c.consumer = consumer) THEN
        RAISE EXCEPTION 'consumer "%" is subscribed already', consumer USING
            ERRCODE = 'duplicate_object',
            HINT = 'Go to another place with @extschema@.outbox_seek, or unsubscribe it first with @extschema@.outbox_unsubscribe.';
    END IF;
    INSERT INTO @extschema@.outbox_consumer
    VALUES (consumer, owner, shares, types, lease, max_tries, retry_delay, retry_delay_max, when_stuck);
    PERFORM @extschema@.outbox_consumer_of(caller, consumer);
    from_tick := @extschema@.outbox_start(start);
    FOR share IN -1..shares - 1 LOOP
        INSERT INTO @extschema@.outbox_share (consumer, share) VALUES (consumer, share) RETURNING id INTO p.share;
        p.epoch := 0;
        p.open := false;
        p.handed := 0;
        p.retries := 0;
        p.tick := CASE WHEN share >= 0 THEN from_tick END;
        PERFORM @extschema@.outbox_write(p);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_subscribe_as(oid, text, text, integer, text[], name, interval, integer, interval, interval, text) IS 'What outbox_subscribe does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_subscribe_as(oid, text, text, integer, text[], name, interval, integer, interval, interval, text) FROM PUBLIC;

CREATE FUNCTION outbox_subscribe(consumer text, start text DEFAULT 'now', shares integer DEFAULT 8, types text[] DEFAULT NULL,
        owner name DEFAULT NULL, lease interval DEFAULT '30 s', max_tries integer DEFAULT 10,
        retry_delay interval DEFAULT '1 s', retry_delay_max interval DEFAULT '1 hour', when_stuck text DEFAULT 'keep') RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_subscribe(text, text, integer, text[], name, interval, integer, interval, interval, text) IS
    'Makes a consumer, which receives what commits from now on, or from the oldest event that is kept or a tick on; of some types only, or of all. shares: the most workers that it can have. owner: the role whose members act for it, by default the caller. Errors: it is subscribed already; a start that is not kept; the caller is no member of the owner; a value that is out of range. For operators: EXECUTE is to be granted.';
REVOKE ALL ON FUNCTION outbox_subscribe(text, text, integer, text[], name, interval, integer, interval, interval, text) FROM PUBLIC;

CREATE FUNCTION outbox_change(consumer text, types text[] DEFAULT NULL, all_types boolean DEFAULT false, owner name DEFAULT NULL,
        lease interval DEFAULT NULL, max_tries integer DEFAULT NULL, retry_delay interval DEFAULT NULL,
        retry_delay_max interval DEFAULT NULL, when_stuck text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE @extschema@.outbox_consumer AS c
    SET types = CASE WHEN all_types THEN NULL ELSE coalesce(outbox_change.types, c.types) END,
        owner = coalesce(outbox_change.owner, c.owner),
        lease = coalesce(outbox_change.lease, c.lease),
        max_tries = coalesce(outbox_change.max_tries, c.max_tries),
        retry_delay = coalesce(outbox_change.retry_delay, c.retry_delay),
        retry_delay_max = coalesce(outbox_change.retry_delay_max, c.retry_delay_max),
        when_stuck = coalesce(outbox_change.when_stuck, c.when_stuck)
    WHERE c.consumer = outbox_change.consumer;
    IF NOT FOUND THEN
        PERFORM @extschema@.outbox_consumer_named(consumer);
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_change(text, text[], boolean, name, interval, integer, interval, interval, text) IS
    'Changes what is not NULL of a consumer, whatever its role. all_types: it receives all types. Errors: it is not subscribed; a value that is out of range. For operators: EXECUTE is to be granted.';
REVOKE ALL ON FUNCTION outbox_change(text, text[], boolean, name, interval, integer, interval, interval, text) FROM PUBLIC;

-- Going elsewhere

CREATE FUNCTION outbox_is_after(target outbox_tick, of_era integer, of_xid xid8) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT of_era > target.era OR of_era = target.era AND NOT pg_visible_in_snapshot(of_xid, target.snapshot)
$function$;
COMMENT ON FUNCTION outbox_is_after(outbox_tick, integer, xid8) IS 'Whether a tick does not see the events of a transaction of some era. Internal.';
REVOKE ALL ON FUNCTION outbox_is_after(outbox_tick, integer, xid8) FROM PUBLIC;

-- What failed or is dead and is handed out anew anyway must not come before what precedes it, nor be left out.
-- What is not handed out anew stays.
CREATE FUNCTION outbox_forget_failures(c outbox_consumer, of_share outbox_share, target outbox_tick) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    slots smallint[] := @extschema@.outbox_slots(target.tick);
BEGIN
    DELETE FROM @extschema@.outbox_retry AS r
    WHERE r.share = of_share.id
        AND EXISTS (SELECT FROM @extschema@.outbox_event_of(r) AS e WHERE @extschema@.outbox_is_after(target, e.era, e.xid))
        AND (r.slot IS NOT NULL
            OR EXISTS (SELECT FROM @extschema@.outbox AS o WHERE o.slot = ANY (slots) AND o.bucket = r.bucket AND o.seq = r.seq));
    PERFORM @extschema@.outbox_unblock(keys.consumer, keys.aggregatetype, keys.aggregateid)
    FROM (SELECT DISTINCT r.consumer, r.aggregatetype, r.aggregateid FROM @extschema@.outbox_retry AS r WHERE r.share = of_share.id) AS keys;
    DELETE FROM @extschema@.outbox_dead AS d
    WHERE d.consumer = c.consumer AND d.bucket % c.shares = of_share.share AND @extschema@.outbox_is_after(target, d.era, d.xid)
        AND EXISTS (SELECT FROM @extschema@.outbox AS o WHERE o.slot = ANY (slots) AND o.bucket = d.bucket AND o.seq = d.seq);
END
$function$;
COMMENT ON FUNCTION outbox_forget_failures(outbox_consumer, outbox_share, outbox_tick) IS
    'Forgets that events failed which are handed out again from a tick on. Internal.';
REVOKE ALL ON FUNCTION outbox_forget_failures(outbox_consumer, outbox_share, outbox_tick) FROM PUBLIC;

CREATE FUNCTION outbox_seek_as(caller oid, consumer text, start text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c @extschema@.outbox_consumer := @extschema@.outbox_consumer_of(caller, consumer);
    from_tick bigint;
    share @extschema@.outbox_share;
    p @extschema@.outbox_progress;
BEGIN
    PERFORM @extschema@.outbox_this_era();
    PERFORM @extschema@.outbox_check_receive(c, 1);
    -- no slot is truncated until this commits
    LOCK TABLE @extschema@.outbox_ring IN SHARE ROW EXCLUSIVE MODE;
    from_tick := @extschema@.outbox_start(start);
    FOR share IN SELECT * FROM @extschema@.outbox_share AS s WHERE s.consumer = c.consumer AND s.share >= 0 ORDER BY s.id LOOP
        PERFORM @extschema@.outbox_lock(share.id, true);
        p := @extschema@.outbox_newest(share.id);
        UPDATE @extschema@.outbox_retry AS r SET batch = NULL WHERE r.batch = p.batch;
        PERFORM @extschema@.outbox_forget_failures(c, share, @extschema@.outbox_tick_of(from_tick));
        p.tick := from_tick;
        p.until := NULL;
        p.epoch := p.epoch + 1;
        p.worker := NULL;
        p.lease_until := NULL;
        p.batch := NULL;
        p.open := false;
        PERFORM @extschema@.outbox_write(p);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_seek_as(oid, text, text) IS 'What outbox_seek does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_seek_as(oid, text, text) FROM PUBLIC;

CREATE FUNCTION outbox_seek(consumer text, start text) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_seek(text, text) IS
    'The consumer goes on at ''now'', ''oldest'' or a tick (outbox_tick_at gives that of a time), and its open batches are closed. Events that wait for a retry, and dead ones, stay where they are, but for those that are handed out again anyway. Errors: those of outbox_receive; a tick that is not kept.';

CREATE FUNCTION outbox_unsubscribe_as(caller oid, consumer text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c @extschema@.outbox_consumer := @extschema@.outbox_consumer_of(caller, consumer);
BEGIN
    -- before the shares, as subscribing and seeking do
    LOCK TABLE @extschema@.outbox_ring IN SHARE ROW EXCLUSIVE MODE;
    PERFORM @extschema@.outbox_lock(s.id, true) FROM @extschema@.outbox_share AS s WHERE s.consumer = c.consumer;
    DELETE FROM @extschema@.outbox_retry AS r WHERE r.consumer = c.consumer;
    DELETE FROM @extschema@.outbox_dead AS d WHERE d.consumer = c.consumer;
    DELETE FROM @extschema@.outbox_share AS s WHERE s.consumer = c.consumer;
    DELETE FROM @extschema@.outbox_consumer AS t WHERE t.consumer = c.consumer;
END
$function$;
COMMENT ON FUNCTION outbox_unsubscribe_as(oid, text) IS 'What outbox_unsubscribe does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_unsubscribe_as(oid, text) FROM PUBLIC;

CREATE FUNCTION outbox_unsubscribe(consumer text) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_unsubscribe(text) IS
    'Ends a consumer, with what waits for a retry and its dead events. Errors: it is not subscribed; the caller is no member of its role.';
-- Events that failed, and those of the same aggregate that wait behind them.

CREATE TABLE outbox_retry (
    consumer text NOT NULL,
    seq bigint NOT NULL,
    share integer NOT NULL,
    bucket integer NOT NULL,
    slot smallint,
    id uuid NOT NULL,
    aggregatetype text NOT NULL,
    aggregateid text NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    next_at timestamptz,
    batch bigint,
    error text,
    PRIMARY KEY (consumer, seq)
);
-- by a hash: there are ids that are too long for an index
CREATE INDEX outbox_retry_by_key ON outbox_retry (consumer, hashtextextended(aggregateid, 0));
CREATE INDEX outbox_retry_due ON outbox_retry (share, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX outbox_retry_by_batch ON outbox_retry (batch) WHERE batch IS NOT NULL;
COMMENT ON TABLE outbox_retry IS 'References to events that failed, and to those that wait behind them; an aggregate with a row here is blocked for the consumer.';
COMMENT ON COLUMN outbox_retry.consumer IS 'whose it is';
COMMENT ON COLUMN outbox_retry.seq IS 'the event''s number';
COMMENT ON COLUMN outbox_retry.share IS 'the share''s id';
COMMENT ON COLUMN outbox_retry.bucket IS 'the event''s bucket';
COMMENT ON COLUMN outbox_retry.slot IS 'where the event is; NULL: in outbox_kept';
COMMENT ON COLUMN outbox_retry.id IS 'the event''s id';
COMMENT ON COLUMN outbox_retry.aggregatetype IS 'with aggregateid: what is blocked';
COMMENT ON COLUMN outbox_retry.aggregateid IS 'see aggregatetype';
COMMENT ON COLUMN outbox_retry.tries IS 'how often it failed';
COMMENT ON COLUMN outbox_retry.next_at IS 'when the first of its aggregate is tried next; NULL: another is before it';
COMMENT ON COLUMN outbox_retry.batch IS 'the open batch that it is in';
COMMENT ON COLUMN outbox_retry.error IS 'what outbox_nack was told last';
COMMENT ON INDEX outbox_retry_by_key IS 'Finds the rows of an aggregate.';
COMMENT ON INDEX outbox_retry_due IS 'Finds what is to be tried next.';
COMMENT ON INDEX outbox_retry_by_batch IS 'Finds what is in a batch.';

CREATE TABLE outbox_kept (
    consumer text NOT NULL,
    LIKE outbox,
    PRIMARY KEY (consumer, seq),
    CONSTRAINT outbox_kept_for_retry FOREIGN KEY (consumer, seq) REFERENCES outbox_retry ON DELETE CASCADE
);
ALTER TABLE outbox_kept DROP COLUMN slot;
COMMENT ON TABLE outbox_kept IS 'Events of truncated slots that rows of outbox_retry refer to, a copy each.';
COMMENT ON COLUMN outbox_kept.consumer IS 'whose row it is';
COMMENT ON CONSTRAINT outbox_kept_for_retry ON outbox_kept IS 'It goes with its row.';

CREATE TABLE outbox_dead (
    consumer text NOT NULL,
    died_at timestamptz NOT NULL,
    tries integer NOT NULL,
    error text,
    LIKE outbox,
    PRIMARY KEY (consumer, seq)
);
ALTER TABLE outbox_dead DROP COLUMN slot;
COMMENT ON TABLE outbox_dead IS 'Events that failed too often, whole.';
COMMENT ON COLUMN outbox_dead.consumer IS 'who could not deal with it';
COMMENT ON COLUMN outbox_dead.died_at IS 'since when it is here';
COMMENT ON COLUMN outbox_dead.tries IS 'how often it failed';
COMMENT ON COLUMN outbox_dead.error IS 'what outbox_nack was told last';

SELECT pg_extension_config_dump('outbox_retry', '');
SELECT pg_extension_config_dump('outbox_kept', '');
SELECT pg_extension_config_dump('outbox_dead', '');

-- Receiving

CREATE FUNCTION outbox_event_of(r outbox_retry) RETURNS SETOF outbox
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF r.slot IS NULL THEN
        RETURN QUERY
        SELECT k.seq, k.id, k.aggregatetype, k.aggregateid, k.type, k.payload, k.version, k.schemaversion, k.bucket, k.xid, k.occurred_at,
            k.traceparent, k.tracestate, k.correlationid, k.causationid, k.era, NULL::smallint
        FROM @extschema@.outbox_kept AS k WHERE k.consumer = r.consumer AND k.seq = r.seq;
    ELSE
        -- by its own name: what a session knows of the partitions may be older than the slot
        RETURN QUERY EXECUTE format('SELECT * FROM @extschema@.outbox_%s WHERE bucket = $1 AND seq = $2', r.slot) USING r.bucket, r.seq;
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_event_of(outbox_retry) IS 'The event that a row refers to: in its slot, or without one in outbox_kept. Internal.';
REVOKE ALL ON FUNCTION outbox_event_of(outbox_retry) FROM PUBLIC;

-- Of an aggregate that is blocked, the first that is in no batch is due at some time, and no other.
CREATE FUNCTION outbox_unblock(of_consumer text, of_type text, of_id text) RETURNS void
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    WITH waiting AS (
        SELECT seq, next_at, seq = min(seq) OVER () AS is_first
        FROM @extschema@.outbox_retry
        WHERE consumer = of_consumer AND hashtextextended(aggregateid, 0) = hashtextextended(of_id, 0)
            AND aggregateid = of_id AND aggregatetype = of_type AND batch IS NULL
    )
    UPDATE @extschema@.outbox_retry AS r SET next_at = CASE WHEN is_first THEN clock_timestamp() END
    FROM waiting
    WHERE r.consumer = of_consumer AND r.seq = waiting.seq AND is_first = (waiting.next_at IS NULL)
$function$;
COMMENT ON FUNCTION outbox_unblock(text, text, text) IS
    'The first event of an aggregate that waits is due, now unless it has a time; those behind it are not. Internal.';
REVOKE ALL ON FUNCTION outbox_unblock(text, text, text) FROM PUBLIC;

-- Who failed is tried alone; who only waited comes with those that waited behind it.
CREATE FUNCTION outbox_take_due(of_consumer text, of_share integer, of_batch bigint, most integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    taken integer;
BEGIN
    WITH heads AS (
        SELECT h.seq, h.tries, h.aggregatetype, h.aggregateid
        FROM @extschema@.outbox_retry AS h
        WHERE h.share = of_share AND h.next_at <= clock_timestamp()
        ORDER BY h.next_at, h.seq LIMIT most
    ), due AS (
        SELECT seq, seq AS head FROM heads
        UNION ALL
        SELECT behind.seq, heads.seq
        FROM heads, LATERAL (
            SELECT r.seq FROM @extschema@.outbox_retry AS r
            WHERE heads.tries = 0 AND r.consumer = of_consumer
                AND hashtextextended(r.aggregateid, 0) = hashtextextended(heads.aggregateid, 0)
                AND r.aggregateid = heads.aggregateid AND r.aggregatetype = heads.aggregatetype AND r.seq > heads.seq
            ORDER BY r.seq LIMIT most) AS behind
    )
    UPDATE @extschema@.outbox_retry AS r SET batch = of_batch
    FROM (SELECT seq FROM due ORDER BY head, seq LIMIT most) AS chosen
    WHERE r.consumer = of_consumer AND r.seq = chosen.seq;
    GET DIAGNOSTICS taken = ROW_COUNT;
    RETURN taken;
END
$function$;
COMMENT ON FUNCTION outbox_take_due(text, integer, bigint, integer) IS 'Puts what is due into a batch, at most that many events, and returns how many. Internal.';
REVOKE ALL ON FUNCTION outbox_take_due(text, integer, bigint, integer) FROM PUBLIC;

CREATE FUNCTION outbox_defer(c outbox_consumer, p outbox_progress, share integer, a outbox_tick, b outbox_tick) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    deferred integer;
BEGIN
    IF NOT EXISTS (SELECT FROM @extschema@.outbox_retry WHERE share = p.share) THEN
        RETURN 0;
    END IF;
    WITH behind AS (
        SELECT e.* FROM @extschema@.outbox_events_of(c, p, share, a, b) AS e
        WHERE EXISTS (SELECT FROM @extschema@.outbox_retry AS r
                      WHERE r.consumer = c.consumer AND hashtextextended(r.aggregateid, 0) = hashtextextended(e.aggregateid, 0)
                          AND r.aggregateid = e.aggregateid AND r.aggregatetype = e.aggregatetype)
    ), added AS (
        INSERT INTO @extschema@.outbox_retry (consumer, seq, share, bucket, slot, id, aggregatetype, aggregateid)
        SELECT c.consumer, seq, p.share, bucket, slot, id, aggregatetype, aggregateid FROM behind
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) INTO deferred FROM behind;
    -- where one has a lower number than what blocks it, which then waits for it
    PERFORM @extschema@.outbox_unblock(r.consumer, r.aggregatetype, r.aggregateid)
    FROM @extschema@.outbox_retry AS r
    WHERE r.share = p.share AND r.next_at IS NOT NULL AND r.batch IS NULL AND EXISTS (
        SELECT FROM @extschema@.outbox_retry AS lower
        WHERE lower.consumer = r.consumer AND hashtextextended(lower.aggregateid, 0) = hashtextextended(r.aggregateid, 0)
            AND lower.aggregateid = r.aggregateid AND lower.aggregatetype = r.aggregatetype AND lower.seq < r.seq AND lower.batch IS NULL);
    RETURN deferred;
END
$function$;
COMMENT ON FUNCTION outbox_defer(outbox_consumer, outbox_progress, integer, outbox_tick, outbox_tick) IS
    'Puts the events of a batch whose aggregate is blocked behind what blocks it, and returns how many they are. Internal.';
REVOKE ALL ON FUNCTION outbox_defer(outbox_consumer, outbox_progress, integer, outbox_tick, outbox_tick) FROM PUBLIC;

-- Settling

CREATE FUNCTION outbox_settle(of_batch bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    done @extschema@.outbox_retry[];
BEGIN
    WITH gone AS (DELETE FROM @extschema@.outbox_retry WHERE batch = of_batch RETURNING outbox_retry)
    SELECT array_agg(gone.outbox_retry) INTO done FROM gone;
    PERFORM @extschema@.outbox_unblock(keys.consumer, keys.aggregatetype, keys.aggregateid)
    FROM (SELECT DISTINCT d.consumer, d.aggregatetype, d.aggregateid FROM unnest(done) AS d) AS keys;
END
$function$;
COMMENT ON FUNCTION outbox_settle(bigint) IS 'What is in a batch of outbox_retry is done. Internal.';
REVOKE ALL ON FUNCTION outbox_settle(bigint) FROM PUBLIC;

-- Failing

CREATE FUNCTION outbox_bury(c outbox_consumer, e outbox, tries integer, error text) RETURNS void
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO @extschema@.outbox_dead
    VALUES (c.consumer, clock_timestamp(), tries, error, e.seq, e.id, e.aggregatetype, e.aggregateid, e.type, e.payload, e.version,
        e.schemaversion, e.bucket, e.xid, e.occurred_at, e.traceparent, e.tracestate, e.correlationid, e.causationid, e.era)
    ON CONFLICT (consumer, seq) DO UPDATE SET died_at = EXCLUDED.died_at, tries = EXCLUDED.tries, error = EXCLUDED.error
$function$;
COMMENT ON FUNCTION outbox_bury(outbox_consumer, outbox, integer, text) IS 'Puts an event into outbox_dead. Internal.';
REVOKE ALL ON FUNCTION outbox_bury(outbox_consumer, outbox, integer, text) FROM PUBLIC;

-- Of an event of outbox_retry: those of its aggregate that are in the batch behind it wait again.
CREATE FUNCTION outbox_nack_retried(c outbox_consumer, r outbox_retry, error text, delay interval) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    due timestamptz := @extschema@.outbox_next_try(c, r.tries + 1, delay);
BEGIN
    IF due IS NULL THEN
        PERFORM @extschema@.outbox_bury(c, e, r.tries + 1, error) FROM @extschema@.outbox_event_of(r) AS e;
        DELETE FROM @extschema@.outbox_retry AS t WHERE t.consumer = r.consumer AND t.seq = r.seq;
        PERFORM @extschema@.outbox_unblock(r.consumer, r.aggregatetype, r.aggregateid);
        RETURN NULL;
    END IF;
    UPDATE @extschema@.outbox_retry AS t
    SET batch = NULL,
        tries = CASE t.seq WHEN r.seq THEN r.tries + 1 ELSE t.tries END,
        next_at = CASE t.seq WHEN r.seq THEN due END,
        error = CASE t.seq WHEN r.seq THEN error ELSE t.error END
    WHERE t.batch = r.batch AND t.aggregateid = r.aggregateid AND t.aggregatetype = r.aggregatetype AND t.seq >= r.seq;
    PERFORM @extschema@.outbox_unblock(r.consumer, r.aggregatetype, r.aggregateid);
    RETURN due;
END
$function$;
COMMENT ON FUNCTION outbox_nack_retried(outbox_consumer, outbox_retry, text, interval) IS 'An event that was tried again failed again. Internal.';
REVOKE ALL ON FUNCTION outbox_nack_retried(outbox_consumer, outbox_retry, text, interval) FROM PUBLIC;

CREATE FUNCTION outbox_next_try(c outbox_consumer, tries integer, delay interval) RETURNS timestamptz
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT clock_timestamp() + coalesce(delay,
        CASE WHEN extract(epoch FROM c.retry_delay) * power(2, least(tries - 1, 60)) < extract(epoch FROM c.retry_delay_max)
            THEN c.retry_delay * power(2, tries - 1) ELSE c.retry_delay_max END)
    WHERE tries < c.max_tries
$function$;
COMMENT ON FUNCTION outbox_next_try(outbox_consumer, integer, interval) IS
    'When an event that failed so often is tried next: after that delay, or else twice as long as the last time, up to a limit. NULL: never. Internal.';
REVOKE ALL ON FUNCTION outbox_next_try(outbox_consumer, integer, interval) FROM PUBLIC;

CREATE FUNCTION outbox_nack_fresh(c outbox_consumer, p outbox_progress, event uuid, error text, delay interval) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    events @extschema@.outbox[] := ARRAY(
        SELECT e FROM @extschema@.outbox_events_of(c, p, @extschema@.outbox_share_number(p.share), @extschema@.outbox_tick_of(p.tick), @extschema@.outbox_tick_of(p.until)) AS e
        WHERE NOT EXISTS (SELECT FROM @extschema@.outbox_retry AS r WHERE r.consumer = c.consumer AND r.seq = e.seq)
            AND NOT EXISTS (SELECT FROM @extschema@.outbox_dead AS d WHERE d.consumer = c.consumer AND d.seq = e.seq));
    failed @extschema@.outbox;
    due timestamptz;
BEGIN
    SELECT * INTO failed FROM unnest(events) WHERE id = event;
    IF failed.seq IS NULL THEN
        RAISE EXCEPTION 'event % is not in batch %', event, p.batch USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'It, or one of its aggregate before it, may have been refused before: it is handed out again later.';
    END IF;
    due := @extschema@.outbox_next_try(c, 1, delay);
    IF due IS NULL THEN
        PERFORM @extschema@.outbox_bury(c, failed, 1, error);
        RETURN NULL;
    END IF;
    INSERT INTO @extschema@.outbox_retry (consumer, seq, share, bucket, slot, id, aggregatetype, aggregateid, tries, next_at, error)
    SELECT c.consumer, seq, p.share, bucket, slot, id, aggregatetype, aggregateid, (id = event)::integer,
        CASE WHEN id = event THEN due END, CASE WHEN id = event THEN error END
    FROM unnest(events)
    WHERE aggregateid = failed.aggregateid AND aggregatetype = failed.aggregatetype AND seq >= failed.seq;
    PERFORM @extschema@.outbox_unblock(c.consumer, failed.aggregatetype, failed.aggregateid);
    RETURN due;
END
$function$;
COMMENT ON FUNCTION outbox_nack_fresh(outbox_consumer, outbox_progress, uuid, text, interval) IS
    'An event failed that was handed out for the first time. Errors: it is not in the batch. Internal.';
REVOKE ALL ON FUNCTION outbox_nack_fresh(outbox_consumer, outbox_progress, uuid, text, interval) FROM PUBLIC;

CREATE FUNCTION outbox_nack_as(caller oid, batch bigint, event uuid, error text, delay interval) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    p @extschema@.outbox_progress := @extschema@.outbox_lock_batch(caller, batch);
    c @extschema@.outbox_consumer;
    retried @extschema@.outbox_retry;
BEGIN
    IF NOT p.open OR p.batch <> batch THEN
        PERFORM @extschema@.outbox_refuse_batch(batch, p);
    END IF;
    SELECT t.* INTO c FROM @extschema@.outbox_consumer AS t JOIN @extschema@.outbox_share AS s ON s.consumer = t.consumer WHERE s.id = p.share;
    SELECT r.* INTO retried FROM @extschema@.outbox_retry AS r WHERE r.batch = batch AND r.id = event;
    IF FOUND THEN
        RETURN @extschema@.outbox_nack_retried(c, retried, error, delay);
    END IF;
    RETURN @extschema@.outbox_nack_fresh(c, p, event, error, delay);
END
$function$;
COMMENT ON FUNCTION outbox_nack_as(oid, bigint, uuid, text, interval) IS 'What outbox_nack does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_nack_as(oid, bigint, uuid, text, interval) FROM PUBLIC;

CREATE FUNCTION outbox_nack(batch bigint, event uuid, error text DEFAULT NULL, delay interval DEFAULT NULL) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_nack(bigint, uuid, text, interval) IS
    'An event of an open batch failed: it is tried again later, after that delay, or else one that grows with each failure. Returns when. Until then it and the later events of its aggregate wait, those of the same batch too: leave these out. NULL: it failed too often and is in outbox_dead; go on with the next. Errors: it is not in the batch; another worker has taken the batch over; the caller may not act for its consumer; those of outbox_this_era.';
-- Receiving and acknowledging.

-- Windows

CREATE FUNCTION outbox_seq_before(a outbox_tick, of_xid xid8) RETURNS bigint
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_seq_before' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_seq_before(outbox_tick, xid8) IS
    'The events of a transaction have higher numbers: what the last tick before a tells, at which it had no id yet. Internal.';
REVOKE ALL ON FUNCTION outbox_seq_before(outbox_tick, xid8) FROM PUBLIC;

-- See README.md, "Why no event is skipped".
CREATE FUNCTION outbox_low(a outbox_tick, b outbox_tick) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    oldest xid8 := (SELECT min(id) FROM pg_snapshot_xip(a.snapshot) AS running (id) WHERE pg_visible_in_snapshot(id, b.snapshot));
BEGIN
    IF oldest IS NULL AND pg_snapshot_xmax(a.snapshot) >= a.next_xid THEN
        RETURN a.seq_before;
    END IF;
    RETURN @extschema@.outbox_seq_before(a, coalesce(oldest, pg_snapshot_xmax(a.snapshot)));
END
$function$;
COMMENT ON FUNCTION outbox_low(outbox_tick, outbox_tick) IS 'Events that b sees and a does not have higher numbers. Internal.';
REVOKE ALL ON FUNCTION outbox_low(outbox_tick, outbox_tick) FROM PUBLIC;

CREATE FUNCTION outbox_tick_after(a outbox_tick, era integer) RETURNS outbox_tick
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_tick_after' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_tick_after(outbox_tick, integer) IS
    'The tick to go to from a: of the first slot that has one the latest within some 50,000 events, else the next. Only one whose events are durable: in an era before this one all are. Internal.';
REVOKE ALL ON FUNCTION outbox_tick_after(outbox_tick, integer) FROM PUBLIC;

CREATE FUNCTION outbox_fill(c outbox_consumer, p outbox_progress, share integer, a outbox_tick, b outbox_tick, most integer,
        OUT fresh integer, OUT end_seq bigint)
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_fill' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_fill(outbox_consumer, outbox_progress, integer, outbox_tick, outbox_tick, integer) IS
    'How many events a batch has, at most that many, and the number of the last of them if it is full. Internal.';
REVOKE ALL ON FUNCTION outbox_fill(outbox_consumer, outbox_progress, integer, outbox_tick, outbox_tick, integer) FROM PUBLIC;

CREATE FUNCTION outbox_past(p outbox_progress) RETURNS outbox_progress
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF p.end_seq IS NULL THEN
        p.tick := p.until;
        p.until := NULL;
    END IF;
    p.seq := p.end_seq;
    RETURN p;
END
$function$;
COMMENT ON FUNCTION outbox_past(outbox_progress) IS 'Progress behind the end of its batch. Internal.';
REVOKE ALL ON FUNCTION outbox_past(outbox_progress) FROM PUBLIC;

CREATE FUNCTION outbox_find(c outbox_consumer, p outbox_progress, share integer, most integer, era integer,
        OUT at outbox_progress, OUT a outbox_tick, OUT b outbox_tick, OUT fresh integer, OUT looked bigint)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    at := p;
    a := @extschema@.outbox_tick_of(p.tick);
    b := @extschema@.outbox_tick_of(p.until);
    fresh := 0;
    looked := 0;
    LOOP
        IF at.until IS NULL THEN
            b := @extschema@.outbox_tick_after(a, era);
            EXIT WHEN b.tick IS NULL;
            at.until := b.tick;
            -- an era begins where the one before it ends: there is nothing between
            at.seq := CASE WHEN b.era = a.era THEN @extschema@.outbox_low(a, b) ELSE b.seq_after END;
        END IF;
        looked := looked + b.seq_after - at.seq;
        SELECT * INTO fresh, at.end_seq FROM @extschema@.outbox_fill(c, at, share, a, b, most);
        EXIT WHEN fresh > 0;
        at := @extschema@.outbox_past(at);
        a := b;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_find(outbox_consumer, outbox_progress, integer, integer, integer) IS
    'The next events of a share, at most that many, between the ticks a and b; or how far there are none; and at how many numbers it looked. Internal.';
REVOKE ALL ON FUNCTION outbox_find(outbox_consumer, outbox_progress, integer, integer, integer) FROM PUBLIC;

-- Events of a batch, but for those of outbox_retry that are in it.
CREATE FUNCTION outbox_events_of(c outbox_consumer, p outbox_progress, share integer, a outbox_tick, b outbox_tick) RETURNS SETOF outbox
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_events_of' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_events_of(outbox_consumer, outbox_progress, integer, outbox_tick, outbox_tick) IS
    'The events between the position of a share and the end of its batch, in order. Internal.';
REVOKE ALL ON FUNCTION outbox_events_of(outbox_consumer, outbox_progress, integer, outbox_tick, outbox_tick) FROM PUBLIC;

-- Batches

-- Random: a number that a crash has made forgotten is never given again. Its upper bits tell the share.
CREATE FUNCTION outbox_batch_number(share integer) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (share::bigint << 40) | ('x' || left(replace(gen_random_uuid()::text, '-', ''), 10))::bit(40)::bigint;
END
$function$;
COMMENT ON FUNCTION outbox_batch_number(integer) IS 'A number for a batch of a share. Internal.';
REVOKE ALL ON FUNCTION outbox_batch_number(integer) FROM PUBLIC;

CREATE FUNCTION outbox_has_passed_seal(before bigint, after bigint) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (SELECT FROM @extschema@.outbox_ring WHERE sealed_tick > before AND sealed_tick <= after)
$function$;
COMMENT ON FUNCTION outbox_has_passed_seal(bigint, bigint) IS 'Whether a slot may be free once this progress from one tick to another is known. Internal.';
REVOKE ALL ON FUNCTION outbox_has_passed_seal(bigint, bigint) FROM PUBLIC;

CREATE FUNCTION outbox_open(c outbox_consumer, p outbox_progress, worker text, most integer, era integer) RETURNS outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    batch bigint := @extschema@.outbox_batch_number(p.share);
    share integer := @extschema@.outbox_share_number(p.share);
    before @extschema@.outbox_progress := p;
    f record;
    deferred integer := 0;
    given boolean;
BEGIN
    p.retries := @extschema@.outbox_take_due(c.consumer, p.share, batch, most);
    -- where there is no room for others the batch ends where it begins
    p.end_seq := p.seq;
    WHILE p.retries < most LOOP
        f := @extschema@.outbox_find(c, p, share, most - p.retries, era);
        p := f.at;
        EXIT WHEN f.fresh = 0;
        deferred := @extschema@.outbox_defer(c, p, share, f.a, f.b);
        given := f.fresh > deferred OR p.retries > 0;
        EXIT WHEN given;
        p := @extschema@.outbox_past(p);
    END LOOP;
    IF given OR p.retries > 0 THEN
        p.epoch := p.epoch + (p.worker IS DISTINCT FROM worker)::integer;
        p.worker := worker;
        p.lease_until := clock_timestamp() + c.lease;
        p.batch := batch;
        p.open := true;
        p.handed := 0;
        RETURN @extschema@.outbox_write(p);
    END IF;
    -- nothing: that is not worth a row each time
    IF deferred > 0 OR p.tick > before.tick AND (before.at < clock_timestamp() - interval '10 s'
            OR f.looked > 1000
            OR @extschema@.outbox_has_passed_seal(before.tick, p.tick)) THEN
        PERFORM @extschema@.outbox_write(p);
    ELSE
        PERFORM @extschema@.outbox_unlock(p.share);
    END IF;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION outbox_open(outbox_consumer, outbox_progress, text, integer, integer) IS
    'Opens a batch of the next events of a share that the caller has locked; NULL if there is none. Internal.';
REVOKE ALL ON FUNCTION outbox_open(outbox_consumer, outbox_progress, text, integer, integer) FROM PUBLIC;

CREATE FUNCTION outbox_open_again(c outbox_consumer, p outbox_progress, worker text) RETURNS outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    before @extschema@.outbox_progress := p;
BEGIN
    IF p.worker IS DISTINCT FROM worker THEN
        p.epoch := p.epoch + 1;
        p.worker := worker;
        p.batch := @extschema@.outbox_batch_number(p.share);
        UPDATE @extschema@.outbox_retry SET batch = p.batch WHERE batch = before.batch;
    END IF;
    p.handed := p.handed + 1;
    p.lease_until := clock_timestamp() + c.lease;
    RETURN @extschema@.outbox_write(p);
END
$function$;
COMMENT ON FUNCTION outbox_open_again(outbox_consumer, outbox_progress, text) IS
    'Hands the open batch of a share out again, to another worker by another number. Internal.';
REVOKE ALL ON FUNCTION outbox_open_again(outbox_consumer, outbox_progress, text) FROM PUBLIC;

-- Workers

CREATE FUNCTION outbox_shares_of(c outbox_consumer) RETURNS SETOF outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 8
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT newest.*
    FROM @extschema@.outbox_share AS s, @extschema@.outbox_newest(s.id) AS newest
    WHERE s.consumer = c.consumer AND s.share >= 0 AND newest.n IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION outbox_shares_of(outbox_consumer) IS 'How far the shares of a consumer are. Internal.';
REVOKE ALL ON FUNCTION outbox_shares_of(outbox_consumer) FROM PUBLIC;

-- Who has no share says so in the journal of share -1. One that is in a sealed slot will ask again.
CREATE FUNCTION outbox_waiting(c outbox_consumer) RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 2
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT recent.worker
    FROM @extschema@.outbox_share AS s, @extschema@.outbox_recent(s.id, 200, 9223372036854775807) AS recent
    WHERE s.consumer = c.consumer AND s.share = -1 AND recent.lease_until > clock_timestamp();
END
$function$;
COMMENT ON FUNCTION outbox_waiting(outbox_consumer) IS 'Workers that had no share when they last asked. Internal.';
REVOKE ALL ON FUNCTION outbox_waiting(outbox_consumer) FROM PUBLIC;

CREATE FUNCTION outbox_wait_for_share(c outbox_consumer, worker text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    p @extschema@.outbox_progress;
BEGIN
    IF worker IN (SELECT @extschema@.outbox_waiting(c)) THEN
        RETURN;
    END IF;
    p.share := (SELECT s.id FROM @extschema@.outbox_share AS s WHERE s.consumer = c.consumer AND s.share = -1);
    p.epoch := 0;
    p.worker := worker;
    p.lease_until := clock_timestamp() + c.lease;
    p.open := false;
    p.handed := 0;
    p.retries := 0;
    PERFORM @extschema@.outbox_write(p);
END
$function$;
COMMENT ON FUNCTION outbox_wait_for_share(outbox_consumer, text) IS 'Makes it known that a worker wants a share. Internal.';
REVOKE ALL ON FUNCTION outbox_wait_for_share(outbox_consumer, text) FROM PUBLIC;

-- A share is a worker's by what it did last. Of two workers that want shares neither keeps
-- more than half of them; who has too many gives one up each time it receives.
CREATE FUNCTION outbox_give_up(c outbox_consumer, p outbox_progress, worker text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT @extschema@.outbox_lock(p.share, false) THEN
        RETURN;
    END IF;
    p := @extschema@.outbox_newest(p.share);
    IF p.worker = worker AND NOT p.open THEN
        p.worker := NULL;
        p.lease_until := NULL;
        PERFORM @extschema@.outbox_write(p);
    ELSE
        PERFORM @extschema@.outbox_unlock(p.share);
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_give_up(outbox_consumer, outbox_progress, text) IS 'Ends a worker''s lease of a share, unless it has an open batch. Internal.';
REVOKE ALL ON FUNCTION outbox_give_up(outbox_consumer, outbox_progress, text) FROM PUBLIC;

CREATE FUNCTION outbox_take_share(c outbox_consumer, share integer, worker text, most integer, era integer) RETURNS outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    p @extschema@.outbox_progress;
BEGIN
    IF NOT @extschema@.outbox_lock(share, false) THEN
        RETURN NULL;
    END IF;
    p := @extschema@.outbox_newest(share);
    IF @extschema@.outbox_share_number(share) IS NULL THEN
        -- unsubscribed meanwhile
        PERFORM @extschema@.outbox_unlock(share);
        RETURN NULL;
    ELSIF p.worker <> worker AND p.lease_until > clock_timestamp() THEN
        PERFORM @extschema@.outbox_unlock(share);
        RETURN NULL;
    ELSIF p.open THEN
        RETURN @extschema@.outbox_open_again(c, p, worker);
    ELSE
        RETURN @extschema@.outbox_open(c, p, worker, most, era);
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_take_share(outbox_consumer, integer, text, integer, integer) IS
    'A batch of a share, unless it is another worker''s, or has nothing. Internal.';
REVOKE ALL ON FUNCTION outbox_take_share(outbox_consumer, integer, text, integer, integer) FROM PUBLIC;

-- The batch that the worker has not acknowledged comes first, then its own shares, then
-- those that it may take over: as many as make a fair share.
CREATE FUNCTION outbox_candidates(c outbox_consumer, worker text, OUT shares outbox_progress[], OUT excess integer, OUT wanting boolean)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    me CONSTANT text := worker;
    now CONSTANT timestamptz := clock_timestamp();
    every CONSTANT @extschema@.outbox_progress[] := ARRAY(SELECT s FROM @extschema@.outbox_shares_of(c) AS s);
    workers integer;
BEGIN
    SELECT count(DISTINCT live.worker), count(*) FILTER (WHERE live.worker = me) INTO workers, excess
    FROM unnest(every) AS live WHERE lease_until > now;
    workers := workers + (SELECT count(DISTINCT w) FROM (SELECT @extschema@.outbox_waiting(c) UNION SELECT me) AS more (w)
                          WHERE NOT EXISTS (SELECT FROM unnest(every) AS s WHERE s.lease_until > now AND s.worker = w));
    excess := excess - (c.shares + workers - 1) / workers;
    wanting := excess < 0 AND EXISTS (SELECT FROM unnest(every) WHERE worker <> me AND lease_until > now);
    shares := ARRAY(
        SELECT s FROM unnest(every) AS s
        WHERE worker = me AND (open OR lease_until > now) OR coalesce(lease_until <= now, true) AND excess < 0
        ORDER BY coalesce(worker = me, false) AND open DESC, coalesce(worker = me, false) DESC, n);
END
$function$;
COMMENT ON FUNCTION outbox_candidates(outbox_consumer, text) IS
    'The shares that a worker may receive from, in this order; how many more it has than is fair; and whether others have what it lacks. Internal.';
REVOKE ALL ON FUNCTION outbox_candidates(outbox_consumer, text) FROM PUBLIC;

CREATE FUNCTION outbox_take(c outbox_consumer, worker text, most integer, last outbox_tick) RETURNS outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    of_worker record := @extschema@.outbox_candidates(c, worker);
    candidate @extschema@.outbox_progress;
    result @extschema@.outbox_progress;
BEGIN
    FOREACH candidate IN ARRAY of_worker.shares LOOP
        CONTINUE WHEN candidate.until IS NULL AND NOT candidate.open AND candidate.tick >= last.tick
            AND NOT EXISTS (SELECT FROM @extschema@.outbox_retry AS r WHERE r.share = candidate.share AND r.next_at <= clock_timestamp());
        IF of_worker.excess > 0 AND NOT candidate.open THEN
            PERFORM @extschema@.outbox_give_up(c, candidate, worker);
            of_worker.excess := 0;
        ELSE
            result := @extschema@.outbox_take_share(c, candidate.share, worker, most, last.era);
            EXIT WHEN result.batch IS NOT NULL;
        END IF;
    END LOOP;
    IF result.batch IS NULL AND of_worker.wanting THEN
        PERFORM @extschema@.outbox_wait_for_share(c, worker);
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION outbox_take(outbox_consumer, text, integer, outbox_tick) IS
    'A batch for a worker: the one that it has not acknowledged, else of the share that had its turn least recently. NULL: there is none. Internal.';
REVOKE ALL ON FUNCTION outbox_take(outbox_consumer, text, integer, outbox_tick) FROM PUBLIC;

-- For consumers

CREATE FUNCTION outbox_receive_as(caller oid, consumer text, worker text, max integer)
    RETURNS TABLE (batch bigint, tries integer, seq bigint, id uuid, aggregatetype text, aggregateid text, type text, payload jsonb,
        version bigint, schemaversion integer, occurred_at timestamp, traceparent text, tracestate text,
        correlationid text, causationid text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER ROWS 500
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    c @extschema@.outbox_consumer := @extschema@.outbox_consumer_of(caller, consumer);
    last @extschema@.outbox_tick;
    p @extschema@.outbox_progress;
    refused boolean;
    given boolean := false;
BEGIN
    PERFORM @extschema@.outbox_check_receive(c, max);
    last := @extschema@.outbox_tick_if_due();
    LOOP
        p := @extschema@.outbox_take(c, coalesce(worker, format('pid %s', pg_backend_pid())), max, last);
        EXIT WHEN p.batch IS NULL;
        IF p.retries > 0 THEN
            RETURN QUERY
            SELECT p.batch, r.tries + p.handed, e.seq, e.id, e.aggregatetype, e.aggregateid, e.type, e.payload, e.version,
                e.schemaversion, e.occurred_at, e.traceparent, e.tracestate, e.correlationid, e.causationid
            FROM @extschema@.outbox_retry AS r, @extschema@.outbox_event_of(r) AS e
            WHERE r.batch = p.batch AND (c.types IS NULL OR e.type = ANY (c.types))
            ORDER BY r.seq;
            given := FOUND;
        END IF;
        refused := EXISTS (SELECT FROM @extschema@.outbox_retry AS r WHERE r.consumer = c.consumer)
            OR p.handed > 0 AND EXISTS (SELECT FROM @extschema@.outbox_dead AS d WHERE d.consumer = c.consumer);
        RETURN QUERY
        SELECT p.batch, p.handed, e.seq, e.id, e.aggregatetype, e.aggregateid, e.type, e.payload, e.version,
            e.schemaversion, e.occurred_at, e.traceparent, e.tracestate, e.correlationid, e.causationid
        FROM @extschema@.outbox_events_of(c, p, @extschema@.outbox_share_number(p.share), @extschema@.outbox_tick_of(p.tick), @extschema@.outbox_tick_of(p.until)) AS e
        WHERE NOT refused
            OR NOT EXISTS (SELECT FROM @extschema@.outbox_retry AS r WHERE r.consumer = c.consumer AND r.seq = e.seq)
            AND (p.handed = 0 OR NOT EXISTS (SELECT FROM @extschema@.outbox_dead AS d WHERE d.consumer = c.consumer AND d.seq = e.seq));
        IF FOUND OR given THEN
            RETURN;
        END IF;
        -- all of it was refused, and then its worker was gone
        PERFORM @extschema@.outbox_ack_as(caller, p.batch);
    END LOOP;
    PERFORM @extschema@.outbox_upkeep();
END
$function$;
COMMENT ON FUNCTION outbox_receive_as(oid, text, text, integer) IS 'What outbox_receive does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_receive_as(oid, text, text, integer) FROM PUBLIC;

CREATE FUNCTION outbox_receive(consumer text, worker text DEFAULT NULL, max integer DEFAULT 500)
    RETURNS TABLE (batch bigint, tries integer, seq bigint, id uuid, aggregatetype text, aggregateid text, type text, payload jsonb,
        version bigint, schemaversion integer, occurred_at timestamp, traceparent text, tracestate text,
        correlationid text, causationid text)
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 500;
COMMENT ON FUNCTION outbox_receive(text, text, integer) IS
    'A batch of events for a worker of a consumer, at most max, by default 500: the batch that it has not acknowledged yet, again; else the next. Of each aggregate in order. tries: how often the event failed or was handed out before. worker: a name that no other worker of the consumer has, by default one of the session. Errors: the consumer is not subscribed, or the caller is no member of its role; it was dropped for being stuck; those of outbox_this_era.';

CREATE FUNCTION outbox_check_receive(c outbox_consumer, max integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF c.lost_at IS NOT NULL THEN
        RAISE EXCEPTION 'consumer "%" was dropped: events are lost to it', c.consumer USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('It kept a slot of the full ring at %s, and its policy is to be dropped then.', c.lost_at),
            HINT = 'Unsubscribe it, subscribe it anew, and make up for what it missed.';
    END IF;
    IF max IS NULL OR max NOT BETWEEN 1 AND 10000 THEN
        RAISE EXCEPTION 'a batch cannot have at most % events', coalesce(max::text, 'NULL') USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'It can have 1 to 10000.';
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_check_receive(outbox_consumer, integer) IS 'Errors: a consumer that was dropped; a size of a batch below 1 or above 10000. Internal.';
REVOKE ALL ON FUNCTION outbox_check_receive(outbox_consumer, integer) FROM PUBLIC;

CREATE FUNCTION outbox_lock_batch(caller oid, batch bigint) RETURNS outbox_progress
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    of_share integer := (batch >> 40)::integer;
    consumer text := (SELECT s.consumer FROM @extschema@.outbox_share AS s WHERE s.id = of_share);
BEGIN
    IF consumer IS NULL THEN
        RAISE EXCEPTION 'there is no batch %', coalesce(batch::text, 'NULL') USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'Give the number that @extschema@.outbox_receive gave.';
    END IF;
    PERFORM @extschema@.outbox_consumer_of(caller, consumer);
    PERFORM @extschema@.outbox_this_era();
    PERFORM @extschema@.outbox_lock(of_share, true);
    RETURN @extschema@.outbox_newest(of_share);
END
$function$;
COMMENT ON FUNCTION outbox_lock_batch(oid, bigint) IS
    'Locks the share of a batch and returns its progress. Errors: there is none; the caller may not act for its consumer; those of outbox_this_era. Internal.';
REVOKE ALL ON FUNCTION outbox_lock_batch(oid, bigint) FROM PUBLIC;

CREATE FUNCTION outbox_refuse_batch(batch bigint, p outbox_progress) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION 'batch % is not open', batch USING
        ERRCODE = 'object_not_in_prerequisite_state',
        DETAIL = CASE WHEN p.batch = batch THEN 'It was acknowledged.'
            ELSE format('Its share is in epoch %s, of worker "%s".', p.epoch, p.worker) END,
        HINT = 'A batch is taken over when its worker''s lease has expired: undo what was done for it, and receive again.';
END
$function$;
COMMENT ON FUNCTION outbox_refuse_batch(bigint, outbox_progress) IS 'Errors: always, for a batch is not the open one of its share. Internal.';
REVOKE ALL ON FUNCTION outbox_refuse_batch(bigint, outbox_progress) FROM PUBLIC;

CREATE FUNCTION outbox_was_acknowledged(p outbox_progress, batch bigint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN EXISTS (SELECT FROM @extschema@.outbox_recent(p.share, 1000, 0) AS r
                   WHERE r.batch = outbox_was_acknowledged.batch AND NOT r.open);
END
$function$;
COMMENT ON FUNCTION outbox_was_acknowledged(outbox_progress, bigint) IS 'Whether a recent batch of a share was acknowledged. Internal.';
REVOKE ALL ON FUNCTION outbox_was_acknowledged(outbox_progress, bigint) FROM PUBLIC;

CREATE FUNCTION outbox_ack_as(caller oid, batch bigint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    p @extschema@.outbox_progress := @extschema@.outbox_lock_batch(caller, batch);
BEGIN
    IF NOT p.open OR p.batch <> batch THEN
        IF @extschema@.outbox_was_acknowledged(p, batch) THEN
            RETURN false;
        END IF;
        PERFORM @extschema@.outbox_refuse_batch(batch, p);
    END IF;
    IF p.retries > 0 THEN
        PERFORM @extschema@.outbox_settle(batch);
    END IF;
    IF p.until IS NOT NULL THEN
        p := @extschema@.outbox_past(p);
    END IF;
    p.open := false;
    p.handed := 0;
    p.retries := 0;
    p.lease_until := clock_timestamp() + (SELECT c.lease FROM @extschema@.outbox_share AS s JOIN @extschema@.outbox_consumer AS c USING (consumer) WHERE s.id = p.share);
    PERFORM @extschema@.outbox_write(p);
    PERFORM @extschema@.outbox_upkeep();
    RETURN true;
END
$function$;
COMMENT ON FUNCTION outbox_ack_as(oid, bigint) IS 'What outbox_ack does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_ack_as(oid, bigint) FROM PUBLIC;

CREATE FUNCTION outbox_ack(batch bigint) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_ack(bigint) IS
    'All events of a batch are done but those that outbox_nack was told of. False if it was acknowledged before. Errors: another worker has taken it over; the caller may not act for its consumer; those of outbox_this_era.';
-- Events that failed too often.

CREATE FUNCTION outbox_dead_letters_as(caller oid, consumer text) RETURNS SETOF outbox_dead
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED SECURITY DEFINER ROWS 10
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c @extschema@.outbox_consumer := @extschema@.outbox_consumer_of(caller, consumer);
BEGIN
    RETURN QUERY SELECT d.* FROM @extschema@.outbox_dead AS d WHERE d.consumer = c.consumer AND (c.types IS NULL OR d.type = ANY (c.types)) ORDER BY d.seq;
END
$function$;
COMMENT ON FUNCTION outbox_dead_letters_as(oid, text) IS 'What outbox_dead_letters does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_dead_letters_as(oid, text) FROM PUBLIC;

CREATE FUNCTION outbox_dead_letters(consumer text) RETURNS SETOF outbox_dead
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION outbox_dead_letters(text) IS
    'The dead events of a consumer of the types that it receives, in order. Errors: it is not subscribed; the caller is no member of its role.';

CREATE FUNCTION outbox_take_dead(caller oid, consumer text, event uuid) RETURNS outbox_dead
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c @extschema@.outbox_consumer := @extschema@.outbox_consumer_of(caller, consumer);
    taken @extschema@.outbox_dead;
BEGIN
    DELETE FROM @extschema@.outbox_dead AS d
    WHERE d.consumer = c.consumer AND d.id = event AND (c.types IS NULL OR d.type = ANY (c.types))
    RETURNING d.* INTO taken;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'event % is not dead', coalesce(event::text, 'NULL') USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('There is none of this id among those of consumer "%s".', c.consumer),
            HINT = 'See @extschema@.outbox_dead_letters.';
    END IF;
    RETURN taken;
END
$function$;
COMMENT ON FUNCTION outbox_take_dead(oid, text, uuid) IS
    'Removes a dead event and returns it. Errors: there is none; the consumer is not subscribed; the caller is no member of its role. Internal.';
REVOKE ALL ON FUNCTION outbox_take_dead(oid, text, uuid) FROM PUBLIC;

CREATE FUNCTION outbox_dead_retry_as(caller oid, consumer text, event uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    d @extschema@.outbox_dead := @extschema@.outbox_take_dead(caller, consumer, event);
    of_share integer := (SELECT s.id FROM @extschema@.outbox_share AS s JOIN @extschema@.outbox_consumer AS c USING (consumer)
                         WHERE s.consumer = d.consumer AND s.share = d.bucket % c.shares);
BEGIN
    PERFORM @extschema@.outbox_lock(of_share, true);
    INSERT INTO @extschema@.outbox_retry (consumer, seq, share, bucket, id, aggregatetype, aggregateid, error)
    VALUES (d.consumer, d.seq, of_share, d.bucket, d.id, d.aggregatetype, d.aggregateid, d.error);
    INSERT INTO @extschema@.outbox_kept VALUES (d.consumer, d.seq, d.id, d.aggregatetype, d.aggregateid, d.type, d.payload, d.version,
        d.schemaversion, d.bucket, d.xid, d.occurred_at, d.traceparent, d.tracestate, d.correlationid, d.causationid, d.era);
    PERFORM @extschema@.outbox_unblock(d.consumer, d.aggregatetype, d.aggregateid);
END
$function$;
COMMENT ON FUNCTION outbox_dead_retry_as(oid, text, uuid) IS 'What outbox_dead_retry does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_dead_retry_as(oid, text, uuid) FROM PUBLIC;

CREATE FUNCTION outbox_dead_retry(consumer text, event uuid) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_dead_retry(text, uuid) IS
    'A dead event is handed out again, behind earlier ones of its aggregate that wait, and what comes of that waits behind it. It comes after events that were behind it and are done: whether that is right only its consumer knows. Errors: there is none; the consumer is not subscribed; the caller is no member of its role.';

CREATE FUNCTION outbox_dead_drop_as(caller oid, consumer text, event uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM @extschema@.outbox_take_dead(caller, consumer, event);
END
$function$;
COMMENT ON FUNCTION outbox_dead_drop_as(oid, text, uuid) IS 'What outbox_dead_drop does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_dead_drop_as(oid, text, uuid) FROM PUBLIC;

CREATE FUNCTION outbox_dead_drop(consumer text, event uuid) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_dead_drop(text, uuid) IS
    'Gives a dead event up. Errors: there is none; the consumer is not subscribed; the caller is no member of its role.';
-- The ids that a consumer has dealt with, so that it deals with each event once.

-- Two generations: when the younger one is old enough, the older one is truncated and becomes the younger.
CREATE TABLE outbox_inbox (
    owner name NOT NULL,
    consumer text NOT NULL,
    id uuid NOT NULL,
    generation smallint NOT NULL,
    PRIMARY KEY (id, consumer, owner, generation)
) PARTITION BY LIST (generation);
CREATE TABLE outbox_inbox_0 PARTITION OF outbox_inbox FOR VALUES IN (0);
CREATE TABLE outbox_inbox_1 PARTITION OF outbox_inbox FOR VALUES IN (1);
COMMENT ON TABLE outbox_inbox IS 'Ids that inbox() has seen, of the younger and the older generation.';
COMMENT ON TABLE outbox_inbox_0 IS 'Ids of generation 0.';
COMMENT ON TABLE outbox_inbox_1 IS 'Ids of generation 1.';
COMMENT ON COLUMN outbox_inbox.owner IS 'the consumer''s role; of a consumer that is not subscribed here, the caller''s';
COMMENT ON COLUMN outbox_inbox.consumer IS 'who has seen it';
COMMENT ON COLUMN outbox_inbox.id IS 'what was seen';
COMMENT ON COLUMN outbox_inbox.generation IS '0 or 1';

CREATE TABLE outbox_inbox_generation (
    one boolean PRIMARY KEY DEFAULT true CONSTRAINT outbox_inbox_generation_is_one CHECK (one),
    generation smallint NOT NULL DEFAULT 0,
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE outbox_inbox_generation IS 'One row: the younger generation.';
COMMENT ON COLUMN outbox_inbox_generation.one IS 'true';
COMMENT ON COLUMN outbox_inbox_generation.generation IS '0 or 1';
COMMENT ON COLUMN outbox_inbox_generation.since IS 'since when it is';
COMMENT ON CONSTRAINT outbox_inbox_generation_is_one ON outbox_inbox_generation IS 'There is one row.';

SELECT pg_extension_config_dump('outbox_inbox_0', '');
SELECT pg_extension_config_dump('outbox_inbox_1', '');
SELECT pg_extension_config_dump('outbox_inbox_generation', '');

CREATE FUNCTION outbox_inbox_owner(caller oid, consumer text) RETURNS name
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (SELECT FROM @extschema@.outbox_consumer AS c WHERE c.consumer = outbox_inbox_owner.consumer) THEN
        RETURN (@extschema@.outbox_consumer_of(caller, consumer)).owner;
    END IF;
    RETURN pg_get_userbyid(caller);
END
$function$;
COMMENT ON FUNCTION outbox_inbox_owner(oid, text) IS
    'The role of a consumer; the caller, if it is not subscribed here: nobody marks ids for another. Errors: the caller is no member of it. Internal.';
REVOKE ALL ON FUNCTION outbox_inbox_owner(oid, text) FROM PUBLIC;

CREATE FUNCTION inbox_as(caller oid, consumer text, id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    of_owner name := @extschema@.outbox_inbox_owner(caller, consumer);
    young smallint;
BEGIN
    PERFORM @extschema@.outbox_check_isolation();
    -- the generations stay what they are until this commits
    LOCK TABLE @extschema@.outbox_inbox IN ROW EXCLUSIVE MODE;
    SELECT g.generation INTO young FROM @extschema@.outbox_inbox_generation AS g;
    IF NOT FOUND THEN
        INSERT INTO @extschema@.outbox_inbox_generation DEFAULT VALUES ON CONFLICT DO NOTHING;
        young := 0;
    END IF;
    IF EXISTS (SELECT FROM @extschema@.outbox_inbox AS i
               WHERE i.generation = 1 - young AND i.id = inbox_as.id AND i.consumer = inbox_as.consumer AND i.owner = of_owner) THEN
        RETURN false;
    END IF;
    INSERT INTO @extschema@.outbox_inbox (owner, consumer, id, generation)
    VALUES (of_owner, inbox_as.consumer, inbox_as.id, young) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$function$;
COMMENT ON FUNCTION inbox_as(oid, text, uuid) IS 'What inbox does, for a caller. Internal.';
REVOKE ALL ON FUNCTION inbox_as(oid, text, uuid) FROM PUBLIC;

CREATE FUNCTION inbox(consumer text, id uuid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION inbox(text, uuid) IS
    'Whether a consumer sees this id for the first time: true once, false afterwards, as long as the transaction that got true did not fail. Waits for a transaction that has just asked the same. Remembers for inbox_age at least: see outbox_configure. The consumer need not be subscribed here: then ids are the calling role''s. Errors: the caller is no member of the consumer''s role; an isolation level above READ COMMITTED; an argument that is NULL.';

CREATE FUNCTION outbox_inbox_turn() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    old smallint := (SELECT 1 - g.generation FROM @extschema@.outbox_inbox_generation AS g, @extschema@.outbox_setting AS s
                     WHERE g.since + s.inbox_age < clock_timestamp());
BEGIN
    IF old IS NULL THEN
        RETURN;
    END IF;
    LOCK TABLE @extschema@.outbox_inbox IN ACCESS EXCLUSIVE MODE NOWAIT;
    EXECUTE format('TRUNCATE @extschema@.outbox_inbox_%s', old);
    UPDATE @extschema@.outbox_inbox_generation SET generation = old, since = clock_timestamp();
EXCEPTION
    WHEN lock_not_available THEN
        NULL;
END
$function$;
COMMENT ON FUNCTION outbox_inbox_turn() IS 'Forgets the older generation of ids when the younger one is old enough, unless somebody is at them. Internal.';
REVOKE ALL ON FUNCTION outbox_inbox_turn() FROM PUBLIC;
-- Retention: slots are opened, closed, sealed, and truncated when all consumers have passed them.

-- Truncating

CREATE FUNCTION outbox_behind(sealed_tick bigint) RETURNS SETOF text
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT c.consumer FROM @extschema@.outbox_consumer AS c
    WHERE c.lost_at IS NULL
        AND c.shares > (SELECT count(*) FROM @extschema@.outbox_shares_of(c) AS p WHERE p.tick >= outbox_behind.sealed_tick)
$function$;
COMMENT ON FUNCTION outbox_behind(bigint) IS 'Consumers that have not passed a tick. Internal.';
REVOKE ALL ON FUNCTION outbox_behind(bigint) FROM PUBLIC;

CREATE FUNCTION outbox_keep_referenced(of_slot smallint) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM FROM @extschema@.outbox_retry WHERE slot = of_slot FOR UPDATE NOWAIT;
    INSERT INTO @extschema@.outbox_kept
    SELECT r.consumer, o.seq, o.id, o.aggregatetype, o.aggregateid, o.type, o.payload, o.version, o.schemaversion, o.bucket, o.xid, o.occurred_at,
        o.traceparent, o.tracestate, o.correlationid, o.causationid, o.era
    FROM @extschema@.outbox_retry AS r, @extschema@.outbox_event_of(r) AS o
    WHERE r.slot = of_slot;
    UPDATE @extschema@.outbox_retry SET slot = NULL WHERE slot = of_slot;
END
$function$;
COMMENT ON FUNCTION outbox_keep_referenced(smallint) IS 'Copies the events of a slot that outbox_retry refers to. Errors: one of its rows is locked. Internal.';
REVOKE ALL ON FUNCTION outbox_keep_referenced(smallint) FROM PUBLIC;

-- Nobody needs the slot any more; who still looks at it is not waited for.
CREATE FUNCTION outbox_truncate(of_slot smallint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    tables text := format('@extschema@.outbox_%1$s, @extschema@.outbox_tick_%1$s, @extschema@.outbox_progress_%1$s', of_slot);
BEGIN
    -- first of all, for what is written before a lock is refused is rolled back, and swept up after
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', tables);
    PERFORM @extschema@.outbox_keep_referenced(of_slot);
    EXECUTE format('TRUNCATE %s', tables);
    UPDATE @extschema@.outbox_ring SET opened_tick = NULL, opened_at = NULL, closed_by = NULL, sealed_tick = NULL WHERE slot = of_slot;
    RETURN true;
EXCEPTION
    WHEN lock_not_available THEN
        RETURN false;
END
$function$;
COMMENT ON FUNCTION outbox_truncate(smallint) IS 'Empties a slot; false if somebody is at it. Internal.';
REVOKE ALL ON FUNCTION outbox_truncate(smallint) FROM PUBLIC;

CREATE FUNCTION outbox_truncate_passed() RETURNS SETOF smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    sealed @extschema@.outbox_ring;
BEGIN
    FOR sealed IN SELECT * FROM @extschema@.outbox_ring WHERE sealed_tick IS NOT NULL ORDER BY sealed_tick LOOP
        EXIT WHEN EXISTS (SELECT FROM @extschema@.outbox_behind(sealed.sealed_tick));
        IF @extschema@.outbox_truncate(sealed.slot) THEN
            RETURN NEXT sealed.slot;
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_truncate_passed() IS 'Empties the sealed slots that all consumers have passed, and returns them. Internal.';
REVOKE ALL ON FUNCTION outbox_truncate_passed() FROM PUBLIC;

-- Sealing

-- Not what this transaction has closed: others do not know yet.
CREATE FUNCTION outbox_seal_closed(era integer) RETURNS SETOF smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    closed smallint;
BEGIN
    FOR closed IN
        SELECT slot FROM @extschema@.outbox_ring
        WHERE closed_by IS NOT NULL AND sealed_tick IS NULL AND closed_by IS DISTINCT FROM pg_current_xact_id_if_assigned()
        ORDER BY opened_tick
    LOOP
        IF @extschema@.outbox_is_unwritten(format('@extschema@.outbox_%s', closed)::regclass) THEN
            UPDATE @extschema@.outbox_ring SET sealed_tick = (@extschema@.outbox_make_tick(era)).tick WHERE slot = closed;
            RETURN NEXT closed;
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_seal_closed(integer) IS 'Seals the closed slots that nobody writes to any more, and returns them. Internal.';
REVOKE ALL ON FUNCTION outbox_seal_closed(integer) FROM PUBLIC;

-- Opening

CREATE FUNCTION outbox_add_partition(parent text, of_slot smallint) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- attached, for a partition that is created as one waits for all readers
    EXECUTE format('CREATE TABLE @extschema@.%1$s_%2$s (LIKE @extschema@.%1$s_0 INCLUDING ALL)', parent, of_slot);
    EXECUTE format('REVOKE ALL ON @extschema@.%1$s_%2$s FROM PUBLIC', parent, of_slot);
    EXECUTE format('ALTER TABLE @extschema@.%1$s ATTACH PARTITION @extschema@.%1$s_%2$s FOR VALUES IN (%2$s)', parent, of_slot);
END
$function$;
COMMENT ON FUNCTION outbox_add_partition(text, smallint) IS 'Adds a slot to a partitioned table. Internal.';
REVOKE ALL ON FUNCTION outbox_add_partition(text, smallint) FROM PUBLIC;

CREATE FUNCTION outbox_add_slot() RETURNS smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    added smallint := (SELECT max(slot) + 1 FROM @extschema@.outbox_ring);
BEGIN
    PERFORM @extschema@.outbox_add_partition(parent, added) FROM unnest('{outbox,outbox_tick,outbox_progress}'::text[]) AS parent;
    INSERT INTO @extschema@.outbox_ring (slot) VALUES (added);
    RETURN added;
END
$function$;
COMMENT ON FUNCTION outbox_add_slot() IS 'Extends the ring by a slot, whose tables are not members of the extension, so that a dump has them. Internal.';
REVOKE ALL ON FUNCTION outbox_add_slot() FROM PUBLIC;

CREATE FUNCTION outbox_free_slot() RETURNS smallint
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT ring.slot FROM @extschema@.outbox_ring AS ring, @extschema@.outbox_current AS current
    WHERE ring.opened_tick IS NULL
    ORDER BY ring.slot > current.slot DESC, ring.slot LIMIT 1
$function$;
COMMENT ON FUNCTION outbox_free_slot() IS 'The next free slot; NULL: the ring is full. Internal.';
REVOKE ALL ON FUNCTION outbox_free_slot() FROM PUBLIC;

CREATE FUNCTION outbox_drop_stuck() RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    behind text[];
    stuck text;
BEGIN
    behind := ARRAY(SELECT @extschema@.outbox_behind((SELECT min(sealed_tick) FROM @extschema@.outbox_ring)));
    IF EXISTS (SELECT FROM @extschema@.outbox_consumer WHERE consumer = ANY (behind) AND when_stuck = 'keep') THEN
        RETURN;
    END IF;
    PERFORM FROM @extschema@.outbox_consumer WHERE consumer = ANY (behind) FOR UPDATE NOWAIT;
    FOREACH stuck IN ARRAY behind LOOP
        UPDATE @extschema@.outbox_consumer SET lost_at = clock_timestamp() WHERE consumer = stuck;
        RETURN NEXT stuck;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_drop_stuck() IS 'Gives up the consumers that keep the oldest slot, if the policy of all of them allows it, and returns them. Errors: one of them is being changed. Internal.';
REVOKE ALL ON FUNCTION outbox_drop_stuck() FROM PUBLIC;

-- Whoever looks at the slot keeps it from being truncated: then nobody is dropped in vain.
CREATE FUNCTION outbox_free_by_dropping() RETURNS smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    dropped text[];
    stuck text;
BEGIN
    dropped := ARRAY(SELECT @extschema@.outbox_drop_stuck());
    PERFORM @extschema@.outbox_truncate_passed();
    IF @extschema@.outbox_free_slot() IS NULL THEN
        RAISE lock_not_available;
    END IF;
    FOREACH stuck IN ARRAY dropped LOOP
        RAISE WARNING 'consumer "%" is dropped: it kept a slot of the full ring', stuck;
    END LOOP;
    RETURN @extschema@.outbox_free_slot();
EXCEPTION
    WHEN lock_not_available THEN
        RETURN NULL;
END
$function$;
COMMENT ON FUNCTION outbox_free_by_dropping() IS 'Frees a slot of the full ring by dropping consumers that may be dropped, and returns it; NULL, and nothing done, if that frees none. Internal.';
REVOKE ALL ON FUNCTION outbox_free_by_dropping() FROM PUBLIC;

CREATE FUNCTION outbox_open_next(era integer) RETURNS smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    closing smallint := (SELECT slot FROM @extschema@.outbox_current);
    opening smallint := @extschema@.outbox_free_slot();
BEGIN
    IF opening IS NULL THEN
        opening := @extschema@.outbox_free_by_dropping();
    END IF;
    IF opening IS NULL AND (SELECT when_full FROM @extschema@.outbox_setting) = 'extend' THEN
        opening := @extschema@.outbox_add_slot();
    END IF;
    UPDATE @extschema@.outbox_current AS current
    SET slot = coalesce(opening, current.slot), refused = opening IS NULL
    WHERE opening IS NOT NULL OR NOT current.refused;
    PERFORM @extschema@.outbox_current_changed();
    IF opening IS NULL THEN
        RETURN NULL;
    END IF;
    -- the tick is written to the new slot, so that it is kept as long
    UPDATE @extschema@.outbox_ring
    SET opened_tick = (@extschema@.outbox_make_tick(era)).tick, opened_at = clock_timestamp()
    WHERE slot = opening;
    UPDATE @extschema@.outbox_ring SET closed_by = pg_current_xact_id() WHERE slot = closing;
    RETURN opening;
END
$function$;
COMMENT ON FUNCTION outbox_open_next(integer) IS 'Opens the next slot in place of the current one; NULL if the ring is full: then events are refused. Internal.';
REVOKE ALL ON FUNCTION outbox_open_next(integer) FROM PUBLIC;

CREATE FUNCTION outbox_is_slot_due() RETURNS boolean
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT size > setting.slot_bytes OR size > 0 AND ring.opened_at + setting.slot_age < clock_timestamp()
    FROM @extschema@.outbox_setting AS setting, @extschema@.outbox_current AS current
        JOIN @extschema@.outbox_ring AS ring USING (slot),
        LATERAL (SELECT sum(pg_table_size(format('@extschema@.%s_%s', parent, ring.slot)::regclass))
                 FROM unnest('{outbox,outbox_tick,outbox_progress}'::text[]) AS parent) AS used (size)
$function$;
COMMENT ON FUNCTION outbox_is_slot_due() IS 'Whether the current slot is so old or so large that the next is to be opened. Internal.';
REVOKE ALL ON FUNCTION outbox_is_slot_due() FROM PUBLIC;

-- For operators, and now and then by whoever receives

CREATE FUNCTION outbox_rotate(force boolean DEFAULT false) RETURNS TABLE (slot smallint, done text)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER ROWS 3
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    era integer;
BEGIN
    PERFORM @extschema@.outbox_prepare();
    era := @extschema@.outbox_this_era();
    BEGIN
        LOCK TABLE @extschema@.outbox_ring IN SHARE ROW EXCLUSIVE MODE NOWAIT;
    EXCEPTION
        WHEN lock_not_available THEN
            RETURN;
    END;
    RETURN QUERY SELECT sealed, 'sealed' FROM @extschema@.outbox_seal_closed(era) AS sealed;
    RETURN QUERY SELECT emptied, 'truncated' FROM @extschema@.outbox_truncate_passed() AS emptied;
    PERFORM @extschema@.outbox_inbox_turn();
    IF force OR (SELECT refused FROM @extschema@.outbox_current) OR @extschema@.outbox_is_slot_due() THEN
        RETURN QUERY SELECT opened, CASE WHEN opened IS NULL THEN 'refused' ELSE 'opened' END FROM @extschema@.outbox_open_next(era) AS opened;
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_rotate(boolean) IS
    'Seals the slots that are no longer written to, truncates those that all consumers have passed, and opens the next when the current one is too old or too large, or when forced. Returns what was done; nothing if another is at it. Never waits. In a transaction of its own: a truncated slot is locked until it ends. For operators: EXECUTE is to be granted.';
REVOKE ALL ON FUNCTION outbox_rotate(boolean) FROM PUBLIC;

-- In a transaction block a truncated slot would be locked until its end.
CREATE FUNCTION outbox_upkeep() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- asked out here: a block with an exception is a subtransaction, which looks like a transaction block
    IF NOT @extschema@.outbox_is_upkeep_due() THEN
        RETURN;
    END IF;
    BEGIN
        PERFORM @extschema@.outbox_rotate();
    EXCEPTION
        WHEN OTHERS THEN
            RAISE WARNING 'upkeep of the outbox failed: %', SQLERRM;
    END;
END
$function$;
COMMENT ON FUNCTION outbox_upkeep() IS 'outbox_rotate, if the statement is a transaction of its own and the session has not tried in the last second. What fails is a warning. Internal.';
REVOKE ALL ON FUNCTION outbox_upkeep() FROM PUBLIC;
-- For operators: settings, ticks, restoring, metrics; and waiting.

CREATE FUNCTION outbox_configure(tick_interval interval DEFAULT NULL, notify boolean DEFAULT NULL, slot_age interval DEFAULT NULL,
        slot_bytes bigint DEFAULT NULL, when_full text DEFAULT NULL, inbox_age interval DEFAULT NULL) RETURNS outbox_setting
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    result @extschema@.outbox_setting;
BEGIN
    PERFORM @extschema@.outbox_prepare();
    UPDATE @extschema@.outbox_setting AS s
    SET tick_interval = coalesce(outbox_configure.tick_interval, s.tick_interval),
        notify = coalesce(outbox_configure.notify, s.notify),
        slot_age = coalesce(outbox_configure.slot_age, s.slot_age),
        slot_bytes = coalesce(outbox_configure.slot_bytes, s.slot_bytes),
        when_full = coalesce(outbox_configure.when_full, s.when_full),
        inbox_age = coalesce(outbox_configure.inbox_age, s.inbox_age)
    RETURNING s.* INTO result;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION outbox_configure(interval, boolean, interval, bigint, text, interval) IS
    'Changes the settings that are not NULL, and returns all. tick_interval: who receives makes a tick when the last is older. notify: whether such a tick notifies channel tripmeter_outbox. slot_age, slot_bytes: the next slot is opened when the current one is older, or larger. when_full: extend the ring, or refuse events. inbox_age: how long inbox() remembers at least. Errors: a value that is out of range. For operators: EXECUTE is to be granted.';
REVOKE ALL ON FUNCTION outbox_configure(interval, boolean, interval, bigint, text, interval) FROM PUBLIC;

CREATE FUNCTION outbox_tick() RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM @extschema@.outbox_prepare();
    RETURN (@extschema@.outbox_tick_if_due('0')).tick;
END
$function$;
COMMENT ON FUNCTION outbox_tick() IS
    'Makes a tick, if there is something new: what has committed by now can be received once this commits. Returns the latest. Errors: those of outbox_this_era. For operators: EXECUTE is to be granted.';
REVOKE ALL ON FUNCTION outbox_tick() FROM PUBLIC;

-- Restoring

-- A dump may have been taken while a slot was truncated: then it has a ring in which the
-- slot is in use, a slot that is empty, and consumers that have not passed it. They had.
CREATE FUNCTION outbox_mend_torn_dump() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    torn @extschema@.outbox_ring;
    share integer;
    p @extschema@.outbox_progress;
BEGIN
    FOR torn IN
        SELECT * FROM @extschema@.outbox_ring
        WHERE sealed_tick IS NOT NULL AND @extschema@.outbox_tick_of(opened_tick) IS NULL
        ORDER BY sealed_tick
    LOOP
        FOR share IN SELECT s.id FROM @extschema@.outbox_share AS s WHERE s.share >= 0 LOOP
            p := @extschema@.outbox_newest(share);
            IF coalesce(p.tick < torn.sealed_tick, true) THEN
                p.share := share;
                p.tick := torn.sealed_tick;
                p.until := NULL;
                p.epoch := coalesce(p.epoch, 0) + 1;
                p.worker := NULL;
                p.open := false;
                p.handed := 0;
                p.retries := 0;
                PERFORM @extschema@.outbox_write(p);
            END IF;
        END LOOP;
        UPDATE @extschema@.outbox_ring SET opened_tick = NULL, opened_at = NULL, closed_by = NULL, sealed_tick = NULL WHERE slot = torn.slot;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_mend_torn_dump() IS 'Frees slots that were truncated while the dump was taken. Internal.';
REVOKE ALL ON FUNCTION outbox_mend_torn_dump() FROM PUBLIC;

CREATE FUNCTION outbox_after_restore() RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    new_era @extschema@.outbox_era;
BEGIN
    PERFORM @extschema@.outbox_prepare();
    PERFORM @extschema@.outbox_begin();
    LOCK TABLE @extschema@.outbox_ring IN SHARE ROW EXCLUSIVE MODE;
    PERFORM @extschema@.outbox_mend_torn_dump();
    FOR new_era IN SELECT * FROM @extschema@.outbox_era WHERE NOT accepted ORDER BY era LOOP
        -- all of the era before was restored: its end sees all, the beginning of the new one nothing
        PERFORM @extschema@.outbox_mark((SELECT max(era) FROM @extschema@.outbox_era WHERE era < new_era.era),
            '9223372036854775807:9223372036854775807:', @extschema@.outbox_last_seq());
        PERFORM @extschema@.outbox_mark(new_era.era, '3:3:', @extschema@.outbox_last_seq());
        UPDATE @extschema@.outbox_era SET accepted = true WHERE era = new_era.era;
    END LOOP;
    RETURN @extschema@.outbox_this_era();
END
$function$;
COMMENT ON FUNCTION outbox_after_restore() IS
    'Consumers of a restored or copied database go on where they were: first what is left from before, then what is new. Returns the era. Call it once, in the copy that consumers are to receive from. Does nothing where nothing was restored. For operators: EXECUTE is to be granted.';
REVOKE ALL ON FUNCTION outbox_after_restore() FROM PUBLIC;

-- Waiting

CREATE FUNCTION outbox_look_as(caller oid, consumer text, worker text, seen bigint, OUT ready boolean, OUT latest bigint)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c @extschema@.outbox_consumer := @extschema@.outbox_consumer_of(caller, consumer);
    era integer := @extschema@.outbox_this_era();
    last @extschema@.outbox_tick := @extschema@.outbox_last_tick();
    p @extschema@.outbox_progress;
BEGIN
    PERFORM @extschema@.outbox_check_receive(c, 1);
    latest := last.tick;
    ready := @extschema@.outbox_is_tick_due(last, (SELECT s.tick_interval FROM @extschema@.outbox_setting AS s))
        AND @extschema@.outbox_has_news(last);
    IF ready OR seen = latest THEN
        RETURN;
    END IF;
    FOREACH p IN ARRAY (@extschema@.outbox_candidates(c, coalesce(worker, format('pid %s', pg_backend_pid())))).shares LOOP
        ready := p.open
            OR EXISTS (SELECT FROM @extschema@.outbox_retry AS r WHERE r.share = p.share AND r.next_at <= clock_timestamp())
            OR (@extschema@.outbox_find(c, p, (SELECT s.share FROM @extschema@.outbox_share AS s WHERE s.id = p.share), 1, era)).fresh > 0;
        EXIT WHEN ready;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_look_as(oid, text, text, bigint) IS 'What outbox_look does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_look_as(oid, text, text, bigint) FROM PUBLIC;

CREATE FUNCTION outbox_look(consumer text, worker text, seen bigint, OUT ready boolean, OUT latest bigint)
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_look(text, text, bigint) IS
    'Whether outbox_receive may have something for a worker, where nothing was found up to a tick; and the latest tick. Errors: those of outbox_receive.';

CREATE FUNCTION outbox_wait(consumer text, timeout interval DEFAULT '30 s', worker text DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_wait' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_wait(text, interval, text) IS
    'Waits until outbox_receive may have something for a worker of the consumer, and returns true; or false after the timeout. It can be cancelled. It is a statement like others: while it waits, VACUUM keeps what it could see. Errors: those of outbox_receive; a timeout that is NULL or negative.';

-- Metrics

CREATE FUNCTION outbox_blocker() RETURNS TABLE (since timestamptz, description text)
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT * FROM (
        SELECT xact_start, format('pid %s of role "%s" in database "%s", %s', pid, usename, datname, state)
        FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
        UNION ALL
        SELECT prepared, format('prepared transaction "%s" of role "%s" in database "%s"', gid, owner, database)
        FROM pg_prepared_xacts
    ) AS writers (since, description)
    ORDER BY since LIMIT 1
$function$;
COMMENT ON FUNCTION outbox_blocker() IS 'The oldest transaction that may have written something, in whatever database, open or prepared. Internal.';
REVOKE ALL ON FUNCTION outbox_blocker() FROM PUBLIC;

CREATE FUNCTION outbox_lag(OUT consumer text, OUT lost boolean, OUT tick_at timestamptz, OUT events bigint, OUT bytes numeric,
        OUT workers bigint) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 10
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    last_seq bigint := @extschema@.outbox_last_seq();
    kept_seqs bigint := last_seq - (SELECT min(t.seq_before) FROM @extschema@.outbox_ring AS r, @extschema@.outbox_tick_of(r.opened_tick) AS t);
    kept_bytes bigint := (SELECT sum(pg_table_size(i.inhrelid)) FROM pg_inherits AS i WHERE i.inhparent = '@extschema@.outbox'::regclass);
    c @extschema@.outbox_consumer;
BEGIN
    FOR c IN SELECT * FROM @extschema@.outbox_consumer AS t ORDER BY t.consumer LOOP
        consumer := c.consumer;
        lost := c.lost_at IS NOT NULL;
        SELECT min(a.at), ceil(sum(last_seq - a.seq_before) / c.shares), count(DISTINCT p.worker) FILTER (WHERE p.lease_until > clock_timestamp())
        INTO tick_at, events, workers
        FROM @extschema@.outbox_shares_of(c) AS p, @extschema@.outbox_tick_of(p.tick) AS a;
        bytes := round(events * kept_bytes::numeric / greatest(kept_seqs, events, 1));
        RETURN NEXT;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_lag() IS 'How far consumers are: the time of the tick that all of their shares have passed, how many numbers of events were given since the shares'' ticks, on average, how many bytes these may take, and how many workers there are. Internal.';
REVOKE ALL ON FUNCTION outbox_lag() FROM PUBLIC;

CREATE FUNCTION outbox_measure() RETURNS TABLE (metric text, consumer text, value numeric, detail text)
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER ROWS 30
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 'tick_age_seconds', NULL::text, extract(epoch FROM clock_timestamp() - at)::numeric, format('tick %s', tick)
    FROM @extschema@.outbox_last_tick() WHERE tick IS NOT NULL
    UNION ALL
    SELECT 'slots_free', NULL, count(*) FILTER (WHERE opened_tick IS NULL), format('of %s', count(*)) FROM @extschema@.outbox_ring
    UNION ALL
    SELECT 'events_refused', NULL, refused::integer, CASE WHEN refused THEN 'the ring is full' END FROM @extschema@.outbox_current
    UNION ALL
    SELECT 'events_bytes', NULL, sum(pg_total_relation_size(inhrelid)), NULL FROM pg_inherits WHERE inhparent = '@extschema@.outbox'::regclass
    UNION ALL
    SELECT 'uncovered_tables', NULL, count(*), string_agg(partition::text, ', ') FROM @extschema@.outbox_coverage() WHERE NOT covered
    UNION ALL
    SELECT 'blocker_seconds', NULL, extract(epoch FROM clock_timestamp() - since)::numeric, description FROM @extschema@.outbox_blocker()
    UNION ALL
    SELECT metric, lag.consumer, value, CASE WHEN lost THEN 'it was dropped for being stuck' END
    FROM @extschema@.outbox_lag() AS lag, LATERAL (VALUES
        ('lag_seconds', CASE WHEN events > 0 THEN extract(epoch FROM clock_timestamp() - tick_at)::numeric ELSE 0 END),
        ('lag_events', events::numeric),
        ('lag_bytes', bytes),
        ('workers', workers::numeric),
        ('lost', lost::integer::numeric)) AS metrics (metric, value)
    UNION ALL
    SELECT metric, c.consumer, value, NULL
    FROM @extschema@.outbox_consumer AS c, LATERAL (
        SELECT 'blocked_keys', count(DISTINCT (aggregatetype, aggregateid)) FROM @extschema@.outbox_retry AS r WHERE r.consumer = c.consumer
        UNION ALL SELECT 'blocked_events', count(*) FROM @extschema@.outbox_retry AS r WHERE r.consumer = c.consumer
        UNION ALL SELECT 'dead_events', count(*) FROM @extschema@.outbox_dead AS d WHERE d.consumer = c.consumer) AS counts (metric, value)
$function$;
COMMENT ON FUNCTION outbox_measure() IS 'What outbox_metrics shows. Internal.';
REVOKE ALL ON FUNCTION outbox_measure() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION outbox_measure() TO pg_monitor;

CREATE VIEW outbox_metrics AS SELECT metric, consumer, value, detail FROM outbox_measure();
COMMENT ON VIEW outbox_metrics IS 'What to watch: a row a metric, of the outbox or of a consumer. For members of pg_monitor.';
COMMENT ON COLUMN outbox_metrics.metric IS 'its name, with its unit';
COMMENT ON COLUMN outbox_metrics.consumer IS 'whose it is; NULL: the whole outbox''s';
COMMENT ON COLUMN outbox_metrics.value IS 'its value';
COMMENT ON COLUMN outbox_metrics.detail IS 'more about it, for people';
GRANT SELECT ON outbox_metrics TO pg_monitor;

-- Whatever a database grants on new tables: nobody but the owner reads what is in them.
DO $do$
DECLARE
    member regclass;
BEGIN
    FOR member IN
        SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = '@extschema@'::regnamespace AND c.relkind IN ('r', 'p', 'S') AND c.relname ~ '^outbox'
    LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC', CASE (SELECT relkind FROM pg_class WHERE oid = member) WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, member);
    END LOOP;
END
$do$;
