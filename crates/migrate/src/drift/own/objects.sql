-- What logins own in the schemas $1: schema, kind and name.
SELECT n.nspname::text AS schema, o.kind, o.name
FROM unnest($1::text[], $2::text[]) AS w (schema, login)
JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema
JOIN pg_catalog.pg_roles r ON r.rolname = w.login
CROSS JOIN LATERAL (
    SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized_view' WHEN 'S' THEN 'sequence'
                          WHEN 'c' THEN 'composite' ELSE 'table' END AS kind, quote_ident(c.relname) AS name
    FROM pg_catalog.pg_class c
    WHERE c.relnamespace = n.oid AND c.relowner = r.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'c', 'f')
    UNION ALL
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
           format('%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid))
    FROM pg_catalog.pg_proc p WHERE p.pronamespace = n.oid AND p.proowner = r.oid
    UNION ALL
    SELECT CASE t.typtype WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'enum' END, quote_ident(t.typname)
    FROM pg_catalog.pg_type t
    WHERE t.typnamespace = n.oid AND t.typowner = r.oid AND t.typtype IN ('d', 'e', 'r')
) AS o
ORDER BY 1, 2, 3
