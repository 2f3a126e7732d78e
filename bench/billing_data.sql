-- A million trips of 10,000 customers, of up to 40 km and 90 minutes, in 90 days; and the
-- fares to be computed, as tariffs and as what one would write without them.

CREATE FUNCTION random_number(seed int, below int) RETURNS int LANGUAGE sql IMMUTABLE
    RETURN (hashint4extended(seed, below) & x'7fffffff'::bigint) % below;

CREATE TABLE trips AS
SELECT trip, 1 + random_number(trip, 10000) AS customer,
       '2024-01-01 00:00+00'::timestamptz + random_number(trip, 90 * 86400) * interval '1 second' AS started_at,
       (500000 + random_number(trip, 39500000)) / 1000.0::float8 AS distance_m,
       (60000 + random_number(trip, 5340000)) * interval '1 millisecond' AS duration
FROM generate_series(1, 1000000) trip;

-- Base, distance, time, minimum.  A function that is not said to be safe keeps a query from
-- being planned in parallel, even where only its result is in the plan.
CREATE FUNCTION simple_tariff() RETURNS tripmeter.tariff LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN '{
    "tariff": 1, "currency": "EUR", "base": "2.50", "minimum": "6.00",
    "rates": [{"dimension": "distance", "price": "1.80", "unit": "km"},
              {"dimension": "time", "price": "0.35", "unit": "min"}]}'::tripmeter.tariff;

-- Six windows of the local clock, each with a rate by distance and one by time, in steps.
CREATE FUNCTION window_tariff() RETURNS tripmeter.tariff LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN '{
    "tariff": 1, "currency": "EUR", "time_zone": "Europe/Berlin", "base": "2.50", "minimum": "6.00",
    "rates": [
        {"dimension": "distance", "price": "2.20", "unit": "km", "step": "100 m",
         "when": {"hours": ["06:00-10:00"], "weekdays": ["mon", "tue", "wed", "thu", "fri"]}},
        {"dimension": "distance", "price": "1.80", "unit": "km", "step": "100 m",
         "when": {"hours": ["10:00-16:00"], "weekdays": ["mon", "tue", "wed", "thu", "fri"]}},
        {"dimension": "distance", "price": "2.30", "unit": "km", "step": "100 m",
         "when": {"hours": ["16:00-20:00"], "weekdays": ["mon", "tue", "wed", "thu", "fri"]}},
        {"dimension": "distance", "price": "2.60", "unit": "km", "step": "100 m",
         "when": {"hours": ["20:00-06:00"], "weekdays": ["mon", "tue", "wed", "thu", "fri"]}},
        {"dimension": "distance", "price": "2.00", "unit": "km", "step": "100 m",
         "when": {"hours": ["06:00-20:00"], "weekdays": ["sat", "sun"]}},
        {"dimension": "distance", "price": "2.80", "unit": "km", "step": "100 m",
         "when": {"hours": ["20:00-06:00"], "weekdays": ["sat", "sun"]}},
        {"dimension": "time", "price": "0.40", "unit": "min", "step": "30 s",
         "when": {"hours": ["06:00-10:00"], "weekdays": ["mon", "tue", "wed", "thu", "fri"]}},
        {"dimension": "time", "price": "0.30", "unit": "min", "step": "30 s",
         "when": {"hours": ["10:00-16:00"], "weekdays": ["mon", "tue", "wed", "thu", "fri"]}},
        {"dimension": "time", "price": "0.45", "unit": "min", "step": "30 s",
         "when": {"hours": ["16:00-20:00"], "weekdays": ["mon", "tue", "wed", "thu", "fri"]}},
        {"dimension": "time", "price": "0.35", "unit": "min", "step": "30 s",
         "when": {"hours": ["20:00-06:00"], "weekdays": ["mon", "tue", "wed", "thu", "fri"]}},
        {"dimension": "time", "price": "0.32", "unit": "min", "step": "30 s",
         "when": {"hours": ["06:00-20:00"], "weekdays": ["sat", "sun"]}},
        {"dimension": "time", "price": "0.38", "unit": "min", "step": "30 s",
         "when": {"hours": ["20:00-06:00"], "weekdays": ["sat", "sun"]}}]}'::tripmeter.tariff;

-- The same fare, rate by rate and day by day, in arrays.
CREATE FUNCTION rates_fare(distance_m float8, duration interval, started_at timestamptz) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    dimensions CONSTANT text[] := '{distance, distance, distance, distance, distance, distance, time, time, time, time, time, time}';
    opens CONSTANT interval[] := '{6h, 10h, 16h, 20h, 6h, 20h, 6h, 10h, 16h, 20h, 6h, 20h}';
    closes CONSTANT interval[] := '{10h, 16h, 20h, 30h, 20h, 30h, 10h, 16h, 20h, 30h, 20h, 30h}';
    weekend CONSTANT boolean[] := '{f, f, f, f, t, t, f, f, f, f, t, t}';
    prices CONSTANT numeric[] := '{2.20, 1.80, 2.30, 2.60, 2.00, 2.80, 0.40, 0.30, 0.45, 0.35, 0.32, 0.38}';
    all_mm CONSTANT bigint := distance_m * 1000;
    all_us CONSTANT bigint := extract(epoch FROM duration) * 1000000;
    ended_at CONSTANT timestamptz := started_at + duration;
    first CONSTANT date := (started_at AT TIME ZONE 'Europe/Berlin')::date - 1;
    last CONSTANT date := (ended_at AT TIME ZONE 'Europe/Berlin')::date;
    quantity bigint;
    from_us bigint;
    to_us bigint;
    fare numeric := 2.50;
BEGIN
    FOR r IN 1 .. 12 LOOP
        quantity := 0;
        FOR day IN 0 .. last - first LOOP
            CONTINUE WHEN (extract(isodow FROM first + day) > 5) <> weekend[r];
            from_us := extract(epoch FROM greatest((first + day + opens[r]) AT TIME ZONE 'Europe/Berlin', started_at) - started_at) * 1000000;
            to_us := extract(epoch FROM least((first + day + closes[r]) AT TIME ZONE 'Europe/Berlin', ended_at) - started_at) * 1000000;
            CONTINUE WHEN from_us >= to_us;
            IF dimensions[r] = 'time' THEN
                quantity := quantity + to_us - from_us;
            ELSE
                quantity := quantity + all_mm * to_us / all_us - all_mm * from_us / all_us;
            END IF;
        END LOOP;
        IF dimensions[r] = 'time' THEN
            fare := fare + (quantity + 29999999) / 30000000 * prices[r] / 2;
        ELSE
            fare := fare + (quantity + 99999) / 100000 * prices[r] / 10;
        END IF;
    END LOOP;
    RETURN round(greatest(fare, 6.00), 2);
END $$;

-- The same once more, as fast as we could make it for these windows alone: one pass over
-- the windows that a trip meets, whole numbers where they do.
CREATE FUNCTION window_fare(distance_m float8, duration interval, started_at timestamptz) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    km_prices CONSTANT numeric[] := '{2.20, 1.80, 2.30, 2.60, 2.00, 2.80}';
    minute_prices CONSTANT numeric[] := '{0.40, 0.30, 0.45, 0.35, 0.32, 0.38}';
    all_mm CONSTANT bigint := distance_m * 1000;
    all_us CONSTANT bigint := extract(epoch FROM duration) * 1000000;
    ended_at CONSTANT timestamptz := started_at + duration;
    mm bigint[] := '{0, 0, 0, 0, 0, 0}';
    us bigint[] := '{0, 0, 0, 0, 0, 0}';
    at timestamptz := started_at;
    us_before bigint := 0;
    us_after bigint;
    mm_before bigint := 0;
    mm_after bigint;
    local timestamp;
    hour int;
    day date;           -- on which the window began
    opened int;
    closes timestamp;
    fare numeric := 2.50;
BEGIN
    WHILE at < ended_at LOOP
        local := at AT TIME ZONE 'Europe/Berlin';
        hour := extract(hour FROM local);
        day := local - interval '6 hours';
        IF hour < 6 OR hour >= 20 THEN
            opened := CASE WHEN extract(isodow FROM day) > 5 THEN 6 ELSE 4 END;
            closes := day + interval '30 hours';
        ELSIF extract(isodow FROM day) > 5 THEN
            opened := 5;
            closes := day + interval '20 hours';
        ELSIF hour < 10 THEN
            opened := 1;
            closes := day + interval '10 hours';
        ELSIF hour < 16 THEN
            opened := 2;
            closes := day + interval '16 hours';
        ELSE
            opened := 3;
            closes := day + interval '20 hours';
        END IF;
        at := least(closes AT TIME ZONE 'Europe/Berlin', ended_at);
        us_after := extract(epoch FROM at - started_at) * 1000000;
        mm_after := all_mm * us_after / all_us;
        mm[opened] := mm[opened] + mm_after - mm_before;
        us[opened] := us[opened] + us_after - us_before;
        mm_before := mm_after;
        us_before := us_after;
    END LOOP;
    FOR i IN 1 .. 6 LOOP
        IF us[i] > 0 THEN
            fare := fare + (mm[i] + 99999) / 100000 * km_prices[i] / 10
                         + (us[i] + 29999999) / 30000000 * minute_prices[i] / 2;
        END IF;
    END LOOP;
    RETURN round(greatest(fare, 6.00), 2);
END $$;

-- A plan of a fee, kilometres included, a price beyond them, and a cap by day.
CREATE FUNCTION monthly_plan() RETURNS tripmeter.tariff LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN '{
    "tariff": 1, "currency": "EUR", "time_zone": "Europe/Berlin",
    "period": {"fee": {"amount": "19.00"},
               "allowances": [{"name": "kilometres", "dimension": "distance", "included": "500 km"}],
               "rates": [{"dimension": "distance", "price": "0.19", "unit": "km"}],
               "daily_cap": "80.00"}}'::tripmeter.tariff;

ALTER TABLE trips ADD amount numeric;
UPDATE trips SET amount = greatest(6.00, round(2.50 + distance_m::numeric / 1000 * 1.80 + extract(epoch FROM duration) / 60 * 0.35, 2));
VACUUM FULL trips;

-- A contest between different fares would be none.  In numeric a third of a minute is not
-- exact: where the exact fare is half a cent, SQL may be a cent lower.
DO $$
DECLARE
    wrong bigint;
BEGIN
    SELECT count(*) INTO wrong FROM trips
    WHERE tripmeter.fare(window_tariff(), distance_m, duration, started_at) IS DISTINCT FROM window_fare(distance_m, duration, started_at)
        OR trip <= 50000 AND window_fare(distance_m, duration, started_at) IS DISTINCT FROM rates_fare(distance_m, duration, started_at);
    IF wrong > 0 THEN
        RAISE EXCEPTION 'PL/pgSQL computes another fare of % trips', wrong;
    END IF;
    SELECT count(*) INTO wrong FROM trips
    WHERE (tripmeter.fare(simple_tariff(), distance_m, duration, started_at) IN (amount, amount + 0.01)) IS NOT TRUE;
    IF wrong > 0 THEN
        RAISE EXCEPTION 'SQL computes another fare of % trips', wrong;
    END IF;
END $$;

INSERT INTO contest VALUES
(11, 'fare(tariff, distance, duration, started_at), base, distance, time, minimum',
    'SELECT sum(tripmeter.fare(simple_tariff(), distance_m, duration, started_at)) FROM trips',
    'the same in SQL, in numeric',
    'SELECT sum(greatest(6.00, round(2.50 + distance_m::numeric / 1000 * 1.80 + extract(epoch FROM duration) / 60 * 0.35, 2))) FROM trips',
    'at most 1 times as long'),
(12, 'fare(...) of 12 rates with windows and steps',
    'SELECT sum(tripmeter.fare(window_tariff(), distance_m, duration, started_at)) FROM trips WHERE trip <= 400000',
    'the same in PL/pgSQL, rate by rate',
    'SELECT sum(rates_fare(distance_m, duration, started_at)) FROM trips WHERE trip <= 400000',
    'at least 20 times faster'),
(15, 'fare(...) of 12 rates with windows and steps',
    'SELECT sum(tripmeter.fare(window_tariff(), distance_m, duration, started_at)) FROM trips',
    'PL/pgSQL for these windows alone, in one pass',
    'SELECT sum(window_fare(distance_m, duration, started_at)) FROM trips',
    'faster'),
(13, 'fare(tariff, track) of a taximeter, mode S, stored tracks of 1,000 fixes',
    'SELECT sum(tripmeter.fare(''{"tariff": 1, "currency": "EUR", "base": "2.40", "meter": {"mode": "S",
        "distance": {"price": "1.20", "unit": "km"}, "time": {"price": "0.35", "unit": "min"}}}''::tripmeter.tariff, track)) FROM tracks',
    'mileage(track)',
    'SELECT sum(tripmeter.mileage(track)) FROM tracks',
    'at most 2 times as long'),
(14, 'invoice(plan, started_at, distance, duration, amount) by customer',
    'SELECT sum(total) FROM (SELECT tripmeter.invoice(monthly_plan(), started_at, distance_m, duration, amount) AS total FROM trips GROUP BY customer) t',
    'sum(amount) by customer',
    'SELECT sum(total) FROM (SELECT sum(amount) AS total FROM trips GROUP BY customer) t',
    'at most 4 times as long');
