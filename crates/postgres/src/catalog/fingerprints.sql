-- One text for each of the schemas $1, hashed: equal texts mean equal catalogs. $2: the login whose objects in the schema
-- are its own business, schema by schema. Asked with pg_catalog alone on the search path, the server prints every other
-- name with its schema, and what is random in these names (the tenant's id) is replaced by a word at the end.
WITH space AS MATERIALIZED (
    SELECT n.oid, n.nspname::text AS name, r.oid AS login, w.login AS login_name,
           format('schema|%s|%s', pg_get_userbyid(n.nspowner), n.nspacl) AS line
    FROM unnest($1::text[], $2::text[]) AS w (name, login)
    JOIN pg_namespace n ON n.nspname = w.name
    LEFT JOIN pg_roles r ON r.rolname = w.login
), relation AS MATERIALIZED (
    SELECT s.oid AS space, c.*
    FROM space s JOIN pg_class c ON c.relnamespace = s.oid
    WHERE c.relowner IS DISTINCT FROM s.login
), column_ AS MATERIALIZED (
    SELECT c.space, c.oid AS relation, c.relname, c.relkind, a.attname, a.attnum, a.atttypid, a.atttypmod, a.attnotnull,
           a.attidentity, a.attgenerated, a.attcollation, a.attstorage, a.attcompression, a.attstattarget, a.attoptions,
           a.attacl, a.attinhcount, a.attislocal,
           row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum) AS place
    FROM relation c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped
), routine AS MATERIALIZED (
    SELECT s.oid AS space, p.*
    FROM space s JOIN pg_proc p ON p.pronamespace = s.oid
    WHERE p.proowner IS DISTINCT FROM s.login
), type_ AS MATERIALIZED (
    SELECT s.oid AS space, t.*
    FROM space s JOIN pg_type t ON t.typnamespace = s.oid
    WHERE t.typowner IS DISTINCT FROM s.login AND t.typtype IN ('e', 'd', 'r', 'b', 'p')
      AND NOT (t.typelem <> 0 AND t.typlen = -1)
), constraint_ AS MATERIALIZED (
    SELECT c.space, c.relname::text AS owner_name, k.* FROM relation c JOIN pg_constraint k ON k.conrelid = c.oid
    UNION ALL
    SELECT t.space, t.typname::text, k.* FROM type_ t JOIN pg_constraint k ON k.contypid = t.oid
), line (space, text) AS (
    SELECT oid, line FROM space
    UNION ALL
    SELECT c.space, concat_ws('|', 'relation', c.relname, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
           c.relreplident, c.relispartition, c.reloptions, t.reloptions, c.relam, c.reltablespace,
           pg_get_userbyid(c.relowner), c.relacl, pg_get_expr(c.relpartbound, c.oid),
           CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) WHEN 'v' THEN pg_get_viewdef(c.oid)
                          WHEN 'm' THEN c.relispopulated || pg_get_viewdef(c.oid) END)
    FROM relation c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
    WHERE c.relkind NOT IN ('i', 'I')
    UNION ALL
    SELECT a.space, concat_ws('|', 'column', a.relname, a.attname, a.place, format_type(a.atttypid, a.atttypmod),
           a.attnotnull, a.attidentity, a.attgenerated, CASE WHEN a.attcollation <> 100 THEN a.attcollation::regcollation END,
           a.attstorage, a.attcompression, a.attstattarget, a.attoptions, a.attacl, a.attinhcount, a.attislocal,
           pg_get_expr(d.adbin, d.adrelid))
    FROM column_ a LEFT JOIN pg_attrdef d ON d.adrelid = a.relation AND d.adnum = a.attnum
    UNION ALL
    SELECT k.space, concat_ws('|', 'constraint', k.owner_name, k.conname, k.contype, k.convalidated, k.conislocal,
           k.connoinherit, pg_get_constraintdef(k.oid))
    FROM constraint_ k
    WHERE k.contype <> 't'
    UNION ALL
    SELECT c.space, concat_ws('|', 'index', c.relname, i.indrelid::regclass, i.indisvalid, i.indisclustered, i.indisreplident,
           c.reltablespace, pg_get_userbyid(c.relowner), pg_get_indexdef(c.oid),
           (SELECT string_agg(format('%s=%s', a.attnum, a.attstattarget), ',' ORDER BY a.attnum) FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND COALESCE(a.attstattarget, -1) >= 0))
    FROM relation c JOIN pg_index i ON i.indexrelid = c.oid
    UNION ALL
    SELECT c.space, concat_ws('|', 'inherits', h.inhrelid::regclass, h.inhparent::regclass,
           row_number() OVER (PARTITION BY h.inhrelid ORDER BY h.inhseqno))
    FROM relation c JOIN pg_inherits h ON h.inhrelid = c.oid
    UNION ALL
    SELECT c.space, concat_ws('|', 'sequence', c.relname, q.seqtypid, q.seqstart, q.seqincrement, q.seqmax, q.seqmin,
           q.seqcache, q.seqcycle,
           (SELECT string_agg(format('%s %s %s', d.deptype, d.refobjid::regclass, a.attname), ',')
            FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')))
    FROM relation c JOIN pg_sequence q ON q.seqrelid = c.oid
    UNION ALL
    SELECT c.space, concat_ws('|', 'rule', c.relname, w.rulename, w.ev_enabled, pg_get_ruledef(w.oid))
    FROM relation c JOIN pg_rewrite w ON w.ev_class = c.oid AND w.rulename <> '_RETURN'
    UNION ALL
    SELECT c.space, concat_ws('|', 'trigger', c.relname, g.tgname, g.tgenabled, pg_get_triggerdef(g.oid))
    FROM relation c JOIN pg_trigger g ON g.tgrelid = c.oid
    WHERE NOT g.tgisinternal OR g.tgenabled <> 'O'
    UNION ALL
    SELECT c.space, concat_ws('|', 'policy', c.relname, y.polname, y.polcmd, y.polpermissive, y.polroles::regrole[],
           pg_get_expr(y.polqual, y.polrelid), '|', pg_get_expr(y.polwithcheck, y.polrelid))
    FROM relation c JOIN pg_policy y ON y.polrelid = c.oid
    UNION ALL
    SELECT p.space, concat_ws('|', 'routine', p.oid::regprocedure, p.prokind, pg_get_userbyid(p.proowner), p.proacl,
           CASE p.prokind
               WHEN 'a' THEN (SELECT concat_ws('|', pg_get_function_arguments(p.oid), to_jsonb(g) - 'aggfnoid' - 'aggtranstype'
                                  - 'aggmtranstype', format_type(g.aggtranstype, NULL), format_type(g.aggmtranstype, NULL))
                              FROM pg_aggregate g WHERE g.aggfnoid = p.oid)
               ELSE pg_get_functiondef(p.oid) END)
    FROM routine p
    UNION ALL
    SELECT t.space, concat_ws('|', 'type', t.typname, t.typtype, pg_get_userbyid(t.typowner), t.typacl, t.typnotnull,
           CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
           CASE WHEN t.typcollation NOT IN (0, 100) THEN t.typcollation::regcollation END, pg_get_expr(t.typdefaultbin, 0),
           (SELECT string_agg(quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder)
            FROM pg_enum e WHERE e.enumtypid = t.oid),
           (SELECT concat_ws('|', format_type(r.rngsubtype, NULL), r.rngsubdiff, format_type(r.rngmultitypid, NULL))
            FROM pg_range r WHERE r.rngtypid = t.oid))
    FROM type_ t
    UNION ALL
    SELECT s.oid, concat_ws('|', 'statistics', pg_get_userbyid(x.stxowner), to_jsonb(x) ->> 'stxstattarget',
           pg_get_statisticsobjdef(x.oid))
    FROM space s JOIN pg_statistic_ext x ON x.stxnamespace = s.oid
    WHERE x.stxowner IS DISTINCT FROM s.login
    UNION ALL
    SELECT s.oid, concat_ws('|', 'collation', to_jsonb(k) - 'oid' - 'collnamespace' - 'collowner' - 'collversion',
           pg_get_userbyid(k.collowner))
    FROM space s JOIN pg_collation k ON k.collnamespace = s.oid
    WHERE k.collowner IS DISTINCT FROM s.login
    UNION ALL
    SELECT s.oid, concat_ws('|', 'dictionary', k.dictname, k.dicttemplate, k.dictinitoption, pg_get_userbyid(k.dictowner))
    FROM space s JOIN pg_ts_dict k ON k.dictnamespace = s.oid
    WHERE k.dictowner IS DISTINCT FROM s.login
    UNION ALL
    SELECT s.oid, concat_ws('|', 'configuration', k.cfgname, k.cfgparser, pg_get_userbyid(k.cfgowner),
           (SELECT string_agg(format('%s %s %s', m.maptokentype, m.mapseqno, m.mapdict::regdictionary), ','
                              ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = k.oid))
    FROM space s JOIN pg_ts_config k ON k.cfgnamespace = s.oid
    WHERE k.cfgowner IS DISTINCT FROM s.login
    UNION ALL
    -- Whatever else a schema can hold: operators and their like, with the server's own words.
    SELECT s.oid, concat_ws('|', 'other', d.classid::regclass, pg_describe_object(d.classid, d.objid, 0))
    FROM space s JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = s.oid
    WHERE d.classid NOT IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_statistic_ext'::regclass,
                            'pg_collation'::regclass, 'pg_ts_dict'::regclass, 'pg_ts_config'::regclass,
                            'pg_default_acl'::regclass)
    UNION ALL
    SELECT o.space, concat_ws('|', 'comment', o.class::regclass, o.name, d.objsubid, d.description)
    FROM (
        SELECT space, 'pg_class'::regclass::oid AS class, oid, relname::text AS name FROM relation
        UNION ALL SELECT space, 'pg_proc'::regclass, oid, oid::regprocedure::text FROM routine
        UNION ALL SELECT space, 'pg_type'::regclass, oid, typname FROM type_
        UNION ALL SELECT space, 'pg_constraint'::regclass, oid, owner_name || '.' || conname FROM constraint_
        UNION ALL SELECT c.space, 'pg_type'::regclass, c.reltype, c.relname FROM relation c WHERE c.relkind = 'c'
        UNION ALL SELECT c.space, 'pg_trigger'::regclass, g.oid, concat(c.relname, '.', g.tgname)
                  FROM relation c JOIN pg_trigger g ON g.tgrelid = c.oid
        UNION ALL SELECT c.space, 'pg_policy'::regclass, y.oid, concat(c.relname, '.', y.polname)
                  FROM relation c JOIN pg_policy y ON y.polrelid = c.oid
        UNION ALL SELECT c.space, 'pg_rewrite'::regclass, w.oid, concat(c.relname, '.', w.rulename)
                  FROM relation c JOIN pg_rewrite w ON w.ev_class = c.oid
        UNION ALL SELECT d.refobjid, d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0)
                  FROM space s JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = s.oid
                  WHERE d.classid IN ('pg_statistic_ext'::regclass, 'pg_collation'::regclass, 'pg_ts_dict'::regclass,
                                      'pg_ts_config'::regclass)
    ) AS o (space, class, oid, name)
    JOIN pg_description d ON d.classoid = o.class AND d.objoid = o.oid
)
SELECT s.name,
       md5(replace(replace(replace(string_agg(l.text, E'\n' ORDER BY l.text COLLATE "C"),
                                   s.login_name, '<reader>'), s.name, '<schema>'),
                   'o_' || substr(s.name, 8), '<owner>')) AS hash
FROM space s JOIN line l ON l.space = s.oid
GROUP BY s.oid, s.name, s.login_name
