-- The rules of doc/security.md that the catalogs can tell: what is in which schema, who has which
-- right, what runs as its owner, and on whose objects the extension depends.

BEGIN;
SET LOCAL client_min_messages = warning;

-- Rights, whatever a database grants on new objects. The slot is added later, when it is needed.
CREATE ROLE tripmeter_app;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO tripmeter_app, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT SELECT, DELETE ON TABLES TO tripmeter_app, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO tripmeter_app, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO tripmeter_app;
DROP EXTENSION tripmeter CASCADE;
CREATE EXTENSION tripmeter;
SELECT FROM tripmeter.outbox_configure();
SELECT FROM tripmeter_internal.outbox_add_slot();

SELECT plan(33);

CREATE TEMP TABLE schemas AS SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname IN ('tripmeter', 'tripmeter_internal');
CREATE TEMP TABLE functions AS
SELECT f.*, nspname, f.oid::regprocedure::text AS name FROM pg_proc f JOIN schemas s ON s.oid = pronamespace;
CREATE TEMP TABLE relations AS
SELECT c.*, nspname, c.oid::regclass::text AS name FROM pg_class c JOIN schemas s ON s.oid = relnamespace WHERE relkind IN ('r', 'p', 'v', 'S');

CREATE FUNCTION pg_temp.grants(acl aclitem[], owner oid) RETURNS TABLE (grantee text, privilege text) LANGUAGE sql AS $$
    SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END, a.privilege_type
    FROM aclexplode(acl) a WHERE a.grantee <> owner
$$;

-- The product

\set reference `cat doc/reference.md`
CREATE TEMP TABLE cells AS
SELECT n, split_part(line, '|', 2) AS cell
FROM regexp_split_to_table(:'reference', '\n') WITH ORDINALITY AS lines (line, n) WHERE line ~ '^\| ';
CREATE TEMP TABLE documented AS
SELECT m[1] AS name, (SELECT h.cell FROM cells h WHERE h.n < c.n AND h.cell ~ '^ [a-z ]+ $' ORDER BY h.n DESC LIMIT 1) AS kind
FROM cells c, regexp_matches(cell, '`([a-z_.]+)', 'g') m;
SELECT cmp_ok(count(*), '>=', 100::bigint, 'the reference documents names') FROM documented;
SELECT set_eq($$SELECT DISTINCT proname::text FROM functions WHERE nspname = 'tripmeter'$$,
    $$SELECT name FROM documented WHERE kind ~ 'function'$$, 'schema tripmeter has the functions of the reference');
SELECT set_eq($$SELECT relname::text FROM relations WHERE nspname = 'tripmeter'$$,
    $$SELECT name FROM documented WHERE kind ~ 'table'$$, 'and its tables and views');
SELECT set_eq($$SELECT typname::text FROM pg_type t LEFT JOIN pg_class c ON c.oid = typrelid
        WHERE typnamespace = 'tripmeter'::regnamespace AND typtype IN ('b', 'c', 'd', 'e') AND typelem = 0 AND coalesce(relkind = 'c', true)$$,
    $$SELECT name FROM documented WHERE kind ~ 'type'$$, 'and its types');
SELECT set_eq($$SELECT name FROM pg_settings WHERE name ~ '^tripmeter\.'$$,
    $$SELECT name FROM documented WHERE kind ~ 'setting'$$, 'the settings are those of the reference');
SELECT is(string_agg(name, ', '), NULL, 'nothing in schema tripmeter says that it is internal')
FROM functions WHERE nspname = 'tripmeter' AND obj_description(oid, 'pg_proc') ~ 'Internal';

-- Schemas

SELECT set_eq($$SELECT nspname::text AS name, g.* FROM schemas, pg_temp.grants(nspacl, nspowner) g$$,
    $$VALUES ('tripmeter', 'PUBLIC', 'USAGE')$$, 'everybody may use schema tripmeter, nobody the internal one');
SELECT is(string_agg(identity, ', ' ORDER BY identity), 'tripmeter, tripmeter_internal', 'both are members of the extension')
FROM pg_depend, pg_identify_object(classid, objid, 0)
WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'tripmeter') AND deptype = 'e'
    AND classid = 'pg_namespace'::regclass;

-- Tables

SELECT cmp_ok(count(*), '>=', 50::bigint, 'there are tables and sequences') FROM relations;
SELECT ok(EXISTS (SELECT FROM relations WHERE name = 'tripmeter_internal.outbox_8'), 'a slot was added');
SELECT set_eq($$SELECT name, g.* FROM relations, pg_temp.grants(relacl, relowner) g WHERE relname !~ '^(tariffs|calendars)$'$$,
    $$VALUES ('tripmeter.outbox_metrics', 'pg_monitor', 'SELECT')$$, 'nobody but the owner has a right on tables of the outbox');
SELECT set_eq($$SELECT name || ' ' || privilege FROM relations, pg_temp.grants(relacl, relowner) WHERE grantee = 'tripmeter_app'$$,
    ARRAY['tripmeter.tariffs SELECT', 'tripmeter.tariffs DELETE', 'tripmeter.calendars SELECT', 'tripmeter.calendars DELETE'],
    'those for users are granted as other tables');

-- Functions

SELECT set_eq($$SELECT name FROM functions WHERE nspname = 'tripmeter'
        AND NOT EXISTS (SELECT FROM pg_temp.grants(coalesce(proacl, acldefault('f', proowner)), proowner) WHERE grantee = 'PUBLIC')$$, ARRAY[
    'tripmeter.emit(text,text,text,jsonb,bigint,integer)', 'tripmeter.inbox(text,uuid)',
    'tripmeter.outbox_after_restore()', 'tripmeter.outbox_attach(regclass,text,name[],name,name[],boolean)',
    'tripmeter.outbox_change(text,text[],boolean,name,interval,integer,interval,interval,text)',
    'tripmeter.outbox_configure(interval,boolean,interval,bigint,text,interval)', 'tripmeter.outbox_rotate(boolean)',
    'tripmeter.outbox_rule(regclass,text,text[],text,name[],integer)',
    'tripmeter.outbox_subscribe(text,text,integer,text[],name,interval,integer,interval,interval,text)', 'tripmeter.outbox_tick()'],
    'these functions are not for everybody');
SELECT is(string_agg(name || ' ' || grantee, ', '), NULL, 'nor for anybody until they are granted')
FROM functions, pg_temp.grants(coalesce(proacl, acldefault('f', proowner)), proowner) g
WHERE nspname = 'tripmeter' AND grantee <> 'PUBLIC'
    AND NOT EXISTS (SELECT FROM pg_temp.grants(coalesce(proacl, acldefault('f', proowner)), proowner) WHERE grantee = 'PUBLIC');
SELECT set_eq($$SELECT name, grantee FROM functions, pg_temp.grants(proacl, proowner)
        WHERE nspname = 'tripmeter_internal' AND grantee <> 'PUBLIC'$$,
    $$VALUES ('tripmeter_internal.outbox_measure()', 'pg_monitor')$$, 'an internal function is granted to monitors, by its view');

-- Parts of what everybody uses: of types, operators, aggregates, and of functions bound to them.
CREATE TEMP TABLE for_all AS
SELECT functions.* FROM functions, pg_temp.grants(coalesce(proacl, acldefault('f', proowner)), proowner)
WHERE nspname = 'tripmeter_internal' AND grantee = 'PUBLIC';
SELECT cmp_ok(count(*), '>=', 80::bigint, 'some internal functions are for everybody') FROM for_all;
SELECT is(string_agg(name, ', '), NULL, 'none of them reads or writes a table, or runs as its owner')
FROM for_all WHERE provolatile <> 'i' AND proname NOT IN ('track_in', 'mfjson_time') OR prosecdef OR proname ~ '^(outbox|inbox)';
SELECT is(string_agg(DISTINCT regexp_replace(proname, '_(in|out|recv|send|accum|combine|serial|deserial|final|cmp|eq|ne|lt|le|gt|ge|hash|hash_extended)$', ''), ' '),
    'gbfs_given gbfs_number gbfs_rate gbfs_rates gbfs_segments invoice invoice_lines invoice_shares mfjson_sequences mfjson_time mileage mileage_policy'
    ' mileage_report odometer odometer_by odometer_distance odometer_report rollup tariff track track_join', 'they are these') FROM for_all;

-- What runs as its owner

SELECT set_eq($$SELECT DISTINCT proname::text FROM functions f WHERE nspname = 'tripmeter' AND prosecdef$$,
    ARRAY['outbox_after_restore', 'outbox_change', 'outbox_configure', 'outbox_coverage', 'outbox_rotate', 'outbox_tick', 'outbox_tick_at'],
    'of the functions for users, these run as their owner');
SELECT set_eq($$SELECT name FROM functions WHERE prosecdef AND has_function_privilege('public', oid, 'EXECUTE')$$,
    ARRAY['tripmeter.outbox_coverage()', 'tripmeter.outbox_tick_at(timestamp with time zone)'], 'everybody may call two of them');
SELECT is(string_agg(name, ', '), NULL, 'every function that runs as its owner, or finds names when it runs, finds them in pg_catalog alone')
FROM functions JOIN pg_language l ON l.oid = prolang
WHERE (prosecdef OR lanname NOT IN ('c', 'internal') AND prosqlbody IS NULL AND prokind = 'f')
    AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false);
SELECT is(string_agg(name, ', '), NULL, 'none is leakproof') FROM functions WHERE proleakproof;
SELECT is(string_agg(name, ', '), NULL, 'all belong to one owner') FROM functions WHERE proowner <> (SELECT extowner FROM pg_extension WHERE extname = 'tripmeter');

-- Whose objects the extension uses

SELECT is(string_agg(DISTINCT pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid), ', '), NULL,
    'members depend on pg_catalog, PostGIS and each other alone')
FROM pg_depend m JOIN pg_depend d ON (d.classid, d.objid) = (m.classid, m.objid), pg_identify_object(d.refclassid, d.refobjid, 0) o
WHERE m.deptype = 'e' AND m.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'tripmeter')
    AND o.schema IS NOT NULL AND o.schema !~ '^(pg_catalog|pg_toast|tripmeter|tripmeter_internal)$'
    AND NOT EXISTS (SELECT FROM pg_depend p WHERE (p.classid, p.objid) = (d.refclassid, d.refobjid) AND p.deptype = 'e'
                    AND p.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'postgis'));

-- Used by a role that has no rights but those it was granted

ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM tripmeter_app;
DROP EXTENSION tripmeter CASCADE;
CREATE EXTENSION tripmeter;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tripmeter TO tripmeter_app;
SET LOCAL ROLE tripmeter_app;
SELECT throws_ok('SELECT tripmeter_internal.outbox_prepare()', '42501', 'permission denied for schema tripmeter_internal', 'nobody names what is internal');
SELECT throws_ok('TABLE tripmeter.outbox', '42501', 'permission denied for table outbox', 'nor reads the outbox');
SELECT lives_ok($$
    SELECT tripmeter.mileage(t, lon, 0), tripmeter.mileage_report(t, lon, 0, 'raw'), tripmeter.track(t, lon, 0), tripmeter.odometer_distance(t, lon * 1000)
    FROM (SELECT '2024-01-01'::timestamptz + n * interval '10 s', n * 1e-3::float8 FROM generate_series(1, 10) n) f (t, lon)
$$, 'aggregates need no right on their parts');
SELECT lives_ok($$
    SELECT DISTINCT a || b, a = ANY (ARRAY[b, b, b, b, b, b, b, b, b, b]), a::geometry::tripmeter.track
    FROM (VALUES ('[]'::tripmeter.track), ('[POINT(1 2)@2024-01-01 00:00:00+00]')) x (a) JOIN (VALUES ('[]'::tripmeter.track)) y (b) ON a = b OR a > b
    ORDER BY 1
$$ , 'nor do operators, casts, sorting and hashing') FROM set_config('search_path', 'public, tripmeter', true);
SELECT lives_ok($$SELECT tripmeter.tariff_from_gbfs('{"currency": "EUR", "price": 1, "per_min_pricing": [{"start": 0, "interval": 1, "rate": 0.2}]}')
    = '{"tariff": 1, "currency": "EUR"}'::jsonb::tripmeter.tariff$$, 'nor do functions that are bound to internal ones');
SELECT lives_ok($$SELECT tripmeter.mileage('[]'::tripmeter.track, 'raw'::text), tripmeter.reconcile(1, 2)$$, 'nor those that call each other');
SELECT throws_ok($$SELECT tripmeter.outbox_wait('nobody', '0')$$, '42704', NULL, 'waiting asks an internal function by itself');
RESET ROLE;
GRANT SELECT ON tripmeter.tariffs TO tripmeter_app;
SET LOCAL ROLE tripmeter_app;
SELECT throws_ok($$SELECT tripmeter.tariff_at('taxi', 'now')$$, '42704', 'no version of tariff "taxi" is valid at ' || now()::text, 'who may read tariffs prices trips');
RESET ROLE;
GRANT INSERT, UPDATE ON tripmeter.tariffs TO tripmeter_app;
GRANT SELECT ON tripmeter.calendars TO tripmeter_app;
SET LOCAL ROLE tripmeter_app;
SELECT lives_ok($$SELECT tripmeter.tariff_publish('taxi', '{"tariff": 1, "currency": "EUR"}', '3000-01-01')$$, 'who may change them publishes');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
