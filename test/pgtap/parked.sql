-- A parked vehicle must not drive. Its receiver wanders around the true place:
-- noise of 5 m an axis that is correlated over some 30 s, as that of real
-- receivers is, for 24 hours. Summing such fixes drives kilometres an hour.

BEGIN;
SELECT plan(29);

-- Fixes of a vehicle parked at (lon, lat), one a second for 24 hours: each axis
-- is a first-order autoregressive process with a standard deviation of 5 m and
-- a time constant of 30 s. Taking every fifth or thirtieth of these fixes
-- samples the same process.
CREATE FUNCTION pg_temp.parked(seed float8, lon float8, lat float8)
    RETURNS TABLE (second integer, noisy_lon float8, noisy_lat float8)
    LANGUAGE plpgsql AS $$
DECLARE
    kept CONSTANT float8 := exp(-1 / 30.0);
    fresh CONSTANT float8 := 5 * sqrt(1 - kept ^ 2);
    metres_per_degree CONSTANT float8 := 111320;
    east float8 := 0;
    north float8 := 0;
    length float8;
    angle float8;
BEGIN
    PERFORM setseed(seed);
    FOR second IN 0 .. 86399 LOOP
        -- two normal deviates by Box and Muller
        length := fresh * sqrt(-2 * ln(1 - random()));
        angle := 2 * pi() * random();
        east := kept * east + length * cos(angle);
        north := kept * north + length * sin(angle);
        noisy_lon := lon + east / (metres_per_degree * cosd(lat));
        noisy_lat := lat + north / metres_per_degree;
        IF noisy_lon > 180 THEN noisy_lon := noisy_lon - 360; END IF;
        parked.second := second;
        RETURN NEXT;
    END LOOP;
END $$;

CREATE TEMP TABLE places AS
SELECT * FROM (VALUES
    ('Berlin', 0.1, 13.405, 52.52), ('Quito', 0.2, -78.46, 0.0), ('Tromso', 0.3, 18.95, 69.65),
    ('the antimeridian', 0.4, 180.0, -16.8), ('Sydney', 0.5, 151.2, -33.87)) AS places (place, seed, lon, lat);

CREATE TEMP TABLE fixes AS
SELECT place, second, '2024-06-01'::timestamptz + second * interval '1 s' AS recorded_at, noisy_lon AS lon, noisy_lat AS lat
FROM places, pg_temp.parked(seed, lon, lat);

-- The simulation is what it says: were it calmer, the rest would prove nothing.
SELECT ok(stddev(lat) * 111320 BETWEEN 4.5 AND 5.5 AND corr(lat, later_lat) BETWEEN exp(-1) - 0.05 AND exp(-1) + 0.05,
    'the noise has 5 m and 30 s')
FROM (SELECT lat, lead(lat, 30) OVER (ORDER BY second) AS later_lat FROM fixes WHERE place = 'Berlin') noise;

SELECT cmp_ok(min(naive_m), '>', 5000::float8, 'the naive sum drives more than 5 km an hour')
FROM (SELECT tripmeter.mileage(recorded_at, lon, lat, 'raw') / 24 AS naive_m FROM fixes GROUP BY place) naive;

SELECT cmp_ok(tripmeter.mileage(recorded_at, lon, lat) / 24, '<', 50::float8,
    format('parked in %s with a fix every %s s, less than 50 m an hour', place, every))
FROM fixes, unnest('{1,5,30}'::integer[]) every
WHERE second % every = 0
GROUP BY place, every
ORDER BY place, every;

-- An hour as a trip of its own cannot lean on what came before it.
SELECT cmp_ok(avg(metres), '<', 50::float8, format('on average, so do its hours with a fix every %s s', every))
FROM (
    SELECT every, tripmeter.mileage(recorded_at, lon, lat) AS metres
    FROM fixes, unnest('{1,5,30}'::integer[]) every
    WHERE second % every = 0
    GROUP BY place, every, second / 3600
) hours
GROUP BY every
ORDER BY every;

SELECT cmp_ok(min((report).stopped_time), '>', interval '23 hours', 'a parked vehicle is at rest')
FROM (
    SELECT tripmeter.mileage_report(recorded_at, lon, lat) AS report
    FROM fixes, unnest('{1,5,30}'::integer[]) every
    WHERE second % every = 0
    GROUP BY place, every
) days;

-- The parked day must not take the drive with it: after it, 10 km due north at
-- 10 m/s. The way from the last noisy fix to the true place may add to it.
SELECT cmp_ok(max(abs(day_and_drive_m - day_m - drive_m)), '<', 50::float8, 'a drive after the day counts in full')
FROM (
    SELECT tripmeter.mileage(recorded_at, lon, lat) FILTER (WHERE NOT driving) AS day_m,
        tripmeter.mileage(recorded_at, lon, lat) AS day_and_drive_m,
        tripmeter.mileage(recorded_at, lon, lat, 'raw') FILTER (WHERE driving) AS drive_m
    FROM (
        SELECT place, recorded_at, lon, lat, false AS driving FROM fixes
        UNION ALL
        SELECT place, '2024-06-02'::timestamptz + second * interval '1 s', lon, lat + 9e-5 * second, true
        FROM places, generate_series(0, 1000) second
    ) day_and_drive
    GROUP BY place
) drives;

-- Many short stops: 400 m at 8 m/s, a stop, and on, 20 times; the same noise
-- throughout. What a stop adds beyond the noise of driving is wandering.
CREATE TEMP TABLE rounds AS
SELECT stop, s AS second, '2024-06-01'::timestamptz + s * interval '1 s' AS recorded_at,
       round * 400 + least(s - round * (50 + stop), 50) * 8 AS way
FROM unnest('{0,30,45,60,90,120,180}'::integer[]) stop,
    generate_series(0, 20 * (50 + stop) - 1) s, floor(s::float8 / (50 + stop)) round;

CREATE TEMP TABLE rounds_read AS
SELECT stop, max(way) AS truth,
       tripmeter.mileage(recorded_at, lon + way / 111320, lat) AS metres,
       tripmeter.mileage(recorded_at, lon + way / 111320, lat, 'raw') AS naive
FROM rounds JOIN (SELECT second, lon, lat FROM fixes WHERE place = 'Quito') noise USING (second)
GROUP BY stop;

SELECT cmp_ok(metres - still.excess, '<', truth * 1.04 + (naive - truth - still.excess) * 0.1,
    format('20 stops of %s s add no wandering: %s m read %s, and naively %s', stop, truth, round(metres), round(naive)))
FROM rounds_read, (SELECT metres - truth AS excess FROM rounds_read WHERE stop = 0) still
WHERE stop > 0 ORDER BY stop;
SELECT cmp_ok(metres, '<', truth * 1.15, format('without a stop %s m read %s', truth, round(metres)))
FROM rounds_read WHERE stop = 0;

SELECT * FROM finish();
ROLLBACK;
