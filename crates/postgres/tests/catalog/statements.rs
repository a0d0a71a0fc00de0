//! Every static statement of the module is one that the server understands.

#[tokio::test]
async fn static_statements_prepare() {
    let client = crate::server::database().await;
    let mut refused = Vec::new();
    for sql in tenantry_postgres::catalog::static_sql() {
        if let Err(e) = client.prepare(sql).await {
            refused.push(format!("{}: {e:?}", sql.lines().next().unwrap()));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

/// The cost of reading one schema must not grow with the number of schemas: every catalog is reached by an index.
#[tokio::test]
async fn no_catalog_is_scanned() {
    let client = crate::server::database().await;
    let template = crate::value(&client, "SELECT 'template'::regnamespace::oid").await.unwrap();
    // As enter.sql sets them.
    for setting in ["enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"] {
        client.batch_execute(&format!("SET {setting} = off")).await.unwrap();
    }
    // What is asked of a tenant's own database as a whole has no other schemas to pass by.
    let of_databases =
        ["pg_catalog.pg_extension e JOIN", "pg_catalog.pg_default_acl d", "pg_catalog.acldefault("];
    let of_schemas = tenantry_postgres::catalog::static_sql()
        .filter(|sql| !sql.contains("set_config") && !sql.contains("md5("))
        .filter(|sql| !of_databases.iter().any(|name| sql.contains(name)));
    for sql in of_schemas {
        let value = match sql {
            _ if sql.contains("$1::oid[]") => "ARRAY[1, 2, 3]".to_owned(),
            _ if sql.contains("nspname = $1") => "'template'".to_owned(),
            _ => format!("{template}::oid"),
        };
        let explain = format!("EXPLAIN {}", sql.replace("$1", &value));
        let plan: Vec<String> = client
            .simple_query(&explain)
            .await
            .unwrap()
            .iter()
            .filter_map(|m| match m {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
            .collect();
        assert!(!plan.iter().any(|line| line.contains("Seq Scan on")), "{plan:#?}");
    }
}
