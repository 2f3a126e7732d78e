-- A role learns nothing of consumers that are not its own, and decides nothing for others.

SET client_min_messages = warning;
SET allow_in_place_tablespaces = on;
DROP TABLESPACE IF EXISTS outbox_test;
CREATE TABLESPACE outbox_test LOCATION '';
RESET allow_in_place_tablespaces;

BEGIN;
SELECT plan(15);

CREATE ROLE outbox_stranger;
CREATE ROLE outbox_owner;
SELECT FROM tripmeter.outbox_configure();
SELECT FROM tripmeter.outbox_subscribe('secret', 'now', 1, owner => 'outbox_owner');
SELECT FROM tripmeter.outbox_subscribe('orphan', 'now', 1, owner => 'outbox_owner');
UPDATE tripmeter.outbox_consumer SET owner = 'outbox_nobody' WHERE consumer = 'orphan';
CREATE TABLE share AS
SELECT consumer, id::bigint << 40 AS batch FROM tripmeter_internal.outbox_share WHERE share = 0;
GRANT SELECT ON share TO PUBLIC;

-- Which consumers there are. A share that does not exist is one that is higher.
CREATE FUNCTION pg_temp.try(command text, batch bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    EXECUTE replace(command, '$1', batch::text);
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN replace(concat_ws('; ', SQLSTATE, SQLERRM, detail, hint), batch::text, 'N');
END $$;
SET ROLE outbox_stranger;
SELECT is(pg_temp.try(command, share.batch), pg_temp.try(command, 8388607::bigint << 40),
    format('%s tells nothing of %s', split_part(command, '(', 1), consumer))
FROM share, unnest('{tripmeter.outbox_ack($1), "tripmeter.outbox_nack($1, NULL)"}'::text[]) AS call,
    concat('SELECT ', call) AS command
WHERE consumer IN ('secret', 'orphan');
SET ROLE outbox_owner;
SELECT matches(pg_temp.try('SELECT tripmeter.outbox_ack($1)', batch), '^55000; batch N is not open', 'the consumer''s role is told')
FROM share WHERE consumer = 'secret';
RESET ROLE;
SELECT matches(pg_temp.try('SELECT tripmeter.outbox_ack($1)', batch), '^42704; role "outbox_nobody" does not exist', 'and a superuser')
FROM share WHERE consumer = 'orphan';

-- inbox() keeps what it is given, so not everybody may give
SET ROLE outbox_stranger;
SELECT throws_ok($$SELECT tripmeter.inbox('mine', gen_random_uuid())$$, '42501', NULL, 'not everybody marks ids');
RESET ROLE;
SET ROLE outbox_owner;
SELECT throws_ok($$SELECT tripmeter.inbox('secret', gen_random_uuid())$$, '42501', NULL, 'not even the role of a consumer');
RESET ROLE;
GRANT EXECUTE ON FUNCTION tripmeter.inbox(text, uuid) TO outbox_owner, outbox_stranger;
SET ROLE outbox_owner;
SELECT ok(tripmeter.inbox('secret', gen_random_uuid()), 'unless it was granted');
SET ROLE outbox_stranger;
SELECT throws_ok($$SELECT tripmeter.inbox('secret', gen_random_uuid())$$, '42501', 'permission denied for consumer "secret"',
    'and nobody marks ids for another');
RESET ROLE;
SELECT cmp_ok(value, '>', 0::numeric, 'operators see how large that is')
FROM tripmeter.outbox_metrics WHERE metric = 'inbox_bytes';

-- A slot that is added is where the others are, whatever the session says that happens to add it
CREATE FUNCTION pg_temp.places(slot text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(DISTINCT concat_ws(' ', relkind, coalesce(spcname, 'default'), amname), ', ')
    FROM pg_class c LEFT JOIN pg_tablespace s ON s.oid = reltablespace LEFT JOIN pg_am a ON a.oid = relam
    WHERE relname ~ format('^outbox(_tick|_progress)?_%s($|_)', slot)
$$;
CREATE ACCESS METHOD outbox_test TYPE TABLE HANDLER heap_tableam_handler;
SET default_tablespace = outbox_test;
SET default_table_access_method = outbox_test;
SELECT tripmeter_internal.outbox_add_slot() AS slot \gset
SELECT matches(pg_temp.places('0'), '^i default btree, r default heap$', 'slots are where they were installed');
SELECT is(pg_temp.places(:'slot'), pg_temp.places('0'), 'and so is the one that was added');
SELECT is(current_setting('default_tablespace'), 'outbox_test', 'the session keeps its own settings');
RESET default_tablespace;
RESET default_table_access_method;
ALTER INDEX tripmeter_internal.outbox_0_by_bucket SET TABLESPACE outbox_test;
ALTER TABLE tripmeter_internal.outbox_tick_0 SET TABLESPACE outbox_test;
ALTER TABLE tripmeter_internal.outbox_0 SET TABLESPACE outbox_test;
ALTER TABLE tripmeter_internal.outbox_progress_0 SET TABLESPACE outbox_test;
SELECT tripmeter_internal.outbox_add_slot() AS slot \gset
SELECT is(pg_temp.places(:'slot'), 'i default btree, i outbox_test btree, r outbox_test heap', 'slots follow the first to another tablespace');

SELECT * FROM finish();
ROLLBACK;
DROP TABLESPACE outbox_test;
