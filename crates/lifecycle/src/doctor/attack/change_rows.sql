UPDATE :"victim_schema".:"table" SET :"tenant_column" = :"tenant_column" WHERE :"tenant_column" = :'victim_key'
