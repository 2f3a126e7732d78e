-- Who may use what. New objects of later versions call keep_to_owner() themselves: a script that
-- went through all of them would revoke what administrators have granted.

-- Tables, views and sequences: users see the outbox's through functions.
SELECT tripmeter_internal.keep_to_owner(c.oid::regclass)
FROM pg_class AS c
WHERE c.relkind IN ('r', 'p', 'v', 'S')
    AND (c.relnamespace = 'tripmeter_internal'::regnamespace
        OR c.relnamespace = 'tripmeter'::regnamespace AND c.relname ~ '^outbox');
GRANT SELECT ON tripmeter.outbox_metrics TO pg_monitor;

-- Functions
SELECT tripmeter_internal.keep_to_owner(f.oid::regprocedure)
FROM pg_proc AS f
WHERE f.pronamespace = 'tripmeter_internal'::regnamespace;
GRANT EXECUTE ON FUNCTION tripmeter_internal.outbox_measure() TO pg_monitor;

-- Whoever uses a type, an operator, an aggregate or a function that is bound to others calls these.
DO $do$
DECLARE
    part regprocedure;
BEGIN
    FOR part IN
        WITH RECURSIVE used (oid) AS (
            SELECT d.refobjid
            FROM pg_depend AS d LEFT JOIN pg_proc AS f ON d.classid = 'pg_proc'::regclass AND f.oid = d.objid
            WHERE d.refclassid = 'pg_proc'::regclass
                AND (d.classid IN ('pg_type'::regclass, 'pg_operator'::regclass, 'pg_amproc'::regclass)
                    OR f.pronamespace = 'tripmeter'::regnamespace AND NOT f.prosecdef)
            UNION
            SELECT d.refobjid
            FROM used JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = used.oid
            WHERE d.refclassid = 'pg_proc'::regclass
        )
        SELECT f.oid FROM used JOIN pg_proc AS f USING (oid)
        WHERE f.pronamespace = 'tripmeter_internal'::regnamespace
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', part);
    END LOOP;
END
$do$;
