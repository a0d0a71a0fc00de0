//! Bad input: a code, an exit code and a next step, before any server is started.

use crate::support::App;

#[tokio::test]
async fn without_an_app_the_folder_is_named() {
    let app = App::empty();
    app.run(&["tenant", "list"]).await.refused(2, "config_missing");
    app.run(&["--dir", "nowhere", "up"]).await.refused(2, "config_missing");
}

#[tokio::test]
async fn what_is_typed_is_checked_before_a_server_starts() {
    let app = App::new().await;
    let long = "x".repeat(41);
    let cases: &[(&[&str], &str)] = &[
        (&["tenant", "create", "Acme"], "slug_invalid"),
        (&["tenant", "create", "a_b"], "slug_invalid"),
        (&["tenant", "create", ""], "slug_invalid"),
        (&["tenant", "create", &long], "slug_invalid"),
        (&["tenant", "create", "admin"], "slug_reserved"),
        (&["tenant", "create", "acme", "--isolation", "row"], "isolation_unknown"),
        (&["tenant", "create", "acme", "--plan", "gold"], "plan_unknown"),
        (&["tenant", "create", "acme", "--region", "eu"], "region_unknown"),
        (&["tenant", "create", "acme", "--cluster", "eu"], "cluster_unknown"),
        (&["tenant", "create", "acme", "--owner-email", "nobody"], "usage"),
        (&["tenant", "rename", "acme", "Acme"], "slug_invalid"),
        (&["url", "acme", "--direct", "--role", "readonly"], "usage"),
        (&["serve", "--role", "data"], "usage"),
        (&["serve", "--role", "nothing"], "usage"),
        (&["sql", "--all-tenants", "select 1", "--format", "parquet"], "usage"),
        (&["sql", "--all-tenants", "  "], "usage"),
        (&["migrate", "new", "../orders"], "usage"),
        (&["migrate", "up", "--to", "0099"], "version_unknown"),
        (&["migrate", "down", "--yes", "--to", "crm=1"], "service_unknown"),
        (&["migrate", "new", "orders", "--service", "crm"], "service_unknown"),
    ];
    for (args, code) in cases {
        app.on(args).await.refused(2, code);
    }
    assert!(!app.path().join(".tenantry/postgres").exists(), "a server was set up");
    assert_eq!(app.on(&["sql", "select 1"]).await.code, 2);
    assert_eq!(app.on(&["sql", "--all-tenants", "--tenants", "a", "select 1"]).await.code, 2);
    assert_eq!(app.on(&["tenant", "fly"]).await.code, 2);
    app.on(&["url", "acme"]).await.refused(1, "server_unreachable");
}

#[tokio::test]
async fn errors_are_json_for_programs() {
    let app = App::new().await;
    let refused = app.on(&["--json", "tenant", "create", "admin"]).await;
    assert_eq!(refused.code, 2);
    assert_eq!(refused.out, "");
    let error: serde_json::Value = serde_json::from_str(&refused.err).unwrap();
    assert_eq!(error["error"]["code"], "slug_reserved");
    assert!(error["error"]["message"].as_str().unwrap().contains("admin"));
    assert!(error["error"]["help"].is_string());
}

#[tokio::test]
async fn an_address_in_use_is_named_before_anything_starts() {
    let app = App::new().await;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = app.on(&["up", "--http", &address]).await.refused(1, "listen_failed");
    assert!(refused.err.contains(&address), "{refused:?}");
    assert!(!app.path().join(".tenantry").exists());
}
