-- Extensions that open network, files, pages of others or run SQL given as text.
SELECT 'extension ' || quote_ident(e.extname), format('DROP EXTENSION %I CASCADE;', e.extname)
  FROM pg_extension e
 WHERE e.extname IN ('dblink', 'postgres_fdw', 'file_fdw', 'adminpack', 'lo', 'pageinspect', 'pg_buffercache',
                     'pg_freespacemap', 'pg_prewarm', 'pg_surgery', 'pg_visibility', 'pg_walinspect', 'pgrowlocks',
                     'pgstattuple', 'tablefunc', 'xml2', 'sslinfo', 'pg_cron', 'http', 'pg_net', 'plsh')
    OR e.extname ~ '_fdw$'
 ORDER BY 1
