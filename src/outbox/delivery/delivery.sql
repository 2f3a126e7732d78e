-- Receiving and acknowledging.

-- Windows

CREATE FUNCTION tripmeter_internal.outbox_seq_before(a tripmeter_internal.outbox_tick, of_xid xid8)
    RETURNS bigint
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_seq_before' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_seq_before(tripmeter_internal.outbox_tick, xid8) IS
    'The events of a transaction have higher numbers: what the last tick before a tells, at which '
    'it had no id yet. Internal.';

-- See README.md, "Why no event is skipped".
CREATE FUNCTION tripmeter_internal.outbox_low(a tripmeter_internal.outbox_tick,
        b tripmeter_internal.outbox_tick) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    oldest xid8 := (SELECT min(id) FROM pg_snapshot_xip(a.snapshot) AS running (id) WHERE pg_visible_in_snapshot(id, b.snapshot));
BEGIN
    IF oldest IS NULL AND pg_snapshot_xmax(a.snapshot) >= a.next_xid THEN
        RETURN a.seq_before;
    END IF;
    RETURN tripmeter_internal.outbox_seq_before(a, coalesce(oldest, pg_snapshot_xmax(a.snapshot)));
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_low(tripmeter_internal.outbox_tick,
        tripmeter_internal.outbox_tick) IS
    'Events that b sees and a does not have higher numbers. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_tick_after(a tripmeter_internal.outbox_tick, era integer)
    RETURNS tripmeter_internal.outbox_tick
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_tick_after' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_tick_after(tripmeter_internal.outbox_tick, integer) IS
    'The tick to go to from a: of the first slot that has one the latest within some 50,000 '
    'events, else the next. Only one whose events are durable: in an era before this one all are. '
    'Internal.';

CREATE FUNCTION tripmeter_internal.outbox_fill(c tripmeter.outbox_consumer,
        p tripmeter_internal.outbox_progress, share integer, a tripmeter_internal.outbox_tick,
        b tripmeter_internal.outbox_tick, most integer, OUT fresh integer, OUT end_seq bigint)
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_fill' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_fill(tripmeter.outbox_consumer,
        tripmeter_internal.outbox_progress, integer, tripmeter_internal.outbox_tick,
        tripmeter_internal.outbox_tick, integer) IS
    'How many events a batch has, at most that many, and the number of the last of them if it is '
    'full. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_past(p tripmeter_internal.outbox_progress)
    RETURNS tripmeter_internal.outbox_progress
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
COMMENT ON FUNCTION tripmeter_internal.outbox_past(tripmeter_internal.outbox_progress) IS
    'Progress behind the end of its batch. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_find(c tripmeter.outbox_consumer,
        p tripmeter_internal.outbox_progress, share integer, most integer, era integer,
        OUT at tripmeter_internal.outbox_progress, OUT a tripmeter_internal.outbox_tick,
        OUT b tripmeter_internal.outbox_tick, OUT fresh integer, OUT looked bigint)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    at := p;
    a := tripmeter_internal.outbox_tick_of(p.tick);
    b := tripmeter_internal.outbox_tick_of(p.until);
    fresh := 0;
    looked := 0;
    LOOP
        IF at.until IS NULL THEN
            b := tripmeter_internal.outbox_tick_after(a, era);
            EXIT WHEN b.tick IS NULL;
            at.until := b.tick;
            -- an era begins where the one before it ends: there is nothing between
            at.seq := CASE WHEN b.era = a.era THEN tripmeter_internal.outbox_low(a, b) ELSE b.seq_after END;
        END IF;
        looked := looked + b.seq_after - at.seq;
        SELECT * INTO fresh, at.end_seq FROM tripmeter_internal.outbox_fill(c, at, share, a, b, most);
        EXIT WHEN fresh > 0;
        at := tripmeter_internal.outbox_past(at);
        a := b;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_find(tripmeter.outbox_consumer,
        tripmeter_internal.outbox_progress, integer, integer, integer) IS
    'The next events of a share, at most that many, between the ticks a and b; or how far there '
    'are none; and at how many numbers it looked. Internal.';

-- Events of a batch, but for those of outbox_retry that are in it.
CREATE FUNCTION tripmeter_internal.outbox_events_of(c tripmeter.outbox_consumer,
        p tripmeter_internal.outbox_progress, share integer, a tripmeter_internal.outbox_tick,
        b tripmeter_internal.outbox_tick) RETURNS SETOF tripmeter.outbox
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_events_of' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_events_of(tripmeter.outbox_consumer,
        tripmeter_internal.outbox_progress, integer, tripmeter_internal.outbox_tick,
        tripmeter_internal.outbox_tick) IS
    'The events between the position of a share and the end of its batch, in order. Internal.';

-- Batches

-- Random: a number that a crash has made forgotten is never given again. Its upper bits tell the share.
CREATE FUNCTION tripmeter_internal.outbox_batch_number(share integer) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (share::bigint << 40) | ('x' || left(replace(gen_random_uuid()::text, '-', ''), 10))::bit(40)::bigint;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_batch_number(integer) IS
    'A number for a batch of a share. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_has_passed_seal(before bigint, after bigint)
    RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT EXISTS (SELECT FROM tripmeter_internal.outbox_ring WHERE sealed_tick > before AND sealed_tick <= after)
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_has_passed_seal(bigint, bigint) IS
    'Whether a slot may be free once this progress from one tick to another is known. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_open(c tripmeter.outbox_consumer,
        p tripmeter_internal.outbox_progress, worker text, most integer, era integer)
    RETURNS tripmeter_internal.outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    batch bigint := tripmeter_internal.outbox_batch_number(p.share);
    share integer := tripmeter_internal.outbox_share_number(p.share);
    before tripmeter_internal.outbox_progress := p;
    f record;
    deferred integer := 0;
    given boolean;
BEGIN
    p.retries := tripmeter_internal.outbox_take_due(c.consumer, p.share, batch, most);
    -- where there is no room for others the batch ends where it begins
    p.end_seq := p.seq;
    WHILE p.retries < most LOOP
        f := tripmeter_internal.outbox_find(c, p, share, most - p.retries, era);
        p := f.at;
        EXIT WHEN f.fresh = 0;
        deferred := tripmeter_internal.outbox_defer(c, p, share, f.a, f.b);
        given := f.fresh > deferred OR p.retries > 0;
        EXIT WHEN given;
        p := tripmeter_internal.outbox_past(p);
    END LOOP;
    IF given OR p.retries > 0 THEN
        p.epoch := p.epoch + (p.worker IS DISTINCT FROM worker)::integer;
        p.worker := worker;
        p.lease_until := clock_timestamp() + c.lease;
        p.batch := batch;
        p.open := true;
        p.handed := 0;
        RETURN tripmeter_internal.outbox_write(p);
    END IF;
    -- nothing: that is not worth a row each time
    IF deferred > 0 OR p.tick > before.tick AND (before.at < clock_timestamp() - interval '10 s'
            OR f.looked > 1000
            OR tripmeter_internal.outbox_has_passed_seal(before.tick, p.tick)) THEN
        PERFORM tripmeter_internal.outbox_write(p);
    ELSE
        PERFORM tripmeter_internal.outbox_unlock(p.share);
    END IF;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_open(tripmeter.outbox_consumer,
        tripmeter_internal.outbox_progress, text, integer, integer) IS
    'Opens a batch of the next events of a share that the caller has locked; NULL if there is '
    'none. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_open_again(c tripmeter.outbox_consumer,
        p tripmeter_internal.outbox_progress, worker text)
    RETURNS tripmeter_internal.outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    before tripmeter_internal.outbox_progress := p;
BEGIN
    IF p.worker IS DISTINCT FROM worker THEN
        p.epoch := p.epoch + 1;
        p.worker := worker;
        p.batch := tripmeter_internal.outbox_batch_number(p.share);
        UPDATE tripmeter.outbox_retry SET batch = p.batch WHERE batch = before.batch;
    END IF;
    p.handed := p.handed + 1;
    p.lease_until := clock_timestamp() + c.lease;
    RETURN tripmeter_internal.outbox_write(p);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_open_again(tripmeter.outbox_consumer,
        tripmeter_internal.outbox_progress, text) IS
    'Hands the open batch of a share out again, to another worker by another number. Internal.';

-- Workers

CREATE FUNCTION tripmeter_internal.outbox_shares_of(c tripmeter.outbox_consumer)
    RETURNS SETOF tripmeter_internal.outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 8
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT newest.*
    FROM tripmeter_internal.outbox_share AS s, tripmeter_internal.outbox_newest(s.id) AS newest
    WHERE s.consumer = c.consumer AND s.share >= 0 AND newest.n IS NOT NULL;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_shares_of(tripmeter.outbox_consumer) IS
    'How far the shares of a consumer are. Internal.';

-- Who has no share says so in the journal of share -1. One that is in a sealed slot will ask again.
CREATE FUNCTION tripmeter_internal.outbox_waiting(c tripmeter.outbox_consumer) RETURNS SETOF text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE ROWS 2
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN QUERY
    SELECT recent.worker
    FROM tripmeter_internal.outbox_share AS s, tripmeter_internal.outbox_recent(s.id, 200, 9223372036854775807) AS recent
    WHERE s.consumer = c.consumer AND s.share = -1 AND recent.lease_until > clock_timestamp();
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_waiting(tripmeter.outbox_consumer) IS
    'Workers that had no share when they last asked. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_wait_for_share(c tripmeter.outbox_consumer, worker text)
    RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    p tripmeter_internal.outbox_progress;
BEGIN
    IF worker IN (SELECT tripmeter_internal.outbox_waiting(c)) THEN
        RETURN;
    END IF;
    p.share := (SELECT s.id FROM tripmeter_internal.outbox_share AS s WHERE s.consumer = c.consumer AND s.share = -1);
    p.epoch := 0;
    p.worker := worker;
    p.lease_until := clock_timestamp() + c.lease;
    p.open := false;
    p.handed := 0;
    p.retries := 0;
    PERFORM tripmeter_internal.outbox_write(p);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_wait_for_share(tripmeter.outbox_consumer, text) IS
    'Makes it known that a worker wants a share. Internal.';

-- A share is a worker's by what it did last. Of two workers that want shares neither keeps
-- more than half of them; who has too many gives one up each time it receives.
CREATE FUNCTION tripmeter_internal.outbox_give_up(c tripmeter.outbox_consumer,
        p tripmeter_internal.outbox_progress, worker text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NOT tripmeter_internal.outbox_lock(p.share, false) THEN
        RETURN;
    END IF;
    p := tripmeter_internal.outbox_newest(p.share);
    IF p.worker = worker AND NOT p.open THEN
        p.worker := NULL;
        p.lease_until := NULL;
        PERFORM tripmeter_internal.outbox_write(p);
    ELSE
        PERFORM tripmeter_internal.outbox_unlock(p.share);
    END IF;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_give_up(tripmeter.outbox_consumer,
        tripmeter_internal.outbox_progress, text) IS
    'Ends a worker''s lease of a share, unless it has an open batch. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_take_share(c tripmeter.outbox_consumer, share integer,
        worker text, most integer, era integer) RETURNS tripmeter_internal.outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    p tripmeter_internal.outbox_progress;
BEGIN
    IF NOT tripmeter_internal.outbox_lock(share, false) THEN
        RETURN NULL;
    END IF;
    p := tripmeter_internal.outbox_newest(share);
    IF tripmeter_internal.outbox_share_number(share) IS NULL THEN
        -- unsubscribed meanwhile
        PERFORM tripmeter_internal.outbox_unlock(share);
        RETURN NULL;
    ELSIF p.worker <> worker AND p.lease_until > clock_timestamp() THEN
        PERFORM tripmeter_internal.outbox_unlock(share);
        RETURN NULL;
    ELSIF p.open THEN
        RETURN tripmeter_internal.outbox_open_again(c, p, worker);
    ELSE
        RETURN tripmeter_internal.outbox_open(c, p, worker, most, era);
    END IF;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_take_share(tripmeter.outbox_consumer, integer, text,
        integer, integer) IS
    'A batch of a share, unless it is another worker''s, or has nothing. Internal.';

-- The batch that the worker has not acknowledged comes first, then its own shares, then
-- those that it may take over: as many as make a fair share.
CREATE FUNCTION tripmeter_internal.outbox_candidates(c tripmeter.outbox_consumer, worker text,
        OUT shares tripmeter_internal.outbox_progress[], OUT excess integer, OUT wanting boolean)
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    me CONSTANT text := worker;
    now CONSTANT timestamptz := clock_timestamp();
    every CONSTANT tripmeter_internal.outbox_progress[] := ARRAY(SELECT s FROM tripmeter_internal.outbox_shares_of(c) AS s);
    workers integer;
BEGIN
    SELECT count(DISTINCT live.worker), count(*) FILTER (WHERE live.worker = me) INTO workers, excess
    FROM unnest(every) AS live WHERE lease_until > now;
    workers := workers + (SELECT count(DISTINCT w) FROM (SELECT tripmeter_internal.outbox_waiting(c) UNION SELECT me) AS more (w)
                          WHERE NOT EXISTS (SELECT FROM unnest(every) AS s WHERE s.lease_until > now AND s.worker = w));
    excess := excess - (c.shares + workers - 1) / workers;
    wanting := excess < 0 AND EXISTS (SELECT FROM unnest(every) WHERE worker <> me AND lease_until > now);
    shares := ARRAY(
        SELECT s FROM unnest(every) AS s
        WHERE worker = me AND (open OR lease_until > now) OR coalesce(lease_until <= now, true) AND excess < 0
        ORDER BY coalesce(worker = me, false) AND open DESC, coalesce(worker = me, false) DESC, n);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_candidates(tripmeter.outbox_consumer, text) IS
    'The shares that a worker may receive from, in this order; how many more it has than is fair; '
    'and whether others have what it lacks. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_take(c tripmeter.outbox_consumer, worker text,
        most integer, last tripmeter_internal.outbox_tick)
    RETURNS tripmeter_internal.outbox_progress
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    of_worker record := tripmeter_internal.outbox_candidates(c, worker);
    candidate tripmeter_internal.outbox_progress;
    result tripmeter_internal.outbox_progress;
BEGIN
    FOREACH candidate IN ARRAY of_worker.shares LOOP
        CONTINUE WHEN candidate.until IS NULL AND NOT candidate.open AND candidate.tick >= last.tick
            AND NOT EXISTS (SELECT FROM tripmeter.outbox_retry AS r WHERE r.share = candidate.share AND r.next_at <= clock_timestamp());
        IF of_worker.excess > 0 AND NOT candidate.open THEN
            PERFORM tripmeter_internal.outbox_give_up(c, candidate, worker);
            of_worker.excess := 0;
        ELSE
            result := tripmeter_internal.outbox_take_share(c, candidate.share, worker, most, last.era);
            EXIT WHEN result.batch IS NOT NULL;
        END IF;
    END LOOP;
    IF result.batch IS NULL AND of_worker.wanting THEN
        PERFORM tripmeter_internal.outbox_wait_for_share(c, worker);
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_take(tripmeter.outbox_consumer, text, integer,
        tripmeter_internal.outbox_tick) IS
    'A batch for a worker: the one that it has not acknowledged, else of the share that had its '
    'turn least recently. NULL: there is none. Internal.';

-- For consumers

CREATE FUNCTION tripmeter_internal.outbox_receive_as(caller oid, consumer text, worker text,
        max integer)
    RETURNS TABLE (batch bigint, tries integer, seq bigint, id uuid, aggregatetype text, aggregateid text, type text, payload jsonb,
        version bigint, schemaversion integer, occurred_at timestamp, traceparent text, tracestate text,
        correlationid text, causationid text)
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER ROWS 500
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
    c tripmeter.outbox_consumer := tripmeter_internal.outbox_consumer_of(caller, consumer);
    last tripmeter_internal.outbox_tick;
    p tripmeter_internal.outbox_progress;
    refused boolean;
    given boolean := false;
BEGIN
    PERFORM tripmeter_internal.outbox_check_receive(c, max);
    last := tripmeter_internal.outbox_tick_if_due(NULL::interval);
    LOOP
        p := tripmeter_internal.outbox_take(c, coalesce(worker, format('pid %s', pg_backend_pid())), max, last);
        EXIT WHEN p.batch IS NULL;
        IF p.retries > 0 THEN
            RETURN QUERY
            SELECT p.batch, r.tries + p.handed, e.seq, e.id, e.aggregatetype, e.aggregateid, e.type, e.payload, e.version,
                e.schemaversion, e.occurred_at, e.traceparent, e.tracestate, e.correlationid, e.causationid
            FROM tripmeter.outbox_retry AS r, tripmeter_internal.outbox_event_of(r) AS e
            WHERE r.batch = p.batch AND (c.types IS NULL OR e.type = ANY (c.types))
            ORDER BY r.seq;
            given := FOUND;
        END IF;
        refused := EXISTS (SELECT FROM tripmeter.outbox_retry AS r WHERE r.consumer = c.consumer)
            OR p.handed > 0 AND EXISTS (SELECT FROM tripmeter.outbox_dead AS d WHERE d.consumer = c.consumer);
        RETURN QUERY
        SELECT p.batch, p.handed, e.seq, e.id, e.aggregatetype, e.aggregateid, e.type, e.payload, e.version,
            e.schemaversion, e.occurred_at, e.traceparent, e.tracestate, e.correlationid, e.causationid
        FROM tripmeter_internal.outbox_events_of(c, p, tripmeter_internal.outbox_share_number(p.share), tripmeter_internal.outbox_tick_of(p.tick), tripmeter_internal.outbox_tick_of(p.until)) AS e
        WHERE NOT refused
            OR NOT EXISTS (SELECT FROM tripmeter.outbox_retry AS r WHERE r.consumer = c.consumer AND r.seq = e.seq)
            AND (p.handed = 0 OR NOT EXISTS (SELECT FROM tripmeter.outbox_dead AS d WHERE d.consumer = c.consumer AND d.seq = e.seq));
        IF FOUND OR given THEN
            RETURN;
        END IF;
        -- all of it was refused, and then its worker was gone
        PERFORM tripmeter_internal.outbox_ack_as(caller, p.batch);
    END LOOP;
    PERFORM tripmeter_internal.outbox_upkeep();
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_receive_as(oid, text, text, integer) IS
    'What outbox_receive does, for a caller. Internal.';

CREATE FUNCTION tripmeter.outbox_receive(consumer text, worker text DEFAULT NULL,
        max integer DEFAULT 500)
    RETURNS TABLE (batch bigint, tries integer, seq bigint, id uuid, aggregatetype text, aggregateid text, type text, payload jsonb,
        version bigint, schemaversion integer, occurred_at timestamp, traceparent text, tracestate text,
        correlationid text, causationid text)
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 500;
COMMENT ON FUNCTION tripmeter.outbox_receive(text, text, integer) IS
    'A batch of events for a worker of a consumer, at most max, by default 500: the batch that it '
    'has not acknowledged yet, again; else the next. Of each aggregate in order. tries: how often '
    'the event failed or was handed out before. worker: a name that no other worker of the '
    'consumer has, by default one of the session. Errors: the consumer is not subscribed, or the '
    'caller is no member of its role; it was dropped for being stuck; those of outbox_this_era.';

CREATE FUNCTION tripmeter_internal.outbox_check_receive(c tripmeter.outbox_consumer, max integer)
    RETURNS void
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
COMMENT ON FUNCTION tripmeter_internal.outbox_check_receive(tripmeter.outbox_consumer, integer) IS
    'Errors: a consumer that was dropped; a size of a batch below 1 or above 10000. Internal.';

-- The error for a consumer of others is that for a batch that does not exist: whoever guesses numbers
-- learns no names. A superuser, who may act for all, gets all errors.
CREATE FUNCTION tripmeter_internal.outbox_lock_batch(caller oid, batch bigint)
    RETURNS tripmeter_internal.outbox_progress
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    of_share integer := (batch >> 40)::integer;
    consumer text := (
        SELECT s.consumer FROM tripmeter_internal.outbox_share AS s JOIN tripmeter.outbox_consumer AS c USING (consumer)
        WHERE s.id = of_share AND (
            (SELECT r.rolsuper FROM pg_roles AS r WHERE r.oid = caller)
            OR pg_has_role(caller, (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = c.owner), 'USAGE')));
BEGIN
    IF consumer IS NULL THEN
        RAISE EXCEPTION 'there is no batch %', coalesce(batch::text, 'NULL') USING
            ERRCODE = 'invalid_parameter_value',
            DETAIL = 'No consumer that you may act for has it.',
            HINT = 'Give the number that tripmeter.outbox_receive gave, as a member of the consumer''s role.';
    END IF;
    PERFORM tripmeter_internal.outbox_consumer_of(caller, consumer);
    PERFORM tripmeter_internal.outbox_this_era();
    PERFORM tripmeter_internal.outbox_lock(of_share, true);
    RETURN tripmeter_internal.outbox_newest(of_share);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_lock_batch(oid, bigint) IS
    'Locks the share of a batch and returns its progress. Errors: there is none, or the caller '
    'may not act for its consumer; those of outbox_this_era. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_refuse_batch(batch bigint,
        p tripmeter_internal.outbox_progress) RETURNS void
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
COMMENT ON FUNCTION tripmeter_internal.outbox_refuse_batch(bigint,
        tripmeter_internal.outbox_progress) IS
    'Errors: always, for a batch is not the open one of its share. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_was_acknowledged(p tripmeter_internal.outbox_progress,
        batch bigint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN EXISTS (SELECT FROM tripmeter_internal.outbox_recent(p.share, 1000, 0::bigint) AS r
                   WHERE r.batch = outbox_was_acknowledged.batch AND NOT r.open);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_was_acknowledged(tripmeter_internal.outbox_progress,
        bigint) IS
    'Whether a recent batch of a share was acknowledged. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_ack_as(caller oid, batch bigint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    p tripmeter_internal.outbox_progress := tripmeter_internal.outbox_lock_batch(caller, batch);
BEGIN
    IF NOT p.open OR p.batch <> batch THEN
        IF tripmeter_internal.outbox_was_acknowledged(p, batch) THEN
            RETURN false;
        END IF;
        PERFORM tripmeter_internal.outbox_refuse_batch(batch, p);
    END IF;
    IF p.retries > 0 THEN
        PERFORM tripmeter_internal.outbox_settle(batch);
    END IF;
    IF p.until IS NOT NULL THEN
        p := tripmeter_internal.outbox_past(p);
    END IF;
    p.open := false;
    p.handed := 0;
    p.retries := 0;
    p.lease_until := clock_timestamp() + (SELECT c.lease FROM tripmeter_internal.outbox_share AS s JOIN tripmeter.outbox_consumer AS c USING (consumer) WHERE s.id = p.share);
    PERFORM tripmeter_internal.outbox_write(p);
    PERFORM tripmeter_internal.outbox_upkeep();
    RETURN true;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_ack_as(oid, bigint) IS
    'What outbox_ack does, for a caller. Internal.';

CREATE FUNCTION tripmeter.outbox_ack(batch bigint) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter.outbox_ack(bigint) IS
    'All events of a batch are done but those that outbox_nack was told of. False if it was '
    'acknowledged before. Errors: another worker has taken it over; there is none, or the caller '
    'may not act for its consumer; those of outbox_this_era.';
