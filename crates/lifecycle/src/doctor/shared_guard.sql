-- The event trigger that puts what the app's functions make at run time under row-level security.
SELECT 'event trigger tenantry_guard_shared',
       CASE WHEN e.oid IS NULL THEN
         'CREATE EVENT TRIGGER tenantry_guard_shared ON ddl_command_end WHEN TAG IN (''CREATE TABLE'', ''CREATE TABLE AS'', ''SELECT INTO'', ''ALTER TABLE'', ''CREATE INDEX'', ''CREATE VIEW'', ''ALTER VIEW'', ''CREATE MATERIALIZED VIEW'', ''CREATE FOREIGN TABLE'') EXECUTE FUNCTION tenantry.guard_shared();'
       ELSE 'ALTER EVENT TRIGGER tenantry_guard_shared ENABLE ALWAYS;' END
  FROM (SELECT) one
  LEFT JOIN pg_event_trigger e ON e.evtname = 'tenantry_guard_shared' AND e.evtevent = 'ddl_command_end'
                              AND e.evtfoid = to_regproc('tenantry.guard_shared')
 WHERE e.oid IS NULL OR e.evtenabled NOT IN ('O', 'A')
