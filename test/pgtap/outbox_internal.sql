-- Internal functions in C, given what none of their callers gives them: an error, and no more.
BEGIN;
SELECT plan(13);
SET LOCAL client_min_messages = warning;
-- a loop without end is an error
SET LOCAL statement_timeout = '20s';
SELECT tripmeter.outbox_subscribe('reader', 'now', 1);
SELECT tripmeter.emit('trip', '1', 'started', NULL);

-- What C writes has a value in each column that is NOT NULL.
CREATE FUNCTION pg_temp.without(tripmeter_internal.outbox_tick, text)
    RETURNS tripmeter_internal.outbox_tick LANGUAGE sql AS
    'SELECT jsonb_populate_record(NULL::tripmeter_internal.outbox_tick, to_jsonb($1) - $2)';
CREATE FUNCTION pg_temp.without(tripmeter_internal.outbox_progress, text)
    RETURNS tripmeter_internal.outbox_progress LANGUAGE sql AS
    'SELECT jsonb_populate_record(NULL::tripmeter_internal.outbox_progress, to_jsonb($1) - $2)';
CREATE FUNCTION pg_temp.last_progress() RETURNS tripmeter_internal.outbox_progress LANGUAGE sql AS
    'SELECT p FROM tripmeter_internal.outbox_progress p ORDER BY n DESC LIMIT 1';
CREATE FUNCTION pg_temp.refused(statement text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN false;
EXCEPTION
    WHEN not_null_violation THEN
        RETURN true;
END $$;
SELECT is(array_agg(attname), NULL, 'a tick without a value: ' || count(*))
FROM pg_attribute
WHERE attrelid = 'tripmeter_internal.outbox_tick'::regclass AND attnum > 0 AND attname <> 'slot'
    AND attnotnull <> pg_temp.refused(format('SELECT tripmeter_internal.outbox_write_tick(
        pg_temp.without(tripmeter_internal.outbox_last_tick(), %L))', attname));
SELECT is(array_agg(attname), NULL, 'a position without a value: ' || count(*))
FROM pg_attribute
WHERE attrelid = 'tripmeter_internal.outbox_progress'::regclass AND attnum > 0
    AND attname NOT IN ('slot', 'n', 'at')
    AND attnotnull <> pg_temp.refused(format('SELECT tripmeter_internal.outbox_write(
        pg_temp.without(pg_temp.last_progress(), %L))', attname));
-- No relation is none, not all of them.
SELECT throws_ok(format('SELECT tripmeter_internal.%s(0)', name), '42P01', NULL, name || ' of no relation')
FROM unnest('{outbox_cover,outbox_uncover,outbox_missing}'::text[]) AS name;
SELECT throws_ok('SELECT tripmeter_internal.outbox_write_tick(ROW(NULL))', '42846', NULL,
    'a tick that is none');
SELECT throws_ok($$SELECT tripmeter_internal.outbox_write_tick(
    jsonb_populate_record(NULL::tripmeter_internal.outbox_tick, '{}'))$$, '23502', NULL,
    'one without any value');

-- Windows of shares that there are not, and of no events
CREATE FUNCTION pg_temp.fill(shares int, share int, most int) RETURNS text LANGUAGE sql AS $$
    SELECT tripmeter_internal.outbox_fill(c,
        jsonb_populate_record(pg_temp.last_progress(), '{"seq": 0}'), share, t, t, most)::text
    FROM tripmeter_internal.outbox_last_tick() t, LATERAL (
        SELECT (jsonb_populate_record(c, jsonb_build_object('shares', $1))).*
        FROM tripmeter.outbox_consumer c WHERE consumer = 'reader') AS c
$$;
SELECT is(pg_temp.fill(1, 0, 1), '(0,)', 'a window without events');
SELECT throws_ok('SELECT pg_temp.fill(0, 0, 1)', 'XX000', 'share 0 is not one of 0', 'no shares');
SELECT throws_ok('SELECT pg_temp.fill(1, -2147483648, 1)', 'XX000',
    'share -2147483648 is not one of 1', 'a share below the first');
SELECT throws_ok('SELECT pg_temp.fill(2, 2, 1)', 'XX000',
    'share 2 is not one of 2', 'one above the last');
SELECT throws_ok('SELECT pg_temp.fill(1, 0, 0)', 'XX000', 'a batch of 0 events', 'no events');
SELECT throws_ok('SELECT pg_temp.fill(1, 0, -1)', 'XX000', 'a batch of -1 events', 'or fewer');

SELECT * FROM finish();
ROLLBACK;
