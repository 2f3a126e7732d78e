-- The extension as the catalogs see it: all of it in its schema, all of it
-- commented, fit for parallel plans, and independent of the search_path.

BEGIN;
SELECT plan(19);

-- Every object that CREATE EXTENSION made, and how it is described.
CREATE TEMP TABLE members AS
SELECT classid, objid, pg_describe_object(classid, objid, 0) AS object, obj_description(objid, classid::regclass::name) AS comment,
    (pg_identify_object(classid, objid, 0)).*
FROM pg_depend
WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
    AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'tripmeter');

CREATE TEMP TABLE functions AS
SELECT members.object, comment, pg_proc.*
FROM members JOIN pg_proc ON classid = 'pg_proc'::regclass AND objid = pg_proc.oid;

CREATE TEMP TABLE aggregates AS
SELECT functions.*, pg_aggregate.*
FROM functions JOIN pg_aggregate ON aggfnoid = functions.oid;

SELECT ok((SELECT count(*) FROM functions WHERE prokind = 'f') > 20 AND (SELECT count(*) FROM aggregates) >= 22
        AND EXISTS (SELECT FROM members WHERE type = 'type') AND EXISTS (SELECT FROM members WHERE type = 'operator'),
    'there are functions, aggregates, types and operators to look at');

-- Where they are

-- Casts and access methods' families have a schema only by their type.
SELECT is(string_agg(object, ', '), NULL, 'nothing is outside schema tripmeter')
FROM members
WHERE schema IS DISTINCT FROM 'tripmeter' AND type NOT IN ('cast', 'operator of access method', 'function of access method')
    AND identity <> 'tripmeter';

SELECT is(string_agg(pg_describe_object(classid, objid, 0), ', '), NULL, 'nothing in schema tripmeter is not the extension''s')
FROM (
    SELECT 'pg_proc'::regclass AS classid, oid AS objid FROM pg_proc WHERE pronamespace = 'tripmeter'::regnamespace
    UNION ALL SELECT 'pg_class'::regclass, oid FROM pg_class WHERE relnamespace = 'tripmeter'::regnamespace AND relkind <> 'c'
    UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator WHERE oprnamespace = 'tripmeter'::regnamespace
) objects
WHERE (classid, objid) NOT IN (SELECT classid, objid FROM members);

SELECT is(extrelocatable, false, 'the extension stays in its schema') FROM pg_extension WHERE extname = 'tripmeter';

-- What they say of themselves

SELECT is(string_agg(object, ', '), NULL, 'every object has a comment')
FROM members
WHERE nullif(comment, '') IS NULL AND type <> 'schema' AND identity NOT LIKE '%[]';

SELECT is(string_agg(attrelid::regclass || '.' || attname, ', '), NULL, 'every column of a composite has a comment')
FROM members JOIN pg_type ON classid = 'pg_type'::regclass AND pg_type.oid = objid
    JOIN pg_attribute ON attrelid = typrelid
WHERE attnum > 0 AND NOT attisdropped AND nullif(col_description(attrelid, attnum), '') IS NULL;

SELECT is(string_agg(object, ', '), NULL, 'who calls by name can: every argument of every function for users has one')
FROM functions
WHERE (prokind = 'a' OR proname IN ('route_length', 'distance', 'mileage_policy'))
    AND (proargnames IS NULL OR '' = ANY (proargnames) OR array_length(proargnames, 1) < pronargs);

-- What the planner may do with them

SELECT is(string_agg(object, ', '), NULL, 'everything is parallel safe') FROM functions WHERE proparallel <> 's';

-- None reads a table, a clock, or a setting that could change a result.
SELECT is(string_agg(object, ', '), NULL, 'everything is immutable, for so are its results')
FROM functions WHERE provolatile <> 'i';

SELECT is(string_agg(object, ', '), NULL, 'no function is a security definer, or leans on a setting')
FROM functions WHERE prosecdef OR proconfig IS NOT NULL;

SELECT is(string_agg(object, ', '), NULL, 'functions without a state are strict, but for the constructor, which takes NULL as off')
FROM functions
WHERE prokind = 'f' AND NOT proisstrict AND NOT 'internal'::regtype = ANY (proargtypes) AND proname <> 'mileage_policy';

SELECT is(string_agg(object, ', '), NULL, 'every aggregate can be split, sent and joined')
FROM aggregates
WHERE 0::oid IN (aggcombinefn, aggserialfn, aggdeserialfn);

-- A final function that changed the state could not serve two aggregates, or a
-- growing window.
SELECT is(string_agg(object, ', '), NULL, 'no final function modifies the state') FROM aggregates WHERE aggfinalmodify <> 'r';

SELECT is(string_agg(DISTINCT object, ', '), NULL, 'the arguments of aggregates are called by the same names')
FROM aggregates, unnest(proargnames) argument
WHERE argument NOT IN ('recorded_at', 'position', 'lon', 'lat', 'accuracy', 'policy', 'reading_m', 'max_speed', 'rollover_m');

SELECT is(
    (SELECT array_agg(proargtypes::text ORDER BY proargtypes::text) FROM aggregates WHERE proname = 'mileage_report'),
    (SELECT array_agg(proargtypes::text ORDER BY proargtypes::text) FROM aggregates WHERE proname = 'mileage'),
    'mileage_report takes what mileage takes');

SELECT is(
    (SELECT array_agg(proargtypes::text ORDER BY proargtypes::text) FROM aggregates WHERE proname = 'odometer_report'),
    (SELECT array_agg(proargtypes::text ORDER BY proargtypes::text) FROM aggregates WHERE proname = 'odometer_distance'),
    'odometer_report takes what odometer_distance takes');

-- The search_path

-- With none at all, and with one whose first schema has all the same names.
CREATE SCHEMA decoys;
SELECT format('CREATE FUNCTION decoys.%I(%s) RETURNS %s LANGUAGE plpgsql AS ''BEGIN RAISE ''''a decoy was called''''; END''',
    proname, pg_get_function_identity_arguments(oid), prorettype::regtype)
FROM functions
WHERE prokind = 'f' AND NOT 'internal'::regtype = ANY (proargtypes) AND prorettype NOT IN ('internal'::regtype, 'cstring'::regtype)
    AND NOT 'cstring'::regtype = ANY (proargtypes) \gexec
CREATE DOMAIN decoys.mileage_policy AS integer;
CREATE DOMAIN decoys.geometry AS text;

CREATE FUNCTION pg_temp.everything() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE $query$
        SELECT pg_catalog.concat_ws(' ', tripmeter.mileage(t, lon, 0), tripmeter.mileage(t, lon, 0, 7, 'raw'),
            tripmeter.mileage_report(t, at), tripmeter.mileage_report(t, at::public.geography, tripmeter.mileage_policy(9)),
            pg_catalog.max(tripmeter.distance(at, at)), pg_catalog.max(tripmeter.route_length(public.st_makeline(at, at))),
            tripmeter.odometer_distance(t, lon), tripmeter.odometer_report(t, lon, 9, 1),
            tripmeter.mileage_policy() OPERATOR(tripmeter.=) 'default',
            (SELECT pg_catalog.count(*) FROM (SELECT DISTINCT p FROM (VALUES ('raw'::tripmeter.mileage_policy), ('default')) v (p)) d))
        FROM (
            SELECT '2024-01-01'::pg_catalog.timestamptz + n * interval '10 s' AS t, n * 1e-3::float8 AS lon,
                public.st_setsrid(public.st_makepoint(n * 1e-3, 0), 4326) AS at
            FROM pg_catalog.generate_series(1, 10) n
        ) fixes
    $query$ INTO result;
    RETURN result;
END $$;
CREATE TEMP TABLE answers (search_path text, answer text);
INSERT INTO answers SELECT 'usual', pg_temp.everything();
ALTER FUNCTION pg_temp.everything() SET search_path = '';
INSERT INTO answers SELECT 'none', pg_temp.everything();
ALTER FUNCTION pg_temp.everything() SET search_path = decoys, public, tripmeter;
INSERT INTO answers SELECT 'decoys', pg_temp.everything();

SELECT matches(answer, '1001\.\d+ .* t 2$', 'everything gives an answer') FROM answers WHERE search_path = 'usual';
SELECT is(answer, (SELECT answer FROM answers WHERE search_path = 'usual'), 'search_path does not matter: ' || search_path)
FROM answers WHERE search_path <> 'usual' ORDER BY search_path;

SELECT * FROM finish();
ROLLBACK;
