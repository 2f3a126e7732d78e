-- Odometers: what a vehicle's own counter counted, from its readings.

CREATE TYPE tripmeter.odometer_report AS (
    distance_m float8,
    excluded_m float8,
    first_time timestamptz,
    last_time timestamptz,
    first_reading_m float8,
    last_reading_m float8,
    used_count bigint,
    rollover_count bigint,
    reset_count bigint,
    jump_count bigint,
    outlier_count bigint,
    unanswered_count bigint,
    conflict_count bigint,
    duplicate_count bigint,
    invalid_count bigint,
    null_count bigint,
    rules text
);
COMMENT ON TYPE tripmeter.odometer_report IS
    'A distance by an odometer, and every step and row that did or did not go into it. Metres.';
COMMENT ON COLUMN tripmeter.odometer_report.distance_m IS 'metres that the odometer counted';
COMMENT ON COLUMN tripmeter.odometer_report.excluded_m IS
    'metres of the steps of resets and jumps, by their absolute values; never distance';
COMMENT ON COLUMN tripmeter.odometer_report.first_time IS
    'time of the first believed reading; NULL without one';
COMMENT ON COLUMN tripmeter.odometer_report.last_time IS
    'time of the last believed reading; NULL without one';
COMMENT ON COLUMN tripmeter.odometer_report.first_reading_m IS
    'metres that the odometer showed at first_time';
COMMENT ON COLUMN tripmeter.odometer_report.last_reading_m IS
    'metres that the odometer showed at last_time';
COMMENT ON COLUMN tripmeter.odometer_report.used_count IS
    'readings believed; used, outlier, unanswered, conflict, duplicate, invalid and null_count '
    'add up to the rows';
COMMENT ON COLUMN tripmeter.odometer_report.rollover_count IS
    'times that the odometer passed rollover_m and started again at 0';
COMMENT ON COLUMN tripmeter.odometer_report.reset_count IS
    'times that the odometer was set to a lower reading';
COMMENT ON COLUMN tripmeter.odometer_report.jump_count IS
    'times that the odometer was set to a higher reading';
COMMENT ON COLUMN tripmeter.odometer_report.outlier_count IS
    'readings that fit neither those before them nor enough of those after them';
COMMENT ON COLUMN tripmeter.odometer_report.unanswered_count IS
    'readings of 0 by which the vehicle did not answer: no counter gets from 0 to the next '
    'reading so soon';
COMMENT ON COLUMN tripmeter.odometer_report.conflict_count IS
    'readings at the time of another one, which is lower or not 0';
COMMENT ON COLUMN tripmeter.odometer_report.duplicate_count IS
    'readings at the time of an equal one';
COMMENT ON COLUMN tripmeter.odometer_report.invalid_count IS
    'readings that no odometer shows: not finite, negative, not below rollover_m; and those at no '
    'finite time';
COMMENT ON COLUMN tripmeter.odometer_report.null_count IS 'rows without a time or a reading';
COMMENT ON COLUMN tripmeter.odometer_report.rules IS
    'the version of the rules, and the options; NULL without rows';

CREATE TYPE tripmeter.odometer_period AS (
    period tstzrange,
    distance_m float8
);
COMMENT ON TYPE tripmeter.odometer_period IS
    'Metres that an odometer counted in a period: an element of odometer_by.';
COMMENT ON COLUMN tripmeter.odometer_period.period IS
    'an hour, day, week, month, quarter or year of a calendar';
COMMENT ON COLUMN tripmeter.odometer_period.distance_m IS 'metres that the odometer counted in it';

-- The state of both aggregates.

CREATE FUNCTION tripmeter_internal.odometer_accum(state internal, recorded_at timestamptz,
        reading_m float8) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.odometer_accum(internal, timestamptz, float8) IS
    'Transition function of odometer_distance and odometer_report.';

CREATE FUNCTION tripmeter_internal.odometer_accum(state internal, recorded_at timestamptz,
        reading_m float8, max_speed float8, rollover_m float8) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.odometer_accum(internal, timestamptz, float8, float8,
        float8) IS
    'Transition function of odometer_distance and odometer_report.';

CREATE FUNCTION tripmeter_internal.odometer_combine(internal, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_combine'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.odometer_combine(internal, internal) IS
    'Combine function of odometer_distance and odometer_report.';

CREATE FUNCTION tripmeter_internal.odometer_serial(internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_serial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.odometer_serial(internal) IS
    'Serialization function of odometer_distance and odometer_report.';

CREATE FUNCTION tripmeter_internal.odometer_deserial(bytea, internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_deserial'
    LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION tripmeter_internal.odometer_deserial(bytea, internal) IS
    'Deserialization function of odometer_distance and odometer_report.';

CREATE FUNCTION tripmeter_internal.odometer_distance_final(internal) RETURNS float8
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_distance_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tripmeter_internal.odometer_distance_final(internal) IS
    'Final function of odometer_distance.';

CREATE FUNCTION tripmeter_internal.odometer_report_final(internal) RETURNS tripmeter.odometer_report
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_report_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION tripmeter_internal.odometer_report_final(internal) IS
    'Final function of odometer_report.';

-- The aggregates

CREATE AGGREGATE tripmeter.odometer_distance(recorded_at timestamptz, reading_m float8) (
    SFUNC = tripmeter_internal.odometer_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = tripmeter_internal.odometer_distance_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = tripmeter_internal.odometer_combine,
    SERIALFUNC = tripmeter_internal.odometer_serial,
    DESERIALFUNC = tripmeter_internal.odometer_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.odometer_distance(timestamptz, float8) IS
    'Metres that an odometer counted, from its readings in metres in any order. It counts at most '
    '70 metres per second and never rolls over. NULL without a usable reading, 0 with one. '
    'Errors: more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.odometer_distance(recorded_at timestamptz, reading_m float8,
        max_speed float8, rollover_m float8) (
    SFUNC = tripmeter_internal.odometer_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = tripmeter_internal.odometer_distance_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = tripmeter_internal.odometer_combine,
    SERIALFUNC = tripmeter_internal.odometer_serial,
    DESERIALFUNC = tripmeter_internal.odometer_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.odometer_distance(timestamptz, float8, float8, float8) IS
    'Metres that an odometer counted, from its readings in metres in any order, that counts at '
    'most max_speed metres per second, NULL for any, and starts again at 0 after rollover_m '
    'metres, NULL for never. NULL without a usable reading, 0 with one. Errors: a max_speed that '
    'is not positive, a rollover_m that is not positive and finite, more than one of either in a '
    'group, more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.odometer_report(recorded_at timestamptz, reading_m float8) (
    SFUNC = tripmeter_internal.odometer_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = tripmeter_internal.odometer_report_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = tripmeter_internal.odometer_combine,
    SERIALFUNC = tripmeter_internal.odometer_serial,
    DESERIALFUNC = tripmeter_internal.odometer_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.odometer_report(timestamptz, float8) IS
    'What an odometer counted and what was left out, from its readings in metres in any order. It '
    'counts at most 70 metres per second and never rolls over. Counts and metres are 0 without a '
    'usable reading. Errors: more than tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.odometer_report(recorded_at timestamptz, reading_m float8,
        max_speed float8, rollover_m float8) (
    SFUNC = tripmeter_internal.odometer_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = tripmeter_internal.odometer_report_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = tripmeter_internal.odometer_combine,
    SERIALFUNC = tripmeter_internal.odometer_serial,
    DESERIALFUNC = tripmeter_internal.odometer_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.odometer_report(timestamptz, float8, float8, float8) IS
    'What an odometer counted and what was left out, from its readings in metres in any order, '
    'that counts at most max_speed metres per second, NULL for any, and starts again at 0 after '
    'rollover_m metres, NULL for never. Counts and metres are 0 without a usable reading. Errors: '
    'a max_speed that is not positive, a rollover_m that is not positive and finite, more than '
    'one of either in a group, more than tripmeter.max_state_mb.';

-- By periods

CREATE FUNCTION tripmeter_internal.odometer_by_accum(state internal, recorded_at timestamptz,
        reading_m float8, unit text, time_zone text) RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_by_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.odometer_by_accum(internal, timestamptz, float8, text,
        text) IS
    'Transition function of odometer_by.';

CREATE FUNCTION tripmeter_internal.odometer_by_accum(state internal, recorded_at timestamptz,
        reading_m float8, unit text, time_zone text, max_speed float8, rollover_m float8)
    RETURNS internal
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_by_accum'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1;
COMMENT ON FUNCTION tripmeter_internal.odometer_by_accum(internal, timestamptz, float8, text, text,
        float8, float8) IS
    'Transition function of odometer_by.';

CREATE FUNCTION tripmeter_internal.odometer_by_final(internal) RETURNS tripmeter.odometer_period[]
    AS 'MODULE_PATHNAME', 'tripmeter_odometer_by_final'
    LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION tripmeter_internal.odometer_by_final(internal) IS
    'Final function of odometer_by.';

CREATE AGGREGATE tripmeter.odometer_by(recorded_at timestamptz, reading_m float8, unit text,
        time_zone text) (
    SFUNC = tripmeter_internal.odometer_by_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = tripmeter_internal.odometer_by_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = tripmeter_internal.odometer_combine,
    SERIALFUNC = tripmeter_internal.odometer_serial,
    DESERIALFUNC = tripmeter_internal.odometer_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.odometer_by(timestamptz, float8, text, text) IS
    'Metres that an odometer counted in each hour, day, week, month, quarter or year of a time '
    'zone''s calendar, as an array to unnest. A step across a bound is shared by time, so the '
    'periods add up to odometer_distance. NULL without a usable reading. Errors: another unit, an '
    'unknown time zone, more than one of either in a group, more than 1000000 periods, more than '
    'tripmeter.max_state_mb.';

CREATE AGGREGATE tripmeter.odometer_by(recorded_at timestamptz, reading_m float8, unit text,
        time_zone text, max_speed float8, rollover_m float8) (
    SFUNC = tripmeter_internal.odometer_by_accum, STYPE = internal, SSPACE = 4096,
    FINALFUNC = tripmeter_internal.odometer_by_final, FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = tripmeter_internal.odometer_combine,
    SERIALFUNC = tripmeter_internal.odometer_serial,
    DESERIALFUNC = tripmeter_internal.odometer_deserial,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE tripmeter.odometer_by(timestamptz, float8, text, text, float8, float8) IS
    'Metres that an odometer counted in each period, with the options of odometer_distance: at '
    'most max_speed metres per second, and again at 0 after rollover_m metres. Errors: those of '
    'odometer_by and of odometer_distance.';
