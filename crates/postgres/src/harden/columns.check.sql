SELECT pg_catalog.format('column %s of pg_catalog.%I for PUBLIC', coalesce(pg_catalog.quote_ident(t.attname), '*'), c.relname)
  FROM pg_catalog.pg_class c
 CROSS JOIN LATERAL (
   SELECT NULL::name AS attname, c.relacl AS acl
   UNION ALL
   SELECT a.attname, a.attacl FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL AND a.attname <> ALL (:open_names)) t
 CROSS JOIN LATERAL pg_catalog.aclexplode(t.acl) x
 WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relname = :'relation' AND x.grantee = 0
