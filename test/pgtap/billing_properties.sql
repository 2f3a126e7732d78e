-- What holds of every tariff and every trip: lines add up to the fare, more costs no
-- less, every second is priced once on whatever day, bounds bound, and no size of trip
-- or price makes a wrong amount.

BEGIN;
SELECT plan(128);
-- What SQL needs to find the operators of a type in another schema.
SET LOCAL search_path = public, tripmeter;
SET LOCAL timezone = 'UTC';

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

-- One of several, at random.
CREATE FUNCTION pg_temp.one_of(n bigint, salt bigint, choices anycompatiblearray) RETURNS anycompatible
    LANGUAGE sql IMMUTABLE
    AS 'SELECT choices[1 + floor(pg_temp.uniform(n, salt) * cardinality(choices))::integer]';

-- An amount from 0 to a limit, in cents.
CREATE FUNCTION pg_temp.amount(n bigint, salt bigint, "limit" numeric) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS 'SELECT round(pg_temp.uniform(n, salt)::numeric * "limit", 2)::text';

-- Random tariffs
-- Those that are steady never take back what was charged: their conditions do not move
-- a begun step to another price, and no volume makes all of it cheaper.

CREATE FUNCTION pg_temp.condition(n bigint, salt bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_temp.one_of(n, salt, ARRAY[
        '{"hours": ["22:00-06:00"]}', '{"hours": ["06:00-10:00", "15:30-19:00"], "weekdays": ["mon", "tue", "wed", "thu", "fri"]}',
        '{"weekdays": ["sat", "sun"]}', '{"elapsed": {"from": "10 min", "to": "2 h"}}', '{"attributes": {"class": ["van", 7]}}',
        '{"hours": ["23:00-03:00"], "evaluate": "start"}', '{"not": {"hours": ["01:30-02:30"]}}',
        '{"dates": ["2024-03-31", "2024-10-27"], "hours": ["20:00-08:00"], "date_of": "instant"}']::jsonb[])
$$;

CREATE FUNCTION pg_temp.pricing(n bigint, salt bigint, unit text, steady boolean) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE pg_temp.one_of(n, salt, CASE WHEN steady THEN '{0,0,0,1,2,3}' ELSE '{0,0,0,1,2,3,4}'::integer[] END)
        WHEN 0 THEN jsonb_build_object('price', pg_temp.amount(n, salt + 1, 3), 'unit', unit)
        WHEN 1 THEN jsonb_build_object('price', pg_temp.amount(n, salt + 1, 3), 'unit', 'once')
        WHEN 2 THEN jsonb_build_object('tiers', jsonb_build_object('mode', 'graduated', 'unit', unit, 'bounds', jsonb_build_array(
            jsonb_build_object('to', '3.5', 'price', pg_temp.amount(n, salt + 1, 3)),
            jsonb_build_object('to', '20', 'price', pg_temp.amount(n, salt + 2, 3), 'flat', pg_temp.amount(n, salt + 3, 3)),
            jsonb_build_object('price', pg_temp.amount(n, salt + 4, 3)))))
        WHEN 3 THEN jsonb_build_object('tiers', jsonb_build_object('mode', 'package', 'unit', unit, 'bounds',
            jsonb_build_array(jsonb_build_object('price', pg_temp.amount(n, salt + 1, 3)))))
        ELSE jsonb_build_object('tiers', jsonb_build_object('mode', 'volume', 'unit', unit, 'bounds', jsonb_build_array(
            jsonb_build_object('to', '10', 'price', pg_temp.amount(n, salt + 1, 3)),
            jsonb_build_object('price', pg_temp.amount(n, salt + 2, 3), 'flat', pg_temp.amount(n, salt + 3, 3)))))
    END
$$;

CREATE FUNCTION pg_temp.rate(n bigint, salt bigint, dimension text, steady boolean, conditional boolean) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT pricing || jsonb_strip_nulls(jsonb_build_object(
        'name', CASE WHEN pricing ? 'price' AND pricing ->> 'unit' <> 'once' THEN 'linear ' ELSE 'other ' END || salt,
        'dimension', dimension,
        'step', CASE WHEN pg_temp.uniform(n, salt + 11) < 0.4 THEN pg_temp.one_of(n, salt + 12,
            CASE dimension WHEN 'distance' THEN '{1 km,250 m,0.1 mi}' ELSE '{1 min,5 min,7 s}'::text[] END) END,
        'rounding', CASE WHEN pg_temp.uniform(n, salt + 11) < 0.4 THEN pg_temp.one_of(n, salt + 13, '{up,up,down,nearest,none}'::text[]) END,
        'free', CASE WHEN pg_temp.uniform(n, salt + 14) < 0.2 THEN CASE dimension WHEN 'distance' THEN '1.5 km' ELSE '4 min' END END,
        'from', CASE WHEN pg_temp.uniform(n, salt + 15) < 0.2 THEN CASE dimension WHEN 'distance' THEN '500 m' ELSE '90 s' END END,
        'to', CASE WHEN pg_temp.uniform(n, salt + 16) < 0.2 THEN CASE dimension WHEN 'distance' THEN '12 km' ELSE '40 min' END END,
        'when', CASE WHEN conditional AND pg_temp.uniform(n, salt + 17) < 0.5 THEN pg_temp.condition(n, salt + 18) END))
    FROM pg_temp.pricing(n, salt, pg_temp.one_of(n, salt + 10,
        CASE dimension WHEN 'distance' THEN '{km,mi,100 m}' ELSE '{min,15 min,h}'::text[] END), steady) AS pricing
$$;

CREATE FUNCTION pg_temp.rates(n bigint, steady boolean, conditional boolean) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_agg(pg_temp.rate(n, 1000 * k, dimension, steady, conditional) ORDER BY k), '[]')
    FROM unnest('{distance,distance,time,time,moving,stopped}'::text[]) WITH ORDINALITY AS d (dimension, k)
    WHERE pg_temp.uniform(n, 1000 * k + 99) < 0.4
$$;

CREATE TEMP TABLE tariffs AS
SELECT n, steady, conditional, line_step, fare_step, mode, doc, doc::text::tripmeter.tariff AS tariff,
    -- known from the duration alone
    NOT doc @? '$.rates[*] ? (@.dimension == "moving" || @.dimension == "stopped")' AS by_duration
FROM generate_series(1, 400) n,
    LATERAL (SELECT n % 2 = 0 AS steady, n % 4 < 2 AS conditional,
        CASE WHEN pg_temp.uniform(n, 1) < 0.3 THEN pg_temp.one_of(n, 2, '{0.01,0.05,0.001}'::text[]) END AS line_step,
        pg_temp.one_of(n, 3, '{0.01,0.01,0.05,1,0.001}'::text[]) AS fare_step,
        pg_temp.one_of(n, 4, '{half_up,half_up,half_even,half_down,up,down}'::text[]) AS mode) g,
    LATERAL (SELECT jsonb_strip_nulls(jsonb_build_object(
        'tariff', 1, 'currency', 'EUR', 'time_zone', pg_temp.one_of(n, 5, '{Europe/Berlin,America/New_York,UTC,Asia/Seoul}'::text[]),
        'rounding', jsonb_build_object('line', jsonb_build_object('step', line_step), 'fare', jsonb_build_object('step', fare_step, 'mode', mode),
                'cash', jsonb_build_object('step', '0.05')) - CASE WHEN line_step IS NULL THEN '{line}' ELSE '{}'::text[] END
            - CASE WHEN steady THEN '{}' ELSE '{cash}'::text[] END,
        'base', pg_temp.amount(n, 6, 5),
        'rates', pg_temp.rates(n, steady, conditional),
        'select', CASE WHEN NOT steady AND pg_temp.uniform(n, 7) < 0.4 THEN '{"time": "first", "distance": "first"}'::jsonb END,
        'meter', CASE WHEN pg_temp.uniform(n, 8) < 0.3 THEN jsonb_build_object('mode', 'D',
            'distance', jsonb_build_object('price', pg_temp.amount(n, 9, 2), 'unit', 'km'),
            'time', jsonb_build_object('price', pg_temp.amount(n, 10, 1), 'unit', 'min'),
            'increment', CASE WHEN pg_temp.uniform(n, 11) < 0.5 THEN '0.20' END,
            'covers', CASE WHEN pg_temp.uniform(n, 12) < 0.5 THEN '800 m' END) END,
        'multipliers', CASE WHEN pg_temp.uniform(n, 13) < 0.4 THEN jsonb_build_array(
            jsonb_strip_nulls(jsonb_build_object('name', 'extra', 'group', 'g', 'factor', pg_temp.one_of(n, 14, '{0.9,1.2,1.5,2}'::text[]),
                'when', CASE WHEN conditional AND NOT steady THEN pg_temp.condition(n, 15) END)),
            jsonb_build_object('factor', '1.1', 'group', 'g', 'to', '["base", "time", "meter"]'::jsonb)) END,
        'flat_fares', CASE WHEN conditional AND NOT steady AND pg_temp.uniform(n, 16) < 0.2
            THEN jsonb_build_array(jsonb_build_object('name', 'flat', 'amount', '30', 'when', pg_temp.condition(n, 17))) END,
        'surcharges', CASE WHEN pg_temp.uniform(n, 18) < 0.4 THEN jsonb_build_array(jsonb_build_object('name', 'toll', 'attribute', 'toll'),
            jsonb_build_object('name', 'fee', 'amount', pg_temp.amount(n, 19, 2), 'when', '{"attributes": {"class": "van"}}'::jsonb)) END,
        'minimum', CASE WHEN pg_temp.uniform(n, 20) < 0.3 THEN '7.35' END,
        'maximum', CASE WHEN pg_temp.uniform(n, 21) < 0.2 THEN '80' END,
        'caps', CASE WHEN conditional AND pg_temp.uniform(n, 22) < 0.3
            THEN '[{"amount": "21.99", "rolling": "90 min"}, {"amount": "40", "calendar": "day"}]'::jsonb END,
        'discounts', CASE WHEN pg_temp.uniform(n, 23) < 0.3
            THEN '[{"name": "member", "percent": "12.5"}, {"name": "voucher", "amount": "2.50"}]'::jsonb END,
        'tax', CASE WHEN pg_temp.uniform(n, 24) < 0.4 THEN CASE WHEN steady THEN '{"percent": "19"}'
            ELSE pg_temp.one_of(n, 25, ARRAY[
            '{"percent": "7", "by": {"time": "19", "discount": "19", "surcharge": "0"}}', '{"percent": "5.2", "included": true}']::jsonb[]) END END)) AS doc) d;

-- Random trips

-- 80 of 1 to 12 legs, of whole millimetres and milliseconds, some of them at rest.
-- They begin around the days on which clocks change.
CREATE TEMP TABLE legs AS
SELECT trip, n, mm, ms, sum(mm) OVER so_far AS travelled, sum(ms) OVER so_far AS elapsed
FROM generate_series(1, 80) trip, generate_series(1, 1 + trip % 12) n,
    LATERAL (SELECT 100 * trip + n AS leg) l,
    LATERAL (SELECT round(1000 * 10 ^ (3.8 - 3 * pg_temp.uniform(trip, 32) - pg_temp.uniform(leg, 33)))::bigint AS ms) t,
    LATERAL (SELECT CASE WHEN pg_temp.uniform(leg, 31) < 0.25 THEN 0 ELSE round(ms * 28 * pg_temp.uniform(leg, 34) ^ 2)::bigint END AS mm) m
WINDOW so_far AS (PARTITION BY trip ORDER BY n);

-- Due north, so that the lengths of legs add up.
CREATE FUNCTION pg_temp.drive(started_at timestamptz, travelled numeric[], elapsed numeric[]) RETURNS tripmeter.track
    LANGUAGE sql STABLE AS $$
    SELECT tripmeter.track(started_at + ms::bigint * interval '1 ms', ST_Project('POINT(8 20)'::geography, mm::float8 / 1000, 0)::geometry)
    FROM (SELECT 0::numeric, 0::numeric UNION ALL SELECT * FROM unnest(travelled, elapsed)) fix (mm, ms)
$$;

CREATE TEMP TABLE trips AS
SELECT trip, started_at, track, mm / 1000::float8 AS metres, ms * interval '1 ms' AS duration,
    still * interval '1 ms' AS stopped, (ms - still) * interval '1 ms' AS moving
FROM (SELECT trip, sum(mm) AS mm, sum(ms) AS ms, coalesce(sum(ms) FILTER (WHERE mm = 0), 0) AS still,
        pg_temp.one_of(trip, 35, '{2024-03-10,2024-03-31,2024-10-27,2024-11-03,2024-12-31,2024-06-07}'::timestamptz[])
            + round(86400 * pg_temp.uniform(trip, 36)) * interval '1 s' AS started_at,
        array_agg(travelled ORDER BY n) AS travelled, array_agg(elapsed ORDER BY n) AS elapsed
      FROM legs GROUP BY trip) t, LATERAL (SELECT pg_temp.drive(started_at, travelled, elapsed) AS track) d;

SELECT is(string_agg(trip::text, ' '), NULL, 'tracks have the metres and times that they were made of') FROM trips
WHERE round(tripmeter.length(track)::numeric, 3) <> round(metres::numeric, 3) OR tripmeter.duration(track) <> duration;

-- What each trip has as attributes.
CREATE FUNCTION pg_temp.attributes(n bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('class', pg_temp.one_of(n, 41, '{"\"van\"","7","\"sedan\""}'::jsonb[]), 'toll', pg_temp.amount(n, 42, 9))
        || CASE WHEN pg_temp.uniform(n, 43) < 0.5 THEN '{"payment": "cash"}' ELSE '{}'::jsonb END
$$;

-- Lines

CREATE TEMP TABLE bills AS
SELECT n, trip, kind_of_call, line_step, fare_step::numeric, mode, fare, l.*
FROM tariffs, trips, LATERAL (SELECT pg_temp.attributes(n) AS attributes) a, LATERAL (
    SELECT 'totals' AS kind_of_call, tripmeter.fare(tariff, metres, duration, started_at, attributes) AS fare WHERE by_duration
    UNION ALL SELECT 'two times', tripmeter.fare(tariff, metres, moving, stopped, started_at, attributes)
    UNION ALL SELECT 'track', tripmeter.fare(tariff, track, 'raw', attributes)) f, LATERAL (
    SELECT * FROM tripmeter.fare_lines(tariff, metres, duration, started_at, attributes) WHERE kind_of_call = 'totals'
    UNION ALL SELECT * FROM tripmeter.fare_lines(tariff, metres, moving, stopped, started_at, attributes) WHERE kind_of_call = 'two times'
    UNION ALL SELECT * FROM tripmeter.fare_lines(tariff, track, 'raw', attributes) WHERE kind_of_call = 'track') l
WHERE trip % 40 = n % 40;

SELECT cmp_ok(count(*), '>=', 20::bigint, 'there are enough lines of the kind ' || kind)
FROM unnest('{base,distance,time,moving,stopped,meter,flat,surcharge,minimum,maximum,cap,discount,tax,rounding,cash}'::text[]) kind
    LEFT JOIN bills USING (kind)
GROUP BY kind ORDER BY kind;
SELECT is(string_agg(format('%s: %s, %s', n, trip, kind_of_call), '; '), NULL, 'lines add up to the fare')
FROM (SELECT n, trip, kind_of_call FROM bills GROUP BY n, trip, kind_of_call, fare HAVING sum(amount) <> fare) wrong;
SELECT is(string_agg(format('%s: %s, %s, %s', n, trip, kind_of_call, line), '; '), NULL, 'an amount is its exact one to less than the smallest unit')
FROM bills WHERE kind NOT IN ('rounding', 'cash') AND abs(amount - exact_amount) >= least(fare_step, 0.01);
SELECT is(string_agg(format('%s: %s, %s', n, trip, kind_of_call), '; '), NULL, 'the fare is the sum of the exact amounts, rounded')
FROM (SELECT n, trip, kind_of_call FROM bills GROUP BY n, trip, kind_of_call, fare_step, mode
      HAVING abs(sum(exact_amount) FILTER (WHERE kind NOT IN ('rounding', 'cash')) - sum(amount) FILTER (WHERE kind <> 'cash'))
          > CASE WHEN mode IN ('up', 'down') THEN fare_step ELSE fare_step / 2 END + 1e-9
          OR sum(amount) FILTER (WHERE kind <> 'cash') % fare_step <> 0) wrong;
SELECT is(string_agg(format('%s: %s, %s, %s', n, trip, kind_of_call, line), '; '), NULL, 'with cash the fare is a number of cash steps') FROM bills
WHERE kind = 'cash' AND fare % 0.05 <> 0;
SELECT is(string_agg(format('%s: %s, %s, %s', n, trip, kind_of_call, line), '; '), NULL, 'an exact amount is quantity by rate by factor') FROM bills
WHERE line_step IS NULL AND rule LIKE 'linear %' AND kind IN ('distance', 'time', 'moving', 'stopped')
    AND abs(billed_quantity * rate * factor - exact_amount) > 1e-6;
SELECT cmp_ok(count(*), '>', 500::bigint, 'of which there are many') FROM bills WHERE line_step IS NULL AND rule LIKE 'linear %' AND exact_amount > 0;
SELECT is(string_agg(format('%s: %s, %s', n, trip, kind_of_call), '; '), NULL, 'lines are numbered from 1')
FROM (SELECT n, trip, kind_of_call FROM bills GROUP BY n, trip, kind_of_call 
      HAVING (min(line), max(line), count(DISTINCT line)) <> (1, count(*), count(*))) wrong;
SELECT cmp_ok(count(*), '>', 100::bigint, 'some lines are rounded each') FROM bills WHERE line_step IS NOT NULL;
SELECT is(string_agg(format('%s: %s, %s, %s', n, trip, kind_of_call, line), '; '), NULL, 'and then all that follows is of such a step') FROM bills
WHERE kind NOT IN ('rounding', 'cash') AND exact_amount % line_step::numeric <> 0;

-- Totals and tracks

-- Without a radius of jitter nothing is at rest.
SELECT is(string_agg(n || ': ' || trip, '; '), NULL, 'without conditions a track costs what its totals cost, by ' || policy::text)
FROM unnest('{raw,raw jitter_radius=20}'::tripmeter.mileage_policy[]) policy LEFT JOIN LATERAL (
    SELECT n, trip FROM tariffs, trips, tripmeter.mileage_report(track, policy) r, LATERAL (SELECT pg_temp.attributes(n) AS attributes) a
    WHERE NOT conditional AND trip % 40 = n % 40
        AND tripmeter.fare(tariff, distance_m, moving_time, stopped_time, started_at, attributes)
            <> tripmeter.fare(tariff, track, policy, attributes)) wrong ON true
GROUP BY policy::text ORDER BY policy::text;
SELECT cmp_ok(count(*), '>', 20::bigint, 'which lets some of them rest')
FROM trips, tripmeter.mileage_report(track, 'raw jitter_radius=20') WHERE stopped_time > '1 min';

-- More costs no less

SELECT is(string_agg(format('%s: %s, %s', n, trip, added), '; '), NULL, 'no fare falls with distance')
FROM tariffs, trips, unnest('{0.001,1,777.777,250000}'::float8[]) added
WHERE steady AND NOT conditional AND by_duration AND trip % 40 = n % 40
    AND tripmeter.fare(tariff, metres + added, duration, started_at) < tripmeter.fare(tariff, metres, duration, started_at);
SELECT is(string_agg(format('%s: %s, %s', n, trip, added), '; '), NULL, 'no fare falls with time')
FROM tariffs, trips, unnest('{1 us,1 s,00:07:13,5 days}'::interval[]) added
WHERE steady AND NOT conditional AND by_duration AND trip % 40 = n % 40
    AND tripmeter.fare(tariff, metres, duration + added, started_at) < tripmeter.fare(tariff, metres, duration, started_at);
SELECT is(string_agg(format('%s: %s, %s', n, trip, added), '; '), NULL, 'nor while conditions come and go, of those at rest')
FROM tariffs, trips, unnest('{1 us,1 s,00:07:13,5 days}'::interval[]) added
WHERE steady AND by_duration AND trip % 40 = n % 40
    AND tripmeter.fare(tariff, 0, duration + added, started_at) < tripmeter.fare(tariff, 0, duration, started_at);

-- The meter of a trip under way
CREATE TEMP TABLE readings AS
SELECT n, trip, k, tripmeter.meter_reading(tariff, track, started_at + duration * k / 7, 'raw', attributes) AS reading,
    tripmeter.fare(tariff, track, 'raw', attributes) AS fare
FROM tariffs, trips, generate_series(0, 7) k, LATERAL (SELECT pg_temp.attributes(n) - 'payment' AS attributes) a
WHERE steady AND trip % 40 = n % 40;
SELECT is(string_agg(DISTINCT format('%s: %s', n, trip), '; '), NULL, 'a meter never falls')
FROM (SELECT n, trip, reading < lag(reading) OVER (PARTITION BY n, trip ORDER BY k) AS fell FROM readings) r WHERE fell;
SELECT is(string_agg(format('%s: %s', n, trip), '; '), NULL, 'and ends at the fare') FROM readings WHERE k = 7 AND reading <> fare;
SELECT cmp_ok(count(*) FILTER (WHERE reading < fare), '>', 500::bigint, 'from less') FROM readings;

-- The taximeter

CREATE TEMP TABLE meters AS
SELECT n, mode, meter ? 'crossover' AS given, jsonb_build_object('tariff', 1, 'currency', 'EUR', 'base', pg_temp.amount(n, 51, 5),
    'time_zone', 'Europe/Berlin', 'rounding', '{"fare": {"step": "0.000001"}}'::jsonb, 'meter', meter) AS doc
FROM generate_series(1, 40) n, unnest('{S,K,D}'::text[]) mode, LATERAL (SELECT jsonb_strip_nulls(jsonb_build_object('mode', mode,
    'distance', jsonb_build_object('price', pg_temp.amount(n, 52, 3), 'unit', pg_temp.one_of(n, 53, '{km,0.2 mi,131 m}'::text[])),
    'time', jsonb_build_object('price', pg_temp.amount(n, 54, 1), 'unit', pg_temp.one_of(n, 55, '{min,30 s,36 s}'::text[])),
    'crossover', CASE WHEN n % 4 = 0 AND mode <> 'D' THEN pg_temp.one_of(n, 56, '{15.7 km/h,12 mph,5 m/s}'::text[]) END,
    'increment', CASE WHEN n % 3 > 0 THEN '0.10' END,
    'charge', CASE WHEN n % 3 = 2 THEN 'advance' END,
    'covers', CASE WHEN n % 2 = 0 THEN pg_temp.one_of(n, 57, '{1600 m,90 s}'::text[]) END)) AS meter) m;

CREATE TEMP TABLE metered AS
SELECT n, trip, mode, given, doc, metres, duration, started_at, tripmeter.fare(doc::text::tripmeter.tariff, track, 'raw') AS fare
FROM meters, trips;
SELECT is(string_agg(format('%s: %s', n, trip), '; '), NULL, 'S costs no more than K, nor K more than D')
FROM metered s JOIN metered k USING (n, trip) JOIN metered d USING (n, trip)
WHERE s.mode = 'S' AND k.mode = 'K' AND d.mode = 'D' AND NOT (s.fare <= k.fare AND k.fare <= d.fare);
SELECT cmp_ok(count(*), '>', 200::bigint, 'and often less')
FROM metered s JOIN metered k USING (n, trip) JOIN metered d USING (n, trip)
WHERE s.mode = 'S' AND k.mode = 'K' AND d.mode = 'D' AND s.fare < k.fare AND k.fare < d.fare;

-- One leg of each trip is cut in two.
CREATE TEMP TABLE splits AS
SELECT trip, pg_temp.drive(started_at, array_agg(at_mm ORDER BY at_ms), array_agg(at_ms ORDER BY at_ms)) AS track
FROM trips JOIN (
    SELECT trip, travelled AS at_mm, elapsed AS at_ms FROM legs
    UNION ALL
    SELECT trip, travelled - round(mm * pg_temp.uniform(trip, 61)::numeric), elapsed - 1 - floor((ms - 1) * pg_temp.uniform(trip, 62)::numeric)
    FROM legs WHERE n = 1 + trip % 7 % (1 + trip % 12) AND ms > 1) cut USING (trip)
GROUP BY trip, started_at;
SELECT is(string_agg(format('%s: %s', n, trip), '; '), NULL, 'a leg that is split costs no less in S')
FROM metered JOIN splits USING (trip) WHERE mode = 'S' AND NOT given AND tripmeter.fare(doc::text::tripmeter.tariff, splits.track, 'raw') < fare;
SELECT cmp_ok(count(*), '>', 100::bigint, 'and often more')
FROM metered JOIN splits USING (trip) WHERE mode = 'S' AND NOT given AND tripmeter.fare(doc::text::tripmeter.tariff, splits.track, 'raw') > fare;

-- Bounds
SELECT is(string_agg(n || ': ' || trip, '; '), NULL, format('bounds hold the fare of every track, mode %s, cross-over %s',
    mode, CASE WHEN given THEN 'given' ELSE 'derived' END))
FROM (SELECT DISTINCT mode, given FROM metered) modes LEFT JOIN LATERAL (
    SELECT n, trip FROM metered m, tripmeter.fare_bounds(doc::text::tripmeter.tariff, metres, duration, started_at)
    WHERE m.mode = modes.mode AND m.given = modes.given AND NOT (low <= fare AND fare <= high)) wrong ON true
GROUP BY mode, given ORDER BY mode, given;
SELECT is(string_agg(format('%s: %s', n, trip), '; '), NULL, 'also where the meter''s price changes by the hour')
FROM meters, LATERAL (SELECT (doc || '{"multipliers": [{"factor": "1.4", "when": {"hours": ["22:00-05:00"]}}]}')::text::tripmeter.tariff AS tariff) t,
    trips, tripmeter.fare_bounds(tariff, metres, duration, started_at), tripmeter.fare(tariff, track, 'raw') AS fare
WHERE trip % 10 = n % 10 AND NOT (low <= fare AND fare <= high);
SELECT is(string_agg(format('%s: %s', n, trip), '; '), NULL, 'and of the other tariffs')
FROM tariffs, trips, tripmeter.fare_bounds(tariff, metres, duration, started_at), tripmeter.fare(tariff, track, 'raw') AS fare
WHERE NOT conditional AND by_duration
    AND trip % 40 = n % 40 AND NOT (low <= fare AND fare <= high);

-- Rentals: trips of one contract cost together what one trip would

CREATE TEMP TABLE rentals AS
SELECT n, jsonb_build_object('tariff', 1, 'currency', 'EUR', 'rounding', '{"fare": {"step": "0.000000001"}}'::jsonb, 'rates', jsonb_build_array(
    jsonb_build_object('dimension', 'distance', 'per', 'rental') || jsonb_strip_nulls(jsonb_build_object(
        'free', CASE WHEN n % 2 = 0 THEN '7 km' END, 'step', CASE WHEN n % 3 = 0 THEN '250 m' END,
        'from', CASE WHEN n % 5 = 0 THEN '3 km' END, 'to', CASE WHEN n % 7 = 0 THEN '60 km' END))
        || CASE WHEN n % 4 = 0 THEN '{"tiers": {"mode": "package", "unit": "10 km", "bounds": [{"price": "4"}]}}'
            WHEN n % 4 = 1 THEN '{"tiers": {"mode": "graduated", "unit": "km", "bounds": [
                {"to": "12.5", "price": "1.13", "flat": "2"}, {"to": "50", "price": "0.87", "flat": "1.50"}, {"price": "0.4"}]}}'
            ELSE '{"price": "0.39", "unit": "km"}'::jsonb END,
    jsonb_build_object('dimension', 'time', 'per', 'rental', 'price', '0.07', 'unit', 'min', 'step', '1 min')))::text::tripmeter.tariff AS tariff
FROM generate_series(1, 60) n;
SELECT is(string_agg(n::text, ' '), NULL, 'the trips of a rental cost together what one trip of all would') FROM (
    SELECT n FROM rentals, generate_series(1, 5) k,
        LATERAL (SELECT round(pg_temp.uniform(10 * n + k, 71) * 25000000) / 1000 AS metres, round(pg_temp.uniform(10 * n + k, 72) * 4000000) AS ms) trip,
        LATERAL (SELECT coalesce(sum(round(pg_temp.uniform(10 * n + j, 71) * 25000000) / 1000), 0) AS used_m,
                    coalesce(sum(round(pg_temp.uniform(10 * n + j, 72) * 4000000)), 0) AS used_ms
                 FROM generate_series(1, k - 1) j) before
    GROUP BY n, tariff::text
    HAVING sum(tripmeter.fare(tariff, metres, ms * interval '1 ms', '2024-05-02Z',
            jsonb_build_object('used', jsonb_build_object('distance_m', used_m, 'time_s', used_ms / 1000))))
        <> tripmeter.fare(tariff::text::tripmeter.tariff, sum(metres), sum(ms) * interval '1 ms', '2024-05-02Z')) wrong;

-- The clock

CREATE FUNCTION pg_temp.at_clock(zone text, rates text, started_at timestamptz, duration interval) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT tripmeter.fare(format('{"tariff": 1, "currency": "EUR", "time_zone": "%s", "rates": %s}', zone, rates)::tripmeter.tariff,
        0, duration, started_at)
$$;

-- The days on which clocks change
CREATE TEMP TABLE days AS
SELECT zone, day, day::timestamp AT TIME ZONE zone AS begins, (day + 1)::timestamp AT TIME ZONE zone - day::timestamp AT TIME ZONE zone AS length
FROM (VALUES ('Europe/Berlin', '2024-03-31'::date), ('Europe/Berlin', '2024-10-27'),
    ('America/New_York', '2024-03-10'), ('America/New_York', '2024-11-03')) AS d (zone, day);

SELECT is(pg_temp.at_clock(zone, '[{"dimension": "time", "price": "1", "unit": "h"}]', begins, length), expected,
    format('%s in %s has %s hours', day, zone, expected))
FROM days JOIN (VALUES ('2024-03-31'::date, 23.00), ('2024-10-27', 25.00), ('2024-03-10', 23.00), ('2024-11-03', 25.00)) AS e (day, expected) USING (day);
SELECT is(pg_temp.at_clock(zone, format('[{"dimension": "time", "price": "1", "unit": "h", "when": {"hours": ["%s"]}}]', hours), begins, length), expected,
    format('%s in %s: of %s it has %s hours', day, zone, hours, expected))
FROM days JOIN (VALUES
    ('2024-03-31'::date, '02:00-03:00', 0.00), ('2024-03-31', '01:30-02:30', 0.50), ('2024-03-31', '02:30-03:30', 0.50), ('2024-03-31', '00:00-06:00', 5.00),
    ('2024-10-27', '02:00-03:00', 2.00), ('2024-10-27', '02:00-02:30', 0.50), ('2024-10-27', '02:30-03:00', 1.50), ('2024-10-27', '22:00-06:00', 9.00),
    ('2024-03-10', '02:00-03:00', 0.00), ('2024-03-10', '02:15-03:15', 0.25), ('2024-03-10', '22:00-06:00', 7.00),
    ('2024-11-03', '01:00-02:00', 2.00), ('2024-11-03', '01:00-01:15', 0.25), ('2024-11-03', '01:15-02:00', 1.75), ('2024-11-03', '00:00-24:00', 25.00)
) AS e (day, hours, expected) USING (day);

-- Windows that tile a day, at random minutes; the last one crosses midnight.
CREATE TEMP TABLE tilings AS
SELECT n, jsonb_agg(jsonb_build_object('name', cut::text, 'dimension', 'time', 'price', '1', 'unit', 'h', 'when',
    jsonb_build_object('hours', jsonb_build_array(to_char(cut, 'HH24:MI') || '-' || to_char(next_cut, 'HH24:MI')))))::text AS rates
FROM (SELECT n, cut, coalesce(lead(cut) OVER (PARTITION BY n ORDER BY cut), min(cut) OVER (PARTITION BY n)) AS next_cut
      FROM (SELECT DISTINCT n, '00:00'::time + floor((CASE WHEN k < 4 THEN 240 ELSE 1440 END) * pg_temp.uniform(10 * n + k, 81)) * interval '1 min' AS cut
            FROM generate_series(1, 30) n, generate_series(1, 3 + n % 5) k) cuts) windows
WHERE cut <> next_cut GROUP BY n;
SELECT is(string_agg(n::text, ' '), NULL, format('windows that tile %s in %s price each second once', day, zone))
FROM days LEFT JOIN tilings ON pg_temp.at_clock(zone, rates, begins, length) <> extract(epoch FROM length) / 3600
    OR pg_temp.at_clock(zone, rates, begins - interval '1 day 5 h', '3 days 17 h') <> 89
GROUP BY zone, day ORDER BY zone, day;

-- Each quarter of an hour around those days, and when each local time of them is first reached.
CREATE TEMP TABLE quarters AS
SELECT zone, day, t, t AT TIME ZONE zone AS local FROM days, generate_series(begins - interval '4 days', begins + interval '5 days', '15 min') t;
CREATE TEMP TABLE local_times AS
SELECT zone, day, x AS local, min(t) AS first
FROM days JOIN quarters USING (zone, day), generate_series(day - interval '3 days', day + interval '4 days', '15 min') x WHERE quarters.local >= x
GROUP BY zone, day, x;
CREATE TEMP TABLE clock_conditions AS
SELECT n, zone, day, date_of, weekday, begins - interval '1 day' + floor(140 * pg_temp.uniform(n, 91)) * interval '15 min' AS started_at,
    (1 + floor(150 * pg_temp.uniform(n, 92))) * interval '15 min' AS duration, from_time, to_time
FROM generate_series(1, 400) n JOIN (SELECT row_number() OVER () AS k, * FROM days) d ON k = 1 + n % 4,
    LATERAL (SELECT floor(96 * pg_temp.uniform(n, 93) ^ (1 + n % 3)) * interval '15 min' AS from_time,
            pg_temp.one_of(n, 95, '{window,instant}'::text[]) AS date_of,
        CASE WHEN pg_temp.uniform(n, 96) < 0.6 THEN pg_temp.one_of(n, 97, '{6,7,7,1}'::integer[]) END AS weekday) w,
    LATERAL (SELECT from_time + (1 + floor(95 * pg_temp.uniform(n, 94))) * interval '15 min' AS to_time) e;
ANALYZE local_times;
CREATE TEMP TABLE windows AS
SELECT n, a.first AS begins, b.first AS ends
FROM clock_conditions c, generate_series(c.day - 2, c.day + 2, '1 day') d, local_times a, local_times b
WHERE a.local = d + from_time AND b.local = d + to_time AND (a.zone, a.day) = (c.zone, c.day) AND (b.zone, b.day) = (c.zone, c.day)
    AND (weekday IS NULL OR date_of = 'instant' OR extract(isodow FROM d) = weekday);
CREATE TEMP TABLE priced_quarters AS
SELECT n, zone, started_at, duration,
    (SELECT count(*) FROM quarters q
     WHERE (q.zone, q.day) = (c.zone, c.day) AND t >= started_at AND t < started_at + duration
        AND (weekday IS NULL OR date_of = 'window' OR extract(isodow FROM q.local) = weekday)
        AND EXISTS (SELECT FROM windows w WHERE w.n = c.n AND t >= begins AND t < ends)) AS expected,
    jsonb_build_object('dimension', 'time', 'price', '1', 'unit', '15 min', 'when', jsonb_strip_nulls(jsonb_build_object('date_of', CASE WHEN weekday IS NOT NULL THEN date_of END,
        'hours', jsonb_build_array(to_char('2000-01-01'::timestamp + from_time, 'HH24:MI') || '-' || to_char('2000-01-01'::timestamp + to_time, 'HH24:MI')),
        'weekdays', CASE weekday WHEN 1 THEN '["mon"]' WHEN 6 THEN '["sat"]' WHEN 7 THEN '["sun"]'::jsonb END))) AS rate
FROM clock_conditions c;
SELECT is(string_agg(format('%s: %s', n, expected), '; '), NULL, 'windows are those of a clock that is looked at every quarter of an hour')
FROM priced_quarters WHERE pg_temp.at_clock(zone, jsonb_build_array(rate)::text, started_at, duration) <> expected;
SELECT is(string_agg(format('%s: %s', n, expected), '; '), NULL, 'and what is not in them is the rest')
FROM priced_quarters
WHERE pg_temp.at_clock(zone, jsonb_build_array(jsonb_set(rate, '{when}', jsonb_build_object('not', rate -> 'when')))::text, started_at, duration)
    <> extract(epoch FROM duration) / 900 - expected;
SELECT cmp_ok(count(*) FILTER (WHERE expected > 0), '>', 150::bigint, 'many of them hold something') FROM priced_quarters;

-- Long trips, and the turn of the year

SELECT is(tripmeter.fare(format('{"tariff": 1, "currency": "EUR", "time_zone": "Europe/Berlin", "rates": [
        {"dimension": "time", "price": "1.00", "unit": "h", "when": {"hours": ["06:00-22:00"]}},
        {"dimension": "time", "price": "0.50", "unit": "h", "when": {"hours": ["22:00-06:00"]}}] %s}', more)::tripmeter.tariff,
    0, '169 h'::interval, '2024-10-24 00:00 Europe/Berlin'), expected, 'a week with a 25-hour day' || more)
FROM (VALUES ('', 140.50), (', "caps": [{"amount": "10", "calendar": "day"}]', 70.00), (', "caps": [{"amount": "50", "calendar": "week"}]', 100.00),
    (', "caps": [{"amount": "15", "rolling": "24 h"}]', 105.50)) AS v (more, expected);
SELECT is(pg_temp.at_clock('Europe/Berlin', format('[{"dimension": "time", "price": "1", "unit": "h", "when": %s}]', condition),
        started_at, duration), expected,
    format('%s from %s: %s', duration, started_at, condition))
FROM (VALUES
    ('{"dates": ["2025-01-01"]}', '2024-12-31 23:30+01'::timestamptz, '1 h'::interval, 0.50),
    ('{"dates": ["2024-12-30/2025-01-01"]}', '2024-12-29 12:00+01', '4 days', 72.00),
    ('{"hours": ["22:00-06:00"], "dates": ["2024-12-31"]}', '2024-12-31 21:00+01', '10 h', 8.00),
    ('{"hours": ["22:00-06:00"], "dates": ["2024-12-31"], "date_of": "instant"}', '2024-12-31 21:00+01', '10 h', 2.00),
    ('{"dates": ["2024-02-29"]}', '2024-02-28 12:00+01', '2 days', 24.00)) AS v (condition, started_at, duration, expected);
SELECT is(tripmeter.fare('{"tariff": 1, "currency": "EUR", "time_zone": "Europe/Berlin", "rates": [{"dimension": "time", "price": "1", "unit": "h"}],
    "caps": [{"amount": "20", "calendar": "month"}]}', 0, '72 h'::interval, '2024-12-30 00:00+01'), 40.00, 'two months have two caps');

-- Nothing, of distance or of time

SELECT is(tripmeter.fare('{"tariff": 1, "currency": "EUR", "time_zone": "Europe/Berlin", "base": "3", "rates": [
        {"dimension": "distance", "price": "2", "unit": "km", "when": {"hours": ["06:00-22:00"]}},
        {"dimension": "distance", "price": "5", "unit": "km", "when": {"hours": ["22:00-06:00"]}},
        {"dimension": "time", "price": "1", "unit": "min"},
        {"dimension": "distance", "price": "100", "unit": "once"}]}', metres, duration, started_at), expected,
    format('%s m in %s at %s', metres, duration, started_at))
FROM (VALUES (0, '0'::interval, '2024-05-02 12:00+02'::timestamptz, 3.00), (0, '5 min', '2024-05-02 12:00+02', 8.00),
    (1000, '0', '2024-05-02 12:00+02', 105.00),
    (1000, '0', '2024-05-02 23:00+02', 108.00), (1000, '0', '2024-05-02 22:00+02', 108.00),
    (1000, '5 min', '2024-05-02 12:00+02', 110.00)) AS v (metres, duration, started_at, expected);
SELECT is(tripmeter.fare('{"tariff": 1, "currency": "EUR", "base": "3",
        "meter": {"mode": "S", "distance": {"price": "1", "unit": "km"}, "time": {"price": "1", "unit": "min"}}}',
    tripmeter.track('2024-05-02Z'::timestamptz, 8, 50)), 3.00, 'a track of one fix costs its base');

-- Absurd sizes

-- What a call gives: its amount, or the SQLSTATE of its error.
CREATE FUNCTION pg_temp.outcome(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result numeric;
BEGIN
    EXECUTE call INTO result;
    RETURN result;
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE;
END $$;

CREATE FUNCTION pg_temp.quoted(price text, unit text DEFAULT 'km', dimension text DEFAULT 'distance') RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT quote_literal(format('{"tariff": 1, "currency": "EUR", "rates": [{"dimension": "%s", "price": "%s", "unit": "%s"}]}', dimension, price, unit))
$$;

SELECT ok(outcome IN ('22003', '22023'), format('an error: %s (%s)', arguments, outcome))
FROM unnest('{"1e18, ''1 h''","1e300, ''1 h''","''NaN'', ''1 h''","''Infinity'', ''1 h''","''-Infinity'', ''1 h''","-1, ''1 h''","-0.001, ''1 h''",
    "0, ''-1 us''","0, ''-1 h''","0, ''1 month''","0, ''1 month -30 days''",
    "1, ''1 h'', ''-1 h''","1, ''-1 h'', ''1 h''","1, ''1 h'', ''1 year''"}'::text[]) arguments,
    LATERAL (SELECT pg_temp.outcome(format('SELECT tripmeter.fare(%s, %s, ''2024-05-02Z''::timestamptz)', pg_temp.quoted('1'), arguments)) AS outcome) o;
SELECT ok(outcome IN ('22003', '22023', '22008'), format('an error: a start at %s (%s)', started_at, outcome))
FROM unnest('{infinity,-infinity}'::timestamptz[]) started_at,
    LATERAL (SELECT pg_temp.outcome(format('SELECT tripmeter.fare(%s, 1, ''1 h'', %L::timestamptz)', pg_temp.quoted('1'), started_at)) AS outcome) o;

-- At the end of time: there is none after it, but windows of caps that would be.
SELECT is(outcome, expected, format('%s from 294276-12-31 12:00: %s', duration, what))
FROM (VALUES ('12 h', '"base": "1"', '22008'), ('36000 days', '"base": "1"', '22008'), ('12 h -1 us', '"base": "1"', '1.00'),
        ('11 h', '"time_zone": "Asia/Seoul", "caps": [{"amount": "2", "calendar": "month"}]', '4.00'),
        ('11 h', '"time_zone": "America/New_York", "caps": [{"amount": "2", "calendar": "week"}]', '2.00'),
        ('11 h', '"caps": [{"amount": "2", "rolling": "100 day"}]', '2.00'), ('11 h', '"caps": [{"amount": "2", "rolling": "10 h"}]', '3.00')) AS v (duration, what, expected),
    LATERAL pg_temp.outcome(format('SELECT tripmeter.fare(%L, 1, %L::interval, ''294276-12-31 12:00Z''::timestamptz)',
        format('{"tariff": 1, "currency": "EUR", %s%s}', what, CASE WHEN what LIKE '%%caps%%' THEN ', "rates": [{"dimension": "time", "price": "1", "unit": "h"}]' ELSE '' END),
        duration)) outcome;
SELECT is(pg_temp.outcome(format('SELECT tripmeter.fare(%s, 1, %L::interval, %L::interval, ''2024-05-02Z''::timestamptz)', pg_temp.quoted('1'), moving, stopped)),
    expected, format('a century at most, moving and stopped together: %s and %s', moving, stopped))
FROM (VALUES ('36525 days', '0', '0.00'), ('36525 days', '1 us', '22003'), ('20000 days', '20000 days', '22003')) AS v (moving, stopped, expected);

-- Prices of up to 18 digits by distances of up to 15 digits of millimetres: the exact amount, or an error.
CREATE TEMP TABLE giants AS
SELECT n, price, metres, outcome, round(price * metres::text::numeric / unit_m, 2)::text AS expected
FROM generate_series(1, 400) n,
    LATERAL (SELECT round((10 ^ (8.6 * pg_temp.uniform(n, 111)))::numeric * (1 + pg_temp.uniform(n, 112))::numeric, 1 + n % 9) AS price,
        round((10 ^ (12 * pg_temp.uniform(n, 113)))::numeric, 3)::float8 AS metres) p,
    LATERAL (VALUES ('m', 1), ('km', 1000), ('mi', 1609.344), ('ft', 0.3048)) AS u (unit, unit_m),
    LATERAL (SELECT pg_temp.outcome(format('SELECT tripmeter.fare(%s, %s, ''1 h'', ''2024-05-02Z''::timestamptz)',
        pg_temp.quoted(price::text, unit), metres)) AS outcome) o;
SELECT is(string_agg(format('%s x %s: %s', price, metres, outcome), '; '), NULL, 'a giant is an error or exact')
FROM giants WHERE outcome NOT IN (expected, '22003');
SELECT cmp_ok(count(*) FILTER (WHERE outcome = expected), '>', 1000::bigint, 'mostly exact') FROM giants;

-- A price with the cents of its currency has at most 18 digits; fares have 64 bits of cents.
SELECT is(pg_temp.outcome(format('SELECT tripmeter.fare(%s, %s, ''1 h'', ''2024-05-02Z''::timestamptz)',
        pg_temp.quoted('9999999999999999', unit), metres)), expected,
    format('9999999999999999 per %s by %s m', unit, metres))
FROM (VALUES ('km', 1000, '9999999999999999.00'), ('m', 9e9, '22003')) AS v (unit, metres, expected);
-- Many of them at once: the sum is exact, or an error.
SELECT ok(outcome = '22003', 'nor is a sum of giants wrong: ' || outcome)
FROM pg_temp.outcome(format('SELECT tripmeter.fare(%L, 9e9, ''1 h'', ''2024-05-02Z''::timestamptz)',
    jsonb_build_object('tariff', 1, 'currency', 'EUR', 'rates',
    (SELECT jsonb_agg('{"dimension": "distance", "price": "9999999999999999", "unit": "m"}'::jsonb) FROM generate_series(1, 500))))) outcome;
-- Factors multiply without bound.
SELECT ok(outcome = '22003', 'nor a product of factors: ' || outcome)
FROM pg_temp.outcome(format('SELECT tripmeter.fare(%L, 9e9, ''1 h'', ''2024-05-02Z''::timestamptz)',
    jsonb_build_object('tariff', 1, 'currency', 'EUR', 'base', '9999999999999999',
    'multipliers', (SELECT jsonb_agg('{"factor": "999999999.999999999"}'::jsonb) FROM generate_series(1, 20))))) outcome;
-- One that does not fit is not taken for that of the hour before.
SELECT ok(outcome = '22003', 'nor a factor of the second hour: ' || outcome)
FROM pg_temp.outcome(format('SELECT tripmeter.fare(%L, 1, ''2 h'', ''2024-05-02Z''::timestamptz)',
    jsonb_build_object('tariff', 1, 'currency', 'EUR', 'rates', '[{"dimension": "time", "price": "1", "unit": "h"}]'::jsonb, 'multipliers',
    (SELECT jsonb_agg('{"factor": "999999999.999999999", "when": {"elapsed": {"from": "1 h"}}}'::jsonb) FROM generate_series(1, 8))))) outcome;
-- Nor is a minimum left out that is too far away, or a bound of tiers.
SELECT ok(outcome = '22003', 'nor a minimum: ' || outcome)
FROM pg_temp.outcome($$SELECT tripmeter.fare('{"tariff": 1, "currency": "EUR", "minimum": "9999999999999999", "rates": [
    {"dimension": "distance", "price": "0.000000001", "unit": "999999999.999999999 yd"}, {"dimension": "time", "price": "1", "unit": "876599.999999 h"}]}',
    1, '1 us'::interval, '2024-05-02Z'::timestamptz)$$) outcome;
SELECT ok(outcome = '22003', format('nor the bound of a tier, %s: %s', mode, outcome))
FROM unnest('{graduated,volume}'::text[]) mode, pg_temp.outcome(format('SELECT tripmeter.fare(%L, 1000, ''1 h'', ''2024-05-02Z''::timestamptz)',
    jsonb_build_object('tariff', 1, 'currency', 'EUR', 'rates', jsonb_build_array(jsonb_build_object('dimension', 'distance', 'tiers', jsonb_build_object(
        'mode', mode, 'unit', '999999999.999999999 yd', 'bounds', '[{"to": "999999999999999999", "price": "100000000"}, {"price": "100000000"}]'::jsonb)))))) outcome;
-- What a maximum takes off is not left to a cap.
SELECT ok(outcome = '22003', 'nor a maximum with a cap: ' || outcome)
FROM pg_temp.outcome($$SELECT tripmeter.fare('{"tariff": 1, "currency": "EUR", "base": "1", "maximum": "0", "caps": [{"amount": "3", "rolling": "10 h"}],
    "rates": [{"unit": "0.000000095 ft", "price": "28699.64", "dimension": "distance"}, {"dimension": "stopped", "unit": "36772140.768 s", "price": "0.48"},
              {"dimension": "moving", "unit": "634343.0250 s", "price": "0.52"}]}',
    354.493, '220.705 s'::interval, '78017 s'::interval, '2024-03-27 22:19:26Z'::timestamptz)$$) outcome;
-- A document of a million rates is refused, by a limit.
SELECT ok(outcome IN ('22003', '22023', '54000'), 'a million rates are refused: ' || outcome)
FROM pg_temp.outcome(format('SELECT tripmeter.fare(%L, 1, ''1 h'', ''2024-05-02Z''::timestamptz)',
    '{"tariff": 1, "currency": "EUR", "rates": [' || repeat('{"dimension": "distance", "price": "1", "unit": "m"},', 999999)
        || '{"dimension": "distance", "price": "1", "unit": "m"}]}')) outcome;
-- A century on the road is cut at 36,525 midnights and more: right, or too much.
SELECT ok(outcome IN ('22003', '22023', '54000', '438300.00'), 'a century by night and by day: ' || outcome)
FROM pg_temp.outcome($$SELECT tripmeter.fare('{"tariff": 1, "currency": "EUR", "rates": [
    {"dimension": "time", "price": "1", "unit": "h", "when": {"hours": ["06:00-18:00"]}}]}', 0, '876600 h'::interval, '2000-01-01Z'::timestamptz)$$) outcome;

SELECT * FROM finish();
ROLLBACK;
