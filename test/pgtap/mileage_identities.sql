-- Every metre, second and row is accounted for: what holds in every report,
-- whatever the fixes and the policy. Groups of random, dirty fixes, each under
-- policies that let different rules bite.

BEGIN;
SELECT plan(27);

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

-- Every bit of a mileage; none, if there is none.
CREATE FUNCTION pg_temp.bits(metres float8) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT coalesce(float8send(metres), '') $$;

-- 500 groups of 1 to 80 fixes. A group's pace is anything from parked to
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
        ELSE CASE WHEN trip % 7 = 0 THEN 179.999 WHEN trip % 11 = 0 THEN 0 ELSE 8 END
            + CASE WHEN trip % 11 = 0 AND n % 9 = 0 THEN 0
                ELSE sum(pace * (pg_temp.uniform(fix, 6) - 0.3)) OVER so_far + teleport END
    END AS lon,
    CASE WHEN pg_temp.uniform(fix, 7) < 0.03 THEN 'NaN'
        ELSE CASE WHEN trip % 11 = 0 THEN 0 ELSE 47 END
            + CASE WHEN trip % 11 = 0 AND n % 9 = 0 THEN 0
                ELSE sum(pace * (pg_temp.uniform(fix, 8) - 0.5)) OVER so_far - teleport END
    END AS lat,
    CASE WHEN pg_temp.uniform(fix, 9) > 0.4 THEN (10 ^ (3 * pg_temp.uniform(fix, 10)))::real END AS accuracy
FROM (
    SELECT trip, n, trip * 1000 + n AS fix,
        CASE WHEN pg_temp.uniform(trip * 1000 + n, 11) < 0.15 THEN 0
            ELSE 10 ^ (4 * pg_temp.uniform(trip, 12) - 5) END AS pace,
        CASE WHEN pg_temp.uniform(trip * 1000 + n / 3, 13) < 0.1 THEN 0.5 ELSE 0 END AS teleport
    FROM generate_series(1, 500) trip, generate_series(1, 1 + trip % 80) n
) steps
WINDOW so_far AS (PARTITION BY trip ORDER BY n);

CREATE TEMP TABLE policies AS
SELECT n AS policy_id, policy
FROM unnest(ARRAY[
    'default', 'raw',
    tripmeter.mileage_policy(gap_threshold => '20 s', gap_counts_as => 'exclude'),
    tripmeter.mileage_policy(max_speed => 3, reanchor_fixes => 1),
    tripmeter.mileage_policy(max_speed => 10, reanchor_fixes => 16, null_island => 'accept'),
    tripmeter.mileage_policy(jitter_radius => 500, max_accuracy => 5),
    tripmeter.mileage_policy(max_speed => NULL, gap_counts_as => 'exclude'),
    tripmeter.mileage_policy(jitter_radius => NULL, gap_threshold => NULL, max_accuracy => NULL),
    tripmeter.mileage_policy(1, 3, '1 s', 'exclude', 2, 1, 'reject')
]::tripmeter.mileage_policy[]) WITH ORDINALITY AS p (policy, n);

CREATE TEMP TABLE reports AS
SELECT policy_id, asked, trip, row_count, (report).*
FROM (
    SELECT policy_id, policy AS asked, trip, count(*) AS row_count,
        tripmeter.mileage_report(recorded_at, lon, lat, accuracy, policy) AS report
    FROM fixes, policies
    GROUP BY policy_id, policy, trip
) reported;

SELECT cmp_ok(least(
        sum(used_count), sum(jitter_count), sum(outlier_count), sum(inaccurate_count), sum(conflict_count),
        sum(duplicate_count), sum(invalid_count), sum(null_count), sum(gap_count)), '>', 1000::numeric,
    'the groups have enough of every kind of fix')
FROM reports;

SELECT cmp_ok(least(
        count(*) FILTER (WHERE distance_m > 0), count(*) FILTER (WHERE jitter_m > 0),
        count(*) FILTER (WHERE outlier_m > 0), count(*) FILTER (WHERE inaccurate_m > 0),
        count(*) FILTER (WHERE gap_m > 0), count(*) FILTER (WHERE gap_excluded_m > 0),
        count(*) FILTER (WHERE moving_time > '0'), count(*) FILTER (WHERE stopped_time > '0'),
        count(*) FILTER (WHERE gap_time > '0')), '>', 300::bigint,
    'and of every kind of metre and second')
FROM reports;

-- Metres

SELECT cmp_ok(max(abs(raw_m - (distance_m + jitter_m + outlier_m + inaccurate_m + gap_excluded_m)) / greatest(raw_m, 1)),
    '<=', 1e-9::float8, 'raw_m is distance_m, jitter_m, outlier_m, inaccurate_m and gap_excluded_m')
FROM reports;

SELECT cmp_ok(min(least(distance_m, raw_m, jitter_m, outlier_m, inaccurate_m, gap_m, gap_excluded_m)), '>=', -1e-6::float8,
    'no metres are below zero')
FROM reports;

SELECT is(count(*), 0::bigint, 'metres over gaps are part of the distance')
FROM reports WHERE gap_m > distance_m * (1 + 1e-9);

SELECT is(count(*), 0::bigint, 'metres are numbers')
FROM reports
WHERE (distance_m + raw_m + jitter_m + outlier_m + inaccurate_m + gap_m + gap_excluded_m + top_speed) IN ('NaN', 'Infinity')
    OR num_nulls(distance_m, raw_m, jitter_m, outlier_m, inaccurate_m, gap_m, gap_excluded_m) > 0;

-- raw_m knows no rule but which fixes are valid.
SELECT cmp_ok(max(abs(raw_m - coalesce(plain_m, 0)) / greatest(raw_m, 1)), '<=', 1e-9::float8,
    'raw_m is the mileage without limits')
FROM reports
JOIN (
    SELECT trip, null_island, tripmeter.mileage(recorded_at, lon, lat,
        tripmeter.mileage_policy(NULL, NULL, NULL, 'straight', 3, NULL, null_island)) AS plain_m
    FROM fixes, unnest('{reject,accept}'::text[]) null_island
    GROUP BY trip, null_island
) plain ON plain.trip = reports.trip AND asked::text ~ ('null_island=' || null_island);

-- Rows

SELECT is(count(*), 0::bigint, 'the counts, but for that of the gaps, add up to the rows')
FROM reports
WHERE used_count + jitter_count + outlier_count + inaccurate_count + conflict_count + duplicate_count
    + invalid_count + null_count <> row_count;

SELECT is(count(*), 0::bigint, 'no count is below zero, and there are fewer gaps than fixes in use')
FROM reports
WHERE least(used_count, jitter_count, outlier_count, inaccurate_count, conflict_count, duplicate_count,
        invalid_count, null_count, gap_count) < 0
    OR gap_count > greatest(used_count + jitter_count - 1, 0);

-- The counts that no policy changes, from the rows themselves.
SELECT is(count(*), 0::bigint, 'rows without a time or a position are counted as such, under any policy')
FROM reports
JOIN (SELECT trip, count(*) FILTER (WHERE num_nulls(recorded_at, lon, lat) > 0) AS nulls FROM fixes GROUP BY trip) counted
    USING (trip)
WHERE null_count <> nulls;

SELECT is(count(*), 0::bigint, 'fixes at no place or time on Earth are counted as such, under any policy')
FROM reports
JOIN (
    SELECT trip, count(*) FILTER (WHERE num_nulls(recorded_at, lon, lat) = 0
            AND (lat = 'NaN' OR NOT isfinite(recorded_at))) AS nowhere,
        count(*) FILTER (WHERE isfinite(recorded_at) AND lon = 0 AND lat = 0) AS null_island
    FROM fixes GROUP BY trip
) counted USING (trip)
WHERE invalid_count <> nowhere + CASE WHEN asked::text ~ 'null_island=reject' THEN null_island ELSE 0 END;

SELECT is(count(*), 0::bigint, 'of the fixes of one time, one is left, under any policy')
FROM reports
JOIN (
    SELECT trip, n.null_island, count(*) - count(DISTINCT recorded_at) AS extra
    FROM fixes, unnest('{reject,accept}'::text[]) AS n (null_island)
    WHERE lon IS NOT NULL AND lat <> 'NaN' AND isfinite(recorded_at)
        AND (n.null_island = 'accept' OR lon <> 0 OR lat <> 0)
    GROUP BY trip, n.null_island
) counted ON counted.trip = reports.trip AND asked::text ~ ('null_island=' || null_island)
WHERE conflict_count + duplicate_count <> extra;

SELECT is(count(*), 0::bigint, 'a rule that is off counts nothing')
FROM reports
WHERE (asked::text ~ 'max_speed=off' AND (outlier_count > 0 OR outlier_m > 0))
    OR (asked::text ~ 'jitter_radius=off' AND (jitter_count > 0 OR jitter_m > 0 OR stopped_time > '0'))
    OR (asked::text ~ 'max_accuracy=off' AND (inaccurate_count > 0 OR inaccurate_m > 0))
    OR (asked::text ~ 'max_speed=off gap_threshold=off' AND (gap_count > 0 OR gap_m + gap_excluded_m > 0 OR gap_time > '0'))
    OR (asked::text ~ 'gap_counts_as=exclude' AND gap_m > 0);

-- Time

SELECT is(count(*), 0::bigint, 'moving_time, stopped_time and gap_time are the time from first to last, exactly')
FROM reports
WHERE extract(epoch FROM moving_time) + extract(epoch FROM stopped_time) + extract(epoch FROM gap_time)
    <> extract(epoch FROM last_time) - extract(epoch FROM first_time);

SELECT is(count(*), 0::bigint, 'no time is below zero')
FROM reports WHERE least(moving_time, stopped_time, gap_time) < '0';

SELECT is(count(*), 0::bigint, 'the first and the last time are times of fixes')
FROM reports
WHERE used_count > 0 AND (first_time IS NULL OR last_time IS NULL
    OR NOT EXISTS (SELECT FROM fixes WHERE fixes.trip = reports.trip AND recorded_at = first_time)
    OR NOT EXISTS (SELECT FROM fixes WHERE fixes.trip = reports.trip AND recorded_at = last_time));

SELECT is(count(*), 0::bigint, 'a gap takes at least the threshold, unless it is a jump')
FROM reports
WHERE asked::text ~ 'max_speed=off' AND asked::text !~ 'gap_threshold=off'
    AND gap_time < gap_count * substring(asked::text FROM 'gap_threshold=(\S+)')::integer * interval '1 s';

-- Speed

SELECT is(count(*), 0::bigint, 'the top speed is within the policy''s')
FROM reports
WHERE asked::text !~ 'max_speed=off' AND top_speed > substring(asked::text FROM 'max_speed=(\S+)')::float8 * (1 + 1e-9);

-- What is measured is measured at no more than the top speed.
SELECT is(count(*), 0::bigint, 'the distance but for gaps is within the top speed times the time but for gaps')
FROM reports
WHERE distance_m - gap_m > top_speed * extract(epoch FROM moving_time + stopped_time)::float8 * (1 + 1e-9) + 1e-6;

-- The report and its kin

SELECT is(count(*), 0::bigint, 'the report names the policy asked for')
FROM reports WHERE policy::text IS DISTINCT FROM asked::text;

SELECT is(count(*), 0::bigint, 'mileage() is the distance_m of the report, and NULL without a fix in use')
FROM reports
JOIN (
    SELECT policy_id, trip, tripmeter.mileage(recorded_at, lon, lat, accuracy, policy) AS metres
    FROM fixes, policies GROUP BY policy_id, trip
) mileages USING (policy_id, trip)
WHERE float8send(metres) IS DISTINCT FROM float8send(CASE WHEN used_count > 0 THEN distance_m END);

-- Both aggregates share one state here.
SELECT is(count(*), 0::bigint, 'also where one query asks for both')
FROM (
    SELECT trip, tripmeter.mileage_report(recorded_at, lon, lat, accuracy, 'default') AS report,
        tripmeter.mileage(recorded_at, lon, lat, accuracy, 'default') AS metres
    FROM fixes GROUP BY trip
) both_of_them
WHERE metres IS DISTINCT FROM CASE WHEN (report).used_count > 0 THEN (report).distance_m END;

-- Every way to call it

CREATE TEMP TABLE positions AS
SELECT *, ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS geom,
    -- a geography takes no NaN quietly, so these groups have none
    ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geography AS geog
FROM fixes
WHERE trip NOT IN (SELECT trip FROM fixes WHERE lat = 'NaN' OR lon > 180);

SELECT cmp_ok(count(DISTINCT trip), '>', 50::bigint, 'there are groups that every type can hold') FROM positions;

SELECT is(count(*), 0::bigint, 'without a policy, the default one applies')
FROM (
    SELECT record_send(tripmeter.mileage_report(recorded_at, lon, lat, 'default')) AS bits,
        pg_temp.bits(tripmeter.mileage(recorded_at, lon, lat, 'default')) AS metres,
        ARRAY[record_send(tripmeter.mileage_report(recorded_at, lon, lat)),
            record_send(tripmeter.mileage_report(recorded_at, geom)),
            record_send(tripmeter.mileage_report(recorded_at, geog))] AS other_bits,
        ARRAY[pg_temp.bits(tripmeter.mileage(recorded_at, lon, lat)),
            pg_temp.bits(tripmeter.mileage(recorded_at, geom)),
            pg_temp.bits(tripmeter.mileage(recorded_at, geog))] AS other_metres
    FROM positions GROUP BY trip
) ways
WHERE (bits = ALL (other_bits)) IS NOT TRUE
    OR (metres = ALL (other_metres)) IS NOT TRUE;

SELECT is(count(*), 0::bigint, 'a geometry, a geography, and two numbers give the same report')
FROM (
    SELECT record_send(tripmeter.mileage_report(recorded_at, lon, lat, policy)) AS bits,
        ARRAY[record_send(tripmeter.mileage_report(recorded_at, geom, policy)),
            record_send(tripmeter.mileage_report(recorded_at, geog, policy)),
            record_send(tripmeter.mileage_report(recorded_at, ST_Force4D(geom, 99, 'NaN'), policy)),
            record_send(tripmeter.mileage_report(recorded_at, postgis_addbbox(ST_Force3DM(geom)), policy)),
            -- an accuracy that is never known is none
            record_send(tripmeter.mileage_report(recorded_at, lon, lat, NULL, policy))] AS other_bits
    FROM positions, policies GROUP BY trip, policy
) ways
WHERE (bits = ALL (other_bits)) IS NOT TRUE;

SELECT is(count(*), 0::bigint, 'the same with accuracies')
FROM (
    SELECT record_send(tripmeter.mileage_report(recorded_at, lon, lat, accuracy, policy)) AS bits,
        pg_temp.bits(tripmeter.mileage(recorded_at, lon, lat, accuracy, policy)) AS metres,
        ARRAY[record_send(tripmeter.mileage_report(recorded_at, geom, accuracy, policy)),
            record_send(tripmeter.mileage_report(recorded_at, geog, accuracy, policy))] AS other_bits,
        ARRAY[pg_temp.bits(tripmeter.mileage(recorded_at, geom, accuracy, policy)),
            pg_temp.bits(tripmeter.mileage(recorded_at, geog, accuracy, policy))] AS other_metres
    FROM positions, policies GROUP BY trip, policy
) ways
WHERE (bits = ALL (other_bits)) IS NOT TRUE
    OR (metres = ALL (other_metres)) IS NOT TRUE;

SELECT is(count(*), 0::bigint, 'a day later, the same metres')
FROM (
    SELECT tripmeter.mileage_report(recorded_at, lon, lat, accuracy, 'default') AS today,
        tripmeter.mileage_report(recorded_at + interval '1 day', lon, lat, accuracy, 'default') AS tomorrow
    FROM fixes GROUP BY trip
) days
WHERE ((today).distance_m, (today).raw_m, (today).jitter_m, (today).moving_time, (today).used_count)
    IS DISTINCT FROM ((tomorrow).distance_m, (tomorrow).raw_m, (tomorrow).jitter_m, (tomorrow).moving_time, (tomorrow).used_count);

SELECT * FROM finish();
ROLLBACK;
