-- The extension as the catalogs see it: all of it in its schemas, all of it
-- commented, fit for parallel plans, and independent of the search_path.

BEGIN;
SELECT plan(27);

-- Every object that CREATE EXTENSION made, and how it is described. From PostgreSQL 17 on,
-- the row types of tables are among them, of which their tables say all.
CREATE TEMP TABLE members AS
SELECT classid, objid, pg_describe_object(classid, objid, 0) AS object, obj_description(objid, classid::regclass::name) AS comment,
    (pg_identify_object(classid, objid, 0)).*
FROM pg_depend
WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
    AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'tripmeter')
    AND (classid, objid) NOT IN (SELECT 'pg_type'::regclass, reltype FROM pg_class WHERE relkind <> 'c');

CREATE TEMP TABLE functions AS
SELECT members.object, comment, proname ~ '^(outbox_.*|emit|cloudevent|inbox|inbox_as)$' AS of_outbox,
    proname IN ('revoke_grants', 'keep_to_owner', 'postgis_path') AS of_script, pg_proc.*
FROM members JOIN pg_proc ON classid = 'pg_proc'::regclass AND objid = pg_proc.oid;

CREATE TEMP TABLE aggregates AS
SELECT functions.*, pg_aggregate.*
FROM functions JOIN pg_aggregate ON aggfnoid = functions.oid;

-- Those that users call by name.
CREATE TEMP TABLE for_users AS
SELECT * FROM functions WHERE pronamespace = 'tripmeter'::regnamespace;

SELECT ok((SELECT count(*) FROM functions WHERE prokind = 'f') > 20 AND (SELECT count(*) FROM aggregates) >= 29
        AND (SELECT count(*) FROM for_users) >= 60
        AND EXISTS (SELECT FROM members WHERE type = 'type') AND EXISTS (SELECT FROM members WHERE type = 'operator'),
    'there are functions, aggregates, types and operators to look at');

-- Where they are

-- Casts and access methods' families have a schema only by their type, event triggers none.
SELECT is(string_agg(object, ', '), NULL, 'nothing is outside the extension''s schemas')
FROM members
WHERE schema IS DISTINCT FROM 'tripmeter' AND schema IS DISTINCT FROM 'tripmeter_internal' AND type NOT IN ('cast', 'operator of access method', 'function of access method', 'event trigger')
    AND type <> 'schema';
SELECT is(string_agg(identity, ', ' ORDER BY identity), 'tripmeter, tripmeter_internal', 'the schemas are the extension''s')
FROM members WHERE type = 'schema';

SELECT is(string_agg(pg_describe_object(classid, objid, 0), ', '), NULL, 'nothing in them is not the extension''s')
FROM (
    SELECT 'pg_proc'::regclass AS classid, oid AS objid FROM pg_proc WHERE pronamespace IN ('tripmeter'::regnamespace, 'tripmeter_internal'::regnamespace)
    UNION ALL SELECT 'pg_class'::regclass, oid FROM pg_class WHERE relnamespace IN ('tripmeter'::regnamespace, 'tripmeter_internal'::regnamespace) AND relkind NOT IN ('c', 'i', 'I')
    UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator WHERE oprnamespace IN ('tripmeter'::regnamespace, 'tripmeter_internal'::regnamespace)
) objects
WHERE (classid, objid) NOT IN (SELECT classid, objid FROM members);

-- postgres_fdw sends no function to another server whose type is not the extension's.
SELECT is(string_agg(DISTINCT prorettype::regtype::text, ', '), NULL,
    'every type that a function for users returns is the server''s or a member')
FROM for_users
WHERE NOT of_outbox AND prorettype >= 16384 AND ('pg_type'::regclass, prorettype) NOT IN (
    SELECT classid, objid FROM pg_depend
    WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass);

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
FROM for_users
WHERE pronargs > 0 AND proargnames IS NULL OR '' = ANY (proargnames) OR array_length(proargnames, 1) < pronargs;

-- What the planner may do with them

SELECT is(string_agg(object, ', '), 'function tripmeter.tariff_publish(text,tripmeter.tariff,timestamp with time zone)',
    'everything is parallel safe but what writes') FROM functions WHERE proparallel <> 's' AND NOT of_outbox AND NOT of_script;

-- None reads a table, a clock, or a setting that could change a result, but those that
-- read times as people write them: without a zone, they are of the session's; and those
-- that keep tariffs.
SELECT is(string_agg(object || ' ' || provolatile::text, ', ' ORDER BY object),
    'function tripmeter.tariff_at(text,timestamp with time zone) s, '
    'function tripmeter.tariff_publish(text,tripmeter.tariff,timestamp with time zone) v, '
    'function tripmeter.track_from_mfjson(jsonb) s, function tripmeter_internal.mfjson_time(jsonb) s, function tripmeter_internal.track_in(cstring) s',
    'everything is immutable, for so are its results, but what reads times in the session''s zone, or a table')
FROM functions WHERE provolatile <> 'i' AND prorettype <> 'trigger'::regtype AND NOT of_outbox AND NOT of_script;

-- The outbox is there to write, and its tables are nobody's but the owner's.
SELECT is(string_agg(object, ', '), NULL, 'what writes events or reads who calls is not for parallel plans')
FROM functions WHERE of_outbox AND (provolatile = 'v') <> (proparallel = 'u');

-- A body that is text finds its names when it runs.
CREATE TEMP TABLE text_bodies AS
SELECT functions.* FROM functions JOIN pg_language ON pg_language.oid = prolang
WHERE prokind = 'f' AND lanname <> 'c' AND (lanname <> 'sql' OR prosqlbody IS NULL);
SELECT is(string_agg(object, ', '), NULL, 'functions whose body is text are bound to their search_path')
FROM text_bodies
WHERE NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)
    OR NOT of_outbox AND cardinality(proconfig) > 1;
SELECT is(string_agg(object, ', '), NULL, 'the others are C, or were parsed when they were made, and have no settings')
FROM functions WHERE proconfig IS NOT NULL AND oid NOT IN (SELECT oid FROM text_bodies);

SELECT is(string_agg(object, ', ' ORDER BY object),
    'function tripmeter.mileage_policy(double precision,double precision,interval,text,integer,double precision,text), '
    'function tripmeter.reconcile(double precision,double precision,double precision), '
    'function tripmeter.reconcile(tripmeter.track,tripmeter.odometer_report,double precision,tripmeter.mileage_policy), '
    'function tripmeter.tariff_publish(text,tripmeter.tariff,timestamp with time zone), '
    'function tripmeter_internal.track_join(geometry,tripmeter.track), '
    'function tripmeter_internal.track_join(tripmeter.track,geometry), '
    'function tripmeter_internal.track_join(tripmeter.track,tripmeter.track)',
    'functions without a state are strict, but where NULL is off, one side that is missing, or an error')
FROM functions
WHERE prokind = 'f' AND NOT proisstrict AND NOT 'internal'::regtype = ANY (proargtypes) AND prorettype <> 'trigger'::regtype AND NOT of_outbox AND proname !~ '^gbfs_';

SELECT is(string_agg(object, ', '), NULL, 'what aggregates make of states are as strict as they have to be')
FROM functions
WHERE prokind = 'f' AND 'internal'::regtype = ANY (proargtypes) AND proisstrict <> (proname ~ '_(serial|deserial|recv)$');

-- What decodes a whole track is dear enough to be done once, late, and by workers;
-- what only looks at its header is not.
SELECT is(string_agg(DISTINCT proname, ' ' ORDER BY proname), 'bbox duration end_time fix_count length period start_time',
    'the header of a track is cheap to look at')
FROM for_users WHERE 'tripmeter.track'::regtype = ANY (proargtypes) AND prokind = 'f' AND procost <= 2;
SELECT is(string_agg(object, ', ' ORDER BY object), 'function tripmeter.at(tripmeter.track,timestamp with time zone), '
    'function tripmeter.end_point(tripmeter.track), function tripmeter.start_point(tripmeter.track), '
    'function tripmeter.track_send(tripmeter.track)',
    'one block of it, or a copy, is cheaper than the whole')
FROM for_users WHERE 'tripmeter.track'::regtype = ANY (proargtypes) AND prokind = 'f' AND procost > 2 AND procost < 1000;

SELECT is(string_agg(object, ', '), NULL, 'every aggregate can be split, sent and joined')
FROM aggregates
WHERE 0::oid IN (aggcombinefn, aggserialfn, aggdeserialfn);

-- A final function that changed the state could not serve two aggregates, or a
-- growing window.
SELECT is(string_agg(object, ', '), NULL, 'no final function modifies the state') FROM aggregates WHERE aggfinalmodify <> 'r';

SELECT is(string_agg(DISTINCT object, ', '), NULL, 'the arguments of aggregates are called by the same names')
FROM aggregates, unnest(proargnames) argument
WHERE argument NOT IN ('recorded_at', 'position', 'lon', 'lat', 'accuracy', 'policy', 'reading_m', 'max_speed', 'rollover_m', 'unit', 'time_zone',
    'speed', 'track', 'plan', 'trip_id', 'started_at', 'distance_m', 'duration', 'amount', 'attributes');

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
    AND NOT '{cstring,pg_ddl_command}'::regtype[] && proargtypes::regtype[] \gexec
CREATE DOMAIN decoys.mileage_policy AS integer;
CREATE DOMAIN decoys.geometry AS text;
CREATE DOMAIN decoys.track AS text;
CREATE FUNCTION decoys.jsonb_array_elements(jsonb) RETURNS SETOF jsonb LANGUAGE plpgsql AS 'BEGIN RAISE ''a decoy was called''; END';
CREATE FUNCTION decoys.to_timestamp(float8) RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN RAISE ''a decoy was called''; END';
CREATE OPERATOR decoys.|| (LEFTARG = tripmeter.track, RIGHTARG = tripmeter.track, FUNCTION = decoys.track_join);
CREATE OPERATOR decoys.= (LEFTARG = tripmeter.track, RIGHTARG = tripmeter.track, FUNCTION = decoys.track_eq);
CREATE OPERATOR decoys.= (LEFTARG = tripmeter.mileage_policy, RIGHTARG = tripmeter.mileage_policy, FUNCTION = decoys.mileage_policy_eq);

CREATE FUNCTION pg_temp.everything() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
    of_tracks text;
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
    EXECUTE $query$
        SELECT pg_catalog.concat_ws(' ', a, tripmeter.rollup(v) OPERATOR(tripmeter.=) (a OPERATOR(tripmeter.||) b), a OPERATOR(tripmeter.<) b,
            tripmeter_internal.track_hash(a), tripmeter.fix_count(a), tripmeter.start_time(a), tripmeter.end_time(a), tripmeter.duration(a),
            tripmeter.period(a), tripmeter.length(a), tripmeter.length(a, tripmeter.period(a)), tripmeter.bbox(a),
            tripmeter.start_point(a), tripmeter.end_point(a), tripmeter.at(a, tripmeter.end_time(a)),
            tripmeter.slice(a, tripmeter.period(b), true), tripmeter.simplify(a, 5), tripmeter.as_text(a),
            a::public.geometry::tripmeter.track, a::public.geography::tripmeter.track,
            tripmeter.as_mfjson(a), tripmeter.track_from_mfjson(tripmeter.as_mfjson(a)) OPERATOR(tripmeter.=) a,
            (SELECT pg_catalog.string_agg(f::text, ' ') FROM tripmeter.fixes(a) f),
            (SELECT pg_catalog.string_agg(f::text, ' ') FROM tripmeter.speed_profile(a) f),
            tripmeter.mileage(a), tripmeter.mileage(a, 'raw'), tripmeter.mileage_report(a), tripmeter.mileage(a, tripmeter.period(b)),
            (SELECT pg_catalog.string_agg(f::text, ' ') FROM tripmeter.mileage_by(a, 'day', 'Asia/Seoul') f),
            (SELECT pg_catalog.string_agg(f::text, ' ') FROM tripmeter.legs(a) f),
            (SELECT pg_catalog.string_agg(f::text, ' ') FROM tripmeter.stops(a, 50, '0') f),
            (SELECT pg_catalog.string_agg(f::text, ' ') FROM tripmeter.gaps(a, '0') f),
            (SELECT pg_catalog.string_agg(f::text, ' ') FROM tripmeter.trips(a) f),
            tripmeter.reconcile(tripmeter.mileage(a), 100), tripmeter.reconcile(a, o))
        FROM (
            SELECT tripmeter.track(t, n * 1e-4, 0, 9, 5), tripmeter.track(t + '45 s', public.st_setsrid(public.st_makepoint(n * 1e-4, 0), 4326)),
                tripmeter.odometer_report(t, n * 11)
            FROM (SELECT '2024-01-01'::pg_catalog.timestamptz + n * interval '10 s', n FROM pg_catalog.generate_series(1, 10) n) f (t, n)
        ) tracks (a, b, o), LATERAL (VALUES (a), (b)) v (v)
        GROUP BY a, b, o
    $query$ INTO of_tracks;
    RETURN pg_catalog.concat_ws(' ', of_tracks, result);
END $$;
CREATE TEMP TABLE answers (search_path text, answer text);
INSERT INTO answers SELECT 'usual', pg_temp.everything();
ALTER FUNCTION pg_temp.everything() SET search_path = '';
INSERT INTO answers SELECT 'none', pg_temp.everything();
ALTER FUNCTION pg_temp.everything() SET search_path = decoys, public, tripmeter;
INSERT INTO answers SELECT 'decoys', pg_temp.everything();
ALTER FUNCTION pg_temp.everything() SET search_path = decoys, pg_catalog;
INSERT INTO answers SELECT 'decoys before the catalog', pg_temp.everything();

SELECT matches(answer, '^\[POINT.*"Feature".* 1001\.\d+ .* t 2$', 'everything gives an answer') FROM answers WHERE search_path = 'usual';
SELECT is(answer, (SELECT answer FROM answers WHERE search_path = 'usual'), 'search_path does not matter: ' || search_path)
FROM answers WHERE search_path <> 'usual' ORDER BY search_path;

SELECT * FROM finish();
ROLLBACK;
