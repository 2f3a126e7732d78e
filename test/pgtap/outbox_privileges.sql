-- Nobody but the owner reads the outbox's tables, whatever the database grants on new ones.

BEGIN;
SET LOCAL client_min_messages = warning;
DROP EXTENSION tripmeter CASCADE;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
CREATE EXTENSION tripmeter;
SELECT FROM tripmeter.outbox_configure();
SELECT FROM tripmeter_internal.outbox_add_slot();

SELECT plan(2);
SELECT cmp_ok((SELECT count(*) FROM pg_class WHERE relnamespace = 'tripmeter_internal'::regnamespace AND relname ~ '^outbox_\d+$'), '=', 9::bigint, 'a slot was added');
SELECT is((SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_class c, aclexplode(c.relacl) a
           WHERE c.relnamespace IN ('tripmeter'::regnamespace, 'tripmeter_internal'::regnamespace) AND c.relname ~ '^outbox' AND c.relkind <> 'v' AND a.grantee = 0), NULL, 'nobody reads the tables');
SELECT * FROM finish();
ROLLBACK;
