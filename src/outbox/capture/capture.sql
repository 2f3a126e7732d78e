-- Capture: which tables' changes make which events.

CREATE TABLE tripmeter.outbox_source (
    relation regclass PRIMARY KEY,
    aggregatetype text NOT NULL CONSTRAINT outbox_source_has_a_type CHECK (aggregatetype <> ''),
    aggregateid name[] NOT NULL CONSTRAINT outbox_source_has_an_id CHECK (cardinality(aggregateid) > 0),
    version name,
    payload name[],
    truncatable boolean NOT NULL
);
COMMENT ON TABLE tripmeter.outbox_source IS
    'The tables whose changes are captured: outbox_attach() and outbox_detach() write it.';
COMMENT ON COLUMN tripmeter.outbox_source.relation IS 'a table, or the root of a partitioned one';
COMMENT ON COLUMN tripmeter.outbox_source.aggregatetype IS 'what kind of thing its rows are';
COMMENT ON COLUMN tripmeter.outbox_source.aggregateid IS 'the columns that identify it';
COMMENT ON COLUMN tripmeter.outbox_source.version IS
    'the column that has its version; NULL: there is none';
COMMENT ON COLUMN tripmeter.outbox_source.payload IS
    'the columns that events carry where a rule does not say; NULL: all';
COMMENT ON COLUMN tripmeter.outbox_source.truncatable IS
    'whether TRUNCATE is allowed, which makes no events';
COMMENT ON CONSTRAINT outbox_source_has_a_type ON tripmeter.outbox_source IS
    'An aggregate has a type.';
COMMENT ON CONSTRAINT outbox_source_has_an_id ON tripmeter.outbox_source IS
    'An aggregate has an id.';
SELECT pg_extension_config_dump('tripmeter.outbox_source'::regclass, '');

CREATE TABLE tripmeter.outbox_rule (
    relation regclass REFERENCES tripmeter.outbox_source ON DELETE CASCADE,
    type text CONSTRAINT outbox_rule_has_a_type CHECK (type <> ''),
    operation text CONSTRAINT outbox_rule_has_an_operation CHECK (operation IN ('insert', 'update', 'delete')),
    condition text,
    payload name[],
    schemaversion integer NOT NULL,
    PRIMARY KEY (relation, type, operation)
);
COMMENT ON TABLE tripmeter.outbox_rule IS
    'The events that changes of a table make: outbox_rule() and outbox_unrule() write it.';
COMMENT ON COLUMN tripmeter.outbox_rule.relation IS 'the table that is attached';
COMMENT ON COLUMN tripmeter.outbox_rule.type IS 'of the event';
COMMENT ON COLUMN tripmeter.outbox_rule.operation IS
    'what makes it: insert, update or delete of a row';
COMMENT ON COLUMN tripmeter.outbox_rule.condition IS 'SQL over OLD and NEW; NULL: always';
COMMENT ON COLUMN tripmeter.outbox_rule.payload IS
    'the columns that it carries; NULL: those of the table''s source';
COMMENT ON COLUMN tripmeter.outbox_rule.schemaversion IS 'of the payload''s structure';
COMMENT ON CONSTRAINT outbox_rule_has_a_type ON tripmeter.outbox_rule IS 'An event has a type.';
COMMENT ON CONSTRAINT outbox_rule_has_an_operation ON tripmeter.outbox_rule IS
    'Rows are inserted, updated or deleted.';
SELECT pg_extension_config_dump('tripmeter.outbox_rule'::regclass, '');

-- The triggers

CREATE FUNCTION tripmeter_internal.outbox_capture() RETURNS trigger
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_capture'
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.outbox_capture() IS
    'Writes the events of a statement''s changes: the trigger that outbox_attach() makes. '
    'Conditions, and the functions that make JSON of values, run as whoever changes the table, '
    'under fixed settings. Errors: the table is not attached; a column that it was attached with, '
    'or that a rule names, is gone; an id is NULL; the outbox is full; TRUNCATE is not allowed.';

CREATE FUNCTION tripmeter_internal.outbox_check(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_check'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.outbox_check(regclass) IS
    'Reads what a table is attached with and what its rules say as the triggers do, with their '
    'errors, and makes all sessions read it again. Internal: attaching and setting rules call it.';

CREATE FUNCTION tripmeter_internal.outbox_missing(relation regclass) RETURNS text
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_missing'
    LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tripmeter_internal.outbox_missing(regclass) IS
    'Says what keeps changes of one relation from being captured; NULL: nothing. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_cover(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_cover'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.outbox_cover(regclass) IS
    'Makes the triggers that a locked table and its partitions lack. Errors: a partition is a '
    'foreign table. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_uncover(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_uncover'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.outbox_uncover(regclass) IS
    'Drops the triggers that capture changes of a locked table and its partitions. Internal.';

-- What table owners call

CREATE FUNCTION tripmeter_internal.outbox_lock_table(caller oid, relation regclass,
        exclusively boolean) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_lock_table'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.outbox_lock_table(oid, regclass, boolean) IS
    'Locks a table and its partitions against writing, or exclusively. Locks nothing that the '
    'caller does not own. Errors: it does not exist; the caller does not own it; it is not a '
    'table that lasts; an isolation level above READ COMMITTED. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_lock_attached(caller oid, relation regclass,
        exclusively boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tripmeter_internal.outbox_lock_table(caller, relation, exclusively);
    IF NOT EXISTS (
        SELECT FROM tripmeter.outbox_source s WHERE s.relation = outbox_lock_attached.relation
    ) THEN
        RAISE EXCEPTION 'table "%" is not attached to the outbox', relation USING
            ERRCODE = 'undefined_object',
            HINT = 'tripmeter.outbox_attach() attaches a table, with all of its partitions.';
    END IF;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_lock_attached(oid, regclass, boolean) IS
    'Locks a table that is attached. Errors: those of outbox_lock_table; it is not attached. '
    'Internal.';

CREATE FUNCTION tripmeter_internal.outbox_attach_as(caller oid, relation regclass,
        aggregate_type text, aggregate_id name[], version_column name, payload_columns name[],
        allow_truncate boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    other regclass;
BEGIN
    IF relation IS NULL OR nullif(aggregate_type, '') IS NULL OR allow_truncate IS NULL
        OR coalesce(cardinality(aggregate_id), 0) = 0 OR array_position(aggregate_id, NULL) IS NOT NULL
        OR array_position(payload_columns, NULL) IS NOT NULL
    THEN
        RAISE EXCEPTION 'a table, the type of its aggregate and the columns that identify it must be given' USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: tripmeter.outbox_attach(''trips'', ''trip'', ''{trip_id}'').';
    END IF;
    -- from here on the table stays what it is
    PERFORM tripmeter_internal.outbox_lock_table(caller, relation, false);
    SELECT s.relation INTO other FROM tripmeter.outbox_source s
    WHERE s.relation = outbox_attach_as.relation OR s.relation IN (SELECT relid FROM pg_partition_ancestors(outbox_attach_as.relation) a (relid));
    IF FOUND THEN
        RAISE EXCEPTION 'table "%" is attached to the outbox already', relation USING
            ERRCODE = 'duplicate_object',
            DETAIL = CASE WHEN other = relation THEN 'Its changes are captured.' ELSE format('It is a partition of "%s", and captured with it.', other) END,
            HINT = 'To attach it in another way, detach it first: tripmeter.outbox_detach().';
    END IF;
    IF (SELECT c.relispartition FROM pg_class c WHERE c.oid = relation) THEN
        RAISE EXCEPTION 'changes of partition "%" cannot be captured alone', relation USING
            ERRCODE = 'wrong_object_type',
            DETAIL = 'Those that are made through its parent would go unseen.',
            HINT = format('Attach the root, "%s".', pg_partition_root(relation));
    END IF;
    PERFORM tripmeter_internal.outbox_begin();
    INSERT INTO tripmeter.outbox_source VALUES (relation, aggregate_type, aggregate_id, version_column, payload_columns, allow_truncate);
    PERFORM tripmeter_internal.outbox_cover(relation);
    PERFORM tripmeter_internal.outbox_check(relation);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_attach_as(oid, regclass, text, name[], name, name[],
        boolean) IS
    'What outbox_attach does, for a caller. Internal.';

CREATE FUNCTION tripmeter.outbox_attach(relation regclass, aggregate_type text, aggregate_id name[],
        version_column name DEFAULT NULL, payload_columns name[] DEFAULT NULL,
        allow_truncate boolean DEFAULT false) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter.outbox_attach(regclass, text, name[], name, name[], boolean) IS
    'Begins to capture the changes of a table, and of all partitions it has and will have: each '
    'row is an aggregate of this type, identified by these columns. Without a rule a change makes '
    'the event created, updated or deleted, after the type and a dot, with the row, the old one '
    'of a delete; payload_columns says which columns, for the outbox does not know of the '
    'table''s privileges and policies. version_column is an integer column whose value events '
    'carry. TRUNCATE makes no events, and is refused unless it is allowed. Waits for transactions '
    'that write to the table. Errors: the table does not exist; the caller does not own it; it is '
    'not a table that lasts, is itself a partition, or has a foreign one; it is attached already; '
    'a column does not exist, or its type cannot identify an aggregate; an isolation level above '
    'READ COMMITTED.';
-- Who may attach a table may write events of any kind.
SELECT tripmeter_internal.keep_to_owner(
    'tripmeter.outbox_attach(regclass, text, name[], name, name[], boolean)'::regprocedure);

CREATE FUNCTION tripmeter_internal.outbox_detach_as(caller oid, relation regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- to drop a trigger takes this lock anyway: taken at once, it cannot lead to a deadlock
    PERFORM tripmeter_internal.outbox_lock_attached(caller, relation, true);
    PERFORM tripmeter_internal.outbox_uncover(relation);
    DELETE FROM tripmeter.outbox_source s WHERE s.relation = outbox_detach_as.relation;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_detach_as(oid, regclass) IS
    'What outbox_detach does, for a caller. Internal.';

CREATE FUNCTION tripmeter.outbox_detach(relation regclass) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter.outbox_detach(regclass) IS
    'Stops capturing the changes of a table, and forgets its rules. Events that there are stay. '
    'Waits for transactions that use the table. Errors: the table does not exist; the caller does '
    'not own it; it is not attached; an isolation level above READ COMMITTED.';

CREATE FUNCTION tripmeter_internal.outbox_rule_as(caller oid, relation regclass, type text,
        on_operations text[], condition text, payload_columns name[], schema_version integer)
    RETURNS void
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
    PERFORM tripmeter_internal.outbox_lock_attached(caller, relation, false);
    INSERT INTO tripmeter.outbox_rule
    SELECT DISTINCT relation, type, o.operation, condition, payload_columns, schema_version FROM unnest(on_operations) o (operation)
    ON CONFLICT ON CONSTRAINT outbox_rule_pkey DO UPDATE
    SET condition = excluded.condition, payload = excluded.payload, schemaversion = excluded.schemaversion;
    -- those that somebody dropped
    PERFORM tripmeter_internal.outbox_cover(relation);
    PERFORM tripmeter_internal.outbox_check(relation);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_rule_as(oid, regclass, text, text[], text, name[],
        integer) IS
    'What outbox_rule does, for a caller. Internal.';

CREATE FUNCTION tripmeter.outbox_rule(relation regclass, type text, on_operations text[],
        condition text DEFAULT NULL, payload_columns name[] DEFAULT NULL,
        schema_version integer DEFAULT 1) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter.outbox_rule(regclass, text, text[], text, name[], integer) IS
    'Says which event these operations on a row make: insert, update, delete. Once a table has a '
    'rule, only rules make events. The condition is an SQL expression over OLD and NEW, as in the '
    'WHEN of a trigger, in which names outside pg_catalog are qualified by their schema; it is '
    'evaluated as whoever changes the table. payload_columns are those that the event carries, by '
    'default those of outbox_attach(). A rule of the same type for the same operation is '
    'replaced. The events of one change are in the order of their types. Makes the triggers that '
    'somebody has dropped. Waits for transactions that write to the table. Errors: the table does '
    'not exist; the caller does not own it; it is not attached; the condition is none; a column '
    'does not exist; an isolation level above READ COMMITTED.';
-- Who may attach a table may write events of any kind.
SELECT tripmeter_internal.keep_to_owner(
    'tripmeter.outbox_rule(regclass, text, text[], text, name[], integer)'::regprocedure);

CREATE FUNCTION tripmeter_internal.outbox_unrule_as(caller oid, relation regclass, type text)
    RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tripmeter_internal.outbox_lock_attached(caller, relation, false);
    DELETE FROM tripmeter.outbox_rule r WHERE r.relation = outbox_unrule_as.relation AND r.type = outbox_unrule_as.type;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'table "%" has no rule "%"', relation, type USING ERRCODE = 'undefined_object';
    END IF;
    PERFORM tripmeter_internal.outbox_check(relation);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_unrule_as(oid, regclass, text) IS
    'What outbox_unrule does, for a caller. Internal.';

CREATE FUNCTION tripmeter.outbox_unrule(relation regclass, type text) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter.outbox_unrule(regclass, text) IS
    'Forgets the rule of this type, for all operations. After the last one is gone, changes make '
    'the events created, updated and deleted again. Waits for transactions that write to the '
    'table. Errors: the table does not exist; the caller does not own it; it is not attached; it '
    'has no such rule; an isolation level above READ COMMITTED.';

-- It locks nothing, because anybody may call it.
CREATE FUNCTION tripmeter.outbox_coverage()
    RETURNS TABLE (relation regclass, partition regclass, covered boolean, missing text)
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER COST 1000 ROWS 100
    SET search_path = pg_catalog, pg_temp
AS $function$
    WITH RECURSIVE members (relation, member, problem) AS (
        SELECT s.relation, c.oid, CASE
            WHEN c.oid IS NULL THEN 'the table does not exist'
            WHEN c.relispartition THEN format('it is a partition of %s: attach that instead', pg_partition_root(c.oid))
            ELSE tripmeter_internal.outbox_missing(c.oid::regclass) END
        FROM tripmeter.outbox_source s LEFT JOIN pg_class c ON c.oid = s.relation
        UNION ALL
        SELECT m.relation, c.oid, tripmeter_internal.outbox_missing(c.oid::regclass)
        FROM members m JOIN pg_inherits i ON i.inhparent = m.member JOIN pg_class c ON c.oid = i.inhrelid
        WHERE c.relispartition
    )
    SELECT m.relation, m.member::regclass, m.problem IS NULL, m.problem
    FROM members m
    ORDER BY m.relation::oid, m.member
$function$;
COMMENT ON FUNCTION tripmeter.outbox_coverage() IS
    'The tables that are attached, each with its partitions and itself, whether changes of these '
    'are captured, and if not what is missing.';

-- Partitions that come and go

CREATE FUNCTION tripmeter_internal.outbox_follow(command pg_ddl_command) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_follow'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.outbox_follow(pg_ddl_command) IS
    'Captures the partitions that a command creates or attaches, and stops capturing those that '
    'it detaches. Errors: those of outbox_follow_partitions. Internal.';

-- The command is looked at only if it is about a partition or its parent.
CREATE FUNCTION tripmeter_internal.outbox_follow_partitions() RETURNS event_trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tripmeter_internal.outbox_follow(command.command)
    FROM pg_event_trigger_ddl_commands() command
    WHERE command.classid = 'pg_class'::regclass AND pg_partition_root(command.objid) IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_follow_partitions() IS
    'Captures partitions that are created or attached, and stops capturing those that are '
    'detached. Errors: a partition is a foreign table; a table that is attached to the outbox '
    'becomes a partition.';

CREATE FUNCTION tripmeter_internal.outbox_forget(relations oid[]) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_forget'
    LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.outbox_forget(oid[]) IS
    'Forgets the sources and rules of relations. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_forget_dropped() RETURNS event_trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- not there any more if it is the extension that was dropped
    IF to_regclass('tripmeter.outbox_source') IS NOT NULL THEN
        PERFORM tripmeter_internal.outbox_forget(array_agg(dropped.objid))
        FROM pg_event_trigger_dropped_objects() dropped
        WHERE dropped.classid = 'pg_class'::regclass AND dropped.objsubid = 0 AND dropped.object_type = 'table';
    END IF;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_forget_dropped() IS
    'Forgets what the outbox knows of a table that is dropped.';

CREATE EVENT TRIGGER tripmeter_outbox_partitions ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA')
    EXECUTE FUNCTION tripmeter_internal.outbox_follow_partitions();
COMMENT ON EVENT TRIGGER tripmeter_outbox_partitions IS
    'Captures new partitions of tables that are attached to the outbox.';

CREATE EVENT TRIGGER tripmeter_outbox_dropped ON sql_drop
    EXECUTE FUNCTION tripmeter_internal.outbox_forget_dropped();
COMMENT ON EVENT TRIGGER tripmeter_outbox_dropped IS
    'Forgets tables that were attached to the outbox and are dropped.';
