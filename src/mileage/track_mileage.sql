-- What was driven, of a track.

CREATE FUNCTION tripmeter.mileage(track tripmeter.track,
        policy tripmeter.mileage_policy DEFAULT 'default') RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_track_mileage'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.mileage(tripmeter.track, tripmeter.mileage_policy) IS
    'Metres driven, under this policy: what the aggregate mileage gives for the fixes of the '
    'track, to the bit. NULL without a usable fix.';

-- A policy written as text is taken for one; without this, it could as well be a period.
CREATE FUNCTION tripmeter.mileage(track tripmeter.track, policy text) RETURNS float8
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
    RETURN tripmeter.mileage(track, policy::tripmeter.mileage_policy);
COMMENT ON FUNCTION tripmeter.mileage(tripmeter.track, text) IS
    'Metres driven, under this policy. NULL without a usable fix. Errors: not a policy.';

CREATE FUNCTION tripmeter.mileage_report(track tripmeter.track,
        policy tripmeter.mileage_policy DEFAULT 'default') RETURNS tripmeter.mileage_report
    AS 'MODULE_PATHNAME', 'tripmeter_track_mileage_report'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.mileage_report(tripmeter.track, tripmeter.mileage_policy) IS
    'What was driven and what was left out, under this policy: what the aggregate mileage_report '
    'gives for the rows of the track.';

CREATE FUNCTION tripmeter.mileage(track tripmeter.track, period tstzrange,
        policy tripmeter.mileage_policy DEFAULT 'default') RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_track_mileage_window'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.mileage(tripmeter.track, tstzrange, tripmeter.mileage_policy) IS
    'Metres driven in a period, under this policy. The legs of the whole track are classified, '
    'and those across a bound shared by time, so that the periods of any split add up to the '
    'whole. 0 where nothing was driven, NULL without a usable fix in the track.';

CREATE FUNCTION tripmeter.mileage_by(track tripmeter.track, unit text, time_zone text,
        policy tripmeter.mileage_policy DEFAULT 'default')
    RETURNS TABLE (period tstzrange, distance_m float8)
    AS 'MODULE_PATHNAME', 'tripmeter_track_mileage_by'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 30;
COMMENT ON FUNCTION tripmeter.mileage_by(tripmeter.track, text, text, tripmeter.mileage_policy) IS
    'Metres driven in each hour, day, week, month, quarter or year of a time zone''s calendar, '
    'from that of the first fix to that of the last, under this policy; they add up to the '
    'mileage of the track. No rows without a usable fix. Errors: another unit, an unknown time '
    'zone, more than 1000000 rows.';

CREATE FUNCTION tripmeter.mileage_by(track tripmeter.track, periods tstzrange[],
        policy tripmeter.mileage_policy DEFAULT 'default')
    RETURNS TABLE (period tstzrange, distance_m float8)
    AS 'MODULE_PATHNAME', 'tripmeter_track_mileage_by_ranges'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION tripmeter.mileage_by(tripmeter.track, tstzrange[], tripmeter.mileage_policy) IS
    'Metres driven in each of several periods, under this policy, in one pass: a row for each, in '
    'the order of the array, with what mileage(track, period, policy) gives for it, to the bit. '
    'Periods may overlap, be empty, and come in any order. 0 where nothing was driven; NULL for a '
    'period that is NULL, and for all without a usable fix in the track.';

CREATE FUNCTION tripmeter.mileage_by(track tripmeter.track, periods tstzmultirange,
        policy tripmeter.mileage_policy DEFAULT 'default')
    RETURNS TABLE (period tstzrange, distance_m float8)
    AS 'MODULE_PATHNAME', 'tripmeter_track_mileage_by_multirange'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION tripmeter.mileage_by(tripmeter.track, tstzmultirange,
        tripmeter.mileage_policy) IS
    'Metres driven in each range of a multirange, under this policy, in one pass: a row for each, '
    'in order of time, with what mileage(track, period, policy) gives for it, to the bit. 0 where '
    'nothing was driven, NULL without a usable fix in the track.';

SELECT set_config('search_path', tripmeter_internal.postgis_path(), true);

CREATE FUNCTION tripmeter.legs(track tripmeter.track,
        policy tripmeter.mileage_policy DEFAULT 'default')
    RETURNS TABLE (from_time timestamptz, to_time timestamptz, from_position geometry(Point, 4326), to_position geometry(Point, 4326),
        metres float8, seconds float8, class text, counted boolean)
    AS 'MODULE_PATHNAME', 'tripmeter_track_legs'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION tripmeter.legs(tripmeter.track, tripmeter.mileage_policy) IS
    'The audit of a mileage: every metre and every second of a track, and what became of it under '
    'this policy. Class is moving, stopped, gap, jitter, outlier or inaccurate; counted metres '
    'make the mileage. Metres and seconds add up, class by class, to those of mileage_report.';

CREATE FUNCTION tripmeter.stops(track tripmeter.track, radius float8 DEFAULT 50,
        min_duration interval DEFAULT '5 minutes')
    RETURNS TABLE (start_time timestamptz, end_time timestamptz, duration interval,
        "position" geometry(Point, 4326), fix_count bigint)
    AS 'MODULE_PATHNAME', 'tripmeter_track_stops'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION tripmeter.stops(tripmeter.track, float8, interval) IS
    'Where the vehicle stayed within a radius, in metres up to 1000, for so long, by the rules of '
    'the default policy for outliers and jitter; the position is the mean of its fixes. Errors: a '
    'radius out of range, a negative duration.';

CREATE FUNCTION tripmeter.gaps(track tripmeter.track, min_duration interval DEFAULT '5 minutes')
    RETURNS TABLE (start_time timestamptz, end_time timestamptz, duration interval,
        from_position geometry(Point, 4326), to_position geometry(Point, 4326), metres float8)
    AS 'MODULE_PATHNAME', 'tripmeter_track_gaps'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION tripmeter.gaps(tripmeter.track, interval) IS
    'Times of this length or longer without a fix, and the straight line over each, in metres. '
    'Errors: a negative duration.';

SET LOCAL search_path = pg_catalog, pg_temp;

CREATE FUNCTION tripmeter.trips(track tripmeter.track,
        policy tripmeter.mileage_policy DEFAULT 'default', min_stop interval DEFAULT '5 minutes',
        min_distance float8 DEFAULT 100)
    RETURNS TABLE (start_time timestamptz, end_time timestamptz, duration interval,
        distance_m float8, trip tripmeter.track)
    AS 'MODULE_PATHNAME', 'tripmeter_track_trips'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5000 ROWS 10;
COMMENT ON FUNCTION tripmeter.trips(tripmeter.track, tripmeter.mileage_policy, interval, float8) IS
    'A vehicle''s stream of fixes, cut where it stopped for so long, by the policy''s jitter '
    'radius, or where the policy sees a gap; trips of less than so many metres are left out. '
    'Errors: a negative duration.';
