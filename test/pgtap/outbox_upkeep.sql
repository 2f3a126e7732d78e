-- Who receives keeps the ring turning, without anybody calling outbox_rotate().

SELECT FROM tripmeter.outbox_configure(tick_interval => '0', slot_age => '0');
SELECT FROM tripmeter.outbox_subscribe('upkeep', shares => 1);
SELECT slot AS before FROM tripmeter_internal.outbox_current \gset
SELECT FROM tripmeter.emit('trip', '1', 'started', NULL);

-- at once in a session that has not tried yet, but not in a transaction block
\c -
SELECT plan(4);
BEGIN;
SELECT is((SELECT count(*) FROM tripmeter.outbox_receive('upkeep', 'w')), 1::bigint, 'an event is received');
SELECT ok(bool_and(tripmeter.outbox_ack(batch)), 'and acknowledged') FROM tripmeter.outbox_receive('upkeep', 'w');
COMMIT;
SELECT is((SELECT slot FROM tripmeter_internal.outbox_current), :before::smallint, 'transaction blocks leave the ring alone');
SELECT FROM tripmeter.outbox_receive('upkeep', 'w');
SELECT isnt((SELECT slot FROM tripmeter_internal.outbox_current), :before::smallint, 'others open the next slot when it is due');

SELECT FROM tripmeter.outbox_unsubscribe('upkeep');
SELECT FROM tripmeter.outbox_configure(tick_interval => '100 ms', slot_age => '1 day');

SELECT * FROM finish();
