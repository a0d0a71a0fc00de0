SELECT pg_catalog.version();
SHOW standard_conforming_strings;
SHOW TRANSACTION ISOLATION LEVEL;
SELECT current_schema();
SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' ORDER BY nspname;
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = '{schema}' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(c.oid);
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum), a.attidentity, a.attgenerated
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE n.nspname = '{schema}' AND c.relname = 'products';
SELECT con.conname, pg_get_constraintdef(con.oid, true), obj_description(con.oid, 'pg_constraint')
  FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{schema}';
SELECT i.relname, ix.indisunique, pg_get_indexdef(ix.indexrelid), am.amname, pg_index_column_has_property(ix.indexrelid, 1, 'asc')
  FROM pg_index ix JOIN pg_class i ON i.oid = ix.indexrelid JOIN pg_class t ON t.oid = ix.indrelid JOIN pg_am am ON am.oid = i.relam
  JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = '{schema}';
SELECT sequencename FROM pg_sequences WHERE schemaname = '{schema}';
SELECT pg_get_serial_sequence('{schema}.products', 'id');
SELECT pg_get_viewdef(c.oid, true) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{schema}' AND c.relkind = 'v';
SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = '{schema}.products'::regclass;
SELECT p.proname, pg_get_function_identity_arguments(p.oid), pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = '{schema}';
SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}';
SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = '{schema}';
SELECT viewname FROM pg_views WHERE schemaname = '{schema}';
SELECT tablename FROM pg_tables WHERE schemaname = '{schema}';
SELECT indexname FROM pg_indexes WHERE schemaname = '{schema}';
SELECT t.oid, t.typname, t.typtype, t.typelem FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typname = 'uuid';
SELECT rolname FROM pg_roles WHERE rolname = current_user;
SELECT usename, usesuper FROM pg_user WHERE usename = current_user;
SELECT has_table_privilege('{schema}.products', 'SELECT'), has_schema_privilege('{schema}', 'USAGE');
SELECT d.datname, pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding) FROM pg_database d WHERE d.datname = current_database();
SELECT name, setting FROM pg_settings WHERE name = 'server_version_num';
SELECT extname, extversion FROM pg_extension;
SELECT txid_current_if_assigned() IS NULL, pg_is_in_recovery(), pg_backend_pid() > 0
