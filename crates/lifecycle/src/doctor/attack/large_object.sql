SELECT pg_catalog.lo_creat(-1)
