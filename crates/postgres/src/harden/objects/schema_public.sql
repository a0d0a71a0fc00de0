-- The schema that PostgreSQL gives every database, where it is still there.
SELECT 'SCHEMA' AS kind, quote_ident(n.nspname) AS name, n.nspowner AS owner,
       coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner)) AS acl
  FROM pg_catalog.pg_namespace n WHERE n.nspname = 'public'
