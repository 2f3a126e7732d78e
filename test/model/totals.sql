-- The model's steps 10 to 14, and what is asked of it.

CREATE TYPE model.bill_line AS (line integer, kind text, rule text, from_time timestamptz, to_time timestamptz,
    quantity numeric, billed_quantity numeric, unit text, rate numeric, factor numeric,
    exact_num numeric, exact_den numeric, amount numeric);

-- What is too much is taken from the latest cells, those of [low, high].
CREATE FUNCTION model.taken(cells numeric[], excess numeric, low integer, high integer) RETURNS numeric[]
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
    part numeric;
BEGIN
    FOR i IN REVERSE high..low LOOP
        part := least(greatest(cells[i], 0), excess);
        cells[i] := cells[i] - part;
        excess := excess - part;
    END LOOP;
    RETURN cells;
END $$;

CREATE FUNCTION model.line_rounded(exact numeric, trip model.trip) RETURNS numeric
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE WHEN rounding IS NULL THEN exact
        ELSE model.rounded(exact, (rounding->>'step')::numeric * trip.scale, coalesce(rounding->>'mode', 'half_up')) END
    FROM (SELECT trip.tariff->'rounding'->'line' AS rounding) t
    $$;

-- The windows of a cap that the cells are in: how many have ended before each.
CREATE FUNCTION model.windows_of(trip model.trip, k integer) RETURNS integer[]
    LANGUAGE sql STABLE
    AS $$
    SELECT ARRAY(SELECT (SELECT count(*) FROM unnest(trip.caps[k].ends) e WHERE e <= moment)
        FROM (SELECT min(trip.moments[i]) AS moment, trip.cells[i] AS cell
            FROM generate_subscripts(trip.moments, 1) i GROUP BY trip.cells[i]) c ORDER BY cell)
    $$;

CREATE TYPE model.capped AS (cells numeric[], changes numeric[]);

-- One cap: what is left in the cells, and what it takes from each window that exceeds it.
CREATE FUNCTION model.capped(trip model.trip, cells numeric[], k integer, rounded boolean) RETURNS model.capped
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    most numeric := (trip.tariff->'caps'->(k - 1)->>'amount')::numeric * trip.scale;
    window_of integer[] := model.windows_of(trip, k);
    changes numeric[] := '{}';
    total numeric;
    change numeric;
    low integer := 1;
    high integer;
BEGIN
    WHILE low <= cardinality(cells) LOOP
        high := low;
        total := cells[low];
        WHILE window_of[high + 1] = window_of[low] LOOP
            high := high + 1;
            total := total + cells[high];
        END LOOP;
        IF total > most THEN
            change := CASE WHEN rounded THEN model.line_rounded(most - total, trip) ELSE most - total END;
            cells := model.taken(cells, -change, low, high);
            changes := changes || change;
        END IF;
        low := high + 1;
    END LOOP;
    RETURN (cells, changes)::model.capped;
END $$;

-- What exceeds the maximum is taken first from what the caps would take, the latest first.
CREATE FUNCTION model.below_maximum(trip model.trip, cells numeric[], excess numeric) RETURNS numeric[]
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    kept numeric[] := cells;
    part numeric;
BEGIN
    FOR k IN 1..coalesce(jsonb_array_length(trip.tariff->'caps'), 0) LOOP
        kept := (model.capped(trip, kept, k, false)).cells;
    END LOOP;
    FOR i IN REVERSE cardinality(cells)..1 LOOP
        part := least(cells[i] - kept[i], excess);
        cells[i] := cells[i] - part;
        excess := excess - part;
    END LOOP;
    RETURN model.taken(cells, excess, 1, cardinality(cells));
END $$;

-- Step 10
CREATE FUNCTION model.limited(trip model.trip, lines model.line[]) RETURNS model.line[]
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    t jsonb := trip.tariff;
    cells numeric[] := array_fill(0::numeric, ARRAY[trip.cells[cardinality(trip.cells)]]);
    line model.line;
    capped model.capped;
    total numeric := 0;
    change numeric;
BEGIN
    FOREACH line IN ARRAY lines LOOP
        cells[line.cell] := cells[line.cell] + line.exact;
        total := total + line.exact;
    END LOOP;
    IF total < (t->>'minimum')::numeric * trip.scale THEN
        change := model.line_rounded((t->>'minimum')::numeric * trip.scale - total, trip);
        cells[1] := cells[1] + change;
        total := total + change;
        lines := lines || model.plain_line('minimum', 'minimum', change);
    END IF;
    IF total > (t->>'maximum')::numeric * trip.scale THEN
        change := model.line_rounded((t->>'maximum')::numeric * trip.scale - total, trip);
        cells := model.below_maximum(trip, cells, -change);
        lines := lines || model.plain_line('maximum', 'maximum', change);
    END IF;
    FOR k IN 1..coalesce(jsonb_array_length(t->'caps'), 0) LOOP
        capped := model.capped(trip, cells, k, true);
        cells := capped.cells;
        FOREACH change IN ARRAY capped.changes LOOP
            lines := lines || model.plain_line('cap', 'cap', change);
        END LOOP;
    END LOOP;
    RETURN lines;
END $$;

-- Step 11
CREATE FUNCTION model.discounted(trip model.trip, lines model.line[]) RETURNS model.line[]
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    discount jsonb;
    rest numeric := (SELECT coalesce(sum(exact), 0) FROM unnest(lines));
    change numeric;
BEGIN
    FOR discount IN SELECT * FROM jsonb_array_elements(trip.tariff->'discounts') LOOP
        CONTINUE WHEN NOT model.applies(discount->'when', trip);
        change := model.line_rounded(-CASE WHEN discount ? 'percent' THEN rest * (discount->>'percent')::numeric * 0.01
            ELSE greatest(least((discount->>'amount')::numeric * trip.scale, rest), 0) END, trip);
        rest := rest + change;
        lines := lines || model.plain_line('discount', discount->>'name', change);
    END LOOP;
    RETURN lines;
END $$;

-- Step 12. What included tax contains is a fraction of its own: of 100 plus its percent.
CREATE FUNCTION model.taxed(trip model.trip, lines model.line[]) RETURNS model.line[]
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    tax jsonb := trip.tariff->'tax';
    line model.line;
    rate numeric;
    percents numeric[] := '{}';
    sums numeric[] := '{}';
    i integer;
BEGIN
    FOREACH line IN ARRAY lines LOOP
        rate := coalesce(tax->'by'->>line.rule, tax->'by'->>line.kind, tax->>'percent', '0')::numeric;
        -- a limit that rounding leaves without effect is not taxed
        CONTINUE WHEN rate = 0 OR line.exact = 0 AND line.kind IN ('minimum', 'maximum', 'cap');
        i := array_position(percents, rate);
        IF i IS NULL THEN
            percents := percents || rate;
            i := cardinality(percents);
        END IF;
        sums[i] := coalesce(sums[i], 0) + line.exact;
    END LOOP;
    FOR i IN 1..cardinality(percents) LOOP
        line := model.plain_line('tax', 'tax', 0);
        line.rate := percents[i];
        IF tax->'included' = 'true' THEN
            line.billed := sums[i] * percents[i];
            line.unit_size := trip.scale * (100 + percents[i]);
        ELSE
            line.exact := model.line_rounded(sums[i] * percents[i] * 0.01, trip);
        END IF;
        lines := lines || line;
    END LOOP;
    RETURN lines;
END $$;

CREATE FUNCTION model.currency_step(currency text) RETURNS numeric
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT CASE WHEN currency IN ('KRW', 'JPY', 'VND') THEN 1 WHEN currency IN ('KWD', 'BHD', 'TND') THEN 0.001 ELSE 0.01 END $$;

-- Step 13: lines rounded so that they add up.
CREATE FUNCTION model.amounts(lines model.line[], unit numeric, mode text) RETURNS numeric[]
    LANGUAGE sql IMMUTABLE
    AS $$
    WITH floors AS (
        SELECT n, model.floor_of(exact, unit) AS units, exact - model.floor_of(exact, unit) * unit AS remainder
        FROM unnest(lines) WITH ORDINALITY l (kind, rule, key, cell, from_us, to_us, quantity, billed, u, unit_size, rate, factor, exact, n)
    ), missing AS (
        SELECT div(model.rounded(sum(units * unit + remainder), unit, mode), unit) - sum(units) AS units FROM floors
    )
    SELECT coalesce(array_agg(floors.units + CASE WHEN place <= missing.units THEN 1 ELSE 0 END ORDER BY n), '{}')
    FROM missing, (SELECT *, row_number() OVER (ORDER BY remainder DESC, n) AS place FROM floors) floors
    $$;

-- To 20 places; the numeric division itself keeps fewer of large numbers.
CREATE FUNCTION model.quotient(a numeric, b numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT div(a * 1e20, b) * 1e-20 $$;

-- Steps 13 and 14, and the bill.
CREATE FUNCTION model.bill(trip model.trip, lines model.line[]) RETURNS SETOF model.bill_line
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    rounding jsonb := coalesce(trip.tariff->'rounding', '{}');
    smallest numeric := model.currency_step(trip.tariff->>'currency');
    step numeric := coalesce((rounding->'fare'->>'step')::numeric, smallest);
    unit numeric := least(step, smallest);
    mode text := coalesce(rounding->'fare'->>'mode', 'half_up');
    amounts numeric[] := model.amounts(lines, unit * trip.scale, mode);
    total numeric := (SELECT coalesce(sum(exact), 0) FROM unnest(lines));
    fare numeric := model.rounded(total, step * trip.scale, mode) / trip.scale;
    cash numeric := coalesce((rounding->'cash'->>'step')::numeric,
        CASE trip.tariff->>'currency' WHEN 'CHF' THEN 0.05 WHEN 'CAD' THEN 0.05 WHEN 'DKK' THEN 0.50
            WHEN 'SEK' THEN 1 WHEN 'NOK' THEN 1 ELSE smallest END);
    n integer := 0;
    line model.line;
    difference numeric;
BEGIN
    FOREACH line IN ARRAY lines LOOP
        n := n + 1;
        RETURN NEXT (n, line.kind, line.rule, trip.started_at + line.from_us * interval '1 us', trip.started_at + line.to_us * interval '1 us',
            model.quotient(line.quantity, line.unit_size), model.quotient(line.billed, line.unit_size), line.unit, line.rate, line.factor,
            line.exact, trip.scale, amounts[n] * unit)::model.bill_line;
    END LOOP;
    difference := fare - coalesce((SELECT sum(a) FROM unnest(amounts) a), 0) * unit;
    IF difference <> 0 THEN
        n := n + 1;
        RETURN NEXT (n, 'rounding', 'rounding', NULL, NULL, NULL, NULL, NULL, NULL, NULL, difference, 1, difference)::model.bill_line;
    END IF;
    IF rounding ? 'cash' AND model.applies(coalesce(rounding->'cash'->'when', '{"attributes": {"payment": "cash"}}'), trip) THEN
        difference := model.rounded(fare, cash, coalesce(rounding->'cash'->>'mode', 'half_up')) - fare;
        IF difference <> 0 THEN
            RETURN NEXT (n + 1, 'cash', 'cash', NULL, NULL, NULL, NULL, NULL, NULL, NULL, difference, 1, difference)::model.bill_line;
        END IF;
    END IF;
END $$;

-- Steps 1 to 3: when everything holds, and so where the trip is cut.

-- The least common multiple of the units of all prices.
CREATE FUNCTION model.scale_of(tariff jsonb) RETURNS numeric
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
    unit text;
    scale numeric := 1;
BEGIN
    FOR unit IN
        SELECT coalesce(rate->>'unit', rate->'tiers'->>'unit') FROM jsonb_array_elements(tariff->'rates') rate
        UNION SELECT tariff->'meter'->d->>'unit' FROM unnest('{distance,time}'::text[]) d
    LOOP
        IF unit <> 'once' THEN
            scale := lcm(scale, model.quantity(unit));
        END IF;
    END LOOP;
    RETURN scale;
END $$;

-- Where windows of a cap end within a trip.
CREATE FUNCTION model.ends_of(cap jsonb, trip model.trip) RETURNS model.cap_ends
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    length numeric := model.quantity(cap->>'rolling');
    first_day date := (trip.started_at AT TIME ZONE trip.zone)::date;
    last_day date := ((trip.started_at + trip.duration * interval '1 us') AT TIME ZONE trip.zone)::date;
BEGIN
    IF length IS NOT NULL THEN
        RETURN ROW(ARRAY(SELECT ceil(k * length)::bigint FROM generate_series(1, div(trip.duration, length)) k
            WHERE ceil(k * length) < trip.duration))::model.cap_ends;
    END IF;
    RETURN ROW(ARRAY(SELECT ends FROM generate_series(first_day::timestamp, last_day + 1, '1 day') day,
            LATERAL (SELECT model.microseconds(model.first_instant(day, trip.zone), trip.started_at) AS ends) e
        WHERE ends > 0 AND ends < trip.duration AND CASE cap->>'calendar' WHEN 'day' THEN true
            WHEN 'week' THEN extract(isodow FROM day) = 1 ELSE extract(day FROM day) = 1 END))::model.cap_ends;
END $$;

CREATE FUNCTION model.segmented(trip model.trip) RETURNS model.trip
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    cell_ends bigint[] := ARRAY(SELECT DISTINCT unnest(ends) FROM unnest(trip.caps));
    edges bigint[] := ARRAY(
        SELECT edge FROM unnest(trip.rate_when || trip.multiplier_when) holds, unnest(holds) r, unnest(ARRAY[lower(r), upper(r)]) edge
        UNION SELECT unnest(cell_ends) ORDER BY 1);
BEGIN
    trip.moments := 0::bigint || ARRAY(SELECT e FROM unnest(edges) e WHERE e > 0 AND e < trip.duration);
    trip.cells := ARRAY(SELECT 1 + (SELECT count(*) FROM unnest(cell_ends) e WHERE e <= m)
        FROM unnest(trip.moments) WITH ORDINALITY moments (m, n) ORDER BY n);
    trip.reserved_moments := '{}';
    trip.reserved := '{}';
    IF lower(trip.horizon) < 0 THEN
        trip.reserved_moments := lower(trip.horizon) || ARRAY(SELECT e FROM unnest(edges) e WHERE e > lower(trip.horizon) AND e < 0);
        trip.reserved := ARRAY(SELECT coalesce(lead(m) OVER (ORDER BY m), 0) - m FROM unnest(trip.reserved_moments) m ORDER BY m);
    END IF;
    RETURN trip;
END $$;

CREATE FUNCTION model.trip_of(tariff jsonb, legs model.leg[], started_at timestamptz, ended_at timestamptz, attributes jsonb) RETURNS model.trip
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    trip model.trip;
    item jsonb;
    n integer := 0;
BEGIN
    trip.tariff := tariff;
    trip.attributes := attributes;
    trip.zone := coalesce(tariff->>'time_zone', 'UTC');
    trip.started_at := started_at;
    trip.duration := model.microseconds(ended_at, started_at);
    trip.horizon := int8range(-coalesce(round((attributes->>'reserved_s')::numeric * 1000000), 0)::bigint, greatest(trip.duration, 1));
    trip.scale := model.scale_of(tariff);
    FOR item IN SELECT * FROM jsonb_array_elements(tariff->'rates') LOOP
        n := n + 1;
        trip.rate_when[n] := model.holds(item->'when', 'segment', trip);
    END LOOP;
    n := 0;
    FOR item IN SELECT * FROM jsonb_array_elements(tariff->'multipliers') LOOP
        n := n + 1;
        trip.multiplier_when[n] := model.holds(item->'when', 'segment', trip);
        -- the first of a group gives it its number
        trip.multiplier_group[n] := coalesce((SELECT min(i) FROM jsonb_array_elements(tariff->'multipliers') WITH ORDINALITY m (other, i)
            WHERE other->>'group' = item->>'group'), n);
    END LOOP;
    n := 0;
    FOR item IN SELECT * FROM jsonb_array_elements(tariff->'caps') LOOP
        n := n + 1;
        trip.caps[n] := model.ends_of(item, trip);
    END LOOP;
    RETURN model.cut(model.segmented(trip), legs);
END $$;

CREATE FUNCTION model.fare_lines(tariff jsonb, legs model.leg[], started_at timestamptz, ended_at timestamptz, attributes jsonb)
    RETURNS SETOF model.bill_line
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    trip model.trip := model.trip_of(tariff, legs, started_at, ended_at, attributes);
    line model.line;
    lines model.line[] := '{}';
BEGIN
    FOREACH line IN ARRAY model.charges(trip) LOOP
        line.exact := model.line_rounded(line.exact, trip);
        lines := lines || line;
    END LOOP;
    RETURN QUERY SELECT * FROM model.bill(trip, model.taxed(trip, model.discounted(trip, model.limited(trip, lines))));
END $$;

CREATE FUNCTION model.fare(tariff jsonb, legs model.leg[], started_at timestamptz, ended_at timestamptz, attributes jsonb) RETURNS numeric
    LANGUAGE sql STABLE
    AS $$ SELECT coalesce(sum(amount), 0) FROM model.fare_lines(tariff, legs, started_at, ended_at, attributes) $$;

-- A trip by its totals: one leg, at rest for so long.
CREATE FUNCTION model.totals(distance_m numeric, duration interval, stopped interval DEFAULT '0') RETURNS model.leg[]
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT ARRAY[(0, us, round(distance_m * 1000), 'unknown', us - stopped_us, stopped_us)::model.leg]
    FROM (SELECT (extract(epoch FROM duration) * 1000000)::bigint, (extract(epoch FROM stopped) * 1000000)::bigint) t (us, stopped_us)
    $$;
