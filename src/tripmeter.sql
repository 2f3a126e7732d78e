-- The schemas: tripmeter is for users, tripmeter_internal for the extension alone.

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
GRANT USAGE ON SCHEMA tripmeter TO PUBLIC;

CREATE SCHEMA tripmeter_internal;
COMMENT ON SCHEMA tripmeter_internal IS
    'Parts of tripmeter that are not called by name. Only the owner has rights on them.';
