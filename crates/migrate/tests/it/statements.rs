//! Every static statement is one that a data database understands.

use std::path::Path;

use tenantry_testkit::statements::prepare_all;
use tenantry_testkit::{AppOptions, TestApp};

/// A block of PL/pgSQL, which runs with every migration.
const SCRIPTS: &[&str] = &["apply/views_invoker.sql"];

#[tokio::test]
async fn static_statements_prepare() {
    let app = TestApp::new(&[], AppOptions::default()).await;
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (prepared, refused) = prepare_all(&app.data().await, &src, SCRIPTS).await;
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(prepared >= 8, "{prepared} statements found");
}
