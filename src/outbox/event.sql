-- Events, and the ring of slots that holds them.

CREATE SEQUENCE outbox_seq AS bigint CACHE 1;
COMMENT ON SEQUENCE outbox_seq IS 'Numbers of events. Without a cache, so that numbers are given in the order in which row locks are held.';

-- The first columns are those of Debezium's outbox event router.
CREATE TABLE outbox (
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

CREATE TABLE outbox_era (
    era integer PRIMARY KEY,
    system_identifier bigint NOT NULL,
    database oid NOT NULL,
    outbox oid NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now(),
    accepted boolean NOT NULL
);

CREATE TABLE outbox_current (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    slot smallint NOT NULL,
    refused boolean NOT NULL DEFAULT false
);

