//! One query over tenants of every isolation.

use serde_json::json;

use crate::support::App;

async fn app_with_tenants() -> App {
    let app = App::new().await;
    app.reconfigure("blank_schemas_ready = 1\nblank_databases_ready = 1", "blank_schemas_ready = 0\nblank_databases_ready = 0\nsql_rows_per_tenant_max = 5\nsql_statement_seconds_max = 1");
    app.reconfigure("default = \"shared\"", "default = \"shared\"\ntenant_ddl = true");
    app
}

async fn make(app: &App, tenants: &[(&str, &str)]) {
    for (slug, isolation) in tenants {
        app.on(&["tenant", "create", slug, "--isolation", isolation]).await.ok();
        let insert = format!("insert into notes (title) values ('of {slug}')");
        app.on(&["psql", slug, "--", "-qc", &insert]).await.ok();
    }
}

const TENANTS: [(&str, &str); 5] =
    [("a1", "shared"), ("a2", "shared"), ("b1", "schema"), ("b2", "schema"), ("c1", "database")];

#[tokio::test]
async fn rows_of_all_tenants_come_with_the_tenant() {
    let app = app_with_tenants().await;
    let up = app.up(&[]).await;
    make(&app, &TENANTS).await;

    let own = "select title from notes where title like 'of %'";
    for width in ["1", "4"] {
        let rows = app.on(&["sql", "--all-tenants", "--limit-connections", width, own]).await.ok();
        let expect = "tenant  title\na1      of a1\na2      of a2\nb1      of b1\nb2      of b2\nc1      of c1\n(5 rows)\n";
        assert_eq!(rows.out, expect, "{rows:?}");
    }
    let some = app.on(&["sql", "--tenants", "?1", "--format", "csv", own]).await.ok();
    assert_eq!(some.out, "tenant,title\r\na1,of a1\r\nb1,of b1\r\nc1,of c1\r\n");

    let query =
        "select count(*) as n, true as yes, 1.50 as price, null as nothing, array[1] as list from notes";
    let rows = app.on(&["--json", "sql", "--tenants", "a*", query]).await.ok().json();
    let row =
        |slug| json!({"tenant": slug, "n": 2, "yes": true, "price": "1.50", "nothing": null, "list": "{1}"});
    assert_eq!(rows, json!([row("a1"), row("a2")]));
    let none = app.on(&["--json", "sql", "--all-tenants", "select 1 as a where false"]).await.ok();
    assert_eq!(none.json(), json!([]));

    who_asks(&app).await;
    failures(&app).await;
    assert_eq!(up.end("-TERM").await, Some(0));
}

/// Tenants with objects of their own are asked as themselves; never as the platform.
async fn who_asks(app: &App) {
    let query = "select current_user::text as me, session_user::text as login";
    let rows = app.on(&["--json", "sql", "--all-tenants", query]).await.ok().json();
    for row in rows.as_array().unwrap() {
        let (tenant, me, login) =
            (row["tenant"].as_str().unwrap(), row["me"].as_str().unwrap(), row["login"].as_str().unwrap());
        if tenant.starts_with('a') {
            assert_eq!(me, "app_shared", "{row}");
        } else {
            assert!(me.starts_with("t_") && me == login, "{row}");
        }
    }
}

async fn failures(app: &App) {
    for (query, state) in [
        ("delete from notes", "25006"),
        ("select 1; select 2", "42601"),
        ("select nothing", "42703"),
        ("select count(*) from generate_series(1, 100000000000)", "57014"),
    ] {
        let failed = app.on(&["sql", "--tenants", "a*", query]).await.refused(1, "query_failed");
        assert!(failed.err.contains("for 2 of 2 tenants:\n  a1, a2: "), "{failed:?}");
        assert!(failed.err.contains(state), "{failed:?}");
        assert_eq!(failed.out, "");
    }
    app.on(&["sql", "--tenants", "nobody-*", "select 1"]).await.refused(1, "tenant_unknown");
    let twice = app.on(&["--json", "sql", "--all-tenants", "select 1 as a, 2 as a"]).await;
    assert!(twice.err.contains("two columns have the name"), "{twice:?}");

    // One that fails keeps none of the others from answering; other columns are a failure, too.
    for (slug, columns) in
        [("b1", "x integer, y integer"), ("b2", "x integer"), ("c1", "x integer, y integer")]
    {
        let create = format!("create table extra ({columns}); insert into extra (x) values (1)");
        app.on(&["psql", slug, "--", "-qc", &create]).await.ok();
    }
    let mixed = app.on(&["sql", "--all-tenants", "select * from extra"]).await.refused(1, "query_failed");
    assert_eq!(mixed.out, "tenant  x  y\nb1      1\nc1      1\n(2 rows)\n", "{mixed:?}");
    assert!(mixed.err.contains("\n  a1, a2: [database]"), "{mixed:?}");
    let differ = "\n  b2: [columns_differ] the columns are (x), but those of b1 are (x, y)";
    assert!(mixed.err.contains(differ), "{mixed:?}");

    let cut = app.on(&["sql", "--tenants", "?1", "select i from generate_series(1, 6) as i"]).await.ok();
    assert!(cut.out.ends_with("\nc1      5\n(15 rows)\n"), "{cut:?}");
    assert!(
        cut.err.contains("only the first 5 rows (limits.sql_rows_per_tenant_max) are shown of: a1, b1, c1"),
        "{cut:?}"
    );

    app.on(&["tenant", "suspend", "b1"]).await.ok();
    let rest = app.on(&["sql", "--tenants", "b*", "select 1 as one"]).await.ok();
    assert_eq!(rest.out, "tenant  one\nb2      1\n(1 row)\n");
    assert!(rest.err.contains("left out, since they are not active: b1 (suspended)"), "{rest:?}");
}
