-- Events that failed too often.

CREATE FUNCTION tripmeter_internal.outbox_dead_letters_as(caller oid, consumer text)
    RETURNS SETOF tripmeter.outbox_dead
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED SECURITY DEFINER ROWS 10
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c tripmeter.outbox_consumer := tripmeter_internal.outbox_consumer_of(caller, consumer);
BEGIN
    RETURN QUERY SELECT d.* FROM tripmeter.outbox_dead AS d WHERE d.consumer = c.consumer AND (c.types IS NULL OR d.type = ANY (c.types)) ORDER BY d.seq;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_dead_letters_as(oid, text) IS
    'What outbox_dead_letters does, for a caller. Internal.';

CREATE FUNCTION tripmeter.outbox_dead_letters(consumer text) RETURNS SETOF tripmeter.outbox_dead
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION tripmeter.outbox_dead_letters(text) IS
    'The dead events of a consumer of the types that it receives, in order. Errors: it is not '
    'subscribed; the caller is no member of its role.';

CREATE FUNCTION tripmeter_internal.outbox_take_dead(caller oid, consumer text, event uuid)
    RETURNS tripmeter.outbox_dead
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c tripmeter.outbox_consumer := tripmeter_internal.outbox_consumer_of(caller, consumer);
    taken tripmeter.outbox_dead;
BEGIN
    DELETE FROM tripmeter.outbox_dead AS d
    WHERE d.consumer = c.consumer AND d.id = event AND (c.types IS NULL OR d.type = ANY (c.types))
    RETURNING d.* INTO taken;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'event % is not dead', coalesce(event::text, 'NULL') USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = format('There is none of this id among those of consumer "%s".', c.consumer),
            HINT = 'See tripmeter.outbox_dead_letters.';
    END IF;
    RETURN taken;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_take_dead(oid, text, uuid) IS
    'Removes a dead event and returns it. Errors: there is none; the consumer is not subscribed; '
    'the caller is no member of its role. Internal.';

-- The share is locked before the dead event, in the order of a worker that holds its share and
-- tries the event again: otherwise the two could wait for each other.
CREATE FUNCTION tripmeter_internal.outbox_dead_retry_as(caller oid, consumer text, event uuid)
    RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c tripmeter.outbox_consumer := tripmeter_internal.outbox_consumer_of(caller, consumer);
    of_share integer := (
        SELECT s.id FROM tripmeter.outbox_dead AS e
        JOIN tripmeter_internal.outbox_share AS s ON s.consumer = e.consumer AND s.share = e.bucket % c.shares
        WHERE e.consumer = c.consumer AND e.id = event);
    d tripmeter.outbox_dead;
BEGIN
    PERFORM tripmeter_internal.outbox_lock(of_share, true);
    d := tripmeter_internal.outbox_take_dead(caller, consumer, event);
    INSERT INTO tripmeter.outbox_retry (consumer, seq, share, bucket, id, aggregatetype, aggregateid, error)
    VALUES (d.consumer, d.seq, of_share, d.bucket, d.id, d.aggregatetype, d.aggregateid, d.error);
    INSERT INTO tripmeter_internal.outbox_kept VALUES (d.consumer, d.seq, d.id, d.aggregatetype, d.aggregateid, d.type, d.payload, d.version,
        d.schemaversion, d.bucket, d.xid, d.occurred_at, d.traceparent, d.tracestate, d.correlationid, d.causationid, d.era);
    PERFORM tripmeter_internal.outbox_unblock(d.consumer, d.aggregatetype, d.aggregateid);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_dead_retry_as(oid, text, uuid) IS
    'What outbox_dead_retry does, for a caller. Internal.';

CREATE FUNCTION tripmeter.outbox_dead_retry(consumer text, event uuid) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter.outbox_dead_retry(text, uuid) IS
    'A dead event is handed out again, behind earlier ones of its aggregate that wait, and what '
    'comes of that waits behind it. It comes after events that were behind it and are done: '
    'whether that is right only its consumer knows. Errors: there is none; the consumer is not '
    'subscribed; the caller is no member of its role.';

CREATE FUNCTION tripmeter_internal.outbox_dead_drop_as(caller oid, consumer text, event uuid)
    RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tripmeter_internal.outbox_take_dead(caller, consumer, event);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_dead_drop_as(oid, text, uuid) IS
    'What outbox_dead_drop does, for a caller. Internal.';

CREATE FUNCTION tripmeter.outbox_dead_drop(consumer text, event uuid) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter.outbox_dead_drop(text, uuid) IS
    'Gives a dead event up. Errors: there is none; the consumer is not subscribed; the caller is '
    'no member of its role.';
