-- Load the output of demo/read, from psql's standard input, into the table recording. Empty
-- values become NULL, and so do values that cannot be read: the table unreadable has these,
-- with their lines.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET timezone = 'UTC';  -- of times without a zone
SET datestyle = 'ISO, DMY';

CREATE TEMP TABLE import_line (
    line     bigint,
    trip     text,
    "time"   text,
    lon      text,
    lat      text,
    accuracy text
);

\copy import_line FROM pstdin WITH (FORMAT csv, DELIMITER E'\t')
\set SHOW_CONTEXT never

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

-- ISO 8601, DD.MM.YYYY, or seconds, milliseconds or microseconds since 1970. As seconds,
-- 12 digits would lie beyond the year 5138.
CREATE FUNCTION pg_temp.time_of(written text) RETURNS timestamptz
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    value text := pg_temp.value_of(written);
BEGIN
    IF value ~ '^[+-]?\d{1,17}([.,]\d*)?$' THEN
        RETURN 'epoch'::timestamptz + replace(value, ',', '.')::numeric::float8 * CASE
            WHEN value ~ '^[+-]?\d{1,11}\M' THEN interval '1 second'
            WHEN value ~ '^[+-]?\d{12,14}\M' THEN interval '1 millisecond'
            ELSE interval '1 microsecond' END;
    ELSIF value IS NULL OR value ~ '^\d{4}[-/.]\d|^\d{8}T|^\d{1,2}\.\d{1,2}\.\d{4}' THEN
        RETURN replace(value, ',', '.')::timestamptz;
    END IF;
    RAISE EXCEPTION 'neither a date nor seconds since 1970: "%"', value
        USING ERRCODE = 'invalid_datetime_format';
END
$$;

-- Return the complaint about a time that cannot be read, or NULL.
CREATE FUNCTION pg_temp.time_complaint(written text) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM pg_temp.time_of(written);
    RETURN NULL;
EXCEPTION WHEN data_exception THEN
    RETURN 'time: ' || SQLERRM;
END
$$;

CREATE FUNCTION pg_temp.number_complaint(name text, written text) RETURNS text
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM pg_temp.number_of(written)::real;
    RETURN NULL;
EXCEPTION WHEN data_exception THEN
    RETURN name || ': ' || SQLERRM;
END
$$;

DROP TABLE IF EXISTS recording, unreadable;
CREATE TABLE recording (
    line        bigint NOT NULL,
    trip        text NOT NULL,
    recorded_at timestamptz,
    lon         float8,
    lat         float8,
    accuracy    real
);
CREATE TABLE unreadable (line bigint NOT NULL, complaint text NOT NULL);

-- All lines at once, and one by one only to find those that cannot be read.
DO $$
BEGIN
    INSERT INTO recording
    SELECT line, coalesce(pg_temp.value_of(trip), '(none)'), pg_temp.time_of("time"),
           pg_temp.number_of(lon), pg_temp.number_of(lat), pg_temp.number_of(accuracy)::real
    FROM import_line;
EXCEPTION WHEN data_exception THEN
    INSERT INTO unreadable
    SELECT line, complaint
    FROM import_line, LATERAL (VALUES (pg_temp.time_complaint("time")), (pg_temp.number_complaint('longitude', lon)),
        (pg_temp.number_complaint('latitude', lat)), (pg_temp.number_complaint('accuracy', accuracy))) c (complaint)
    WHERE complaint IS NOT NULL;
    INSERT INTO recording
    SELECT line, coalesce(pg_temp.value_of(trip), '(none)'),
           CASE WHEN pg_temp.time_complaint("time") IS NULL THEN pg_temp.time_of("time") END,
           CASE WHEN pg_temp.number_complaint('', lon) IS NULL THEN pg_temp.number_of(lon) END,
           CASE WHEN pg_temp.number_complaint('', lat) IS NULL THEN pg_temp.number_of(lat) END,
           CASE WHEN pg_temp.number_complaint('', accuracy) IS NULL THEN pg_temp.number_of(accuracy)::real END
    FROM import_line;
END
$$;

-- A file of which nothing can be read is an error.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM recording WHERE recorded_at IS NOT NULL AND lon IS NOT NULL AND lat IS NOT NULL) THEN
        RAISE EXCEPTION '%', coalesce((SELECT format('line %s: %s', line, complaint) FROM unreadable ORDER BY line LIMIT 1),
            'not one of its fixes has a time and a position');
    END IF;
END
$$;

ANALYZE recording;
