-- Invoices: every step of a period's bill, and that no order, worker or partition
-- changes a cent of it.

BEGIN;
SELECT plan(85);
SET LOCAL search_path = tripmeter, public;
SET LOCAL timezone = 'UTC';

CREATE FUNCTION pg_temp.plan_of(period text, others text DEFAULT '') RETURNS tariff
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT ('{"tariff": 1, "currency": "EUR", "time_zone": "Europe/Berlin", ' || others || '"period": ' || period || '}')::tariff $$;

-- One trip of so many metres and minutes.
CREATE FUNCTION pg_temp.owed(period text, metres float8, minutes integer, amount numeric, attributes jsonb DEFAULT '{}', others text DEFAULT '')
    RETURNS numeric LANGUAGE sql STABLE
    AS $$ SELECT invoice(pg_temp.plan_of(period, others), '2024-05-02 08:00+02', metres, make_interval(mins => minutes), amount, attributes) $$;

-- The steps, one by one

SELECT is(pg_temp.owed('{}', 5000, 10, 12.34), 12.34, 'without rules the trips are the invoice');
SELECT is(pg_temp.owed('{"fee": {"amount": "9.90"}}', 5000, 10, 1), 10.90, 'a fee');
SELECT is(pg_temp.owed('{"fee": {"amount": "10", "pooled": true, "prorated": true}}', 0, 0, 0,
    '{"members": 3, "days": 10, "period_days": 30}'), 10.00, 'a fee for each member, for a part of the period');
SELECT is(pg_temp.owed('{"fee": {"amount": "10"}}', 0, 0, 0, '{"members": 3, "days": 10, "period_days": 30}'), 10.00,
    'members and days do not matter where they are not asked for');

SELECT is(pg_temp.owed('{"allowances": [{"dimension": "distance", "included": "100 km"}],
    "rates": [{"dimension": "distance", "price": "0.30", "unit": "km"}]}', metres, 0, 0), owed, 'an allowance of 100 km, and ' || metres)
FROM (VALUES (99999, 0.00), (100000, 0.00), (101000, 0.30), (250000, 45.00)) v (metres, owed);
SELECT is(pg_temp.owed('{"allowances": [{"dimension": "distance", "included": "100 km", "pooled": true, "prorated": true}],
    "rates": [{"dimension": "distance", "price": "0.30", "unit": "km"}]}', 250000, 0, 0,
    '{"members": 4, "days": 15, "period_days": 30}'), 15.00, 'pooled and prorated: 200 km');
SELECT is(pg_temp.owed('{"allowances": [{"dimension": "time", "included": "30 min"}, {"dimension": "time", "included": "15 min"},
        {"dimension": "distance", "included": "1000 km"}],
    "rates": [{"dimension": "time", "price": "1", "unit": "min"}]}', 0, 60, 0), 15.00, 'allowances of one dimension follow each other');
SELECT is(pg_temp.owed('{"rates": [{"dimension": "distance", "tiers": {"mode": "graduated", "unit": "km",
    "bounds": [{"to": "10", "price": "1"}, {"to": "30", "price": "0.5"}, {"price": "0.1"}]}}]}', 40000, 0, 0), 21.00,
    'graduated tiers, of the total');
SELECT is(pg_temp.owed('{"rates": [{"dimension": "distance", "tiers": {"mode": "volume", "unit": "km",
    "bounds": [{"to": "10", "price": "1"}, {"price": "0.1"}]}}]}', 40000, 0, 0), 4.00, 'volume tiers');
SELECT is(pg_temp.owed('{"rates": [{"dimension": "time", "price": "2", "unit": "h", "step": "1 h"}]}', 0, 61, 0), 4.00, 'steps, of the total');

SELECT is(pg_temp.owed('{"minimum": "50"}', 0, 0, 20), 50.00, 'a commitment');
SELECT is(pg_temp.owed('{"maximum": "50"}', 0, 0, 80), 50.00, 'a limit');
SELECT is(pg_temp.owed('{"fee": {"amount": "100"}, "discounts": [{"percent": "10"}, {"amount": "5"}]}', 0, 0, 0), 85.00, 'discounts');
SELECT is(pg_temp.owed('{"fee": {"amount": "100"}, "discounts": [{"percent": "10"}]}', 0, 0, 10, '{}',
    '"tax": {"percent": "19", "by": {"trips": "0"}}, '), 115.91, 'tax after discounts, by kind');
SELECT is(pg_temp.owed('{"fee": {"amount": "100"}}', 0, 0, 10, '{}', '"tax": {"percent": "19"}, '), 130.90, 'tax');
SELECT is(pg_temp.owed('{}', 0, 0, 1.025), 1.03, 'the invoice is rounded, not the trips');
SELECT is(invoice(pg_temp.plan_of('{}'), NULL, NULL, NULL, NULL), 0.00, 'NULL counts as nothing');
SELECT is(invoice(pg_temp.plan_of('{}'), NULL, NULL, NULL, 1) FILTER (WHERE false), NULL, 'no rows are no invoice');

-- Customers without trips

CREATE FUNCTION pg_temp.bills_of(period text, trips text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(customer || ': ' || lines, '; ' ORDER BY customer)
    FROM (SELECT customer, (SELECT string_agg(concat_ws(' ', kind, quantity, amount), ', ' ORDER BY line) FROM unnest(l) l) AS lines
          FROM (SELECT customer, invoice_lines(pg_temp.plan_of(period), started_at, distance_m, duration, amount) AS l
                FROM unnest('{a,b}'::text[]) c (customer)
                    LEFT JOIN jsonb_to_recordset(trips::jsonb) t (of text, started_at timestamptz, distance_m float8, duration interval, amount numeric)
                    ON of = customer
                GROUP BY customer) i) b
$$;
SELECT is(pg_temp.bills_of('{"fee": {"amount": "5"}, "minimum": "7", "daily_cap": "9"}', '[{"of": "a", "started_at": "2024-05-02", "amount": 3}]'),
    'a: trips 1 3.00, daily_cap 0.00, fee 1 5.00, minimum 0.00; b: trips 0 0.00, daily_cap 0.00, fee 1 5.00, minimum 2.00',
    'an outer join bills fee and minimum of who has no trips');
SELECT is(pg_temp.bills_of('{}', format('[{"of": "a", %s}, {"of": "b"}, {"of": "b", "amount": 1}]', something)), 'a: trips 1 0.00; b: trips 1 1.00',
    'a row is a trip that has ' || something)
FROM unnest('{"\"started_at\": \"2024-05-02\"","\"distance_m\": 0","\"duration\": \"0\"","\"amount\": 0"}'::text[]) something;

-- Daily caps by the local date: the clock is set back in the night of 2024-10-27

CREATE TEMP TABLE night (started_at timestamptz, amount numeric);
INSERT INTO night VALUES
    ('2024-10-26 23:59+02', 8), ('2024-10-27 00:00+02', 8), ('2024-10-27 23:30+01', 8), ('2024-10-28 00:00+01', 8);
SELECT is(invoice(pg_temp.plan_of('{"daily_cap": "10"}'), started_at, 0, '0', amount), 26.00, 'a day of 25 hours has one cap') FROM night;
SELECT is(invoice(pg_temp.plan_of('{"daily_cap": "10"}'), started_at, 0, '0', amount), 32.00 - 6.00, 'whatever the session''s zone')
FROM night, set_config('TimeZone', 'Pacific/Auckland', true);
SET LOCAL timezone = 'UTC';

-- Lines

CREATE FUNCTION pg_temp.big_plan() RETURNS tariff LANGUAGE sql IMMUTABLE AS $$
    SELECT pg_temp.plan_of('{"fee": {"amount": "7.77", "pooled": true, "prorated": true},
        "allowances": [{"dimension": "distance", "included": "33 km", "pooled": true}, {"name": "hours", "dimension": "time", "included": "20 min"}],
        "rates": [{"dimension": "distance", "tiers": {"mode": "graduated", "unit": "km",
                "bounds": [{"to": "100", "price": "0.123"}, {"price": "0.077"}]}},
            {"dimension": "time", "price": "0.0333", "unit": "min", "step": "1 min"}],
        "daily_cap": "11.11", "minimum": "3", "maximum": "5000", "discounts": [{"percent": "3.3"}]}',
        '"tax": {"percent": "19"}, ')
$$;
CREATE SCHEMA invoices;
CREATE TABLE invoices.trips AS
SELECT n, n % 37 AS customer, '2024-03-28'::timestamptz + n * interval '97 min' AS started_at,
    CASE WHEN n % 50 > 0 THEN (hashint4extended(n, 1) & 65535) / 3.0 END::float8 AS distance_m,
    CASE WHEN n % 51 > 0 THEN (hashint4extended(n, 2) & 4095) * interval '1 s' END AS duration,
    CASE WHEN n % 52 > 0 THEN (hashint4extended(n, 3) & 65535) / 10000.0 - 0.5 END AS amount
FROM generate_series(1, 6000) n;
-- two rows of a customer without trips, and one more of another
INSERT INTO invoices.trips (n, customer) VALUES (6001, 37), (6002, 37), (6003, 5);

CREATE TEMP TABLE bills AS
SELECT customer, invoice(pg_temp.big_plan(), started_at, distance_m, duration, amount, '{"members": 2, "days": 9, "period_days": 30}') AS owed,
    invoice_lines(pg_temp.big_plan(), started_at, distance_m, duration, amount, '{"members": 2, "days": 9, "period_days": 30}') AS lines
FROM invoices.trips GROUP BY customer;
SELECT is(count(*), 38::bigint, 'every customer has an invoice') FROM bills WHERE owed > 0;
SELECT is((SELECT sum(quantity) FROM bills, unnest(lines) WHERE kind = 'trips'), 6000::numeric, 'of all trips, and no others');
SELECT is(count(*), 0::bigint, 'lines add up to the invoice') FROM bills WHERE owed <> (SELECT sum(amount) FROM unnest(lines));
SELECT results_eq(
    $$ SELECT line, kind, rule, quantity, billed_quantity, unit, rate, amount FROM unnest((
        SELECT invoice_lines(pg_temp.plan_of('{"fee": {"amount": "5"}, "daily_cap": "10", "minimum": "4",
            "allowances": [{"name": "free", "dimension": "distance", "included": "2 km"}],
            "rates": [{"dimension": "distance", "price": "0.5", "unit": "km"}]}', '"tax": {"percent": "20"}, '),
            started_at, 1500, '1 min', amount) FROM night)) $$,
    $$ VALUES (1, 'trips', 'trips', 4::numeric, 4::numeric, 'trip', NULL::numeric, 32.00), (2, 'daily_cap', 'daily_cap', NULL, NULL, NULL, NULL, -6.00),
        (3, 'fee', 'fee', 1, 1, 'once', 5, 5.00), (4, 'allowance', 'free', 2, 2, 'km', 0, 0.00),
        (5, 'distance', 'distance', 4, 4, 'km', 0.5, 2.00), (6, 'minimum', 'minimum', NULL, NULL, NULL, NULL, 0.00),
        (7, 'tax', 'tax', 33, 6.6, 'EUR', 20, 6.60) $$,
    'the lines of an invoice, in the order of evaluation');

-- Shares

CREATE FUNCTION pg_temp.shares(fee text, trips jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(s.trip_id || ' ' || s.amount, ', ') FROM unnest((
        SELECT invoice_shares(pg_temp.plan_of('{"fee": {"amount": "' || fee || '"}}'), t->>'id', (t->>'at')::timestamptz,
            (t->>'m')::float8, (t->>'s')::interval, (t->>'eur')::numeric)
        FROM jsonb_array_elements(trips) t)) s
$$;
SELECT is(pg_temp.shares('10', '[{"id": "b", "eur": 1}, {"id": "a", "eur": 3}]'), 'a 10.50, b 3.50', 'by amounts');
SELECT is(pg_temp.shares('6', '[{"id": "b", "eur": -2, "m": 9}, {"id": "a", "eur": 3}]'), 'a 7.00, b 0.00', 'a refund has no share');
SELECT is(pg_temp.shares('10', '[{"id": "a", "m": 1000, "s": "1 h"}, {"id": "b", "m": 3000}]'), 'a 2.50, b 7.50', 'by distances');
SELECT is(pg_temp.shares('10', '[{"id": "a", "s": "1 h"}, {"id": "b", "s": "3 h"}]'), 'a 2.50, b 7.50', 'by durations');
SELECT is(pg_temp.shares('0.05', '[{"id": "b", "at": "2024-01-01"}, {"id": "c", "at": "2024-01-02"}, {"id": "a", "at": "2024-01-02"}]'),
    'b 0.02, a 0.02, c 0.01', 'equally, and what is left to the first');
SELECT is(pg_temp.shares('-10', '[{"id": "a", "m": 1000}, {"id": "b", "m": 2000}]'), 'a -3.33, b -6.67', 'a credit is shared out, too');
SELECT is(pg_temp.shares('10', '[{}, {"id": "a", "m": 1}, {"id": "b"}]'), 'a 10.00', 'what is no trip has no share');
SELECT is((SELECT invoice_shares(pg_temp.plan_of('{"fee": {"amount": "-10"}}'), NULL, NULL, NULL, NULL, NULL)), '{"(,-10.00)"}',
    'without a trip there is one share, of none');
SELECT throws_ok($$ SELECT pg_temp.shares('1', '[{"m": 1}]') $$, '22004', 'trip of an invoice must not be NULL', 'a trip without a name');

CREATE TEMP TABLE shared AS
SELECT customer, invoice_shares(pg_temp.big_plan(), n::text, started_at, distance_m, duration, amount, '{"members": 2, "days": 9, "period_days": 30}') AS shares
FROM invoices.trips GROUP BY customer;
SELECT is(count(*), 0::bigint, 'shares add up to the invoice')
FROM bills JOIN shared USING (customer) WHERE owed IS DISTINCT FROM (SELECT sum(amount) FROM unnest(shares));
SELECT is((SELECT count(trip_id) FROM shared, unnest(shares)), 6000::bigint, 'every trip has a share');

-- What was billed before

SELECT is(invoice_delta(pg_temp.plan_of('{}'), 10, 7.5), -2.50, 'a credit');
SELECT is(sum(invoice_delta(pg_temp.plan_of('{}'), a.owed, b.owed)), (SELECT b.owed - a.owed FROM bills a, bills b WHERE a.customer = 0 AND b.customer = 37),
    'deltas telescope')
FROM bills a JOIN bills b ON b.customer = a.customer + 1;
SELECT is((SELECT sum(delta) FROM invoice_delta(pg_temp.plan_of('{}'), a.lines, b.lines)), b.owed - a.owed,
    'deltas of lines add up to that of the invoice')
FROM bills a, bills b WHERE a.customer = 1 AND b.customer = 2;
SELECT is(ARRAY[invoice_delta(pg_temp.plan_of('{}'), 0, owed), (SELECT sum(delta) FROM invoice_delta(pg_temp.plan_of('{}'), '{}', lines))],
    ARRAY[owed, owed], 'a first bill') FROM bills WHERE customer = 1;
SELECT is(ARRAY[invoice_delta(pg_temp.plan_of('{}'), NULL, 1), invoice_delta(pg_temp.plan_of('{}'), 1, NULL)], '{NULL,NULL}', 'NULL is not known, and not 0');
SELECT is((SELECT count(*) FROM invoice_delta(pg_temp.plan_of('{}'), NULL, lines)), 0::bigint, 'nor no lines') FROM bills WHERE customer = 1;
SELECT throws_ok($$ SELECT invoice_delta(pg_temp.plan_of('{}'), 1.005, 2) $$, '22023', 'amount is not one that is billed in EUR',
    'an amount that no invoice has');

-- Errors

SELECT throws_ok($$ SELECT invoice('{"tariff": 1, "currency": "EUR"}', now(), 1, '1 s', 1) $$, '22023', 'tariff is not a plan', 'a tariff without a period');
SELECT throws_ok($$ SELECT invoice(pg_temp.plan_of(p), now(), 1, '1 s', 1) FROM (VALUES ('{}'), ('{"minimum": "1"}')) v (p) $$,
    '22023', 'a group has more than one plan', 'two plans');
SELECT throws_ok($$ SELECT invoice(CASE n WHEN 3 THEN pg_temp.plan_of('{"minimum": "1"}') ELSE pg_temp.plan_of('{}') END, now(), 1, '1 s', 1)
    FROM generate_series(1, 4) n GROUP BY n % 2 $$, '22023', 'a group has more than one plan', 'two plans in one of the groups');
SELECT is(array_agg(owed ORDER BY g), '{200.00, 101.00, 100.00}', 'groups whose rows alternate have each their plan') FROM (
    SELECT g, invoice(pg_temp.plan_of(CASE g WHEN 0 THEN '{"minimum": "200"}' WHEN 1 THEN '{"fee": {"amount": "1"}}' ELSE '{}' END), now(), 1, '1 s', 1) AS owed
    FROM generate_series(0, 299) n, LATERAL (SELECT n % 3) v (g) GROUP BY g) groups;
SET LOCAL enable_sort = off;
SELECT is(count(*), 10100::bigint, 'more plans than are kept compiled, twice through') FROM (
    SELECT g, invoice(plan, now(), 1, '1 s', 1) AS owed FROM (
        SELECT g, pass, pg_temp.plan_of('{"fee": {"amount": "' || g || '"}, "daily_cap": "1.5"}') AS plan
        FROM generate_series(1, 2) pass, generate_series(1, 10100) g OFFSET 0) rows
    GROUP BY g) groups
WHERE owed = g + 1.5;
RESET enable_sort;
SELECT throws_ok($$ SELECT invoice(NULL::tariff, now(), 1, '1 s', 1) $$, '22004', 'plan of an invoice must not be NULL', 'no plan');
SELECT throws_ok($$ SELECT invoice(pg_temp.plan_of('{}'), now(), 1, '1 s', 1, a) FROM (VALUES ('{}'::jsonb), ('{"members": 2}')) v (a) $$,
    '22023', 'a group has more than one set of attributes', 'two sets of attributes');
SELECT throws_ok($$ SELECT invoice(pg_temp.plan_of('{"daily_cap": "1"}'), NULL, 1, '1 s', 1) $$, '22004',
    'start of a trip must not be NULL under a daily cap', 'a trip without a date');
SELECT throws_ok($$ SELECT invoice(pg_temp.plan_of('{}'), now(), 1, '1 s', $$ || quote_literal(amount) || $$) $$, '22003',
    'amount of a trip is out of range', 'an amount of ' || amount)
FROM unnest('{0.0000000001, 1e18, -1e18, 9999999999999999999999, 1e70, -1e-70, 1.5000000001, NaN, Infinity, -Infinity}'::text[]) amount;
SELECT throws_ok($$ SELECT sum(b) FROM generate_series(1, 3) n, LATERAL (SELECT invoice(pg_temp.plan_of('{}'), now(), 1, '1 s', 99999999999999999.99) b) b $$,
    '22003', 'fare out of range', 'an invoice of more cents than 62 bits hold');
SELECT throws_ok($$ SELECT pg_temp.owed('{}', 1, 1, 1, '{"days": 20}') $$, '22023',
    'attribute "days" of an invoice is more than its "period_days"', 'days of no period');

-- Amounts: as exact as numeric, whatever their digits, and however they are stored

CREATE TABLE invoices.amounts AS
SELECT n, CASE n % 6
        WHEN 0 THEN trim_scale(amount)
        WHEN 1 THEN round(amount, 70)       -- more places than the short header of a numeric has
        WHEN 2 THEN trunc(amount)
        WHEN 3 THEN trunc(amount, 2)
        WHEN 4 THEN trunc(amount / 1e9, 9)
        ELSE amount END AS amount
FROM (
    SELECT n, round((hashint4extended(n, 1)::numeric * hashint4extended(n, 2)::numeric % 1e27) / 10::numeric ^ (9 + n % 25), 9) AS amount
    FROM generate_series(1, 6000) n
) made
UNION ALL
SELECT -n, (whole + part) * sign
FROM (VALUES (1, 0), (2, 1), (3, 9999), (4, 10000), (5, 99999999), (6, 100000000), (7, 999999999999999999)) w (n, whole),
    (VALUES (0), (0.000000001), (0.0001), (0.999999999), (0.5)) p (part), (VALUES (-1), (1)) s (sign);
SELECT cmp_ok(count(DISTINCT amount), '>', 5000::bigint, 'thousands of amounts') FROM invoices.amounts;
CREATE FUNCTION pg_temp.taken(sums text) RETURNS SETOF numeric LANGUAGE plpgsql AS $$
BEGIN
    -- in a currency without cents, whose largest invoice is beyond all amounts
    RETURN QUERY EXECUTE 'SELECT (invoice_lines(''{"tariff": 1, "currency": "JPY", "period": {}}'', NULL, 1, ''1 s'', amount))[1].exact_amount
        FROM invoices.amounts ' || sums;
END $$;
SELECT bag_eq($$ SELECT * FROM pg_temp.taken('GROUP BY n, amount') $$, 'SELECT DISTINCT ON (n, amount) amount FROM invoices.amounts',
    'each is taken as it is');
SELECT is(pg_temp.taken('WHERE abs(amount) < 1e15'), sum(amount), 'and so is their sum') FROM invoices.amounts WHERE abs(amount) < 1e15;
SELECT is(pg_temp.owed('{}', 0, 0, 9999999999999999.99), 9999999999999999.99, 'an amount beyond 64 bits of a billionth');
SELECT is(pg_temp.shares('1', '[{"id": "a", "eur": 3000000000000000}, {"id": "b", "eur": 1000000000000000}]'),
    'a 3000000000000000.75, b 1000000000000000.25', 'and shares by such amounts');

-- Order, workers, partitions

CREATE FUNCTION pg_temp.differing() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM (
        SELECT customer, invoice_lines(pg_temp.big_plan(), started_at, distance_m, duration, amount, '{"members": 2, "days": 9, "period_days": 30}') AS lines
        FROM invoices.trips GROUP BY customer
    ) again JOIN bills USING (customer)
    WHERE again.lines IS DISTINCT FROM bills.lines
$$;
SELECT is(count(*), 0::bigint, 'the order does not matter')
FROM bills b, LATERAL (
    SELECT invoice_lines(pg_temp.big_plan(), started_at, distance_m, duration, amount, '{"members": 2, "days": 9, "period_days": 30}'
        ORDER BY hashint4(n)) AS lines
    FROM invoices.trips t WHERE t.customer = b.customer) again
WHERE again.lines IS DISTINCT FROM b.lines;

-- The leader takes no part, so that every state is sent by a worker.
CREATE FUNCTION pg_temp.in_plan(field text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    shown json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT customer, invoice_lines(pg_temp.big_plan(), started_at, distance_m, duration, amount)
        FROM invoices.trips GROUP BY customer' INTO shown;
    RETURN ARRAY(SELECT m[1] FROM regexp_matches(shown::text, '"' || field || '": "?([^",]*)', 'g') m);
END $$;
ALTER FUNCTION pg_temp.big_plan() PARALLEL SAFE;
ALTER FUNCTION pg_temp.plan_of(text, text) PARALLEL SAFE;
-- no worker sees what is in pg_temp: as constants they are folded before
ALTER TABLE invoices.trips SET (parallel_workers = 3);
SET LOCAL parallel_leader_participation = off;
SET LOCAL max_parallel_workers_per_gather = 3;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
ANALYZE invoices.trips;
SELECT is(pg_temp.in_plan('Workers Planned'), '{3}', 'a plan with three workers');
SELECT ok('Partial' = ANY (pg_temp.in_plan('Partial Mode')), 'the workers aggregate');
SELECT is(pg_temp.differing(), 0::bigint, 'three workers');
SET LOCAL max_parallel_workers_per_gather = 0;

CREATE FUNCTION pg_temp.differing_shares() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM (
        SELECT customer, invoice_shares(pg_temp.big_plan(), n::text, started_at, distance_m, duration, amount,
            '{"members": 2, "days": 9, "period_days": 30}') AS shares
        FROM invoices.trips GROUP BY customer
    ) again JOIN shared USING (customer)
    WHERE again.shares IS DISTINCT FROM shared.shares
$$;
SET LOCAL max_parallel_workers_per_gather = 3;
SELECT is(pg_temp.differing_shares(), 0::bigint, 'three workers share out the same');
SET LOCAL max_parallel_workers_per_gather = 0;

-- Two states, split as the worst case would
ALTER TABLE invoices.trips RENAME TO whole;
CREATE TABLE invoices.trips (LIKE invoices.whole, half integer) PARTITION BY LIST (half);
CREATE TABLE invoices.half_0 PARTITION OF invoices.trips FOR VALUES IN (0);
CREATE TABLE invoices.half_1 PARTITION OF invoices.trips FOR VALUES IN (1);
SET LOCAL enable_partitionwise_aggregate = on;
-- makes the planner aggregate before it appends
SET LOCAL cpu_tuple_cost = 10;
CREATE FUNCTION pg_temp.differing_split_by(side text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE invoices.trips;
    EXECUTE format('INSERT INTO invoices.trips SELECT whole.*, (%s)::integer FROM invoices.whole ORDER BY hashint4(n)', side);
    ANALYZE invoices.trips;
    IF pg_temp.in_plan('Partial Mode') <> '{Finalize,Partial,Partial}' THEN
        RAISE 'the halves are not aggregated by themselves';
    END IF;
    RETURN pg_temp.differing();
END $$;
SELECT is(pg_temp.differing_split_by(side), 0::bigint, 'trips split by ' || side)
FROM unnest(ARRAY['n <= 37', 'n % 2 = 0', 'amount IS NULL OR amount < 1', 'hashint4extended(n, 9) < 0']) side;
SELECT is(pg_temp.differing_shares(), 0::bigint, 'the last of them shares out the same');

SELECT * FROM finish();
ROLLBACK;
