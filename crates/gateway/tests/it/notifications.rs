//! LISTEN and NOTIFY in transaction pooling: through one connection of the gateway's, kept apart by tenant.

use std::time::Duration;

use tenantry_domain::{Isolation, app::Pooling};
use tenantry_testkit::{AppOptions, TestApp};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;
use tokio_postgres::{AsyncMessage, Client, NoTls};

use super::doors::{DOORS, Door, Doors, rows, sqlstate};
use super::raw::{Raw, message};

const MIGRATION: &str = "CREATE TABLE users (id serial PRIMARY KEY, name text);";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

async fn app() -> TestApp {
    let mut options = AppOptions::default();
    options.isolation.tenant_ddl = true;
    TestApp::new(&[("0001_all.up.sql", MIGRATION)], options).await
}

/// A client, and what it is told.
struct Ear {
    client: Client,
    told: UnboundedReceiver<String>,
}

impl Ear {
    async fn open(doors: &Doors, app: &TestApp, door: Door, slug: &str) -> Self {
        let url = doors.url(app, door, slug).await;
        let (client, mut connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        let (teller, told) = unbounded_channel();
        tokio::spawn(async move {
            while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
                let _ = match message {
                    AsyncMessage::Notification(n) => teller.send(format!("{} {}", n.channel(), n.payload())),
                    AsyncMessage::Notice(n) => teller.send(format!("{} {}", n.severity(), n.message())),
                    _ => Ok(()),
                };
            }
        });
        Self { client, told }
    }

    async fn run(&self, sql: &str) -> String {
        rows(&self.client, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    async fn next(&mut self) -> String {
        timeout(PATIENCE, self.told.recv()).await.expect("something is heard").expect("the session lives")
    }

    /// Everything up to a mark, which a client of the same tenant sends.
    async fn hears(&mut self, sender: &Ear, expect: &[&str]) {
        static MARKS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let mark = format!("mark {}", MARKS.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        self.run("LISTEN mark").await;
        sender.run(&format!("NOTIFY mark, '{mark}'")).await;
        let mut heard = Vec::new();
        loop {
            let next = self.next().await;
            if next == format!("mark {mark}") {
                break;
            }
            // Marks of others of its tenant.
            if !next.starts_with("mark ") {
                heard.push(next);
            }
        }
        assert_eq!(heard, expect);
    }
}

async fn listeners(app: &TestApp) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tenantry gateway listener' AND datname = $1";
    let database = app.platform.app.layout().data_database(&"main".parse().unwrap());
    let server = tenantry_testkit::server().await;
    let client = server.connect("postgres").await;
    client.query_one(sql, &[&database]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooled_client_hears_its_own_tenants_channels() {
    let app = app().await;
    let doors = Doors::open(&app).await;
    for isolation in Isolation::ALL {
        for door in DOORS {
            let [mine, next] = ["a", "b"].map(|name| format!("{name}-{isolation}-{door:?}").to_lowercase());
            app.tenant(&mine, isolation).await;
            app.tenant(&next, isolation).await;
            let mut ear = Ear::open(&doors, &app, door, &mine).await;
            let mut second = Ear::open(&doors, &app, door, &mine).await;
            let mut other = Ear::open(&doors, &app, door, &next).await;
            let sender = Ear::open(&doors, &app, door, &mine).await;
            let long = "\"A longer name than fits into the server's\"";
            ear.run(&format!("LISTEN news; LISTEN {long}")).await;
            second.client.execute("LISTEN news", &[]).await.unwrap();
            other.run("LISTEN news").await;
            sender.run("NOTIFY news, 'it''s'").await;
            sender.run("SELECT pg_notify('news', 'h\u{e9}')").await;
            sender.run(&format!("NOTIFY {long}, 'long'")).await;
            let all = ["news it's", "news h\u{e9}", "A longer name than fits into the server's long"];
            ear.hears(&sender, &all).await;
            second.hears(&sender, &all[..2]).await;
            other.run("NOTIFY news, 'theirs'").await;
            let others = Ear::open(&doors, &app, door, &next).await;
            other.hears(&others, &["news theirs"]).await;
            ear.hears(&sender, &[]).await;
            // Its own, and twice the same in one transaction is one.
            ear.run("BEGIN; NOTIFY news, 'x'; NOTIFY news, 'x'; COMMIT").await;
            ear.hears(&sender, &["news x"]).await;
            second.hears(&sender, &["news x"]).await;
            if isolation != Isolation::Database {
                assert_eq!(listeners(&app).await, 1, "for all the clients of the data database");
            }
            // At commit, and not at rollback.
            second.run("UNLISTEN *").await;
            for (sql, heard) in [
                ("BEGIN; LISTEN t; ROLLBACK", false),
                ("BEGIN; LISTEN t; COMMIT", true),
                ("BEGIN; UNLISTEN t; ROLLBACK", true),
                ("BEGIN; UNLISTEN t; COMMIT", false),
                ("BEGIN; SAVEPOINT s; LISTEN t; ROLLBACK TO s; COMMIT", false),
                ("BEGIN; SAVEPOINT s; LISTEN t; RELEASE s; COMMIT", true),
                ("UNLISTEN *", false),
                ("LISTEN t", true),
                ("DISCARD ALL", false),
                ("LISTEN t; UNLISTEN t", false),
            ] {
                second.run(sql).await;
                sender.run(&format!("NOTIFY t, $${sql}$$")).await;
                let expect = format!("t {sql}");
                let expect: &[&str] = if heard { &[&expect] } else { &[] };
                second.hears(&sender, expect).await;
            }
            assert!(rows(&second.client, "LISTEN t; SELECT 1/0").await.is_err());
            sender.run("NOTIFY t, 'failed'").await;
            second.hears(&sender, &[]).await;
            // Before its commit it hears nothing; from then on within transactions too.
            second.run("BEGIN; LISTEN t").await;
            sender.run("NOTIFY t, 'before'").await;
            second.run("COMMIT; BEGIN; SELECT 1").await;
            sender.run("NOTIFY t, 'within'").await;
            assert_eq!(second.next().await, "t within");
            second.run("COMMIT").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_listener_is_made_anew() {
    let app = app().await;
    let doors = Doors::open(&app).await;
    app.tenant("mine", Isolation::Shared).await;
    let mut ear = Ear::open(&doors, &app, Door::Tenant, "mine").await;
    let sender = Ear::open(&doors, &app, Door::Tenant, "mine").await;
    ear.run("LISTEN news").await;
    let database = app.platform.app.layout().data_database(&"main".parse().unwrap());
    let server = tenantry_testkit::server().await.connect("postgres").await;
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tenantry gateway listener' AND datname = $1";
    server.query_one(sql, &[&database]).await.unwrap();
    assert!(ear.next().await.starts_with("WARNING notifications may have been lost"));
    sender.run("NOTIFY news, 'again'").await;
    ear.hears(&sender, &["news again"]).await;
    // Where nobody listens any more there is no connection.
    drop(ear);
    timeout(PATIENCE, async { while listeners(&app).await > 0 {} }).await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_and_what_waits_have_limits() {
    let app = app().await;
    let doors = Doors::open_with(&app, |app| {
        app.limits.gateway_channels_per_tenant_max = 3;
        app.limits.gateway_notifications_kib_per_client_max = 64;
    })
    .await;
    app.tenant("mine", Isolation::Shared).await;
    app.tenant("other", Isolation::Shared).await;
    let ear = Ear::open(&doors, &app, Door::Tenant, "mine").await;
    let mut other = Ear::open(&doors, &app, Door::Tenant, "other").await;
    ear.run("LISTEN a; LISTEN b; LISTEN a").await;
    ear.run("LISTEN c").await;
    assert_eq!(rows(&ear.client, "LISTEN d").await, Err("53400".to_owned()));
    assert_eq!(sqlstate(&ear.client.execute("LISTEN d", &[]).await.unwrap_err()), "53400");
    other.run("LISTEN a").await;
    ear.run("UNLISTEN c").await;
    let again = async { while rows(&ear.client, "LISTEN d").await.is_err() {} };
    timeout(PATIENCE, again).await.expect("there is room again");
    // A client that reads nothing is sent away; another one is not troubled.
    let url: tokio_postgres::Config = doors.url(&app, Door::Tenant, "mine").await.parse().unwrap();
    let password = String::from_utf8_lossy(url.get_password().unwrap()).into_owned();
    let mut slow = Raw::log_in(doors.address(), "mine", &password).await;
    slow.send(&message(b'Q', b"LISTEN a\0")).await;
    assert_eq!(slow.answers().await, "CZ");
    let payload = "x".repeat(7_900);
    let sender = Ear::open(&doors, &app, Door::Tenant, "mine").await;
    let flood = async {
        loop {
            for n in 0..50 {
                sender.run(&format!("NOTIFY a, '{n}{payload}'")).await;
            }
            // It shows when somebody sends that it is gone.
            if doors.clients().await < 4 {
                return;
            }
        }
    };
    timeout(Duration::from_secs(60), flood).await.expect("it is sent away");
    let mate = Ear::open(&doors, &app, Door::Tenant, "other").await;
    other.hears(&mate, &[]).await;
}

/// What a tenant makes of channels.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_hears_anothers_channels() {
    let app = app().await;
    for pooling in [Pooling::Transaction, Pooling::Session] {
        let doors = Doors::open_with(&app, |app| app.gateway.pooling = pooling).await;
        for isolation in [Isolation::Shared, Isolation::Schema] {
            let [mine, victim] =
                ["thief", "victim"].map(|name| format!("{name}-{isolation}-{pooling}").to_lowercase());
            let victims = app.tenant(&victim, isolation).await.tenant.id;
            app.tenant(&mine, isolation).await;
            let server = tenantry_shape::application::server_channel(victims, "news");
            for door in DOORS {
                let mut thief = Ear::open(&doors, &app, door, &mine).await;
                let mate = Ear::open(&doors, &app, door, &mine).await;
                let sender = Ear::open(&doors, &app, Door::Tenant, &victim).await;
                for sql in [
                    "LISTEN news".to_owned(),
                    format!("LISTEN {server}"),
                    format!("LISTEN \"{server}\"; LISTEN \"{}\"", server.to_uppercase()),
                    format!("DO $$ BEGIN EXECUTE 'LISTEN {server}'; END $$"),
                    "LISTEN \"*\"".to_owned(),
                ] {
                    // Refused or not: it hears nothing.
                    let _ = rows(&thief.client, &sql).await;
                    sender.run("NOTIFY news, 'secret'").await;
                }
                thief.hears(&mate, &[]).await;
            }
        }
    }
}
