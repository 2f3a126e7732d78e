-- The model against published examples and cases worked by hand, in TAP: before it judges
-- the engine, it is judged itself.

-- Legs, one after the other, such as '60 s, 480 m'; without metres at rest; 'gap' if it is one.
CREATE FUNCTION model.legs(VARIADIC legs text[]) RETURNS model.leg[]
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT array_agg((ends - us, ends, mm, kind, CASE kind WHEN 'moving' THEN us ELSE 0 END, CASE kind WHEN 'stopped' THEN us ELSE 0 END)::model.leg ORDER BY n)
    FROM (SELECT n, us, coalesce(mm, 0) AS mm, CASE WHEN leg ~ 'gap' THEN 'gap' WHEN mm > 0 THEN 'moving' ELSE 'stopped' END AS kind,
            sum(us) OVER (ORDER BY n)::bigint AS ends
        FROM unnest(legs) WITH ORDINALITY l (leg, n),
            LATERAL (SELECT substring(leg FROM '([0-9.]+) s')::numeric * 1000000 AS us, substring(leg FROM '([0-9.]+) m')::numeric * 1000 AS mm) q) l
    $$;

CREATE TABLE model.checks (n serial, name text, got text, expected text);

-- A fare, and if they are asked for the lines, as kind amount.
CREATE FUNCTION model.check_fare(name text, tariff jsonb, legs model.leg[], expected numeric, started_at timestamptz DEFAULT '2024-05-02 08:00+00',
        attributes jsonb DEFAULT '{}', lines text DEFAULT NULL) RETURNS void
    LANGUAGE sql VOLATILE
    AS $$
    INSERT INTO model.checks (name, got, expected)
    SELECT name, fare || coalesce(', ' || made, ''), trim_scale(expected) || CASE WHEN lines IS NULL THEN '' ELSE ', ' || lines END
    FROM (SELECT trim_scale(coalesce(sum(amount), 0)) AS fare, CASE WHEN lines IS NOT NULL THEN string_agg(kind || ' ' || trim_scale(amount), ' ' ORDER BY line) END AS made
        FROM model.fare_lines('{"tariff": 1, "currency": "EUR"}' || tariff, legs, started_at,
            started_at + legs[cardinality(legs)].to_us * interval '1 us', attributes)) f
    $$;

CREATE FUNCTION model.minutes(minutes numeric, metres numeric DEFAULT 0) RETURNS model.leg[]
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT model.totals(metres, minutes * interval '1 min') $$;

SET client_min_messages = warning;
\o /dev/null

-- The taximeter
CREATE FUNCTION model.taxi(mode text, more jsonb DEFAULT '{}', base text DEFAULT '0') RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT jsonb_build_object('base', base, 'rounding', '{"fare": {"step": "0.001"}}'::jsonb, 'meter',
        '{"distance": {"price": "1.20", "unit": "km"}, "time": {"price": "0.35", "unit": "min"}}'::jsonb || jsonb_build_object('mode', mode) || more) $$;

SELECT model.check_fare('S, slow', model.taxi('S', base => '2.40'), model.legs('600 s, 1166.6667 m'), 5.9);
SELECT model.check_fare('D, slow', model.taxi('D', base => '2.40'), model.legs('600 s, 1166.667 m'), 7.3);
SELECT model.check_fare('K, slow', model.taxi('K', base => '2.40'), model.legs('600 s, 1166.667 m'), 7.3);
SELECT model.check_fare('S, at rest', model.taxi('S', base => '2.40'), model.legs('60 s'), 2.75);
SELECT model.check_fare('S, fast', model.taxi('S'), model.legs('60 s, 480 m'), 0.576);
SELECT model.check_fare('S by the leg', model.taxi('S'), model.legs('60 s', '60 s, 1000 m'), 1.55);
SELECT model.check_fare('S, one leg', model.taxi('S'), model.legs('120 s, 1000 m'), 1.2);
SELECT model.check_fare('S, given cross-over, below', model.taxi('S', '{"crossover": "12 km/h"}'), model.legs('3600 s, 11999.999 m'), 21);
SELECT model.check_fare('S, given cross-over, at', model.taxi('S', '{"crossover": "12 km/h"}'), model.legs('3600 s, 12000 m'), 14.4);
SELECT model.check_fare('K, at the cross-over', model.taxi('K', '{"crossover": "5 m/s"}'), model.legs('60 s, 300 m'), 0.36);
SELECT model.check_fare('a gap for its distance', model.taxi('S', '{"gap": "distance"}'), model.legs('600 s, 100 m, gap'), 0.12);
SELECT model.check_fare('a gap for its time', model.taxi('S', '{"gap": "time"}'), model.legs('60 s, 10000 m, gap'), 0.35);
SELECT model.check_fare('a gap for nothing', model.taxi('D', '{"gap": "nothing"}'), model.legs('60 s, 10000 m, gap'), 0);
SELECT model.check_fare('a gap as a leg', model.taxi('D'), model.legs('60 s, 1000 m, gap'), 1.55);

CREATE FUNCTION model.new_york(more jsonb DEFAULT '{}') RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT jsonb_build_object('currency', 'USD', 'base', '2.50', 'meter', jsonb_build_object('mode', 'S', 'crossover', '12 mph',
        'distance', '{"price": "0.50", "unit": "0.2 mi"}'::jsonb, 'time', '{"price": "0.50", "unit": "60 s"}'::jsonb,
        'increment', '0.50', 'charge', 'advance', 'covers', '0.2 mi') || more) $$;

SELECT model.check_fare('New York, 1.5 mi in 400 s', model.new_york(), model.legs('400 s, 2414.016 m'), 6);
SELECT model.check_fare('the first unit is the base', model.new_york(), model.legs('1 s, 321.867 m'), 2.5);
SELECT model.check_fare('a unit when it is begun', model.new_york(), model.legs('1 s, 321.869 m'), 3);
SELECT model.check_fare('a unit when what is covered is reached', model.new_york(), model.legs('60 s'), 3);
SELECT model.check_fare('a unit when it is complete', model.new_york('{"charge": "complete"}'), model.legs('1 s, 643.735 m'), 2.5);
SELECT model.check_fare('a unit when it is just complete', model.new_york('{"charge": "complete"}'), model.legs('120 s'), 3);
SELECT model.check_fare('in advance, from the start', jsonb_build_object('meter', '{"mode": "D", "time": {"price": "1", "unit": "min"},
    "increment": "0.5", "charge": "advance"}'::jsonb), model.minutes(0), 0.5);

-- Plans by minutes and kilometres
SELECT model.check_fare('a plan by intervals: ' || minutes, '{"base": "2", "rates": [
    {"dimension": "time", "from": "30 min", "to": "60 min", "price": "3", "unit": "once"},
    {"dimension": "time", "from": "60 min", "price": "0.10", "unit": "min", "step": "min"}]}', model.minutes(minutes), expected)
FROM (VALUES (29, 2.00), (30, 2.00), (45, 5.00), (60.5, 5.10), (75.5, 6.60)) v (minutes, expected);
SELECT model.check_fare('by kilometre and minute', '{"base": "3", "rates": [{"dimension": "distance", "price": "0.25", "unit": "km", "step": "km"},
    {"dimension": "time", "price": "0.50", "unit": "min", "step": "min"}]}', model.minutes(10.5, 4200), 9.75);
SELECT model.check_fare('capped by the twelve hours: ' || hours, jsonb_build_object('currency', 'JPY', 'rates', '[
    {"dimension": "time", "to": "30 min", "price": "130", "unit": "once"},
    {"dimension": "time", "from": "30 min", "price": "100", "unit": "15 min", "step": "15 min"}]'::jsonb)
    || CASE WHEN capped THEN '{"caps": [{"amount": "1800", "rolling": "12 h"}]}'::jsonb ELSE '{}' END, model.minutes(60 * hours), expected)
FROM (VALUES (10, false, 3930), (10, true, 1800), (13, false, 5130), (13, true, 2200)) v (hours, capped, expected);

-- Elements by time of day and step
SELECT model.check_fare('by the hour, with tax', '{"rates": [{"dimension": "time", "price": "2", "unit": "h", "step": "60 s"}], "tax": {"percent": "10"}}',
    model.minutes(150), 5.5);
SELECT model.check_fare('a step that fits', '{"rates": [{"dimension": "time", "price": "1.90", "unit": "h", "step": "300 s"}], "tax": {"percent": "5.2"}}',
    model.minutes(150), 5, lines => 'time 4.75 tax 0.25');
SELECT model.check_fare('three rates of tax', '{"base": "2.50", "rates": [{"dimension": "moving", "price": "1", "unit": "h"},
    {"dimension": "stopped", "price": "5", "unit": "h", "step": "15 min", "when": {"weekdays": ["mon", "tue", "wed", "thu", "fri"], "hours": ["09:00-18:00"], "evaluate": "start"}}],
    "tax": {"percent": "15", "by": {"moving": "20", "stopped": "10"}}}', model.totals(0, '207 min', '42 min'), 10.3,
    '2024-05-02 09:00+00', lines => 'base 2.5 moving 2.75 stopped 3.75 tax 0.38 tax 0.55 tax 0.37');
SELECT model.check_fare('the step of the last rate', '{"select": {"time": "first"}, "rates": [
    {"dimension": "time", "price": "1.20", "unit": "h", "step": "30 min", "when": {"hours": ["10:00-17:00"]}},
    {"dimension": "time", "price": "2.40", "unit": "h", "step": "15 min", "when": {"hours": ["17:00-20:00"]}}]}', model.minutes(35), 1.3, '2024-05-02 16:35+00');
SELECT model.check_fare('a minimum', '{"base": "0.30", "minimum": "0.50"}', model.minutes(1), 0.5, lines => 'base 0.3 minimum 0.2');
SELECT model.check_fare('a maximum', '{"base": "13", "maximum": "10"}', model.minutes(1), 10, lines => 'base 13 maximum -3');
SELECT model.check_fare('a maximum not reached', '{"base": "8", "maximum": "10"}', model.minutes(1), 8);

-- Tiers
CREATE FUNCTION model.tiers(mode text, bounds jsonb, more jsonb DEFAULT '{}') RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT jsonb_build_object('rates', jsonb_build_array('{"dimension": "distance"}'::jsonb || more || jsonb_build_object('tiers',
        jsonb_build_object('mode', mode, 'unit', 'km', 'bounds', bounds)))) $$;

SELECT model.check_fare('graduated ' || q, model.tiers('graduated', '[{"to": "10", "price": "10", "flat": "2"},
    {"to": "20", "price": "5", "flat": "3"}, {"price": "5", "flat": "3"}]'), model.minutes(1, 1000 * q), expected)
FROM unnest('{0,1,10,11,12,21}'::numeric[], '{2,12,102,110,115,163}'::numeric[]) v (q, expected);
SELECT model.check_fare('graduated ' || q, model.tiers('graduated', '[{"to": "0.1", "price": "10"}, {"to": "1", "price": "5"}, {"price": "2"}]'), model.minutes(1, 1000 * q), expected)
FROM unnest('{0.05,0.5}'::numeric[], '{0.5,3}'::numeric[]) v (q, expected);
SELECT model.check_fare('volume ' || q, model.tiers('volume', '[{"to": "5", "flat": "100"}, {"to": "10", "flat": "150"}, {"to": "15", "price": "10"}, {"price": "5"}]'),
    model.minutes(1, 1000 * q), expected)
FROM unnest('{3,14,15,16,100}'::numeric[], '{100,140,150,80,500}'::numeric[]) v (q, expected);
SELECT model.check_fare('package ' || q, jsonb_set(model.tiers('package', '[{"price": "15"}]'), '{rates,0,tiers,unit}', '"10 km"'), model.minutes(1, 1000 * q), 15)
FROM unnest('{10,5}'::numeric[]) q;
SELECT model.check_fare('package, 17 used and 5 more', jsonb_set(model.tiers('package', '[{"price": "15"}]', '{"per": "rental"}'), '{rates,0,tiers,unit}', '"10 km"'),
    model.minutes(1, 5000), 15, attributes => '{"used": {"distance_m": 17000}}');
SELECT model.check_fare('package, 11 used and 5 more', jsonb_set(model.tiers('package', '[{"price": "15"}]', '{"per": "rental"}'), '{rates,0,tiers,unit}', '"10 km"'),
    model.minutes(1, 5000), 0, attributes => '{"used": {"distance_m": 11000}}');
SELECT model.check_fare('rounded up to a unit', '{"rates": [{"dimension": "distance", "price": "10", "unit": "km", "step": "km"}]}', model.minutes(1, 1400), 20);

-- Amounts
SELECT model.check_fare('the largest remainder', '{"currency": "JPY", "surcharges": [{"name": "a", "amount": "1.666666666"},
    {"name": "b", "amount": "1.666666666"}, {"name": "c", "amount": "1.666666666"}]}', model.minutes(1), 5, lines => 'surcharge 2 surcharge 2 surcharge 1');
SELECT model.check_fare('cash, half ' || mode, jsonb_build_object('base', '1.075', 'rounding', jsonb_build_object('fare', '{"step": "0.001"}'::jsonb,
    'cash', jsonb_build_object('step', '0.05', 'mode', 'half_' || mode))), model.minutes(1), expected, attributes => '{"payment": "cash"}')
FROM (VALUES ('down', 1.05), ('up', 1.10)) v (mode, expected);
SELECT model.check_fare('348.35 x 16, rounded on the total', '{"rates": [{"dimension": "distance", "price": "348.35", "unit": "km"}],
    "discounts": [{"name": "d", "percent": "4"}], "tax": {"percent": "22"}}', model.minutes(1, 16000), 6527.80);
SELECT model.check_fare('Seoul: ' || base, jsonb_build_object('currency', 'KRW', 'base', base::text, 'rounding', '{"fare": {"step": "100"}}'::jsonb), model.minutes(1), expected)
FROM (VALUES (4040, 4000), (4050, 4100)) v (base, expected);
SELECT model.check_fare('20 % and 40 % make 60 %', '{"base": "10", "multipliers": [{"name": "night", "factor": "1.2", "group": "g"},
    {"name": "out of town", "factor": "1.4", "group": "g"}]}', model.minutes(1), 16);
SELECT model.check_fare('groups multiply', '{"base": "10", "multipliers": [{"name": "night", "factor": "1.2"}, {"name": "out of town", "factor": "1.4"}]}', model.minutes(1), 16.8);

-- Conditions, worked by hand. A minute costs 1 where a test holds.
CREATE FUNCTION model.minutes_when(condition jsonb, more jsonb DEFAULT '{}', zone text DEFAULT 'UTC') RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT jsonb_build_object('time_zone', zone, 'rates', jsonb_build_array('{"dimension": "time", "price": "1", "unit": "min"}'::jsonb
        || more || jsonb_build_object('when', condition))) $$;

SELECT model.check_fare(name, model.minutes_when(condition, zone => zone), model.minutes(minutes), expected, started_at, attributes)
FROM (VALUES
    ('an hour window', '{"hours": ["08:10-08:20"]}'::jsonb, 'UTC', 60, 10, '2024-05-02 08:00+00'::timestamptz, '{}'::jsonb),
    ('windows together', '{"hours": ["08:10-08:20", "08:15-08:30"]}', 'UTC', 60, 20, '2024-05-02 08:00+00', '{}'),
    ('a window past midnight', '{"hours": ["22:00-06:00"]}', 'UTC', 600, 480, '2024-05-02 21:00+00', '{}'),
    ('Friday''s night lasts until Saturday morning', '{"hours": ["22:00-06:00"], "weekdays": ["fri"]}', 'UTC', 600, 480, '2024-05-03 21:00+00', '{}'),
    ('of the date itself', '{"hours": ["22:00-06:00"], "weekdays": ["fri"], "date_of": "instant"}', 'UTC', 600, 120, '2024-05-03 21:00+00', '{}'),
    ('of the date itself, the window of the day before', '{"hours": ["22:00-06:00"], "weekdays": ["sat"], "date_of": "instant"}', 'UTC', 600, 360, '2024-05-03 21:00+00', '{}'),
    ('dates', '{"dates": ["2024-12-31/2025-01-01"]}', 'UTC', 4320, 2880, '2024-12-30 12:00+00', '{}'),
    ('elapsed', '{"elapsed": {"from": "30 min", "to": "2 h"}}', 'UTC', 150, 90, '2024-05-02 08:00+00', '{}'),
    ('not', '{"not": {"elapsed": {"from": "30 min", "to": "2 h"}}}', 'UTC', 150, 60, '2024-05-02 08:00+00', '{}'),
    ('at the start, it holds', '{"elapsed": {"to": "1 min"}, "evaluate": "start"}', 'UTC', 150, 150, '2024-05-02 08:00+00', '{}'),
    ('at the start, it does not', '{"elapsed": {"from": "1 min"}, "evaluate": "start"}', 'UTC', 150, 0, '2024-05-02 08:00+00', '{}'),
    ('an attribute', '{"attributes": {"zone": 7, "class": ["van", "limousine"]}}', 'UTC', 5, 5, '2024-05-02 08:00+00', '{"zone": 7.0, "class": "van"}'),
    ('another value', '{"attributes": {"zone": 7, "class": ["van", "limousine"]}}', 'UTC', 5, 0, '2024-05-02 08:00+00', '{"zone": "7", "class": "van"}'),
    ('no such attribute', '{"attributes": {"pet": true}}', 'UTC', 5, 0, '2024-05-02 08:00+00', '{}'),
    ('a repeated hour is priced twice', '{"hours": ["02:00-03:00"]}', 'Europe/Berlin', 1440, 120, '2024-10-26 12:00+00', '{}'),
    ('until its second half', '{"hours": ["01:00-02:30"]}', 'Europe/Berlin', 1440, 90, '2024-10-26 12:00+00', '{}'),
    ('from its first half', '{"hours": ["02:30-03:30"]}', 'Europe/Berlin', 1440, 120, '2024-10-26 12:00+00', '{}'),
    ('a skipped hour is empty', '{"hours": ["02:00-03:00"]}', 'Europe/Berlin', 1440, 0, '2024-03-30 12:00+00', '{}'),
    ('the rest of a skipped hour', '{"hours": ["02:30-03:30"]}', 'America/New_York', 1440, 30, '2024-03-09 17:00+00', '{}'),
    ('a day of 23 hours', '{"dates": ["2024-03-31"]}', 'Europe/Berlin', 4320, 1380, '2024-03-30 12:00+00', '{}'),
    ('a change of half an hour', '{"hours": ["01:00-02:00"]}', 'Australia/Lord_Howe', 1440, 90, '2024-04-06 12:00+00', '{}')
) v (name, condition, zone, minutes, expected, started_at, attributes);

SELECT model.check_fare('a calendar', model.minutes_when('{"calendars": ["holidays", "fairs"], "weekdays": ["wed"]}')
    || '{"calendars": {"holidays": ["2024-05-01", "2024-05-09"], "fairs": ["2024-05-07/2024-05-08"]}}', model.minutes(14400), 2880, '2024-04-30 00:00+00');
SELECT model.check_fare('segments merge lines of one factor', '{"rates": [{"dimension": "time", "price": "1", "unit": "min", "when": {"hours": ["08:00-09:00", "09:00-10:00"]}}],
    "multipliers": [{"name": "rush", "factor": "2", "when": {"hours": ["08:30-09:00"]}}]}', model.minutes(120), 150, lines => 'time 30 time 60 time 60');
SELECT model.check_fare('the share of a leg is rounded down', '{"currency": "KWD", "rates": [{"dimension": "distance", "price": "1", "unit": "m", "when": {"elapsed": {"to": "1 s"}}}]}',
    model.totals(0.1, '3 s'), 0.033);

-- Steps
SELECT model.check_fare('a step ' || mode || ' ' || minutes, jsonb_build_object('rates', jsonb_build_array(jsonb_build_object('dimension', 'time', 'price', '1',
    'unit', 'min', 'step', '10 min', 'rounding', mode))), model.minutes(minutes), expected)
FROM (VALUES ('up', 10, 10), ('up', 10.001, 20), ('down', 19.9, 10), ('nearest', 14.9, 10), ('nearest', 15, 20)) v (mode, minutes, expected);
SELECT model.check_fare('what a step adds has the last factor', '{"rates": [{"dimension": "time", "price": "1", "unit": "min", "step": "60 min"}],
    "multipliers": [{"name": "late", "factor": "2", "when": {"elapsed": {"from": "30 min"}}}]}', model.minutes(40), 90);
SELECT model.check_fare('what it takes off is the last', '{"rates": [{"dimension": "time", "price": "1", "unit": "min", "step": "25 min", "rounding": "down"}],
    "multipliers": [{"name": "late", "factor": "2", "when": {"elapsed": {"from": "30 min"}}}]}', model.minutes(40), 25);
SELECT model.check_fare('a step that was begun is not cut', model.minutes_when('{"hours": ["08:10-08:31"], "evaluate": "unit"}', '{"step": "15 min"}'), model.minutes(60), 30);
SELECT model.check_fare('a step that is not rounded', '{"rates": [{"dimension": "time", "price": "1", "unit": "min", "step": "15 min", "rounding": "none"}]}', model.minutes(20), 20);
SELECT model.check_fare('but is not cut either', model.minutes_when('{"hours": ["08:10-08:31"], "evaluate": "unit"}', '{"step": "15 min", "rounding": "none"}'), model.minutes(40), 25);
SELECT model.check_fare('a step counts from its from', model.minutes_when('{"hours": ["08:10-08:31"], "evaluate": "unit"}', '{"step": "15 min", "from": "10 min"}'), model.minutes(60), 30);
SELECT model.check_fare('a factor of a step', '{"rates": [{"dimension": "time", "price": "1", "unit": "min", "step": "10 min"}],
    "multipliers": [{"name": "late", "factor": "3", "when": {"elapsed": {"from": "5 min"}, "evaluate": "unit"}}]}', model.minutes(25), 70);

-- Free units and rentals
SELECT model.check_fare('free units are the first', '{"rates": [{"dimension": "time", "price": "1", "unit": "min", "free": "20 min"}],
    "multipliers": [{"name": "late", "factor": "2", "when": {"elapsed": {"from": "10 min"}}}]}', model.minutes(40), 40);
SELECT model.check_fare('a rental, steps', '{"rates": [{"dimension": "time", "price": "1", "unit": "min", "step": "10 min", "per": "rental"}]}',
    model.minutes(6), expected, attributes => jsonb_build_object('used', jsonb_build_object('time_s', used)))
FROM unnest('{0,60,240,300}'::integer[], '{10,0,0,10}'::integer[]) v (used, expected);
SELECT model.check_fare('a rental, free units and range', '{"rates": [{"dimension": "distance", "price": "1", "unit": "km", "free": "5 km", "from": "10 km", "per": "rental"}]}',
    model.minutes(6, 8000), expected, attributes => jsonb_build_object('used', jsonb_build_object('distance_m', used)))
FROM unnest('{0,7000,10000,14000,20000}'::integer[], '{0,0,3,7,8}'::integer[]) v (used, expected);
SELECT model.check_fare('reserved, before the start', '{"rates": [{"dimension": "reserved", "price": "1", "unit": "min", "when": {"hours": ["07:50-08:10"]}}]}', model.minutes(60), 10, attributes => '{"reserved_s": 1200}');

-- Caps, and what is taken from where
SELECT model.check_fare('a cap by the day', '{"base": "1", "rates": [{"dimension": "time", "price": "1", "unit": "h"}], "caps": [{"amount": "5", "calendar": "day"}]}', model.minutes(1440), 10,
    '2024-05-02 12:00+00', lines => 'base 1 time 12 time 12 cap -8 cap -7');
SELECT model.check_fare('the maximum takes first what a cap would take', '{"rates": [{"dimension": "time", "price": "1", "unit": "h"}], "maximum": "13", "caps": [{"amount": "5", "calendar": "day"}]}',
    model.minutes(1440), 10, '2024-05-02 12:00+00', lines => 'time 12 time 12 maximum -11 cap -3');
SELECT model.check_fare('a cap after another', '{"rates": [{"dimension": "time", "price": "1", "unit": "h"}], "caps": [{"amount": "4", "rolling": "6 h"}, {"amount": "5", "calendar": "day"}]}',
    model.minutes(1440), 10, '2024-05-02 12:00+00', lines => 'time 6 time 6 time 6 time 6 cap -2 cap -2 cap -2 cap -2 cap -3 cap -3');
SELECT model.check_fare('weeks begin on Monday', '{"rates": [{"dimension": "time", "price": "1", "unit": "day"}], "caps": [{"amount": "1", "calendar": "week"}]}', model.minutes(7200), 2, '2024-05-03 00:00+00');
SELECT model.check_fare('months', '{"rates": [{"dimension": "time", "price": "1", "unit": "day"}], "caps": [{"amount": "1", "calendar": "month"}]}', model.minutes(7200), 2, '2024-12-30 00:00+00');

-- What comes after
SELECT model.check_fare('the first flat fare that holds', '{"base": "3", "flat_fares": [{"name": "night", "amount": "5", "when": {"hours": ["22:00-06:00"]}},
    {"name": "airport", "amount": "52", "when": {"attributes": {"airport": true}}}, {"name": "other", "amount": "60"}], "surcharges": [{"name": "toll", "attribute": "toll"}]}',
    model.minutes(5), 58.12, attributes => '{"airport": true, "toll": "6.12"}', lines => 'base 0 flat 52 surcharge 6.12');
SELECT model.check_fare('a surcharge if it holds at some moment', '{"surcharges": [{"name": "night", "amount": "5", "when": {"hours": ["08:59-09:00"], "evaluate": "segment"}},
    {"name": "noon", "amount": "7", "when": {"hours": ["09:00-10:00"], "evaluate": "segment"}}]}', model.minutes(60), 5);
SELECT model.check_fare('discounts, each of what is left', '{"base": "100", "discounts": [{"name": "a", "percent": "10"}, {"name": "b", "percent": "10"}, {"name": "c", "amount": "90"}]}',
    model.minutes(5), 0, lines => 'base 100 discount -10 discount -9 discount -81');
SELECT model.check_fare('tax by name, then kind', '{"base": "100", "surcharges": [{"name": "toll", "amount": "50"}, {"name": "tip", "amount": "10"}],
    "tax": {"percent": "7", "by": {"surcharge": "19", "tip": "0"}}}', model.minutes(5), 176.5, lines => 'base 100 surcharge 50 surcharge 10 tax 7 tax 9.5');
SELECT model.check_fare('included tax is a line of 0', '{"base": "119", "tax": {"percent": "19", "included": true}}', model.minutes(5), 119, lines => 'base 119 tax 0');
INSERT INTO model.checks (name, got, expected)
SELECT 'with the tax contained', trim_scale(billed_quantity)::text, '19'
FROM model.fare_lines('{"tariff": 1, "currency": "EUR", "base": "119", "tax": {"percent": "19", "included": true}}', model.minutes(5),
    '2024-05-02 08:00+00', '2024-05-02 08:05+00', '{}') WHERE kind = 'tax';
SELECT model.check_fare('348.35 x 16, rounded by line', '{"rounding": {"line": {"step": "0.01"}}, "rates": [{"dimension": "distance", "price": "348.35", "unit": "km"}],
    "discounts": [{"name": "d", "percent": "4"}], "tax": {"percent": "22"}}', model.minutes(1, 16000), 6527.81);
SELECT model.check_fare('the fare''s own step', '{"base": "7.13", "rounding": {"fare": {"step": "0.50", "mode": "up"}}}', model.minutes(1), 7.5, lines => 'base 7.13 rounding 0.37');
SELECT model.check_fare('a negative sum', '{"surcharges": [{"name": "credit", "amount": "-1.005"}]}', model.minutes(1), -1.01);
\o
