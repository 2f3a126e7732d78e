-- Loads the output of demo/read, from psql's standard input, into the table
-- recording. Empty values become NULL; a value that cannot be read is an error
-- that gives its line.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET timezone = 'UTC';  -- of times without a zone
SET datestyle = 'ISO, YMD';

CREATE TEMP TABLE import_line (
    line     bigint,
    trip     text,
    "time"   text,
    lon      text,
    lat      text,
    accuracy text
);

\copy import_line FROM pstdin WITH (FORMAT csv, DELIMITER E'\t')

-- lines without a fix: the header, and empty ones
DELETE FROM import_line WHERE line IS NULL;

-- Empty, by any of the names that programs write for it.
CREATE FUNCTION pg_temp.value_of(written text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN lower(btrim(written)) NOT IN ('', 'null', 'na', 'n/a', 'none', '\n', '-')
                THEN btrim(written) END
$$;

-- Some write a decimal comma.
CREATE FUNCTION pg_temp.number_of(written text) RETURNS float8
    LANGUAGE sql IMMUTABLE AS $$
    SELECT replace(pg_temp.value_of(written), ',', '.')::float8
$$;

-- ISO 8601, or seconds since 1970, or milliseconds: as seconds, 12 digits
-- would lie beyond the year 5138.
CREATE FUNCTION pg_temp.time_of(written text) RETURNS timestamptz
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    value text := pg_temp.value_of(written);
BEGIN
    IF value ~ '^[+-]?\d{1,11}([.,]\d*)?$' THEN
        RETURN to_timestamp(replace(value, ',', '.')::float8);
    ELSIF value ~ '^\d{12,13}([.,]\d*)?$' THEN
        RETURN to_timestamp(replace(value, ',', '.')::float8 / 1000);
    ELSIF value IS NULL OR value ~ '^\d{4}[-/.]\d|^\d{8}T' THEN
        RETURN replace(value, ',', '.')::timestamptz;
    END IF;
    RAISE EXCEPTION 'neither ISO 8601 nor seconds since 1970: "%"', value
        USING ERRCODE = 'invalid_datetime_format';
END
$$;

-- Why a line cannot be read, or NULL if it can be.
CREATE FUNCTION pg_temp.complaint_about(one import_line) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    what text;
BEGIN
    what := 'time';
    PERFORM pg_temp.time_of(one.time);
    what := 'longitude';
    PERFORM pg_temp.number_of(one.lon);
    what := 'latitude';
    PERFORM pg_temp.number_of(one.lat);
    what := 'accuracy';
    PERFORM pg_temp.number_of(one.accuracy)::real;
    RETURN NULL;
EXCEPTION WHEN data_exception THEN
    RETURN format('%s: %s', what, SQLERRM);
END
$$;

DROP TABLE IF EXISTS recording;
CREATE TABLE recording (
    line        bigint PRIMARY KEY,
    trip        text NOT NULL,
    recorded_at timestamptz,
    lon         float8,
    lat         float8,
    accuracy    real
);

-- All lines at once, and one by one only to find the one that failed.
DO $$
DECLARE
    complaint text;
BEGIN
    INSERT INTO recording
    SELECT line, coalesce(pg_temp.value_of(trip), '(none)'), pg_temp.time_of("time"),
           pg_temp.number_of(lon), pg_temp.number_of(lat), pg_temp.number_of(accuracy)::real
    FROM import_line;
EXCEPTION WHEN data_exception THEN
    SELECT format('line %s: %s', line, why)
    INTO complaint
    FROM import_line, pg_temp.complaint_about(import_line) AS why
    WHERE why IS NOT NULL
    ORDER BY line
    LIMIT 1;
    RAISE EXCEPTION '%', coalesce(complaint, SQLERRM);
END
$$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM recording WHERE recorded_at IS NOT NULL) THEN
        RAISE EXCEPTION 'not one of its fixes has a time';
    END IF;
END
$$;

ANALYZE recording;
