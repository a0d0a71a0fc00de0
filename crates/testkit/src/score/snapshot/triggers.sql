SELECT 'trigger', c.relname || '.' || t.tgname, pg_catalog.pg_get_triggerdef(t.oid, true) || ' enabled ' || t.tgenabled::text
  FROM pg_catalog.pg_trigger t
  JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
 WHERE c.relnamespace = pg_catalog.to_regnamespace($1) AND NOT t.tgisinternal AND $2::text IS NOT NULL
