-- The ring of slots, and ticks: the snapshots between which events are handed out.

CREATE TABLE tripmeter.outbox_setting (
    one boolean PRIMARY KEY DEFAULT true CONSTRAINT outbox_setting_is_one CHECK (one),
    tick_interval interval NOT NULL DEFAULT '100 ms' CHECK (tick_interval BETWEEN '0' AND '100 years'),
    notify boolean NOT NULL DEFAULT false,
    slot_age interval NOT NULL DEFAULT '1 day' CHECK (slot_age BETWEEN '0' AND '100 years'),
    slot_bytes bigint NOT NULL DEFAULT 1073741824 CHECK (slot_bytes >= 0),
    when_full text NOT NULL DEFAULT 'extend' CHECK (when_full IN ('extend', 'refuse')),
    inbox_age interval NOT NULL DEFAULT '7 days' CHECK (inbox_age BETWEEN '0' AND '100 years')
);
COMMENT ON TABLE tripmeter.outbox_setting IS
    'One row: the outbox''s settings, which outbox_configure changes.';
COMMENT ON COLUMN tripmeter.outbox_setting.one IS 'true';
COMMENT ON COLUMN tripmeter.outbox_setting.tick_interval IS
    'who receives makes a tick when the last one is older';
COMMENT ON COLUMN tripmeter.outbox_setting.notify IS
    'whether a tick that sees something new notifies channel tripmeter_outbox';
COMMENT ON COLUMN tripmeter.outbox_setting.slot_age IS
    'the next slot is opened when the current one is older and has events';
COMMENT ON COLUMN tripmeter.outbox_setting.slot_bytes IS
    'the next slot is opened when the current one is larger';
COMMENT ON COLUMN tripmeter.outbox_setting.when_full IS
    'when every slot is in use: extend the ring, or refuse events';
COMMENT ON COLUMN tripmeter.outbox_setting.inbox_age IS 'how long inbox() remembers an id at least';

CREATE TABLE tripmeter_internal.outbox_ring (
    slot smallint PRIMARY KEY,
    opened_tick bigint,
    opened_at timestamptz,
    closed_by xid8,
    sealed_tick bigint,
    truncated_tick bigint
);
COMMENT ON TABLE tripmeter_internal.outbox_ring IS
    'Slots of the ring: a partition each of outbox, outbox_tick and outbox_progress, which are '
    'truncated together. A slot with no opened_tick is free.';
COMMENT ON COLUMN tripmeter_internal.outbox_ring.slot IS 'the number in the partitions'' names';
COMMENT ON COLUMN tripmeter_internal.outbox_ring.opened_tick IS
    'a tick that sees nothing of what the slot holds';
COMMENT ON COLUMN tripmeter_internal.outbox_ring.opened_at IS 'when it became the current one';
COMMENT ON COLUMN tripmeter_internal.outbox_ring.closed_by IS
    'the transaction that opened the next slot instead; of the system at that time';
COMMENT ON COLUMN tripmeter_internal.outbox_ring.sealed_tick IS
    'a tick that sees all that the slot will ever hold';
COMMENT ON COLUMN tripmeter_internal.outbox_ring.truncated_tick IS
    'the sealed_tick of what the slot held before; earlier ticks lack its events';

CREATE SEQUENCE tripmeter_internal.outbox_tick_number AS bigint CACHE 1;
COMMENT ON SEQUENCE tripmeter_internal.outbox_tick_number IS 'Numbers of ticks.';

CREATE TABLE tripmeter_internal.outbox_tick (
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
COMMENT ON TABLE tripmeter_internal.outbox_tick IS
    'Ticks: of two, the later one sees all that the earlier one sees. Append-only.';
COMMENT ON COLUMN tripmeter_internal.outbox_tick.tick IS 'its number';
COMMENT ON COLUMN tripmeter_internal.outbox_tick.era IS
    'whose transaction ids the snapshot holds: see outbox_era';
COMMENT ON COLUMN tripmeter_internal.outbox_tick.snapshot IS 'what it sees';
COMMENT ON COLUMN tripmeter_internal.outbox_tick.seq_before IS
    'the last number of an event that was given before the snapshot was taken';
COMMENT ON COLUMN tripmeter_internal.outbox_tick.next_xid IS
    'the next transaction id, read after seq_before: whoever had it, or a higher one, wrote '
    'events with higher numbers';
COMMENT ON COLUMN tripmeter_internal.outbox_tick.seq_after IS
    'the last number that was given after the snapshot was taken';
COMMENT ON COLUMN tripmeter_internal.outbox_tick.lsn IS
    'the end of the log then: what it sees is durable when the log is flushed that far';
COMMENT ON COLUMN tripmeter_internal.outbox_tick.at IS 'when it was made';
COMMENT ON COLUMN tripmeter_internal.outbox_tick.slot IS 'the slot that was the current one';

-- Indexes are the partitions' own: an index of the parent's would meet that of a partition
-- which was added to the ring when a dump is restored.
DO $do$
DECLARE
    name text;
BEGIN
    FOR n IN 0..7 LOOP
        name := format('outbox_tick_%s', n);
        EXECUTE format('CREATE TABLE tripmeter_internal.%s PARTITION OF tripmeter_internal.outbox_tick FOR VALUES IN (%s)', name, n);
        EXECUTE format('CREATE INDEX %1$s_by_number ON tripmeter_internal.%1$s (tick)', name);
        EXECUTE format('CREATE INDEX %1$s_by_seq ON tripmeter_internal.%1$s (seq_after, tick)', name);
        EXECUTE format('CREATE INDEX %1$s_by_xid ON tripmeter_internal.%1$s (next_xid)', name);
        EXECUTE format('COMMENT ON TABLE tripmeter_internal.%s IS ''Ticks of slot %s.''', name, n);
        EXECUTE format('COMMENT ON INDEX tripmeter_internal.%s_by_number IS ''Finds a tick.''', name);
        EXECUTE format('COMMENT ON INDEX tripmeter_internal.%s_by_seq IS ''Finds the last tick before some event.''', name);
        EXECUTE format('COMMENT ON INDEX tripmeter_internal.%s_by_xid IS ''Finds the last tick before some transaction had an id.''', name);
        PERFORM pg_extension_config_dump(format('tripmeter_internal.%s', name)::regclass, '');
    END LOOP;
END
$do$;
SELECT pg_extension_config_dump('tripmeter.outbox_setting'::regclass, '');
SELECT pg_extension_config_dump('tripmeter_internal.outbox_ring'::regclass, '');
SELECT pg_extension_config_dump('tripmeter_internal.outbox_tick_number'::regclass, '');

-- What SQL does not offer

CREATE FUNCTION tripmeter_internal.outbox_lock(what integer, wait boolean) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_lock' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_lock(integer, boolean) IS
    'Takes the lock of ticks (0) or of a share until it is released, or the transaction ends. '
    'False if it was not to be had without waiting. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_unlock(what integer) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_unlock' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_unlock(integer) IS
    'Releases what outbox_lock took. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_is_unwritten("table" regclass) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_is_unwritten' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_is_unwritten(regclass) IS
    'Whether no transaction in progress has written to a table: a snapshot that is taken '
    'afterwards sees all that was written to it. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_next_xid() RETURNS xid8
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_next_xid' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_next_xid() IS
    'The next transaction id, which nobody has yet. A snapshot''s xmax may be lower: it is above '
    'what has ended, not above what runs. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_end_of_log() RETURNS pg_lsn
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_end_of_log' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_end_of_log() IS
    'Where the last record of the write-ahead log ends. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_flush(lsn pg_lsn) RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_flush' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_flush(pg_lsn) IS
    'Flushes the write-ahead log that far, unless it is. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_is_of_here(system_identifier bigint, database oid)
    RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_is_of_here' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_is_of_here(bigint, oid) IS
    'Whether an era is that of this server and this database, which a restored copy is not. '
    'Internal.';

CREATE FUNCTION tripmeter_internal.outbox_is_upkeep_due() RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_is_upkeep_due' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_is_upkeep_due() IS
    'Whether the statement is a transaction of its own, and the session has not been told so in '
    'the last second. Internal.';

-- Snapshots

CREATE FUNCTION tripmeter_internal.outbox_last_seq() RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN coalesce(pg_sequence_last_value('tripmeter_internal.outbox_seq'), 0);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_last_seq() IS
    'The last number that was given to an event, whether that has committed or not. Internal.';

-- The server leaves a transaction out of its own snapshots, so that it would seem to have committed.
CREATE FUNCTION tripmeter_internal.outbox_snapshot() RETURNS pg_snapshot
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
COMMENT ON FUNCTION tripmeter_internal.outbox_snapshot() IS
    'What has committed by now; never what this transaction wrote. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_write_tick(made tripmeter_internal.outbox_tick)
    RETURNS void
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_write_tick' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_write_tick(tripmeter_internal.outbox_tick) IS
    'Writes a tick into the current slot. Internal.';

-- The lock makes of two ticks the later one see more, and keeps the slot that is written
-- to from being truncated meanwhile. It is not held until commit: whoever receives may keep
-- its transaction open for long.
CREATE FUNCTION tripmeter_internal.outbox_make_tick(era integer)
    RETURNS tripmeter_internal.outbox_tick
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    made tripmeter_internal.outbox_tick;
BEGIN
    PERFORM tripmeter_internal.outbox_lock(0, true);
    made.era := era;
    made.seq_before := tripmeter_internal.outbox_last_seq();
    made.next_xid := tripmeter_internal.outbox_next_xid();
    made.snapshot := tripmeter_internal.outbox_snapshot();
    made.seq_after := tripmeter_internal.outbox_last_seq();
    made.lsn := tripmeter_internal.outbox_end_of_log();
    -- this may give the transaction an id, which is not to be among those in progress
    made.tick := nextval('tripmeter_internal.outbox_tick_number');
    made.at := clock_timestamp();
    PERFORM tripmeter_internal.outbox_write_tick(made);
    PERFORM tripmeter_internal.outbox_unlock(0);
    PERFORM tripmeter_internal.outbox_flush(made.lsn);
    RETURN made;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_make_tick(integer) IS
    'Makes a tick of the era and what it sees durable. Internal.';

-- Reading ticks. Only the slots in use are locked.

CREATE FUNCTION tripmeter_internal.outbox_slots(after_tick bigint DEFAULT 0) RETURNS smallint[]
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN ARRAY(SELECT slot FROM tripmeter_internal.outbox_ring
                 WHERE opened_tick IS NOT NULL AND coalesce(sealed_tick > after_tick, true));
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_slots(bigint) IS
    'The slots that are in use and may hold what a tick does not see. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_last_tick() RETURNS tripmeter_internal.outbox_tick
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_last_tick' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_last_tick() IS 'The latest tick. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_tick_of(number bigint)
    RETURNS tripmeter_internal.outbox_tick
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_tick_of' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter_internal.outbox_tick_of(bigint) IS
    'A tick by its number; NULL if it is no longer kept. Internal.';

-- A slot may be kept, by a reader or a long transaction, when later ones are gone.
CREATE FUNCTION tripmeter_internal.outbox_oldest_tick() RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (SELECT greatest(min(r.opened_tick), max(r.truncated_tick)) FROM tripmeter_internal.outbox_ring AS r);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_oldest_tick() IS
    'The oldest tick after which all events are kept. NULL: there is none yet. Internal.';

-- The events that are new since a tick have numbers after seq_before, but those of
-- transactions that were in progress then: some have ids from the snapshot's xmax on.
CREATE FUNCTION tripmeter_internal.outbox_has_news(since tripmeter_internal.outbox_tick)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN tripmeter_internal.outbox_last_seq() > since.seq_before
        OR pg_snapshot_xmax(since.snapshot) < least(since.next_xid, pg_snapshot_xmax(pg_current_snapshot()))
        OR EXISTS (SELECT FROM pg_snapshot_xip(since.snapshot) AS running (id)
                   WHERE pg_visible_in_snapshot(id, pg_current_snapshot()));
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_has_news(tripmeter_internal.outbox_tick) IS
    'Whether a tick that is made now may see events that this one does not. Internal.';

-- The first rows. The install script makes none, for they would meet those of a restored dump.
CREATE FUNCTION tripmeter_internal.outbox_prepare() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (SELECT FROM tripmeter_internal.outbox_ring) THEN
        RETURN;
    END IF;
    PERFORM tripmeter_internal.outbox_begin();
    LOCK TABLE tripmeter_internal.outbox_ring IN SHARE ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM tripmeter_internal.outbox_ring) THEN
        RETURN;
    END IF;
    INSERT INTO tripmeter.outbox_setting DEFAULT VALUES ON CONFLICT DO NOTHING;
    -- of all partitions: a dump of the schema alone has those that were added to the ring
    INSERT INTO tripmeter_internal.outbox_ring (slot)
    SELECT generate_series(1, count(*)) - 1 FROM pg_inherits WHERE inhparent = 'tripmeter.outbox'::regclass;
    UPDATE tripmeter_internal.outbox_ring
    SET opened_at = clock_timestamp(),
        opened_tick = tripmeter_internal.outbox_mark((SELECT max(era) FROM tripmeter_internal.outbox_era), '3:3:'::pg_snapshot, 0::bigint)
    WHERE slot = (SELECT slot FROM tripmeter_internal.outbox_current);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_prepare() IS
    'Makes the rows that the outbox starts with, unless they are there. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_mark(era integer, snapshot pg_snapshot, seq bigint)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    mark tripmeter_internal.outbox_tick;
BEGIN
    mark.tick := nextval('tripmeter_internal.outbox_tick_number');
    mark.era := era;
    mark.snapshot := snapshot;
    mark.seq_before := 0;
    mark.next_xid := pg_snapshot_xmax(snapshot);
    mark.seq_after := seq;
    mark.lsn := tripmeter_internal.outbox_end_of_log();
    mark.at := clock_timestamp();
    PERFORM tripmeter_internal.outbox_write_tick(mark);
    RETURN mark.tick;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_mark(integer, pg_snapshot, bigint) IS
    'Makes a tick that marks where an era begins, whose snapshot sees nothing, or ends, whose '
    'snapshot sees all of it. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_check_isolation() RETURNS void
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
COMMENT ON FUNCTION tripmeter_internal.outbox_check_isolation() IS
    'Errors: an isolation level above READ COMMITTED. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_this_era() RETURNS integer
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    latest tripmeter_internal.outbox_era;
BEGIN
    PERFORM tripmeter_internal.outbox_check_isolation();
    SELECT * INTO latest FROM tripmeter_internal.outbox_era ORDER BY era DESC LIMIT 1;
    IF latest.accepted AND latest.outbox = 'tripmeter.outbox'::regclass
        AND tripmeter_internal.outbox_is_of_here(latest.system_identifier, latest.database) THEN
        RETURN latest.era;
    END IF;
    RAISE EXCEPTION 'the outbox has been restored or copied from another database' USING
        ERRCODE = 'object_not_in_prerequisite_state',
        DETAIL = format('Consumers are where they were in era %s.', latest.era - (NOT latest.accepted)::integer),
        HINT = 'Call tripmeter.outbox_after_restore() once, if this copy is the one that consumers are to receive from.';
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_this_era() IS
    'The era of this system. Errors: an isolation level above READ COMMITTED; a restored or '
    'copied database whose era is not accepted yet. Internal.';

-- Also when the clock was set back
CREATE FUNCTION tripmeter_internal.outbox_is_tick_due(last tripmeter_internal.outbox_tick,
        since interval) RETURNS boolean
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN clock_timestamp() NOT BETWEEN last.at AND last.at + since - interval '1 us';
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_is_tick_due(tripmeter_internal.outbox_tick,
        interval) IS
    'Whether a tick is older than that. Internal.';

CREATE FUNCTION tripmeter_internal.outbox_tick_if_due(since interval DEFAULT NULL)
    RETURNS tripmeter_internal.outbox_tick
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    setting tripmeter.outbox_setting;
    era integer := tripmeter_internal.outbox_this_era();
    last tripmeter_internal.outbox_tick := tripmeter_internal.outbox_last_tick();
BEGIN
    SELECT * INTO setting FROM tripmeter.outbox_setting;
    IF NOT tripmeter_internal.outbox_is_tick_due(last, coalesce(since, setting.tick_interval)) OR NOT tripmeter_internal.outbox_has_news(last) THEN
        RETURN last;
    END IF;
    IF setting.notify THEN
        NOTIFY tripmeter_outbox;
    END IF;
    RETURN tripmeter_internal.outbox_make_tick(era);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_tick_if_due(interval) IS
    'The latest tick, which is made now if the last one is older than that, by default the '
    'setting, and there is something new. Errors: those of outbox_this_era. Internal.';
