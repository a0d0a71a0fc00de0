//! Memory of idle clients of many tenants, and how long a tenant among them waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tenantry_testkit::postgres::server::Server;
use tenantry_testkit::postgres::tls::client_config;
use tokio::task::JoinSet;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::arguments::Arguments;
use crate::process::{processor_time, resident_kib};
use crate::world::{World, wait_for};

/// Clients that log in at the same time.
const LOGINS: usize = 32;
/// Queries of the active tenant.
const QUERIES: usize = 3_000;
/// Time that the gateway has to come to rest.
const REST: Duration = Duration::from_secs(2);

/// Prints them.
pub fn measure(world: &World, asked: &Arguments) {
    make_tenants(world, asked);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let app = Arc::new(world.url("app"));
        let active = connect(&world.gateway, None).await;
        // Shards, pools and caches have grown before it is measured.
        let warm = many(&app, asked, LOGINS.min(asked.clients)).await;
        drop(warm);
        tokio::time::sleep(REST).await;
        let before = (waits(&active).await, resident_kib(world.pid()));
        let begun = Instant::now();
        let idle = many(&app, asked, asked.clients).await;
        let took = begun.elapsed();
        tokio::time::sleep(REST).await;
        let held = resident_kib(world.pid()).saturating_sub(before.1);
        let after = waits(&active).await;
        let processor = processor_time(world.pid());
        tokio::time::sleep(REST).await;
        let resting = (processor_time(world.pid()) - processor).as_secs_f64() / REST.as_secs_f64();
        let servers = world.sql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 't\\_%' OR usename LIKE '%\\_app'");
        println!(
            "{} idle clients of {} {} tenants{}: {:.2} KiB each ({} KiB before, {held} more), {} server connections, \
             {:.0} ms to log one in and have it ask once, {:.1} % of a processor at rest",
            idle.len(),
            asked.tenants,
            asked.isolation,
            if asked.is_tls { " by TLS" } else { "" },
            held as f64 / idle.len() as f64,
            before.1,
            servers.trim(),
            took.as_secs_f64() * 1e3 * LOGINS as f64 / idle.len() as f64,
            resting * 100.0,
        );
        for (when, (median, last)) in [("alone", before.0), ("among them", after)] {
            println!("an active tenant {when}: median {median:.3} ms, p99 {last:.3} ms");
        }
    });
}

fn make_tenants(world: &World, asked: &Arguments) {
    world.sql(
        "bench_control",
        &format!(
            "INSERT INTO tenantry.tenants (slug, name, isolation)
             SELECT 'idle-' || i, 'Idle ' || i, '{}' FROM generate_series(1, {}) i",
            asked.isolation, asked.tenants
        ),
    );
    wait_for(|| {
        let open = "SELECT count(*) FROM tenantry.tenants WHERE status = 'provisioning'";
        (world.sql("bench_control", open).trim() == "0").then_some(())
    });
    assert_eq!(
        world.sql("bench_control", "SELECT count(*) FROM tenantry.tenants WHERE status <> 'active'").trim(),
        "0",
        "tenants that could not be made"
    );
}

/// Clients of the app door, spread over the tenants; each has asked once.
async fn many(app: &Arc<Server>, asked: &Arguments, count: usize) -> Vec<Client> {
    let mut workers = JoinSet::new();
    for worker in 0..LOGINS {
        let (app, tenants, is_tls) = (app.clone(), asked.tenants, asked.is_tls);
        workers.spawn(async move {
            let mut clients = Vec::new();
            for number in (worker..count).step_by(LOGINS) {
                let tenant = format!("idle-{}", number % tenants + 1);
                let client = connect_by(&app, Some(&tenant), is_tls).await;
                client.query_one("SELECT count(*) FROM pgbench_branches", &[]).await.unwrap();
                clients.push(client);
            }
            clients
        });
    }
    workers.join_all().await.into_iter().flatten().collect()
}

async fn connect(server: &Server, tenant: Option<&str>) -> Client {
    connect_by(server, tenant, false).await
}

async fn connect_by(server: &Server, tenant: Option<&str>, is_tls: bool) -> Client {
    let mut config = Config::new();
    config.host(&server.host).port(server.port).user(&server.user).password(server.password.reveal());
    config.dbname(server.database.as_deref().unwrap_or("main"));
    if let Some(tenant) = tenant {
        config.options(format!("-c app.current_tenant={tenant}"));
    }
    if is_tls {
        config.ssl_mode(SslMode::Require);
        let tls = MakeRustlsConnect::new(client_config(server).unwrap());
        let (client, connection) = config.connect(tls).await.unwrap();
        tokio::spawn(connection);
        return client;
    }
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Median and p99, in milliseconds, of point reads.
async fn waits(client: &Client) -> (f64, f64) {
    let statement = client.prepare("SELECT abalance FROM pgbench_accounts WHERE aid = $1").await.unwrap();
    let mut waits = Vec::with_capacity(QUERIES);
    for number in 0..QUERIES {
        let begun = Instant::now();
        client.query(&statement, &[&i32::try_from(number + 1).unwrap()]).await.unwrap();
        waits.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    waits.sort_by(f64::total_cmp);
    (waits[QUERIES / 2], waits[QUERIES * 99 / 100])
}
