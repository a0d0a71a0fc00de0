//! The directory: every tenant with its placements and what opens its door, in memory, for those who serve requests.
//!
//! Whoever reads takes a [`Snapshot`], which never changes; a change makes a new one that shares what stayed the same. It
//! is loaded in three queries sent at once, then kept up to date by NOTIFY: what is announced is read again, tenant by
//! tenant; after a lost connection everything is, since nobody knows what was missed. While the control database is away
//! the last snapshot goes on serving, and [`Directory::silent_for`] tells how old it may be.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::try_join3;
use tenantry_domain::{Error, ErrorCode, Isolation, Result, ServiceName, Slug, TenantId, TenantStatus};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Notification, Row};
use uuid::Uuid;

use crate::doors::{DoorSecret, SecretDoor};
use crate::error::control_error;
use crate::placements::{self, Placement};

pub(crate) const TENANTS: &str = include_str!("directory/tenants.sql");
pub(crate) const PLACEMENTS: &str = include_str!("directory/placements.sql");
pub(crate) const SECRETS: &str = include_str!("directory/secrets.sql");
pub(crate) const SECRET: &str = include_str!("directory/secret.sql");
const LISTEN: &str = include_str!("directory/listen.sql");

/// What is announced where no single tenant is meant.
const EVERYTHING: &str = "*";
/// Tenants announced together above which everything is read: one long scan beats thousands of look-ups.
const TENANTS_READ_MAX: usize = 1_000;
/// Pause before the control database is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// How often the connection is asked whether it still lives, when nothing is announced.
const LOOK: Duration = Duration::from_secs(5);
/// Time for an answer of the control database, after which the connection counts as lost.
const ANSWER: Duration = Duration::from_secs(10);

/// A connection to the control database, and what is announced on it.
pub type Listening = (Client, UnboundedReceiver<Notification>);

/// A tenant as those who serve requests need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: TenantId,
    /// Its slug.
    pub slug: Slug,
    /// Its number.
    pub number: i32,
    /// Whether it may be served.
    pub status: TenantStatus,
    /// How it is kept apart.
    pub isolation: Isolation,
    /// Its plan.
    pub plan: Option<String>,
    /// The generation of the password of its login on the servers.
    pub generation: i32,
    /// Where its data lives, by service.
    pub placements: Vec<Placement>,
    /// What opens its door.
    pub secrets: Vec<DoorSecret>,
}

impl Entry {
    /// Where the data of a service lives.
    pub fn placement(&self, service: &ServiceName) -> Option<&Placement> {
        self.placements.iter().find(|placement| placement.service == *service)
    }
}

/// The directory at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    tenants: HashMap<TenantId, Arc<Entry>>,
    slugs: HashMap<Slug, TenantId>,
    app: Arc<[DoorSecret]>,
    admin: Arc<[DoorSecret]>,
}

impl Snapshot {
    /// The tenant of this slug.
    pub fn find(&self, slug: &Slug) -> Option<&Arc<Entry>> {
        self.slugs.get(slug).and_then(|id| self.tenants.get(id))
    }

    /// The tenant of this id.
    pub fn get(&self, id: TenantId) -> Option<&Arc<Entry>> {
        self.tenants.get(&id)
    }

    /// Every tenant, in no order.
    pub fn tenants(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.tenants.values()
    }

    /// What opens the door of the application's backend.
    pub fn app_secrets(&self) -> &[DoorSecret] {
        &self.app
    }

    /// What opens the operator's door.
    pub fn admin_secrets(&self) -> &[DoorSecret] {
        &self.admin
    }

    fn put(&mut self, entry: Entry) {
        self.slugs.insert(entry.slug.clone(), entry.id);
        self.tenants.insert(entry.id, Arc::new(entry));
    }

    fn forget(&mut self, id: TenantId) {
        if let Some(entry) = self.tenants.remove(&id)
            && self.slugs.get(&entry.slug) == Some(&id)
        {
            self.slugs.remove(&entry.slug);
        }
    }
}

/// The directory. Copies share it.
#[derive(Clone)]
pub struct Directory {
    current: watch::Sender<Arc<Snapshot>>,
    heard: Arc<Mutex<Instant>>,
}

impl Directory {
    /// Loads it.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn load(client: &Client) -> Result<Self> {
        let snapshot = everything(client).await?;
        Ok(Self {
            current: watch::Sender::new(Arc::new(snapshot)),
            heard: Arc::new(Mutex::new(Instant::now())),
        })
    }

    /// The directory as it is now.
    pub fn now(&self) -> Arc<Snapshot> {
        self.current.borrow().clone()
    }

    /// Tells of each change from now on.
    pub fn changes(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.current.subscribe()
    }

    /// For how long the control database has not been heard of: a change may be unknown for so long.
    pub fn silent_for(&self) -> Duration {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Keeps it up to date for as long as it is polled. `connect` opens a connection to the control database and gives
    /// what is announced on it.
    pub async fn keep<C, F>(&self, connect: C)
    where
        C: Fn() -> F,
        F: Future<Output = Result<Listening>>,
    {
        loop {
            let followed = match connect().await {
                Ok(listening) => self.follow(listening).await,
                Err(e) => Err(e),
            };
            if let Err(e) = followed {
                tracing::warn!(error = ?e, "the control database can't be heard; what is known goes on serving");
            }
            sleep(AGAIN).await;
        }
    }

    async fn follow(&self, (client, mut announced): Listening) -> Result<()> {
        client.batch_execute(LISTEN).await.map_err(|e| control_error(e, "listen for changes of tenants"))?;
        self.replace(in_time(everything(&client)).await?);
        loop {
            let Ok(first) = timeout(LOOK, announced.recv()).await else {
                in_time(alive(&client)).await?;
                self.is_heard();
                continue;
            };
            let Some(first) = first else { return Ok(()) };
            let mut changed = Changed::default();
            changed.add(&first);
            while let Ok(next) = announced.try_recv() {
                changed.add(&next);
            }
            if changed.everything || changed.tenants.len() > TENANTS_READ_MAX {
                self.replace(in_time(everything(&client)).await?);
            } else {
                let ids: Vec<Uuid> = changed.tenants.into_iter().collect();
                let entries = in_time(some(&client, &ids)).await?;
                self.renew(&ids, entries);
            }
        }
    }

    fn replace(&self, mut snapshot: Snapshot) {
        let before = self.now();
        for (id, entry) in &mut snapshot.tenants {
            // What stayed the same keeps its place in memory, and shows at one comparison that it did.
            if let Some(known) = before.tenants.get(id).filter(|known| *known == entry) {
                *entry = known.clone();
            }
        }
        self.is_heard();
        self.current.send_replace(Arc::new(snapshot));
    }

    fn renew(&self, ids: &[Uuid], entries: Vec<Entry>) {
        let mut snapshot = Snapshot::clone(&self.now());
        for id in ids {
            snapshot.forget(TenantId::from_uuid(*id));
        }
        entries.into_iter().for_each(|entry| snapshot.put(entry));
        self.is_heard();
        self.current.send_replace(Arc::new(snapshot));
    }

    fn is_heard(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// The installation's secret, by the gateway's own login, which may read no other.
///
/// # Errors
/// As [`control_error`]; `config_invalid` where nobody has set up yet.
pub async fn installation_secret(client: &Client) -> Result<Vec<u8>> {
    let row = client.query_opt(SECRET, &[]).await.map_err(|e| control_error(e, "read a secret"))?;
    let missing = || Error::new(ErrorCode::ConfigInvalid, "the control database has no secret yet");
    let row = row.ok_or_else(|| missing().help("set the app up first: `tenantry up` or `tenantry serve`"))?;
    Ok(row.get(0))
}

/// What was announced.
#[derive(Default)]
struct Changed {
    everything: bool,
    tenants: HashSet<Uuid>,
}

impl Changed {
    fn add(&mut self, notification: &Notification) {
        match notification.payload().parse() {
            Ok(id) => drop(self.tenants.insert(id)),
            Err(_) => self.everything |= notification.payload() == EVERYTHING,
        }
    }
}

async fn in_time<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    let silent = |_| Error::new(ErrorCode::ConnectionLost, "the control database does not answer");
    timeout(ANSWER, answer).await.map_err(silent)?
}

async fn alive(client: &Client) -> Result<()> {
    client.check_connection().await.map_err(|e| control_error(e, "ask the control database"))
}

async fn everything(client: &Client) -> Result<Snapshot> {
    let (entries, doors) = read(client, None).await?;
    let mut snapshot = Snapshot::default();
    entries.into_iter().for_each(|entry| snapshot.put(entry));
    snapshot.app = doors.app.into();
    snapshot.admin = doors.admin.into();
    Ok(snapshot)
}

async fn some(client: &Client, ids: &[Uuid]) -> Result<Vec<Entry>> {
    Ok(read(client, Some(ids)).await?.0)
}

/// Secrets of doors that are no tenant's.
#[derive(Default)]
struct Doors {
    app: Vec<DoorSecret>,
    admin: Vec<DoorSecret>,
}

/// These tenants, or all of them. The three answers need not be of one moment: what changes between them is announced.
async fn read(client: &Client, ids: Option<&[Uuid]>) -> Result<(Vec<Entry>, Doors)> {
    let of = [&ids as &(dyn ToSql + Sync)];
    let ask = |sql| client.query(sql, &of);
    let (tenants, places, secrets) = try_join3(ask(TENANTS), ask(PLACEMENTS), ask(SECRETS))
        .await
        .map_err(|e| control_error(e, "read the directory"))?;
    let mut entries: HashMap<TenantId, Entry> = HashMap::with_capacity(tenants.len());
    for row in &tenants {
        let entry = entry(row)?;
        entries.insert(entry.id, entry);
    }
    for row in &places {
        let placement = placements::read(row)?;
        if let Some(entry) = entries.get_mut(&placement.tenant) {
            // The version moves without a word.
            entry.placements.push(Placement { version: 0, ..placement });
        }
    }
    let mut doors = Doors::default();
    for row in &secrets {
        match DoorSecret::read(row)? {
            (SecretDoor::App, secret) => doors.app.push(secret),
            (SecretDoor::Admin, secret) => doors.admin.push(secret),
            (SecretDoor::Tenant(id), secret) => {
                if let Some(entry) = entries.get_mut(&id) {
                    entry.secrets.push(secret);
                }
            }
        }
    }
    Ok((entries.into_values().collect(), doors))
}

fn entry(row: &Row) -> Result<Entry> {
    let text = |column: &str| row.get::<_, String>(column);
    Ok(Entry {
        id: TenantId::from_uuid(row.get("id")),
        slug: text("slug").parse()?,
        number: row.get("number"),
        status: text("status").parse()?,
        isolation: text("isolation").parse()?,
        plan: row.get("plan"),
        generation: row.get("credential_generation"),
        placements: Vec::new(),
        secrets: Vec::new(),
    })
}
