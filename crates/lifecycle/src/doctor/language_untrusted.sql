-- Languages whose functions act as the server's process.
SELECT 'language ' || quote_ident(l.lanname), format('DROP LANGUAGE %I CASCADE;', l.lanname)
  FROM pg_language l
 WHERE NOT l.lanpltrusted AND l.lanname NOT IN ('internal', 'c')
 ORDER BY 1
