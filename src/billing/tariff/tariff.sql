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
