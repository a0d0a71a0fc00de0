//! Every static statement is one that the control database understands.

use std::path::Path;

use tenantry_testkit::control_database;
use tenantry_testkit::statements::prepare_all;

/// Scripts of several statements, which migrations.rs runs in every test.
const SCRIPTS: &[&str] = &["migrations/ledger.sql"];

#[tokio::test]
async fn static_statements_prepare() {
    let (database, _) = control_database("registry_statements").await;
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (prepared, refused) = prepare_all(&database.connect().await, &src, SCRIPTS).await;
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(prepared >= 40, "{prepared} statements found");
}
