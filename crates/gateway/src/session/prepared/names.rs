//! A client's names for its statements.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tenantry_domain::{Error, ErrorCode, Result};

use super::Statement;

/// The names of one client. Empty for most, and then without memory of its own.
#[derive(Debug, Default)]
pub struct Names {
    known: HashMap<Box<[u8]>, Arc<Statement>>,
    /// What it parsed without a name and has not used yet, where it has had to give the server back in between.
    pub(super) unnamed: Option<Arc<Statement>>,
    /// What is to be undone of Parse and Close unless they are confirmed, with the number of the question that settles it;
    /// in order.
    unconfirmed: VecDeque<(u64, Undo)>,
}

#[derive(Debug)]
enum Undo {
    /// Take the name away.
    Given(Box<[u8]>),
    /// Give it back.
    Closed(Box<[u8]>, Arc<Statement>),
}

impl Names {
    /// The statement of a name.
    pub fn get(&self, name: &[u8]) -> Option<&Arc<Statement>> {
        self.known.get(name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// After `DISCARD ALL` or `DEALLOCATE ALL`.
    pub fn clear(&mut self) {
        self.known.clear();
        self.unnamed = None;
        self.unconfirmed.clear();
    }

    /// Gives a name, until confirmed for the time being.
    ///
    /// # Errors
    /// `limit_exceeded` where the client has `max` names already; nothing has changed then.
    pub(super) fn give(
        &mut self,
        name: &[u8],
        statement: Arc<Statement>,
        settles: u64,
        max: usize,
    ) -> Result<()> {
        if self.known.len() >= max {
            let message = format!("a client may have {max} prepared statements at one time");
            return Err(Error::new(ErrorCode::LimitExceeded, message)
                .help("close statements that are not used any more"));
        }
        self.known.insert(name.into(), statement);
        self.unconfirmed.push_back((settles, Undo::Given(name.into())));
        Ok(())
    }

    /// Takes a name away, until confirmed for the time being. True: there was one, and [`Names::confirm`] is to come.
    pub(super) fn close(&mut self, name: &[u8], settles: u64) -> bool {
        let Some((name, statement)) = self.known.remove_entry(name) else { return false };
        self.unconfirmed.push_back((settles, Undo::Closed(name, statement)));
        true
    }

    /// The first of what is not confirmed has happened.
    pub(super) fn confirm(&mut self) {
        self.unconfirmed.pop_front();
    }

    /// What is not confirmed by now never happened.
    pub(super) fn settle(&mut self, settled: u64) {
        let end = self.unconfirmed.partition_point(|(settles, _)| *settles <= settled);
        for (_, undo) in self.unconfirmed.drain(..end).rev() {
            match undo {
                Undo::Given(name) => drop(self.known.remove(&name)),
                Undo::Closed(name, statement) => drop(self.known.insert(name, statement)),
            }
        }
    }
}
