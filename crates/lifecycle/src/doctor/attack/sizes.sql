SELECT pg_catalog.pg_total_relation_size(c.oid) FROM pg_catalog.pg_class c LIMIT 1
