-- The model's arithmetic, clock and conditions.
--
-- Quantities are numerics of millimetres and microseconds. An amount is a numeric too, times a
-- scale: the least common multiple of all units of the tariff, so that a division by a unit
-- is a multiplication and nothing is ever rounded. Moments are whole microseconds since the
-- trip's start. A condition is the set of moments at which it holds, a multirange.

CREATE SCHEMA model;

-- Millimetres or microseconds of a quantity such as "km" or "15 min".
CREATE FUNCTION model.quantity(quantity text) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
    SELECT coalesce(substring(quantity FROM '^[0-9.]+')::numeric, 1)
        * CASE substring(quantity FROM '[a-z]+$')
            WHEN 'm' THEN 1000 WHEN 'km' THEN 1000000 WHEN 'mi' THEN 1609344 WHEN 'yd' THEN 914.4 WHEN 'ft' THEN 304.8
            WHEN 's' THEN 1000000 WHEN 'min' THEN 60000000 WHEN 'h' THEN 3600000000 WHEN 'day' THEN 86400000000 END
    $$;

CREATE FUNCTION model.ceiling_of(a numeric, step numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT CASE WHEN a > div(a, step) * step THEN div(a, step) + 1 ELSE div(a, step) END $$;

CREATE FUNCTION model.floor_of(a numeric, step numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT CASE WHEN a < div(a, step) * step THEN div(a, step) - 1 ELSE div(a, step) END $$;

-- The multiple of a step that is nearest, or next; halves and directions of the absolute value.
CREATE FUNCTION model.rounded(a numeric, step numeric, mode text) RETURNS numeric
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
DECLARE
    count numeric := div(abs(a), step);
    twice numeric := 2 * (abs(a) - count * step);
BEGIN
    IF (CASE mode WHEN 'up' THEN twice > 0
            WHEN 'down' THEN false
            WHEN 'half_down' THEN twice > step
            WHEN 'half_even' THEN twice > step OR (twice = step AND count % 2 = 1)
            ELSE twice >= step END) THEN
        count := count + 1;
    END IF;
    RETURN sign(a) * count * step;
END $$;

CREATE FUNCTION model.microseconds(later timestamptz, earlier timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT (extract(epoch FROM later - earlier) * 1000000)::bigint $$;

-- The first instant at which the zone's clock is that late: a zone changes its clock at most
-- once within two days, so what its offset was a day before, and is a day after, is all.
CREATE FUNCTION model.first_instant(local_time timestamp, zone text) RETURNS timestamptz
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
DECLARE
    as_utc timestamptz := local_time AT TIME ZONE 'UTC';
    day CONSTANT interval := '24 hours';
    old interval := ((as_utc - day) AT TIME ZONE zone) - (local_time - day);
    new interval := ((as_utc + day) AT TIME ZONE zone) - (local_time + day);
    early timestamptz := as_utc - new;
    late timestamptz := as_utc - old;
    middle timestamptz;
BEGIN
    IF old = new OR late AT TIME ZONE zone = local_time THEN
        RETURN late;
    ELSIF early AT TIME ZONE zone = local_time THEN
        RETURN early;
    END IF;
    -- the clock skips this time: the change is after early, and not after late
    WHILE late > early + interval '1 us' LOOP
        middle := early + (late - early) / 2;
        IF middle AT TIME ZONE zone >= local_time THEN late := middle; ELSE early := middle; END IF;
    END LOOP;
    RETURN late;
END $$;

CREATE FUNCTION model.date_list(list jsonb) RETURNS datemultirange
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
    SELECT coalesce(range_agg(daterange(split_part(dates, '/', 1)::date,
        coalesce(nullif(split_part(dates, '/', 2), ''), dates)::date, '[]')), '{}')
    FROM jsonb_array_elements_text(list) dates
    $$;

-- A trip, ready to be priced. Lists by multiplier, by rate, and by segment; the moments of
-- segments are their starts.
CREATE TYPE model.cap_ends AS (ends bigint[]);
CREATE TYPE model.trip AS (
    tariff jsonb, attributes jsonb, zone text, started_at timestamptz, horizon int8range, duration bigint, scale numeric,
    rate_when int8multirange[], multiplier_when int8multirange[], multiplier_group integer[], caps model.cap_ends[],
    moments bigint[], cells integer[], distance numeric[], "time" numeric[], moving numeric[], stopped numeric[], meter numeric[],
    reserved_moments bigint[], reserved numeric[]);

-- When the windows of a condition are open, those of the dates that it asks for.
CREATE FUNCTION model.open_windows(condition jsonb, trip model.trip) RETURNS int8multirange
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    calendar_dates datemultirange;
    listed datemultirange := coalesce(model.date_list(condition->'dates'), datemultirange(daterange(NULL, NULL)));
    hours jsonb := coalesce(condition->'hours', '["00:00-24:00"]');
    of_instant boolean := coalesce(condition->>'date_of' = 'instant', false);
    all_windows int8multirange;
    dated int8multirange;
    first_day date := ((trip.started_at + lower(trip.horizon) * interval '1 us') AT TIME ZONE trip.zone)::date - 2;
    last_day date := ((trip.started_at + upper(trip.horizon) * interval '1 us') AT TIME ZONE trip.zone)::date + 1;
BEGIN
    IF condition ? 'calendars' THEN
        SELECT range_agg(dates) INTO calendar_dates
        FROM jsonb_array_elements_text(condition->'calendars') name, unnest(model.date_list(trip.tariff->'calendars'->name)) dates;
        listed := listed * coalesce(calendar_dates, '{}');
    END IF;

    WITH days AS (
        SELECT day::date, listed @> day::date
            AND (NOT condition ? 'weekdays' OR condition->'weekdays' ? to_char(day, 'dy')) AS wanted
        FROM generate_series(first_day::timestamp, last_day, '1 day') day
    ), windows AS (
        SELECT wanted, model.microseconds(model.first_instant(day + opening, trip.zone), trip.started_at) AS opens,
            model.microseconds(model.first_instant(day + closing + CASE WHEN closing <= opening THEN interval '1 day' ELSE '0' END, trip.zone),
                trip.started_at) AS closes
        FROM days, jsonb_array_elements_text(hours) hour,
            LATERAL (SELECT split_part(hour, '-', 1)::interval AS opening, split_part(hour, '-', 2)::interval AS closing) clock
        WHERE wanted OR of_instant
    ) SELECT range_agg(int8range(opens, closes)), range_agg(int8range(opens, closes)) FILTER (WHERE wanted)
    INTO all_windows, dated FROM windows;

    IF of_instant THEN
        dated := all_windows * model.open_windows(condition - 'hours' - 'date_of', trip);
    END IF;
    RETURN coalesce(dated, '{}');
END $$;

-- When all tests of a condition hold, evaluated by the moment.
CREATE FUNCTION model.moments_of(condition jsonb, trip model.trip) RETURNS int8multirange
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    holds int8multirange := int8multirange(trip.horizon);
    elapsed jsonb := condition->'elapsed';
    name text;
    wanted jsonb;
BEGIN
    FOR name, wanted IN SELECT * FROM jsonb_each(condition->'attributes') LOOP
        IF NOT coalesce(CASE WHEN jsonb_typeof(wanted) = 'array'
                THEN EXISTS (SELECT FROM jsonb_array_elements(wanted) value WHERE value = trip.attributes->name)
                ELSE wanted = trip.attributes->name END, false) THEN
            RETURN '{}';
        END IF;
    END LOOP;
    IF elapsed IS NOT NULL THEN
        holds := holds * int8multirange(int8range(coalesce(ceil(model.quantity(elapsed->>'from')), 0)::bigint,
            ceil(model.quantity(elapsed->>'to'))::bigint));
    END IF;
    IF condition ?| '{hours,weekdays,dates,calendars}' THEN
        holds := holds * model.open_windows(condition, trip);
    END IF;
    IF condition ? 'not' THEN
        holds := holds - model.moments_of(condition->'not', trip);
    END IF;
    RETURN holds;
END $$;

-- When a condition holds, evaluated as it says.
CREATE FUNCTION model.holds(condition jsonb, evaluation text, trip model.trip) RETURNS int8multirange
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    holds int8multirange;
BEGIN
    IF condition IS NULL THEN
        RETURN int8multirange(trip.horizon);
    END IF;
    holds := model.moments_of(condition, trip);
    IF coalesce(condition->>'evaluate', evaluation) = 'start' THEN
        RETURN CASE WHEN holds @> 0::bigint THEN int8multirange(trip.horizon) ELSE '{}' END;
    END IF;
    RETURN holds;
END $$;

-- Of flat fares, surcharges, discounts and cash: does it hold for the trip?
CREATE FUNCTION model.applies(condition jsonb, trip model.trip) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$ SELECT condition IS NULL OR model.holds(condition, 'start', trip) && int8range(0, greatest(trip.duration, 1)) $$;
