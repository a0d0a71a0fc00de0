-- The system catalogs' own rows about schema $1, without oids and names of schemas: what a clone is compared with
-- independently of the code under test.
WITH relation AS (SELECT c.* FROM pg_class c WHERE c.relnamespace = $1::text::regnamespace)
SELECT 'relation ' || concat_ws(' ', relname, relkind, relpersistence, relhasindex, relnatts - (SELECT count(*)
           FROM pg_attribute a WHERE a.attrelid = relation.oid AND a.attisdropped), relchecks, relhasrules, relhastriggers,
           relhassubclass, relrowsecurity, relforcerowsecurity, relispopulated, relreplident, relispartition, reloptions) AS row
FROM relation
UNION ALL
SELECT 'column ' || concat_ws(' ', c.relname, a.attname, row_number() OVER (PARTITION BY c.oid ORDER BY attnum), t.typname,
           atttypmod, attnotnull, atthasdef, attidentity, attgenerated, attislocal, attinhcount, attstattarget, attstorage,
           attcompression, attoptions, k.collname)
FROM relation c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation k ON k.oid = a.attcollation
WHERE a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || concat_ws(' ', c.relname, conname, contype, condeferrable, condeferred, convalidated OR (contype = 'n' AND coninhcount > 0), conislocal,
           coninhcount, contype IN ('c', 'n') AND connoinherit, conparentid <> 0, confupdtype, confdeltype, confmatchtype, cardinality(conkey))
FROM pg_constraint k LEFT JOIN relation c ON c.oid = k.conrelid
WHERE k.connamespace = $1::text::regnamespace
UNION ALL
SELECT 'index ' || concat_ws(' ', c.relname, indnatts, indnkeyatts, indisunique, indnullsnotdistinct, indisprimary,
           indisexclusion, indimmediate, indisclustered, indisvalid, indisreplident, indexprs IS NULL, indpred IS NULL)
FROM relation c JOIN pg_index i ON i.indexrelid = c.oid
UNION ALL
SELECT 'trigger ' || concat_ws(' ', c.relname, CASE WHEN tgisinternal THEN '' ELSE tgname END, tgtype, tgenabled,
           tgparentid <> 0, tgdeferrable, tginitdeferred, tgnargs, tgqual IS NULL)
FROM relation c JOIN pg_trigger g ON g.tgrelid = c.oid
UNION ALL
SELECT 'rule ' || concat_ws(' ', c.relname, rulename, ev_type, ev_enabled, is_instead)
FROM relation c JOIN pg_rewrite r ON r.ev_class = c.oid
UNION ALL
SELECT 'policy ' || concat_ws(' ', c.relname, polname, polcmd, polpermissive, polroles)
FROM relation c JOIN pg_policy p ON p.polrelid = c.oid
UNION ALL
SELECT 'inherits ' || concat_ws(' ', c.relname, p.relname, row_number() OVER (PARTITION BY inhrelid ORDER BY inhseqno))
FROM relation c JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_class p ON p.oid = i.inhparent
UNION ALL
SELECT 'sequence ' || concat_ws(' ', c.relname, s.seqtypid, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle,
           o.deptype, o.refobjsubid)
FROM relation c JOIN pg_sequence s ON s.seqrelid = c.oid
LEFT JOIN pg_depend o ON o.objid = c.oid AND o.classid = 'pg_class'::regclass AND o.refobjsubid > 0
UNION ALL
SELECT 'function ' || concat_ws(' ', proname, prokind, prosecdef, proleakproof, proisstrict, proretset, provolatile,
           proparallel, procost, prorows, pronargs, pronargdefaults, proargnames, proargmodes, cardinality(proconfig))
FROM pg_proc WHERE pronamespace = $1::text::regnamespace
UNION ALL
SELECT 'type ' || concat_ws(' ', typname, typtype, typnotnull, typdefault, typtypmod, typndims,
           (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
FROM pg_type t WHERE typnamespace = $1::text::regnamespace
UNION ALL
SELECT 'statistics ' || concat_ws(' ', stxname, stxkind, array_length(stxkeys::int2[], 1), stxexprs IS NULL)
FROM pg_statistic_ext WHERE stxnamespace = $1::text::regnamespace
UNION ALL
SELECT 'collation ' || concat_ws(' ', collname, collprovider, collisdeterministic, collcollate, collctype)
FROM pg_collation WHERE collnamespace = $1::text::regnamespace
UNION ALL
SELECT 'text search ' || concat_ws(' ', cfgname, maptokentype, mapseqno)
FROM pg_ts_config c JOIN pg_ts_config_map m ON m.mapcfg = c.oid WHERE cfgnamespace = $1::text::regnamespace
UNION ALL
SELECT 'comment ' || concat_ws(' ', d.classoid::regclass, d.objsubid, d.description)
FROM pg_description d JOIN pg_depend n ON n.classid = d.classoid AND n.objid = d.objoid
WHERE n.refclassid = 'pg_namespace'::regclass AND n.refobjid = $1::text::regnamespace
ORDER BY 1
