//! The gateway of a real `up`, with real psql and tokio-postgres, in all three isolations.

use std::process::Output;
use std::time::{Duration, Instant};

use tenantry_testkit::postgres::connect::connect;
use tenantry_testkit::postgres::server::Server;
use tokio::process::Command;
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::support::App;

const ISOLATIONS: [&str; 3] = ["shared", "schema", "database"];
/// "Within a second", with what a command of its own takes besides.
const SOON: Duration = Duration::from_secs(2);
/// Runs until it is cancelled.
const LONG: &str = "SELECT count(*) FROM generate_series(1, 100000000000)";

/// An app that is up, with a tenant of each isolation named after it.
async fn up() -> (App, crate::support::Up) {
    let app = App::new().await;
    let up = app.up(&[]).await;
    for isolation in ISOLATIONS {
        app.on(&["tenant", "create", isolation_slug(isolation), "--isolation", isolation]).await.ok();
    }
    (app, up)
}

fn isolation_slug(isolation: &str) -> &'static str {
    // `shared` itself is a reserved slug.
    match isolation {
        "shared" => "row-co",
        "schema" => "schema-co",
        _ => "database-co",
    }
}

async fn url(app: &App, who: &str) -> String {
    app.on(&["url", who]).await.ok().out.trim().to_owned()
}

async fn psql(url: &str, options: &str, sql: &[&str]) -> Output {
    let mut command = Command::new("psql");
    command.args(["-XAt", url]).env("PGOPTIONS", options).env("PGCONNECT_TIMEOUT", "10");
    for sql in sql {
        command.args(["-c", sql]);
    }
    timeout(Duration::from_secs(60), command.output()).await.expect("psql ends").unwrap()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

async fn client(url: &str) -> (Client, tokio::task::JoinHandle<String>) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let end =
        tokio::spawn(async move { connection.await.err().map(|e| format!("{e:?}")).unwrap_or_default() });
    (client, end)
}

fn sqlstate(error: &tokio_postgres::Error) -> &str {
    error.code().map_or("none", |code| code.code())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_door_shows_the_rows_of_its_tenant() {
    let (app, _up) = up().await;
    let backend = url(&app, "app").await;
    for isolation in ISOLATIONS {
        let slug = isolation_slug(isolation);
        let own = url(&app, slug).await;
        let note = format!("INSERT INTO notes (title) VALUES ('of {slug}')");
        let read = "SELECT title FROM notes WHERE title LIKE 'of %'";
        assert_eq!(out(&psql(&own, "", &[&note, read]).await).lines().last(), Some(&*format!("of {slug}")));

        let (mine, _) = client(&own).await;
        let rows = mine.query("SELECT title FROM notes WHERE title LIKE $1", &[&"of %"]).await.unwrap();
        assert_eq!(rows.iter().map(|r| r.get::<_, String>(0)).collect::<Vec<_>>(), [format!("of {slug}")]);

        let by_options = psql(&backend, &format!("-c app.current_tenant={slug}"), &[read]).await;
        assert_eq!(out(&by_options).trim(), format!("of {slug}"));
        let by_statement = psql(&backend, "", &[&format!("SET app.current_tenant = '{slug}'"), read]).await;
        assert_eq!(out(&by_statement), format!("SET\nof {slug}\n"));
        // The same by the extended protocol, in which drivers send it.
        let (named, _) = client(&backend).await;
        let refused = named.query("SELECT 1", &[]).await.unwrap_err();
        assert_eq!(sqlstate(&refused), "28000", "nothing runs before a tenant is named");
        named.execute(&format!("SET app.current_tenant TO '{slug}'"), &[]).await.unwrap();
        assert_eq!(named.query(read, &[]).await.unwrap().len(), 1);
        let refused = named.batch_execute("SET app.current_tenant = 'schema-co'").await.unwrap_err();
        assert_eq!(sqlstate(&refused), "42501", "the tenant stays who it was verified as");
    }
    let nobody = psql(&backend, "-c app.current_tenant=nobody", &["SELECT 1"]).await;
    assert!(err(&nobody).contains("there is no tenant nobody"));
    let others = psql(&url(&app, "row-co").await, "-c app.current_tenant=schema-co", &["SELECT 1"]).await;
    assert!(err(&others).contains("permission denied to set parameter"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_come_in_is_told_the_same() {
    let (app, up) = up().await;
    let gateway: Server = up.ready["gateway"].as_str().unwrap().replace("//", "//x@").parse().unwrap();
    let said = async |user: &str, password: &str| {
        let url = format!("postgres://{user}:{password}@127.0.0.1:{}/main", gateway.port);
        err(&psql(&url, "", &["SELECT 1"]).await).replace(user, "USER")
    };
    let wrong = said("row-co", "wrong").await;
    assert!(wrong.contains("password authentication failed for user \"USER\""), "{wrong}");
    for user in ["nobody", "readonly.row-co", "Not-A-Slug", "app", "postgres"] {
        assert_eq!(said(user, "wrong").await, wrong, "{user}");
    }
    // A suspended tenant is told so only when the password was right.
    let own = url(&app, "row-co").await;
    app.on(&["tenant", "suspend", "row-co"]).await.ok();
    assert_eq!(said("row-co", "wrong").await, wrong);
    assert!(err(&psql(&own, "", &["SELECT 1"]).await).contains("suspended"));
    // A token of one door opens no other.
    let token: Server = url(&app, "schema-co").await.parse().unwrap();
    assert_eq!(said("database-co", token.password.reveal()).await, wrong);
    assert_eq!(said("app", token.password.reveal()).await, wrong);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspension_and_revocation_hold_within_a_second() {
    let (app, up) = up().await;
    let own = url(&app, "schema-co").await;
    let (open, end) = client(&own).await;
    open.batch_execute("SELECT 1").await.unwrap();
    let (busy, end_of_busy) = client(&own).await;
    busy.batch_execute("BEGIN; SELECT 1").await.unwrap();
    let (other, _) = client(&url(&app, "row-co").await).await;
    app.on(&["tenant", "suspend", "schema-co"]).await.ok();
    let begun = Instant::now();
    let farewell = timeout(SOON, end).await.expect("the open session ends").unwrap();
    assert!(
        begun.elapsed() < SOON && farewell.contains("57P01") && farewell.contains("suspended"),
        "{farewell}"
    );
    let farewell = timeout(SOON, end_of_busy).await.expect("the transaction ends").unwrap();
    assert!(farewell.contains("57P01") && farewell.contains("suspended"), "{farewell}");
    assert!(open.batch_execute("SELECT 1").await.is_err());
    other.batch_execute("SELECT 1").await.expect("others go on");
    app.on(&["tenant", "resume", "schema-co"]).await.ok();
    tokio::time::sleep(SOON / 2).await;
    out(&psql(&own, "", &["SELECT 1"]).await);

    let operator: Server = up.ready["postgres"].as_str().unwrap().parse().unwrap();
    let control = connect(&operator, "app_control", "test").await.unwrap();
    control.batch_execute("DELETE FROM tenantry.door_secrets").await.unwrap();
    tokio::time::sleep(SOON / 2).await;
    assert!(err(&psql(&own, "", &["SELECT 1"]).await).contains("password authentication failed"));
}

/// A URL that leads nowhere is not worth a server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_url_without_a_gateway_starts_nothing() {
    let app = App::new().await;
    for who in ["acme", "app", "tenantry"] {
        let refused = app.on(&["url", who]).await;
        assert_eq!(refused.code, 1, "{}", refused.err);
        assert!(refused.err.contains("no gateway of this app runs"), "{}", refused.err);
    }
    assert!(app.postmaster().is_none() && !app.path().join(".tenantry/postgres").exists());
}

/// A gateway that is a process of its own, knows no login but its own, and is replaced while clients come and go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_is_replaced_without_a_refused_connection() {
    let (mut app, up) = up().await;
    let own = app.on(&["url", "gateway", "--direct"]).await.ok().out.trim().to_owned();
    assert!(own.contains("_gateway:") && own.contains("_control"), "{own}");
    app.variables.push(("TENANTRY_GATEWAY_CONTROL_URL".to_owned(), own));
    let path = app.path();
    let start = async |app: &App, name: &str, at: &str| {
        let path = path.to_str().unwrap();
        let args = ["--dir", path, "serve", "--role", "gateway", "--gateway", at];
        let started = app.begin_other(name, &args);
        crate::support::wait_for("the gateway serves", async || started.log().contains("Ctrl-C stops")).await;
        started
    };
    let first = start(&app, "first", "127.0.0.1:0").await;
    let log = first.log();
    let address = log.split_once("gateway on postgres://").unwrap().1.split_once(';').unwrap().0.to_owned();
    let variables = std::mem::take(&mut app.variables);
    let shared: Server = url(&app, "row-co").await.parse().unwrap();
    let url: Server = url(&app, "schema-co").await.parse().unwrap();
    let url = format!("postgres://schema-co:{}@{address}/main", url.password.reveal());
    let operator: Server = up.ready["postgres"].as_str().unwrap().parse().unwrap();
    let postgres = connect(&operator, "postgres", "test").await.unwrap();
    let asked = "SELECT DISTINCT usename::text FROM pg_stat_activity WHERE application_name = 'tenantry gateway' \
                 AND datname LIKE '%_control'";
    let logins: Vec<String> =
        postgres.query(asked, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(logins.len(), 1, "{logins:?}");
    assert!(
        logins[0].ends_with("_gateway"),
        "the directory is read with the gateway's own login: {logins:?}"
    );

    // What it has to know of shared tables it learns without the platform's login too.
    let shared = format!("postgres://row-co:{}@{address}/main", shared.password.reveal());
    out(&psql(&shared, "", &["SELECT count(*) FROM notes"]).await);

    let (stop, stopped) = tokio::sync::watch::channel(false);
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let (url, stopped) = (url.clone(), stopped.clone());
            tokio::spawn(async move {
                let mut served = 0;
                while !*stopped.borrow() {
                    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("let in");
                    let connection = tokio::spawn(connection);
                    client.batch_execute("BEGIN; SELECT 1; COMMIT").await.expect("served");
                    drop(client);
                    connection.await.unwrap().expect("a good end");
                    served += 1;
                }
                served
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    app.variables = variables;
    let second = start(&app, "second", &address).await;
    assert!(second.log().contains("taking over"), "{}", second.log());
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(first.end("-TERM").await, Some(0));
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.send_replace(true);
    for client in clients {
        let served: u32 = client.await.expect("no connection was refused or lost");
        assert!(served > 5, "{served}");
    }
    out(&psql(&url, "", &["SELECT 1"]).await);
    assert_eq!(second.end("-TERM").await, Some(0));
    assert!(err(&psql(&url, "", &["SELECT 1"]).await).contains("refused"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_reaches_its_own_query_alone() {
    let (app, _up) = up().await;
    let (first, _) = client(&url(&app, "row-co").await).await;
    let (second, _) = client(&url(&app, "schema-co").await).await;
    let cancel = first.cancel_token();
    let running = tokio::spawn(async move { (first.batch_execute(LONG).await, first) });
    let other = tokio::spawn(async move { (second.batch_execute(LONG).await, second) });
    tokio::time::sleep(Duration::from_millis(500)).await;
    cancel.cancel_query(NoTls).await.unwrap();
    let (ended, first) = timeout(Duration::from_secs(10), running).await.expect("it is cancelled").unwrap();
    assert_eq!(sqlstate(&ended.unwrap_err()), "57014");
    assert!(!other.is_finished(), "the other one goes on");
    // A cancel that comes when nothing runs hits nothing later.
    cancel.cancel_query(NoTls).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    first.batch_execute("SELECT 1").await.unwrap();
    other.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_sees_pools_and_tenants() {
    let (app, up) = up().await;
    let (_open, _) = client(&url(&app, "row-co").await).await;
    let (admin, _) = client(&url(&app, "tenantry").await).await;
    let rows = async |sql: &str| {
        let answers = admin.simple_query(sql).await.unwrap();
        let row = |m: &SimpleQueryMessage| match m {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        answers.iter().filter_map(row).collect::<Vec<String>>()
    };
    assert_eq!(rows("SHOW TENANTS").await, ["database-co", "row-co", "schema-co"]);
    assert_eq!(rows("SHOW CLIENTS").await, ["row-co"]);
    assert_eq!(rows("show version;").await, [format!("Tenantry {}", env!("CARGO_PKG_VERSION"))]);
    assert_eq!(sqlstate(&admin.simple_query("SELECT 1").await.unwrap_err()), "42501");
    let (_, metrics) = up.get("GET /metrics").await;
    for figure in [
        "tenantry_gateway_directory_tenants 3",
        "tenantry_gateway_clients{tenant=\"row-co\"} 1",
        "tenantry_tenants{",
    ] {
        assert!(metrics.contains(figure), "{figure} is not in {metrics}");
    }
    let own = url(&app, "row-co").await.replace("/main", "/tenantry");
    assert!(err(&psql(&own, "", &["SHOW POOLS"]).await).contains("password authentication failed"));
    up.end("-TERM").await;
    assert!(!app.path().join(".tenantry/gateway").exists(), "the address is gone with the gateway");
}
