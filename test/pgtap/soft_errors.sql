-- Since PostgreSQL 16 a caller may ask an input function for its error instead of having it
-- thrown: pg_input_is_valid(), and since 17 COPY ... ON_ERROR ignore.

BEGIN;
SELECT current_setting('server_version_num')::int >= 160000 AS has_soft_errors \gset
SELECT current_setting('server_version_num')::int >= 170000 AS copy_ignores_errors \gset
\if :has_soft_errors
SELECT plan(13);
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = public, tripmeter;

-- What the type says to a text: the error as it is thrown, NULL if it is taken.
CREATE FUNCTION pg_temp.thrown(type text, input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
    state text;
BEGIN
    EXECUTE format('SELECT %L::%s', input, type);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
        detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws('|', state, message, nullif(detail, ''), nullif(hint, ''));
END $$;
CREATE FUNCTION pg_temp.softly(type text, input text) RETURNS text LANGUAGE sql AS $$
    SELECT nullif(concat_ws('|', sql_error_code, message, detail, hint), '')
    FROM pg_input_error_info(input, type)
$$;

-- A text of each type, and texts that differ from it in one character or are cut short.
CREATE TEMP TABLE texts (type text, text text);
INSERT INTO texts VALUES
    ('mileage_policy', 'default max_speed=60 gap_threshold=600 gap_counts_as=exclude '
        'reanchor_fixes=4 null_island=accept'),
    ('mileage_policy', 'v1 jitter_radius=off max_accuracy=50'),
    ('track', '[POINT(126.9 37.5)@2024-01-01 00:00:00+00 speed=8.5 accuracy=4, '
        'POINT(127 37.6)@2024-01-01 00:01:00+00] left_out(duplicate=2)'),
    ('tariff', '{"tariff": 1, "currency": "EUR", "time_zone": "Europe/Berlin", "base": "3.90", '
        '"rates": [{"dimension": "distance", "price": "1.10", "unit": "km", '
        '"when": {"hours": ["22:00-06:00"], "dates": ["2024-12-24"], "weekdays": ["fri"]}}], '
        '"surcharges": [{"name": "night", "amount": "2.00"}], "minimum": "5.00"}');
CREATE TEMP TABLE inputs AS
SELECT type, overlay(text PLACING put FROM at FOR 1) AS input
FROM texts, generate_series(1, length(text)) at,
    unnest('{"", "9", "-", "=", "x", ",", "{", "[", "\""}'::text[]) put
UNION SELECT type, left(text, size) FROM texts, generate_series(0, length(text)) size;

SELECT is(string_agg(type || ': ' || input, '; '), NULL,
    'the texts that others are made of are valid')
FROM (SELECT type, text AS input FROM texts WHERE NOT pg_input_is_valid(text, type)) invalid;
SELECT cmp_ok(count(*), '>', 300::bigint, format('many texts of type %s are not', type))
FROM inputs WHERE NOT pg_input_is_valid(input, type) GROUP BY type ORDER BY type;
SELECT is(string_agg(format('%s: %s: %s, not %s', type, input, softly, thrown), E'\n'), NULL,
    'the error is the same, thrown or not')
FROM (
    SELECT type, input, pg_temp.softly(type, input), pg_temp.thrown(type, input)
    FROM inputs OFFSET 0
) answers
WHERE softly IS DISTINCT FROM thrown;

SELECT ok(NOT pg_input_is_valid('x', 'tariff'), 'x is no tariff');
SELECT ok(NOT pg_input_is_valid('x', 'track'), 'x is no track');
SELECT ok(NOT pg_input_is_valid('x', 'mileage_policy'), 'x is no policy');
SELECT ok(NOT pg_input_is_valid('[POINT(1 2)@yesterday morning]', 'track'),
    'a time of a track may be wrong');
SELECT ok(NOT pg_input_is_valid('v999', 'mileage_policy'), 'a version may be unknown');
SELECT ok(NOT pg_input_is_valid(format('{"tariff": 1, "currency": "EUR", "name": "%s"}',
        repeat('x', 1 << 20)), 'tariff'), 'a tariff may be too large');
SELECT ok(NOT pg_input_is_valid('{x,default}', 'mileage_policy[]'), 'an array asks its elements');

\if :copy_ignores_errors
CREATE TEMP TABLE loaded (id int, tariff tariff, track track, policy mileage_policy);
-- From a program: psql 15 takes the end of rows in a script for a command, in what it skips, too.
COPY loaded FROM PROGRAM 'printf ''%s\t%s\t%s\t%s\n'' \
    1 "{\"tariff\": 1, \"currency\": \"EUR\"}" "[]" default \
    2 "{}" "[]" default \
    3 "{\"tariff\": 1, \"currency\": \"EUR\"}" "[x]" default \
    4 "{\"tariff\": 1, \"currency\": \"EUR\"}" "[]" raw \
    5 "{\"tariff\": 1, \"currency\": \"EUR\"}" "[]" rawer' WITH (ON_ERROR ignore);
SELECT is((SELECT string_agg(id::text, ' ' ORDER BY id) FROM loaded), '1 4',
    'COPY leaves rows with errors out');
\else
SELECT skip('COPY ... ON_ERROR ignore is PostgreSQL 17''s');
\endif
SELECT * FROM finish();
\else
SELECT plan(1);
SELECT skip('soft errors are PostgreSQL 16''s');
SELECT * FROM finish();
\endif
ROLLBACK;
