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
