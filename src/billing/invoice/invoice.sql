-- Invoices: what a customer owes for a period.

CREATE TYPE tripmeter.invoice_line AS (
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
COMMENT ON TYPE tripmeter.invoice_line IS
    'A line of an invoice. Amounts in the currency of the plan.';
COMMENT ON COLUMN tripmeter.invoice_line.line IS 'number of the line, from 1';
COMMENT ON COLUMN tripmeter.invoice_line.kind IS
    'what it is for: trips, daily_cap, fee, allowance, a dimension, minimum, maximum, discount, '
    'tax, rounding, cash';
COMMENT ON COLUMN tripmeter.invoice_line.rule IS 'name of the rule, or its kind';
COMMENT ON COLUMN tripmeter.invoice_line.quantity IS
    'what was used, in numbers of the unit; of an allowance what is included';
COMMENT ON COLUMN tripmeter.invoice_line.billed_quantity IS
    'what of it is charged; of an allowance what was taken off';
COMMENT ON COLUMN tripmeter.invoice_line.unit IS 'unit of the quantities; NULL if there are none';
COMMENT ON COLUMN tripmeter.invoice_line.rate IS 'price of a unit';
COMMENT ON COLUMN tripmeter.invoice_line.factor IS 'what the price is multiplied with';
COMMENT ON COLUMN tripmeter.invoice_line.exact_amount IS
    'the amount before it was rounded, to 20 places';
COMMENT ON COLUMN tripmeter.invoice_line.amount IS 'the amount; all lines add up to the invoice';

-- The state of the aggregates.

CREATE FUNCTION tripmeter_internal.invoice_accum(state internal, plan tripmeter.tariff,
        started_at timestamptz, distance_m float8, duration interval, amount numeric)
    RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.invoice_accum(internal, tripmeter.tariff, timestamptz,
        float8, interval, numeric) IS
    'Transition function of invoice and invoice_lines.';

CREATE FUNCTION tripmeter_internal.invoice_accum(state internal, plan tripmeter.tariff,
        started_at timestamptz, distance_m float8, duration interval, amount numeric,
        attributes jsonb) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.invoice_accum(internal, tripmeter.tariff, timestamptz,
        float8, interval, numeric, jsonb) IS
    'Transition function of invoice and invoice_lines.';

CREATE FUNCTION tripmeter_internal.invoice_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_combine'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.invoice_combine(internal, internal) IS
    'Combine function of invoice, invoice_lines and invoice_shares.';

CREATE FUNCTION tripmeter_internal.invoice_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_serial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.invoice_serial(internal) IS
    'Serialization function of invoice, invoice_lines and invoice_shares.';

CREATE FUNCTION tripmeter_internal.invoice_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_deserial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.invoice_deserial(bytea, internal) IS
    'Deserialization function of invoice, invoice_lines and invoice_shares.';

CREATE FUNCTION tripmeter_internal.invoice_final(internal) RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION tripmeter_internal.invoice_final(internal) IS 'Final function of invoice.';

CREATE FUNCTION tripmeter_internal.invoice_lines_final(internal) RETURNS tripmeter.invoice_line[]
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_lines_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION tripmeter_internal.invoice_lines_final(internal) IS
    'Final function of invoice_lines.';

CREATE AGGREGATE tripmeter.invoice(plan tripmeter.tariff, started_at timestamptz, distance_m float8,
        duration interval, amount numeric) (
    SFUNC = tripmeter_internal.invoice_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = tripmeter_internal.invoice_final,
    COMBINEFUNC = tripmeter_internal.invoice_combine,
    SERIALFUNC = tripmeter_internal.invoice_serial,
    DESERIALFUNC = tripmeter_internal.invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.invoice(tripmeter.tariff, timestamptz, float8, interval, numeric) IS
    'What a customer owes for the trips of a period under a plan, in its currency. Distances in '
    'metres; a NULL distance, duration or amount counts as nothing, and a row in which start, '
    'distance, duration and amount are NULL as no trip: so an outer join bills a customer without '
    'trips. NULL without rows. Errors: a tariff without a period, two plans in a group, a NULL '
    'start under a daily cap, a negative distance or duration, an amount with more than 18 digits '
    'before the point or 9 behind it, what is out of range.';

CREATE AGGREGATE tripmeter.invoice(plan tripmeter.tariff, started_at timestamptz, distance_m float8,
        duration interval, amount numeric, attributes jsonb) (
    SFUNC = tripmeter_internal.invoice_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = tripmeter_internal.invoice_final,
    COMBINEFUNC = tripmeter_internal.invoice_combine,
    SERIALFUNC = tripmeter_internal.invoice_serial,
    DESERIALFUNC = tripmeter_internal.invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.invoice(tripmeter.tariff, timestamptz, float8, interval, numeric,
        jsonb) IS
    'What a customer owes for the trips of a period under a plan, in its currency. Attributes: '
    'members, days, period_days.';

CREATE AGGREGATE tripmeter.invoice_lines(plan tripmeter.tariff, started_at timestamptz,
        distance_m float8, duration interval, amount numeric) (
    SFUNC = tripmeter_internal.invoice_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = tripmeter_internal.invoice_lines_final,
    COMBINEFUNC = tripmeter_internal.invoice_combine,
    SERIALFUNC = tripmeter_internal.invoice_serial,
    DESERIALFUNC = tripmeter_internal.invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.invoice_lines(tripmeter.tariff, timestamptz, float8, interval,
        numeric) IS
    'The lines of an invoice, which add up to it. Errors: those of invoice.';

CREATE AGGREGATE tripmeter.invoice_lines(plan tripmeter.tariff, started_at timestamptz,
        distance_m float8, duration interval, amount numeric, attributes jsonb) (
    SFUNC = tripmeter_internal.invoice_accum, STYPE = internal, SSPACE = 1024,
    FINALFUNC = tripmeter_internal.invoice_lines_final,
    COMBINEFUNC = tripmeter_internal.invoice_combine,
    SERIALFUNC = tripmeter_internal.invoice_serial,
    DESERIALFUNC = tripmeter_internal.invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.invoice_lines(tripmeter.tariff, timestamptz, float8, interval,
        numeric, jsonb) IS
    'The lines of an invoice, which add up to it. Attributes: those of invoice.';

-- What of it is for each trip

CREATE TYPE tripmeter.invoice_share AS (
    trip_id text,
    amount numeric
);
COMMENT ON TYPE tripmeter.invoice_share IS 'What of an invoice is for a trip.';
COMMENT ON COLUMN tripmeter.invoice_share.trip_id IS
    'name of the trip; NULL of an invoice without trips';
COMMENT ON COLUMN tripmeter.invoice_share.amount IS
    'its share in the currency of the plan; all shares add up to the invoice';

CREATE FUNCTION tripmeter_internal.invoice_shares_accum(state internal, plan tripmeter.tariff,
        trip_id text, started_at timestamptz, distance_m float8, duration interval, amount numeric)
    RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_shares_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.invoice_shares_accum(internal, tripmeter.tariff, text,
        timestamptz, float8, interval, numeric) IS
    'Transition function of invoice_shares.';

CREATE FUNCTION tripmeter_internal.invoice_shares_accum(state internal, plan tripmeter.tariff,
        trip_id text, started_at timestamptz, distance_m float8, duration interval, amount numeric,
        attributes jsonb) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_shares_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.invoice_shares_accum(internal, tripmeter.tariff, text,
        timestamptz, float8, interval, numeric, jsonb) IS
    'Transition function of invoice_shares.';

CREATE FUNCTION tripmeter_internal.invoice_shares_final(internal) RETURNS tripmeter.invoice_share[]
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_shares_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION tripmeter_internal.invoice_shares_final(internal) IS
    'Final function of invoice_shares.';

CREATE AGGREGATE tripmeter.invoice_shares(plan tripmeter.tariff, trip_id text,
        started_at timestamptz, distance_m float8, duration interval, amount numeric) (
    SFUNC = tripmeter_internal.invoice_shares_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.invoice_shares_final,
    COMBINEFUNC = tripmeter_internal.invoice_combine,
    SERIALFUNC = tripmeter_internal.invoice_serial,
    DESERIALFUNC = tripmeter_internal.invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.invoice_shares(tripmeter.tariff, text, timestamptz, float8, interval,
        numeric) IS
    'An invoice, allocated to its trips, which are in order of their start and name: by their '
    'amounts (a negative one counts as 0), or where these are all 0 by their distances, or their '
    'durations, or equally; cents that are left go to the largest remainders, of equal ones to '
    'the first trips. An invoice without trips is one share, of a NULL trip. Errors: those of '
    'invoice, a trip with a NULL name, more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.invoice_shares(plan tripmeter.tariff, trip_id text,
        started_at timestamptz, distance_m float8, duration interval, amount numeric,
        attributes jsonb) (
    SFUNC = tripmeter_internal.invoice_shares_accum, STYPE = internal, SSPACE = 8192,
    FINALFUNC = tripmeter_internal.invoice_shares_final,
    COMBINEFUNC = tripmeter_internal.invoice_combine,
    SERIALFUNC = tripmeter_internal.invoice_serial,
    DESERIALFUNC = tripmeter_internal.invoice_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.invoice_shares(tripmeter.tariff, text, timestamptz, float8, interval,
        numeric, jsonb) IS
    'An invoice, allocated to its trips, which are in order of their start and name. Attributes: '
    'those of invoice.';

-- What was billed too much or too little

CREATE FUNCTION tripmeter.invoice_delta(plan tripmeter.tariff, already_billed numeric, now numeric)
    RETURNS numeric
    AS 'MODULE_PATHNAME', 'tripmeter_invoice_delta'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION tripmeter.invoice_delta(tripmeter.tariff, numeric, numeric) IS
    'What is still to be billed, in the currency of the plan; negative is a credit. NULL if an '
    'argument is: of a first bill 0 is already billed. Errors: an amount with more digits than '
    'the currency.';

CREATE FUNCTION tripmeter.invoice_delta(plan tripmeter.tariff,
        already_billed tripmeter.invoice_line[], now tripmeter.invoice_line[])
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
COMMENT ON FUNCTION tripmeter.invoice_delta(tripmeter.tariff, tripmeter.invoice_line[],
        tripmeter.invoice_line[]) IS
    'The same for each kind and rule of lines; what is still to be billed of them adds up to that '
    'of the invoice. No rows if an argument is NULL: of a first bill ''{}'' is already billed. '
    'Errors: an amount with more digits than the currency.';
