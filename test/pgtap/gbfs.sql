-- GBFS: the plans that operators publish cost what their words say.

BEGIN;
SELECT plan(70);

CREATE TEMP TABLE plans (name text PRIMARY KEY, plan jsonb);
INSERT INTO plans VALUES
-- The user does not pay more than the base price for the first 10 km. After 10 km, $1 a km;
-- after 25 km, $0.50 a km and $3 every 5 km. Reserving costs $0.15 a minute.
('one-way', '{"plan_id": "plan2", "name": [{"text": "One-Way", "language": "en"}, {"text": "Aller simple", "language": "fr"}],
    "currency": "USD", "price": 2.00, "reservation_price_per_min": 0.15, "is_taxable": false,
    "description": [{"text": "Includes 10km, overage fees apply after 10km.", "language": "en"}],
    "per_km_pricing": [{"start": 10, "rate": 1.00, "interval": 1, "end": 25}, {"start": 25, "rate": 0.50, "interval": 1},
        {"start": 25, "rate": 3.00, "interval": 5, "end": null}]}'),
-- $3 to unlock, $0.25 per kilometre and $0.50 per minute
('simple', '{"plan_id": "plan3", "name": "Simple Rate", "currency": "CAD", "price": 3, "is_taxable": true,
    "description": "$3 unlock fee, $0.25 per kilometer and 0.50 per minute.", "surge_pricing": true,
    "per_km_pricing": [{"start": 0, "rate": 0.25, "interval": 1}], "per_min_pricing": [{"start": 0, "rate": 0.50, "interval": 1}]}'),
-- 3 once for the second half hour, then 0.10 a minute
('half hours', '{"plan_id": "p", "name": "Half hours", "currency": "EUR", "price": 2, "is_taxable": true, "description": "",
    "per_min_pricing": [{"start": 30, "rate": 3, "interval": 0, "end": 60}, {"start": 60, "rate": 0.10, "interval": 1}],
    "reservation_price_flat_rate": 1.5}'),
-- 130 for the first 30 minutes, 100 per further 15 minutes, at most 1800 in 12 hours
('capped', '{"plan_id": "p", "name": "Capped", "currency": "JPY", "price": 130, "is_taxable": false, "description": "",
    "per_min_pricing": [{"start": 30, "rate": 100, "interval": 15}], "fare_capping": {"duration": 720, "price": 1800}}'),
-- what is a fraction, or taken off
('discount', '{"plan_id": "p", "name": "Discount", "currency": "EUR", "price": 5e0, "is_taxable": false, "description": "",
    "per_km_pricing": [{"start": 2, "rate": -0.1250, "interval": 0.5, "end": 4}]}');

-- The documents

SELECT is(tripmeter.tariff_from_gbfs(plan)::jsonb, document::tripmeter.tariff::jsonb, 'the tariff of ' || name)
FROM plans JOIN (VALUES
    ('one-way', '{"tariff": 1, "name": "One-Way", "description": "Includes 10km, overage fees apply after 10km.", "currency": "USD", "base": "2", "rates": [
        {"dimension": "distance", "price": "1", "unit": "1 km", "step": "1 km", "from": "10 km", "to": "25 km"},
        {"dimension": "distance", "price": "0.5", "unit": "1 km", "step": "1 km", "from": "25 km"},
        {"dimension": "distance", "price": "3", "unit": "5 km", "step": "5 km", "from": "25 km"},
        {"dimension": "reserved", "price": "0.15", "unit": "1 min", "step": "1 min"}]}'),
    ('simple', '{"tariff": 1, "name": "Simple Rate", "description": "$3 unlock fee, $0.25 per kilometer and 0.50 per minute.", "currency": "CAD", "base": "3", "rates": [
        {"dimension": "distance", "price": "0.25", "unit": "1 km", "step": "1 km"}, {"dimension": "time", "price": "0.5", "unit": "1 min", "step": "1 min"}]}'),
    ('half hours', '{"tariff": 1, "name": "Half hours", "currency": "EUR", "base": "2", "rates": [
        {"dimension": "time", "price": "3", "unit": "once", "from": "30 min", "to": "60 min"}, {"dimension": "time", "price": "0.1", "unit": "1 min", "step": "1 min", "from": "60 min"},
        {"dimension": "reserved", "price": "1.5", "unit": "once"}]}'),
    ('capped', '{"tariff": 1, "name": "Capped", "currency": "JPY", "base": "130", "rates": [
        {"dimension": "time", "price": "100", "unit": "15 min", "step": "15 min", "from": "30 min"}], "caps": [{"amount": "1800", "rolling": "720 min"}]}'),
    ('discount', '{"tariff": 1, "name": "Discount", "currency": "EUR", "base": "5", "rates": [
        {"dimension": "distance", "price": "-0.125", "unit": "0.5 km", "step": "0.5 km", "from": "2 km", "to": "4 km"}]}')
    ) AS documents (name, document) USING (name);

-- The fares

SELECT is(tripmeter.fare(tripmeter.tariff_from_gbfs(plan), km * 1000, minutes * interval '1 minute', '2024-05-02 08:00Z', attributes::jsonb), fare::numeric,
    format('%s: %s km, %s min%s', name, km, minutes, nullif(' ' || attributes, ' {}')))
FROM plans JOIN (VALUES
    ('one-way', 0, 0, '{}', 2.00), ('one-way', 10, 30, '{}', 2.00), ('one-way', 10.001, 30, '{}', 3.00), ('one-way', 12.5, 30, '{}', 5.00),
    ('one-way', 25, 30, '{}', 17.00), ('one-way', 25.001, 30, '{}', 20.50), ('one-way', 30, 60, '{}', 22.50), ('one-way', 31, 60, '{}', 26.00),
    ('one-way', 5, 10, '{"reserved_s": 252}', 2.75), ('one-way', 5, 10, '{"reserved_s": 300}', 2.75),
    ('simple', 4.2, 10.5, '{}', 9.75), ('simple', 4, 10, '{}', 9.00), ('simple', 0, 0, '{}', 3.00),
    ('half hours', 5, 29, '{}', 2.00), ('half hours', 5, 30, '{}', 2.00), ('half hours', 5, 45, '{}', 5.00), ('half hours', 5, 60, '{}', 5.00),
    ('half hours', 5, 60.5, '{}', 5.10), ('half hours', 5, 75.5, '{}', 6.60),
    ('half hours', 5, 29, '{"reserved_s": 60}', 3.50), ('half hours', 5, 29, '{"reserved_s": 6000}', 3.50), ('half hours', 5, 29, '{"reserved_s": 0}', 2.00),
    ('capped', 5, 30, '{}', 130), ('capped', 5, 31, '{}', 230), ('capped', 5, 45, '{}', 230), ('capped', 5, 600, '{}', 1800), ('capped', 5, 780, '{}', 2200),
    ('discount', 3, 10, '{}', 4.75), ('discount', 3.1, 10, '{}', 4.63), ('discount', 9, 10, '{}', 4.50)
    ) AS fares (name, km, minutes, attributes, fare) USING (name);
SELECT is(tripmeter.fare(tripmeter.tariff_from_gbfs(plan - 'fare_capping'), 5000, minutes * interval '1 minute', '2024-05-02 08:00Z'), fare::numeric, format('uncapped: %s min', minutes))
FROM plans, (VALUES (600, 3930), (780, 5130)) AS fares (minutes, fare) WHERE name = 'capped';

-- Floats, and prices of 0

SELECT is(tripmeter.tariff_from_gbfs(('{"currency": "EUR", "price": 0.99999999999999989, ' || plan || '}')::jsonb)::text,
    ('{"tariff": 1, "currency": "EUR", "base": "1", ' || document || '}')::tripmeter.tariff::text, plan)
FROM (VALUES
    ('"per_min_pricing": [{"start": 0, "rate": 0.15000000000000002, "interval": 1}]', '"rates": [{"dimension": "time", "price": "0.15", "unit": "min", "step": "min"}]'),
    ('"per_km_pricing": [{"start": 0.30000000000000004, "rate": 0.16666666666666666, "interval": 0.1000000000000000055, "end": 2.9999999999999996}]',
        '"rates": [{"dimension": "distance", "price": "0.166666667", "unit": "0.1 km", "step": "0.1 km", "from": "0.3 km", "to": "3 km"}]'),
    ('"per_min_pricing": [{"start": 0, "rate": 5.551115123125783e-17, "interval": 0}]', '"rates": [{"dimension": "time", "price": "0", "unit": "once"}]'),
    ('"reservation_price_per_min": 0.15000000000000002', '"rates": [{"dimension": "reserved", "price": "0.15", "unit": "min", "step": "min"}]'),
    ('"reservation_price_per_min": 0, "reservation_price_flat_rate": 1.5', '"rates": [{"dimension": "reserved", "price": "1.5", "unit": "once"}]'),
    ('"reservation_price_per_min": 0.25, "reservation_price_flat_rate": 0.0', '"rates": [{"dimension": "reserved", "price": "0.25", "unit": "min", "step": "min"}]'),
    ('"reservation_price_per_min": 0, "reservation_price_flat_rate": 0', '"rates": []'),
    ('"fare_capping": {"duration": 59.99999999999999, "price": 17.999999999999996}', '"caps": [{"amount": "18", "rolling": "60 min"}]'),
    ('"fare_capping": {"duration": 1.000000001, "price": 999999999}', '"caps": [{"amount": "999999999", "rolling": "1 min"}]'),
    ('"per_km_pricing": [{"start": 9999999.999999999, "rate": -999999998.999999999, "interval": 10000000, "end": 10000000}]',
        '"rates": [{"dimension": "distance", "price": "-999999998.999999999", "unit": "10000000 km", "step": "10000000 km", "from": "9999999.999999999 km", "to": "10000000 km"}]'),
    ('"per_min_pricing": [{"start": 0, "rate": 1, "interval": 52596000, "end": 52596000}]',
        '"rates": [{"dimension": "time", "price": "1", "unit": "52596000 min", "step": "52596000 min", "to": "52596000 min"}]')
    ) AS v (plan, document);

-- What is no plan

SELECT throws_ok(format('SELECT tripmeter.tariff_from_gbfs(%L)', plan), '22023', message, left(plan, 200))
FROM (VALUES
    ('[]', 'not a pricing plan of GBFS'), ('"plan"', 'not a pricing plan of GBFS'), ('{"data": {"plans": []}}', 'not a pricing plan of GBFS'),
    ('{"price": 2, "currency": "eur"}', 'unknown currency: "eur"'),
    ('{"currency": "EUR"}', 'not a pricing plan of GBFS'), ('{"price": 2, "currency": null}', 'not a pricing plan of GBFS'), ('{"price": 2, "currency": 978}', 'not a pricing plan of GBFS'),
    ('{"price": "2", "currency": "EUR"}', '"price" of a GBFS pricing plan must be a number from 0 to 999999999'),
    ('{"price": -2, "currency": "EUR"}', '"price" of a GBFS pricing plan must be a number from 0 to 999999999'),
    ('{"price": 1e9, "currency": "EUR"}', '"price" of a GBFS pricing plan must be a number from 0 to 999999999'),
    ('{"price": 2, "currency": "EUR", "per_km_pricing": {"start": 0}}', '"per_km_pricing" of a GBFS pricing plan must be an array of at most 499 segments'),
    (format('{"price": 2, "currency": "EUR", "per_min_pricing": [%s{}]}', repeat('{}, ', 499)), '"per_min_pricing" of a GBFS pricing plan must be an array of at most 499 segments'),
    ('{"price": 2, "currency": "EUR", "per_km_pricing": ["free"]}', '"per_km_pricing[0].rate" of a GBFS pricing plan must be a number from -999999999 to 999999999'),
    ('{"price": 2, "currency": "EUR", "per_min_pricing": [{"start": 0, "rate": 1, "interval": 1}, {"start": 0, "rate": "1", "interval": 1}]}',
        '"per_min_pricing[1].rate" of a GBFS pricing plan must be a number from -999999999 to 999999999'),
    ('{"price": 2, "currency": "EUR", "per_min_pricing": [{"rate": 1, "interval": 1}]}', '"per_min_pricing[0].start" of a GBFS pricing plan must be a number from 0 to 52596000'),
    ('{"price": 2, "currency": "EUR", "per_min_pricing": [{"start": 0, "rate": 1}]}', '"per_min_pricing[0].interval" of a GBFS pricing plan must be a number from 0 to 52596000'),
    ('{"price": 2, "currency": "EUR", "per_km_pricing": [{"start": 0, "rate": 1, "interval": 10000000.1}]}', '"per_km_pricing[0].interval" of a GBFS pricing plan must be a number from 0 to 10000000'),
    ('{"price": 2, "currency": "EUR", "per_km_pricing": [{"start": 0, "rate": 1, "interval": 0.0000000004}]}', '"per_km_pricing[0].interval" of a GBFS pricing plan is too short'),
    ('{"price": 2, "currency": "EUR", "per_min_pricing": [{"start": 5, "rate": 1, "interval": 1, "end": 5}]}', '"per_min_pricing[0].end" of a GBFS pricing plan must be after its start'),
    ('{"price": 2, "currency": "EUR", "reservation_price_per_min": 1, "reservation_price_flat_rate": 1}', 'a GBFS pricing plan must not have two prices of a reservation'),
    ('{"price": 2, "currency": "EUR", "fare_capping": {"duration": 0, "price": 1}}', '"fare_capping.duration" of a GBFS pricing plan must be a number from 1 to 52596000'),
    ('{"price": 2, "currency": "EUR", "fare_capping": {"duration": 60}}', '"fare_capping.price" of a GBFS pricing plan must be a number from 0 to 999999999')
    ) AS bad (plan, message);

SELECT * FROM finish();
ROLLBACK;
