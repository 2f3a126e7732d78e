-- Stored tracks that are damaged. What is asked of a part that is not is answered,
-- for no other part is read; all else is an error of its own, never an answer.

BEGIN;
SELECT plan(36);
SET LOCAL search_path = tripmeter, public;

-- What comes in by a function is checked; what lies on disk may be anything.
CREATE CAST (bytea AS track) WITHOUT FUNCTION;

CREATE FUNCTION pg_temp.sqlstate(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

-- Of this one, all blocks of the later half are.
CREATE TEMP TABLE half AS
SELECT track, overlay(bytes PLACING decode(repeat('ff', octet_length(bytes) / 2), 'hex')
    FROM octet_length(bytes) - octet_length(bytes) / 2 + 1)::track AS damaged,
    start_time(track) + interval '30 s' AS early
FROM (SELECT track('2024-03-01'::timestamptz + n * interval '1 s', round((127 + n * 1e-4 + 1e-5 * sin(n))::numeric, 6)::float8, 37, n % 30, 4)
    FROM generate_series(0, 9999) n) made (track),
    track_send(track) AS bytes;
SELECT cmp_ok(octet_length(track_send(track)), '=', octet_length(track_send(damaged)), 'it is as long') FROM half;

SELECT is((fix_count(damaged), start_time(damaged), end_time(damaged), duration(damaged), period(damaged), length(damaged), bbox(damaged)),
    (fix_count(track), start_time(track), end_time(track), duration(track), period(track), length(track), bbox(track)),
    'the header says what it said') FROM half;
SELECT is((start_point(damaged)::bytea, at(damaged, early)::bytea), (start_point(track)::bytea, at(track, early)::bytea),
    'the start is there, and a place soon after') FROM half;
SELECT is(slice(damaged, tstzrange(early, early + interval '20 min'), true),
    slice(track, tstzrange(early, early + interval '20 min'), true), 'an early slice') FROM half;
SELECT is(length(damaged, tstzrange(NULL, early)), length(track, tstzrange(NULL, early)), 'an early length') FROM half;

SELECT is(pg_temp.sqlstate(format('SELECT %s FROM half', call)), 'XX001', call)
FROM unnest(ARRAY['end_point(damaged)', 'at(damaged, end_time(damaged))', 'slice(damaged, tstzrange(early, NULL))', 'length(damaged, ''(,)'')',
    'fixes(damaged)', 'simplify(damaged, 10)',
    'speed_profile(damaged)', 'gaps(damaged)', 'mileage(damaged)', 'mileage_report(damaged)', 'mileage(damaged, tstzrange(NULL, early))',
    'mileage_by(damaged, ''day'', ''UTC'')',
    'legs(damaged)', 'stops(damaged)', 'trips(damaged)', 'damaged::text', 'as_text(damaged)', 'as_mfjson(damaged)', 'damaged::geometry',
    'damaged::geography', 'damaged || track', 'rollup(damaged) || ''[POINT(1 2)@2025-01-01]''']) call;

-- These are no tracks at all.
SELECT is(pg_temp.sqlstate(format('SELECT fix_count(%L::bytea::track)', bytes)), 'XX001', name)
FROM half, track_send(track) AS b,
    LATERAL (VALUES ('nothing', ''::bytea), ('half a header', substr(b, 1, 50)), ('a version to come', set_byte(b, 0, 2)),
    ('a flag to come', set_byte(b, 1, 64)),
    ('a reserved byte', set_byte(b, 3, 1))) v (name, bytes);
SELECT is(pg_temp.sqlstate(format('SELECT mileage(%L::bytea::track)', bytes)), 'XX001', name)
FROM half, track_send(track) AS b,
    LATERAL (VALUES ('one that is cut short', substr(b, 1, octet_length(b) - 1)), ('without its blocks', substr(b, 1, 200)),
    ('a directory beyond the end', set_byte(b, 15, 127)),
    ('more blocks than there are', set_byte(b, 10, 1))) v (name, bytes);

SELECT * FROM finish();
ROLLBACK;
