-- The model's steps 2 to 7: the trip in segments, and the lines of its dimensions.

-- A leg of a trip, in microseconds since its start. Kind: moving, stopped, gap, or unknown where
-- the trip is known by its totals alone.
CREATE TYPE model.leg AS (from_us bigint, to_us bigint, mm numeric, kind text, moving_us numeric, stopped_us numeric);

-- Part of a dimension's quantity, from x0 to x1 since the trip's start, that a rate was selected for.
CREATE TYPE model.part AS (rate integer, x0 numeric, x1 numeric, billed numeric, cell integer, factor numeric, from_us bigint, to_us bigint);

-- A line; what it costs is exact / the trip's scale. Lines of one key may become one.
CREATE TYPE model.line AS (kind text, rule text, key text, cell integer, from_us bigint, to_us bigint,
    quantity numeric, billed numeric, unit text, unit_size numeric, rate numeric, factor numeric, exact numeric);

-- By which tariffs a leg is metered: d, t, both, or none.
CREATE FUNCTION model.metered_by(meter jsonb, leg model.leg, distance_amount numeric, time_amount numeric) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
    gap text := coalesce(meter->>'gap', 'leg');
    crossover text[] := regexp_match(meter->>'crossover', '^([0-9.]+) (km/h|mph|m/s)$');
    fast boolean;
BEGIN
    IF leg.kind = 'gap' AND gap <> 'leg' THEN
        RETURN CASE gap WHEN 'distance' THEN 'd' WHEN 'time' THEN 't' ELSE '' END;
    ELSIF meter->>'mode' = 'D' THEN
        RETURN 'dt';
    END IF;
    IF crossover IS NULL THEN
        fast := distance_amount >= time_amount;
    ELSE
        -- mm in so many microseconds, against mm in an hour, or mm in a second
        fast := leg.mm * CASE crossover[2] WHEN 'm/s' THEN 1000000 ELSE 3600000000 END
            >= crossover[1]::numeric * CASE crossover[2] WHEN 'km/h' THEN 1000000 WHEN 'mph' THEN 1609344 ELSE 1000 END
                * (leg.to_us - leg.from_us);
    END IF;
    RETURN CASE WHEN fast THEN 'd' WHEN meter->>'mode' = 'S' THEN 't' ELSE 'dt' END;
END $$;

-- Step 3: the legs, cut at the moments at which segments start.
CREATE FUNCTION model.cut(trip model.trip, legs model.leg[]) RETURNS model.trip
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    meter jsonb := trip.tariff->'meter';
    zeros numeric[] := array_fill(0::numeric, ARRAY[cardinality(trip.moments)]);
    distance_pace numeric := coalesce((meter->'distance'->>'price')::numeric * div(trip.scale, model.quantity(meter->'distance'->>'unit')), 0);
    time_pace numeric := coalesce((meter->'time'->>'price')::numeric * div(trip.scale, model.quantity(meter->'time'->>'unit')), 0);
    leg model.leg;
    metered text := '';
    s integer := 1;
    here bigint;
    until bigint;
    whole numeric;
    done numeric[];
    now_done numeric[];
BEGIN
    trip.distance := zeros;  trip.time := zeros;  trip.moving := zeros;  trip.stopped := zeros;  trip.meter := zeros;
    FOREACH leg IN ARRAY legs LOOP
        IF meter IS NOT NULL THEN
            metered := model.metered_by(meter, leg, leg.mm * distance_pace, (leg.to_us - leg.from_us) * time_pace);
        END IF;
        here := leg.from_us;
        done := '{0,0,0}';
        whole := leg.to_us - leg.from_us;
        LOOP
            WHILE s < cardinality(trip.moments) AND trip.moments[s + 1] <= here LOOP
                s := s + 1;
            END LOOP;
            until := least(leg.to_us, trip.moments[s + 1]);
            IF until = leg.to_us THEN
                now_done := ARRAY[leg.mm, leg.moving_us, leg.stopped_us];
            ELSE
                now_done := ARRAY[div(leg.mm * (until - leg.from_us), whole), div(leg.moving_us * (until - leg.from_us), whole), 0];
                -- what is not in motion is at rest
                now_done[3] := CASE WHEN leg.moving_us + leg.stopped_us = whole THEN until - leg.from_us - now_done[2] ELSE 0 END;
            END IF;
            trip.distance[s] := trip.distance[s] + now_done[1] - done[1];
            trip.time[s] := trip.time[s] + until - here;
            trip.moving[s] := trip.moving[s] + now_done[2] - done[2];
            trip.stopped[s] := trip.stopped[s] + now_done[3] - done[3];
            IF metered <> '' THEN
                trip.meter[s] := trip.meter[s]
                    + CASE WHEN metered IN ('d', 'dt') THEN (now_done[1] - done[1]) * distance_pace ELSE 0 END
                    + CASE WHEN metered IN ('t', 'dt') THEN (until - here) * time_pace ELSE 0 END;
            END IF;
            EXIT WHEN until = leg.to_us;
            here := until;
            done := now_done;
        END LOOP;
    END LOOP;
    RETURN trip;
END $$;

-- The product of the groups of multipliers that hold, of those on this target.
CREATE FUNCTION model.factor(trip model.trip, target text, moment bigint) RETURNS numeric
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    multiplier jsonb;
    m integer := 0;
    g integer;
    sums numeric[];
    product numeric := 1;
BEGIN
    FOR multiplier IN SELECT * FROM jsonb_array_elements(trip.tariff->'multipliers') LOOP
        m := m + 1;
        IF trip.multiplier_when[m] @> moment AND (NOT multiplier ? 'to' OR multiplier->'to' ? target) THEN
            g := trip.multiplier_group[m];
            sums[g] := coalesce(sums[g], 1) + (multiplier->>'factor')::numeric - 1;
        END IF;
    END LOOP;
    FOREACH g IN ARRAY trip.multiplier_group LOOP
        product := product * greatest(coalesce(sums[g], 1), 0);
        sums[g] := 1;
    END LOOP;
    RETURN product;
END $$;

-- Is a rate walked through in whole steps, each judged by the moment in which it was begun?
CREATE FUNCTION model.is_walked(trip model.trip, rate jsonb) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT rate ? 'step' AND (coalesce(rate->'when'->>'evaluate' = 'unit', false)
        OR EXISTS (SELECT FROM jsonb_array_elements(trip.tariff->'multipliers') multiplier
            WHERE multiplier->'when'->>'evaluate' = 'unit'
                AND (NOT multiplier ? 'to' OR multiplier->'to' ? (rate->>'dimension'))))
    $$;

-- What was used of a dimension before the trip, for a rate per rental.
CREATE FUNCTION model.used(trip model.trip, rate jsonb) RETURNS numeric
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    dimension text := rate->>'dimension';
BEGIN
    IF rate->>'per' IS DISTINCT FROM 'rental' THEN
        RETURN 0;
    ELSIF dimension = 'distance' THEN
        RETURN coalesce(round((trip.attributes->'used'->>'distance_m')::numeric * 1000), 0);
    END IF;
    RETURN coalesce(round((trip.attributes->'used'->>(dimension || '_s'))::numeric * 1000000), 0);
END $$;

-- Of the segments of a dimension: where its quantity begins in each, and the factors.
CREATE TYPE model.stretch AS (moments bigint[], cells integer[], x numeric[], total numeric, factors numeric[]);

CREATE FUNCTION model.stretch_of(trip model.trip, dimension text) RETURNS model.stretch
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    s model.stretch;
    quantities numeric[];
    quantity numeric;
    i integer := 0;
BEGIN
    s.moments := trip.moments;
    s.cells := trip.cells;
    s.total := 0;
    CASE dimension
        WHEN 'distance' THEN quantities := trip.distance;
        WHEN 'time' THEN quantities := trip.time;
        WHEN 'moving' THEN quantities := trip.moving;
        WHEN 'stopped' THEN quantities := trip.stopped;
        WHEN 'reserved' THEN
            quantities := trip.reserved;
            s.moments := trip.reserved_moments;
            s.cells := array_fill(1, ARRAY[cardinality(quantities)]);
    END CASE;
    FOREACH quantity IN ARRAY quantities LOOP
        i := i + 1;
        s.x[i] := s.total;
        s.total := s.total + quantity;
        s.factors[i] := CASE WHEN trip.multiplier_group IS NULL THEN 1 ELSE model.factor(trip, dimension, s.moments[i]) END;
    END LOOP;
    RETURN s;
END $$;

-- The parts of the quantity in a rate's range and under its condition.
CREATE FUNCTION model.parts_of(trip model.trip, s model.stretch, r integer, rate jsonb) RETURNS model.part[]
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    used numeric := model.used(trip, rate);
    low numeric := coalesce(model.quantity(rate->>'from'), 0) - used;
    high numeric := least(model.quantity(rate->>'to') - used, s.total);
    step numeric := model.quantity(rate->>'step');
    walked boolean := model.is_walked(trip, rate);
    n integer := coalesce(cardinality(s.x), 0);
    begins numeric := 0;
    ends numeric;
    parts model.part[] := '{}';
BEGIN
    FOR i IN 1..n LOOP
        ends := CASE WHEN i = n THEN s.total
            WHEN walked THEN low + model.ceiling_of(s.x[i + 1] - low, step) * step
            ELSE s.x[i + 1] END;
        IF greatest(begins, low) < least(ends, high) AND trip.rate_when[r] @> s.moments[i] THEN
            parts := parts || (r, greatest(begins, low), least(ends, high), least(ends, high) - greatest(begins, low),
                s.cells[i], s.factors[i], s.moments[i], coalesce(s.moments[i + 1], trip.duration))::model.part;
        END IF;
        begins := greatest(ends, 0);
    END LOOP;
    RETURN parts;
END $$;

-- Of parts of several rates, in the order of the list: at each point those of the first.
CREATE FUNCTION model.first_of(parts model.part[]) RETURNS model.part[]
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
    part model.part;
    taken nummultirange := '{}';
    piece numrange;
    first model.part[] := '{}';
BEGIN
    FOREACH part IN ARRAY parts LOOP
        FOR piece IN SELECT unnest(nummultirange(numrange(part.x0, part.x1)) - taken) LOOP
            first := first || (part.rate, lower(piece), upper(piece), upper(piece) - lower(piece), part.cell, part.factor,
                part.from_us, part.to_us)::model.part;
        END LOOP;
        taken := taken + nummultirange(numrange(part.x0, part.x1));
    END LOOP;
    RETURN ARRAY(SELECT p FROM unnest(first) p ORDER BY p.x0);
END $$;

-- Step 5. What was used before is in the total too.
CREATE FUNCTION model.stepped(parts model.part[], before numeric, rate jsonb) RETURNS model.part[]
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
    step numeric := model.quantity(rate->>'step');
    mode text := CASE coalesce(rate->>'rounding', 'up') WHEN 'nearest' THEN 'half_up' ELSE coalesce(rate->>'rounding', 'up') END;
    i integer := cardinality(parts);
    total numeric := 0;
    change numeric;
    part model.part;
BEGIN
    IF step IS NULL OR mode = 'none' OR i = 0 THEN
        RETURN parts;
    END IF;
    FOREACH part IN ARRAY parts LOOP
        total := total + part.billed;
    END LOOP;
    change := model.rounded(before + total, step, mode) - model.rounded(before, step, mode) - total;
    WHILE change <> 0 LOOP
        parts[i].billed := greatest(parts[i].billed + change, 0);
        change := change + (parts[i].x1 - parts[i].x0) - parts[i].billed;
        i := i - 1;
    END LOOP;
    RETURN parts;
END $$;

-- Lines that follow each other and differ in their quantity alone become one.
CREATE FUNCTION model.merged(lines model.line[]) RETURNS model.line[]
    LANGUAGE plpgsql IMMUTABLE
    AS $$
DECLARE
    line model.line;
    last model.line;
    merged model.line[] := '{}';
BEGIN
    FOREACH line IN ARRAY lines LOOP
        IF last.key = line.key AND last.cell = line.cell AND last.factor = line.factor THEN
            last.to_us := line.to_us;
            last.quantity := last.quantity + line.quantity;
            last.billed := last.billed + line.billed;
            last.exact := last.exact + line.exact;
        ELSE
            IF last.key IS NOT NULL THEN merged := merged || last; END IF;
            last := line;
        END IF;
    END LOOP;
    IF last.key IS NOT NULL THEN merged := merged || last; END IF;
    RETURN merged;
END $$;
