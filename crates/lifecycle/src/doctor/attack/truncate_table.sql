TRUNCATE :"victim_schema".:"table"
