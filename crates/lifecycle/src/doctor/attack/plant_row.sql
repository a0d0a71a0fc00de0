INSERT INTO :"victim_schema".:"table" (:"tenant_column") VALUES (:'victim_key')
