-- Row security policies of the tables among $1.
SELECT p.tableoid AS class, p.oid, c.oid AS parent, 'policy' AS kind, format('%I.%I', c.relname, p.polname) AS name,
       format('POLICY %I ON %I', p.polname, c.relname) AS address,
       concat(format('CREATE POLICY %I ON %I AS %s FOR %s TO %s', p.polname, c.relname,
                     CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                     CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                   WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                     (SELECT string_agg(CASE u.role WHEN 0 THEN 'PUBLIC' ELSE u.role::regrole::text END, ', '
                                        ORDER BY u.place)
                      FROM unnest(p.polroles) WITH ORDINALITY AS u (role, place))),
              ' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
              ' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')') AS head,
       NULL AS inline, NULL AS tail, '{}'::text[] AS attach, '{}'::text[] AS later,
       quote_literal(pg_catalog.obj_description(p.oid, 'pg_policy')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_class c ON c.oid = d.objid
JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid
ORDER BY c.relname COLLATE "C", p.polname COLLATE "C"
