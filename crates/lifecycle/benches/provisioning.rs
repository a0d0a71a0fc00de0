//! How fast tenants are made: the example's tables, each isolation, from empty to many, beside the same SQL run by hand
//! with psql in the same run. Prints a table; nothing here is asserted.
//!
//! `make bench`, or `TENANTS=200 cargo bench -p tenantry-lifecycle --bench provisioning`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tenantry_domain::{Isolation, TenantId, layout};
use tenantry_jobs::Worker;
use tenantry_postgres::bootstrap::seal_own_server;
use tenantry_postgres::clone::clone_script;
use tenantry_postgres::connect::connect;
use tenantry_postgres::embedded::{Embedded, EmbeddedOptions, Mode};
use tenantry_postgres::server::Server;
use tenantry_registry::NewTenant;
use tenantry_testkit::stack::ACTOR;
use tenantry_testkit::{AppOptions, TestApp};

/// Tenants of each isolation unless `TENANTS` says otherwise.
const TENANTS: usize = 1000;
/// Tenants made between two looks at psql; blanks for a batch are prepared before it, outside the time taken.
const BATCH: usize = 50;
/// Tenants made by hand after each batch.
const BY_HAND: usize = 3;

fn main() {
    let tenants = std::env::var("TENANTS").ok().and_then(|n| n.parse().ok()).unwrap_or(TENANTS);
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(run(tenants));
}

async fn run(tenants: usize) {
    let folder = tempfile::tempdir().unwrap();
    let embedded = Embedded::open(EmbeddedOptions {
        directory: folder.path().join(".tenantry"),
        bin: None,
        mode: Mode::Exclusive,
    })
    .await
    .unwrap();
    let server = embedded.server();
    seal_own_server(&connect(&server, "postgres", "bench").await.unwrap()).await.unwrap();
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/digital-erp/migrations/main");
    println!(
        "{:9} {:>11} {:>8} {:>8} {:>9} {:>12} {:>10}",
        "isolation", "tenants", "p50 ms", "p95 ms", "per s", "psql p50 ms", "ratio"
    );
    for isolation in Isolation::ALL {
        let options = AppOptions { global: vec!["currencies".to_owned()], ..AppOptions::default() };
        let app = TestApp::on(&server, &migrations, options).await;
        app.migrator.up(&|_| {}).await.unwrap();
        measure(&app, &server, isolation, tenants).await;
    }
    embedded.close().await.unwrap();
}

async fn measure(app: &TestApp, server: &Server, isolation: Isolation, tenants: usize) {
    let hand = Hand::new(app, server, isolation).await;
    let mut window = Vec::new();
    let mut by_hand = Vec::new();
    let mut from = 0;
    for begun in (0..tenants).step_by(BATCH) {
        if isolation != Isolation::Shared {
            prepare(app, isolation, BATCH.min(tenants - begun)).await;
        }
        for number in begun..(begun + BATCH).min(tenants) {
            window.push(create(app, isolation, number).await);
        }
        for _ in 0..BY_HAND {
            by_hand.push(hand.create(app));
        }
        let until = (begun + BATCH).min(tenants);
        if [50, 100, 250, 500].contains(&until) || until == tenants {
            report(isolation, (from, until), &mut window, &mut by_hand);
            from = until;
        }
    }
}

fn report(
    isolation: Isolation,
    (from, until): (usize, usize),
    window: &mut Vec<Duration>,
    by_hand: &mut Vec<Duration>,
) {
    let total: Duration = window.iter().sum();
    let per_second = window.len() as f64 / total.as_secs_f64();
    let (p50, p95, hand) = (percentile(window, 50), percentile(window, 95), percentile(by_hand, 50));
    println!(
        "{isolation:9} {:>11} {p50:8.1} {p95:8.1} {per_second:9.0} {hand:12.1} {:10.2}",
        format!("{}-{until}", from + 1),
        p50 / hand,
    );
    window.clear();
    by_hand.clear();
}

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    times
        .get((times.len() * percent / 100).min(times.len().saturating_sub(1)))
        .map_or(0.0, |d| d.as_secs_f64() * 1e3)
}

async fn create(app: &TestApp, isolation: Isolation, number: usize) -> Duration {
    let new = NewTenant { isolation: Some(isolation), ..NewTenant::default() };
    let slug = format!("bench-{number}").parse().unwrap();
    let begun = Instant::now();
    let (_, job) = app.platform.registry.add_tenant(&slug, &new, ACTOR).await.unwrap();
    app.drive(job).await.unwrap();
    begun.elapsed()
}

async fn prepare(app: &TestApp, isolation: Isolation, count: usize) {
    let version = 10;
    for _ in 0..count {
        let job = app.platform.queue_blank(&app.main(), "local", isolation, version).await.unwrap();
        let worker: &Worker = &app.worker;
        worker.drive(job, &|_| {}).await.unwrap();
    }
}

/// A person with psql and a script: one process for each tenant, the same statements that make a tenant's role, schema
/// or database and rows, without registry, jobs, fences, audit or blanks.
struct Hand {
    isolation: Isolation,
    url: String,
    script: String,
}

impl Hand {
    async fn new(app: &TestApp, server: &Server, isolation: Isolation) -> Self {
        let layout_names = app.platform.app.layout();
        let data = layout_names.data_database(&app.main());
        let mut client = connect(server, &data, "bench").await.unwrap();
        let script = match isolation {
            Isolation::Shared => {
                let tables = client
                    .query(
                        "SELECT c.oid::regclass::text, string_agg(quote_ident(a.attname), ', ') FILTER (WHERE a.attname <> 'tenant_id' AND a.attgenerated = '')
                           FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                          WHERE c.relnamespace = 'shared'::regnamespace AND c.relkind = 'r' GROUP BY c.oid
                         HAVING bool_or(a.attname = 'tenant_id')",
                        &[],
                    )
                    .await
                    .unwrap();
                let copies = tables.iter().map(|t| {
                    let (table, columns): (String, String) = (t.get(0), t.get(1));
                    format!(
                        "INSERT INTO {table} (tenant_id, {columns}) OVERRIDING SYSTEM VALUE SELECT 'TENANT_ID', {columns} FROM {table} WHERE tenant_id = '{}';\n",
                        TenantId::TEMPLATE
                    )
                });
                format!("SET session_replication_role = replica;\n{}", copies.collect::<String>())
            }
            Isolation::Schema => {
                let tx = client.transaction().await.unwrap();
                let clone = clone_script(&tx, layout::TEMPLATE_SCHEMA).await.unwrap();
                format!(
                    "CREATE SCHEMA \"HAND_SCHEMA\";\n{}",
                    clone.render("HAND_SCHEMA", Some(layout::TEMPLATE_SCHEMA))
                )
            }
            Isolation::Database => format!(
                "CREATE DATABASE \"HAND_DATABASE\" TEMPLATE \"{}\" STRATEGY wal_log;\n\
                 REVOKE ALL ON DATABASE \"HAND_DATABASE\" FROM PUBLIC;\n\
                 GRANT CONNECT ON DATABASE \"HAND_DATABASE\" TO \"HAND_ROLE\";\n",
                layout_names.template_database(&app.main())
            ),
        };
        Self { isolation, url: server.url(&data).reveal().to_owned(), script }
    }

    fn create(&self, app: &TestApp) -> Duration {
        let id = TenantId::random();
        let role = format!("hand_{}", id.hex());
        let script = self
            .script
            .replace("TENANT_ID", &id.to_string())
            .replace("HAND_SCHEMA", &format!("hand_{}", id.hex()))
            .replace("HAND_DATABASE", &format!("{}_hand_{}", app.platform.app.name, id.hex()))
            .replace("HAND_ROLE", &role);
        let create_role = format!("CREATE ROLE \"{role}\" LOGIN CONNECTION LIMIT 20;\n");
        let text = if self.isolation == Isolation::Database {
            format!("{create_role}{script}")
        } else {
            format!("BEGIN;\n{create_role}{script}COMMIT;\n")
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let begun = Instant::now();
        let status = Command::new(psql())
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"])
            .arg(file.path())
            .arg(&self.url)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        begun.elapsed()
    }
}

/// The real binary: a distribution's wrapper script in front of it would be measured too.
fn psql() -> std::path::PathBuf {
    let versions = (15..=18).rev().map(|v| format!("/usr/lib/postgresql/{v}/bin/psql").into());
    versions.into_iter().find(|p: &std::path::PathBuf| p.exists()).unwrap_or_else(|| "psql".into())
}
