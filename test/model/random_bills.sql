-- Random cases, continued: what a tariff has beside rates, the trips, and the comparison.

CREATE FUNCTION model.random_multipliers(around date, seconds float8) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    multipliers jsonb := '[]';
    multiplier jsonb;
BEGIN
    FOR i IN 1..1 + floor(random() * 3)::integer LOOP
        multiplier := jsonb_build_object('name', 'multiplier ' || i, 'factor', model.decimal(2, 2));
        IF model.chance(0.4) THEN multiplier := multiplier || jsonb_build_object('group', model.pick('a', 'b')); END IF;
        IF model.chance(0.4) THEN
            multiplier := multiplier || jsonb_build_object('to', (SELECT jsonb_agg(target) FROM unnest('{base,distance,time,moving,stopped,reserved,meter}'::text[]) target
                WHERE target = 'time' OR random() < 0.4));
        END IF;
        IF model.chance(0.8) THEN
            multiplier := multiplier || jsonb_build_object('when', model.random_when(around, seconds, '', '', 'segment', 'start', 'unit'));
        END IF;
        multipliers := multipliers || multiplier;
    END LOOP;
    RETURN multipliers;
END $$;

-- Flat fares, surcharges, or discounts.
CREATE FUNCTION model.random_charges(kind text, around date, seconds float8) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    charges jsonb := '[]';
    charge jsonb;
BEGIN
    FOR i IN 1..1 + floor(random() * 3)::integer LOOP
        charge := jsonb_build_object('name', kind || ' ' || i) || CASE
            WHEN kind = 'surcharge' AND model.chance(0.4) THEN jsonb_build_object('attribute', model.pick('toll', 'tip', 'fee'))
            WHEN kind = 'discount' AND model.chance(0.6) THEN jsonb_build_object('percent', model.decimal(50, 2))
            ELSE jsonb_build_object('amount', model.price()) END;
        IF kind = 'surcharge' AND charge ? 'amount' AND model.chance(0.08) THEN
            charge := charge || jsonb_build_object('amount', trim_scale(-(charge->>'amount')::numeric)::text);
        END IF;
        IF model.chance(CASE kind WHEN 'flat' THEN 0.9 ELSE 0.6 END) THEN
            charge := charge || jsonb_build_object('when', model.random_when(around, seconds, '', 'start', 'segment', 'segment'));
        END IF;
        charges := charges || charge;
    END LOOP;
    RETURN charges;
END $$;

CREATE FUNCTION model.random_caps(seconds float8) RETURNS jsonb
    LANGUAGE sql VOLATILE
    AS $$
    SELECT jsonb_agg(jsonb_build_object('amount', model.price())
        || CASE WHEN random() < 0.5 THEN jsonb_build_object('rolling', round((60 + random() * (seconds + 600))::numeric, 1) || ' s')
            ELSE jsonb_build_object('calendar', model.pick('day', 'week', 'month')) END)
    FROM generate_series(1, 1 + floor(random() * 2)::integer)
    $$;

-- Tax by kinds of lines, and by names that the tariff has.
CREATE FUNCTION model.random_tax(tariff jsonb) RETURNS jsonb
    LANGUAGE sql VOLATILE
    AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'percent', CASE WHEN random() < 0.8 THEN model.decimal(25, 2) END,
        'by', CASE WHEN random() < 0.5 THEN (SELECT jsonb_object_agg(name, model.decimal(30, 1)) FROM (
                SELECT unnest('{base,distance,time,meter,flat,surcharge,minimum,maximum,cap,discount}'::text[])
                UNION ALL SELECT jsonb_path_query(tariff, '$.*[*].name') #>> '{}') names (name)
            WHERE name = 'time' OR name LIKE '% %' AND name NOT LIKE 'multiplier%' AND random() < 0.3 OR random() < 0.2 AND name NOT LIKE 'multiplier%') END,
        'included', CASE WHEN random() < 0.4 THEN true END))
    $$;

CREATE FUNCTION model.random_mode() RETURNS jsonb
    LANGUAGE sql VOLATILE
    AS $$ SELECT CASE WHEN random() < 0.3 THEN '{}' ELSE jsonb_build_object('mode', model.pick('half_up', 'half_even', 'half_down', 'up', 'down')) END $$;

-- A fare's step is a whole number of the currency's units, or a part of one.
CREATE FUNCTION model.random_rounding(currency text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    rounding jsonb := '{}';
    unit numeric := model.currency_step(currency);
BEGIN
    IF model.chance(0.4) THEN
        rounding := rounding || jsonb_build_object('line', model.random_mode()
            || jsonb_build_object('step', trim_scale(unit * model.pick('1', '1', '0.1', '0.5', '5')::numeric)::text));
    END IF;
    IF model.chance(0.5) THEN
        rounding := rounding || jsonb_build_object('fare', model.random_mode()
            || jsonb_build_object('step', trim_scale(unit * model.pick('1', '0.1', '0.5', '5', '10', '50', '0.01', '0.25', '3')::numeric)::text));
    END IF;
    IF rounding = '{}' OR model.chance(0.4) THEN
        rounding := rounding || jsonb_build_object('cash', model.random_mode()
            || CASE WHEN random() < 0.6 THEN jsonb_build_object('step', trim_scale(unit * model.pick('5', '10', '100')::numeric)::text) ELSE '{}' END
            || CASE WHEN random() < 0.3 THEN '{"when": {"attributes": {"class": "van"}}}'::jsonb ELSE '{}' END);
    END IF;
    RETURN rounding;
END $$;

CREATE FUNCTION model.random_tariff(zone text, dimensions text[], meters text[], around date, metres float8, seconds float8) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    currency text := model.pick('EUR', 'EUR', 'USD', 'KRW', 'JPY', 'KWD', 'CHF', 'CAD', 'DKK', 'SEK');
    minimum text;
    t jsonb := jsonb_build_object('tariff', 1, 'currency', currency, 'time_zone', zone,
        'calendars', jsonb_build_object('holidays', model.random_dates(around), 'fairs', model.random_dates(around)));
BEGIN
    IF model.chance(0.7) THEN t := t || jsonb_build_object('base', model.price()); END IF;
    IF model.chance(0.85) THEN t := t || model.random_rates(dimensions, around, metres, seconds); END IF;
    IF model.chance(CASE WHEN 'S' = ANY (meters) THEN 0.6 ELSE 0.15 END) THEN t := t || jsonb_build_object('meter', model.random_meter(meters)); END IF;
    IF model.chance(0.4) THEN t := t || jsonb_build_object('multipliers', model.random_multipliers(around, seconds)); END IF;
    IF model.chance(0.12) THEN t := t || jsonb_build_object('flat_fares', model.random_charges('flat', around, seconds)); END IF;
    IF model.chance(0.35) THEN t := t || jsonb_build_object('surcharges', model.random_charges('surcharge', around, seconds)); END IF;
    IF model.chance(0.25) THEN
        minimum := model.price();
        t := t || jsonb_build_object('minimum', minimum);
    END IF;
    IF model.chance(0.25) THEN t := t || jsonb_build_object('maximum', trim_scale(coalesce(minimum::numeric, 0) + model.price()::numeric)::text); END IF;
    IF model.chance(0.3) THEN t := t || jsonb_build_object('caps', model.random_caps(seconds)); END IF;
    IF model.chance(0.3) THEN t := t || jsonb_build_object('discounts', model.random_charges('discount', around, seconds)); END IF;
    IF model.chance(0.35) THEN t := t || jsonb_build_object('tax', model.random_tax(t)); END IF;
    IF model.chance(0.5) THEN t := t || jsonb_build_object('rounding', model.random_rounding(currency)); END IF;
    RETURN t;
END $$;

CREATE FUNCTION model.random_attributes(metres float8, seconds float8) RETURNS jsonb
    LANGUAGE sql VOLATILE
    AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'class', CASE WHEN random() < 0.6 THEN model.pick('van', 'limousine', 'compact') END,
        'zone', CASE WHEN random() < 0.5 THEN 6 + floor(random() * 3)::integer END,
        'pet', CASE WHEN random() < 0.4 THEN random() < 0.7 END,
        'payment', CASE WHEN random() < 0.6 THEN model.pick('cash', 'app', 'card', 'cash') END,
        'toll', CASE WHEN random() < 0.5 THEN to_jsonb(model.decimal(20, 3)) END,
        'tip', CASE WHEN random() < 0.5 THEN to_jsonb(model.decimal(20, 3)::numeric) END,
        'reserved_s', CASE WHEN random() < 0.35 THEN to_jsonb(model.decimal(10 ^ (random() * 5), 3)::numeric) END,
        'used', CASE WHEN random() < 0.4 THEN jsonb_build_object('distance_m', model.decimal(metres, 3)::numeric,
            'time_s', model.decimal(seconds, 3)::numeric, 'moving_s', model.decimal(seconds, 3)::numeric,
            'stopped_s', model.decimal(seconds, 3)::numeric, 'reserved_s', model.decimal(seconds, 3)::numeric) END))
    $$;

-- A start near a change of the zone's clock, a midnight, or a year's.
CREATE FUNCTION model.random_start(zone text, seconds float8) RETURNS timestamptz
    LANGUAGE sql VOLATILE
    AS $$
    SELECT date_trunc('second', (model.pick('2024-05-03 00:00', '2025-01-01 00:00', '2024-02-29 12:00', '2024-12-30 00:00',
            CASE zone WHEN 'America/New_York' THEN '2024-03-10 02:00' WHEN 'Australia/Lord_Howe' THEN '2024-04-07 02:00' ELSE '2024-03-31 02:00' END,
            CASE zone WHEN 'America/New_York' THEN '2024-11-03 02:00' WHEN 'Australia/Lord_Howe' THEN '2024-10-06 02:00' ELSE '2024-10-27 03:00' END)::timestamp
        AT TIME ZONE zone) - (random() * (seconds + 7200)) * interval '1 s')
        + CASE WHEN random() < 0.2 THEN floor(random() * 1000000) * interval '1 us' ELSE '0' END
    $$;

CREATE TYPE model.random_case AS (n bigint, tariff jsonb, legs model.leg[], started_at timestamptz, ended_at timestamptz, attributes jsonb,
    -- known by totals, without (duration) or with (moving) what was stopped; or a track
    trip text, distance_m numeric, stopped interval, track tripmeter.track, policy tripmeter.mileage_policy);

-- A random trip, by its totals.
CREATE FUNCTION model.totals_case(n bigint) RETURNS model.random_case
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    c model.random_case;
    zone text;
    seconds numeric;
BEGIN
    PERFORM model.seed(n);
    c.n := n;
    c.trip := model.pick('duration', 'moving');
    zone := model.pick('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Seoul', 'Australia/Lord_Howe');
    seconds := CASE WHEN model.chance(0.05) THEN 0 ELSE round((10 ^ (random() * 5.78))::numeric, CASE WHEN model.chance(0.3) THEN 6 ELSE 0 END) END;
    c.distance_m := CASE WHEN model.chance(0.08) THEN 0 ELSE round((10 ^ (random() * 6))::numeric, floor(random() * 4)::integer) END;
    c.started_at := model.random_start(zone, seconds::float8);
    c.ended_at := c.started_at + seconds * interval '1 s';
    c.stopped := CASE WHEN c.trip = 'duration' THEN interval '0' ELSE (c.ended_at - c.started_at) - floor(random() * extract(epoch FROM c.ended_at - c.started_at)::float8) * interval '1 s' END;
    c.legs := model.totals(c.distance_m, c.ended_at - c.started_at, c.stopped);
    c.tariff := model.random_tariff(zone, CASE c.trip WHEN 'duration' THEN '{distance,time,distance,time,reserved}'::text[] ELSE '{distance,time,moving,stopped,reserved}' END,
        '{D}', (c.started_at AT TIME ZONE zone)::date, c.distance_m::float8, seconds::float8);
    c.attributes := model.random_attributes(c.distance_m::float8, seconds::float8);
    RETURN c;
END $$;

-- Fixes by which a vehicle parks, creeps and drives, under noise; now and then with a gap, a leap
-- that was none, one that was, and a fix that is not accurate or at (0,0). The last one is good.
CREATE FUNCTION model.random_track(started_at timestamptz) RETURNS tripmeter.track
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    count integer := 2 + floor(random() * 40)::integer;
    paces float8[] := ARRAY(SELECT (ARRAY[0, 0, 3, 12, 25])[1 + floor(random() * 5)::integer] FROM generate_series(0, count / 6));
    noise float8 := (ARRAY[0, 8, 20])[1 + floor(random() * 3)::integer];
    track tripmeter.track;
BEGIN
    WITH fixes AS (
        SELECT i, floor(10 ^ (random() * 1.9) * CASE WHEN random() < 0.1 THEN 15 ELSE 1 END) AS took, paces[1 + i / 6] * random() AS speed,
            noise * (random() - 0.5) AS east, noise * (random() - 0.5) AS north,
            CASE WHEN random() < 0.04 THEN 1 ELSE 0 END AS astray, CASE WHEN random() < 0.02 THEN 0.2 ELSE 0 END AS leap,
            random() < 0.02 AS nowhere, CASE WHEN random() < 0.05 THEN 400 WHEN random() < 0.5 THEN 10 END AS accuracy
        FROM generate_series(1, count) i
    ), places AS (
        SELECT i, sum(took) OVER path AS at, sum(took * speed) OVER path + east AS far, north, astray + sum(leap) OVER path AS off, nowhere, accuracy
        FROM fixes WINDOW path AS (ORDER BY i)
    ) SELECT tripmeter.track(started_at + at * interval '1 s', CASE WHEN nowhere AND i < count THEN 0 ELSE 10 + far / 100000 END,
        CASE WHEN nowhere AND i < count THEN 0 ELSE 50 + far / 200000 * sin(far / 5000) + north / 111000 + off END,
        NULL, CASE WHEN i < count THEN accuracy END::real)
    INTO track FROM (SELECT 0, 0::float8, 0::float8, 0::float8, 0::float8, false, NULL::float8 UNION ALL SELECT * FROM places)
        f (i, at, far, north, off, nowhere, accuracy);
    RETURN track;
END $$;

CREATE FUNCTION model.random_policy() RETURNS text
    LANGUAGE sql VOLATILE
    AS $$ SELECT model.pick('default', 'default', 'default', 'default gap_threshold=60 gap_counts_as=exclude', 'default jitter_radius=35 max_speed=20',
        'raw', 'raw gap_threshold=300', 'raw jitter_radius=15') $$;

-- The legs of a track as tripmeter.legs has them, and how much of each was rest. What was at rest
-- of the time from one fix to another comes first if the way led out of a stop, and that is what
-- the recording, and what follows a gap, begins with.
CREATE FUNCTION model.legs_of(track tripmeter.track, policy tripmeter.mileage_policy) RETURNS model.leg[]
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    started_at timestamptz := (tripmeter.mileage_report(track, policy)).first_time;
    radius float8 := coalesce(substring(policy::text FROM 'jitter_radius=([0-9.]+)')::float8, 0);
    in_stop boolean := radius > 0;
    l record;
    from_us bigint;
    us bigint;
    legs model.leg[] := '{}';
BEGIN
    FOR l IN
        SELECT *, until - coalesce(lag(until) OVER (ORDER BY ordinality), 0) AS mm,
            from_time IS DISTINCT FROM lead(from_time) OVER (ORDER BY ordinality) AS last
        FROM (SELECT *, round(1000 * sum(CASE WHEN counted THEN metres ELSE 0 END) OVER (ORDER BY ordinality)) AS until
            FROM tripmeter.legs(track, policy) WITH ORDINALITY WHERE class IN ('moving', 'stopped', 'gap')) told
        ORDER BY ordinality
    LOOP
        us := round(l.seconds * 1000000);
        from_us := model.microseconds(l.from_time, started_at);
        IF (l.class = 'moving') = in_stop THEN
            from_us := model.microseconds(l.to_time, started_at) - us;
        END IF;
        legs := legs || (from_us, from_us + us, l.mm, l.class, CASE l.class WHEN 'moving' THEN us ELSE 0 END,
            CASE l.class WHEN 'stopped' THEN us ELSE 0 END)::model.leg;
        IF l.last THEN
            in_stop := radius > 0 AND (l.class = 'gap'
                OR NOT in_stop AND ST_Distance(l.from_position::geography, l.to_position::geography) <= radius);
        END IF;
    END LOOP;
    RETURN ARRAY(SELECT leg FROM unnest(legs) leg ORDER BY (leg).from_us, (leg).to_us);
END $$;

-- A random trip as a track.
CREATE FUNCTION model.track_case(n bigint) RETURNS model.random_case
    LANGUAGE plpgsql VOLATILE
    AS $$
DECLARE
    c model.random_case;
    zone text;
    seconds float8;
    metres float8;
BEGIN
    PERFORM model.seed(-n);
    c.n := n;
    c.trip := 'track';
    zone := model.pick('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Seoul', 'Australia/Lord_Howe');
    c.track := model.random_track(model.random_start(zone, 3600));
    c.policy := model.random_policy();
    c.legs := model.legs_of(c.track, c.policy);
    SELECT first_time, last_time, distance_m, extract(epoch FROM last_time - first_time) INTO c.started_at, c.ended_at, metres, seconds
    FROM tripmeter.mileage_report(c.track, c.policy);
    c.tariff := model.random_tariff(zone, '{distance,time,moving,stopped,reserved}', '{S,S,K,D}', (c.started_at AT TIME ZONE zone)::date, metres, seconds);
    c.attributes := model.random_attributes(metres, seconds);
    RETURN c;
END $$;
