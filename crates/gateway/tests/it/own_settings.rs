//! Settings of the application's own, and `set_config()`: they follow their client at both doors in every isolation, and reach
//! nobody else.

use tenantry_domain::Isolation;
use tenantry_domain::app::OwnSettings;
use tokio_postgres::{Client, NoTls};

use super::doors::{DOORS, Door, Doors, rows, sqlstate};
use tenantry_testkit::{AppOptions, TestApp};

const MIGRATION: &str = "CREATE TABLE users (id serial PRIMARY KEY, email text UNIQUE, name text);";

async fn doors(app: &TestApp) -> Doors {
    Doors::open_with(app, |app| {
        let list = ["myapp.*", "shop.user_id"].map(str::to_owned);
        app.gateway.settings = OwnSettings::parse(&list).unwrap();
    })
    .await
}

async fn app() -> TestApp {
    TestApp::new(&[("0001_all.up.sql", MIGRATION)], AppOptions::default()).await
}

async fn value(client: &Client, setting: &str) -> String {
    rows(client, &format!("SELECT coalesce(current_setting('{setting}', true), '')")).await.unwrap()
}

/// Has every server of the pool in use but one at most.
async fn elsewhere(client: &Client) {
    rows(client, "BEGIN; SELECT 1").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_applications_own_settings_follow_it() {
    let app = app().await;
    let doors = doors(&app).await;
    for isolation in Isolation::ALL {
        for door in DOORS {
            let slug = |name: &str| format!("{name}-{isolation}-{door:?}").to_lowercase();
            let (mine, next) = (slug("a"), slug("b"));
            app.tenant(&mine, isolation).await;
            app.tenant(&next, isolation).await;
            let first = doors.client(&app, door, &mine).await;
            let same = doors.client(&app, door, &mine).await;
            let holder = doors.client(&app, door, &mine).await;
            let other = doors.client(&app, door, &next).await;
            let look = || value(&first, "myapp.who");
            for (sql, expect) in [
                ("SET myapp.who = 'ann'", "ann"),
                ("BEGIN; SET LOCAL myapp.who = 'bob'; COMMIT", "ann"),
                ("BEGIN; SET myapp.who = 'bob'; ROLLBACK", "ann"),
                ("SELECT set_config('myapp.who', 'carl', false)", "carl"),
                ("SELECT set_config('MyApp.who', 'dan', true)", "carl"),
                ("SELECT set_config('myapp.who', 'eve', false) WHERE false", ""),
                ("SET myapp.who = 'fay'", "fay"),
                ("SELECT set_config('myapp.who', NULL, false)", ""),
                ("SET myapp.who = 'it''s'", "it's"),
            ] {
                rows(&first, sql).await.unwrap_or_else(|e| panic!("{slug}: {sql}: {e}", slug = mine));
                // What a statement leaves that can't be followed is cleaned away: then it has what was followed before.
                let expect = if sql.ends_with("WHERE false") { "carl" } else { expect };
                assert_eq!(look().await, expect, "{mine}: {sql}");
                elsewhere(&holder).await;
                assert_eq!(look().await, expect, "{mine}: {sql}, elsewhere");
                rows(&holder, "ROLLBACK").await.unwrap();
                for stranger in [&same, &other] {
                    assert_eq!(value(stranger, "myapp.who").await, "", "{mine}: {sql}");
                }
            }
            // The value as a parameter, prepared by name and not.
            let set = first.prepare("SELECT set_config('myapp.who', $1, false)").await.unwrap();
            for name in ["gus", "h\u{e9}l\u{e8}ne"] {
                first.query(&set, &[&name]).await.unwrap();
                elsewhere(&holder).await;
                assert_eq!(look().await, name, "{mine}");
                rows(&holder, "ROLLBACK").await.unwrap();
                assert_eq!(value(&same, "myapp.who").await, "");
                assert_eq!(value(&other, "myapp.who").await, "");
            }
            first.query(&set, &[&None::<&str>]).await.unwrap();
            assert_eq!(look().await, "", "{mine}: NULL");
            let local = "SELECT set_config('shop.user_id', $1, true), current_setting('shop.user_id')";
            let found = first.query_one(local, &[&"7"]).await.unwrap();
            assert_eq!((found.get::<_, &str>(0), found.get::<_, &str>(1)), ("7", "7"));
            assert_eq!(value(&first, "shop.user_id").await, "");
            // asyncpg's look-up of types.
            let jit = "SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new";
            let usual = value(&same, "jit").await;
            rows(&first, "SET jit = on").await.unwrap();
            let before = first.query_one(jit, &[]).await.unwrap();
            assert_eq!((before.get::<_, &str>(0), before.get::<_, &str>(1)), ("on", "off"));
            assert_eq!(value(&first, "jit").await, "off");
            assert_eq!(value(&same, "jit").await, usual);
            first.query_one("SELECT set_config('jit', $1, false)", &[&"on"]).await.unwrap();
            assert_eq!(value(&first, "jit").await, "on");
            // By the start-up packet; RESET goes back to it.
            let url = doors.url(&app, door, &mine).await;
            let options =
                if url.contains("options=") { "%20-cmyapp.who%3Dzoe" } else { "&options=-cmyapp.who%3Dzoe" };
            let (started, connection) = tokio_postgres::connect(&(url + options), NoTls).await.unwrap();
            tokio::spawn(connection);
            assert_eq!(value(&started, "myapp.who").await, "zoe");
            rows(&started, "SET myapp.who = 'x'").await.unwrap();
            rows(&started, "RESET myapp.who").await.unwrap();
            assert_eq!(value(&started, "myapp.who").await, "zoe");
            assert_eq!(value(&first, "myapp.who").await, "");
        }
    }
}

/// What a client that may set its own settings makes of it.
const ATTACKS: [&str; 24] = [
    "SET other.who = 'x'",
    "SET shop.other = 'x'",
    "SET tenantry.pooling = 'session'",
    "SET tenantry.x = 'x'",
    "SET LOCAL \"tenantry.x\" = 'x'",
    "SET row_security = off",
    "SET \"myapp.x; RESET ROLE\" = 'x'",
    "SELECT set_config('other.who', 'x', true)",
    "SELECT set_config('row_security', 'off', true)",
    "SELECT set_config('session_replication_role', 'replica', true)",
    "SELECT set_config('search_path', 'pg_temp, shared', false)",
    "SELECT set_config('role', 'postgres', true)",
    "SELECT set_config('tenantry.value_1', '1', true)",
    "SELECT set_config('my' || 'app.who', 'x', true)",
    "SELECT set_config(lower('APP.CURRENT_TENANT'), 'x', true)",
    "SELECT tenantry.set_config('app.current_tenant', 'x', true)",
    "SELECT tenantry.set_config('app' || '.current_tenant', 'x', true)",
    "SELECT set_config('standard_conforming_strings', 'off', true)",
    "SELECT U&\"\\0073et_config\"('row_security', 'off', true)",
    "SELECT set_config(E'app\\x2ecurrent_tenant', 'x', true)",
    "SELECT set_config(n, 'x', true) FROM (VALUES ('app.current_tenant')) v(n)",
    "PREPARE x AS SELECT set_config('other.who', 'x', false)",
    "CALL tenantry.reset_all(); SELECT set_config('app.current_tenant', 'x', false)",
    "WITH a AS (SELECT set_config('role', 'postgres', false)) SELECT * FROM a",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn own_settings_open_no_others() {
    let app = app().await;
    let doors = doors(&app).await;
    app.tenant("mine", Isolation::Shared).await;
    app.tenant("other", Isolation::Shared).await;
    let other = doors.client(&app, Door::Tenant, "other").await;
    rows(&other, "INSERT INTO users VALUES (1, 'secret', 'secret')").await.unwrap();
    for door in DOORS {
        let client = doors.client(&app, door, "mine").await;
        // What is allowed goes first: a decision about it must not serve for what looks alike.
        for sql in [
            "SELECT U&\"\\0073et_config\"('jit', 'off', true)",
            "SELECT set_config('myapp.who', 'x', true)",
            "SELECT tenantry.set_config('myapp.who', 'x', true)",
            "SET LOCAL \"myapp.x\" = 'x'",
        ] {
            // The server refuses the first of them where the login has no right to it.
            let _ = rows(&client, sql).await;
        }
        for sql in ATTACKS {
            assert_eq!(rows(&client, sql).await, Err("42501".to_owned()), "{door:?}: {sql}");
            if !sql.contains(';') {
                let error = client.query(sql, &[]).await.unwrap_err();
                assert_eq!(sqlstate(&error), "42501", "{door:?}: {sql}");
            }
            assert_eq!(rows(&client, "SELECT count(*) FROM users").await.unwrap(), "0", "{door:?}: {sql}");
        }
        let url = doors.url(&app, door, "mine").await;
        for option in ["other.who%3Dx", "tenantry.x%3Dx", "role%3Dpostgres", "shop.other%3Dx"] {
            let more = if url.contains("options=") { "%20-c" } else { "&options=-c" };
            let refused = tokio_postgres::connect(&format!("{url}{more}{option}"), NoTls).await;
            assert_eq!(sqlstate(&refused.err().unwrap()), "42501", "{option}");
        }
        // The server's own wall, without the gateway's: what stands for set_config() sets nothing that says who one is.
        for name in ["App.current_tenant", "role", "search_path", "tenantry.x", "standard_conforming_strings"]
        {
            let sql = "SELECT tenantry.set_config($1, 'x', true)";
            let server = doors.server_of(&app, door, "mine").await;
            let error = server.query(sql, &[&name]).await.unwrap_err();
            assert_eq!(sqlstate(&error), "42501", "{door:?}: {name}");
        }
    }
}
