-- The outbox: what attaching, rules and writing say when they are refused.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET search_path = public, tripmeter;

CREATE TABLE rides (ride_id int, started_at date, status text, fare numeric, path path) PARTITION BY RANGE (started_at);
CREATE TABLE rides_2024 PARTITION OF rides FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE VIEW ride_view AS SELECT * FROM rides;
CREATE TEMP TABLE fleeting (id int);

SELECT outbox_attach('rides', 'ride', NULL);
SELECT outbox_attach('rides', '', '{ride_id}');
SELECT outbox_attach('ride_view', 'ride', '{ride_id}');
SELECT outbox_attach('fleeting', 'ride', '{id}');
SELECT outbox_attach('rides_2024', 'ride', '{ride_id}');
SELECT outbox_attach('rides', 'ride', '{id}');
SELECT outbox_attach('rides', 'ride', '{path}');
SELECT outbox_attach('rides', 'ride', '{ride_id}', 'status');
SELECT outbox_attach('rides', 'ride', '{ride_id}', payload_columns => '{fare,fair}');
SELECT outbox_attach('rides', 'ride', '{ride_id}', payload_columns => '{fare,fare}');
SELECT outbox_rule('rides', 'ride.paid', '{update}');
SELECT outbox_detach('rides');
SELECT count(*) FROM outbox_coverage() WHERE relation = 'rides'::regclass;

SELECT outbox_attach('rides', 'ride', '{ride_id}');
SELECT outbox_attach('rides', 'ride', '{ride_id}');
SELECT outbox_attach('rides_2024', 'ride', '{ride_id}');
SELECT partition, covered, missing FROM outbox_coverage() WHERE relation = 'rides'::regclass;

-- Rules
SELECT outbox_rule('rides', 'ride.paid', '{updated}');
SELECT outbox_rule('rides', 'ride.paid', '{}');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'NEW.fair > 0');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'NEW.fare');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'fare > 0');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'NEW.fare >');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'NEW.fare > 0; DROP TABLE rides');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'true, true');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'true AS paid');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'true FROM rides');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'true ORDER BY 1');
SELECT outbox_rule('rides', 'ride.paid', '{update}', '');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'EXISTS (SELECT FROM rides)');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'count(NEW.fare) > 0');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'generate_series(1, 2) > 0');
SELECT outbox_rule('rides', 'ride.paid', '{update}', '$1');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'NEW.tableoid > 0');
SELECT outbox_rule('rides', 'ride.paid', '{insert,update}', 'OLD.fare > 0');
SELECT outbox_rule('rides', 'ride.paid', '{delete}', 'NEW.fare > 0');
SELECT outbox_rule('rides', 'ride.paid', '{update}', NULL, '{fair}');
SELECT outbox_unrule('rides', 'ride.paid');
SELECT outbox_rule('rides', 'ride.paid', '{update}', 'OLD.fare IS DISTINCT FROM NEW.fare AND NEW.status = ''paid''');

-- Writing
\set SHOW_CONTEXT errors
ALTER TABLE rides RENAME status TO state;
INSERT INTO rides VALUES (1, '2024-05-05', 'open', 1);
-- whoever may only insert does not learn the condition
CREATE ROLE ride_inserter;
GRANT INSERT ON rides TO ride_inserter;
SET ROLE ride_inserter;
INSERT INTO rides VALUES (1, '2024-05-05', 'open', 1);
RESET ROLE;
DROP OWNED BY ride_inserter;
DROP ROLE ride_inserter;
ALTER TABLE rides RENAME state TO status;
SELECT outbox_unrule('rides', 'ride.paid');
INSERT INTO rides VALUES (NULL, '2024-05-05', 'open', 1);
TRUNCATE rides_2024;
ALTER TABLE rides RENAME ride_id TO id;
INSERT INTO rides VALUES (1, '2024-05-05', 'open', 1);
ALTER TABLE rides RENAME id TO ride_id;

\set SHOW_CONTEXT never

-- Large payloads: one warning a statement
INSERT INTO rides SELECT i, '2024-05-05', repeat('x', CASE i WHEN 1 THEN 65000 ELSE 66000 END), 1 FROM generate_series(1, 3) i;
DELETE FROM rides WHERE ride_id = 1;

-- A full ring
UPDATE tripmeter_internal.outbox_current SET refused = true;
INSERT INTO rides VALUES (4, '2024-05-05', 'open', 1);
UPDATE tripmeter_internal.outbox_current SET refused = false;
BEGIN;
ALTER TABLE tripmeter_internal.outbox_0 RENAME TO lost;
INSERT INTO rides VALUES (5, '2024-05-05', 'open', 1);
ROLLBACK;

-- Triggers that are not outbox_attach()'s
CREATE TABLE others (id int);
CREATE TRIGGER by_row AFTER INSERT ON others FOR EACH ROW EXECUTE FUNCTION tripmeter_internal.outbox_capture();
INSERT INTO others VALUES (1);
DROP TRIGGER by_row ON others;
CREATE TRIGGER by_hand AFTER INSERT ON others REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION tripmeter_internal.outbox_capture();
INSERT INTO others VALUES (1);
DROP TABLE others;

-- Partitions
ALTER TABLE rides DETACH PARTITION rides_2024 CONCURRENTLY;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'rides_2024'::regclass;
SELECT partition, covered, missing FROM outbox_coverage() WHERE relation = 'rides'::regclass;
SELECT outbox_attach('rides_2024', 'ride', '{ride_id}');
ALTER TABLE rides ATTACH PARTITION rides_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
SELECT outbox_detach('rides_2024');
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE rides_away PARTITION OF rides FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') SERVER nowhere;
SELECT outbox_detach('rides');
CREATE FOREIGN TABLE rides_away PARTITION OF rides FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') SERVER nowhere;
SELECT outbox_attach('rides', 'ride', '{ride_id}');

-- emit()
SELECT emit(NULL, '1', 'ride.lost', '{}');
SELECT emit('ride', '', 'ride.lost', '{}');
SELECT emit('ride', '1', NULL, '{}');
BEGIN READ ONLY;
SELECT emit('ride', '1', 'ride.lost', '{}');
ROLLBACK;

DROP TABLE rides, rides_2024 CASCADE;
DROP FOREIGN DATA WRAPPER nowhere CASCADE;
DELETE FROM outbox;
