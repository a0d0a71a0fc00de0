DELETE FROM :"victim_schema".:"table" WHERE :"tenant_column" = :'victim_key'
