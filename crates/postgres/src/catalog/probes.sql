-- The texts of two queries over the relations $1: which tables hold rows, and where the sequences stand.
SELECT string_agg(format('SELECT %s::oid AS relation WHERE EXISTS (SELECT FROM ONLY %I.%I)',
                         c.oid, n.nspname, c.relname), ' UNION ALL ' ORDER BY c.relname COLLATE "C")
           FILTER (WHERE c.relkind = 'r') AS rows,
       string_agg(format('SELECT quote_ident(%L) AS name, last_value, is_called FROM %I.%I',
                         c.relname, n.nspname, c.relname), ' UNION ALL ' ORDER BY c.relname COLLATE "C")
           FILTER (WHERE c.relkind = 'S') AS sequences
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_class c ON c.oid = d.objid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
