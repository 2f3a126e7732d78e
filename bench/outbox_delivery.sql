-- A table whose changes are captured, and those who receive them.

CREATE TABLE measured (what text, rate float8);
CREATE TABLE trips (trip_id bigint, started_at timestamptz, status text, vehicle text, customer int, distance_m float8, duration interval,
    fare numeric, currency text, version bigint);
SELECT tripmeter.outbox_attach('trips', 'trip', '{trip_id}', 'version');
SELECT tripmeter.outbox_configure(slot_bytes => 100000000000);
SELECT tripmeter.outbox_subscribe('reader_1');
SELECT tripmeter.outbox_subscribe('reader_2');

-- in statements of 100,000 rows
CREATE PROCEDURE produce(events int) LANGUAGE plpgsql AS $$
DECLARE
    begun timestamptz := clock_timestamp();
BEGIN
    FOR part IN 1..events / 100000 LOOP
        INSERT INTO trips
        SELECT n, '2024-01-01'::timestamptz + n * interval '1 minute', 'started', 'V' || n % 1000, n % 5000, n % 30000, n % 3600 * interval '1 second',
            n % 100, 'EUR', 1
        FROM generate_series(part * 100000, part * 100000 + 99999) n;
        COMMIT;
    END LOOP;
    INSERT INTO measured VALUES ('produced', events / extract(epoch FROM clock_timestamp() - begun));
END $$;

CREATE TABLE minutes (minute int, received bigint, milliseconds float8);
CREATE PROCEDURE receive_steadily(consumer text, seconds int) LANGUAGE plpgsql AS $$
DECLARE
    begun timestamptz := clock_timestamp();
    minute int := 0;
    received bigint := 0;
    batches bigint := 0;
    busy interval := '0';
    started timestamptz;
    open bigint;
    given bigint;
BEGIN
    WHILE clock_timestamp() < begun + seconds * interval '1 second' LOOP
        started := clock_timestamp();
        SELECT max(batch), count(*) INTO open, given FROM tripmeter.outbox_receive(consumer, 'w');
        COMMIT;
        IF open IS NOT NULL THEN
            PERFORM tripmeter.outbox_ack(open);
            COMMIT;
            received := received + given;
            batches := batches + 1;
            busy := busy + (clock_timestamp() - started);
        ELSE
            PERFORM tripmeter.outbox_wait(consumer, '1 s', 'w');
            COMMIT;
        END IF;
        IF clock_timestamp() > begun + (minute + 1) * interval '1 minute' THEN
            INSERT INTO minutes VALUES (minute, received, extract(epoch FROM busy) * 1000 / nullif(batches, 0));
            COMMIT;
            minute := minute + 1;
            received := 0;
            batches := 0;
            busy := '0';
        END IF;
    END LOOP;
END $$;
