-- Retention: slots are opened, closed, sealed, and truncated when all consumers have passed them.

-- Truncating

CREATE FUNCTION tripmeter_internal.outbox_behind(sealed_tick bigint) RETURNS SETOF text
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT c.consumer FROM tripmeter.outbox_consumer AS c
    WHERE c.lost_at IS NULL
        AND c.shares > (SELECT count(*) FROM tripmeter_internal.outbox_shares_of(c) AS p WHERE p.tick >= outbox_behind.sealed_tick)
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_behind(bigint) IS
    'Consumers that have not passed a tick. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_keep_referenced(of_slot smallint) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM FROM tripmeter.outbox_retry WHERE slot = of_slot FOR UPDATE NOWAIT;
    INSERT INTO tripmeter_internal.outbox_kept
    SELECT r.consumer, o.seq, o.id, o.aggregatetype, o.aggregateid, o.type, o.payload, o.version, o.schemaversion, o.bucket, o.xid, o.occurred_at,
        o.traceparent, o.tracestate, o.correlationid, o.causationid, o.era
    FROM tripmeter.outbox_retry AS r, tripmeter_internal.outbox_event_of(r) AS o
    WHERE r.slot = of_slot;
    UPDATE tripmeter.outbox_retry SET slot = NULL WHERE slot = of_slot;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_keep_referenced(smallint) IS
    'Copies the events of a slot that outbox_retry refers to. Errors: one of its rows is locked. '
    'Internal.';

-- Nobody needs the slot any more; who still looks at it is not waited for.
CREATE FUNCTION tripmeter_internal.outbox_truncate(of_slot smallint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    tables text := format('tripmeter_internal.outbox_%1$s, tripmeter_internal.outbox_tick_%1$s, tripmeter_internal.outbox_progress_%1$s', of_slot);
BEGIN
    -- first of all, for what is written before a lock is refused is rolled back, and swept up after
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', tables);
    PERFORM tripmeter_internal.outbox_keep_referenced(of_slot);
    EXECUTE format('TRUNCATE %s', tables);
    UPDATE tripmeter_internal.outbox_ring
    SET opened_tick = NULL, opened_at = NULL, closed_by = NULL, sealed_tick = NULL, truncated_tick = sealed_tick
    WHERE slot = of_slot;
    RETURN true;
EXCEPTION
    WHEN lock_not_available THEN
        RETURN false;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_truncate(smallint) IS
    'Empties a slot; false if somebody is at it. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_truncate_passed() RETURNS SETOF smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    sealed tripmeter_internal.outbox_ring;
BEGIN
    FOR sealed IN SELECT * FROM tripmeter_internal.outbox_ring WHERE sealed_tick IS NOT NULL ORDER BY sealed_tick LOOP
        EXIT WHEN EXISTS (SELECT FROM tripmeter_internal.outbox_behind(sealed.sealed_tick));
        IF tripmeter_internal.outbox_truncate(sealed.slot) THEN
            RETURN NEXT sealed.slot;
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_truncate_passed() IS
    'Empties the sealed slots that all consumers have passed, and returns them. Internal.';

-- Sealing

-- Not what this transaction has closed: others do not know yet.
CREATE FUNCTION tripmeter_internal.outbox_seal_closed(era integer) RETURNS SETOF smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    closed smallint;
BEGIN
    FOR closed IN
        SELECT slot FROM tripmeter_internal.outbox_ring
        WHERE closed_by IS NOT NULL AND sealed_tick IS NULL AND closed_by IS DISTINCT FROM pg_current_xact_id_if_assigned()
        ORDER BY opened_tick
    LOOP
        IF tripmeter_internal.outbox_is_unwritten(format('tripmeter_internal.outbox_%s', closed)::regclass) THEN
            UPDATE tripmeter_internal.outbox_ring SET sealed_tick = (tripmeter_internal.outbox_make_tick(era)).tick WHERE slot = closed;
            RETURN NEXT closed;
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_seal_closed(integer) IS
    'Seals the closed slots that nobody writes to any more, and returns them. Internal.';

-- Opening

-- The session that adds a slot is any consumer's, so its settings must not matter.
CREATE FUNCTION tripmeter_internal.outbox_add_partition(parent regclass, of_slot smallint)
    RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET default_tablespace = ''
AS $function$
DECLARE
    name name := (SELECT relname FROM pg_class WHERE oid = parent);
    storage text := (
        SELECT concat_ws(' ', 'USING ' || quote_ident(a.amname), 'TABLESPACE ' || quote_ident(s.spcname))
        FROM pg_class AS c JOIN pg_am AS a ON a.oid = c.relam LEFT JOIN pg_tablespace AS s ON s.oid = c.reltablespace
        WHERE c.oid = format('tripmeter_internal.%s_0', name)::regclass);
BEGIN
    -- attached, for a partition that is created as one waits for all readers
    EXECUTE format('CREATE TABLE tripmeter_internal.%1$s_%2$s (LIKE tripmeter_internal.%1$s_0 INCLUDING ALL) %3$s', name, of_slot, storage);
    PERFORM tripmeter_internal.keep_to_owner(format('tripmeter_internal.%s_%s', name, of_slot)::regclass);
    EXECUTE format('ALTER TABLE %3$s ATTACH PARTITION tripmeter_internal.%1$s_%2$s FOR VALUES IN (%2$s)',
        name, of_slot, parent);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_add_partition(regclass, smallint) IS
    'Adds a slot to a partitioned table, stored as its first slot is. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_add_slot() RETURNS smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    added smallint := (SELECT max(slot) + 1 FROM tripmeter_internal.outbox_ring);
BEGIN
    PERFORM tripmeter_internal.outbox_add_partition(parent, added) FROM unnest(
        '{tripmeter.outbox,tripmeter_internal.outbox_tick,tripmeter_internal.outbox_progress}'::regclass[]) AS parent;
    INSERT INTO tripmeter_internal.outbox_ring (slot) VALUES (added);
    RETURN added;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_add_slot() IS
    'Extends the ring by a slot, whose tables are not members of the extension, so that a dump '
    'has them. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_free_slot() RETURNS smallint
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT ring.slot FROM tripmeter_internal.outbox_ring AS ring, tripmeter_internal.outbox_current AS current
    WHERE ring.opened_tick IS NULL
    ORDER BY ring.slot > current.slot DESC, ring.slot LIMIT 1
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_free_slot() IS
    'The next free slot; NULL: the ring is full. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_drop_stuck() RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    behind text[];
    stuck text;
BEGIN
    behind := ARRAY(SELECT tripmeter_internal.outbox_behind((SELECT min(sealed_tick) FROM tripmeter_internal.outbox_ring)));
    IF EXISTS (SELECT FROM tripmeter.outbox_consumer WHERE consumer = ANY (behind) AND when_stuck = 'keep') THEN
        RETURN;
    END IF;
    PERFORM FROM tripmeter.outbox_consumer WHERE consumer = ANY (behind) FOR UPDATE NOWAIT;
    FOREACH stuck IN ARRAY behind LOOP
        UPDATE tripmeter.outbox_consumer SET lost_at = clock_timestamp() WHERE consumer = stuck;
        RETURN NEXT stuck;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_drop_stuck() IS
    'Gives up the consumers that keep the oldest slot, if the policy of all of them allows it, '
    'and returns them. Errors: one of them is being changed. Internal.';

-- Whoever looks at the slot keeps it from being truncated: then nobody is dropped in vain.
CREATE FUNCTION tripmeter_internal.outbox_free_by_dropping() RETURNS smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    dropped text[];
    stuck text;
BEGIN
    dropped := ARRAY(SELECT tripmeter_internal.outbox_drop_stuck());
    PERFORM tripmeter_internal.outbox_truncate_passed();
    IF tripmeter_internal.outbox_free_slot() IS NULL THEN
        RAISE lock_not_available;
    END IF;
    FOREACH stuck IN ARRAY dropped LOOP
        RAISE WARNING 'consumer "%" is dropped: it kept a slot of the full ring', stuck;
    END LOOP;
    RETURN tripmeter_internal.outbox_free_slot();
EXCEPTION
    WHEN lock_not_available THEN
        RETURN NULL;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_free_by_dropping() IS
    'Frees a slot of the full ring by dropping consumers that may be dropped, and returns it; '
    'NULL, and nothing done, if that frees none. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_open_next(era integer) RETURNS smallint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    closing smallint := (SELECT slot FROM tripmeter_internal.outbox_current);
    opening smallint := tripmeter_internal.outbox_free_slot();
BEGIN
    IF opening IS NULL THEN
        opening := tripmeter_internal.outbox_free_by_dropping();
    END IF;
    IF opening IS NULL AND (SELECT when_full FROM tripmeter.outbox_setting) = 'extend' THEN
        opening := tripmeter_internal.outbox_add_slot();
    END IF;
    UPDATE tripmeter_internal.outbox_current AS current
    SET slot = coalesce(opening, current.slot), refused = opening IS NULL
    WHERE opening IS NOT NULL OR NOT current.refused;
    IF opening IS NULL THEN
        RETURN NULL;
    END IF;
    -- the tick is written to the new slot, so that it is kept as long
    UPDATE tripmeter_internal.outbox_ring
    SET opened_tick = (tripmeter_internal.outbox_make_tick(era)).tick, opened_at = clock_timestamp()
    WHERE slot = opening;
    UPDATE tripmeter_internal.outbox_ring SET closed_by = pg_current_xact_id() WHERE slot = closing;
    RETURN opening;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_open_next(integer) IS
    'Opens the next slot in place of the current one; NULL if the ring is full: then events are '
    'refused. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_is_slot_due() RETURNS boolean
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT size > setting.slot_bytes OR size > 0 AND ring.opened_at + setting.slot_age < clock_timestamp()
    FROM tripmeter.outbox_setting AS setting, tripmeter_internal.outbox_current AS current
        JOIN tripmeter_internal.outbox_ring AS ring USING (slot),
        LATERAL (SELECT sum(pg_table_size(format('tripmeter_internal.%s_%s', parent, ring.slot)::regclass))
                 FROM unnest('{outbox,outbox_tick,outbox_progress}'::text[]) AS parent) AS used (size)
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_is_slot_due() IS
    'Whether the current slot is so old or so large that the next is to be opened. Internal.';

-- For operators, and now and then by whoever receives

CREATE FUNCTION tripmeter.outbox_rotate(force boolean DEFAULT false)
    RETURNS TABLE (slot smallint, done text)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER ROWS 3
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    era integer;
BEGIN
    PERFORM tripmeter_internal.outbox_prepare();
    era := tripmeter_internal.outbox_this_era();
    BEGIN
        LOCK TABLE tripmeter_internal.outbox_ring IN SHARE ROW EXCLUSIVE MODE NOWAIT;
    EXCEPTION
        WHEN lock_not_available THEN
            RETURN;
    END;
    RETURN QUERY SELECT sealed, 'sealed' FROM tripmeter_internal.outbox_seal_closed(era) AS sealed;
    RETURN QUERY SELECT emptied, 'truncated' FROM tripmeter_internal.outbox_truncate_passed() AS emptied;
    PERFORM tripmeter_internal.outbox_inbox_turn();
    IF force OR (SELECT refused FROM tripmeter_internal.outbox_current) OR tripmeter_internal.outbox_is_slot_due() THEN
        RETURN QUERY SELECT opened, CASE WHEN opened IS NULL THEN 'refused' ELSE 'opened' END FROM tripmeter_internal.outbox_open_next(era) AS opened;
    END IF;
END
$function$;
COMMENT ON FUNCTION tripmeter.outbox_rotate(boolean) IS
    'Seals the slots that are no longer written to, truncates those that all consumers have '
    'passed, and opens the next when the current one is too old or too large, or when forced. '
    'Returns what was done; nothing if another is at it. Never waits. In a transaction of its '
    'own: a truncated slot is locked until it ends. For operators: EXECUTE is to be granted.';
SELECT tripmeter_internal.keep_to_owner(
    'tripmeter.outbox_rotate(boolean)'::regprocedure);

-- In a transaction block a truncated slot would be locked until its end.
CREATE FUNCTION tripmeter_internal.outbox_upkeep() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    -- asked out here: a block with an exception is a subtransaction, which looks like a transaction block
    IF NOT tripmeter_internal.outbox_is_upkeep_due() THEN
        RETURN;
    END IF;
    BEGIN
        PERFORM tripmeter.outbox_rotate();
    EXCEPTION
        WHEN OTHERS THEN
            RAISE WARNING 'upkeep of the outbox failed: %', SQLERRM;
    END;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_upkeep() IS
    'outbox_rotate, if the statement is a transaction of its own and the session has not tried in '
    'the last second. What fails is a warning. Internal.';
