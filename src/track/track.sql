-- The track: a recorded trip as one value, and what can be asked of it.

CREATE TYPE tripmeter.track;

CREATE FUNCTION tripmeter_internal.track_in(cstring) RETURNS tripmeter.track
    AS 'MODULE_PATHNAME', 'tripmeter_track_in'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.track_in(cstring) IS
    'Reads the text form of a track.';

CREATE FUNCTION tripmeter_internal.track_out(tripmeter.track) RETURNS cstring
    AS 'MODULE_PATHNAME', 'tripmeter_track_out'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.track_out(tripmeter.track) IS
    'Writes the text form of a track.';

CREATE FUNCTION tripmeter_internal.track_recv(internal) RETURNS tripmeter.track
    AS 'MODULE_PATHNAME', 'tripmeter_track_recv'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.track_recv(internal) IS
    'Reads the binary form of a track.';

CREATE FUNCTION tripmeter.track_send(track tripmeter.track) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_track_send'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter.track_send(tripmeter.track) IS
    'Writes the binary form of a track.';

CREATE TYPE tripmeter.track (
    INPUT = tripmeter_internal.track_in,
    OUTPUT = tripmeter_internal.track_out,
    RECEIVE = tripmeter_internal.track_recv,
    SEND = tripmeter.track_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = external
);
COMMENT ON TYPE tripmeter.track IS
    'A recorded trip: its valid, distinct fixes in order of time, bit for bit, a few bytes each, optionally with speed (m/s) and accuracy (m), and the counts of rows that were left out. Text: [POINT(lon lat)@time, ...], as MobilityDB writes a sequence of points.';

-- Making one

SELECT set_config('search_path', tripmeter_internal.postgis_path(), true);

CREATE FUNCTION tripmeter_internal.track_accum(state internal, recorded_at timestamptz, "position" geometry) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.track_accum(internal, timestamptz, geometry) IS
    'Transition function of track.';

CREATE FUNCTION tripmeter_internal.track_accum(state internal, recorded_at timestamptz, "position" geometry, speed real, accuracy real) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.track_accum(internal, timestamptz, geometry, real, real) IS
    'Transition function of track.';

CREATE FUNCTION tripmeter_internal.track_accum(state internal, recorded_at timestamptz, "position" geography) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.track_accum(internal, timestamptz, geography) IS
    'Transition function of track.';

CREATE FUNCTION tripmeter_internal.track_accum(state internal, recorded_at timestamptz, "position" geography, speed real, accuracy real) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.track_accum(internal, timestamptz, geography, real, real) IS
    'Transition function of track.';

CREATE FUNCTION tripmeter_internal.track_accum(state internal, recorded_at timestamptz, lon float8, lat float8) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_accum_lonlat'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.track_accum(internal, timestamptz, float8, float8) IS
    'Transition function of track.';

CREATE FUNCTION tripmeter_internal.track_accum(state internal, recorded_at timestamptz, lon float8, lat float8, speed real, accuracy real) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_accum_lonlat'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.track_accum(internal, timestamptz, float8, float8, real, real) IS
    'Transition function of track.';

CREATE FUNCTION tripmeter_internal.track_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_combine'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.track_combine(internal, internal) IS
    'Combine function of track.';

CREATE FUNCTION tripmeter_internal.track_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_track_serial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.track_serial(internal) IS
    'Serialization function of track.';

CREATE FUNCTION tripmeter_internal.track_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_track_deserial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.track_deserial(bytea, internal) IS
    'Deserialization function of track.';

CREATE FUNCTION tripmeter_internal.track_final(internal) RETURNS tripmeter.track
    AS 'MODULE_PATHNAME', 'tripmeter_track_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.track_final(internal) IS
    'Final function of track.';

CREATE AGGREGATE tripmeter.track(recorded_at timestamptz, "position" geometry) (
    SFUNC = tripmeter_internal.track_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.track_final,
    COMBINEFUNC = tripmeter_internal.track_combine,
    SERIALFUNC = tripmeter_internal.track_serial, DESERIALFUNC = tripmeter_internal.track_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.track(timestamptz, geometry) IS
    'The track of the fixes of a group, in any order. What is not in it is counted: see mileage_report. NULL without rows, empty without a valid fix. Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb, a track beyond 1 GB.';

CREATE AGGREGATE tripmeter.track(recorded_at timestamptz, "position" geometry, speed real, accuracy real) (
    SFUNC = tripmeter_internal.track_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.track_final,
    COMBINEFUNC = tripmeter_internal.track_combine,
    SERIALFUNC = tripmeter_internal.track_serial, DESERIALFUNC = tripmeter_internal.track_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.track(timestamptz, geometry, real, real) IS
    'The track of the fixes of a group, in any order, with their speed in metres per second and their accuracy radius in metres, NULL where unknown. What is not in it is counted: see mileage_report. NULL without rows, empty without a valid fix. Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb, a track beyond 1 GB.';

CREATE AGGREGATE tripmeter.track(recorded_at timestamptz, "position" geography) (
    SFUNC = tripmeter_internal.track_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.track_final,
    COMBINEFUNC = tripmeter_internal.track_combine,
    SERIALFUNC = tripmeter_internal.track_serial, DESERIALFUNC = tripmeter_internal.track_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.track(timestamptz, geography) IS
    'The track of the fixes of a group, in any order. What is not in it is counted: see mileage_report. NULL without rows, empty without a valid fix. Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb, a track beyond 1 GB.';

CREATE AGGREGATE tripmeter.track(recorded_at timestamptz, "position" geography, speed real, accuracy real) (
    SFUNC = tripmeter_internal.track_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.track_final,
    COMBINEFUNC = tripmeter_internal.track_combine,
    SERIALFUNC = tripmeter_internal.track_serial, DESERIALFUNC = tripmeter_internal.track_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.track(timestamptz, geography, real, real) IS
    'The track of the fixes of a group, in any order, with their speed in metres per second and their accuracy radius in metres, NULL where unknown. What is not in it is counted: see mileage_report. NULL without rows, empty without a valid fix. Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb, a track beyond 1 GB.';

CREATE AGGREGATE tripmeter.track(recorded_at timestamptz, lon float8, lat float8) (
    SFUNC = tripmeter_internal.track_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.track_final,
    COMBINEFUNC = tripmeter_internal.track_combine,
    SERIALFUNC = tripmeter_internal.track_serial, DESERIALFUNC = tripmeter_internal.track_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.track(timestamptz, float8, float8) IS
    'The track of the fixes of a group, in any order. What is not in it is counted: see mileage_report. NULL without rows, empty without a valid fix. Errors: more than tripmeter.max_state_mb, a track beyond 1 GB.';

CREATE AGGREGATE tripmeter.track(recorded_at timestamptz, lon float8, lat float8, speed real, accuracy real) (
    SFUNC = tripmeter_internal.track_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.track_final,
    COMBINEFUNC = tripmeter_internal.track_combine,
    SERIALFUNC = tripmeter_internal.track_serial, DESERIALFUNC = tripmeter_internal.track_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.track(timestamptz, float8, float8, real, real) IS
    'The track of the fixes of a group, in any order, with their speed in metres per second and their accuracy radius in metres, NULL where unknown. What is not in it is counted: see mileage_report. NULL without rows, empty without a valid fix. Errors: more than tripmeter.max_state_mb, a track beyond 1 GB.';

SET LOCAL search_path = pg_catalog, pg_temp;

CREATE FUNCTION tripmeter_internal.rollup_accum(state internal, track tripmeter.track) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_rollup_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter_internal.rollup_accum(internal, tripmeter.track) IS
    'Transition function of rollup.';

CREATE FUNCTION tripmeter_internal.rollup_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_rollup_combine'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.rollup_combine(internal, internal) IS
    'Combine function of rollup.';

CREATE FUNCTION tripmeter_internal.rollup_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_rollup_serial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.rollup_serial(internal) IS
    'Serialization function of rollup.';

CREATE FUNCTION tripmeter_internal.rollup_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_rollup_deserial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.rollup_deserial(bytea, internal) IS
    'Deserialization function of rollup.';

CREATE FUNCTION tripmeter_internal.rollup_final(internal) RETURNS tripmeter.track
    AS 'MODULE_PATHNAME', 'tripmeter_rollup_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.rollup_final(internal) IS
    'Final function of rollup.';

CREATE AGGREGATE tripmeter.rollup(track tripmeter.track) (
    SFUNC = tripmeter_internal.rollup_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.rollup_final,
    COMBINEFUNC = tripmeter_internal.rollup_combine,
    SERIALFUNC = tripmeter_internal.rollup_serial, DESERIALFUNC = tripmeter_internal.rollup_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.rollup(tripmeter.track) IS
    'The track of all fixes of the tracks of a group, in any order, overlapping or not: the value that track() would give for all their rows. Counts of what was left out add up. NULL without a track. Errors: more than tripmeter.max_state_mb, a track beyond 1 GB.';

CREATE FUNCTION tripmeter_internal.track_join(a tripmeter.track, b tripmeter.track)
    RETURNS tripmeter.track
    AS 'MODULE_PATHNAME', 'tripmeter_track_join'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.track_join(tripmeter.track, tripmeter.track) IS
    'The track of the fixes of two, or the one that is not NULL; the function of ||.';

CREATE OPERATOR tripmeter.|| (
    LEFTARG = tripmeter.track, RIGHTARG = tripmeter.track, FUNCTION = tripmeter_internal.track_join, COMMUTATOR = OPERATOR(tripmeter.||)
);
COMMENT ON OPERATOR tripmeter.|| (tripmeter.track, tripmeter.track) IS 'the fixes of both';

-- The whole

CREATE FUNCTION tripmeter.fix_count(track tripmeter.track) RETURNS bigint
    AS 'MODULE_PATHNAME', 'tripmeter_track_fix_count'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter.fix_count(tripmeter.track) IS
    'Number of fixes in a track.';

CREATE FUNCTION tripmeter.start_time(track tripmeter.track) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'tripmeter_track_start_time'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter.start_time(tripmeter.track) IS
    'Time of the first fix; NULL if the track is empty.';

CREATE FUNCTION tripmeter.end_time(track tripmeter.track) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'tripmeter_track_end_time'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter.end_time(tripmeter.track) IS
    'Time of the last fix; NULL if the track is empty.';

CREATE FUNCTION tripmeter.duration(track tripmeter.track) RETURNS interval
    AS 'MODULE_PATHNAME', 'tripmeter_track_duration'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter.duration(tripmeter.track) IS
    'Time from the first fix to the last, in hours and less; 0 with less than two.';

CREATE FUNCTION tripmeter.period(track tripmeter.track) RETURNS tstzrange
    AS 'MODULE_PATHNAME', 'tripmeter_track_period'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter.period(tripmeter.track) IS
    'From the first fix to the last, both included; empty if the track is empty. Fit for a GiST index.';

CREATE FUNCTION tripmeter.length(track tripmeter.track) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_track_length'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter.length(tripmeter.track) IS
    'Metres along all fixes on the WGS 84 ellipsoid, without any policy; 0 with less than two.';

SELECT set_config('search_path', tripmeter_internal.postgis_path(), true);

CREATE FUNCTION tripmeter.bbox(track tripmeter.track) RETURNS geometry
    AS 'MODULE_PATHNAME', 'tripmeter_track_bbox'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter.bbox(tripmeter.track) IS
    'The box around all fixes: a POLYGON; a LINESTRING or POINT where it has no width or height; a MULTIPOLYGON with a part on either side of the antimeridian if the track crosses it, or a box around the Earth if it is wide; POLYGON EMPTY if it is empty. Fit for a GiST index.';

CREATE FUNCTION tripmeter.start_point(track tripmeter.track) RETURNS geometry
    AS 'MODULE_PATHNAME', 'tripmeter_track_start_point'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter.start_point(tripmeter.track) IS
    'Place of the first fix, a POINT; NULL if the track is empty.';

CREATE FUNCTION tripmeter.end_point(track tripmeter.track) RETURNS geometry
    AS 'MODULE_PATHNAME', 'tripmeter_track_end_point'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter.end_point(tripmeter.track) IS
    'Place of the last fix, a POINT; NULL if the track is empty.';

-- Parts

CREATE FUNCTION tripmeter.at(track tripmeter.track, "time" timestamptz) RETURNS geometry
    AS 'MODULE_PATHNAME', 'tripmeter_track_at'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter.at(tripmeter.track, timestamptz) IS
    'Where the vehicle was, a POINT: a fix, or the place on the geodesic between two, by time, to 1e-9 degrees. NULL before the first fix and after the last.';

CREATE FUNCTION tripmeter.slice(track tripmeter.track, period tstzrange, interpolate boolean DEFAULT false) RETURNS tripmeter.track
    AS 'MODULE_PATHNAME', 'tripmeter_track_slice'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.slice(tripmeter.track, tstzrange, boolean) IS
    'The fixes of a period; with interpolate also the places at its bounds, included or not, where these lie between fixes. What was left out of the track is not counted in the slice.';

CREATE FUNCTION tripmeter.length(track tripmeter.track, period tstzrange) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_track_window_length'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.length(tripmeter.track, tstzrange) IS
    'Metres along the fixes of a period and to its bounds, as of its slice with interpolated ends, always measured anew.';

CREATE FUNCTION tripmeter.fixes(track tripmeter.track)
    RETURNS TABLE (recorded_at timestamptz, "position" geometry(Point, 4326), speed real, accuracy real)
    AS 'MODULE_PATHNAME', 'tripmeter_track_fixes'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.fixes(tripmeter.track) IS
    'The fixes of a track as rows in order of time, with speed in metres per second and accuracy radius in metres, NULL where unknown.';

CREATE FUNCTION tripmeter.simplify(track tripmeter.track, tolerance_m float8) RETURNS tripmeter.track
    AS 'MODULE_PATHNAME', 'tripmeter_track_simplify'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION tripmeter.simplify(tripmeter.track, float8) IS
    'The track with fewer fixes, the first and last among them: at no time is it farther than the tolerance, in metres, from a fix that was left out. Errors: a negative tolerance.';

CREATE FUNCTION tripmeter.speed_profile(track tripmeter.track)
    RETURNS TABLE (recorded_at timestamptz, distance_m float8, speed float8, recorded_speed real)
    AS 'MODULE_PATHNAME', 'tripmeter_track_speed_profile'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.speed_profile(tripmeter.track) IS
    'A row for each fix: metres along the track so far, metres per second from the fix before, NULL at the first, and the recorded speed, NULL where unknown.';

-- To and from other forms

CREATE FUNCTION tripmeter.as_text(track tripmeter.track) RETURNS text
    AS 'MODULE_PATHNAME', 'tripmeter_track_as_text'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.as_text(tripmeter.track) IS
    'Times and positions as MobilityDB reads them: the text form without speed, accuracy and counts.';

CREATE FUNCTION tripmeter.as_geometry(track tripmeter.track) RETURNS geometry
    AS 'MODULE_PATHNAME', 'tripmeter_track_to_geometry'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.as_geometry(tripmeter.track) IS
    'A LINESTRING M whose M is seconds since 1970-01-01 UTC, as PostGIS has trajectories; a POINT M of one fix; LINESTRING M EMPTY of none. Microseconds are kept up to the year 2255.';

CREATE FUNCTION tripmeter.as_geography(track tripmeter.track) RETURNS geography
    AS 'MODULE_PATHNAME', 'tripmeter_track_to_geography'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.as_geography(tripmeter.track) IS
    'A LINESTRING M on the ellipsoid whose M is seconds since 1970-01-01 UTC; a POINT M of one fix; LINESTRING M EMPTY of none.';

CREATE FUNCTION tripmeter.track_from_geometry(trajectory geometry) RETURNS tripmeter.track
    AS 'MODULE_PATHNAME', 'tripmeter_track_from_geometry'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.track_from_geometry(geometry) IS
    'The track of a LINESTRING M or POINT M in SRID 4326 whose M is seconds since 1970-01-01 UTC, in any order. Errors: another type, another SRID, no M.';

CREATE FUNCTION tripmeter.track_from_geography(trajectory geography) RETURNS tripmeter.track
    AS 'MODULE_PATHNAME', 'tripmeter_track_from_geometry'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.track_from_geography(geography) IS
    'The track of a LINESTRING M or POINT M whose M is seconds since 1970-01-01 UTC, in any order. Errors: another type, no M.';

CREATE CAST (tripmeter.track AS geometry) WITH FUNCTION tripmeter.as_geometry(tripmeter.track);
COMMENT ON CAST (tripmeter.track AS geometry) IS 'A trajectory: LINESTRING M.';

CREATE CAST (tripmeter.track AS geography) WITH FUNCTION tripmeter.as_geography(tripmeter.track);
COMMENT ON CAST (tripmeter.track AS geography) IS 'A trajectory: LINESTRING M.';

CREATE CAST (geometry AS tripmeter.track) WITH FUNCTION tripmeter.track_from_geometry(geometry);
COMMENT ON CAST (geometry AS tripmeter.track) IS 'From a trajectory: LINESTRING M.';

CREATE CAST (geography AS tripmeter.track) WITH FUNCTION tripmeter.track_from_geography(geography);
COMMENT ON CAST (geography AS tripmeter.track) IS 'From a trajectory: LINESTRING M.';

-- Without these operators, PostgreSQL would take both sides for text.
CREATE FUNCTION tripmeter_internal.track_join(a tripmeter.track, b geometry)
    RETURNS tripmeter.track
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2000
    RETURN tripmeter_internal.track_join(a, tripmeter.track_from_geometry(b));
COMMENT ON FUNCTION tripmeter_internal.track_join(tripmeter.track, geometry) IS
    'The track of the fixes of a track and a trajectory; the function of ||.';

CREATE FUNCTION tripmeter_internal.track_join(a geometry, b tripmeter.track)
    RETURNS tripmeter.track
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2000
    RETURN tripmeter_internal.track_join(b, tripmeter.track_from_geometry(a));
COMMENT ON FUNCTION tripmeter_internal.track_join(geometry, tripmeter.track) IS
    'The track of the fixes of a trajectory and a track; the function of ||.';

CREATE OPERATOR tripmeter.|| (
    LEFTARG = tripmeter.track, RIGHTARG = geometry, FUNCTION = tripmeter_internal.track_join,
    COMMUTATOR = OPERATOR(tripmeter.||)
);
COMMENT ON OPERATOR tripmeter.|| (tripmeter.track, geometry) IS
    'the fixes of a track and a trajectory';

CREATE OPERATOR tripmeter.|| (
    LEFTARG = geometry, RIGHTARG = tripmeter.track, FUNCTION = tripmeter_internal.track_join,
    COMMUTATOR = OPERATOR(tripmeter.||)
);
COMMENT ON OPERATOR tripmeter.|| (geometry, tripmeter.track) IS
    'the fixes of a trajectory and a track';

SET LOCAL search_path = pg_catalog, pg_temp;

CREATE FUNCTION tripmeter.as_mfjson(track tripmeter.track) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'tripmeter_track_as_mfjson'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5000;
COMMENT ON FUNCTION tripmeter.as_mfjson(tripmeter.track) IS
    'A feature of OGC Moving Features JSON (OGC 19-045r3): a MovingPoint, with speed (MTS, metres per second) and accuracy (MTR, metres) as temporal properties where there are any.';

CREATE FUNCTION tripmeter.as_gpx(track tripmeter.track) RETURNS xml
    AS 'MODULE_PATHNAME', 'tripmeter_track_as_gpx'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5000;
COMMENT ON FUNCTION tripmeter.as_gpx(tripmeter.track) IS
    'A GPX 1.1 document of one segment, with times in UTC, and speeds in metres per second in Garmin''s TrackPointExtension where there are any.';

CREATE FUNCTION tripmeter_internal.mfjson_sequences(mfjson jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 5000
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    point jsonb := coalesce(mfjson -> 'temporalGeometry', mfjson);
    crs jsonb := coalesce(nullif(point -> 'crs', 'null'), nullif(mfjson -> 'crs', 'null'));
    sequences jsonb := coalesce(point -> 'sequences', jsonb_build_array(point));
    wrong text;
BEGIN
    IF point ->> 'type' IS DISTINCT FROM 'MovingPoint' THEN
        RAISE EXCEPTION 'not a moving point of Moving Features JSON' USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('Its type is %s.', coalesce(point ->> 'type', 'missing')),
            HINT = 'Give a Feature with a temporalGeometry, or a MovingPoint.';
    END IF;
    -- all of these names come with the longitude first
    IF coalesce(crs #>> '{properties,name}', crs::text)
            !~* '(^|[:/])(EPSG[:/]([0-9.]*[:/])?4326|CRS84)$' THEN
        RAISE EXCEPTION 'coordinates are not in SRID 4326' USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('Their crs is %s.', coalesce(crs #>> '{properties,name}', crs::text)),
            HINT = 'In MobilityDB, use transform(..., 4326).';
    END IF;
    -- MobilityDB has used both names, and writes None of an instant
    SELECT i #>> '{}' INTO wrong
    FROM (SELECT point UNION ALL SELECT jsonb_array_elements(sequences)) AS p (part),
         unnest(ARRAY['interpolation', 'interpolations']) AS name,
         jsonb_path_query(part -> name, 'lax $[*]') AS i
    WHERE i #>> '{}' NOT IN ('Linear', 'Discrete', 'None') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'interpolation of a moving point must be Linear or Discrete' USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('It is %s.', wrong);
    END IF;
    -- an instant has one time and one place, which are no arrays
    SELECT coalesce(jsonb_agg(CASE WHEN jsonb_typeof(part -> 'datetimes') IN ('string', 'number')
        THEN jsonb_build_object('datetimes', jsonb_build_array(part -> 'datetimes'),
            'coordinates', jsonb_build_array(part -> 'coordinates'))
        ELSE part END), '[]') INTO sequences
    FROM jsonb_array_elements(sequences) AS part;
    IF EXISTS (SELECT FROM jsonb_array_elements(sequences) AS part
        WHERE jsonb_typeof(part -> 'datetimes') IS DISTINCT FROM 'array'
            OR jsonb_typeof(part -> 'coordinates') IS DISTINCT FROM 'array'
            OR jsonb_array_length(part -> 'datetimes')
                <> jsonb_array_length(part -> 'coordinates')) THEN
        RAISE EXCEPTION 'a moving point needs as many datetimes as coordinates' USING
            ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN sequences;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.mfjson_sequences(jsonb) IS
    'Checks a moving point of Moving Features JSON, and gives its sequences: objects with arrays of datetimes and coordinates.';

CREATE FUNCTION tripmeter_internal.mfjson_time(datetime jsonb) RETURNS timestamptz
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 50
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    datetime_text text := datetime #>> '{}';
BEGIN
    IF jsonb_typeof(datetime) = 'number' THEN
        RETURN to_timestamp(datetime::float8 / 1000);
    END IF;
    IF datetime_text !~* ':?\d\d(\.\d*)?\s*(Z|[+-]\d\d(:?\d\d){0,2})(\s+BC)?$'
        OR datetime_text !~ '\d[T ]+\d\d' THEN
        RAISE EXCEPTION 'a datetime of a moving point has no time zone' USING
            ERRCODE = 'invalid_datetime_format',
            DETAIL = format('It is %s.', datetime),
            HINT = 'Write 2024-01-01T09:00:00+09:00, or Z at the end for UTC.';
    END IF;
    RETURN datetime_text::timestamptz;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.mfjson_time(jsonb) IS
    'A time of Moving Features JSON: text with a zone, or milliseconds since 1970.';

CREATE FUNCTION tripmeter.track_from_mfjson(mfjson jsonb) RETURNS tripmeter.track
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 5000
BEGIN ATOMIC
    WITH fix AS (
        SELECT tripmeter_internal.mfjson_time(t) AS at, (c ->> 0)::float8 AS lon,
               (c ->> 1)::float8 AS lat
        FROM jsonb_array_elements(tripmeter_internal.mfjson_sequences(mfjson)) AS s (part),
             ROWS FROM (jsonb_array_elements(part -> 'datetimes'),
                        jsonb_array_elements(part -> 'coordinates')) AS r (t, c)
    ), property AS (
        SELECT tripmeter_internal.mfjson_time(t) AS at,
               max(value::real) FILTER (WHERE name = 'speed') AS speed,
               max(value::real) FILTER (WHERE name = 'accuracy') AS accuracy
        FROM jsonb_array_elements(nullif(mfjson -> 'temporalProperties', 'null')) AS e (property),
             unnest(ARRAY['speed', 'accuracy']) AS name,
             ROWS FROM (jsonb_array_elements(property -> 'datetimes'),
                        jsonb_array_elements_text(property -> name -> 'values')) AS r (t, value)
        GROUP BY 1
    )
    SELECT coalesce(tripmeter.track(fix.at, lon, lat, speed, accuracy), '[]')
    FROM fix LEFT JOIN property ON property.at = fix.at;
END;
COMMENT ON FUNCTION tripmeter.track_from_mfjson(jsonb) IS
    'The track of a feature, or a MovingPoint, of OGC Moving Features JSON, or of an instant, a sequence or a set of sequences of MobilityDB, with its temporal properties speed and accuracy; heights are left out. Errors: another type, another crs than WGS 84, another interpolation than Linear or Discrete, not as many datetimes as coordinates, a datetime without a zone.';
