-- The rules of mileage, one by one and in their order: what each takes out,
-- where it is counted, and that it takes nothing else. Most tests put dirt into
-- a clean drive, and ask for the report of the clean drive but for one count.

BEGIN;
SELECT plan(134);

CREATE FUNCTION pg_temp.uniform(n bigint, salt bigint) RETURNS float8
    LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(n, salt) & 4503599627370495) / 4503599627370496::float8';

-- The tests speak of seconds from a start, and of metres east and north of a
-- place in Berlin.
CREATE FUNCTION pg_temp.moment(second float8) RETURNS timestamptz LANGUAGE sql IMMUTABLE
    AS $$ SELECT '2024-05-01 12:00+00'::timestamptz + second * interval '1 s' $$;
CREATE FUNCTION pg_temp.lon(east float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 13.4 + east / 67908';
CREATE FUNCTION pg_temp.lat(north float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 52.5 + north / 111267';

-- The report of a query's fixes: (second, east, north, accuracy).
CREATE FUNCTION pg_temp.report(fixes text, policy tripmeter.mileage_policy DEFAULT 'default')
    RETURNS tripmeter.mileage_report LANGUAGE plpgsql AS $$
DECLARE
    report tripmeter.mileage_report;
BEGIN
    EXECUTE format('SELECT (report).* FROM (
        SELECT tripmeter.mileage_report(pg_temp.moment(second), pg_temp.lon(east), pg_temp.lat(north), accuracy::real, $1) AS report
        FROM (%s) fixes (second, east, north, accuracy)) reported', fixes)
    INTO report USING policy;
    RETURN report;
END $$;

-- What differs between two reports, for instance {"invalid_count": 1}.
CREATE FUNCTION pg_temp.difference(report tripmeter.mileage_report, clean tripmeter.mileage_report) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT coalesce(jsonb_object_agg(key, value), '{}')
    FROM jsonb_each(to_jsonb(report))
    WHERE value <> to_jsonb(clean) -> key
$$;

-- Ten minutes at 12 to 15 m/s along a winding road, a fix a second, no dirt.
CREATE TEMP TABLE drive AS
SELECT second::float8, 12.0 * second AS east, 200 * sin(second / 25.0) AS north, NULL::real AS accuracy
FROM generate_series(0, 600) second;

CREATE TEMP TABLE clean AS
SELECT pg_temp.report('TABLE drive') AS report,
    ST_Length(ST_MakeLine(ST_SetSRID(ST_MakePoint(pg_temp.lon(east), pg_temp.lat(north)), 4326) ORDER BY second)::geography) AS length
FROM drive;

-- Without dirt

SELECT cmp_ok(abs((report).distance_m / length - 1), '<', 0.003::float8, 'a clean drive is as long as its line') FROM clean;
SELECT is(ARRAY[(report).outlier_count, (report).inaccurate_count, (report).conflict_count, (report).duplicate_count,
        (report).invalid_count, (report).null_count, (report).gap_count], '{0,0,0,0,0,0,0}', 'and none of its fixes is dirt') FROM clean;
SELECT is((report).used_count + (report).jitter_count, 601::bigint, 'all of them are used or jitter') FROM clean;
SELECT ok((report).top_speed BETWEEN 14 AND 15, 'its top speed is its top speed') FROM clean;
SELECT is(((report).first_time, (report).last_time), (pg_temp.moment(0), pg_temp.moment(600)), 'it begins and ends in time') FROM clean;
SELECT cmp_ok((report).moving_time, '>=', interval '9 min 50 s', 'it does not stop') FROM clean;

SELECT is(tripmeter.mileage(pg_temp.moment(second), east, north), NULL::float8, 'no rows: mileage is NULL') FROM drive WHERE false;
SELECT is(to_jsonb(tripmeter.mileage_report(pg_temp.moment(second), east, north)) -
        '{policy,moving_time,stopped_time,gap_time}'::text[],
    '{"distance_m": 0, "raw_m": 0, "jitter_m": 0, "outlier_m": 0, "inaccurate_m": 0, "gap_m": 0, "gap_excluded_m": 0,
      "first_time": null, "last_time": null, "top_speed": 0, "used_count": 0, "jitter_count": 0, "outlier_count": 0,
      "inaccurate_count": 0, "conflict_count": 0, "duplicate_count": 0, "invalid_count": 0, "null_count": 0, "gap_count": 0}'::jsonb
        || jsonb_build_object('top_speed', to_jsonb(tripmeter.mileage_report(pg_temp.moment(second), east, north)) -> 'top_speed'),
    'no rows: the report has zeros, and no times')
FROM drive WHERE false;

SELECT is(tripmeter.mileage(t, lon, lat, accuracy, 'default'), NULL::float8, 'no usable fix: mileage is NULL')
FROM (VALUES (NULL::timestamptz, 1.0, 1.0, 5::real), (pg_temp.moment(0), NULL, 1, 5), (pg_temp.moment(1), 0, 0, NULL),
    (pg_temp.moment(2), 'NaN', 1, 5), (pg_temp.moment(3), 1, 1, 1000)) fixes (t, lon, lat, accuracy);
SELECT is(tripmeter.mileage(pg_temp.moment(7), 13, 52), 0::float8, 'one fix: mileage is 0');
SELECT is(tripmeter.mileage(pg_temp.moment(7), 13, 52, policy), 0::float8, 'one fix, raw: mileage is 0')
FROM (VALUES ('raw'::tripmeter.mileage_policy)) v (policy) GROUP BY policy;
SELECT is(tripmeter.mileage(pg_temp.moment(second), 13, 52), 0::float8, 'one place: mileage is 0') FROM drive;

-- Rule 1: no place or time on Earth

SELECT is(pg_temp.difference((
        SELECT tripmeter.mileage_report(t, lon, lat)
        FROM (SELECT pg_temp.moment(second), pg_temp.lon(east), pg_temp.lat(north) FROM drive
              UNION ALL SELECT bad_t, bad_lon, bad_lat) fixes (t, lon, lat)), report),
    '{"invalid_count": 1}', format('invalid: %s, %s, %s', bad_t, bad_lon, bad_lat))
FROM clean, (VALUES
    (pg_temp.moment(300.5), 'NaN'::float8, 52::float8), (pg_temp.moment(300.5), 13, 'NaN'),
    (pg_temp.moment(300.5), 'Infinity', 52), (pg_temp.moment(300.5), '-Infinity', 52),
    (pg_temp.moment(300.5), 13, 'Infinity'), (pg_temp.moment(300.5), 13, '-Infinity'),
    (pg_temp.moment(300.5), 13, 90.0000001), (pg_temp.moment(300.5), 13, -91),
    (pg_temp.moment(300.5), 360.0000001, 52), (pg_temp.moment(300.5), -180.0000001, 52),
    (pg_temp.moment(300.5), 1e300, -1e300), ('infinity', 13, 52), ('-infinity', 13, 52),
    (pg_temp.moment(300.5), 0, 0), (pg_temp.moment(-9), '-0', 0), (pg_temp.moment(999), 0, '-0'),
    -- a place on Earth, but not this one: it must not win over the fix of its time
    (pg_temp.moment(300), 0, 0), (pg_temp.moment(300), 'NaN', 'NaN')) bad (bad_t, bad_lon, bad_lat);

-- The same drive, in the Gulf of Guinea.
SELECT is(ARRAY[(rejecting).invalid_count, (accepting).invalid_count], ARRAY[1, 0]::bigint[],
    'the fix at (0,0) is accepted where the policy says so')
FROM (SELECT tripmeter.mileage_report(pg_temp.moment(second), (east - 1200) / 1e5, (north - 0) / 1e5,
        tripmeter.mileage_policy(null_island => 'reject')) AS rejecting,
      tripmeter.mileage_report(pg_temp.moment(second), (east - 1200) / 1e5, (north - 0) / 1e5,
        tripmeter.mileage_policy(null_island => 'accept')) AS accepting
      FROM (SELECT second, east, CASE second WHEN 100 THEN 0 ELSE north END AS north FROM drive) guinea) reports;

SELECT is(ARRAY[(report).invalid_count, (report).used_count + (report).jitter_count], ARRAY[0, 3]::bigint[],
    'only (0,0) exactly is Null Island')
FROM (SELECT tripmeter.mileage_report(pg_temp.moment(s), lon, lat) AS report
      FROM (VALUES (1, 0.0, 1e-9), (2, 1e-9, 0.0), (3, 0, -1e-9)) v (s, lon, lat)) reports;

-- In steps of 2^-10 degrees, for which adding 360 is exact.
SELECT is(pg_temp.difference(wrapped, plain), '{}', 'longitudes from 180 to 360 are those west of Greenwich')
FROM (SELECT tripmeter.mileage_report(pg_temp.moment(10 * second), second / 1024 - 122, 37) AS plain,
        tripmeter.mileage_report(pg_temp.moment(10 * second), second / 1024 - 122 + 360, 37) AS wrapped FROM drive) reports;

SELECT is(pg_temp.difference(fiji, greenwich), '{}', 'a drive over the antimeridian is like one over the meridian')
FROM (SELECT tripmeter.mileage_report(pg_temp.moment(10 * second), (second - 300) / 1024, -17) AS greenwich,
        tripmeter.mileage_report(pg_temp.moment(10 * second),
            (second - 300) / 1024 + CASE WHEN second <= 300 THEN 180 ELSE -180 END, -17) AS fiji FROM drive) reports;

-- NULLs

SELECT is(pg_temp.difference((
        SELECT tripmeter.mileage_report(t, lon, lat, accuracy, 'default')
        FROM (SELECT pg_temp.moment(second), pg_temp.lon(east), pg_temp.lat(north), NULL::real FROM drive
              UNION ALL SELECT null_t, null_lon, null_lat, 5) fixes (t, lon, lat, accuracy)), report),
    '{"null_count": 1}', format('ignored: %s, %s, %s', null_t, null_lon, null_lat))
FROM clean, (VALUES
    (NULL::timestamptz, 13::float8, 52::float8), (pg_temp.moment(300.5), NULL, 52), (pg_temp.moment(300.5), 13, NULL),
    (NULL, NULL, NULL), (NULL, 'NaN', 52), ('infinity', NULL, 52)) nulls (null_t, null_lon, null_lat);

SELECT is((SELECT sum(value::integer) FROM jsonb_each_text(pg_temp.difference((
        SELECT tripmeter.mileage_report(t, at)
        FROM (SELECT pg_temp.moment(second), ST_SetSRID(ST_MakePoint(pg_temp.lon(east), pg_temp.lat(north)), 4326) FROM drive
              UNION ALL SELECT pg_temp.moment(300.5), 'SRID=4326;POINT EMPTY') fixes (t, at)), report))
    WHERE key IN ('null_count', 'invalid_count')), 1::bigint, 'an empty point is no position')
FROM clean;

-- Rule 2: duplicates

SELECT is(pg_temp.difference(pg_temp.report('SELECT drive.* FROM drive, generate_series(1, 3)'), report),
    '{"duplicate_count": 1202}', 'of three fixes of one time and place, two are duplicates')
FROM clean;

SELECT is(ARRAY[(report).duplicate_count, (report).conflict_count], ARRAY[1, 0]::bigint[],
    format('one place in two notations is one place: %s and %s', one, other))
FROM (
    SELECT one, other, tripmeter.mileage_report(pg_temp.moment(7), lon, 10) AS report
    FROM (VALUES ('0'::float8, '-0'::float8), (190, -170), (359.5, -0.5), (360, 0), (180, -180)) pairs (one, other),
        LATERAL unnest(ARRAY[one, other]) lon
    GROUP BY one, other
) reports;

-- Rule 3: conflicts

SELECT is(pg_temp.difference(pg_temp.report(
        'TABLE drive UNION ALL SELECT second, east + 5, north - 5, accuracy FROM drive WHERE second::integer % 10 = 3'), report),
    '{"conflict_count": 60}', 'of two fixes of one time, the western one is first, and wins')
FROM clean;

SELECT is(pg_temp.difference(pg_temp.report(
        'TABLE drive UNION ALL SELECT second, east, north + 5, accuracy FROM drive WHERE second::integer % 10 = 3'), report),
    '{"conflict_count": 60}', 'and of two of one time and longitude, the southern one')
FROM clean;

SELECT is(pg_temp.difference(
        pg_temp.report('TABLE drive UNION ALL SELECT second, east - 5 * d, north + 9 * d, accuracy FROM drive, generate_series(1, 2) d WHERE second = 300'),
        pg_temp.report('SELECT second, CASE second WHEN 300 THEN east - 10 ELSE east END, CASE second WHEN 300 THEN north + 18 ELSE north END, accuracy FROM drive')),
    '{"conflict_count": 2}', 'the winner of three is driven by, the others are not');

SELECT is(tripmeter.mileage(pg_temp.moment(s), lon, 0, tripmeter.mileage_policy(null_island => 'accept', jitter_radius => NULL)),
    tripmeter.distance('SRID=4326;POINT(-0.01 0)'::geometry, 'SRID=4326;POINT(0.01 0)'), 'where (0,0) is accepted, it gives way to another place all the same')
FROM (VALUES (0, -0.01), (1000, 0), (1000, 0.01)) fixes (s, lon);

-- Rule 4: accuracy

SELECT is(pg_temp.difference(pg_temp.report(format(
        'SELECT second, east, north, CASE WHEN second::integer %% 10 = 3 THEN %L::real ELSE 100 END FROM drive', poor)),
        pg_temp.report('SELECT * FROM drive WHERE second::integer % 10 <> 3'))
        - '{raw_m,inaccurate_m}'::text[], '{"inaccurate_count": 60}',
    format('a fix with an accuracy of %s m is as if it were not there, one of 100 m is', poor))
FROM unnest('{100.01,5000,Infinity}'::real[]) poor;

SELECT is((pg_temp.report(format('SELECT second, east, north, %s FROM drive', good))).inaccurate_count, 0::bigint,
    format('a fix with an accuracy of %s is accurate', replace(good, '::real', '')))
FROM unnest('{NULL::real,0,1,100,"CASE WHEN second > 9 THEN 99.9 END"}'::text[]) good;

-- 12.3 as a real is a little above 12.3 as a double.
SELECT is((pg_temp.report('SELECT second, east, north, 12.3 FROM drive', tripmeter.mileage_policy(max_accuracy => 12.3))).inaccurate_count,
    0::bigint, 'the largest accepted accuracy is accepted, also with a fraction');

SELECT is(pg_temp.difference(pg_temp.report('SELECT second, east, north, 1e9 FROM drive', tripmeter.mileage_policy(max_accuracy => NULL)),
        report) - 'policy', '{}', 'without a limit, no fix is inaccurate')
FROM clean;

SELECT is(ARRAY[(report).conflict_count, (report).inaccurate_count], ARRAY[1, 1]::bigint[],
    'a conflict is settled before the accuracy is looked at')
FROM (SELECT pg_temp.report('TABLE drive UNION ALL SELECT second, east - 5, north, 500 FROM drive WHERE second = 300') AS report) reports;

-- Rule 5: outliers

-- Thirty teleports by 5 to 100 km, each for as many fixes as cannot re-anchor.
SELECT is(pg_temp.difference(pg_temp.report(format($$
        SELECT second, east + CASE WHEN away THEN 5000 + 95000 * pg_temp.uniform(second::bigint / 20, 1) ELSE 0 END, north, accuracy
        FROM drive, LATERAL (SELECT second > 5 AND (second::integer %% 20) BETWEEN 10 AND 9 + %s AS away) teleports$$, fixes)),
        pg_temp.report(format('SELECT * FROM drive WHERE second <= 5 OR second::integer %% 20 NOT BETWEEN 10 AND 9 + %s', fixes)))
        - '{raw_m,outlier_m}'::text[], jsonb_build_object('outlier_count', 30 * fixes),
    format('teleports of %s fixes are as if they were not there', fixes))
FROM generate_series(1, 2) fixes;

SELECT is(pg_temp.difference(pg_temp.report($$
        SELECT second, CASE WHEN wild THEN 1e6 * pg_temp.uniform(second::bigint, 1) + 1e4 ELSE east END,
            CASE WHEN wild THEN 1e6 * pg_temp.uniform(second::bigint, 2) + 1e4 ELSE north END, accuracy
        FROM drive, LATERAL (SELECT second BETWEEN 200 AND 260 AS wild) w$$),
        pg_temp.report('SELECT * FROM drive WHERE second NOT BETWEEN 200 AND 260')) - '{raw_m,outlier_m}'::text[],
    '{"outlier_count": 61}', 'a minute all over the country is as if it were not there');

SELECT is(pg_temp.difference(pg_temp.report('SELECT second, east, CASE second WHEN 600 THEN 1e6 ELSE north END, accuracy FROM drive'),
        pg_temp.report('SELECT * FROM drive WHERE second < 600')) - '{raw_m,outlier_m}'::text[],
    '{"outlier_count": 1}', 'a bad last fix is as if it were not there');

-- One bad fix does not stand against 600 good ones.
SELECT ok(abs((bad).distance_m - (good).distance_m) < 40 AND (bad).outlier_count + (bad).gap_count > 0
        AND (bad).outlier_count <= 1 AND (bad).used_count >= (good).used_count - 1,
    format('a bad first fix %s m off costs nothing but itself: %s m of %s m', off, (bad).distance_m, (good).distance_m))
FROM (SELECT off, pg_temp.report(format('SELECT second, CASE second WHEN 0 THEN %s ELSE east END, north, accuracy FROM drive', off)) AS bad,
        pg_temp.report('SELECT * FROM drive WHERE second > 0') AS good
      FROM unnest('{-300,5000,200000,-8000000}'::integer[]) off) reports;

-- Two drives with an impossible jump between them: a ferry with the receiver
-- off, or a receiver that wakes up where it was switched off.
SELECT ok(abs((jumped).distance_m - (before).distance_m - (after).distance_m) < 40
        AND (jumped).gap_count = 1 AND (jumped).outlier_count = 0
        AND abs((jumped).gap_excluded_m - jump_m) < 40 AND (jumped).gap_m = 0,
    format('a jump of %s m after %s s is a gap and not distance', jump_m, at))
FROM (
    SELECT at, jump_m,
        pg_temp.report(format('SELECT second, CASE WHEN second < %s THEN east ELSE east + %s END, north, accuracy FROM drive', at, jump_m)) AS jumped,
        pg_temp.report(format('SELECT * FROM drive WHERE second < %s', at)) AS before,
        pg_temp.report(format('SELECT * FROM drive WHERE second >= %s', at)) AS after
    FROM unnest('{5,60,300,590}'::integer[]) at, unnest('{2000,50000}'::integer[]) jump_m
) reports;

-- A receiver that repeats its last place until it finds the next one.
SELECT ok((report).distance_m < 1 AND (report).gap_count = 1 AND (report).outlier_count = 0,
    format('a jump in a second, after an hour at exactly one place, is no distance either: %s m', (report).distance_m))
FROM (SELECT pg_temp.report('SELECT second, CASE WHEN second <= 3600 THEN 0 ELSE 20000 END, 0, NULL FROM generate_series(0, 4200) second') AS report) reports;

SELECT ok((report).gap_count = 9 AND (report).outlier_count = 0
        AND abs((report).distance_m - (SELECT (clean.report).distance_m FROM clean)) < 10 * 40,
    'jumps every minute do not latch')
FROM (SELECT pg_temp.report('SELECT second, east + 20000 * least(floor(second / 60), 9), north, accuracy FROM drive') AS report) reports;

-- An aeroplane, then a taxi.
SELECT cmp_ok(abs((report).distance_m - (report).gap_m - after_m), '<', 400::float8, 'too fast for ten minutes, then counted again')
FROM (
    SELECT pg_temp.report('SELECT second - 600, 250 * (second - 600), 0, NULL FROM drive UNION ALL SELECT * FROM drive WHERE second > 0') AS report,
        (pg_temp.report('TABLE drive')).distance_m AS after_m
) reports;

-- Two receivers under one id. Whichever is believed, the way between is not.
SELECT cmp_ok((report).distance_m, '<', most, 'fixes that alternate between two ' || what)
FROM (VALUES
    ('parked receivers drive nowhere', $$SELECT second, 100000 * (second::integer % 2), 0, NULL FROM drive$$, 1::float8),
    ('parked receivers in pairs drive nowhere', $$SELECT second, 100000 * (second::integer / 2 % 2), 0, NULL FROM drive$$, 1),
    ('parked receivers by fives drive nowhere', $$SELECT second, 100000 * (second::integer / 5 % 2), 0, NULL FROM drive$$, 1),
    ('drives are not longer than both', $$SELECT second, east + 100000 * (second::integer % 2), north, NULL FROM drive$$, 18000)
) alternations (what, fixes, most), LATERAL (SELECT pg_temp.report(fixes) AS report) reports;

SELECT ok((one_less).outlier_count = agreeing - 1 AND (one_less).gap_count = 0
        AND (enough).outlier_count = 0 AND (enough).gap_count = 1,
    format('%s agreeing fixes re-anchor, and no fewer', agreeing))
FROM (
    SELECT agreeing,
        pg_temp.report(format('SELECT second, CASE WHEN second > 300 THEN east + 50000 ELSE east END, north, accuracy FROM drive WHERE second < %s', 300 + agreeing), policy) AS one_less,
        pg_temp.report(format('SELECT second, CASE WHEN second > 300 THEN east + 50000 ELSE east END, north, accuracy FROM drive WHERE second < %s', 301 + agreeing), policy) AS enough
    FROM unnest('{1,2,3,7,16}'::integer[]) agreeing, tripmeter.mileage_policy(reanchor_fixes => agreeing) policy
) reports;

SELECT ok((fast).outlier_count = 0 AND (fast).gap_count = 0 AND abs((fast).distance_m / 60000 - 1) < 0.01,
    'at 99 m/s where 100 are allowed, all is driven')
FROM (SELECT pg_temp.report('SELECT second, 99 * second, 0, NULL FROM drive', tripmeter.mileage_policy(max_speed => 100)) AS fast) reports
WHERE (fast).distance_m > 0;

SELECT ok((report).outlier_count = 0 AND (report).gap_count = 0 AND (report).distance_m > 6e6, 'without a top speed, teleports are driven')
FROM (SELECT pg_temp.report('SELECT second, 100000 * (second::integer / 10 % 2), 0, NULL FROM drive', tripmeter.mileage_policy(max_speed => NULL)) AS report) reports;

-- Rule 6: jitter

-- Any two of these places are less than 20 m apart, so all of them are within
-- the radius of any that may be the anchor.
SELECT ok((report).distance_m = 0 AND (report).jitter_m = (report).raw_m AND (report).raw_m > 4000
        AND (report).jitter_count = 600 AND (report).stopped_time = '10 min',
    'movement within the radius of the anchor is suppressed: ' || seed)
FROM (SELECT seed, pg_temp.report(format('SELECT second, 9.9 * sqrt(pg_temp.uniform(second::bigint, %s)) * cos(a), 9.9 * sqrt(pg_temp.uniform(second::bigint, %1$s)) * sin(a), NULL
        FROM drive, LATERAL (SELECT 2 * pi() * pg_temp.uniform(second::bigint, 9)) angle (a)', seed)) AS report
      FROM generate_series(1, 3) seed) reports;

SELECT ok(abs((report).distance_m / 1000 - 1) < 0.03, format('1 km at %s m/s with a fix every %s s keeps its length: %s m', speed, every, (report).distance_m))
FROM (SELECT speed, every, pg_temp.report(format('SELECT second, %s * second, 0, NULL FROM generate_series(0, 1000 / %1$s, %s) second', speed, every)) AS report
      FROM unnest('{0.5,1,2}'::numeric[]) speed, unnest('{1,5,20}'::integer[]) every) reports;

-- Creeping in a jam: five metres, then half a minute's rest, for a kilometre.
SELECT ok(abs((report).distance_m / 1000 - 1) < 0.03, format('a traffic jam keeps its length: %s m', (report).distance_m))
FROM (SELECT pg_temp.report('SELECT second, 5 * floor(second / 30) + least(5, second::integer % 30), 0, NULL FROM generate_series(0, 5999) second') AS report) reports;

-- Metres are driven in motion: were the time at rest too long, the mean speed
-- would be above the top speed.
SELECT cmp_ok((report).distance_m, '<=', 1.1 * (report).top_speed * extract(epoch FROM (report).moving_time)::float8,
    format('%s: %s m in motion for %s', what, round((report).distance_m), (report).moving_time))
FROM (VALUES
    ('2 m/s', 'SELECT second, 2 * second, 0, NULL FROM generate_series(0, 900) second'),
    ('0.5 m/s', 'SELECT second, 0.5 * second, 0, NULL FROM generate_series(0, 3600) second'),
    ('a traffic jam', 'SELECT second, 5 * floor(second / 30) + least(5, second::integer % 30), 0, NULL FROM generate_series(0, 5999) second')
) slow (what, fixes), LATERAL (SELECT pg_temp.report(fixes) AS report) reports;

-- Curves at 1 Hz against the line through the same fixes. A path is given by
-- its heading: straight on, then turning at a rate, by turns.
CREATE TEMP TABLE curves AS
SELECT curve, second, sum(speed * cos(heading)) OVER path AS east, sum(speed * sin(heading)) OVER path AS north
FROM (
    SELECT curve, speed, second, sum(CASE WHEN turns THEN direction * speed / radius ELSE 0 END) OVER (PARTITION BY curve ORDER BY second) AS heading
    FROM (VALUES
        -- three times around, between two straight roads
        ('roundabout of 25 m', 8::float8, 25::float8, 0), ('roundabout of 15 m', 6, 15, 0), ('roundabout of 11 m', 4, 11, 0),
        -- hairpins, turning left and right by half a circle
        ('hairpins of 15 m', 7, 15, 1), ('hairpins of 8 m', 4, 8, 1),
        -- right angles, block by block
        ('corners of 6 m', 5, 6, 2)) curves (curve, speed, radius, kind),
        generate_series(0, 599) second,
        LATERAL (SELECT
            CASE kind WHEN 0 THEN second BETWEEN 60 AND 60 + 6 * pi() * radius / speed
                WHEN 1 THEN second % 40 < pi() * radius / speed - 0.5
                ELSE second % 30 < pi() / 2 * radius / speed - 0.5 END AS turns,
            CASE WHEN kind > 0 AND second / (CASE kind WHEN 1 THEN 40 ELSE 30 END) % 2 = 1 THEN -1 ELSE 1 END AS direction) turning
) headings
WINDOW path AS (PARTITION BY curve ORDER BY second);

SELECT ok(abs((report).distance_m / (report).raw_m - 1) < 0.03 AND (report).raw_m > 500,
    format('%s keep their length: %s m of %s m', curve, round((report).distance_m::numeric), round((report).raw_m::numeric)))
FROM (SELECT curve, pg_temp.report(format('SELECT second, east, north, NULL FROM curves WHERE curve = %L', curve)) AS report
      FROM curves GROUP BY curve ORDER BY curve) reports;

-- Two minutes at a light, with the receiver wandering within 5 m.
SELECT ok(abs((report).distance_m - length) < 40 AND (report).stopped_time BETWEEN '1 min 30 s' AND '2 min 10 s',
    format('a stop in a drive: %s m of %s m, stopped for %s', (report).distance_m, length, (report).stopped_time))
FROM (SELECT length FROM clean) clean, LATERAL (SELECT pg_temp.report($$
    SELECT CASE WHEN second <= 300 THEN second ELSE second + 120 END, east, north, NULL FROM drive
    UNION ALL
    SELECT 300 + s, east + 5 * pg_temp.uniform(s, 1), north + 5 * pg_temp.uniform(s, 2), NULL
    FROM drive, generate_series(1, 120) s WHERE second = 300$$) AS report) reports;

SELECT ok((report).distance_m = (report).raw_m AND (report).jitter_count = 0, 'without a radius, nothing is jitter')
FROM (SELECT pg_temp.report('SELECT second, 3 * pg_temp.uniform(second::bigint, 1), 0, NULL FROM drive', tripmeter.mileage_policy(jitter_radius => NULL)) AS report) reports;

-- Rule 7: gaps

-- 5 km of tunnel in the middle of the drive, for as long as the threshold, and
-- for a microsecond longer.
CREATE TEMP TABLE tunnels AS
SELECT silence, counts_as,
    pg_temp.report(format('SELECT CASE WHEN second <= 300 THEN second ELSE second - 301 + 300 + %s END,
        CASE WHEN second <= 300 THEN east ELSE east + 5000 END, north, accuracy FROM drive', silence), policy) AS report,
    (pg_temp.report('SELECT * FROM drive WHERE second <= 300')).distance_m
        + (pg_temp.report('SELECT * FROM drive WHERE second > 300')).distance_m AS outside_m
FROM unnest('{300,300.000001,1000.5}'::numeric[]) silence, unnest('{straight,exclude}'::text[]) counts_as,
    tripmeter.mileage_policy(gap_counts_as => counts_as) policy;

SELECT ok((report).gap_count = 0 AND (report).gap_m = 0 AND (report).gap_excluded_m = 0 AND (report).gap_time = '0'
        AND abs((report).distance_m - outside_m - 5012) < 40, 'a silence of no more than the threshold is no gap: ' || counts_as)
FROM tunnels WHERE silence <= 300;

SELECT ok((report).gap_count = 1 AND (report).gap_time = silence * interval '1 s' AND (report).gap_excluded_m = 0
        AND abs((report).gap_m - 5012) < 40 AND abs((report).distance_m - outside_m - (report).gap_m) < 40,
    format('a gap of %s s counts as a straight line', silence))
FROM tunnels WHERE silence > 300 AND counts_as = 'straight';

SELECT ok((report).gap_count = 1 AND (report).gap_time = silence * interval '1 s' AND (report).gap_m = 0
        AND abs((report).gap_excluded_m - 5012) < 40 AND abs((report).distance_m - outside_m) < 40,
    format('a gap of %s s is excluded', silence))
FROM tunnels WHERE silence > 300 AND counts_as = 'exclude';

SELECT ok((report).gap_count = 0 AND (report).gap_time = '0' AND abs((report).distance_m - outside_m - 5012) < 40,
    'without a threshold there are no gaps')
FROM (SELECT (pg_temp.report('SELECT * FROM drive WHERE second <= 300')).distance_m
        + (pg_temp.report('SELECT * FROM drive WHERE second > 300')).distance_m AS outside_m,
    pg_temp.report('SELECT CASE WHEN second <= 300 THEN second ELSE second + 86400 END, CASE WHEN second <= 300 THEN east ELSE east + 5000 END, north, accuracy FROM drive',
        tripmeter.mileage_policy(gap_threshold => NULL, gap_counts_as => 'exclude')) AS report) reports;

-- No rule: raw

-- 300 groups anywhere on Earth, at any pace and in any order, with duplicates.
CREATE TEMP TABLE anywhere AS
SELECT trip, pg_temp.moment(n * 10 ^ (6 * pg_temp.uniform(trip, 1) - 2)) AS recorded_at,
    ST_SetSRID(ST_MakePoint(lon - 360 * floor((lon + 180) / 360), degrees(asin(sin(radians(lat))))), 4326) AS position
FROM (
    SELECT trip, n,
        360 * pg_temp.uniform(trip, 2) + sum(pace * (pg_temp.uniform(trip * 1000 + n, 3) - 0.5)) OVER path AS lon,
        CASE trip % 5 WHEN 0 THEN 89.99 ELSE 180 * pg_temp.uniform(trip, 4) - 90 END
            + sum(pace * (pg_temp.uniform(trip * 1000 + n, 5) - 0.5)) OVER path AS lat
    FROM generate_series(1, 300) trip, generate_series(1, 1 + trip % 90) n,
        LATERAL (SELECT 10 ^ (7 * pg_temp.uniform(trip, 6) - 5) AS pace) paces
    WINDOW path AS (PARTITION BY trip ORDER BY n)
) walks, generate_series(0, n % 3) copies
ORDER BY hashint8extended(trip * 1000 + n, 7);

SELECT cmp_ok(max(abs(raw_m - line_m) / (1e-9 * line_m + 1e-8 * fixes)), '<=', 1::float8,
    'raw is ST_Length(ST_MakeLine(position ORDER BY recorded_at)::geography)')
FROM (
    SELECT tripmeter.mileage(recorded_at, position, 'raw') AS raw_m, count(*) AS fixes,
        ST_Length(ST_MakeLine(position ORDER BY recorded_at)::geography) AS line_m
    FROM anywhere GROUP BY trip
) sums;

SELECT cmp_ok(max(abs(report_m / line_m - 1)), '<=', 1e-6::float8, 'as is the geography''s, and route_length of the line')
FROM (
    SELECT tripmeter.mileage(recorded_at, position::geography, 'raw') AS report_m,
        tripmeter.route_length(ST_MakeLine(position ORDER BY recorded_at)) AS line_m
    FROM anywhere GROUP BY trip HAVING count(*) > 10
) sums;

-- The call

CREATE FUNCTION pg_temp.one_group(policies text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT format('SELECT tripmeter.mileage(t, lon, 52, policy::tripmeter.mileage_policy) FROM (VALUES
        (now(), 13::float8, %s)) fixes (t, lon, policy)', replace(policies, ';', '), (now() + interval ''1 s'', 13.1, '))
$$;
SELECT throws_ok(pg_temp.one_group($$'default'; 'raw'$$), '22023', NULL, 'two policies in a group are an error');
SELECT throws_ok(pg_temp.one_group($$'default'; 'default reanchor_fixes=4'$$), '22023', NULL, 'also if they differ in a detail');
SELECT lives_ok(pg_temp.one_group($$'default'; 'v1 max_speed=70'$$), 'two spellings of one policy are none');
SELECT throws_ok(pg_temp.one_group($$NULL; NULL$$), '22004', NULL, 'a policy of NULL is an error');
SELECT throws_ok(pg_temp.one_group($$'default'; NULL$$), '22004', NULL, 'also in a later row');
SELECT throws_ok($$SELECT tripmeter.mileage(t, 13, lat, p::tripmeter.mileage_policy)
    FROM (VALUES (now(), 52::float8, 'default'), (now(), NULL, 'raw')) v (t, lat, p)$$, '22023', NULL,
    'also in a row without a position');
SELECT throws_ok($$SELECT tripmeter.mileage(t, 13, lat, p::tripmeter.mileage_policy)
    FROM (VALUES (now(), NULL::float8, 'raw'), (now(), 52, 'default')) v (t, lat, p)$$, '22023', NULL,
    'also if that row comes first');
SELECT lives_ok($$SELECT tripmeter.mileage(now(), 13, 52, p) FROM unnest('{raw,default}'::tripmeter.mileage_policy[]) p GROUP BY p$$,
    'each group may have its own');

-- Each policy in a partition of its own, so that only the partial states meet.
CREATE TABLE pg_temp.halves (half integer, t timestamptz, lon float8, policy tripmeter.mileage_policy) PARTITION BY LIST (half);
CREATE TABLE pg_temp.half_1 PARTITION OF halves FOR VALUES IN (1);
CREATE TABLE pg_temp.half_2 PARTITION OF halves FOR VALUES IN (2);
INSERT INTO halves SELECT 1 + n % 2, pg_temp.moment(n), 13 + n / 1e4, CASE n % 2 WHEN 0 THEN 'raw' ELSE 'default' END::tripmeter.mileage_policy
FROM generate_series(1, 2000) n;
ANALYZE halves;
SET LOCAL enable_partitionwise_aggregate = on;
SET LOCAL cpu_tuple_cost = 10;
SELECT throws_ok('SELECT tripmeter.mileage(t, lon, 52, policy) FROM halves', '22023', NULL, 'two policies in two partial states are an error');

SELECT * FROM finish();
ROLLBACK;
