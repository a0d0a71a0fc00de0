-- The database that the session is connected to.
SELECT 'DATABASE' AS kind, quote_ident(d.datname) AS name, d.datdba AS owner,
       coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba)) AS acl
  FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
