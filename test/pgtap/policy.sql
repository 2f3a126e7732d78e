-- The mileage policy as a value: its text and its bytes say all of it, equal
-- policies are equal in every respect, and a bad one cannot be made.

BEGIN;
SELECT plan(67);

-- What SQL needs to find the operators of a type in another schema.
SET LOCAL search_path = public, tripmeter, tripmeter_internal;

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

-- 2,000 policies. Each limit is off in some, and its values are of every
-- magnitude, with all their digits; the thresholds reach from a microsecond to
-- decades.
CREATE TEMP TABLE policies AS
SELECT n, arguments.*, tripmeter.mileage_policy(max_speed, jitter_radius, gap_threshold, gap_counts_as,
    reanchor_fixes, max_accuracy, null_island) AS policy
FROM generate_series(1, 2000) n, LATERAL (
    SELECT
        CASE WHEN pg_temp.uniform(n, 1) < 0.9 THEN 10 ^ (600 * pg_temp.uniform(n, 2) - 300) END AS max_speed,
        CASE WHEN pg_temp.uniform(n, 3) < 0.9 THEN 10 ^ (6 * pg_temp.uniform(n, 4) - 3) END AS jitter_radius,
        CASE WHEN pg_temp.uniform(n, 5) < 0.9 THEN (1 + floor(10 ^ (15.4 * pg_temp.uniform(n, 6)))) * interval '1 us' END
            AS gap_threshold,
        CASE WHEN pg_temp.uniform(n, 7) < 0.5 THEN 'straight' ELSE 'exclude' END AS gap_counts_as,
        1 + floor(16 * pg_temp.uniform(n, 8))::integer AS reanchor_fixes,
        CASE WHEN pg_temp.uniform(n, 9) < 0.9 THEN round(1 + 1000 * pg_temp.uniform(n, 10)) END AS max_accuracy,
        CASE WHEN pg_temp.uniform(n, 11) < 0.5 THEN 'reject' ELSE 'accept' END AS null_island
) arguments;

-- The text

CREATE FUNCTION pg_temp.rule(policy tripmeter.mileage_policy, name text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$ SELECT substring(policy::text FROM ' ' || name || '=(\S+)') $$;

SELECT is(count(*), 0::bigint, 'the text gives the policy back')
FROM policies WHERE policy::text::tripmeter.mileage_policy <> policy
    OR policy::text::tripmeter.mileage_policy::text <> policy::text;

SELECT is(count(*), 0::bigint, 'the text begins with the version of the algorithm')
FROM policies WHERE policy::text !~ '^v1 ';

SELECT is(count(*), 0::bigint, 'the text has each argument to the last digit')
FROM policies
WHERE (pg_temp.rule(policy, 'max_speed'), pg_temp.rule(policy, 'jitter_radius'), pg_temp.rule(policy, 'max_accuracy'),
        pg_temp.rule(policy, 'gap_counts_as'), pg_temp.rule(policy, 'reanchor_fixes'), pg_temp.rule(policy, 'null_island'))
    IS DISTINCT FROM (coalesce(max_speed::text, 'off'), coalesce(jitter_radius::text, 'off'), coalesce(max_accuracy::text, 'off'),
        gap_counts_as, reanchor_fixes::text, null_island);

SELECT is(count(*), 0::bigint, 'the text has the gap threshold in seconds to the microsecond')
FROM policies
WHERE nullif(pg_temp.rule(policy, 'gap_threshold'), 'off')::numeric IS DISTINCT FROM extract(epoch FROM gap_threshold);

-- A text that depends on a setting is not canonical.
CREATE TEMP TABLE plain_texts AS SELECT n, policy::text AS plain FROM policies;
SET LOCAL extra_float_digits = -15;
SET LOCAL IntervalStyle = 'sql_standard';
SELECT is(count(*), 0::bigint, 'no setting of the session changes the text')
FROM policies JOIN plain_texts USING (n) WHERE policy::text <> plain;
SELECT is(tripmeter.mileage_policy(max_speed => 100 / 3.0)::text, tripmeter.mileage_policy(max_speed => 100 / 3.0)::text::tripmeter.mileage_policy::text,
    'and a text written under it is read back');
RESET extra_float_digits;
RESET IntervalStyle;

SELECT is(count(*), 0::bigint, 'the order of the rules in a text does not matter')
FROM policies
WHERE policy <> (SELECT ('v1 ' || string_agg(rule, '  ' ORDER BY hashtextextended(rule, n)))::tripmeter.mileage_policy
    FROM regexp_split_to_table(policy::text, ' ') rule WHERE rule <> 'v1');

-- The names

SELECT ok(tripmeter.mileage_policy() = 'default', 'without arguments it is the default policy');
SELECT ok('v1'::tripmeter.mileage_policy = 'default', 'which is that of version 1');
SELECT ok('default' <> 'raw'::tripmeter.mileage_policy, 'raw is another one');
SELECT is(string_agg(rule, ' '), NULL, 'every rule of the default policy is on')
FROM regexp_split_to_table('default'::tripmeter.mileage_policy::text, ' ') rule WHERE rule ~ '=(off|0)$';
SELECT is(string_agg(rule, ' '), 'max_speed=off jitter_radius=off gap_threshold=off max_accuracy=off',
    'every limit of raw is off')
FROM regexp_split_to_table('raw'::tripmeter.mileage_policy::text, ' ') rule WHERE rule ~ '=off$';
SELECT ok('raw' = tripmeter.mileage_policy(NULL, NULL, NULL, max_accuracy => NULL, null_island => 'accept'),
    'raw is what the constructor makes without limits');
SELECT ok('default max_speed=33 gap_counts_as=exclude'
        = tripmeter.mileage_policy(max_speed => 33, gap_counts_as => 'exclude'),
    'a text may begin with a name and go on with what differs');

-- One argument changes one rule.
SELECT is((SELECT string_agg(rule, ' ') FROM (
        SELECT regexp_split_to_table(changed::text, ' ') EXCEPT SELECT regexp_split_to_table('default'::tripmeter.mileage_policy::text, ' ')
    ) differs (rule)), expected, 'one argument changes one rule: ' || expected)
FROM (VALUES
    (tripmeter.mileage_policy(max_speed => 12.5), 'max_speed=12.5'),
    (tripmeter.mileage_policy(jitter_radius => 8), 'jitter_radius=8'),
    (tripmeter.mileage_policy(gap_threshold => '1 day 00:00:00.5'), 'gap_threshold=86400.5'),
    (tripmeter.mileage_policy(gap_counts_as => 'exclude'), 'gap_counts_as=exclude'),
    (tripmeter.mileage_policy(reanchor_fixes => 16), 'reanchor_fixes=16'),
    (tripmeter.mileage_policy(max_accuracy => 0.5), 'max_accuracy=0.5'),
    (tripmeter.mileage_policy(null_island => 'accept'), 'null_island=accept'),
    (tripmeter.mileage_policy(max_speed => NULL), 'max_speed=off'),
    (tripmeter.mileage_policy(jitter_radius => NULL), 'jitter_radius=off'),
    (tripmeter.mileage_policy(gap_threshold => NULL), 'gap_threshold=off'),
    (tripmeter.mileage_policy(max_accuracy => NULL), 'max_accuracy=off')) AS changes (changed, expected);

-- Equality and order

-- Policies that are near each other, and some twice, in two spellings.
CREATE TEMP TABLE near_ones AS
SELECT policy FROM policies WHERE n <= 40
UNION ALL SELECT policy::text::tripmeter.mileage_policy FROM policies WHERE n <= 10
UNION ALL SELECT tripmeter.mileage_policy(max_speed => v, jitter_radius => w)
    FROM unnest('{1,1.0000000000000002,Infinity,NULL}'::float8[]) v, unnest('{20,20.000000000000004,999.9999999999999}'::float8[]) w
UNION ALL SELECT tripmeter.mileage_policy(gap_threshold => t) FROM unnest('{24 hours,1 day,1 day 1 us}'::interval[]) t
UNION ALL SELECT tripmeter.mileage_policy(reanchor_fixes => r) FROM generate_series(1, 16) r
UNION ALL SELECT unnest('{default,raw,v1,"default null_island=accept","raw null_island=reject","raw gap_counts_as=exclude"}'::tripmeter.mileage_policy[]);

SELECT is(count(*), 0::bigint, 'two policies are equal if and only if their texts are, or their bytes')
FROM near_ones a, near_ones b
WHERE (a.policy = b.policy) IS DISTINCT FROM (a.policy::text = b.policy::text)
    OR (a.policy = b.policy) IS DISTINCT FROM (mileage_policy_send(a.policy) = mileage_policy_send(b.policy));

SELECT cmp_ok(count(*), '>', 0::bigint, 'some are')
FROM (SELECT policy::text FROM near_ones GROUP BY policy::text HAVING count(*) > 1) twice;

SELECT is(count(*), 0::bigint, 'the six operators agree with the comparison')
FROM (SELECT a.policy AS a, b.policy AS b, mileage_policy_cmp(a.policy, b.policy) AS cmp FROM near_ones a, near_ones b) pairs
WHERE ((a < b), (a <= b), (a = b), (a <> b), (a >= b), (a > b))
    IS DISTINCT FROM ((cmp < 0), (cmp <= 0), (cmp = 0), (cmp <> 0), (cmp >= 0), (cmp > 0));

SELECT is(count(*), 0::bigint, 'the order is one: of two policies one comes first, and of three none runs in a circle')
FROM near_ones a, near_ones b
WHERE sign(mileage_policy_cmp(a.policy, b.policy)) <> -sign(mileage_policy_cmp(b.policy, a.policy))
    OR (a.policy < b.policy AND EXISTS (SELECT FROM near_ones c WHERE b.policy < c.policy AND NOT a.policy < c.policy));

SELECT is(count(*), 0::bigint, 'equal policies have one hash')
FROM near_ones a JOIN near_ones b ON a.policy::text = b.policy::text
WHERE mileage_policy_hash(a.policy) <> mileage_policy_hash(b.policy);

SELECT cmp_ok(count(DISTINCT mileage_policy_hash(policy)), '>', 1990::bigint, 'different policies have different hashes')
FROM policies;

-- DISTINCT by sorting and by hashing
SET LOCAL enable_hashagg = off;
SELECT is((SELECT count(*) FROM (SELECT DISTINCT policy FROM near_ones) sorted), count(DISTINCT policy::text),
    'DISTINCT sorts policies') FROM near_ones;
SET LOCAL enable_hashagg = on;
SET LOCAL enable_sort = off;
SELECT is((SELECT count(*) FROM (SELECT DISTINCT policy FROM near_ones) hashed), count(DISTINCT policy::text),
    'DISTINCT hashes policies') FROM near_ones;
RESET enable_hashagg;
RESET enable_sort;

CREATE TEMP TABLE stored (policy tripmeter.mileage_policy PRIMARY KEY, id serial);
INSERT INTO stored (policy) SELECT DISTINCT policy FROM policies;
SELECT throws_ok($$INSERT INTO stored (policy) SELECT policy FROM policies WHERE n = 7$$, '23505', NULL,
    'a policy is a key, and a unique one');
SET LOCAL enable_seqscan = off;
SELECT is(count(*), 0::bigint, 'each policy is found by its key')
FROM policies WHERE NOT EXISTS (SELECT FROM stored WHERE stored.policy = policies.policy::text::tripmeter.mileage_policy);
CREATE INDEX ON stored USING hash (policy);
SELECT is(count(*), 2000::bigint, 'and joined by it') FROM policies JOIN stored USING (policy);
RESET enable_seqscan;

-- The bytes

-- What the server makes of these bytes as it reads them: COPY is SQL's only
-- way to the receive function. Its input is the signature, flags, no header
-- extension, one row of one column, and the end; as octal escapes for printf.
CREATE TEMP TABLE received (policy tripmeter.mileage_policy);
CREATE FUNCTION pg_temp.receive(bytes bytea) RETURNS tripmeter.mileage_policy LANGUAGE plpgsql AS $$
DECLARE
    stream CONSTANT bytea := '\x5047434f50590aff0d0a00'::bytea || '\x0000000000000000'::bytea
        || '\x0001'::bytea || int4send(length(bytes)) || bytes || '\xffff'::bytea;
    octal text;
BEGIN
    SELECT string_agg(E'\\' || lpad(((b >> 6) * 100 + (b >> 3 & 7) * 10 + (b & 7))::text, 3, '0'), '' ORDER BY i)
    INTO octal
    FROM generate_series(0, length(stream) - 1) i, get_byte(stream, i) b;
    DELETE FROM received;
    EXECUTE format('COPY received FROM PROGRAM %L (FORMAT binary)', format('printf ''%s''', octal));
    RETURN (SELECT policy FROM received);
END $$;

SELECT is(count(*), 0::bigint, 'the bytes give the policy back')
FROM policies WHERE n <= 200 AND pg_temp.receive(mileage_policy_send(policy)) IS DISTINCT FROM policy;

-- Bytes that are none of a policy's are refused, or are another policy's, which
-- then is a whole one: each bit changed, and all lengths.
CREATE FUNCTION pg_temp.outcome(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    policy tripmeter.mileage_policy;
BEGIN
    policy := pg_temp.receive(bytes);
    RETURN CASE WHEN policy::text::tripmeter.mileage_policy = policy AND mileage_policy_send(policy) = bytes
        THEN 'a policy' ELSE 'not a policy: ' || policy::text END;
EXCEPTION WHEN OTHERS THEN
    RETURN CASE WHEN SQLSTATE ~ '^(22|0A|08)' THEN 'refused' ELSE SQLSTATE || ' ' || SQLERRM END;
END $$;

SELECT is(string_agg(DISTINCT outcome, ', ' ORDER BY outcome), 'a policy, refused', 'changed bytes are refused, or another policy')
FROM generate_series(0, length(mileage_policy_send('default')) * 8 - 1) bit,
    LATERAL (SELECT pg_temp.outcome(set_bit(mileage_policy_send('default'), bit, 1 - get_bit(mileage_policy_send('default'), bit))) AS outcome) o;

SELECT is(string_agg(DISTINCT pg_temp.outcome(bytes), ', '), 'refused', 'bytes of another length are refused')
FROM generate_series(0, 60) size, substr(mileage_policy_send('default') || mileage_policy_send('raw'), 1, size) bytes
WHERE size <> length(mileage_policy_send('default'));

-- The calls

SELECT throws_ok('SELECT tripmeter.mileage_policy(' || argument || ')', '22023', NULL, 'out of range: ' || argument)
FROM unnest(ARRAY[
    'max_speed => 0', 'max_speed => -1', $$max_speed => 'NaN'$$, $$max_speed => '-Infinity'$$,
    'jitter_radius => -1', $$jitter_radius => 'NaN'$$, 'max_accuracy => -1', $$max_accuracy => 'NaN'$$,
    $$gap_threshold => '-1 s'$$, $$gap_threshold => '1 month'$$,
    'reanchor_fixes => 0', 'reanchor_fixes => 17', 'reanchor_fixes => -1',
    $$gap_counts_as => 'curved'$$, $$null_island => 'sink'$$]) argument;

SELECT throws_ok(format('SELECT %L::tripmeter.mileage_policy', written), '22P02', NULL, 'not a policy: ' || written)
FROM unnest(ARRAY['', 'fast', 'v1 max_speed', 'v1 max_speed=', 'v1 =60', 'v1 max_speed=60m/s', 'v1 speed=60',
    'raw default', 'v1,max_speed=60']) written;

-- Which of the two was meant? CREATE TABLE ... WITH does not guess, either.
SELECT throws_ok($$SELECT 'v1 max_speed=60 max_speed=70'::tripmeter.mileage_policy$$, NULL, NULL, 'a rule is given once');

SELECT throws_ok(format('SELECT %L::tripmeter.mileage_policy', written), '22023', NULL, 'out of range in text: ' || written)
FROM unnest(ARRAY['v1 max_speed=-1', 'v1 reanchor_fixes=0']) written;

-- The planner

CREATE FUNCTION pg_temp.explained(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text; plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP plan := plan || line; END LOOP;
    RETURN plan;
END $$;

SELECT matches(pg_temp.explained('SELECT tripmeter.mileage(now(), n, n, tripmeter.mileage_policy(max_speed => 60, gap_threshold => ''1 min'')) FROM policies'),
    '''v1 max_speed=60 .*''::(tripmeter\.)?mileage_policy', 'a constructor with constant arguments is a constant to the planner');

SELECT * FROM finish();
ROLLBACK;
