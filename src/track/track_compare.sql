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
