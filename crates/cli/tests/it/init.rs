use std::fs;

use crate::support::{App, holds};

#[tokio::test]
async fn a_new_app_has_the_name_of_its_folder_and_a_migration() {
    let app = App::empty();
    let folder = app.file("My Shop");
    let made = app.run(&["init", "My Shop"]).await.ok();
    assert!(made.out.contains("made My Shop\n"), "{made:?}");
    assert!(made.out.contains("--dir 'My Shop' up\n"), "{made:?}");
    assert!(fs::read_to_string(folder.join("tenantry.toml")).unwrap().contains("app = \"my-shop\""));
    assert!(holds(&folder, "migrations/main/0001_notes.up.sql"));
    assert!(holds(&folder, "migrations/main/0001_notes.down.sql"));

    app.run(&["init", "My Shop"]).await.refused(2, "directory_not_empty");
    let shown = app.run(&["--dir", "My Shop", "config", "show", "--json"]).await.ok().json();
    assert_eq!(shown["config"]["app"], "my-shop");
    assert_eq!(shown["config"]["limits"]["deleted_days_kept"], 30);
}

#[tokio::test]
async fn an_example_is_copied_whole() {
    let app = App::empty();
    app.run(&["init", "--example", "digital-erp", "erp"]).await.ok();
    let folder = app.file("erp");
    assert!(holds(&folder, "tenantry.toml"));
    assert!(holds(&folder, "seed/main/0001_people.sql"));
    assert!(holds(&folder, "migrations/main/0001_users.up.sql"));

    let unknown = app.run(&["init", "--example", "nope", "other"]).await.refused(2, "example_unknown");
    assert!(unknown.err.contains("digital-erp, textile-erp"), "{unknown:?}");
    assert!(!app.file("other").exists());
}

#[tokio::test]
async fn a_key_that_does_not_exist_is_refused_and_secrets_stay_hidden() {
    let app = App::empty();
    app.run(&["init", "app"]).await.ok();
    app.configure("\n[clusters.eu]\nurl = \"postgres://root:hunter2@db.example/postgres\"\n");
    let shown = app.on(&["config", "show"]).await.ok();
    assert!(shown.out.contains("clusters.eu.url = \"[redacted]\"\n"), "{shown:?}");
    assert!(!shown.out.contains("hunter2"));

    app.configure("\n[limits]\njob_leese_seconds = 1\n");
    let refused = app.on(&["config", "show"]).await.refused(2, "config_invalid");
    assert!(refused.err.contains("job_lease_seconds"), "{refused:?}");
}
