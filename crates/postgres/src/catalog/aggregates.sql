-- Aggregates among $1.
SELECT p.tableoid AS class, p.oid, NULL::oid AS parent, 'aggregate' AS kind,
       format('%I(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS name,
       format('AGGREGATE %s%I(%s)', CASE WHEN NOT pg_catalog.pg_function_is_visible(p.oid) THEN quote_ident(n.nspname) || '.' END,
              p.proname,
              CASE WHEN p.pronargs = 0 THEN '*' ELSE pg_catalog.pg_get_function_identity_arguments(p.oid) END) AS address,
       format('CREATE AGGREGATE %I(%s) (', p.proname,
              CASE WHEN p.pronargs = 0 THEN '*' ELSE pg_catalog.pg_get_function_arguments(p.oid) END)
           || concat_ws(', ',
               format('SFUNC = %s', a.aggtransfn), format('STYPE = %s', format_type(a.aggtranstype, NULL)),
               CASE WHEN a.aggtransspace > 0 THEN format('SSPACE = %s', a.aggtransspace) END,
               CASE WHEN a.aggfinalfn <> 0 THEN format('FINALFUNC = %s', a.aggfinalfn) END,
               CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
               CASE WHEN a.aggfinalfn <> 0 THEN 'FINALFUNC_MODIFY = ' || CASE a.aggfinalmodify
                   WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
               CASE WHEN a.aggcombinefn <> 0 THEN format('COMBINEFUNC = %s', a.aggcombinefn) END,
               CASE WHEN a.aggserialfn <> 0 THEN format('SERIALFUNC = %s', a.aggserialfn) END,
               CASE WHEN a.aggdeserialfn <> 0 THEN format('DESERIALFUNC = %s', a.aggdeserialfn) END,
               'INITCOND = ' || quote_literal(a.agginitval),
               CASE WHEN a.aggmtransfn <> 0 THEN format('MSFUNC = %s, MINVFUNC = %s, MSTYPE = %s', a.aggmtransfn,
                   a.aggminvtransfn, format_type(a.aggmtranstype, NULL)) END,
               CASE WHEN a.aggmtransspace > 0 THEN format('MSSPACE = %s', a.aggmtransspace) END,
               CASE WHEN a.aggmfinalfn <> 0 THEN format('MFINALFUNC = %s', a.aggmfinalfn) END,
               CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
               CASE WHEN a.aggmfinalfn <> 0 THEN 'MFINALFUNC_MODIFY = ' || CASE a.aggmfinalmodify
                   WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END,
               'MINITCOND = ' || quote_literal(a.aggminitval),
               (SELECT format('SORTOP = OPERATOR(%I.%s)', s.nspname, o.oprname)
                FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace s ON s.oid = o.oprnamespace
                WHERE o.oid = a.aggsortop),
               CASE WHEN a.aggkind = 'h' THEN 'HYPOTHETICAL' END,
               CASE p.proparallel WHEN 's' THEN 'PARALLEL = SAFE' WHEN 'r' THEN 'PARALLEL = RESTRICTED' END)
           || ')' AS head,
       NULL AS inline, NULL AS tail, '{}'::text[] AS attach, '{}'::text[] AS later,
       quote_literal(pg_catalog.obj_description(p.oid, 'pg_proc')) AS comment
FROM unnest($1::oid[]) AS d (objid)
JOIN pg_catalog.pg_proc p ON p.oid = d.objid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid
ORDER BY 5
