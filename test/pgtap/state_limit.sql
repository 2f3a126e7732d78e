-- tripmeter.max_state_mb stops a group that grows without bound, and none that
-- does not: a fix takes at most 32 bytes of it, a trip of invoice_shares 96 and its name.

BEGIN;
SELECT plan(18);

-- The setting is known once the library is loaded.
SELECT isnt(tripmeter.mileage_policy()::text, NULL, 'the library is loaded');
SELECT ok(setting::integer > 0 AND unit = 'MB', 'there is a limit without one being set')
FROM pg_settings WHERE name = 'tripmeter.max_state_mb';

CREATE TABLE pg_temp.fixes (n integer, half integer, recorded_at timestamptz, lon float8, lat float8, accuracy real)
    PARTITION BY LIST (half);
CREATE TABLE pg_temp.half_0 PARTITION OF fixes FOR VALUES IN (0);
CREATE TABLE pg_temp.half_1 PARTITION OF fixes FOR VALUES IN (1);

-- 16 MB of 32 bytes a fix, in no order.
INSERT INTO fixes
SELECT n, n % 2, '2024-01-01'::timestamptz + n * interval '1 s', 13 + n * 1e-5, 52 + n * 1e-5, n % 100
FROM generate_series(0, 16 * 32768 - 1) n
ORDER BY hashint8extended(n, 1);
ANALYZE fixes;

SET LOCAL tripmeter.max_state_mb = 16;
SELECT cmp_ok(tripmeter.mileage(recorded_at, lon, lat), '>', 500000::float8, 'half a million fixes fit in 16 MB') FROM fixes;
SELECT cmp_ok(tripmeter.mileage(recorded_at, lon, lat, accuracy, 'default'), '>', 500000::float8, 'so do they with accuracies')
FROM fixes;

SET LOCAL tripmeter.max_state_mb = 1;
SELECT throws_like('SELECT tripmeter.mileage(recorded_at, lon, lat) FROM fixes', '%tripmeter.max_state_mb%',
    'but not in 1 MB, and the error names the setting');
SELECT throws_ok('SELECT tripmeter.mileage(recorded_at, lon, lat) FROM fixes', '53400', NULL, 'as a limit of the configuration');
SELECT throws_ok('SELECT tripmeter.mileage_report(recorded_at, lon, lat) FROM fixes', '53400', NULL, 'nor for a report');

-- The limit is that of a group.
SELECT is(count(metres), 16::bigint, 'sixteen groups may be larger than one')
FROM (SELECT tripmeter.mileage(recorded_at, lon, lat) AS metres FROM fixes GROUP BY n / 32768) trips;

SELECT is(tripmeter.mileage(CASE WHEN n > 9 THEN recorded_at END, CASE WHEN n < 99 THEN lon ELSE 'NaN' END, lat) > 0, true,
    'rows that are no fixes take no room')
FROM fixes;

-- Each half of these fits, the whole does not. The planner is made to aggregate
-- the partitions by themselves.
SET LOCAL enable_partitionwise_aggregate = on;
SET LOCAL cpu_tuple_cost = 10;
SELECT lives_ok('SELECT tripmeter.mileage(recorded_at, lon, lat) FROM fixes WHERE n < 60000 AND half = 1', 'half of 60,000 fixes fits');
SELECT throws_ok('SELECT tripmeter.mileage(recorded_at, lon, lat) FROM fixes WHERE n < 60000', '53400', NULL,
    'two partial states that fit make one that does not');

-- Trips that share an invoice; the same halves.
CREATE FUNCTION pg_temp.shared(trips text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
BEGIN
    EXECUTE 'SELECT sum(cardinality(shares)) FROM (SELECT tripmeter.invoice_shares(''{"tariff": 1, "currency": "EUR", "period": {}}'', n::text,
        recorded_at, 1, ''1 s'', 1) AS shares FROM ' || trips || ') s' INTO found;
    RETURN found;
END $$;
SELECT throws_ok($$ SELECT pg_temp.shared('fixes WHERE half = 1 AND n < 40000') $$, '53400', 'trips of one invoice exceed tripmeter.max_state_mb',
    'twenty thousand trips do not fit in 1 MB');
SELECT is(pg_temp.shared('fixes WHERE n < 40000 GROUP BY n / 4000'), 40000::bigint, 'groups of four thousand do');
SELECT is(pg_temp.shared('fixes WHERE half = 1 AND n < 16000'), 8000::bigint, 'so do eight thousand');
SELECT throws_ok($$ SELECT pg_temp.shared('fixes WHERE n < 16000') $$, '53400', NULL, 'but not two states of so many');
SET LOCAL tripmeter.max_state_mb = 16;
SELECT is(pg_temp.shared('fixes WHERE n < 100000'), 100000::bigint, 'a hundred thousand fit in 16 MB');
SET LOCAL tripmeter.max_state_mb = 1;

-- Days under a cap, years apart
SELECT throws_ok($$ SELECT tripmeter.invoice('{"tariff": 1, "currency": "EUR", "period": {"daily_cap": "1"}}', '2000-01-01 UTC'::timestamptz + n * interval '40 days', 1, '1 s', 1)
    FROM generate_series(1, 4000) n $$, '53400', 'trips of one invoice exceed tripmeter.max_state_mb', 'sums by date do not fit in 1 MB if there are too many');

SELECT throws_ok('SET LOCAL tripmeter.max_state_mb = 0', '22023', NULL, 'no limit is lower than one megabyte');

SELECT * FROM finish();
ROLLBACK;
