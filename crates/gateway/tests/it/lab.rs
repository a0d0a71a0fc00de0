//! A whole gateway in this process, before an app on the test server.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tenantry_domain::{App, Isolation, Plan, PlanLimits, Secret, TenantId};
use tenantry_gateway::{Certificate, Gateway, Setup, bind};
use tenantry_registry::directory::installation_secret;
use tenantry_registry::{Directory, SecretDoor};
use tenantry_testkit::postgres::clusters::Clusters;
use tenantry_testkit::postgres::connect::{connect, connect_listening};
use tenantry_testkit::postgres::server::Server;
use tenantry_testkit::{AppOptions, TestApp, server};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// "Within a second", with what else the machine has to do.
pub const SOON: Duration = Duration::from_secs(3);
const MIGRATIONS: &[(&str, &str)] =
    &[("0001_notes.up.sql", "CREATE TABLE notes (id integer PRIMARY KEY, title text NOT NULL);")];

pub struct Lab {
    pub app: TestApp,
    pub gateway: Gateway,
    pub address: SocketAddr,
    keeping: JoinHandle<()>,
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

/// A session and what it ends with.
pub struct Session {
    pub client: Client,
    pub end: JoinHandle<String>,
}

impl Session {
    /// What the gateway says when it ends the session.
    pub async fn farewell(&mut self) -> String {
        timeout(SOON, &mut self.end).await.expect("the session ends").unwrap()
    }

    /// The SQLSTATE and message of a statement that is refused.
    pub async fn refused(&self, sql: &str) -> String {
        let error = self.client.batch_execute(sql).await.expect_err(sql);
        let error = error.as_db_error().unwrap_or_else(|| panic!("{sql}: {error:?}"));
        format!("{} {}", error.code().code(), error.message())
    }
}

impl Lab {
    /// The gateway has what `change` makes of the app's configuration.
    pub async fn new(change: impl FnOnce(&mut App)) -> Self {
        let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
        Self::before(app, &[], change).await
    }

    /// The same with the app's data on another server, which has these replicas.
    pub async fn replicated(primary: &Server, replicas: &[Server], change: impl FnOnce(&mut App)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in MIGRATIONS {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let app = TestApp::on_cluster(folder.path(), AppOptions::default(), primary).await;
        app.migrator.up(&|_| {}).await.expect("apply the test's migrations");
        Self::before(app, replicas, change).await
    }

    async fn before(app: TestApp, replicas: &[Server], change: impl FnOnce(&mut App)) -> Self {
        app.platform.mend_logins().await.unwrap();
        let mut configured = (*app.platform.app).clone();
        change(&mut configured);
        app.platform.registry.declare(&configured).await.unwrap();
        let (listener, address) = bind("127.0.0.1:0").await.unwrap();
        let control = app.platform.gateway_server(server().await.server()).await.unwrap();
        let database = configured.layout().control_database();
        let client = connect(&control, &database, "test gateway").await.unwrap();
        let directory = Directory::load(&client).await.unwrap();
        // Whoever asks replicas how far they are does so by the login of their URLs; nothing else needs one.
        let clusters = if replicas.is_empty() { addresses(&app) } else { app.platform.clusters.clone() };
        let setup = Setup {
            certificate: configured.gateway.tls.as_ref().map(|files| Certificate::load(files).unwrap()),
            app: configured.into(),
            directory: directory.clone(),
            clusters: clusters.with_replicas([("local".parse().unwrap(), replicas.to_vec())].into()),
            secret: installation_secret(&client).await.unwrap(),
        };
        let keeping = tokio::spawn(async move {
            directory.keep(|| connect_listening(&control, &database, "test gateway")).await;
        });
        let gateway = Gateway::start(setup, listener).unwrap();
        Self { app, gateway, address, keeping }
    }

    /// A new tenant of this plan.
    pub async fn tenant(&self, slug: &str, isolation: Isolation, plan: Option<&str>) -> TenantId {
        let id = self.app.tenant(slug, isolation).await.tenant.id;
        if let Some(plan) = plan {
            self.control(&format!("UPDATE tenantry.tenants SET plan = '{plan}' WHERE slug = '{slug}'")).await;
        }
        id
    }

    /// Runs statements in the control database.
    pub async fn control(&self, sql: &str) {
        self.app.platform.registry.client().await.unwrap().batch_execute(sql).await.unwrap();
    }

    /// A token for a door, which the gateway has heard of.
    pub async fn token(&self, user: &str, door: SecretDoor) -> String {
        let token = self.app.platform.token(door, "test").await.unwrap();
        let password = token.password.reveal().to_owned();
        let database = if door == SecretDoor::Admin { "tenantry" } else { "main" };
        let url = self.url(user, &password, database);
        let known = async { while tokio_postgres::connect(&url, NoTls).await.is_err() {} };
        timeout(SOON, known).await.expect("the gateway hears of the token");
        // Until that one has left.
        tokio::time::sleep(Duration::from_millis(100)).await;
        password
    }

    pub fn url(&self, user: &str, password: &str, database: &str) -> String {
        format!("postgres://{user}:{password}@{}/{database}", self.address)
    }

    pub async fn connect(&self, user: &str, password: &str, database: &str) -> Session {
        self.connect_by(&self.url(user, password, database)).await
    }

    pub async fn connect_by(&self, url: &str) -> Session {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("connect");
        let end = async move { connection.await.err().map(|e| format!("{e:?}")).unwrap_or_default() };
        Session { client, end: tokio::spawn(end) }
    }

    /// A session of a tenant's, with a token of its own.
    pub async fn session(&self, slug: &str, id: TenantId) -> Session {
        let token = self.token(slug, SecretDoor::Tenant(id)).await;
        self.connect(slug, &token, "main").await
    }

    /// What the operator's door answers, row by row.
    pub async fn show(&self, sql: &str) -> Vec<Vec<String>> {
        let token = self.token("tenantry", SecretDoor::Admin).await;
        let session = self.connect("tenantry", &token, "tenantry").await;
        let answers = session.client.simple_query(sql).await.unwrap();
        let row = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect())
            }
            _ => None,
        };
        answers.iter().filter_map(row).collect()
    }
}

/// The app's cluster, with a login that comes in nowhere: the gateway has logins of its own.
pub fn addresses(app: &TestApp) -> Clusters {
    let server = app.platform.clusters.server("local").unwrap();
    let server = server.with_login("nobody", Secret::new(String::new()));
    Clusters::new(BTreeMap::from([("local".parse().unwrap(), server)]), 1)
}

/// A plan of this name without limits.
pub fn plan(name: &str) -> Plan {
    Plan {
        name: name.parse().unwrap(),
        isolation: None,
        connections_max: None,
        clients_max: None,
        limits: PlanLimits::default(),
        price_monthly: None,
        currency: None,
    }
}
