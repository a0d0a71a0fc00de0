//! `migrate drift` and `migrate vary` as the operator uses them: what is printed mends, run with psql.

use std::fs;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::support::App;

const MIGRATION: &str =
    "CREATE TABLE notes_of (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text);
CREATE INDEX by_body ON notes_of (body);
";

/// Runs a script with psql, as its superuser.
async fn psql(url: &str, script: &str) {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", url]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("psql is installed");
    child.stdin.take().unwrap().write_all(script.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}\n{script}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn drift_is_named_and_its_sql_mends() {
    let app = App::new().await;
    fs::write(app.path().join("migrations/main/0002_more.up.sql"), MIGRATION).unwrap();
    fs::write(app.path().join("migrations/main/0002_more.down.sql"), "DROP TABLE notes_of;\n").unwrap();
    let up = app.up(&[]).await;
    for isolation in ["shared", "schema", "database"] {
        app.on(&["tenant", "create", &format!("in-{isolation}"), "--isolation", isolation]).await.ok();
    }
    let clean = app.on(&["migrate", "drift"]).await.ok();
    assert!(clean.out.contains("nothing drifts: 3 tenants"), "{clean:?}");

    let postgres = up.ready["postgres"].as_str().unwrap();
    let placed = app.on(&["tenant", "show", "in-schema", "--json"]).await.ok().json();
    let place = &placed["placements"][0];
    let (database, schema) = (place["database"].as_str().unwrap(), place["schema"].as_str().unwrap());
    let broken = format!("DROP INDEX {schema}.by_body; ALTER TABLE {schema}.notes_of ADD COLUMN extra text;");
    psql(postgres, &format!("\\connect {database}\n{broken}\n")).await;

    let found = app.on(&["migrate", "drift"]).await;
    assert_eq!(found.code, 1, "{found:?}");
    assert!(found.out.contains("tenant in-schema, service main"), "{found:?}");
    assert!(found.out.contains("index by_body is missing"), "{found:?}");
    assert!(found.out.contains("column notes_of.extra is not expected"), "{found:?}");
    let json = app.on(&["migrate", "drift", "--json"]).await.json();
    assert_eq!(json["drifted"][0]["tenant"], "in-schema");
    let differences = json["drifted"][0]["differences"].as_array().unwrap();
    let words: Vec<&str> = differences.iter().map(|d| d["difference"].as_str().unwrap()).collect();
    assert_eq!(words, ["missing", "extra"]);
    app.on(&["migrate", "drift", "--tenants", "in-d*"]).await.ok();
    app.on(&["migrate", "drift", "--service", "nothere"]).await.refused(2, "service_unknown");

    let careful = app.on(&["migrate", "drift", "--sql"]).await;
    assert!(careful.out.contains("-- ALTER TABLE notes_of DROP COLUMN extra;"), "{careful:?}");
    psql(postgres, &careful.out).await;
    let left = app.on(&["migrate", "drift"]).await;
    assert!(!left.out.contains("by_body") && left.out.contains("notes_of.extra"), "{left:?}");
    let whole = app.on(&["migrate", "drift", "--sql", "--with-losses"]).await;
    psql(postgres, &whole.out).await;
    app.on(&["migrate", "drift"]).await.ok();

    // The same on purpose.
    let file = app.path().join("extra.sql");
    fs::write(&file, "ALTER TABLE notes_of ADD COLUMN extra text;\n").unwrap();
    let file = file.to_str().unwrap();
    let varied = app.on(&["migrate", "vary", "in-schema", file]).await.ok();
    assert!(
        varied.out.contains("in-schema has the variation extra: added column notes_of.extra"),
        "{varied:?}"
    );
    app.on(&["migrate", "drift"]).await.ok();
    let listed = app.on(&["migrate", "vary", "in-schema", "--list", "--json"]).await.ok().json();
    assert_eq!((&listed[0]["name"], &listed[0]["actor"]), (&"extra".into(), &"tester".into()));
    let shown = app.on(&["migrate", "vary", "in-schema", "--list"]).await.ok();
    assert!(shown.out.contains("added column notes_of.extra"), "{shown:?}");
    app.on(&["migrate", "vary", "in-schema", file]).await.refused(1, "variation_exists");
    app.on(&["migrate", "vary", "in-shared", file]).await.refused(1, "variation_refused");
    let nothing = app.on(&["migrate", "vary", "in-schema"]).await;
    assert_eq!(nothing.code, 2, "{nothing:?}");
    let kept = app.on(&["migrate", "vary", "in-schema", "--remove", "extra"]).await;
    assert!(kept.code == 1 && kept.err.contains("DROP COLUMN extra"), "{kept:?}");
    let down = app.path().join("back.sql");
    fs::write(&down, "ALTER TABLE notes_of DROP COLUMN extra;\n").unwrap();
    let down = down.to_str().unwrap();
    app.on(&["migrate", "vary", "in-schema", "--remove", "extra", "--down", down]).await.ok();
    app.on(&["migrate", "drift"]).await.ok();
    assert_eq!(up.end("-TERM").await, Some(0));
}
