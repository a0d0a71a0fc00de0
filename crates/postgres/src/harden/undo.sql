DO $undo$
DECLARE g record;
BEGIN
  FOR g IN SELECT o.kind, o.name FROM (:objects) o LOOP
    EXECUTE pg_catalog.format('GRANT :privilege ON %s %s TO PUBLIC', g.kind, g.name);
  END LOOP;
END $undo$;
