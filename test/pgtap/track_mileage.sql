-- What was driven, of a track: what it is of the rows, to the bit; every metre
-- and second of it in a leg; and windows that add up to it, wherever they are cut.

BEGIN;
SELECT plan(31);
SET LOCAL search_path = tripmeter, public;

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

-- 240 groups of 1 to 200 fixes. A group's pace is anything from parked to
-- impossible; every seventh group drives across the meridian 180, every
-- eleventh through (0,0). A step may take no time (duplicates, conflicts) or
-- very long (gaps), and may be a teleport, there and perhaps back.
CREATE TEMP TABLE fixes AS
SELECT trip, n, fix,
    CASE WHEN pg_temp.uniform(fix, 1) < 0.03 THEN NULL
        WHEN pg_temp.uniform(fix, 1) < 0.04 THEN '-infinity'
        ELSE '2024-02-28'::timestamptz + interval '1 s' * sum(
            CASE WHEN pg_temp.uniform(fix, 2) < 0.1 THEN 0
                WHEN pg_temp.uniform(fix, 2) < 0.13 THEN 1500 * pg_temp.uniform(fix, 3)
                ELSE 1 + 30 * pg_temp.uniform(trip, 4) END) OVER so_far
    END AS recorded_at,
    CASE WHEN pg_temp.uniform(fix, 5) < 0.03 THEN NULL
        WHEN trip % 11 = 0 AND n % 9 = 0 THEN 0
        ELSE CASE WHEN trip % 7 = 0 THEN 179.999 WHEN trip % 11 = 0 THEN 0 ELSE 8 END + sum(pace * (pg_temp.uniform(fix, 6) - 0.3)) OVER so_far + teleport
    END AS lon,
    CASE WHEN pg_temp.uniform(fix, 7) < 0.03 THEN 'NaN'
        WHEN trip % 11 = 0 AND n % 9 = 0 THEN 0
        ELSE CASE WHEN trip % 11 = 0 THEN 0 ELSE 47 END + sum(pace * (pg_temp.uniform(fix, 8) - 0.5)) OVER so_far - teleport
    END AS lat,
    CASE WHEN pg_temp.uniform(fix, 9) > 0.4 THEN (10 ^ (3 * pg_temp.uniform(fix, 10)))::real WHEN pg_temp.uniform(fix,
        9) > 0.3 THEN ('{NaN,Infinity,-1,0}'::real[])[n % 4 + 1] END AS accuracy
FROM (
    SELECT trip, n, trip * 1000 + n AS fix,
        CASE WHEN pg_temp.uniform(trip * 1000 + n, 11) < 0.15 OR n / 30 % 3 = 1 THEN 0 ELSE 10 ^ (4 * pg_temp.uniform(trip, 12) - 5) END AS pace,
        CASE WHEN pg_temp.uniform(trip * 1000 + n / 3, 13) < 0.1 THEN 0.5 ELSE 0 END AS teleport
    FROM generate_series(1, 240) trip, generate_series(1, 1 + trip % 200) n
) steps
WINDOW so_far AS (PARTITION BY trip ORDER BY n);

CREATE TEMP TABLE policies AS
SELECT n AS policy_id, policy
FROM unnest(ARRAY[
    'default', 'raw', 'raw null_island=accept',
    mileage_policy(gap_threshold => '20 s', gap_counts_as => 'exclude'),
    mileage_policy(max_speed => 3, reanchor_fixes => 1),
    mileage_policy(max_speed => 10, reanchor_fixes => 16, null_island => 'accept'),
    mileage_policy(jitter_radius => 500, max_accuracy => 5),
    mileage_policy(max_speed => NULL, gap_counts_as => 'exclude'),
    mileage_policy(jitter_radius => NULL, gap_threshold => NULL, max_accuracy => NULL),
    mileage_policy(1, 3, '1 s', 'exclude', 2, 1, 'reject')
]::mileage_policy[]) WITH ORDINALITY AS p (policy, n);

-- Of the rows, or of their track

CREATE TEMP TABLE tracks AS SELECT trip, track(recorded_at, lon, lat, NULL, accuracy ORDER BY pg_temp.uniform(fix, 20)) AS track FROM fixes GROUP BY trip;
CREATE TEMP TABLE reports AS
SELECT policy_id, policy, trip, track, by_rows, metres, mileage_report(track, policy) AS report
FROM (SELECT policy_id, policy, trip, mileage_report(recorded_at, lon, lat, accuracy, policy) AS by_rows,
    mileage(recorded_at, lon, lat, accuracy, policy) AS metres
      FROM fixes, policies GROUP BY policy_id, policy, trip) r JOIN tracks USING (trip);
SELECT cmp_ok(least(sum((report).jitter_count), sum((report).outlier_count), sum((report).inaccurate_count), sum((report).conflict_count),
    sum((report).duplicate_count), sum((report).invalid_count), sum((report).null_count), sum((report).gap_count)), '>', 1000::numeric,
    'there is enough of every kind of fix') FROM reports;
SELECT is(string_agg(trip || ': ' || policy_id, ' '), NULL, 'the report of a track is that of its rows, in every field') FROM reports
    WHERE report::text IS DISTINCT FROM by_rows::text;
SELECT is(string_agg(trip || ': ' || policy_id, ' '), NULL, 'in every bit') FROM reports WHERE record_send(report) IS DISTINCT FROM record_send(by_rows);
SELECT is(string_agg(trip || ': ' || policy_id, ' '), NULL, 'and so is the mileage') FROM reports
    WHERE float8send(mileage(track, policy)) IS DISTINCT FROM float8send(metres);
SELECT is(string_agg(trip::text, ' '), NULL, 'under the default policy, where nothing is said') FROM reports WHERE policy_id = 1
    AND (float8send(mileage(track)) IS DISTINCT FROM float8send(metres) OR record_send(mileage_report(track)) <> record_send(by_rows)
        OR float8send(mileage(track, 'default')) IS DISTINCT FROM float8send(metres));
SELECT is(string_agg(trip::text, ' '), NULL, 'without accuracies, too')
FROM (SELECT trip, track(recorded_at, lon, lat) AS track, mileage_report(recorded_at, lon, lat, 'default') AS by_rows FROM fixes
    GROUP BY trip) p WHERE record_send(mileage_report(track)) IS DISTINCT FROM record_send(by_rows);
SELECT is(string_agg(trip || ': ' || policy_id, ' '), NULL, 'a track that was text is measured as it was') FROM reports
    WHERE trip % 5 = 0 AND record_send(mileage_report(track::text::track, policy)) IS DISTINCT FROM record_send(by_rows);

SELECT to_regclass('recordings.fixes') IS NULL AS absent \gset
\if :absent
    SELECT skip('the recordings are not present', 2);
\else
    CREATE TEMP TABLE recorded AS
    SELECT policy_id, dataset, trip_id, policy, track(recorded_at, position, speed_ms::real, NULL) AS track,
        mileage_report(recorded_at, position, policy) AS by_rows, mileage(recorded_at, position, policy) AS metres
    FROM recordings.fixes, policies WHERE policy_id IN (1, 2, 4, 7) GROUP BY policy_id, policy, dataset, trip_id;
    SELECT is(string_agg(trip_id || ': ' || policy_id, ' '), NULL, 'real recordings give the same bits')
    FROM recorded WHERE record_send(mileage_report(track, policy)) IS DISTINCT FROM record_send(by_rows)
        OR float8send(mileage(track, policy)) IS DISTINCT FROM float8send(metres);
    SELECT is(string_agg(trip_id || ': ' || metres, ' '), NULL, 'and every window of them adds up')
    FROM (SELECT trip_id, sum(mileage(track, part, policy)) - metres AS metres
          FROM recorded, LATERAL (SELECT tstzrange(lag(cut) OVER (ORDER BY cut), cut) AS part
              FROM (SELECT start_time(track) + pg_temp.uniform(k, fix_count(track)) * duration(track) FROM generate_series(1, 9) k UNION SELECT NULL) c (cut)) w
          WHERE policy_id IN (1, 7) GROUP BY trip_id, policy_id, metres) s WHERE abs(metres) > 1e-3;
\endif

-- Legs

CREATE TEMP TABLE sums AS
SELECT trip, policy_id, report, s.*
FROM reports, LATERAL (
    SELECT coalesce(sum(metres), 0) AS raw, coalesce(sum(metres) FILTER (WHERE counted), 0) AS distance,
        coalesce(sum(metres) FILTER (WHERE class = 'jitter'), 0) AS jitter, coalesce(sum(metres) FILTER (WHERE class = 'outlier'), 0) AS outlier,
        coalesce(sum(metres) FILTER (WHERE class = 'inaccurate'), 0) AS inaccurate, coalesce(sum(metres) FILTER (WHERE class = 'gap' AND counted), 0) AS gap,
        coalesce(sum(metres) FILTER (WHERE class = 'gap' AND NOT counted), 0) AS gap_excluded,
        coalesce(sum(seconds) FILTER (WHERE class = 'moving'), 0) AS moving,
        coalesce(sum(seconds) FILTER (WHERE class = 'stopped'), 0) AS stopped,
        coalesce(sum(seconds) FILTER (WHERE class = 'gap'), 0) AS gap_seconds, coalesce(sum(seconds), 0) AS seconds,
        count(*) FILTER (WHERE class NOT IN ('moving', 'stopped', 'gap', 'jitter', 'outlier', 'inaccurate') OR counted IS NULL
            OR num_nulls(from_time, to_time, from_position, to_position, metres, seconds) > 0
            OR from_time > to_time OR seconds < 0 OR (metres < 0 AND class NOT IN ('outlier', 'inaccurate'))) AS bad
    FROM legs(track, policy)) s;
SELECT cmp_ok(least(count(*) FILTER (WHERE jitter > 0), count(*) FILTER (WHERE outlier > 0), count(*) FILTER (WHERE inaccurate > 0), count(*) FILTER (WHERE gap > 0),
    count(*) FILTER (WHERE gap_excluded > 0), count(*) FILTER (WHERE stopped > 0)), '>', 100::bigint, 'there are legs of every class') FROM sums;
SELECT is(count(*), 0::bigint, 'and no other, in any wrong way') FROM sums WHERE bad > 0;
CREATE TEMP TABLE compared AS
SELECT trip, policy_id, v.*, greatest(1, (report).raw_m) * 1e-9 + 1e-6 AS tolerance
FROM sums, LATERAL (VALUES ('raw_m', raw, (report).raw_m), ('distance_m', distance, (report).distance_m), ('jitter_m', jitter, (report).jitter_m),
    ('outlier_m', outlier, (report).outlier_m), ('inaccurate_m', inaccurate, (report).inaccurate_m), ('gap_m', gap, (report).gap_m),
    ('gap_excluded_m', gap_excluded, (report).gap_excluded_m),
    ('moving_time', moving, extract(epoch FROM (report).moving_time)), ('stopped_time', stopped, extract(epoch FROM (report).stopped_time)),
    ('gap_time', gap_seconds, extract(epoch FROM (report).gap_time)),
    ('the time from first to last', seconds, coalesce(extract(epoch FROM (report).last_time - (report).first_time), 0))) v (name, ours, theirs);
SELECT is((SELECT string_agg(format('%s/%s: %s, not %s', trip, policy_id, ours, theirs), E'\n') FROM compared c
    WHERE c.name = names.name AND (abs(ours - theirs) <= tolerance) IS NOT TRUE),
    NULL, 'legs add up to ' || name) FROM (SELECT DISTINCT name FROM compared) names;

-- Windows: cut at fixes, between them, in stops and gaps, before and after

CREATE TEMP TABLE windows AS
SELECT trip, tstzrange(lag(cut) OVER split, cut, CASE WHEN trip % 4 = 0 THEN '[)' ELSE '(]' END) AS part
FROM tracks, LATERAL (
    SELECT start_time(track) + (1.2 * pg_temp.uniform(trip * 100 + k, 30) - 0.1) * duration(track) FROM generate_series(1, 8) k
    UNION (SELECT f.recorded_at FROM fixes(track) f ORDER BY pg_temp.uniform(hashtext(f.recorded_at::text), trip) LIMIT 5)
    UNION SELECT NULL) c (cut)
WHERE trip % 2 = 0
WINDOW split AS (PARTITION BY trip ORDER BY cut);
CREATE TEMP TABLE driven AS
SELECT trip, policy_id, part, report, metres AS whole, mileage(track, part, policy) AS metres, track, policy FROM reports JOIN windows USING (trip);
SELECT cmp_ok(count(*), '>', 10000::bigint, 'there are windows enough') FROM driven;
SELECT is(string_agg(format('%s/%s: %s of %s', trip, policy_id, metres - whole, whole), E'\n'), NULL, 'windows add up to the whole, within a millimetre')
FROM (SELECT trip, policy_id, whole, sum(metres) AS metres FROM driven GROUP BY trip, policy_id, whole) s
    WHERE NOT abs(metres - whole) <= 1e-3 OR (metres IS NULL) <> (whole IS NULL);
SELECT is(count(*), 0::bigint, 'none is below zero, or more than the whole') FROM driven WHERE metres < -1e-9 OR metres > whole + 1e-3;
SELECT is(count(*), 0::bigint, 'none is faster than the policy lets a vehicle be')
FROM driven WHERE policy_id = 6 AND isfinite(lower(part)) AND isfinite(upper(part)) AND (report).gap_count = 0
    AND metres > 10 * extract(epoch FROM upper(part) - lower(part)) + 1e-3;
SELECT is(count(*), 0::bigint, 'a bound may be included or not')
FROM driven WHERE policy_id IN (1, 4)
    AND (mileage(track, tstzrange(lower(part), upper(part), '[]'), policy),
    mileage(track, tstzrange(lower(part), upper(part), '()'), policy)) IS DISTINCT FROM (metres, metres);
SELECT is(count(*), 0::bigint, 'two windows that meet are as one')
FROM (SELECT *, lead(metres) OVER w AS next_metres, lead(part) OVER w AS next_part FROM driven WHERE policy_id IN (1, 4, 7)
    WINDOW w AS (PARTITION BY trip, policy_id ORDER BY part)) d
WHERE next_part IS NOT NULL AND NOT abs(mileage(track, part + next_part, policy) - metres - next_metres) <= 1e-3;
SELECT is(count(*), 0::bigint, 'all of time is the whole') FROM reports
WHERE NOT abs(mileage(track, '(,)'::tstzrange, policy) - metres) <= 1e-6 OR NOT abs(mileage(track, '[-infinity,infinity]'::tstzrange, policy) - metres) <= 1e-6;
SELECT is(count(*), 0::bigint, 'no time, and no time of the track, is nothing') FROM reports
WHERE metres IS NOT NULL AND (mileage(track, 'empty'::tstzrange, policy), mileage(track, tstzrange(start_time(track), start_time(track), '[]'), policy),
    mileage(track, tstzrange(end_time(track), NULL), policy), mileage(track, tstzrange(NULL, start_time(track)), policy)) IS DISTINCT FROM (0, 0, 0, 0);
SELECT is(count(*), 0::bigint, 'without a usable fix, there is no answer') FROM driven WHERE (report).used_count = 0 AND metres IS NOT NULL;

SELECT * FROM finish();
ROLLBACK;
