-- The end of the story: a trip is completed, and three services hear of it.

\ir display.sql

\echo A trip begins, and is completed: its mileage and fare are computed where it is kept, and
\echo the event that says so is written in the same transaction, or not at all.
\echo

ALTER TABLE trips ADD vehicle_id int, ADD ended_at timestamptz, ADD status text, ADD fare numeric, ADD version bigint;

\set ECHO queries
\set QUIET off
SELECT tripmeter.outbox_attach('trips', 'trip', '{trip_id}', version_column => 'version');

SELECT tripmeter.outbox_rule('trips', 'trip.completed', '{update}',
    condition => $$OLD.status IS DISTINCT FROM NEW.status AND NEW.status = 'completed'$$,
    payload_columns => '{trip_id, vehicle_id, ended_at, distance_m, fare}');

SELECT service, tripmeter.outbox_subscribe(service)
FROM unnest('{vehicle, analytics, billing}'::text[]) AS service;

UPDATE trips SET vehicle_id = 7, status = 'driving', version = 1
WHERE trip_id = 20;

BEGIN;
UPDATE trips SET status = 'completed', version = version + 1, ended_at = tripmeter.end_time(track),
    distance_m = tripmeter.mileage(track), fare = tripmeter.fare(tariff, track)
FROM tracks, prices
WHERE trips.trip_id = 20 AND tracks.trip_id = 20;
COMMIT;
\set QUIET on
\set ECHO none

\echo What each of the three services receives, and acknowledges:
\echo

SELECT tripmeter.outbox_wait('billing', '10 s') AS "there is something to receive";

CREATE TEMP TABLE received AS
SELECT service, event.*
FROM unnest('{vehicle, analytics, billing}'::text[]) AS service, tripmeter.outbox_receive(service, 'worker 1') AS event;

SELECT service, type, aggregateid AS trip, version, payload->'vehicle_id' AS vehicle,
       (payload->>'distance_m')::numeric(10, 1) AS metres, payload->'fare' AS fare
FROM received;

SELECT service, tripmeter.outbox_ack(batch) AS acknowledged
FROM (SELECT DISTINCT service, batch FROM received) AS batches
ORDER BY service;

\echo Nobody has anything more to hear:
\echo

SELECT count(*) AS events
FROM unnest('{vehicle, analytics, billing}'::text[]) AS service, tripmeter.outbox_receive(service, 'worker 1');
