//! `migrate plan` as people and pull requests use it.

use std::fs;

use crate::support::{App, holds};

const FIRST: &str = "CREATE TABLE orders (id serial PRIMARY KEY, total numeric(10, 2), old text);";
const SECOND: &str = "ALTER TABLE orders ADD COLUMN status text NOT NULL DEFAULT 'new';
CREATE INDEX orders_by_status ON orders (status);
-- tenantry: allow drops-column: nobody reads it since spring
ALTER TABLE orders DROP COLUMN old;";

fn app() -> App {
    let app = App::empty();
    fs::create_dir_all(app.path().join("migrations/main")).unwrap();
    fs::write(
        app.path().join("tenantry.toml"),
        "app = \"plan\"\n[limits]\nblank_schemas_ready = 1\nblank_databases_ready = 1\n",
    )
    .unwrap();
    write(&app, "0001_orders.sql", FIRST);
    app
}

fn write(app: &App, file: &str, text: &str) {
    fs::write(app.path().join("migrations/main").join(file), text).unwrap();
}

#[tokio::test]
async fn a_pull_request_without_a_server() {
    let app = app();
    write(&app, "0002_status.sql", SECOND);
    let plan = app.on(&["migrate", "plan", "--offline", "--from", "1"]).await.ok();
    let text = plan.out.replace(&format!("{}/", app.path().display()), "");
    insta::assert_snapshot!(text);
    app.on(&["migrate", "plan", "--offline", "--from", "1", "--strict"]).await.refused(1, "plan_findings");
    assert_eq!(app.on(&["migrate", "plan", "--from", "1"]).await.code, 2);
    app.on(&["migrate", "plan", "--offline", "--from", "9"]).await.refused(2, "version_unknown");

    let json = app.on(&["migrate", "plan", "--offline", "--json"]).await.ok().json();
    assert_eq!((json["offline"].as_bool(), json["findings"].as_u64()), (Some(true), Some(2)));
    assert_eq!(json["services"][0]["files"][1]["findings"][0]["rule"], "index-not-concurrent");
    let silent = app.on(&["migrate", "plan"]).await.ok();
    assert!(silent.err.contains("no server was set up here yet"), "{silent:?}");
    assert!(!holds(&app.path(), ".tenantry"), "nothing is set up by looking");

    write(&app, "0002_status.sql", "CREATE TABLE fine (id int);");
    app.on(&["migrate", "plan", "--offline", "--strict"]).await.ok();
}

#[tokio::test]
async fn the_sql_of_each_shape() {
    let app = app();
    let text = app.on(&["migrate", "plan", "--offline", "--sql"]).await.ok().out;
    insta::assert_snapshot!(text);
    let shared = app.on(&["migrate", "plan", "--offline", "--sql", "--isolation", "shared"]).await.ok().out;
    assert!(shared.contains("    shared:\n") && !shared.contains("    schema:"), "{shared}");
    app.on(&["migrate", "plan", "--offline", "--sql", "--isolation", "row"])
        .await
        .refused(2, "isolation_unknown");
}

#[tokio::test]
async fn what_would_run_where() {
    let app = app();
    for (slug, isolation) in [("one", "shared"), ("two", "schema"), ("three", "schema")] {
        app.on(&["tenant", "create", slug, "--isolation", isolation]).await.ok();
    }
    let even = app.on(&["migrate", "plan"]).await.ok();
    assert!(even.out.contains("nothing is pending"), "{even:?}");
    write(&app, "0002_status.sql", SECOND);
    let plan = app.on(&["migrate", "plan"]).await.ok();
    for part in [
        "service main (layout numbered): 1 of 2 migrations pending",
        "  cluster local: the templates are at 0001; tenants: 1 shared, 2 schema",
        "  runs on local: the templates, the shared tables (of 1 tenant), 2 tenants' schemas",
        "    locks orders ACCESS EXCLUSIVE, for a moment: reads and writes wait",
        "    ! index-not-concurrent (app/migrations/main/0002_status.sql:2:1)",
        "rollout: the templates and the shared tables, then 2 tenants with tables of their own",
        "  wave:1: 2 tenants\n",
        "nothing was changed; tenantry migrate up applies what is pending",
    ] {
        assert!(
            plan.out.replace(&format!("{}/", app.path().display()), "").contains(part),
            "{part}: {plan:#?}"
        );
    }
    app.on(&["migrate", "plan", "--strict"]).await.refused(1, "plan_findings");
    let one = app.on(&["migrate", "plan", "--canary", "1", "--jobs", "3", "--max-failures", "5%"]).await.ok();
    for part in [
        "  canaries: 1 tenant: two\n",
        "  wave:1: 1 tenant\n",
        "  3 at a time",
        "than 5% fail, or one canary",
    ] {
        assert!(one.out.contains(part), "{part}: {one:#?}");
    }
    app.on(&["tenant", "label", "three", "+beta"]).await.ok();
    let json = ["migrate", "plan", "--canary", "label=beta", "--tenants", "thr*", "--json"];
    let way = app.on(&json).await.ok().json()["rollout"].clone();
    assert_eq!((&way["tenants"], &way["stages"][0]["canaries"]), (&1.into(), &serde_json::json!(["three"])));
    app.on(&["migrate", "plan", "--canary", "beta"]).await.refused(2, "usage");
    let again = app.on(&["migrate", "plan"]).await.ok();
    assert_eq!(again.out, plan.out, "looking changes nothing");
    app.on(&["migrate", "up", "--to", "0002_status"]).await.ok();
    let even = app.on(&["migrate", "plan"]).await.ok();
    assert!(even.out.contains("nothing is pending"), "a name does as well as a number: {even:?}");
}

/// What is said of a statement is said once, also where two share a line.
#[tokio::test]
async fn two_statements_on_a_line() {
    let app = app();
    write(&app, "0002_two.sql", "CREATE INDEX a ON orders (total); CREATE INDEX b ON orders (old);");
    let text = app.on(&["migrate", "plan", "--offline", "--from", "1"]).await.ok().out;
    assert_eq!(text.matches("! index-not-concurrent").count(), 2, "{text}");
}
