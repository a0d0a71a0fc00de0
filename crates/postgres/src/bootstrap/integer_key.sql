CASE
  WHEN pg_catalog.starts_with(session_user::text, 't_') THEN pg_catalog.split_part(session_user::text, '_', 3):::key_type
  WHEN pg_catalog.pg_has_role(session_user, :'app_role', 'MEMBER')
    THEN COALESCE(NULLIF(pg_catalog.current_setting('app.current_tenant_key', true), ''), tenantry.no_tenant()::text):::key_type
  ELSE tenantry.no_tenant()::text:::key_type
END
