-- Mileage in several periods at once: each is what a call for it alone gives, to the bit.

BEGIN;
SELECT plan(19);
SET LOCAL search_path = tripmeter, public;

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

-- 60 tracks of 6 to 360 fixes: driving, at rest, gaps, jumps; some fixes inaccurate, some at
-- (0,0), and in every tenth track all.
CREATE TEMP TABLE tracks AS
SELECT trip, track(recorded_at, lon, lat, NULL, accuracy) AS track
FROM (
    SELECT trip, n,
        '2024-03-30'::timestamptz + interval '1 s' * sum(CASE WHEN pg_temp.uniform(fix, 1) < 0.02
            THEN 2000 ELSE 1 + 20 * pg_temp.uniform(trip, 2) END) OVER w AS recorded_at,
        CASE WHEN trip % 10 = 0 OR pg_temp.uniform(fix, 3) < 0.02 THEN 0
            ELSE 8 + sum(pace * pg_temp.uniform(fix, 4)) OVER w
                + CASE WHEN pg_temp.uniform(trip * 1000 + n / 3, 5) < 0.05 THEN 0.5 ELSE 0 END END AS lon,
        CASE WHEN trip % 10 = 0 OR pg_temp.uniform(fix, 3) < 0.02 THEN 0
            ELSE 47 + sum(pace * (pg_temp.uniform(fix, 6) - 0.5)) OVER w END AS lat,
        CASE WHEN trip % 10 = 1 THEN 5000 WHEN trip % 3 = 0 THEN 300 * pg_temp.uniform(fix, 7) END::real AS accuracy
    FROM (SELECT trip, n, trip * 1000 + n AS fix,
            CASE WHEN n / 30 % 3 = 1 THEN 0 ELSE 0.001 * pg_temp.uniform(trip, 8) END AS pace
        FROM generate_series(1, 60) trip, generate_series(1, trip * 6) n) s
    WINDOW w AS (PARTITION BY trip ORDER BY n)) f
GROUP BY trip;
CREATE TEMP TABLE policies AS
SELECT policy FROM unnest('{default,raw,raw null_island=reject,default max_accuracy=100 jitter_radius=200,"default gap_counts_as=exclude max_speed=5"}'::text[]) t,
    LATERAL (SELECT t::mileage_policy) p (policy);

-- Periods that overlap, meet, hold others, are empty, instants, unbounded, infinite, NULL
-- or twice there; inside and outside the track.
CREATE FUNCTION pg_temp.periods(track track, trip integer) RETURNS tstzrange[] LANGUAGE sql AS $$
    SELECT array_agg(p ORDER BY pg_temp.uniform(hashtext(p::text), trip))
    FROM (
        SELECT tstzrange(least(a, b), greatest(a, b), ('{[],[),(],()}'::text[])[k % 4 + 1])
        FROM generate_series(1, 60) k, LATERAL (SELECT
            start_time(track) + (1.4 * pg_temp.uniform(trip * 100 + k, 10) - 0.2) * duration(track),
            start_time(track) + (1.4 * pg_temp.uniform(trip * 100 + k, 11 + k % 2) - 0.2) * duration(track)) e (a, b)
        UNION ALL SELECT tstzrange(recorded_at, recorded_at + k * interval '3 s') FROM fixes(track) f, generate_series(0, 3, 3) k WHERE hashtext(recorded_at::text) % 13 = 0
        UNION ALL SELECT unnest(ARRAY[NULL, 'empty', '(,)', '(,)', '[-infinity,infinity]', tstzrange(end_time(track), NULL), tstzrange(NULL, start_time(track), '(]'),
            tstzrange(start_time(track), start_time(track), '[]'), period(track), tstzrange(NULL, start_time(track) - interval '1 s')]::tstzrange[])
    ) v (p)
$$;
CREATE TEMP TABLE asked AS
SELECT trip, track, policy, pg_temp.periods(track, trip) AS periods FROM tracks, policies;
CREATE TEMP TABLE answers AS
SELECT trip, track, policy, periods, a.period, a.distance_m, a.n
FROM asked, LATERAL ROWS FROM (mileage_by(track, periods, policy)) WITH ORDINALITY AS a (period, distance_m, n);

SELECT cmp_ok(count(*), '>', 20000::bigint, 'there are enough periods') FROM answers;
SELECT cmp_ok(count(*) FILTER (WHERE distance_m > 0), '>', 7000::bigint, 'many with metres') FROM answers;
SELECT cmp_ok(count(DISTINCT (trip, policy::text)), '>', 15::bigint, 'some tracks have no usable fix') FROM answers WHERE mileage(track, policy) IS NULL;
SELECT is(count(*), 0::bigint, 'each has the bits of a call of its own')
FROM answers WHERE float8send(distance_m) IS DISTINCT FROM float8send(mileage(track, period, policy));
SELECT is(count(*), 0::bigint, 'rows are in the order of the array, one for each element') FROM answers WHERE period IS DISTINCT FROM periods[n];
SELECT is(count(*), 0::bigint, 'and none is missing')
FROM (SELECT trip, policy::text, count(*) AS n, min(cardinality(periods)) AS expected FROM answers GROUP BY trip, policy::text) a WHERE n <> expected;
SELECT is(count(*), 0::bigint, 'the whole is the mileage') FROM answers WHERE period = '(,)' AND NOT abs(distance_m - mileage(track, policy)) <= 1e-6;

CREATE TEMP TABLE split AS
SELECT trip, track, policy, r, m.period, m.distance_m, m.n
FROM asked, LATERAL (SELECT range_agg(p) - range_agg(p) FILTER (WHERE upper(p) < lower(p) + interval '10 min') AS r FROM unnest(periods) p WHERE p <> '(,)') a,
    LATERAL ROWS FROM (mileage_by(track, r, policy)) WITH ORDINALITY AS m (period, distance_m, n);
SELECT cmp_ok(count(*) FILTER (WHERE distance_m > 0), '>', 2000::bigint, 'a multirange is asked for its ranges') FROM split;
SELECT is(count(*), 0::bigint, 'each with the bits of a call of its own')
FROM split WHERE float8send(distance_m) IS DISTINCT FROM float8send(mileage(track, period, policy));
SELECT is(count(*), 0::bigint, 'in order of time')
FROM split WHERE period <> (SELECT x FROM unnest(r) WITH ORDINALITY u (x, k) WHERE k = n);

-- The header knows that no time is shared; whether there is an answer at all is the same as ever.
SELECT is(count(*), 0::bigint, 'where nothing overlaps, there is 0 if and only if there is a mileage')
FROM asked, unnest(ARRAY['empty', tstzrange(NULL, start_time(track) - interval '1 s'), tstzrange(end_time(track) + interval '1 s', NULL), tstzrange(end_time(track), NULL)]) elsewhere
WHERE mileage(track, elsewhere, policy) IS DISTINCT FROM 0 * mileage(track, policy);
SELECT is(mileage(t::track, '[2000-01-01, 2000-01-02)'::tstzrange, p::mileage_policy), m, format('%s, under %s', t, p)) FROM (VALUES
    ('[]', 'default', NULL::float8), ('[POINT(0 0)@2024-01-01]', 'default', NULL::float8), ('[POINT(0 0)@2024-01-01]', 'raw null_island=accept', 0),
    ('[POINT(0 0)@1970-01-01, POINT(1 2)@2024-01-01]', 'default', 0), ('[POINT(1 2)@2024-01-01 accuracy=-1]', 'raw', NULL)) v (t, p, m);

SELECT is((SELECT count(*) FROM mileage_by('[POINT(1 2)@2024-01-01]', '{}'::tstzrange[])), 0::bigint, 'no periods, no rows');
SELECT is((SELECT count(*) FROM mileage_by('[POINT(1 2)@2024-01-01]', '{}'::tstzmultirange)), 0::bigint, 'nor of an empty multirange');
SELECT is((SELECT count(*) FROM mileage_by('[POINT(1 2)@2024-01-01]', 'day', 'UTC')), 1::bigint, 'two words are a unit and a time zone');

SELECT * FROM finish();
ROLLBACK;
