-- Array types that functions return belong to the extension, so that postgres_fdw sends such a
-- function to another server. PostgreSQL 17 and later see to it themselves.

DO $do$
DECLARE
    array_type regtype;
BEGIN
    FOR array_type IN
        SELECT DISTINCT array_types.oid
        FROM pg_catalog.pg_proc AS functions
            JOIN pg_catalog.pg_type AS array_types ON array_types.oid = functions.prorettype
            JOIN pg_catalog.pg_type AS elements ON elements.typarray = array_types.oid
        WHERE functions.pronamespace = 'tripmeter'::regnamespace
            AND elements.typnamespace = 'tripmeter'::regnamespace
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_depend
                WHERE classid = 'pg_catalog.pg_type'::regclass AND objid = array_types.oid
                    AND refclassid = 'pg_catalog.pg_extension'::regclass AND deptype = 'e')
    LOOP
        EXECUTE format('ALTER EXTENSION tripmeter ADD TYPE %s', array_type);
    END LOOP;
END
$do$;
