-- The tariff: what trips cost, as one value.

CREATE TYPE tripmeter.tariff;

CREATE FUNCTION tripmeter_internal.tariff_in(cstring) RETURNS tripmeter.tariff
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_in'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tripmeter_internal.tariff_in(cstring) IS
    'Reads and checks the text form of a tariff, which is JSON.';

CREATE FUNCTION tripmeter_internal.tariff_out(tripmeter.tariff) RETURNS cstring
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_out'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.tariff_out(tripmeter.tariff) IS
    'Writes the canonical text form of a tariff.';

CREATE FUNCTION tripmeter_internal.tariff_recv(internal) RETURNS tripmeter.tariff
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_recv'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tripmeter_internal.tariff_recv(internal) IS
    'Reads and checks the binary form of a tariff, which is its text.';

CREATE FUNCTION tripmeter_internal.tariff_send(tripmeter.tariff) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_send'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.tariff_send(tripmeter.tariff) IS
    'Writes the binary form of a tariff, which is its text.';

CREATE TYPE tripmeter.tariff (
    INPUT = tripmeter_internal.tariff_in,
    OUTPUT = tripmeter_internal.tariff_out,
    RECEIVE = tripmeter_internal.tariff_recv,
    SEND = tripmeter_internal.tariff_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = int4,
    STORAGE = extended
);
COMMENT ON TYPE tripmeter.tariff IS
    'What trips cost: prices and rules, in one currency and time zone. Text: a JSON object of up '
    'to 1 MB, which comes out in its canonical form. Errors: whatever is not as doc/billing.md '
    'describes it, with its place in the document.';

CREATE FUNCTION tripmeter.tariff_from_jsonb(document jsonb) RETURNS tripmeter.tariff
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_from_jsonb'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tripmeter.tariff_from_jsonb(jsonb) IS
    'The tariff of a JSON document. Errors: whatever is not as doc/billing.md describes it, with '
    'its place in the document.';

CREATE FUNCTION tripmeter.as_jsonb(tariff tripmeter.tariff) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_as_jsonb'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tripmeter.as_jsonb(tripmeter.tariff) IS
    'A tariff as JSON: its canonical form.';

CREATE CAST (jsonb AS tripmeter.tariff)
    WITH FUNCTION tripmeter.tariff_from_jsonb(jsonb) AS ASSIGNMENT;
COMMENT ON CAST (jsonb AS tripmeter.tariff) IS 'From a JSON document.';

CREATE CAST (tripmeter.tariff AS jsonb)
    WITH FUNCTION tripmeter.as_jsonb(tripmeter.tariff) AS ASSIGNMENT;
COMMENT ON CAST (tripmeter.tariff AS jsonb) IS 'The canonical form.';

CREATE FUNCTION tripmeter.currency(tariff tripmeter.tariff) RETURNS text
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_currency'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter.currency(tripmeter.tariff) IS
    'The ISO 4217 code of the currency in which a tariff''s amounts are.';

-- Comparing tariffs

CREATE FUNCTION tripmeter_internal.tariff_cmp(tripmeter.tariff, tripmeter.tariff) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_cmp'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter_internal.tariff_cmp(tripmeter.tariff, tripmeter.tariff) IS
    'Compares two tariffs, in an order of no meaning. Equal are those whose canonical texts are.';

CREATE FUNCTION tripmeter_internal.tariff_hash(tripmeter.tariff) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_hash'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter_internal.tariff_hash(tripmeter.tariff) IS
    'Hash of a tariff.';

CREATE FUNCTION tripmeter_internal.tariff_hash_extended(tripmeter.tariff, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_hash_extended'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter_internal.tariff_hash_extended(tripmeter.tariff, bigint) IS
    'Hash of a tariff, with a seed.';

CREATE FUNCTION tripmeter_internal.tariff_lt(tripmeter.tariff, tripmeter.tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_lt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter_internal.tariff_lt(tripmeter.tariff, tripmeter.tariff) IS
    'implementation of < operator';
CREATE OPERATOR tripmeter.< (
    LEFTARG = tripmeter.tariff, RIGHTARG = tripmeter.tariff,
    FUNCTION = tripmeter_internal.tariff_lt,
    COMMUTATOR = OPERATOR(tripmeter.>), NEGATOR = OPERATOR(tripmeter.>=), RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR tripmeter.< (tripmeter.tariff, tripmeter.tariff) IS 'less than';

CREATE FUNCTION tripmeter_internal.tariff_le(tripmeter.tariff, tripmeter.tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_le'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter_internal.tariff_le(tripmeter.tariff, tripmeter.tariff) IS
    'implementation of <= operator';
CREATE OPERATOR tripmeter.<= (
    LEFTARG = tripmeter.tariff, RIGHTARG = tripmeter.tariff,
    FUNCTION = tripmeter_internal.tariff_le,
    COMMUTATOR = OPERATOR(tripmeter.>=), NEGATOR = OPERATOR(tripmeter.>), RESTRICT = scalarlesel,
    JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR tripmeter.<= (tripmeter.tariff, tripmeter.tariff) IS 'less than or equal';

CREATE FUNCTION tripmeter_internal.tariff_eq(tripmeter.tariff, tripmeter.tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_eq'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter_internal.tariff_eq(tripmeter.tariff, tripmeter.tariff) IS
    'implementation of = operator';
CREATE OPERATOR tripmeter.= (
    LEFTARG = tripmeter.tariff, RIGHTARG = tripmeter.tariff,
    FUNCTION = tripmeter_internal.tariff_eq,
    COMMUTATOR = OPERATOR(tripmeter.=), NEGATOR = OPERATOR(tripmeter.<>), RESTRICT = eqsel,
    JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR tripmeter.= (tripmeter.tariff, tripmeter.tariff) IS 'equal';

CREATE FUNCTION tripmeter_internal.tariff_ne(tripmeter.tariff, tripmeter.tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_ne'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter_internal.tariff_ne(tripmeter.tariff, tripmeter.tariff) IS
    'implementation of <> operator';
CREATE OPERATOR tripmeter.<> (
    LEFTARG = tripmeter.tariff, RIGHTARG = tripmeter.tariff,
    FUNCTION = tripmeter_internal.tariff_ne,
    COMMUTATOR = OPERATOR(tripmeter.<>), NEGATOR = OPERATOR(tripmeter.=), RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR tripmeter.<> (tripmeter.tariff, tripmeter.tariff) IS 'not equal';

CREATE FUNCTION tripmeter_internal.tariff_ge(tripmeter.tariff, tripmeter.tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_ge'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter_internal.tariff_ge(tripmeter.tariff, tripmeter.tariff) IS
    'implementation of >= operator';
CREATE OPERATOR tripmeter.>= (
    LEFTARG = tripmeter.tariff, RIGHTARG = tripmeter.tariff,
    FUNCTION = tripmeter_internal.tariff_ge,
    COMMUTATOR = OPERATOR(tripmeter.<=), NEGATOR = OPERATOR(tripmeter.<), RESTRICT = scalargesel,
    JOIN = scalargejoinsel
);
COMMENT ON OPERATOR tripmeter.>= (tripmeter.tariff, tripmeter.tariff) IS 'greater than or equal';

CREATE FUNCTION tripmeter_internal.tariff_gt(tripmeter.tariff, tripmeter.tariff) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_tariff_gt'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION tripmeter_internal.tariff_gt(tripmeter.tariff, tripmeter.tariff) IS
    'implementation of > operator';
CREATE OPERATOR tripmeter.> (
    LEFTARG = tripmeter.tariff, RIGHTARG = tripmeter.tariff,
    FUNCTION = tripmeter_internal.tariff_gt,
    COMMUTATOR = OPERATOR(tripmeter.<), NEGATOR = OPERATOR(tripmeter.<=), RESTRICT = scalargtsel,
    JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR tripmeter.> (tripmeter.tariff, tripmeter.tariff) IS 'greater than';

CREATE OPERATOR CLASS tripmeter.tariff_ops
    DEFAULT FOR TYPE tripmeter.tariff USING btree AS
    OPERATOR 1 tripmeter.<,
    OPERATOR 2 tripmeter.<=,
    OPERATOR 3 tripmeter.=,
    OPERATOR 4 tripmeter.>=,
    OPERATOR 5 tripmeter.>,
    FUNCTION 1 tripmeter_internal.tariff_cmp(tripmeter.tariff, tripmeter.tariff);
COMMENT ON OPERATOR CLASS tripmeter.tariff_ops USING btree IS 'An order for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY tripmeter.tariff_ops USING btree IS
    'An order for DISTINCT and GROUP BY.';

CREATE OPERATOR CLASS tripmeter.tariff_hash_ops
    DEFAULT FOR TYPE tripmeter.tariff USING hash AS
    OPERATOR 1 tripmeter.=,
    FUNCTION 1 tripmeter_internal.tariff_hash(tripmeter.tariff),
    FUNCTION 2 tripmeter_internal.tariff_hash_extended(tripmeter.tariff, bigint);
COMMENT ON OPERATOR CLASS tripmeter.tariff_hash_ops USING hash IS
    'Hashing for DISTINCT and GROUP BY.';
COMMENT ON OPERATOR FAMILY tripmeter.tariff_hash_ops USING hash IS
    'Hashing for DISTINCT and GROUP BY.';
