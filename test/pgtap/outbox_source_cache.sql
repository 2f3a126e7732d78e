-- What a session keeps of the tables it captures: changes that come while it is read, changes
-- without end, and memory.
BEGIN;
SELECT plan(8);
SET LOCAL client_min_messages = warning;
-- a loop without end is an error
SET LOCAL statement_timeout = '60s';
DELETE FROM tripmeter.outbox;

CREATE FUNCTION pg_temp.made(OUT text) LANGUAGE sql AS
    $$SELECT string_agg(type || ' ' || aggregateid, ', ' ORDER BY seq) FROM tripmeter.outbox$$;
CREATE FUNCTION pg_temp.kept(OUT bigint) LANGUAGE sql AS
    $$SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'tripmeter outbox source'$$;

-- Reading it makes a message each time: a condition whose literal has a domain runs the domain's
-- check when it is parsed.
CREATE FUNCTION public.restless(value int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    CREATE OR REPLACE FUNCTION public.noise() RETURNS int LANGUAGE sql AS 'SELECT 1';
    RETURN true;
END $$;
CREATE DOMAIN restless_int AS int CHECK (public.restless(VALUE));
CREATE TABLE noisy (id int);
SELECT tripmeter.outbox_attach('noisy', 'noisy', '{id}');
SELECT tripmeter.outbox_rule('noisy', 'noisy.low', '{insert}',
    $$NEW.id < ANY ('{10}'::public.restless_int[])$$);
INSERT INTO noisy VALUES (1);
INSERT INTO noisy VALUES (2), (20);
SELECT is(pg_temp.made(), 'noisy.low 1, noisy.low 2', 'reading that makes itself out of date');
DO $$BEGIN FOR n IN 1 .. 200 LOOP INSERT INTO noisy VALUES (n % 20); END LOOP; END$$;
SELECT is(count(*), 102::bigint, 'again and again') FROM tripmeter.outbox;
SELECT cmp_ok(pg_temp.kept(), '<', 5::bigint, 'takes no memory');
SELECT tripmeter.outbox_detach('noisy');
DELETE FROM tripmeter.outbox;

-- Reading it changes it, and writes to the table.
CREATE TABLE armed (armed boolean);
INSERT INTO armed VALUES (false);
CREATE TABLE meddled (id int);
CREATE FUNCTION public.meddle(value int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.armed SET armed = false WHERE armed;
    IF FOUND THEN
        PERFORM tripmeter.outbox_rule('public.meddled', 'meddled.two', '{insert}', NULL);
        INSERT INTO public.meddled VALUES (100);
    END IF;
    RETURN true;
END $$;
CREATE DOMAIN meddling_int AS int CHECK (public.meddle(VALUE));
SELECT tripmeter.outbox_attach('meddled', 'meddled', '{id}');
SELECT tripmeter.outbox_rule('meddled', 'meddled.one', '{insert}',
    $$NEW.id = ANY ('{1,2}'::public.meddling_int[])$$);
UPDATE armed SET armed = true;
INSERT INTO meddled VALUES (1);
SELECT is(pg_temp.made(), 'meddled.two 100, meddled.one 1',
    'a statement keeps what it read, one within it reads what is new');
DELETE FROM tripmeter.outbox;
INSERT INTO meddled VALUES (2);
SELECT is(pg_temp.made(), 'meddled.one 2, meddled.two 2', 'and the next one too');
SELECT tripmeter.outbox_detach('meddled');

-- In use while it changes: the condition of a row sets another rule.
DELETE FROM tripmeter.outbox;
CREATE TABLE changed (id int);
CREATE FUNCTION public.change(id int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF id <= 3 THEN
        PERFORM tripmeter.outbox_rule('public.changed', 'changed.by_' || id, '{insert}',
            'NEW.id > 3');
        INSERT INTO public.changed VALUES (id + 3);
    END IF;
    RETURN id <= 3;
END $$;
SELECT tripmeter.outbox_attach('changed', 'changed', '{id}');
SELECT tripmeter.outbox_rule('changed', 'changed.first', '{insert}', 'public.change(NEW.id)');
INSERT INTO changed VALUES (1), (2), (3);
SELECT is(pg_temp.made(), 'changed.by_1 4, changed.first 1, changed.by_1 5, changed.by_2 5, '
    'changed.first 2, changed.by_1 6, changed.by_2 6, changed.by_3 6, changed.first 3',
    'rules set by conditions');
SELECT tripmeter.outbox_detach('changed');
DELETE FROM tripmeter.outbox;

-- Tables that are gone
SELECT set_config('test.kept', pg_temp.kept()::text, true);
DO $$BEGIN
    FOR n IN 1 .. 20 LOOP
        CREATE TABLE fleeting (id int);
        PERFORM tripmeter.outbox_attach('fleeting', 'fleeting', '{id}');
        INSERT INTO fleeting VALUES (n);
        PERFORM tripmeter.outbox_detach('fleeting');
        DROP TABLE fleeting;
    END LOOP;
END$$;
SELECT is(count(*), 20::bigint, 'tables that come and go') FROM tripmeter.outbox;
SELECT cmp_ok(pg_temp.kept(), '<', 5::bigint, 'leave no memory behind');

SELECT * FROM finish();
ROLLBACK;
