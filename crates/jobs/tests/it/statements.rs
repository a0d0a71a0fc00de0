//! Every static statement is one that the control database understands.

use std::path::Path;

use tenantry_testkit::control_database;
use tenantry_testkit::statements::prepare_all;

#[tokio::test]
async fn static_statements_prepare() {
    let (database, _) = control_database("job_statements").await;
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (prepared, refused) = prepare_all(&database.connect().await, &src, &[]).await;
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(prepared >= 20, "{prepared} statements found");
}
