-- AFTER INSERT OR UPDATE on a table whose foreign key was written MATCH FULL over several columns, for rows that have some of
-- them: what PostgreSQL says of such a row. In shared tables the key has the tenant column too, which is never NULL, so it is
-- MATCH SIMPLE there. Argument: the foreign key.
CREATE OR REPLACE FUNCTION tenantry.match_full() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '23503',
    MESSAGE = format('insert or update on table "%s" violates foreign key constraint "%s"', TG_TABLE_NAME, TG_ARGV[0]),
    DETAIL = 'MATCH FULL does not allow mixing of null and nonnull key values.',
    SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = TG_ARGV[0];
END $f$;

-- The same of the rows that a table has when such a key is made or validated. Runs with the caller's rights.
CREATE OR REPLACE FUNCTION tenantry.check_match_full(relation regclass, foreign_key text, VARIADIC columns text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $f$
DECLARE
  found boolean;
  -- A foreign key reaches partitions, and children that inherit not.
  whole text := CASE (SELECT c.relkind FROM pg_class c WHERE c.oid = relation) WHEN 'p' THEN '' ELSE 'ONLY ' END;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM %s%s WHERE num_nulls(%s) NOT IN (0, %s))', whole, relation,
    (SELECT string_agg(quote_ident(c), ', ') FROM unnest(columns) c), cardinality(columns)) INTO found;
  IF found THEN
    RAISE EXCEPTION USING ERRCODE = '23503',
      MESSAGE = format('insert or update on table "%s" violates foreign key constraint "%s"',
        (SELECT c.relname FROM pg_class c WHERE c.oid = relation), foreign_key),
      DETAIL = 'MATCH FULL does not allow mixing of null and nonnull key values.', CONSTRAINT = foreign_key;
  END IF;
END $f$;

ALTER FUNCTION tenantry.match_full() OWNER TO :"platform";
ALTER FUNCTION tenantry.check_match_full(regclass, text, text[]) OWNER TO :"platform";
REVOKE ALL ON FUNCTION tenantry.match_full(), tenantry.check_match_full(regclass, text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenantry.match_full(), tenantry.check_match_full(regclass, text, text[]) TO :"owner";
