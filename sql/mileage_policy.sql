-- mileage_policy: text, constructor, comparisons, errors
SET search_path = tripmeter, public;

SELECT mileage_policy() AS constructor;
SELECT mileage_policy('default') AS "default", mileage_policy() = 'default' AS same;
SELECT mileage_policy('raw') AS raw;
SELECT mileage_policy('raw') = mileage_policy(NULL, NULL, NULL, max_accuracy => NULL, null_island => 'accept') AS all_off;
SELECT mileage_policy(max_speed => 60, gap_threshold => '90 seconds', gap_counts_as => 'exclude');
SELECT mileage_policy(jitter_radius => 0, max_speed => 'infinity', gap_threshold => '1 day 0.000001 second') AS off_and_exact;
SELECT 'default max_speed=33.5 null_island=accept'::mileage_policy;
SELECT 'raw jitter_radius=15'::mileage_policy;
SELECT '  v1   reanchor_fixes=5
'::mileage_policy AS spaces;
SELECT mileage_policy()::text::mileage_policy = mileage_policy() AS round_trip;

-- a constant call is folded
EXPLAIN (COSTS OFF) SELECT 1 WHERE mileage_policy(max_speed => 60) = 'default max_speed=60';

-- values: stored, compared, grouped, indexed
CREATE TABLE fleet (name text, policy mileage_policy DEFAULT mileage_policy());
INSERT INTO fleet VALUES ('taxi', DEFAULT), ('truck', 'default max_speed=30'), ('bus', 'default max_speed=30.0');
SELECT count(*) AS fleets, count(DISTINCT policy) AS policies FROM fleet;
SELECT policy, count(*) FROM fleet GROUP BY policy ORDER BY count(*);
CREATE INDEX ON fleet (policy);
CREATE INDEX ON fleet USING hash (policy);
SELECT a.name, b.name FROM fleet a JOIN fleet b USING (policy) WHERE a.name < b.name;
SELECT min(p::text) <> max(p::text) AS two, bool_and((p < q) = (q > p) AND (p <= q) = (q >= p) AND (p = q) <> (p <> q)) AS consistent
FROM (SELECT a.policy AS p, b.policy AS q FROM fleet a, fleet b) pairs;
COPY fleet TO STDOUT;
DROP TABLE fleet;

-- errors
SELECT mileage_policy(max_speed => 0);
SELECT mileage_policy(max_speed => 'NaN');
SELECT mileage_policy(jitter_radius => -1);
SELECT mileage_policy(jitter_radius => 'infinity');
SELECT mileage_policy(gap_threshold => '-1 second');
SELECT mileage_policy(gap_threshold => '1 month');
SELECT mileage_policy(gap_threshold => '200000 days');
SELECT mileage_policy(gap_counts_as => 'curved');
SELECT mileage_policy(gap_counts_as => NULL);
SELECT mileage_policy(reanchor_fixes => 0);
SELECT mileage_policy(reanchor_fixes => 17);
SELECT mileage_policy(reanchor_fixes => NULL);
SELECT mileage_policy(max_accuracy => -5);
SELECT mileage_policy(null_island => 'maybe');
SELECT ''::mileage_policy;
SELECT 'fast'::mileage_policy;
SELECT 'default top_speed=60'::mileage_policy;
SELECT 'default max_speed=quick'::mileage_policy;
SELECT 'default reanchor_fixes=2.5'::mileage_policy;
SELECT 'v2 max_speed=60'::mileage_policy;
SELECT 'max_speed=60 raw'::mileage_policy;
SELECT 'default max_speed=60 max_speed=50'::mileage_policy;
