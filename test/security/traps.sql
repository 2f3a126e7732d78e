-- Plants traps, as a role that may create in PostGIS's schema and in public: functions that match
-- calls of the script better than those of pg_catalog, operators, casts, types and tables.
-- Calls are looked for in the files that the environment names as SCRIPTS.

\set QUIET on
\set ON_ERROR_STOP on
\set script `cat $SCRIPTS`
SET check_function_bodies = off;
SET search_path = pg_catalog, pg_temp;  -- or it would be trapped itself

-- Not undone when what sprang it fails.
CREATE SEQUENCE public.sprung;

CREATE TEMP TABLE called AS
SELECT name, EXISTS (SELECT FROM pg_proc WHERE proname = name AND pronamespace = 'pg_catalog'::regnamespace) AS in_catalog,
    coalesce((SELECT prorettype::regtype FROM pg_proc JOIN pg_type t ON t.oid = prorettype
              WHERE proname = name AND pronamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm') LIMIT 1), 'text') AS result
FROM (SELECT DISTINCT m[1] FROM regexp_matches(:'script', '(?<![\w.])([a-z_]\w*)\s*\(', 'g') m) calls (name);

CREATE FUNCTION pg_temp.trap(schema text, name text, arguments text, result regtype DEFAULT 'text') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FUNCTION %I.%I(%s) RETURNS %s LANGUAGE plpgsql IMMUTABLE AS %L', schema, name, arguments, result, format(
        'BEGIN PERFORM pg_catalog.nextval(''public.sprung''); RAISE WARNING %L; RETURN NULL; END',
        format('sprung: %s(%s)', name, replace(arguments, '%', ''))));
EXCEPTION
    WHEN duplicate_function THEN NULL;
END
$$;

CREATE TEMP TABLE types (type text, in_threes boolean);
INSERT INTO types VALUES ('text', true), ('name', true), ('integer', true), ('bigint', false), ('smallint', false),
    ('oid', false), ('regclass', false), ('boolean', false), ('"char"', false);

-- Polymorphic traps would not be called: they make a call ambiguous.
SELECT count(pg_temp.trap(schema, name, arguments, result)) AS functions
FROM unnest('{gis,public}'::text[]) AS schema, called, LATERAL (
    SELECT * FROM (VALUES ('anyelement'), ('anyelement, anyelement'), ('VARIADIC anyarray')) polymorphic WHERE NOT in_catalog
    UNION SELECT type FROM types WHERE in_catalog
    UNION SELECT concat_ws(', ', a.type, b.type) FROM types a, types b WHERE in_catalog
    UNION SELECT concat_ws(', ', 'text', a.type, b.type) FROM types a, types b WHERE in_catalog
    UNION SELECT concat_ws(', ', 'text', a.type, b.type, c.type) FROM types a, types b, types c
        WHERE in_catalog AND a.in_threes AND b.in_threes AND c.in_threes
) AS signatures (arguments) \gset

-- Operators whose operands no operator of pg_catalog takes as they are, or which nothing prefers
INSERT INTO types VALUES ('jsonb', NULL), ('timestamptz', NULL), ('interval', NULL), ('xid8', NULL);
SELECT count(pg_temp.trap('gis', 'operate', concat_ws(', ', a.type, b.type)))
FROM types a, types b \gset
SELECT format('CREATE OPERATOR gis.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = gis.operate)', operator, a.type, b.type)
FROM unnest('{=,<>,<,>,<=,>=,||,+,-,*,/,%,~,!~,&&,@>,<@,->,->>,#>>,?,*<>,|,<<}'::text[]) AS operator, types a, types b
WHERE operator !~ '[>?]' OR (a.type, b.type) <> ('jsonb', 'jsonb') \gexec

-- A type that anything becomes
CREATE TYPE gis.anything AS (x text);
SELECT format('CREATE FUNCTION gis.become(%s) RETURNS gis.anything LANGUAGE plpgsql AS
    ''BEGIN PERFORM pg_catalog.nextval(''''public.sprung''''); RETURN NULL; END''', type),
    format('CREATE CAST (%1$s AS gis.anything) WITH FUNCTION gis.become(%1$s) AS IMPLICIT', type)
FROM types \gexec

-- Types, tables and a collation by the names of pg_catalog's, and a type by that of PostGIS's
SELECT format('CREATE DOMAIN %I.%I AS pg_catalog.text', schema, type)
FROM unnest('{gis,public}'::text[]) AS schema,
    unnest('{text,name,int2,int4,int8,float4,float8,numeric,bool,bytea,uuid,oid,regclass,regprocedure,regnamespace,json,jsonb,interval,timestamp,timestamptz,tstzrange,xid8,pg_lsn,pg_snapshot}'::text[]) AS type \gexec
CREATE DOMAIN public.geometry AS pg_catalog.text;
CREATE DOMAIN public.geography AS pg_catalog.text;
SELECT format('CREATE TABLE %I.%I (LIKE pg_catalog.%2$I)', schema, relation)
FROM unnest('{gis,public}'::text[]) AS schema,
    unnest('{pg_class,pg_proc,pg_namespace,pg_type,pg_depend,pg_extension,pg_inherits,pg_trigger}'::text[]) AS relation \gexec
CREATE COLLATION gis."C" (LOCALE = 'POSIX');

SELECT :functions AS functions;
