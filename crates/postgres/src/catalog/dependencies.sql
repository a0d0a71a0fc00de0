-- What depends on what among the objects of schema $1 and the objects that belong to these (defaults, constraints,
-- indexes, rules, row types, array types). Edges that leave the schema are dropped by the reader.
WITH RECURSIVE member (classid, objid) AS (
    SELECT d.classid, d.objid
    FROM pg_catalog.pg_depend d
    WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = $1
    UNION
    SELECT d.classid, d.objid
    FROM member m
    JOIN pg_catalog.pg_depend d ON d.refclassid = m.classid AND d.refobjid = m.objid
    WHERE d.deptype IN ('i', 'a', 'P', 'S')
)
SELECT DISTINCT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid, d.deptype = 'i' AS internal
FROM member m
JOIN pg_catalog.pg_depend d ON d.classid = m.classid AND d.objid = m.objid
WHERE d.deptype <> 'e' AND d.refclassid <> 'pg_catalog.pg_namespace'::regclass
