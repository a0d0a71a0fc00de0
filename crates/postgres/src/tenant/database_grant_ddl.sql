GRANT TEMPORARY ON DATABASE :"database" TO :"role";
