-- The outbox: a new session reads and compiles what is captured of a table.  What it reads
-- must outlive the query that it was read by, whatever the conditions run while they are parsed.
SET client_min_messages = warning;

CREATE TABLE fares (fare_id int, status text);
CREATE FUNCTION is_fine(value int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    text text := '';
BEGIN
    FOR n IN 1 .. 200 LOOP
        text := text || repeat('x', 100);
    END LOOP;
    RETURN length(text) > 0 AND value > 0;
END $$;
CREATE DOMAIN fine_int AS int CHECK (public.is_fine(VALUE));
SELECT FROM tripmeter.outbox_attach('fares', 'fare', '{fare_id}');
SELECT FROM tripmeter.outbox_rule('fares', 'fare.listed', '{insert}',
    $$NEW.fare_id = ANY ('{1,2,3}'::public.fine_int[])$$);
SELECT FROM tripmeter.outbox_rule('fares', 'fare.done', '{insert}', $$NEW.status = 'done'$$);
SELECT FROM tripmeter.outbox_rule('fares', 'fare.over', '{insert}',
    $$NEW.status = 'done' OR NEW.status = 'closed'$$);
\c -
INSERT INTO fares VALUES (1, 'done');
SELECT type, aggregateid, payload FROM tripmeter.outbox WHERE aggregatetype = 'fare' ORDER BY seq;

-- Rules by the dozen, with long conditions and columns of their own
CREATE TABLE stages (stage_id int, name text);
SELECT FROM tripmeter.outbox_attach('stages', 'stage', '{stage_id}',
    payload_columns => '{stage_id,name}');
SELECT count(tripmeter.outbox_rule('stages', 'stage.' || to_char(n, 'FM00'), '{insert}',
    format($$NEW.name <> '%s' AND NEW.stage_id = ANY ('{%s}'::public.fine_int[])$$,
        repeat('y', 100 * n), n),
    CASE WHEN n % 2 = 0 THEN '{name}'::name[] END, n))
FROM generate_series(1, 20) n;
\c -
INSERT INTO stages SELECT n, 'stage ' || n FROM generate_series(1, 20) n;
SELECT type, aggregateid, payload, schemaversion FROM tripmeter.outbox
WHERE aggregatetype = 'stage' ORDER BY seq;

SELECT FROM tripmeter.outbox_detach('fares'), tripmeter.outbox_detach('stages');
DROP TABLE fares, stages;
DROP DOMAIN fine_int;
DROP FUNCTION is_fine;
