-- Receiving by the rules: who may, what comes, in which order, and what becomes of events
-- that fail. Not in one transaction, for what it writes itself it cannot receive.

SELECT plan(96);

CREATE ROLE outbox_owner;
CREATE ROLE outbox_member;
CREATE ROLE outbox_stranger;
GRANT outbox_owner TO outbox_member;
CREATE SCHEMA outbox_test;
GRANT USAGE ON SCHEMA outbox_test TO PUBLIC;
SET search_path = public, outbox_test;

-- Events of aggregates a, b, ... whose type is their number
CREATE FUNCTION outbox_test.emit(VARIADIC names text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY names LOOP
        PERFORM tripmeter.emit('thing', left(name, 1), substr(name, 2), jsonb_build_object('name', name));
    END LOOP;
END $$;
CREATE FUNCTION outbox_test.receive(consumer text, worker text DEFAULT 'w', most int DEFAULT 500) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(aggregateid || type || CASE WHEN tries > 0 THEN '/' || tries ELSE '' END, ' ' ORDER BY aggregateid, seq)
    FROM tripmeter.outbox_receive(consumer, worker, most)
$$;
CREATE FUNCTION outbox_test.batch(consumer text, worker text DEFAULT 'w') RETURNS bigint LANGUAGE sql AS
    'SELECT min(batch) FROM tripmeter.outbox_receive(consumer, worker)';
CREATE FUNCTION outbox_test.ack(consumer text, worker text DEFAULT 'w') RETURNS boolean LANGUAGE sql AS
    'SELECT tripmeter.outbox_ack(b) FROM (SELECT outbox_test.batch(consumer, worker)) AS open (b) WHERE b IS NOT NULL';
CREATE FUNCTION outbox_test.nack(consumer text, name text, delay interval DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN tripmeter.outbox_nack(batch, id, 'because of ' || name, delay) IS NULL THEN 'dead' ELSE 'later' END
    FROM tripmeter.outbox_receive(consumer, 'w') WHERE payload ->> 'name' = name
$$;

SELECT lives_ok($$SELECT tripmeter.outbox_configure(tick_interval => '0')$$, 'there are settings');
SELECT throws_ok($$SELECT tripmeter.outbox_configure(tick_interval => '-1 s')$$, '23514', NULL, 'a setting is in its range');

-- Subscribing

SELECT tripmeter.outbox_tick() AS start \gset

SELECT lives_ok($$SELECT tripmeter.outbox_subscribe('one', shares => 1, owner => 'outbox_owner', retry_delay => '10 min', max_tries => 3)$$, 'a consumer is made');
SELECT throws_ok($$SELECT tripmeter.outbox_subscribe('one')$$, '42710', 'consumer "one" is subscribed already', 'once');
SELECT throws_ok($$SELECT tripmeter.outbox_subscribe('x', shares => 3)$$, '23514', NULL, 'shares are a power of two');
SELECT throws_ok($$SELECT tripmeter.outbox_subscribe('')$$, '23514', NULL, 'a name is not empty');
SELECT throws_ok($$SELECT tripmeter.outbox_subscribe(NULL)$$, '22004', 'of what describes a consumer only its types and its owner may be NULL', 'nor NULL');
SELECT throws_ok($$SELECT tripmeter.outbox_subscribe('x', owner => 'nobody at all')$$, '42704', 'role "nobody at all" does not exist', 'it belongs to a role');
SELECT throws_ok($$SELECT tripmeter.outbox_subscribe('x', '99999999')$$, '22023', 'there is no tick "99999999" to start from', 'a start is kept');
SELECT throws_ok($$SELECT tripmeter.outbox_subscribe('x', 'yesterday')$$, '22023', 'there is no tick "yesterday" to start from', 'a start is a tick');
SELECT is((SELECT count(*) FROM tripmeter.outbox_consumer WHERE consumer IN ('x', '')), 0::bigint, 'what failed left nothing');

-- Who may

SET ROLE outbox_stranger;
SELECT throws_ok($$SELECT tripmeter.outbox_subscribe('mine')$$, '42501', NULL, 'not everybody subscribes');
SELECT throws_ok($$SELECT * FROM tripmeter.outbox_receive('one')$$, '42501', 'permission denied for consumer "one"', 'not everybody receives');
SELECT throws_ok($$SELECT tripmeter.outbox_seek('one', 'now')$$, '42501', 'permission denied for consumer "one"', 'nor seeks');
SELECT throws_ok($$SELECT tripmeter.outbox_wait('one', '0')$$, '42501', 'permission denied for consumer "one"', 'nor waits');
SELECT throws_ok($$SELECT tripmeter.outbox_dead_letters('one')$$, '42501', 'permission denied for consumer "one"', 'nor looks at what died');
SELECT throws_ok($$SELECT tripmeter.outbox_unsubscribe('one')$$, '42501', 'permission denied for consumer "one"', 'nor unsubscribes');
SELECT throws_ok($$SELECT tripmeter.inbox('one', gen_random_uuid())$$, '42501', 'permission denied for function inbox', 'nor marks what it has seen');
SELECT throws_ok($$SELECT * FROM tripmeter.outbox$$, '42501', NULL, 'nor reads the table');
RESET ROLE;
SELECT emit('a1', 'b1', 'a2', 'c1');
SET ROLE outbox_member;
SELECT is(receive('one'), 'a1 a2 b1 c1', 'a member of its role receives');
RESET ROLE;
SELECT batch('one') AS batch \gset
SET ROLE outbox_stranger;
SELECT throws_ok(format('SELECT tripmeter.outbox_ack(%s)', :batch), '22023', format('there is no batch %s', :batch), 'nobody acknowledges for another');
RESET ROLE;
-- whoever calls a function that runs as its definer acts as that one, and as nobody else
SET ROLE outbox_stranger;
CREATE FUNCTION pg_temp.peep() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$SELECT count(*) FROM tripmeter.outbox_receive('one')$$;
RESET ROLE;
SELECT throws_ok('SELECT pg_temp.peep()', '42501', 'permission denied for consumer "one"', 'a stranger''s function does not receive for whoever calls it');
ALTER FUNCTION pg_temp.peep() OWNER TO outbox_owner;
SET ROLE outbox_stranger;
SELECT is(pg_temp.peep(), 0::bigint, 'an owner''s function receives for others');
RESET ROLE;
DROP FUNCTION pg_temp.peep();
SELECT throws_ok($$SELECT * FROM tripmeter.outbox_receive('none')$$, '42704', 'consumer "none" is not subscribed', 'who is not subscribed receives nothing');
SELECT throws_ok($$SELECT * FROM tripmeter.outbox_receive('one', max => 0)$$, '22023', 'a batch cannot have at most 0 events', 'a batch has a size');
SELECT throws_ok($$SELECT tripmeter.outbox_ack(7)$$, '22023', 'there is no batch 7', 'a batch is one that was given');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT throws_ok($$SELECT * FROM tripmeter.outbox_receive('one')$$, '55000', 'consumers cannot use a transaction of isolation level repeatable read', 'an old snapshot receives nothing');
ROLLBACK;

-- Batches

SELECT is(receive('one', 'other'), NULL, 'a share is one worker''s');
SELECT is(tripmeter.outbox_ack(:batch), true, 'a batch is acknowledged');
SELECT is(tripmeter.outbox_ack(:batch), false, 'once');
SELECT is(receive('one'), NULL, 'and then not handed out again');
BEGIN;
SELECT emit('a3');
SELECT is(receive('one'), NULL, 'what has not committed is not received, by its own transaction neither');
COMMIT;
SELECT emit('b2');
-- aggregate b is in a bucket before that of a
SELECT is(receive('one', most => 1), 'a3', 'a batch is no larger than asked for');
SELECT is(receive('one', most => 2), 'a3/1', 'and stays as it is');
SELECT ack('one');
SELECT is(receive('one', most => 2), 'b2', 'the next goes on behind it');
SELECT ack('one');

-- Failing

SELECT emit('a4', 'a5', 'b3');
SELECT is(nack('one', 'a4'), 'later', 'an event fails');
SELECT is(receive('one'), 'b3/1', 'what comes after it in its aggregate waits, others do not');
SELECT throws_ok(format('SELECT tripmeter.outbox_nack(%s, %L)', batch('one'), gen_random_uuid()), '22023', NULL, 'what fails is in the batch');
SELECT ack('one');
SELECT emit('a6');
SELECT is(receive('one'), NULL, 'what comes later waits too');
SELECT results_eq($$SELECT metric, value FROM tripmeter.outbox_metrics WHERE consumer = 'one' AND metric ~ 'blocked' ORDER BY 1$$,
    $$VALUES ('blocked_events', 3::numeric), ('blocked_keys', 1)$$, 'the metrics tell');
SELECT cmp_ok((SELECT next_at - clock_timestamp() FROM tripmeter.outbox_retry WHERE tries = 1), '<=', '10 min'::interval, 'it is tried after the delay');
UPDATE tripmeter.outbox_retry SET next_at = now() WHERE next_at IS NOT NULL;
SELECT is(receive('one'), 'a4/1', 'alone');
SELECT is(nack('one', 'a4'), 'later', 'it fails again');
SELECT cmp_ok((SELECT next_at - clock_timestamp() FROM tripmeter.outbox_retry WHERE tries = 2), '>', '19 min'::interval, 'then it waits twice as long');
UPDATE tripmeter.outbox_retry SET next_at = now() WHERE next_at IS NOT NULL;
SELECT is(nack('one', 'a4'), 'dead', 'after the last try it is given up');
SELECT is(receive('one'), 'a5 a6', 'and its aggregate goes on, in order');
SELECT ack('one');
SELECT results_eq($$SELECT payload ->> 'name', tries, error FROM tripmeter.outbox_dead_letters('one')$$, $$VALUES ('a4', 3, 'because of a4')$$, 'what died is kept, whole');
SELECT tripmeter.outbox_dead_retry('one', id) FROM tripmeter.outbox_dead_letters('one');
SELECT emit('a7');
SELECT is(receive('one'), 'a4', 'it can be tried again, and what is new of its aggregate waits for it');
SELECT ack('one');
SELECT is(receive('one'), 'a7', 'and comes then');
SELECT is(nack('one', 'a7', '0'), 'later', 'a delay can be given');
SELECT is(receive('one'), 'a7/1', 'it is tried after that');
SELECT ack('one');

-- More retries than a batch has room for, in the middle of a window and at its end
SELECT emit('f1', 'g1', 'h1', 'i1', 'j1');
SELECT nack('one', 'f1', '0'), nack('one', 'g1', '0'), nack('one', 'h1', '0');
SELECT ack('one');
SELECT emit('k1', 'l1', 'm1');
SELECT results_eq($$SELECT unnest(string_to_array(string_agg(one, ' '), ' ')) FROM (
        SELECT CASE WHEN ack('one') IS NOT NULL THEN names END FROM (SELECT receive('one', most => 2) AS names FROM generate_series(1, 9) OFFSET 0) r) AS r (one)
        ORDER BY 1$$,
    $$VALUES ('f1/1'), ('g1/1'), ('h1/1'), ('k1'), ('l1'), ('m1')$$, 'a batch full of retries skips nothing');

-- Types, starts, seeking

SELECT emit('d1', 'd2');
SELECT tripmeter.outbox_subscribe('some', :'start', 1, types => '{2}');
SELECT is(receive('some'), 'a2 b2 d2', 'who subscribes to some types receives these alone, from that tick on');
SELECT ack('some');
SELECT tripmeter.outbox_change('some', all_types => true);
SELECT tripmeter.outbox_seek('some', 'now');
SELECT emit('e1');
SELECT is(receive('some'), 'e1', 'who seeks goes on there');
SELECT batch('some') AS batch \gset
SELECT tripmeter.outbox_seek('some', :'start');
SELECT throws_ok(format('SELECT tripmeter.outbox_ack(%s)', :batch), '55000', NULL, 'an open batch is closed by it');
SELECT is(receive('some'), 'a1 a2 a3 a4 a5 a6 a7 b1 b2 b3 c1 d1 d2 e1 f1 g1 h1 i1 j1 k1 l1 m1', 'who seeks back receives again');
SELECT tripmeter.outbox_seek('some', 'oldest');
SELECT alike(receive('some', most => 10000), '%a1%d2%e1%', 'who seeks the oldest event receives all that are kept');
SELECT is(tripmeter.outbox_wait('some', '0', 'w'), true, 'who waits is told of an open batch');
SELECT ack('some');
SELECT is(tripmeter.outbox_wait('some', '50 ms', 'w'), false, 'and of nothing after a while');

SELECT cmp_ok(tripmeter.outbox_tick_at(clock_timestamp()), '>', :'start'::bigint, 'a time has a tick');
SELECT is(tripmeter.outbox_tick_at('-infinity'), (SELECT min(opened_tick) FROM tripmeter_internal.outbox_ring), 'the oldest, if it is long ago');

-- What failed, and what is dead, when its consumer seeks

SELECT tripmeter.outbox_subscribe('back', 'now', 1, max_tries => 2, retry_delay => '0');
SELECT tripmeter.outbox_tick() AS start \gset
SELECT emit('n1', 'n2', 'o1', 'p1', 'p2');
SELECT nack('back', 'n1', '1 h'), nack('back', 'o1', '0');
SELECT ack('back');
SELECT nack('back', 'o1');
SELECT ack('back');
SELECT results_eq($$SELECT metric, value FROM tripmeter.outbox_metrics WHERE consumer = 'back' AND metric ~ 'blocked|dead' ORDER BY 1$$,
    $$VALUES ('blocked_events', 2::numeric), ('blocked_keys', 1), ('dead_events', 1)$$, 'one waits with one behind it, one is dead');
SELECT emit('o2');
SELECT tripmeter.outbox_seek('back', :'start');
SELECT is(receive('back'), 'n1 n2 o1 o2 p1 p2', 'who seeks back receives them in their places');
SELECT is(receive('back'), 'n1/1 n2/1 o1/1 o2/1 p1/1 p2/1', 'and again, until that is acknowledged');
SELECT is(nack('back', 'o1', '0'), 'later', 'they may fail again');
SELECT is(receive('back'), 'n1/3 n2/3 p1/3 p2/3', 'and wait then');
SELECT ack('back');
SELECT is(nack('back', 'o1'), 'dead', 'and die again');
SELECT ack('back');
SELECT emit('o3');
SELECT tripmeter.outbox_tick() AS start \gset
SELECT is(nack('back', 'o3', '1 h'), 'later', 'another fails');
SELECT ack('back');
SELECT tripmeter.outbox_seek('back', :'start');
SELECT is(receive('back'), NULL, 'who seeks to behind them receives nothing');
SELECT results_eq($$SELECT metric, value FROM tripmeter.outbox_metrics WHERE consumer = 'back' AND metric ~ 'blocked|dead' ORDER BY 1$$,
    $$VALUES ('blocked_events', 1::numeric), ('blocked_keys', 1), ('dead_events', 1)$$, 'and they wait, and are dead, as before');

-- Types that are taken away

SELECT tripmeter.outbox_change('back', types => '{2}');
UPDATE tripmeter.outbox_retry SET next_at = now() WHERE consumer = 'back';
SELECT emit('q1', 'q2');
SELECT is(receive('back'), 'q2', 'what failed is not handed out again if its type is no longer subscribed to');
SELECT is_empty($$SELECT * FROM tripmeter.outbox_dead_letters('back')$$, 'nor shown if it is dead');
SELECT throws_ok(format('SELECT tripmeter.outbox_dead_retry(%L, %L)', 'back', id), '22023', NULL, 'nor tried again') FROM tripmeter.outbox_dead WHERE consumer = 'back';
SELECT ack('back');
SELECT is((SELECT count(*) FROM tripmeter.outbox_retry WHERE consumer = 'back'), 0::bigint, 'it blocks nothing any more');

-- Clocks

SELECT throws_ok($$SELECT tripmeter.outbox_configure(slot_age => '1000 years')$$, '23514', NULL, 'no setting is longer than a hundred years');
BEGIN;
DO $$BEGIN EXECUTE format('UPDATE tripmeter_internal.outbox_tick_%s SET at = at + interval ''1 hour''', (SELECT slot FROM tripmeter_internal.outbox_current)); END$$;
SELECT is(tripmeter_internal.outbox_is_tick_due(tripmeter_internal.outbox_last_tick(), '100 ms'), true, 'a tick is due when the clock was set back');
ROLLBACK;
SELECT tripmeter.outbox_subscribe('sleeper', 'now', 1);
SELECT tripmeter.outbox_tick();
CREATE FUNCTION outbox_test.waits() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tripmeter.outbox_wait('sleeper', '30 days', 'w');
    RETURN false;
EXCEPTION
    WHEN query_canceled THEN
        RETURN true;
END $$;
SET statement_timeout = '100 ms';
SELECT is(waits(), true, 'who waits for long waits, and can be cancelled');
RESET statement_timeout;
SELECT tripmeter.outbox_unsubscribe('sleeper');

-- However they fail, events of an aggregate wait in order

SELECT tripmeter.outbox_subscribe('careful', 'now', 1, max_tries => 3, retry_delay => '3 hours', retry_delay_max => '3 hours');
SELECT emit('t1', 't2', 't3');
SELECT nack('careful', 't3', '0'), nack('careful', 't1', '1 hour');
SELECT ack('careful');
SELECT is(receive('careful'), NULL, 'what failed before an earlier one waits for it');
UPDATE tripmeter.outbox_retry SET next_at = now() WHERE next_at IS NOT NULL AND consumer = 'careful';
SELECT is(receive('careful'), 't1/1', 'which comes first');
SELECT ack('careful');
SELECT is(receive('careful'), 't2 t3/1', 'then they');
SELECT ack('careful');
SELECT tripmeter.outbox_change('careful', max_tries => 1);
SELECT emit('u1', 'u2', 'u3');
SELECT nack('careful', 'u1'), nack('careful', 'u3');
SELECT ack('careful');
SELECT tripmeter.outbox_change('careful', max_tries => 100);
SELECT tripmeter.outbox_dead_retry('careful', id) FROM tripmeter.outbox_dead_letters('careful') WHERE payload ->> 'name' = 'u1';
SELECT is(nack('careful', 'u1', '1 hour'), 'later', 'one that was dead fails again');
SELECT ack('careful');
SELECT tripmeter.outbox_dead_retry('careful', id) FROM tripmeter.outbox_dead_letters('careful');
SELECT is(receive('careful'), NULL, 'another that was dead waits behind it');
SELECT tripmeter.outbox_seek('careful', 'oldest');
SELECT is((SELECT string_agg(aggregateid || type, ' ') FROM tripmeter.outbox_receive('careful', 'w', 10000) WHERE aggregateid = 'u'), 'u1 u2 u3', 'who seeks back receives each once, in order');
SELECT tripmeter.outbox_seek('careful', 'now');
SELECT emit('v1');
SELECT nack('careful', 'v1');
SELECT ack('careful');
UPDATE tripmeter.outbox_retry SET next_at = now(), tries = 98 WHERE consumer = 'careful';
SELECT is(nack('careful', 'v1'), 'later', 'a delay does not grow beyond what an interval holds');
SELECT is((SELECT next_at - clock_timestamp() BETWEEN '2 hours' AND '3 hours' FROM tripmeter.outbox_retry WHERE consumer = 'careful'), true, 'but to its limit');
SELECT tripmeter.outbox_unsubscribe('careful');

-- Once

SELECT results_eq($$SELECT tripmeter.inbox('one', i), tripmeter.inbox('one', i), tripmeter.inbox('some', i) FROM gen_random_uuid() AS i$$,
    $$VALUES (true, false, true)$$, 'each consumer sees an id for the first time once');

-- In order

SELECT tripmeter.outbox_subscribe('orderly', 'now', 1);
SELECT count(tripmeter.emit('thing', n::text, '1', NULL)) FROM generate_series(1, 100) AS n;
CREATE TABLE outbox_test.handed AS SELECT batch, row_number() OVER () AS place, aggregateid FROM tripmeter.outbox_receive('orderly', 'w', 60);
SELECT ack('orderly');
INSERT INTO outbox_test.handed SELECT batch, 60 + row_number() OVER (), aggregateid FROM tripmeter.outbox_receive('orderly', 'w', 60);
SELECT results_eq('SELECT aggregateid FROM handed ORDER BY place', 'SELECT n::text FROM generate_series(1, 100) AS n', 'a window is handed out in the order of its numbers');
SELECT tripmeter.outbox_unsubscribe('orderly');

-- Over two slots

SELECT tripmeter.outbox_subscribe('both', 'now', 1);
SELECT emit('r1', 's1');
SELECT ok(EXISTS (SELECT FROM tripmeter.outbox_rotate(true) WHERE done = 'opened'), 'another slot is opened');
SELECT emit('s2', 'r2');
SELECT results_eq($$SELECT aggregateid || type, count(*) OVER (PARTITION BY batch) FROM tripmeter.outbox_receive('both', 'w')$$,
    $$VALUES ('r1', 4::bigint), ('s1', 4), ('s2', 4), ('r2', 4)$$, 'a batch has events of both, in order');
SELECT is((SELECT count(DISTINCT slot) FROM tripmeter.outbox WHERE aggregateid IN ('r', 's')), 2::bigint, 'which are in two slots');
BEGIN;
DO $$BEGIN EXECUTE format('DROP INDEX tripmeter_internal.outbox_%s_by_bucket', (SELECT slot FROM tripmeter_internal.outbox_current)); END$$;
SELECT throws_like($$SELECT * FROM tripmeter.outbox_receive('both', 'w')$$, '%has lost its index by "bucket"', 'an index that is gone is missed');
ROLLBACK;
SELECT tripmeter.outbox_unsubscribe('both');

-- Many workers share

SELECT tripmeter.outbox_subscribe('many', 'now', 4);
SELECT count(tripmeter.emit('thing', n::text, '1', NULL)) FROM generate_series(1, 100) n;
SELECT is((SELECT count(*) FROM generate_series(1, 8) n WHERE receive('many', 'w' || n) IS NOT NULL), 4::bigint, 'no more than it has shares at once');
SELECT is((SELECT value FROM tripmeter.outbox_metrics WHERE consumer = 'many' AND metric = 'workers'), 4::numeric, 'the metrics count them');
-- one works alone, then another comes
SELECT tripmeter.outbox_subscribe('few', 'now', 4);
SELECT count(tripmeter.emit('thing', n::text, '2', NULL)) FROM generate_series(1, 100) n;
SELECT count(ack('few', 'w1')) FROM generate_series(1, 4);
SELECT is((SELECT count(*) FROM tripmeter_internal.outbox_shares_of((SELECT c FROM tripmeter.outbox_consumer c WHERE consumer = 'few')) WHERE worker = 'w1'), 4::bigint, 'one worker alone has all shares');
SELECT count(tripmeter.emit('thing', n::text, '3', NULL)) FROM generate_series(1, 100) n;
SELECT is(receive('few', 'w2'), NULL, 'another that comes has none');
SELECT count(ack('few', 'w1')) FROM generate_series(1, 6);
SELECT isnt(receive('few', 'w2'), NULL, 'until the first has given up some of its own');

SELECT tripmeter.outbox_unsubscribe(consumer) FROM tripmeter.outbox_consumer;
SELECT * FROM finish();
DROP SCHEMA outbox_test CASCADE;
DROP ROLE outbox_owner, outbox_member, outbox_stranger;
