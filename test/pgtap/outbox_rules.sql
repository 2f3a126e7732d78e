-- Rules: which changes make which events, and who may say so.

BEGIN;
SELECT plan(52);
SET LOCAL client_min_messages = warning;

CREATE SEQUENCE pg_temp.seen MINVALUE 0;
SELECT setval('pg_temp.seen', (SELECT coalesce(max(seq), 0) FROM tripmeter.outbox));
CREATE FUNCTION pg_temp.events() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    result text;
BEGIN
    SELECT string_agg(concat_ws(' ', type, aggregateid), ', ' ORDER BY seq)
    INTO result FROM tripmeter.outbox WHERE seq > (SELECT last_value FROM pg_temp.seen);
    PERFORM setval('pg_temp.seen', greatest((SELECT max(seq) FROM tripmeter.outbox), 0));
    RETURN result;
END $$;
CREATE FUNCTION pg_temp.last() RETURNS tripmeter.outbox LANGUAGE sql AS 'SELECT o FROM tripmeter.outbox o ORDER BY seq DESC LIMIT 1';

CREATE TABLE trips (trip_id int PRIMARY KEY, status text, fare numeric, rider text, revision int) PARTITION BY RANGE (trip_id);
CREATE TABLE trips_low PARTITION OF trips FOR VALUES FROM (0) TO (100);
CREATE TABLE trips_high (revision int, gone int, rider text, fare numeric, status text, trip_id int NOT NULL);
ALTER TABLE trips_high DROP gone;
ALTER TABLE trips ATTACH PARTITION trips_high FOR VALUES FROM (100) TO (200);
SELECT tripmeter.outbox_attach('trips', 'trip', '{trip_id}', 'revision', '{trip_id,status}');

-- Conditions

SELECT tripmeter.outbox_rule('trips', 'trip.completed', '{update}', 'OLD.status IS DISTINCT FROM NEW.status AND NEW.status = ''completed''');
SELECT tripmeter.outbox_rule('trips', 'trip.completed', '{insert}', 'NEW.status = ''completed''', '{trip_id,fare}', 2);
INSERT INTO trips VALUES (1, 'open', 5, 'Ada', 1), (2, 'completed', 6, 'Bo', 1), (101, NULL, 7, 'Cy', 1);
SELECT is(pg_temp.events(), 'trip.completed 2', 'with a rule only rules make events');
SELECT is(((pg_temp.last()).payload, (pg_temp.last()).schemaversion, (pg_temp.last()).version), ('{"trip_id": 2, "fare": 6}'::jsonb, 2, 1::bigint), 'with the columns and the version that the rule says');
UPDATE trips SET status = 'completed', revision = 2;
SELECT is(pg_temp.events(), 'trip.completed 1, trip.completed 101', 'a condition compares the old and the new row');
SELECT is(((pg_temp.last()).payload, (pg_temp.last()).schemaversion, (pg_temp.last()).version), ('{"trip_id": 101, "status": "completed"}'::jsonb, 1, 2::bigint), 'without columns in the rule, with those of the table');
UPDATE trips_high SET status = 'open';
UPDATE trips_high SET status = 'completed';
SELECT is(pg_temp.events(), 'trip.completed 101', 'in a partition, too, whose columns are in another order');
DELETE FROM trips WHERE trip_id = 101;
SELECT is(pg_temp.events(), NULL, 'an operation without a rule makes no event');
SELECT tripmeter.outbox_rule('trips', 'trip.changed', '{insert,update}', 'NEW.status <> ''lost''');
SELECT tripmeter.outbox_rule('trips', 'trip.gone', '{delete}', 'OLD.* IS DISTINCT FROM NULL AND OLD.fare > 5');
UPDATE trips SET status = 'open';
UPDATE trips SET status = 'completed', fare = fare + 1 WHERE trip_id = 1;
SELECT is(pg_temp.events(), 'trip.changed 1, trip.changed 2, trip.changed 1, trip.completed 1', 'several rules make several events, in the order of their types');
UPDATE trips SET status = NULL;
SELECT is(pg_temp.events(), NULL, 'NULL is not true');
DELETE FROM trips;
SELECT is(pg_temp.events(), 'trip.gone 2, trip.gone 1', 'a delete is told of by the old row');
SELECT tripmeter.outbox_rule('trips', 'trip.changed', '{insert}', 'NEW.fare > 5');
INSERT INTO trips VALUES (1, 'open', 5), (2, 'open', 6);
UPDATE trips SET revision = 9;
SELECT is(pg_temp.events(), 'trip.changed 2, trip.changed 1, trip.changed 2', 'a rule of the same type for the same operation is replaced, for the others it stays');
SELECT tripmeter.outbox_unrule('trips', 'trip.changed');
UPDATE trips SET revision = 10;
SELECT is(pg_temp.events(), NULL, 'outbox_unrule() removes it for all');
SELECT tripmeter.outbox_unrule('trips', 'trip.gone');
SELECT tripmeter.outbox_unrule('trips', 'trip.completed');
UPDATE trips SET revision = 11 WHERE trip_id = 1;
SELECT is(pg_temp.events(), 'trip.updated 1', 'after the last one is gone, it is as without rules');

-- What conditions depend on

CREATE SCHEMA shop;
CREATE FUNCTION shop.dear(fare numeric) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN fare > 100; END';
SELECT tripmeter.outbox_rule('trips', 'trip.dear', '{update}', 'shop.dear(NEW.fare)');
UPDATE trips SET fare = 101;
SELECT is(pg_temp.events(), 'trip.dear 2, trip.dear 1', 'a condition may call functions');
CREATE OR REPLACE FUNCTION shop.dear(fare numeric) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN fare > 1000; END';
UPDATE trips SET fare = 102;
SELECT is(pg_temp.events(), NULL, 'that are replaced');
DROP FUNCTION shop.dear;
SELECT throws_ok('UPDATE trips SET fare = 103', '42883', 'function shop.dear(numeric) does not exist', 'and whose absence is an error');
CREATE FUNCTION shop.dear(fare numeric) RETURNS bool LANGUAGE sql AS 'SELECT true';
UPDATE trips SET fare = 104 WHERE trip_id = 1;
SELECT is(pg_temp.events(), 'trip.dear 1', 'until they are there again');
SET LOCAL search_path = shop, public;
CREATE FUNCTION shop.upper(text) RETURNS text LANGUAGE sql AS 'SELECT ''SHOP''';
CREATE FUNCTION shop.always_false(text, text) RETURNS bool LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR shop.= (LEFTARG = text, RIGHTARG = text, FUNCTION = shop.always_false);
SELECT tripmeter.outbox_rule('public.trips', 'trip.dear', '{update}', 'upper(NEW.status) = ''LOUD''');
UPDATE public.trips SET status = 'loud';
SELECT is(pg_temp.events(), 'trip.dear 2, trip.dear 1', 'names are those of pg_catalog, whatever the search_path');
SET LOCAL search_path = public;
SELECT throws_ok($$SELECT tripmeter.outbox_rule('trips', 'trip.dear', '{update}', 'dear(NEW.fare)')$$, '42883', NULL, 'others must be qualified');
ALTER TABLE trips RENAME status TO state;
SELECT throws_ok('UPDATE trips SET fare = 105', '42703', 'column "status" of relation "trips" does not exist', 'a column that is renamed is an error');
ALTER TABLE trips RENAME state TO status;
ALTER TABLE trips RENAME revision TO rev;
SELECT throws_ok('UPDATE trips SET fare = 105', '42703', 'column "revision" of relation "trips" does not exist', 'so is the column of the version');
ALTER TABLE trips RENAME rev TO revision;
SELECT tripmeter.outbox_rule('trips', 'trip.dear', '{update}', 'NEW.rider > ''''', '{fare}');
ALTER TABLE trips RENAME rider TO passenger;
SELECT throws_ok('UPDATE trips SET fare = 105', '42703', 'column new.rider does not exist', 'and that of a condition');
ALTER TABLE trips RENAME passenger TO rider;
SELECT tripmeter.outbox_rule('trips', 'trip.dear', '{update}', NULL, '{rider}');
ALTER TABLE trips DROP rider;
SELECT throws_ok('UPDATE trips SET fare = 105', '42703', 'column "rider" of relation "trips" does not exist', 'a column of a payload that is dropped is an error');
CREATE TYPE shop.price AS (amount int, currency text);
CREATE TYPE shop.class AS ENUM ('cheap', 'dear');
CREATE FUNCTION shop.yes() RETURNS bool LANGUAGE sql AS 'SELECT true';
ALTER TABLE trips ADD price shop.price DEFAULT ROW (7, 'EUR'), ADD class shop.class DEFAULT 'dear';
SELECT tripmeter.outbox_rule('trips', 'trip.dear', '{update}', '(NEW.price).amount = 7 AND shop.yes() AND NEW.class = ''dear''', '{fare}');
UPDATE trips SET fare = 106;
SELECT is(pg_temp.events(), 'trip.dear 2, trip.dear 1', 'a condition on composites and enums');
ALTER TYPE shop.price RENAME ATTRIBUTE amount TO total;
SELECT throws_ok('UPDATE trips SET fare = 107', '42703', NULL, 'an attribute that is renamed is an error');
ALTER TYPE shop.price ADD ATTRIBUTE amount int;
UPDATE trips SET fare = 107;
SELECT is(pg_temp.events(), NULL, 'and is another one if that has its name');
ALTER TYPE shop.price DROP ATTRIBUTE amount;
ALTER TYPE shop.price RENAME ATTRIBUTE total TO amount;
UPDATE trips SET fare = 108;
SELECT is(pg_temp.events(), 'trip.dear 2, trip.dear 1', 'until it is back');
ALTER TYPE shop.class RENAME VALUE 'dear' TO 'costly';
SELECT throws_ok('UPDATE trips SET fare = 109', '22P02', NULL, 'a label that is renamed is an error');
ALTER TYPE shop.class RENAME VALUE 'costly' TO 'dear';
UPDATE trips SET fare = 109;
ALTER SCHEMA shop RENAME TO store;
SELECT throws_ok('UPDATE trips SET fare = 110', '3F000', NULL, 'and so is a schema');
ALTER SCHEMA store RENAME TO shop;

-- How often this transaction has read the rules
CREATE FUNCTION pg_temp.reads() RETURNS bigint LANGUAGE sql AS
    $$SELECT seq_scan + idx_scan FROM pg_stat_xact_all_tables WHERE relid = 'tripmeter.outbox_rule'::regclass$$;
UPDATE trips SET fare = 110;
SELECT pg_temp.reads() AS reads \gset
CREATE TEMP TABLE fleeting (id int, trip shop.price);
ALTER TABLE fleeting ADD pad text;
UPDATE trips SET fare = 111;
DROP TABLE fleeting;
UPDATE trips SET fare = 112;
SELECT is(pg_temp.reads(), :reads::bigint, 'tables that have nothing to do with it are of no concern');
SELECT tripmeter.outbox_rule('trips', 'trip.dear', '{update}', 'NEW.fare > OLD.fare', '{fare}');
SELECT pg_temp.events();

-- An event in the midst of events: a condition that itself changes what is captured
CREATE TABLE audit (id int);
SELECT tripmeter.outbox_attach('audit', 'audit', '{id}');
CREATE FUNCTION shop.audited(id int) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.audit VALUES (id);
    PERFORM tripmeter.outbox_rule('public.trips', 'trip.again', '{update}', 'true', schema_version => id);
    RETURN true;
END $$;
SELECT tripmeter.outbox_rule('trips', 'trip.dear', '{update}', 'shop.audited(NEW.trip_id)');
UPDATE trips SET fare = 1;
SELECT is(pg_temp.events(), 'audit.created 2, trip.dear 2, audit.created 1, trip.dear 1', 'a condition that changes rows and rules does no harm');
UPDATE trips SET fare = 2 WHERE trip_id = 1;
SELECT is(pg_temp.events(), 'trip.again 1, audit.created 1, trip.dear 1', 'and the next statement finds the new rules');

-- Whose tables, and whose rights

CREATE ROLE tripmeter_fleet;
CREATE ROLE tripmeter_driver;
CREATE SCHEMA fleet AUTHORIZATION tripmeter_fleet;
SET LOCAL ROLE tripmeter_fleet;
CREATE TABLE fleet.cars (car int, odometer int) PARTITION BY RANGE (car);
CREATE TABLE fleet.cars_1 PARTITION OF fleet.cars FOR VALUES FROM (0) TO (10);
GRANT USAGE ON SCHEMA fleet TO tripmeter_driver;
GRANT SELECT, INSERT, UPDATE ON fleet.cars TO tripmeter_driver;
SELECT throws_ok($$SELECT tripmeter.outbox_attach('fleet.cars', 'car', '{car}')$$, '42501', 'permission denied for function outbox_attach', 'not everybody writes events');
RESET ROLE;
GRANT EXECUTE ON FUNCTION tripmeter.outbox_attach, tripmeter.outbox_rule TO tripmeter_fleet;
SET LOCAL ROLE tripmeter_fleet;
SELECT lives_ok($$SELECT tripmeter.outbox_attach('fleet.cars', 'car', '{car}')$$, 'an owner attaches a table');
SELECT lives_ok('CREATE TABLE fleet.cars_2 PARTITION OF fleet.cars FOR VALUES FROM (10) TO (20)', 'and creates partitions');
SELECT lives_ok($$SELECT tripmeter.outbox_rule('fleet.cars', 'car.driven', '{insert,update}', 'NEW.odometer > 0 AND current_user <> ''nobody''')$$, 'and sets rules');
CREATE FUNCTION fleet.who(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN current_user = ''tripmeter_driver''; END';
SELECT tripmeter.outbox_rule('fleet.cars', 'car.driven', '{update}', 'fleet.who(NEW.car)');
SELECT throws_ok($$SELECT tripmeter.outbox_attach('public.trips', 'trip', '{trip_id}')$$, '42501', 'must be owner of table public.trips', 'but not those of others');
SELECT throws_ok($$SELECT tripmeter.outbox_detach('public.trips')$$, '42501', NULL, 'nor detaches them');
SELECT throws_ok($$SELECT tripmeter.outbox_rule('public.trips', 'x', '{insert}')$$, '42501', NULL, 'nor sets rules for them');
SELECT throws_ok('SELECT * FROM tripmeter.outbox', '42501', NULL, 'nor reads the outbox');
SELECT throws_ok($$SELECT tripmeter.emit('a', 'b', 'c', NULL)$$, '42501', NULL, 'nor emits events, unless that is granted');
SET LOCAL ROLE tripmeter_driver;
INSERT INTO fleet.cars VALUES (1, 7), (11, 0);
UPDATE fleet.cars SET odometer = 8;
SELECT throws_ok($$SELECT tripmeter.outbox_attach('fleet.cars', 'car', '{car}')$$, '42501', NULL, 'who may write to a table may not attach it');
RESET ROLE;
SELECT is(pg_temp.events(), 'car.driven 1, car.driven 1, car.driven 11', 'whoever writes makes events, without a right on the outbox, and conditions run as that role');
GRANT EXECUTE ON FUNCTION tripmeter.emit TO tripmeter_driver;
SET LOCAL ROLE tripmeter_driver;
SELECT lives_ok($$SELECT tripmeter.emit('a', 'b', 'c', NULL)$$, 'emit() can be granted');
RESET ROLE;
ALTER TABLE fleet.cars OWNER TO tripmeter_driver;
SET LOCAL ROLE tripmeter_fleet;
SELECT throws_ok($$SELECT tripmeter.outbox_detach('fleet.cars')$$, '42501', NULL, 'who was the owner is it no more');
RESET ROLE;

-- Whose code runs when a rule is set: the checks of the domains in a literal, by the parser
CREATE ROLE tripmeter_mallory;
CREATE SCHEMA mallory AUTHORIZATION tripmeter_mallory;
GRANT EXECUTE ON FUNCTION tripmeter.outbox_attach, tripmeter.outbox_rule TO tripmeter_mallory;
SET LOCAL ROLE tripmeter_mallory;
CREATE TABLE mallory.seen (who name, what text);
CREATE FUNCTION mallory.note(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO mallory.seen VALUES (current_user, what);
    PERFORM set_config('search_path', 'mallory', false);
END $$;
CREATE FUNCTION mallory.spy(value int, what text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM mallory.note(what); RETURN value; END';
CREATE DOMAIN mallory.checked AS int CHECK (mallory.spy(VALUE, 'domain') > 0);
CREATE TYPE mallory.pair AS (a mallory.checked, b int);
CREATE TYPE mallory.mood AS ENUM ('glad');
CREATE FUNCTION mallory.mood(int) RETURNS mallory.mood LANGUAGE plpgsql IMMUTABLE AS $$BEGIN PERFORM mallory.spy(1, 'cast'); RETURN 'glad'; END$$;
CREATE CAST (int AS mallory.mood) WITH FUNCTION mallory.mood(int);
CREATE FUNCTION mallory.json(mallory.mood) RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$BEGIN PERFORM mallory.spy(1, 'json'); RETURN '1'; END$$;
CREATE CAST (mallory.mood AS json) WITH FUNCTION mallory.json;
CREATE FUNCTION mallory.same(int, int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$BEGIN PERFORM mallory.spy(1, 'operator'); RETURN true; END$$;
CREATE OPERATOR mallory.= (LEFTARG = int, RIGHTARG = int, FUNCTION = mallory.same);
CREATE TABLE mallory.traps (id mallory.checked, mood mallory.mood) PARTITION BY RANGE (id);
CREATE FUNCTION mallory.set_rule() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
    SELECT tripmeter.outbox_rule('mallory.traps', 'trap', '{insert}', 'mallory.spy(1, ''function'') = 1 AND 1::mallory.mood IS NOT NULL AND 1 OPERATOR(mallory.=) 2
        AND ''1''::mallory.checked = 1 AND ''{1}''::mallory.checked[] IS NOT NULL AND ''(1,1)''::mallory.pair IS NOT NULL')
$$;
SELECT tripmeter.outbox_attach('mallory.traps', 'trap', '{id}');
SELECT mallory.set_rule();
SELECT is(string_agg(DISTINCT what || ' as ' || who, ', '), 'domain as tripmeter_mallory', 'setting a rule runs what the parser runs, as the table''s owner') FROM mallory.seen;
CREATE TABLE mallory.traps_1 PARTITION OF mallory.traps FOR VALUES FROM (1) TO (10);
RESET ROLE;
SET LOCAL search_path = public;
SELECT mallory.set_rule();
SELECT tripmeter.outbox_rule('mallory.traps', 'trap.again', '{insert}', '''{1}''::mallory.checked[] IS NULL');
SELECT is(string_agg(DISTINCT what || ' as ' || who, ', '), 'domain as tripmeter_mallory', 'also if somebody else calls') FROM mallory.seen;
SELECT is(current_setting('search_path'), 'public', 'and what that sets is not set');
GRANT USAGE ON SCHEMA mallory TO tripmeter_driver;
GRANT INSERT ON mallory.traps, mallory.seen TO tripmeter_driver;
TRUNCATE mallory.seen;
SET LOCAL ROLE tripmeter_driver;
INSERT INTO mallory.traps VALUES (1, 'glad');
RESET ROLE;
SET LOCAL search_path = public;
SELECT is(string_agg(DISTINCT what || ' as ' || who, ', '), 'cast as tripmeter_driver, domain as tripmeter_driver, function as tripmeter_driver, json as tripmeter_driver, operator as tripmeter_driver',
    'conditions and payloads run as whoever writes') FROM mallory.seen;
SELECT is((pg_temp.last()).payload, '{"id": 1, "mood": 1}', 'and make the event');

-- Who calls is whoever the code runs as: a function's definer, and the owner of a table whose index calls it
CREATE TABLE trap (id int);
CREATE FUNCTION shop.trap(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM tripmeter.outbox_detach(''public.trips''); RETURN 1; END';
CREATE FUNCTION shop.definer() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN PERFORM tripmeter.outbox_detach(''public.trips''); RETURN 1; END';
INSERT INTO trap VALUES (1);
ALTER TABLE trap OWNER TO tripmeter_driver;
ALTER FUNCTION shop.definer() OWNER TO tripmeter_driver;
GRANT USAGE ON SCHEMA shop TO tripmeter_driver;
SELECT throws_ok('CREATE INDEX ON trap (shop.trap(id))', '42501', 'must be owner of table public.trips', 'nobody is tricked into being the caller by an index');
SELECT throws_ok('SELECT shop.definer()', '42501', 'must be owner of table public.trips', 'nor by a function');
ALTER TABLE public.trips OWNER TO tripmeter_driver;
SELECT lives_ok('SELECT shop.definer()', 'whose definer may do what it says');

SELECT * FROM finish();
ROLLBACK;
