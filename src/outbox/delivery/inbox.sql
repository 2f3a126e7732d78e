-- The ids that a consumer has dealt with, so that it deals with each event once.

-- Two generations: when the younger one is old enough, the older one is truncated and becomes the younger.
CREATE TABLE tripmeter_internal.outbox_inbox (
    owner name NOT NULL,
    consumer text NOT NULL,
    id uuid NOT NULL,
    generation smallint NOT NULL,
    PRIMARY KEY (id, consumer, owner, generation)
) PARTITION BY LIST (generation);
CREATE TABLE tripmeter_internal.outbox_inbox_0 PARTITION OF tripmeter_internal.outbox_inbox FOR VALUES IN (0);
CREATE TABLE tripmeter_internal.outbox_inbox_1 PARTITION OF tripmeter_internal.outbox_inbox FOR VALUES IN (1);
COMMENT ON TABLE tripmeter_internal.outbox_inbox IS
    'Ids that inbox() has seen, of the younger and the older generation.';
COMMENT ON TABLE tripmeter_internal.outbox_inbox_0 IS 'Ids of generation 0.';
COMMENT ON TABLE tripmeter_internal.outbox_inbox_1 IS 'Ids of generation 1.';
COMMENT ON COLUMN tripmeter_internal.outbox_inbox.owner IS
    'the consumer''s role; of a consumer that is not subscribed here, the caller''s';
COMMENT ON COLUMN tripmeter_internal.outbox_inbox.consumer IS 'who has seen it';
COMMENT ON COLUMN tripmeter_internal.outbox_inbox.id IS 'what was seen';
COMMENT ON COLUMN tripmeter_internal.outbox_inbox.generation IS '0 or 1';

CREATE TABLE tripmeter_internal.outbox_inbox_generation (
    one boolean PRIMARY KEY DEFAULT true CONSTRAINT outbox_inbox_generation_is_one CHECK (one),
    generation smallint NOT NULL DEFAULT 0,
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE tripmeter_internal.outbox_inbox_generation IS 'One row: the younger generation.';
COMMENT ON COLUMN tripmeter_internal.outbox_inbox_generation.one IS 'true';
COMMENT ON COLUMN tripmeter_internal.outbox_inbox_generation.generation IS '0 or 1';
COMMENT ON COLUMN tripmeter_internal.outbox_inbox_generation.since IS 'since when it is';
COMMENT ON CONSTRAINT outbox_inbox_generation_is_one ON tripmeter_internal.outbox_inbox_generation IS
    'There is one row.';

SELECT pg_extension_config_dump('tripmeter_internal.outbox_inbox_0'::regclass, '');
SELECT pg_extension_config_dump('tripmeter_internal.outbox_inbox_1'::regclass, '');
SELECT pg_extension_config_dump('tripmeter_internal.outbox_inbox_generation'::regclass, '');

CREATE FUNCTION tripmeter_internal.outbox_inbox_owner(caller oid, consumer text) RETURNS name
    LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (SELECT FROM tripmeter.outbox_consumer AS c WHERE c.consumer = outbox_inbox_owner.consumer) THEN
        RETURN (tripmeter_internal.outbox_consumer_of(caller, consumer)).owner;
    END IF;
    RETURN pg_get_userbyid(caller);
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_inbox_owner(oid, text) IS
    'The role of a consumer; the caller, if it is not subscribed here: nobody marks ids for '
    'another. Errors: the caller is no member of it. Internal.';

CREATE FUNCTION tripmeter_internal.inbox_as(caller oid, consumer text, id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    SET plan_cache_mode = force_custom_plan
AS $function$
DECLARE
    of_owner name := tripmeter_internal.outbox_inbox_owner(caller, consumer);
    young smallint;
BEGIN
    PERFORM tripmeter_internal.outbox_check_isolation();
    -- the generations stay what they are until this commits
    LOCK TABLE tripmeter_internal.outbox_inbox IN ROW EXCLUSIVE MODE;
    SELECT g.generation INTO young FROM tripmeter_internal.outbox_inbox_generation AS g;
    IF NOT FOUND THEN
        INSERT INTO tripmeter_internal.outbox_inbox_generation DEFAULT VALUES ON CONFLICT DO NOTHING;
        young := 0;
    END IF;
    IF EXISTS (SELECT FROM tripmeter_internal.outbox_inbox AS i
               WHERE i.generation = 1 - young AND i.id = inbox_as.id AND i.consumer = inbox_as.consumer AND i.owner = of_owner) THEN
        RETURN false;
    END IF;
    INSERT INTO tripmeter_internal.outbox_inbox (owner, consumer, id, generation)
    VALUES (of_owner, inbox_as.consumer, inbox_as.id, young) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.inbox_as(oid, text, uuid) IS
    'What inbox does, for a caller. Internal.';

CREATE FUNCTION tripmeter.inbox(consumer text, id uuid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'tripmeter_outbox_as_owner' LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION tripmeter.inbox(text, uuid) IS
    'Whether a consumer sees this id for the first time: true once, false afterwards, as long as '
    'the transaction that got true did not fail. Waits for a transaction that has just asked the '
    'same. Remembers for inbox_age at least: see outbox_configure. The consumer need not be '
    'subscribed here: then ids are the calling role''s. For consumers: EXECUTE is to be granted, '
    'because ids take space. Errors: the caller is no member of the consumer''s role; an '
    'isolation level above READ COMMITTED; an argument that is NULL.';
SELECT tripmeter_internal.keep_to_owner(
    'tripmeter.inbox(text, uuid)'::regprocedure);

CREATE FUNCTION tripmeter_internal.outbox_inbox_turn() RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    old smallint := (SELECT 1 - g.generation FROM tripmeter_internal.outbox_inbox_generation AS g, tripmeter.outbox_setting AS s
                     WHERE g.since + s.inbox_age < clock_timestamp());
BEGIN
    IF old IS NULL THEN
        RETURN;
    END IF;
    LOCK TABLE tripmeter_internal.outbox_inbox IN ACCESS EXCLUSIVE MODE NOWAIT;
    EXECUTE format('TRUNCATE tripmeter_internal.outbox_inbox_%s', old);
    UPDATE tripmeter_internal.outbox_inbox_generation SET generation = old, since = clock_timestamp();
EXCEPTION
    WHEN lock_not_available THEN
        NULL;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.outbox_inbox_turn() IS
    'Forgets the older generation of ids when the younger one is old enough, unless somebody is '
    'at them. Internal.';
