UPDATE :"victim_schema".:"table" SET :"column" = :"column"
