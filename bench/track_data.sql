-- The trips of data.sql as tracks; and 20 vehicles of 30 days, an hour a day at 1 Hz, as
-- rows and as a track a day.

CREATE TABLE tracks AS
SELECT trip, tripmeter.track(recorded_at, position) AS track FROM fixes GROUP BY trip;

CREATE TABLE vehicle_fixes AS
SELECT vehicle, recorded_at, ST_SetSRID(ST_MakePoint(lon, lat), 4326)::geometry(Point, 4326) AS position
FROM (
    SELECT vehicle, '2024-01-01 08:00+00'::timestamptz + day * interval '1 day' + s * interval '1 second' AS recorded_at,
           round((126.5 + vehicle * 0.01 + s * 0.0001 * cos(day) + 0.0002 * sin(s / 20.0))::numeric, 7)::float8 AS lon,
           round((37.2 + day * 0.01 + s * 0.00008 * sin(day) + 0.0002 * cos(s / 17.0))::numeric, 7)::float8 AS lat
    FROM generate_series(0, 29) day, generate_series(0, 3599) s, generate_series(1, 20) vehicle
) made;
CREATE TABLE vehicle_days AS
SELECT vehicle, recorded_at::date AS day, tripmeter.track(recorded_at, position) AS track
FROM vehicle_fixes GROUP BY vehicle, recorded_at::date;

INSERT INTO contest VALUES
(6, 'length(track, period) by decoding, stored tracks of 1,000 fixes',
    'SELECT sum(tripmeter.length(track, ''(,)'')) FROM tracks',
    'ST_Length(line::geography)',
    'SELECT sum(ST_Length(line::geography)) FROM lines',
    'at least 50 times faster'),
(7, 'mileage(track), stored tracks of 1,000 fixes',
    'SELECT sum(tripmeter.mileage(track)) FROM tracks',
    'ST_Length(line::geography)',
    'SELECT sum(ST_Length(line::geography)) FROM lines',
    'at least 20 times faster'),
(8, 'track(recorded_at, position) by trip',
    'SELECT sum(tripmeter.fix_count(t)) FROM (SELECT tripmeter.track(recorded_at, position) AS t FROM fixes GROUP BY trip) t',
    'mileage(recorded_at, position) by trip',
    'SELECT sum(m) FROM (SELECT tripmeter.mileage(recorded_at, position) AS m FROM fixes GROUP BY trip) t',
    'at most 1.3 times as long'),
(9, 'rollup(track) of 30 daily tracks, by vehicle',
    'SELECT sum(tripmeter.fix_count(t)) FROM (SELECT tripmeter.rollup(track) AS t FROM vehicle_days GROUP BY vehicle) t',
    'track(recorded_at, position) of the rows, by vehicle',
    'SELECT sum(tripmeter.fix_count(t)) FROM (SELECT tripmeter.track(recorded_at, position) AS t FROM vehicle_fixes GROUP BY vehicle) t',
    'at least 10 times faster'),
(10, 'length(track) from the header',
    'SELECT sum(tripmeter.length(track)) FROM tracks',
    'length(track, period) by decoding',
    'SELECT sum(tripmeter.length(track, ''(,)'')) FROM tracks',
    'at least 1 times faster');
