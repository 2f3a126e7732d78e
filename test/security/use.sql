-- Everything that finds names when it runs, by a superuser who looks into these schemas first.
-- Every argument has its type, so that what is sprung is sprung by the extension.

SET search_path = gis, public, pg_catalog;
CREATE TABLE gis.rides (ride_id pg_catalog.int4, status pg_catalog.text);
PREPARE attach(pg_catalog.text, pg_catalog.regclass) AS
SELECT tripmeter.outbox_attach($2, $1, '{ride_id}'::pg_catalog.name[], NULL::pg_catalog.name, NULL::pg_catalog.name[], false);
PREPARE rule(pg_catalog.text, pg_catalog.regclass) AS
SELECT tripmeter.outbox_rule($2, $1, '{insert}'::pg_catalog.text[], 'NEW.status = ''done'''::pg_catalog.text, NULL::pg_catalog.name[], 1);
EXECUTE attach('ride', 'gis.rides');
EXECUTE rule('ride', 'gis.rides');
SELECT tripmeter.outbox_subscribe('bank'::pg_catalog.text, 'now'::pg_catalog.text, 2, NULL::pg_catalog.text[], NULL::pg_catalog.name,
    '30 s'::pg_catalog.interval, 10, '1 s'::pg_catalog.interval, '1 hour'::pg_catalog.interval, 'keep'::pg_catalog.text);
INSERT INTO gis.rides VALUES (1, 'done');
SELECT tripmeter.emit('a'::pg_catalog.text, 'b'::pg_catalog.text, 'c'::pg_catalog.text, '{}'::pg_catalog.jsonb, 1::pg_catalog.int8, 1);
SELECT tripmeter.outbox_tick();
SELECT tripmeter.outbox_nack(batch, id, NULL::pg_catalog.text, NULL::pg_catalog.interval)
FROM tripmeter.outbox_receive('bank'::pg_catalog.text, 'w'::pg_catalog.text, 500) LIMIT 1;
SELECT tripmeter.outbox_ack(batch)
FROM (SELECT DISTINCT batch FROM tripmeter.outbox_receive('bank'::pg_catalog.text, 'w'::pg_catalog.text, 500)) b;
SELECT tripmeter.outbox_rotate(true);
SELECT tripmeter_internal.outbox_add_slot();
SELECT tripmeter.outbox_after_restore();
SELECT tripmeter.inbox('bank'::pg_catalog.text, '018f3c3e-2f00-7000-8000-000000000001'::pg_catalog.uuid);
SELECT * FROM tripmeter.outbox_metrics;
SELECT * FROM tripmeter.outbox_coverage();
SELECT tripmeter.cloudevent(o) FROM tripmeter.outbox o;
SELECT tripmeter.outbox_wait('bank'::pg_catalog.text, '0'::pg_catalog.interval, 'w'::pg_catalog.text);
SELECT tripmeter.outbox_tick_at('2024-01-01'::pg_catalog.timestamptz);
SELECT tripmeter.outbox_dead_letters('bank'::pg_catalog.text), tripmeter.outbox_seek('bank'::pg_catalog.text, 'now'::pg_catalog.text);
SELECT tripmeter.outbox_unrule('gis.rides'::pg_catalog.regclass, 'ride'::pg_catalog.text),
    tripmeter.outbox_detach('gis.rides'::pg_catalog.regclass), tripmeter.outbox_unsubscribe('bank'::pg_catalog.text);
EXECUTE attach('ride', 'gis.rides');

INSERT INTO tripmeter.calendars VALUES ('days', '{[2024-01-01,2024-01-02)}');
SELECT tripmeter.tariff_publish('taxi'::pg_catalog.text, '{"tariff": 1, "currency": "EUR"}'::tripmeter.tariff, '2030-01-01'::pg_catalog.timestamptz);
SELECT tripmeter.tariff_at('taxi'::pg_catalog.text, '2031-01-01'::pg_catalog.timestamptz);
SELECT tripmeter.tariff_from_gbfs(
    '{"currency": "EUR", "price": 1, "per_min_pricing": [{"start": 0, "interval": 1, "rate": 0.2}]}'::pg_catalog.jsonb);
SELECT tripmeter.track_from_mfjson(tripmeter.as_mfjson('[POINT(1 2)@2024-01-01 00:00:00+00]'::tripmeter.track));
SELECT tripmeter.mileage('[]'::tripmeter.track, 'raw'::pg_catalog.text),
    tripmeter.reconcile('[]'::tripmeter.track, NULL::tripmeter.odometer_report, 0.1::pg_catalog.float8, 'raw'::tripmeter.mileage_policy);
