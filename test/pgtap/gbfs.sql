-- GBFS: the plans that operators publish cost what their words say.

BEGIN;
SELECT plan(53);

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

-- What is no plan

SELECT throws_ok(format('SELECT tripmeter.tariff_from_gbfs(%L)', plan), '22023', message, plan)
FROM (VALUES
    ('[]', 'not a pricing plan of GBFS'), ('"plan"', 'not a pricing plan of GBFS'), ('{"data": {"plans": []}}', 'not a pricing plan of GBFS'),
    ('{"currency": "EUR"}', 'not a pricing plan of GBFS'), ('{"price": 2, "currency": null}', 'not a pricing plan of GBFS'), ('{"price": 2, "currency": 978}', 'not a pricing plan of GBFS'),
    ('{"price": "2", "currency": "EUR"}', '"price" of a GBFS pricing plan must be a number of at least 0'),
    ('{"price": -2, "currency": "EUR"}', '"price" of a GBFS pricing plan must be a number of at least 0'),
    ('{"price": 2, "currency": "EUR", "per_km_pricing": {"start": 0}}', '"per_km_pricing" of a GBFS pricing plan must be an array'),
    ('{"price": 2, "currency": "EUR", "per_km_pricing": ["free"]}', '"rate" of a GBFS pricing plan must be a number'),
    ('{"price": 2, "currency": "EUR", "per_min_pricing": [{"rate": 1, "interval": 1}]}', '"start" of a GBFS pricing plan must be a number of at least 0'),
    ('{"price": 2, "currency": "EUR", "per_min_pricing": [{"start": 0, "rate": 1}]}', '"interval" of a GBFS pricing plan must be a number of at least 0'),
    ('{"price": 2, "currency": "EUR", "per_min_pricing": [{"start": 5, "rate": 1, "interval": 1, "end": 5}]}', 'a segment of "per_min_pricing" of a GBFS pricing plan must end after its start'),
    ('{"price": 2, "currency": "EUR", "reservation_price_per_min": 1, "reservation_price_flat_rate": 1}', 'a GBFS pricing plan must not have two prices of a reservation'),
    ('{"price": 2, "currency": "EUR", "fare_capping": {"duration": 0, "price": 1}}', '"duration" of a GBFS pricing plan must be a number of at least 1'),
    ('{"price": 2, "currency": "EUR", "fare_capping": {"duration": 60}}', '"price" of a GBFS pricing plan must be a number of at least 0')
    ) AS bad (plan, message);

SELECT * FROM finish();
ROLLBACK;
