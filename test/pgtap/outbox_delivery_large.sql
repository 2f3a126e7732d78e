-- Windows larger than what is searched at once, in several shares and slots; and what
-- becomes of a ring that is full.

SELECT plan(20);

CREATE SCHEMA outbox_test;
SET search_path = public, outbox_test;
CREATE TABLE outbox_test.received (place bigserial, worker text, aggregateid text, n int);
CREATE PROCEDURE outbox_test.drain(consumer text, of_worker text, most int) LANGUAGE plpgsql AS $$
DECLARE
    open bigint;
BEGIN
    PERFORM tripmeter.outbox_tick();
    LOOP
        WITH batch AS MATERIALIZED (SELECT * FROM tripmeter.outbox_receive(consumer, of_worker, most) WITH ORDINALITY),
            noted AS (INSERT INTO outbox_test.received (worker, aggregateid, n)
                      SELECT consumer, aggregateid, type::int FROM batch ORDER BY ordinality)
        SELECT max(batch.batch) INTO open FROM batch;
        EXIT WHEN open IS NULL;
        PERFORM tripmeter.outbox_ack(open);
        COMMIT;
    END LOOP;
END $$;
-- Of each aggregate in order, and all.
CREATE FUNCTION outbox_test.complete(consumer text, most int) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT is((SELECT count(*) FROM outbox_test.received WHERE worker = consumer)::int, most, consumer || ' has received as many as there are')
    UNION ALL
    SELECT is((SELECT count(DISTINCT n) FROM outbox_test.received WHERE worker = consumer)::int, most, consumer || ' has received each once')
    UNION ALL
    SELECT is((SELECT count(*) FROM (SELECT n < lag(n) OVER (PARTITION BY aggregateid ORDER BY place) AS out_of_order
               FROM outbox_test.received WHERE worker = consumer) AS r WHERE out_of_order), 0::bigint, consumer || ' has received those of an aggregate in order')
$$;

SELECT tripmeter.outbox_configure(tick_interval => '0', when_full => 'extend');
SELECT tripmeter.outbox_subscribe('large', 'now', 4);
SELECT tripmeter.outbox_subscribe('small', 'now', 1);
SELECT count(tripmeter.emit('thing', (n % 3000)::text, n::text, NULL)) FROM generate_series(1, 120000) n;
SELECT slot FROM tripmeter.outbox_rotate(true);
SELECT count(tripmeter.emit('thing', (n % 3000)::text, n::text, NULL)) FROM generate_series(120001, 130000) n;
CALL outbox_test.drain('large', 'w', 7000);
CALL outbox_test.drain('small', 'w', 999);
SELECT complete('large', 130000);
SELECT complete('small', 130000);

-- A consumer that goes on receives little by little, and nothing twice
TRUNCATE outbox_test.received;
CREATE PROCEDURE outbox_test.trickle() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 0..199 LOOP
        PERFORM tripmeter.emit('thing', (n % 7)::text, n::text, NULL) FROM generate_series(i * 10 + 1, i * 10 + 10) n;
        COMMIT;
        IF i % 3 = 0 THEN
            CALL outbox_test.drain('large', 'w', 4);
        END IF;
    END LOOP;
    CALL outbox_test.drain('large', 'w', 4);
END $$;
CALL outbox_test.trickle();
SELECT complete('large', 2000);

-- Full

SELECT tripmeter.outbox_unsubscribe('small');
SELECT tripmeter.outbox_subscribe('gone', 'now', 1, when_stuck => 'drop');
SELECT tripmeter.outbox_subscribe('slow', 'now', 1);
SELECT tripmeter.emit('thing', '1', '1', NULL);
SELECT tripmeter.outbox_configure(when_full => 'refuse');
CREATE PROCEDURE outbox_test.fill_ring() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 0..(SELECT count(*) FROM tripmeter_internal.outbox_ring) LOOP
        PERFORM tripmeter.outbox_rotate(true);
        COMMIT;
    END LOOP;
END $$;
CALL outbox_test.fill_ring();
SELECT is((SELECT value FROM tripmeter.outbox_metrics WHERE metric = 'slots_free'), 0::numeric, 'the ring is full');
SELECT is((SELECT value FROM tripmeter.outbox_metrics WHERE metric = 'lost' AND consumer = 'gone'), 0::numeric, 'who may be dropped is not, while another keeps the slot too');
SELECT throws_ok($$SELECT tripmeter.emit('thing', '1', '2', NULL)$$, '53400', 'the outbox is full', 'events are refused');
TRUNCATE outbox_test.received;
CALL outbox_test.drain('slow', 'w', 10);
SELECT results_eq('SELECT n FROM outbox_test.received', 'VALUES (1)', 'who was slow has lost nothing');
CALL outbox_test.drain('large', 'w', 10);
SELECT slot FROM tripmeter.outbox_rotate();
SELECT slot FROM tripmeter.outbox_rotate();
SELECT is((SELECT value FROM tripmeter.outbox_metrics WHERE metric = 'lost' AND consumer = 'gone'), 1::numeric, 'who alone is stuck and may be dropped is dropped');
SELECT is((SELECT value FROM tripmeter.outbox_metrics WHERE metric = 'lost' AND consumer = 'slow'), 0::numeric, 'who is to be kept is kept');
SELECT throws_ok($$SELECT * FROM tripmeter.outbox_receive('gone')$$, '55000', 'consumer "gone" was dropped: events are lost to it', 'who was dropped is told so');
SELECT throws_ok($$SELECT tripmeter.outbox_seek('gone', 'now')$$, '55000', 'consumer "gone" was dropped: events are lost to it', 'and cannot go on as if nothing had been');
SELECT lives_ok($$SELECT tripmeter.emit('thing', '1', '2', NULL)$$, 'once there is room, they are taken again');
SELECT cmp_ok((SELECT value FROM tripmeter.outbox_metrics WHERE metric = 'slots_free'), '>', 5::numeric, 'what all have passed is free');
SELECT is((SELECT value FROM tripmeter.outbox_metrics WHERE metric = 'events_refused'), 0::numeric, 'the metrics tell');

SELECT tripmeter.outbox_unsubscribe(consumer) FROM tripmeter.outbox_consumer;
SELECT tripmeter.outbox_configure(tick_interval => '100 ms', when_full => 'extend');
SELECT * FROM finish();
DROP SCHEMA outbox_test CASCADE;
