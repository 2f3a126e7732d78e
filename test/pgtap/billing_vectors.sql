-- Worked examples from published tariffs, specifications and billing engines: what they
-- say a trip costs is what it costs here.

BEGIN;
SELECT plan(169);

-- What SQL needs to find the operators of a type in another schema.
SET LOCAL search_path = public, tripmeter;

-- A trip that is known by its distance and duration alone, on a Tuesday morning.
CREATE FUNCTION pg_temp.price(tariff text, metres float8, duration interval, attributes jsonb DEFAULT '{}') RETURNS numeric
    LANGUAGE sql STABLE
    AS $$ SELECT tripmeter.fare(tariff::tripmeter.tariff, metres, duration, '2019-01-08 10:00+00', attributes) $$;

-- A track due north of legs, each some metres and seconds.
CREATE FUNCTION pg_temp.drive(started_at timestamptz, metres float8[], seconds float8[]) RETURNS tripmeter.track
    LANGUAGE sql STABLE AS $$
    SELECT tripmeter.track(started_at + elapsed * interval '1 s',
        ST_Project('POINT(127 37)'::geography, travelled, 0)::geometry)
    FROM (SELECT 0 AS travelled, 0 AS elapsed
          UNION ALL
          SELECT sum(m) OVER (ORDER BY n), sum(s) OVER (ORDER BY n)
          FROM unnest(metres, seconds) WITH ORDINALITY AS leg (m, s, n)) fix
$$;

CREATE FUNCTION pg_temp.metered(tariff text, metres float8[], seconds float8[], attributes jsonb DEFAULT '{}') RETURNS numeric
    LANGUAGE sql STABLE
    AS $$ SELECT tripmeter.fare(tariff::tripmeter.tariff, pg_temp.drive('2019-01-08 10:00+00', metres, seconds), 'raw', attributes) $$;

-- All legs below have whole millimetres, and a track keeps them.
SELECT is(round(tripmeter.length(pg_temp.drive('2019-01-08 10:00+00', metres, seconds))::numeric, 3), expected,
    'a track has the metres that it was made of: ' || metres::text)
FROM (VALUES ('{1166.667}'::float8[], '{600}'::float8[], 1166.667), ('{0,1000}', '{60,60}', 1000.000),
    ('{0}', '{60}', 0.000), ('{1609.344,804.672}', '{160,240}', 2414.016), ('{49999.999}', '{10000}', 49999.999)) AS t (metres, seconds, expected);

-- The taximeter

CREATE FUNCTION pg_temp.meter(mode text, distance_price text, distance_unit text, time_price text, time_unit text,
    base text DEFAULT '0') RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('tariff', 1, 'currency', 'EUR', 'base', base,
        'rounding', '{"fare": {"step": "0.001"}}'::jsonb,
        'meter', jsonb_build_object('mode', mode,
            'distance', jsonb_build_object('price', distance_price, 'unit', distance_unit),
            'time', jsonb_build_object('price', time_price, 'unit', time_unit)))::text
$$;

-- The cross-over speed: K charges for both below it, and for the distance alone at it and above.
-- 15.33 km/h is a rounded figure; those beside it are in the margin of its rounding.
SELECT is(pg_temp.metered(pg_temp.meter('K', distance_price, distance_unit, time_price, time_unit), ARRAY[metres], ARRAY[seconds]),
    expected, format('K, %s per %s and %s per %s: %s m in %s s', distance_price, distance_unit, time_price, time_unit, metres, seconds))
FROM (VALUES
    ('0.50', '0.2 mi', '0.50', '60 s', 1609.344, 300, 2.500),     -- 12 mph
    ('0.50', '0.2 mi', '0.50', '60 s', 1609.343, 300, 5.000),
    ('100', '131 m', '100', '30 s', 15720.000, 3600, 12000.000),   -- 15.72 km/h
    ('100', '131 m', '100', '30 s', 15719.999, 3600, 23999.999),
    ('100', '132 m', '100', '31 s', 15335.000, 3600, 11617.424),
    ('100', '132 m', '100', '31 s', 15325.000, 3600, 23222.752),
    ('100', '132 m', '100', '31 s', 15840.000, 3720, 12000.000),
    ('100', '132 m', '100', '31 s', 15839.999, 3720, 23999.999),
    ('100', '151 m', '100', '36 s', 15100.000, 3600, 10000.000),   -- 15.10 km/h
    ('100', '151 m', '100', '36 s', 15099.999, 3600, 19999.999),
    ('1.20', 'km', '0.35', 'min', 48612.000, 10000, 58.334),       -- 4.8612 m/s
    ('1.20', 'km', '0.35', 'min', 48611.000, 10000, 116.667),      -- 4.8611 m/s, of 4.86111...
    ('1.20', 'km', '0.35', 'min', 17500.000, 3600, 21.000),        -- 4.86111... itself
    ('1.20', 'km', '0.35', 'min', 17499.999, 3600, 42.000),
    ('1.20', 'km', '0.36', 'min', 50000.000, 10000, 60.000),       -- 5.0 m/s
    ('1.20', 'km', '0.36', 'min', 49999.999, 10000, 120.000)
) AS v (distance_price, distance_unit, time_price, time_unit, metres, seconds, expected);

-- S has no such step: it takes the larger, on either side.
SELECT is(pg_temp.metered(pg_temp.meter('S', distance_price, distance_unit, time_price, time_unit), ARRAY[metres], ARRAY[seconds]),
    expected, format('S, %s per %s and %s per %s: %s m in %s s', distance_price, distance_unit, time_price, time_unit, metres, seconds))
FROM (VALUES
    ('0.50', '0.2 mi', '0.50', '60 s', 1600.000, 300, 2.500),
    ('0.50', '0.2 mi', '0.50', '60 s', 1620.000, 300, 2.517),
    ('100', '131 m', '100', '30 s', 15719.000, 3600, 12000.000),
    ('100', '131 m', '100', '30 s', 15721.000, 3600, 12000.763),
    ('100', '132 m', '100', '31 s', 15325.000, 3600, 11612.903),
    ('100', '132 m', '100', '31 s', 15335.000, 3600, 11617.424),
    ('100', '151 m', '100', '36 s', 15099.000, 3600, 10000.000),
    ('100', '151 m', '100', '36 s', 15101.000, 3600, 10000.662),
    ('1.20', 'km', '0.35', 'min', 17499.000, 3600, 21.000),
    ('1.20', 'km', '0.35', 'min', 17501.000, 3600, 21.001),
    ('1.20', 'km', '0.36', 'min', 49990.000, 10000, 60.000),
    ('1.20', 'km', '0.36', 'min', 50010.000, 10000, 60.012)
) AS v (distance_price, distance_unit, time_price, time_unit, metres, seconds, expected);

-- A cross-over that is given decides in its place: here S takes the time tariff though it is the smaller.
SELECT is(pg_temp.metered(jsonb_set(pg_temp.meter('S', '1.20', 'km', '0.35', 'min')::jsonb, '{meter,crossover}', '"36 km/h"')::text,
    ARRAY[metres], ARRAY[60]), expected, format('S, crossing over at 36 km/h: %s m in 60 s', metres))
FROM (VALUES (599.999, 0.350), (600.000, 0.720)) AS v (metres, expected);

SELECT is(pg_temp.metered(pg_temp.meter(mode, '1.20', 'km', '0.35', 'min', '2.40'), ARRAY[1166.667], ARRAY[600]), expected,
    'ten minutes at 7 km/h in mode ' || mode)
FROM (VALUES ('S', 5.90), ('K', 7.30), ('D', 7.30)) AS v (mode, expected);
SELECT is(pg_temp.price(pg_temp.meter('D', '1.20', 'km', '0.35', 'min', '2.40'), 1166.667, '600 s'), 7.30,
    'which D needs no legs for');
SELECT is(pg_temp.metered(pg_temp.meter('S', '1.20', 'km', '0.35', 'min', '2.40'), '{0}', '{60}'), 2.75, 'a minute stopped');
SELECT is(pg_temp.metered(pg_temp.meter('S', '1.20', 'km', '0.35', 'min'), '{480}', '{60}'), 0.576, 'a minute at 8 m/s');
SELECT is(pg_temp.metered(pg_temp.meter('S', '1.20', 'km', '0.35', 'min'), '{0,1000}', '{60,60}'), 1.55,
    'a minute stopped, then a kilometre in a minute');
SELECT is(pg_temp.metered(pg_temp.meter('S', '1.20', 'km', '0.35', 'min'), '{1000}', '{120}'), 1.20,
    'the same as one leg');
SELECT throws_ok(format('SELECT tripmeter.fare(%L, 1000, ''120 s'', ''2019-01-08 10:00+00'')',
    pg_temp.meter(mode, '1.20', 'km', '0.35', 'min')), '22023', NULL, 'totals do not tell which of them it was: ' || mode)
FROM unnest('{S,K}'::text[]) mode;

-- S from 1.20 to 1.90, for a kilometre in two minutes: what its legs may have been.
SELECT is(ARRAY[low, high], ARRAY[expected_low, expected_high], 'a kilometre in two minutes may have cost, in mode ' || mode)
FROM (VALUES ('S', 1.20, 1.90), ('D', 1.90, 1.90)) AS v (mode, expected_low, expected_high),
    LATERAL tripmeter.fare_bounds(pg_temp.meter(mode, '1.20', 'km', '0.35', 'min')::tripmeter.tariff, 1000, '120 s', '2019-01-08 10:00+00') AS b (low, high);

-- New York, 2019, rate code 1
CREATE FUNCTION pg_temp.new_york(surcharges text DEFAULT '[]') RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT '{"tariff": 1, "currency": "USD", "time_zone": "America/New_York", "base": "2.50",
        "meter": {"mode": "S", "distance": {"price": "0.50", "unit": "0.2 mi"}, "time": {"price": "0.50", "unit": "60 s"},
                  "increment": "0.50", "charge": "advance", "covers": "0.2 mi"},
        "surcharges": ' || surcharges || '}'
$$;
-- 5 units of 0.2 miles fast, and 4 of a minute slow: 1.5 miles in 400 seconds
SELECT is(pg_temp.metered(pg_temp.new_york(), '{1609.344,804.672}', '{160,240}'), 7.00,
    'New York: 1.50 miles in 400 s');
SELECT is(pg_temp.metered(pg_temp.new_york('[{"name": "night", "amount": "0.50"}, {"name": "MTA", "amount": "0.50"},
        {"name": "improvement", "amount": "0.30"}, {"name": "tip", "attribute": "tip"}]'), '{1609.344,804.672}', '{160,240}', '{"tip": "1.65"}'),
    9.95, 'and with its extras');
SELECT is(ARRAY[low, high], ARRAY[6.00, 9.50], 'as totals, 7 to 14 further units of it')
FROM tripmeter.fare_bounds(pg_temp.new_york()::tripmeter.tariff, 2414.016, '400 s', '2019-01-08 10:00+00') AS b (low, high);
-- In advance, the second unit is charged as soon as the first is used up.
SELECT is(pg_temp.metered(pg_temp.new_york(), ARRAY[metres], ARRAY[seconds]), expected,
    format('New York: %s m in %s s', metres, seconds))
FROM (VALUES (321.868, 20, 2.50), (321.869, 20, 3.00), (643.737, 40, 3.00), (643.738, 40, 3.50),
    (0, 59.999999, 2.50), (0, 60, 3.00), (0, 119.999999, 3.00), (0, 120, 3.50)) AS v (metres, seconds, expected);
-- Half a unit of either makes one.
SELECT is(pg_temp.metered(pg_temp.new_york(), '{160.935,0}', '{10,30}'), 3.00, 'distance and time share one accumulator');

-- Seoul: the rounding of totals, and the surcharges of the night
SELECT is(pg_temp.price(format('{"tariff": 1, "currency": "KRW", "base": "%s", "rounding": {"fare": {"step": "100"}}}', base), 0, '0'), expected,
    'totals are rounded half up to 100: ' || base)
FROM (VALUES ('4040', 4000::numeric), ('4050', 4100)) AS v (base, expected);
-- 1,600 metres are covered by the base, then 100 for each further 131 m, begun or complete;
-- 2,260 metres, fast: 660 of them, 5 whole units.
SELECT is(pg_temp.metered(format('{"tariff": 1, "currency": "KRW", "base": "4800",
        "meter": {"mode": "S", "distance": {"price": "100", "unit": "131 m"}, "time": {"price": "100", "unit": "30 s"},
                  "increment": "100", "charge": "complete", "covers": "1600 m"},
        "multipliers": %s}', multipliers), '{2260}', '{120}'), expected, 'Seoul, 4,800 and 5 units: ' || named)
FROM (VALUES
    ('[]', 5300::numeric, 'by day'),
    ('[{"factor": "1.2"}]', 6360, '20 %'),
    ('[{"factor": "1.4"}]', 7420, '40 %'),
    ('[{"factor": "1.2", "group": "extra"}, {"factor": "1.4", "group": "extra"}]', 8480, '20 % and 40 % stacked make 60 %')
) AS v (multipliers, expected, named);

-- Plans by the minute and by the kilometre

SELECT is(pg_temp.price('{"tariff": 1, "currency": "USD", "base": "2", "rates": [
        {"dimension": "time", "from": "30 min", "to": "60 min", "price": "3", "unit": "once"},
        {"dimension": "time", "from": "60 min", "price": "0.10", "unit": "min", "step": "1 min"}]}', 0, minutes * interval '1 min'), expected,
    minutes || ' minutes of a plan in steps')
FROM (VALUES (29, 2.00), (30, 2.00), (45, 5.00), (60, 5.00), (60.5, 5.10), (75.5, 6.60)) AS v (minutes, expected);

SELECT is(pg_temp.price('{"tariff": 1, "currency": "USD", "base": "3", "rates": [
        {"dimension": "distance", "price": "0.25", "unit": "km", "step": "1 km"},
        {"dimension": "time", "price": "0.50", "unit": "min", "step": "1 min"}]}', metres, duration), expected,
    format('a plan of both: %s m, %s', metres, duration))
FROM (VALUES (4200, '10.5 min'::interval, 9.75), (4000, '10 min', 9.00), (4000.001, '10 min', 9.25)) AS v (metres, duration, expected);

SELECT is(pg_temp.price('{"tariff": 1, "currency": "JPY", "rates": [
        {"dimension": "time", "to": "30 min", "price": "130", "unit": "once"},
        {"dimension": "time", "from": "30 min", "price": "100", "unit": "15 min", "step": "15 min"}]' || caps || '}', 0, duration), expected,
    format('130 for half an hour, then 100 a quarter: %s%s', duration, caps))
FROM (VALUES
    ('', '30 min'::interval, 130::numeric), ('', '30 min 1 s', 230), ('', '45 min', 230), ('', '45 min 1 us', 330), ('', '10 h', 3930), ('', '13 h', 5130),
    (', "caps": [{"amount": "1800", "rolling": "12 h"}]', '10 h', 1800),
    (', "caps": [{"amount": "1800", "rolling": "12 h"}]', '12 h', 1800),
    (', "caps": [{"amount": "1800", "rolling": "12 h"}]', '12 h 1 us', 1900),
    (', "caps": [{"amount": "1800", "rolling": "12 h"}]', '13 h', 2200)) AS v (caps, duration, expected);

-- Elements by time of day and step

-- What the lines of a trip come to, without tax and with it.
CREATE FUNCTION pg_temp.net_and_gross(tariff text, duration interval, started_at timestamptz) RETURNS numeric[]
    LANGUAGE sql STABLE AS $$
    SELECT ARRAY[sum(amount) FILTER (WHERE kind <> 'tax'), sum(amount)]
    FROM tripmeter.fare_lines(tariff::tripmeter.tariff, 0, duration, started_at)
$$;

SELECT is(pg_temp.net_and_gross(format('{"tariff": 1, "currency": "EUR", "rates": [
        {"dimension": "time", "price": "%s", "unit": "h", "step": "%s"}], "tax": {"percent": "%s"}}', price, step, percent),
        '150 min', '2019-01-08 10:00+00'), ARRAY[net, gross], format('150 minutes at %s per h, tax %s %%, step %s', price, percent, step))
FROM (VALUES ('2.00', '60 s', '10', 5.00, 5.50), ('1.90', '300 s', '5.2', 4.75, 5.00)) AS v (price, step, percent, net, gross);

CREATE FUNCTION pg_temp.session() RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT '{"tariff": 1, "currency": "EUR", "base": "2.50", "rates": [
        {"dimension": "moving", "price": "1.00", "unit": "h", "step": "1 min"},
        {"dimension": "stopped", "price": "5.00", "unit": "h", "step": "5 min",
         "when": {"weekdays": ["mon", "tue", "wed", "thu", "fri"], "hours": ["09:00-18:00"]}}],
        "tax": {"by": {"base": "15", "moving": "20", "stopped": "10"}}}'
$$;
SELECT is(tripmeter.fare(pg_temp.session()::tripmeter.tariff, 0, moving => '165 min', stopped => '42 min', started_at => '2019-01-08 10:00+00'),
    10.30, '165 minutes, and 42 parked, with tax');
SELECT is(sum(amount), 9.00, 'and without it')
FROM tripmeter.fare_lines(pg_temp.session()::tripmeter.tariff, 0, moving => '165 min', stopped => '42 min', started_at => '2019-01-08 10:00+00')
WHERE kind <> 'tax';
SELECT is(string_agg(format('%s %s', kind, amount), ', ' ORDER BY kind, amount),
    'base 2.50, moving 2.75, stopped 3.75, tax 0.37, tax 0.38, tax 0.55', 'each at its own percent, and two halves of a cent make one')
FROM tripmeter.fare_lines(pg_temp.session()::tripmeter.tariff, 0, moving => '165 min', stopped => '42 min', started_at => '2019-01-08 10:00+00');
SELECT is(tripmeter.fare(pg_temp.session()::tripmeter.tariff, 0, moving => '165 min', stopped => '42 min', started_at => '2019-01-12 10:00+00'),
    6.18, 'parking is free on a Saturday');

-- Steps begin at 10:00, 10:15 and 10:30: the last two in the window. Of 40 minutes 25 are left of them.
SELECT is(pg_temp.price(format('{"tariff": 1, "currency": "EUR", "rates": [{"dimension": "time", "price": "1", "unit": "min", "step": "15 min",
        "rounding": "%s", "when": {"hours": ["10:10-10:31"], "evaluate": "unit"}}]}', rounding), 0, '40 min'), expected,
    'a step that is judged as a unit, rounding ' || rounding)
FROM (VALUES ('up', 30.00), ('none', 25.00), ('down', 15.00)) AS v (rounding, expected);

-- 25 minutes before 17:00 and 10 after, a total of 35, which 15-minute steps make 45
SELECT is(string_agg(amount::text, ', ' ORDER BY line), '0.50, 0.80', 'the total is rounded to the step of the rate priced last')
FROM tripmeter.fare_lines('{"tariff": 1, "currency": "EUR", "select": {"time": "first"}, "rates": [
        {"dimension": "time", "price": "1.20", "unit": "h", "step": "30 min", "when": {"hours": ["10:00-17:00"]}},
        {"dimension": "time", "price": "2.40", "unit": "h", "step": "15 min", "when": {"hours": ["17:00-20:00"]}}]}',
    0, '35 min'::interval, '2019-01-08 16:35+00');
SELECT is(tripmeter.fare('{"tariff": 1, "currency": "EUR", "select": {"time": "first"}, "rates": [
        {"dimension": "time", "price": "1.20", "unit": "h", "step": "30 min", "when": {"hours": ["10:00-17:00"]}},
        {"dimension": "time", "price": "2.40", "unit": "h", "step": "15 min", "when": {"hours": ["17:00-20:00"]}}]}',
    0, '35 min'::interval, '2019-01-08 16:35+00'), 1.30, 'and makes 1.30');

SELECT is(pg_temp.price(format('{"tariff": 1, "currency": "EUR", "base": "%s", "%s": "%s"}', base, limited, amount), 0, '0'), expected,
    format('%s with a %s of %s', base, limited, amount))
FROM (VALUES ('0.30', 'minimum', '0.50', 0.50), ('13.00', 'maximum', '10', 10.00), ('8.00', 'maximum', '10', 8.00)) AS v (base, limited, amount, expected);

-- Tiers over a quantity, of kilometres

CREATE FUNCTION pg_temp.tiered(tiers text, kilometres float8, attributes jsonb DEFAULT '{}') RETURNS numeric
    LANGUAGE sql STABLE AS $$
    SELECT pg_temp.price(format('{"tariff": 1, "currency": "EUR", "rates": [{"dimension": "distance", "per": "%s", "tiers": %s}]}',
        CASE WHEN attributes ? 'used' THEN 'rental' ELSE 'trip' END, tiers), kilometres * 1000, '1 h', attributes)
$$;

SELECT is(pg_temp.tiered('{"mode": "graduated", "unit": "km", "bounds": [{"to": "10", "price": "10", "flat": "2"},
    {"to": "20", "price": "5", "flat": "3"}, {"price": "5", "flat": "3"}]}', q), expected, 'graduated: ' || q)
FROM (VALUES (0, 2::numeric), (1, 12), (10, 102), (11, 110), (12, 115), (20, 155), (21, 163)) AS v (q, expected);
SELECT is(pg_temp.tiered('{"mode": "graduated", "unit": "km", "bounds": [{"to": "0.1", "price": "10"},
    {"to": "1", "price": "5"}, {"price": "2"}]}', q), expected, 'graduated, with decimals: ' || q)
FROM (VALUES (0.05, 0.5), (0.5, 3.0)) AS v (q, expected);
SELECT is(pg_temp.tiered('{"mode": "volume", "unit": "km", "bounds": [{"to": "5", "flat": "100"}, {"to": "10", "flat": "150"},
    {"to": "15", "price": "10"}, {"price": "5"}]}', q), expected, 'volume: ' || q)
FROM (VALUES (3, 100::numeric), (5, 100), (14, 140), (15, 150), (16, 80), (100, 500)) AS v (q, expected);
SELECT is(pg_temp.tiered('{"mode": "package", "unit": "10 km", "bounds": [{"price": "15"}]}', q), expected, 'packages: ' || q)
FROM (VALUES (10, 15::numeric), (5, 15), (10.001, 30), (0, 0)) AS v (q, expected);
SELECT is(pg_temp.tiered('{"mode": "package", "unit": "10 km", "bounds": [{"price": "15"}]}', 5,
    jsonb_build_object('used', jsonb_build_object('distance_m', used))), expected, format('packages: %s m already used, and 5 km more', used))
FROM (VALUES (17000, 15::numeric), (15000, 0), (15001, 15)) AS v (used, expected);
SELECT is(pg_temp.tiered('{"mode": "package", "unit": "1 km", "bounds": [{"price": "10"}]}', 1.4), 20::numeric,
    '1,400 at 10 for each thousand begun');
SELECT is(pg_temp.price('{"tariff": 1, "currency": "EUR", "rates": [{"dimension": "distance", "price": "10", "unit": "km", "step": "1 km"}]}',
    1400, '1 h'), 20::numeric, 'the same by steps');

-- Amounts

SELECT is(tripmeter.allocate(amount, weights, digits), expected, format('%s by %s', amount, array_to_string(weights, ':')))
FROM (VALUES (0.05, '{1,1,1}'::numeric[], 2, '{0.02,0.02,0.01}'::numeric[]), (5, '{1,1,1}', 0, '{2,2,1}'),
    (5.00, '{10,5}', 2, '{3.33,1.67}')) AS v (amount, weights, digits, expected);

SELECT is(tripmeter.round_cash(1.075, currency, mode), expected, format('1.075 %s in cash, %s', currency, mode))
FROM (VALUES ('CHF', 'half_down', 1.05), ('CHF', 'half_up', 1.10), ('CAD', 'half_down', 1.05), ('CAD', 'half_up', 1.10)) AS v (currency, mode, expected);
SELECT is(pg_temp.price(format('{"tariff": 1, "currency": "CHF", "base": "1.075",
        "rounding": {"fare": {"step": "0.005"}, "cash": {"mode": "%s"}}}', mode), 0, '0', attributes), expected,
    format('a fare of 1.075 with %s, %s', attributes, mode))
FROM (VALUES ('half_down', '{"payment": "cash"}'::jsonb, 1.05), ('half_up', '{"payment": "cash"}', 1.10), ('half_up', '{}', 1.075)
) AS v (mode, attributes, expected);

SELECT is(pg_temp.price(format('{"tariff": 1, "currency": "EUR", "rates": [{"dimension": "distance", "price": "348.35", "unit": "km"}],
    "discounts": [{"percent": "4"}], "tax": {"percent": "22"}, "rounding": %s}', rounding), 16000, '1 h'), expected,
    '348.35 x 16, less 4 %, tax 22 %: ' || rounding)
FROM (VALUES ('{"line": {"step": "0.01"}}', 6527.81), ('{}', 6527.80)) AS v (rounding, expected);

SELECT is(tripmeter.round_amount(1.23456, currency), expected, 'decimal places of ' || currency)
FROM (VALUES ('KRW', 1::numeric), ('JPY', 1), ('VND', 1), ('KWD', 1.235), ('BHD', 1.235), ('TND', 1.235),
    ('EUR', 1.23), ('USD', 1.23), ('GBP', 1.23), ('CHF', 1.23), ('INR', 1.23)) AS v (currency, expected);
-- A fare, too, has its currency's.
SELECT is(pg_temp.price(format('{"tariff": 1, "currency": "%s", "base": "1.23456"}', currency), 0, '0'), expected,
    'decimal places of a fare in ' || currency)
FROM (VALUES ('KRW', 1::numeric), ('KWD', 1.235), ('EUR', 1.23)) AS v (currency, expected);
SELECT is(tripmeter.round_cash(amount, currency), expected, format('%s %s in cash', amount, currency))
FROM (VALUES (1.02, 'CHF', 1.00), (1.025, 'CHF', 1.05), (1.02, 'CAD', 1.00), (1.03, 'CAD', 1.05), (1.24, 'DKK', 1.00), (1.25, 'DKK', 1.50),
    (1.49, 'SEK', 1::numeric), (1.50, 'SEK', 2), (1.49, 'NOK', 1), (1.50, 'NOK', 2), (1.49, 'CZK', 1), (1.50, 'CZK', 2),
    (1.49, 'HUF', 1), (1.50, 'HUF', 2), (1.23, 'EUR', 1.23)) AS v (amount, currency, expected);

-- Attributes that are amounts or quantities: as numbers, and in strings

SELECT is(pg_temp.price('{"tariff": 1, "currency": "EUR", "surcharges": [{"attribute": "toll"}],
        "rates": [{"dimension": "reserved", "price": "0.10", "unit": "s", "per": "rental", "to": "100 s"}]}', 0, '0', attributes::jsonb), expected, attributes)
FROM (VALUES ('{"toll": 1.50000000000000000000}', 1.50), ('{"toll": "-0001.500000000000000000000"}', -1.50), ('{"toll": "0.0000000000", "used": {}}', 0.00),
    ('{"reserved_s": "0090.00000000000000000000"}', 9.00), ('{"reserved_s": 90.00000000000000000001, "used": null}', 9.00),
    ('{"reserved_s": 90, "used": {"reserved_s": "30.000", "time_s": 1, "moving_s": 1, "stopped_s": null, "distance_m": 7}}', 7.00)) AS v (attributes, expected);

SELECT * FROM finish();
ROLLBACK;
