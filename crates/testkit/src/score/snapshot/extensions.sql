SELECT 'extension', extname::text, '' FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql' AND $1::text IS NOT NULL AND $2::text IS NOT NULL
