//! `migrate new` in folders of several styles.

use std::fs;

use crate::support::{App, holds};

#[tokio::test]
async fn the_next_pair_in_the_folders_own_style() {
    let app = App::empty();
    app.run(&["init", "app"]).await.ok();
    let folder = app.path();
    let made = app.on(&["migrate", "new", "add orders"]).await.ok();
    assert!(made.out.contains("0002_add_orders.up.sql\n"), "{made:?}");
    assert!(holds(&folder, "migrations/main/0002_add_orders.up.sql"));
    assert!(holds(&folder, "migrations/main/0002_add_orders.down.sql"));
    assert!(!holds(&folder, ".tenantry/postgres"), "no server is needed");

    let made = app.on(&["migrate", "new", "more", "--json"]).await.ok().json();
    assert_eq!(made["layout"], "numbered");
    assert!(made["files"][1].as_str().unwrap().ends_with("0003_more.down.sql"), "{made}");
}

#[tokio::test]
async fn a_layout_that_is_named_counts_for_an_empty_folder() {
    let app = App::empty();
    app.run(&["init", "app"]).await.ok();
    app.configure("\n[services.crm]\nmigrations = \"crm\"\nlayout = \"flyway\"\n");
    let several = app.on(&["migrate", "new", "orders"]).await.refused(2, "service_unknown");
    assert!(several.err.contains("crm, main"), "{several:?}");
    app.on(&["migrate", "new", "orders", "--service", "crm"]).await.ok();
    assert!(holds(&app.path(), "crm/V1__orders.sql"));
    fs::write(app.path().join("crm/V1__other.sql"), "").unwrap();
    let refused =
        app.on(&["migrate", "new", "more", "--service", "crm"]).await.refused(1, "migration_layout");
    assert!(
        refused.err.contains("V1__orders.sql and ")
            && refused.err.contains("V1__other.sql have the same number")
    );
}
