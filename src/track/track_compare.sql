-- Comparing tracks by content: counts of what was left out take no part.

CREATE FUNCTION tripmeter_internal.track_cmp(tripmeter.track, tripmeter.track) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_track_cmp'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter_internal.track_cmp(tripmeter.track, tripmeter.track) IS
    'Compares two tracks by start, then end, then in an order of no meaning.';

CREATE FUNCTION tripmeter_internal.track_hash(tripmeter.track) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_track_hash'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter_internal.track_hash(tripmeter.track) IS
    'Hash of the fixes of a track.';

CREATE FUNCTION tripmeter_internal.track_hash_extended(tripmeter.track, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'tripmeter_track_hash_extended'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter_internal.track_hash_extended(tripmeter.track, bigint) IS
    'Hash of the fixes of a track, with a seed.';

CREATE FUNCTION tripmeter_internal.track_lt(tripmeter.track, tripmeter.track) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_track_lt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter_internal.track_lt(tripmeter.track, tripmeter.track) IS
    'implementation of < operator';
CREATE OPERATOR tripmeter.< (
    LEFTARG = tripmeter.track, RIGHTARG = tripmeter.track, FUNCTION = tripmeter_internal.track_lt,
    COMMUTATOR = OPERATOR(tripmeter.>), NEGATOR = OPERATOR(tripmeter.>=), RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR tripmeter.< (tripmeter.track, tripmeter.track) IS 'less than';

CREATE FUNCTION tripmeter_internal.track_le(tripmeter.track, tripmeter.track) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_track_le'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter_internal.track_le(tripmeter.track, tripmeter.track) IS
    'implementation of <= operator';
CREATE OPERATOR tripmeter.<= (
    LEFTARG = tripmeter.track, RIGHTARG = tripmeter.track, FUNCTION = tripmeter_internal.track_le,
    COMMUTATOR = OPERATOR(tripmeter.>=), NEGATOR = OPERATOR(tripmeter.>), RESTRICT = scalarlesel,
    JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR tripmeter.<= (tripmeter.track, tripmeter.track) IS 'less than or equal';

CREATE FUNCTION tripmeter_internal.track_eq(tripmeter.track, tripmeter.track) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_track_eq'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter_internal.track_eq(tripmeter.track, tripmeter.track) IS
    'implementation of = operator';
CREATE OPERATOR tripmeter.= (
    LEFTARG = tripmeter.track, RIGHTARG = tripmeter.track, FUNCTION = tripmeter_internal.track_eq,
    COMMUTATOR = OPERATOR(tripmeter.=), NEGATOR = OPERATOR(tripmeter.<>), RESTRICT = eqsel,
    JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR tripmeter.= (tripmeter.track, tripmeter.track) IS 'equal';

CREATE FUNCTION tripmeter_internal.track_ne(tripmeter.track, tripmeter.track) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_track_ne'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter_internal.track_ne(tripmeter.track, tripmeter.track) IS
    'implementation of <> operator';
CREATE OPERATOR tripmeter.<> (
    LEFTARG = tripmeter.track, RIGHTARG = tripmeter.track, FUNCTION = tripmeter_internal.track_ne,
    COMMUTATOR = OPERATOR(tripmeter.<>), NEGATOR = OPERATOR(tripmeter.=), RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR tripmeter.<> (tripmeter.track, tripmeter.track) IS 'not equal';

CREATE FUNCTION tripmeter_internal.track_ge(tripmeter.track, tripmeter.track) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_track_ge'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter_internal.track_ge(tripmeter.track, tripmeter.track) IS
    'implementation of >= operator';
CREATE OPERATOR tripmeter.>= (
    LEFTARG = tripmeter.track, RIGHTARG = tripmeter.track, FUNCTION = tripmeter_internal.track_ge,
    COMMUTATOR = OPERATOR(tripmeter.<=), NEGATOR = OPERATOR(tripmeter.<), RESTRICT = scalargesel,
    JOIN = scalargejoinsel
);
COMMENT ON OPERATOR tripmeter.>= (tripmeter.track, tripmeter.track) IS 'greater than or equal';

CREATE FUNCTION tripmeter_internal.track_gt(tripmeter.track, tripmeter.track) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_track_gt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter_internal.track_gt(tripmeter.track, tripmeter.track) IS
    'implementation of > operator';
CREATE OPERATOR tripmeter.> (
    LEFTARG = tripmeter.track, RIGHTARG = tripmeter.track, FUNCTION = tripmeter_internal.track_gt,
    COMMUTATOR = OPERATOR(tripmeter.<), NEGATOR = OPERATOR(tripmeter.<=), RESTRICT = scalargtsel,
    JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR tripmeter.> (tripmeter.track, tripmeter.track) IS 'greater than';

CREATE OPERATOR CLASS tripmeter.track_ops
    DEFAULT FOR TYPE tripmeter.track USING btree AS
    OPERATOR 1 tripmeter.<,
    OPERATOR 2 tripmeter.<=,
    OPERATOR 3 tripmeter.=,
    OPERATOR 4 tripmeter.>=,
    OPERATOR 5 tripmeter.>,
    FUNCTION 1 tripmeter_internal.track_cmp(tripmeter.track, tripmeter.track);
COMMENT ON OPERATOR CLASS tripmeter.track_ops USING btree IS 'An order for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY tripmeter.track_ops USING btree IS 'An order for DISTINCT and GROUP BY.';

CREATE OPERATOR CLASS tripmeter.track_hash_ops
    DEFAULT FOR TYPE tripmeter.track USING hash AS
    OPERATOR 1 tripmeter.=,
    FUNCTION 1 tripmeter_internal.track_hash(tripmeter.track),
    FUNCTION 2 tripmeter_internal.track_hash_extended(tripmeter.track, bigint);
COMMENT ON OPERATOR CLASS tripmeter.track_hash_ops USING hash IS
    'Hashing for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY tripmeter.track_hash_ops USING hash IS
    'Hashing for DISTINCT and GROUP BY.';
