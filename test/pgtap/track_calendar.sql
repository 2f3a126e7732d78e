-- A track cut by the calendar of a time zone: its hours, days, weeks, months,
-- quarters and years are those of the local clock, whatever is done to it, and
-- add up to the whole.

BEGIN;
SELECT plan(51);
SET LOCAL search_path = tripmeter, public;
SET LOCAL TimeZone = 'Asia/Tokyo';

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

-- Vehicles that never rest for long: for two years a fix each 75 minutes or so,
-- and two days about each of some changes of the clock, one each three minutes.
CREATE TEMP TABLE tracks AS
SELECT name, track(at, 12 + 3 * sin(extract(epoch FROM at - '2017-11-01')::float8 / 90000),
    50 + 2 * cos(extract(epoch FROM at - '2017-11-01')::float8 / 130000)) AS track
FROM (
    SELECT 'years', '2017-11-30 10:17:03.000001+00'::timestamptz + n * interval '72 min 1.5 s' + pg_temp.uniform(n, 1) * interval '9 min'
        FROM generate_series(1, 14000) n
    UNION ALL SELECT day, day::timestamptz - interval '30 hours 11 s' + n * interval '181 s' FROM generate_series(1, 1400) n,
        unnest('{2024-03-10,2024-11-03,2018-11-04,2018-02-18,2024-03-31,2019-12-31}'::text[]) day
) f (name, at) GROUP BY name;
CREATE TEMP TABLE zones (zone text);
INSERT INTO zones VALUES ('Asia/Seoul'), ('America/New_York'), ('Asia/Kolkata'), ('America/Havana'), ('America/Sao_Paulo'), ('Australia/Lord_Howe'), ('UTC');
CREATE TEMP TABLE units (unit text);
INSERT INTO units VALUES ('hour'), ('day'), ('week'), ('month'), ('quarter'), ('year');
CREATE TEMP TABLE periods AS
SELECT name, zone, unit, policy, m.period, distance_m, n,
    date_trunc(unit, lower(m.period) AT TIME ZONE zone) AS local_unit
FROM tracks, zones, units, unnest('{default gap_threshold=7200,raw}'::mileage_policy[]) policy,
    mileage_by(track, unit, zone, policy) WITH ORDINALITY m (period, distance_m, n)
WHERE (unit <> 'hour' OR name <> 'years') AND (policy = 'raw' OR zone IN ('Asia/Seoul', 'America/New_York'));
SELECT cmp_ok(count(*), '>', 9000::bigint, 'there are periods enough') FROM periods;

SELECT is((SELECT string_agg(format('%s %s: %s', name, unit, difference), E'\n') FROM (
    SELECT name, unit, metres - mileage(track, policy) AS difference
    FROM (SELECT name, unit, policy, sum(distance_m) AS metres FROM periods WHERE periods.zone = zones.zone GROUP BY name, unit, policy) p
        JOIN tracks USING (name)) s WHERE (abs(difference) <= 1e-3) IS NOT TRUE),
    NULL, 'the periods add up to the whole, within a millimetre: ' || zone) FROM zones;
SELECT is(count(*), 0::bigint, 'a period''s metres are those of its window') FROM periods JOIN tracks USING (name)
    WHERE (unit <> 'hour' OR n % 7 = 0) AND (unit <> 'day' OR name <> 'years' OR n % 50 = 0)
    AND (abs(distance_m - mileage(track, period, policy)) <= 1e-6) IS NOT TRUE;
SELECT is(count(*), 0::bigint, 'periods are closed below, open above, and meet')
FROM (SELECT *, lag(period) OVER (PARTITION BY name, zone, unit, policy ORDER BY n) AS before FROM periods) p
WHERE NOT lower_inc(period) OR upper_inc(period) OR isempty(period) OR upper(before) <> lower(period);
SELECT is(count(*), 0::bigint, 'from that of the first fix to that of the last')
FROM (SELECT name, zone, unit, policy, (array_agg(period ORDER BY n))[1] AS first, (array_agg(period ORDER BY n DESC))[1] AS last
    FROM periods GROUP BY name, zone, unit, policy) e JOIN tracks USING (name)
WHERE NOT first @> start_time(track) OR NOT last @> end_time(track);
-- A local date and hour belongs to one period, whole. A clock that is set back
-- may give an hour twice.
SELECT is((SELECT string_agg(DISTINCT format('%s %s', unit, period), E'\n') FROM periods p WHERE p.zone = zones.zone AND (
        date_trunc(unit, (upper(period) - interval '1 us') AT TIME ZONE p.zone) <> local_unit
        OR date_trunc(unit, (lower(period) + (upper(period) - lower(period)) / 2) AT TIME ZONE p.zone) <> local_unit
        OR unit <> 'hour' AND (date_trunc(unit, upper(period) AT TIME ZONE p.zone) = local_unit OR date_trunc(unit, (lower(period) - interval '1 us') AT TIME ZONE p.zone) = local_unit))),
    NULL, 'periods are those of the local calendar: ' || zone) FROM zones;
SELECT is(count(*), 0::bigint, 'hours begin on the local hour, or where the clock changes') FROM periods
WHERE unit = 'hour' AND zone <> 'Australia/Lord_Howe'
    AND (upper(period) - lower(period) NOT IN ('1 hour', '2 hours')
    OR (lower(period) AT TIME ZONE zone)::time::interval <> date_trunc('hour', (lower(period) AT TIME ZONE zone)::time::interval));
SELECT is(period, tstzrange(f, t), format('%s of %s in %s', unit, f, zone))
FROM (VALUES ('day', 'America/New_York', '2024-03-10 05:00+00'::timestamptz, '2024-03-11 04:00+00'::timestamptz, '2024-03-10'),
    ('day', 'America/New_York', '2024-11-03 04:00+00', '2024-11-04 05:00+00', '2024-11-03'),
    ('day', 'America/Havana', '2024-03-10 05:00+00', '2024-03-11 04:00+00', '2024-03-10'),
    ('day', 'America/Havana', '2024-11-03 04:00+00', '2024-11-04 05:00+00', '2024-11-03'),
    ('day', 'America/Sao_Paulo', '2018-11-04 03:00+00', '2018-11-05 02:00+00', '2018-11-04'),
    ('day', 'America/Sao_Paulo', '2018-02-17 02:00+00', '2018-02-18 03:00+00', '2018-02-18'),
    ('day', 'Asia/Kolkata', '2024-03-09 18:30+00', '2024-03-10 18:30+00', '2024-03-10'),
    ('hour', 'Asia/Kolkata', '2024-03-10 00:30+00', '2024-03-10 01:30+00', '2024-03-10'),
    ('month', 'Asia/Seoul', '2024-02-29 15:00+00', '2024-03-31 15:00+00', '2024-03-31'),
    ('quarter', 'America/New_York', '2024-01-01 05:00+00', '2024-04-01 04:00+00', '2024-03-31'),
    ('week', 'America/New_York', '2024-03-04 05:00+00', '2024-03-11 04:00+00', '2024-03-10'),
    ('year', 'America/Sao_Paulo', '2018-01-01 02:00+00', '2019-01-01 02:00+00', 'years')) v (unit, zone, f, t, name)
LEFT JOIN LATERAL (SELECT period FROM tracks, mileage_by(track, unit, zone) WHERE tracks.name = v.name AND period && tstzrange(f, t)
    ORDER BY period @> (f + (t - f) / 2) DESC LIMIT 1) m ON true;
SELECT is((SELECT array_agg(m::text) FROM mileage_by(track, 'day', 'EST5EDT') m),
    (SELECT array_agg(m::text) FROM mileage_by(track, 'day', 'America/New_York') m), 'a zone of rules by name') FROM tracks
    WHERE name = '2024-11-03';
SELECT throws_ok(format('SELECT mileage_by(''[POINT(1 2)@2024-01-01]'', %L, %L)', unit, zone), '22023', NULL, format('%s, %s', unit, zone))
    FROM (VALUES ('fortnight', 'UTC'), ('day', 'Mars/Olympus'), ('', 'UTC')) v (unit, zone);

-- The sign of a POSIX rule is the reverse of what its reader expects.
SELECT throws_like(format('SELECT mileage_by(''[POINT(1 2)@2024-01-01]'', ''day'', %L)', zone), '%is a POSIX rule, not a name', zone || ' is refused')
    FROM unnest('{KST9,kst9,KST-9,EST5,<+09>-9,"CET-1CEST,M3.5.0,M10.5.0/3",+9,+09:00}'::text[]) zone;
SELECT is((SELECT lower(period) FROM mileage_by('[POINT(1 2)@2024-01-01 20:00Z]', 'day', zone)), day, zone || ' is taken')
    FROM (VALUES ('Asia/Seoul', '2024-01-01 15:00:00+00'::timestamptz), ('Etc/GMT-9', '2024-01-01 15:00:00+00'), ('KST', '2024-01-01 15:00:00+00'),
        ('EST5EDT', '2024-01-01 05:00:00+00'), ('GMT0', '2024-01-01 00:00:00+00'), ('UTC', '2024-01-01 00:00:00+00'),
        ('asia/seoul', '2024-01-01 15:00:00+00')) v (zone, day);

-- half an hour was repeated at midnight: the day begins when it is first midnight
SELECT is(array_agg(lower(period)), '{2006-04-12 18:00+00, 2006-04-13 18:00+00, 2006-04-14 18:00+00, 2006-04-15 18:30+00}'::timestamptz[], 'days of Colombo in April 2006')
FROM mileage_by('[POINT(10 0)@2006-04-13 00:00:00+00, POINT(11 0)@2006-04-16 00:00:00+00]', 'day', 'Asia/Colombo', 'raw');

SELECT * FROM finish();
ROLLBACK;
