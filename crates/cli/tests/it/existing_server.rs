//! `--database-url`: an existing server instead of the embedded one.

use tenantry_testkit::{server, unique_app_name};

use crate::support::App;

async fn app_on(name: &str) -> App {
    let app = App::new().await;
    app.reconfigure("app = \"app\"", &format!("app = \"{name}\""));
    // What is prepared in advance would stay on the server.
    app.reconfigure(
        "blank_schemas_ready = 1\nblank_databases_ready = 1",
        "blank_schemas_ready = 0\nblank_databases_ready = 0",
    );
    app
}

#[tokio::test]
async fn an_existing_server_is_used_and_nothing_is_started() {
    let mut app = app_on(&unique_app_name()).await;
    let url = server().await.server().url("postgres").reveal().to_owned();
    app.variables.push(("TENANTRY_DATABASE_URL".to_owned(), url.clone()));
    let up = app.up(&[]).await;
    assert_eq!(up.ready["postgres"], url.as_str());
    for (slug, isolation) in [("acme", "shared"), ("globex", "schema"), ("initech", "database")] {
        app.on(&["tenant", "create", slug, "--isolation", isolation]).await.ok();
    }
    let rows = app.on(&["sql", "--all-tenants", "--json", "select title from notes"]).await.ok().json();
    assert_eq!(rows.as_array().unwrap().len(), 3, "{rows}");
    assert_eq!(up.end("-TERM").await, Some(0));
    assert!(!app.path().join(".tenantry/postgres").exists());
    for slug in ["acme", "globex", "initech"] {
        app.on(&["tenant", "delete", slug]).await.ok();
        app.on(&["tenant", "delete", slug, "--purge", "--yes"]).await.ok();
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_lacks_rights_is_named() {
    let app = app_on(&unique_app_name()).await;
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("postgres://root:hunter2@{gone}/postgres");
    let refused = app.on(&["up", "--http", "127.0.0.1:0", "--database-url", &url]).await;
    let refused = refused.refused(1, "server_unreachable");
    assert!(refused.err.contains(&gone.to_string()) && !refused.err.contains("hunter2"), "{refused:?}");

    let wrong = ["tenant", "list", "--database-url", "mysql://x"];
    app.on(&wrong).await.refused(2, "config_invalid");
}
