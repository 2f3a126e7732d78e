-- Appending to a track: nothing appended leaves it as it is, and a geometry is a trajectory.

BEGIN;
SELECT plan(15);
SET LOCAL search_path = public, tripmeter;

CREATE TEMP TABLE days (n integer, track track);
INSERT INTO days VALUES (1, '[POINT(1 2)@2024-01-01 00:00:00+00 speed=3] left_out(null=1)'), (2, NULL), (3, '[]'),
    (4, '[POINT(1 3)@2024-01-02 00:00:00+00]');

SELECT is(track_send(track || NULL), track_send(track), 'a track and NULL is the track') FROM days WHERE n = 1;
SELECT is(track_send(NULL || track), track_send(track), 'either way round') FROM days WHERE n = 1;
SELECT is(track || NULL::track, '[]', 'the empty track, too') FROM days WHERE n = 3;
SELECT is(NULL::track || NULL::track, NULL, 'nothing but NULLs is NULL');
SELECT is(string_agg(format('%s %s', a.n, b.n), ', '), NULL, '|| is rollup of the two, NULL or not')
FROM days a, days b, LATERAL (SELECT rollup(t) AS both_of FROM (VALUES (a.track), (b.track)) v (t)) r
WHERE track_send(a.track || b.track) IS DISTINCT FROM track_send(both_of);
SELECT is(rollup(track), '[POINT(1 2)@2024-01-01 00:00:00+00 speed=3, POINT(1 3)@2024-01-02 00:00:00+00]', 'rollup passes over NULL') FROM days;
UPDATE days SET track = track || (SELECT track(NULL::timestamptz, 1, 2) WHERE false);
SELECT is(fix_count(track), 1::bigint, 'an UPDATE that appends nothing loses nothing') FROM days WHERE n = 1;

-- A geometry would otherwise become text, and the sum text

SELECT is(track || 'SRID=4326;LINESTRINGM(1 3 1704153600, 1 4 1704153610)'::geometry,
    '[POINT(1 2)@2024-01-01 00:00:00+00 speed=3, POINT(1 3)@2024-01-02 00:00:00+00, POINT(1 4)@2024-01-02 00:00:10+00]',
    'a trajectory adds its fixes') FROM days WHERE n = 1;
SELECT is('SRID=4326;POINTM(1 3 1704153600)'::geometry || track, '[POINT(1 2)@2024-01-01 00:00:00+00 speed=3, POINT(1 3)@2024-01-02 00:00:00+00]',
    'on the left, too') FROM days WHERE n = 1;
SELECT is(track || NULL::geometry, track, 'no trajectory adds nothing') FROM days WHERE n = 1;
SELECT is(NULL::track || 'SRID=4326;POINTM(1 3 1704153600)'::geometry, '[POINT(1 3)@2024-01-02 00:00:00+00]', 'a trajectory may be the first');
SELECT is(NULL::geometry || NULL::track, NULL, 'NULLs of both kinds are NULL');
SELECT throws_ok('SELECT track || ''SRID=4326;POINT(1 2)''::geometry FROM days', '22023', 'cannot make a track of a geometry without M',
    'a geometry without times is an error');
SELECT throws_ok('SELECT ''SRID=4326;POINT(1 2)''::geometry || track FROM days', '22023', 'cannot make a track of a geometry without M',
    'on the left, too');
SELECT throws_ok('SELECT track || ''SRID=4326;POINT(1 2)''::geography FROM days', '42883', NULL, 'a geography needs its cast');

SELECT * FROM finish();
ROLLBACK;
