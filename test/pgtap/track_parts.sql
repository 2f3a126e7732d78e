-- Parts of a track, beside what PostGIS and plain SQL make of its fixes; and of
-- every function, what it says of nothing, of one fix, and at the meridian 180.

BEGIN;
SELECT plan(70);
SET LOCAL search_path = tripmeter, tripmeter_internal, public;

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

-- 36 drives of 2 to 600 fixes, every third across the meridian 180, with turns,
-- halts, pauses of minutes and, in every fourth, legs of some 100 km.
CREATE TEMP TABLE fixes AS
SELECT trip, n, lag(recorded_at) OVER (PARTITION BY trip ORDER BY n) AS before, recorded_at, speed,
    ST_SetSRID(ST_MakePoint(CASE WHEN lon > 180 THEN lon - 360 ELSE lon END, lat), 4326) AS position
FROM (
    SELECT trip, n, '2024-03-30 22:00+00'::timestamptz + interval '1 s' * sum(CASE WHEN pg_temp.uniform(id, 1) < 0.02 THEN 700 ELSE 1 + trip % 5 + 0.000001 * (n % 3) END) OVER drive AS recorded_at,
        round((CASE trip % 3 WHEN 0 THEN 179.99 WHEN 1 THEN 13.4 ELSE -70 END + sum(pace * (pg_temp.uniform(id / 10, 2) - 0.35)) OVER drive)::numeric, 7)::float8 AS lon,
        round((trip * 2 - 36 + sum(pace * (pg_temp.uniform(id / 10, 3) - 0.5)) OVER drive)::numeric, 7)::float8 AS lat,
        CASE WHEN n % 4 > 0 AND trip % 2 = 0 THEN n::real END AS speed
    FROM (
        SELECT trip, n, trip * 1000 + n AS id, CASE WHEN n / 20 % 5 = 1 THEN 0 WHEN trip % 4 = 0 AND n % 50 = 7 THEN 1 ELSE 4e-4 END AS pace
        FROM generate_series(1, 36) trip, generate_series(1, CASE WHEN trip < 6 THEN trip + 1 ELSE trip * 17 - 12 END) n
    ) steps
    WINDOW drive AS (PARTITION BY trip ORDER BY n)
) drives;
CREATE TEMP TABLE tracks AS SELECT trip, track(recorded_at, position, speed, NULL) AS track, count(*) AS rows FROM fixes GROUP BY trip;
CREATE INDEX fixes_trip ON fixes (trip, recorded_at);
ANALYZE fixes;
SELECT ok(max(rows) = 600 AND min(rows) = 2
    AND count(*) FILTER (WHERE ST_NumGeometries(bbox(track)) = 2) >= 8, 'there are small tracks, large ones, and some at the meridian 180')
    FROM tracks;

-- The ends

SELECT is(count(*), 0::bigint, 'a track starts and ends with its first and last fix')
FROM tracks JOIN (
    SELECT trip, min(recorded_at) AS first, max(recorded_at) AS last, (array_agg(position ORDER BY n))[1] AS here,
    (array_agg(position ORDER BY n DESC))[1] AS there
    FROM fixes GROUP BY trip
) e USING (trip)
WHERE (start_time(track), end_time(track), period(track), duration(track)) IS DISTINCT FROM (first, last, tstzrange(first, last, '[]'), last - first)
    OR (start_point(track)::bytea, end_point(track)::bytea) IS DISTINCT FROM (here::bytea, there::bytea) OR fix_count(track) <> rows;

-- at: by time along the geodesic

SELECT is(count(*), 0::bigint, 'at the time of a fix, there is the fix') FROM fixes JOIN tracks USING (trip)
    WHERE at(track, recorded_at)::bytea IS DISTINCT FROM position::bytea;
SELECT cmp_ok(max(ST_Distance(at(track, before + share * (recorded_at - before))::geography, ST_Project(p::geography, share * ST_Distance(p::geography, position::geography), ST_Azimuth(p::geography, position::geography)))),
    '<', 0.001::float8, 'between two fixes, the place on the geodesic by time')
FROM (SELECT *, lag(position) OVER (PARTITION BY trip ORDER BY n) AS p FROM fixes) f JOIN tracks USING (trip), unnest('{0.25,0.5,0.9}'::float8[]) share
WHERE p IS NOT NULL AND NOT ST_Equals(p, position) AND n % 3 = 0;
SELECT is(count(*), 0::bigint, 'before and after, nowhere')
FROM tracks WHERE num_nonnulls(at(track, start_time(track) - interval '1 us'), at(track, end_time(track) + interval '1 us'),
    at(track, 'infinity'), at(track, '-infinity')) > 0;
SELECT is(count(*), 0::bigint, 'a halt does not move')
FROM (SELECT *, lag(position) OVER (PARTITION BY trip ORDER BY n) AS p FROM fixes) f JOIN tracks USING (trip)
WHERE ST_Equals(p, position) AND at(track, before + (recorded_at - before) / 3)::bytea <> position::bytea;
SELECT cmp_ok(ST_Y(at('[POINT(10 89)@2024-01-01, POINT(-170 89)@2024-01-02]', '2024-01-01 12:00')), '>', 89.99999999::float8, 'the way goes over the pole');

-- slice: periods that begin and end anywhere, or at fixes, of all kinds

CREATE TEMP TABLE periods AS
SELECT trip, k, tstzrange(least(a, b), greatest(a, b), bounds) AS period
FROM tracks, generate_series(1, 9) k, unnest('{[],[),(],()}'::text[]) bounds, LATERAL (
    SELECT CASE WHEN k % 3 = 0 THEN start_time(track) + (pg_temp.uniform(trip * 100 + k, 4) * 1.4 - 0.2) * duration(track)
               ELSE (SELECT recorded_at FROM fixes f WHERE f.trip = tracks.trip ORDER BY pg_temp.uniform(f.n * 50 + k, 5) LIMIT 1) END AS a,
           CASE WHEN k % 2 = 0 THEN start_time(track) + (pg_temp.uniform(trip * 100 + k, 6) * 1.4 - 0.2) * duration(track)
               ELSE (SELECT recorded_at FROM fixes f WHERE f.trip = tracks.trip ORDER BY pg_temp.uniform(f.n * 50 + k, 7) LIMIT 1) END AS b
) ends
UNION ALL
SELECT trip, 100, period FROM tracks, LATERAL (
    SELECT unnest(ARRAY['empty', '(,)', '[-infinity,infinity]', tstzrange(end_time(track) + interval '1 us', NULL), tstzrange(NULL, start_time(track)), tstzrange(NULL, start_time(track), '[]'),
        tstzrange(start_time(track) + duration(track) / 2, NULL, '()'), tstzrange(NULL, start_time(track) + duration(track) / 3, '()'), period(track)]) AS period) p;

SELECT is(count(*), 0::bigint, 'a slice has the fixes of its period')
FROM periods JOIN tracks USING (trip)
WHERE slice(track, period) <> (SELECT coalesce(track(recorded_at, position, speed, NULL), '[]') FROM fixes
    WHERE fixes.trip = tracks.trip AND recorded_at <@ period);
SELECT is(count(*), 0::bigint, 'to the byte')
FROM periods JOIN tracks USING (trip)
WHERE track_send(slice(track, period)) <> (SELECT track_send(coalesce(track(recorded_at, position, speed, NULL), '[]')) FROM fixes
    WHERE fixes.trip = tracks.trip AND recorded_at <@ period);
SELECT is(count(*), 0::bigint, 'of all time, it is the track') FROM tracks
    WHERE slice(track, '(,)') <> track OR slice(track, '(,)', true) <> track OR slice(track, period(track), true) <> track;
SELECT is(count(*), 0::bigint, 'with its ends, it has the places at its bounds as well, included or not')
FROM periods JOIN tracks USING (trip)
WHERE slice(track, period, true) <> (
    SELECT coalesce(track(t, p, s, NULL), '[]') FROM (
        SELECT recorded_at, position, speed FROM fixes WHERE fixes.trip = tracks.trip AND recorded_at <@ period
        UNION
        SELECT e, at(track, e), (SELECT speed FROM fixes WHERE fixes.trip = tracks.trip AND recorded_at = e)
        FROM unnest(ARRAY[lower(period), upper(period)]) e WHERE at(track, e) IS NOT NULL) f (t, p, s));
SELECT is(slice('[POINT(1 2)@2024-01-01, POINT(3 4)@2024-01-02] left_out(null=1 invalid=1 duplicate=1 conflict=1)', '(,)')::text,
    '[POINT(1 2)@2024-01-01 00:00:00+00, POINT(3 4)@2024-01-02 00:00:00+00]', 'what was left out of a track is not counted in a slice');

CREATE TEMP TABLE cuts AS
SELECT trip, k, tstzrange(lag(cut) OVER split, cut, '[)') AS part
FROM (SELECT trip, k, CASE WHEN k < 20 THEN start_time(track) + CASE WHEN k % 4 = 0 THEN 0.05 * k ELSE pg_temp.uniform(trip * 100 + k, 8) END * duration(track) END AS cut FROM tracks, generate_series(1, 20) k) c
WINDOW split AS (PARTITION BY trip ORDER BY cut);
SELECT is(count(*), 0::bigint, 'where one slice ends, the next begins')
FROM cuts a JOIN cuts b ON a.trip = b.trip AND upper(a.part) = lower(b.part) JOIN tracks ON tracks.trip = a.trip
WHERE end_time(slice(track, a.part, true)) <> start_time(slice(track, b.part, true))
    OR end_point(slice(track, a.part, true))::bytea <> start_point(slice(track, b.part, true))::bytea;
SELECT is(count(*), 0::bigint, 'slices that meet join to the track, but for the places where they meet')
FROM (SELECT trip, rollup(slice(track, part)) AS joined FROM cuts JOIN tracks USING (trip) GROUP BY trip) j JOIN tracks USING (trip) WHERE joined <> track;
SELECT is(string_agg(format('%s: %s', trip, metres), ' '), NULL, 'the lengths of parts add up to the whole, within a millimetre')
FROM (SELECT trip, sum(length(track, part)) - length(track) AS metres FROM cuts JOIN tracks USING (trip) GROUP BY trip, track) s WHERE abs(metres) > 1e-3;
SELECT is(count(*), 0::bigint, 'the length of a period is that of its slice')
FROM periods JOIN tracks USING (trip) WHERE abs(length(track, period) - length(slice(track, period, true))) > 1e-9 * length(track);
SELECT is(count(*), 0::bigint, 'and of all time, that of the track') FROM tracks
    WHERE abs(length(track, '(,)') - length(track)) > 1e-12 * length(track) OR length(track, 'empty') <> 0;

-- fixes, speeds

SELECT is(count(*), 0::bigint, 'every fix is there with its distance so far and its speeds')
FROM tracks JOIN LATERAL (
    SELECT sum(metres) OVER (ORDER BY n) AS so_far, metres / extract(epoch FROM recorded_at - before) AS fast, n, recorded_at, speed
    FROM (SELECT *, coalesce(ST_Distance(position::geography, lag(position) OVER (ORDER BY n)::geography), 0) AS metres FROM fixes
        WHERE fixes.trip = tracks.trip) f
) expected ON true FULL JOIN LATERAL (SELECT p.*, tracks.trip FROM tracks, speed_profile(track) p) p ON p.trip = tracks.trip
    AND p.recorded_at = expected.recorded_at
WHERE abs(so_far - distance_m) > 1e-9 * so_far + 1e-6 OR (n > 1 AND abs(fast - p.speed) > 1e-6 * fast + 1e-6) OR (n > 1) <> (p.speed IS NOT NULL)
    OR expected.speed IS DISTINCT FROM recorded_speed OR so_far IS NULL OR distance_m IS NULL;
SELECT is(count(*), 0::bigint, 'the last distance is the length') FROM tracks
    WHERE abs((SELECT max(distance_m) FROM speed_profile(track)) - length(track)) > 1e-12 * length(track);

-- bbox

SELECT is(count(*), 0::bigint, 'the box covers every fix') FROM fixes JOIN tracks USING (trip) WHERE NOT ST_Covers(bbox(track), position);
SELECT is(count(*), 0::bigint, 'and is valid, of 4326') FROM tracks WHERE NOT ST_IsValid(bbox(track)) OR ST_SRID(bbox(track)) <> 4326;
SELECT is(count(*), 0::bigint, 'it is tight, on each side of the meridian 180')
FROM (
    SELECT trip, CASE WHEN trip % 3 = 0 THEN ST_X(position) > 0 END AS east, ST_Extent(position) OVER w AS own
    FROM fixes WINDOW w AS (PARTITION BY trip, CASE WHEN trip % 3 = 0 THEN ST_X(position) > 0 END)
) sides JOIN tracks USING (trip), LATERAL (
    SELECT geom FROM ST_Dump(bbox(track)) d (path, geom) WHERE east IS NULL OR ST_NumGeometries(bbox(track)) = 1 OR (ST_XMin(geom) > 0) = east) part
WHERE ST_NumGeometries(bbox(track)) <= 2 AND (CASE WHEN east AND ST_NumGeometries(bbox(track)) = 2 THEN ST_XMin(geom) <> ST_XMin(own) WHEN NOT east AND ST_NumGeometries(bbox(track)) = 2 THEN ST_XMax(geom) <> ST_XMax(own)
    ELSE (ST_XMin(geom), ST_XMax(geom), ST_YMin(geom), ST_YMax(geom)) <> (ST_XMin(own), ST_XMax(own), ST_YMin(own), ST_YMax(own)) END);
SELECT is(ST_AsText(bbox(t::track)), box, 'the box of ' || t)
FROM (VALUES ('[POINT(1 2)@2024-01-01, POINT(3 5)@2024-01-02, POINT(2 1)@2024-01-03]', 'POLYGON((1 1,1 5,3 5,3 1,1 1))'),
    ('[POINT(1 2)@2024-01-01, POINT(1 5)@2024-01-02]', 'LINESTRING(1 2,1 5)'), ('[POINT(1 2)@2024-01-01, POINT(3 2)@2024-01-02]', 'LINESTRING(1 2,3 2)'),
    ('[POINT(1 2)@2024-01-01, POINT(1 2)@2024-01-02]', 'POINT(1 2)'), ('[]', 'POLYGON EMPTY'),
    ('[POINT(-179 2)@2024-01-01, POINT(179 3)@2024-01-02]',
        'MULTIPOLYGON(((179 2,179 3,180 3,180 2,179 2)),((-180 2,-180 3,-179 3,-179 2,-180 2)))')) v (t, box);

-- simplify: never farther from a fix than it may be

CREATE TEMP TABLE simplified AS SELECT trip, track, tolerance, simplify(track, tolerance) AS simple
    FROM tracks, unnest('{0,0.5,20,300,10000,Infinity}'::float8[]) tolerance;
SELECT is(string_agg(format('%s, %s m: %s', trip, tolerance, worst), ' '), NULL, 'no fix is farther away than the tolerance')
FROM (SELECT trip, tolerance, max(coalesce(ST_Distance(at(simple, recorded_at)::geography, position::geography), 'Infinity')) AS worst
    FROM simplified JOIN fixes USING (trip)
      WHERE tolerance < 'Infinity' GROUP BY trip, tolerance) w WHERE worst > tolerance + 1e-3;
SELECT is(count(*), 0::bigint, 'the first and the last stay, and none is made up')
FROM simplified WHERE period(simple) <> period(track)
    OR EXISTS (SELECT recorded_at, "position", speed FROM fixes(simple) EXCEPT SELECT recorded_at, "position", speed FROM fixes
    WHERE fixes.trip = simplified.trip);
SELECT ok(bool_and(smaller) AND sum(fix_count(simple)) FILTER (WHERE tolerance = 20) < 0.7 * sum(fix_count(track)) FILTER (WHERE tolerance = 20)
        AND max(fix_count(simple)) FILTER (WHERE tolerance = 'Infinity') = 2, 'a larger tolerance drops more, infinity all between')
FROM (SELECT *, fix_count(simple) <= lag(fix_count(simple), 1, fix_count(track)) OVER (PARTITION BY trip ORDER BY tolerance)
    OR tolerance = 0.5 AS smaller FROM simplified) s;
SELECT is(fix_count(simplify(track('2024-01-01'::timestamptz + n * interval '1 s', n * 1e-4, 0), 0.01)), 2::bigint,
    'a straight line at one speed needs two fixes') FROM generate_series(0, 1000) n;
SELECT is(fix_count(simplify(track('2024-01-01'::timestamptz + n * interval '1 s', least(n, 500) * 1e-4, 0), 0.01)), 3::bigint,
    'where it halts, three: time is part of it') FROM generate_series(0, 1000) n;
SELECT throws_ok(format('SELECT simplify(''[]'', %L)', t), '22023', NULL, 'a tolerance of ' || t) FROM unnest('{-1,NaN}'::text[]) t;

-- gaps

CREATE FUNCTION pg_temp.wrong_gaps(shortest interval) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*)
    FROM (SELECT trip, g.* FROM tracks, gaps(track, shortest) g) got
    FULL JOIN (
        SELECT trip, before, recorded_at, recorded_at - before AS long, p, position, ST_Distance(p::geography, position::geography) AS straight
        FROM (SELECT *, lag(position) OVER (PARTITION BY trip ORDER BY n) AS p FROM fixes) f WHERE recorded_at - before >= shortest
    ) expected ON got.trip = expected.trip AND start_time = before
    WHERE end_time IS DISTINCT FROM recorded_at OR duration <> long OR from_position::bytea <> p::bytea OR to_position::bytea <> position::bytea
        OR abs(metres - straight) > 1e-9 * straight + 1e-6
$$;
SELECT is(pg_temp.wrong_gaps(shortest), 0::bigint, 'gaps are the times without a fix, of this length or longer: ' || shortest)
    FROM unnest('{0,3.000001 s,10 min}'::interval[]) shortest;
SELECT is((SELECT count(*) FROM tracks, gaps(track)), (SELECT count(*) FROM tracks, gaps(track, '5 min')), 'five minutes, where nothing is said');
SELECT throws_ok('SELECT gaps(''[]'', ''-1 s'')', '22023', NULL, 'a negative gap');

-- Nothing, and one fix

CREATE FUNCTION pg_temp.answers(t track) RETURNS TABLE (name text, answer text) LANGUAGE sql AS $$
    VALUES ('fix_count', fix_count(t)::text), ('start_time', start_time(t)::text), ('end_time', end_time(t)::text),
        ('duration', duration(t)::text), ('period', period(t)::text),
        ('length', length(t)::text), ('bbox', ST_AsText(bbox(t))), ('start_point', ST_AsText(start_point(t))), ('end_point', ST_AsText(end_point(t))),
        ('at', ST_AsText(at(t, '2024-01-01'))), ('at another time', ST_AsText(at(t, '2024-01-02'))), ('slice', slice(t, '(,)', true)::text),
            ('slice elsewhere', slice(t, '(,2023-01-01)', true)::text),
        ('length of a period', length(t, '(,)')::text), ('fixes', (SELECT count(*)::text FROM fixes(t))), ('simplify', simplify(t, 1)::text),
        ('speed_profile', (SELECT string_agg(p::text, ' ') FROM speed_profile(t) p)), ('as_text', as_text(t)),
            ('rollup', (SELECT rollup(t)::text)), ('||', (t || t)::text),
        ('as_geometry', ST_AsText(as_geometry(t))), ('as_geography', ST_AsText(as_geography(t))), ('geometry', t::geometry::track::text),
            ('geography', t::geography::track::text),
        ('mfjson', track_from_mfjson(as_mfjson(t))::text), ('equal', (t = t::text::track)::text), ('hash', (track_hash(t) = track_hash(t::text::track))::text),
        ('mileage', mileage(t)::text), ('raw mileage', mileage(t, 'raw')::text),
            ('mileage of a period', mileage(t, '(,)'::tstzrange)::text),
            ('mileage elsewhere', mileage(t, '(,2023-01-01)'::tstzrange)::text),
        ('mileage_report', (mileage_report(t)).used_count::text), ('mileage_by', (SELECT string_agg(m::text, ' ') FROM mileage_by(t, 'day', 'Asia/Seoul') m)),
        ('legs', (SELECT count(*)::text FROM legs(t))), ('stops', (SELECT count(*)::text FROM stops(t))),
            ('gaps', (SELECT count(*)::text FROM gaps(t, '0'))), ('trips', (SELECT count(*)::text FROM trips(t))),
        ('reconcile', reconcile(t, (SELECT odometer_report('2024-01-01', 1)))::text)
$$;
SELECT is(string_agg(name || '=' || coalesce(answer, 'NULL'), E'\n'), $$fix_count=0
start_time=NULL
end_time=NULL
duration=00:00:00
period=empty
length=0
bbox=POLYGON EMPTY
start_point=NULL
end_point=NULL
at=NULL
at another time=NULL
slice=[]
slice elsewhere=[]
length of a period=0
fixes=0
simplify=[]
speed_profile=NULL
as_text=[]
rollup=[]
||=[]
as_geometry=LINESTRING M EMPTY
as_geography=LINESTRING M EMPTY
geometry=[]
geography=[]
mfjson=[]
equal=true
hash=true
mileage=NULL
raw mileage=NULL
mileage of a period=NULL
mileage elsewhere=NULL
mileage_report=0
mileage_by=NULL
legs=0
stops=0
gaps=0
trips=0
reconcile=(,0,,,)$$, 'nothing') FROM pg_temp.answers('[]');
SELECT is(string_agg(name || '=' || coalesce(answer, 'NULL'), E'\n'), $$fix_count=1
start_time=2024-01-01 00:00:00+00
end_time=2024-01-01 00:00:00+00
duration=00:00:00
period=["2024-01-01 00:00:00+00","2024-01-01 00:00:00+00"]
length=0
bbox=POINT(127 37.5)
start_point=POINT(127 37.5)
end_point=POINT(127 37.5)
at=POINT(127 37.5)
at another time=NULL
slice=[POINT(127 37.5)@2024-01-01 00:00:00+00]
slice elsewhere=[]
length of a period=0
fixes=1
simplify=[POINT(127 37.5)@2024-01-01 00:00:00+00]
speed_profile=("2024-01-01 00:00:00+00",0,,)
as_text=[POINT(127 37.5)@2024-01-01 00:00:00+00]
rollup=[POINT(127 37.5)@2024-01-01 00:00:00+00]
||=[POINT(127 37.5)@2024-01-01 00:00:00+00] left_out(duplicate=1)
as_geometry=POINT M (127 37.5 1704067200)
as_geography=POINT M (127 37.5 1704067200)
geometry=[POINT(127 37.5)@2024-01-01 00:00:00+00]
geography=[POINT(127 37.5)@2024-01-01 00:00:00+00]
mfjson=[POINT(127 37.5)@2024-01-01 00:00:00+00]
equal=true
hash=true
mileage=0
raw mileage=0
mileage of a period=0
mileage elsewhere=0
mileage_report=1
mileage_by=("[""2023-12-31 15:00:00+00"",""2024-01-01 15:00:00+00"")",0)
legs=0
stops=0
gaps=0
trips=0
reconcile=(0,0,0,0,f)$$, 'one fix') FROM pg_temp.answers('POINT(127 37.5)@2024-01-01 00:00:00+00');

-- The meridian 180: the same drive, 60 degrees to the west, gives the same metres.

CREATE TEMP TABLE meridian AS
SELECT shift, track('2024-01-01'::timestamptz + n * interval '5 s' + CASE WHEN n > 500 THEN interval '1 hour' ELSE '0' END,
    CASE WHEN lon > 180 THEN lon - 360 ELSE lon END, 10 + lat, 3, NULL) AS track
FROM generate_series(0, 60, 60) shift, generate_series(0, 600) n, LATERAL (
    SELECT 179.97 - shift + 1e-4 * greatest(least(n, 300),
        n - 150) + CASE WHEN n BETWEEN 301 AND 449 THEN 1e-5 * sin(n * 1.9) ELSE 0 END AS lon, 1e-5 * cos(n * 2.3) AS lat) p
GROUP BY shift;
CREATE FUNCTION pg_temp.metres(t track) RETURNS TABLE (name text, answer text) LANGUAGE sql AS $$
    VALUES ('fix_count', fix_count(t)::text), ('length', round(length(t)::numeric, 3)::text),
        ('length of a period', round(length(t, '[2024-01-01 00:10:02, 2024-01-01 00:20:01]')::numeric, 3)::text),
        ('slice', round(length(slice(t, '[2024-01-01 00:10:02, 2024-01-01 00:20:01]'))::numeric, 3)::text),
            ('mileage', round(mileage(t)::numeric, 2)::text), ('raw', round(mileage(t, 'raw')::numeric, 2)::text),
        ('report', ((mileage_report(t)).used_count, (mileage_report(t)).jitter_count, (mileage_report(t)).moving_time)::text),
        ('mileage of a period', round(mileage(t, '[2024-01-01 00:10:02, 2024-01-01 00:20:01]'::tstzrange)::numeric, 2)::text),
        ('mileage_by', (SELECT string_agg(m.period || ' ' || round(distance_m::numeric, 2), ' ') FROM mileage_by(t, 'hour', 'Asia/Seoul') m)),
        ('legs', (SELECT string_agg(format('%s %s %s', class, n, m), ' ' ORDER BY class)
            FROM (SELECT class, count(*) AS n, round(sum(metres)::numeric, 2) AS m FROM legs(t) GROUP BY class) l)),
        ('stops', (SELECT string_agg(format('%s %s %s', s.start_time, s.end_time, s.fix_count), ' ') FROM stops(t) s)),
        ('gaps', (SELECT string_agg(format('%s %s', g.start_time, round(g.metres::numeric, 2)), ' ') FROM gaps(t) g)),
        ('trips', (SELECT string_agg(format('%s %s %s %s', p.start_time, p.end_time, round(p.distance_m::numeric, 2), fix_count(p.trip)), ' ') FROM trips(t) p)),
        ('simplify', fix_count(simplify(t, 5))::text),
            ('speed_profile', (SELECT round(max(speed)::numeric, 3) || ' ' || round(max(distance_m)::numeric, 3)
            FROM speed_profile(t))::text),
        ('reconcile', round((reconcile(t, (SELECT odometer_report(x, y) FROM (VALUES (start_time(t), 0), (end_time(t), 7000)) o (x, y)))).mileage_m::numeric, 2)::text)
$$;
SELECT ok(ST_NumGeometries(bbox(track)) = 2, 'a drive across the meridian 180') FROM meridian WHERE shift = 0;
SELECT is(here.answer, there.answer, name || ' at the meridian 180: ' || there.answer)
FROM (SELECT name, answer FROM meridian, pg_temp.metres(track) WHERE shift = 0) here
    JOIN (SELECT name, answer FROM meridian, pg_temp.metres(track) WHERE shift = 60) there USING (name);
SELECT cmp_ok(min(ST_Distance(here."position"::geography, 'POINT(180 10)'::geography)), '<', 10::float8, 'a stop on the meridian is there')
    FROM meridian, stops(track) here WHERE shift = 0 AND here.start_time < '2024-01-01 00:30';
SELECT cmp_ok(ST_Distance(at('[POINT(179.9 10)@2024-01-01, POINT(-179.9 10)@2024-01-02]', '2024-01-01 12:00')::geography, 'POINT(180 10)'),
    '<', 3::float8, 'halfway across the meridian is at it');
SELECT is(string_agg(round(ST_Distance(a, b)::numeric, 3)::text, ' '), NULL, 'every other place is where it should be')
FROM meridian h, meridian w, generate_series(1, 50) k, LATERAL (SELECT start_time(h.track) + k / 50.0 * duration(h.track) AS t) i,
    LATERAL (SELECT at(h.track, t)::geography AS a, ST_SetSRID(ST_MakePoint(ST_X(at(w.track, t)) + 60 - CASE WHEN ST_X(at(w.track, t)) > 120 THEN 360 ELSE 0 END, ST_Y(at(w.track, t))), 4326)::geography AS b) p
WHERE h.shift = 0 AND w.shift = 60 AND ST_Distance(a, b) > 0.001;
SELECT is(track_send(track::text::track), track_send(track), 'the text of it') FROM meridian;
SELECT is(track_send(as_text(track)::track), track_send(track::geometry::track), 'its line') FROM meridian WHERE shift = 0;
SELECT is(track_send(track_from_mfjson(as_mfjson(track))), track_send(track), 'its JSON') FROM meridian WHERE shift = 0;
SELECT is(track_send(rollup(slice(track, part))), track_send(track), 'and its parts')
    FROM meridian, unnest('{"(,2024-01-01 00:25)","[2024-01-01 00:25,)"}'::tstzrange[]) part WHERE shift = 0 GROUP BY track;

-- around the Earth: both meridians, and the way between
SELECT ok(ST_Covers(bbox(t), at(t, '2024-01-01 00:30Z')), 'a box around the Earth has no hole')
FROM (VALUES ('[POINT(10 0)@2024-01-01 00:00Z, POINT(-10 0)@2024-01-01 01:00Z, POINT(-170 1)@2024-01-01 10:00Z, POINT(170 2)@2024-01-01 11:00Z]'::track)) v (t);
SELECT ok(ST_YMax(bbox('[POINT(179 90)@2024-01-01, POINT(-179 90)@2024-01-02]'::track)) = 90, 'no box is beyond the pole');
-- slices that follow each other in one block and across blocks, as trips are cut
SELECT is(sum(fix_count(trip)), 400::numeric, 'many trips: each has its own two fixes')
FROM trips((SELECT track('2000-01-01Z'::timestamptz + (s / 2) * interval '10 min' + (s % 2) * interval '20 s', 10 + (s % 2) * 0.005 + (s / 2 % 100) * 0.001, 50)
            FROM generate_series(0, 399) s));

SELECT * FROM finish();
ROLLBACK;
