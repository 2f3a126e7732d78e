-- A model of the fare: doc/billing.md once more, as plainly as SQL allows, to hold the engine
-- against. Nothing here is taken from it.

-- A line that has no quantity of its own.
CREATE FUNCTION model.plain_line(kind text, rule text, exact numeric) RETURNS model.line
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT (kind, rule, kind, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, exact)::model.line $$;

-- What a part costs by one price.
CREATE FUNCTION model.priced(part model.part, rate jsonb, tier integer, quantity numeric, billed numeric, price numeric, scale numeric)
    RETURNS model.line
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
    unit text := coalesce(rate->>'unit', rate->'tiers'->>'unit');
BEGIN
    RETURN (rate->>'dimension', coalesce(rate->>'name', rate->>'dimension'), part.rate || '/' || tier, part.cell, part.from_us, part.to_us,
        quantity, billed, unit, model.quantity(unit), price, part.factor,
        billed * price * div(scale, model.quantity(unit)) * part.factor)::model.line;
END $$;

-- An amount for the whole: of a rate once, or a tier.
CREATE FUNCTION model.priced_once(part model.part, rate jsonb, tier integer, quantity numeric, price numeric, scale numeric) RETURNS model.line
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT (rate->>'dimension', coalesce(rate->>'name', rate->>'dimension'), part.rate || '/once/' || tier, part.cell, part.from_us, part.to_us,
        quantity, 1, 'once', 1, price, part.factor, price * scale * part.factor)::model.line
    $$;

-- The lines of tiers, for the part of a rate's quantity from y0 to y1 out of a total.
CREATE FUNCTION model.tier_lines(part model.part, rate jsonb, y0 numeric, y1 numeric, total numeric, first boolean, scale numeric)
    RETURNS model.line[]
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
    mode text := rate->'tiers'->>'mode';
    unit numeric := model.quantity(rate->'tiers'->>'unit');
    tier jsonb;
    number integer := 0;
    above numeric := 0;
    upto numeric;
    packages numeric;
    lines model.line[] := '{}';
BEGIN
    IF mode = 'package' THEN
        packages := model.ceiling_of(y1, unit) - model.ceiling_of(y0, unit);
        RETURN ARRAY[model.priced(part, rate, 1, y1 - y0, packages * unit, (rate->'tiers'->'bounds'->0->>'price')::numeric, scale)];
    END IF;
    FOR tier IN SELECT * FROM jsonb_array_elements(rate->'tiers'->'bounds') LOOP
        number := number + 1;
        upto := coalesce((tier->>'to')::numeric * unit, greatest(y1, total, above));
        IF mode = 'volume' THEN
            IF upto >= total THEN
                IF first AND (tier->>'flat')::numeric <> 0 THEN
                    lines := lines || model.priced_once(part, rate, number, 1, (tier->>'flat')::numeric, scale);
                END IF;
                IF y1 > y0 THEN
                    lines := lines || model.priced(part, rate, number, y1 - y0, y1 - y0, coalesce((tier->>'price')::numeric, 0), scale);
                END IF;
                RETURN lines;
            END IF;
        ELSE
            IF (tier->>'flat')::numeric <> 0 AND (CASE number WHEN 1 THEN first ELSE y0 <= above AND y1 > above END) THEN
                lines := lines || model.priced_once(part, rate, number, 1, (tier->>'flat')::numeric, scale);
            END IF;
            IF least(y1, upto) > greatest(y0, above) THEN
                lines := lines || model.priced(part, rate, number, least(y1, upto) - greatest(y0, above),
                    least(y1, upto) - greatest(y0, above), coalesce((tier->>'price')::numeric, 0), scale);
            END IF;
        END IF;
        above := upto;
    END LOOP;
    RETURN lines;
END $$;

-- Step 6: parts in order, of one or more rates. Before: what was billed of each earlier.
CREATE FUNCTION model.part_lines(trip model.trip, parts model.part[], rates jsonb, before numeric[]) RETURNS model.line[]
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    part model.part;
    rate jsonb;
    free numeric;
    place numeric[] := before;
    totals numeric[];
    begun boolean[];
    y0 numeric;
    y1 numeric;
    lines model.line[] := '{}';
BEGIN
    FOREACH part IN ARRAY parts LOOP
        totals[part.rate] := coalesce(totals[part.rate], 0) + part.billed;
    END LOOP;
    FOREACH part IN ARRAY parts LOOP
        rate := rates->(part.rate - 1);
        free := coalesce(model.quantity(rate->>'free'), 0);
        y0 := greatest(place[part.rate] - free, 0);
        y1 := greatest(place[part.rate] + part.billed - free, 0);
        place[part.rate] := place[part.rate] + part.billed;
        IF rate ? 'tiers' THEN
            lines := lines || model.tier_lines(part, rate, y0, y1, greatest(totals[part.rate] - free, 0),
                begun[part.rate] IS NULL AND model.used(trip, rate) = 0, trip.scale);
        ELSIF rate->>'unit' <> 'once' THEN
            lines := lines || model.priced(part, rate, 0, part.x1 - part.x0, y1 - y0, (rate->>'price')::numeric, trip.scale);
        ELSIF y0 = 0 AND y1 > 0 THEN
            lines := lines || model.priced_once(part, rate, 0, 1, (rate->>'price')::numeric, trip.scale);
        END IF;
        begun[part.rate] := true;
    END LOOP;
    RETURN model.merged(lines);
END $$;

-- A rate that was not used may still have a flat first tier: a part of no quantity, at the first
-- moment at which the rate holds.
CREATE FUNCTION model.empty_part(trip model.trip, s model.stretch, r integer, rate jsonb) RETURNS model.part[]
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    IF rate->'tiers'->>'mode' IN ('graduated', 'volume') THEN
        FOR i IN 1..coalesce(cardinality(s.x), 0) LOOP
            IF trip.rate_when[r] @> s.moments[i] THEN
                RETURN ARRAY[(r, 0, 0, 0, s.cells[i], s.factors[i], s.moments[i], s.moments[i])::model.part];
            END IF;
        END LOOP;
    END IF;
    RETURN '{}';
END $$;

-- How much of what was used before is in the range of a rate.
CREATE FUNCTION model.used_in_range(trip model.trip, rate jsonb) RETURNS numeric
    LANGUAGE sql STABLE
    AS $$
    SELECT greatest(least(used, model.quantity(rate->>'to')) - coalesce(model.quantity(rate->>'from'), 0), 0)
    FROM model.used(trip, rate) used
    $$;

-- Steps 4 to 7 of one dimension.
CREATE FUNCTION model.dimension_lines(trip model.trip, dimension text) RETURNS model.line[]
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    rates jsonb := trip.tariff->'rates';
    first boolean := coalesce(trip.tariff->'select'->>dimension = 'first', false);
    s model.stretch := model.stretch_of(trip, dimension);
    rate jsonb;
    r integer := 0;
    parts model.part[];
    all_parts model.part[] := '{}';
    before numeric[];
    lines model.line[] := '{}';
BEGIN
    FOR rate IN SELECT * FROM jsonb_array_elements(rates) LOOP
        r := r + 1;
        CONTINUE WHEN rate->>'dimension' <> dimension;
        parts := model.parts_of(trip, s, r, rate);
        before[r] := model.used_in_range(trip, rate);
        IF first THEN
            all_parts := all_parts || parts;
            CONTINUE;
        END IF;
        parts := model.stepped(parts, before[r], rate);
        IF rate ? 'step' AND rate->>'rounding' IS DISTINCT FROM 'none' AND before[r] > 0 THEN
            before[r] := model.rounded(before[r], model.quantity(rate->>'step'),
                CASE coalesce(rate->>'rounding', 'up') WHEN 'nearest' THEN 'half_up' WHEN 'down' THEN 'down' ELSE 'up' END);
        END IF;
        IF parts = '{}' THEN
            parts := model.empty_part(trip, s, r, rate);
        END IF;
        lines := lines || model.part_lines(trip, parts, rates, before);
    END LOOP;
    IF first AND all_parts <> '{}' THEN
        all_parts := model.first_of(all_parts);
        rate := rates->(all_parts[cardinality(all_parts)].rate - 1);
        all_parts := model.stepped(all_parts, model.used(trip, rate), rate);
        lines := model.part_lines(trip, all_parts, rates, before);
    END IF;
    RETURN lines;
END $$;

-- The taximeter: what it has charged at the end of each segment, less what before it.
CREATE FUNCTION model.meter_lines(trip model.trip) RETURNS model.line[]
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    meter jsonb := trip.tariff->'meter';
    covers jsonb := CASE WHEN meter->>'covers' ~ '(m|km|mi|yd|ft)$' AND meter->>'covers' !~ 'min$' THEN meter->'distance' ELSE meter->'time' END;
    covered numeric := coalesce(model.quantity(meter->>'covers') * (covers->>'price')::numeric
        * div(trip.scale, model.quantity(covers->>'unit')), 0);
    increment numeric := (meter->>'increment')::numeric * trip.scale;
    advance integer := CASE meter->>'charge' WHEN 'advance' THEN 1 ELSE 0 END;
    value numeric := 0;
    charged numeric := 0;
    now_charged numeric;
    lines model.line[] := '{}';
BEGIN
    FOR i IN 1..cardinality(trip.meter) LOOP
        value := value + trip.meter[i];
        now_charged := CASE WHEN value < covered THEN 0
            WHEN increment IS NULL THEN value - covered
            ELSE div(value - covered, increment) + advance END;
        IF now_charged > charged THEN
            lines := lines || (SELECT ('meter', 'meter', 'meter', trip.cells[i], trip.moments[i],
                coalesce(trip.moments[i + 1], trip.duration), now_charged - charged, now_charged - charged, NULL, CASE WHEN increment IS NULL THEN trip.scale ELSE 1 END, NULL, factor,
                (now_charged - charged) * coalesce(increment, 1) * factor)::model.line
                FROM model.factor_or_one(trip, 'meter', trip.moments[i]) factor);
            charged := now_charged;
        END IF;
    END LOOP;
    RETURN model.merged(lines);
END $$;

CREATE FUNCTION model.factor_or_one(trip model.trip, target text, moment bigint) RETURNS numeric
    LANGUAGE sql STABLE
    AS $$ SELECT CASE WHEN trip.multiplier_group IS NULL THEN 1 ELSE model.factor(trip, target, moment) END $$;

-- Steps 4 to 9: base, rates, meter, flat fare, surcharges.
CREATE FUNCTION model.charges(trip model.trip) RETURNS model.line[]
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    t jsonb := trip.tariff;
    charge jsonb;
    factor numeric;
    amount numeric;
    lines model.line[] := '{}';
BEGIN
    IF (t->>'base')::numeric <> 0 THEN
        factor := model.factor_or_one(trip, 'base', 0);
        lines := lines || ('base', 'base', 'base', 1, 0, 0, 1, 1, 'once', 1, (t->>'base')::numeric, factor,
            (t->>'base')::numeric * trip.scale * factor)::model.line;
    END IF;
    IF t ? 'rates' THEN
        lines := lines || model.dimension_lines(trip, 'distance') || model.dimension_lines(trip, 'time')
            || model.dimension_lines(trip, 'moving') || model.dimension_lines(trip, 'stopped')
            || model.dimension_lines(trip, 'reserved');
    END IF;
    IF t ? 'meter' THEN
        lines := lines || model.meter_lines(trip);
    END IF;
    FOR charge IN SELECT * FROM jsonb_array_elements(t->'flat_fares') LOOP
        IF model.applies(charge->'when', trip) THEN
            FOR i IN 1..cardinality(lines) LOOP
                lines[i].factor := 0;
                lines[i].exact := 0;
            END LOOP;
            lines := lines || model.plain_line('flat', charge->>'name', (charge->>'amount')::numeric * trip.scale);
            EXIT;
        END IF;
    END LOOP;
    FOR charge IN SELECT * FROM jsonb_array_elements(t->'surcharges') LOOP
        IF model.applies(charge->'when', trip) THEN
            amount := coalesce((charge->>'amount')::numeric, (trip.attributes->>(charge->>'attribute'))::numeric, 0);
            lines := lines || model.plain_line('surcharge', charge->>'name', amount * trip.scale);
        END IF;
    END LOOP;
    RETURN lines;
END $$;
