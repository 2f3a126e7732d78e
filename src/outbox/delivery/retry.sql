-- Events that failed, and those of the same aggregate that wait behind them.

CREATE TABLE tripmeter.outbox_retry (
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
CREATE INDEX outbox_retry_by_key ON tripmeter.outbox_retry (consumer, hashtextextended(aggregateid, 0));
CREATE INDEX outbox_retry_due ON tripmeter.outbox_retry (share, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX outbox_retry_by_batch ON tripmeter.outbox_retry (batch) WHERE batch IS NOT NULL;
COMMENT ON TABLE tripmeter.outbox_retry IS
    'References to events that failed, and to those that wait behind them; an aggregate with a '
    'row here is blocked for the consumer.';
COMMENT ON COLUMN tripmeter.outbox_retry.consumer IS 'whose it is';
COMMENT ON COLUMN tripmeter.outbox_retry.seq IS 'the event''s number';
COMMENT ON COLUMN tripmeter.outbox_retry.share IS 'the share''s id';
COMMENT ON COLUMN tripmeter.outbox_retry.bucket IS 'the event''s bucket';
COMMENT ON COLUMN tripmeter.outbox_retry.slot IS 'where the event is; NULL: in outbox_kept';
COMMENT ON COLUMN tripmeter.outbox_retry.id IS 'the event''s id';
COMMENT ON COLUMN tripmeter.outbox_retry.aggregatetype IS 'with aggregateid: what is blocked';
COMMENT ON COLUMN tripmeter.outbox_retry.aggregateid IS 'see aggregatetype';
COMMENT ON COLUMN tripmeter.outbox_retry.tries IS 'how often it failed';
COMMENT ON COLUMN tripmeter.outbox_retry.next_at IS
    'when the first of its aggregate is tried next; NULL: another is before it';
COMMENT ON COLUMN tripmeter.outbox_retry.batch IS 'the open batch that it is in';
COMMENT ON COLUMN tripmeter.outbox_retry.error IS 'what outbox_nack was told last';
COMMENT ON INDEX tripmeter.outbox_retry_by_key IS 'Finds the rows of an aggregate.';
COMMENT ON INDEX tripmeter.outbox_retry_due IS 'Finds what is to be tried next.';
COMMENT ON INDEX tripmeter.outbox_retry_by_batch IS 'Finds what is in a batch.';

CREATE TABLE tripmeter_internal.outbox_kept (
    consumer text NOT NULL,
    LIKE tripmeter.outbox,
    PRIMARY KEY (consumer, seq),
    CONSTRAINT outbox_kept_for_retry FOREIGN KEY (consumer, seq) REFERENCES tripmeter.outbox_retry ON DELETE CASCADE
);
ALTER TABLE tripmeter_internal.outbox_kept DROP COLUMN slot;
COMMENT ON TABLE tripmeter_internal.outbox_kept IS
    'Events of truncated slots that rows of outbox_retry refer to, a copy each.';
COMMENT ON COLUMN tripmeter_internal.outbox_kept.consumer IS 'whose row it is';
COMMENT ON CONSTRAINT outbox_kept_for_retry ON tripmeter_internal.outbox_kept IS
    'It goes with its row.';

CREATE TABLE tripmeter.outbox_dead (
    consumer text NOT NULL,
    died_at timestamptz NOT NULL,
    tries integer NOT NULL,
    error text,
    LIKE tripmeter.outbox,
    PRIMARY KEY (consumer, seq)
);
ALTER TABLE tripmeter.outbox_dead DROP COLUMN slot;
COMMENT ON TABLE tripmeter.outbox_dead IS 'Events that failed too often, whole.';
COMMENT ON COLUMN tripmeter.outbox_dead.consumer IS 'who could not deal with it';
COMMENT ON COLUMN tripmeter.outbox_dead.died_at IS 'since when it is here';
COMMENT ON COLUMN tripmeter.outbox_dead.tries IS 'how often it failed';
COMMENT ON COLUMN tripmeter.outbox_dead.error IS 'what outbox_nack was told last';

SELECT pg_extension_config_dump('tripmeter.outbox_retry'::regclass, '');
SELECT pg_extension_config_dump('tripmeter_internal.outbox_kept'::regclass, '');
SELECT pg_extension_config_dump('tripmeter.outbox_dead'::regclass, '');

-- Receiving

CREATE FUNCTION tripmeter_internal.outbox_event_of(r tripmeter.outbox_retry)
    RETURNS SETOF tripmeter.outbox
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 1
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF r.slot IS NULL THEN
        RETURN QUERY
        SELECT k.seq, k.id, k.aggregatetype, k.aggregateid, k.type, k.payload, k.version, k.schemaversion, k.bucket, k.xid, k.occurred_at,
            k.traceparent, k.tracestate, k.correlationid, k.causationid, k.era, NULL::smallint
        FROM tripmeter_internal.outbox_kept AS k WHERE k.consumer = r.consumer AND k.seq = r.seq;
    ELSE
        -- by its own name: what a session knows of the partitions may be older than the slot
        RETURN QUERY EXECUTE format('SELECT * FROM tripmeter_internal.outbox_%s WHERE bucket = $1 AND seq = $2', r.slot) USING r.bucket, r.seq;
    END IF;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_event_of(tripmeter.outbox_retry) IS
    'The event that a row refers to: in its slot, or without one in outbox_kept. Internal.';

-- Of an aggregate that is blocked, the first that is in no batch is due at some time, and no other.
CREATE FUNCTION tripmeter_internal.outbox_unblock(of_consumer text, of_type text, of_id text)
    RETURNS void
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    WITH waiting AS (
        SELECT seq, next_at, seq = min(seq) OVER () AS is_first
        FROM tripmeter.outbox_retry
        WHERE consumer = of_consumer AND hashtextextended(aggregateid, 0) = hashtextextended(of_id, 0)
            AND aggregateid = of_id AND aggregatetype = of_type AND batch IS NULL
    )
    UPDATE tripmeter.outbox_retry AS r SET next_at = CASE WHEN is_first THEN clock_timestamp() END
    FROM waiting
    WHERE r.consumer = of_consumer AND r.seq = waiting.seq AND is_first = (waiting.next_at IS NULL)
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_unblock(text, text, text) IS
    'The first event of an aggregate that waits is due, now unless it has a time; those behind it '
    'are not. Internal.';

-- Who failed is tried alone; who only waited comes with those that waited behind it.
CREATE FUNCTION tripmeter_internal.outbox_take_due(of_consumer text, of_share integer,
        of_batch bigint, most integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    taken integer;
BEGIN
    WITH heads AS (
        SELECT h.seq, h.tries, h.aggregatetype, h.aggregateid
        FROM tripmeter.outbox_retry AS h
        WHERE h.share = of_share AND h.next_at <= clock_timestamp()
        ORDER BY h.next_at, h.seq LIMIT most
    ), due AS (
        SELECT seq, seq AS head FROM heads
        UNION ALL
        SELECT behind.seq, heads.seq
        FROM heads, LATERAL (
            SELECT r.seq FROM tripmeter.outbox_retry AS r
            WHERE heads.tries = 0 AND r.consumer = of_consumer
                AND hashtextextended(r.aggregateid, 0) = hashtextextended(heads.aggregateid, 0)
                AND r.aggregateid = heads.aggregateid AND r.aggregatetype = heads.aggregatetype AND r.seq > heads.seq
            ORDER BY r.seq LIMIT most) AS behind
    )
    UPDATE tripmeter.outbox_retry AS r SET batch = of_batch
    FROM (SELECT seq FROM due ORDER BY head, seq LIMIT most) AS chosen
    WHERE r.consumer = of_consumer AND r.seq = chosen.seq;
    GET DIAGNOSTICS taken = ROW_COUNT;
    RETURN taken;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_take_due(text, integer, bigint, integer) IS
    'Puts what is due into a batch, at most that many events, and returns how many. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_defer(c tripmeter.outbox_consumer,
        p tripmeter_internal.outbox_progress, share integer, a tripmeter_internal.outbox_tick,
        b tripmeter_internal.outbox_tick) RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    deferred integer;
BEGIN
    IF NOT EXISTS (SELECT FROM tripmeter.outbox_retry WHERE share = p.share) THEN
        RETURN 0;
    END IF;
    WITH behind AS (
        SELECT e.* FROM tripmeter_internal.outbox_events_of(c, p, share, a, b) AS e
        WHERE EXISTS (SELECT FROM tripmeter.outbox_retry AS r
                      WHERE r.consumer = c.consumer AND hashtextextended(r.aggregateid, 0) = hashtextextended(e.aggregateid, 0)
                          AND r.aggregateid = e.aggregateid AND r.aggregatetype = e.aggregatetype)
    ), added AS (
        INSERT INTO tripmeter.outbox_retry (consumer, seq, share, bucket, slot, id, aggregatetype, aggregateid)
        SELECT c.consumer, seq, p.share, bucket, slot, id, aggregatetype, aggregateid FROM behind
        ON CONFLICT DO NOTHING
    )
    SELECT count(*) INTO deferred FROM behind;
    -- where one has a lower number than what blocks it, which then waits for it
    PERFORM tripmeter_internal.outbox_unblock(r.consumer, r.aggregatetype, r.aggregateid)
    FROM tripmeter.outbox_retry AS r
    WHERE r.share = p.share AND r.next_at IS NOT NULL AND r.batch IS NULL AND EXISTS (
        SELECT FROM tripmeter.outbox_retry AS lower
        WHERE lower.consumer = r.consumer AND hashtextextended(lower.aggregateid, 0) = hashtextextended(r.aggregateid, 0)
            AND lower.aggregateid = r.aggregateid AND lower.aggregatetype = r.aggregatetype AND lower.seq < r.seq AND lower.batch IS NULL);
    RETURN deferred;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_defer(tripmeter.outbox_consumer,
        tripmeter_internal.outbox_progress, integer, tripmeter_internal.outbox_tick,
        tripmeter_internal.outbox_tick) IS
    'Puts the events of a batch whose aggregate is blocked behind what blocks it, and returns how '
    'many they are. Internal.';

-- Settling

CREATE FUNCTION tripmeter_internal.outbox_settle(of_batch bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    done tripmeter.outbox_retry[];
BEGIN
    WITH gone AS (DELETE FROM tripmeter.outbox_retry WHERE batch = of_batch RETURNING outbox_retry)
    SELECT array_agg(gone.outbox_retry) INTO done FROM gone;
    PERFORM tripmeter_internal.outbox_unblock(keys.consumer, keys.aggregatetype, keys.aggregateid)
    FROM (SELECT DISTINCT d.consumer, d.aggregatetype, d.aggregateid FROM unnest(done) AS d) AS keys;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_settle(bigint) IS
    'What is in a batch of outbox_retry is done. Internal.';

-- Failing

CREATE FUNCTION tripmeter_internal.outbox_bury(c tripmeter.outbox_consumer, e tripmeter.outbox,
        tries integer, error text) RETURNS void
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO tripmeter.outbox_dead
    VALUES (c.consumer, clock_timestamp(), tries, error, e.seq, e.id, e.aggregatetype, e.aggregateid, e.type, e.payload, e.version,
        e.schemaversion, e.bucket, e.xid, e.occurred_at, e.traceparent, e.tracestate, e.correlationid, e.causationid, e.era)
    ON CONFLICT (consumer, seq) DO UPDATE SET died_at = EXCLUDED.died_at, tries = EXCLUDED.tries, error = EXCLUDED.error
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_bury(tripmeter.outbox_consumer, tripmeter.outbox,
        integer, text) IS
    'Puts an event into outbox_dead. Internal.';

-- Of an event of outbox_retry: those of its aggregate that are in the batch behind it wait again.
CREATE FUNCTION tripmeter_internal.outbox_nack_retried(c tripmeter.outbox_consumer,
        r tripmeter.outbox_retry, error text, delay interval) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    due timestamptz := tripmeter_internal.outbox_next_try(c, r.tries + 1, delay);
BEGIN
    IF due IS NULL THEN
        PERFORM tripmeter_internal.outbox_bury(c, e, r.tries + 1, error) FROM tripmeter_internal.outbox_event_of(r) AS e;
        DELETE FROM tripmeter.outbox_retry AS t WHERE t.consumer = r.consumer AND t.seq = r.seq;
        PERFORM tripmeter_internal.outbox_unblock(r.consumer, r.aggregatetype, r.aggregateid);
        RETURN NULL;
    END IF;
    UPDATE tripmeter.outbox_retry AS t
    SET batch = NULL,
        tries = CASE t.seq WHEN r.seq THEN r.tries + 1 ELSE t.tries END,
        next_at = CASE t.seq WHEN r.seq THEN due END,
        error = CASE t.seq WHEN r.seq THEN error ELSE t.error END
    WHERE t.batch = r.batch AND t.aggregateid = r.aggregateid AND t.aggregatetype = r.aggregatetype AND t.seq >= r.seq;
    PERFORM tripmeter_internal.outbox_unblock(r.consumer, r.aggregatetype, r.aggregateid);
    RETURN due;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_nack_retried(tripmeter.outbox_consumer,
        tripmeter.outbox_retry, text, interval) IS
    'An event that was tried again failed again. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_next_try(c tripmeter.outbox_consumer, tries integer,
        delay interval) RETURNS timestamptz
    LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT clock_timestamp() + coalesce(delay,
        CASE WHEN extract(epoch FROM c.retry_delay) * power(2, least(tries - 1, 60)) < extract(epoch FROM c.retry_delay_max)
            THEN c.retry_delay * power(2, tries - 1) ELSE c.retry_delay_max END)
    WHERE tries < c.max_tries
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_next_try(tripmeter.outbox_consumer, integer,
        interval) IS
    'When an event that failed so often is tried next: after that delay, or else twice as long as '
    'the last time, up to a limit. NULL: never. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_nack_fresh(c tripmeter.outbox_consumer,
        p tripmeter_internal.outbox_progress, event uuid, error text, delay interval)
    RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    events tripmeter.outbox[] := ARRAY(
        SELECT e FROM tripmeter_internal.outbox_events_of(c, p, tripmeter_internal.outbox_share_number(p.share), tripmeter_internal.outbox_tick_of(p.tick), tripmeter_internal.outbox_tick_of(p.until)) AS e
        WHERE NOT EXISTS (SELECT FROM tripmeter.outbox_retry AS r WHERE r.consumer = c.consumer AND r.seq = e.seq)
            AND NOT EXISTS (SELECT FROM tripmeter.outbox_dead AS d WHERE d.consumer = c.consumer AND d.seq = e.seq));
    failed tripmeter.outbox;
    due timestamptz;
BEGIN
    SELECT * INTO failed FROM unnest(events) WHERE id = event;
    IF failed.seq IS NULL THEN
        RAISE EXCEPTION 'event % is not in batch %', event, p.batch USING
            ERRCODE = 'invalid_parameter_value',
            HINT = 'It, or one of its aggregate before it, may have been refused before: it is handed out again later.';
    END IF;
    due := tripmeter_internal.outbox_next_try(c, 1, delay);
    IF due IS NULL THEN
        PERFORM tripmeter_internal.outbox_bury(c, failed, 1, error);
        RETURN NULL;
    END IF;
    INSERT INTO tripmeter.outbox_retry (consumer, seq, share, bucket, slot, id, aggregatetype, aggregateid, tries, next_at, error)
    SELECT c.consumer, seq, p.share, bucket, slot, id, aggregatetype, aggregateid, (id = event)::integer,
        CASE WHEN id = event THEN due END, CASE WHEN id = event THEN error END
    FROM unnest(events)
    WHERE aggregateid = failed.aggregateid AND aggregatetype = failed.aggregatetype AND seq >= failed.seq;
    PERFORM tripmeter_internal.outbox_unblock(c.consumer, failed.aggregatetype, failed.aggregateid);
    RETURN due;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_nack_fresh(tripmeter.outbox_consumer,
        tripmeter_internal.outbox_progress, uuid, text, interval) IS
    'An event failed that was handed out for the first time. Errors: it is not in the batch. '
    'Internal.';

CREATE FUNCTION tripmeter_internal.outbox_nack_as(caller oid, batch bigint, event uuid, error text,
        delay interval) RETURNS timestamptz
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    p tripmeter_internal.outbox_progress := tripmeter_internal.outbox_lock_batch(caller, batch);
    c tripmeter.outbox_consumer;
    retried tripmeter.outbox_retry;
BEGIN
    IF NOT p.open OR p.batch <> batch THEN
        PERFORM tripmeter_internal.outbox_refuse_batch(batch, p);
    END IF;
    SELECT t.* INTO c FROM tripmeter.outbox_consumer AS t JOIN tripmeter_internal.outbox_share AS s ON s.consumer = t.consumer WHERE s.id = p.share;
    SELECT r.* INTO retried FROM tripmeter.outbox_retry AS r WHERE r.batch = batch AND r.id = event;
    IF FOUND THEN
        RETURN tripmeter_internal.outbox_nack_retried(c, retried, error, delay);
    END IF;
    RETURN tripmeter_internal.outbox_nack_fresh(c, p, event, error, delay);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_nack_as(oid, bigint, uuid, text, interval) IS
    'What outbox_nack does, for a caller. Internal.';

CREATE FUNCTION tripmeter.outbox_nack(batch bigint, event uuid, error text DEFAULT NULL,
        delay interval DEFAULT NULL) RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter.outbox_nack(bigint, uuid, text, interval) IS
    'An event of an open batch failed: it is tried again later, after that delay, or else one '
    'that grows with each failure. Returns when. Until then it and the later events of its '
    'aggregate wait, those of the same batch too: leave these out. NULL: it failed too often and '
    'is in outbox_dead; go on with the next. Errors: it is not in the batch; another worker has '
    'taken the batch over; the caller may not act for its consumer; those of outbox_this_era.';
