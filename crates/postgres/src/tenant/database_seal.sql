REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
ALTER DATABASE :"database" SET search_path = app, global, extensions;
-- For temporary tables of migrations.
GRANT TEMPORARY ON DATABASE :"database" TO :"owners";
