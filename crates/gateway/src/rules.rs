//! The rules' sources: what each data database's tables are, read when a gateway first needs it and again when a migration
//! has changed them.
//!
//! A migration notes each of its steps in the transaction that makes it, and the note is announced with the commit. So rules
//! are never ahead of the tables, and behind them for as long as the announcement and three queries take. In between a
//! statement is rewritten for the columns from before: a text that needs the new ones fails, or leaves them to their
//! defaults; whose rows it touches is row-level security's alone and the same in both.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tenantry_domain::{App, Result, ServiceName};
use tenantry_postgres::catalog::{FollowedTables, SharedTable, TablesNow};
use tenantry_shape::application::{Column, Counter, Table, Tables};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::connector;
use crate::hub::{Hub, lock};
use crate::profile::Source;
use crate::shard::Command;

/// What these connections call themselves.
const APPLICATION_NAME: &str = "tenantry gateway rules";
/// Pause before a server is tried again, which grows up to the second one.
const AGAIN: Duration = Duration::from_millis(250);
const AGAIN_MAX: Duration = Duration::from_secs(5);
/// Time between two readings: a rollout announces many steps.
const PAUSE: Duration = Duration::from_millis(50);

/// A data database whose rules are wanted.
pub struct Wanted {
    place: u32,
    cluster: String,
    database: String,
    is_known: watch::Sender<bool>,
}

#[derive(Clone)]
struct Place {
    number: u32,
    is_known: watch::Receiver<bool>,
}

/// The data databases whose rules are known or wanted.
pub struct Places {
    known: Mutex<HashMap<(String, String), Place>>,
    wanted: UnboundedSender<Wanted>,
}

impl Places {
    /// None yet; [`serve`] takes what is wanted from now on.
    pub fn new(wanted: UnboundedSender<Wanted>) -> Self {
        Self { known: Mutex::default(), wanted }
    }

    /// The number of a data database. Its rules are read if they never were.
    pub fn number(&self, cluster: &str, database: &str) -> u32 {
        let mut known = lock(&self.known);
        let number = known.len() as u32;
        let key = (cluster.to_owned(), database.to_owned());
        let place = known.entry(key).or_insert_with_key(|(cluster, database)| {
            let (sender, is_known) = watch::channel(false);
            let (cluster, database) = (cluster.clone(), database.clone());
            // Whoever reads them ends with the gateway.
            let _ = self.wanted.send(Wanted { place: number, cluster, database, is_known: sender });
            Place { number, is_known }
        });
        place.number
    }

    /// Waits until the rules of this number were read once.
    pub async fn known(&self, number: u32) {
        let place = lock(&self.known).values().find(|place| place.number == number).cloned();
        if let Some(mut place) = place {
            // An error means that nobody reads them any more.
            let _ = place.is_known.wait_for(|known| *known).await;
        }
    }
}

/// Reads what is wanted and keeps it up to date, until it is dropped.
pub async fn serve(hub: Arc<Hub>, mut wanted: UnboundedReceiver<Wanted>) {
    for entry in hub.setup.directory.now().tenants() {
        for placement in &entry.placements {
            hub.places.number(&placement.cluster, &data_database(&hub, &placement.service));
        }
    }
    let mut tasks = JoinSet::new();
    while let Some(wanted) = wanted.recv().await {
        tasks.spawn(keep(hub.clone(), wanted));
    }
}

/// The data database that a tenant's rules come from, its own database's too: there the server's functions are.
pub fn data_database(hub: &Hub, service: &ServiceName) -> String {
    hub.setup.app.layout().data_database(service)
}

async fn keep(hub: Arc<Hub>, wanted: Wanted) {
    let mut again = AGAIN;
    loop {
        let Err(error) = follow(&hub, &wanted, &mut again).await;
        tracing::warn!(error = ?error, database = %wanted.database, "the app's tables can't be followed");
        sleep(again).await;
        again = (again * 2).min(AGAIN_MAX);
    }
}

async fn follow(hub: &Hub, wanted: &Wanted, again: &mut Duration) -> Result<Infallible> {
    let server = connector::app_server(hub, &wanted.cluster)?;
    let mut followed = FollowedTables::connect(&server, &wanted.database, APPLICATION_NAME).await?;
    let column = &hub.setup.app.isolation.tenant_column;
    loop {
        let read_at = Instant::now();
        let now = followed.read(column).await?;
        let source = Arc::new(source(wanted.place, &hub.setup.app, now));
        hub.order_all(|| Command::Rules(source.clone()));
        wanted.is_known.send_replace(true);
        *again = AGAIN;
        followed.changed().await?;
        // One reading serves for all that is announced before it begins.
        sleep(PAUSE.saturating_sub(read_at.elapsed())).await;
    }
}

fn source(place: u32, app: &App, now: TablesNow) -> Source {
    /// Numbers of sources: never the same in this process.
    static NUMBERS: AtomicU64 = AtomicU64::new(1);
    let tables = now.tables.into_iter().map(table).collect();
    let tables = Arc::new(Tables::new(&app.isolation.tenant_column, tables, now.sequences));
    let number = NUMBERS.fetch_add(1, Relaxed);
    let own_settings = Arc::new(app.gateway.settings.clone());
    Source { place, number, tables, harmless: Arc::new(now.harmless), own_settings }
}

/// A table of the catalog as rewriting wants it.
pub fn table(table: SharedTable) -> Table {
    let generated: BTreeSet<String> = table.generated.into_iter().collect();
    let column = |name: String| Column { generated: generated.contains(&name), name };
    Table {
        name: table.name,
        global: table.global,
        columns: table.columns.into_iter().map(column).collect(),
        primary_key: table.primary_key,
        references: table.references,
        acts_on_delete: table.acts_on_delete,
        counters: table.counters.into_iter().map(|(name, start)| Counter { name, start }).collect(),
    }
}
