-- tariff: what is refused, where, and why; and which attributes of a trip
SET search_path = tripmeter, public;
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION refused(document text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
    message text;
    detail text;
    hint text;
BEGIN
    RETURN document::tariff;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n  ', nullif(state, '22023') || ':', message, detail, nullif(hint, ''));
END $$;

-- the document
SELECT refused(document) FROM (VALUES
    ('{"tariff": 1, "currency": "EUR"'),
    ('1'), ('"EUR"'), ('null'), ('[]'), ('{}'),
    ('{"tariff": 2, "currency": "EUR"}'),
    ('{"tariff": "1", "currency": "EUR"}'),
    ('{"tariff": 1}'),
    ('{"tariff": 1, "currency": "eur"}'),
    ('{"tariff": 1, "currency": "EURO"}'),
    ('{"tariff": 1, "currency": 978}'),
    ('{"tariff": 1, "curency": "EUR"}')) d (document);

SELECT length(refused(format('{"%s": 1}', repeat('x', 5000)))) > 5000 AS all_of_it;

-- the rest of a document in euros
CREATE FUNCTION bad(rest text) RETURNS text LANGUAGE sql AS $$ SELECT refused('{"tariff": 1, "currency": "EUR", ' || rest || '}') $$;

SELECT bad(rest) FROM (VALUES
    ('"name": ""'),
    ('"name": 7'),
    ('"description": ["a"]'),
    ('"time_zone": "Mars/Olympus"'),
    ('"time_zone": "CET-1CEST"'),
    ('"time_zone": "EST5EDT"'),
    ('"time_zone": "localtime"'),
    ('"time_zone": "right/UTC"'),
    ('"time_zone": "UTC+1"'),
    ('"time_zone": true'),
    ('"base": 3.90'),
    ('"base": true'),
    ('"base": "3,90"'),
    ('"base": "1e3"'),
    ('"base": "+1"'),
    ('"base": ".5"'),
    ('"base": "1."'),
    ('"base": "0.1234567890"'),
    ('"base": "1234567890123456789"'),
    ('"base": "123456789012345678"'),
    ('"base": "' || repeat('0123456789', 20) || '"'),
    ('"minimum": "-1"'),
    ('"maximum": "-1"'),
    ('"minimum": "2", "maximum": "1.99"'),
    ('"select": "first"'),
    ('"select": {"length": "first"}'),
    ('"select": {"time": "last"}')) d (rest);

-- rounding
SELECT bad('"rounding": ' || rounding) FROM (VALUES
    ('"up"'),
    ('{"total": {}}'),
    ('{"line": {}}'),
    ('{"line": {"step": "0"}}'),
    ('{"line": {"step": "0.01", "mode": "nearest"}}'),
    ('{"line": {"step": "0.01", "when": {}}}'),
    ('{"fare": {"step": "-0.01"}}'),
    ('{"fare": {"step": "0.015"}}'),
    ('{"fare": {"step": "0.003"}}'),
    ('{"cash": {"step": "0.005"}}'),
    ('{"cash": {"when": {"evaluate": "unit", "weekdays": ["mon"]}}}')) d (rounding);

-- rates
SELECT bad('"rates": ' || rates) FROM (VALUES
    ('{}'), ('[7]'), ('[{}]'),
    ('[{"dimension": "length"}]'),
    ('[{"dimension": "distance"}]'),
    ('[{"dimension": "distance", "price": "1"}]'),
    ('[{"dimension": "distance", "price": "1", "unit": 1}]'),
    ('[{"dimension": "distance", "price": 1, "unit": "km"}]'),
    ('[{"dimension": "distance", "price": "1", "unit": ""}]'),
    ('[{"dimension": "distance", "price": "1", "unit": "min"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "km"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "60"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "1 minute"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "1.5.0 min"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "0 min"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h", "pre": "trip"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h", "name": ""}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h", "from": "1 km"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h", "from": "-1 min"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h", "from": "60 min", "to": "1 h"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h", "to": "0 h"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h", "to": "36526 day"}]'),
    ('[{"dimension": "distance", "price": "1", "unit": "km", "to": "10000000.001 km"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h", "step": "0 s"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h", "rounding": "up"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h", "step": "1 s", "rounding": "half_up"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h", "free": "-1 s"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h", "per": "km"}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h", "when": {"evaluate": "unit", "weekdays": ["mon"]}}]'),
    ('[{"dimension": "time", "price": "1", "unit": "h"}, {"dimension": "time", "price": "1x", "unit": "h"}]')) d (rates);

-- tiers
SELECT bad('"rates": [{"dimension": "distance", ' || tiers || '}]') FROM (VALUES
    ('"tiers": []'),
    ('"price": "1", "tiers": {}'),
    ('"unit": "km", "tiers": {}'),
    ('"tiers": {"unit": "km", "bounds": [{}]}'),
    ('"tiers": {"mode": "stairs", "unit": "km", "bounds": [{}]}'),
    ('"tiers": {"mode": "volume", "bounds": [{}]}'),
    ('"tiers": {"mode": "volume", "unit": "once", "bounds": [{}]}'),
    ('"tiers": {"mode": "volume", "unit": "h", "bounds": [{}]}'),
    ('"tiers": {"mode": "volume", "unit": "km"}'),
    ('"tiers": {"mode": "volume", "unit": "km", "bounds": []}'),
    ('"tiers": {"mode": "volume", "unit": "km", "bounds": {}}'),
    ('"tiers": {"mode": "volume", "unit": "km", "bounds": [{"to": "5 km"}, {}]}'),
    ('"tiers": {"mode": "volume", "unit": "km", "bounds": [{"to": "0"}, {}]}'),
    ('"tiers": {"mode": "volume", "unit": "km", "bounds": [{"to": "5"}, {"to": "10"}]}'),
    ('"tiers": {"mode": "volume", "unit": "km", "bounds": [{}, {"to": "5"}, {}]}'),
    ('"tiers": {"mode": "graduated", "unit": "km", "bounds": [{"to": "5"}, {"to": "5.0"}, {}]}'),
    ('"tiers": {"mode": "graduated", "unit": "km", "bounds": [{"upto": "5"}, {}]}'),
    ('"tiers": {"mode": "package", "unit": "km", "bounds": [{"to": "5"}, {}]}'),
    ('"tiers": {"mode": "package", "unit": "km", "bounds": [{"to": "5"}]}'),
    ('"tiers": {"mode": "package", "unit": "km", "bounds": [{"flat": "1"}]}'),
    ('"per": "rental", "tiers": {"mode": "volume", "unit": "km", "bounds": [{}]}')) d (tiers);

-- conditions
SELECT bad('"surcharges": [{"amount": "1", "when": ' || condition || '}]') FROM (VALUES
    ('true'),
    ('{"hour": ["08:00-09:00"]}'),
    ('{"hours": "08:00-09:00"}'),
    ('{"hours": []}'),
    ('{"hours": [8]}'),
    ('{"hours": ["8:00-9:00"]}'),
    ('{"hours": ["08:00"]}'),
    ('{"hours": ["08:00-09:00 "]}'),
    ('{"hours": ["08:00:5-09:00"]}'),
    ('{"hours": ["08:60-09:00"]}'),
    ('{"hours": ["08:00-24:01"]}'),
    ('{"hours": ["08:00-09:00", "25:00-26:00"]}'),
    ('{"hours": ["08:00-08:00"]}'),
    ('{"hours": ["24:00-00:00"]}'),
    ('{"hours": ["24:00-06:00"]}'),
    ('{"weekdays": []}'),
    ('{"weekdays": ["Monday"]}'),
    ('{"dates": []}'),
    ('{"dates": ["2024-02-30"]}'),
    ('{"dates": ["2023-02-29"]}'),
    ('{"dates": ["2024-13-01"]}'),
    ('{"dates": ["0000-01-01"]}'),
    ('{"dates": ["2024-1-1"]}'),
    ('{"dates": ["2024-01-01 "]}'),
    ('{"dates": ["2024-01-01-2024-01-02"]}'),
    ('{"dates": ["2024-01-01/2024-01-32"]}'),
    ('{"dates": ["2024-01-02/2024-01-01"]}'),
    ('{"dates": [20240101]}'),
    ('{"calendars": []}'),
    ('{"calendars": [7]}'),
    ('{"date_of": "start", "weekdays": ["mon"]}'),
    ('{"date_of": "instant", "hours": ["22:00-06:00"]}'),
    ('{"elapsed": "1 h"}'),
    ('{"elapsed": {"from": "1 km"}}'),
    ('{"elapsed": {"from": "1 h", "to": "60 min"}}'),
    ('{"elapsed": {"from": "0.0000001 s"}}'),
    ('{"elapsed": {"until": "1 h"}}'),
    ('{"attributes": ["van"]}'),
    ('{"attributes": {"class": []}}'),
    ('{"attributes": {"class": null}}'),
    ('{"attributes": {"class": {"is": "van"}}}'),
    ('{"attributes": {"class": ["van", ["bus"]]}}'),
    ('{"not": {}}'),
    ('{"not": {"attributes": {}}}'),
    ('{"not": {"not": {"weekdays": ["mon"]}}}'),
    ('{"not": {"weekdays": ["mon"], "evaluate": "start"}}'),
    ('{"not": {"date_of": "instant"}}'),
    ('{"evaluate": "segment"}'),
    ('{"evaluate": "unit", "weekdays": ["mon"]}'),
    ('{"evaluate": "end", "weekdays": ["mon"]}')) d (condition);
SELECT bad('"calendars": ' || calendars) FROM (VALUES
    ('[]'),
    ('{"Public holidays": "2024-12-25"}'),
    ('{"Public holidays": ["2024-12-25", "25 December"]}'),
    ('{"Public holidays": ["2024-12-25"], "none": []}'),
    ('{"": ["today"]}')) d (calendars);

-- the taximeter
SELECT bad('"meter": {' || meter || '}') FROM (VALUES
    ('"modus": "S"'),
    ('"distance": {"price": "1", "unit": "km"}'),
    ('"mode": "X"'),
    ('"mode": "D"'),
    ('"mode": "S", "distance": {"price": "1", "unit": "km"}'),
    ('"mode": "K", "time": {"price": "1", "unit": "min"}'),
    ('"mode": "D", "distance": {"price": "-1", "unit": "km"}'),
    ('"mode": "D", "distance": {"price": "1"}'),
    ('"mode": "D", "distance": {"unit": "km"}'),
    ('"mode": "D", "distance": {"price": "1", "unit": "once"}'),
    ('"mode": "D", "time": {"price": "1", "unit": "km"}'),
    ('"mode": "D", "time": {"price": "1", "unit": "h"}, "crossover": "15 km/h"'),
    ('"mode": "S", "distance": {"price": "1", "unit": "km"}, "time": {"price": "1", "unit": "min"}, "crossover": "15 km"'),
    ('"mode": "S", "distance": {"price": "1", "unit": "km"}, "time": {"price": "1", "unit": "min"}, "crossover": "15 kn"'),
    ('"mode": "S", "distance": {"price": "1", "unit": "km"}, "time": {"price": "1", "unit": "min"}, "crossover": "0 mph"'),
    ('"mode": "S", "distance": {"price": "1", "unit": "km"}, "time": {"price": "1", "unit": "min"}, "crossover": "1000000.1 m/s"'),
    ('"mode": "S", "distance": {"price": "0", "unit": "km"}, "time": {"price": "1", "unit": "min"}'),
    ('"mode": "K", "distance": {"price": "0", "unit": "km"}, "time": {"price": "1", "unit": "min"}'),
    ('"mode": "D", "time": {"price": "1", "unit": "h"}, "increment": "0"'),
    ('"mode": "D", "time": {"price": "1", "unit": "h"}, "charge": "complete"'),
    ('"mode": "D", "time": {"price": "1", "unit": "h"}, "increment": "1", "charge": "begun"'),
    ('"mode": "D", "time": {"price": "1", "unit": "h"}, "covers": "1 km"'),
    ('"mode": "D", "distance": {"price": "1", "unit": "km"}, "covers": "1 h"'),
    ('"mode": "D", "time": {"price": "1", "unit": "h"}, "covers": "5 mph"'),
    ('"mode": "D", "time": {"price": "1", "unit": "h"}, "covers": "all"'),
    ('"mode": "D", "time": {"price": "1", "unit": "h"}, "gap": "distance"'),
    ('"mode": "D", "distance": {"price": "1", "unit": "km"}, "gap": "time"'),
    ('"mode": "D", "distance": {"price": "1", "unit": "km"}, "gap": "none"')) d (meter);

-- multipliers, flat fares, surcharges, caps, discounts
SELECT bad(rest) FROM (VALUES
    ('"multipliers": [{"name": "night"}]'),
    ('"multipliers": [{"factor": "-0.1"}]'),
    ('"multipliers": [{"factor": 1.2}]'),
    ('"multipliers": [{"factor": "1", "group": 1}]'),
    ('"multipliers": [{"factor": "1", "to": []}]'),
    ('"multipliers": [{"factor": "1", "to": ["base", "tax"]}]'),
    ('"flat_fares": [{"name": "Airport"}]'),
    ('"flat_fares": [{"amount": "1", "percent": "1"}]'),
    ('"surcharges": [{"name": "toll"}]'),
    ('"surcharges": [{"amount": "1", "attribute": "toll"}]'),
    ('"surcharges": [{"attribute": ""}]'),
    ('"caps": [{"calendar": "day"}]'),
    ('"caps": [{"amount": "1"}]'),
    ('"caps": [{"amount": "1", "rolling": "1 day", "calendar": "day"}]'),
    ('"caps": [{"amount": "1", "rolling": "0 h"}]'),
    ('"caps": [{"amount": "1", "rolling": "1.0000000001 s"}]'),
    ('"caps": [{"amount": "1", "rolling": "1.00000001 s"}]'),
    ('"caps": [{"amount": "1", "rolling": "1 km"}]'),
    ('"caps": [{"amount": "1", "calendar": "year"}]'),
    ('"caps": [{"amount": "-1", "calendar": "day"}]'),
    ('"discounts": [{"name": "Member"}]'),
    ('"discounts": [{"percent": "1", "amount": "1"}]'),
    ('"discounts": [{"percent": "100.01"}]'),
    ('"discounts": [{"percent": "-1"}]'),
    ('"discounts": [{"amount": "-1"}]'),
    ('"discounts": [{"percent": "1", "when": {"evaluate": "unit", "weekdays": ["mon"]}}]')) d (rest);

-- tax, plans
SELECT bad(rest) FROM (VALUES
    ('"tax": "19"'),
    ('"tax": {"percent": "-19"}'),
    ('"tax": {"percent": 19}'),
    ('"tax": {"included": "yes"}'),
    ('"tax": {"by": {"distance": "-1"}}'),
    ('"tax": {"by": {"surcharg": "1"}}'),
    ('"tax": {"by": {"rounding": "1"}}'),
    ('"period": true'),
    ('"period": {"days": 30}'),
    ('"period": {"fee": {"pooled": true}}'),
    ('"period": {"fee": {"amount": "1", "pooled": 1}}'),
    ('"period": {"fee": {"amount": "1", "prorated": null}}'),
    ('"period": {"allowances": [{"included": "1 h"}]}'),
    ('"period": {"allowances": [{"dimension": "time"}]}'),
    ('"period": {"allowances": [{"dimension": "moving", "included": "1 h"}]}'),
    ('"period": {"allowances": [{"dimension": "time", "included": "1 km"}]}'),
    ('"period": {"rates": [{"dimension": "stopped", "price": "1", "unit": "h"}]}'),
    ('"period": {"rates": [{"dimension": "time", "price": "1", "unit": "h", "per": "trip"}]}'),
    ('"period": {"rates": [{"dimension": "time", "price": "1", "unit": "h", "when": {}}]}'),
    ('"period": {"daily_cap": "-1"}'),
    ('"period": {"minimum": "2", "maximum": "1"}'),
    ('"period": {"discounts": [{"percent": "5", "when": {}}]}'),
    ('"rounding": {"cash": {"when": {"hours": ["06:00-07:00"]}}}, "period": {}'),
    ('"rounding": {"cash": {"step": "0.05", "when": {"attributes": {"payment": "cash"}, "not": {"elapsed": {"from": "1 h"}}}}}, "period": {}')) d (rest);

-- too much
SELECT bad(format('"rates": [%s]', repeat('{"dimension": "time", "price": "1", "unit": "h"}, ', 1000) || '{}'));
SELECT bad(format('"multipliers": [%s]', repeat('{"factor": "1"}, ', 32) || '{}'));
SELECT bad(format('"caps": [%s]', repeat('{"amount": "1", "calendar": "day"}, ', 8) || '{}'));
SELECT bad(format('"calendars": {"long": [%s]}', repeat('"2024-01-01", ', 10000) || '""'));
SELECT bad(format('"calendars": {%s}', string_agg(format('"c%s": []', n), ', '))) FROM generate_series(1, 1001) n;
SELECT bad(format('"calendars": {"a": [%1$s], "b": [%1$s]}, "rates": [%2$s]', string_agg(to_json(date '2000-01-01' + 2 * n)::text, ', '),
    repeat('{"dimension": "time", "price": "1", "unit": "h", "when": {"calendars": ["a", "b"]}}, ', 50)
    || '{"dimension": "time", "price": "1", "unit": "h", "when": {"calendars": ["a", "b"]}}')) FROM generate_series(1, 10000) n;
SELECT bad(format('"description": "%s"', repeat('x', 1024 * 1024)));
-- numbers that are long only when written out
SELECT bad(format('"surcharges": [{"amount": "1", "when": {"attributes": {"weight": [%s]}}}]', string_agg('1e130000', ', '))) FROM generate_series(1, 9);

-- attributes of a trip
CREATE FUNCTION unpriced(attributes text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
    message text;
    detail text;
    hint text;
BEGIN
    RETURN fare('{"tariff": 1, "currency": "EUR", "surcharges": [{"attribute": "toll"}],
        "rates": [{"dimension": "reserved", "price": "1", "unit": "s", "per": "rental"}]}', 1000, '1 min'::interval, '2024-01-01', attributes::jsonb);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n  ', nullif(state, '22023') || ':', message, nullif(detail, ''), nullif(hint, ''));
END $$;
SELECT unpriced(attributes) FROM (VALUES
    ('[]'),
    ('{"toll": "abc"}'),
    ('{"toll": "5."}'),
    ('{"toll": 1.5000000001}'),
    ('{"toll": 1234567890123456789}'),
    ('{"toll": {"eur": 1}}'),
    ('{"reserved_s": "abc"}'),
    ('{"reserved_s": ""}'),
    ('{"reserved_s": "1e3"}'),
    ('{"reserved_s": "12 s"}'),
    ('{"reserved_s": ".5"}'),
    ('{"reserved_s": "NaN"}'),
    ('{"reserved_s": true}'),
    ('{"reserved_s": -1}'),
    ('{"reserved_s": 3155760000.1}'),
    ('{"used": 7}'),
    ('{"used": []}'),
    ('{"used": {"time_s": "abc"}}'),
    ('{"used": {"reserved_s": [1]}}'),
    ('{"used": {"distance_m": -1}}'),
    ('{"used": {"distance_km": 12}}'),
    ('{"used": {"distance_m": 12000, "time": null}}')) d (attributes);
