-- The event triggers that look after what the app's functions do to shared tables at run time.
SELECT 'event trigger ' || w.name,
       CASE WHEN e.oid IS NULL
         THEN format('CREATE EVENT TRIGGER %I ON %s %sEXECUTE FUNCTION tenantry.%I();', w.name, w.event, w.condition, w.function)
         ELSE format('ALTER EVENT TRIGGER %I ENABLE ALWAYS;', w.name) END
  FROM (VALUES
    ('tenantry_guard_shared', 'ddl_command_end', 'guard_shared', 'WHEN TAG IN (''CREATE TABLE'', ''CREATE TABLE AS'', ''SELECT INTO'', ''ALTER TABLE'', ''CREATE INDEX'', ''CREATE VIEW'', ''ALTER VIEW'', ''CREATE MATERIALIZED VIEW'', ''CREATE FOREIGN TABLE'') '),
    ('tenantry_guard_policies', 'ddl_command_end', 'guard_policies', 'WHEN TAG IN (''CREATE POLICY'', ''ALTER POLICY'') '),
    ('tenantry_guard_triggers', 'ddl_command_end', 'guard_triggers', 'WHEN TAG IN (''CREATE TRIGGER'', ''CREATE RULE'') '),
    ('tenantry_guard_drop', 'sql_drop', 'guard_drop', '')) w (name, event, function, condition)
  LEFT JOIN pg_event_trigger e ON e.evtname = w.name AND e.evtevent = w.event AND e.evtfoid = to_regproc('tenantry.' || w.function)
 WHERE e.oid IS NULL OR e.evtenabled NOT IN ('O', 'A')
 ORDER BY 1
