-- The schemas, and what keeps others out of them.

-- Nobody but a superuser creates anything in pg_catalog. So no function, operator, type or cast
-- that somebody else has made can be meant by a name in this script.
SET LOCAL search_path = pg_catalog, pg_temp;

DO $do$
DECLARE
    taken record;
BEGIN
    SELECT nspname, pg_get_userbyid(nspowner) AS owner INTO taken
    FROM pg_namespace
    WHERE nspname IN ('tripmeter', 'tripmeter_internal')
    ORDER BY nspname LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'schema "%" already exists', taken.nspname USING
            ERRCODE = 'duplicate_schema',
            DETAIL = format('It belongs to role "%s", who could replace functions in it.', taken.owner),
            HINT = 'Drop or rename it: the extension creates its schemas itself.';
    END IF;
END
$do$;

CREATE SCHEMA tripmeter;
COMMENT ON SCHEMA tripmeter IS 'tripmeter: mileage, route length and billing of trips';

CREATE SCHEMA tripmeter_internal;
COMMENT ON SCHEMA tripmeter_internal IS
    'Parts of tripmeter that users do not name. Only the owner has rights on them.';

-- Rights

-- ALTER DEFAULT PRIVILEGES may have granted anything to anybody.
CREATE FUNCTION tripmeter_internal.revoke_grants(object text, acl aclitem[], owner oid) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    grantee oid;
BEGIN
    FOR grantee IN SELECT DISTINCT a.grantee FROM aclexplode(acl) AS a WHERE a.grantee <> owner LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', object,
            CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.revoke_grants(text, aclitem[], oid) IS
    'Revoke the rights on an object that others than its owner have. Internal.';

CREATE FUNCTION tripmeter_internal.keep_to_owner(object regnamespace) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tripmeter_internal.revoke_grants(format('SCHEMA %s', object), n.nspacl, n.nspowner)
    FROM pg_namespace AS n WHERE n.oid = object;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.keep_to_owner(regnamespace) IS
    'Leave the rights on a schema to its owner alone. Internal.';

CREATE FUNCTION tripmeter_internal.keep_to_owner(object regclass) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tripmeter_internal.revoke_grants(
        format('%s %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, object),
        c.relacl, c.relowner)
    FROM pg_class AS c WHERE c.oid = object;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.keep_to_owner(regclass) IS
    'Leave the rights on a table, view or sequence to its owner alone. Internal.';

CREATE FUNCTION tripmeter_internal.keep_to_owner(object regprocedure) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM tripmeter_internal.revoke_grants(format('FUNCTION %s', object),
        coalesce(f.proacl, acldefault('f', f.proowner)), f.proowner)
    FROM pg_proc AS f WHERE f.oid = object;
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.keep_to_owner(regprocedure) IS
    'Leave the rights on a function to its owner alone. Internal.';

SELECT tripmeter_internal.keep_to_owner('tripmeter'::regnamespace);
SELECT tripmeter_internal.keep_to_owner('tripmeter_internal'::regnamespace);
GRANT USAGE ON SCHEMA tripmeter TO PUBLIC;

-- PostGIS

-- Others may create in its schema. So that is in the path only around statements that name its
-- types. They declare functions, aggregates, operators and casts, and call nothing. Every other
-- name in them, also in a function's body, is qualified or a type of pg_catalog.
CREATE FUNCTION tripmeter_internal.postgis_path() RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN (
        SELECT format('pg_catalog, %I, pg_temp', n.nspname)
        FROM pg_extension AS e
            JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
            JOIN pg_type AS t ON d.classid = 'pg_type'::regclass AND d.objid = t.oid
            JOIN pg_namespace AS n ON n.oid = t.typnamespace
        WHERE e.extname = 'postgis' AND d.deptype = 'e' AND t.typname = 'geometry');
END
$function$;
COMMENT ON FUNCTION tripmeter_internal.postgis_path() IS
    'Return the search_path in which PostGIS''s types are found. Internal: install scripts use it.';
