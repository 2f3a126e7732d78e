-- Real recordings, each with a reference of its own.  test/recordings/load.sql
-- puts them into schema recordings, where they are present.
BEGIN;

SELECT to_regclass('recordings.readings') IS NULL AS absent \gset
\if :absent
    SELECT plan(1);
    SELECT skip('the recordings are not present', 1);
\else
    SELECT plan(14);

    CREATE TEMP VIEW errors AS
    SELECT dataset, trip_id, abs(naive_m / reference_m - 1) AS naive,
           abs((report).distance_m / reference_m - 1) AS policy
    FROM recordings.readings;

    CREATE TEMP VIEW by_dataset AS
    SELECT dataset,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY naive) AS naive_median,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY naive) AS naive_p90,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY policy) AS policy_median,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY policy) AS policy_p90
    FROM errors GROUP BY dataset;

    SELECT results_eq('SELECT count(*), sum(rows)::bigint FROM recordings.readings', 'VALUES (199::bigint, 227829::bigint)',
        'all trips and fixes were loaded');
    -- an independent sum, on a sphere: within its flattening; the rows of the floating
    -- cars are not in the order of time, and that sum is in the order of rows
    SELECT is_empty($$
        SELECT trip_id, naive_m, naive_sphere_m FROM recordings.readings
        WHERE dataset <> 'floating_car' AND abs(naive_m / naive_sphere_m - 1) > 0.007 $$,
        'the naive sum is that of the data''s authors, but for the shape of the Earth');
    SELECT is_empty($$
        SELECT trip_id FROM (
            SELECT dataset, trip_id, ST_Length(ST_MakeLine(position ORDER BY recorded_at)::geography) AS metres
            FROM (SELECT DISTINCT ON (dataset, trip_id, recorded_at) * FROM recordings.fixes
                  ORDER BY dataset, trip_id, recorded_at, lon, lat) f
            GROUP BY dataset, trip_id) postgis
        JOIN recordings.readings USING (dataset, trip_id)
        WHERE abs(naive_m - metres) > 1e-9 * metres $$,
        'the raw policy is the length that PostGIS measures');
    SELECT is_empty('SELECT * FROM by_dataset WHERE policy_median > naive_median',
        'the default policy is no worse than the naive sum on any median');
    SELECT is_empty('SELECT * FROM by_dataset WHERE policy_p90 > naive_p90',
        'nor on any 90th percentile');
    SELECT results_eq('SELECT dataset FROM recordings.figures ORDER BY 1', 'SELECT dataset FROM recordings.before ORDER BY 1',
        'every dataset has figures of the rules before');
    SELECT is_empty($$
        SELECT * FROM recordings.figures JOIN recordings.before USING (dataset)
        WHERE figures.policy_median > before.policy_median + 0.05 OR figures.policy_p90 > before.policy_p90 + 0.05 $$,
        'no dataset reads worse than before by more than 0.05 points');
    SELECT cmp_ok((SELECT policy_p90 FROM by_dataset WHERE dataset = 'ndsbr'), '<',
                  (SELECT naive_p90 * 0.8 FROM by_dataset WHERE dataset = 'ndsbr'),
        'it is far better where receivers wander');
    SELECT cmp_ok((SELECT max(policy) FROM errors WHERE dataset = 'rsk_twizy'), '<', 0.09::float8,
        'and where they fail: no twizy trip is off by 9 %');
    SELECT cmp_ok((SELECT policy FROM errors WHERE trip_id = 'T1_06_30_2021_2'), '<', 0.06::float8,
        'the trip of 7,600 naive kilometres is within 6 % of its reference');

    SELECT is_empty($$
        SELECT trip_id FROM recordings.readings, LATERAL (SELECT (report).*) r
        WHERE abs(raw_m - (distance_m + jitter_m + outlier_m + inaccurate_m + gap_excluded_m)) > 1e-9 * raw_m + 1e-6 $$,
        'metres add up on every trip');
    SELECT is_empty($$
        SELECT trip_id FROM recordings.readings, LATERAL (SELECT (report).*) r
        WHERE rows <> used_count + jitter_count + outlier_count + inaccurate_count
                    + conflict_count + duplicate_count + invalid_count + null_count $$,
        'counts add up on every trip');
    SELECT is_empty($$
        SELECT trip_id FROM recordings.readings, LATERAL (SELECT (report).*) r
        WHERE moving_time + stopped_time + gap_time <> last_time - first_time $$,
        'times add up on every trip');

    SELECT cmp_ok(sum(octet_length(tripmeter.track_send(track))) / sum(tripmeter.fix_count(track)), '<', 4::numeric,
        'as a track, a fix of kubicka takes less than four bytes')
    FROM (SELECT tripmeter.track(recorded_at, position) AS track FROM recordings.fixes WHERE dataset = 'kubicka' GROUP BY trip_id) t;
\endif

SELECT * FROM finish();
ROLLBACK;
