-- The rules of odometers one by one; that their order of arrival does not
-- matter; errors; and the limit of the state.

BEGIN;
SELECT plan(113);

-- What the report says of these readings, one a minute, but for what is 0 and
-- for the times.
CREATE FUNCTION pg_temp.account(readings float8[], max_speed float8 DEFAULT 70, rollover_m float8 DEFAULT NULL) RETURNS jsonb
    LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, value), '{}')
    FROM (
        SELECT tripmeter.odometer_report('2024-05-01 12:00+00'::timestamptz + n * interval '1 minute', reading, max_speed, rollover_m) AS report
        FROM unnest(readings) WITH ORDINALITY r (reading, n)) reported,
        jsonb_each(to_jsonb(report))
    WHERE value NOT IN ('0', 'null') AND key NOT IN ('first_time', 'last_time', 'rules')
$$;

-- As what comes of a clean counter that went from here to there, and more.
CREATE FUNCTION pg_temp.counted(distance float8, first float8, last float8, used integer, more jsonb DEFAULT '{}') RETURNS jsonb
    LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(key, value)
    FROM jsonb_each(jsonb_build_object('distance_m', distance, 'first_reading_m', first, 'last_reading_m', last, 'used_count', used) || more)
    WHERE value <> '0'
$$;

-- Without dirt

SELECT is(pg_temp.account('{1000, 2000, 4500.5, 4500.5}'), pg_temp.counted(3500.5, 1000, 4500.5, 4), 'a counter counts, and stands');
SELECT is(pg_temp.account('{1000, 5200}'), pg_temp.counted(4200, 1000, 5200, 2), '70 metres a second for a minute are plausible');
SELECT is(pg_temp.account('{1000, 5200.001}'), pg_temp.counted(0, 1000, 1000, 1, '{"outlier_count": 1}'), 'more are not');
SELECT is(pg_temp.account('{1000, 2000, 3000}', 0.1), pg_temp.counted(2000, 1000, 3000, 3), 'a tick of a kilometre is, at any speed');
SELECT is(pg_temp.account('{1000, 2000.001}', 0.1), pg_temp.counted(0, 1000, 1000, 1, '{"outlier_count": 1}'), 'more than a tick is not');
SELECT is(pg_temp.account('{1000, 1000000}', NULL), pg_temp.counted(999000, 1000, 1000000, 2), 'without a limit everything is');
SELECT is(pg_temp.account('{1000, 1000000}', 'infinity'), pg_temp.account('{1000, 1000000}', NULL), 'an infinite limit is none');
SELECT is(pg_temp.account('{1000, 5200, 5300}'), (
        SELECT jsonb_object_agg(key, value)
        FROM (
            SELECT tripmeter.odometer_report('2024-05-01 12:00+00'::timestamptz + n * interval '1 minute', reading) AS report
            FROM (VALUES (1, 1000::float8), (2, 5200), (3, 5300)) r (n, reading)) reported, jsonb_each(to_jsonb(report))
        WHERE value NOT IN ('0', 'null') AND key NOT IN ('first_time', 'last_time', 'rules')),
    '70 metres a second is the default');

-- Noise

SELECT is(pg_temp.account('{1000.4, 1000, 999.4, 1000.4}'), pg_temp.counted(0, 1000.4, 1000.4, 4), 'a parked counter that trembles counts nothing');
SELECT is(pg_temp.account('{1000.4, 999.9, 1010.4}'), pg_temp.counted(10, 1000.4, 1010.4, 3), 'and goes on from where it was');
SELECT is(pg_temp.account('{1000, 998.9, 1010}'), pg_temp.counted(10, 1000, 1010, 2, '{"outlier_count": 1}'), 'more than a metre back is no noise');

-- Rollover

SELECT is(pg_temp.account('{999000, 999900, 100, 1100}', 70, 1e6), pg_temp.counted(2100, 999000, 1100, 4, '{"rollover_count": 1}'),
    'a counter that starts again at 0');
SELECT is(pg_temp.account('{999000, 999900, 100, 1100}'),
    pg_temp.counted(900, 999000, 999900, 2, '{"outlier_count": 2}'), 'does so only if it is told');
SELECT is(pg_temp.account('{997900, 2100}', 70, 1e6), pg_temp.counted(4200, 997900, 2100, 2, '{"rollover_count": 1}'),
    'the way over the top is plausible up to the limit');
SELECT is(pg_temp.account('{997900, 2100.001}', 70, 1e6), pg_temp.counted(0, 997900, 997900, 1, '{"outlier_count": 1}'), 'and not beyond');
SELECT is(pg_temp.account('{999900, 500}', 0.1, 1e6), pg_temp.counted(600, 999900, 500, 2, '{"rollover_count": 1}'),
    'a tick is plausible over the top, too');
SELECT is(pg_temp.account('{9000, 3000, 7000, 1000, 5000}', 70, 10000), pg_temp.counted(16000, 9000, 5000, 5, '{"rollover_count": 2}'),
    'over the top twice');
SELECT is(pg_temp.account('{999999, 999998.5, 0}', 70, 1e6), pg_temp.counted(1, 999999, 0, 3, '{"rollover_count": 1}'), 'noise is no rollover');

-- Outliers

SELECT is(pg_temp.account('{50000, 0, 51000}'), pg_temp.counted(1000, 50000, 51000, 2, '{"unanswered_count": 1}'), 'no answer');
SELECT is(pg_temp.account('{50000, 0, 0, 51000}'), pg_temp.counted(1000, 50000, 51000, 2, '{"unanswered_count": 2}'), 'nor twice');
SELECT is(pg_temp.account('{50000, 7, 51000}'), pg_temp.counted(1000, 50000, 51000, 2, '{"outlier_count": 1}'), 'a glitch');
SELECT is(pg_temp.account('{50000, 7, 7, 51000}'), pg_temp.counted(1000, 50000, 51000, 2, '{"outlier_count": 2}'), 'two of them');
SELECT is(pg_temp.account('{50000, 16777215, 51000}'), pg_temp.counted(1000, 50000, 51000, 2, '{"outlier_count": 1}'), 'a wild reading');
SELECT is(pg_temp.account('{50000, 0, 9e6, 70, 1e300, 51000}'), pg_temp.counted(1000, 50000, 51000, 2, '{"outlier_count": 3, "unanswered_count": 1}'),
    'four that do not agree with each other');
SELECT is(pg_temp.account('{50000, 51000, 7, 7}'), pg_temp.counted(1000, 50000, 51000, 2, '{"outlier_count": 2}'), 'what waits at the end');
SELECT is(pg_temp.account('{50000, 51000, 0, 0, 0}'), pg_temp.counted(1000, 50000, 51000, 2, '{"unanswered_count": 3}'), 'zeros at the end');
SELECT is(pg_temp.account('{50000, 59000, 59900, 60000}'), pg_temp.counted(10000, 50000, 60000, 2, '{"outlier_count": 2}'),
    'time goes on, and what was too far no longer is');

-- Resets and jumps

SELECT is(pg_temp.account('{50000, 51000, 0, 100, 300, 1000}'),
    pg_temp.counted(2000, 50000, 1000, 6, '{"reset_count": 1, "excluded_m": 51000}'), 'a counter that was reset');
SELECT is(pg_temp.account('{50000, 51000, 90000, 90100, 91000, 92000}'),
    pg_temp.counted(3000, 50000, 92000, 6, '{"jump_count": 1, "excluded_m": 39000}'), 'a counter that jumped');
SELECT is(pg_temp.account('{50000, 90000, 90100, 90100}'),
    pg_temp.counted(100, 50000, 90100, 4, '{"jump_count": 1, "excluded_m": 40000}'), 'three that agree are enough');
SELECT is(pg_temp.account('{50000, 90000, 90100, 9e6, 90100, 90100, 90200}'),
    pg_temp.counted(100, 50000, 90200, 4, '{"jump_count": 1, "excluded_m": 40100, "outlier_count": 3}'), 'three in a row, that is');
SELECT is(pg_temp.account('{50000, 20, 19.5, 19.5, 30}'),
    pg_temp.counted(10, 50000, 30, 5, '{"reset_count": 1, "excluded_m": 49980}'), 'they may tremble');
SELECT is(pg_temp.account('{500000, 999000, 500, 1000}', 70, 1e6),
    pg_temp.counted(2000, 500000, 1000, 4, '{"jump_count": 1, "rollover_count": 1, "excluded_m": 499000}'), 'and roll over');
SELECT is(pg_temp.account('{500000, 999000, 500, 501000}', 70, 1e6),
    pg_temp.counted(1000, 500000, 501000, 2, '{"outlier_count": 2}'), 'a rollover that is not believed does not count');
SELECT is(pg_temp.account('{50000, 0, 0, 0, 51000, 51000, 51000}'),
    pg_temp.counted(1000, 50000, 51000, 4, '{"unanswered_count": 3}'), 'three zeros are no reset either');
SELECT is(pg_temp.account('{50000, 7, 7, 7, 51000, 51000, 51000}'),
    pg_temp.counted(0, 50000, 51000, 7, '{"reset_count": 1, "jump_count": 1, "excluded_m": 100986}'), 'there and back again');
SELECT is(pg_temp.account('{50000, 100, 0, 0, 0}'),
    pg_temp.counted(0, 50000, 50000, 1, '{"unanswered_count": 3, "outlier_count": 1}'), 'a candidate that is not agreed with');

-- Coarse counters, read often

-- Counters that tick so many metres, read every so many seconds, at 60 mph for an hour, from this phase of a tick on.
CREATE TEMP TABLE coarse AS
SELECT tick, every, phase, '2024-05-02 08:00Z'::timestamptz + s * every * interval '1 s' AS t,
    floor(50000 + phase + s * every * 26.8224 / tick) * tick AS reading
FROM unnest('{1000,1609.344,5000,10000,16093.44}'::float8[]) tick, unnest('{1,5,7,20}'::int[]) every,
    unnest('{0,0.3,0.5,0.999}'::float8[]) phase, generate_series(0, 3600 / every - 1) s;
SELECT is(count(*), 80::bigint, 'a coarse counter that is read often loses no tick')
FROM (SELECT tripmeter.odometer_distance(t, reading) AS counted, max(reading) - min(reading) AS shown,
        (tripmeter.odometer_report(t, reading)).used_count AS used, count(*)
    FROM coarse GROUP BY tick, every, phase) c
WHERE counted = shown AND used = count AND shown > 80000;
SELECT is(round(tripmeter.odometer_distance('2024-05-02 08:00Z'::timestamptz + s * interval '5 s', floor(50000 + s * 5 / 60.0) * 1609.344)::numeric, 1),
    94951.3, 'whole miles at 60 mph') FROM generate_series(0, 719) s;
SELECT is(tripmeter.odometer_distance('2024-05-02 08:00Z'::timestamptz + s * interval '1 s',
    5000 * CASE WHEN s = 0 THEN 9 ELSE 10 + (s - 1) / 180 END), 55000::float8, 'a first tick one second after the start')
FROM generate_series(0, 1801) s;
SELECT is(tripmeter.odometer_distance('2024-05-02 08:00Z'::timestamptz + s * interval '5 s', CASE WHEN s < 60 THEN 80467.2 ELSE 82076.544 END),
    82076.544 - 80467.2::float8, 'the only tick of a group') FROM generate_series(0, 90) s;
SELECT is(pg_temp.account('{50000, 50000, 50000, 50000, 50000, 69000, 69100, 69200}'), pg_temp.counted(19200, 50000, 69200, 8),
    'a reading that was held, and caught up');
SELECT is(pg_temp.account('{50000, 69000, 69100, 69200}'),
    pg_temp.counted(200, 50000, 69200, 4, '{"jump_count": 1, "excluded_m": 19000}'), 'a step that is too far for the time it was held');
SELECT is(pg_temp.account('{50000, 50000, 50000, 59000, 50100, 50200}'),
    pg_temp.counted(200, 50000, 50200, 5, '{"outlier_count": 1}'), 'a glitch after a rest');

-- Zeros: no answer, or a reset

-- Return the metres counted of these kilometres, one reading every half hour.
CREATE FUNCTION pg_temp.half_hours(km float8[]) RETURNS float8 LANGUAGE sql AS $$
    SELECT tripmeter.odometer_distance('2024-05-01'::timestamptz + n * interval '30 min', 1000 * reading) FROM unnest(km) WITH ORDINALITY r (reading, n)
$$;
SELECT is(pg_temp.half_hours('{0, 48123, 48140, 0, 48170, 48200, 48230, 0}'), 107000::float8, 'zeros of a car that did not answer');
SELECT is(string_agg(places::text, ' '), NULL, 'they may be anywhere')
FROM (SELECT array_agg(place) AS places, array_agg(km ORDER BY at) AS readings
    FROM generate_series(0, 1023) mask, LATERAL (
        SELECT at::float8, km, NULL::int FROM unnest('{48123,48140,48170,48200,48230}'::float8[]) WITH ORDINALITY r (km, at)
        UNION ALL SELECT place / 2 + 0.3 + place % 2 * 0.3, 0, place FROM generate_series(0, 9) place WHERE mask >> place & 1 = 1) r (at, km, place)
    GROUP BY mask) masks
WHERE pg_temp.half_hours(readings) IS DISTINCT FROM 107000;
SELECT is(pg_temp.half_hours('{0, 48123, 48130}'), 7000::float8, 'a zero at the start alone');
SELECT is(pg_temp.half_hours('{0, 0, 0, 5, 9}'), 9000::float8, 'a new counter begins at 0');
SELECT is(pg_temp.half_hours('{0, 0, 0}'), 0::float8, 'and may stay there');
SELECT is(pg_temp.half_hours('{0,6,12, 0,6,12, 0,6,12, 0,6,12, 0,6,12, 0,6,12}'), 72000::float8, 'a counter of trips');
SELECT is(pg_temp.half_hours('{0,6,12, 0,20,30, 0,0,5}'), 47000::float8, 'trips of any length');
SELECT is(pg_temp.half_hours('{1,7,13, 1,7,13, 1,7,13}'), 36000::float8, 'a counter of trips that is first read on the way');
SELECT is(tripmeter.odometer_distance(t, reading), 100000::float8, 'after a weekend any reading can be reached from 0: the counter goes on')
FROM (VALUES ('2024-05-03 18:00Z'::timestamptz, 5000000::float8), ('2024-05-03 18:30Z', 0), ('2024-05-06 08:00Z', 5100000)) r (t, reading);
SELECT is(pg_temp.account('{50000, 0, 51000}', NULL), pg_temp.counted(1000, 50000, 51000, 2, '{"unanswered_count": 1}'),
    'without a limit of speed, zeros are judged by the default one');
SELECT is((r).used_count || ' ' || (r).conflict_count || ' ' || (r).distance_m, '2 1 1000', 'a 0 beside a reading of the same time is no answer')
FROM (SELECT tripmeter.odometer_report(t, reading) AS r
    FROM (VALUES ('2024-05-03 18:00Z'::timestamptz, 5000::float8), ('2024-05-03 18:30Z', 0), ('2024-05-03 18:30Z', 6000)) r (t, reading)) r;
SELECT is((tripmeter.odometer_report(t, 5)).rules, 'v1 max_speed=70 rollover_m=NULL', 'the report names the rules') FROM (SELECT now()) r (t);
SELECT is((tripmeter.odometer_report(t, 5, 30.5, 1e6)).rules, 'v1 max_speed=30.5 rollover_m=1000000', 'and the options') FROM (SELECT now()) r (t);

-- By periods

CREATE TEMP TABLE hours AS
SELECT vehicle, (unnest(tripmeter.odometer_by(recorded_at, reading_m, 'hour', 'UTC', 40, 1e6))).*
FROM (SELECT vehicle, '2024-01-31 20:00Z'::timestamptz + n * interval '7 min' AS recorded_at,
        CASE WHEN n % 41 < vehicle % 3 THEN 0 ELSE (vehicle * 1e5 + n * 6000 + n / 333 * 7e5)::numeric % 1000000 END::float8 AS reading_m
    FROM generate_series(1, 9) vehicle, generate_series(1, 900) n) r
GROUP BY vehicle;
SELECT is(count(*), 9::bigint, 'hours add up to the whole')
FROM (SELECT vehicle, sum(distance_m) AS total FROM hours GROUP BY vehicle) h
WHERE abs(total - (SELECT tripmeter.odometer_distance('2024-01-31 20:00Z'::timestamptz + n * interval '7 min',
        CASE WHEN n % 41 < vehicle % 3 THEN 0 ELSE (vehicle * 1e5 + n * 6000 + n / 333 * 7e5)::numeric % 1000000 END::float8, 40, 1e6)
    FROM generate_series(1, 900) n)) < 1e-6 AND total > 4e6;
SELECT is(count(*), 0::bigint, 'and adjoin') FROM (SELECT period, lead(period) OVER (PARTITION BY vehicle ORDER BY period) AS next FROM hours) h
WHERE next IS NOT NULL AND NOT period -|- next;
SELECT results_eq($$
    SELECT period, round(distance_m::numeric, 6) FROM (SELECT (unnest(tripmeter.odometer_by(t, reading, 'month', 'Asia/Seoul'))).*
    FROM (VALUES ('2024-01-31 14:00Z'::timestamptz, 1000::float8), ('2024-01-31 18:00Z', 5000), ('2024-03-01 00:00Z', 9000)) r (t, reading)) p$$,
    $$VALUES (tstzrange('2023-12-31 15:00Z', '2024-01-31 15:00Z'), 1000.0),
        (tstzrange('2024-01-31 15:00Z', '2024-02-29 15:00Z'), round(3000 + 4000 * 693 / 702.0, 6)),
        (tstzrange('2024-02-29 15:00Z', '2024-03-31 15:00Z'), round(4000 * 9 / 702.0, 6))$$,
    'a step across a bound is shared by time');
SELECT is(tripmeter.odometer_by(t, reading, 'day', 'UTC'), NULL, 'no periods without a usable reading') FROM (VALUES (now(), 'NaN'::float8)) r (t, reading);
SELECT throws_ok(format('SELECT tripmeter.odometer_by(now(), 5, %L, %L)', unit, zone), state, NULL, format('%s, %s is an error', unit, zone))
FROM (VALUES ('fortnight', 'UTC', '22023'), ('day', 'KST9', '22023'), ('day', 'Mars', '22023'), (NULL, 'UTC', '22004'), ('day', NULL, '22004')) v (unit, zone, state);
SELECT throws_ok('SELECT tripmeter.odometer_by(now(), 5, unit, zone) FROM (VALUES (''day'', ''UTC''), (''day'', ''CET'')) v (unit, zone)', '22023', NULL, 'one time zone a group');
SELECT throws_ok('SELECT tripmeter.odometer_by(now(), 5, unit, ''UTC'') FROM (VALUES (''day''), (''hour'')) v (unit)', '22023', NULL, 'one unit a group');

-- Rows that never get so far

SELECT is(pg_temp.account('{1000, NaN, Infinity, -Infinity, -1, NULL, 2000}'),
    pg_temp.counted(1000, 1000, 2000, 2, '{"invalid_count": 4, "null_count": 1}'), 'readings that no counter shows');
SELECT is(pg_temp.account('{1000, 1000000, 999999.99, 2000}', NULL, 1e6) -> 'invalid_count', '1', 'nor one that has rolled over shows');
SELECT is(pg_temp.account('{NULL, NaN}'), '{"null_count": 1, "invalid_count": 1}', 'nothing is left');
SELECT is(pg_temp.account('{}'), '{}', 'nothing was there');
SELECT is((report).invalid_count + 10 * (report).null_count + 100 * (report).used_count, 112::bigint, 'infinite times are invalid')
FROM (SELECT tripmeter.odometer_report(t, 1) AS report FROM (VALUES ('infinity'::timestamptz), ('-infinity'), (NULL), ('2024-01-01')) v (t)) r;
SELECT is(to_jsonb(report) - '{first_time,last_time,rules,unanswered_count}'::text[],
    '{"distance_m": 500, "excluded_m": 0, "first_reading_m": 1000, "last_reading_m": 1500, "used_count": 2, "rollover_count": 0, "reset_count": 0,
      "jump_count": 0, "outlier_count": 0, "conflict_count": 3, "duplicate_count": 2, "invalid_count": 0, "null_count": 0}',
    'of readings of one time the lowest counts')
FROM (
    SELECT tripmeter.odometer_report('2024-01-01'::timestamptz + minute * interval '1 minute', reading) AS report
    FROM (VALUES (0, 1000), (1, 1700), (1, 1500), (1, 1700), (1, 1500), (1, 1500), (0, 1001)) v (minute, reading)) r;
SELECT is((report).first_time || ' ' || (report).last_time, '2024-01-01 00:01:00+00'::timestamptz || ' ' || '2024-01-01 00:03:00+00'::timestamptz,
    'the times are of believed readings')
FROM (
    SELECT tripmeter.odometer_report('2024-01-01 00:00+00'::timestamptz + minute * interval '1 minute', reading) AS report
    FROM (VALUES (0, -1), (1, 1000), (2, 1001), (3, 1000.5), (4, 9e9), (5, 'NaN')) v (minute, reading)) r;

SELECT is(tripmeter.odometer_distance(t, reading), NULL, 'no distance without a usable reading')
FROM (VALUES ('2024-01-01'::timestamptz, 'NaN'::float8), (NULL, 5), ('2024-01-01', NULL)) v (t, reading);
SELECT is(tripmeter.odometer_distance(t, 5), NULL, 'nor without rows') FROM (SELECT now()) v (t) WHERE false;
SELECT is(tripmeter.odometer_distance('2024-01-01', 5), 0::float8, 'with one it is 0');

-- A year of dirty vehicles

CREATE TABLE readings AS
SELECT vehicle, n, hashint8extended(n * 100 + vehicle, 1) AS dice,
    CASE WHEN n % 97 = 5 THEN NULL ELSE '2024-01-01'::timestamptz + (n - n % 13 / 12) * interval '30 s' END AS recorded_at,
    CASE
        WHEN n % 41 < 1 + vehicle % 3 THEN 0
        WHEN n % 101 = 9 THEN 7
        WHEN n % 53 = 7 THEN 'NaN'
        WHEN n % 59 = 8 THEN hashint8extended(n, 2) / 1e12
        ELSE (vehicle * 1e5 + n * 900 + vehicle * sin(n) * 20 + n / 333 * 7e5)::numeric % 1000000
    END::float8 AS reading_m
FROM generate_series(1, 20) vehicle, generate_series(1, 1000) n;
INSERT INTO readings SELECT vehicle, n + 1000, hashint8extended(dice, 3), recorded_at, reading_m FROM readings WHERE dice % 10 = 0;
INSERT INTO readings SELECT vehicle, n + 2000, hashint8extended(dice, 4), recorded_at, -0.0 FROM readings WHERE reading_m = 0;

CREATE FUNCTION pg_temp.bits(readings text) RETURNS TABLE (vehicle integer, bits bytea) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT vehicle, record_send(tripmeter.odometer_report(recorded_at, reading_m, 40, 1e6))
        || float8send(tripmeter.odometer_distance(recorded_at, reading_m, 40, 1e6))
        || record_send(tripmeter.odometer_report(recorded_at, reading_m))
        FROM (%s) readings GROUP BY vehicle', readings);
END $$;
SET LOCAL enable_sort = off;
CREATE TEMP TABLE expected AS SELECT * FROM pg_temp.bits('SELECT * FROM readings ORDER BY vehicle, n');

CREATE TEMP TABLE reports AS
SELECT vehicle, count(*) AS row_count, (tripmeter.odometer_report(recorded_at, reading_m, 40, 1e6)).*,
    tripmeter.odometer_distance(recorded_at, reading_m, 40, 1e6) AS distance
FROM readings GROUP BY vehicle;
SELECT is(count(*), 20::bigint, 'counts add up to the rows') FROM reports
WHERE row_count = used_count + outlier_count + unanswered_count + conflict_count + duplicate_count + invalid_count + null_count;
SELECT is(count(*), 20::bigint, 'the distance is that of the report') FROM reports WHERE distance = distance_m;
SELECT cmp_ok(least(sum(rollover_count), sum(reset_count), sum(jump_count), sum(outlier_count), sum(unanswered_count), sum(conflict_count), sum(duplicate_count),
        sum(invalid_count), sum(null_count)), '>', 10::numeric, 'there is enough of everything') FROM reports;
SELECT ok(bool_and(abs(last_reading_m - first_reading_m + 1e6 * rollover_count - distance_m) <= excluded_m + 1e-3), 'every metre is accounted for')
FROM reports;
SELECT is(count(DISTINCT bits), 20::bigint, 'no two vehicles have the same report, so that equal bits mean something') FROM expected;

SELECT set_eq(format('SELECT * FROM pg_temp.bits(%L)', 'SELECT * FROM readings ORDER BY ' || arrival), 'TABLE expected', 'readings ordered by ' || arrival)
FROM unnest(ARRAY['recorded_at', 'recorded_at DESC', 'reading_m', 'reading_m DESC', 'dice', 'dice % 1000, dice', 'hashint8extended(dice, 5)',
    'n % 4, n']) arrival;
RESET enable_sort;

-- In the window the state lives on after each row.
SELECT is(count(*), 0::bigint, 'a distance that grows row by row is that of the rows so far')
FROM (
    SELECT *, float8send(tripmeter.odometer_distance(recorded_at, reading_m, 40, 1e6) OVER (ORDER BY dice)) AS bits
    FROM readings WHERE vehicle = 3 AND n < 300) grown
WHERE bits IS DISTINCT FROM (
    SELECT float8send(tripmeter.odometer_distance(recorded_at, reading_m, 40, 1e6))
    FROM readings WHERE vehicle = 3 AND n < 300 AND dice <= grown.dice);

-- Errors

CREATE FUNCTION pg_temp.sqlstate_of(max_speed float8, rollover_m float8) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tripmeter.odometer_distance('2024-01-01', 5, max_speed, rollover_m);
    RETURN 'none';
EXCEPTION WHEN others THEN
    RETURN SQLSTATE;
END $$;
SELECT is(pg_temp.sqlstate_of(max_speed, 1e6), '22023', 'max_speed is not ' || max_speed) FROM unnest('{0, -1, NaN, -Infinity}'::float8[]) max_speed;
SELECT is(pg_temp.sqlstate_of(70, rollover_m), '22023', 'rollover_m is not ' || rollover_m) FROM unnest('{0, -1, NaN, Infinity}'::float8[]) rollover_m;
SELECT is(pg_temp.sqlstate_of(NULL, NULL), 'none', 'they may be NULL');
SELECT throws_ok('SELECT tripmeter.odometer_distance(recorded_at, reading_m, 40, vehicle) FROM readings', '22023', NULL, 'one rollover_m a group');
SELECT throws_ok('SELECT tripmeter.odometer_report(recorded_at, reading_m, CASE WHEN n > 5 THEN 40 END, 1e6) FROM readings', '22023', NULL,
    'one max_speed a group, and NULL is another');

-- The limit: 65536 readings are a megabyte.

SET LOCAL tripmeter.max_state_mb = 1;
CREATE FUNCTION pg_temp.so_many(count integer) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT tripmeter.odometer_distance(''2024-01-01''::timestamptz + hashint4(n) * interval ''1 s'', 5) FROM generate_series(1, %s) n', count)
$$;
SELECT lives_ok(pg_temp.so_many(65536), 'as many readings as fit');
SELECT throws_ok(pg_temp.so_many(65537), '53400', NULL, 'one more');
SELECT is(tripmeter.odometer_distance(CASE WHEN n < 9 THEN '2024-01-01'::timestamptz END, CASE WHEN n % 2 = 0 THEN 5 ELSE 'NaN'::float8 END), 0::float8,
    'rows that are no readings take no room')
FROM generate_series(1, 100000) n;

-- Partial states of two partitions, which the planner is made to aggregate by
-- themselves.
CREATE TABLE halves (half integer, recorded_at timestamptz, reading_m float8) PARTITION BY LIST (half);
CREATE TABLE half_0 PARTITION OF halves FOR VALUES IN (0);
CREATE TABLE half_1 PARTITION OF halves FOR VALUES IN (1);
INSERT INTO halves SELECT n % 2, '2024-01-01'::timestamptz + n * interval '1 s', n FROM generate_series(1, 70000) n;
ANALYZE halves;
SET LOCAL enable_partitionwise_aggregate = on;
SET LOCAL cpu_tuple_cost = 10;
CREATE FUNCTION pg_temp.partial(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN plan @? 'strict $.**."Partial Mode" ? (@ == "Partial")';
END $$;
SELECT ok(pg_temp.partial('SELECT tripmeter.odometer_distance(recorded_at, reading_m) FROM halves'), 'the partitions are aggregated by themselves');
SELECT lives_ok('SELECT tripmeter.odometer_distance(recorded_at, reading_m) FROM halves WHERE half = 1', 'half of 70,000 readings fits');
SELECT throws_ok('SELECT tripmeter.odometer_distance(recorded_at, reading_m) FROM halves', '53400', NULL, 'two partial states that fit make one that does not');
SELECT throws_ok('SELECT tripmeter.odometer_distance(recorded_at, reading_m, 70, 1e6 + half) FROM halves WHERE reading_m < 99', '22023', NULL,
    'two partial states have the same options');
SELECT is(tripmeter.odometer_distance(recorded_at, reading_m), 97::float8, 'and join in order of time') FROM halves WHERE reading_m < 99;
SELECT ok(pg_temp.partial('SELECT tripmeter.odometer_by(recorded_at, reading_m, ''hour'', ''UTC'') FROM halves'), 'so are periods');
SELECT is(to_jsonb(tripmeter.odometer_by(recorded_at, reading_m, 'hour', 'UTC')) #> '{0,distance_m}', '97', 'which know their calendar')
FROM halves WHERE reading_m < 99;

SELECT * FROM finish();
ROLLBACK;
