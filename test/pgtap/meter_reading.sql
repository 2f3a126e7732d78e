-- The live meter never falls; limits take from each other what they should; and what a
-- meter counted, or nobody charged, is on the bill.

BEGIN;
SELECT plan(13);
SET LOCAL search_path = public, tripmeter;
SET LOCAL timezone = 'UTC';

-- A trip from 8:00 on, at so many metres after so many seconds.
CREATE FUNCTION pg_temp.drive(metres float8[], seconds float8[]) RETURNS track LANGUAGE sql AS $$
    SELECT track('2024-05-02 08:00Z'::timestamptz + s * interval '1 s', ST_Project('POINT(10 10)'::geography, m, radians(90))::geometry)
    FROM unnest(metres, seconds) AS fix (m, s)
$$;

-- How often the meter falls back, second by second.
CREATE FUNCTION pg_temp.falls(tariff tariff, track track) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM (
        SELECT reading < lag(reading) OVER (ORDER BY at) AS fell
        FROM (SELECT at, meter_reading(tariff, track, at, 'raw') AS reading
              FROM generate_series(start_time(track), end_time(track) + interval '5 s', interval '5 s') AS at) AS readings) AS steps
    WHERE fell
$$;

SELECT is(pg_temp.falls('{"tariff": 1, "currency": "EUR", "rates": [{"dimension": "time", "price": "1", "unit": "min", "step": "10 min"}],
    "multipliers": [{"name": "early", "factor": "2", "when": {"hours": ["07:00-08:05"]}}]}',
    pg_temp.drive('{0, 3000, 4000}', '{0, 240, 540}')), 0::bigint, 'a step that was begun at a higher factor');
SELECT is(pg_temp.falls('{"tariff": 1, "currency": "EUR", "minimum": "10", "tax": {"percent": "20", "by": {"distance": "0"}},
    "rates": [{"dimension": "distance", "price": "1", "unit": "km"}]}',
    pg_temp.drive('{0, 20000}', '{0, 1000}')), 0::bigint, 'a minimum that is taxed otherwise');
SELECT is(pg_temp.falls('{"tariff": 1, "currency": "EUR", "rates": [{"dimension": "distance", "tiers": {"mode": "volume", "unit": "km",
    "bounds": [{"to": "10", "price": "2"}, {"price": "1"}]}}]}',
    pg_temp.drive('{0, 4000, 9000, 20000}', '{0, 200, 450, 1000}')), 0::bigint, 'volume tiers between two fixes');
SELECT is(pg_temp.falls('{"tariff": 1, "currency": "EUR", "rates": [{"dimension": "time", "price": "1", "unit": "min"}],
    "discounts": [{"name": "late", "percent": "50", "when": {"elapsed": {"from": "5 min"}, "evaluate": "segment"}}]}',
    pg_temp.drive('{0, 4000, 9000}', '{0, 200, 600}')), 0::bigint, 'a discount that comes to hold');

SELECT is(meter_reading(tariff, track, end_time(track), 'raw'), fare(tariff, track, 'raw'), 'at the end the meter shows the fare')
FROM (VALUES ('{"tariff": 1, "currency": "EUR", "base": "2", "tax": {"percent": "20", "by": {"distance": "0"}},
    "rates": [{"dimension": "distance", "price": "1", "unit": "km"}]}'::tariff, pg_temp.drive('{0, 4000, 9000}', '{0, 200, 450}'))) AS trip (tariff, track);

-- Limits

SELECT is(array_agg(fare('{"tariff": 1, "currency": "EUR", "rates": [{"dimension": "distance", "price": "2", "unit": "km", "when": {"elapsed": {"to": "10 min"}}},
        {"dimension": "time", "price": "0.2", "unit": "min"}], "maximum": "25", "caps": [{"amount": "10", "rolling": "10 min"}]}'::tariff,
        km * 1000, '20 min', '2024-01-01') ORDER BY km), '{12.00, 12.00, 12.00, 12.00, 12.00, 12.00}'::numeric[],
    'under a maximum and a cap a longer trip is no cheaper')
FROM generate_series(8, 28, 4) AS km;
SELECT is(fare('{"tariff": 1, "currency": "EUR", "rates": [{"dimension": "time", "price": "1", "unit": "h"}], "maximum": "8", "caps": [{"amount": "5", "calendar": "day"}]}'::tariff,
    0, '24 h', '2024-05-02 12:00Z'), 8.00, 'a maximum below what the caps leave');

-- Lines of 0

SELECT is(quantity, 10.0, 'minutes of a gap that no rate charges are on the bill')
FROM fare_lines('{"tariff": 1, "currency": "EUR", "rates": [{"dimension": "moving", "price": "1", "unit": "min"}]}'::tariff,
    pg_temp.drive('{0, 5000, 10000, 10000, 10000}', '{0, 600, 660, 700, 760}')) WHERE kind = 'gap';
SELECT results_eq(format($$SELECT rule, quantity::numeric(6, 2), unit FROM fare_lines('{"tariff": 1, "currency": "KRW", "base": "4800", "meter": {"mode": "S",
    "distance": {"price": "100", "unit": "131 m"}, "time": {"price": "100", "unit": "30 s"}, "increment": "100", "covers": "1600 m"}}', %L::track, 'raw')
    WHERE kind = 'meter' ORDER BY line$$, pg_temp.drive(metres, seconds)), wanted, what)
FROM (VALUES ('{0, 131}'::float8[], '{0, 10}'::float8[], $$VALUES ('distance', 1.00, '131 m'), ('covered', 1.00, '131 m')$$, 'the base covers no more than was driven'),
    ('{0, 2620, 2620}', '{0, 200, 230}', $$VALUES ('meter', 8.00, 'increment'), ('distance', 20.00, '131 m'), ('time', 1.00, '30 s'), ('covered', 12.21, '131 m')$$,
     'what a meter counted is on the bill')) AS trip (metres, seconds, wanted, what);

-- Bounds

SELECT ok(low <= fare AND fare <= high, 'bounds hold for a meter that adds both, too')
FROM (SELECT '{"tariff": 1, "currency": "EUR", "meter": {"mode": "D", "distance": {"price": "1", "unit": "km"}},
    "multipliers": [{"name": "later", "factor": "3", "when": {"elapsed": {"from": "10 min"}}}]}'::tariff AS tariff) AS tariff,
    fare_bounds(tariff, 10000, '20 min', '2024-05-02 08:00Z'), fare(tariff, pg_temp.drive('{0, 9000, 10000}', '{0, 600, 1200}'), 'raw') AS fare;

SELECT throws_ok($$SELECT fare('{"tariff": 1, "currency": "EUR", "caps": [{"amount": "1.00", "rolling": "0.000001 s"}]}'::tariff, 0, '6 min', '2024-01-01')$$,
    '54000', 'trip is cut into too many segments', 'a cap by the microsecond');

-- What a tariff needs in memory

CREATE TEMP TABLE many AS
SELECT jsonb_build_object('tariff', 1, 'currency', 'EUR', 'base', n::text)::text::tariff AS tariff FROM generate_series(1, 5000) AS n;
CREATE FUNCTION pg_temp.cached() RETURNS numeric LANGUAGE sql AS
    $$ SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name = 'tripmeter tariffs' $$;
DECLARE fares CURSOR FOR SELECT fare(tariff, 0, '1 min'::interval, '2024-01-01'::timestamptz) FROM many;
MOVE FORWARD ALL IN fares;
SELECT cmp_ok(pg_temp.cached(), '<', 40e6, '5,000 tariffs of a table stay compiled');

SELECT * FROM finish();
ROLLBACK;
