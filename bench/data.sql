-- 2,000 trips of 1,000 fixes each, all on the road at once: stored in order of
-- time, the trips interleaved.  Coordinates have seven places, as recorded.

CREATE TABLE fixes (trip int, recorded_at timestamptz, lon float8, lat float8, position geometry(Point, 4326));
INSERT INTO fixes
SELECT trip, recorded_at, lon, lat, ST_SetSRID(ST_MakePoint(lon, lat), 4326)
FROM (
    SELECT trip, '2024-01-01'::timestamptz + s * interval '1 second' + trip * interval '0.2 ms' AS recorded_at,
           round((126.5 + (trip % 50) * 0.01 + s * 0.0001 * cos(trip) + 0.0002 * sin(s / 20.0))::numeric, 7)::float8 AS lon,
           round((37.2 + (trip / 50) * 0.01 + s * 0.00008 * sin(trip) + 0.0002 * cos(s / 17.0))::numeric, 7)::float8 AS lat
    FROM generate_series(0, 999) s, generate_series(1, 2000) trip
) made
ORDER BY recorded_at;

-- The same, each trip whole in one partition.
CREATE TABLE fixes_by_trip (LIKE fixes) PARTITION BY HASH (trip);
CREATE TABLE fixes_by_trip_0 PARTITION OF fixes_by_trip FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE fixes_by_trip_1 PARTITION OF fixes_by_trip FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE fixes_by_trip_2 PARTITION OF fixes_by_trip FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE fixes_by_trip_3 PARTITION OF fixes_by_trip FOR VALUES WITH (MODULUS 4, REMAINDER 3);
INSERT INTO fixes_by_trip SELECT * FROM fixes;

CREATE TABLE lines AS
SELECT trip, ST_MakeLine(position ORDER BY recorded_at) AS line FROM fixes GROUP BY trip;
