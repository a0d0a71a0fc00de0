SELECT 'functions made later by ' || :'platform' || ' for PUBLIC'
 WHERE NOT EXISTS (
   SELECT FROM pg_catalog.pg_default_acl d JOIN pg_catalog.pg_roles r ON r.oid = d.defaclrole
    WHERE r.rolname = :'platform' AND d.defaclnamespace = 0 AND d.defaclobjtype = 'f'
      AND NOT EXISTS (SELECT FROM pg_catalog.aclexplode(d.defaclacl) a WHERE a.grantee = 0))
