LOCK TABLE :"victim_schema".:"table" IN ACCESS SHARE MODE
