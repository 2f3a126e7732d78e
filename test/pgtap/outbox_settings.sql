-- A change makes the same events whoever makes it: no setting of the session decides whether
-- a condition holds, or how a value is written.

BEGIN;
SELECT plan(8);
SET LOCAL client_min_messages = error;
DELETE FROM tripmeter.outbox;

-- Columns whose text depends on settings, and rows of them

CREATE TYPE stay AS (since timestamptz, speed float8);
CREATE TABLE samples (
    id int, at timestamptz, day date, pause interval, speed float8, raw bytea, cost money,
    doc xml, rel regclass, note text,
    tags text[], ats timestamptz[], speeds float4[], during tstzrange, stay stay,
    at_point point, place geometry
);
INSERT INTO samples VALUES (
    1, '2024-01-01 03:30Z', '2024-01-02', '-1 days -12:00:00', 0.1::float8 + 0.2::float8,
    '\x00ff', 1234.5, '<a/>', 'samples', 'it''s \ running',
    '{NULL}', '{2024-01-01 03:30Z}', '{0.3}', '[2024-01-01 03:30Z,)',
    ROW('2024-01-01 03:30Z', 0.1::float8 + 0.2::float8), point(0.1::float8 + 0.2::float8, 1),
    'SRID=4326;POINT(0.30000000000000004 1)'
);
CREATE TABLE captured (LIKE samples);
SELECT tripmeter.outbox_attach('captured', 'captured', '{id,at}');

-- Functions that a session could make behave otherwise: names that it finds first, assertions
-- that it turns off, warnings that it makes errors

CREATE SCHEMA odd;
CREATE FUNCTION odd.lower(text) RETURNS text LANGUAGE sql AS $$SELECT 'odd'::text$$;
CREATE FUNCTION odd.never(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR odd.= (LEFTARG = text, RIGHTARG = text, FUNCTION = odd.never);
CREATE FUNCTION public.is_loud(note text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
    $$SELECT lower(note) = 'it''s \ running'::text$$;
CREATE FUNCTION public.is_low(id int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    ASSERT id > 1;
    RETURN false;
EXCEPTION
    WHEN assert_failure THEN
        RETURN true;
END $$;

CREATE FUNCTION public.shadowing(id int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE VIEW known AS SELECT 1 AS id;
CREATE FUNCTION public.is_known(id int) RETURNS boolean LANGUAGE plpgsql AS
    'BEGIN RETURN EXISTS (SELECT FROM public.known k WHERE k.id = is_known.id); END';

-- A rule each.  By default all conditions hold but one.
CREATE TABLE conditions (name text, condition text);
INSERT INTO conditions VALUES
    ('abbreviation', $$NEW.at = '2024-01-01 05:30 IST'$$),
    ('array', $$NEW.tags = '{NULL}' AND NEW.tags[1] IS NULL$$),
    ('assert', $$public.is_low(NEW.id)$$),
    ('binary', $$xmlelement(name a, NEW.raw)::text = '<a>AP8=</a>'$$),
    ('bytes', $$NEW.raw::text = '\x00ff'$$),
    ('content', $$'<a/><b/>'::xml IS NOT DOCUMENT$$),
    ('date', $$NEW.day = '01/02/2024'$$),
    ('float', $$NEW.speed::text = '0.30000000000000004'$$),
    ('ident', $$quote_ident(NEW.note) = '"it''s \ running"' AND quote_ident('a') = 'a'$$),
    ('interval', $$NEW.pause < '-1 12:00:00'$$),
    ('literal', $$NEW.note LIKE 'it_s \\ running'$$),
    ('mixed', $$NEW.at > '2023-12-31'::date AND NEW.at < '2024-01-01 04:00'::timestamp$$),
    ('money', $$NEW.cost::text = '$1,234.50'$$),
    ('name', $$NEW.rel::text = 'public.samples'$$),
    ('null', $$NEW.tags[1] = NULL$$),
    ('path', $$public.is_loud(NEW.note)$$),
    ('pause', $$NEW.pause::text = '-1 days -12:00:00'$$),
    ('quote', $$NEW.note = E'it\'s \\ running'$$),
    ('search', $$to_tsvector(NEW.note) @@ 'running'::tsquery$$),
    ('shadow', $$public.shadowing(NEW.id)$$),
    ('time', $$NEW.at::text = '2024-01-01 03:30:00+00' AND to_char(NEW.at, 'HH24') = '03'
        AND NEW.at::date = '2024-01-01'$$),
    ('view', $$public.is_known(NEW.id)$$),
    ('zone', $$NEW.at = '2024-01-01 03:30'$$);

-- The events of an INSERT, an UPDATE and a DELETE under settings, for which all is read anew.
-- Without literals, whose meaning depends on settings, too.  Nothing of it stays.
CREATE TABLE settings (name text, value text);
CREATE FUNCTION pg_temp.events(of settings[], OUT events text) LANGUAGE plpgsql AS $$
BEGIN
    -- compiled anew, and so is what may call it
    CREATE OR REPLACE FUNCTION public.shadowing(id int) RETURNS boolean LANGUAGE plpgsql AS
        'DECLARE id int; BEGIN RETURN true; END';
    DELETE FROM tripmeter.outbox;
    PERFORM set_config(name, value, true) FROM unnest(of);
    INSERT INTO public.captured SELECT * FROM public.samples;
    UPDATE public.captured SET day = day;
    DELETE FROM public.captured;
    SELECT string_agg(format('%s %s %s', o.type, o.aggregateid, o.payload), E'\n' ORDER BY o.seq)
    INTO events FROM tripmeter.outbox o;
    RAISE EXCEPTION USING ERRCODE = 'TM000';
EXCEPTION
    WHEN SQLSTATE 'TM000' THEN
        NULL;
    WHEN OTHERS THEN
        events := SQLERRM;
END $$;

-- Under PostgreSQL's defaults
SET LOCAL timezone = 'UTC';
SELECT tripmeter.outbox_rule('captured', name, '{insert,update}', condition) FROM conditions;
SELECT tripmeter.outbox_rule('captured', 'gone', '{delete}',
    $$OLD.at::text = '2024-01-01 03:30:00+00'$$);
CREATE TABLE usual AS SELECT * FROM pg_temp.events('{}');
SELECT is(events, (
    SELECT string_agg(format('%s [1, "2024-01-01T03:30:00+00:00"] %s', type,
        to_jsonb(s) || '{"rel": "public.samples"}'), E'\n' ORDER BY change, type)
    FROM samples s, (
        SELECT change, name FROM generate_series(1, 2) change, conditions WHERE name <> 'null'
        UNION ALL VALUES (3, 'gone')) made (change, type)
), 'all conditions but one hold, and values are as to_jsonb() makes them') FROM usual;

-- Each to an odd value.  All that decides about syntax, literals, text and names and may be set
-- by any user, whether or not it is of concern.
INSERT INTO settings VALUES
    ('search_path', 'odd, pg_catalog, public'), ('TimeZone', 'Asia/Kolkata'),
    ('timezone_abbreviations', 'India'), ('DateStyle', 'SQL, DMY'), ('DateStyle', 'German'),
    ('IntervalStyle', 'sql_standard'), ('IntervalStyle', 'iso_8601'), ('extra_float_digits', '-3'),
    ('bytea_output', 'escape'), ('lc_monetary', 'C.utf8'), ('lc_numeric', 'C.utf8'),
    ('lc_time', 'C.utf8'),
    ('xmloption', 'document'), ('xmlbinary', 'hex'), ('standard_conforming_strings', 'off'),
    ('escape_string_warning', 'off'), ('backslash_quote', 'off'),
    ('backslash_quote', 'safe_encoding'),
    ('array_nulls', 'off'), ('transform_null_equals', 'on'), ('quote_all_identifiers', 'on'),
    ('default_text_search_config', 'pg_catalog.english'), ('row_security', 'off'),
    ('gin_fuzzy_search_limit', '1'), ('check_function_bodies', 'off'),
    ('plpgsql.check_asserts', 'off'), ('plpgsql.extra_errors', 'all'),
    ('plpgsql.extra_warnings', 'all'),
    ('default_transaction_isolation', 'serializable'), ('client_encoding', 'SJIS'),
    ('client_min_messages', 'error'), ('tripmeter.tracestate', ''), ('jit_above_cost', '0');
INSERT INTO settings
SELECT name, 'view' FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'
UNION ALL
SELECT name, CASE setting WHEN 'on' THEN 'off' ELSE 'on' END
FROM pg_settings WHERE name LIKE 'enable_%';
SELECT is(array_agg(name || ' = ' || value || ': ' || left(made, 99)), NULL,
    'no setting changes an event')
FROM (SELECT name, value, pg_temp.events(ARRAY[s]) AS made FROM settings s) w, usual
WHERE made IS DISTINCT FROM usual.events;
SELECT ok(pg_temp.events(array_agg(s)) = events, 'nor do all of them together')
FROM settings s, usual GROUP BY events;

-- Each condition and each type alone: those that may depend on settings are known as such.
CREATE FUNCTION pg_temp.differs_alone(of settings[], type text, value text, condition text)
    RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    payloads jsonb;
BEGIN
    EXECUTE format('CREATE TABLE public.given AS SELECT 1 AS id, CAST(%L AS %s) AS value',
        value, type);
    CREATE TABLE public.alone (LIKE public.given);
    PERFORM tripmeter.outbox_attach('public.alone', 'alone', '{id}',
        payload_columns => CASE WHEN condition IS NOT NULL THEN '{id}'::name[] END);
    IF condition IS NOT NULL THEN
        PERFORM tripmeter.outbox_rule('public.alone', 'alone', '{insert}', condition);
    END IF;
    DELETE FROM tripmeter.outbox;
    INSERT INTO public.alone SELECT * FROM public.given;
    PERFORM set_config(s.name, s.value, true) FROM unnest(of) s;
    INSERT INTO public.alone SELECT * FROM public.given;
    SELECT jsonb_agg(DISTINCT o.payload || jsonb_build_object('times', n)) INTO payloads
    FROM (SELECT payload, count(*) AS n FROM tripmeter.outbox GROUP BY payload) o;
    RAISE EXCEPTION USING ERRCODE = 'TM000';
EXCEPTION
    WHEN SQLSTATE 'TM000' THEN
        RETURN coalesce(jsonb_array_length(payloads) > 1
            OR payloads -> 0 -> 'times' <> to_jsonb(2), true);
END $$;
CREATE TYPE mood AS ENUM ('glad');
CREATE DOMAIN instant AS timestamptz;
CREATE TABLE kinds (type text, value text);
INSERT INTO kinds VALUES
    ('boolean', 't'), ('int', '-7'), ('numeric', '1.50'), ('text', 'a'), ('name', 'a'),
    ('"char"', 'a'), ('date', '2024-01-02'),
    ('timestamp', '2024-01-02 03:04'), ('timestamptz', '2024-01-02 03:04Z'),
    ('instant', '2024-01-02 03:04Z'),
    ('time', '03:04'), ('timetz', '03:04+05:30'), ('interval', '-1 days -12:00'),
    ('float4', '0.3'), ('float8', '0.30000000000000004'),
    ('bytea', '\x00ff'), ('money', '$1.50'), ('xml', '<a/>'), ('json', '{"b": 1,"a":2}'),
    ('jsonb', '{"a": 1.50}'),
    ('uuid', '018f0000-0000-7000-8000-000000000001'), ('oid', '1'), ('regclass', 'samples'),
    ('regtype', 'mood'), ('mood', 'glad'),
    ('inet', '10.0.0.1'), ('macaddr', '08:00:2b:01:02:03'), ('varbit', '101'),
    ('tsvector', 'a:1'), ('tsquery', 'a & b'),
    ('point', '0.30000000000000004,1'), ('box', '0.30000000000000004,1,2,3'),
    ('int4range', '[1,3)'), ('numrange', '[1.5,3)'),
    ('tstzrange', '[2024-01-02 03:04Z,)'), ('datemultirange', '{[2024-01-02,2024-01-05)}'),
    ('int[]', '{1,NULL}'), ('text[]', '{a}'),
    ('date[]', '{2024-01-02}'), ('timestamp[]', '{2024-01-02 03:04}'),
    ('timestamptz[]', '{2024-01-02 03:04Z}'), ('instant[]', '{2024-01-02 03:04Z}'),
    ('float8[]', '{0.30000000000000004}'), ('mood[]', '{glad}'),
    ('interval[]', '{-1 days -12:00}'), ('bytea[]', '{"\\x00ff"}'),
    ('stay', '("2024-01-02 03:04Z",0.30000000000000004)'),
    ('stay[]', '{"(\"2024-01-02 03:04Z\",0.30000000000000004)"}'),
    ('geometry', 'SRID=4326;POINT(0.30000000000000004 1)'),
    ('geography', 'SRID=4326;POINT(0.30000000000000004 1)'),
    ('geometry[]', '{SRID=4326;POINT(0.30000000000000004 1)}'),
    ('box2d', 'BOX(0.30000000000000004 1,2 3)'),
    ('tripmeter.track', '[POINT(0.3 1)@2024-01-02 03:04:00+00]');
SELECT is(array_agg(type), NULL, 'a column of any type alone')
FROM kinds, (SELECT array_agg(s) AS all FROM settings s) s
WHERE pg_temp.differs_alone(s.all, type, value, NULL);
SELECT is(array_agg(condition), NULL, 'a condition of any kind alone')
FROM (SELECT array_agg(s) AS all FROM settings s) s, (
    SELECT 'samples', (SELECT s::text FROM samples s),
        regexp_replace(condition, '\mNEW\.', '(NEW.value).', 'g')
    FROM conditions WHERE name <> 'null'
    UNION ALL
    VALUES
        ('text', 'a', $$NEW.value = CURRENT_DATE::text OR NEW.value = 'a'$$),
        ('text', 'a', $$CASE WHEN NEW.value = 'a' THEN lower('A') = NEW.value END$$),
        ('timestamptz', '2024-01-02 03:04Z', $$date_trunc('day', NEW.value) = '2024-01-02Z'$$),
        ('timestamptz', '2024-01-02 03:04Z', $$extract(hour FROM NEW.value) = 3$$),
        ('timestamptz', '2024-01-02 03:04Z', $$NEW.value AT TIME ZONE 'IST' = '2024-01-02 05:04'$$),
        ('timestamp', '2024-01-02 05:04', $$NEW.value AT TIME ZONE 'IST' = '2024-01-02 03:04Z'$$),
        ('timestamptz', '2024-01-02 03:04Z',
            $$NEW.value + interval '1 day' = '2024-01-03 03:04Z'$$),
        ('timestamp', '2024-01-02 03:04', $$NEW.value::timestamptz = '2024-01-02 03:04Z'$$),
        ('text', '01/02/2024', $$NEW.value::date = '2024-01-02'$$),
        ('text', '-1 12:00:00', $$NEW.value::interval > '-1 day'$$),
        ('text', '{NULL}', $$(NEW.value::text[])[1] IS NULL$$),
        ('text[]', '{a}', $$NEW.value::name[] = '{a}' AND NEW.value::text = '{a}'$$),
        ('float8[]', '{0.30000000000000004}', $$NEW.value::text[] = '{0.30000000000000004}'$$),
        ('float8', '0.30000000000000004', $$concat(NEW.value) = '0.30000000000000004'$$),
        ('float8', '0.30000000000000004', $$to_jsonb(NEW.value) = '0.30000000000000004'$$),
        ('stay', '("2024-01-02 03:04Z",0.30000000000000004)',
            $$NEW.value::text LIKE '%03:04:00+00",0.30000000000000004)'$$)
) c (type, value, condition)
WHERE pg_temp.differs_alone(s.all, type, value, condition);

-- The session has its own settings again: after a statement, and after one that failed.  What a
-- condition has set stays.
CREATE FUNCTION pg_temp.now(OUT text) LANGUAGE sql AS
    $$SELECT concat_ws('; ', current_setting('search_path'), current_setting('timezone'),
        current_setting('test.seen', true), current_setting('test.kept', true))$$;
CREATE FUNCTION public.notes(id int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('test.seen', current_setting('timezone'), false),
        set_config('test.kept', (1 / id)::text, false);
    RETURN true;
END $$;
CREATE TABLE noted (id int);
SELECT tripmeter.outbox_attach('noted', 'noted', '{id}');
SELECT tripmeter.outbox_rule('noted', 'noted', '{insert}', 'public.notes(NEW.id)');
SET LOCAL search_path = public, odd, pg_temp;
SET LOCAL timezone = 'Asia/Seoul';
INSERT INTO noted VALUES (1);
SELECT is(pg_temp.now(), 'public, odd, pg_temp; Asia/Seoul; UTC; 1', 'settings are back');
SELECT throws_ok('INSERT INTO noted VALUES (1), (0)', '22012', 'division by zero',
    'a condition that fails');
SELECT is(pg_temp.now(), 'public, odd, pg_temp; Asia/Seoul; UTC; 1', 'also after an error');

SELECT * FROM finish();
ROLLBACK;
