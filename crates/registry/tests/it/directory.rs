//! The directory: what changes is seen within a second, a lost connection is made up for, 10,000 tenants load fast.

use std::future::ready;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tenantry_domain::{Error, ErrorCode, Slug, TenantId, TenantStatus};
use tenantry_registry::directory::{Directory, Snapshot};
use tenantry_registry::doors::{NewSecret, SecretDoor, SecretKeys, SecretKind};
use tenantry_registry::{NewTenant, Registry};
use tenantry_testkit::postgres::connect::connect_listening;
use tenantry_testkit::{TestDatabase, control_database};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// What "within a second" is tested by.
const SECOND: Duration = Duration::from_secs(1);

struct Lab {
    database: TestDatabase,
    registry: Registry,
    directory: Directory,
    keeper: JoinHandle<()>,
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

async fn lab(name: &str) -> Lab {
    let (database, registry) = control_database(name).await;
    registry.set_setting("default_isolation", &serde_json::json!("shared")).await.unwrap();
    let directory = Directory::load(&database.connect().await).await.unwrap();
    let (server, control) = (database.server().clone(), database.name().to_owned());
    let kept = directory.clone();
    let keeper = tokio::spawn(async move {
        let listen = || connect_listening(&server, &control, "test directory");
        kept.keep(listen).await;
    });
    let mut lab = Lab { database, registry, directory, keeper };
    lab.heard().await;
    lab
}

impl Lab {
    /// Waits until the keeper listens: it has read everything once more by then.
    async fn heard(&mut self) {
        let mut changes = self.directory.changes();
        timeout(10 * SECOND, changes.changed()).await.expect("the keeper begins").unwrap();
    }

    async fn add(&self, slug: &str) -> TenantId {
        self.registry.add_tenant(&slug.parse().unwrap(), &NewTenant::default(), "test").await.unwrap().0
    }

    /// Waits until the directory is as expected, for a second at most.
    async fn sees(&self, what: &str, expect: impl Fn(&Snapshot) -> bool) {
        let mut changes = self.directory.changes();
        let seen = timeout(SECOND, changes.wait_for(|snapshot| expect(snapshot))).await;
        assert!(seen.is_ok(), "{what}: not seen within a second");
    }

    async fn run(&self, sql: &str) {
        self.database.connect().await.batch_execute(sql).await.unwrap();
    }
}

fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

fn token(door: SecretDoor, hours: i64) -> NewSecret<'static> {
    let keys = SecretKeys { stored: [1; 32], server: [2; 32] };
    let expires_at = Some(Timestamp::now() + SignedDuration::from_hours(hours));
    NewSecret { door, role: None, kind: SecretKind::Token, keys, expires_at, actor: "test" }
}

#[tokio::test]
async fn every_change_is_seen_within_a_second() {
    let lab = lab("directory_changes").await;
    let id = lab.add("acme").await;
    lab.sees("a new tenant", |s| s.find(&slug("acme")).is_some_and(|e| e.id == id)).await;
    lab.run("UPDATE tenantry.tenants SET status = 'active'").await;
    lab.sees("its status", |s| s.get(id).is_some_and(|e| e.status == TenantStatus::Active)).await;
    lab.run("UPDATE tenantry.tenants SET slug = 'umbrella'").await;
    lab.sees("its slug", |s| s.find(&slug("umbrella")).is_some() && s.find(&slug("acme")).is_none()).await;
    lab.run(
        "INSERT INTO tenantry.clusters (name) VALUES ('local'); INSERT INTO tenantry.services (name) VALUES ('main');
         INSERT INTO tenantry.placements (tenant, service, cluster, database, schema_name, isolation)
         SELECT id, 'main', 'local', 'd', 's', 'shared' FROM tenantry.tenants",
    )
    .await;
    let main = "main".parse().unwrap();
    lab.sees("a placement", |s| s.get(id).is_some_and(|e| e.placement(&main).is_some())).await;
    lab.run("UPDATE tenantry.placements SET database = 'e'").await;
    let database = |s: &Snapshot| s.get(id).and_then(|e| e.placement(&main)).map(|p| p.database.clone());
    lab.sees("a placement's move", |s| database(s).as_deref() == Some("e")).await;
    lab.registry.credential(id, 12).await.unwrap();
    lab.run("UPDATE tenantry.tenants SET credential_expires_at = now() - interval '1 hour'").await;
    lab.registry.replace_credential(id).await.unwrap();
    lab.sees("a new generation", |s| s.get(id).is_some_and(|e| e.generation == 1)).await;
    lab.run("DELETE FROM tenantry.placements; DELETE FROM tenantry.tenants").await;
    lab.sees("a tenant's end", |s| s.get(id).is_none() && s.find(&slug("umbrella")).is_none()).await;
}

#[tokio::test]
async fn secrets_come_and_go() {
    let lab = lab("directory_secrets").await;
    let id = lab.add("acme").await;
    let tenant = SecretDoor::Tenant(id);
    let first = lab.registry.add_door_secret(&token(tenant, 12)).await.unwrap();
    lab.sees("a secret", |s| s.get(id).is_some_and(|e| e.secrets.iter().any(|x| x.id == first))).await;
    lab.registry.add_door_secret(&token(SecretDoor::App, 12)).await.unwrap();
    lab.registry.add_door_secret(&token(SecretDoor::Admin, 12)).await.unwrap();
    lab.sees("other doors' secrets", |s| s.app_secrets().len() == 1 && s.admin_secrets().len() == 1).await;
    assert_eq!(lab.registry.revoke_door_secrets(tenant).await.unwrap(), 1);
    lab.sees("its end", |s| s.get(id).is_some_and(|e| e.secrets.is_empty())).await;
    lab.registry.revoke_door_secrets(SecretDoor::App).await.unwrap();
    lab.sees("the other's end", |s| s.app_secrets().is_empty() && s.admin_secrets().len() == 1).await;

    lab.registry.add_door_secret(&token(tenant, -1)).await.unwrap();
    assert_eq!(lab.registry.sweep_door_secrets().await.unwrap(), 1, "what is over is forgotten");
    let forever = NewSecret { expires_at: None, ..token(tenant, 1) };
    assert!(lab.registry.add_door_secret(&forever).await.is_err(), "a token has an end");
    lab.registry.add_door_secret(&NewSecret { kind: SecretKind::Password, ..forever }).await.unwrap();
    lab.sees("a password", |s| s.get(id).is_some_and(|e| e.secrets.len() == 1)).await;
}

/// A rollout moves every placement's version: that is nothing to the directory.
#[tokio::test]
async fn versions_are_not_announced() {
    let lab = lab("directory_versions").await;
    lab.add("acme").await;
    lab.run(
        "INSERT INTO tenantry.clusters (name) VALUES ('local'); INSERT INTO tenantry.services (name) VALUES ('main');
         INSERT INTO tenantry.placements (tenant, service, cluster, database, schema_name, isolation)
         SELECT id, 'main', 'local', 'd', 's', 'shared' FROM tenantry.tenants",
    )
    .await;
    let main = "main".parse().unwrap();
    lab.sees("the placement", |s| s.tenants().any(|e| e.placement(&main).is_some())).await;
    let before = lab.directory.now();
    lab.run("UPDATE tenantry.placements SET version = version + 1").await;
    let id = lab.add("umbrella").await;
    lab.sees("what came later", |s| s.get(id).is_some()).await;
    let acme = |s: &Snapshot| s.find(&slug("acme")).unwrap().clone();
    assert!(Arc::ptr_eq(&acme(&before), &acme(&lab.directory.now())), "it was not even read again");
}

/// What happened while nobody listened is found when somebody does again.
#[tokio::test]
async fn a_lost_connection_is_made_up_for() {
    let lab = lab("directory_lost").await;
    let id = lab.add("acme").await;
    lab.sees("the tenant", |s| s.get(id).is_some()).await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE application_name = 'test directory' AND datname = current_database()";
    let client = lab.database.connect().await;
    assert_eq!(client.query_one(cut, &[]).await.unwrap().get::<_, i64>(0), 1);
    lab.run("UPDATE tenantry.tenants SET status = 'active'").await;
    let mut changes = lab.directory.changes();
    let active = |s: &Arc<Snapshot>| s.get(id).is_some_and(|e| e.status == TenantStatus::Active);
    timeout(10 * SECOND, changes.wait_for(active)).await.expect("it reads again").unwrap();
}

#[tokio::test]
async fn it_goes_on_serving_while_the_control_database_is_away() {
    let (database, registry) = control_database("directory_away").await;
    registry.set_setting("default_isolation", &serde_json::json!("shared")).await.unwrap();
    registry.add_tenant(&slug("acme"), &NewTenant::default(), "test").await.unwrap();
    let directory = Directory::load(&database.connect().await).await.unwrap();
    let away = || ready(Err(Error::new(ErrorCode::ServerUnreachable, "away")));
    assert!(timeout(SECOND, directory.keep(away)).await.is_err(), "it keeps trying");
    assert!(directory.now().find(&slug("acme")).is_some());
    assert!(directory.silent_for() >= SECOND, "and tells for how long it has heard nothing");
}

#[tokio::test]
async fn ten_thousand_tenants_load_fast() {
    let lab = lab("directory_many").await;
    lab.run(
        "INSERT INTO tenantry.clusters (name) VALUES ('local'); INSERT INTO tenantry.services (name) VALUES ('main');
         ALTER TABLE tenantry.tenants DISABLE TRIGGER USER; ALTER TABLE tenantry.placements DISABLE TRIGGER USER;
         INSERT INTO tenantry.tenants (slug, name, isolation) SELECT 't' || i, 't', 'shared' FROM generate_series(1, 10000) i;
         INSERT INTO tenantry.placements (tenant, service, cluster, database, schema_name, isolation)
         SELECT id, 'main', 'local', 'd', 's', 'shared' FROM tenantry.tenants;
         INSERT INTO tenantry.door_secrets (door, tenant, kind, stored_key, server_key, actor)
         SELECT 'tenant', id, 'password', sha256('a'), sha256('b'), 'test' FROM tenantry.tenants;
         ANALYZE",
    )
    .await;
    let client = lab.database.connect().await;
    let begun = Instant::now();
    let all = Directory::load(&client).await.unwrap().now();
    let took = begun.elapsed();
    assert_eq!(all.tenants().count(), 10_000);
    assert!(all.tenants().all(|e| e.placements.len() == 1 && e.secrets.len() == 1));
    // Unoptimised and on a busy machine; optimised it is a twentieth.
    assert!(took < Duration::from_secs(10), "{took:?}");
}
