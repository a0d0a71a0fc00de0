//! The gateway's own login: it reads its directory, and every attempt at more is refused.

use tenantry_domain::Isolation;
use tenantry_lifecycle::doctor::Finding;
use tenantry_registry::Directory;
use tenantry_registry::directory::installation_secret;
use tenantry_testkit::postgres::connect::connect;
use tenantry_testkit::{AppOptions, TestApp, server};
use tokio_postgres::Client;

const MIGRATIONS: &[(&str, &str)] = &[("0001_notes.up.sql", "CREATE TABLE notes (id integer PRIMARY KEY);")];
const REFUSED: &str = "42501";

async fn app() -> (TestApp, Client) {
    let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
    app.tenant("acme", Isolation::Schema).await;
    let gateway = app.platform.gateway_server(server().await.server()).await.unwrap();
    let database = app.platform.app.layout().control_database();
    (app, connect(&gateway, &database, "test gateway").await.expect("the gateway's login comes in"))
}

/// A superuser's, which is not the pool's.
async fn own_connection(app: &TestApp) -> Client {
    connect(server().await.server(), &app.platform.app.layout().control_database(), "test").await.unwrap()
}

async fn findings(app: &TestApp) -> Vec<Finding> {
    app.platform.examine_gateway_login().await.unwrap()
}

#[tokio::test]
async fn it_reads_the_directory_and_nothing_else() {
    let (app, gateway) = app().await;
    let directory = Directory::load(&gateway).await.expect("the directory");
    assert!(directory.now().find(&"acme".parse().unwrap()).is_some());
    let secret = app.platform.installation_secret().await.unwrap();
    assert_eq!(installation_secret(&gateway).await.unwrap(), secret);
    gateway.batch_execute("LISTEN tenantry_tenants").await.expect("it hears of changes");

    let control = own_connection(&app).await;
    let tables = "SELECT format('%I.%I', n.nspname, c.relname), c.relkind = 'v' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE n.nspname = 'tenantry' AND c.relkind IN ('r', 'v')";
    let tables: Vec<(String, bool)> =
        control.query(tables, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    assert!(tables.len() > 10, "{tables:?}");
    // Every column of these is needed.
    let readable = ["tenantry.gateway_secret", "tenantry.placements"];
    for (table, is_view) in &tables {
        let mut attempts = vec![format!("DELETE FROM {table}")];
        if !is_view {
            attempts.push(format!("TRUNCATE {table}"));
        }
        attempts.push(format!("INSERT INTO {table} DEFAULT VALUES"));
        attempts.push(format!("DO $$ BEGIN LOCK TABLE {table} IN SHARE MODE; END $$"));
        if !readable.contains(&table.as_str()) {
            attempts.push(format!("SELECT * FROM {table}"));
            attempts.push(format!("COPY {table} TO STDOUT"));
        }
        for attempt in attempts {
            refused(&gateway, &attempt).await;
        }
    }
    let superuser = &server().await.server().user;
    for attempt in ["ALTER ROLE :who PASSWORD 'x'", "SET ROLE :who", "SET SESSION AUTHORIZATION :who"] {
        refused(&gateway, &attempt.replace(":who", superuser)).await;
    }
    for attempt in [
        "SELECT actor FROM tenantry.door_secrets",
        "SELECT name FROM tenantry.tenants",
        "SELECT value FROM tenantry.secrets",
        "SELECT * FROM tenantry.audit",
        "UPDATE tenantry.tenants SET status = 'active'",
        "UPDATE tenantry.door_secrets SET expires_at = NULL",
        "INSERT INTO tenantry.door_secrets (door, kind, stored_key, server_key, actor) VALUES ('admin', 'password', '', '', 'x')",
        "CREATE ROLE strong SUPERUSER",
        "CREATE ROLE weak",
        "CREATE DATABASE other",
        "CREATE SCHEMA own",
        "CREATE TABLE tenantry.own (a integer)",
        "CREATE TABLE public.own (a integer)",
        "CREATE TEMPORARY TABLE own (a integer)",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT rolpassword FROM pg_authid",
        "SELECT tenantry.directory_changed()",
        "ALTER TABLE tenantry.tenants DISABLE TRIGGER ALL",
        "GRANT SELECT ON tenantry.secrets TO PUBLIC",
    ] {
        refused(&gateway, attempt).await;
    }
    // Nor into the tenants' data, which it enters with the tenants' own logins.
    let own = app.platform.gateway_server(server().await.server()).await.unwrap();
    let data = app.platform.app.layout().data_database(&app.main());
    assert!(connect(&own, &data, "test gateway").await.is_err(), "a data database lets it in");
}

async fn refused(gateway: &Client, attempt: &str) {
    let error = gateway.batch_execute(attempt).await.expect_err(attempt);
    let code = error.code().map(|code| code.code().to_owned());
    // A function that is no trigger's can't be called as one; everything else is a matter of rights.
    assert!(code.as_deref() == Some(REFUSED), "{attempt}: {error:?}");
}

#[tokio::test]
async fn doctor_sees_what_it_may_do_besides_and_mends_it() {
    let (app, gateway) = app().await;
    assert_eq!(findings(&app).await, []);
    let control = own_connection(&app).await;
    let role = app.platform.app.layout().gateway_role();
    let spoil = [
        format!("GRANT SELECT ON tenantry.secrets TO {role}"),
        format!("GRANT UPDATE (status) ON tenantry.tenants TO {role}"),
        "GRANT SELECT (name) ON tenantry.tenants TO PUBLIC".to_owned(),
        "GRANT EXECUTE ON FUNCTION tenantry.directory_changed() TO PUBLIC".to_owned(),
        format!("GRANT CREATE ON SCHEMA tenantry TO {role}"),
        format!("GRANT {} TO {role}", app.platform.app.layout().platform_role()),
        format!("ALTER ROLE {role} CREATEDB"),
        format!("REVOKE SELECT (slug) ON tenantry.tenants FROM {role}"),
    ];
    for sql in &spoil {
        control.batch_execute(sql).await.unwrap();
        let found = findings(&app).await;
        assert!(!found.is_empty(), "{sql} was not seen");
        control.batch_execute(&found[0].mend).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        assert_eq!(findings(&app).await, [], "{sql} was not mended");
    }
    control.batch_execute(&spoil.join(";")).await.unwrap();
    app.platform.mend_gateway_login().await.unwrap();
    assert_eq!(findings(&app).await, []);
    Directory::load(&gateway).await.expect("it still reads what it needs");
    // A login that is gone, or that somebody has given another password, is made anew.
    drop(gateway);
    control.batch_execute(&format!("ALTER ROLE {role} PASSWORD NULL")).await.unwrap();
    app.platform.mend_gateway_login().await.unwrap();
    let server = app.platform.gateway_server(server().await.server()).await.unwrap();
    connect(&server, &app.platform.app.layout().control_database(), "test")
        .await
        .expect("its password is back");
}
