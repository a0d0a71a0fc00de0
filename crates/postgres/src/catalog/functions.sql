-- Functions, procedures and window functions among $1. The server prints a function's own name with the schema:
-- exactly that prefix is taken off. The functions that a range type brings with it (deptype i) are not listed.
SELECT p.tableoid AS class, p.oid, NULL::oid AS parent,
       CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind,
       format('%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS name,
       format('%s %s%I(%s)', w.word, CASE WHEN NOT pg_catalog.pg_function_is_visible(p.oid) THEN quote_ident(n.nspname) || '.' END,
              p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS address,
       format('CREATE OR REPLACE %s ', w.word)
           || substr(pg_catalog.pg_get_functiondef(p.oid), length(format('CREATE OR REPLACE %s %I.', w.word, n.nspname)) + 1)
           AS head,
       NULL AS inline, NULL AS tail, '{}'::text[] AS attach, '{}'::text[] AS later,
       quote_literal(pg_catalog.obj_description(p.oid, 'pg_proc')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_proc p ON p.oid = d.objid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL (SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS word) AS w
WHERE p.prokind IN ('f', 'p', 'w')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                  WHERE e.classid = p.tableoid AND e.objid = p.oid AND e.deptype = 'i')
ORDER BY 5
