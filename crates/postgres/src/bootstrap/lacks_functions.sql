SELECT pg_catalog.to_regprocedure('tenantry.move_version(text, bigint, bigint)') IS NULL
    OR pg_catalog.to_regclass('tenantry.variations') IS NULL
    OR pg_catalog.to_regprocedure('tenantry.tables_changed()') IS NULL
    OR pg_catalog.to_regprocedure('tenantry.lock_refresh(regclass)') IS NULL
    OR pg_catalog.to_regprocedure('tenantry.unguarded_cascades()') IS NULL
    OR pg_catalog.to_regprocedure('tenantry.reset_all()') IS NULL
    OR pg_catalog.to_regprocedure('tenantry.match_full()') IS NULL
