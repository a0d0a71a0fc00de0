GRANT SELECT ON pg_catalog.:"relation" TO PUBLIC;
