-- Owner and privileges of schema $1 and of what it holds, apart from members of extensions; each grantee but the owner
-- with its privileges. `words` as in the other queries; columns have rows only where something was granted on them.
WITH space AS MATERIALIZED (
    SELECT n.tableoid, n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_catalog.pg_namespace n WHERE n.nspname = $1
), object AS MATERIALIZED (
    SELECT d.classid, d.objid
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = (SELECT s.oid FROM space s)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                      WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
), held AS (
    SELECT s.tableoid AS class, s.oid, 'SCHEMA' AS word, NULL::text AS name, s.nspowner AS owner,
           COALESCE(s.nspacl, pg_catalog.acldefault('n', s.nspowner)) AS acl
    FROM space s
    UNION ALL
    SELECT c.tableoid, c.oid,
           CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'c' THEN 'TYPE'
                          WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
           quote_ident(c.relname), c.relowner,
           CASE c.relkind WHEN 'c' THEN pg_catalog.acldefault('T', c.relowner)
                          ELSE COALESCE(c.relacl, pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner)) END
    FROM object o JOIN pg_catalog.pg_class c ON c.oid = o.objid
    WHERE o.classid = 'pg_catalog.pg_class'::regclass AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    UNION ALL
    SELECT p.tableoid, p.oid,
           CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
           format('%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), p.proowner,
           COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))
    FROM object o JOIN pg_catalog.pg_proc p ON p.oid = o.objid
    WHERE o.classid = 'pg_catalog.pg_proc'::regclass
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                      WHERE e.classid = p.tableoid AND e.objid = p.oid AND e.deptype = 'i')
    UNION ALL
    SELECT t.tableoid, t.oid, CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, quote_ident(t.typname),
           t.typowner, COALESCE(t.typacl, pg_catalog.acldefault('T', t.typowner))
    FROM object o JOIN pg_catalog.pg_type t ON t.oid = o.objid
    WHERE o.classid = 'pg_catalog.pg_type'::regclass AND t.typtype IN ('e', 'd', 'r')
    UNION ALL
    SELECT s.tableoid, s.oid, 'STATISTICS', quote_ident(s.stxname), s.stxowner, NULL::aclitem[]
    FROM object o JOIN pg_catalog.pg_statistic_ext s ON s.oid = o.objid
    WHERE o.classid = 'pg_catalog.pg_statistic_ext'::regclass
    UNION ALL
    SELECT k.tableoid, k.oid, 'COLLATION', quote_ident(k.collname), k.collowner, NULL::aclitem[]
    FROM object o JOIN pg_catalog.pg_collation k ON k.oid = o.objid
    WHERE o.classid = 'pg_catalog.pg_collation'::regclass
    UNION ALL
    SELECT k.tableoid, k.oid, 'TEXT SEARCH DICTIONARY', quote_ident(k.dictname), k.dictowner, NULL::aclitem[]
    FROM object o JOIN pg_catalog.pg_ts_dict k ON k.oid = o.objid
    WHERE o.classid = 'pg_catalog.pg_ts_dict'::regclass
    UNION ALL
    SELECT k.tableoid, k.oid, 'TEXT SEARCH CONFIGURATION', quote_ident(k.cfgname), k.cfgowner, NULL::aclitem[]
    FROM object o JOIN pg_catalog.pg_ts_config k ON k.oid = o.objid
    WHERE o.classid = 'pg_catalog.pg_ts_config'::regclass
    UNION ALL
    SELECT c.tableoid, c.oid, 'COLUMN', format('%I.%I', c.relname, a.attname), c.relowner, a.attacl
    FROM object o JOIN pg_catalog.pg_class c ON c.oid = o.objid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE o.classid = 'pg_catalog.pg_class'::regclass AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attacl IS NOT NULL
)
SELECT h.class, h.oid, h.word, h.name, pg_catalog.pg_get_userbyid(h.owner)::text AS owner, g.grantees, g.privileges
FROM held h
CROSS JOIN LATERAL (
    SELECT COALESCE(array_agg(x.grantee ORDER BY x.grantee), '{}') AS grantees,
           COALESCE(array_agg(x.privileges ORDER BY x.grantee), '{}') AS privileges
    FROM (SELECT CASE i.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(i.grantee)::text END AS grantee,
                 string_agg(i.privilege_type || CASE WHEN i.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', '
                            ORDER BY i.privilege_type) AS privileges
          FROM pg_catalog.aclexplode(h.acl) AS i
          WHERE i.grantee <> h.owner
          GROUP BY i.grantee) AS x) AS g
ORDER BY h.word, h.name
