-- A tariff as a value: one form for what is the same, whichever way it comes and
-- goes; compiled once where it is used; and no bytes that do harm.

BEGIN;
SELECT plan(62);
SET LOCAL search_path = tripmeter, tripmeter_internal, public;

-- The error's state; none, if there is none.
CREATE FUNCTION pg_temp.sqlstate(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE query;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

CREATE FUNCTION pg_temp.euros(rest text) RETURNS tariff LANGUAGE sql AS
    $$ SELECT ('{"tariff": 1, "currency": "EUR"' || coalesce(', ' || rest, '') || '}')::tariff $$;

-- 600 documents: of each key one of some values, or none.
CREATE FUNCTION pg_temp.member(key text, n integer, options text[]) RETURNS text LANGUAGE sql AS $$
    SELECT format(', "%s": %s', key, options[1 + (hashtextextended(key, n) & 1048575) % (cardinality(options) + 1)])
    WHERE (hashtextextended(key, n) & 1048575) % (cardinality(options) + 1) < cardinality(options)
$$;
CREATE TEMP TABLE documents AS
SELECT n, concat('{"tariff": 1, "currency": "', ('{EUR,KRW,KWD,CHF}'::text[])[1 + n % 4], '"',
    pg_temp.member('name', n, '{"\"City\"", "\"서울, \\\"Nacht\\\" \\\\ 1\""}'),
    pg_temp.member('time_zone', n, '{"\"Asia/Seoul\"", "\"america/New_York\"", "\"UTC\""}'),
    pg_temp.member('rounding', n, ARRAY['{"fare": {"step": "100"}}', '{"cash": {"mode": "up"}, "line": {"step": "0.1000"}}', '{"fare": {"mode": "half_even"}}']),
    pg_temp.member('base', n, '{"\"3\"", "\"0\"", "\"-0.123456789\"", "\"12345678901.5\""}'),
    pg_temp.member('select', n, ARRAY['{"time": "first"}', '{"moving": "first", "distance": "all"}']),
    pg_temp.member('rates', n, ARRAY['[]', '[{"dimension": "time", "price": "0.30", "unit": "60 s"}]',
        '[{"unit": "1 mi", "price": "1.5", "dimension": "distance", "step": "0.2 mi", "when": {"evaluate": "unit", "hours": ["22:00-06:00", "12:00-13:00"]}}]',
        '[{"dimension": "moving", "per": "rental", "free": "10 min", "tiers": {"mode": "graduated", "unit": "min", "bounds": [{"to": "30", "flat": "1"}, {"price": "0.10"}]}}]']),
    pg_temp.member('meter', n, ARRAY['{"mode": "S", "distance": {"price": "1.20", "unit": "km"}, "time": {"price": "0.35", "unit": "min"}, "covers": "1.60 km"}',
        '{"mode": "D", "time": {"price": "0.5", "unit": "min"}, "increment": "0.10", "charge": "advance"}']),
    pg_temp.member('multipliers', n, ARRAY['[{"factor": "1.20", "group": "a", "when": {"calendars": ["holidays"]}}, {"factor": "2", "to": ["meter", "base"]}]']),
    pg_temp.member('surcharges', n, ARRAY['[{"attribute": "toll"}]', '[{"amount": "1", "when": {"not": {"attributes": {"class": ["van", 7.0, true]}}}}]',
        '[{"amount": "2", "when": {"weekdays": ["sun", "fri"], "dates": ["2024-12-30/2025-01-02"], "date_of": "instant", "elapsed": {}}}]']),
    pg_temp.member('minimum', n, '{"\"8\""}'), pg_temp.member('maximum', n, '{"\"99.0\""}'),
    pg_temp.member('caps', n, ARRAY['[{"amount": "20", "rolling": "1 day"}, {"calendar": "week", "amount": "100"}]']),
    pg_temp.member('discounts', n, ARRAY['[{"percent": "10.0"}]', '[{"amount": "2"}]']),
    pg_temp.member('tax', n, ARRAY['{"percent": "19"}', '{"by": {"base": "7.0", "distance": "0"}, "included": true}']),
    pg_temp.member('calendars', n, ARRAY['{"holidays": ["2025-01-01", "2024-12-25"]}', '{"holidays": ["2024-12-25/2024-12-26"]}']),
    pg_temp.member('period', n, ARRAY['{}', '{"fee": {"amount": "10", "prorated": true}, "allowances": [{"dimension": "distance", "included": "1 km"}]}']),
    '}') AS document
FROM generate_series(1, 600) n;
CREATE TEMP TABLE tariffs_made AS SELECT n, document, document::tariff AS tariff FROM documents;

SELECT cmp_ok(count(DISTINCT document), '>', 590::bigint, 'the documents differ') FROM documents;
SELECT cmp_ok(count(DISTINCT tariff::text), '>', 590::bigint, 'so do the tariffs') FROM tariffs_made;
SELECT is(string_agg(n::text, ' '), NULL, 'the canonical form of the canonical form is itself') FROM tariffs_made WHERE tariff::text::tariff::text <> tariff::text;
SELECT is(string_agg(n::text, ' '), NULL, 'keys in another order give the same tariff') FROM tariffs_made WHERE document::jsonb::text::tariff <> tariff;
SELECT is(string_agg(n::text, ' '), NULL, 'a tariff comes back from jsonb') FROM tariffs_made WHERE tariff::jsonb::tariff <> tariff OR document::jsonb::tariff <> tariff;
SELECT is(string_agg(n::text, ' '), NULL, 'its jsonb is its text') FROM tariffs_made WHERE tariff::jsonb <> tariff::text::jsonb;

CREATE TEMP TABLE stored (n integer, tariff tariff);
SELECT quote_literal(current_setting('data_directory') || '/tariff_type.copy') AS file \gset
COPY (SELECT n, tariff FROM tariffs_made) TO :file WITH (FORMAT binary);
COPY stored FROM :file WITH (FORMAT binary);
-- what other programs send need not be canonical
COPY (SELECT n, document FROM tariffs_made) TO :file WITH (FORMAT binary);
COPY stored FROM :file WITH (FORMAT binary);
SELECT format('cat > /dev/null; rm %s', :file) AS remove \gset
COPY (SELECT) TO PROGRAM :'remove';
SELECT is(count(*), 2 * (SELECT count(*) FROM tariffs_made), 'binary copies are complete') FROM stored;
SELECT is(string_agg(n::text, ' '), NULL, 'and the same') FROM tariffs_made m JOIN stored s USING (n) WHERE s.tariff::text <> m.tariff::text;
SELECT is(string_agg(n::text, ' '), NULL, 'the binary form is the text') FROM tariffs_made WHERE tariff_send(tariff) <> convert_to(tariff::text, 'UTF8');
SELECT is(typstorage::text, 'x', 'a large tariff is compressed') FROM pg_type WHERE oid = 'tariff'::regtype;

SET LOCAL datestyle = 'SQL, DMY';
SET LOCAL timezone = 'Asia/Kathmandu';
SET LOCAL intervalstyle = 'iso_8601';
SELECT is(string_agg(n::text, ' '), NULL, 'whatever the session''s settings') FROM tariffs_made WHERE document::tariff::text <> tariff::text;
RESET datestyle;
RESET timezone;
RESET intervalstyle;

-- The same, and not the same

SELECT is(pg_temp.euros(a), pg_temp.euros(b), format('%s is %s', a, b)) FROM (VALUES
    ('"base": "2.4"', '"base": "02.400000000"'),
    ('"base": "0"', NULL),
    ('"rates": [{"dimension": "distance", "price": "1", "unit": "km"}]', '"rates": [{"name": "distance", "dimension": "distance", "price": "1.000", "unit": "1.0km"}]'),
    ('"rates": [{"dimension": "time", "price": "1", "unit": "h", "when": {}}]', '"rates": [{"dimension": "time", "price": "1", "unit": "h", "when": {"attributes": {}, "date_of": "window"}}]'),
    ('"surcharges": [{"amount": "1", "when": {"weekdays": ["mon", "tue"]}}]', '"surcharges": [{"amount": "1", "when": {"evaluate": "start", "weekdays": ["tue", "mon", "tue"]}}]'),
    ('"surcharges": [{"amount": "1", "when": {"dates": ["2024-01-01", "2024-01-02"]}}]', '"surcharges": [{"amount": "1", "when": {"dates": ["2024-01-02/2024-01-02", "2024-01-01", "2024-01-02"]}}]'),
    ('"surcharges": [{"amount": "1", "when": {"hours": ["00:00-06:00", "22:00-24:00"]}}]', '"surcharges": [{"amount": "1", "when": {"hours": ["22:00:00-00:00", "00:00-06:00:00"]}}]'),
    ('"surcharges": [{"amount": "1", "when": {"attributes": {"zone": [1, 2.5]}}}]', '"surcharges": [{"amount": "1", "when": {"attributes": {"zone": [1.0, 25e-1]}}}]'),
    ('"surcharges": [{"amount": "1", "when": {"attributes": {"zone": 1}}}]', '"surcharges": [{"amount": "1", "when": {"attributes": {"zone": [1]}}}]'),
    ('"rounding": {"cash": {}}', '"rounding": {"cash": {"step": "0.01", "when": {"attributes": {"payment": "cash"}}}, "fare": {}}'),
    ('"multipliers": [{"factor": "1.5"}]', '"multipliers": [{"factor": "1.50", "name": "multiplier", "to": ["meter", "reserved", "stopped", "moving", "time", "distance", "base"]}]')
) v (a, b);

SELECT isnt(pg_temp.euros(a), pg_temp.euros(b), format('%s is not %s', a, coalesce(b, 'nothing'))) FROM (VALUES
    ('"minimum": "0"', NULL),
    ('"period": {}', NULL),
    ('"rounding": {"cash": {}}', NULL),
    ('"rounding": {"cash": {}}', '"rounding": {"cash": {"when": {}}}'),
    ('"calendars": {"a": ["2024-12-25"]}', NULL),
    ('"name": "a"', '"name": "A"'),
    ('"rates": [{"dimension": "time", "price": "1", "unit": "60 min"}]', '"rates": [{"dimension": "time", "price": "1", "unit": "h"}]'),
    ('"surcharges": [{"amount": "1", "when": {"elapsed": {}}}]', '"surcharges": [{"amount": "1"}]'),
    ('"surcharges": [{"amount": "1", "when": {"attributes": {"zone": 1}}}]', '"surcharges": [{"amount": "1", "when": {"attributes": {"zone": "1"}}}]'),
    ('"surcharges": [{"amount": "1"}, {"amount": "2"}]', '"surcharges": [{"amount": "2"}, {"amount": "1"}]')
) v (a, b);

-- Operators: by bytes, and one with the other.

CREATE TEMP TABLE sample AS SELECT n, tariff, convert_to(tariff::text, 'UTF8') AS bytes FROM tariffs_made WHERE n <= 100
    UNION ALL SELECT n + 1000, document::jsonb::text::tariff, convert_to(tariff::text, 'UTF8') FROM tariffs_made WHERE n <= 20;
SELECT is(count(*) FILTER (WHERE (a.tariff = b.tariff, a.tariff <> b.tariff, a.tariff < b.tariff, a.tariff <= b.tariff, a.tariff > b.tariff, a.tariff >= b.tariff,
        sign(tariff_cmp(a.tariff, b.tariff))) IS DISTINCT FROM (a.bytes = b.bytes, a.bytes <> b.bytes, a.bytes < b.bytes, a.bytes <= b.bytes, a.bytes > b.bytes,
        a.bytes >= b.bytes, CASE WHEN a.bytes < b.bytes THEN -1 WHEN a.bytes = b.bytes THEN 0 ELSE 1 END)), 0::bigint, 'tariffs are ordered as their bytes')
FROM sample a, sample b;
SELECT is(count(*) FILTER (WHERE tariff_hash(a.tariff) <> tariff_hash(b.tariff) OR tariff_hash_extended(a.tariff, 42) <> tariff_hash_extended(b.tariff, 42)), 0::bigint,
    'equal ones have equal hashes') FROM sample a JOIN sample b ON a.bytes = b.bytes AND a.n <> b.n;
SELECT cmp_ok(count(DISTINCT tariff_hash(tariff)), '>', 95::bigint, 'others have others') FROM sample;
SELECT is(tariff_hash_extended(tariff, 0) & 4294967295, tariff_hash(tariff)::bigint & 4294967295, 'without a seed the long hash ends in the short one') FROM sample WHERE n = 1;
SELECT isnt(tariff_hash_extended(tariff, 1), tariff_hash_extended(tariff, 2), 'the seed matters') FROM sample WHERE n = 1;

CREATE FUNCTION pg_temp.plan_has(query text, node text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line LIKE '%' || node || '%' THEN RETURN true; END IF;
    END LOOP;
    RETURN false;
END $$;
CREATE UNIQUE INDEX ON tariffs_made ((tariff_send(tariff)));
CREATE INDEX some_tariff ON sample (tariff);
ANALYZE sample;
SET LOCAL enable_seqscan = off;
SELECT ok(pg_temp.plan_has('SELECT n FROM sample WHERE tariff = (SELECT tariff FROM tariffs_made WHERE n = 7)', 'Index'), 'a btree finds tariffs');
SELECT is((SELECT array_agg(n ORDER BY n) FROM sample WHERE tariff = (SELECT tariff FROM tariffs_made WHERE n = 7)), '{7,1007}', 'by their value');
RESET enable_seqscan;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_nestloop = off;
SELECT ok(pg_temp.plan_has('SELECT FROM sample a JOIN sample b USING (tariff)', 'Hash Join'), 'tariffs are joined by hash');
SELECT is(count(*), 140::bigint, 'all of them') FROM sample a JOIN sample b USING (tariff) WHERE a.n <= 100 OR b.n <= 100;
RESET enable_mergejoin;
SET LOCAL enable_hashjoin = off;
SELECT ok(pg_temp.plan_has('SELECT FROM sample a JOIN sample b USING (tariff)', 'Merge Join'), 'and by order');
SELECT is(count(*), 140::bigint, 'all of them, too') FROM sample a JOIN sample b USING (tariff) WHERE a.n <= 100 OR b.n <= 100;
SELECT is(count(*), 100::bigint, 'DISTINCT') FROM (SELECT DISTINCT tariff FROM sample) d;

-- Where they are used

SELECT is(string_agg(n::text, ' '), NULL, 'each row has the answer of its own tariff')
FROM (SELECT * FROM tariffs_made, generate_series(1, 3) again ORDER BY hashint4(n * again)) shuffled
WHERE currency(tariff) IS DISTINCT FROM ('{EUR,KRW,KWD,CHF}'::text[])[1 + n % 4];

-- 150 kB a tariff
CREATE TEMP TABLE large AS
SELECT n, format('{"tariff": 1, "currency": "%s", "base": "%s", "calendars": {"a": [%s]}}', CASE WHEN n % 3 = 0 THEN 'USD' ELSE 'EUR' END, n, dates)::tariff AS tariff
FROM generate_series(1, 500) n, (SELECT string_agg(to_json(date '2000-01-01' + 2 * i)::text, ', ') AS dates FROM generate_series(1, 10000) i) d;
SELECT ok(pg_column_size(tariff) < 100000 AND length(tariff::text) > 140000, 'a large tariff is stored compressed') FROM large WHERE n = 1;

CREATE FUNCTION pg_temp.cached() RETURNS numeric LANGUAGE sql AS
    $$ SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name = 'tripmeter tariffs' $$;
CREATE FUNCTION pg_temp.fetch(name refcursor, rows integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    currency text;
    seen text[] := '{}';
BEGIN
    FOR i IN 1..rows LOOP
        FETCH name INTO currency;
        seen := seen || currency;
    END LOOP;
    RETURN (SELECT string_agg(format('%s %s', count, s), ', ' ORDER BY s) FROM (SELECT s, count(*) FROM unnest(seen) s GROUP BY s) c);
END $$;

DECLARE few CURSOR FOR SELECT currency(tariff) FROM generate_series(1, 1000) i, LATERAL (SELECT tariff FROM tariffs_made WHERE n = 1 + i % 10 OFFSET 0) t;
SELECT is(pg_temp.fetch('few', 10), '2 CHF, 2 EUR, 3 KRW, 3 KWD', 'ten tariffs, once');
SELECT pg_temp.cached() AS after_ten \gset
SELECT is(pg_temp.fetch('few', 990), '198 CHF, 198 EUR, 297 KRW, 297 KWD', 'and 99 times again');
SELECT is(pg_temp.cached(), :'after_ten', 'are compiled once');
CLOSE few;
SELECT is(pg_temp.cached(), NULL, 'and forgotten with the query');

DECLARE many CURSOR FOR SELECT currency(tariff) FROM large, generate_series(1, 2) again ORDER BY again, n;
SELECT is(pg_temp.fetch('many', 999), '667 EUR, 332 USD', 'large tariffs in large numbers');
SELECT ok(pg_temp.cached() BETWEEN 1e6 AND 80e6, 'take memory within bounds');
CLOSE many;

CREATE TEMP TABLE small AS SELECT n, pg_temp.euros(format('"base": "%s"', n)) AS tariff FROM generate_series(1, 12000) n;
DECLARE numbers CURSOR FOR SELECT currency(tariff) FROM small;
SELECT is(pg_temp.fetch('numbers', 10000), '10000 EUR', 'small tariffs in large numbers');
SELECT pg_temp.cached() AS after_all \gset
SELECT is(pg_temp.fetch('numbers', 1999), '1999 EUR', 'and more');
SELECT cmp_ok(pg_temp.cached(), '<', :'after_all'::numeric / 2, 'are thrown away in between');
CLOSE numbers;

-- Bytes of others

CREATE TEMP TABLE whole AS
SELECT pg_temp.euros('"time_zone": "Europe/Berlin", "rates": [{"name": "ü", "dimension": "time", "price": "1.50", "unit": "15 min", "when": {"hours": ["22:00-06:00"], "dates": ["2024-12-25"]}}]')::text AS text;
SELECT is(string_agg(DISTINCT coalesce(left(pg_temp.sqlstate(format('SELECT %L::tariff', left(text, size))), 2), 'taken'), ' '), '22', 'a part of a text is refused')
FROM whole, generate_series(0, length(text) - 1) size;
CREATE FUNCTION pg_temp.outcome(document text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    tariff tariff;
BEGIN
    tariff := document;
    RETURN CASE WHEN tariff::text::tariff::text = tariff::text THEN 'a tariff' ELSE 'not a tariff: ' || tariff END;
EXCEPTION WHEN OTHERS THEN
    RETURN CASE WHEN SQLSTATE ~ '^22' THEN 'refused' ELSE SQLSTATE || ' ' || SQLERRM END;
END $$;
SELECT is(string_agg(DISTINCT outcome, ', ' ORDER BY outcome), 'a tariff, refused', 'a changed text is refused, or another tariff''s')
FROM whole, generate_series(1, length(text)) at, unnest('{"", "\"", "{", "[", "1", "9", "-", " ", "x", "ü", "\\"}'::text[]) put,
    LATERAL (SELECT pg_temp.outcome(overlay(text PLACING put FROM at FOR 1)) AS outcome) o;
SELECT is(pg_temp.sqlstate(format('SELECT %L::tariff', '{"tariff": ' || repeat('[', 500000))), '54001', 'a deep text is refused');

-- Values are trusted to be canonical, not to be sound.
CREATE CAST (text AS tariff) WITHOUT FUNCTION;
CREATE FUNCTION pg_temp.used(document text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN currency(document::tariff) || as_jsonb(document::tariff)::text;
EXCEPTION WHEN OTHERS THEN
    RETURN CASE WHEN SQLSTATE ~ '^22' THEN 'refused' ELSE SQLSTATE || ' ' || SQLERRM END;
END $$;
SELECT matches(pg_temp.used(text), '^EUR{', 'a stored text is used as it is') FROM whole;
SELECT is(string_agg(DISTINCT pg_temp.used(left(text, size)), ' '), 'refused', 'a damaged value is an error')
FROM whole, generate_series(0, length(text) - 1) size;
SELECT is(pg_temp.used('{"tariff": 1, "currency": "XYZ"}'), 'refused', 'so is one that was never checked');

-- PL/pgSQL evaluates one expression again and again
CREATE FUNCTION pg_temp.bases() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    one tripmeter.tariff;
    fares text := '';
BEGIN
    FOR base IN 1 .. 3 LOOP
        one := jsonb_build_object('tariff', 1, 'currency', 'EUR', 'base', base::text)::text;
        fares := fares || ' ' || tripmeter.fare(one, 0, '0', '2024-01-01');
    END LOOP;
    RETURN fares;
END $$;
SELECT is(pg_temp.bases(), ' 1.00 2.00 3.00', 'a variable may hold one after the other');

SELECT * FROM finish();
ROLLBACK;
