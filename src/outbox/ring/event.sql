-- Events, and the slots that hold them.

CREATE SEQUENCE tripmeter_internal.outbox_seq AS bigint CACHE 1;
COMMENT ON SEQUENCE tripmeter_internal.outbox_seq IS
    'Numbers of events. Without a cache, so that numbers are given in the order in which row '
    'locks are held.';

-- The first columns are those of Debezium's outbox event router.
CREATE TABLE tripmeter.outbox (
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
COMMENT ON TABLE tripmeter.outbox IS
    'Events, in the slots of a ring. Rows are only ever added, by capture and emit(); a slot that '
    'all consumers have passed is truncated. Do not alter it.';
COMMENT ON COLUMN tripmeter.outbox.seq IS
    'orders the events of a window; of two events of one aggregate the later one has the higher '
    'number';
COMMENT ON COLUMN tripmeter.outbox.id IS 'identifies the event everywhere: a UUID of version 7';
COMMENT ON COLUMN tripmeter.outbox.aggregatetype IS 'what kind of thing it happened to';
COMMENT ON COLUMN tripmeter.outbox.aggregateid IS
    'which one: the id as text, of several columns a JSON array';
COMMENT ON COLUMN tripmeter.outbox.type IS 'what happened';
COMMENT ON COLUMN tripmeter.outbox.payload IS 'what there is to say about it';
COMMENT ON COLUMN tripmeter.outbox.version IS
    'of the aggregate, from a column of its row; NULL: there is none';
COMMENT ON COLUMN tripmeter.outbox.schemaversion IS 'of the payload''s structure, as the rule says';
COMMENT ON COLUMN tripmeter.outbox.bucket IS
    'outbox_bucket(aggregatetype, aggregateid): which worker it is for';
COMMENT ON COLUMN tripmeter.outbox.xid IS 'of the transaction, in its era';
COMMENT ON COLUMN tripmeter.outbox.occurred_at IS 'when it was written, by the clock, in UTC';
COMMENT ON COLUMN tripmeter.outbox.traceparent IS
    'setting tripmeter.traceparent; NULL: it was empty';
COMMENT ON COLUMN tripmeter.outbox.tracestate IS 'setting tripmeter.tracestate; NULL: it was empty';
COMMENT ON COLUMN tripmeter.outbox.correlationid IS
    'setting tripmeter.correlationid; NULL: it was empty';
COMMENT ON COLUMN tripmeter.outbox.causationid IS
    'setting tripmeter.causationid; NULL: it was empty';
COMMENT ON COLUMN tripmeter.outbox.era IS 'the era that xid belongs to';
COMMENT ON COLUMN tripmeter.outbox.slot IS 'the slot it is in';
SELECT pg_extension_config_dump('tripmeter_internal.outbox_seq'::regclass, '');

-- Indexes are the partitions' own: an index of the parent's would meet that of a partition
-- which was added to the ring when a dump is restored.
DO $$
BEGIN
    FOR slot IN 0 .. 7 LOOP
        EXECUTE format('CREATE TABLE tripmeter_internal.outbox_%1$s PARTITION OF tripmeter.outbox FOR VALUES IN (%1$s)', slot);
        EXECUTE format('CREATE INDEX outbox_%1$s_by_bucket ON tripmeter_internal.outbox_%1$s (bucket, seq) WITH (deduplicate_items = off)', slot);
        EXECUTE format('COMMENT ON INDEX tripmeter_internal.outbox_%s_by_bucket IS %L', slot, 'Finds the events of a bucket, in order.');
        EXECUTE format('COMMENT ON TABLE tripmeter_internal.outbox_%s IS %L', slot, 'A slot of the ring of events.');
        PERFORM pg_extension_config_dump(format('tripmeter_internal.outbox_%s', slot)::regclass, '');
    END LOOP;
END
$$;

CREATE TABLE tripmeter_internal.outbox_era (
    era integer PRIMARY KEY,
    system_identifier bigint NOT NULL,
    database oid NOT NULL,
    outbox oid NOT NULL,
    began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    accepted boolean NOT NULL
);
COMMENT ON TABLE tripmeter_internal.outbox_era IS
    'The systems whose transaction ids are in the events, the present one last. What was restored '
    'elsewhere begins a new era with its first event.';
COMMENT ON COLUMN tripmeter_internal.outbox_era.era IS 'a number from 1 on';
COMMENT ON COLUMN tripmeter_internal.outbox_era.system_identifier IS
    'of the cluster: pg_control_system()';
COMMENT ON COLUMN tripmeter_internal.outbox_era.database IS 'pg_database.oid';
COMMENT ON COLUMN tripmeter_internal.outbox_era.outbox IS 'pg_class.oid of table outbox';
COMMENT ON COLUMN tripmeter_internal.outbox_era.began_at IS 'when';
COMMENT ON COLUMN tripmeter_internal.outbox_era.accepted IS
    'whether its events may be received: the first era''s, and a later one''s after '
    'outbox_after_restore()';
SELECT pg_extension_config_dump('tripmeter_internal.outbox_era'::regclass, '');

CREATE TABLE tripmeter_internal.outbox_current (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    slot smallint NOT NULL,
    refused boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE tripmeter_internal.outbox_current IS 'Where events are written: one row.';
COMMENT ON COLUMN tripmeter_internal.outbox_current.one IS 'true: there is one row';
COMMENT ON COLUMN tripmeter_internal.outbox_current.slot IS 'the slot that producers write to';
COMMENT ON COLUMN tripmeter_internal.outbox_current.refused IS
    'whether new events are refused, for the ring is full';
SELECT pg_extension_config_dump('tripmeter_internal.outbox_current'::regclass, '');

-- The first rows are not the install script's: a dump brings its own.
CREATE FUNCTION tripmeter_internal.outbox_begin() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    here record;
BEGIN
    SELECT (SELECT system_identifier FROM pg_control_system()) AS system_identifier,
        (SELECT oid FROM pg_database WHERE datname = current_database()) AS database,
        'tripmeter.outbox'::regclass::oid AS outbox
    INTO here;
    -- one at a time: the next one sees the row of the first
    LOCK TABLE tripmeter_internal.outbox_era IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO tripmeter_internal.outbox_current (slot) VALUES (0) ON CONFLICT DO NOTHING;
    INSERT INTO tripmeter_internal.outbox_era (era, system_identifier, database, outbox, accepted)
    SELECT coalesce(last.era, 0) + 1, here.system_identifier, here.database, here.outbox, last.era IS NULL
    FROM (VALUES (1)) one LEFT JOIN (SELECT * FROM tripmeter_internal.outbox_era ORDER BY era DESC LIMIT 1) last ON true
    WHERE (last.system_identifier, last.database, last.outbox) IS DISTINCT FROM (here.system_identifier, here.database, here.outbox);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_begin() IS
    'Makes the first rows of outbox_current and outbox_era, and after a restore that of a new '
    'era, which is not accepted yet. Internal: attaching, writing and subscribing call it.';

CREATE FUNCTION tripmeter.outbox_bucket(aggregate_type text, aggregate_id text) RETURNS integer
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_bucket'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter.outbox_bucket(text, text) IS
    'The bucket, 0 to 63, that the events of an aggregate are in: the upper 6 of 32 bits of '
    '2654435761 times the CRC-32C of its type, a zero byte and its id.';

CREATE FUNCTION tripmeter.emit(aggregate_type text, aggregate_id text, type text, payload jsonb,
        version bigint DEFAULT NULL, schema_version integer DEFAULT 1) RETURNS uuid
    AS 'MODULE_PATHNAME', 'tripmeter_emit'
    LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE COST 100;
COMMENT ON FUNCTION tripmeter.emit(text, text, text, jsonb, bigint, integer) IS
    'Writes an event that no row change makes, and returns its id. Events of one aggregate are in '
    'the order of the calls only if the transactions that call exclude each other, as by a row '
    'lock. Who may: roles that were granted EXECUTE. Errors: the type or id of the aggregate, or '
    'the type of the event, is NULL or empty; the outbox is full.';
SELECT tripmeter_internal.keep_to_owner(
    'tripmeter.emit(text, text, text, jsonb, bigint, integer)'::regprocedure);

-- Times are as in JSON; a sequence is compared as text, an integer has 32 bits; what is
-- not allowed in a URI is written by its bytes.
CREATE FUNCTION tripmeter.cloudevent(event tripmeter.outbox) RETURNS jsonb
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
COMMENT ON FUNCTION tripmeter.cloudevent(tripmeter.outbox) IS
    'The event in the JSON form of CNCF CloudEvents 1.0. The source is /tripmeter/ and the type '
    'of the aggregate, the subject and the partitionkey are its id, and are not there if that is '
    'an empty text; sequence is the number in 19 digits, aggregateversion a string of digits; '
    'traceparent, tracestate, correlationid and causationid are there if the event has them.';
