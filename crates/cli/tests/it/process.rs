//! Stopping, killing and starting again.

use crate::support::{App, is_postgres, wait_for};

#[tokio::test]
async fn a_second_up_is_refused_with_the_process_of_the_first() {
    let app = App::new().await;
    let up = app.up(&[]).await;
    let second = app.on(&["up", "--http", "127.0.0.1:0"]).await.refused(1, "directory_in_use");
    assert!(second.err.contains(&format!("process {} (", up.pid())), "{second:?}");
    app.on(&["serve", "--http", "127.0.0.1:0"]).await.refused(1, "directory_in_use");

    let postmaster = app.postmaster().unwrap();
    assert!(is_postgres(postmaster));
    assert_eq!(up.end("-TERM").await, Some(0));
    assert!(!is_postgres(postmaster), "the server outlived its owner");
}

#[tokio::test]
async fn up_goes_on_after_kill_9() {
    let app = App::new().await;
    let up = app.up(&[]).await;
    app.on(&["tenant", "create", "acme"]).await.ok();
    let postmaster = app.postmaster().unwrap();
    assert_eq!(up.end("-KILL").await, None);
    // The server outlives a killed owner; whoever comes next adopts it.
    assert!(is_postgres(postmaster));
    std::fs::remove_file(app.file("ready.json")).unwrap();
    let up = app.up(&[]).await;
    assert_eq!(app.postmaster(), Some(postmaster));
    assert_eq!(app.on(&["tenant", "show", "acme", "--json"]).await.ok().json()["status"], "active");
    assert_eq!(up.end("-TERM").await, Some(0));
    assert!(!is_postgres(postmaster));
}

#[tokio::test]
async fn a_worker_in_the_server_provisions_what_is_inserted() {
    let app = App::new().await;
    let up = app.up(&[]).await;
    let control: tenantry_postgres::server::Server = up.ready["postgres"].as_str().unwrap().parse().unwrap();
    let client = tenantry_postgres::connect::connect(&control, "app_control", "test").await.unwrap();
    client.batch_execute("INSERT INTO tenantry.tenants (slug) VALUES ('inserted')").await.unwrap();
    wait_for("the tenant's creation", async || {
        let row = client.query_one("SELECT status FROM tenantry.tenants WHERE slug = 'inserted'", &[]).await;
        row.unwrap().get::<_, String>(0) == "active"
    })
    .await;
    drop(client);
    assert_eq!(up.end("-TERM").await, Some(0));
}

#[tokio::test]
async fn the_listener_alone_is_not_ready_while_nobody_works() {
    let app = App::new().await;
    let control = app.serve("control").await;
    let (head, body) = control.get("GET /ready").await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head} {body}");
    let ready: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(ready["ready"], false);
    let worker = ready["checks"].as_array().unwrap().iter().find(|c| c["name"] == "worker").unwrap();
    assert_eq!((&worker["ok"], &worker["reason"]), (&false.into(), &"no worker runs".into()));
    assert!(control.get("GET /health").await.0.starts_with("HTTP/1.1 200 "));
    // A command brings a worker of its own.
    app.on(&["tenant", "create", "acme"]).await.ok();
    assert_eq!(control.end("-TERM").await, Some(0));

    let worker = app.serve("worker").await;
    assert!(worker.ready["http"].is_null(), "{}", worker.log());
    app.on(&["tenant", "suspend", "acme"]).await.ok();
    assert_eq!(worker.end("-TERM").await, Some(0));
    assert_eq!(app.postmaster(), None);
}

#[tokio::test]
async fn a_command_that_is_interrupted_leaves_no_server() {
    let app = App::new().await;
    app.on(&["tenant", "create", "acme"]).await.ok();
    let sleeper =
        app.begin(&["sql", "--all-tenants", "select count(*) from generate_series(1, 100000000000)"]);
    wait_for("the server's start", async || app.postmaster().is_some_and(is_postgres)).await;
    let postmaster = app.postmaster().unwrap();
    assert_eq!(sleeper.end("-INT").await, Some(130));
    wait_for("the server's end", async || !is_postgres(postmaster)).await;
}
