-- The mileage of the table recording, by trip and in total, and what was left out, by reason.
-- Takes the variables policy and name, the name of the file.

\ir display.sql
\set SHOW_CONTEXT never

DROP TABLE IF EXISTS recording_mileage;
CREATE TABLE recording_mileage AS
SELECT trip, count(*) AS rows,
       tripmeter.mileage(recorded_at, lon, lat, 'raw') AS naive_m,
       (tripmeter.mileage_report(recorded_at, lon, lat, accuracy, :'policy')).*
FROM recording
GROUP BY trip;

\set shown 100
SELECT sum(rows) AS rows, count(*) AS trips, count(*) > :shown AS more,
       min(policy::text) AS applied
FROM recording_mileage \gset

\echo
\echo :name
\echo Fixes: :rows. Trips: :trips. Metres by trip: naive is the sum of all legs in order of time;
\echo mileage is without jitter, outliers, inaccurate fixes and jumps; straight is the part
\echo of it over gaps.
\echo

SELECT trip, rows AS fixes, naive_m::numeric(14, 1) AS naive, distance_m::numeric(14, 1) AS mileage,
       jitter_m::numeric(14, 1) AS jitter, outlier_m::numeric(14, 1) AS outliers,
       inaccurate_m::numeric(14, 1) AS inaccurate, gap_excluded_m::numeric(14, 1) AS jumps,
       gap_m::numeric(14, 1) AS straight, moving_time AS moving
FROM recording_mileage
ORDER BY trip
LIMIT :shown;

\if :more
\echo The first :shown of :trips trips; the others are in the table recording_mileage.
\echo
\endif
\echo In total:
\echo

SELECT what, fixes, metres::numeric(16, 1) AS metres
FROM (SELECT sum(rows) AS rows, sum(used_count) AS used, sum(distance_m) AS distance_m,
             sum(jitter_count) AS jitter, sum(jitter_m) AS jitter_m,
             sum(outlier_count) AS outliers, sum(outlier_m) AS outlier_m,
             sum(inaccurate_count) AS inaccurate, sum(inaccurate_m) AS inaccurate_m,
             sum(gap_count) AS gaps, sum(gap_m) AS gap_m, sum(gap_excluded_m) AS gap_excluded_m,
             sum(conflict_count) AS conflicts, sum(duplicate_count) AS duplicates,
             sum(invalid_count) AS invalid, sum(null_count) AS nulls,
             coalesce(sum(naive_m), 0) AS naive_m, coalesce(sum(naive_m), 0) - sum(raw_m) AS island_m
      FROM recording_mileage) AS total,
     LATERAL (VALUES
        (1, 'recorded: the naive sum', rows, naive_m),
        (2, 'mileage', used, distance_m),
        (3, 'left out: jitter, wandering in place', jitter, jitter_m),
        (4, 'left out: outliers, too fast to be true', outliers, outlier_m),
        (5, 'left out: poor accuracy', inaccurate, inaccurate_m),
        (6, 'left out: gaps that do not count, and jumps', NULL, gap_excluded_m),
        (7, 'left out: elsewhere at the same time', conflicts, NULL),
        (8, 'left out: duplicates', duplicates, NULL),
        (9, 'left out: no place on Earth, or (0,0)', invalid, island_m),
        (10, 'left out: no time or no position', nulls, NULL)) AS line (place, what, fixes, metres)
ORDER BY place;

\echo Policy: :applied
SELECT count(*) AS unread, count(*) > 0 AS any_unread, count(*) > 5 AS more_unread FROM unreadable \gset
\if :any_unread
\echo
\echo Values that cannot be read, left out: :unread
SELECT format('line %s: %s', line, complaint) AS "in the file" FROM unreadable ORDER BY line LIMIT 5;
\if :more_unread
\echo The others are in the table unreadable.
\endif
\endif
