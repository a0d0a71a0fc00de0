-- Under the template's lock: what is made here must come from the template as of this version.
DO $check$
BEGIN
  IF (SELECT coalesce(max(version), 0) FROM tenantry.ledger WHERE target = 'template') <> :version THEN
    RAISE EXCEPTION 'the template has moved on' USING ERRCODE = '55P03', HINT = 'Try again.';
  END IF;
END $check$;
