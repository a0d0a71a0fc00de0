-- The trusted languages; untrusted ones are superusers' alone.
SELECT 'LANGUAGE' AS kind, quote_ident(l.lanname) AS name, l.lanowner AS owner,
       coalesce(l.lanacl, pg_catalog.acldefault('l', l.lanowner)) AS acl
  FROM pg_catalog.pg_language l WHERE l.lanpltrusted
