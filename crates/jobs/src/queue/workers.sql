SELECT count(*)
FROM pg_catalog.pg_locks l
WHERE l.locktype = 'advisory' AND l.classid = 84105 AND l.granted
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
