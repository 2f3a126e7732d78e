-- Amounts: shared out and rounded, so that every party gets the same cent.

CREATE FUNCTION tripmeter.allocate(amount numeric, weights numeric[], digits integer)
    RETURNS numeric[]
    AS 'MODULE_PATHNAME', 'tripmeter_allocate'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tripmeter.allocate(numeric, numeric[], integer) IS
    'Shares an amount out by weights, in amounts of so many digits behind the point (0 to 12) '
    'that add up to it: each is rounded down, and what is left goes to the largest remainders, of '
    'equal ones to the first. A negative amount is shared out as its absolute value is. Errors: '
    'an amount that is not finite or has more decimals; none or more than 1000000 weights; a '
    'weight that is NULL, negative or not finite; only weights of 0.';

CREATE FUNCTION tripmeter.round_amount(amount numeric, currency text, mode text DEFAULT 'half_up')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_round_amount'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION tripmeter.round_amount(numeric, text, text) IS
    'An amount rounded to the smallest unit of its currency (ISO 4217); by half_up, half_even, '
    'half_down, up or down, all of the absolute value. Errors: an unknown currency or mode, an '
    'amount that is not finite.';

CREATE FUNCTION tripmeter.round_cash(amount numeric, currency text, mode text DEFAULT 'half_up')
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_round_cash'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION tripmeter.round_cash(numeric, text, text) IS
    'An amount rounded to what can be paid in cash: to the smallest coin or note of its currency '
    '(ISO 4217); by half_up, half_even, half_down, up or down, all of the absolute value. Errors: '
    'an unknown currency or mode, an amount that is not finite.';
