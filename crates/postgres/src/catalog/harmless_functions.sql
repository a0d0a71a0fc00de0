-- Names of functions that change nothing and leave nothing in the session: the server's own that are not volatile, and some
-- that are only because each call has another answer. A name that some other function bears is left out, unless that one is
-- an extension's in C and not volatile either. What tenants make in schemas of their own concerns their own sessions alone.
SELECT p.proname::text AS name
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname IN ('pg_catalog', 'information_schema', 'extensions', 'public', 'shared', 'global', 'app')
GROUP BY p.proname
HAVING bool_and(
    CASE WHEN n.nspname = 'pg_catalog' THEN
        p.prokind <> 'p' AND (p.provolatile <> 'v' OR p.proname IN (
            'clock_timestamp', 'gen_random_uuid', 'random', 'random_normal', 'timeofday', 'uuidv4', 'uuidv7',
            'pg_column_size'))
        AND p.proname !~ '_to_xml|^pg_(try_)?advisory_|^lo_|^pg_(cancel|terminate)_backend$|^ts_(stat|rewrite)$'
    WHEN n.nspname = 'extensions' THEN l.lanname = 'c' AND p.provolatile <> 'v'
    WHEN n.nspname = 'information_schema' THEN p.provolatile <> 'v'
    ELSE false END)
ORDER BY p.proname COLLATE "C"
