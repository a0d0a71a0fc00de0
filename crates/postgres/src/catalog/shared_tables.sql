-- The tables of schemas shared and global, as an application knows them. $1: the tenant column. A table of `template` of the
-- same name is as the app wrote it.
WITH RECURSIVE family (root, member) AS (
    SELECT c.oid, c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'shared' AND c.relkind IN ('r', 'p')
    UNION
    SELECT f.root, i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.member
),
counters AS (
    -- The first value of an identity column is an argument of its trigger: its own sequence has another.
    SELECT d.refobjid, s.relname,
           COALESCE((SELECT (string_to_array(encode(g.tgargs, 'escape'), '\000'))[2]::bigint
                     FROM pg_catalog.pg_trigger g
                     JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                     WHERE g.tgrelid = d.refobjid AND g.tgfoid = 'tenantry.identity_value()'::regprocedure
                       AND split_part(encode(g.tgargs, 'escape'), '\000', 1) = a.attname), q.seqstart) AS start
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
)
SELECT c.relname::text AS name, n.nspname = 'global' AS global,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               AND (n.nspname = 'global' OR a.attname <> $1::text OR EXISTS (
                   SELECT FROM pg_catalog.pg_attribute w
                   WHERE w.attrelid = t.oid AND w.attname = a.attname AND NOT w.attisdropped))
             ORDER BY a.attnum) AS columns,
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> ''
             ORDER BY a.attnum) AS generated,
       ARRAY(SELECT a.attname::text
             FROM pg_catalog.pg_constraint k
             CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS p (number, place)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number
             WHERE k.conrelid = COALESCE(t.oid, c.oid) AND k.contype = 'p'
               AND (t.oid IS NOT NULL OR n.nspname = 'global' OR a.attname <> $1::text)
             ORDER BY p.place) AS primary_key,
       ARRAY(SELECT DISTINCT r.relname::text
             FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
             WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0
               AND r.relnamespace = c.relnamespace
             ORDER BY 1) AS refers_to,
       -- Bit 3 of a trigger's type: it acts on DELETE. The children's triggers act as well.
       EXISTS (SELECT FROM family f
               LEFT JOIN pg_catalog.pg_trigger g ON g.tgrelid = f.member AND NOT g.tgisinternal
                   AND g.tgenabled <> 'D' AND g.tgtype & 8 <> 0
                   AND g.tgfoid <> 'tenantry.only_refreshed()'::regprocedure
               LEFT JOIN pg_catalog.pg_rewrite r ON r.ev_class = f.member AND r.ev_type = '4' AND r.ev_enabled <> 'D'
               WHERE f.root = c.oid AND (g.oid IS NOT NULL OR r.oid IS NOT NULL)) AS acts_on_delete,
       ARRAY(SELECT s.relname::text FROM counters s WHERE s.refobjid = c.oid ORDER BY s.relname) AS counters,
       ARRAY(SELECT s.start FROM counters s WHERE s.refobjid = c.oid ORDER BY s.relname) AS starts
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class t ON t.relname = c.relname AND t.relkind = c.relkind
    AND t.relnamespace = to_regnamespace('template') AND n.nspname = 'shared'
WHERE n.nspname IN ('shared', 'global') AND c.relkind IN ('r', 'p')
ORDER BY c.relname COLLATE "C", n.nspname
