-- Plants overloads beside the extension's own functions, as whoever owned their schemas could:
-- each takes another type in one place, or has no argument where that has a default. Calls that
-- leave a type to be found out would mean them.

\set QUIET on
\set ON_ERROR_STOP on
SET check_function_bodies = off;
SET search_path = pg_catalog, pg_temp;

CREATE SEQUENCE IF NOT EXISTS public.sprung;
GRANT USAGE ON SEQUENCE public.sprung TO PUBLIC;

CREATE FUNCTION pg_temp.overload(schema text, name text, arguments text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FUNCTION %I.%I(%s) RETURNS text LANGUAGE plpgsql AS %L', schema, name, arguments, format(
        'BEGIN PERFORM pg_catalog.nextval(''public.sprung''); RAISE WARNING %L; RETURN NULL; END',
        format('sprung: %s(%s)', name, arguments)));
EXCEPTION
    WHEN duplicate_function THEN NULL;
END
$$;

SELECT count(pg_temp.overload(nspname, proname, array_to_string(types, ', '))) AS overloads
FROM (
    SELECT nspname, proname, types[:place - 1] || type || types[place + 1:] AS types
    FROM (SELECT nspname, proname, ARRAY(SELECT format_type(t, NULL) FROM unnest(proargtypes) WITH ORDINALITY AS a (t, n) ORDER BY n) AS types
          FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace
          WHERE nspname IN ('tripmeter', 'tripmeter_internal') AND NOT 'internal'::regtype = ANY (proargtypes)
              AND NOT 'cstring'::regtype = ANY (proargtypes) AND NOT 'pg_ddl_command'::regtype = ANY (proargtypes)) functions,
        generate_series(1, cardinality(types)) AS place,
        unnest('{text,name,integer,bigint,smallint,numeric,boolean,regclass,oid,interval}'::text[]) AS type
    UNION ALL
    SELECT nspname, proname, ARRAY(SELECT format_type(t, NULL) FROM unnest(proargtypes) WITH ORDINALITY AS a (t, n) WHERE n <= given ORDER BY n)
    FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace, generate_series(pronargs - pronargdefaults, pronargs - 1) AS given
    WHERE nspname = 'tripmeter_internal' AND pronargdefaults > 0
) overloads \gset
SELECT :overloads;
