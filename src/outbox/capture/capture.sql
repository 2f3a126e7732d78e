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
    SELECT m.member INTO member FROM tripmeter.outbox_members(outbox_cover.relation) m WHERE m.kind NOT IN ('r', 'p');
    IF FOUND THEN
        RAISE EXCEPTION 'changes of "%" cannot be captured', member USING
            ERRCODE = 'wrong_object_type',
            DETAIL = format('Table "%s" would be captured with its partitions, and this one is a foreign table.', relation),
            HINT = 'Detach the partition from it.';
    END IF;
    FOR missing IN
        SELECT m.member, t.trigger::text, t.event, t.referencing
        FROM tripmeter.outbox_members(outbox_cover.relation) m, tripmeter.outbox_triggers() t
        WHERE NOT EXISTS (SELECT FROM pg_trigger g
            WHERE g.tgrelid = m.member AND g.tgfoid = 'tripmeter.outbox_capture()'::regprocedure AND g.tgtype = t.tgtype)
        ORDER BY m.member::oid, t.trigger
    LOOP
        -- the owner may have a trigger of this name
        WHILE EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = missing.member AND g.tgname = missing.trigger) LOOP
            missing.trigger := missing.trigger || '_';
        END LOOP;
        EXECUTE format('CREATE TRIGGER %I %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION tripmeter.outbox_capture()',
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
    FOR name IN SELECT tgname FROM pg_trigger WHERE tgrelid = relation AND tgfoid = 'tripmeter.outbox_capture()'::regprocedure LOOP
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
    PERFORM tripmeter.outbox_require_owner(caller, relation);
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
    IF NOT EXISTS (SELECT FROM tripmeter.outbox_source s WHERE s.relation = outbox_require_attached.relation) THEN
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
    PERFORM tripmeter.outbox_require_owner(caller, relation);
    IF class.relkind NOT IN ('r', 'p') OR class.relpersistence = 't' THEN
        RAISE EXCEPTION 'changes of "%" cannot be captured', relation USING
            ERRCODE = 'wrong_object_type',
            DETAIL = 'It is not a table that lasts, or a partitioned one.';
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', relation);
    SELECT s.relation INTO other FROM tripmeter.outbox_source s
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
    PERFORM tripmeter.outbox_begin();
    INSERT INTO tripmeter.outbox_source VALUES (relation, aggregate_type, aggregate_id, version_column, payload_columns, allow_truncate);
    PERFORM tripmeter.outbox_cover(relation);
    PERFORM tripmeter.outbox_check(relation);
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
    PERFORM tripmeter.outbox_require_attached(caller, relation);
    PERFORM tripmeter.outbox_uncover(m.member) FROM tripmeter.outbox_members(relation) m;
    DELETE FROM tripmeter.outbox_source s WHERE s.relation = outbox_detach_as.relation;
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
    PERFORM tripmeter.outbox_require_attached(caller, relation);
    INSERT INTO tripmeter.outbox_rule
    SELECT DISTINCT relation, type, o.operation, condition, payload_columns, schema_version FROM unnest(on_operations) o (operation)
    ON CONFLICT ON CONSTRAINT outbox_rule_pkey DO UPDATE
    SET condition = excluded.condition, payload = excluded.payload, schemaversion = excluded.schemaversion;
    PERFORM tripmeter.outbox_check(relation);
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
    PERFORM tripmeter.outbox_require_attached(caller, relation);
    DELETE FROM tripmeter.outbox_rule r WHERE r.relation = outbox_unrule_as.relation AND r.type = outbox_unrule_as.type;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'table "%" has no rule "%"', relation, type USING ERRCODE = 'undefined_object';
    END IF;
    PERFORM tripmeter.outbox_check(relation);
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
    FROM tripmeter.outbox_source s
        LEFT JOIN LATERAL tripmeter.outbox_members(s.relation) m ON true
        CROSS JOIN LATERAL (
            SELECT CASE WHEN m.member IS NULL THEN 'the table does not exist'
                ELSE string_agg(CASE WHEN g.tgrelid IS NULL THEN format('trigger %s does not exist', t.trigger)
                        WHEN g.tgenabled = 'D' THEN format('trigger %s is disabled', g.tgname)
                        WHEN g.tgenabled = 'R' THEN format('trigger %s fires in replicas alone', g.tgname) END, '; ' ORDER BY t.trigger) END
            FROM tripmeter.outbox_triggers() t
                LEFT JOIN pg_trigger g ON g.tgrelid = m.member AND g.tgfoid = 'tripmeter.outbox_capture()'::regprocedure AND g.tgtype = t.tgtype
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
    IF NOT EXISTS (SELECT FROM tripmeter.outbox_source) THEN
        RETURN;
    END IF;
    SELECT s.relation INTO source FROM tripmeter.outbox_source s JOIN pg_class c ON c.oid = s.relation WHERE c.relispartition;
    IF FOUND THEN
        RAISE EXCEPTION 'table "%" is attached to the outbox', source USING
            ERRCODE = 'object_in_use',
            DETAIL = format('As a partition of "%s" it would not be seen what is done through that.', pg_partition_root(source)),
            HINT = 'Detach it first, by tripmeter.outbox_detach(), and attach the root.';
    END IF;
    FOR source IN
        SELECT DISTINCT s.relation
        FROM pg_event_trigger_ddl_commands() command, pg_partition_ancestors(command.objid) ancestor (relid), tripmeter.outbox_source s
        WHERE command.classid = 'pg_class'::regclass AND s.relation = ancestor.relid
    LOOP
        -- what was a partition of it is none any more
        FOR stray IN
            SELECT DISTINCT tgrelid FROM pg_trigger
            WHERE tgfoid = 'tripmeter.outbox_capture()'::regprocedure
                AND NOT EXISTS (SELECT FROM tripmeter.outbox_source s WHERE s.relation = tgrelid)
                AND NOT EXISTS (SELECT FROM tripmeter.outbox_source s, pg_partition_ancestors(tgrelid) ancestor (relid) WHERE s.relation = ancestor.relid)
        LOOP
            PERFORM tripmeter.outbox_uncover(stray);
        END LOOP;
        PERFORM tripmeter.outbox_cover(source);
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
    IF to_regclass('tripmeter.outbox_source') IS NOT NULL THEN
        DELETE FROM tripmeter.outbox_source s
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
