//! The databases and tenants of one run, and what happened in them so far.

use tempfile::TempDir;
use tenantry_domain::{Error, Isolation};
use tenantry_postgres::ident::quote_ident;

use super::dump::Relation;
use super::events::{Event, agrees, replay, run};
use super::finding::{Finding, Point, Score};
use super::history::File;
use super::plain::{Plain, Stop};
use super::refusals::head;
use super::rows::Rows;
use super::tenants::{Tenants, migrate};
use super::{dump, model};
use crate::stack::{AppOptions, TestApp};

/// Why a run can't go on.
#[derive(Debug)]
pub enum Halt {
    /// The product refused at a file (by number) and line what the plain run does.
    Product(Error),
    /// The plain run refuses a file while rows are there, whatever is deleted.
    Rows(usize),
}

/// One run.
pub struct Lab {
    /// The app.
    pub app: TestApp,
    /// Its tenants.
    pub tenants: Tenants,
    /// The plain run.
    pub plain: Plain,
    /// A second plain run: what differs between them differs by itself.
    pub twin: Plain,
    /// Where every file is tried first.
    trial: Plain,
    folder: TempDir,
    pending: Vec<File>,
    rows: Rows,
    /// Files before this one meet empty tables.
    rows_from: usize,
    refreshes: usize,
}

/// Numbers of files that no history has.
const REFRESH_NUMBER: usize = 90_000;

impl Lab {
    /// Empty databases and tenants without tables.
    pub async fn new(options: AppOptions, rows_from: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the history");
        let app = TestApp::without_migrations(folder.path(), options).await;
        let tenants = Tenants::new(&app).await;
        Self {
            app,
            tenants,
            plain: Plain::new("plain").await,
            twin: Plain::new("twin").await,
            trial: Plain::new("trial").await,
            folder,
            pending: Vec::new(),
            rows: Rows::default(),
            rows_from,
            refreshes: 0,
        }
    }

    /// The last INSERT that each table took.
    pub fn accepted(&self) -> Vec<(String, String)> {
        self.rows.accepted.iter().map(|(table, sql)| (table.clone(), sql.clone())).collect()
    }

    /// Runs the next file everywhere, with rows before it where it touches rows.
    ///
    /// # Errors
    /// See [`Halt`].
    pub async fn step(&mut self, number: usize, file: &File, score: &mut Score) -> Result<(), Halt> {
        if file.touches_rows() && number >= self.rows_from {
            self.fill(score).await?;
        }
        let mut wiped = 0;
        while let Err(stop) = self.trial.apply(file).await {
            if wiped == 2 || number < self.rows_from {
                return Err(Halt::Rows(number));
            }
            self.wipe(&stop, wiped, score).await?;
            wiped += 1;
        }
        for plain in [&self.plain, &self.twin] {
            if plain.apply(file).await.is_err() {
                return Err(Halt::Rows(number));
            }
        }
        self.pending.push(file.clone());
        Ok(())
    }

    /// Rows that the next file can't stand (two alike before a unique key) go: those of the table that the server names,
    /// then all.
    async fn wipe(&mut self, stop: &Stop, before: usize, score: &mut Score) -> Result<(), Halt> {
        self.flush().await?;
        let tables = model::read(self.plain.client()).await;
        let plain = self.plain.application().await;
        let named = stop.refusal.table.as_ref().filter(|_| before == 0);
        let mut events = Vec::new();
        for sql in super::cross::delete_rows(&tables, named.map(String::as_str)) {
            let outcome = run(plain, &sql).await;
            events.push(Event { sql, outcome, returns: false });
        }
        self.repeat(&events, score).await;
        self.trial = Plain::copy(&mut self.plain, "trial").await;
        Ok(())
    }

    /// Makes rows in the plain database, and the same ones everywhere.
    ///
    /// # Errors
    /// When the product can't apply what comes before.
    pub async fn fill(&mut self, score: &mut Score) -> Result<(), Halt> {
        self.flush().await?;
        let tables = model::read(self.plain.client()).await;
        let (trial, plain) = (self.trial.application().await, self.plain.application().await);
        let events = self.rows.fill(trial, plain, &tables).await;
        self.repeat(&events, score).await;
        if !events.is_empty() {
            self.trial = Plain::copy(&mut self.plain, "trial").await;
        }
        Ok(())
    }

    /// Statements that ran on the plain database, run by its twin and by every tenant. Differences are findings.
    pub async fn repeat(&self, events: &[Event], score: &mut Score) {
        let mut events = events.to_vec();
        let twins = replay(self.twin.application().await, &events).await;
        for (event, twin) in events.iter_mut().zip(&twins) {
            event.returns &= agrees(event, twin);
        }
        let outcomes = self.tenants.replay(&events).await;
        score.replayed += events.len();
        for (tenant, outcomes) in self.tenants.all.iter().zip(&outcomes) {
            for (event, got) in events.iter().zip(outcomes) {
                if agrees(event, got) {
                    continue;
                }
                score.add(Finding {
                    point: Point::D,
                    place: String::new(),
                    shape: tenant.isolation.to_string(),
                    what: format!(
                        "{}\nplain: {}\nhere:  {}",
                        head(&event.sql),
                        event.outcome.words(),
                        got.words()
                    ),
                });
            }
        }
    }

    /// Has the product apply the files that the plain run has applied since.
    ///
    /// # Errors
    /// What it says.
    pub async fn flush(&mut self) -> Result<(), Halt> {
        if self.pending.is_empty() {
            return Ok(());
        }
        for file in self.pending.drain(..) {
            std::fs::write(self.folder.path().join(&file.name), &file.text).expect("write a migration");
        }
        migrate(&self.app).await.map_err(Halt::Product)
    }

    /// What can be read in the plain database.
    pub async fn relations(&self) -> Vec<Relation> {
        dump::relations(self.plain.client()).await
    }

    /// Fills the materialized views anew, by one more migration.
    ///
    /// # Errors
    /// What the product says of it.
    pub async fn refresh(&mut self) -> Result<(), Halt> {
        self.refreshes += 1;
        let name = format!("{}_refresh.up.sql", REFRESH_NUMBER + self.refreshes);
        let file = refresh(&self.relations().await, name);
        if file.text.is_empty() {
            return Ok(());
        }
        for plain in [&self.plain, &self.twin] {
            plain.apply_all(&file, |_| {}).await;
        }
        self.pending.push(file);
        self.flush().await
    }

    /// Tables without a row: what they would show is not seen.
    pub async fn empty_tables(&self) -> Vec<String> {
        let mut empty = Vec::new();
        for table in model::read(self.plain.client()).await {
            if super::rows::count(self.plain.client(), &table.name).await == 0 {
                empty.push(table.name);
            }
        }
        empty
    }

    /// The column that tells tenants apart where they share tables.
    pub fn tenant_column(&self) -> &str {
        &self.app.platform.app.isolation.tenant_column
    }

    /// Both tenants of each isolation.
    pub fn pairs(&self) -> Vec<(Isolation, Vec<&super::tenants::Tenant>)> {
        Isolation::ALL.into_iter().map(|i| (i, self.tenants.of(i))).collect()
    }
}

/// A migration that fills the materialized views anew.
pub fn refresh(relations: &[Relation], name: String) -> File {
    let views = relations.iter().filter(|r| r.kind == "m");
    // Twice, since one can read another.
    let once: String =
        views.map(|v| format!("REFRESH MATERIALIZED VIEW {};\n", quote_ident(&v.name))).collect();
    File { path: name.clone(), name, text: once.repeat(2) }
}
