\echo Use "ALTER EXTENSION tripmeter UPDATE" to load this file. \quit
-- Events, and the slots that hold them.

CREATE SEQUENCE outbox_seq AS bigint CACHE 1;
COMMENT ON SEQUENCE outbox_seq IS 'Numbers of events. Without a cache, so that numbers are given in the order in which row locks are held.';

-- The first columns are those of Debezium's outbox event router.
CREATE TABLE outbox (
    seq bigint NOT NULL,
    id uuid NOT NULL,
    aggregatetype text NOT NULL,
    aggregateid text NOT NULL,
    type text NOT NULL,
    payload jsonb,
    version bigint,
    schemaversion integer NOT NULL,
    bucket integer NOT NULL,
    xid xid8 NOT NULL,
    occurred_at timestamp NOT NULL,
    traceparent text,
    tracestate text,
    correlationid text,
    causationid text,
    era integer NOT NULL,
    slot smallint NOT NULL
) PARTITION BY LIST (slot);
COMMENT ON TABLE outbox IS
    'Events, in the slots of a ring. Rows are only ever added, by capture and emit(); a slot that all consumers have passed is truncated. Do not alter it.';
COMMENT ON COLUMN outbox.seq IS 'orders the events of a window; of two events of one aggregate the later one has the higher number';
COMMENT ON COLUMN outbox.id IS 'identifies the event everywhere: a UUID of version 7';
COMMENT ON COLUMN outbox.aggregatetype IS 'what kind of thing it happened to';
COMMENT ON COLUMN outbox.aggregateid IS 'which one: the id as text, of several columns a JSON array';
COMMENT ON COLUMN outbox.type IS 'what happened';
COMMENT ON COLUMN outbox.payload IS 'what there is to say about it';
COMMENT ON COLUMN outbox.version IS 'of the aggregate, from a column of its row; NULL: there is none';
COMMENT ON COLUMN outbox.schemaversion IS 'of the payload''s structure, as the rule says';
COMMENT ON COLUMN outbox.bucket IS 'outbox_bucket(aggregatetype, aggregateid): which worker it is for';
COMMENT ON COLUMN outbox.xid IS 'of the transaction, in its era';
COMMENT ON COLUMN outbox.occurred_at IS 'when it was written, by the clock, in UTC';
COMMENT ON COLUMN outbox.traceparent IS 'setting tripmeter.traceparent; NULL: it was empty';
COMMENT ON COLUMN outbox.tracestate IS 'setting tripmeter.tracestate; NULL: it was empty';
COMMENT ON COLUMN outbox.correlationid IS 'setting tripmeter.correlationid; NULL: it was empty';
COMMENT ON COLUMN outbox.causationid IS 'setting tripmeter.causationid; NULL: it was empty';
COMMENT ON COLUMN outbox.era IS 'the era that xid belongs to';
COMMENT ON COLUMN outbox.slot IS 'the slot it is in';
REVOKE ALL ON outbox, outbox_seq FROM PUBLIC;
SELECT pg_extension_config_dump('outbox_seq', '');

-- Indexes are the partitions' own: an index of the parent's would meet that of a partition
-- which was added to the ring when a dump is restored.
DO $$
BEGIN
    FOR slot IN 0 .. 7 LOOP
        EXECUTE format('CREATE TABLE @extschema@.outbox_%1$s PARTITION OF @extschema@.outbox FOR VALUES IN (%1$s)', slot);
        EXECUTE format('CREATE INDEX outbox_%1$s_by_bucket ON @extschema@.outbox_%1$s (bucket, seq) WITH (deduplicate_items = off)', slot);
        EXECUTE format('COMMENT ON INDEX @extschema@.outbox_%s_by_bucket IS %L', slot, 'Finds the events of a bucket, in order.');
        EXECUTE format('COMMENT ON TABLE @extschema@.outbox_%s IS %L', slot, 'A slot of the ring of events.');
        EXECUTE format('REVOKE ALL ON @extschema@.outbox_%s FROM PUBLIC', slot);
        PERFORM pg_extension_config_dump(format('@extschema@.outbox_%s', slot)::regclass, '');
    END LOOP;
END
$$;

CREATE TABLE outbox_era (
    era integer PRIMARY KEY,
    system_identifier bigint NOT NULL,
    database oid NOT NULL,
    outbox oid NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    accepted boolean NOT NULL
);
COMMENT ON TABLE outbox_era IS
    'The systems whose transaction ids are in the events, the present one last. What was restored elsewhere begins a new era with its first event.';
COMMENT ON COLUMN outbox_era.era IS 'a number from 1 on';
COMMENT ON COLUMN outbox_era.system_identifier IS 'of the cluster: pg_control_system()';
COMMENT ON COLUMN outbox_era.database IS 'pg_database.oid';
COMMENT ON COLUMN outbox_era.outbox IS 'pg_class.oid of table outbox';
COMMENT ON COLUMN outbox_era.began_at IS 'when';
COMMENT ON COLUMN outbox_era.accepted IS 'whether its events may be received: the first era''s, and a later one''s after outbox_after_restore()';
REVOKE ALL ON outbox_era FROM PUBLIC;
SELECT pg_extension_config_dump('outbox_era', '');

CREATE TABLE outbox_current (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    slot smallint NOT NULL,
    refused boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE outbox_current IS 'Where events are written: one row.';
COMMENT ON COLUMN outbox_current.one IS 'true: there is one row';
COMMENT ON COLUMN outbox_current.slot IS 'the slot that producers write to';
COMMENT ON COLUMN outbox_current.refused IS 'whether new events are refused, for the ring is full';
REVOKE ALL ON outbox_current FROM PUBLIC;
SELECT pg_extension_config_dump('outbox_current', '');

-- Not a trigger: those can be disabled, and then events would be lost.
CREATE FUNCTION outbox_current_changed() RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_current_changed' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_current_changed() IS
    'Has all sessions read outbox_current again, which they remember, when this transaction commits. To be called by whoever writes to it. Internal.';
REVOKE ALL ON FUNCTION outbox_current_changed() FROM PUBLIC;

-- The first rows are not the install script's: a dump brings its own.
CREATE FUNCTION outbox_begin() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    here record;
BEGIN
    SELECT (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
        (SELECT oid FROM pg_database WHERE datname = current_database()) AS database,
        '@extschema@.outbox'::regclass::oid AS outbox
    INTO here;
    -- one at a time: the next one sees the row of the first
    LOCK TABLE @extschema@.outbox_era IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO @extschema@.outbox_current (slot) VALUES (0) ON CONFLICT DO NOTHING;
    PERFORM @extschema@.outbox_current_changed();
    INSERT INTO @extschema@.outbox_era (era, system_identifier, database, outbox, accepted)
    SELECT coalesce(last.era, 0) + 1, here.system_identifier, here.database, here.outbox, last.era IS NULL
    FROM (VALUES (1)) one LEFT JOIN (SELECT * FROM @extschema@.outbox_era ORDER BY era DESC LIMIT 1) last ON true
    WHERE (last.system_identifier, last.database, last.outbox) IS DISTINCT FROM (here.system_identifier, here.database, here.outbox);
END
$function$;
COMMENT ON FUNCTION outbox_begin() IS
    'Makes the first rows of outbox_current and outbox_era, and after a restore that of a new era, which is not accepted yet. Internal: attaching, writing and subscribing call it.';
REVOKE ALL ON FUNCTION outbox_begin() FROM PUBLIC;

CREATE FUNCTION outbox_bucket(aggregate_type text, aggregate_id text) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_bucket'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION outbox_bucket(text, text) IS
    'The bucket, 0 to 63, that the events of an aggregate are in: the upper 6 of 32 bits of 2654435761 times the CRC-32C of its type, a zero byte and its id.';

CREATE FUNCTION emit(aggregate_type text, aggregate_id text, type text, payload jsonb, version bigint DEFAULT NULL, schema_version integer DEFAULT 1) RETURNS uuid
    AS 'MODULE_PATHNAME', 'tripmeter_emit'
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 100;
COMMENT ON FUNCTION emit(text, text, text, jsonb, bigint, integer) IS
    'Writes an event that no row change makes, and returns its id. Events of one aggregate are in the order of the calls only if the transactions that call exclude each other, as by a row lock. Who may: roles that were granted EXECUTE. Errors: the type or id of the aggregate, or the type of the event, is NULL or empty; the outbox is full.';
REVOKE ALL ON FUNCTION emit(text, text, text, jsonb, bigint, integer) FROM PUBLIC;

-- Times are as in JSON; a sequence is compared as text, an integer has 32 bits; what is
-- not allowed in a URI is written by its bytes.
CREATE FUNCTION cloudevent(event outbox) RETURNS jsonb
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 20
    RETURN jsonb_build_object(
        'specversion', '1.0',
        'id', (event).id,
        'source', '/tripmeter/' || CASE WHEN (event).aggregatetype ~ '^[A-Za-z0-9._~-]+$' THEN (event).aggregatetype
            ELSE regexp_replace(upper(encode(convert_to((event).aggregatetype, 'UTF8'), 'hex')), '(..)', E'%\\1', 'g') END,
        'type', (event).type,
        'time', (to_jsonb((event).occurred_at) #>> '{}') || 'Z',
        'datacontenttype', 'application/json',
        'sequence', lpad((event).seq::text, 19, '0'),
        'schemaversion', (event).schemaversion,
        'data', (event).payload)
    || jsonb_strip_nulls(jsonb_build_object(
        'subject', nullif((event).aggregateid, ''),
        'partitionkey', nullif((event).aggregateid, ''),
        'aggregateversion', (event).version::text,
        'traceparent', (event).traceparent,
        'tracestate', (event).tracestate,
        'correlationid', (event).correlationid,
        'causationid', (event).causationid));
COMMENT ON FUNCTION cloudevent(outbox) IS
    'The event in the JSON form of CNCF CloudEvents 1.0. The source is /tripmeter/ and the type of the aggregate, the subject and the partitionkey are its id, and are not there if that is an empty text; sequence is the number in 19 digits, aggregateversion a string of digits; traceparent, tracestate, correlationid and causationid are there if the event has them.';
-- Capture: which tables' changes make which events.

CREATE TABLE outbox_source (
    relation regclass PRIMARY KEY,
    aggregatetype text NOT NULL CONSTRAINT outbox_source_has_a_type CHECK (aggregatetype <> ''),
    aggregateid name[] NOT NULL CONSTRAINT outbox_source_has_an_id CHECK (cardinality(aggregateid) > 0),
    version name,
    payload name[],
    truncatable boolean NOT NULL
);
COMMENT ON TABLE outbox_source IS 'The tables whose changes are captured: outbox_attach() and outbox_detach() write it.';
COMMENT ON COLUMN outbox_source.relation IS 'a table, or the root of a partitioned one';
COMMENT ON COLUMN outbox_source.aggregatetype IS 'what kind of thing its rows are';
COMMENT ON COLUMN outbox_source.aggregateid IS 'the columns that identify it';
COMMENT ON COLUMN outbox_source.version IS 'the column that has its version; NULL: there is none';
COMMENT ON COLUMN outbox_source.payload IS 'the columns that events carry where a rule does not say; NULL: all';
COMMENT ON COLUMN outbox_source.truncatable IS 'whether TRUNCATE is allowed, which makes no events';
COMMENT ON CONSTRAINT outbox_source_has_a_type ON outbox_source IS 'An aggregate has a type.';
COMMENT ON CONSTRAINT outbox_source_has_an_id ON outbox_source IS 'An aggregate has an id.';
REVOKE ALL ON outbox_source FROM PUBLIC;
SELECT pg_extension_config_dump('outbox_source', '');

CREATE TABLE outbox_rule (
    relation regclass REFERENCES outbox_source ON DELETE CASCADE,
    type text CONSTRAINT outbox_rule_has_a_type CHECK (type <> ''),
    operation text CONSTRAINT outbox_rule_has_an_operation CHECK (operation IN ('insert', 'update', 'delete')),
    condition text,
    payload name[],
    schemaversion integer NOT NULL,
    PRIMARY KEY (relation, type, operation)
);
COMMENT ON TABLE outbox_rule IS 'The events that changes of a table make: outbox_rule() and outbox_unrule() write it.';
COMMENT ON COLUMN outbox_rule.relation IS 'the table that is attached';
COMMENT ON COLUMN outbox_rule.type IS 'of the event';
COMMENT ON COLUMN outbox_rule.operation IS 'what makes it: insert, update or delete of a row';
COMMENT ON COLUMN outbox_rule.condition IS 'SQL over OLD and NEW; NULL: always';
COMMENT ON COLUMN outbox_rule.payload IS 'the columns that it carries; NULL: those of the table''s source';
COMMENT ON COLUMN outbox_rule.schemaversion IS 'of the payload''s structure';
COMMENT ON CONSTRAINT outbox_rule_has_a_type ON outbox_rule IS 'An event has a type.';
COMMENT ON CONSTRAINT outbox_rule_has_an_operation ON outbox_rule IS 'Rows are inserted, updated or deleted.';
REVOKE ALL ON outbox_rule FROM PUBLIC;
SELECT pg_extension_config_dump('outbox_rule', '');

-- The triggers

CREATE FUNCTION outbox_capture() RETURNS trigger
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_capture'
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION outbox_capture() IS
    'Writes the events of a statement''s changes: the trigger that outbox_attach() makes. Conditions, and the functions that make JSON of values, run as whoever changes the table. Errors: the table is not attached; a column that it was attached with, or that a rule names, is gone; an id is NULL; the outbox is full; TRUNCATE is not allowed.';
REVOKE ALL ON FUNCTION outbox_capture() FROM PUBLIC;

CREATE FUNCTION outbox_check(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_check'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION outbox_check(regclass) IS
    'Reads what a table is attached with and what its rules say as the triggers do, with their errors, and makes all sessions read it again. Internal: attaching and setting rules call it.';
REVOKE ALL ON FUNCTION outbox_check(regclass) FROM PUBLIC;

-- The triggers a relation needs: their names when they are made, their events, as pg_trigger.tgtype
-- has them too, and the transition tables they read. One that is there is known by its function and
-- its event, for its owner may have renamed it.
CREATE FUNCTION outbox_triggers() RETURNS TABLE (trigger name, event text, tgtype smallint, referencing text)
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1 ROWS 4
BEGIN ATOMIC
    VALUES ('tripmeter_outbox_insert'::name, 'AFTER INSERT', 4::smallint, 'REFERENCING NEW TABLE AS new_rows'),
        ('tripmeter_outbox_update', 'AFTER UPDATE', 16, 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'),
        ('tripmeter_outbox_delete', 'AFTER DELETE', 8, 'REFERENCING OLD TABLE AS old_rows'),
        ('tripmeter_outbox_truncate', 'BEFORE TRUNCATE', 34, '');
END;
COMMENT ON FUNCTION outbox_triggers() IS 'The triggers of a relation that is captured. Internal.';
REVOKE ALL ON FUNCTION outbox_triggers() FROM PUBLIC;

CREATE FUNCTION outbox_members(relation regclass) RETURNS TABLE (member regclass, kind "char")
    LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 100 ROWS 12
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT c.oid::regclass, c.relkind
    FROM pg_class c
    WHERE c.oid = relation
        OR c.oid IN (SELECT tree.relid FROM pg_partition_tree(relation) tree)
$function$;
COMMENT ON FUNCTION outbox_members(regclass) IS 'A table and all of its partitions. Internal.';
REVOKE ALL ON FUNCTION outbox_members(regclass) FROM PUBLIC;

CREATE FUNCTION outbox_cover(relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    member regclass;
    missing record;
BEGIN
    SELECT m.member INTO member FROM @extschema@.outbox_members(outbox_cover.relation) m WHERE m.kind NOT IN ('r', 'p');
    IF FOUND THEN
        RAISE EXCEPTION 'changes of "%" cannot be captured', member USING
            ERRCODE = 'wrong_object_type',
            DETAIL = format('Table "%s" would be captured with its partitions, and this one is a foreign table.', relation),
            HINT = 'Detach the partition from it.';
    END IF;
    FOR missing IN
        SELECT m.member, t.trigger::text, t.event, t.referencing
        FROM @extschema@.outbox_members(outbox_cover.relation) m, @extschema@.outbox_triggers() t
        WHERE NOT EXISTS (SELECT FROM pg_trigger g
            WHERE g.tgrelid = m.member AND g.tgfoid = '@extschema@.outbox_capture()'::regprocedure AND g.tgtype = t.tgtype)
        ORDER BY m.member::oid, t.trigger
    LOOP
        -- the owner may have a trigger of this name
        WHILE EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = missing.member AND g.tgname = missing.trigger) LOOP
            missing.trigger := missing.trigger || '_';
        END LOOP;
        EXECUTE format('CREATE TRIGGER %I %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION @extschema@.outbox_capture()',
            missing.trigger, missing.event, missing.member, missing.referencing);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_cover(regclass) IS 'Makes the triggers that a table and its partitions lack. Internal.';
REVOKE ALL ON FUNCTION outbox_cover(regclass) FROM PUBLIC;

-- By the function that they call: whoever drops or renames one of them is none the worse.
CREATE FUNCTION outbox_uncover(relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    name name;
BEGIN
    FOR name IN SELECT tgname FROM pg_trigger WHERE tgrelid = relation AND tgfoid = '@extschema@.outbox_capture()'::regprocedure LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', name, relation);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_uncover(regclass) IS 'Drops the triggers that capture changes of one relation. Internal.';
REVOKE ALL ON FUNCTION outbox_uncover(regclass) FROM PUBLIC;

-- What table owners call

CREATE FUNCTION outbox_require_owner(caller oid, relation regclass) RETURNS void
    LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT pg_has_role(caller, (SELECT relowner FROM pg_class WHERE oid = relation), 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of table %', relation USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_require_owner(oid, regclass) IS 'Error: the caller does not own the table. Internal.';
REVOKE ALL ON FUNCTION outbox_require_owner(oid, regclass) FROM PUBLIC;

CREATE FUNCTION outbox_require_attached(caller oid, relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM @extschema@.outbox_require_owner(caller, relation);
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
    IF NOT EXISTS (SELECT FROM @extschema@.outbox_source s WHERE s.relation = outbox_require_attached.relation) THEN
        RAISE EXCEPTION 'table "%" is not attached to the outbox', relation USING
            ERRCODE = 'undefined_object',
            HINT = 'tripmeter.outbox_attach() attaches a table, with all of its partitions.';
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_require_attached(oid, regclass) IS
    'Locks a table against writing. Errors: the caller does not own it; it is not attached. Internal.';
REVOKE ALL ON FUNCTION outbox_require_attached(oid, regclass) FROM PUBLIC;

CREATE FUNCTION outbox_attach_as(caller oid, relation regclass, aggregate_type text, aggregate_id name[], version_column name,
        payload_columns name[], allow_truncate boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    class pg_class;
    other regclass;
BEGIN
    SELECT c.* INTO class FROM pg_class c WHERE c.oid = relation;
    IF NOT FOUND OR nullif(aggregate_type, '') IS NULL OR coalesce(cardinality(aggregate_id), 0) = 0 OR array_position(aggregate_id, NULL) IS NOT NULL
            OR array_position(payload_columns, NULL) IS NOT NULL OR allow_truncate IS NULL THEN
        RAISE EXCEPTION 'a table, the type of its aggregate and the columns that identify it must be given' USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: tripmeter.outbox_attach(''trips'', ''trip'', ''{trip_id}'').';
    END IF;
    PERFORM @extschema@.outbox_require_owner(caller, relation);
    IF class.relkind NOT IN ('r', 'p') OR class.relpersistence = 't' THEN
        RAISE EXCEPTION 'changes of "%" cannot be captured', relation USING
            ERRCODE = 'wrong_object_type',
            DETAIL = 'It is not a table that lasts, or a partitioned one.';
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
    SELECT s.relation INTO other FROM @extschema@.outbox_source s
    WHERE s.relation = outbox_attach_as.relation OR s.relation IN (SELECT relid FROM pg_partition_ancestors(outbox_attach_as.relation) a (relid));
    IF FOUND THEN
        RAISE EXCEPTION 'table "%" is attached to the outbox already', relation USING
            ERRCODE = 'duplicate_object',
            DETAIL = CASE WHEN other = relation THEN 'Its changes are captured.' ELSE format('It is a partition of "%s", and captured with it.', other) END,
            HINT = 'To attach it in another way, detach it first: tripmeter.outbox_detach().';
    END IF;
    IF class.relispartition THEN
        RAISE EXCEPTION 'changes of partition "%" cannot be captured alone', relation USING
            ERRCODE = 'wrong_object_type',
            DETAIL = 'Those that are made through its parent would go unseen.',
            HINT = format('Attach the root, "%s".', pg_partition_root(relation));
    END IF;
    PERFORM @extschema@.outbox_begin();
    INSERT INTO @extschema@.outbox_source VALUES (relation, aggregate_type, aggregate_id, version_column, payload_columns, allow_truncate);
    PERFORM @extschema@.outbox_cover(relation);
    PERFORM @extschema@.outbox_check(relation);
END
$function$;
COMMENT ON FUNCTION outbox_attach_as(oid, regclass, text, name[], name, name[], boolean) IS 'What outbox_attach does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_attach_as(oid, regclass, text, name[], name, name[], boolean) FROM PUBLIC;

CREATE FUNCTION outbox_attach(relation regclass, aggregate_type text, aggregate_id name[], version_column name DEFAULT NULL, payload_columns name[] DEFAULT NULL, allow_truncate boolean DEFAULT false) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_attach(regclass, text, name[], name, name[], boolean) IS
    'Begins to capture the changes of a table, and of all partitions it has and will have: each row is an aggregate of this type, identified by these columns. Without a rule a change makes the event created, updated or deleted, after the type and a dot, with the row, the old one of a delete; payload_columns says which columns, for the outbox does not know of the table''s privileges and policies. version_column is an integer column whose value events carry. TRUNCATE makes no events, and is refused unless it is allowed. Waits for transactions that write to the table. Errors: the caller does not own the table; it is not a table that lasts, is itself a partition, or has a foreign one; it is attached already; a column does not exist, or its type cannot identify an aggregate.';
-- Who may attach a table may write events of any kind.
REVOKE ALL ON FUNCTION outbox_attach(regclass, text, name[], name, name[], boolean) FROM PUBLIC;

CREATE FUNCTION outbox_detach_as(caller oid, relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM @extschema@.outbox_require_attached(caller, relation);
    PERFORM @extschema@.outbox_uncover(m.member) FROM @extschema@.outbox_members(relation) m;
    DELETE FROM @extschema@.outbox_source s WHERE s.relation = outbox_detach_as.relation;
END
$function$;
COMMENT ON FUNCTION outbox_detach_as(oid, regclass) IS 'What outbox_detach does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_detach_as(oid, regclass) FROM PUBLIC;

CREATE FUNCTION outbox_detach(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_detach(regclass) IS
    'Ceases to capture the changes of a table, and forgets its rules. Events that there are stay. Waits for transactions that write to the table. Errors: the caller does not own the table; it is not attached.';

CREATE FUNCTION outbox_rule_as(caller oid, relation regclass, type text, on_operations text[], condition text, payload_columns name[],
        schema_version integer) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF relation IS NULL OR nullif(type, '') IS NULL OR schema_version IS NULL OR coalesce(cardinality(on_operations), 0) = 0
            OR array_position(payload_columns, NULL) IS NOT NULL OR NOT on_operations <@ '{insert,update,delete}' THEN
        RAISE EXCEPTION 'a table, the type of an event and the operations that make it must be given' USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('The operations given are %s.', coalesce(quote_nullable(on_operations::text), 'NULL')),
            HINT = 'Operations are insert, update and delete. For example: tripmeter.outbox_rule(''trips'', ''trip.completed'', ''{update}'', ''OLD.status IS DISTINCT FROM NEW.status AND NEW.status = ''''completed'''''').';
    END IF;
    PERFORM @extschema@.outbox_require_attached(caller, relation);
    INSERT INTO @extschema@.outbox_rule
    SELECT DISTINCT relation, type, o.operation, condition, payload_columns, schema_version FROM unnest(on_operations) o (operation)
    ON CONFLICT ON CONSTRAINT outbox_rule_pkey DO UPDATE
    SET condition = excluded.condition, payload = excluded.payload, schemaversion = excluded.schemaversion;
    PERFORM @extschema@.outbox_check(relation);
END
$function$;
COMMENT ON FUNCTION outbox_rule_as(oid, regclass, text, text[], text, name[], integer) IS 'What outbox_rule does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_rule_as(oid, regclass, text, text[], text, name[], integer) FROM PUBLIC;

CREATE FUNCTION outbox_rule(relation regclass, type text, on_operations text[], condition text DEFAULT NULL, payload_columns name[] DEFAULT NULL, schema_version integer DEFAULT 1) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_rule(regclass, text, text[], text, name[], integer) IS
    'Says which event these operations on a row make: insert, update, delete. Once a table has a rule, only rules make events. The condition is an SQL expression over OLD and NEW, as in the WHEN of a trigger, in which names outside pg_catalog are qualified by their schema; it is evaluated as whoever changes the table. payload_columns are those that the event carries, by default those of outbox_attach(). A rule of the same type for the same operation is replaced. The events of one change are in the order of their types. Waits for transactions that write to the table. Errors: the caller does not own the table; it is not attached; the condition is none; a column does not exist.';
-- Who may attach a table may write events of any kind.
REVOKE ALL ON FUNCTION outbox_rule(regclass, text, text[], text, name[], integer) FROM PUBLIC;

CREATE FUNCTION outbox_unrule_as(caller oid, relation regclass, type text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM @extschema@.outbox_require_attached(caller, relation);
    DELETE FROM @extschema@.outbox_rule r WHERE r.relation = outbox_unrule_as.relation AND r.type = outbox_unrule_as.type;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'table "%" has no rule "%"', relation, type USING ERRCODE = 'undefined_object';
    END IF;
    PERFORM @extschema@.outbox_check(relation);
END
$function$;
COMMENT ON FUNCTION outbox_unrule_as(oid, regclass, text) IS 'What outbox_unrule does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_unrule_as(oid, regclass, text) FROM PUBLIC;

CREATE FUNCTION outbox_unrule(relation regclass, type text) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_unrule(regclass, text) IS
    'Forgets the rule of this type, for all operations. After the last one is gone, changes make the events created, updated and deleted again. Waits for transactions that write to the table. Errors: the caller does not own the table; it is not attached; it has no such rule.';

CREATE FUNCTION outbox_coverage() RETURNS TABLE (relation regclass, partition regclass, covered boolean, missing text)
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER COST 1000 ROWS 100
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT s.relation, m.member, lacking.text IS NULL, lacking.text
    FROM @extschema@.outbox_source s
        LEFT JOIN LATERAL @extschema@.outbox_members(s.relation) m ON true
        CROSS JOIN LATERAL (
            SELECT CASE WHEN m.member IS NULL THEN 'the table does not exist'
                ELSE string_agg(CASE WHEN g.tgrelid IS NULL THEN format('trigger %s does not exist', t.trigger)
                        WHEN g.tgenabled = 'D' THEN format('trigger %s is disabled', g.tgname)
                        WHEN g.tgenabled = 'R' THEN format('trigger %s fires in replicas alone', g.tgname) END, '; ' ORDER BY t.trigger) END
            FROM @extschema@.outbox_triggers() t
                LEFT JOIN pg_trigger g ON g.tgrelid = m.member AND g.tgfoid = '@extschema@.outbox_capture()'::regprocedure AND g.tgtype = t.tgtype
        ) lacking (text)
    ORDER BY s.relation::oid, m.member::oid
$function$;
COMMENT ON FUNCTION outbox_coverage() IS
    'The tables that are attached, each with its partitions and itself, whether changes of these are captured, and if not what is missing.';

-- Partitions that come and go

CREATE FUNCTION outbox_follow_partitions() RETURNS event_trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    source regclass;
    stray regclass;
BEGIN
    IF NOT EXISTS (SELECT FROM @extschema@.outbox_source) THEN
        RETURN;
    END IF;
    SELECT s.relation INTO source FROM @extschema@.outbox_source s JOIN pg_class c ON c.oid = s.relation WHERE c.relispartition;
    IF FOUND THEN
        RAISE EXCEPTION 'table "%" is attached to the outbox', source USING
            ERRCODE = 'object_in_use',
            DETAIL = format('As a partition of "%s" it would not be seen what is done through that.', pg_partition_root(source)),
            HINT = 'Detach it first, by tripmeter.outbox_detach(), and attach the root.';
    END IF;
    FOR source IN
        SELECT DISTINCT s.relation
        FROM pg_event_trigger_ddl_commands() command, pg_partition_ancestors(command.objid) ancestor (relid), @extschema@.outbox_source s
        WHERE command.classid = 'pg_class'::regclass AND s.relation = ancestor.relid
    LOOP
        -- what was a partition of it is none any more
        FOR stray IN
            SELECT DISTINCT tgrelid FROM pg_trigger
            WHERE tgfoid = '@extschema@.outbox_capture()'::regprocedure
                AND NOT EXISTS (SELECT FROM @extschema@.outbox_source s WHERE s.relation = tgrelid)
                AND NOT EXISTS (SELECT FROM @extschema@.outbox_source s, pg_partition_ancestors(tgrelid) ancestor (relid) WHERE s.relation = ancestor.relid)
        LOOP
            PERFORM @extschema@.outbox_uncover(stray);
        END LOOP;
        PERFORM @extschema@.outbox_cover(source);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_follow_partitions() IS
    'Captures partitions that are created or attached, and ceases to capture those that are detached. Errors: a partition is a foreign table; a table that is attached to the outbox becomes a partition.';
REVOKE ALL ON FUNCTION outbox_follow_partitions() FROM PUBLIC;

CREATE FUNCTION outbox_forget_dropped() RETURNS event_trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- not there any more if it is the extension that was dropped
    IF to_regclass('@extschema@.outbox_source') IS NOT NULL THEN
        DELETE FROM @extschema@.outbox_source s
        USING pg_event_trigger_dropped_objects() dropped
        WHERE dropped.classid = 'pg_class'::regclass AND dropped.objsubid = 0 AND s.relation = dropped.objid;
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_forget_dropped() IS 'Forgets what the outbox knows of a table that is dropped.';
REVOKE ALL ON FUNCTION outbox_forget_dropped() FROM PUBLIC;

CREATE EVENT TRIGGER tripmeter_outbox_partitions ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA')
    EXECUTE FUNCTION outbox_follow_partitions();
COMMENT ON EVENT TRIGGER tripmeter_outbox_partitions IS 'Captures new partitions of tables that are attached to the outbox.';

CREATE EVENT TRIGGER tripmeter_outbox_dropped ON sql_drop
    EXECUTE FUNCTION outbox_forget_dropped();
COMMENT ON EVENT TRIGGER tripmeter_outbox_dropped IS 'Forgets tables that were attached to the outbox and are dropped.';
-- The ring of slots, and ticks: the snapshots between which events are handed out.

CREATE TABLE outbox_setting (
    one boolean PRIMARY KEY DEFAULT true CONSTRAINT outbox_setting_is_one CHECK (one),
    tick_interval interval NOT NULL DEFAULT '100 ms' CHECK (tick_interval BETWEEN '0' AND '100 years'),
    notify boolean NOT NULL DEFAULT false,
    slot_age interval NOT NULL DEFAULT '1 day' CHECK (slot_age BETWEEN '0' AND '100 years'),
    slot_bytes bigint NOT NULL DEFAULT 1073741824 CHECK (slot_bytes >= 0),
    when_full text NOT NULL DEFAULT 'extend' CHECK (when_full IN ('extend', 'refuse')),
    inbox_age interval NOT NULL DEFAULT '7 days' CHECK (inbox_age BETWEEN '0' AND '100 years')
);
COMMENT ON TABLE outbox_setting IS 'One row: the outbox''s settings, which outbox_configure changes.';
COMMENT ON COLUMN outbox_setting.one IS 'true';
COMMENT ON COLUMN outbox_setting.tick_interval IS 'who receives makes a tick when the last one is older';
COMMENT ON COLUMN outbox_setting.notify IS 'whether a tick that sees something new notifies channel tripmeter_outbox';
COMMENT ON COLUMN outbox_setting.slot_age IS 'the next slot is opened when the current one is older and has events';
COMMENT ON COLUMN outbox_setting.slot_bytes IS 'the next slot is opened when the current one is larger';
COMMENT ON COLUMN outbox_setting.when_full IS 'when every slot is in use: extend the ring, or refuse events';
COMMENT ON COLUMN outbox_setting.inbox_age IS 'how long inbox() remembers an id at least';

CREATE TABLE outbox_ring (
    slot smallint PRIMARY KEY,
    opened_tick bigint,
    opened_at timestamptz,
    closed_by xid8,
    sealed_tick bigint
);
COMMENT ON TABLE outbox_ring IS 'Slots of the ring: a partition each of outbox, outbox_tick and outbox_progress, which are truncated together. A slot with no opened_tick is free.';
COMMENT ON COLUMN outbox_ring.slot IS 'the number in the partitions'' names';
COMMENT ON COLUMN outbox_ring.opened_tick IS 'a tick that sees nothing of what the slot holds';
COMMENT ON COLUMN outbox_ring.opened_at IS 'when it became the current one';
COMMENT ON COLUMN outbox_ring.closed_by IS 'the transaction that opened the next slot instead; of the system at that time';
COMMENT ON COLUMN outbox_ring.sealed_tick IS 'a tick that sees all that the slot will ever hold';

CREATE SEQUENCE outbox_tick_number AS bigint CACHE 1;
COMMENT ON SEQUENCE outbox_tick_number IS 'Numbers of ticks.';

CREATE TABLE outbox_tick (
    tick bigint NOT NULL,
    era integer NOT NULL,
    snapshot pg_snapshot NOT NULL,
    seq_before bigint NOT NULL,
    next_xid xid8 NOT NULL,
    seq_after bigint NOT NULL,
    lsn pg_lsn NOT NULL,
    at timestamptz NOT NULL,
    slot smallint NOT NULL
) PARTITION BY LIST (slot);
COMMENT ON TABLE outbox_tick IS 'Ticks: of two, the later one sees all that the earlier one sees. Append-only.';
COMMENT ON COLUMN outbox_tick.tick IS 'its number';
COMMENT ON COLUMN outbox_tick.era IS 'whose transaction ids the snapshot holds: see outbox_era';
COMMENT ON COLUMN outbox_tick.snapshot IS 'what it sees';
COMMENT ON COLUMN outbox_tick.seq_before IS 'the last number of an event that was given before the snapshot was taken';
COMMENT ON COLUMN outbox_tick.next_xid IS 'the next transaction id, read after seq_before: whoever had it, or a higher one, wrote events with higher numbers';
COMMENT ON COLUMN outbox_tick.seq_after IS 'the last number that was given after the snapshot was taken';
COMMENT ON COLUMN outbox_tick.lsn IS 'the end of the log then: what it sees is durable when the log is flushed that far';
COMMENT ON COLUMN outbox_tick.at IS 'when it was made';
COMMENT ON COLUMN outbox_tick.slot IS 'the slot that was the current one';

-- Indexes are the partitions' own: an index of the parent's would meet that of a partition
-- which was added to the ring when a dump is restored.
DO $do$
DECLARE
    name text;
BEGIN
    FOR n IN 0..7 LOOP
        name := format('outbox_tick_%s', n);
        EXECUTE format('CREATE TABLE @extschema@.%s PARTITION OF @extschema@.outbox_tick FOR VALUES IN (%s)', name, n);
        EXECUTE format('CREATE INDEX %1$s_by_number ON @extschema@.%1$s (tick)', name);
        EXECUTE format('CREATE INDEX %1$s_by_seq ON @extschema@.%1$s (seq_after, tick)', name);
        EXECUTE format('CREATE INDEX %1$s_by_xid ON @extschema@.%1$s (next_xid)', name);
        EXECUTE format('COMMENT ON TABLE @extschema@.%s IS ''Ticks of slot %s.''', name, n);
        EXECUTE format('COMMENT ON INDEX @extschema@.%s_by_number IS ''Finds a tick.''', name);
        EXECUTE format('COMMENT ON INDEX @extschema@.%s_by_seq IS ''Finds the last tick before some event.''', name);
        EXECUTE format('COMMENT ON INDEX @extschema@.%s_by_xid IS ''Finds the last tick before some transaction had an id.''', name);
        PERFORM pg_extension_config_dump(format('@extschema@.%s', name)::regclass, '');
    END LOOP;
END
$do$;
SELECT pg_extension_config_dump('outbox_setting', '');
SELECT pg_extension_config_dump('outbox_ring', '');
SELECT pg_extension_config_dump('outbox_tick_number', '');

-- What SQL does not offer

CREATE FUNCTION outbox_lock(what integer, wait boolean) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_lock' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_lock(integer, boolean) IS
    'Takes the lock of ticks (0) or of a share until it is released, or the transaction ends. False if it was not to be had without waiting. Internal.';
REVOKE ALL ON FUNCTION outbox_lock(integer, boolean) FROM PUBLIC;

CREATE FUNCTION outbox_unlock(what integer) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_unlock' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_unlock(integer) IS 'Releases what outbox_lock took. Internal.';
REVOKE ALL ON FUNCTION outbox_unlock(integer) FROM PUBLIC;

CREATE FUNCTION outbox_is_unwritten("table" regclass) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_is_unwritten' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_is_unwritten(regclass) IS
    'Whether no transaction in progress has written to a table: a snapshot that is taken afterwards sees all that was written to it. Internal.';
REVOKE ALL ON FUNCTION outbox_is_unwritten(regclass) FROM PUBLIC;

CREATE FUNCTION outbox_next_xid() RETURNS xid8
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_next_xid' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_next_xid() IS 'The next transaction id, which nobody has yet. A snapshot''s xmax may be lower: it is above what has ended, not above what runs. Internal.';
REVOKE ALL ON FUNCTION outbox_next_xid() FROM PUBLIC;

CREATE FUNCTION outbox_end_of_log() RETURNS pg_lsn
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_end_of_log' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_end_of_log() IS 'Where the last record of the write-ahead log ends. Internal.';
REVOKE ALL ON FUNCTION outbox_end_of_log() FROM PUBLIC;

CREATE FUNCTION outbox_flush(lsn pg_lsn) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_flush' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_flush(pg_lsn) IS 'Flushes the write-ahead log that far, unless it is. Internal.';
REVOKE ALL ON FUNCTION outbox_flush(pg_lsn) FROM PUBLIC;

CREATE FUNCTION outbox_is_of_here(system_identifier bigint, database oid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_is_of_here' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION outbox_is_of_here(bigint, oid) IS 'Whether an era is that of this server and this database, which a restored copy is not. Internal.';
REVOKE ALL ON FUNCTION outbox_is_of_here(bigint, oid) FROM PUBLIC;

CREATE FUNCTION outbox_is_upkeep_due() RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_is_upkeep_due' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_is_upkeep_due() IS 'Whether the statement is a transaction of its own, and the session has not been told so in the last second. Internal.';
REVOKE ALL ON FUNCTION outbox_is_upkeep_due() FROM PUBLIC;

-- Snapshots

CREATE FUNCTION outbox_last_seq() RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(pg_sequence_last_value('@extschema@.outbox_seq'), 0);
END
$function$;
COMMENT ON FUNCTION outbox_last_seq() IS 'The last number that was given to an event, whether that has committed or not. Internal.';
REVOKE ALL ON FUNCTION outbox_last_seq() FROM PUBLIC;

-- The server leaves a transaction out of its own snapshots, so that it would seem to have committed.
CREATE FUNCTION outbox_snapshot() RETURNS pg_snapshot
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    latest pg_snapshot := pg_current_snapshot();
    own xid8 := pg_current_xact_id_if_assigned();
BEGIN
    IF own IS NULL OR own >= pg_snapshot_xmax(latest) THEN
        RETURN latest;
    END IF;
    RETURN format('%s:%s:%s', least(own, pg_snapshot_xmin(latest)), pg_snapshot_xmax(latest),
        (SELECT string_agg(id::text, ',' ORDER BY id)
         FROM (SELECT pg_snapshot_xip(latest) UNION SELECT own) AS running (id)));
END
$function$;
COMMENT ON FUNCTION outbox_snapshot() IS 'What has committed by now; never what this transaction wrote. Internal.';
REVOKE ALL ON FUNCTION outbox_snapshot() FROM PUBLIC;

CREATE FUNCTION outbox_write_tick(made outbox_tick) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_write_tick' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_write_tick(outbox_tick) IS 'Writes a tick into the current slot. Internal.';
REVOKE ALL ON FUNCTION outbox_write_tick(outbox_tick) FROM PUBLIC;

-- The lock makes of two ticks the later one see more, and keeps the slot that is written
-- to from being truncated meanwhile. It is not held until commit: whoever receives may keep
-- its transaction open for long.
CREATE FUNCTION outbox_make_tick(era integer) RETURNS outbox_tick
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    made @extschema@.outbox_tick;
BEGIN
    PERFORM @extschema@.outbox_lock(0, true);
    made.era := era;
    made.seq_before := @extschema@.outbox_last_seq();
    made.next_xid := @extschema@.outbox_next_xid();
    made.snapshot := @extschema@.outbox_snapshot();
    made.seq_after := @extschema@.outbox_last_seq();
    made.lsn := @extschema@.outbox_end_of_log();
    -- this may give the transaction an id, which is not to be among those in progress
    made.tick := nextval('@extschema@.outbox_tick_number');
    made.at := clock_timestamp();
    PERFORM @extschema@.outbox_write_tick(made);
    PERFORM @extschema@.outbox_unlock(0);
    PERFORM @extschema@.outbox_flush(made.lsn);
    RETURN made;
END
$function$;
COMMENT ON FUNCTION outbox_make_tick(integer) IS 'Makes a tick of the era and what it sees durable. Internal.';
REVOKE ALL ON FUNCTION outbox_make_tick(integer) FROM PUBLIC;

-- Reading ticks. Only the slots in use are locked.

CREATE FUNCTION outbox_slots(after_tick bigint DEFAULT 0) RETURNS smallint[]
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN ARRAY(SELECT slot FROM @extschema@.outbox_ring
                 WHERE opened_tick IS NOT NULL AND coalesce(sealed_tick > after_tick, true));
END
$function$;
COMMENT ON FUNCTION outbox_slots(bigint) IS 'The slots that are in use and may hold what a tick does not see. Internal.';
REVOKE ALL ON FUNCTION outbox_slots(bigint) FROM PUBLIC;

CREATE FUNCTION outbox_last_tick() RETURNS outbox_tick
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_last_tick' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_last_tick() IS 'The latest tick. Internal.';
REVOKE ALL ON FUNCTION outbox_last_tick() FROM PUBLIC;

CREATE FUNCTION outbox_tick_of(number bigint) RETURNS outbox_tick
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_tick_of' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_tick_of(bigint) IS 'A tick by its number; NULL if it is no longer kept. Internal.';
REVOKE ALL ON FUNCTION outbox_tick_of(bigint) FROM PUBLIC;

-- The events that are new since a tick have numbers after seq_before, but those of
-- transactions that were in progress then: some have ids from the snapshot's xmax on.
CREATE FUNCTION outbox_has_news(since outbox_tick) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN @extschema@.outbox_last_seq() > since.seq_before
        OR pg_snapshot_xmax(since.snapshot) < least(since.next_xid, pg_snapshot_xmax(pg_current_snapshot()))
        OR EXISTS (SELECT FROM pg_snapshot_xip(since.snapshot) AS running (id)
                   WHERE pg_visible_in_snapshot(id, pg_current_snapshot()));
END
$function$;
COMMENT ON FUNCTION outbox_has_news(outbox_tick) IS 'Whether a tick that is made now may see events that this one does not. Internal.';
REVOKE ALL ON FUNCTION outbox_has_news(outbox_tick) FROM PUBLIC;

-- The first rows. The install script makes none, for they would meet those of a restored dump.
CREATE FUNCTION outbox_prepare() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (SELECT FROM @extschema@.outbox_ring) THEN
        RETURN;
    END IF;
    PERFORM @extschema@.outbox_begin();
    LOCK TABLE @extschema@.outbox_ring IN SHARE ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM @extschema@.outbox_ring) THEN
        RETURN;
    END IF;
    INSERT INTO @extschema@.outbox_setting DEFAULT VALUES ON CONFLICT DO NOTHING;
    -- of all partitions: a dump of the schema alone has those that were added to the ring
    INSERT INTO @extschema@.outbox_ring (slot)
    SELECT generate_series(1, count(*)) - 1 FROM pg_inherits WHERE inhparent = '@extschema@.outbox'::regclass;
    UPDATE @extschema@.outbox_ring
    SET opened_at = clock_timestamp(),
        opened_tick = @extschema@.outbox_mark((SELECT max(era) FROM @extschema@.outbox_era), '3:3:', 0)
    WHERE slot = (SELECT slot FROM @extschema@.outbox_current);
END
$function$;
COMMENT ON FUNCTION outbox_prepare() IS 'Makes the rows that the outbox starts with, unless they are there. Internal.';
REVOKE ALL ON FUNCTION outbox_prepare() FROM PUBLIC;

CREATE FUNCTION outbox_mark(era integer, snapshot pg_snapshot, seq bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    mark @extschema@.outbox_tick;
BEGIN
    mark.tick := nextval('@extschema@.outbox_tick_number');
    mark.era := era;
    mark.snapshot := snapshot;
    mark.seq_before := 0;
    mark.next_xid := pg_snapshot_xmax(snapshot);
    mark.seq_after := seq;
    mark.lsn := @extschema@.outbox_end_of_log();
    mark.at := clock_timestamp();
    PERFORM @extschema@.outbox_write_tick(mark);
    RETURN mark.tick;
END
$function$;
COMMENT ON FUNCTION outbox_mark(integer, pg_snapshot, bigint) IS
    'Makes a tick that marks where an era begins, whose snapshot sees nothing, or ends, whose snapshot sees all of it. Internal.';
REVOKE ALL ON FUNCTION outbox_mark(integer, pg_snapshot, bigint) FROM PUBLIC;

CREATE FUNCTION outbox_check_isolation() RETURNS void
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'consumers cannot use a transaction of isolation level %', current_setting('transaction_isolation') USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Its snapshot may be older than what is known of them.',
            HINT = 'Use READ COMMITTED.';
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_check_isolation() IS 'Errors: an isolation level above READ COMMITTED. Internal.';
REVOKE ALL ON FUNCTION outbox_check_isolation() FROM PUBLIC;

CREATE FUNCTION outbox_this_era() RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    latest @extschema@.outbox_era;
BEGIN
    PERFORM @extschema@.outbox_check_isolation();
    SELECT * INTO latest FROM @extschema@.outbox_era ORDER BY era DESC LIMIT 1;
    IF latest.accepted AND latest.outbox = '@extschema@.outbox'::regclass
        AND @extschema@.outbox_is_of_here(latest.system_identifier, latest.database) THEN
        RETURN latest.era;
    END IF;
    RAISE EXCEPTION 'the outbox has been restored or copied from another database' USING
        ERRCODE = 'object_not_in_prerequisite_state',
        DETAIL = format('Consumers are where they were in era %s.', latest.era - (NOT latest.accepted)::integer),
        HINT = 'Call @extschema@.outbox_after_restore() once, if this copy is the one that consumers are to receive from.';
END
$function$;
COMMENT ON FUNCTION outbox_this_era() IS
    'The era of this system. Errors: an isolation level above READ COMMITTED; a restored or copied database whose era is not accepted yet. Internal.';
REVOKE ALL ON FUNCTION outbox_this_era() FROM PUBLIC;

-- Also when the clock was set back
CREATE FUNCTION outbox_is_tick_due(last outbox_tick, since interval) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN clock_timestamp() NOT BETWEEN last.at AND last.at + since - interval '1 us';
END
$function$;
COMMENT ON FUNCTION outbox_is_tick_due(outbox_tick, interval) IS 'Whether a tick is older than that. Internal.';
REVOKE ALL ON FUNCTION outbox_is_tick_due(outbox_tick, interval) FROM PUBLIC;

CREATE FUNCTION outbox_tick_if_due(since interval DEFAULT NULL) RETURNS outbox_tick
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    setting @extschema@.outbox_setting;
    era integer := @extschema@.outbox_this_era();
    last @extschema@.outbox_tick := @extschema@.outbox_last_tick();
BEGIN
    SELECT * INTO setting FROM @extschema@.outbox_setting;
    IF NOT @extschema@.outbox_is_tick_due(last, coalesce(since, setting.tick_interval)) OR NOT @extschema@.outbox_has_news(last) THEN
        RETURN last;
    END IF;
    IF setting.notify THEN
        NOTIFY tripmeter_outbox;
    END IF;
    RETURN @extschema@.outbox_make_tick(era);
END
$function$;
COMMENT ON FUNCTION outbox_tick_if_due(interval) IS
    'The latest tick, which is made now if the last one is older than that, by default the setting, and there is something new. Errors: those of outbox_this_era. Internal.';
REVOKE ALL ON FUNCTION outbox_tick_if_due(interval) FROM PUBLIC;
-- Consumers, and the shares in which their workers receive.

CREATE TABLE outbox_consumer (
    consumer text PRIMARY KEY CONSTRAINT outbox_consumer_is_named CHECK (consumer <> ''),
    owner name NOT NULL,
    shares integer NOT NULL CONSTRAINT outbox_consumer_shares CHECK (shares IN (1, 2, 4, 8, 16, 32, 64)),
    types text[],
    lease interval NOT NULL CONSTRAINT outbox_consumer_lease CHECK (lease > '0' AND lease <= '100 years'),
    max_tries integer NOT NULL CONSTRAINT outbox_consumer_tries CHECK (max_tries > 0),
    retry_delay interval NOT NULL CONSTRAINT outbox_consumer_delay CHECK (retry_delay >= '0'),
    retry_delay_max interval NOT NULL CONSTRAINT outbox_consumer_delay_max CHECK (retry_delay_max >= retry_delay AND retry_delay_max <= '100 years'),
    when_stuck text NOT NULL CONSTRAINT outbox_consumer_policy CHECK (when_stuck IN ('keep', 'drop')),
    subscribed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lost_at timestamptz
);
COMMENT ON TABLE outbox_consumer IS 'Who receives events. outbox_subscribe adds a row, outbox_unsubscribe removes it.';
COMMENT ON COLUMN outbox_consumer.consumer IS 'its name';
COMMENT ON COLUMN outbox_consumer.owner IS 'the role whose members may receive, acknowledge and seek for it';
COMMENT ON COLUMN outbox_consumer.shares IS 'in how many shares its events are given out: the most workers at once';
COMMENT ON COLUMN outbox_consumer.types IS 'the types of events that it receives; NULL: all';
COMMENT ON COLUMN outbox_consumer.lease IS 'how long a share is a worker''s since it last received or acknowledged';
COMMENT ON COLUMN outbox_consumer.max_tries IS 'an event that failed so often goes to outbox_dead';
COMMENT ON COLUMN outbox_consumer.retry_delay IS 'from the first failure of an event to its next try; then twice as long each time';
COMMENT ON COLUMN outbox_consumer.retry_delay_max IS 'but no longer';
COMMENT ON COLUMN outbox_consumer.when_stuck IS 'when the ring is full and it is the one who keeps a slot: keep it, or drop the consumer';
COMMENT ON COLUMN outbox_consumer.subscribed_at IS 'since when it is one';
COMMENT ON COLUMN outbox_consumer.lost_at IS 'when it was dropped for being stuck';
COMMENT ON CONSTRAINT outbox_consumer_is_named ON outbox_consumer IS 'A name is not empty.';
COMMENT ON CONSTRAINT outbox_consumer_shares ON outbox_consumer IS 'Shares are a power of two, up to the 64 buckets of events.';
COMMENT ON CONSTRAINT outbox_consumer_lease ON outbox_consumer IS 'A lease takes time, up to a hundred years.';
COMMENT ON CONSTRAINT outbox_consumer_tries ON outbox_consumer IS 'An event is tried once at least.';
COMMENT ON CONSTRAINT outbox_consumer_delay ON outbox_consumer IS 'A delay is not negative.';
COMMENT ON CONSTRAINT outbox_consumer_delay_max ON outbox_consumer IS 'The longest delay is not below the first, nor above a hundred years.';
COMMENT ON CONSTRAINT outbox_consumer_policy ON outbox_consumer IS 'There are two policies.';

CREATE SEQUENCE outbox_share_id AS integer MAXVALUE 8388607 CYCLE;
COMMENT ON SEQUENCE outbox_share_id IS 'Ids of shares; they are the upper bits of the numbers of batches.';

CREATE TABLE outbox_share (
    id integer PRIMARY KEY DEFAULT nextval('outbox_share_id'),
    consumer text NOT NULL,
    share integer NOT NULL,
    UNIQUE (consumer, share)
);
COMMENT ON TABLE outbox_share IS 'Shares of consumers. Whoever works on one holds the lock of its id.';
COMMENT ON COLUMN outbox_share.id IS 'its lock, and what its progress is found by';
COMMENT ON COLUMN outbox_share.consumer IS 'whose it is';
COMMENT ON COLUMN outbox_share.share IS 'events whose bucket leaves this remainder when divided by the number of shares; -1: where workers without a share wait';

CREATE SEQUENCE outbox_progress_number AS bigint CACHE 1;
COMMENT ON SEQUENCE outbox_progress_number IS 'Numbers of rows of outbox_progress.';

CREATE TABLE outbox_progress (
    n bigint NOT NULL DEFAULT nextval('outbox_progress_number'),
    share integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    epoch integer NOT NULL,
    worker text,
    lease_until timestamptz,
    tick bigint,
    until bigint,
    seq bigint,
    batch bigint,
    open boolean NOT NULL DEFAULT false,
    handed integer NOT NULL DEFAULT 0,
    retries integer NOT NULL DEFAULT 0,
    end_seq bigint,
    slot smallint NOT NULL
) PARTITION BY LIST (slot);
COMMENT ON TABLE outbox_progress IS 'A journal: the newest row of a share tells how far it is. Append-only, so that a long transaction slows nobody down.';
COMMENT ON COLUMN outbox_progress.n IS 'its number: the highest of a share is the newest';
COMMENT ON COLUMN outbox_progress.share IS 'the id of a share';
COMMENT ON COLUMN outbox_progress.at IS 'when it was written';
COMMENT ON COLUMN outbox_progress.epoch IS 'how often the share went from one worker to another';
COMMENT ON COLUMN outbox_progress.worker IS 'whose it is';
COMMENT ON COLUMN outbox_progress.lease_until IS 'until then nobody else takes it over';
COMMENT ON COLUMN outbox_progress.tick IS 'all events that it sees were acknowledged, or wait in outbox_retry';
COMMENT ON COLUMN outbox_progress.until IS 'the tick at the end of the window that is being handed out; NULL: none is';
COMMENT ON COLUMN outbox_progress.seq IS 'of that window, the events up to this number are done';
COMMENT ON COLUMN outbox_progress.batch IS 'the number of the last batch';
COMMENT ON COLUMN outbox_progress.open IS 'whether that is still to be acknowledged';
COMMENT ON COLUMN outbox_progress.handed IS 'how often it was handed out before';
COMMENT ON COLUMN outbox_progress.retries IS 'how many events of outbox_retry are in it';
COMMENT ON COLUMN outbox_progress.end_seq IS 'the events up to this number are in it; NULL: all that are left of the window';
COMMENT ON COLUMN outbox_progress.slot IS 'the slot that was the current one';

DO $do$
DECLARE
    name text;
BEGIN
    FOR n IN 0..7 LOOP
        name := format('outbox_progress_%s', n);
        EXECUTE format('CREATE TABLE @extschema@.%s PARTITION OF @extschema@.outbox_progress FOR VALUES IN (%s)', name, n);
        EXECUTE format('CREATE INDEX %1$s_by_share ON @extschema@.%1$s (share, n)', name);
        EXECUTE format('COMMENT ON TABLE @extschema@.%s IS ''Progress of slot %s.''', name, n);
        EXECUTE format('COMMENT ON INDEX @extschema@.%s_by_share IS ''Finds the newest row of a share.''', name);
        PERFORM pg_extension_config_dump(format('@extschema@.%s', name)::regclass, '');
    END LOOP;
END
$do$;
SELECT pg_extension_config_dump('outbox_consumer', '');
SELECT pg_extension_config_dump('outbox_share', '');
SELECT pg_extension_config_dump('outbox_share_id', '');
SELECT pg_extension_config_dump('outbox_progress_number', '');

-- Progress

CREATE FUNCTION outbox_share_number(of_share integer) RETURNS integer
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (SELECT s.share FROM @extschema@.outbox_share AS s WHERE s.id = of_share);
END
$function$;
COMMENT ON FUNCTION outbox_share_number(integer) IS 'Which share of its consumer it is, 0 or above; -1: where workers without a share wait. Internal.';
REVOKE ALL ON FUNCTION outbox_share_number(integer) FROM PUBLIC;

-- Whoever holds the lock of the share sees what was written under it before: the snapshot is
-- taken when the slots are locked.
CREATE FUNCTION outbox_newest(of_share integer) RETURNS outbox_progress
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_newest' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_newest(integer) IS 'How far a share is. Internal.';
REVOKE ALL ON FUNCTION outbox_newest(integer) FROM PUBLIC;

CREATE FUNCTION outbox_recent(of_share integer, most integer, since_tick bigint) RETURNS SETOF outbox_progress
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_recent' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_recent(integer, integer, bigint) IS
    'What was written of a share, at most so many rows, the newest first, in slots that were not sealed by a tick; not what is being truncated. Internal.';
REVOKE ALL ON FUNCTION outbox_recent(integer, integer, bigint) FROM PUBLIC;

-- The slot is read when it is written to: whoever has passed the tick that seals a slot
-- writes to a later one, so the newest row of a share is never in a slot that it has
-- passed, and truncating loses nothing.
CREATE FUNCTION outbox_write(p outbox_progress) RETURNS outbox_progress
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_write' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_write(outbox_progress) IS 'Writes how far a share is, into the current slot, and returns it with its number and the time. Internal.';
REVOKE ALL ON FUNCTION outbox_write(outbox_progress) FROM PUBLIC;

-- Who may

CREATE FUNCTION outbox_consumer_named(name text) RETURNS outbox_consumer
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    result @extschema@.outbox_consumer;
BEGIN
    SELECT * INTO result FROM @extschema@.outbox_consumer WHERE consumer = name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'consumer "%" is not subscribed', coalesce(name, 'NULL') USING
            ERRCODE = 'undefined_object',
            HINT = 'Subscribe it with @extschema@.outbox_subscribe.';
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION outbox_consumer_named(text) IS 'A consumer. Error: it is not subscribed. Internal.';
REVOKE ALL ON FUNCTION outbox_consumer_named(text) FROM PUBLIC;

CREATE FUNCTION outbox_consumer_of(caller oid, name text) RETURNS outbox_consumer
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    result @extschema@.outbox_consumer := @extschema@.outbox_consumer_named(name);
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = result.owner) THEN
        RAISE EXCEPTION 'role "%" does not exist', result.owner USING
            ERRCODE = 'undefined_object',
            DETAIL = format('Consumer "%s" belongs to it.', name),
            HINT = 'Create the role, or give the consumer to another with @extschema@.outbox_change.';
    END IF;
    IF NOT pg_has_role(caller, result.owner, 'USAGE') THEN
        RAISE EXCEPTION 'permission denied for consumer "%"', name USING
            ERRCODE = 'insufficient_privilege',
            DETAIL = format('It belongs to role "%s".', result.owner),
            HINT = format('Be a member of role "%s" to act for it.', result.owner);
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION outbox_consumer_of(oid, text) IS
    'A consumer, for whom the caller may act. Errors: it is not subscribed; its role does not exist; the caller is no member of it. Internal.';
REVOKE ALL ON FUNCTION outbox_consumer_of(oid, text) FROM PUBLIC;

-- Subscribing

CREATE FUNCTION outbox_start(start text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    oldest bigint := (SELECT min(opened_tick) FROM @extschema@.outbox_ring);
BEGIN
    CASE
        WHEN start = 'oldest' THEN
            RETURN oldest;
        WHEN start = 'now' THEN
            RETURN (@extschema@.outbox_make_tick(@extschema@.outbox_this_era())).tick;
        WHEN start ~ '^[0-9]{1,18}$' AND start::bigint >= oldest AND @extschema@.outbox_tick_of(start::bigint) IS NOT NULL THEN
            RETURN start::bigint;
        ELSE
            RAISE EXCEPTION 'there is no tick "%" to start from', start USING
                ERRCODE = 'invalid_parameter_value',
                DETAIL = format('The oldest of those that are kept is %s, the latest %s.', oldest, (@extschema@.outbox_last_tick()).tick),
                HINT = 'It can be ''now'', ''oldest'' or a tick that is kept.';
    END CASE;
END
$function$;
COMMENT ON FUNCTION outbox_start(text) IS 'The tick that ''now'', ''oldest'' or a number means. Errors: there is no such tick. Internal.';
REVOKE ALL ON FUNCTION outbox_start(text) FROM PUBLIC;

CREATE FUNCTION outbox_tick_at("time" timestamptz) RETURNS bigint
    LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(
        (SELECT max(t.tick) FROM @extschema@.outbox_tick AS t
         WHERE t.at <= "time" AND t.tick >= (SELECT min(opened_tick) FROM @extschema@.outbox_ring)),
        (SELECT min(opened_tick) FROM @extschema@.outbox_ring));
END
$function$;
COMMENT ON FUNCTION outbox_tick_at(timestamptz) IS
    'The last tick that was made by a time, or else the oldest that is kept: what committed later is after it. For outbox_subscribe and outbox_seek. NULL: there is none yet.';

CREATE FUNCTION outbox_subscribe_as(caller oid, consumer text, start text, shares integer, types text[], owner name, lease interval,
        max_tries integer, retry_delay interval, retry_delay_max interval, when_stuck text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    from_tick bigint;
    p @extschema@.outbox_progress;
BEGIN
    IF num_nulls(consumer, start, shares, lease, max_tries, retry_delay, retry_delay_max, when_stuck) > 0 THEN
        RAISE EXCEPTION 'of what describes a consumer only its types and its owner may be NULL' USING
            ERRCODE = 'null_value_not_allowed',
            HINT = 'NULL types are all types, a NULL owner is the caller. Leave out what has a default.';
    END IF;
    PERFORM @extschema@.outbox_prepare();
    PERFORM @extschema@.outbox_this_era();
    -- no slot is truncated until this commits
    LOCK TABLE @extschema@.outbox_ring IN SHARE ROW EXCLUSIVE MODE;
    owner := coalesce(owner, pg_get_userbyid(caller));
    IF EXISTS (SELECT FROM @extschema@.outbox_consumer AS c WHERE c.consumer = consumer) THEN
        RAISE EXCEPTION 'consumer "%" is subscribed already', consumer USING
            ERRCODE = 'duplicate_object',
            HINT = 'Go to another place with @extschema@.outbox_seek, or unsubscribe it first with @extschema@.outbox_unsubscribe.';
    END IF;
    INSERT INTO @extschema@.outbox_consumer
    VALUES (consumer, owner, shares, types, lease, max_tries, retry_delay, retry_delay_max, when_stuck);
    PERFORM @extschema@.outbox_consumer_of(caller, consumer);
    from_tick := @extschema@.outbox_start(start);
    FOR share IN -1..shares - 1 LOOP
        INSERT INTO @extschema@.outbox_share (consumer, share) VALUES (consumer, share) RETURNING id INTO p.share;
        p.epoch := 0;
        p.open := false;
        p.handed := 0;
        p.retries := 0;
        p.tick := CASE WHEN share >= 0 THEN from_tick END;
        PERFORM @extschema@.outbox_write(p);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_subscribe_as(oid, text, text, integer, text[], name, interval, integer, interval, interval, text) IS 'What outbox_subscribe does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_subscribe_as(oid, text, text, integer, text[], name, interval, integer, interval, interval, text) FROM PUBLIC;

CREATE FUNCTION outbox_subscribe(consumer text, start text DEFAULT 'now', shares integer DEFAULT 8, types text[] DEFAULT NULL,
        owner name DEFAULT NULL, lease interval DEFAULT '30 s', max_tries integer DEFAULT 10,
        retry_delay interval DEFAULT '1 s', retry_delay_max interval DEFAULT '1 hour', when_stuck text DEFAULT 'keep') RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_subscribe(text, text, integer, text[], name, interval, integer, interval, interval, text) IS
    'Makes a consumer, which receives what commits from now on, or from the oldest event that is kept or a tick on; of some types only, or of all. shares: the most workers that it can have. owner: the role whose members act for it, by default the caller. Errors: it is subscribed already; a start that is not kept; the caller is no member of the owner; a value that is out of range. For operators: EXECUTE is to be granted.';
REVOKE ALL ON FUNCTION outbox_subscribe(text, text, integer, text[], name, interval, integer, interval, interval, text) FROM PUBLIC;

CREATE FUNCTION outbox_change(consumer text, types text[] DEFAULT NULL, all_types boolean DEFAULT false, owner name DEFAULT NULL,
        lease interval DEFAULT NULL, max_tries integer DEFAULT NULL, retry_delay interval DEFAULT NULL,
        retry_delay_max interval DEFAULT NULL, when_stuck text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE @extschema@.outbox_consumer AS c
    SET types = CASE WHEN all_types THEN NULL ELSE coalesce(outbox_change.types, c.types) END,
        owner = coalesce(outbox_change.owner, c.owner),
        lease = coalesce(outbox_change.lease, c.lease),
        max_tries = coalesce(outbox_change.max_tries, c.max_tries),
        retry_delay = coalesce(outbox_change.retry_delay, c.retry_delay),
        retry_delay_max = coalesce(outbox_change.retry_delay_max, c.retry_delay_max),
        when_stuck = coalesce(outbox_change.when_stuck, c.when_stuck)
    WHERE c.consumer = outbox_change.consumer;
    IF NOT FOUND THEN
        PERFORM @extschema@.outbox_consumer_named(consumer);
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_change(text, text[], boolean, name, interval, integer, interval, interval, text) IS
    'Changes what is not NULL of a consumer, whatever its role. all_types: it receives all types. Errors: it is not subscribed; a value that is out of range. For operators: EXECUTE is to be granted.';
REVOKE ALL ON FUNCTION outbox_change(text, text[], boolean, name, interval, integer, interval, interval, text) FROM PUBLIC;

-- Going elsewhere

CREATE FUNCTION outbox_is_after(target outbox_tick, of_era integer, of_xid xid8) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT of_era > target.era OR of_era = target.era AND NOT pg_visible_in_snapshot(of_xid, target.snapshot)
$function$;
COMMENT ON FUNCTION outbox_is_after(outbox_tick, integer, xid8) IS 'Whether a tick does not see the events of a transaction of some era. Internal.';
REVOKE ALL ON FUNCTION outbox_is_after(outbox_tick, integer, xid8) FROM PUBLIC;

-- What failed or is dead and is handed out anew anyway must not come before what precedes it, nor be left out.
-- What is not handed out anew stays.
CREATE FUNCTION outbox_forget_failures(c outbox_consumer, of_share outbox_share, target outbox_tick) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    slots smallint[] := @extschema@.outbox_slots(target.tick);
BEGIN
    DELETE FROM @extschema@.outbox_retry AS r
    WHERE r.share = of_share.id
        AND EXISTS (SELECT FROM @extschema@.outbox_event_of(r) AS e WHERE @extschema@.outbox_is_after(target, e.era, e.xid))
        AND (r.slot IS NOT NULL
            OR EXISTS (SELECT FROM @extschema@.outbox AS o WHERE o.slot = ANY (slots) AND o.bucket = r.bucket AND o.seq = r.seq));
    PERFORM @extschema@.outbox_unblock(keys.consumer, keys.aggregatetype, keys.aggregateid)
    FROM (SELECT DISTINCT r.consumer, r.aggregatetype, r.aggregateid FROM @extschema@.outbox_retry AS r WHERE r.share = of_share.id) AS keys;
    DELETE FROM @extschema@.outbox_dead AS d
    WHERE d.consumer = c.consumer AND d.bucket % c.shares = of_share.share AND @extschema@.outbox_is_after(target, d.era, d.xid)
        AND EXISTS (SELECT FROM @extschema@.outbox AS o WHERE o.slot = ANY (slots) AND o.bucket = d.bucket AND o.seq = d.seq);
END
$function$;
COMMENT ON FUNCTION outbox_forget_failures(outbox_consumer, outbox_share, outbox_tick) IS
    'Forgets that events failed which are handed out again from a tick on. Internal.';
REVOKE ALL ON FUNCTION outbox_forget_failures(outbox_consumer, outbox_share, outbox_tick) FROM PUBLIC;

CREATE FUNCTION outbox_seek_as(caller oid, consumer text, start text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c @extschema@.outbox_consumer := @extschema@.outbox_consumer_of(caller, consumer);
    from_tick bigint;
    share @extschema@.outbox_share;
    p @extschema@.outbox_progress;
BEGIN
    PERFORM @extschema@.outbox_this_era();
    PERFORM @extschema@.outbox_check_receive(c, 1);
    -- no slot is truncated until this commits
    LOCK TABLE @extschema@.outbox_ring IN SHARE ROW EXCLUSIVE MODE;
    from_tick := @extschema@.outbox_start(start);
    FOR share IN SELECT * FROM @extschema@.outbox_share AS s WHERE s.consumer = c.consumer AND s.share >= 0 ORDER BY s.id LOOP
        PERFORM @extschema@.outbox_lock(share.id, true);
        p := @extschema@.outbox_newest(share.id);
        UPDATE @extschema@.outbox_retry AS r SET batch = NULL WHERE r.batch = p.batch;
        PERFORM @extschema@.outbox_forget_failures(c, share, @extschema@.outbox_tick_of(from_tick));
        p.tick := from_tick;
        p.until := NULL;
        p.epoch := p.epoch + 1;
        p.worker := NULL;
        p.lease_until := NULL;
        p.batch := NULL;
        p.open := false;
        PERFORM @extschema@.outbox_write(p);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_seek_as(oid, text, text) IS 'What outbox_seek does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_seek_as(oid, text, text) FROM PUBLIC;

CREATE FUNCTION outbox_seek(consumer text, start text) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_seek(text, text) IS
    'The consumer goes on at ''now'', ''oldest'' or a tick (outbox_tick_at gives that of a time), and its open batches are closed. Events that wait for a retry, and dead ones, stay where they are, but for those that are handed out again anyway. Errors: those of outbox_receive; a tick that is not kept.';

CREATE FUNCTION outbox_unsubscribe_as(caller oid, consumer text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c @extschema@.outbox_consumer := @extschema@.outbox_consumer_of(caller, consumer);
BEGIN
    -- before the shares, as subscribing and seeking do
    LOCK TABLE @extschema@.outbox_ring IN SHARE ROW EXCLUSIVE MODE;
    PERFORM @extschema@.outbox_lock(s.id, true) FROM @extschema@.outbox_share AS s WHERE s.consumer = c.consumer;
    DELETE FROM @extschema@.outbox_retry AS r WHERE r.consumer = c.consumer;
    DELETE FROM @extschema@.outbox_dead AS d WHERE d.consumer = c.consumer;
    DELETE FROM @extschema@.outbox_share AS s WHERE s.consumer = c.consumer;
    DELETE FROM @extschema@.outbox_consumer AS t WHERE t.consumer = c.consumer;
END
$function$;
COMMENT ON FUNCTION outbox_unsubscribe_as(oid, text) IS 'What outbox_unsubscribe does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_unsubscribe_as(oid, text) FROM PUBLIC;

CREATE FUNCTION outbox_unsubscribe(consumer text) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_unsubscribe(text) IS
    'Ends a consumer, with what waits for a retry and its dead events. Errors: it is not subscribed; the caller is no member of its role.';
-- Events that failed, and those of the same aggregate that wait behind them.

CREATE TABLE outbox_retry (
    consumer text NOT NULL,
    seq bigint NOT NULL,
    share integer NOT NULL,
    bucket integer NOT NULL,
    slot smallint,
    id uuid NOT NULL,
    aggregatetype text NOT NULL,
    aggregateid text NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    next_at timestamptz,
    batch bigint,
    error text,
    PRIMARY KEY (consumer, seq)
);
-- by a hash: there are ids that are too long for an index
CREATE INDEX outbox_retry_by_key ON outbox_retry (consumer, hashtextextended(aggregateid, 0));
CREATE INDEX outbox_retry_due ON outbox_retry (share, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX outbox_retry_by_batch ON outbox_retry (batch) WHERE batch IS NOT NULL;
COMMENT ON TABLE outbox_retry IS 'References to events that failed, and to those that wait behind them; an aggregate with a row here is blocked for the consumer.';
COMMENT ON COLUMN outbox_retry.consumer IS 'whose it is';
COMMENT ON COLUMN outbox_retry.seq IS 'the event''s number';
COMMENT ON COLUMN outbox_retry.share IS 'the share''s id';
COMMENT ON COLUMN outbox_retry.bucket IS 'the event''s bucket';
COMMENT ON COLUMN outbox_retry.slot IS 'where the event is; NULL: in outbox_kept';
COMMENT ON COLUMN outbox_retry.id IS 'the event''s id';
COMMENT ON COLUMN outbox_retry.aggregatetype IS 'with aggregateid: what is blocked';
COMMENT ON COLUMN outbox_retry.aggregateid IS 'see aggregatetype';
COMMENT ON COLUMN outbox_retry.tries IS 'how often it failed';
COMMENT ON COLUMN outbox_retry.next_at IS 'when the first of its aggregate is tried next; NULL: another is before it';
COMMENT ON COLUMN outbox_retry.batch IS 'the open batch that it is in';
COMMENT ON COLUMN outbox_retry.error IS 'what outbox_nack was told last';
COMMENT ON INDEX outbox_retry_by_key IS 'Finds the rows of an aggregate.';
COMMENT ON INDEX outbox_retry_due IS 'Finds what is to be tried next.';
COMMENT ON INDEX outbox_retry_by_batch IS 'Finds what is in a batch.';

CREATE TABLE outbox_kept (
    consumer text NOT NULL,
    LIKE outbox,
    PRIMARY KEY (consumer, seq),
    CONSTRAINT outbox_kept_for_retry FOREIGN KEY (consumer, seq) REFERENCES outbox_retry ON DELETE CASCADE
);
ALTER TABLE outbox_kept DROP COLUMN slot;
COMMENT ON TABLE outbox_kept IS 'Events of truncated slots that rows of outbox_retry refer to, a copy each.';
COMMENT ON COLUMN outbox_kept.consumer IS 'whose row it is';
COMMENT ON CONSTRAINT outbox_kept_for_retry ON outbox_kept IS 'It goes with its row.';

CREATE TABLE outbox_dead (
    consumer text NOT NULL,
    died_at timestamptz NOT NULL,
    tries integer NOT NULL,
    error text,
    LIKE outbox,
    PRIMARY KEY (consumer, seq)
);
ALTER TABLE outbox_dead DROP COLUMN slot;
COMMENT ON TABLE outbox_dead IS 'Events that failed too often, whole.';
COMMENT ON COLUMN outbox_dead.consumer IS 'who could not deal with it';
COMMENT ON COLUMN outbox_dead.died_at IS 'since when it is here';
COMMENT ON COLUMN outbox_dead.tries IS 'how often it failed';
COMMENT ON COLUMN outbox_dead.error IS 'what outbox_nack was told last';

SELECT pg_extension_config_dump('outbox_retry', '');
SELECT pg_extension_config_dump('outbox_kept', '');
SELECT pg_extension_config_dump('outbox_dead', '');

-- Receiving

CREATE FUNCTION outbox_event_of(r outbox_retry) RETURNS SETOF outbox
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF r.slot IS NULL THEN
        RETURN QUERY
        SELECT k.seq, k.id, k.aggregatetype, k.aggregateid, k.type, k.payload, k.version, k.schemaversion, k.bucket, k.xid, k.occurred_at,
            k.traceparent, k.tracestate, k.correlationid, k.causationid, k.era, NULL::smallint
        FROM @extschema@.outbox_kept AS k WHERE k.consumer = r.consumer AND k.seq = r.seq;
    ELSE
        -- by its own name: what a session knows of the partitions may be older than the slot
        RETURN QUERY EXECUTE format('SELECT * FROM @extschema@.outbox_%s WHERE bucket = $1 AND seq = $2', r.slot) USING r.bucket, r.seq;
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_event_of(outbox_retry) IS 'The event that a row refers to: in its slot, or without one in outbox_kept. Internal.';
REVOKE ALL ON FUNCTION outbox_event_of(outbox_retry) FROM PUBLIC;

-- Of an aggregate that is blocked, the first that is in no batch is due at some time, and no other.
CREATE FUNCTION outbox_unblock(of_consumer text, of_type text, of_id text) RETURNS void
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    WITH waiting AS (
        SELECT seq, next_at, seq = min(seq) OVER () AS is_first
        FROM @extschema@.outbox_retry
        WHERE consumer = of_consumer AND hashtextextended(aggregateid, 0) = hashtextextended(of_id, 0)
            AND aggregateid = of_id AND aggregatetype = of_type AND batch IS NULL
    )
    UPDATE @extschema@.outbox_retry AS r SET next_at = CASE WHEN is_first THEN clock_timestamp() END
    FROM waiting
    WHERE r.consumer = of_consumer AND r.seq = waiting.seq AND is_first = (waiting.next_at IS NULL)
$function$;
COMMENT ON FUNCTION outbox_unblock(text, text, text) IS
    'The first event of an aggregate that waits is due, now unless it has a time; those behind it are not. Internal.';
REVOKE ALL ON FUNCTION outbox_unblock(text, text, text) FROM PUBLIC;

-- Who failed is tried alone; who only waited comes with those that waited behind it.
CREATE FUNCTION outbox_take_due(of_consumer text, of_share integer, of_batch bigint, most integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    taken integer;
BEGIN
    WITH heads AS (
        SELECT h.seq, h.tries, h.aggregatetype, h.aggregateid
        FROM @extschema@.outbox_retry AS h
        WHERE h.share = of_share AND h.next_at <= clock_timestamp()
        ORDER BY h.next_at, h.seq LIMIT most
    ), due AS (
        SELECT seq, seq AS head FROM heads
        UNION ALL
        SELECT behind.seq, heads.seq
        FROM heads, LATERAL (
            SELECT r.seq FROM @extschema@.outbox_retry AS r
            WHERE heads.tries = 0 AND r.consumer = of_consumer
                AND hashtextextended(r.aggregateid, 0) = hashtextextended(heads.aggregateid, 0)
                AND r.aggregateid = heads.aggregateid AND r.aggregatetype = heads.aggregatetype AND r.seq > heads.seq
            ORDER BY r.seq LIMIT most) AS behind
    )
    UPDATE @extschema@.outbox_retry AS r SET batch = of_batch
    FROM (SELECT seq FROM due ORDER BY head, seq LIMIT most) AS chosen
    WHERE r.consumer = of_consumer AND r.seq = chosen.seq;
    GET DIAGNOSTICS taken = ROW_COUNT;
    RETURN taken;
END
$function$;
COMMENT ON FUNCTION outbox_take_due(text, integer, bigint, integer) IS 'Puts what is due into a batch, at most that many events, and returns how many. Internal.';
REVOKE ALL ON FUNCTION outbox_take_due(text, integer, bigint, integer) FROM PUBLIC;

CREATE FUNCTION outbox_defer(c outbox_consumer, p outbox_progress, share integer, a outbox_tick, b outbox_tick) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    deferred integer;
BEGIN
    IF NOT EXISTS (SELECT FROM @extschema@.outbox_retry WHERE share = p.share) THEN
        RETURN 0;
    END IF;
    WITH behind AS (
        SELECT e.* FROM @extschema@.outbox_events_of(c, p, share, a, b) AS e
        WHERE EXISTS (SELECT FROM @extschema@.outbox_retry AS r
                      WHERE r.consumer = c.consumer AND hashtextextended(r.aggregateid, 0) = hashtextextended(e.aggregateid, 0)
                          AND r.aggregateid = e.aggregateid AND r.aggregatetype = e.aggregatetype)
    ), added AS (
        INSERT INTO @extschema@.outbox_retry (consumer, seq, share, bucket, slot, id, aggregatetype, aggregateid)
        SELECT c.consumer, seq, p.share, bucket, slot, id, aggregatetype, aggregateid FROM behind
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) INTO deferred FROM behind;
    -- where one has a lower number than what blocks it, which then waits for it
    PERFORM @extschema@.outbox_unblock(r.consumer, r.aggregatetype, r.aggregateid)
    FROM @extschema@.outbox_retry AS r
    WHERE r.share = p.share AND r.next_at IS NOT NULL AND r.batch IS NULL AND EXISTS (
        SELECT FROM @extschema@.outbox_retry AS lower
        WHERE lower.consumer = r.consumer AND hashtextextended(lower.aggregateid, 0) = hashtextextended(r.aggregateid, 0)
            AND lower.aggregateid = r.aggregateid AND lower.aggregatetype = r.aggregatetype AND lower.seq < r.seq AND lower.batch IS NULL);
    RETURN deferred;
END
$function$;
COMMENT ON FUNCTION outbox_defer(outbox_consumer, outbox_progress, integer, outbox_tick, outbox_tick) IS
    'Puts the events of a batch whose aggregate is blocked behind what blocks it, and returns how many they are. Internal.';
REVOKE ALL ON FUNCTION outbox_defer(outbox_consumer, outbox_progress, integer, outbox_tick, outbox_tick) FROM PUBLIC;

-- Settling

CREATE FUNCTION outbox_settle(of_batch bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    done @extschema@.outbox_retry[];
BEGIN
    WITH gone AS (DELETE FROM @extschema@.outbox_retry WHERE batch = of_batch RETURNING outbox_retry)
    SELECT array_agg(gone.outbox_retry) INTO done FROM gone;
    PERFORM @extschema@.outbox_unblock(keys.consumer, keys.aggregatetype, keys.aggregateid)
    FROM (SELECT DISTINCT d.consumer, d.aggregatetype, d.aggregateid FROM unnest(done) AS d) AS keys;
END
$function$;
COMMENT ON FUNCTION outbox_settle(bigint) IS 'What is in a batch of outbox_retry is done. Internal.';
REVOKE ALL ON FUNCTION outbox_settle(bigint) FROM PUBLIC;

-- Failing

CREATE FUNCTION outbox_bury(c outbox_consumer, e outbox, tries integer, error text) RETURNS void
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO @extschema@.outbox_dead
    VALUES (c.consumer, clock_timestamp(), tries, error, e.seq, e.id, e.aggregatetype, e.aggregateid, e.type, e.payload, e.version,
        e.schemaversion, e.bucket, e.xid, e.occurred_at, e.traceparent, e.tracestate, e.correlationid, e.causationid, e.era)
    ON CONFLICT (consumer, seq) DO UPDATE SET died_at = EXCLUDED.died_at, tries = EXCLUDED.tries, error = EXCLUDED.error
$function$;
COMMENT ON FUNCTION outbox_bury(outbox_consumer, outbox, integer, text) IS 'Puts an event into outbox_dead. Internal.';
REVOKE ALL ON FUNCTION outbox_bury(outbox_consumer, outbox, integer, text) FROM PUBLIC;

-- Of an event of outbox_retry: those of its aggregate that are in the batch behind it wait again.
CREATE FUNCTION outbox_nack_retried(c outbox_consumer, r outbox_retry, error text, delay interval) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    due timestamptz := @extschema@.outbox_next_try(c, r.tries + 1, delay);
BEGIN
    IF due IS NULL THEN
        PERFORM @extschema@.outbox_bury(c, e, r.tries + 1, error) FROM @extschema@.outbox_event_of(r) AS e;
        DELETE FROM @extschema@.outbox_retry AS t WHERE t.consumer = r.consumer AND t.seq = r.seq;
        PERFORM @extschema@.outbox_unblock(r.consumer, r.aggregatetype, r.aggregateid);
        RETURN NULL;
    END IF;
    UPDATE @extschema@.outbox_retry AS t
    SET batch = NULL,
        tries = CASE t.seq WHEN r.seq THEN r.tries + 1 ELSE t.tries END,
        next_at = CASE t.seq WHEN r.seq THEN due END,
        error = CASE t.seq WHEN r.seq THEN error ELSE t.error END
    WHERE t.batch = r.batch AND t.aggregateid = r.aggregateid AND t.aggregatetype = r.aggregatetype AND t.seq >= r.seq;
    PERFORM @extschema@.outbox_unblock(r.consumer, r.aggregatetype, r.aggregateid);
    RETURN due;
END
$function$;
COMMENT ON FUNCTION outbox_nack_retried(outbox_consumer, outbox_retry, text, interval) IS 'An event that was tried again failed again. Internal.';
REVOKE ALL ON FUNCTION outbox_nack_retried(outbox_consumer, outbox_retry, text, interval) FROM PUBLIC;

CREATE FUNCTION outbox_next_try(c outbox_consumer, tries integer, delay interval) RETURNS timestamptz
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT clock_timestamp() + coalesce(delay,
        CASE WHEN extract(epoch FROM c.retry_delay) * power(2, least(tries - 1, 60)) < extract(epoch FROM c.retry_delay_max)
            THEN c.retry_delay * power(2, tries - 1) ELSE c.retry_delay_max END)
    WHERE tries < c.max_tries
$function$;
COMMENT ON FUNCTION outbox_next_try(outbox_consumer, integer, interval) IS
    'When an event that failed so often is tried next: after that delay, or else twice as long as the last time, up to a limit. NULL: never. Internal.';
REVOKE ALL ON FUNCTION outbox_next_try(outbox_consumer, integer, interval) FROM PUBLIC;

CREATE FUNCTION outbox_nack_fresh(c outbox_consumer, p outbox_progress, event uuid, error text, delay interval) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    events @extschema@.outbox[] := ARRAY(
        SELECT e FROM @extschema@.outbox_events_of(c, p, @extschema@.outbox_share_number(p.share), @extschema@.outbox_tick_of(p.tick), @extschema@.outbox_tick_of(p.until)) AS e
        WHERE NOT EXISTS (SELECT FROM @extschema@.outbox_retry AS r WHERE r.consumer = c.consumer AND r.seq = e.seq)
            AND NOT EXISTS (SELECT FROM @extschema@.outbox_dead AS d WHERE d.consumer = c.consumer AND d.seq = e.seq));
    failed @extschema@.outbox;
    due timestamptz;
BEGIN
    SELECT * INTO failed FROM unnest(events) WHERE id = event;
    IF failed.seq IS NULL THEN
        RAISE EXCEPTION 'event % is not in batch %', event, p.batch USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'It, or one of its aggregate before it, may have been refused before: it is handed out again later.';
    END IF;
    due := @extschema@.outbox_next_try(c, 1, delay);
    IF due IS NULL THEN
        PERFORM @extschema@.outbox_bury(c, failed, 1, error);
        RETURN NULL;
    END IF;
    INSERT INTO @extschema@.outbox_retry (consumer, seq, share, bucket, slot, id, aggregatetype, aggregateid, tries, next_at, error)
    SELECT c.consumer, seq, p.share, bucket, slot, id, aggregatetype, aggregateid, (id = event)::integer,
        CASE WHEN id = event THEN due END, CASE WHEN id = event THEN error END
    FROM unnest(events)
    WHERE aggregateid = failed.aggregateid AND aggregatetype = failed.aggregatetype AND seq >= failed.seq;
    PERFORM @extschema@.outbox_unblock(c.consumer, failed.aggregatetype, failed.aggregateid);
    RETURN due;
END
$function$;
COMMENT ON FUNCTION outbox_nack_fresh(outbox_consumer, outbox_progress, uuid, text, interval) IS
    'An event failed that was handed out for the first time. Errors: it is not in the batch. Internal.';
REVOKE ALL ON FUNCTION outbox_nack_fresh(outbox_consumer, outbox_progress, uuid, text, interval) FROM PUBLIC;

CREATE FUNCTION outbox_nack_as(caller oid, batch bigint, event uuid, error text, delay interval) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    p @extschema@.outbox_progress := @extschema@.outbox_lock_batch(caller, batch);
    c @extschema@.outbox_consumer;
    retried @extschema@.outbox_retry;
BEGIN
    IF NOT p.open OR p.batch <> batch THEN
        PERFORM @extschema@.outbox_refuse_batch(batch, p);
    END IF;
    SELECT t.* INTO c FROM @extschema@.outbox_consumer AS t JOIN @extschema@.outbox_share AS s ON s.consumer = t.consumer WHERE s.id = p.share;
    SELECT r.* INTO retried FROM @extschema@.outbox_retry AS r WHERE r.batch = batch AND r.id = event;
    IF FOUND THEN
        RETURN @extschema@.outbox_nack_retried(c, retried, error, delay);
    END IF;
    RETURN @extschema@.outbox_nack_fresh(c, p, event, error, delay);
END
$function$;
COMMENT ON FUNCTION outbox_nack_as(oid, bigint, uuid, text, interval) IS 'What outbox_nack does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_nack_as(oid, bigint, uuid, text, interval) FROM PUBLIC;

CREATE FUNCTION outbox_nack(batch bigint, event uuid, error text DEFAULT NULL, delay interval DEFAULT NULL) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_nack(bigint, uuid, text, interval) IS
    'An event of an open batch failed: it is tried again later, after that delay, or else one that grows with each failure. Returns when. Until then it and the later events of its aggregate wait, those of the same batch too: leave these out. NULL: it failed too often and is in outbox_dead; go on with the next. Errors: it is not in the batch; another worker has taken the batch over; the caller may not act for its consumer; those of outbox_this_era.';
-- Receiving and acknowledging.

-- Windows

CREATE FUNCTION outbox_seq_before(a outbox_tick, of_xid xid8) RETURNS bigint
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_seq_before' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_seq_before(outbox_tick, xid8) IS
    'The events of a transaction have higher numbers: what the last tick before a tells, at which it had no id yet. Internal.';
REVOKE ALL ON FUNCTION outbox_seq_before(outbox_tick, xid8) FROM PUBLIC;

-- See README.md, "Why no event is skipped".
CREATE FUNCTION outbox_low(a outbox_tick, b outbox_tick) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    oldest xid8 := (SELECT min(id) FROM pg_snapshot_xip(a.snapshot) AS running (id) WHERE pg_visible_in_snapshot(id, b.snapshot));
BEGIN
    IF oldest IS NULL AND pg_snapshot_xmax(a.snapshot) >= a.next_xid THEN
        RETURN a.seq_before;
    END IF;
    RETURN @extschema@.outbox_seq_before(a, coalesce(oldest, pg_snapshot_xmax(a.snapshot)));
END
$function$;
COMMENT ON FUNCTION outbox_low(outbox_tick, outbox_tick) IS 'Events that b sees and a does not have higher numbers. Internal.';
REVOKE ALL ON FUNCTION outbox_low(outbox_tick, outbox_tick) FROM PUBLIC;

CREATE FUNCTION outbox_tick_after(a outbox_tick, era integer) RETURNS outbox_tick
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_tick_after' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_tick_after(outbox_tick, integer) IS
    'The tick to go to from a: of the first slot that has one the latest within some 50,000 events, else the next. Only one whose events are durable: in an era before this one all are. Internal.';
REVOKE ALL ON FUNCTION outbox_tick_after(outbox_tick, integer) FROM PUBLIC;

CREATE FUNCTION outbox_fill(c outbox_consumer, p outbox_progress, share integer, a outbox_tick, b outbox_tick, most integer,
        OUT fresh integer, OUT end_seq bigint)
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_fill' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_fill(outbox_consumer, outbox_progress, integer, outbox_tick, outbox_tick, integer) IS
    'How many events a batch has, at most that many, and the number of the last of them if it is full. Internal.';
REVOKE ALL ON FUNCTION outbox_fill(outbox_consumer, outbox_progress, integer, outbox_tick, outbox_tick, integer) FROM PUBLIC;

CREATE FUNCTION outbox_past(p outbox_progress) RETURNS outbox_progress
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF p.end_seq IS NULL THEN
        p.tick := p.until;
        p.until := NULL;
    END IF;
    p.seq := p.end_seq;
    RETURN p;
END
$function$;
COMMENT ON FUNCTION outbox_past(outbox_progress) IS 'Progress behind the end of its batch. Internal.';
REVOKE ALL ON FUNCTION outbox_past(outbox_progress) FROM PUBLIC;

CREATE FUNCTION outbox_find(c outbox_consumer, p outbox_progress, share integer, most integer, era integer,
        OUT at outbox_progress, OUT a outbox_tick, OUT b outbox_tick, OUT fresh integer, OUT looked bigint)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    at := p;
    a := @extschema@.outbox_tick_of(p.tick);
    b := @extschema@.outbox_tick_of(p.until);
    fresh := 0;
    looked := 0;
    LOOP
        IF at.until IS NULL THEN
            b := @extschema@.outbox_tick_after(a, era);
            EXIT WHEN b.tick IS NULL;
            at.until := b.tick;
            -- an era begins where the one before it ends: there is nothing between
            at.seq := CASE WHEN b.era = a.era THEN @extschema@.outbox_low(a, b) ELSE b.seq_after END;
        END IF;
        looked := looked + b.seq_after - at.seq;
        SELECT * INTO fresh, at.end_seq FROM @extschema@.outbox_fill(c, at, share, a, b, most);
        EXIT WHEN fresh > 0;
        at := @extschema@.outbox_past(at);
        a := b;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_find(outbox_consumer, outbox_progress, integer, integer, integer) IS
    'The next events of a share, at most that many, between the ticks a and b; or how far there are none; and at how many numbers it looked. Internal.';
REVOKE ALL ON FUNCTION outbox_find(outbox_consumer, outbox_progress, integer, integer, integer) FROM PUBLIC;

-- Events of a batch, but for those of outbox_retry that are in it.
CREATE FUNCTION outbox_events_of(c outbox_consumer, p outbox_progress, share integer, a outbox_tick, b outbox_tick) RETURNS SETOF outbox
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_events_of' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_events_of(outbox_consumer, outbox_progress, integer, outbox_tick, outbox_tick) IS
    'The events between the position of a share and the end of its batch, in order. Internal.';
REVOKE ALL ON FUNCTION outbox_events_of(outbox_consumer, outbox_progress, integer, outbox_tick, outbox_tick) FROM PUBLIC;

-- Batches

-- Random: a number that a crash has made forgotten is never given again. Its upper bits tell the share.
CREATE FUNCTION outbox_batch_number(share integer) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (share::bigint << 40) | ('x' || left(replace(gen_random_uuid()::text, '-', ''), 10))::bit(40)::bigint;
END
$function$;
COMMENT ON FUNCTION outbox_batch_number(integer) IS 'A number for a batch of a share. Internal.';
REVOKE ALL ON FUNCTION outbox_batch_number(integer) FROM PUBLIC;

CREATE FUNCTION outbox_has_passed_seal(before bigint, after bigint) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (SELECT FROM @extschema@.outbox_ring WHERE sealed_tick > before AND sealed_tick <= after)
$function$;
COMMENT ON FUNCTION outbox_has_passed_seal(bigint, bigint) IS 'Whether a slot may be free once this progress from one tick to another is known. Internal.';
REVOKE ALL ON FUNCTION outbox_has_passed_seal(bigint, bigint) FROM PUBLIC;

CREATE FUNCTION outbox_open(c outbox_consumer, p outbox_progress, worker text, most integer, era integer) RETURNS outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    batch bigint := @extschema@.outbox_batch_number(p.share);
    share integer := @extschema@.outbox_share_number(p.share);
    before @extschema@.outbox_progress := p;
    f record;
    deferred integer := 0;
    given boolean;
BEGIN
    p.retries := @extschema@.outbox_take_due(c.consumer, p.share, batch, most);
    -- where there is no room for others the batch ends where it begins
    p.end_seq := p.seq;
    WHILE p.retries < most LOOP
        f := @extschema@.outbox_find(c, p, share, most - p.retries, era);
        p := f.at;
        EXIT WHEN f.fresh = 0;
        deferred := @extschema@.outbox_defer(c, p, share, f.a, f.b);
        given := f.fresh > deferred OR p.retries > 0;
        EXIT WHEN given;
        p := @extschema@.outbox_past(p);
    END LOOP;
    IF given OR p.retries > 0 THEN
        p.epoch := p.epoch + (p.worker IS DISTINCT FROM worker)::integer;
        p.worker := worker;
        p.lease_until := clock_timestamp() + c.lease;
        p.batch := batch;
        p.open := true;
        p.handed := 0;
        RETURN @extschema@.outbox_write(p);
    END IF;
    -- nothing: that is not worth a row each time
    IF deferred > 0 OR p.tick > before.tick AND (before.at < clock_timestamp() - interval '10 s'
            OR f.looked > 1000
            OR @extschema@.outbox_has_passed_seal(before.tick, p.tick)) THEN
        PERFORM @extschema@.outbox_write(p);
    ELSE
        PERFORM @extschema@.outbox_unlock(p.share);
    END IF;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION outbox_open(outbox_consumer, outbox_progress, text, integer, integer) IS
    'Opens a batch of the next events of a share that the caller has locked; NULL if there is none. Internal.';
REVOKE ALL ON FUNCTION outbox_open(outbox_consumer, outbox_progress, text, integer, integer) FROM PUBLIC;

CREATE FUNCTION outbox_open_again(c outbox_consumer, p outbox_progress, worker text) RETURNS outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    before @extschema@.outbox_progress := p;
BEGIN
    IF p.worker IS DISTINCT FROM worker THEN
        p.epoch := p.epoch + 1;
        p.worker := worker;
        p.batch := @extschema@.outbox_batch_number(p.share);
        UPDATE @extschema@.outbox_retry SET batch = p.batch WHERE batch = before.batch;
    END IF;
    p.handed := p.handed + 1;
    p.lease_until := clock_timestamp() + c.lease;
    RETURN @extschema@.outbox_write(p);
END
$function$;
COMMENT ON FUNCTION outbox_open_again(outbox_consumer, outbox_progress, text) IS
    'Hands the open batch of a share out again, to another worker by another number. Internal.';
REVOKE ALL ON FUNCTION outbox_open_again(outbox_consumer, outbox_progress, text) FROM PUBLIC;

-- Workers

CREATE FUNCTION outbox_shares_of(c outbox_consumer) RETURNS SETOF outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 8
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT newest.*
    FROM @extschema@.outbox_share AS s, @extschema@.outbox_newest(s.id) AS newest
    WHERE s.consumer = c.consumer AND s.share >= 0 AND newest.n IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION outbox_shares_of(outbox_consumer) IS 'How far the shares of a consumer are. Internal.';
REVOKE ALL ON FUNCTION outbox_shares_of(outbox_consumer) FROM PUBLIC;

-- Who has no share says so in the journal of share -1. One that is in a sealed slot will ask again.
CREATE FUNCTION outbox_waiting(c outbox_consumer) RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 2
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT recent.worker
    FROM @extschema@.outbox_share AS s, @extschema@.outbox_recent(s.id, 200, 9223372036854775807) AS recent
    WHERE s.consumer = c.consumer AND s.share = -1 AND recent.lease_until > clock_timestamp();
END
$function$;
COMMENT ON FUNCTION outbox_waiting(outbox_consumer) IS 'Workers that had no share when they last asked. Internal.';
REVOKE ALL ON FUNCTION outbox_waiting(outbox_consumer) FROM PUBLIC;

CREATE FUNCTION outbox_wait_for_share(c outbox_consumer, worker text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    p @extschema@.outbox_progress;
BEGIN
    IF worker IN (SELECT @extschema@.outbox_waiting(c)) THEN
        RETURN;
    END IF;
    p.share := (SELECT s.id FROM @extschema@.outbox_share AS s WHERE s.consumer = c.consumer AND s.share = -1);
    p.epoch := 0;
    p.worker := worker;
    p.lease_until := clock_timestamp() + c.lease;
    p.open := false;
    p.handed := 0;
    p.retries := 0;
    PERFORM @extschema@.outbox_write(p);
END
$function$;
COMMENT ON FUNCTION outbox_wait_for_share(outbox_consumer, text) IS 'Makes it known that a worker wants a share. Internal.';
REVOKE ALL ON FUNCTION outbox_wait_for_share(outbox_consumer, text) FROM PUBLIC;

-- A share is a worker's by what it did last. Of two workers that want shares neither keeps
-- more than half of them; who has too many gives one up each time it receives.
CREATE FUNCTION outbox_give_up(c outbox_consumer, p outbox_progress, worker text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT @extschema@.outbox_lock(p.share, false) THEN
        RETURN;
    END IF;
    p := @extschema@.outbox_newest(p.share);
    IF p.worker = worker AND NOT p.open THEN
        p.worker := NULL;
        p.lease_until := NULL;
        PERFORM @extschema@.outbox_write(p);
    ELSE
        PERFORM @extschema@.outbox_unlock(p.share);
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_give_up(outbox_consumer, outbox_progress, text) IS 'Ends a worker''s lease of a share, unless it has an open batch. Internal.';
REVOKE ALL ON FUNCTION outbox_give_up(outbox_consumer, outbox_progress, text) FROM PUBLIC;

CREATE FUNCTION outbox_take_share(c outbox_consumer, share integer, worker text, most integer, era integer) RETURNS outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    p @extschema@.outbox_progress;
BEGIN
    IF NOT @extschema@.outbox_lock(share, false) THEN
        RETURN NULL;
    END IF;
    p := @extschema@.outbox_newest(share);
    IF @extschema@.outbox_share_number(share) IS NULL THEN
        -- unsubscribed meanwhile
        PERFORM @extschema@.outbox_unlock(share);
        RETURN NULL;
    ELSIF p.worker <> worker AND p.lease_until > clock_timestamp() THEN
        PERFORM @extschema@.outbox_unlock(share);
        RETURN NULL;
    ELSIF p.open THEN
        RETURN @extschema@.outbox_open_again(c, p, worker);
    ELSE
        RETURN @extschema@.outbox_open(c, p, worker, most, era);
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_take_share(outbox_consumer, integer, text, integer, integer) IS
    'A batch of a share, unless it is another worker''s, or has nothing. Internal.';
REVOKE ALL ON FUNCTION outbox_take_share(outbox_consumer, integer, text, integer, integer) FROM PUBLIC;

-- The batch that the worker has not acknowledged comes first, then its own shares, then
-- those that it may take over: as many as make a fair share.
CREATE FUNCTION outbox_candidates(c outbox_consumer, worker text, OUT shares outbox_progress[], OUT excess integer, OUT wanting boolean)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    me CONSTANT text := worker;
    now CONSTANT timestamptz := clock_timestamp();
    every CONSTANT @extschema@.outbox_progress[] := ARRAY(SELECT s FROM @extschema@.outbox_shares_of(c) AS s);
    workers integer;
BEGIN
    SELECT count(DISTINCT live.worker), count(*) FILTER (WHERE live.worker = me) INTO workers, excess
    FROM unnest(every) AS live WHERE lease_until > now;
    workers := workers + (SELECT count(DISTINCT w) FROM (SELECT @extschema@.outbox_waiting(c) UNION SELECT me) AS more (w)
                          WHERE NOT EXISTS (SELECT FROM unnest(every) AS s WHERE s.lease_until > now AND s.worker = w));
    excess := excess - (c.shares + workers - 1) / workers;
    wanting := excess < 0 AND EXISTS (SELECT FROM unnest(every) WHERE worker <> me AND lease_until > now);
    shares := ARRAY(
        SELECT s FROM unnest(every) AS s
        WHERE worker = me AND (open OR lease_until > now) OR coalesce(lease_until <= now, true) AND excess < 0
        ORDER BY coalesce(worker = me, false) AND open DESC, coalesce(worker = me, false) DESC, n);
END
$function$;
COMMENT ON FUNCTION outbox_candidates(outbox_consumer, text) IS
    'The shares that a worker may receive from, in this order; how many more it has than is fair; and whether others have what it lacks. Internal.';
REVOKE ALL ON FUNCTION outbox_candidates(outbox_consumer, text) FROM PUBLIC;

CREATE FUNCTION outbox_take(c outbox_consumer, worker text, most integer, last outbox_tick) RETURNS outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    of_worker record := @extschema@.outbox_candidates(c, worker);
    candidate @extschema@.outbox_progress;
    result @extschema@.outbox_progress;
BEGIN
    FOREACH candidate IN ARRAY of_worker.shares LOOP
        CONTINUE WHEN candidate.until IS NULL AND NOT candidate.open AND candidate.tick >= last.tick
            AND NOT EXISTS (SELECT FROM @extschema@.outbox_retry AS r WHERE r.share = candidate.share AND r.next_at <= clock_timestamp());
        IF of_worker.excess > 0 AND NOT candidate.open THEN
            PERFORM @extschema@.outbox_give_up(c, candidate, worker);
            of_worker.excess := 0;
        ELSE
            result := @extschema@.outbox_take_share(c, candidate.share, worker, most, last.era);
            EXIT WHEN result.batch IS NOT NULL;
        END IF;
    END LOOP;
    IF result.batch IS NULL AND of_worker.wanting THEN
        PERFORM @extschema@.outbox_wait_for_share(c, worker);
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION outbox_take(outbox_consumer, text, integer, outbox_tick) IS
    'A batch for a worker: the one that it has not acknowledged, else of the share that had its turn least recently. NULL: there is none. Internal.';
REVOKE ALL ON FUNCTION outbox_take(outbox_consumer, text, integer, outbox_tick) FROM PUBLIC;

-- For consumers

CREATE FUNCTION outbox_receive_as(caller oid, consumer text, worker text, max integer)
    RETURNS TABLE (batch bigint, tries integer, seq bigint, id uuid, aggregatetype text, aggregateid text, type text, payload jsonb,
        version bigint, schemaversion integer, occurred_at timestamp, traceparent text, tracestate text,
        correlationid text, causationid text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER ROWS 500
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    c @extschema@.outbox_consumer := @extschema@.outbox_consumer_of(caller, consumer);
    last @extschema@.outbox_tick;
    p @extschema@.outbox_progress;
    refused boolean;
    given boolean := false;
BEGIN
    PERFORM @extschema@.outbox_check_receive(c, max);
    last := @extschema@.outbox_tick_if_due();
    LOOP
        p := @extschema@.outbox_take(c, coalesce(worker, format('pid %s', pg_backend_pid())), max, last);
        EXIT WHEN p.batch IS NULL;
        IF p.retries > 0 THEN
            RETURN QUERY
            SELECT p.batch, r.tries + p.handed, e.seq, e.id, e.aggregatetype, e.aggregateid, e.type, e.payload, e.version,
                e.schemaversion, e.occurred_at, e.traceparent, e.tracestate, e.correlationid, e.causationid
            FROM @extschema@.outbox_retry AS r, @extschema@.outbox_event_of(r) AS e
            WHERE r.batch = p.batch AND (c.types IS NULL OR e.type = ANY (c.types))
            ORDER BY r.seq;
            given := FOUND;
        END IF;
        refused := EXISTS (SELECT FROM @extschema@.outbox_retry AS r WHERE r.consumer = c.consumer)
            OR p.handed > 0 AND EXISTS (SELECT FROM @extschema@.outbox_dead AS d WHERE d.consumer = c.consumer);
        RETURN QUERY
        SELECT p.batch, p.handed, e.seq, e.id, e.aggregatetype, e.aggregateid, e.type, e.payload, e.version,
            e.schemaversion, e.occurred_at, e.traceparent, e.tracestate, e.correlationid, e.causationid
        FROM @extschema@.outbox_events_of(c, p, @extschema@.outbox_share_number(p.share), @extschema@.outbox_tick_of(p.tick), @extschema@.outbox_tick_of(p.until)) AS e
        WHERE NOT refused
            OR NOT EXISTS (SELECT FROM @extschema@.outbox_retry AS r WHERE r.consumer = c.consumer AND r.seq = e.seq)
            AND (p.handed = 0 OR NOT EXISTS (SELECT FROM @extschema@.outbox_dead AS d WHERE d.consumer = c.consumer AND d.seq = e.seq));
        IF FOUND OR given THEN
            RETURN;
        END IF;
        -- all of it was refused, and then its worker was gone
        PERFORM @extschema@.outbox_ack_as(caller, p.batch);
    END LOOP;
    PERFORM @extschema@.outbox_upkeep();
END
$function$;
COMMENT ON FUNCTION outbox_receive_as(oid, text, text, integer) IS 'What outbox_receive does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_receive_as(oid, text, text, integer) FROM PUBLIC;

CREATE FUNCTION outbox_receive(consumer text, worker text DEFAULT NULL, max integer DEFAULT 500)
    RETURNS TABLE (batch bigint, tries integer, seq bigint, id uuid, aggregatetype text, aggregateid text, type text, payload jsonb,
        version bigint, schemaversion integer, occurred_at timestamp, traceparent text, tracestate text,
        correlationid text, causationid text)
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 500;
COMMENT ON FUNCTION outbox_receive(text, text, integer) IS
    'A batch of events for a worker of a consumer, at most max, by default 500: the batch that it has not acknowledged yet, again; else the next. Of each aggregate in order. tries: how often the event failed or was handed out before. worker: a name that no other worker of the consumer has, by default one of the session. Errors: the consumer is not subscribed, or the caller is no member of its role; it was dropped for being stuck; those of outbox_this_era.';

CREATE FUNCTION outbox_check_receive(c outbox_consumer, max integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF c.lost_at IS NOT NULL THEN
        RAISE EXCEPTION 'consumer "%" was dropped: events are lost to it', c.consumer USING
            ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('It kept a slot of the full ring at %s, and its policy is to be dropped then.', c.lost_at),
            HINT = 'Unsubscribe it, subscribe it anew, and make up for what it missed.';
    END IF;
    IF max IS NULL OR max NOT BETWEEN 1 AND 10000 THEN
        RAISE EXCEPTION 'a batch cannot have at most % events', coalesce(max::text, 'NULL') USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'It can have 1 to 10000.';
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_check_receive(outbox_consumer, integer) IS 'Errors: a consumer that was dropped; a size of a batch below 1 or above 10000. Internal.';
REVOKE ALL ON FUNCTION outbox_check_receive(outbox_consumer, integer) FROM PUBLIC;

CREATE FUNCTION outbox_lock_batch(caller oid, batch bigint) RETURNS outbox_progress
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    of_share integer := (batch >> 40)::integer;
    consumer text := (SELECT s.consumer FROM @extschema@.outbox_share AS s WHERE s.id = of_share);
BEGIN
    IF consumer IS NULL THEN
        RAISE EXCEPTION 'there is no batch %', coalesce(batch::text, 'NULL') USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'Give the number that @extschema@.outbox_receive gave.';
    END IF;
    PERFORM @extschema@.outbox_consumer_of(caller, consumer);
    PERFORM @extschema@.outbox_this_era();
    PERFORM @extschema@.outbox_lock(of_share, true);
    RETURN @extschema@.outbox_newest(of_share);
END
$function$;
COMMENT ON FUNCTION outbox_lock_batch(oid, bigint) IS
    'Locks the share of a batch and returns its progress. Errors: there is none; the caller may not act for its consumer; those of outbox_this_era. Internal.';
REVOKE ALL ON FUNCTION outbox_lock_batch(oid, bigint) FROM PUBLIC;

CREATE FUNCTION outbox_refuse_batch(batch bigint, p outbox_progress) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION 'batch % is not open', batch USING
        ERRCODE = 'object_not_in_prerequisite_state',
        DETAIL = CASE WHEN p.batch = batch THEN 'It was acknowledged.'
            ELSE format('Its share is in epoch %s, of worker "%s".', p.epoch, p.worker) END,
        HINT = 'A batch is taken over when its worker''s lease has expired: undo what was done for it, and receive again.';
END
$function$;
COMMENT ON FUNCTION outbox_refuse_batch(bigint, outbox_progress) IS 'Errors: always, for a batch is not the open one of its share. Internal.';
REVOKE ALL ON FUNCTION outbox_refuse_batch(bigint, outbox_progress) FROM PUBLIC;

CREATE FUNCTION outbox_was_acknowledged(p outbox_progress, batch bigint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN EXISTS (SELECT FROM @extschema@.outbox_recent(p.share, 1000, 0) AS r
                   WHERE r.batch = outbox_was_acknowledged.batch AND NOT r.open);
END
$function$;
COMMENT ON FUNCTION outbox_was_acknowledged(outbox_progress, bigint) IS 'Whether a recent batch of a share was acknowledged. Internal.';
REVOKE ALL ON FUNCTION outbox_was_acknowledged(outbox_progress, bigint) FROM PUBLIC;

CREATE FUNCTION outbox_ack_as(caller oid, batch bigint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    p @extschema@.outbox_progress := @extschema@.outbox_lock_batch(caller, batch);
BEGIN
    IF NOT p.open OR p.batch <> batch THEN
        IF @extschema@.outbox_was_acknowledged(p, batch) THEN
            RETURN false;
        END IF;
        PERFORM @extschema@.outbox_refuse_batch(batch, p);
    END IF;
    IF p.retries > 0 THEN
        PERFORM @extschema@.outbox_settle(batch);
    END IF;
    IF p.until IS NOT NULL THEN
        p := @extschema@.outbox_past(p);
    END IF;
    p.open := false;
    p.handed := 0;
    p.retries := 0;
    p.lease_until := clock_timestamp() + (SELECT c.lease FROM @extschema@.outbox_share AS s JOIN @extschema@.outbox_consumer AS c USING (consumer) WHERE s.id = p.share);
    PERFORM @extschema@.outbox_write(p);
    PERFORM @extschema@.outbox_upkeep();
    RETURN true;
END
$function$;
COMMENT ON FUNCTION outbox_ack_as(oid, bigint) IS 'What outbox_ack does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_ack_as(oid, bigint) FROM PUBLIC;

CREATE FUNCTION outbox_ack(batch bigint) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_ack(bigint) IS
    'All events of a batch are done but those that outbox_nack was told of. False if it was acknowledged before. Errors: another worker has taken it over; the caller may not act for its consumer; those of outbox_this_era.';
-- Events that failed too often.

CREATE FUNCTION outbox_dead_letters_as(caller oid, consumer text) RETURNS SETOF outbox_dead
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED SECURITY DEFINER ROWS 10
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c @extschema@.outbox_consumer := @extschema@.outbox_consumer_of(caller, consumer);
BEGIN
    RETURN QUERY SELECT d.* FROM @extschema@.outbox_dead AS d WHERE d.consumer = c.consumer AND (c.types IS NULL OR d.type = ANY (c.types)) ORDER BY d.seq;
END
$function$;
COMMENT ON FUNCTION outbox_dead_letters_as(oid, text) IS 'What outbox_dead_letters does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_dead_letters_as(oid, text) FROM PUBLIC;

CREATE FUNCTION outbox_dead_letters(consumer text) RETURNS SETOF outbox_dead
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION outbox_dead_letters(text) IS
    'The dead events of a consumer of the types that it receives, in order. Errors: it is not subscribed; the caller is no member of its role.';

CREATE FUNCTION outbox_take_dead(caller oid, consumer text, event uuid) RETURNS outbox_dead
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c @extschema@.outbox_consumer := @extschema@.outbox_consumer_of(caller, consumer);
    taken @extschema@.outbox_dead;
BEGIN
    DELETE FROM @extschema@.outbox_dead AS d
    WHERE d.consumer = c.consumer AND d.id = event AND (c.types IS NULL OR d.type = ANY (c.types))
    RETURNING d.* INTO taken;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'event % is not dead', coalesce(event::text, 'NULL') USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('There is none of this id among those of consumer "%s".', c.consumer),
            HINT = 'See @extschema@.outbox_dead_letters.';
    END IF;
    RETURN taken;
END
$function$;
COMMENT ON FUNCTION outbox_take_dead(oid, text, uuid) IS
    'Removes a dead event and returns it. Errors: there is none; the consumer is not subscribed; the caller is no member of its role. Internal.';
REVOKE ALL ON FUNCTION outbox_take_dead(oid, text, uuid) FROM PUBLIC;

CREATE FUNCTION outbox_dead_retry_as(caller oid, consumer text, event uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    d @extschema@.outbox_dead := @extschema@.outbox_take_dead(caller, consumer, event);
    of_share integer := (SELECT s.id FROM @extschema@.outbox_share AS s JOIN @extschema@.outbox_consumer AS c USING (consumer)
                         WHERE s.consumer = d.consumer AND s.share = d.bucket % c.shares);
BEGIN
    PERFORM @extschema@.outbox_lock(of_share, true);
    INSERT INTO @extschema@.outbox_retry (consumer, seq, share, bucket, id, aggregatetype, aggregateid, error)
    VALUES (d.consumer, d.seq, of_share, d.bucket, d.id, d.aggregatetype, d.aggregateid, d.error);
    INSERT INTO @extschema@.outbox_kept VALUES (d.consumer, d.seq, d.id, d.aggregatetype, d.aggregateid, d.type, d.payload, d.version,
        d.schemaversion, d.bucket, d.xid, d.occurred_at, d.traceparent, d.tracestate, d.correlationid, d.causationid, d.era);
    PERFORM @extschema@.outbox_unblock(d.consumer, d.aggregatetype, d.aggregateid);
END
$function$;
COMMENT ON FUNCTION outbox_dead_retry_as(oid, text, uuid) IS 'What outbox_dead_retry does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_dead_retry_as(oid, text, uuid) FROM PUBLIC;

CREATE FUNCTION outbox_dead_retry(consumer text, event uuid) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_dead_retry(text, uuid) IS
    'A dead event is handed out again, behind earlier ones of its aggregate that wait, and what comes of that waits behind it. It comes after events that were behind it and are done: whether that is right only its consumer knows. Errors: there is none; the consumer is not subscribed; the caller is no member of its role.';

CREATE FUNCTION outbox_dead_drop_as(caller oid, consumer text, event uuid) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM @extschema@.outbox_take_dead(caller, consumer, event);
END
$function$;
COMMENT ON FUNCTION outbox_dead_drop_as(oid, text, uuid) IS 'What outbox_dead_drop does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_dead_drop_as(oid, text, uuid) FROM PUBLIC;

CREATE FUNCTION outbox_dead_drop(consumer text, event uuid) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_dead_drop(text, uuid) IS
    'Gives a dead event up. Errors: there is none; the consumer is not subscribed; the caller is no member of its role.';
-- The ids that a consumer has dealt with, so that it deals with each event once.

-- Two generations: when the younger one is old enough, the older one is truncated and becomes the younger.
CREATE TABLE outbox_inbox (
    owner name NOT NULL,
    consumer text NOT NULL,
    id uuid NOT NULL,
    generation smallint NOT NULL,
    PRIMARY KEY (id, consumer, owner, generation)
) PARTITION BY LIST (generation);
CREATE TABLE outbox_inbox_0 PARTITION OF outbox_inbox FOR VALUES IN (0);
CREATE TABLE outbox_inbox_1 PARTITION OF outbox_inbox FOR VALUES IN (1);
COMMENT ON TABLE outbox_inbox IS 'Ids that inbox() has seen, of the younger and the older generation.';
COMMENT ON TABLE outbox_inbox_0 IS 'Ids of generation 0.';
COMMENT ON TABLE outbox_inbox_1 IS 'Ids of generation 1.';
COMMENT ON COLUMN outbox_inbox.owner IS 'the consumer''s role; of a consumer that is not subscribed here, the caller''s';
COMMENT ON COLUMN outbox_inbox.consumer IS 'who has seen it';
COMMENT ON COLUMN outbox_inbox.id IS 'what was seen';
COMMENT ON COLUMN outbox_inbox.generation IS '0 or 1';

CREATE TABLE outbox_inbox_generation (
    one boolean PRIMARY KEY DEFAULT true CONSTRAINT outbox_inbox_generation_is_one CHECK (one),
    generation smallint NOT NULL DEFAULT 0,
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE outbox_inbox_generation IS 'One row: the younger generation.';
COMMENT ON COLUMN outbox_inbox_generation.one IS 'true';
COMMENT ON COLUMN outbox_inbox_generation.generation IS '0 or 1';
COMMENT ON COLUMN outbox_inbox_generation.since IS 'since when it is';
COMMENT ON CONSTRAINT outbox_inbox_generation_is_one ON outbox_inbox_generation IS 'There is one row.';

SELECT pg_extension_config_dump('outbox_inbox_0', '');
SELECT pg_extension_config_dump('outbox_inbox_1', '');
SELECT pg_extension_config_dump('outbox_inbox_generation', '');

CREATE FUNCTION outbox_inbox_owner(caller oid, consumer text) RETURNS name
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (SELECT FROM @extschema@.outbox_consumer AS c WHERE c.consumer = outbox_inbox_owner.consumer) THEN
        RETURN (@extschema@.outbox_consumer_of(caller, consumer)).owner;
    END IF;
    RETURN pg_get_userbyid(caller);
END
$function$;
COMMENT ON FUNCTION outbox_inbox_owner(oid, text) IS
    'The role of a consumer; the caller, if it is not subscribed here: nobody marks ids for another. Errors: the caller is no member of it. Internal.';
REVOKE ALL ON FUNCTION outbox_inbox_owner(oid, text) FROM PUBLIC;

CREATE FUNCTION inbox_as(caller oid, consumer text, id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    of_owner name := @extschema@.outbox_inbox_owner(caller, consumer);
    young smallint;
BEGIN
    PERFORM @extschema@.outbox_check_isolation();
    -- the generations stay what they are until this commits
    LOCK TABLE @extschema@.outbox_inbox IN ROW EXCLUSIVE MODE;
    SELECT g.generation INTO young FROM @extschema@.outbox_inbox_generation AS g;
    IF NOT FOUND THEN
        INSERT INTO @extschema@.outbox_inbox_generation DEFAULT VALUES ON CONFLICT DO NOTHING;
        young := 0;
    END IF;
    IF EXISTS (SELECT FROM @extschema@.outbox_inbox AS i
               WHERE i.generation = 1 - young AND i.id = inbox_as.id AND i.consumer = inbox_as.consumer AND i.owner = of_owner) THEN
        RETURN false;
    END IF;
    INSERT INTO @extschema@.outbox_inbox (owner, consumer, id, generation)
    VALUES (of_owner, inbox_as.consumer, inbox_as.id, young) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$function$;
COMMENT ON FUNCTION inbox_as(oid, text, uuid) IS 'What inbox does, for a caller. Internal.';
REVOKE ALL ON FUNCTION inbox_as(oid, text, uuid) FROM PUBLIC;

CREATE FUNCTION inbox(consumer text, id uuid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION inbox(text, uuid) IS
    'Whether a consumer sees this id for the first time: true once, false afterwards, as long as the transaction that got true did not fail. Waits for a transaction that has just asked the same. Remembers for inbox_age at least: see outbox_configure. The consumer need not be subscribed here: then ids are the calling role''s. Errors: the caller is no member of the consumer''s role; an isolation level above READ COMMITTED; an argument that is NULL.';

CREATE FUNCTION outbox_inbox_turn() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    old smallint := (SELECT 1 - g.generation FROM @extschema@.outbox_inbox_generation AS g, @extschema@.outbox_setting AS s
                     WHERE g.since + s.inbox_age < clock_timestamp());
BEGIN
    IF old IS NULL THEN
        RETURN;
    END IF;
    LOCK TABLE @extschema@.outbox_inbox IN ACCESS EXCLUSIVE MODE NOWAIT;
    EXECUTE format('TRUNCATE @extschema@.outbox_inbox_%s', old);
    UPDATE @extschema@.outbox_inbox_generation SET generation = old, since = clock_timestamp();
EXCEPTION
    WHEN lock_not_available THEN
        NULL;
END
$function$;
COMMENT ON FUNCTION outbox_inbox_turn() IS 'Forgets the older generation of ids when the younger one is old enough, unless somebody is at them. Internal.';
REVOKE ALL ON FUNCTION outbox_inbox_turn() FROM PUBLIC;
-- Retention: slots are opened, closed, sealed, and truncated when all consumers have passed them.

-- Truncating

CREATE FUNCTION outbox_behind(sealed_tick bigint) RETURNS SETOF text
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT c.consumer FROM @extschema@.outbox_consumer AS c
    WHERE c.lost_at IS NULL
        AND c.shares > (SELECT count(*) FROM @extschema@.outbox_shares_of(c) AS p WHERE p.tick >= outbox_behind.sealed_tick)
$function$;
COMMENT ON FUNCTION outbox_behind(bigint) IS 'Consumers that have not passed a tick. Internal.';
REVOKE ALL ON FUNCTION outbox_behind(bigint) FROM PUBLIC;

CREATE FUNCTION outbox_keep_referenced(of_slot smallint) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM FROM @extschema@.outbox_retry WHERE slot = of_slot FOR UPDATE NOWAIT;
    INSERT INTO @extschema@.outbox_kept
    SELECT r.consumer, o.seq, o.id, o.aggregatetype, o.aggregateid, o.type, o.payload, o.version, o.schemaversion, o.bucket, o.xid, o.occurred_at,
        o.traceparent, o.tracestate, o.correlationid, o.causationid, o.era
    FROM @extschema@.outbox_retry AS r, @extschema@.outbox_event_of(r) AS o
    WHERE r.slot = of_slot;
    UPDATE @extschema@.outbox_retry SET slot = NULL WHERE slot = of_slot;
END
$function$;
COMMENT ON FUNCTION outbox_keep_referenced(smallint) IS 'Copies the events of a slot that outbox_retry refers to. Errors: one of its rows is locked. Internal.';
REVOKE ALL ON FUNCTION outbox_keep_referenced(smallint) FROM PUBLIC;

-- Nobody needs the slot any more; who still looks at it is not waited for.
CREATE FUNCTION outbox_truncate(of_slot smallint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    tables text := format('@extschema@.outbox_%1$s, @extschema@.outbox_tick_%1$s, @extschema@.outbox_progress_%1$s', of_slot);
BEGIN
    -- first of all, for what is written before a lock is refused is rolled back, and swept up after
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', tables);
    PERFORM @extschema@.outbox_keep_referenced(of_slot);
    EXECUTE format('TRUNCATE %s', tables);
    UPDATE @extschema@.outbox_ring SET opened_tick = NULL, opened_at = NULL, closed_by = NULL, sealed_tick = NULL WHERE slot = of_slot;
    RETURN true;
EXCEPTION
    WHEN lock_not_available THEN
        RETURN false;
END
$function$;
COMMENT ON FUNCTION outbox_truncate(smallint) IS 'Empties a slot; false if somebody is at it. Internal.';
REVOKE ALL ON FUNCTION outbox_truncate(smallint) FROM PUBLIC;

CREATE FUNCTION outbox_truncate_passed() RETURNS SETOF smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    sealed @extschema@.outbox_ring;
BEGIN
    FOR sealed IN SELECT * FROM @extschema@.outbox_ring WHERE sealed_tick IS NOT NULL ORDER BY sealed_tick LOOP
        EXIT WHEN EXISTS (SELECT FROM @extschema@.outbox_behind(sealed.sealed_tick));
        IF @extschema@.outbox_truncate(sealed.slot) THEN
            RETURN NEXT sealed.slot;
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_truncate_passed() IS 'Empties the sealed slots that all consumers have passed, and returns them. Internal.';
REVOKE ALL ON FUNCTION outbox_truncate_passed() FROM PUBLIC;

-- Sealing

-- Not what this transaction has closed: others do not know yet.
CREATE FUNCTION outbox_seal_closed(era integer) RETURNS SETOF smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    closed smallint;
BEGIN
    FOR closed IN
        SELECT slot FROM @extschema@.outbox_ring
        WHERE closed_by IS NOT NULL AND sealed_tick IS NULL AND closed_by IS DISTINCT FROM pg_current_xact_id_if_assigned()
        ORDER BY opened_tick
    LOOP
        IF @extschema@.outbox_is_unwritten(format('@extschema@.outbox_%s', closed)::regclass) THEN
            UPDATE @extschema@.outbox_ring SET sealed_tick = (@extschema@.outbox_make_tick(era)).tick WHERE slot = closed;
            RETURN NEXT closed;
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_seal_closed(integer) IS 'Seals the closed slots that nobody writes to any more, and returns them. Internal.';
REVOKE ALL ON FUNCTION outbox_seal_closed(integer) FROM PUBLIC;

-- Opening

CREATE FUNCTION outbox_add_partition(parent text, of_slot smallint) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- attached, for a partition that is created as one waits for all readers
    EXECUTE format('CREATE TABLE @extschema@.%1$s_%2$s (LIKE @extschema@.%1$s_0 INCLUDING ALL)', parent, of_slot);
    EXECUTE format('REVOKE ALL ON @extschema@.%1$s_%2$s FROM PUBLIC', parent, of_slot);
    EXECUTE format('ALTER TABLE @extschema@.%1$s ATTACH PARTITION @extschema@.%1$s_%2$s FOR VALUES IN (%2$s)', parent, of_slot);
END
$function$;
COMMENT ON FUNCTION outbox_add_partition(text, smallint) IS 'Adds a slot to a partitioned table. Internal.';
REVOKE ALL ON FUNCTION outbox_add_partition(text, smallint) FROM PUBLIC;

CREATE FUNCTION outbox_add_slot() RETURNS smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    added smallint := (SELECT max(slot) + 1 FROM @extschema@.outbox_ring);
BEGIN
    PERFORM @extschema@.outbox_add_partition(parent, added) FROM unnest('{outbox,outbox_tick,outbox_progress}'::text[]) AS parent;
    INSERT INTO @extschema@.outbox_ring (slot) VALUES (added);
    RETURN added;
END
$function$;
COMMENT ON FUNCTION outbox_add_slot() IS 'Extends the ring by a slot, whose tables are not members of the extension, so that a dump has them. Internal.';
REVOKE ALL ON FUNCTION outbox_add_slot() FROM PUBLIC;

CREATE FUNCTION outbox_free_slot() RETURNS smallint
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT ring.slot FROM @extschema@.outbox_ring AS ring, @extschema@.outbox_current AS current
    WHERE ring.opened_tick IS NULL
    ORDER BY ring.slot > current.slot DESC, ring.slot LIMIT 1
$function$;
COMMENT ON FUNCTION outbox_free_slot() IS 'The next free slot; NULL: the ring is full. Internal.';
REVOKE ALL ON FUNCTION outbox_free_slot() FROM PUBLIC;

CREATE FUNCTION outbox_drop_stuck() RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    behind text[];
    stuck text;
BEGIN
    behind := ARRAY(SELECT @extschema@.outbox_behind((SELECT min(sealed_tick) FROM @extschema@.outbox_ring)));
    IF EXISTS (SELECT FROM @extschema@.outbox_consumer WHERE consumer = ANY (behind) AND when_stuck = 'keep') THEN
        RETURN;
    END IF;
    PERFORM FROM @extschema@.outbox_consumer WHERE consumer = ANY (behind) FOR UPDATE NOWAIT;
    FOREACH stuck IN ARRAY behind LOOP
        UPDATE @extschema@.outbox_consumer SET lost_at = clock_timestamp() WHERE consumer = stuck;
        RETURN NEXT stuck;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_drop_stuck() IS 'Gives up the consumers that keep the oldest slot, if the policy of all of them allows it, and returns them. Errors: one of them is being changed. Internal.';
REVOKE ALL ON FUNCTION outbox_drop_stuck() FROM PUBLIC;

-- Whoever looks at the slot keeps it from being truncated: then nobody is dropped in vain.
CREATE FUNCTION outbox_free_by_dropping() RETURNS smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    dropped text[];
    stuck text;
BEGIN
    dropped := ARRAY(SELECT @extschema@.outbox_drop_stuck());
    PERFORM @extschema@.outbox_truncate_passed();
    IF @extschema@.outbox_free_slot() IS NULL THEN
        RAISE lock_not_available;
    END IF;
    FOREACH stuck IN ARRAY dropped LOOP
        RAISE WARNING 'consumer "%" is dropped: it kept a slot of the full ring', stuck;
    END LOOP;
    RETURN @extschema@.outbox_free_slot();
EXCEPTION
    WHEN lock_not_available THEN
        RETURN NULL;
END
$function$;
COMMENT ON FUNCTION outbox_free_by_dropping() IS 'Frees a slot of the full ring by dropping consumers that may be dropped, and returns it; NULL, and nothing done, if that frees none. Internal.';
REVOKE ALL ON FUNCTION outbox_free_by_dropping() FROM PUBLIC;

CREATE FUNCTION outbox_open_next(era integer) RETURNS smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    closing smallint := (SELECT slot FROM @extschema@.outbox_current);
    opening smallint := @extschema@.outbox_free_slot();
BEGIN
    IF opening IS NULL THEN
        opening := @extschema@.outbox_free_by_dropping();
    END IF;
    IF opening IS NULL AND (SELECT when_full FROM @extschema@.outbox_setting) = 'extend' THEN
        opening := @extschema@.outbox_add_slot();
    END IF;
    UPDATE @extschema@.outbox_current AS current
    SET slot = coalesce(opening, current.slot), refused = opening IS NULL
    WHERE opening IS NOT NULL OR NOT current.refused;
    PERFORM @extschema@.outbox_current_changed();
    IF opening IS NULL THEN
        RETURN NULL;
    END IF;
    -- the tick is written to the new slot, so that it is kept as long
    UPDATE @extschema@.outbox_ring
    SET opened_tick = (@extschema@.outbox_make_tick(era)).tick, opened_at = clock_timestamp()
    WHERE slot = opening;
    UPDATE @extschema@.outbox_ring SET closed_by = pg_current_xact_id() WHERE slot = closing;
    RETURN opening;
END
$function$;
COMMENT ON FUNCTION outbox_open_next(integer) IS 'Opens the next slot in place of the current one; NULL if the ring is full: then events are refused. Internal.';
REVOKE ALL ON FUNCTION outbox_open_next(integer) FROM PUBLIC;

CREATE FUNCTION outbox_is_slot_due() RETURNS boolean
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT size > setting.slot_bytes OR size > 0 AND ring.opened_at + setting.slot_age < clock_timestamp()
    FROM @extschema@.outbox_setting AS setting, @extschema@.outbox_current AS current
        JOIN @extschema@.outbox_ring AS ring USING (slot),
        LATERAL (SELECT sum(pg_table_size(format('@extschema@.%s_%s', parent, ring.slot)::regclass))
                 FROM unnest('{outbox,outbox_tick,outbox_progress}'::text[]) AS parent) AS used (size)
$function$;
COMMENT ON FUNCTION outbox_is_slot_due() IS 'Whether the current slot is so old or so large that the next is to be opened. Internal.';
REVOKE ALL ON FUNCTION outbox_is_slot_due() FROM PUBLIC;

-- For operators, and now and then by whoever receives

CREATE FUNCTION outbox_rotate(force boolean DEFAULT false) RETURNS TABLE (slot smallint, done text)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER ROWS 3
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    era integer;
BEGIN
    PERFORM @extschema@.outbox_prepare();
    era := @extschema@.outbox_this_era();
    BEGIN
        LOCK TABLE @extschema@.outbox_ring IN SHARE ROW EXCLUSIVE MODE NOWAIT;
    EXCEPTION
        WHEN lock_not_available THEN
            RETURN;
    END;
    RETURN QUERY SELECT sealed, 'sealed' FROM @extschema@.outbox_seal_closed(era) AS sealed;
    RETURN QUERY SELECT emptied, 'truncated' FROM @extschema@.outbox_truncate_passed() AS emptied;
    PERFORM @extschema@.outbox_inbox_turn();
    IF force OR (SELECT refused FROM @extschema@.outbox_current) OR @extschema@.outbox_is_slot_due() THEN
        RETURN QUERY SELECT opened, CASE WHEN opened IS NULL THEN 'refused' ELSE 'opened' END FROM @extschema@.outbox_open_next(era) AS opened;
    END IF;
END
$function$;
COMMENT ON FUNCTION outbox_rotate(boolean) IS
    'Seals the slots that are no longer written to, truncates those that all consumers have passed, and opens the next when the current one is too old or too large, or when forced. Returns what was done; nothing if another is at it. Never waits. In a transaction of its own: a truncated slot is locked until it ends. For operators: EXECUTE is to be granted.';
REVOKE ALL ON FUNCTION outbox_rotate(boolean) FROM PUBLIC;

-- In a transaction block a truncated slot would be locked until its end.
CREATE FUNCTION outbox_upkeep() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- asked out here: a block with an exception is a subtransaction, which looks like a transaction block
    IF NOT @extschema@.outbox_is_upkeep_due() THEN
        RETURN;
    END IF;
    BEGIN
        PERFORM @extschema@.outbox_rotate();
    EXCEPTION
        WHEN OTHERS THEN
            RAISE WARNING 'upkeep of the outbox failed: %', SQLERRM;
    END;
END
$function$;
COMMENT ON FUNCTION outbox_upkeep() IS 'outbox_rotate, if the statement is a transaction of its own and the session has not tried in the last second. What fails is a warning. Internal.';
REVOKE ALL ON FUNCTION outbox_upkeep() FROM PUBLIC;
-- For operators: settings, ticks, restoring, metrics; and waiting.

CREATE FUNCTION outbox_configure(tick_interval interval DEFAULT NULL, notify boolean DEFAULT NULL, slot_age interval DEFAULT NULL,
        slot_bytes bigint DEFAULT NULL, when_full text DEFAULT NULL, inbox_age interval DEFAULT NULL) RETURNS outbox_setting
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    result @extschema@.outbox_setting;
BEGIN
    PERFORM @extschema@.outbox_prepare();
    UPDATE @extschema@.outbox_setting AS s
    SET tick_interval = coalesce(outbox_configure.tick_interval, s.tick_interval),
        notify = coalesce(outbox_configure.notify, s.notify),
        slot_age = coalesce(outbox_configure.slot_age, s.slot_age),
        slot_bytes = coalesce(outbox_configure.slot_bytes, s.slot_bytes),
        when_full = coalesce(outbox_configure.when_full, s.when_full),
        inbox_age = coalesce(outbox_configure.inbox_age, s.inbox_age)
    RETURNING s.* INTO result;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION outbox_configure(interval, boolean, interval, bigint, text, interval) IS
    'Changes the settings that are not NULL, and returns all. tick_interval: who receives makes a tick when the last is older. notify: whether such a tick notifies channel tripmeter_outbox. slot_age, slot_bytes: the next slot is opened when the current one is older, or larger. when_full: extend the ring, or refuse events. inbox_age: how long inbox() remembers at least. Errors: a value that is out of range. For operators: EXECUTE is to be granted.';
REVOKE ALL ON FUNCTION outbox_configure(interval, boolean, interval, bigint, text, interval) FROM PUBLIC;

CREATE FUNCTION outbox_tick() RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM @extschema@.outbox_prepare();
    RETURN (@extschema@.outbox_tick_if_due('0')).tick;
END
$function$;
COMMENT ON FUNCTION outbox_tick() IS
    'Makes a tick, if there is something new: what has committed by now can be received once this commits. Returns the latest. Errors: those of outbox_this_era. For operators: EXECUTE is to be granted.';
REVOKE ALL ON FUNCTION outbox_tick() FROM PUBLIC;

-- Restoring

-- A dump may have been taken while a slot was truncated: then it has a ring in which the
-- slot is in use, a slot that is empty, and consumers that have not passed it. They had.
CREATE FUNCTION outbox_mend_torn_dump() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    torn @extschema@.outbox_ring;
    share integer;
    p @extschema@.outbox_progress;
BEGIN
    FOR torn IN
        SELECT * FROM @extschema@.outbox_ring
        WHERE sealed_tick IS NOT NULL AND @extschema@.outbox_tick_of(opened_tick) IS NULL
        ORDER BY sealed_tick
    LOOP
        FOR share IN SELECT s.id FROM @extschema@.outbox_share AS s WHERE s.share >= 0 LOOP
            p := @extschema@.outbox_newest(share);
            IF coalesce(p.tick < torn.sealed_tick, true) THEN
                p.share := share;
                p.tick := torn.sealed_tick;
                p.until := NULL;
                p.epoch := coalesce(p.epoch, 0) + 1;
                p.worker := NULL;
                p.open := false;
                p.handed := 0;
                p.retries := 0;
                PERFORM @extschema@.outbox_write(p);
            END IF;
        END LOOP;
        UPDATE @extschema@.outbox_ring SET opened_tick = NULL, opened_at = NULL, closed_by = NULL, sealed_tick = NULL WHERE slot = torn.slot;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_mend_torn_dump() IS 'Frees slots that were truncated while the dump was taken. Internal.';
REVOKE ALL ON FUNCTION outbox_mend_torn_dump() FROM PUBLIC;

CREATE FUNCTION outbox_after_restore() RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    new_era @extschema@.outbox_era;
BEGIN
    PERFORM @extschema@.outbox_prepare();
    PERFORM @extschema@.outbox_begin();
    LOCK TABLE @extschema@.outbox_ring IN SHARE ROW EXCLUSIVE MODE;
    PERFORM @extschema@.outbox_mend_torn_dump();
    FOR new_era IN SELECT * FROM @extschema@.outbox_era WHERE NOT accepted ORDER BY era LOOP
        -- all of the era before was restored: its end sees all, the beginning of the new one nothing
        PERFORM @extschema@.outbox_mark((SELECT max(era) FROM @extschema@.outbox_era WHERE era < new_era.era),
            '9223372036854775807:9223372036854775807:', @extschema@.outbox_last_seq());
        PERFORM @extschema@.outbox_mark(new_era.era, '3:3:', @extschema@.outbox_last_seq());
        UPDATE @extschema@.outbox_era SET accepted = true WHERE era = new_era.era;
    END LOOP;
    RETURN @extschema@.outbox_this_era();
END
$function$;
COMMENT ON FUNCTION outbox_after_restore() IS
    'Consumers of a restored or copied database go on where they were: first what is left from before, then what is new. Returns the era. Call it once, in the copy that consumers are to receive from. Does nothing where nothing was restored. For operators: EXECUTE is to be granted.';
REVOKE ALL ON FUNCTION outbox_after_restore() FROM PUBLIC;

-- Waiting

CREATE FUNCTION outbox_look_as(caller oid, consumer text, worker text, seen bigint, OUT ready boolean, OUT latest bigint)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c @extschema@.outbox_consumer := @extschema@.outbox_consumer_of(caller, consumer);
    era integer := @extschema@.outbox_this_era();
    last @extschema@.outbox_tick := @extschema@.outbox_last_tick();
    p @extschema@.outbox_progress;
BEGIN
    PERFORM @extschema@.outbox_check_receive(c, 1);
    latest := last.tick;
    ready := @extschema@.outbox_is_tick_due(last, (SELECT s.tick_interval FROM @extschema@.outbox_setting AS s))
        AND @extschema@.outbox_has_news(last);
    IF ready OR seen = latest THEN
        RETURN;
    END IF;
    FOREACH p IN ARRAY (@extschema@.outbox_candidates(c, coalesce(worker, format('pid %s', pg_backend_pid())))).shares LOOP
        ready := p.open
            OR EXISTS (SELECT FROM @extschema@.outbox_retry AS r WHERE r.share = p.share AND r.next_at <= clock_timestamp())
            OR (@extschema@.outbox_find(c, p, (SELECT s.share FROM @extschema@.outbox_share AS s WHERE s.id = p.share), 1, era)).fresh > 0;
        EXIT WHEN ready;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_look_as(oid, text, text, bigint) IS 'What outbox_look does, for a caller. Internal.';
REVOKE ALL ON FUNCTION outbox_look_as(oid, text, text, bigint) FROM PUBLIC;

CREATE FUNCTION outbox_look(consumer text, worker text, seen bigint, OUT ready boolean, OUT latest bigint)
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_look(text, text, bigint) IS
    'Whether outbox_receive may have something for a worker, where nothing was found up to a tick; and the latest tick. Errors: those of outbox_receive.';

CREATE FUNCTION outbox_wait(consumer text, timeout interval DEFAULT '30 s', worker text DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_wait' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION outbox_wait(text, interval, text) IS
    'Waits until outbox_receive may have something for a worker of the consumer, and returns true; or false after the timeout. It can be cancelled. It is a statement like others: while it waits, VACUUM keeps what it could see. Errors: those of outbox_receive; a timeout that is NULL or negative.';

-- Metrics

CREATE FUNCTION outbox_blocker() RETURNS TABLE (since timestamptz, description text)
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT * FROM (
        SELECT xact_start, format('pid %s of role "%s" in database "%s", %s', pid, usename, datname, state)
        FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
        UNION ALL
        SELECT prepared, format('prepared transaction "%s" of role "%s" in database "%s"', gid, owner, database)
        FROM pg_prepared_xacts
    ) AS writers (since, description)
    ORDER BY since LIMIT 1
$function$;
COMMENT ON FUNCTION outbox_blocker() IS 'The oldest transaction that may have written something, in whatever database, open or prepared. Internal.';
REVOKE ALL ON FUNCTION outbox_blocker() FROM PUBLIC;

CREATE FUNCTION outbox_lag(OUT consumer text, OUT lost boolean, OUT tick_at timestamptz, OUT events bigint, OUT bytes numeric,
        OUT workers bigint) RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 10
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    last_seq bigint := @extschema@.outbox_last_seq();
    kept_seqs bigint := last_seq - (SELECT min(t.seq_before) FROM @extschema@.outbox_ring AS r, @extschema@.outbox_tick_of(r.opened_tick) AS t);
    kept_bytes bigint := (SELECT sum(pg_table_size(i.inhrelid)) FROM pg_inherits AS i WHERE i.inhparent = '@extschema@.outbox'::regclass);
    c @extschema@.outbox_consumer;
BEGIN
    FOR c IN SELECT * FROM @extschema@.outbox_consumer AS t ORDER BY t.consumer LOOP
        consumer := c.consumer;
        lost := c.lost_at IS NOT NULL;
        SELECT min(a.at), ceil(sum(last_seq - a.seq_before) / c.shares), count(DISTINCT p.worker) FILTER (WHERE p.lease_until > clock_timestamp())
        INTO tick_at, events, workers
        FROM @extschema@.outbox_shares_of(c) AS p, @extschema@.outbox_tick_of(p.tick) AS a;
        bytes := round(events * kept_bytes::numeric / greatest(kept_seqs, events, 1));
        RETURN NEXT;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION outbox_lag() IS 'How far consumers are: the time of the tick that all of their shares have passed, how many numbers of events were given since the shares'' ticks, on average, how many bytes these may take, and how many workers there are. Internal.';
REVOKE ALL ON FUNCTION outbox_lag() FROM PUBLIC;

CREATE FUNCTION outbox_measure() RETURNS TABLE (metric text, consumer text, value numeric, detail text)
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER ROWS 30
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 'tick_age_seconds', NULL::text, extract(epoch FROM clock_timestamp() - at)::numeric, format('tick %s', tick)
    FROM @extschema@.outbox_last_tick() WHERE tick IS NOT NULL
    UNION ALL
    SELECT 'slots_free', NULL, count(*) FILTER (WHERE opened_tick IS NULL), format('of %s', count(*)) FROM @extschema@.outbox_ring
    UNION ALL
    SELECT 'events_refused', NULL, refused::integer, CASE WHEN refused THEN 'the ring is full' END FROM @extschema@.outbox_current
    UNION ALL
    SELECT 'events_bytes', NULL, sum(pg_total_relation_size(inhrelid)), NULL FROM pg_inherits WHERE inhparent = '@extschema@.outbox'::regclass
    UNION ALL
    SELECT 'uncovered_tables', NULL, count(*), string_agg(partition::text, ', ') FROM @extschema@.outbox_coverage() WHERE NOT covered
    UNION ALL
    SELECT 'blocker_seconds', NULL, extract(epoch FROM clock_timestamp() - since)::numeric, description FROM @extschema@.outbox_blocker()
    UNION ALL
    SELECT metric, lag.consumer, value, CASE WHEN lost THEN 'it was dropped for being stuck' END
    FROM @extschema@.outbox_lag() AS lag, LATERAL (VALUES
        ('lag_seconds', CASE WHEN events > 0 THEN extract(epoch FROM clock_timestamp() - tick_at)::numeric ELSE 0 END),
        ('lag_events', events::numeric),
        ('lag_bytes', bytes),
        ('workers', workers::numeric),
        ('lost', lost::integer::numeric)) AS metrics (metric, value)
    UNION ALL
    SELECT metric, c.consumer, value, NULL
    FROM @extschema@.outbox_consumer AS c, LATERAL (
        SELECT 'blocked_keys', count(DISTINCT (aggregatetype, aggregateid)) FROM @extschema@.outbox_retry AS r WHERE r.consumer = c.consumer
        UNION ALL SELECT 'blocked_events', count(*) FROM @extschema@.outbox_retry AS r WHERE r.consumer = c.consumer
        UNION ALL SELECT 'dead_events', count(*) FROM @extschema@.outbox_dead AS d WHERE d.consumer = c.consumer) AS counts (metric, value)
$function$;
COMMENT ON FUNCTION outbox_measure() IS 'What outbox_metrics shows. Internal.';
REVOKE ALL ON FUNCTION outbox_measure() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION outbox_measure() TO pg_monitor;

CREATE VIEW outbox_metrics AS SELECT metric, consumer, value, detail FROM outbox_measure();
COMMENT ON VIEW outbox_metrics IS 'What to watch: a row a metric, of the outbox or of a consumer. For members of pg_monitor.';
COMMENT ON COLUMN outbox_metrics.metric IS 'its name, with its unit';
COMMENT ON COLUMN outbox_metrics.consumer IS 'whose it is; NULL: the whole outbox''s';
COMMENT ON COLUMN outbox_metrics.value IS 'its value';
COMMENT ON COLUMN outbox_metrics.detail IS 'more about it, for people';
GRANT SELECT ON outbox_metrics TO pg_monitor;

-- Whatever a database grants on new tables: nobody but the owner reads what is in them.
DO $do$
DECLARE
    member regclass;
BEGIN
    FOR member IN
        SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = '@extschema@'::regnamespace AND c.relkind IN ('r', 'p', 'S') AND c.relname ~ '^outbox'
    LOOP
        EXECUTE format('REVOKE ALL ON %s %s FROM PUBLIC', CASE (SELECT relkind FROM pg_class WHERE oid = member) WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, member);
    END LOOP;
END
$do$;
