-- What recordings take on disk, in bytes a fix: as rows with their index, as PostGIS'
-- trajectories, as tracks.  Needs schema recordings (test/recordings/load.sql).

CREATE TABLE stored_rows AS
SELECT trip_id, recorded_at, position FROM recordings.fixes WHERE dataset = 'kubicka' ORDER BY trip_id, recorded_at;
CREATE INDEX ON stored_rows (trip_id, recorded_at);
CREATE TABLE stored_lines AS
SELECT trip_id, ST_MakeLine(ST_SetSRID(ST_MakePointM(ST_X(position), ST_Y(position), extract(epoch FROM recorded_at)), 4326) ORDER BY recorded_at) AS line
FROM stored_rows GROUP BY trip_id;
CREATE TABLE stored_tracks AS
SELECT trip_id, tripmeter.track(recorded_at, position) AS track FROM stored_rows GROUP BY trip_id;
VACUUM (FULL, ANALYZE) stored_rows, stored_lines, stored_tracks;

WITH sizes (what, bytes, value_bytes) AS (
    SELECT 'rows and their (trip, time) index', pg_total_relation_size('stored_rows'), NULL::bigint
    UNION ALL SELECT 'LINESTRING M', pg_total_relation_size('stored_lines'), (SELECT sum(pg_column_size(line)) FROM stored_lines)
    UNION ALL SELECT 'track', pg_total_relation_size('stored_tracks'), (SELECT sum(pg_column_size(track)) FROM stored_tracks)
), fixes AS (SELECT sum(tripmeter.fix_count(track)) AS n FROM stored_tracks)
SELECT what, round(bytes / n, 2) AS "bytes a fix, with the table's pages", round(value_bytes / n, 2) AS "bytes a fix, values alone",
       round(bytes::numeric / (SELECT bytes FROM sizes WHERE what = 'track'), 1) AS "times the track, pages",
       round(value_bytes::numeric / (SELECT value_bytes FROM sizes WHERE what = 'track'), 1) AS "times the track, values",
       CASE what WHEN 'LINESTRING M' THEN 'at least 4 times' WHEN 'track' THEN 'at most 4 bytes' ELSE 'at least 30 times' END AS required
FROM sizes, fixes ORDER BY bytes DESC;
