-- tariff: every key in its canonical form, spellings that are equal, casts, operators
SET search_path = tripmeter, tripmeter_internal, public;
SET timezone = 'UTC';
\pset format unaligned
\pset tuples_only on

-- the least; and defaults, which are left out
SELECT '{"tariff": 1, "currency": "EUR"}'::tariff;
SELECT '{"period": {}, "calendars": {}, "tax": {"percent": "0", "by": {}, "included": false}, "discounts": [], "caps": [],
    "surcharges": [], "flat_fares": [], "multipliers": [], "select": {"time": "all", "distance": "all"}, "rates": [], "base": "-0.00",
    "rounding": {"fare": {"step": "0.01", "mode": "half_up"}}, "time_zone": "utc", "currency": "EUR", "tariff": 1.0}'::tariff;
-- of a key given twice the last counts
SELECT '{"tariff": 2, "tariff": 1, "currency": "EUR", "base": "1", "base": "2"}'::tariff;

-- the top, and how it is rounded
SELECT '{"description": "a \"quoted\" word and a back\\slash", "name": "City", "tariff": 1, "currency": "EUR", "time_zone": "europe/berlin",
    "maximum": "100", "minimum": "8.0", "base": "003.9",
    "rounding": {"cash": {"when": {"attributes": {"payment": ["cash"]}}, "mode": "half_even", "step": "0.05"},
        "fare": {"mode": "up", "step": "0.10"}, "line": {"mode": "half_down", "step": "0.0010"}}}'::tariff;
SELECT '{"tariff": 1, "currency": "CHF", "time_zone": "Etc/GMT+5", "rounding": {"line": {"step": "1", "mode": "down"}, "fare": {"step": "0.005"},
    "cash": {"step": "0.05", "when": {"attributes": {"payment": "cash"}}}}}'::tariff;
SELECT '{"tariff": 1, "currency": "KRW", "rounding": {"fare": {"step": "100", "mode": "half_up"}, "cash": {"step": "1000", "when": {}}}}'::tariff;
SELECT '{"tariff": 1, "currency": "KWD", "base": "1.2", "rounding": {"cash": {"when": {"attributes": {"payment": ["cash", "coin"]}}}}}'::tariff;

-- rates: dimensions, units, ranges, steps
SELECT '{"tariff": 1, "currency": "EUR", "select": {"stopped": "first", "distance": "first", "time": "all"}, "rates": [
    {"dimension": "distance", "price": "2", "unit": "1.0 km", "name": "distance"},
    {"unit": "once", "price": "-3.5", "dimension": "time", "to": "60 min", "from": "030 min", "name": "half an hour"},
    {"dimension": "moving", "price": "0.5750", "unit": "15min", "rounding": "up", "step": "1 min", "free": "0 s", "from": "0 h", "per": "trip"},
    {"dimension": "stopped", "price": "000.100000000", "unit": "day", "rounding": "nearest", "step": "0.50 h", "free": "90 min"},
    {"dimension": "reserved", "price": "0", "unit": "h", "rounding": "down", "step": "30 s", "per": "rental", "when": {}},
    {"dimension": "reserved", "price": "0", "unit": "h", "rounding": "none", "step": "1 h", "when": {"evaluate": "unit", "weekdays": ["mon"]}},
    {"dimension": "distance", "price": "1", "unit": "100 yd", "from": "1 mi", "to": "5280.5 ft", "step": "200 m"}]}'::tariff;
-- tiers
SELECT '{"tariff": 1, "currency": "EUR", "rates": [
    {"dimension": "distance", "tiers": {"bounds": [{"flat": "2", "price": "10", "to": "10.50"}, {"price": "0", "to": "20"}, {}], "unit": "1 km", "mode": "graduated"}},
    {"dimension": "time", "tiers": {"mode": "volume", "unit": "min", "bounds": [{"flat": "0.00", "price": "0.125"}]}},
    {"dimension": "time", "tiers": {"mode": "package", "unit": "30 min", "bounds": [{"price": "15"}]}, "per": "rental"}]}'::tariff;

-- conditions
SELECT '{"tariff": 1, "currency": "EUR", "calendars": {"b": ["2025-01-01"], "a": ["2024-12-31/2024-12-31", "2024-02-29/2024-03-01", "2024-02-29", "2024-12-31"]},
    "rates": [{"dimension": "time", "price": "1", "unit": "h", "step": "1 h", "when": {
        "evaluate": "unit", "not": {"attributes": {"vip": true}, "elapsed": {"to": "1 h"}, "date_of": "instant", "calendars": ["b"], "dates": ["2024-05-01"], "weekdays": ["wed"], "hours": ["12:00-13:00"]},
        "attributes": {"zone": [7, 7.50, 1e2], "class": ["van", "limousine"], "pet": [false]},
        "elapsed": {"to": "2 h", "from": "30 min"}, "date_of": "window", "calendars": ["a", "b"],
        "dates": ["2025-01-01/2025-01-05", "2024-12-25", "2024-12-25"], "weekdays": ["sun", "mon", "sun"],
        "hours": ["22:00-06:00", "00:00-24:00", "22:00-00:00", "08:30:15-09:00"]}}]}'::tariff;
SELECT format('{"tariff": 1, "currency": "EUR", "rates": [{"dimension": "time", "price": "1", "unit": "h", "when": %s}]}', condition)::tariff
FROM (VALUES ('{"elapsed": {}}'), ('{"elapsed": {"from": "0 s", "to": "90 s"}}'), ('{"evaluate": "segment", "attributes": {}}'),
    ('{"evaluate": "start", "calendars": ["not of this document"]}'), ('{"not": {"weekdays": ["mon"]}}'),
    ('{"weekdays": ["sat"], "date_of": "instant"}')) c (condition);

-- the taximeter
SELECT '{"tariff": 1, "currency": "EUR", "meter": {"gap": "time", "covers": "1000 m", "charge": "advance", "increment": "0.1", "crossover": "15.70 km/h",
    "time": {"unit": "60 s", "price": "0.35"}, "distance": {"unit": "1 km", "price": "1.2"}, "mode": "S"}}'::tariff;
SELECT '{"tariff": 1, "currency": "USD", "meter": {"mode": "K", "gap": "leg", "covers": "0 s", "charge": "complete", "increment": "0.50", "crossover": "12 mph",
    "distance": {"price": "0", "unit": "0.2 mi"}, "time": {"price": "0.50", "unit": "min"}}}'::tariff;
SELECT '{"tariff": 1, "currency": "EUR", "meter": {"mode": "D", "time": {"price": "0.35", "unit": "min"}, "covers": "5 min", "gap": "nothing"}}'::tariff;
SELECT '{"tariff": 1, "currency": "EUR", "meter": {"mode": "D", "distance": {"price": "1", "unit": "km"}, "gap": "distance"}}'::tariff;

-- multipliers, flat fares, surcharges, caps
SELECT '{"tariff": 1, "currency": "EUR", "multipliers": [
        {"when": {"evaluate": "unit", "hours": ["22:00-06:00"]}, "to": ["meter", "distance", "base", "meter"], "group": "time", "factor": "1.20", "name": "night"},
        {"factor": "0", "to": ["base", "distance", "time", "moving", "stopped", "reserved", "meter"], "name": "multiplier"}],
    "flat_fares": [{"when": {"attributes": {"to": "airport"}}, "amount": "45", "name": "Airport"}, {"amount": "60", "name": "flat"}],
    "surcharges": [{"amount": "1.5", "when": {"weekdays": ["sun"]}, "name": "Sunday"}, {"attribute": "toll"}, {"attribute": "tip", "name": "Tip"}, {"amount": "-1"}],
    "caps": [{"rolling": "24 h", "amount": "25"}, {"calendar": "day", "amount": "0"}, {"calendar": "week", "amount": "99.9"}, {"calendar": "month", "amount": "300"}]}'::tariff;
-- groups, attributes and names that come again
SELECT '{"tariff": 1, "currency": "EUR", "multipliers": [{"factor": "1.2", "group": "a"}, {"factor": "1.3"}, {"factor": "1.4", "group": "a"}],
    "surcharges": [{"attribute": "toll", "when": {"attributes": {"a": 1, "b": 2, "c": 3}}}, {"attribute": "toll", "name": "Toll again", "when": {"attributes": {"d": 4, "e": 5, "f": "6"}}}],
    "tax": {"by": {"Toll again": "7", "toll": "0"}}}'::tariff;

-- discounts, tax, a plan
SELECT '{"tariff": 1, "currency": "EUR", "rates": [{"name": "Ride", "dimension": "time", "price": "1", "unit": "h"}],
    "discounts": [{"percent": "10.50", "when": {"attributes": {"member": true}}, "name": "Member"}, {"amount": "1.5"}, {"percent": "0"}],
    "tax": {"included": true, "by": {"surcharge": "20.0", "base": "0", "Ride": "5.50", "Data": "1", "fee": "7"}, "percent": "19.0"},
    "period": {"discounts": [{"percent": "5"}, {"amount": "2"}], "maximum": "500", "minimum": "50", "daily_cap": "25",
        "rates": [{"name": "Data", "dimension": "distance", "tiers": {"mode": "graduated", "unit": "km", "bounds": [{"price": "0.2"}]}}, {"dimension": "time", "price": "0.1", "unit": "min", "step": "min", "free": "1 h", "from": "1 h", "to": "3 h"}],
        "allowances": [{"prorated": true, "pooled": true, "included": "1000.0 km", "dimension": "distance", "name": "Kilometres"}, {"dimension": "time", "included": "0 h", "pooled": false}],
        "fee": {"prorated": true, "pooled": true, "amount": "9.9"}}}'::tariff;

-- casts; currency; operators
SELECT '{"currency": "EUR", "tariff": 1}'::jsonb::tariff;
SELECT '{"currency": "EUR", "tariff": 1, "base": "1"}'::tariff::jsonb;
SELECT currency('{"tariff": 1, "currency": "JPY"}');
SELECT a = b, a <> b, a < b, a <= b, a > b, a >= b, tariff_cmp(a, b), tariff_hash(a) = tariff_hash(b), tariff_hash_extended(a, 7) = tariff_hash_extended(b, 7)
FROM (VALUES ('{"tariff": 1, "currency": "EUR"}'::tariff)) x (a),
    (VALUES ('{"currency": "EUR", "tariff": 1}'::tariff), ('{"tariff": 1, "currency": "EUR", "base": "1"}')) y (b);
SELECT a < b, a <= b, a > b, a >= b, tariff_cmp(a, b) FROM (VALUES ('{"tariff": 1, "currency": "USD"}'::tariff, '{"tariff": 1, "currency": "EUR"}'::tariff)) x (a, b);
