//! A gateway as it runs, over an app on the test server: its doors, its directory, its rules.

use std::net::SocketAddr;
use std::time::Duration;

use tenantry_domain::App;
use tenantry_gateway::{Gateway, Setup, bind};
use tenantry_registry::Directory;
use tenantry_registry::doors::SecretDoor;
use tenantry_testkit::TestApp;
use tenantry_testkit::postgres::connect::{connect, connect_listening};
use tenantry_testkit::postgres::server::Server;
use tenantry_testkit::stack::ACTOR;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::lab::addresses;

/// Time for what takes a second at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// See the module.
pub struct Doors {
    address: SocketAddr,
    directory: Directory,
    keeping: JoinHandle<()>,
    gateway: Gateway,
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.keeping.abort();
    }
}

/// Who comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Tenant,
    App,
}

pub const DOORS: [Door; 2] = [Door::Tenant, Door::App];

impl Doors {
    /// Opens them.
    pub async fn open(app: &TestApp) -> Self {
        Self::open_on(app, tenantry_testkit::server().await.server()).await
    }

    /// The same with the control database on this server.
    pub async fn open_on(app: &TestApp, control: &Server) -> Self {
        Self::open_as(app, control, |_| {}).await
    }

    /// The same with another configuration.
    pub async fn open_with(app: &TestApp, change: impl FnOnce(&mut App)) -> Self {
        Self::open_as(app, tenantry_testkit::server().await.server(), change).await
    }

    async fn open_as(app: &TestApp, control: &Server, change: impl FnOnce(&mut App)) -> Self {
        let platform = &app.platform;
        let mut configured = (*platform.app).clone();
        change(&mut configured);
        platform.mend_logins().await.unwrap();
        let (listener, address) = bind("127.0.0.1:0").await.unwrap();
        let control = control.clone();
        let database = platform.app.layout().control_database();
        let client = connect(&control, &database, "test gateway").await.unwrap();
        let directory = Directory::load(&client).await.unwrap();
        let setup = Setup {
            app: configured.into(),
            directory: directory.clone(),
            clusters: addresses(app),
            secret: platform.installation_secret().await.unwrap(),
            certificate: None,
        };
        let kept = directory.clone();
        let keeping = tokio::spawn(async move {
            kept.keep(|| connect_listening(&control, &database, "test gateway")).await;
        });
        Self { address, directory, keeping, gateway: Gateway::start(setup, listener).unwrap() }
    }

    /// Where a tenant is reached by a door.
    pub async fn url(&self, app: &TestApp, door: Door, slug: &str) -> String {
        let row = app.platform.registry.find_tenant(slug).await.unwrap();
        let (user, secret, options) = match door {
            Door::Tenant => (slug, SecretDoor::Tenant(row.tenant.id), String::new()),
            Door::App => ("app", SecretDoor::App, format!("&options=-capp.current_tenant%3D{slug}")),
        };
        let token = app.platform.token(secret, ACTOR).await.unwrap();
        let url = format!(
            "postgres://{user}:{}@{}/main?sslmode=disable{options}",
            token.password.reveal(),
            self.address
        );
        // The gateway hears of the token within a second.
        let mut changes = self.directory.changes();
        let heard = async {
            while tokio_postgres::connect(&url, NoTls).await.is_err() {
                changes.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, heard).await.expect("the gateway hears of a token");
        url
    }

    /// A connection past the gateway, with the login that it has for this door in shared tables.
    pub async fn server_of(&self, app: &TestApp, door: Door, slug: &str) -> Client {
        let platform = &app.platform;
        let row = platform.registry.find_tenant(slug).await.unwrap();
        let layout = platform.app.layout();
        let (login, generation) = match door {
            Door::Tenant => {
                let entry = self.directory.now();
                let entry = entry.get(row.tenant.id).unwrap();
                (
                    layout.login_role(entry.id, entry.number, platform.app.isolation.tenant_key),
                    entry.generation,
                )
            }
            Door::App => (layout.app_role(), 0),
        };
        let secret = platform.installation_secret().await.unwrap();
        let password = tenantry_testkit::postgres::password::derived(&secret, &login, generation);
        let server = tenantry_testkit::server().await.server().with_login(&*login, password);
        let database = layout.data_database(&"main".parse().unwrap());
        connect(&server, &database, "test gateway").await.unwrap()
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many clients there are.
    pub async fn clients(&self) -> usize {
        let metrics = self.gateway.metrics().render().await;
        let counts = metrics.lines().filter(|line| line.starts_with("tenantry_gateway_clients{"));
        counts.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
    }

    /// A tenant's client.
    pub async fn client(&self, app: &TestApp, door: Door, slug: &str) -> Client {
        let url = self.url(app, door, slug).await;
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

/// The rows of all statements of a text by the simple protocol, or the SQLSTATE.
pub async fn rows(client: &Client, sql: &str) -> Result<String, String> {
    let answer = client.simple_query(sql).await.map_err(|e| sqlstate(&e))?;
    let rows = answer.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => {
            let values: Vec<&str> = (0..row.len()).map(|i| row.get(i).unwrap_or("")).collect();
            Some(values.join(","))
        }
        _ => None,
    });
    Ok(rows.collect::<Vec<_>>().join(";"))
}

/// The SQLSTATE of an error.
pub fn sqlstate(error: &tokio_postgres::Error) -> String {
    error.code().map_or_else(|| format!("{error:?}"), |code| code.code().to_owned())
}
