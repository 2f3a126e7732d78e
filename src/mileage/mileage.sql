-- Mileage: what was driven, from the fixes of a group.

CREATE TYPE tripmeter.mileage_report AS (
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
    policy tripmeter.mileage_policy
);
COMMENT ON TYPE tripmeter.mileage_report IS
    'A mileage, and every metre, second and row that did or did not go into it. Metres, metres '
    'per second.';
COMMENT ON COLUMN tripmeter.mileage_report.distance_m IS
    'the mileage in metres: measured, and bridged over gaps that count';
COMMENT ON COLUMN tripmeter.mileage_report.raw_m IS
    'metres of every leg between distinct valid fixes; equals distance_m + jitter_m + outlier_m + '
    'inaccurate_m + gap_excluded_m';
COMMENT ON COLUMN tripmeter.mileage_report.jitter_m IS
    'metres of wandering around an anchor, suppressed';
COMMENT ON COLUMN tripmeter.mileage_report.outlier_m IS
    'metres of detours by way of outliers, rejected';
COMMENT ON COLUMN tripmeter.mileage_report.inaccurate_m IS
    'metres of detours by way of fixes of poor accuracy, rejected';
COMMENT ON COLUMN tripmeter.mileage_report.gap_m IS
    'metres of straight lines over gaps; part of distance_m';
COMMENT ON COLUMN tripmeter.mileage_report.gap_excluded_m IS
    'metres of gaps that do not count, and of jumps';
COMMENT ON COLUMN tripmeter.mileage_report.moving_time IS
    'time in motion; with stopped_time and gap_time it makes last_time - first_time';
COMMENT ON COLUMN tripmeter.mileage_report.stopped_time IS
    'time at rest; known only with a jitter radius';
COMMENT ON COLUMN tripmeter.mileage_report.gap_time IS 'time without fixes';
COMMENT ON COLUMN tripmeter.mileage_report.first_time IS 'time of the first believed fix';
COMMENT ON COLUMN tripmeter.mileage_report.last_time IS 'time of the last believed fix';
COMMENT ON COLUMN tripmeter.mileage_report.top_speed IS
    'speed of the fastest measured leg in metres per second';
COMMENT ON COLUMN tripmeter.mileage_report.used_count IS
    'fixes that the mileage rests on; all counts but gap_count add up to the rows';
COMMENT ON COLUMN tripmeter.mileage_report.jitter_count IS 'fixes whose movement was suppressed';
COMMENT ON COLUMN tripmeter.mileage_report.outlier_count IS
    'fixes rejected for their implied speed';
COMMENT ON COLUMN tripmeter.mileage_report.inaccurate_count IS 'fixes rejected for their accuracy';
COMMENT ON COLUMN tripmeter.mileage_report.conflict_count IS
    'fixes at the time of another, elsewhere';
COMMENT ON COLUMN tripmeter.mileage_report.duplicate_count IS
    'fixes at the time and place of another';
COMMENT ON COLUMN tripmeter.mileage_report.invalid_count IS
    'fixes at no place or time on Earth, and at (0,0) where rejected';
COMMENT ON COLUMN tripmeter.mileage_report.null_count IS 'rows without a time or a position';
COMMENT ON COLUMN tripmeter.mileage_report.gap_count IS 'gaps and jumps';
COMMENT ON COLUMN tripmeter.mileage_report.policy IS 'the policy applied';

-- The state of both aggregates.

SELECT set_config('search_path', tripmeter_internal.postgis_path(), true);

CREATE FUNCTION tripmeter_internal.mileage_accum(state internal, recorded_at timestamptz,
        "position" geometry) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_accum(internal, timestamptz, geometry) IS
    'Transition function of mileage and mileage_report.';

CREATE FUNCTION tripmeter_internal.mileage_accum(state internal, recorded_at timestamptz,
        "position" geometry, policy tripmeter.mileage_policy) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_accum(internal, timestamptz, geometry,
        tripmeter.mileage_policy) IS
    'Transition function of mileage and mileage_report.';

CREATE FUNCTION tripmeter_internal.mileage_accum(state internal, recorded_at timestamptz,
        "position" geometry, accuracy real, policy tripmeter.mileage_policy) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_accum(internal, timestamptz, geometry, real,
        tripmeter.mileage_policy) IS
    'Transition function of mileage and mileage_report.';

CREATE FUNCTION tripmeter_internal.mileage_accum(state internal, recorded_at timestamptz,
        "position" geography) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_accum(internal, timestamptz, geography) IS
    'Transition function of mileage and mileage_report.';

CREATE FUNCTION tripmeter_internal.mileage_accum(state internal, recorded_at timestamptz,
        "position" geography, policy tripmeter.mileage_policy) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_accum(internal, timestamptz, geography,
        tripmeter.mileage_policy) IS
    'Transition function of mileage and mileage_report.';

CREATE FUNCTION tripmeter_internal.mileage_accum(state internal, recorded_at timestamptz,
        "position" geography, accuracy real, policy tripmeter.mileage_policy) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_point'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_accum(internal, timestamptz, geography, real,
        tripmeter.mileage_policy) IS
    'Transition function of mileage and mileage_report.';

CREATE FUNCTION tripmeter_internal.mileage_accum(state internal, recorded_at timestamptz,
        lon float8, lat float8) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_lonlat'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_accum(internal, timestamptz, float8, float8) IS
    'Transition function of mileage and mileage_report.';

CREATE FUNCTION tripmeter_internal.mileage_accum(state internal, recorded_at timestamptz,
        lon float8, lat float8, policy tripmeter.mileage_policy) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_lonlat'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_accum(internal, timestamptz, float8, float8,
        tripmeter.mileage_policy) IS
    'Transition function of mileage and mileage_report.';

CREATE FUNCTION tripmeter_internal.mileage_accum(state internal, recorded_at timestamptz,
        lon float8, lat float8, accuracy real, policy tripmeter.mileage_policy) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_accum_lonlat'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_accum(internal, timestamptz, float8, float8, real,
        tripmeter.mileage_policy) IS
    'Transition function of mileage and mileage_report.';

CREATE FUNCTION tripmeter_internal.mileage_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_combine'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.mileage_combine(internal, internal) IS
    'Combine function of mileage and mileage_report.';

CREATE FUNCTION tripmeter_internal.mileage_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_serial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.mileage_serial(internal) IS
    'Serialization function of mileage and mileage_report.';

CREATE FUNCTION tripmeter_internal.mileage_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_deserial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.mileage_deserial(bytea, internal) IS
    'Deserialization function of mileage and mileage_report.';

CREATE FUNCTION tripmeter_internal.mileage_final(internal) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION tripmeter_internal.mileage_final(internal) IS 'Final function of mileage.';

CREATE FUNCTION tripmeter_internal.mileage_report_final(internal) RETURNS tripmeter.mileage_report
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_report_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION tripmeter_internal.mileage_report_final(internal) IS
    'Final function of mileage_report.';

-- mileage

CREATE AGGREGATE tripmeter.mileage(recorded_at timestamptz, "position" geometry) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage(timestamptz, geometry) IS
    'Metres driven, from fixes in any order, under the default policy. NULL without a usable fix. '
    'Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage(recorded_at timestamptz, "position" geometry,
        policy tripmeter.mileage_policy) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage(timestamptz, geometry, tripmeter.mileage_policy) IS
    'Metres driven, from fixes in any order, under this policy. NULL without a usable fix. '
    'Errors: a position that is not a POINT in SRID 4326, more than one policy in a group, more '
    'than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage(recorded_at timestamptz, "position" geometry, accuracy real,
        policy tripmeter.mileage_policy) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage(timestamptz, geometry, real, tripmeter.mileage_policy) IS
    'Metres driven, from fixes in any order, under this policy, given the accuracy radius of each '
    'fix in metres, NULL where unknown. NULL without a usable fix. Errors: a position that is not '
    'a POINT in SRID 4326, more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage(recorded_at timestamptz, "position" geography) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage(timestamptz, geography) IS
    'Metres driven, from fixes in any order, under the default policy. NULL without a usable fix. '
    'Errors: a position that is not a POINT in SRID 4326, more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage(recorded_at timestamptz, "position" geography,
        policy tripmeter.mileage_policy) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage(timestamptz, geography, tripmeter.mileage_policy) IS
    'Metres driven, from fixes in any order, under this policy. NULL without a usable fix. '
    'Errors: a position that is not a POINT in SRID 4326, more than one policy in a group, more '
    'than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage(recorded_at timestamptz, "position" geography, accuracy real,
        policy tripmeter.mileage_policy) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage(timestamptz, geography, real, tripmeter.mileage_policy) IS
    'Metres driven, from fixes in any order, under this policy, given the accuracy radius of each '
    'fix in metres, NULL where unknown. NULL without a usable fix. Errors: a position that is not '
    'a POINT in SRID 4326, more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage(recorded_at timestamptz, lon float8, lat float8) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage(timestamptz, float8, float8) IS
    'Metres driven, from fixes in any order, under the default policy. NULL without a usable fix. '
    'Errors: more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage(recorded_at timestamptz, lon float8, lat float8,
        policy tripmeter.mileage_policy) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage(timestamptz, float8, float8, tripmeter.mileage_policy) IS
    'Metres driven, from fixes in any order, under this policy. NULL without a usable fix. '
    'Errors: more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage(recorded_at timestamptz, lon float8, lat float8, accuracy real,
        policy tripmeter.mileage_policy) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage(timestamptz, float8, float8, real,
        tripmeter.mileage_policy) IS
    'Metres driven, from fixes in any order, under this policy, given the accuracy radius of each '
    'fix in metres, NULL where unknown. NULL without a usable fix. Errors: more than one policy '
    'in a group, more than tripmeter.max_state_mb.';

-- mileage_report

CREATE AGGREGATE tripmeter.mileage_report(recorded_at timestamptz, "position" geometry) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_report_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage_report(timestamptz, geometry) IS
    'What was driven and what was left out, from fixes in any order, under the default policy. '
    'Counts and metres are 0 without a usable fix. Errors: a position that is not a POINT in SRID '
    '4326, more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage_report(recorded_at timestamptz, "position" geometry,
        policy tripmeter.mileage_policy) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_report_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage_report(timestamptz, geometry, tripmeter.mileage_policy) IS
    'What was driven and what was left out, from fixes in any order, under this policy. Counts '
    'and metres are 0 without a usable fix. Errors: a position that is not a POINT in SRID 4326, '
    'more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage_report(recorded_at timestamptz, "position" geometry,
        accuracy real, policy tripmeter.mileage_policy) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_report_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage_report(timestamptz, geometry, real,
        tripmeter.mileage_policy) IS
    'What was driven and what was left out, from fixes in any order, under this policy, given the '
    'accuracy radius of each fix in metres, NULL where unknown. Counts and metres are 0 without a '
    'usable fix. Errors: a position that is not a POINT in SRID 4326, more than one policy in a '
    'group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage_report(recorded_at timestamptz, "position" geography) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_report_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage_report(timestamptz, geography) IS
    'What was driven and what was left out, from fixes in any order, under the default policy. '
    'Counts and metres are 0 without a usable fix. Errors: a position that is not a POINT in SRID '
    '4326, more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage_report(recorded_at timestamptz, "position" geography,
        policy tripmeter.mileage_policy) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_report_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage_report(timestamptz, geography, tripmeter.mileage_policy) IS
    'What was driven and what was left out, from fixes in any order, under this policy. Counts '
    'and metres are 0 without a usable fix. Errors: a position that is not a POINT in SRID 4326, '
    'more than one policy in a group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage_report(recorded_at timestamptz, "position" geography,
        accuracy real, policy tripmeter.mileage_policy) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_report_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage_report(timestamptz, geography, real,
        tripmeter.mileage_policy) IS
    'What was driven and what was left out, from fixes in any order, under this policy, given the '
    'accuracy radius of each fix in metres, NULL where unknown. Counts and metres are 0 without a '
    'usable fix. Errors: a position that is not a POINT in SRID 4326, more than one policy in a '
    'group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage_report(recorded_at timestamptz, lon float8, lat float8) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_report_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage_report(timestamptz, float8, float8) IS
    'What was driven and what was left out, from fixes in any order, under the default policy. '
    'Counts and metres are 0 without a usable fix. Errors: more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage_report(recorded_at timestamptz, lon float8, lat float8,
        policy tripmeter.mileage_policy) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_report_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage_report(timestamptz, float8, float8,
        tripmeter.mileage_policy) IS
    'What was driven and what was left out, from fixes in any order, under this policy. Counts '
    'and metres are 0 without a usable fix. Errors: more than one policy in a group, more than '
    'tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.mileage_report(recorded_at timestamptz, lon float8, lat float8,
        accuracy real, policy tripmeter.mileage_policy) (
    SFUNC = tripmeter_internal.mileage_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.mileage_report_final,
    COMBINEFUNC = tripmeter_internal.mileage_combine,
    SERIALFUNC = tripmeter_internal.mileage_serial,
    DESERIALFUNC = tripmeter_internal.mileage_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.mileage_report(timestamptz, float8, float8, real,
        tripmeter.mileage_policy) IS
    'What was driven and what was left out, from fixes in any order, under this policy, given the '
    'accuracy radius of each fix in metres, NULL where unknown. Counts and metres are 0 without a '
    'usable fix. Errors: more than one policy in a group, more than tripmeter.max_state_mb.';

SET LOCAL search_path = pg_catalog, pg_temp;
