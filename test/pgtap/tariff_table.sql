-- Stored tariffs: one at a time, whole, and as they were.

BEGIN;
SELECT plan(80);
-- Nothing here depends on the search_path, or on how the session writes dates.
SET LOCAL search_path = public;
SET LOCAL timezone = 'UTC';
SET LOCAL DateStyle = 'SQL, DMY';

-- A tariff that costs so much, whenever.
CREATE FUNCTION pg_temp.costing(base numeric) RETURNS tripmeter.tariff LANGUAGE sql AS $$
    SELECT format('{"tariff": 1, "currency": "EUR", "base": "%s"}', base::numeric(12, 2))::tripmeter.tariff
$$;
CREATE FUNCTION pg_temp.base_at(name text, at timestamptz) RETURNS numeric LANGUAGE sql AS $$
    SELECT (tripmeter.tariff_at(name, at)::jsonb ->> 'base')::numeric
$$;
CREATE FUNCTION pg_temp.versions(name text) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(version || ' ' || (tariff::jsonb ->> 'base') || ' ' || to_char(lower(valid), 'YYYY-MM-DD') || ' '
        || coalesce(to_char(upper(valid), 'YYYY-MM-DD'), 'on'), ', ' ORDER BY version) FROM tripmeter.tariffs t WHERE t.name = $1
$$;

-- Publishing

SELECT is(tripmeter.tariff_publish('taxi', pg_temp.costing(1), '2020-01-01Z'), 1, 'the first version is number 1');
SELECT is(tripmeter.tariff_publish('taxi', pg_temp.costing(2), '3020-01-01Z'), 2, 'the next is number 2');
SELECT is(tripmeter.tariff_publish('taxi', pg_temp.costing(3), '3021-01-01Z'), 3, 'and the next number 3');
SELECT is(tripmeter.tariff_publish('van', pg_temp.costing(10), '2021-06-01Z'), 1, 'another name is counted by itself');
SELECT is(pg_temp.versions('taxi'), '1 1.00 2020-01-01 3020-01-01, 2 2.00 3020-01-01 3021-01-01, 3 3.00 3021-01-01 on', 'each ends the one before it');
SELECT is(pg_temp.versions('van'), '1 10.00 2021-06-01 on', 'and no other');

SELECT is(pg_temp.base_at('taxi', at), base::numeric, format('in force at %s', at))
FROM (VALUES ('2020-01-01Z'::timestamptz, 1), ('3020-01-01Z'::timestamptz - interval '1 us', 1), ('3020-01-01Z', 2),
    ('3020-12-31 23:59:59.999999Z', 2), ('3021-01-01Z', 3), ('9999-01-01Z', 3)) AS times (at, base);
SELECT is(pg_temp.base_at('van', '3021-01-01Z'), 10::numeric, 'of the other name its own');
SELECT ok(tripmeter.tariff_at(name, at) IS NULL, 'none at no time, none of no name')
FROM (VALUES ('taxi', NULL::timestamptz), (NULL, now())) AS nothing (name, at);

CREATE FUNCTION pg_temp.failure(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; detail text;
BEGIN
    EXECUTE query;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws('; ', SQLSTATE || ' ' || message, nullif(detail, ''));
END $$;

SET LOCAL DateStyle = 'ISO';
SELECT is(pg_temp.failure($$SELECT tripmeter.tariff_at('taxi', '2019-12-31 23:59:59.999999Z')$$),
    '42704 no version of tariff "taxi" is valid at 2019-12-31 23:59:59.999999+00; It is valid {["2020-01-01 00:00:00+00",)}.',
    'where there is none, it is said when there is one');
SELECT is(pg_temp.failure($$SELECT tripmeter.tariff_at('Taxi', now())$$) ~ '^42704 .*; There is no tariff of this name\.$', true, 'or that there is none at all');

SELECT is(pg_temp.failure($$SELECT tripmeter.tariff_publish('taxi', pg_temp.costing(4), '3021-01-01Z')$$),
    '55000 tariff "taxi" has a version that does not begin before 3021-01-01 00:00:00+00; Version 3 begins 3021-01-01 00:00:00+00.',
    'nothing is published before what is published');
SELECT matches(pg_temp.failure($$SELECT tripmeter.tariff_publish('van', pg_temp.costing(4), now())$$),
    '^55000 the past validity of version 1 of tariff "van" cannot be changed; It ends never, and would end ', 'nothing ends what holds now');
SELECT matches(pg_temp.failure(format('SELECT tripmeter.tariff_publish(%s)', arguments)), '^' || state, arguments)
FROM (VALUES ($$NULL, pg_temp.costing(1), '2020-01-01Z'$$, '23502'), ($$'', pg_temp.costing(1), '2020-01-01Z'$$, '23514'),
    ($$'bus', NULL, '2020-01-01Z'$$, '23502'), ($$'bus', pg_temp.costing(1), NULL$$, '23514'),
    ($$'bus', pg_temp.costing(1), '-infinity'$$, '23514'), ($$'bus', pg_temp.costing(1), 'infinity'$$, '23514')) AS bad (arguments, state);

-- Versions beside each other

PREPARE store(text, int, tstzrange) AS INSERT INTO tripmeter.tariffs (name, version, valid, tariff) VALUES ($1, $2, $3, pg_temp.costing(5));
SELECT lives_ok($$EXECUTE store('taxi', 9, '[2019-01-01Z,2020-01-01Z)')$$, 'a time without a tariff can be given one later');
SELECT throws_ok(format('EXECUTE store(%L, %s, %L)', name, version, valid), state, NULL, format('%s %s %s', name, version, valid))
FROM (VALUES
    ('taxi', 8, '[2019-12-31Z,2020-01-01Z)', '23P01'), ('taxi', 8, '[2018-01-01Z,2019-01-01 00:00:00.000001Z)', '23P01'),
    ('taxi', 8, '[2025-01-01Z,2025-01-02Z)', '23P01'), ('taxi', 8, '[2018-01-01Z,)', '23P01'), ('taxi', 3, '[2018-01-01Z,2018-01-02Z)', '23505'),
    ('bus', 0, '[2018-01-01Z,)', '23514'), ('bus', 1, 'empty', '23514'), ('bus', 1, '(2018-01-01Z,)', '23514'), ('bus', 1, '(,2018-01-01Z)', '23514'),
    ('bus', 1, '[2018-01-01Z,2019-01-01Z]', '23514'), ('bus', 1, '[-infinity,2019-01-01Z)', '23514'),
    ('bus', 1, '[2018-01-01Z,infinity)', '23514')) AS bad (name, version, valid, state);

-- What holds is kept

CREATE FUNCTION pg_temp.attempt(what text) RETURNS text LANGUAGE sql AS $$
    SELECT split_part(pg_temp.failure(replace(replace(what, 'DELETE', 'DELETE FROM tripmeter.tariffs'), 'UPDATE', 'UPDATE tripmeter.tariffs SET')), '; ', 1)
$$;
SELECT is(pg_temp.attempt(statement || $$ WHERE name = 'taxi' AND version = 1$$), '55000 version 1 of tariff "taxi" cannot be changed', statement)
FROM unnest(ARRAY['UPDATE tariff = pg_temp.costing(1.01)', $$UPDATE name = 'cab'$$, 'UPDATE version = 7', $$UPDATE published_at = '2020-01-01Z'$$,
    $$UPDATE valid = '[2020-01-02Z,3020-01-01Z)'$$]) statement;
SELECT is(pg_temp.attempt($$DELETE WHERE name = 'taxi' AND version = 1$$), '55000 version 1 of tariff "taxi" cannot be deleted', 'it cannot be deleted');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT is(pg_temp.failure('TRUNCATE tripmeter.tariffs'), '55000 tariffs cannot be truncated', 'nor truncated');
SET CONSTRAINTS ALL DEFERRED;
SELECT is(pg_temp.attempt($$UPDATE valid = tstzrange(lower(valid), clock_timestamp()) WHERE name = 'taxi' AND version = 1$$),
    '55000 the past validity of version 1 of tariff "taxi" cannot be changed', 'it does not end now, when a bill may just have been computed');
SELECT is(pg_temp.attempt($$UPDATE valid = '[2019-01-01Z,2019-02-01Z)' WHERE name = 'taxi' AND version = 9$$),
    '55000 the past validity of version 9 of tariff "taxi" cannot be changed', 'what has ended does not end earlier');
SELECT is(pg_temp.attempt($$UPDATE valid = '[2019-01-01Z,)' WHERE name = 'taxi' AND version = 9$$),
    '55000 the past validity of version 9 of tariff "taxi" cannot be changed', 'or later');
SELECT is(pg_temp.attempt($$UPDATE valid = '[2019-01-01Z,2019-01-01Z)' WHERE name = 'taxi' AND version = 9$$),
    '55000 version 9 of tariff "taxi" cannot be changed', 'nor was it never');
SELECT is(pg_temp.attempt($$UPDATE valid = valid, tariff = tariff WHERE name = 'taxi'$$), 'no error', 'an update of nothing is one');
SELECT is(pg_temp.attempt($$UPDATE valid = '[2020-01-01Z,3019-01-01Z)' WHERE name = 'taxi' AND version = 1$$), 'no error', 'an end to come may come earlier');
SELECT is(pg_temp.attempt($$UPDATE valid = '[2020-01-01Z,3020-01-01Z)' WHERE name = 'taxi' AND version = 1$$), 'no error', 'or later than that');
SELECT is(pg_temp.attempt($$UPDATE tariff = pg_temp.costing(2.5), valid = '[3020-02-01Z,3021-01-01Z)' WHERE name = 'taxi' AND version = 2$$), 'no error',
    'what has not begun can change');
SELECT is(pg_temp.attempt($$DELETE WHERE name = 'taxi' AND version = 3$$), 'no error', 'and be deleted');
SELECT is(pg_temp.versions('taxi'), '1 1.00 2020-01-01 3020-01-01, 2 2.50 3020-02-01 3021-01-01, 9 5.00 2019-01-01 2020-01-01', 'that was all');

-- The time may come while a transaction runs: what was allowed then is checked again.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
SAVEPOINT time_has_come;
ALTER TABLE tripmeter.tariffs DISABLE TRIGGER keep_history;
DELETE FROM tripmeter.tariffs WHERE name = 'van';
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', '55000', 'version 1 of tariff "van" cannot be deleted', 'at its end, a transaction has not deleted what holds by then');
ROLLBACK TO time_has_come;
ALTER TABLE tripmeter.tariffs DISABLE TRIGGER keep_history;
UPDATE tripmeter.tariffs SET valid = tstzrange(lower(valid), now()) WHERE name = 'van';
SELECT throws_ok('SET CONSTRAINTS ALL IMMEDIATE', '55000', 'the past validity of version 1 of tariff "van" cannot be changed', 'nor ended it before');
ROLLBACK TO time_has_come;

-- Calendars

INSERT INTO tripmeter.calendars VALUES
    ('holidays', '{[2024-12-25,2024-12-26],[2024-01-01,2024-01-01],[2024-05-01,2024-05-01]}'),
    ('carnival', '{[0044-03-15,0044-03-15]}'), ('when', '{[9999-12-31,9999-12-31]}'), ('unused', '{[2024-02-29,2024-02-29]}');
SELECT throws_ok(format('INSERT INTO tripmeter.calendars VALUES (%L, %L)', name, dates), '23514', NULL, format('calendar "%s" %s', name, dates))
FROM (VALUES ('', '{[2024-01-01,2024-01-01]}'), ('none', '{}'), ('for ever', '{[2024-01-01,)}'), ('since ever', '{(,2024-01-01]}'),
    ('endless', '{[2024-01-01,infinity]}'), ('ancient', '{[0001-12-31 BC,2024-01-01]}'), ('far', '{[9999-12-31,10000-01-01]}')) AS bad (name, dates);

-- A name is looked for wherever there are conditions, and nowhere else.
CREATE FUNCTION pg_temp.stored(name text, rest text) RETURNS text LANGUAGE sql AS $$
    SELECT tripmeter.tariff_publish(name, ('{"tariff": 1, "currency": "EUR", ' || rest || '}')::tripmeter.tariff, '2020-01-01Z');
    SELECT tripmeter.tariff_at(name, '2020-01-01Z')::jsonb ->> 'calendars';
$$;
SELECT is(pg_temp.stored(name, document)::jsonb, expected::jsonb, 'calendars of ' || name)
FROM (VALUES
    ('a rate', '"rates": [{"dimension": "time", "price": "1", "unit": "min", "when": {"calendars": ["holidays"]}}]',
        '{"holidays": ["2024-01-01", "2024-05-01", "2024-12-25/2024-12-26"]}'),
    ('a condition that is not', '"surcharges": [{"name": "s", "amount": "1", "when": {"not": {"calendars": ["carnival", "holidays"]}}}]',
        '{"carnival": ["0044-03-15"], "holidays": ["2024-01-01", "2024-05-01", "2024-12-25/2024-12-26"]}'),
    ('cash', '"rounding": {"cash": {"when": {"calendars": ["when"]}}}', '{"when": ["9999-12-31"]}'),
    ('a multiplier and its own', '"multipliers": [{"name": "m", "factor": "2", "when": {"calendars": ["when", "mine"]}}], "calendars": {"mine": ["2023-01-01"]}',
        '{"mine": ["2023-01-01"], "when": ["9999-12-31"]}'),
    ('its own of the same name', '"discounts": [{"name": "d", "percent": "2", "when": {"calendars": ["holidays"]}}], "calendars": {"holidays": ["2023-01-01"]}',
        '{"holidays": ["2023-01-01"]}'),
    ('attributes', '"surcharges": [{"name": "calendars", "amount": "1", "when": {"attributes": {"calendars": ["unused"], "when": "unused"}}}]', NULL)
    ) AS documents (name, document, expected);

UPDATE tripmeter.calendars SET dates = '{[2025-01-01,2025-01-01]}' WHERE name = 'holidays';
DELETE FROM tripmeter.calendars WHERE name = 'carnival';
SELECT is(tripmeter.tariff_at('a condition that is not', now())::jsonb -> 'calendars', '{"carnival": ["0044-03-15"], "holidays": ["2024-01-01", "2024-05-01", "2024-12-25/2024-12-26"]}',
    'a stored tariff keeps its calendars');
SELECT is(pg_temp.stored('a new one', '"surcharges": [{"name": "s", "amount": "1", "when": {"calendars": ["holidays"]}}]')::jsonb, '{"holidays": ["2025-01-01"]}',
    'a new one has the new');
SELECT is(pg_temp.failure($$SELECT pg_temp.stored('lost', '"surcharges": [{"name": "s", "amount": "1", "when": {"calendars": ["holidays", "carnival"]}}]')$$),
    '42704 calendar "carnival" does not exist; Tariff "lost" names it.', 'what is in neither is missed');
SELECT lives_ok($$SELECT tripmeter.tariff_publish('to come', pg_temp.costing(1), '3020-01-01Z')$$, 'one that is still to come');
UPDATE tripmeter.tariffs SET tariff = '{"tariff": 1, "currency": "EUR", "surcharges": [{"name": "s", "amount": "1", "when": {"calendars": ["holidays"]}}]}' WHERE name = 'to come';
SELECT is(tripmeter.tariff_at('to come', '3020-01-01Z')::jsonb -> 'calendars', '{"holidays": ["2025-01-01"]}', 'takes its calendars when it is changed');

-- Rights

CREATE ROLE tripmeter_clerk;
SET LOCAL ROLE tripmeter_clerk;
SELECT is(split_part(pg_temp.failure($$SELECT tripmeter.tariff_at('taxi', now())$$), '; ', 1), '42501 permission denied for table tariffs', 'prices are not everybody''s to see');
RESET ROLE;
GRANT SELECT ON tripmeter.tariffs TO tripmeter_clerk;
SET LOCAL ROLE tripmeter_clerk;
SELECT is(pg_temp.base_at('taxi', now()), 1::numeric, 'who may read the table may look a tariff up');
SELECT is(split_part(pg_temp.failure($$SELECT tripmeter.tariff_publish('cab', pg_temp.costing(1), now())$$), '; ', 1), '42501 permission denied for table tariffs', 'but not publish');
RESET ROLE;
GRANT INSERT, UPDATE ON tripmeter.tariffs TO tripmeter_clerk;
GRANT SELECT ON tripmeter.calendars TO tripmeter_clerk;
SET LOCAL ROLE tripmeter_clerk;
SELECT is(tripmeter.tariff_publish('cab', pg_temp.costing(1), now()), 1, 'who may write it may');
RESET ROLE;

-- Many versions

INSERT INTO tripmeter.tariffs (name, version, valid, tariff)
SELECT 'fleet ' || f, v, tstzrange('2000-01-01Z'::timestamptz + v * 90 * interval '1 day', '2000-01-01Z'::timestamptz + (v * 90 + 90 - f % 2) * interval '1 day'),
    pg_temp.costing(f * 100 + v)
FROM generate_series(1, 20) f, generate_series(1, 50) v;
SELECT is(count(*), 0::bigint, 'of many versions the right one is found')
FROM generate_series(1, 20) f, generate_series(0, 400) i, LATERAL (SELECT '2000-04-01Z'::timestamptz + i * interval '11 days 1 h') AS t (at)
WHERE CASE WHEN EXISTS (SELECT FROM tripmeter.tariffs WHERE name = 'fleet ' || f AND at <@ valid)
    THEN pg_temp.base_at('fleet ' || f, at) IS DISTINCT FROM f * 100 + floor(extract(epoch FROM at - '2000-01-01Z') / 86400 / 90)
    ELSE f % 2 = 0 END;

SELECT * FROM finish();
ROLLBACK;
