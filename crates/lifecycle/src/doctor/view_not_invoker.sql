SELECT c.oid::regclass::text, format('ALTER VIEW %s SET (security_invoker = true);', c.oid::regclass)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'v' AND (n.nspname = ANY (:schemas) OR n.nspname ~ '^(tenant|blank)_[0-9a-f]{32}$')
   AND NOT EXISTS (SELECT FROM pg_options_to_table(c.reloptions) o
                    WHERE o.option_name = 'security_invoker' AND o.option_value IN ('true', 'on', '1', 'yes'))
   AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = c.relowner AND r.rolname ~ '^t_[0-9a-f]{32}')
 ORDER BY 1
