//! Every static statement is one that a data database understands.

use std::fs;
use std::path::Path;

use tenantry_testkit::{AppOptions, TestApp};

#[tokio::test]
async fn static_statements_prepare() {
    let app = TestApp::new(&[], AppOptions::default()).await;
    let data = app.data().await;
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut prepared = 0;
    // The doctor's checks and attacks run in its own tests; what they hold in placeholders can't be prepared; nor can the templates of `fanout`, which examine.rs runs.
    for folder in ["announcements", "blanks", "home", "inventory", "platform"] {
        for entry in fs::read_dir(src.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|e| e != "sql") {
                continue;
            }
            let sql = fs::read_to_string(&path).unwrap();
            if let Err(e) = data.prepare(&sql).await {
                panic!("{}: {e:?}", path.display());
            }
            prepared += 1;
        }
    }
    assert!(prepared >= 14, "{prepared} statements found");
}
