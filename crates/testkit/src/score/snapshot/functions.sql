-- The body is an object of its own: it may differ where the rest may not. A definer's path is pinned in every shape.
SELECT part.kind, p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')', part.definition
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
 CROSS JOIN LATERAL (VALUES
   ('function', pg_catalog.concat_ws(' ', p.prokind, l.lanname, p.provolatile, p.proparallel, CASE WHEN p.proisstrict THEN 'strict' END,
      CASE WHEN p.prosecdef THEN 'definer' END, CASE WHEN p.proleakproof THEN 'leakproof' END,
      'arguments', pg_catalog.pg_get_function_arguments(p.oid), 'returns', pg_catalog.pg_get_function_result(p.oid),
      'cost', p.procost, p.prorows,
      'settings', (SELECT pg_catalog.string_agg(s, ',' ORDER BY s) FROM pg_catalog.unnest(p.proconfig) s WHERE s NOT LIKE 'search_path=%'))),
   ('body of function', coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc))) part(kind, definition)
 WHERE p.pronamespace = pg_catalog.to_regnamespace($1) AND $2::text IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
