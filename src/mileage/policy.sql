-- The policy: what counts as driven.

CREATE TYPE tripmeter.mileage_policy;

CREATE FUNCTION tripmeter_internal.mileage_policy_in(cstring) RETURNS tripmeter.mileage_policy
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_in'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_policy_in(cstring) IS
    'Reads the text form of a mileage policy.';

CREATE FUNCTION tripmeter_internal.mileage_policy_out(tripmeter.mileage_policy) RETURNS cstring
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_out'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_policy_out(tripmeter.mileage_policy) IS
    'Writes the canonical text form of a mileage policy.';

CREATE FUNCTION tripmeter_internal.mileage_policy_recv(internal) RETURNS tripmeter.mileage_policy
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_recv'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_policy_recv(internal) IS
    'Reads the binary form of a mileage policy.';

CREATE FUNCTION tripmeter_internal.mileage_policy_send(tripmeter.mileage_policy) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_send'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_policy_send(tripmeter.mileage_policy) IS
    'Writes the binary form of a mileage policy.';

CREATE TYPE tripmeter.mileage_policy (
    INPUT = tripmeter_internal.mileage_policy_in,
    OUTPUT = tripmeter_internal.mileage_policy_out,
    RECEIVE = tripmeter_internal.mileage_policy_recv,
    SEND = tripmeter_internal.mileage_policy_send,
    INTERNALLENGTH = 40,
    ALIGNMENT = double,
    STORAGE = plain
);
COMMENT ON TYPE tripmeter.mileage_policy IS
    'What counts as driven. Text: default, raw, or v1, then rule=value; max_speed in m/s, '
    'jitter_radius and max_accuracy in metres, gap_threshold in seconds.';

CREATE FUNCTION tripmeter.mileage_policy(
        max_speed float8 DEFAULT 70,
        jitter_radius float8 DEFAULT 20,
        gap_threshold interval DEFAULT '5 minutes',
        gap_counts_as text DEFAULT 'straight',
        reanchor_fixes integer DEFAULT 3,
        max_accuracy float8 DEFAULT 100,
        null_island text DEFAULT 'reject')
    RETURNS tripmeter.mileage_policy
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter.mileage_policy(float8, float8, interval, text, integer, float8,
        text) IS
    'A mileage policy: top speed in m/s, jitter radius in metres (up to 1000), longest time '
    'between fixes that is no gap, what a gap counts as (straight, exclude), how many agreeing '
    'fixes re-anchor after a jump (1 to 16), largest accepted accuracy radius in metres, fixes at '
    'exactly (0,0) (reject, accept). NULL turns a limit off. Errors: a value out of its range.';

CREATE FUNCTION tripmeter_internal.mileage_policy_cmp(tripmeter.mileage_policy,
        tripmeter.mileage_policy) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_cmp'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_policy_cmp(tripmeter.mileage_policy,
        tripmeter.mileage_policy) IS
    'Compares two policies, in an order of no meaning.';

CREATE FUNCTION tripmeter_internal.mileage_policy_hash(tripmeter.mileage_policy) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_hash'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_policy_hash(tripmeter.mileage_policy) IS
    'Hash of a policy.';

CREATE FUNCTION tripmeter_internal.mileage_policy_lt(tripmeter.mileage_policy,
        tripmeter.mileage_policy) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_lt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_policy_lt(tripmeter.mileage_policy,
        tripmeter.mileage_policy) IS
    'implementation of < operator';
CREATE OPERATOR tripmeter.< (
    LEFTARG = tripmeter.mileage_policy, RIGHTARG = tripmeter.mileage_policy,
    FUNCTION = tripmeter_internal.mileage_policy_lt,
    COMMUTATOR = OPERATOR(tripmeter.>), NEGATOR = OPERATOR(tripmeter.>=), RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR tripmeter.< (tripmeter.mileage_policy, tripmeter.mileage_policy) IS 'less than';

CREATE FUNCTION tripmeter_internal.mileage_policy_le(tripmeter.mileage_policy,
        tripmeter.mileage_policy) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_le'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_policy_le(tripmeter.mileage_policy,
        tripmeter.mileage_policy) IS
    'implementation of <= operator';
CREATE OPERATOR tripmeter.<= (
    LEFTARG = tripmeter.mileage_policy, RIGHTARG = tripmeter.mileage_policy,
    FUNCTION = tripmeter_internal.mileage_policy_le,
    COMMUTATOR = OPERATOR(tripmeter.>=), NEGATOR = OPERATOR(tripmeter.>), RESTRICT = scalarlesel,
    JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR tripmeter.<= (tripmeter.mileage_policy, tripmeter.mileage_policy) IS
    'less than or equal';

CREATE FUNCTION tripmeter_internal.mileage_policy_eq(tripmeter.mileage_policy,
        tripmeter.mileage_policy) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_eq'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_policy_eq(tripmeter.mileage_policy,
        tripmeter.mileage_policy) IS
    'implementation of = operator';
CREATE OPERATOR tripmeter.= (
    LEFTARG = tripmeter.mileage_policy, RIGHTARG = tripmeter.mileage_policy,
    FUNCTION = tripmeter_internal.mileage_policy_eq,
    COMMUTATOR = OPERATOR(tripmeter.=), NEGATOR = OPERATOR(tripmeter.<>), RESTRICT = eqsel,
    JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR tripmeter.= (tripmeter.mileage_policy, tripmeter.mileage_policy) IS 'equal';

CREATE FUNCTION tripmeter_internal.mileage_policy_ne(tripmeter.mileage_policy,
        tripmeter.mileage_policy) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_ne'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_policy_ne(tripmeter.mileage_policy,
        tripmeter.mileage_policy) IS
    'implementation of <> operator';
CREATE OPERATOR tripmeter.<> (
    LEFTARG = tripmeter.mileage_policy, RIGHTARG = tripmeter.mileage_policy,
    FUNCTION = tripmeter_internal.mileage_policy_ne,
    COMMUTATOR = OPERATOR(tripmeter.<>), NEGATOR = OPERATOR(tripmeter.=), RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR tripmeter.<> (tripmeter.mileage_policy, tripmeter.mileage_policy) IS
    'not equal';

CREATE FUNCTION tripmeter_internal.mileage_policy_ge(tripmeter.mileage_policy,
        tripmeter.mileage_policy) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_ge'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_policy_ge(tripmeter.mileage_policy,
        tripmeter.mileage_policy) IS
    'implementation of >= operator';
CREATE OPERATOR tripmeter.>= (
    LEFTARG = tripmeter.mileage_policy, RIGHTARG = tripmeter.mileage_policy,
    FUNCTION = tripmeter_internal.mileage_policy_ge,
    COMMUTATOR = OPERATOR(tripmeter.<=), NEGATOR = OPERATOR(tripmeter.<), RESTRICT = scalargesel,
    JOIN = scalargejoinsel
);
COMMENT ON OPERATOR tripmeter.>= (tripmeter.mileage_policy, tripmeter.mileage_policy) IS
    'greater than or equal';

CREATE FUNCTION tripmeter_internal.mileage_policy_gt(tripmeter.mileage_policy,
        tripmeter.mileage_policy) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_mileage_policy_gt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.mileage_policy_gt(tripmeter.mileage_policy,
        tripmeter.mileage_policy) IS
    'implementation of > operator';
CREATE OPERATOR tripmeter.> (
    LEFTARG = tripmeter.mileage_policy, RIGHTARG = tripmeter.mileage_policy,
    FUNCTION = tripmeter_internal.mileage_policy_gt,
    COMMUTATOR = OPERATOR(tripmeter.<), NEGATOR = OPERATOR(tripmeter.<=), RESTRICT = scalargtsel,
    JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR tripmeter.> (tripmeter.mileage_policy, tripmeter.mileage_policy) IS
    'greater than';

CREATE OPERATOR CLASS tripmeter.mileage_policy_ops
    DEFAULT FOR TYPE tripmeter.mileage_policy USING btree AS
    OPERATOR 1 tripmeter.<,
    OPERATOR 2 tripmeter.<=,
    OPERATOR 3 tripmeter.=,
    OPERATOR 4 tripmeter.>=,
    OPERATOR 5 tripmeter.>,
    FUNCTION 1 tripmeter_internal.mileage_policy_cmp(tripmeter.mileage_policy, tripmeter.mileage_policy);
COMMENT ON OPERATOR CLASS tripmeter.mileage_policy_ops USING btree IS
    'An order for DISTINCT and GROUP BY.';

CREATE OPERATOR CLASS tripmeter.mileage_policy_hash_ops
    DEFAULT FOR TYPE tripmeter.mileage_policy USING hash AS
    OPERATOR 1 tripmeter.=,
    FUNCTION 1 tripmeter_internal.mileage_policy_hash(tripmeter.mileage_policy);
COMMENT ON OPERATOR CLASS tripmeter.mileage_policy_hash_ops USING hash IS
    'Hashing for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY tripmeter.mileage_policy_ops USING btree IS
    'An order for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY tripmeter.mileage_policy_hash_ops USING hash IS
    'Hashing for DISTINCT and GROUP BY.';
