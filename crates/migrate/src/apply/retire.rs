//! What a file takes from the global tables of a data database, which all tenants there share: done once no tenant is in
//! front of the file any more, since whoever is still refers to them.
//!
//! A row of the ledger keeps that it is to be done, from the commit of the file for the templates on. Shared tables come with
//! the templates and a database of its own has global tables of its own, so schemas alone are waited for.

use std::fmt::Write as _;

use tenantry_domain::{Error, ErrorCode, Isolation, Result, layout};
use tenantry_postgres::error::db_error;
use tokio_postgres::Client;

use super::local::local_tenants;
use super::session::{Mark, Session, Who};
use super::site::Site;
use crate::drift::record;
use crate::ledger::{self, Entry};
use crate::rollout::history::Move;
use crate::rollout::order::Direction;

const NOTE_MIGRATION: &str = include_str!("note_migration.sql");

/// Under which the ledger keeps what is to be done yet: by a file that was applied, or by one that takes it back.
pub(crate) const fn target(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "retiring",
        Direction::Down => "retiring_down",
    }
}

impl Site {
    /// Notes that a file's last part is to be done, in the transaction that is open.
    pub(super) async fn note_retiring(&self, client: &Client, step: Move<'_>) -> Result<()> {
        let file = step.file;
        if file.retiring().is_empty() {
            return Ok(());
        }
        client
            .execute(NOTE_MIGRATION, &[&target(step.direction), &file.version, &file.name, &file.checksum])
            .await
            .map(|_| ())
            .map_err(|e| db_error(e, "note what goes last"))
    }

    /// Does what is due of it; the template's lock is held. True: something was done.
    pub(super) async fn retire(&self, data: &Client) -> Result<bool> {
        let direction = self.history.direction();
        let waiting = ledger::read(data, target(direction)).await?;
        let mut retired = false;
        for entry in in_order(waiting, direction) {
            let Some(file) = self.history.file(entry.version) else { continue };
            if self.is_needed(data, entry.version, direction).await? {
                continue;
            }
            let words = "what tenants share";
            let owner = self.layout.owner_role();
            let target_of = self.target(words, Who::Platform, (owner, layout::SHARED_SCHEMA));
            let session = Session::new(data, target_of);
            let mark = Mark::Ledger(target(direction).to_owned(), Direction::Down);
            session.run(file, &file.retiring(), &mark).await?;
            session.commit().await?;
            retired = true;
        }
        Ok(retired)
    }

    /// The same after the waves, and what drift compares with.
    pub(super) async fn retire_behind(&self, data: &Client) -> Result<()> {
        if self.retire(data).await? {
            record::forget_newest(data).await?;
            record::note(self, data).await?;
        }
        Ok(())
    }

    /// Whether somebody with a schema is still in front of the file.
    async fn is_needed(&self, data: &Client, version: i64, direction: Direction) -> Result<bool> {
        let is_before = |at: i64| match direction {
            Direction::Up => at < version,
            Direction::Down => at >= version,
        };
        let tenants = local_tenants(data).await?;
        Ok(tenants.iter().any(|t| t.isolation == Isolation::Schema && is_before(t.version)))
    }

    /// Refuses to go back on the way while tenants are still on it: what is to be made again is still there.
    pub(super) async fn refuse_to_turn(&self, data: &Client) -> Result<()> {
        let (against, words, again) = match self.history.direction() {
            Direction::Up => (Direction::Down, "been taken back", "tenantry migrate down"),
            Direction::Down => (Direction::Up, "been applied", "tenantry migrate up"),
        };
        let open = ledger::read(data, target(against)).await?;
        let moves = |entry: &&Entry| match against {
            Direction::Up => entry.version > self.history.to(),
            Direction::Down => entry.version <= self.history.to(),
        };
        let Some(entry) = open.iter().find(moves) else { return Ok(()) };
        let mut message = format!("migration {} has not {words} for every tenant of ", entry.version);
        let _ = write!(message, "{}, so what it takes from global tables is still there", self.name());
        Err(Error::new(ErrorCode::RolloutOpen, message)
            .help(format!("bring the tenants that are left behind along first (`{again}`)")))
    }
}

fn in_order(mut entries: Vec<Entry>, direction: Direction) -> Vec<Entry> {
    if direction == Direction::Down {
        entries.reverse();
    }
    entries
}
