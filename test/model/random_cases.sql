-- Random tariffs, every feature of the document in a good share of them, and random trips.
-- Case n is the same in every run: the generator is seeded with a hash of n.

CREATE FUNCTION model.seed(n bigint) RETURNS void
    LANGUAGE sql VOLATILE
    AS $$ SELECT setseed((hashint8extended(n, 20240502) & 4503599627370495) / 4503599627370496::float8) $$;

CREATE FUNCTION model.chance(probability float8) RETURNS boolean
    LANGUAGE sql VOLATILE
    AS $$ SELECT random() < probability $$;

CREATE FUNCTION model.pick(VARIADIC choices text[]) RETURNS text
    LANGUAGE sql VOLATILE
    AS $$ SELECT choices[1 + floor(random() * cardinality(choices))::integer] $$;

-- A decimal up to a limit, of up to so many places.
CREATE FUNCTION model.decimal(up_to float8, places integer) RETURNS text
    LANGUAGE sql VOLATILE
    AS $$ SELECT trim_scale(round((random() * up_to)::numeric, floor(random() * (places + 1))::integer))::text $$;

CREATE FUNCTION model.positive(up_to float8, places integer) RETURNS text
    LANGUAGE sql VOLATILE
    AS $$ SELECT trim_scale(greatest(model.decimal(up_to, places)::numeric, round((up_to / 100)::numeric, places), 10::numeric ^ -places))::text $$;

CREATE FUNCTION model.price() RETURNS text
    LANGUAGE sql VOLATILE
    AS $$ SELECT model.decimal(10 ^ (random() * 3 - 1), CASE WHEN random() < 0.05 THEN 9 ELSE 4 END) $$;

CREATE FUNCTION model.is_length(dimension text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT dimension = 'distance' $$;

CREATE FUNCTION model.random_unit(dimension text) RETURNS text
    LANGUAGE sql VOLATILE
    AS $$ SELECT CASE WHEN model.is_length(dimension)
        THEN model.pick('km', 'mi', '100 m', '0.2 mi', '131 m', '1000 ft', '0.5 km', 'km', '10 km', '440 yd')
        ELSE model.pick('min', 'h', '30 s', '15 min', 'day', '90 s', '0.5 h', 'min', 's') END $$;

-- A place in a quantity of that size (metres or seconds), or somewhat beyond it.
CREATE FUNCTION model.random_place(dimension text, size float8) RETURNS text
    LANGUAGE sql VOLATILE
    AS $$ SELECT CASE WHEN model.is_length(dimension)
        THEN CASE WHEN random() < 0.2 THEN model.positive(1.3 * size / 1609.344, 3) || ' mi'
            WHEN random() < 0.5 THEN model.positive(1.3 * size / 1000, 3) || ' km' ELSE model.positive(1.3 * size, 3) || ' m' END
        ELSE CASE WHEN random() < 0.5 THEN model.positive(1.3 * size / 60, 2) || ' min' ELSE model.positive(1.3 * size, 3) || ' s' END END $$;

-- An hour of the day, in quarters, often near a place where clocks are changed.
CREATE FUNCTION model.random_hours() RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    hours jsonb := '[]';
    opening integer;
    closing integer;
BEGIN
    FOR i IN 1..1 + floor(random() * 2)::integer LOOP
        opening := CASE WHEN model.chance(0.3) THEN 4 + floor(random() * 10) ELSE floor(random() * 96) END;
        closing := CASE WHEN model.chance(0.3) THEN 4 + floor(random() * 10) ELSE 1 + floor(random() * 96) END;
        IF opening = closing THEN
            closing := opening + 1;
        END IF;
        hours := hours || to_jsonb(lpad((opening / 4)::text, 2, '0') || ':' || lpad((opening % 4 * 15)::text, 2, '0')
            || '-' || lpad((closing / 4)::text, 2, '0') || ':' || lpad((closing % 4 * 15)::text, 2, '0'));
    END LOOP;
    RETURN hours;
END $$;

-- Dates around the trip's.
CREATE FUNCTION model.random_dates(around date) RETURNS jsonb
    LANGUAGE sql VOLATILE
    AS $$
    SELECT jsonb_agg(CASE WHEN random() < 0.5 THEN first::text ELSE first || '/' || first + floor(random() * 3)::integer END)
    FROM (SELECT around - 1 + floor(random() * 5)::integer AS first FROM generate_series(1, 1 + floor(random() * 3)::integer)) f
    $$;

CREATE FUNCTION model.random_tests(around date, size float8, nothing float8) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    tests jsonb := '{}';
    place text;
BEGIN
    IF model.chance(0.4) THEN tests := tests || jsonb_build_object('hours', model.random_hours()); END IF;
    IF model.chance(0.25) THEN
        tests := tests || jsonb_build_object('weekdays', (SELECT jsonb_agg(day) FROM unnest('{mon,tue,wed,thu,fri,sat,sun}'::text[]) day
            WHERE day = to_char(around, 'dy') OR random() < 0.5));
    END IF;
    IF model.chance(0.15) THEN tests := tests || jsonb_build_object('dates', model.random_dates(around)); END IF;
    IF model.chance(0.12) THEN
        tests := tests || jsonb_build_object('calendars', to_jsonb(CASE floor(random() * 3) WHEN 0 THEN '{holidays}'::text[] WHEN 1 THEN '{fairs}' ELSE '{holidays,fairs}' END));
    END IF;
    IF model.chance(0.3) AND tests ?| '{weekdays,dates,calendars}' THEN
        tests := tests || jsonb_build_object('date_of', 'instant');
    END IF;
    IF model.chance(0.25) THEN
        place := model.random_place('time', size);
        tests := tests || jsonb_build_object('elapsed', CASE floor(random() * 3) WHEN 0 THEN jsonb_build_object('from', place)
            WHEN 1 THEN jsonb_build_object('to', place)
            ELSE jsonb_build_object('from', place, 'to', trim_scale(model.quantity(place) / 1000000 + model.positive(size + 1, 2)::numeric) || ' s') END);
    END IF;
    IF model.chance(0.15) OR (tests = '{}' AND random() >= nothing) THEN
        tests := tests || jsonb_build_object('attributes', (ARRAY['{"class": ["van", "limousine"]}', '{"zone": 7}', '{"pet": true}',
            '{"class": "van", "zone": [6, 7]}', '{"payment": ["cash", "app"]}']::jsonb[])[1 + floor(random() * 5)::integer]);
    END IF;
    RETURN tests;
END $$;

-- A condition, evaluated in one of these ways.
CREATE FUNCTION model.random_when(around date, size float8, VARIADIC evaluations text[]) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    condition jsonb := model.random_tests(around, size, 0);
    evaluation text := model.pick(VARIADIC evaluations);
BEGIN
    IF model.chance(0.15) THEN
        condition := condition || jsonb_build_object('not', model.random_tests(around, size, 0));
    END IF;
    IF evaluation <> '' THEN
        condition := condition || jsonb_build_object('evaluate', evaluation);
    END IF;
    RETURN condition;
END $$;

CREATE FUNCTION model.random_tiers(dimension text, per_rental boolean, size float8) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    mode text := CASE WHEN per_rental THEN model.pick('graduated', 'package') ELSE model.pick('graduated', 'graduated', 'volume', 'package') END;
    unit text := model.random_unit(dimension);
    upto numeric := 0;
    bound jsonb;
    bounds jsonb := '[]';
    count integer := floor(random() * 4)::integer;
BEGIN
    IF mode = 'package' THEN
        RETURN jsonb_build_object('mode', mode, 'unit', unit, 'bounds', jsonb_build_array(jsonb_build_object('price', model.price())));
    END IF;
    FOR i IN 0..count LOOP
        bound := '{}';
        IF i < count THEN
            upto := upto + model.positive(size * (CASE WHEN model.is_length(dimension) THEN 1000 ELSE 1000000 END) / model.quantity(unit)::float8 + 0.1, 3)::numeric;
            bound := bound || jsonb_build_object('to', upto::text);
        END IF;
        IF model.chance(0.8) THEN bound := bound || jsonb_build_object('price', model.price()); END IF;
        IF model.chance(0.4) THEN bound := bound || jsonb_build_object('flat', model.price()); END IF;
        bounds := bounds || bound;
    END LOOP;
    RETURN jsonb_build_object('mode', mode, 'unit', unit, 'bounds', bounds);
END $$;

CREATE FUNCTION model.random_rate(dimension text, number integer, first boolean, around date, metres float8, seconds float8) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    size float8 := CASE WHEN model.is_length(dimension) THEN metres ELSE seconds END + 1;
    rate jsonb := jsonb_build_object('dimension', dimension);
    per_rental boolean := model.chance(0.15);
    low text;
BEGIN
    IF model.chance(0.6) THEN rate := rate || jsonb_build_object('name', 'rate ' || number); END IF;
    IF per_rental THEN rate := rate || jsonb_build_object('per', 'rental'); END IF;
    IF model.chance(0.3) THEN
        rate := rate || jsonb_build_object('tiers', model.random_tiers(dimension, per_rental, size));
    ELSE
        rate := rate || jsonb_build_object('price', model.price(), 'unit', CASE WHEN model.chance(0.12) THEN 'once' ELSE model.random_unit(dimension) END);
    END IF;
    IF model.chance(0.25) THEN
        low := model.random_place(dimension, size);
        rate := rate || jsonb_build_object('from', low);
    END IF;
    IF model.chance(0.25) THEN
        rate := rate || jsonb_build_object('to', CASE WHEN low IS NULL THEN model.random_place(dimension, size)
            WHEN model.is_length(dimension) THEN trim_scale(model.quantity(low) / 1000 + model.positive(size, 2)::numeric) || ' m'
            ELSE trim_scale(model.quantity(low) / 1000000 + model.positive(size, 2)::numeric) || ' s' END);
    END IF;
    -- a rental's earlier steps among rates selected first are not in the text
    IF model.chance(0.4) AND NOT (first AND per_rental) THEN
        rate := rate || jsonb_build_object('step', CASE WHEN model.chance(0.7) THEN model.random_unit(dimension) ELSE model.random_place(dimension, size / 5) END);
        IF model.chance(0.5) THEN rate := rate || jsonb_build_object('rounding', model.pick('up', 'down', 'nearest', 'none')); END IF;
    END IF;
    IF model.chance(0.2) THEN rate := rate || jsonb_build_object('free', model.random_place(dimension, size / 2)); END IF;
    IF model.chance(0.45) THEN
        rate := rate || jsonb_build_object('when', CASE WHEN rate ? 'step'
            THEN model.random_when(around, seconds, '', 'segment', 'start', 'unit', 'unit') ELSE model.random_when(around, seconds, '', '', 'segment', 'start') END);
    END IF;
    RETURN rate;
END $$;

CREATE FUNCTION model.random_rates(dimensions text[], around date, metres float8, seconds float8) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    firsts text[] := ARRAY(SELECT d FROM unnest(dimensions) d WHERE random() < 0.4);
    rates jsonb := '[]';
    dimension text;
BEGIN
    FOR i IN 1..CASE WHEN model.chance(0.1) THEN 10 ELSE 1 + floor(random() * 5)::integer END LOOP
        dimension := model.pick(VARIADIC dimensions);
        rates := rates || model.random_rate(dimension, i, dimension = ANY (firsts), around, metres, seconds);
    END LOOP;
    RETURN jsonb_build_object('rates', rates)
        || CASE WHEN firsts = '{}' THEN '{}' ELSE jsonb_build_object('select', (SELECT jsonb_object_agg(d, 'first') FROM unnest(firsts) d)) END;
END $$;

CREATE FUNCTION model.random_meter(modes text[]) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    mode text := model.pick(VARIADIC modes);
    meter jsonb := jsonb_build_object('mode', mode);
BEGIN
    IF mode <> 'D' OR model.chance(0.8) THEN
        meter := meter || jsonb_build_object('distance', jsonb_build_object('price', model.positive(3, 3), 'unit', model.random_unit('distance')));
    END IF;
    IF mode <> 'D' OR NOT meter ? 'distance' OR model.chance(0.8) THEN
        meter := meter || jsonb_build_object('time', jsonb_build_object('price', model.positive(1, 3), 'unit', model.random_unit('time')));
    END IF;
    IF mode <> 'D' AND model.chance(0.5) THEN
        meter := meter || jsonb_build_object('crossover', model.pick('15.7 km/h', '12 mph', '5 m/s', '30 km/h'));
    END IF;
    IF model.chance(0.6) THEN
        meter := meter || jsonb_build_object('increment', model.positive(1, 2));
        IF model.chance(0.6) THEN meter := meter || jsonb_build_object('charge', model.pick('advance', 'complete')); END IF;
    END IF;
    IF model.chance(0.4) THEN
        meter := meter || jsonb_build_object('covers', CASE WHEN meter ? 'distance' THEN model.pick('0.2 mi', '1 km', '250 m') ELSE model.pick('1 min', '90 s') END);
    END IF;
    IF model.chance(0.5) THEN meter := meter || jsonb_build_object('gap', model.pick('leg', 'nothing', CASE WHEN meter ? 'distance' THEN 'distance' ELSE 'leg' END, CASE WHEN meter ? 'time' THEN 'time' ELSE 'leg' END)); END IF;
    RETURN meter;
END $$;
