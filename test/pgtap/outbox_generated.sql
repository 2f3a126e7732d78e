-- Generated columns: stored, and virtual where there are such (PostgreSQL 18).

BEGIN;
SELECT plan(14);
SET LOCAL client_min_messages = warning;
SELECT current_setting('server_version_num')::int >= 180000 AS has_virtual,
    CASE WHEN current_setting('server_version_num')::int >= 180000 THEN 'VIRTUAL' ELSE 'STORED' END AS kind \gset

CREATE SEQUENCE pg_temp.seen MINVALUE 0;
SELECT setval('pg_temp.seen', (SELECT coalesce(max(seq), 0) FROM tripmeter.outbox));
CREATE FUNCTION pg_temp.events() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    SELECT string_agg(concat_ws(' ', type, aggregateid), ', ' ORDER BY seq)
    INTO result FROM tripmeter.outbox WHERE seq > (SELECT last_value FROM pg_temp.seen);
    PERFORM setval('pg_temp.seen', greatest((SELECT max(seq) FROM tripmeter.outbox), 0));
    RETURN result;
END $$;

-- Stored ones. A partition of another layout computes them after PostgreSQL has kept the
-- inserted row for triggers.

CREATE TABLE legs (leg_id int, started date, metres int, code text GENERATED ALWAYS AS ('leg ' || leg_id) STORED, km numeric GENERATED ALWAYS AS (metres / 1000.0) STORED,
    note text GENERATED ALWAYS AS (nullif(repeat('x', metres), '')) STORED)
    PARTITION BY RANGE (started);
CREATE TABLE legs_2024 (note text GENERATED ALWAYS AS (nullif(repeat('x', metres), '')) STORED, gone int, km numeric GENERATED ALWAYS AS (metres / 1000.0) STORED, metres int,
    started date, code text GENERATED ALWAYS AS ('leg ' || leg_id) STORED, leg_id int);
ALTER TABLE legs_2024 DROP gone;
ALTER TABLE legs ATTACH PARTITION legs_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE legs_2025 PARTITION OF legs FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
SELECT tripmeter.outbox_attach('legs', 'leg', '{code}');
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(payload::text || ' instead of ' || to_jsonb(legs), ', ')
    FROM legs JOIN (SELECT DISTINCT ON (aggregateid) * FROM tripmeter.outbox WHERE aggregatetype = 'leg' ORDER BY aggregateid, seq DESC) last ON aggregateid = code
    WHERE payload IS DISTINCT FROM to_jsonb(legs)
$$;
INSERT INTO legs (leg_id, started, metres) VALUES (1, '2024-05-05', 1500), (2, '2025-05-05', 2500), (3, '2024-05-05', 0), (4, '2024-05-05', NULL);
SELECT is(pg_temp.events(), 'leg.created leg 1, leg.created leg 2, leg.created leg 3, leg.created leg 4', 'events of rows that are inserted have keys that are generated');
SELECT is(pg_temp.differing(), NULL, 'and payloads');
UPDATE legs SET metres = 3500, started = '2025-05-05' WHERE leg_id = 1;
UPDATE legs SET metres = 4500, started = '2024-05-05' WHERE leg_id = 2;
UPDATE legs SET metres = 5500 WHERE leg_id = 3;
SELECT is(pg_temp.events(), 'leg.updated leg 1, leg.updated leg 2, leg.updated leg 3', 'so have those of rows that are updated, also into another partition');
SELECT is(pg_temp.differing(), NULL, 'with the values that the row has now');
SELECT tripmeter.outbox_rule('legs', 'leg.long', '{insert}', 'NEW.km > 2 AND (to_jsonb(NEW) ->> ''km'')::numeric > 2');
INSERT INTO legs (leg_id, started, metres) VALUES (11, '2024-05-05', 1500), (12, '2024-05-05', 2500), (13, '2025-05-05', 2500);
SELECT is(pg_temp.events(), 'leg.long leg 12, leg.long leg 13', 'conditions name them');

-- Virtual ones, where there are such
CREATE TABLE trips (trip_id int PRIMARY KEY, metres int, fare int GENERATED ALWAYS AS (metres / 100) :kind, dear bool GENERATED ALWAYS AS (metres > 10000) :kind)
    PARTITION BY RANGE (trip_id);
CREATE TABLE trips_low PARTITION OF trips FOR VALUES FROM (0) TO (100);
CREATE TABLE trips_high (dear bool GENERATED ALWAYS AS (metres > 10000) :kind, fare int GENERATED ALWAYS AS (metres / 100) :kind, metres int, trip_id int NOT NULL);
ALTER TABLE trips ATTACH PARTITION trips_high FOR VALUES FROM (100) TO (200);
SELECT tripmeter.outbox_attach('trips', 'trip', '{trip_id}');

INSERT INTO trips (trip_id, metres) VALUES (1, 1000), (101, 20000);
UPDATE trips_high SET metres = 20100;
SELECT is(pg_temp.events(), 'trip.created 1, trip.created 101, trip.updated 101', 'a table with generated columns is captured');
\if :has_virtual
SELECT is((SELECT payload FROM tripmeter.outbox ORDER BY seq DESC LIMIT 1), '{"trip_id": 101, "metres": 20100}', 'without the virtual ones');
SELECT throws_ok($$SELECT tripmeter.outbox_rule('trips', 'trip.dear', '{insert}', NULL, '{fare}')$$, '0A000',
    'column "fare" is a virtual generated column', 'which a payload cannot name');
CREATE TABLE versions (id int, version int GENERATED ALWAYS AS (1) VIRTUAL);
SELECT throws_ok($$SELECT tripmeter.outbox_attach('versions', 'version', '{id}', 'version')$$, '0A000',
    'column "version" is a virtual generated column', 'nor can they be versions');
\else
SELECT is((SELECT payload FROM tripmeter.outbox ORDER BY seq DESC LIMIT 1), '{"trip_id": 101, "metres": 20100, "fare": 201, "dear": true}', 'with the stored ones');
SELECT skip('virtual generated columns are PostgreSQL 18''s', 2);
\endif

SELECT tripmeter.outbox_rule('trips', 'trip.dear', '{insert}', 'NEW.dear');
SELECT tripmeter.outbox_rule('trips', 'trip.dearer', '{update}', 'NEW.fare > OLD.fare');
SELECT tripmeter.outbox_rule('trips', 'trip.other', '{update}', 'NEW IS DISTINCT FROM OLD AND (to_jsonb(NEW) ->> ''fare'')::int < 20');
SELECT tripmeter.outbox_rule('trips', 'trip.cheap', '{delete}', 'OLD.fare < 100 AND NOT OLD.dear');
INSERT INTO trips (trip_id, metres) VALUES (2, 1000), (102, 20000);
SELECT is(pg_temp.events(), 'trip.dear 102', 'conditions name them, too');
UPDATE trips SET metres = metres + CASE WHEN trip_id IN (1, 101) THEN 100 ELSE 1 END;
SELECT is(pg_temp.events(), 'trip.dearer 1, trip.other 1, trip.other 2, trip.dearer 101', 'of the old and of the new row, and within whole rows');
UPDATE trips_high SET metres = metres + 100 WHERE trip_id = 102;
SELECT is(pg_temp.events(), 'trip.dearer 102', 'of a partition, too, whose columns are in another order');
DELETE FROM trips;
SELECT is(pg_temp.events(), 'trip.cheap 1, trip.cheap 2', 'and of rows that are deleted');
\if :has_virtual
SELECT tripmeter.outbox_unrule('trips', 'trip.other');
INSERT INTO trips (trip_id, metres) VALUES (1, 1000);
ALTER TABLE trips ALTER fare SET EXPRESSION AS (metres / 1000);
UPDATE trips SET metres = 1100;
UPDATE trips SET metres = 2000;
SELECT is(pg_temp.events(), 'trip.dearer 1', 'another expression counts from its first moment');
\else
SELECT skip('virtual generated columns are PostgreSQL 18''s');
\endif

SELECT * FROM finish();
ROLLBACK;
