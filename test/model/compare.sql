-- The engine against the model: the fare, and the bill line by line.

-- Exact amounts are compared to 12 decimals, quantities to 9.
CREATE FUNCTION model.same(a numeric, b numeric, decimals integer) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL ELSE abs(a - b) <= 2 * 10::numeric ^ -decimals END $$;

CREATE TYPE model.plain_bill_line AS (line integer, kind text, rule text, amount numeric, exact numeric, quantity numeric, billed numeric, factor numeric);

CREATE FUNCTION model.plain_bill(c model.random_case) RETURNS SETOF model.plain_bill_line
    LANGUAGE sql STABLE
    AS $$
    SELECT line, kind, rule, amount, div(exact_num * 10::numeric ^ 15, exact_den) * 10::numeric ^ -15, quantity, billed_quantity, factor
    FROM model.fare_lines(c.tariff, c.legs, c.started_at, c.ended_at, c.attributes)
    $$;

-- The engine's bill, by the function that fits what is known of the trip.
CREATE FUNCTION model.engine_bill(c model.random_case) RETURNS SETOF model.plain_bill_line
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    duration interval := c.ended_at - c.started_at;
    tariff tripmeter.tariff := c.tariff::text;
BEGIN
    IF c.trip = 'duration' THEN
        RETURN QUERY SELECT line, kind, rule, amount, exact_amount, quantity, billed_quantity, factor
            FROM tripmeter.fare_lines(tariff, c.distance_m::float8, duration, c.started_at, c.attributes);
    ELSIF c.trip = 'moving' THEN
        RETURN QUERY SELECT line, kind, rule, amount, exact_amount, quantity, billed_quantity, factor
            FROM tripmeter.fare_lines(tariff, c.distance_m::float8, duration - c.stopped, c.stopped, c.started_at, c.attributes);
    ELSE
        RETURN QUERY SELECT line, kind, rule, amount, exact_amount, quantity, billed_quantity, factor
            FROM tripmeter.fare_lines(tariff, c.track, c.policy, c.attributes);
    END IF;
END $$;

CREATE FUNCTION model.engine_fare(c model.random_case) RETURNS numeric
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    duration interval := c.ended_at - c.started_at;
    tariff tripmeter.tariff := c.tariff::text;
BEGIN
    IF c.trip = 'duration' THEN
        RETURN tripmeter.fare(tariff, c.distance_m::float8, duration, c.started_at, c.attributes);
    ELSIF c.trip = 'moving' THEN
        RETURN tripmeter.fare(tariff, c.distance_m::float8, duration - c.stopped, c.stopped, c.started_at, c.attributes);
    END IF;
    RETURN tripmeter.fare(tariff, c.track, c.policy, c.attributes);
END $$;

-- The engine has lines of 0 that say that a rule had no effect, or what is on the meter; the model has not.
CREATE FUNCTION model.is_note(kind text, rule text, exact numeric) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT (kind IN ('minimum', 'maximum', 'cap', 'gap', 'waiting') OR kind = 'meter' AND rule <> 'meter') AND exact = 0 $$;

-- What is not the same of a case; NULL if nothing. Out of range is for the engine alone: its numbers
-- are of 128 bits.
CREATE FUNCTION model.difference(c model.random_case) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    bill model.plain_bill_line[] := ARRAY(SELECT m FROM model.plain_bill(c) m);
    fare numeric := (SELECT coalesce(sum(amount), 0) FROM unnest(bill));
    engine_fare numeric;
    differences text;
BEGIN
    engine_fare := model.engine_fare(c);
    WITH model AS (
        SELECT row_number() OVER (ORDER BY line)::integer AS line, kind, rule, amount, exact, quantity, billed, factor
        FROM unnest(bill) WHERE NOT model.is_note(kind, rule, exact)
    ), engine AS (
        SELECT row_number() OVER (ORDER BY line)::integer AS line, kind, rule, amount, exact, quantity, billed, factor
        FROM model.engine_bill(c) WHERE NOT model.is_note(kind, rule, exact)
    )
    SELECT string_agg(format(E'\n#   model  %s\n#   engine %s', m, e), '' ORDER BY coalesce(m.line, e.line)) INTO differences
    FROM model m FULL JOIN engine e USING (line)
    WHERE (m.kind, m.rule, m.amount) IS DISTINCT FROM (e.kind, e.rule, e.amount)
        OR NOT model.same(m.exact, e.exact, 12) OR m.quantity IS NOT NULL AND NOT model.same(m.quantity, e.quantity, 9)
        OR m.billed IS NOT NULL AND NOT model.same(m.billed, e.billed, 9) OR m.factor IS NOT NULL AND NOT model.same(m.factor, e.factor, 18);
    IF fare IS DISTINCT FROM engine_fare OR differences IS NOT NULL THEN
        RETURN format('fare %s by the model, %s by the engine%s', trim_scale(fare), engine_fare, differences);
    END IF;
    RETURN NULL;
EXCEPTION
    WHEN numeric_value_out_of_range THEN RETURN 'out of range';
    WHEN OTHERS THEN RETURN 'error: ' || SQLERRM;
END $$;

-- Features of the document that are in less than 3 of 100 random tariffs: what is rare is not compared.
CREATE FUNCTION model.rare_features() RETURNS text
    LANGUAGE sql VOLATILE
    AS $$
    WITH tariffs AS MATERIALIZED (
        SELECT (model.totals_case(n)).tariff FROM generate_series(1, 1200) n UNION ALL SELECT (model.track_case(n)).tariff FROM generate_series(1, 400) n
    ), features AS (
        SELECT unnest(ARRAY['base', 'minimum', 'maximum', 'flat_fares', 'select.* ? (@ == "first")',
            'rates[*].from', 'rates[*].to', 'rates[*].free', 'rates[*].step', 'rates[*] ? (@.unit == "once")',
            'rates[*] ? (@.rounding == "nearest")', 'rates[*] ? (@.rounding == "down")', 'rates[*] ? (@.rounding == "none")', 'rates[*] ? (@.per == "rental")',
            'rates[*].tiers ? (@.mode == "graduated")', 'rates[*].tiers ? (@.mode == "volume")', 'rates[*].tiers ? (@.mode == "package")',
            'rates[*].when ? (@.evaluate == "unit")', 'rates[*].when ? (@.evaluate == "start")', 'multipliers[*].when ? (@.evaluate == "unit")',
            'multipliers[*].group', 'multipliers[*].to', '*[*].when.hours', '*[*].when.weekdays', '*[*].when.dates', '*[*].when.calendars',
            '*[*].when.date_of', '*[*].when.elapsed', '*[*].when.attributes', '*[*].when.not',
            'meter ? (@.mode == "S")', 'meter ? (@.mode == "K")', 'meter ? (@.mode == "D")', 'meter.increment', 'meter ? (@.charge == "advance")',
            'meter.covers', 'meter.gap', 'meter.crossover', 'surcharges[*].attribute', 'caps[*].rolling', 'caps[*].calendar',
            'discounts[*].percent', 'discounts[*].amount', 'tax.by', 'tax.included', 'rounding.line', 'rounding.fare', 'rounding.cash']) AS feature
    ) SELECT string_agg(feature, ', ') FROM features
    WHERE (SELECT count(*) FROM tariffs WHERE tariff @? ('$.' || feature)::jsonpath) < 0.03 * (SELECT count(*) FROM tariffs)
    $$;

-- Kinds of legs that are in less than 3 of 100 random tracks.
CREATE FUNCTION model.rare_legs() RETURNS text
    LANGUAGE sql VOLATILE
    AS $$
    WITH cases AS MATERIALIZED (
        SELECT model.track_case(n) AS c FROM generate_series(1, 400) n
    ), kinds AS (
        SELECT DISTINCT (c).n, unnest(ARRAY[now.kind, now.kind || CASE WHEN now.mm = 0 THEN ' without metres' ELSE ' with metres' END,
            now.kind || ' after ' || lag(now.kind) OVER (PARTITION BY (c).n ORDER BY now.from_us)]) AS kind
        FROM cases, unnest((c).legs) now
    ) SELECT string_agg(kind, ', ') FROM unnest(ARRAY['moving', 'stopped', 'gap', 'gap with metres', 'gap without metres', 'moving after moving',
        'moving after stopped', 'stopped after moving', 'stopped after stopped', 'gap after moving', 'gap after stopped', 'stopped after gap']) kind
    WHERE (SELECT count(*) FROM kinds k WHERE k.kind = kind.kind) < 0.03 * 400
    $$;
