-- Which statements make which events: on roots and on partitions, whatever moves, comes
-- or goes.

BEGIN;
SELECT plan(54);
SET LOCAL timezone = 'UTC';
SET LOCAL client_min_messages = warning;

-- The events since the last call, in order: type, id, and what the payload says in a column.
CREATE SEQUENCE pg_temp.seen MINVALUE 0;
SELECT setval('pg_temp.seen', (SELECT coalesce(max(seq), 0) FROM tripmeter.outbox));
CREATE FUNCTION pg_temp.events(shown text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    SELECT string_agg(concat_ws(' ', type, aggregateid, payload ->> shown), ', ' ORDER BY seq), max(seq)
    INTO result FROM tripmeter.outbox WHERE seq > (SELECT last_value FROM pg_temp.seen);
    PERFORM setval('pg_temp.seen', greatest((SELECT max(seq) FROM tripmeter.outbox), 0));
    RETURN result;
END $$;

CREATE TABLE trips (trip_id int, started_at date, status text, PRIMARY KEY (trip_id, started_at)) PARTITION BY RANGE (started_at);
CREATE TABLE trips_january PARTITION OF trips FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
-- other columns in another order
CREATE TABLE trips_february (gone text, status text, started_at date NOT NULL, trip_id int NOT NULL);
ALTER TABLE trips_february DROP COLUMN gone;
ALTER TABLE trips ATTACH PARTITION trips_february FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
SELECT tripmeter.outbox_attach('trips', 'trip', '{trip_id}');

-- Statements

INSERT INTO trips VALUES (1, '2024-01-05', 'open'), (2, '2024-02-05', 'open');
SELECT is(pg_temp.events('started_at'), 'trip.created 1 2024-01-05, trip.created 2 2024-02-05', 'INSERT into the root');
INSERT INTO trips_february (trip_id, started_at, status) VALUES (3, '2024-02-06', 'open');
SELECT is(pg_temp.events('started_at'), 'trip.created 3 2024-02-06', 'INSERT into a partition');
UPDATE trips SET status = 'started' WHERE trip_id < 3;
SELECT is(pg_temp.events('status'), 'trip.updated 1 started, trip.updated 2 started', 'UPDATE of the root');
UPDATE trips_february SET status = 'ended';
SELECT is(pg_temp.events('status'), 'trip.updated 3 ended, trip.updated 2 ended', 'UPDATE of a partition');
UPDATE trips SET started_at = '2024-02-07' WHERE trip_id = 1;
SELECT is(pg_temp.events('started_at'), 'trip.updated 1 2024-02-07', 'a row that moves to another partition is updated, once');
DELETE FROM trips WHERE trip_id = 1;
SELECT is(pg_temp.events('started_at'), 'trip.deleted 1 2024-02-07', 'DELETE from the root says what was deleted');
DELETE FROM trips_february WHERE trip_id = 3;
SELECT is(pg_temp.events('started_at'), 'trip.deleted 3 2024-02-06', 'DELETE from a partition');

INSERT INTO trips SELECT 9, '2024-01-01', 'none' WHERE false;
UPDATE trips SET status = 'none' WHERE false;
DELETE FROM trips WHERE false;
SELECT is(pg_temp.events(), NULL, 'statements of no rows make no events');

INSERT INTO trips VALUES (2, '2024-02-05', 'x'), (4, '2024-01-04', 'x') ON CONFLICT DO NOTHING;
SELECT is(pg_temp.events(), 'trip.created 4', 'ON CONFLICT DO NOTHING');
INSERT INTO trips VALUES (4, '2024-01-04', 'y'), (5, '2024-01-05', 'y') ON CONFLICT (trip_id, started_at) DO UPDATE SET status = 'again';
SELECT is(pg_temp.events('status'), 'trip.updated 4 again, trip.created 5 y', 'ON CONFLICT DO UPDATE');
MERGE INTO trips USING (VALUES (2), (4), (6)) v (id) ON id = trip_id
    WHEN MATCHED AND id = 2 THEN DELETE WHEN MATCHED THEN UPDATE SET status = 'merged' WHEN NOT MATCHED THEN INSERT VALUES (id, '2024-02-09', 'new');
SELECT is(pg_temp.events('status'), 'trip.deleted 2 ended, trip.updated 4 merged, trip.created 6 new', 'MERGE');
WITH moved AS (DELETE FROM trips WHERE trip_id = 6 RETURNING *) INSERT INTO trips SELECT 7, started_at, 'moved' FROM moved;
SELECT is(pg_temp.events(), 'trip.deleted 6, trip.created 7', 'a statement that deletes and inserts');
COPY trips FROM STDIN;
8	2024-01-08	copied
9	2024-02-08	copied
\.
SELECT is(pg_temp.events('status'), 'trip.created 8 copied, trip.created 9 copied', 'COPY into the root');
COPY trips_january FROM STDIN;
10	2024-01-08	copied
\.
SELECT is(pg_temp.events(), 'trip.created 10', 'COPY into a partition');

CREATE TABLE stops (trip_id int, started_at date, stop int, FOREIGN KEY (trip_id, started_at) REFERENCES trips ON DELETE CASCADE ON UPDATE CASCADE);
SELECT tripmeter.outbox_attach('stops', 'stop', '{trip_id, stop}');
INSERT INTO stops VALUES (8, '2024-01-08', 1), (8, '2024-01-08', 2), (9, '2024-02-08', 1);
SELECT is(pg_temp.events(), 'stop.created [8, 1], stop.created [8, 2], stop.created [9, 1]', 'the id of several columns is a JSON array');
UPDATE trips SET trip_id = 80 WHERE trip_id = 8;
SELECT is(pg_temp.events(), 'trip.updated 80, stop.updated [80, 1], stop.updated [80, 2]', 'what a foreign key updates makes events, under the new id');
DELETE FROM trips WHERE trip_id IN (9, 80);
SELECT ok(events ~ 'trip.deleted 80' AND events ~ 'trip.deleted 9' AND events ~ 'stop.deleted \[80, 1\]' AND events ~ 'stop.deleted \[80, 2\]'
        AND events ~ 'stop.deleted \[9, 1\]' AND regexp_count(events, 'deleted') = 5, 'what a foreign key deletes makes events, each once: ' || events)
FROM pg_temp.events() events;

SAVEPOINT s;
INSERT INTO trips VALUES (11, '2024-01-11', 'rolled back');
ROLLBACK TO s;
INSERT INTO trips VALUES (12, '2024-01-11', 'kept');
SELECT is(pg_temp.events(), 'trip.created 12', 'what is rolled back to a savepoint made no events');

SET LOCAL session_replication_role = replica;
INSERT INTO trips VALUES (13, '2024-01-11', 'replicated');
SET LOCAL session_replication_role = origin;
SELECT is(pg_temp.events(), NULL, 'what a replica applies makes no events');

-- A row that is on its way to another partition, and is kept from it
CREATE FUNCTION pg_temp.keep_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN CASE WHEN NEW.trip_id = 12 THEN NULL ELSE NEW END; END';
CREATE TRIGGER keep_out BEFORE INSERT ON trips_february FOR EACH ROW EXECUTE FUNCTION pg_temp.keep_out();
UPDATE trips SET started_at = '2024-02-20' WHERE trip_id IN (4, 5, 10, 12);
SELECT is(pg_temp.events('started_at'), 'trip.updated 4 2024-02-20, trip.updated 5 2024-02-20, trip.updated 10 2024-02-20, trip.deleted 12 2024-01-11',
    'a row that a trigger keeps from moving to another partition is deleted, the others are updated');
UPDATE trips SET started_at = '2024-01-20', trip_id = CASE trip_id WHEN 5 THEN 50 ELSE trip_id END WHERE trip_id IN (4, 5);
SELECT is(pg_temp.events('started_at'), 'trip.updated 4 2024-01-20, trip.updated 50 2024-01-20', 'an update of the id is one under the new id');
DROP TRIGGER keep_out ON trips_february;

-- Partitions that come and go

CREATE TABLE trips_march PARTITION OF trips FOR VALUES FROM ('2024-03-01') TO ('2024-04-01');
INSERT INTO trips_march VALUES (20, '2024-03-01', 'new');
SELECT is(pg_temp.events(), 'trip.created 20', 'a new partition is captured');
CREATE TABLE trips_april (started_at date NOT NULL, trip_id int NOT NULL, status text);
INSERT INTO trips_april VALUES ('2024-04-01', 21, 'before');
ALTER TABLE trips ATTACH PARTITION trips_april FOR VALUES FROM ('2024-04-01') TO ('2024-05-01');
SELECT is(pg_temp.events(), NULL, 'rows that a partition brings make no events');
UPDATE trips_april SET status = 'attached';
UPDATE trips SET status = 'attached' WHERE trip_id = 21;
SELECT is(pg_temp.events('status'), 'trip.updated 21 attached, trip.updated 21 attached', 'a partition that was attached is captured');
CREATE TABLE trips_later PARTITION OF trips FOR VALUES FROM ('2024-05-01') TO (MAXVALUE) PARTITION BY RANGE (started_at);
CREATE TABLE trips_later_may PARTITION OF trips_later FOR VALUES FROM ('2024-05-01') TO ('2024-06-01');
CREATE TABLE trips_later_june (status text, trip_id int NOT NULL, started_at date NOT NULL);
ALTER TABLE trips_later ATTACH PARTITION trips_later_june DEFAULT;
INSERT INTO trips VALUES (30, '2024-05-01', 'root');
INSERT INTO trips_later VALUES (31, '2024-05-01', 'branch');
INSERT INTO trips_later_may VALUES (32, '2024-05-01', 'leaf');
UPDATE trips_later SET started_at = '2024-06-01' WHERE trip_id = 31;
UPDATE trips_later_june SET status = 'leaf';
SELECT is(pg_temp.events('status'), 'trip.created 30 root, trip.created 31 branch, trip.created 32 leaf, trip.updated 31 branch, trip.updated 31 leaf',
    'partitions of partitions are captured');
SELECT is((SELECT string_agg(partition || ' ' || covered, ', ') FROM tripmeter.outbox_coverage() WHERE relation = 'trips'::regclass),
    'trips true, trips_january true, trips_february true, trips_march true, trips_april true, trips_later true, trips_later_may true, trips_later_june true',
    'all of them are covered');
ALTER TABLE trips_march DISABLE TRIGGER tripmeter_outbox_update;
DROP TRIGGER tripmeter_outbox_delete ON trips_march;
SELECT is((SELECT string_agg(partition || ': ' || missing, ', ') FROM tripmeter.outbox_coverage() WHERE NOT covered),
    'trips_march: trigger tripmeter_outbox_delete does not exist; trigger tripmeter_outbox_update is disabled', 'outbox_coverage() names what is missing');
ALTER TABLE trips DETACH PARTITION trips_later;
UPDATE trips_later_may SET status = 'x';
UPDATE trips_later SET status = 'x';
SELECT is(pg_temp.events(), NULL, 'a partition that was detached is not captured any more, nor are its own');
SELECT is((SELECT count(*)::int FROM pg_trigger WHERE tgrelid IN ('trips_later'::regclass, 'trips_later_june'::regclass)), 0, 'and has no triggers left');
SELECT is((SELECT string_agg(partition || ' ' || covered, ', ') FROM tripmeter.outbox_coverage() WHERE relation = 'trips'::regclass),
    'trips true, trips_january true, trips_february true, trips_march false, trips_april true', 'a trigger that is disabled on purpose stays so');
SELECT throws_ok('SELECT tripmeter.outbox_attach(''trips_january'', ''trip'', ''{trip_id}'')', '42710', NULL, 'a partition of what is attached cannot be attached');
CREATE TABLE trips_may (LIKE trips);
SELECT tripmeter.outbox_attach('trips_may', 'trip', '{trip_id}');
SELECT throws_ok('ALTER TABLE trips ATTACH PARTITION trips_may FOR VALUES FROM (''2024-05-01'') TO (''2024-06-01'')', '55006', NULL,
    'nor can what is attached become a partition of it');
DROP TABLE trips_may;
CREATE SCHEMA may CREATE TABLE trips_may PARTITION OF trips FOR VALUES FROM ('2024-05-01') TO ('2024-06-01');
INSERT INTO may.trips_may VALUES (33, '2024-05-01', 'new');
SELECT is(pg_temp.events(), 'trip.created 33', 'a partition that is created with its schema is captured');
DROP SCHEMA may CASCADE;
SELECT throws_ok('SELECT tripmeter.outbox_attach(''trips_later_may'', ''trip'', ''{trip_id}'')', '42809', NULL,
    'a partition of what is not attached cannot be attached either, for changes through the root would go unseen');
SELECT is((SELECT count(*)::int FROM tripmeter.outbox_source WHERE aggregatetype = 'trip'), 1, 'a table that is dropped is forgotten');

-- Triggers are known by what they do, not by their names
ALTER TRIGGER tripmeter_outbox_insert ON trips RENAME TO mine;
ALTER TRIGGER tripmeter_outbox_update ON trips_april RENAME TO tripmeter_outbox_delete_;
DROP TRIGGER tripmeter_outbox_delete ON trips_april;
CREATE FUNCTION pg_temp.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER tripmeter_outbox_delete AFTER DELETE ON trips_april FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.nothing();
SELECT is((SELECT string_agg(missing, ', ') FROM tripmeter.outbox_coverage() WHERE partition = 'trips_april'::regclass),
    'trigger tripmeter_outbox_delete does not exist', 'one of the same name does not stand in for it');
CREATE TABLE trips_june PARTITION OF trips FOR VALUES FROM ('2024-06-01') TO ('2024-07-01');
INSERT INTO trips VALUES (34, '2024-06-01', 'new');
SELECT is(pg_temp.events(), 'trip.created 34', 'a trigger that was renamed is not made again with the next partition');
SELECT is((SELECT string_agg(partition || ' ' || covered, ', ') FROM tripmeter.outbox_coverage() WHERE partition IN ('trips'::regclass, 'trips_april'::regclass)),
    'trips true, trips_april false', 'a new partition is no reason to touch others');
SELECT tripmeter.outbox_rule('trips', 'trip.gone', '{delete}');
SELECT tripmeter.outbox_unrule('trips', 'trip.gone');
SELECT is((SELECT string_agg(partition || ' ' || covered, ', ') FROM tripmeter.outbox_coverage() WHERE partition IN ('trips'::regclass, 'trips_april'::regclass)),
    'trips true, trips_april true', 'to set a rule makes what is missing, also where its name is taken');
UPDATE trips_april SET status = 'renamed';
DELETE FROM trips_april;
SELECT is(pg_temp.events(), 'trip.updated 21, trip.deleted 21', 'and fires, once');
ALTER TABLE trips DISABLE TRIGGER mine;
SELECT is((SELECT missing FROM tripmeter.outbox_coverage() WHERE partition = 'trips'::regclass), 'trigger mine is disabled', 'outbox_coverage() knows what it is called');
ALTER TABLE trips ENABLE TRIGGER mine;
DROP TRIGGER tripmeter_outbox_delete ON trips_april;
DROP TABLE trips_june;

-- Changes of the table

ALTER TABLE trips ADD COLUMN note text DEFAULT 'added';
UPDATE trips SET status = 'x' WHERE trip_id = 20;
INSERT INTO trips VALUES (40, '2024-01-01', 'open', 'given');
SELECT is(pg_temp.events('note'), 'trip.updated 20 added, trip.created 40 given', 'a column that was added is in the payload');
ALTER TABLE trips DROP COLUMN note;
INSERT INTO trips VALUES (41, '2024-01-01', 'open');
SELECT is((SELECT payload FROM tripmeter.outbox ORDER BY seq DESC LIMIT 1), '{"trip_id": 41, "started_at": "2024-01-01", "status": "open"}', 'one that was dropped is not');
ALTER TABLE trips RENAME status TO state;
ALTER TABLE trips ALTER state TYPE int USING 7;
UPDATE trips SET state = 8 WHERE trip_id = 41;
SELECT is((SELECT payload FROM tripmeter.outbox ORDER BY seq DESC LIMIT 1), '{"trip_id": 41, "started_at": "2024-01-01", "state": 8}', 'a new name and a new type are followed');
SELECT pg_temp.events();
ALTER TABLE trips RENAME trip_id TO id;
SELECT throws_like('INSERT INTO trips VALUES (42, ''2024-01-01'')', 'column "trip_id" of relation "trips" does not exist', 'an id that is gone is an error');
ALTER TABLE trips RENAME id TO trip_id;
INSERT INTO trips VALUES (42, '2024-01-01');
SELECT is(pg_temp.events(), 'trip.created 42', 'and is found when it is back');

-- TRUNCATE

SELECT throws_ok('TRUNCATE trips CASCADE', '55000', 'cannot truncate "trips": its changes are captured by the outbox', 'TRUNCATE of the root is refused');
SELECT throws_ok('TRUNCATE trips_january CASCADE', '55000', NULL, 'TRUNCATE of a partition is refused');
SELECT tripmeter.outbox_detach('trips');
SELECT is((SELECT count(*)::int FROM pg_trigger WHERE tgfoid = 'tripmeter_internal.outbox_capture'::regproc AND tgrelid::regclass::text ~ '^trips'), 0,
    'after outbox_detach() no trigger is left');
INSERT INTO trips VALUES (43, '2024-01-01');
SELECT is(pg_temp.events(), NULL, 'and nothing is captured');
SELECT tripmeter.outbox_attach('trips', 'trip', '{trip_id}', allow_truncate => true);
SELECT lives_ok('TRUNCATE trips_january CASCADE; TRUNCATE stops', 'TRUNCATE is allowed if so attached') FROM (SELECT tripmeter.outbox_detach('stops')) d;
SELECT is(pg_temp.events(), NULL, 'and makes no events');

-- Tables that a crash empties
CREATE UNLOGGED TABLE positions (vehicle int);
SELECT tripmeter.outbox_attach('positions', 'position', '{vehicle}');
INSERT INTO positions VALUES (1);
SELECT is(pg_temp.events(), 'position.created 1', 'a table that is not logged is captured');

-- Inheritance: what goes through the parent
CREATE TABLE vehicles (vehicle int);
CREATE TABLE trucks (axles int) INHERITS (vehicles);
SELECT tripmeter.outbox_attach('vehicles', 'vehicle', '{vehicle}');
INSERT INTO trucks VALUES (1, 3);
UPDATE vehicles SET vehicle = 2;
SELECT is(pg_temp.events(), 'vehicle.updated 2', 'of tables that inherit, what is done through the parent is captured');

SELECT * FROM finish();
ROLLBACK;
