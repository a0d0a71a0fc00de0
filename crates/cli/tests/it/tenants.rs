//! A tenant's life through the commands, without a server running and with one.

use serde_json::Value;

use crate::support::App;

#[tokio::test]
async fn a_tenant_lives_and_dies_without_a_server_running() {
    let app = App::new().await;
    // Nothing was ever set up: the first tenant does that, too.
    let made = app.on(&["tenant", "create", "acme", "--name", "Acme Ltd", "--json"]).await.ok().json();
    assert_eq!(made["slug"], "acme");
    assert_eq!(made["name"], "Acme Ltd");
    assert_eq!(made["status"], "active");
    assert_eq!(made["isolation"], "shared");
    assert_eq!(made["placements"][0]["version"], 1);
    assert_eq!(made["jobs"][0]["kind"], "create");
    assert_eq!(made["jobs"][0]["status"], "done");
    assert_eq!(made["audit"][0]["action"], "tenant.create");
    assert_eq!(made["audit"][0]["actor"], "tester");
    app.on(&["tenant", "create", "acme"]).await.refused(1, "slug_taken");

    let url = app.on(&["url", "acme", "--direct"]).await.ok();
    assert!(url.out.starts_with("postgres://t_"), "{url:?}");
    assert_eq!(url.out.lines().count(), 1);
    assert!(url.err.contains("has stopped with this command"), "{url:?}");
    assert!(app.postmaster().is_none(), "the server outlived the command");

    app.on(&["tenant", "suspend", "acme"]).await.ok();
    app.on(&["psql", "acme", "--", "-c", "select 1"]).await.refused(1, "tenant_suspended");
    app.on(&["tenant", "suspend", "acme"]).await.refused(1, "tenant_status");
    app.on(&["tenant", "resume", "acme"]).await.ok();
    app.on(&["tenant", "rename", "acme", "apex", "--name", "Apex"]).await.ok();
    app.on(&["tenant", "show", "acme"]).await.refused(1, "tenant_unknown");

    app.on(&["tenant", "delete", "apex", "--purge", "--yes"]).await.refused(1, "tenant_status");
    let deleted = app.on(&["tenant", "delete", "apex"]).await.ok();
    assert!(deleted.out.contains("its data is kept until "), "{deleted:?}");
    app.on(&["url", "apex", "--direct"]).await.refused(1, "tenant_status");
    app.on(&["tenant", "restore", "apex"]).await.ok();
    app.on(&["tenant", "delete", "apex"]).await.ok();
    app.on(&["tenant", "delete", "apex", "--purge"]).await.refused(2, "usage");
    app.on(&["tenant", "delete", "apex", "--purge", "--yes"]).await.ok();
    app.on(&["tenant", "show", "apex"]).await.refused(1, "tenant_unknown");
    assert_eq!(app.on(&["tenant", "list", "--json"]).await.ok().json(), Value::Array(Vec::new()));
}

#[tokio::test]
async fn every_isolation_with_a_server_running() {
    let app = App::new().await;
    let up = app.up(&[]).await;
    for isolation in ["shared", "schema", "database"] {
        let made =
            app.on(&["tenant", "create", isolation_slug(isolation), "--isolation", isolation]).await.ok();
        assert!(made.out.contains(&format!("is active ({isolation} isolation)")), "{made:?}");
    }
    let listed = app.on(&["tenant", "list", "--json"]).await.ok().json();
    let found: Vec<(&str, &str)> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (t["slug"].as_str().unwrap(), t["isolation"].as_str().unwrap()))
        .collect();
    assert_eq!(found, [("in-database", "database"), ("in-schema", "schema"), ("in-shared", "shared")]);
    let table = app.on(&["tenant", "list"]).await.ok();
    assert!(
        table.out.starts_with("slug         name         status  isolation  plan  created\n"),
        "{table:?}"
    );

    for (slug, _) in found {
        let insert = "insert into notes (title) values ('mine')";
        app.on(&["psql", slug, "--", "-qc", insert]).await.ok();
        let count = app.on(&["psql", slug, "--", "-Atc", "select count(*) from notes"]).await.ok();
        assert_eq!(count.out, "2\n", "{slug}");
    }
    // psql's own exit code comes through: 1 for a wrong statement, 2 for a lost connection, 3 for a wrong script.
    let failed = app.on(&["psql", "in-shared", "--", "-c", "select nothing"]).await;
    assert_eq!(failed.code, 1, "{failed:?}");
    let script = app.file("script.sql");
    std::fs::write(&script, "select nothing;\n").unwrap();
    let args = ["psql", "in-shared", "--", "-v", "ON_ERROR_STOP=1", "-f", script.to_str().unwrap()];
    assert_eq!(app.on(&args).await.code, 3);

    let shown = app.on(&["tenant", "show", "in-schema"]).await.ok();
    for part in ["where its data lives\n", "jobs, newest first\n", "audit, newest first\n"] {
        assert!(shown.out.contains(part), "{shown:?}");
    }
    jobs(&app).await;
    assert_eq!(up.end("-TERM").await, Some(0));
}

async fn jobs(app: &App) {
    let listed = app.on(&["job", "list", "--json"]).await.ok().json();
    let kinds: Vec<&str> = listed.as_array().unwrap().iter().map(|j| j["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["create", "create", "create", "rollout"], "{listed}");
    let id = listed[0]["id"].to_string();
    let shown = app.on(&["job", "show", &id, "--json"]).await.ok().json();
    assert_eq!(shown["kind"], "create");
    let steps: Vec<&str> =
        shown["steps"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(steps, ["place", "login", "data:main", "activate"]);
    app.on(&["job", "retry", &id]).await.refused(1, "job_state");
    app.on(&["job", "cancel", &id]).await.refused(1, "job_state");
    app.on(&["job", "show", "999999"]).await.refused(1, "job_unknown");
    let all = app.on(&["job", "list", "--all", "--json"]).await.ok().json();
    assert!(all.as_array().unwrap().len() > 3, "{all}");
}

fn isolation_slug(isolation: &str) -> &'static str {
    match isolation {
        "shared" => "in-shared",
        "schema" => "in-schema",
        _ => "in-database",
    }
}
