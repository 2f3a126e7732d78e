-- One track of a million fixes, and ten thousand tracks in one query.

BEGIN;
SELECT plan(48);
SET LOCAL search_path = tripmeter, tripmeter_internal, public;
SET LOCAL jit = off;

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

-- Eleven days and a half, a fix a second, to and fro along a meridian, each way
-- 5,000 s at some 11 m/s; a stop of 1,000 s at the end of each second way, of
-- which a gap of 2,000 s follows the 20th.
CREATE TABLE pg_temp.large AS
SELECT track('2024-03-01'::timestamptz + n * interval '1 s' + CASE WHEN n >= 500000 THEN interval '2000 s' ELSE '0' END,
    127.1234567, round((37 + 1e-4 * abs(5000 - way))::numeric, 7)::float8, CASE WHEN n % 2 = 0 THEN 11 END, 4) AS track
FROM generate_series(0, 999999) n, LATERAL (SELECT least(n % 11000, 10000) AS way) w;
ALTER TABLE large ADD mark timestamptz;
UPDATE large SET mark = start_time(track) + interval '499990 s';

SELECT is(fix_count(track), 1000000::bigint, 'fix_count') FROM large;
SELECT cmp_ok(octet_length(track_send(track)), '<', 3000000, 'it is less than three bytes a fix') FROM large;
SELECT is((start_time(track), end_time(track), duration(track)),
    ('2024-03-01'::timestamptz, '2024-03-12 14:19:59'::timestamptz, '278:19:59'::interval), 'its times') FROM large;
SELECT is(period(track), '["2024-03-01 00:00:00+00","2024-03-12 14:19:59+00"]', 'period') FROM large;
SELECT is(ST_AsText(bbox(track)), 'LINESTRING(127.1234567 37,127.1234567 37.5)', 'bbox') FROM large;
SELECT is(ST_AsText(start_point(track)), 'POINT(127.1234567 37.5)', 'start_point') FROM large;
SELECT is(ST_AsText(end_point(track)), 'POINT(127.1234567 37.4999)', 'end_point') FROM large;

SELECT cmp_ok(abs(length(track) / ST_Length(track::geography) - 1), '<', 1e-9::float8, 'length') FROM large;
SELECT cmp_ok(abs(mileage(track, 'raw') - length(track)), '<', 1e-3::float8, 'mileage, of all fixes') FROM large;
SELECT cmp_ok(abs(mileage(track) / length(track) - 1), '<', 1e-4::float8, 'mileage') FROM large;
SELECT is(((r).used_count + (r).jitter_count, (r).gap_count, (r).gap_time, (r).moving_time + (r).stopped_time),
    (1000000::bigint, 1::bigint, '2001 s'::interval, '277:46:38'::interval), 'mileage_report')
FROM (SELECT mileage_report(track) AS r FROM large) l;
SELECT is(f::text, (1000000, start_time(track), end_time(track))::text, 'fixes')
    FROM large, LATERAL (SELECT count(*), min(recorded_at), max(recorded_at) FROM fixes(track)) f;
SELECT cmp_ok(abs((SELECT max(distance_m) FROM speed_profile(track)) - length(track)), '<', 1e-3::float8, 'speed_profile') FROM large;
SELECT cmp_ok(abs((SELECT sum(metres) FILTER (WHERE counted) FROM legs(track)) - mileage(track)), '<', 1e-3::float8, 'legs') FROM large;
SELECT is(count(*), 90::bigint, 'stops') FROM large, stops(track) s WHERE abs(extract(epoch FROM s.duration) - 1000) < 30;
SELECT is(count(*), 92::bigint, 'trips: one for each way to and fro, and one that the gap cut') FROM large, trips(track);
SELECT is((start_time, duration), (s + interval '499999 s', '2001 s'::interval), 'gaps') FROM (SELECT start_time(track) AS s, track FROM large) l, gaps(track);
SELECT is((r).mileage_m, mileage(track, period(track)), 'reconcile')
    FROM large, LATERAL (SELECT reconcile(track, odometer_report(t, 0)) AS r FROM unnest(ARRAY[start_time(track), end_time(track)]) t) o;
SELECT is(count(*), 279::bigint, 'mileage_by') FROM large, mileage_by(track, 'hour', 'Asia/Seoul');
SELECT cmp_ok(abs((SELECT sum(distance_m) FROM mileage_by(track, 'day', 'Asia/Seoul')) - mileage(track)), '<', 1e-3::float8, 'which adds up') FROM large;
SELECT ok(fix_count(simple) BETWEEN 180 AND 300 AND ST_Distance(at(simple, mark)::geography, at(track, mark)::geography) <= 10, 'simplify')
    FROM (SELECT simplify(track, 10) AS simple, track, mark FROM large OFFSET 0) l;
SELECT ok(track::text::track = track AND as_text(track)::track <> track, 'text') FROM large;
SELECT ok(ST_NPoints(track::geometry) = 1000000 AND ST_IsValidTrajectory(track::geometry)
    AND fix_count(track::geometry::track) = 1000000, 'geometry') FROM large;
SELECT is(fix_count(track::geography::track), 1000000::bigint, 'geography') FROM large;
SELECT is(jsonb_array_length(as_mfjson(track) #> '{temporalGeometry,datetimes}'), 1000000, 'Moving Features JSON') FROM large;
SELECT ok(track_from_mfjson(as_mfjson(t)) = t AND fix_count(t) = 10001, 'Moving Features JSON, of a part')
    FROM large, slice(track, tstzrange(mark - interval '10000 s', mark + interval '1 us')) t WHERE fix_count(t) > 9000;
SELECT ok((SELECT rollup(slice(track, tstzrange(h, h + interval '1 hour')))
    FROM generate_series(start_time(track), end_time(track), interval '1 hour') h) = track, 'rollup, of hours') FROM large;
SELECT ok(track || track = track AND track_hash(track || '[]') = track_hash(track) AND NOT track < track, 'joined and compared') FROM large;
SELECT is(ST_AsText(at(track, end_time(track) - interval '0.5 s')), 'POINT(127.1234567 37.49985)', 'at, near the end') FROM large;
SELECT is(ST_AsText(at(track, mark + interval '0.5 s')), 'POINT(127.1234567 37.00095)', 'at, in the middle') FROM large;
SELECT is(as_text(slice(track, tstzrange(mark, mark + interval '2 s'))),
    '[POINT(127.1234567 37.001)@2024-03-06 18:53:10+00, POINT(127.1234567 37.0009)@2024-03-06 18:53:11+00]', 'slice') FROM large;
SELECT is(start_point(slice(track, p, true))::bytea || end_point(slice(track, p, true))::bytea,
    at(track, lower(p))::bytea || at(track, upper(p))::bytea, 'slice with its ends')
FROM large, LATERAL (SELECT tstzrange(mark + interval '0.3 s', mark + interval '4 days')) p (p);
SELECT cmp_ok(abs(length(track, p) - 55.488828), '<', 1e-3::float8, 'length of five seconds')
    FROM large, LATERAL (SELECT tstzrange(mark, mark + interval '5 s')) p (p);
SELECT cmp_ok(abs(mileage(track, p) - 55.488828), '<', 1e-3::float8, 'mileage of five seconds')
    FROM large, LATERAL (SELECT tstzrange(mark, mark + interval '5 s')) p (p);

-- Memory: what the backend holds when a query has seen 1,000 of its tracks, and
-- when it has seen all. A kilobyte kept of each would be nine megabytes.

CREATE TABLE pg_temp.many AS
SELECT trip, track('2024-03-01'::timestamptz + trip * interval '1 min' + n * interval '10 s',
    CASE WHEN trip % 2 = 0 THEN pg_temp.uniform(trip * 1000 + n, 1) ELSE 127 + n * 1e-4 END,
    CASE WHEN trip % 2 = 0 THEN pg_temp.uniform(trip * 1000 + n, 2) ELSE 37 END + (n % 7) * 1e-5, NULL, n % 30) AS track
FROM generate_series(1, 10000) trip, generate_series(1, 130) n GROUP BY trip;
SELECT cmp_ok(max(octet_length(track_send(track))), '>', 2040, 'half of the tracks are stored apart') FROM many;

CREATE FUNCTION pg_temp.held(trip integer) RETURNS bigint LANGUAGE sql VOLATILE
    AS $$ SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts $$;
CREATE FUNCTION pg_temp.growth(expression text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    kept bigint[];
    tracks bigint;
BEGIN
    EXECUTE format('SELECT array_agg(CASE WHEN nth IN (500, 1000, 10000) THEN pg_temp.held(nth) END) FILTER (WHERE nth IN (1000, 10000)), count(%s)
        FROM (SELECT *, row_number() OVER () ::integer AS nth FROM many) many', expression) INTO kept, tracks;
    RETURN kept[2] - kept[1];
END $$;
-- an aggregate that keeps the half of each
SELECT cmp_ok(pg_temp.growth('track) + cardinality(array_agg(repeat(trip::text, 100))'), '>', 1000000::bigint, 'what is kept is seen');
SELECT cmp_ok(pg_temp.growth(expression), '<', 200000::bigint, expression)
FROM unnest(ARRAY[
    'concat(fix_count(track), period(track), length(track), bbox(track), start_point(track), end_point(track))',
    'concat(mileage(track), mileage(track, ''raw''), mileage_report(track), mileage(track, ''[2024-03-02,2024-03-03)''::tstzrange))',
    'concat(slice(track, ''[2024-03-02,2024-03-03)'', true), at(track, start_time(track) + interval ''75 s''), length(track, ''[2024-03-02,2024-03-03)''), simplify(track, 10))',
    'concat(track::text::track = track, track::geometry::track = track, track_send(track), track_hash(track))',
    'concat(track || track, (SELECT rollup(t) FROM (VALUES (track), (track)) v (t)), (SELECT track("time", lon, 1.5) FROM (VALUES (start_time(track), trip % 180), (end_time(track), 0)) v ("time", lon)))',
    '(SELECT count(*) FROM fixes(track))', '(SELECT count(*) FROM speed_profile(track))', '(SELECT count(*) FROM legs(track))',
    '(SELECT count(*) FROM stops(track))',
    '(SELECT count(*) FROM trips(track))', '(SELECT count(*) FROM gaps(track))',
    '(SELECT count(*) FROM mileage_by(track, ''hour'', ''Asia/Seoul''))']) expression;

SELECT * FROM finish();
ROLLBACK;
