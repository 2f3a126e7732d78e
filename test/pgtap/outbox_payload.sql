-- Payloads are what to_jsonb() makes of the row under PostgreSQL's own settings, ids are the same whoever writes, and the
-- rest of an event is what it says.

BEGIN;
SELECT plan(46);
SET LOCAL timezone = 'UTC';
SET LOCAL client_min_messages = warning;

CREATE FUNCTION pg_temp.last() RETURNS tripmeter.outbox LANGUAGE sql AS 'SELECT o FROM tripmeter.outbox o ORDER BY seq DESC LIMIT 1';

-- Values of all kinds. Every row is one of edges, or random; to_jsonb() of the row under the
-- settings of pg_temp.expected() is the reference, and knows nothing of how payloads are made.

CREATE TYPE mood AS ENUM ('glad', 'so so', 'Zürich');
CREATE TYPE place AS (name text, at point, since timestamptz);
CREATE DOMAIN percent AS numeric CHECK (VALUE <= 100);
CREATE DOMAIN moods AS mood[];
CREATE TABLE samples (
    id serial PRIMARY KEY, a_bool bool, an_int2 int2, an_int4 int4, an_int8 int8, a_numeric numeric, a_scaled numeric(12, 4),
    a_float4 float4, a_float8 float8, dropped_later text, a_text text, a_varchar varchar(20), a_char char(7), a_name name, an_internal "char",
    a_date date, a_time time, a_timetz timetz, a_timestamp timestamp, a_timestamptz timestamptz, an_interval interval, a_uuid uuid,
    a_bytea bytea, a_json json, a_jsonb jsonb, an_enum mood, a_domain percent, an_array int[], a_matrix text[], a_domain_array moods, a_composite place,
    some_composites place[], a_range tstzrange, a_multirange int4multirange, an_inet inet, a_money money, a_bit varbit, a_xml xml, a_tsvector tsvector,
    a_point point, a_geometry geometry, a_geography geography(Point), a_track tripmeter.track, an_oid regclass,
    "Quoted ""name""" int, "größe" text, generated int GENERATED ALWAYS AS (an_int2 + 1) STORED
);
ALTER TABLE samples DROP COLUMN dropped_later;

INSERT INTO samples (a_bool) VALUES (NULL);
INSERT INTO samples (a_numeric, a_float4, a_float8, a_date, a_timestamp, a_timestamptz, a_jsonb, a_json, a_text, an_array)
SELECT * FROM (VALUES
    ('NaN'::numeric, 'NaN'::float4, 'NaN'::float8, 'infinity'::date, 'infinity'::timestamp, 'infinity'::timestamptz, 'null'::jsonb, 'null'::json, ''::text, '{}'::int[]),
    ('Infinity', 'Infinity', 'Infinity', '-infinity', '-infinity', '-infinity', '"scalar"', '"scalar"', E'tab\t "quote" \\ \u0001 é 𝄞', '{NULL}'),
    ('-Infinity', '-Infinity', '-Infinity', '4713-01-01 BC', '4713-01-01 00:00:00 BC', '4713-01-02 00:00:00+00 BC', '[]', '[]', 'x', '{1,2}'),
    ('-0.000', '-0', '-0', '5874897-12-31', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '{}', '{}', 'x', '[5:6]={1,2}'),
    (1e130000, 1e-45, 5e-324, '0001-12-31 BC', '0001-12-31 23:59:59.999999 BC', '2024-03-31 01:30:00+00', '[[[]], {"a": {"b": [1, 2.50, null, true]}}]', '{"b":1, "a":2, "b":3}', 'x', '{{1},{2}}'),
    (1e-16383, 3.4028235e38, 1.7976931348623157e308, '2024-02-29', '2024-02-29 00:00:00', '2024-10-27 01:30:00+00', '12.3400', '1.0', 'x', NULL)
) v;
INSERT INTO samples (a_bool, an_int2, an_int4, an_int8, a_numeric, a_scaled, a_float4, a_float8, a_text, a_varchar, a_char, a_name, an_internal,
    a_date, a_time, a_timetz, a_timestamp, a_timestamptz, an_interval, a_uuid, a_bytea, a_json, a_jsonb, an_enum, a_domain, an_array, a_matrix,
    a_domain_array, a_composite, some_composites, a_range, a_multirange, an_inet, a_money, a_bit, a_xml, a_tsvector, a_point, a_geometry, a_geography,
    a_track, an_oid, "Quoted ""name""", "größe")
SELECT r < 0.5, (r * 65535 - 32768)::int2, ((r - 0.5) * 4e9)::int4, ((r - 0.5) * 1.8e19)::int8, ((r - 0.5) * 10 ^ (i % 30 - 15))::numeric, (r * 1e7)::numeric,
    ((r - 0.5) * 10.0 ^ (i % 60 - 30))::float4, (r - 0.5) * 10.0 ^ (i % 600 - 300), repeat(md5(i::text), i % 100), left(md5(i::text), i % 20), left('abc', i % 4),
    md5(i::text), chr(65 + i % 26)::"char", '2000-01-01'::date + (i - 150) * 1009, '00:00'::time + r * interval '1 day', ('00:00'::time + r * interval '1 day')::timetz,
    '2000-01-01'::timestamp + (r - 0.5) * interval '6000 years', '2000-01-01Z'::timestamptz + (r - 0.5) * interval '6000 years', (r - 0.5) * interval '9 years', gen_random_uuid(),
    decode(md5(i::text), 'hex'), json_build_object('b', i, 'a', r), jsonb_build_object('k' || i, jsonb_build_array(i, r, md5(i::text), null)),
    (enum_range(NULL::mood))[1 + i % 3], (r * 100)::numeric(5, 2), ARRAY[i, NULL, 7], ARRAY[['a', '"'], [md5(i::text), NULL]], ARRAY['glad', NULL]::mood[],
    ROW('a', point(r, i), '2024-01-01Z')::place, ARRAY[ROW('x', NULL, NULL)::place, NULL], tstzrange('2024-01-01Z', '2024-01-01Z'::timestamptz + r * interval '1 year'),
    '{[1,3),[9,12)}', '10.0.0.1/8', (r * 1000)::numeric::money, B'10110', '<a>&amp;</a>', to_tsvector('simple', 'two words'), point(r, -r),
    CASE i % 3 WHEN 0 THEN ST_SetSRID(ST_MakePoint(r * 180, r * 90), 4326) WHEN 1 THEN ST_MakeLine(ST_MakePoint(0, 0), ST_MakePoint(r, i)) END,
    ST_MakePoint(r * 180, r * 90)::geography, format('[POINT(%s 1)@2024-01-01 00:00:00+00]', round(r::numeric, 5))::tripmeter.track, 'pg_class', i, 'ü'
FROM (SELECT i, random() AS r FROM generate_series(1, 300) i) made;
SELECT tripmeter.outbox_attach('samples', 'sample', '{id}');

CREATE FUNCTION pg_temp.expected(sample samples) RETURNS jsonb LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET DateStyle = 'ISO' SET IntervalStyle = 'postgres'
    SET extra_float_digits = 1 SET bytea_output = 'hex' AS
    'BEGIN RETURN to_jsonb(sample); END';
CREATE FUNCTION pg_temp.differing() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    began bigint := (SELECT coalesce(max(seq), 0) FROM tripmeter.outbox);
    result text;
BEGIN
    UPDATE samples SET an_internal = an_internal;
    CREATE TEMP TABLE made AS
    SELECT s.id, pg_temp.expected(s) AS expected, e.payload
    FROM samples s LEFT JOIN tripmeter.outbox e ON e.aggregateid = s.id::text AND e.seq > began;
    SELECT coalesce(string_agg(format('%s: %s instead of %s', id, payload -> key, value), '; '), count(DISTINCT id)::text)
    INTO result
    FROM (SELECT id, payload, (jsonb_each(expected)).* FROM made) r
    WHERE (payload -> key)::text IS DISTINCT FROM value::text;
    result := left(result, 500) || (SELECT count(*) FROM made WHERE payload = expected)::text;
    DROP TABLE made;
    RETURN result;
END $$;
SELECT is(pg_temp.differing(), '0307', 'payloads are what to_jsonb() makes');
SET LOCAL timezone = 'Asia/Kolkata';
SET LOCAL DateStyle = 'German';
SET LOCAL IntervalStyle = 'iso_8601';
SET LOCAL extra_float_digits = -3;
SET LOCAL bytea_output = 'escape';
SELECT is(pg_temp.differing(), '0307', 'also with other settings');
SET LOCAL timezone = 'America/New_York';
SET LOCAL extra_float_digits = 1;
SET LOCAL search_path = pg_catalog, pg_temp, public;
SELECT is(pg_temp.differing(), '0307', 'and with others again');
RESET search_path;
SET LOCAL timezone = 'UTC';
SET LOCAL DateStyle = 'ISO';
ALTER TABLE samples ADD added numeric DEFAULT 1.50, ADD later timestamptz DEFAULT '2024-01-01Z';
SELECT is(pg_temp.differing(), '0307', 'and of columns that were added, where rows have none');

-- A cast to json that is created makes another form, and one that is dropped the first again.
CREATE FUNCTION pg_temp.mood_json(mood) RETURNS json LANGUAGE sql IMMUTABLE AS 'SELECT json_build_object(''mood'', $1::text)';
CREATE CAST (mood AS json) WITH FUNCTION pg_temp.mood_json;
SELECT is(pg_temp.differing(), '0307', 'a new cast to json is followed');
DROP CAST (mood AS json);
SELECT is(pg_temp.differing(), '0307', 'and forgotten');

-- Sizes

SET LOCAL client_min_messages = error;
CREATE TABLE documents (id text PRIMARY KEY, body text, tag int);
ALTER TABLE documents ALTER body SET STORAGE EXTERNAL;
SELECT tripmeter.outbox_attach('documents', 'document', '{id}');
INSERT INTO documents SELECT 'd', string_agg(md5(i::text), ''), 1 FROM generate_series(1, 5000) i;
UPDATE documents SET tag = 2;
SELECT is((pg_temp.last()).payload, to_jsonb(d), 'a value out of line that an UPDATE left alone') FROM documents d;
DELETE FROM documents;
SELECT is(length((pg_temp.last()).payload ->> 'body'), 160000, 'a value out of line of a row that is gone');
SET LOCAL client_min_messages = warning;

ALTER TABLE documents ALTER body SET STORAGE EXTENDED;
PREPARE largest AS INSERT INTO documents VALUES ('d', repeat('x', 268435455 - 30), 1);
SELECT throws_ok('EXECUTE largest', '54000', 'the row is too large for jsonb', 'a row that has no room in jsonb');

DO $$ BEGIN
    EXECUTE (SELECT 'CREATE TABLE wide (' || string_agg(format('c%s int', i), ', ') || ')' FROM generate_series(1, 1600) i);
END $$;
SELECT tripmeter.outbox_attach('wide', 'wide', '{c1}', payload_columns => '{c7,c1600}');
INSERT INTO wide (c1, c1600) VALUES (1, 2);
SELECT is((pg_temp.last()).payload, '{"c7": null, "c1600": 2}', 'of 1,600 columns those that are allowed');
SELECT tripmeter.outbox_detach('wide');
SELECT tripmeter.outbox_attach('wide', 'wide', '{c1}');
UPDATE wide SET c800 = 3;
SELECT is((pg_temp.last()).payload, to_jsonb(w), 'all of 1,600 columns') FROM wide w;
SELECT is(count(*) FILTER (WHERE (pg_temp.last()).payload -> key = value), 1600::bigint, 'each of them by its name') FROM wide w, jsonb_each(to_jsonb(w));

-- Many in one statement: batches
CREATE TABLE many (id int, pad text);
SELECT tripmeter.outbox_attach('many', 'many', '{id}');
INSERT INTO many SELECT i, repeat('x', i % 500) FROM generate_series(1, 5000) i;
SELECT is(array_agg(aggregateid::int ORDER BY seq), (SELECT array_agg(id ORDER BY id) FROM many), 'events are numbered in the order of the rows') FROM tripmeter.outbox WHERE aggregatetype = 'many';
SELECT is(array_agg(id ORDER BY id), array_agg(id ORDER BY seq), 'and so are their ids') FROM tripmeter.outbox WHERE aggregatetype = 'many';
SELECT ok(bool_and(length(payload ->> 'pad') = aggregateid::int % 500 AND bucket = tripmeter.outbox_bucket('many', aggregateid)), 'each is whole') FROM tripmeter.outbox WHERE aggregatetype = 'many';
SET LOCAL enable_seqscan = off;
SELECT is((SELECT count(*)::int FROM tripmeter.outbox WHERE bucket = 7 AND aggregatetype = 'many'), (SELECT count(*)::int FROM many WHERE tripmeter.outbox_bucket('many', id::text) = 7),
    'and found by the index');
RESET enable_seqscan;

-- Ids

CREATE DOMAIN huge AS numeric;
CREATE TABLE keys (t text, i int8, n numeric, u uuid, b bool, d date, z timestamptz, e mood, "A key" huge, f float8, a int[], w timestamp, c char(7), s bpchar);
CREATE FUNCTION pg_temp.id_by(VARIADIC columns name[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tripmeter.outbox_attach('keys', 'key', columns);
    UPDATE keys SET f = f;
    PERFORM tripmeter.outbox_detach('keys');
    RETURN (pg_temp.last()).aggregateid;
END $$;
INSERT INTO keys VALUES ('a "b"', -7, 1.50, 'c0ffee00-0000-7000-8000-000000000000', true, '2024-02-29', '2024-02-29 23:00:00+00', 'so so', 12.5);
SELECT is(pg_temp.id_by('t'), 'a "b"', 'an id of text is that text');
SELECT is(pg_temp.id_by('i'), '-7', 'one of an integer its digits');
SELECT is(pg_temp.id_by('u'), 'c0ffee00-0000-7000-8000-000000000000', 'one of a uuid its form');
SELECT is(pg_temp.id_by('t', 'i', 'n', 'b', 'e', 'A key'), '["a \"b\"", -7, 1.5, true, "so so", 12.5]', 'one of several columns is a JSON array');
SET LOCAL timezone = 'Asia/Seoul';
SET LOCAL DateStyle = 'German';
SELECT is(pg_temp.id_by('z', 'd'), '["2024-02-29T23:00:00+00:00", "2024-02-29"]', 'times are in UTC, whoever writes');
SET LOCAL timezone = 'UTC';
SET LOCAL DateStyle = 'ISO';
UPDATE keys SET n = 1.000, "A key" = 70, c = 'a', s = 'b  ';
SELECT is(pg_temp.id_by('n'), '1', 'numbers that are equal are one id');
SELECT is(pg_temp.id_by('n', 'A key', 'c', 's'), '[1, 70, "a", "b"]', 'also in an id of several columns, and so are padded strings');
UPDATE keys SET n = 'NaN', "A key" = 1e20;
SELECT is(pg_temp.id_by('n', 'A key'), '["NaN", 100000000000000000000]', 'which are digits, whatever their scale');
UPDATE keys SET n = -0.10;
CREATE FUNCTION pg_temp.ids() RETURNS text LANGUAGE sql AS
    $$SELECT string_agg(pg_temp.id_by(c), ' ') || pg_temp.id_by('t', 'i', 'n', 'u', 'b', 'd', 'z', 'w', 'e', 'A key', 'c', 's') FROM unnest('{t,i,n,u,b,d,z,w,e,"A key",c,s}'::name[]) c$$;
UPDATE keys SET w = '2024-02-29 23:00:00.5';
CREATE TABLE same AS SELECT pg_temp.ids();
SELECT is(pg_temp.ids(), ids, format('an id does not depend on %s', setting))
FROM same, (VALUES ('TimeZone', 'America/St_Johns'), ('DateStyle', 'SQL, DMY'), ('IntervalStyle', 'iso_8601'), ('extra_float_digits', '-15'), ('bytea_output', 'escape'),
    ('xmloption', 'content')) v (setting, value), LATERAL (SELECT set_config(setting, value, true) OFFSET 0) configured;
CREATE CAST (mood AS json) WITH FUNCTION pg_temp.mood_json;
SELECT is(pg_temp.id_by('e'), 'so so', 'nor on casts to json');
SELECT is(pg_temp.id_by('e', 'i'), '["so so", -7]', 'also in one of several columns');
DROP CAST (mood AS json);
SET LOCAL timezone = 'UTC';
SET LOCAL DateStyle = 'ISO';
CREATE COLLATION pg_temp.careless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
ALTER TABLE keys ADD l text COLLATE pg_temp.careless DEFAULT 'A';
SELECT throws_ok('SELECT pg_temp.id_by(''l'')', '42804', 'column "l" cannot identify an aggregate', 'a text that is equal to others identifies nothing');
SELECT throws_ok('SELECT pg_temp.id_by(''f'')', '42804', NULL, 'a type whose text depends on settings identifies nothing');
SELECT throws_ok('SELECT pg_temp.id_by(''a'')', '42804', NULL, 'nor does an array');
UPDATE keys SET t = NULL;
SELECT throws_ok('SELECT pg_temp.id_by(''i'', ''t'')', '23502', 'null value in column "t" of relation "keys", which identifies an aggregate of the outbox', 'NULL identifies nothing');

-- By another program that computes CRC-32C, E3069283 of 123456789, of the type, a zero byte and the id, and mixes it.
SELECT is(ARRAY[tripmeter.outbox_bucket('trip', '1'), tripmeter.outbox_bucket('Fahrt', 'ä')], ARRAY[8, 19], 'buckets are for good');

-- The rest of an event

SET LOCAL tripmeter.traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
SET LOCAL tripmeter.tracestate = 'vendor=1';
SET LOCAL tripmeter.correlationid = 'saga-1';
INSERT INTO many VALUES (0, '');
SELECT is(row_to_json(e)::jsonb, '{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "vendor=1", "correlationid": "saga-1", "causationid": null}',
    'events are marked by the settings') FROM (SELECT (pg_temp.last()).traceparent, (pg_temp.last()).tracestate, (pg_temp.last()).correlationid, (pg_temp.last()).causationid) e;
SELECT is((pg_temp.last()).xid, pg_current_xact_id(), 'and have the id of the transaction');
SELECT ok((pg_temp.last()).occurred_at BETWEEN (now() AT TIME ZONE 'UTC') AND (clock_timestamp() AT TIME ZONE 'UTC'), 'and the time, in UTC');
SELECT ok(abs(extract(epoch FROM (pg_temp.last()).occurred_at AT TIME ZONE 'UTC') * 1000
        - ('x' || left(replace((pg_temp.last()).id::text, '-', ''), 12))::bit(48)::bigint) < 100, 'which is in the id, too');

-- emit() and cloudevent()

SELECT is((pg_temp.last()).id, id, 'emit() returns the id of the event')
FROM (SELECT tripmeter.emit('billing service', 'order/7', 'invoice.requested', '{"order": 7}', 12, 3) OFFSET 0) e (id);
SELECT is(tripmeter.cloudevent(e) - 'id' - 'time' - 'sequence', '{"specversion": "1.0", "type": "invoice.requested", "source": "/tripmeter/%62%69%6C%6C%69%6E%67%20%73%65%72%76%69%63%65",
    "subject": "order/7", "partitionkey": "order/7", "datacontenttype": "application/json", "schemaversion": 3, "aggregateversion": "12", "data": {"order": 7},
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "vendor=1", "correlationid": "saga-1"}', 'cloudevent() is the event in CloudEvents 1.0')
FROM pg_temp.last() e;
-- RFC 3339
SELECT ok(bool_and(tripmeter.cloudevent(e) ->> 'time' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$' AND tripmeter.cloudevent(e) ->> 'sequence' ~ '^\d{19}$'), 'its time is of RFC 3339')
FROM pg_temp.last() e;
CREATE TABLE cities (city text, name text);
SELECT tripmeter.outbox_attach('cities', 'city', '{city}');
INSERT INTO cities VALUES ('', 'Nowhere');
SELECT is(((pg_temp.last()).aggregateid, tripmeter.cloudevent(pg_temp.last()) ?| '{subject,partitionkey}', tripmeter.cloudevent(pg_temp.last()) -> 'data'),
    (''::text, false, '{"city": "", "name": "Nowhere"}'::jsonb), 'an empty id is written, and is no subject of a CloudEvent');
SELECT tripmeter.emit('saga', '1', 'ended', NULL);
SELECT is((pg_temp.last()).payload, NULL, 'an event may have no payload');

SELECT * FROM finish();
ROLLBACK;
