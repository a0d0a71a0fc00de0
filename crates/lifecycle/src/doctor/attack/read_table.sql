SELECT count(*) FROM :"victim_schema".:"table"
