-- A track as GPX: what XML readers find in it is the track.

BEGIN;
SELECT plan(10);
SET LOCAL search_path = public, tripmeter;

CREATE FUNCTION pg_temp.points(gpx xml) RETURNS TABLE (lon text, lat text, at text, speed real) LANGUAGE sql AS $$
    SELECT * FROM XMLTABLE(
        XMLNAMESPACES('http://www.topografix.com/GPX/1/1' AS g, 'http://www.garmin.com/xmlschemas/TrackPointExtension/v2' AS x),
        '/g:gpx[@version="1.1"]/g:trk/g:trkseg/g:trkpt' PASSING gpx
        COLUMNS lon text PATH '@lon', lat text PATH '@lat', at text PATH 'g:time',
            speed real PATH 'g:extensions/x:TrackPointExtension/x:speed')
$$;
CREATE TEMP TABLE tracks AS
SELECT k, track('2024-01-01'::timestamptz + k * n * interval '1.000001 s', sin(k * n) * 10.0 ^ (2 - k), cos(n * 1.7) * 10.0 ^ (1 - k),
    CASE WHEN (n + k) % 3 > 0 THEN n / 7.0 END::real, 5) AS track
FROM generate_series(0, 12) k, generate_series(1, 50) n GROUP BY k;

SELECT is(track((at)::timestamptz, lon::float8, lat::float8, speed, NULL), (SELECT track(f.recorded_at, f."position", f.speed, NULL) FROM fixes(t.track) f),
    'times, places and speeds are in it, bit for bit: ' || k)
FROM tracks t, pg_temp.points(as_gpx(track)) p WHERE k IN (0, 3, 7, 12) GROUP BY k, track;
SELECT is(string_agg(lon || ' ' || lat, ', ') FILTER (WHERE lon || lat !~ '^[-0-9.]+$'), NULL, 'decimals have no exponent') FROM tracks, pg_temp.points(as_gpx(track));
SELECT is(string_agg(at, ', ') FILTER (WHERE at !~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$'), NULL, 'times are those of XML Schema') FROM tracks, pg_temp.points(as_gpx(track));
SELECT is((SELECT array_agg(format('%s %s %s %s', lon, lat, at, speed)) FROM pg_temp.points(as_gpx('[POINT(-1.5e-05 0)@0044-03-15 12:00:00+00 BC speed=Infinity, POINT(179.5 -90)@12024-01-01 00:00:00.5+00 speed=0]'))),
    ARRAY['-0.000015 0 -0044-03-15T12:00:00Z ', '179.5 -90 12024-01-01T00:00:00.5Z 0'], 'the corners');
SELECT is((SELECT count(*) FROM pg_temp.points(as_gpx('[]'))), 0::bigint, 'no fixes, no points');
SELECT ok(as_gpx('[]') IS DOCUMENT AND as_gpx('[]')::text LIKE '<gpx %', 'but a document') ;
SELECT is(as_gpx('[POINT(13.4 52.5)@2024-05-02 06:00:00+00 speed=9.5]')::text,
    '<gpx xmlns="http://www.topografix.com/GPX/1/1" xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v2" version="1.1" creator="tripmeter"><trk><trkseg>'
    '<trkpt lat="52.5" lon="13.4"><time>2024-05-02T06:00:00Z</time><extensions><gpxtpx:TrackPointExtension><gpxtpx:speed>9.5</gpxtpx:speed></gpxtpx:TrackPointExtension></extensions></trkpt>'
    '</trkseg></trk></gpx>', 'the whole of it');

SELECT * FROM finish();
ROLLBACK;
