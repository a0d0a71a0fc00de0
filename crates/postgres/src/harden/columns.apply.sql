REVOKE ALL ON pg_catalog.:"relation" FROM PUBLIC;
GRANT SELECT (:open) ON pg_catalog.:"relation" TO PUBLIC;
