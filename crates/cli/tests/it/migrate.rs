//! `tenantry migrate`: up, status, a pause by Ctrl-C, down.

use std::fs;

use serde_json::Value;

use crate::support::{App, send, wait_for};

fn write(app: &App, file: &str, text: &str) {
    fs::write(app.path().join("migrations/main").join(file), text).unwrap();
}

async fn versions(app: &App) -> Vec<(String, i64, i64)> {
    let status: Value = app.on(&["migrate", "status", "--json"]).await.ok().json();
    let versions = status["versions"].as_array().unwrap().iter();
    versions
        .map(|v| {
            let isolation = v["isolation"].as_str().unwrap().to_owned();
            (isolation, v["version"].as_i64().unwrap(), v["tenants"].as_i64().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn up_pause_resume_status_and_down() {
    let app = App::new().await;
    app.configure("rollout_tries_max = 1000\nrollout_backoff_ms_max = 50\n");
    let first = app.on(&["migrate", "up"]).await.ok();
    assert!(first.out.contains("applied main 0001_notes; 0 tenants with tables"), "{first:?}");
    let up = app.up(&[]).await;
    for (slug, isolation) in [("a", "schema"), ("b", "schema"), ("c", "shared"), ("d", "database")] {
        app.on(&["tenant", "create", slug, "--isolation", isolation]).await.ok();
    }
    let again = app.on(&["migrate", "up"]).await.ok();
    assert_eq!(again.out, "nothing to do: 4 tenants, main at 0001_notes\n");
    app.on(&["tenant", "label", "b", "+beta", "-none"]).await.ok();
    assert_eq!(app.on(&["tenant", "label", "b", "--json"]).await.ok().json(), serde_json::json!(["beta"]));

    write(&app, "0002_stars.up.sql", "ALTER TABLE notes ADD COLUMN stars integer;\n");
    write(&app, "0002_stars.down.sql", "ALTER TABLE notes DROP COLUMN stars;\n");
    let url = up.ready["postgres"].as_str().unwrap();
    let server: tenantry_postgres::server::Server = url.parse().unwrap();
    let holder = tenantry_postgres::connect::connect(&server, "app_main", "test").await.unwrap();
    let schema =
        app.on(&["tenant", "show", "a", "--json"]).await.ok().json()["placements"][0]["schema"].clone();
    let hold = format!("BEGIN; LOCK TABLE {}.notes IN ACCESS SHARE MODE", schema.as_str().unwrap());
    holder.batch_execute(&hold).await.unwrap();
    let rollout = app.begin(&["migrate", "up", "--canary", "label=beta"]);
    wait_for("everybody but the one that is held", async || {
        versions(&app).await.iter().any(|(_, version, _)| *version == 2)
    })
    .await;
    send("-INT", rollout.pid());
    let (out, err) = {
        wait_for("the pause", async || rollout.printed().contains("is paused")).await;
        (rollout.printed(), rollout.log())
    };
    assert!(out.contains("`tenantry migrate resume` goes on"), "{out}");
    assert!(err.contains("finishing the tenants in hand"), "{err}");
    let status: Value = app.on(&["migrate", "status", "--json"]).await.ok().json();
    assert_eq!(status["rollout"]["status"], "paused");
    write(&app, "0003_more.up.sql", "ALTER TABLE notes ADD COLUMN more integer;\n");
    app.on(&["migrate", "up"]).await.refused(1, "rollout_open");
    fs::remove_file(app.path().join("migrations/main/0003_more.up.sql")).unwrap();
    holder.batch_execute("COMMIT").await.unwrap();
    let resumed = app.on(&["migrate", "resume"]).await.ok();
    assert!(resumed.out.contains("applied main 0002_stars; 3 tenants"), "{resumed:?}");
    let all = [("database", 2, 1), ("schema", 2, 2), ("shared", 2, 1)].map(|(i, v, n)| (i.to_owned(), v, n));
    assert_eq!(versions(&app).await, all);

    let status = app.on(&["migrate", "status"]).await.ok();
    assert_eq!(status.out.matches("2 (0002_stars)").count(), 5, "{status:?}");
    let listed = app.on(&["migrate", "list"]).await.ok();
    assert!(listed.out.contains("up to main 2 (0002_stars.up.sql)"), "{listed:?}");
    let shown = app.on(&["migrate", "show"]).await.ok();
    assert!(
        shown.out.contains("up to main 2 (0002_stars.up.sql)") && shown.out.contains("wave:1"),
        "{shown:?}"
    );
    assert_eq!(app.on(&["migrate", "list", "--json"]).await.ok().json().as_array().unwrap().len(), 2);
    let refused = app.on(&["migrate", "down", "--to", "1"]).await.refused(2, "usage");
    assert!(refused.err.contains("can lose data") && refused.err.contains("--yes"), "{refused:?}");
    let down = app.on(&["migrate", "down", "--to", "1", "--yes"]).await.ok();
    assert!(down.out.contains("took back main 0002_stars"), "{down:?}");
    let back = all.map(|(i, _, n)| (i, 1, n));
    assert_eq!(versions(&app).await, back);
    app.on(&["migrate", "down", "--to", "1", "--yes"]).await.ok();
    app.on(&["migrate", "pause"]).await.refused(1, "job_unknown");
    app.on(&["migrate", "up", "--max-failures", "x"]).await.refused(2, "usage");
    assert_eq!(up.end("-TERM").await, Some(0));
}
