-- Objects of schema $1 that no script of a NOLOGIN owner can make again: kind and name.
WITH object AS MATERIALIZED (
    SELECT d.classid, d.objid
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = $1
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                      WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
), relation AS MATERIALIZED (
    SELECT c.* FROM object o JOIN pg_catalog.pg_class c ON c.oid = o.objid
    WHERE o.classid = 'pg_catalog.pg_class'::regclass
)
SELECT 'foreign table' AS kind, quote_ident(c.relname) AS name FROM relation c WHERE c.relkind = 'f'
UNION ALL
SELECT 'typed table', quote_ident(c.relname) FROM relation c WHERE c.reloftype <> 0
UNION ALL
SELECT 'relation with the name of a relation of pg_catalog', quote_ident(c.relname) FROM relation c
WHERE NOT pg_catalog.pg_table_is_visible(c.oid)
UNION ALL
SELECT 'invalid index', quote_ident(x.relname)
FROM relation c JOIN pg_catalog.pg_index i ON i.indrelid = c.oid JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
WHERE NOT i.indisvalid AND x.relkind = 'i'
UNION ALL
SELECT 'disabled trigger of a constraint', format('%I.%I', c.relname, g.tgname)
FROM relation c JOIN pg_catalog.pg_trigger g ON g.tgrelid = c.oid
WHERE g.tgisinternal AND g.tgenabled <> 'O'
UNION ALL
SELECT 'function in an untrusted language', format('%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid))
FROM object o JOIN pg_catalog.pg_proc p ON p.oid = o.objid JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE o.classid = 'pg_catalog.pg_proc'::regclass AND NOT l.lanpltrusted AND p.prokind <> 'a'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                  WHERE e.classid = o.classid AND e.objid = o.objid AND e.deptype = 'i')
UNION ALL
SELECT 'aggregate with a state of type internal', a.aggfnoid::regprocedure::text
FROM object o JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = o.objid
WHERE o.classid = 'pg_catalog.pg_proc'::regclass
  AND 'pg_catalog.internal'::regtype IN (a.aggtranstype, a.aggmtranstype)
UNION ALL
SELECT CASE WHEN t.typtype = 'r' THEN 'range type with a canonical function' ELSE 'base type' END, quote_ident(t.typname)
FROM object o JOIN pg_catalog.pg_type t ON t.oid = o.objid
LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
WHERE o.classid = 'pg_catalog.pg_type'::regclass
  AND (t.typtype IN ('b', 'p') AND NOT (t.typelem <> 0 AND t.typlen = -1) OR r.rngcanonical <> 0)
UNION ALL
SELECT 'type with the name of a type of pg_catalog', quote_ident(t.typname)
FROM object o JOIN pg_catalog.pg_type t ON t.oid = o.objid
WHERE o.classid = 'pg_catalog.pg_type'::regclass AND t.typtype IN ('e', 'c', 'r', 'd')
  AND NOT pg_catalog.pg_type_is_visible(t.oid)
UNION ALL
SELECT 'cast', pg_catalog.pg_describe_object(k.tableoid, k.oid, 0)
FROM object o
JOIN pg_catalog.pg_depend d ON d.refclassid = o.classid AND d.refobjid = o.objid
JOIN pg_catalog.pg_cast k ON k.oid = d.objid
WHERE d.classid = 'pg_catalog.pg_cast'::regclass AND o.classid <> 'pg_catalog.pg_class'::regclass
  AND d.deptype <> 'i'
UNION ALL
SELECT 'security label', pg_catalog.pg_describe_object(s.classoid, s.objoid, s.objsubid)
FROM object o JOIN pg_catalog.pg_seclabel s ON s.classoid = o.classid AND s.objoid = o.objid
UNION ALL
SELECT regexp_replace(o.classid::regclass::text, '^pg_', ''), pg_catalog.pg_describe_object(o.classid, o.objid, 0)
FROM object o
WHERE o.classid NOT IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_type'::regclass,
                        'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_collation'::regclass,
                        'pg_catalog.pg_statistic_ext'::regclass, 'pg_catalog.pg_ts_dict'::regclass,
                        'pg_catalog.pg_ts_config'::regclass, 'pg_catalog.pg_default_acl'::regclass,
                        'pg_catalog.pg_extension'::regclass, 'pg_catalog.pg_publication_namespace'::regclass)
ORDER BY 1, 2
