-- 200,000 trips of a year, and tables of twelve months to insert them into: without a
-- trigger, with capture, and with what else there is.

CREATE TABLE made AS
SELECT trip AS trip_id, 'vehicle-' || trip % 3000 AS vehicle, (trip * 7919) % 50000 AS customer,
       (ARRAY['requested', 'accepted', 'started', 'completed'])[1 + trip % 4] AS status,
       '2024-01-01 00:00Z'::timestamptz + (trip * 7907::bigint % 31536000) * interval '1 second' AS started_at,
       '2024-01-01 00:00Z'::timestamptz + (trip * 7907::bigint % 31536000 + 900 + trip % 1700) * interval '1 second' AS ended_at,
       (1000 + trip % 30000) / 7.0::float8 AS distance_m, ((300 + trip % 9000) / 100.0)::numeric(10,2) AS amount,
       'EUR' AS currency, 1 AS revision
FROM generate_series(1, 200000) trip;

CREATE PROCEDURE create_trips(name text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE made, PRIMARY KEY (trip_id, started_at)) PARTITION BY RANGE (started_at)', name);
    FOR month IN 1 .. 12 LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', name || '_' || month, name,
            make_timestamptz(2024, month, 1, 0, 0, 0, 'UTC'), make_timestamptz(2024, month, 1, 0, 0, 0, 'UTC') + interval '1 month');
    END LOOP;
END $$;
SET timezone = 'UTC';
CALL create_trips('trips_alone');
CALL create_trips('trips_captured');
CALL create_trips('trips_jsontriga');
CALL create_trips('trips_plpgsql');

SELECT tripmeter.outbox_attach('trips_captured', 'trip', '{trip_id}', 'revision');

-- The floor: finished events, and a slot to put them in.
INSERT INTO trips_captured SELECT * FROM made;
CREATE TABLE finished AS SELECT * FROM tripmeter.outbox;
CREATE TABLE slot (LIKE tripmeter_internal.outbox_0 INCLUDING ALL);

CREATE EXTENSION pgq;
SELECT pgq.create_queue('trips');
CREATE TRIGGER jsontriga AFTER INSERT OR UPDATE OR DELETE ON trips_jsontriga
    FOR EACH ROW EXECUTE FUNCTION pgq.jsontriga('trips');

-- What one would write: the same row of the same columns.
CREATE TABLE written (LIKE tripmeter_internal.outbox_0 INCLUDING ALL);
CREATE FUNCTION write_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO written (seq, id, aggregatetype, aggregateid, type, payload, version, schemaversion, bucket, xid, occurred_at,
        traceparent, tracestate, correlationid, causationid, era, slot)
    VALUES (nextval('tripmeter_internal.outbox_seq'), gen_random_uuid(), 'trip', NEW.trip_id::text, 'trip.created', to_jsonb(NEW), NEW.revision, 1,
        tripmeter.outbox_bucket('trip', NEW.trip_id::text), pg_current_xact_id(), clock_timestamp() AT TIME ZONE 'UTC',
        nullif(current_setting('tripmeter.traceparent', true), ''), nullif(current_setting('tripmeter.tracestate', true), ''),
        nullif(current_setting('tripmeter.correlationid', true), ''), nullif(current_setting('tripmeter.causationid', true), ''), 1, 0);
    RETURN NULL;
END $$;
CREATE TRIGGER plpgsql AFTER INSERT ON trips_plpgsql FOR EACH ROW EXECUTE FUNCTION write_event();

CREATE TABLE timing (run int, what text, ms float8);

-- Each insertion finds its tables empty.
CREATE PROCEDURE measure(run int, what text, target text, source text) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
BEGIN
    PERFORM tripmeter.outbox_detach('trips_captured');
    TRUNCATE trips_alone, trips_captured, trips_jsontriga, trips_plpgsql, slot, written, tripmeter_internal.outbox_0;
    PERFORM pgq.maint_rotate_tables_step1('trips');
    EXECUTE 'TRUNCATE pgq.event_' || (SELECT queue_id FROM pgq.queue WHERE queue_name = 'trips') || ' CASCADE';
    PERFORM tripmeter.outbox_attach('trips_captured', 'trip', '{trip_id}', 'revision');
    COMMIT;
    CHECKPOINT;
    began := clock_timestamp();
    EXECUTE format('INSERT INTO %s SELECT * FROM %s', target, source);
    INSERT INTO timing VALUES (run, what, 1000 * extract(epoch FROM clock_timestamp() - began));
    COMMIT;
END $$;
