-- For operators: settings, ticks, restoring, metrics; and waiting.

CREATE FUNCTION tripmeter.outbox_configure(tick_interval interval DEFAULT NULL,
        notify boolean DEFAULT NULL, slot_age interval DEFAULT NULL, slot_bytes bigint DEFAULT NULL,
        when_full text DEFAULT NULL, inbox_age interval DEFAULT NULL)
    RETURNS tripmeter.outbox_setting
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    result tripmeter.outbox_setting;
BEGIN
    PERFORM tripmeter_internal.outbox_prepare();
    UPDATE tripmeter.outbox_setting AS s
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
COMMENT ON FUNCTION tripmeter.outbox_configure(interval, boolean, interval, bigint, text,
        interval) IS
    'Changes the settings that are not NULL, and returns all. tick_interval: who receives makes a '
    'tick when the last is older. notify: whether such a tick notifies channel tripmeter_outbox. '
    'slot_age, slot_bytes: the next slot is opened when the current one is older, or larger. '
    'when_full: extend the ring, or refuse events. inbox_age: how long inbox() remembers at '
    'least. Errors: a value that is out of range. For operators: EXECUTE is to be granted.';
SELECT tripmeter_internal.keep_to_owner(
    'tripmeter.outbox_configure(interval, boolean, interval, bigint, text, interval)'::regprocedure);

CREATE FUNCTION tripmeter.outbox_tick() RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tripmeter_internal.outbox_prepare();
    RETURN (tripmeter_internal.outbox_tick_if_due('0'::interval)).tick;
END
$function$;
COMMENT ON FUNCTION tripmeter.outbox_tick() IS
    'Makes a tick, if there is something new: what has committed by now can be received once this '
    'commits. Returns the latest. Errors: those of outbox_this_era. For operators: EXECUTE is to '
    'be granted.';
SELECT tripmeter_internal.keep_to_owner(
    'tripmeter.outbox_tick()'::regprocedure);

-- Restoring

-- A dump may have been taken while a slot was truncated: then it has a ring in which the
-- slot is in use, a slot that is empty, and consumers that have not passed it. They had.
CREATE FUNCTION tripmeter_internal.outbox_mend_torn_dump() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    torn tripmeter_internal.outbox_ring;
    share integer;
    p tripmeter_internal.outbox_progress;
BEGIN
    FOR torn IN
        SELECT * FROM tripmeter_internal.outbox_ring
        WHERE sealed_tick IS NOT NULL AND tripmeter_internal.outbox_tick_of(opened_tick) IS NULL
        ORDER BY sealed_tick
    LOOP
        FOR share IN SELECT s.id FROM tripmeter_internal.outbox_share AS s WHERE s.share >= 0 LOOP
            p := tripmeter_internal.outbox_newest(share);
            IF coalesce(p.tick < torn.sealed_tick, true) THEN
                p.share := share;
                p.tick := torn.sealed_tick;
                p.until := NULL;
                p.epoch := coalesce(p.epoch, 0) + 1;
                p.worker := NULL;
                p.open := false;
                p.handed := 0;
                p.retries := 0;
                PERFORM tripmeter_internal.outbox_write(p);
            END IF;
        END LOOP;
        UPDATE tripmeter_internal.outbox_ring
        SET opened_tick = NULL, opened_at = NULL, closed_by = NULL, sealed_tick = NULL, truncated_tick = sealed_tick
        WHERE slot = torn.slot;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_mend_torn_dump() IS
    'Frees slots that were truncated while the dump was taken. Internal.';

CREATE FUNCTION tripmeter.outbox_after_restore() RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    new_era tripmeter_internal.outbox_era;
BEGIN
    PERFORM tripmeter_internal.outbox_prepare();
    PERFORM tripmeter_internal.outbox_begin();
    LOCK TABLE tripmeter_internal.outbox_ring IN SHARE ROW EXCLUSIVE MODE;
    PERFORM tripmeter_internal.outbox_mend_torn_dump();
    FOR new_era IN SELECT * FROM tripmeter_internal.outbox_era WHERE NOT accepted ORDER BY era LOOP
        -- all of the era before was restored: its end sees all, the beginning of the new one nothing
        PERFORM tripmeter_internal.outbox_mark((SELECT max(era) FROM tripmeter_internal.outbox_era WHERE era < new_era.era),
            '9223372036854775807:9223372036854775807:'::pg_snapshot, tripmeter_internal.outbox_last_seq());
        PERFORM tripmeter_internal.outbox_mark(new_era.era, '3:3:'::pg_snapshot, tripmeter_internal.outbox_last_seq());
        UPDATE tripmeter_internal.outbox_era SET accepted = true WHERE era = new_era.era;
    END LOOP;
    RETURN tripmeter_internal.outbox_this_era();
END
$function$;
COMMENT ON FUNCTION tripmeter.outbox_after_restore() IS
    'Consumers of a restored or copied database go on where they were: first what is left from '
    'before, then what is new. Returns the era. Call it once, in the copy that consumers are to '
    'receive from. Does nothing where nothing was restored. For operators: EXECUTE is to be '
    'granted.';
SELECT tripmeter_internal.keep_to_owner(
    'tripmeter.outbox_after_restore()'::regprocedure);

-- Waiting

CREATE FUNCTION tripmeter_internal.outbox_look(caller oid, consumer text, worker text, seen bigint,
        OUT ready boolean, OUT latest bigint)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c tripmeter.outbox_consumer := tripmeter_internal.outbox_consumer_of(caller, consumer);
    era integer := tripmeter_internal.outbox_this_era();
    last tripmeter_internal.outbox_tick := tripmeter_internal.outbox_last_tick();
    p tripmeter_internal.outbox_progress;
BEGIN
    PERFORM tripmeter_internal.outbox_check_receive(c, 1);
    latest := last.tick;
    ready := tripmeter_internal.outbox_is_tick_due(last, (SELECT s.tick_interval FROM tripmeter.outbox_setting AS s))
        AND tripmeter_internal.outbox_has_news(last);
    IF ready OR seen = latest THEN
        RETURN;
    END IF;
    FOREACH p IN ARRAY (tripmeter_internal.outbox_candidates(c, coalesce(worker, format('pid %s', pg_backend_pid())))).shares LOOP
        ready := p.open
            OR EXISTS (SELECT FROM tripmeter.outbox_retry AS r WHERE r.share = p.share AND r.next_at <= clock_timestamp())
            OR (tripmeter_internal.outbox_find(c, p, (SELECT s.share FROM tripmeter_internal.outbox_share AS s WHERE s.id = p.share), 1, era)).fresh > 0;
        EXIT WHEN ready;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_look(oid, text, text, bigint) IS
    'Whether outbox_receive may have something for a worker, where nothing was found up to a '
    'tick; and the latest tick. Errors: those of outbox_receive. Internal: outbox_wait calls it.';

CREATE FUNCTION tripmeter.outbox_wait(consumer text, timeout interval DEFAULT '30 s',
        worker text DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_wait' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter.outbox_wait(text, interval, text) IS
    'Waits until outbox_receive may have something for a worker of the consumer, and returns '
    'true; or false after the timeout. It can be cancelled. It is a statement like others: while '
    'it waits, VACUUM keeps what it could see. Errors: those of outbox_receive; a timeout that is '
    'NULL or negative.';

-- Metrics

CREATE FUNCTION tripmeter_internal.outbox_blocker()
    RETURNS TABLE (since timestamptz, description text)
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
COMMENT ON FUNCTION tripmeter_internal.outbox_blocker() IS
    'The oldest transaction that may have written something, in whatever database, open or '
    'prepared. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_lag(OUT consumer text, OUT lost boolean,
        OUT tick_at timestamptz, OUT events bigint, OUT bytes numeric, OUT workers bigint)
    RETURNS SETOF record
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 10
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    last_seq bigint := tripmeter_internal.outbox_last_seq();
    kept_seqs bigint := last_seq - (SELECT min(t.seq_before) FROM tripmeter_internal.outbox_ring AS r, tripmeter_internal.outbox_tick_of(r.opened_tick) AS t);
    kept_bytes bigint := (SELECT sum(pg_table_size(i.inhrelid)) FROM pg_inherits AS i WHERE i.inhparent = 'tripmeter.outbox'::regclass);
    c tripmeter.outbox_consumer;
BEGIN
    FOR c IN SELECT * FROM tripmeter.outbox_consumer AS t ORDER BY t.consumer LOOP
        consumer := c.consumer;
        lost := c.lost_at IS NOT NULL;
        SELECT min(a.at), ceil(sum(last_seq - a.seq_before) / c.shares), count(DISTINCT p.worker) FILTER (WHERE p.lease_until > clock_timestamp())
        INTO tick_at, events, workers
        FROM tripmeter_internal.outbox_shares_of(c) AS p, tripmeter_internal.outbox_tick_of(p.tick) AS a;
        bytes := round(events * kept_bytes::numeric / greatest(kept_seqs, events, 1));
        RETURN NEXT;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_lag() IS
    'How far consumers are: the time of the tick that all of their shares have passed, how many '
    'numbers of events were given since the shares'' ticks, on average, how many bytes these may '
    'take, and how many workers there are. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_measure()
    RETURNS TABLE (metric text, consumer text, value numeric, detail text)
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER ROWS 30
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT 'tick_age_seconds', NULL::text, extract(epoch FROM clock_timestamp() - at)::numeric, format('tick %s', tick)
    FROM tripmeter_internal.outbox_last_tick() WHERE tick IS NOT NULL
    UNION ALL
    SELECT 'slots_free', NULL, count(*) FILTER (WHERE opened_tick IS NULL), format('of %s', count(*)) FROM tripmeter_internal.outbox_ring
    UNION ALL
    SELECT 'events_refused', NULL, refused::integer, CASE WHEN refused THEN 'the ring is full' END FROM tripmeter_internal.outbox_current
    UNION ALL
    SELECT 'events_bytes', NULL, sum(pg_total_relation_size(inhrelid)), NULL FROM pg_inherits WHERE inhparent = 'tripmeter.outbox'::regclass
    UNION ALL
    SELECT 'inbox_bytes', NULL, sum(pg_total_relation_size(inhrelid)), NULL FROM pg_inherits WHERE inhparent = 'tripmeter_internal.outbox_inbox'::regclass
    UNION ALL
    SELECT 'uncovered_tables', NULL, count(*), string_agg(partition::text, ', ') FROM tripmeter.outbox_coverage() WHERE NOT covered
    UNION ALL
    SELECT 'blocker_seconds', NULL, extract(epoch FROM clock_timestamp() - since)::numeric, description FROM tripmeter_internal.outbox_blocker()
    UNION ALL
    SELECT metric, lag.consumer, value, CASE WHEN lost THEN 'it was dropped for being stuck' END
    FROM tripmeter_internal.outbox_lag() AS lag, LATERAL (VALUES
        ('lag_seconds', CASE WHEN events > 0 THEN extract(epoch FROM clock_timestamp() - tick_at)::numeric ELSE 0 END),
        ('lag_events', events::numeric),
        ('lag_bytes', bytes),
        ('workers', workers::numeric),
        ('lost', lost::integer::numeric)) AS metrics (metric, value)
    UNION ALL
    SELECT metric, c.consumer, value, NULL
    FROM tripmeter.outbox_consumer AS c, LATERAL (
        SELECT 'blocked_keys', count(DISTINCT (aggregatetype, aggregateid)) FROM tripmeter.outbox_retry AS r WHERE r.consumer = c.consumer
        UNION ALL SELECT 'blocked_events', count(*) FROM tripmeter.outbox_retry AS r WHERE r.consumer = c.consumer
        UNION ALL SELECT 'dead_events', count(*) FROM tripmeter.outbox_dead AS d WHERE d.consumer = c.consumer) AS counts (metric, value)
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_measure() IS 'What outbox_metrics shows. Internal.';

CREATE VIEW tripmeter.outbox_metrics AS SELECT metric, consumer, value, detail FROM tripmeter_internal.outbox_measure();
COMMENT ON VIEW tripmeter.outbox_metrics IS
    'What to watch: a row a metric, of the outbox or of a consumer. For members of pg_monitor.';
COMMENT ON COLUMN tripmeter.outbox_metrics.metric IS 'its name, with its unit';
COMMENT ON COLUMN tripmeter.outbox_metrics.consumer IS 'whose it is; NULL: the whole outbox''s';
COMMENT ON COLUMN tripmeter.outbox_metrics.value IS 'its value';
COMMENT ON COLUMN tripmeter.outbox_metrics.detail IS 'more about it, for people';
