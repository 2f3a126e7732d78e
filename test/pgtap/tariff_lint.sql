-- What the linter finds in a tariff: each kind, and beside it tariffs that have just not
-- made the mistake.

BEGIN;
SELECT plan(80);

-- Findings as "path kind", of a tariff with these keys.
CREATE FUNCTION pg_temp.found(keys text) RETURNS text[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(path || ' ' || kind ORDER BY path, kind), '{}')
    FROM tripmeter.tariff_lint((jsonb '{"tariff": 1, "currency": "EUR"}' || keys::jsonb)::text::tripmeter.tariff)
$$;
CREATE FUNCTION pg_temp.message(keys text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(message, E'\n')
    FROM tripmeter.tariff_lint((jsonb '{"tariff": 1, "currency": "EUR"}' || keys::jsonb)::text::tripmeter.tariff)
$$;
-- Rates by the kilometre, each with some keys more, of which the first is selected.
CREATE FUNCTION pg_temp.rates(VARIADIC keys text[]) RETURNS text LANGUAGE sql AS $$
    SELECT jsonb_build_object('select', jsonb '{"distance": "first", "time": "first"}', 'rates',
        jsonb_agg(jsonb '{"dimension": "distance", "price": "1", "unit": "km"}' || k::jsonb ORDER BY n))::text
    FROM unnest(keys) WITH ORDINALITY AS list (k, n)
$$;
-- A surcharge on a condition.
CREATE FUNCTION pg_temp.on_condition(condition text) RETURNS text LANGUAGE sql AS $$
    SELECT jsonb_build_object('surcharges', jsonb_build_array(jsonb_build_object('name', 's', 'amount', '1.00',
        'when', condition::jsonb)))::text
$$;

-- A tariff of everything, and nothing wrong.
SELECT is(pg_temp.found('{"base": "3.90", "time_zone": "Europe/Berlin", "minimum": "8.00", "maximum": "200.00",
    "rates": [
        {"dimension": "distance", "price": "2.4555", "unit": "km", "when": {"hours": ["22:00-06:00"]}},
        {"dimension": "distance", "price": "2.00", "unit": "km", "to": "10 km"},
        {"dimension": "distance", "price": "1.50", "unit": "km", "from": "10 km"},
        {"dimension": "time", "price": "0.30", "unit": "min", "step": "30 s"},
        {"dimension": "reserved", "tiers": {"mode": "graduated", "unit": "min", "bounds": [{"to": "15"}, {"price": "0.10"}]}}],
    "select": {"distance": "first"},
    "multipliers": [{"name": "surge", "factor": "1.255", "when": {"attributes": {"surge": true}}}],
    "flat_fares": [{"name": "airport", "amount": "60.00", "when": {"attributes": {"zone": 7}}}],
    "surcharges": [{"name": "toll", "attribute": "toll"}, {"name": "van", "amount": "5.00", "when": {"attributes": {"class": "van"}}}],
    "caps": [{"amount": "120.00", "rolling": "12 h"}],
    "discounts": [{"name": "loyal", "percent": "2.345", "when": {"attributes": {"loyal": true}}}],
    "rounding": {"fare": {"step": "0.10"}, "cash": {"step": "0.10"}}}'),
    '{}', 'a clean tariff gives no row');
SELECT is(pg_temp.found('{}'), '{}', 'an empty tariff gives no row');
SELECT is((SELECT count(*) FROM tripmeter.tariff_lint(NULL)), 0::bigint, 'no tariff gives no row');

-- unreachable: rates
SELECT is(pg_temp.found(pg_temp.rates('{}', '{"from": "5 km"}')), '{rates[1] unreachable}', 'a rate after one of all quantities');
SELECT is(pg_temp.message(pg_temp.rates('{}', '{"from": "5 km", "to": "8 km"}')),
    'the rates before it that have no condition price all of it, from 5000 m to 8000 m', 'and what is said of it');
SELECT is(pg_temp.found(pg_temp.rates('{"from": "3 km"}', '{"to": "3 km"}', '{"from": "1 km", "to": "9 km"}')),
    '{rates[2] unreachable}', 'a rate that two cover together');
SELECT is(pg_temp.found(pg_temp.rates('{"from": "3 km"}', '{"to": "2999 m"}', '{"from": "1 km", "to": "9 km"}')),
    '{}', 'not one of which a metre is left');
SELECT is(pg_temp.found(pg_temp.rates('{"to": "5 km"}', '{}')), '{}', 'not one that has more');
SELECT is(pg_temp.found(pg_temp.rates('{"when": {"attributes": {"a": 1}}}', '{}')), '{}', 'not one after a rate on a condition');
SELECT is(pg_temp.found(pg_temp.rates('{}', '{"when": {"attributes": {"a": 1}}}')), '{rates[1] unreachable}',
    'a rate on a condition after one without');
SELECT is(pg_temp.found(pg_temp.rates('{}', '{"dimension": "time", "unit": "min"}')), '{}', 'not one of another dimension');
SELECT is(pg_temp.found('{"rates": [{"dimension": "distance", "price": "1", "unit": "km"},
    {"dimension": "distance", "price": "1", "unit": "km", "from": "5 km"}]}'), '{}', 'not where all are added');
SELECT is(pg_temp.found(pg_temp.rates('{"to": "5 km", "per": "rental"}', '{"to": "5 km"}', '{"from": "5 km"}')), '{}',
    'a range of the rental covers no range of the trip');

-- unreachable: tiers
CREATE FUNCTION pg_temp.tiers(keys text) RETURNS text LANGUAGE sql AS $$
    SELECT jsonb_build_object('rates', jsonb_build_array(jsonb '{"dimension": "distance",
        "tiers": {"mode": "graduated", "unit": "km", "bounds": [{"to": "5", "price": "2"}, {"to": "10", "price": "1"}, {"price": "0.5"}]}}'
        || keys::jsonb))::text
$$;
SELECT is(pg_temp.found(pg_temp.tiers('{}')), '{}', 'tiers of all quantities');
SELECT is(pg_temp.found(pg_temp.tiers('{"from": "1 km", "to": "11 km"}')), '{"rates[0].tiers.bounds[2] unreachable"}',
    'a tier beyond the range of its rate');
SELECT is(pg_temp.message(pg_temp.tiers('{"from": "1 km", "to": "11 km"}')),
    'the tier begins beyond 10000 m, and its rate prices at most 10000 m', 'and what is said of it');
SELECT is(pg_temp.found(pg_temp.tiers('{"from": "1 km", "to": "11001 m"}')), '{}', 'not one of which a metre is within');
SELECT is(pg_temp.found(pg_temp.tiers('{"to": "9500 m", "step": "3 km"}')), '{}', 'not one that a step reaches');
SELECT is(pg_temp.found(pg_temp.tiers('{"to": "9500 m", "step": "3 km", "rounding": "down"}')),
    '{"rates[0].tiers.bounds[2] unreachable"}', 'a tier that no step reaches');
SELECT is(pg_temp.found(pg_temp.tiers('{"to": "9500 m", "step": "3 km", "rounding": "none"}')),
    '{"rates[0].tiers.bounds[2] unreachable"}', 'a tier that a step which is not rounded does not reach');
SELECT is(pg_temp.found(pg_temp.tiers('{"to": "12 km", "free": "7 km"}')),
    '{"rates[0].tiers.bounds[1] unreachable","rates[0].tiers.bounds[2] unreachable"}', 'tiers that free units leave nothing for');

-- unreachable: flat fares
SELECT is(pg_temp.found('{"flat_fares": [{"name": "a", "amount": "1.00"},
    {"name": "b", "amount": "2.00", "when": {"attributes": {"b": 1}}}, {"name": "c", "amount": "3.00"}]}'),
    '{"flat_fares[1] unreachable","flat_fares[2] unreachable"}', 'flat fares after one without condition');
SELECT is(pg_temp.message('{"flat_fares": [{"name": "a", "amount": "1.00"}, {"name": "b", "amount": "2.00"}]}'),
    'flat_fares[0] before it has no condition', 'and what is said of them');
SELECT is(pg_temp.found('{"flat_fares": [{"name": "b", "amount": "2.00", "when": {"attributes": {"b": 1}}},
    {"name": "a", "amount": "1.00"}]}'), '{}', 'not one before it');

-- unreachable: conditions that never hold.  Christmas 2024 was a Wednesday.
SELECT is(pg_temp.found(pg_temp.on_condition('{"dates": ["2024-12-25"], "weekdays": ["sat", "sun"]}')),
    '{"surcharges[0].when unreachable"}', 'no date is on the weekday');
SELECT is(pg_temp.message(pg_temp.on_condition('{"dates": ["2024-12-25", "2024-12-30/2025-01-02"], "weekdays": ["sat", "sun"]}')),
    'it never holds: no date is of all of its weekdays (Saturday, Sunday), dates (2024-12-25 and 1 more)', 'and what is said of it');
SELECT is(pg_temp.found(pg_temp.on_condition('{"dates": ["2024-12-25"], "weekdays": ["wed"]}')), '{}', 'one is');
SELECT is(pg_temp.found(pg_temp.on_condition('{"dates": ["2024-12-25/2024-12-28"], "weekdays": ["sat"]}')), '{}',
    'the last of a range is');
SELECT is(pg_temp.found(pg_temp.on_condition('{"dates": ["2024-12-25/2024-12-27"], "weekdays": ["sat"]}')),
    '{"surcharges[0].when unreachable"}', 'the day after it is not');
SELECT is(pg_temp.found('{"calendars": {"holidays": ["2024-12-25"], "fairs": ["2024-06-01/2024-06-05"]},
    "surcharges": [{"name": "s", "amount": "1.00", "when": {"calendars": ["holidays"], "dates": ["2024-06-01"]}}]}'),
    '{"surcharges[0].when unreachable"}', 'no date is in the calendar');
SELECT is(pg_temp.found('{"calendars": {"holidays": ["2024-12-25"], "fairs": ["2024-06-01/2024-06-05"]},
    "surcharges": [{"name": "s", "amount": "1.00", "when": {"calendars": ["holidays", "fairs"], "dates": ["2024-06-01"]}}]}'),
    '{}', 'one is in one of the calendars');
SELECT is(pg_temp.found(pg_temp.on_condition('{"hours": ["22:00-06:00"], "dates": ["2024-12-25"],
    "not": {"dates": ["2024-12-26"], "date_of": "instant"}}')), '{}', 'a night may be left half');
SELECT is(pg_temp.found(pg_temp.on_condition('{"hours": ["00:00-06:00"], "dates": ["2024-12-25"],
    "not": {"dates": ["2024-12-25"], "date_of": "instant"}}')), '{"surcharges[0].when unreachable"}', 'or all of it excluded');
SELECT is(pg_temp.found(pg_temp.on_condition('{"elapsed": {"from": "30 min"}}')), '{"surcharges[0].when unreachable"}',
    'nothing has elapsed at the start');
SELECT is(pg_temp.message(pg_temp.on_condition('{"elapsed": {"from": "30 min", "to": "1 h"}}')),
    'it never holds: elapsed from 1800 s to 3600 s is asked at the start alone', 'and what is said of it');
SELECT is(pg_temp.found(pg_temp.on_condition('{"elapsed": {"from": "30 min"}, "evaluate": "segment"}')), '{}',
    'but at some moment it has');
SELECT is(pg_temp.found(pg_temp.on_condition('{"elapsed": {"to": "30 min"}}')), '{}', 'at the start less has elapsed');
SELECT is(pg_temp.found('{"multipliers": [{"name": "m", "factor": "2", "when": {"elapsed": {"from": "30 min"}}}]}'), '{}',
    'a multiplier is asked by the moment');
SELECT is(pg_temp.found('{"multipliers": [{"name": "m", "factor": "2", "to": ["base"], "when": {"elapsed": {"from": "30 min"}}}]}'),
    '{"multipliers[0].when unreachable"}', 'but one on the base at the start');
SELECT is(pg_temp.found('{"multipliers": [{"name": "m", "factor": "2", "to": ["reserved"], "when": {"elapsed": {"to": "30 min"}}}]}'),
    '{"multipliers[0].when unreachable"}', 'and one on reserved time before it');
SELECT is(pg_temp.found(pg_temp.rates('{"dimension": "time", "unit": "min", "to": "30 min", "when": {"elapsed": {"from": "30 min"}}}',
    '{"dimension": "time", "unit": "min"}')), '{"rates[0].when unreachable"}', 'what has elapsed is the time that a rate prices');
SELECT is(pg_temp.message(pg_temp.rates('{"dimension": "time", "unit": "min", "to": "30 min", "when": {"elapsed": {"from": "30 min"}}}',
    '{"dimension": "time", "unit": "min"}')),
    'it never holds: elapsed from 1800 s is asked from 0 s to 1800 s after the start alone', 'and what is said of it');
SELECT is(pg_temp.found(pg_temp.rates('{"dimension": "time", "unit": "min", "to": "30 min", "when": {"elapsed": {"from": "29 min"}}}',
    '{"dimension": "time", "unit": "min"}')), '{}', 'of which a minute is enough');
SELECT is(pg_temp.found(pg_temp.rates('{"to": "30 km", "when": {"elapsed": {"from": "30 min"}}}', '{}')), '{}',
    'a distance may take any time');
SELECT is(pg_temp.found(pg_temp.on_condition('{"attributes": {"class": ["van"]}, "not": {"attributes": {"class": ["bus", "van"]}}}')),
    '{"surcharges[0].when unreachable"}', '"not" excludes all attributes');
SELECT is(pg_temp.message(pg_temp.on_condition('{"attributes": {"class": ["van"]}, "not": {"attributes": {"class": ["bus", "van"]}}}')),
    'it never holds: "not" excludes all that the rest allows', 'and what is said of it');
SELECT is(pg_temp.found(pg_temp.on_condition('{"attributes": {"class": ["van", "car"]}, "not": {"attributes": {"class": ["van"]}}}')),
    '{}', 'or some of them');
SELECT is(pg_temp.found(pg_temp.on_condition('{"attributes": {"class": ["van"]}, "not": {"attributes": {"class": ["van"], "pet": true}}}')),
    '{}', 'or only with another');
SELECT is(pg_temp.found(pg_temp.on_condition('{"hours": ["10:00-12:00"], "not": {"hours": ["09:00-11:00", "11:00-13:00"]}}')),
    '{"surcharges[0].when unreachable"}', '"not" excludes all hours');
SELECT is(pg_temp.found(pg_temp.on_condition('{"hours": ["10:00-12:00"], "not": {"hours": ["09:00-11:00", "11:01-13:00"]}}')),
    '{}', 'but for a minute');

-- no_fallback
SELECT is(pg_temp.found(pg_temp.rates('{"to": "10 km"}')), '{"rates no_fallback"}', 'no rate beyond');
SELECT is(pg_temp.message(pg_temp.rates('{"to": "10 km"}')), 'no rate prices distance from 10000 m on', 'and what is said of it');
SELECT is(pg_temp.found('{"rates": [{"dimension": "distance", "price": "1", "unit": "km", "from": "10 km"}]}'), '{}',
    'where all rates are added and have no condition, that may be meant');
SELECT is(pg_temp.message('{"rates": [{"dimension": "distance", "price": "1", "unit": "km", "when": {"hours": ["06:00-22:00"], "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat"]}},
    {"dimension": "distance", "price": "2", "unit": "km", "when": {"hours": ["22:00-06:00"]}}]}'),
    'no rate prices distance from 0 m on, on Sunday, at 06:00', 'not by day on Sundays');
SELECT is(pg_temp.found('{"rates": [{"dimension": "distance", "price": "1", "unit": "km", "when": {"hours": ["06:00-22:00"]}},
    {"dimension": "distance", "price": "2", "unit": "km", "when": {"hours": ["22:00-06:00"]}}]}'), '{}', 'day and night are all there is');
SELECT is(pg_temp.message('{"rates": [{"dimension": "distance", "price": "1", "unit": "km", "when": {"not": {"dates": ["2024-12-25"]}}}]}'),
    'no rate prices distance from 0 m on, on 2024-12-25, a Wednesday, at 00:00', 'not on a date');
SELECT is(pg_temp.message('{"rates": [{"dimension": "time", "price": "1", "unit": "min", "when": {"not": {"attributes": {"class": "van"}}}}]}'),
    'no rate prices time from 0 s on, on Monday, at 00:00, where attribute "class" is "van"', 'not with an attribute');
SELECT is(pg_temp.found('{"rates": [{"dimension": "time", "price": "1", "unit": "min", "when": {"not": {"attributes": {"class": "van"}}}},
    {"dimension": "time", "price": "2", "unit": "min", "when": {"attributes": {"class": ["van", "bus"]}}}]}'), '{}', 'with it, or without');
SELECT is(pg_temp.message('{"rates": [{"dimension": "distance", "price": "1", "unit": "km", "when": {"elapsed": {"to": "1 h"}}}]}'),
    'no rate prices distance from 0 m on, on Monday, at 00:00, 3600 s after the start', 'not after an hour');
SELECT is(pg_temp.found('{"meter": {"mode": "D", "distance": {"price": "1", "unit": "km"}},
    "rates": [{"dimension": "distance", "price": "1", "unit": "km", "when": {"hours": ["06:00-22:00"]}}]}'), '{}', 'but a meter prices it');
SELECT is(pg_temp.found('{"rates": [{"dimension": "distance", "price": "1.00", "unit": "once", "when": {"hours": ["06:00-22:00"]}}]}'), '{}',
    'what is charged once, and added, needs no fallback');

-- volume_cliff: to 5 flat 100, to 10 flat 150, to 15 at 10 each, above at 5
CREATE FUNCTION pg_temp.volume(bounds text, keys text DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT jsonb_build_object('rates', jsonb_build_array(jsonb_build_object('dimension', 'distance',
        'tiers', jsonb_build_object('mode', 'volume', 'unit', 'km', 'bounds', bounds::jsonb)) || keys::jsonb))::text
$$;
SELECT is(pg_temp.found(pg_temp.volume('[{"to": "5", "flat": "100"}, {"to": "10", "flat": "150"}, {"to": "15", "price": "10"}, {"price": "5"}]')),
    '{"rates[0].tiers.bounds[1].to volume_cliff","rates[0].tiers.bounds[2].to volume_cliff"}', 'more costs less');
SELECT is(pg_temp.message(pg_temp.volume('[{"to": "15", "price": "10"}, {"price": "5"}]')),
    'the total falls from 150 at 15000 m to 75 beyond 15000 m', 'and what is said of it');
SELECT is(pg_temp.found(pg_temp.volume('[{"to": "15", "price": "10"}, {"flat": "75", "price": "5"}]')), '{}', 'not where it is as much');
SELECT is(pg_temp.found(pg_temp.volume('[{"to": "15", "price": "10"}, {"price": "9.5"}]', '{"step": "1 km"}')), '{}',
    'not where a step costs more than what is saved');
SELECT is(pg_temp.message(pg_temp.volume('[{"to": "15", "price": "10"}, {"price": "9"}]', '{"step": "1 km"}')),
    'the total falls from 150 at 15000 m to 144 at 16000 m', 'but where it costs less');
SELECT is(pg_temp.message(pg_temp.volume('[{"to": "15", "price": "10"}, {"price": "9.5"}]', '{"step": "1 km", "rounding": "none"}')),
    'the total falls from 150 at 15000 m to 142.5 beyond 15000 m', 'a step that is not rounded costs no more');

-- ambiguous_hour: the European Union changes at 01:00 UTC, on last Sundays
SELECT is(pg_temp.message(jsonb_set(pg_temp.on_condition('{"hours": ["02:00-03:00"]}')::jsonb, '{time_zone}', '"Europe/Berlin"')::text),
    'the window begins at 02:00, which in the years 2000 to 2037 Europe/Berlin skips 38 times, last on 2037-03-29, and repeats 38 times, last on 2037-10-25',
    'an hour that is skipped, and repeated');
SELECT is(pg_temp.found(jsonb_set(pg_temp.on_condition('{"hours": ["00:00-01:59", "03:00-12:00"], "not": {"hours": ["23:30-02:30"]}}')::jsonb,
    '{time_zone}', '"Europe/Berlin"')::text), '{"surcharges[0].when.not.hours[0] ambiguous_hour"}', 'and hours beside it');
SELECT is(pg_temp.found(pg_temp.on_condition('{"hours": ["02:00-03:00"]}')), '{}', 'UTC has no such hour');
SELECT is(pg_temp.found(jsonb_set(pg_temp.on_condition(c)::jsonb, '{time_zone}', '"America/Sao_Paulo"')::text), f::text[], n)
FROM (VALUES
    ('{"hours": ["18:00-24:00"]}', '{"surcharges[0].when.hours[0] ambiguous_hour"}', 'a zone that skips midnight'),
    ('{"weekdays": ["sat"]}', '{"surcharges[0].when ambiguous_hour"}', 'where a day begins, too'),
    ('{"hours": ["18:00-22:00"], "weekdays": ["sat"]}', '{}', 'but not where hours within it do')) AS cases (c, f, n);

-- currency_digits
SELECT is(pg_temp.found('{"base": "1.005", "minimum": "2.001", "maximum": "9.999", "surcharges": [{"name": "s", "amount": "0.125"}],
    "flat_fares": [{"name": "f", "amount": "7.777"}], "discounts": [{"name": "d", "amount": "0.001"}], "caps": [{"amount": "8.888", "calendar": "day"}],
    "rates": [{"dimension": "distance", "price": "0.005", "unit": "once"}],
    "meter": {"mode": "D", "distance": {"price": "1.2345", "unit": "km"}, "increment": "0.125"},
    "period": {"fee": {"amount": "1.001"}, "daily_cap": "0.001", "minimum": "0.002", "maximum": "0.003", "discounts": [{"name": "p", "amount": "0.004"}],
               "rates": [{"dimension": "time", "tiers": {"mode": "graduated", "unit": "h", "bounds": [{"flat": "0.005", "price": "0.001"}]}}]}}'),
    array(SELECT k || ' currency_digits' FROM unnest('{base,minimum,maximum,surcharges[0].amount,flat_fares[0].amount,discounts[0].amount,caps[0].amount,rates[0].price,
        meter.increment,period.fee.amount,period.daily_cap,period.minimum,period.maximum,period.discounts[0].amount,"period.rates[0].tiers.bounds[0].flat"}'::text[]) k
        ORDER BY k), 'amounts that nobody can pay');
SELECT is(pg_temp.message('{"base": "1.005"}'), 'the amount 1.005 has more digits behind the point than the 2 of EUR', 'and what is said of them');
SELECT is(pg_temp.found('{"currency": "JPY", "base": "100.00"}'), '{}', 'zeros are no digits');
SELECT is(pg_temp.found('{"currency": "KWD", "base": "1.005"}'), '{}', 'some currencies have three');
SELECT is(pg_temp.message('{"rounding": {"fare": {"step": "0.001"}}}'), 'the step 0.001 is finer than the smallest unit of EUR, 0.01', 'a fare finer than the currency');
SELECT is(pg_temp.message('{"currency": "CHF", "rounding": {"cash": {"step": "0.02"}}}'),
    'the step 0.02 is not a whole number of the smallest cash step of CHF, 0.05', 'cash that there is not');
SELECT is(pg_temp.found('{"currency": "CHF", "rounding": {"cash": {"step": "0.10"}, "fare": {"step": "0.05"}}}'), '{}', 'and that there is');

SELECT * FROM finish();
ROLLBACK;
