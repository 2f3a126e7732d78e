-- What PostgreSQL 17 brought: maintenance that sees pg_catalog alone, MERGE that deletes
-- what is not in the source.

BEGIN;
SELECT plan(2);
SET LOCAL client_min_messages = warning;

-- Maintenance. Before 17 it has the search_path of its caller, here the same.

SET LOCAL search_path = public, tripmeter;
CREATE TABLE locations (trip_id int, recorded_at timestamptz, position geometry(Point, 4326));
INSERT INTO locations
SELECT i % 5, '2024-05-02 08:00+09'::timestamptz + i * interval '1 second', ST_SetSRID(ST_MakePoint(126.978 + i * 0.0001, 37.5665), 4326)
FROM generate_series(1, 1000) i;
SELECT FROM tariff_publish('newer_servers', '{"tariff": 1, "currency": "EUR", "base": "3.90"}', '2020-01-01');

CREATE MATERIALIZED VIEW kept_trips AS
SELECT trip_id, mileage(recorded_at, position) AS metres, mileage_report(recorded_at, position) AS report, track(recorded_at, position) AS track
FROM locations GROUP BY trip_id;
CREATE MATERIALIZED VIEW kept_answers AS
SELECT trip_id, fare(tariff_at('newer_servers', start_time(track)), track), as_mfjson(track), as_text(track), track::geometry AS line, bbox(track),
    simplify(track, 5), at(track, start_time(track)), slice(track, period(track)), odometer.*, legs.*
FROM kept_trips, legs(track), (SELECT odometer_report(recorded_at, 1) FROM locations) odometer;
CREATE INDEX kept_by_length ON kept_trips (length(track)) WHERE mileage(track) > 0;
CREATE INDEX kept_by_fare ON kept_trips (fare('{"tariff": 1, "currency": "EUR", "base": "3.90"}'::tariff, track));
CREATE INDEX kept_by_line ON kept_trips USING gist ((track::geometry));
CREATE STATISTICS kept_statistics ON (length(track)), (fix_count(track)) FROM kept_trips;
CREATE TEMP TABLE answers AS SELECT * FROM kept_answers;

SET LOCAL search_path = pg_catalog, pg_temp;
REFRESH MATERIALIZED VIEW public.kept_trips;
REFRESH MATERIALIZED VIEW public.kept_answers;
REINDEX TABLE public.kept_trips;
ANALYZE public.kept_trips;
SET LOCAL search_path = public;
SELECT is((SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM kept_answers a), (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM answers a),
    'what is kept in materialized views and indexes is the same after maintenance');

-- MERGE

SELECT current_setting('server_version_num')::int >= 170000 AS merges_by_source \gset
\if :merges_by_source
CREATE TABLE rides (ride_id int, state text);
SELECT tripmeter.outbox_attach('rides', 'ride', '{ride_id}');
INSERT INTO rides VALUES (1, 'open'), (2, 'open');
SELECT max(seq) AS before FROM tripmeter.outbox \gset
CREATE TEMP TABLE merged AS
WITH merged AS (
    MERGE INTO rides USING (VALUES (2), (3)) v (id) ON id = ride_id
    WHEN MATCHED THEN UPDATE SET state = 'merged' WHEN NOT MATCHED THEN INSERT VALUES (id, 'new') WHEN NOT MATCHED BY SOURCE THEN DELETE
    RETURNING merge_action(), ride_id)
SELECT * FROM merged;
SELECT is((SELECT string_agg(type || ' ' || aggregateid, ', ' ORDER BY seq) FROM tripmeter.outbox WHERE seq > :before),
    'ride.deleted 1, ride.updated 2, ride.created 3', 'MERGE tells of what it deletes because it is not in the source');
\else
SELECT skip('MERGE ... WHEN NOT MATCHED BY SOURCE is PostgreSQL 17''s');
\endif

SELECT * FROM finish();
ROLLBACK;
