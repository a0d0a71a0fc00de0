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
