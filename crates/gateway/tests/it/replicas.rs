//! Reads on a real replica: who goes there, who does not yet, and what happens when it dies or becomes a primary.

use std::time::Duration;

use tenantry_domain::Isolation;
use tenantry_registry::SecretDoor;
use tenantry_testkit::Pair;
use tenantry_testkit::postgres::connect::connect;
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::lab::{Lab, SOON, Session};

/// Runs until it is cancelled.
const LONG: &str = "SELECT count(*) FROM notes, generate_series(1, 100000000000)";

struct Tenant {
    slug: String,
    token: String,
    isolation: Isolation,
}

struct Scene {
    pair: Pair,
    lab: Lab,
    tenants: Vec<Tenant>,
}

async fn tenant(lab: &Lab, slug: &str, isolation: Isolation) -> Tenant {
    let id = lab.tenant(slug, isolation, None).await;
    let token = lab.token(slug, SecretDoor::Tenant(id)).await;
    Tenant { slug: slug.to_owned(), token, isolation }
}

impl Scene {
    async fn new() -> Self {
        let pair = Pair::start().await;
        let replicas = [pair.replica.server().clone()];
        let lab = Lab::replicated(&pair.primary, &replicas, |app| {
            app.limits.gateway_replica_ms_between = 40;
        })
        .await;
        let mut tenants = Vec::new();
        for isolation in Isolation::ALL {
            tenants.push(tenant(&lab, &format!("of-{isolation}"), isolation).await);
        }
        Self { pair, lab, tenants }
    }

    /// A session at the tenant's own door.
    async fn session(&self, tenant: &Tenant, reads: &str) -> Session {
        let url = self.lab.url(&tenant.slug, &tenant.token, "main");
        self.lab.connect_by(&format!("{url}?options=-ctenantry.reads%3D{reads}")).await
    }

    /// A session at the app door.
    async fn app_session(&self, tenant: &Tenant, token: &str, reads: &str) -> Session {
        let url = self.lab.url("app", token, "main");
        let options = format!("-capp.current_tenant%3D{}%20-ctenantry.reads%3D{reads}", tenant.slug);
        self.lab.connect_by(&format!("{url}?options={options}")).await
    }

    /// Waits until this session is answered by the replica.
    async fn reaches_replica(&self, client: &Client) {
        let port = self.pair.replica.server().port;
        let reached = async {
            while read(client).await.0 != port {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(SOON * 3, reached).await.expect("the replica is used");
    }
}

/// The port of the server that answers, and how many notes it shows.
async fn read(client: &Client) -> (u16, i64) {
    let sql = "SELECT inet_server_port(), count(*) FROM notes";
    let answer = client.simple_query(sql).await.unwrap();
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((row.get(0)?.parse().ok()?, row.get(1)?.parse().ok()?)),
        _ => None,
    });
    row.expect("a row")
}

fn sqlstate(error: &tokio_postgres::Error) -> String {
    error.code().map(|code| code.code().to_owned()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_replica() {
    let mut scene = Scene::new().await;
    let app = scene.lab.token("app", SecretDoor::App).await;
    for tenant in &scene.tenants {
        let sessions = [scene.session(tenant, "auto").await, scene.app_session(tenant, &app, "auto").await];
        for (door, session) in sessions.iter().enumerate() {
            reads_what_it_wrote(&scene, &session.client, door as i64).await;
        }
        let other = scene.session(tenant, "auto").await;
        who_wrote_waits_alone(&scene, &sessions[0].client, &other.client).await;
        declared(&scene, tenant).await;
    }
    walls_hold(&scene, &app).await;
    cancels_and_conflicts(&scene).await;
    seen_from_outside(&scene).await;
    killed(&mut scene).await;
    promoted(&scene).await;
}

/// Writes and reads at once, again and again.
async fn reads_what_it_wrote(scene: &Scene, client: &Client, door: i64) {
    let before = read(client).await.1;
    let mut on_replica = 0;
    for round in 0..8 {
        let id = door * 1_000 + round;
        client.batch_execute(&format!("INSERT INTO notes VALUES ({id}, 'x')")).await.unwrap();
        for _ in 0..3 {
            let (port, count) = read(client).await;
            assert_eq!(count, before + round + 1, "what was written is read, on port {port}");
            on_replica += usize::from(port == scene.pair.replica.server().port);
            sleep(Duration::from_millis(20)).await;
        }
    }
    assert!(on_replica > 0, "the replica is never used");
    scene.reaches_replica(client).await;
}

/// While nothing is replayed, who has written goes to the primary and others read on the replica what it has.
async fn who_wrote_waits_alone(scene: &Scene, writer: &Client, reader: &Client) {
    scene.reaches_replica(writer).await;
    scene.reaches_replica(reader).await;
    let replica = scene.pair.replica.connect().await;
    replica.batch_execute("SELECT pg_wal_replay_pause()").await.unwrap();
    let before = read(reader).await.1;
    writer.batch_execute("INSERT INTO notes VALUES (5000, 'paused')").await.unwrap();
    let (here, there) = (scene.pair.primary.port, scene.pair.replica.server().port);
    for _ in 0..4 {
        assert_eq!(read(writer).await, (here, before + 1));
        assert_eq!(read(reader).await, (there, before));
        sleep(Duration::from_millis(30)).await;
    }
    replica.batch_execute("SELECT pg_wal_replay_resume()").await.unwrap();
    scene.reaches_replica(writer).await;
    assert_eq!(read(writer).await.1, before + 1);
}

/// Transactions that say that they only read.
async fn declared(scene: &Scene, tenant: &Tenant) {
    let session = scene.session(tenant, "replica").await;
    let client = &session.client;
    let (here, there) = (scene.pair.primary.port, scene.pair.replica.server().port);
    let arrived = async {
        loop {
            client.batch_execute("BEGIN READ ONLY").await.unwrap();
            let port = read(client).await.0;
            client.batch_execute("COMMIT").await.unwrap();
            if port == there {
                break;
            }
        }
    };
    timeout(SOON, arrived).await.expect("declared reads reach the replica");
    assert_eq!(read(client).await.0, here, "a statement by itself was not declared");
    client.batch_execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").await.unwrap();
    assert_eq!(read(client).await.0, there);
    assert!(session.refused("INSERT INTO notes VALUES (6000, 'x')").await.starts_with("25006 "));
    client.batch_execute("ROLLBACK; BEGIN READ ONLY; SELECT 1").await.unwrap();
    let refused = session.refused("SELECT pg_advisory_xact_lock(1)").await;
    assert!(refused.starts_with("0A000 ") || refused.starts_with("42501 "), "{refused}");
    client.batch_execute("ROLLBACK").await.unwrap();
    client.batch_execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY").await.unwrap();
    assert_eq!(read(client).await.0, there, "by the session's default");
    client.batch_execute("BEGIN READ WRITE; INSERT INTO notes VALUES (6001, 'x'); COMMIT").await.unwrap();
    assert_eq!(read(client).await.0, here, "it has written");
}

/// Row-level security, the tenant of the session and the second wall, on the replica as on the primary.
async fn walls_hold(scene: &Scene, app: &str) {
    let shared = scene.tenants.iter().find(|tenant| tenant.isolation == Isolation::Shared).unwrap();
    let other = tenant(&scene.lab, "other-shared", Isolation::Shared).await;
    let (theirs, ours) = (scene.session(shared, "auto").await, scene.session(&other, "auto").await);
    let by_app = [scene.app_session(shared, app, "auto").await, scene.app_session(&other, app, "auto").await];
    for session in [&theirs, &ours, &by_app[0], &by_app[1]] {
        scene.reaches_replica(&session.client).await;
    }
    let there = scene.pair.replica.server().port;
    for _ in 0..10 {
        for (session, has_some) in [(&theirs, true), (&ours, false), (&by_app[0], true), (&by_app[1], false)]
        {
            let (port, count) = read(&session.client).await;
            assert_eq!((port, count > 0), (there, has_some));
        }
    }
    for session in [&ours, &by_app[1]] {
        for sql in ["LOCK TABLE notes", "SELECT set_config('app.current_tenant', '', false)", "DO ''"] {
            assert!(session.refused(sql).await.starts_with("42501 "), "{sql}");
        }
        let sql = "BEGIN READ ONLY; SELECT * FROM notes; LOCK TABLE notes";
        assert!(session.refused(sql).await.starts_with("42501 "));
    }
}

async fn cancels_and_conflicts(scene: &Scene) {
    let tenant = scene.tenants.iter().find(|tenant| tenant.isolation == Isolation::Schema).unwrap();
    let session = scene.session(tenant, "auto").await;
    let client = &session.client;
    scene.reaches_replica(client).await;
    let token = client.cancel_token();
    let (ended, ()) = tokio::join!(client.simple_query(LONG), async {
        sleep(Duration::from_millis(150)).await;
        token.cancel_query(NoTls).await.unwrap();
    });
    assert_eq!(sqlstate(&ended.unwrap_err()), "57014");

    let place =
        client.query_one("SELECT current_database()::text, current_schema()::text", &[]).await.unwrap();
    let (database, schema): (String, String) = (place.get(0), place.get(1));
    let primary = connect(&scene.pair.primary, &database, "test").await.unwrap();
    let lock = format!(
        "BEGIN; LOCK TABLE \"{schema}\".notes IN ACCESS EXCLUSIVE MODE; SELECT pg_current_xact_id(); COMMIT"
    );
    let (ended, ()) = tokio::join!(client.simple_query(LONG), async {
        sleep(Duration::from_millis(150)).await;
        primary.batch_execute(&lock).await.unwrap();
    });
    // The server may end the session as well.
    assert_eq!(sqlstate(&ended.unwrap_err()), "40001", "the server's own words");
}

async fn seen_from_outside(scene: &Scene) {
    let rows = scene.lab.show("SHOW REPLICAS").await;
    let replica = format!("127.0.0.1:{}", scene.pair.replica.server().port);
    let row = rows.iter().find(|row| row[1] == replica).expect("the replica");
    assert_eq!((row[0].as_str(), row[2].as_str()), ("local", "up"), "{rows:?}");
    assert!(row[3].parse::<u64>().unwrap() < 10_000 && row[5].parse::<u64>().unwrap() > 100, "{rows:?}");
    let behind = rows.iter().find(|row| row[2] == "instead: behind").expect("fall-backs");
    assert!(behind[5].parse::<u64>().unwrap() > 0, "{rows:?}");
    let pools = scene.lab.show("SHOW POOLS").await;
    assert!(pools.iter().any(|row| row.last() == Some(&replica)), "{pools:?}");
    let text = scene.lab.gateway.metrics().render().await;
    let up = format!("tenantry_gateway_replica_up{{cluster=\"local\",server=\"{replica}\"}} 1");
    assert!(text.contains(&up), "{text}");
}

/// Killed in the midst of a statement; then between statements; then it is back.
async fn killed(scene: &mut Scene) {
    let tenant = scene.tenants.remove(0);
    let (busy, calm) = (scene.session(&tenant, "auto").await, scene.session(&tenant, "auto").await);
    scene.reaches_replica(&busy.client).await;
    scene.reaches_replica(&calm.client).await;
    let (ended, ()) = tokio::join!(timeout(SOON, busy.client.simple_query(LONG)), async {
        sleep(Duration::from_millis(150)).await;
        scene.pair.replica.kill();
    });
    ended.expect("it ends soon").expect_err("its statement is lost");
    let (here, there) = (scene.pair.primary.port, scene.pair.replica.server().port);
    let count = read(&calm.client).await;
    assert_eq!(count.0, here);
    calm.client.batch_execute("INSERT INTO notes VALUES (7000, 'x')").await.unwrap();
    scene.pair.replica.start().await;
    scene.reaches_replica(&calm.client).await;
    assert_eq!(read(&calm.client).await, (there, count.1 + 1));
    scene.tenants.push(tenant);
}

/// It becomes a primary: then it is nobody's replica, and nothing is written there by way of the gateway.
async fn promoted(scene: &Scene) {
    let tenant = &scene.tenants[0];
    let session = scene.session(tenant, "auto").await;
    scene.reaches_replica(&session.client).await;
    let replica = scene.pair.replica.connect().await;
    replica.batch_execute("SELECT pg_promote()").await.unwrap();
    let here = scene.pair.primary.port;
    let left = async {
        while read(&session.client).await.0 != here {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, left).await.expect("it is left alone");
    let before = read(&session.client).await.1;
    session.client.batch_execute("INSERT INTO notes VALUES (8000, 'x')").await.unwrap();
    for _ in 0..10 {
        assert_eq!(read(&session.client).await, (here, before + 1));
        sleep(Duration::from_millis(20)).await;
    }
    let rows = scene.lab.show("SHOW REPLICAS").await;
    assert!(rows.iter().any(|row| row[2] == "promoted"), "{rows:?}");
}
