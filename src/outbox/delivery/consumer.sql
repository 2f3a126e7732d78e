-- Consumers, and the shares in which their workers receive.

CREATE TABLE tripmeter.outbox_consumer (
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
COMMENT ON TABLE tripmeter.outbox_consumer IS
    'Who receives events. outbox_subscribe adds a row, outbox_unsubscribe removes it.';
COMMENT ON COLUMN tripmeter.outbox_consumer.consumer IS 'its name';
COMMENT ON COLUMN tripmeter.outbox_consumer.owner IS
    'the role whose members may receive, acknowledge and seek for it';
COMMENT ON COLUMN tripmeter.outbox_consumer.shares IS
    'in how many shares its events are given out: the most workers at once';
COMMENT ON COLUMN tripmeter.outbox_consumer.types IS
    'the types of events that it receives; NULL: all';
COMMENT ON COLUMN tripmeter.outbox_consumer.lease IS
    'how long a share is a worker''s since it last received or acknowledged';
COMMENT ON COLUMN tripmeter.outbox_consumer.max_tries IS
    'an event that failed so often goes to outbox_dead';
COMMENT ON COLUMN tripmeter.outbox_consumer.retry_delay IS
    'from the first failure of an event to its next try; then twice as long each time';
COMMENT ON COLUMN tripmeter.outbox_consumer.retry_delay_max IS 'but no longer';
COMMENT ON COLUMN tripmeter.outbox_consumer.when_stuck IS
    'when the ring is full and it is the one who keeps a slot: keep it, or drop the consumer';
COMMENT ON COLUMN tripmeter.outbox_consumer.subscribed_at IS 'since when it is one';
COMMENT ON COLUMN tripmeter.outbox_consumer.lost_at IS 'when it was dropped for being stuck';
COMMENT ON CONSTRAINT outbox_consumer_is_named ON tripmeter.outbox_consumer IS
    'A name is not empty.';
COMMENT ON CONSTRAINT outbox_consumer_shares ON tripmeter.outbox_consumer IS
    'Shares are a power of two, up to the 64 buckets of events.';
COMMENT ON CONSTRAINT outbox_consumer_lease ON tripmeter.outbox_consumer IS
    'A lease takes time, up to a hundred years.';
COMMENT ON CONSTRAINT outbox_consumer_tries ON tripmeter.outbox_consumer IS
    'An event is tried once at least.';
COMMENT ON CONSTRAINT outbox_consumer_delay ON tripmeter.outbox_consumer IS
    'A delay is not negative.';
COMMENT ON CONSTRAINT outbox_consumer_delay_max ON tripmeter.outbox_consumer IS
    'The longest delay is not below the first, nor above a hundred years.';
COMMENT ON CONSTRAINT outbox_consumer_policy ON tripmeter.outbox_consumer IS
    'There are two policies.';

CREATE SEQUENCE tripmeter_internal.outbox_share_id AS integer MAXVALUE 8388607 CYCLE;
COMMENT ON SEQUENCE tripmeter_internal.outbox_share_id IS
    'Ids of shares; they are the upper bits of the numbers of batches.';

CREATE TABLE tripmeter_internal.outbox_share (
    id integer PRIMARY KEY DEFAULT nextval('tripmeter_internal.outbox_share_id'::regclass),
    consumer text NOT NULL,
    share integer NOT NULL,
    UNIQUE (consumer, share)
);
COMMENT ON TABLE tripmeter_internal.outbox_share IS
    'Shares of consumers. Whoever works on one holds the lock of its id.';
COMMENT ON COLUMN tripmeter_internal.outbox_share.id IS
    'its lock, and what its progress is found by';
COMMENT ON COLUMN tripmeter_internal.outbox_share.consumer IS 'whose it is';
COMMENT ON COLUMN tripmeter_internal.outbox_share.share IS
    'events whose bucket leaves this remainder when divided by the number of shares; -1: where '
    'workers without a share wait';

CREATE SEQUENCE tripmeter_internal.outbox_progress_number AS bigint CACHE 1;
COMMENT ON SEQUENCE tripmeter_internal.outbox_progress_number IS
    'Numbers of rows of outbox_progress.';

CREATE TABLE tripmeter_internal.outbox_progress (
    n bigint NOT NULL DEFAULT nextval('tripmeter_internal.outbox_progress_number'::regclass),
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
COMMENT ON TABLE tripmeter_internal.outbox_progress IS
    'A journal: the newest row of a share tells how far it is. Append-only, so that a long '
    'transaction slows nobody down.';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.n IS
    'its number: the highest of a share is the newest';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.share IS 'the id of a share';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.at IS 'when it was written';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.epoch IS
    'how often the share went from one worker to another';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.worker IS 'whose it is';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.lease_until IS
    'until then nobody else takes it over';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.tick IS
    'all events that it sees were acknowledged, or wait in outbox_retry';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.until IS
    'the tick at the end of the window that is being handed out; NULL: none is';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.seq IS
    'of that window, the events up to this number are done';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.batch IS 'the number of the last batch';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.open IS
    'whether that is still to be acknowledged';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.handed IS 'how often it was handed out before';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.retries IS
    'how many events of outbox_retry are in it';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.end_seq IS
    'the events up to this number are in it; NULL: all that are left of the window';
COMMENT ON COLUMN tripmeter_internal.outbox_progress.slot IS 'the slot that was the current one';

DO $do$
DECLARE
    name text;
BEGIN
    FOR n IN 0..7 LOOP
        name := format('outbox_progress_%s', n);
        EXECUTE format('CREATE TABLE tripmeter_internal.%s PARTITION OF tripmeter_internal.outbox_progress FOR VALUES IN (%s)', name, n);
        EXECUTE format('CREATE INDEX %1$s_by_share ON tripmeter_internal.%1$s (share, n)', name);
        EXECUTE format('COMMENT ON TABLE tripmeter_internal.%s IS ''Progress of slot %s.''', name, n);
        EXECUTE format('COMMENT ON INDEX tripmeter_internal.%s_by_share IS ''Finds the newest row of a share.''', name);
        PERFORM pg_extension_config_dump(format('tripmeter_internal.%s', name)::regclass, '');
    END LOOP;
END
$do$;
SELECT pg_extension_config_dump('tripmeter.outbox_consumer'::regclass, '');
SELECT pg_extension_config_dump('tripmeter_internal.outbox_share'::regclass, '');
SELECT pg_extension_config_dump('tripmeter_internal.outbox_share_id'::regclass, '');
SELECT pg_extension_config_dump('tripmeter_internal.outbox_progress_number'::regclass, '');

-- Progress

CREATE FUNCTION tripmeter_internal.outbox_share_number(of_share integer) RETURNS integer
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (SELECT s.share FROM tripmeter_internal.outbox_share AS s WHERE s.id = of_share);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_share_number(integer) IS
    'Which share of its consumer it is, 0 or above; -1: where workers without a share wait. '
    'Internal.';

-- Whoever holds the lock of the share sees what was written under it before: the snapshot is
-- taken when the slots are locked.
CREATE FUNCTION tripmeter_internal.outbox_newest(of_share integer)
    RETURNS tripmeter_internal.outbox_progress
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_newest' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_newest(integer) IS 'How far a share is. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_recent(of_share integer, most integer, since_tick bigint)
    RETURNS SETOF tripmeter_internal.outbox_progress
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_recent' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_recent(integer, integer, bigint) IS
    'What was written of a share, at most so many rows, the newest first, in slots that were not '
    'sealed by a tick; not what is being truncated. Internal.';

-- The slot is read when it is written to: whoever has passed the tick that seals a slot
-- writes to a later one, so the newest row of a share is never in a slot that it has
-- passed, and truncating loses nothing.
CREATE FUNCTION tripmeter_internal.outbox_write(p tripmeter_internal.outbox_progress)
    RETURNS tripmeter_internal.outbox_progress
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_write' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_write(tripmeter_internal.outbox_progress) IS
    'Writes how far a share is, into the current slot, and returns it with its number and the '
    'time. Internal.';

-- Who may

CREATE FUNCTION tripmeter_internal.outbox_consumer_named(name text)
    RETURNS tripmeter.outbox_consumer
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    result tripmeter.outbox_consumer;
BEGIN
    SELECT * INTO result FROM tripmeter.outbox_consumer WHERE consumer = name;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'consumer "%" is not subscribed', coalesce(name, 'NULL') USING
            ERRCODE = 'undefined_object',
            HINT = 'Subscribe it with tripmeter.outbox_subscribe.';
    END IF;
    RETURN result;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_consumer_named(text) IS
    'A consumer. Error: it is not subscribed. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_consumer_of(caller oid, name text)
    RETURNS tripmeter.outbox_consumer
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    result tripmeter.outbox_consumer := tripmeter_internal.outbox_consumer_named(name);
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = result.owner) THEN
        RAISE EXCEPTION 'role "%" does not exist', result.owner USING
            ERRCODE = 'undefined_object',
            DETAIL = format('Consumer "%s" belongs to it.', name),
            HINT = 'Create the role, or give the consumer to another with tripmeter.outbox_change.';
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
COMMENT ON FUNCTION tripmeter_internal.outbox_consumer_of(oid, text) IS
    'A consumer, for whom the caller may act. Errors: it is not subscribed; its role does not '
    'exist; the caller is no member of it. Internal.';

-- Subscribing

CREATE FUNCTION tripmeter_internal.outbox_start(start text) RETURNS bigint
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    oldest bigint := tripmeter_internal.outbox_oldest_tick();
BEGIN
    CASE
        WHEN start = 'oldest' THEN
            RETURN oldest;
        WHEN start = 'now' THEN
            RETURN (tripmeter_internal.outbox_make_tick(tripmeter_internal.outbox_this_era())).tick;
        WHEN start ~ '^[0-9]{1,18}$' AND start::bigint >= oldest AND tripmeter_internal.outbox_tick_of(start::bigint) IS NOT NULL THEN
            RETURN start::bigint;
        ELSE
            RAISE EXCEPTION 'there is no tick "%" to start from', start USING
                ERRCODE = 'invalid_parameter_value',
                DETAIL = format('The oldest of those that are kept is %s, the latest %s.', oldest, (tripmeter_internal.outbox_last_tick()).tick),
                HINT = 'It can be ''now'', ''oldest'' or a tick that is kept.';
    END CASE;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_start(text) IS
    'The tick that ''now'', ''oldest'' or a number means. Errors: there is no such tick. Internal.';

-- The slots are not kept locked, because anybody may ask: nobody has to wait for them to be truncated.
CREATE FUNCTION tripmeter_internal.outbox_tick_by("time" timestamptz) RETURNS bigint
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_tick_by' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000;
COMMENT ON FUNCTION tripmeter_internal.outbox_tick_by(timestamptz) IS
    'The last tick that was made by a time; NULL: none of those that are kept. Internal.';

CREATE FUNCTION tripmeter.outbox_tick_at("time" timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER COST 1000
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN greatest(tripmeter_internal.outbox_tick_by("time"), tripmeter_internal.outbox_oldest_tick());
END
$function$;
COMMENT ON FUNCTION tripmeter.outbox_tick_at(timestamptz) IS
    'The last tick that was made by a time, or else the oldest that is kept: what committed later '
    'is after it. For outbox_subscribe and outbox_seek. NULL: there is none yet.';

CREATE FUNCTION tripmeter_internal.outbox_subscribe_as(caller oid, consumer text, start text,
        shares integer, types text[], owner name, lease interval, max_tries integer,
        retry_delay interval, retry_delay_max interval, when_stuck text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
    from_tick bigint;
    p tripmeter_internal.outbox_progress;
BEGIN
    IF num_nulls(consumer, start, shares, lease, max_tries, retry_delay, retry_delay_max, when_stuck) > 0 THEN
        RAISE EXCEPTION 'of what describes a consumer only its types and its owner may be NULL' USING
            ERRCODE = 'null_value_not_allowed',
            HINT = 'NULL types are all types, a NULL owner is the caller. Leave out what has a default.';
    END IF;
    PERFORM tripmeter_internal.outbox_prepare();
    PERFORM tripmeter_internal.outbox_this_era();
    -- no slot is truncated until this commits
    LOCK TABLE tripmeter_internal.outbox_ring IN SHARE ROW EXCLUSIVE MODE;
    owner := coalesce(owner, pg_get_userbyid(caller));
    IF EXISTS (SELECT FROM tripmeter.outbox_consumer AS c WHERE c.consumer = consumer) THEN
        RAISE EXCEPTION 'consumer "%" is subscribed already', consumer USING
            ERRCODE = 'duplicate_object',
            HINT = 'Go to another place with tripmeter.outbox_seek, or unsubscribe it first with tripmeter.outbox_unsubscribe.';
    END IF;
    INSERT INTO tripmeter.outbox_consumer
    VALUES (consumer, owner, shares, types, lease, max_tries, retry_delay, retry_delay_max, when_stuck);
    PERFORM tripmeter_internal.outbox_consumer_of(caller, consumer);
    from_tick := tripmeter_internal.outbox_start(start);
    FOR share IN -1..shares - 1 LOOP
        INSERT INTO tripmeter_internal.outbox_share (consumer, share) VALUES (consumer, share) RETURNING id INTO p.share;
        p.epoch := 0;
        p.open := false;
        p.handed := 0;
        p.retries := 0;
        p.tick := CASE WHEN share >= 0 THEN from_tick END;
        PERFORM tripmeter_internal.outbox_write(p);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_subscribe_as(oid, text, text, integer, text[], name,
        interval, integer, interval, interval, text) IS
    'What outbox_subscribe does, for a caller. Internal.';

CREATE FUNCTION tripmeter.outbox_subscribe(consumer text, start text DEFAULT 'now',
        shares integer DEFAULT 8, types text[] DEFAULT NULL, owner name DEFAULT NULL,
        lease interval DEFAULT '30 s', max_tries integer DEFAULT 10,
        retry_delay interval DEFAULT '1 s', retry_delay_max interval DEFAULT '1 hour',
        when_stuck text DEFAULT 'keep') RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter.outbox_subscribe(text, text, integer, text[], name, interval, integer,
        interval, interval, text) IS
    'Makes a consumer, which receives what commits from now on, or from the oldest event that is '
    'kept or a tick on; of some types only, or of all. shares: the most workers that it can have. '
    'owner: the role whose members act for it, by default the caller. Errors: it is subscribed '
    'already; a start that is not kept; the caller is no member of the owner; a value that is out '
    'of range. For operators: EXECUTE is to be granted.';
SELECT tripmeter_internal.keep_to_owner(
    'tripmeter.outbox_subscribe(text, text, integer, text[], name, interval, integer, interval, interval, text)'::regprocedure);

CREATE FUNCTION tripmeter.outbox_change(consumer text, types text[] DEFAULT NULL,
        all_types boolean DEFAULT false, owner name DEFAULT NULL, lease interval DEFAULT NULL,
        max_tries integer DEFAULT NULL, retry_delay interval DEFAULT NULL,
        retry_delay_max interval DEFAULT NULL, when_stuck text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE tripmeter.outbox_consumer AS c
    SET types = CASE WHEN all_types THEN NULL ELSE coalesce(outbox_change.types, c.types) END,
        owner = coalesce(outbox_change.owner, c.owner),
        lease = coalesce(outbox_change.lease, c.lease),
        max_tries = coalesce(outbox_change.max_tries, c.max_tries),
        retry_delay = coalesce(outbox_change.retry_delay, c.retry_delay),
        retry_delay_max = coalesce(outbox_change.retry_delay_max, c.retry_delay_max),
        when_stuck = coalesce(outbox_change.when_stuck, c.when_stuck)
    WHERE c.consumer = outbox_change.consumer;
    IF NOT FOUND THEN
        PERFORM tripmeter_internal.outbox_consumer_named(consumer);
    END IF;
END
$function$;
COMMENT ON FUNCTION tripmeter.outbox_change(text, text[], boolean, name, interval, integer,
        interval, interval, text) IS
    'Changes what is not NULL of a consumer, whatever its role. all_types: it receives all types. '
    'Errors: it is not subscribed; a value that is out of range. For operators: EXECUTE is to be '
    'granted.';
SELECT tripmeter_internal.keep_to_owner(
    'tripmeter.outbox_change(text, text[], boolean, name, interval, integer, interval, interval, text)'::regprocedure);

-- Going elsewhere

CREATE FUNCTION tripmeter_internal.outbox_is_after(target tripmeter_internal.outbox_tick,
        of_era integer, of_xid xid8) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT of_era > target.era OR of_era = target.era AND NOT pg_visible_in_snapshot(of_xid, target.snapshot)
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_is_after(tripmeter_internal.outbox_tick, integer,
        xid8) IS
    'Whether a tick does not see the events of a transaction of some era. Internal.';

-- What failed or is dead and is handed out anew anyway must not come before what precedes it, nor be left out.
-- What is not handed out anew stays.
CREATE FUNCTION tripmeter_internal.outbox_forget_failures(c tripmeter.outbox_consumer,
        of_share tripmeter_internal.outbox_share, target tripmeter_internal.outbox_tick)
    RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    slots smallint[] := tripmeter_internal.outbox_slots(target.tick);
BEGIN
    DELETE FROM tripmeter.outbox_retry AS r
    WHERE r.share = of_share.id
        AND EXISTS (SELECT FROM tripmeter_internal.outbox_event_of(r) AS e WHERE tripmeter_internal.outbox_is_after(target, e.era, e.xid))
        AND (r.slot IS NOT NULL
            OR EXISTS (SELECT FROM tripmeter.outbox AS o WHERE o.slot = ANY (slots) AND o.bucket = r.bucket AND o.seq = r.seq));
    PERFORM tripmeter_internal.outbox_unblock(keys.consumer, keys.aggregatetype, keys.aggregateid)
    FROM (SELECT DISTINCT r.consumer, r.aggregatetype, r.aggregateid FROM tripmeter.outbox_retry AS r WHERE r.share = of_share.id) AS keys;
    DELETE FROM tripmeter.outbox_dead AS d
    WHERE d.consumer = c.consumer AND d.bucket % c.shares = of_share.share AND tripmeter_internal.outbox_is_after(target, d.era, d.xid)
        AND EXISTS (SELECT FROM tripmeter.outbox AS o WHERE o.slot = ANY (slots) AND o.bucket = d.bucket AND o.seq = d.seq);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_forget_failures(tripmeter.outbox_consumer,
        tripmeter_internal.outbox_share, tripmeter_internal.outbox_tick) IS
    'Forgets that events failed which are handed out again from a tick on. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_lock_shares(of_consumer text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    present integer[];
    locked integer[] := '{}';
BEGIN
    -- again if it was subscribed anew while this waited
    LOOP
        present := ARRAY(SELECT s.id FROM tripmeter_internal.outbox_share AS s WHERE s.consumer = of_consumer ORDER BY s.id);
        EXIT WHEN present = locked;
        PERFORM tripmeter_internal.outbox_lock(share, true) FROM unnest(present) AS share;
        locked := present;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_lock_shares(text) IS
    'Locks all shares of a consumer until the transaction ends. Waits for workers that hold one. '
    'Internal.';

CREATE FUNCTION tripmeter_internal.outbox_keep_slots(from_tick bigint) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    kept smallint;
BEGIN
    FOREACH kept IN ARRAY tripmeter_internal.outbox_slots(from_tick) LOOP
        EXECUTE format('LOCK TABLE tripmeter_internal.outbox_%s IN ACCESS SHARE MODE', kept);
    END LOOP;
    RETURN from_tick >= tripmeter_internal.outbox_oldest_tick();
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_keep_slots(bigint) IS
    'Keeps the slots that may hold events after a tick from being truncated until the transaction '
    'ends. False if one has been truncated before it was locked. Internal.';

-- No lock is held that other consumers or the rotation of slots need. Slots that are in use now are
-- kept by a lock. Slots that are opened later are kept by the progress that others see until this
-- commits: it cannot go on, because the shares are locked.
CREATE FUNCTION tripmeter_internal.outbox_seek_as(caller oid, consumer text, start text)
    RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c tripmeter.outbox_consumer := tripmeter_internal.outbox_consumer_of(caller, consumer);
    from_tick bigint;
    share tripmeter_internal.outbox_share;
    p tripmeter_internal.outbox_progress;
BEGIN
    PERFORM tripmeter_internal.outbox_this_era();
    PERFORM tripmeter_internal.outbox_lock_shares(c.consumer);
    -- it may have changed, or ended, while this waited
    c := tripmeter_internal.outbox_consumer_of(caller, consumer);
    PERFORM tripmeter_internal.outbox_check_receive(c, 1);
    LOOP
        from_tick := tripmeter_internal.outbox_start(start);
        EXIT WHEN tripmeter_internal.outbox_keep_slots(from_tick);
    END LOOP;
    FOR share IN SELECT * FROM tripmeter_internal.outbox_share AS s WHERE s.consumer = c.consumer AND s.share >= 0 ORDER BY s.id LOOP
        p := tripmeter_internal.outbox_newest(share.id);
        UPDATE tripmeter.outbox_retry AS r SET batch = NULL WHERE r.batch = p.batch;
        PERFORM tripmeter_internal.outbox_forget_failures(c, share, tripmeter_internal.outbox_tick_of(from_tick));
        p.tick := from_tick;
        p.until := NULL;
        p.epoch := p.epoch + 1;
        p.worker := NULL;
        p.lease_until := NULL;
        p.batch := NULL;
        p.open := false;
        PERFORM tripmeter_internal.outbox_write(p);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_seek_as(oid, text, text) IS
    'What outbox_seek does, for a caller. Internal.';

CREATE FUNCTION tripmeter.outbox_seek(consumer text, start text) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter.outbox_seek(text, text) IS
    'The consumer goes on at ''now'', ''oldest'' or a tick (outbox_tick_at gives that of a time), '
    'and its open batches are closed. Events that wait for a retry, and dead ones, stay where '
    'they are, but for those that are handed out again anyway. Errors: those of outbox_receive; a '
    'tick that is not kept.';

CREATE FUNCTION tripmeter_internal.outbox_unsubscribe_as(caller oid, consumer text) RETURNS void
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    c tripmeter.outbox_consumer := tripmeter_internal.outbox_consumer_of(caller, consumer);
BEGIN
    PERFORM tripmeter_internal.outbox_lock_shares(c.consumer);
    -- it may have ended while this waited
    c := tripmeter_internal.outbox_consumer_of(caller, consumer);
    DELETE FROM tripmeter.outbox_retry AS r WHERE r.consumer = c.consumer;
    DELETE FROM tripmeter.outbox_dead AS d WHERE d.consumer = c.consumer;
    DELETE FROM tripmeter_internal.outbox_share AS s WHERE s.consumer = c.consumer;
    DELETE FROM tripmeter.outbox_consumer AS t WHERE t.consumer = c.consumer;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_unsubscribe_as(oid, text) IS
    'What outbox_unsubscribe does, for a caller. Internal.';

CREATE FUNCTION tripmeter.outbox_unsubscribe(consumer text) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter.outbox_unsubscribe(text) IS
    'Ends a consumer, with what waits for a retry and its dead events. Errors: it is not '
    'subscribed; the caller is no member of its role.';
