-- Unquoted names of everything in schema $1 that a text can name with the schema before it; hidden: a name of
-- pg_catalog stands before it, so that the server itself prints it with the schema.
WITH object AS MATERIALIZED (
    SELECT d.classid, d.objid
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = $1
)
SELECT c.relname::text AS name, false AS hidden
FROM object o JOIN pg_catalog.pg_class c ON c.oid = o.objid
WHERE o.classid = 'pg_catalog.pg_class'::regclass
UNION
SELECT t.typname::text, false
FROM object o JOIN pg_catalog.pg_type t ON t.oid = o.objid
WHERE o.classid = 'pg_catalog.pg_type'::regclass
UNION
SELECT p.proname::text, NOT pg_catalog.pg_function_is_visible(p.oid)
FROM object o JOIN pg_catalog.pg_proc p ON p.oid = o.objid
WHERE o.classid = 'pg_catalog.pg_proc'::regclass
