-- The objects of schema $1 by catalog, without members of extensions. Only tables and their like, types, functions and
-- a few more know their schema by an index: that of pg_depend.
SELECT m.classid, array_agg(m.objid ORDER BY m.objid) AS objects
FROM (SELECT d.classid, d.objid
      FROM pg_catalog.pg_depend d
      WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass
        AND d.refobjid = (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = $1)
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                        WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')) AS m
GROUP BY m.classid
