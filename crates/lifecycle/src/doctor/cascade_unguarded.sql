-- Foreign keys whose actions run something of the app past row-level security.
SELECT format('foreign key %s of %s, with %s', u.key, u.holder, u.met), u.mend FROM tenantry.unguarded_cascades() u ORDER BY 1, 2
