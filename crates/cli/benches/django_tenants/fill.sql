-- Tenants of the bench, each a copy of the schema `base`, its ledger among them. Variable: tenants.
SET bench.tenants = :tenants;
DO $fill$
DECLARE t record; i integer; s text;
BEGIN
  FOR i IN 1..current_setting('bench.tenants')::integer LOOP
    s := 'bench' || i;
    EXECUTE format('CREATE SCHEMA %I', s);
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'base' LOOP
      EXECUTE format('CREATE TABLE %I.%I (LIKE base.%I INCLUDING ALL)', s, t.tablename, t.tablename);
    END LOOP;
    EXECUTE format('INSERT INTO %I.django_migrations OVERRIDING SYSTEM VALUE SELECT * FROM base.django_migrations', s);
    EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, ''id''), 1000)', s || '.django_migrations');
    INSERT INTO public.customers_client (schema_name, name) VALUES (s, s);
    IF i % 50 = 0 THEN COMMIT; END IF;
  END LOOP;
END $fill$;
