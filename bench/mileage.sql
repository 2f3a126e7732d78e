-- What is measured: a name, the query, what it is measured against, and the ratio
-- of their times that it must reach.  Sums over groups keep output out of it.

CREATE TABLE contest (id int PRIMARY KEY, what text, query text, against text, other text, required text);
INSERT INTO contest VALUES
(1, 'mileage(recorded_at, position) by trip',
    'SELECT sum(m) FROM (SELECT tripmeter.mileage(recorded_at, position) AS m FROM fixes GROUP BY trip) t',
    'max(recorded_at), sum(lon) by trip',
    'SELECT max(t), sum(l) FROM (SELECT max(recorded_at) AS t, sum(lon) AS l FROM fixes GROUP BY trip) t',
    'at most 1.6 times as long'),
(2, 'mileage(recorded_at, position) by trip',
    'SELECT sum(m) FROM (SELECT tripmeter.mileage(recorded_at, position) AS m FROM fixes GROUP BY trip) t',
    'ST_Length(ST_MakeLine(position ORDER BY recorded_at)::geography)',
    'SELECT sum(m) FROM (SELECT ST_Length(ST_MakeLine(position ORDER BY recorded_at)::geography) AS m FROM fixes GROUP BY trip) t',
    'at least 6 times faster'),
(3, 'mileage(recorded_at, position) by trip',
    'SELECT sum(m) FROM (SELECT tripmeter.mileage(recorded_at, position) AS m FROM fixes GROUP BY trip) t',
    'sum(ST_Distance(geography, lag(geography))) by window',
    'SELECT sum(d) FROM (SELECT trip, sum(d) AS d FROM (SELECT trip, ST_Distance(position::geography, lag(position::geography) OVER (PARTITION BY trip ORDER BY recorded_at)) AS d FROM fixes) legs GROUP BY trip) t',
    'at least 8 times faster'),
(4, 'route_length(line), stored lines',
    'SELECT sum(tripmeter.route_length(line)) FROM lines',
    'ST_Length(line::geography)',
    'SELECT sum(ST_Length(line::geography)) FROM lines',
    'at least 25 times faster'),
(5, 'mileage by trip, table partitioned by trip',
    'SELECT sum(m) FROM (SELECT tripmeter.mileage(recorded_at, position) AS m FROM fixes_by_trip GROUP BY trip) t',
    'max(recorded_at), sum(lon) by trip, same table',
    'SELECT max(t), sum(l) FROM (SELECT max(recorded_at) AS t, sum(lon) AS l FROM fixes_by_trip GROUP BY trip) t',
    'at most 1.6 times as long');

-- Run a query, and record its milliseconds.
CREATE TABLE timing (id int, run int, workers int, side text, ms float8);
CREATE PROCEDURE measure(id int, run int, workers int, side text, query text) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
    ignored text;
BEGIN
    began := clock_timestamp();
    EXECUTE 'SELECT t::text FROM (' || query || ') t' INTO ignored;
    INSERT INTO timing VALUES (id, run, workers, side, 1000 * extract(epoch FROM clock_timestamp() - began));
END $$;
