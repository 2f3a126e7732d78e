-- A year of a small fleet: 50 trips of which the true path is known, and the
-- fixes that a receiver would have made of them, dirt included.
--
-- Chance is drawn from hash functions, never from random(), so that the data
-- are the same in each run and on each version of PostgreSQL.

\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
SET timezone = 'UTC';
-- sums of floats depend on their order
SET max_parallel_workers_per_gather = 0;

DROP TABLE IF EXISTS truth, trips, locations;

-- The tables of an operator.

CREATE TABLE trips (
    trip_id    bigint NOT NULL,
    started_at timestamptz NOT NULL,
    distance_m float8,
    PRIMARY KEY (trip_id, started_at)
) PARTITION BY RANGE (started_at);
CREATE TABLE trips_2024_q1 PARTITION OF trips FOR VALUES FROM ('2024-01-01') TO ('2024-04-01');
CREATE TABLE trips_2024_q2 PARTITION OF trips FOR VALUES FROM ('2024-04-01') TO ('2024-07-01');
CREATE TABLE trips_2024_q3 PARTITION OF trips FOR VALUES FROM ('2024-07-01') TO ('2024-10-01');
CREATE TABLE trips_2024_q4 PARTITION OF trips FOR VALUES FROM ('2024-10-01') TO ('2025-01-01');

CREATE TABLE locations (
    trip_id     bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    position    geometry(Point, 4326),
    accuracy    real
) PARTITION BY RANGE (recorded_at);
CREATE TABLE locations_2024_q1 PARTITION OF locations FOR VALUES FROM ('2024-01-01') TO ('2024-04-01');
CREATE TABLE locations_2024_q2 PARTITION OF locations FOR VALUES FROM ('2024-04-01') TO ('2024-07-01');
CREATE TABLE locations_2024_q3 PARTITION OF locations FOR VALUES FROM ('2024-07-01') TO ('2024-10-01');
CREATE TABLE locations_2024_q4 PARTITION OF locations FOR VALUES FROM ('2024-10-01') TO ('2025-01-01');

-- What an operator never has.

CREATE TABLE truth (
    trip_id    bigint PRIMARY KEY,
    kind       text NOT NULL,
    every      interval NOT NULL,  -- from fix to fix
    path       geometry(LineString, 4326) NOT NULL,
    distance_m float8 NOT NULL
);

-- Chance.

-- Uniform in [0, 1), a function of a trip, a place in it, and what it is for.
CREATE FUNCTION pg_temp.chance(trip bigint, place bigint, purpose text) RETURNS float8
    LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashint8extended(place, hashtextextended(purpose, trip)) & 9007199254740991)::float8
        / 9007199254740992
$$;

-- Standard normal, by Box and Muller.
CREATE FUNCTION pg_temp.gauss(trip bigint, place bigint, purpose text) RETURNS float8
    LANGUAGE sql IMMUTABLE AS $$
    SELECT sqrt(-2 * ln(1 - pg_temp.chance(trip, place, purpose)))
        * cos(2 * pi() * pg_temp.chance(trip, place, purpose || ', angle'))
$$;

-- First-order autocorrelation: what remains of the last error, and a kick.
CREATE FUNCTION pg_temp.drift_on(error float8, kick float8, memory float8) RETURNS float8
    LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(error * memory + kick * sqrt(1 - memory ^ 2), kick) $$;
CREATE AGGREGATE pg_temp.drift(kick float8, memory float8) (SFUNC = pg_temp.drift_on, STYPE = float8);

-- A place in metres east and north of the city's center.
CREATE FUNCTION pg_temp.place(east float8, north float8) RETURNS geometry
    LANGUAGE sql IMMUTABLE AS $$
    SELECT ST_SetSRID(ST_MakePoint(round((13.4 + east / 67920)::numeric, 7)::float8,
                                   round((52.5 + north / 111267)::numeric, 7)::float8), 4326)
$$;

-- Trips: five of each kind.

CREATE TEMP TABLE journey AS
SELECT trip_id, kind,
       kind IN ('parked', 'everything') AS parks,
       kind IN ('tunnel', 'everything') AS has_tunnel,
       kind = 'outage' AS has_outage,
       kind IN ('teleports', 'everything') AS teleports,
       kind IN ('null island', 'everything') AS reports_zero,
       kind IN ('duplicates', 'everything') AS sends_twice,
       kind IN ('late', 'everything') AS arrives_late,
       kind IN ('canyon', 'everything') AS has_canyon,
       CASE trip_id
           WHEN 13 THEN '2024-03-31 23:50'  -- into the next quarter
           ELSE timestamptz '2024-01-02 06:00' + (trip_id - 1) * interval '7 days 6 hours 20 minutes'
       END AS started_at,
       (ARRAY[1, 2, 1, 3, 5])[1 + (trip_id - 1) / 10] AS every,  -- seconds
       2 + 2 * pg_temp.chance(trip_id, 0, 'noise') AS noise_m,
       20 + floor(25 * pg_temp.chance(trip_id, 0, 'streets'))::int AS streets
FROM generate_series(1, 50) AS trip_id,
     LATERAL (SELECT (ARRAY['clean', 'parked', 'tunnel', 'outage', 'teleports', 'null island',
                            'duplicates', 'late', 'canyon', 'everything'])[1 + (trip_id - 1) % 10]) AS k (kind);

-- The route: streets, and after each one a corner, a bend, or straight on.
-- Curvature is that of a circle: 1 / radius, to the left above zero.

CREATE TEMP TABLE street AS
SELECT trip_id, 2 * n AS part,
       80 + 420 * pg_temp.chance(trip_id, n, 'length') AS metres,
       0::float8 AS curvature,
       9 + 9 * pg_temp.chance(trip_id, n, 'limit') AS speed_limit,
       CASE WHEN pg_temp.chance(trip_id, n, 'red light') < 0.35
            THEN 5 + 50 * pg_temp.chance(trip_id, n, 'how long') ELSE 0 END AS waits,
       false AS dark,
       has_canyon AND n BETWEEN streets / 4 AND streets / 4 + 3 AS poor
FROM journey, generate_series(1, streets) AS n;

INSERT INTO street
SELECT trip_id, 2 * n + 1,
       CASE WHEN way < 0.25 THEN 8 * pi() / 2
            WHEN way < 0.50 THEN 12 * pi() / 2
            WHEN way < 0.75 THEN 80 + 80 * pg_temp.chance(trip_id, n, 'bend')
            ELSE 15 END,
       CASE WHEN way < 0.25 THEN -1 / 8.0
            WHEN way < 0.50 THEN 1 / 12.0
            WHEN way < 0.75 THEN sign(way - 0.625) / 120
            ELSE 0 END,
       CASE WHEN way < 0.50 THEN 5 ELSE 10 END,
       0, false, false
FROM journey, generate_series(1, streets) AS n,
     LATERAL (SELECT pg_temp.chance(trip_id, n, 'way')) AS w (way);

-- half way: a stop with the engine on; a tunnel of two minutes; an outage
-- that is longer than the default policy's gap of five minutes
UPDATE street SET waits = 1200 + 1500 * pg_temp.chance(j.trip_id, 0, 'parked')
FROM journey j WHERE j.trip_id = street.trip_id AND parks AND part = 2 * (streets / 2);

UPDATE street SET dark = true, waits = 0, metres = 1500 + 1000 * pg_temp.chance(j.trip_id, 0, 'tunnel'),
                  curvature = 1 / 3000.0, speed_limit = 18
FROM journey j WHERE j.trip_id = street.trip_id AND has_tunnel AND part = 2 * (streets / 2 + 2);

UPDATE street SET dark = true, waits = 0, metres = 5000 + 2000 * pg_temp.chance(j.trip_id, 0, 'outage'),
                  curvature = 1 / 8000.0, speed_limit = 14
FROM journey j WHERE j.trip_id = street.trip_id AND has_outage AND part = 2 * (streets / 2);

-- The drive: steps of two metres, slowly at both ends of a street.

CREATE TEMP TABLE drive AS
WITH step AS (
    SELECT trip_id, part, n, dark, poor, metres / steps AS metres, metres / steps * curvature AS turn,
           metres / steps / least(speed_limit, sqrt(9 + 3 * metres / steps * least(n, steps - n + 1))) AS seconds,
           CASE WHEN n = steps THEN waits ELSE 0 END AS waits
    FROM street, ceil(metres / 2) AS steps, generate_series(1, steps::int) AS n
), headed AS (
    SELECT *, sum(turn) OVER route - turn / 2 AS heading,
           sum(seconds + waits) OVER route AS until
    FROM step
    WINDOW route AS (PARTITION BY trip_id ORDER BY part, n)
)
SELECT trip_id, row_number() OVER route AS step, dark, poor, until, waits,
       until - waits - seconds AS since, seconds,
       metres * cos(heading) AS east_by, sum(metres * cos(heading)) OVER route AS east,
       metres * sin(heading) AS north_by, sum(metres * sin(heading)) OVER route AS north
FROM headed
WINDOW route AS (PARTITION BY trip_id ORDER BY part, n);

INSERT INTO truth
SELECT trip_id, kind, every * interval '1 second', path, tripmeter.route_length(path)
FROM journey JOIN (
    SELECT trip_id, ST_MakeLine(ST_SetSRID(ST_MakePoint(13.4 + east / 67920, 52.5 + north / 111267), 4326)
                                ORDER BY step) AS path
    FROM (SELECT trip_id, step, east, north FROM drive
          UNION ALL SELECT trip_id, 0, 0, 0 FROM journey) AS point
    GROUP BY trip_id) AS p USING (trip_id);

INSERT INTO trips (trip_id, started_at)
SELECT trip_id, started_at FROM journey;

-- The receiver: a fix every so many seconds, where there is sky.

CREATE TEMP TABLE fix AS
SELECT trip_id, n, n * every AS seconds, poor,
       east - east_by * (1 - share) + noise_m * pg_temp.drift(pg_temp.gauss(trip_id, n, 'east'), memory) OVER trip
           + CASE WHEN poor THEN 80 * pg_temp.gauss(trip_id, n, 'echo, east') ELSE 0 END AS east,
       north - north_by * (1 - share) + noise_m * pg_temp.drift(pg_temp.gauss(trip_id, n, 'north'), memory) OVER trip
           + CASE WHEN poor THEN 80 * pg_temp.gauss(trip_id, n, 'echo, north') ELSE 0 END AS north,
       CASE WHEN poor THEN 110 + 200 * pg_temp.chance(trip_id, n, 'echo, accuracy')
            ELSE noise_m + 3 * pg_temp.chance(trip_id, n, 'accuracy') END::real AS accuracy
FROM journey JOIN drive USING (trip_id),
     exp(-every / 30.0::float8) AS memory,  -- the noise forgets in half a minute
     generate_series(ceil(since / every)::bigint, ceil(until / every)::bigint - 1) AS n,
     least(1, (n * every - since) / seconds) AS share
WHERE NOT dark
WINDOW trip AS (PARTITION BY trip_id ORDER BY n);

CREATE TEMP TABLE received AS
SELECT trip_id, n, started_at + seconds * interval '1 second' AS recorded_at,
       CASE
           WHEN teleports AND pg_temp.chance(trip_id, n, 'wild') < 0.004 * every
               THEN pg_temp.place(east + 20000 * pg_temp.gauss(trip_id, n, 'wild, east'),
                                  north + 20000 * pg_temp.gauss(trip_id, n, 'wild, north'))
           WHEN reports_zero AND seconds BETWEEN 180 AND 200
               THEN ST_SetSRID(ST_MakePoint(0, 0), 4326)
           WHEN kind = 'everything' AND pg_temp.chance(trip_id, n, 'null') < 0.003
               THEN NULL
           ELSE pg_temp.place(east, north)
       END AS position,
       accuracy, sends_twice,
       seconds + 20 * pg_temp.chance(trip_id, n, 'delay')
           + CASE WHEN arrives_late AND seconds BETWEEN 300 AND 600 THEN 2400 ELSE 0 END AS arrival
FROM fix JOIN journey USING (trip_id);

-- sent again, after a lost acknowledgement; and a second receiver in the
-- vehicle, which is a few metres away
INSERT INTO received
SELECT trip_id, n, recorded_at, position, accuracy, false, arrival + 30
FROM received
WHERE sends_twice AND pg_temp.chance(trip_id, n, 'again') < 0.2;
INSERT INTO received
SELECT trip_id, n, recorded_at, ST_Translate(position, 0.00001, 0.00001), accuracy, false, arrival + 1
FROM received
WHERE sends_twice AND position IS NOT NULL AND pg_temp.chance(trip_id, n, 'other') < 0.01;

-- All trips at once, in the order of arrival.
INSERT INTO locations
SELECT trip_id, recorded_at, position, accuracy
FROM received
ORDER BY arrival, trip_id, recorded_at, position;

ANALYZE trips, locations;
