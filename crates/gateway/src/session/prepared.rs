//! Named prepared statements in transaction mode.
//!
//! A client's names are its own ([`Names`]); statements are shared by their text ([`Statements`]) and live on server
//! connections under names of ours ([`Server`]). The client's Parse, Bind, Describe and Close go out under those names; a
//! statement that the server lacks is parsed there first, and the answer to that is kept from the client. Steadily running
//! clients send Bind and Execute only, which costs two look-ups and no allocation.
//!
//! **Every error comes from the server.** The rules behind an error (skip to the next Sync, undo what was not reached) are
//! the server's, and a second implementation of them in front of it would differ some day. So a name that does not exist
//! goes out as a name that can't exist, and a name that is taken goes out as a name that is taken.
//!
//! The statement without a name goes out as it is, and is good for the client that parsed it here only; what stood there
//! before is somebody else's. Drivers that parse it, read the answer and then bind it find it again on another server; once
//! bound it is not kept beyond its transaction.
//!
//! What the server answers is matched in order, and settled with each ReadyForQuery: statements and names whose Parse was
//! never confirmed are forgotten. Names that belong to SQL (`PREPARE`, `DEALLOCATE`) are not looked at here.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

mod local;
mod names;
mod server;

pub use names::Names;
pub use server::{Server, Verdict};

/// A statement as clients prepare it.
#[derive(Debug, PartialEq, Eq)]
pub struct Statement {
    number: u64,
    sql: Box<[u8]>,
    types: Box<[u8]>,
}

type Text = (Box<[u8]>, Box<[u8]>);

/// The statements of all clients of a shard, each text once, for as long as a client or a server has it.
#[derive(Debug, Default)]
pub struct Statements {
    known: HashMap<Text, Weak<Statement>>,
    numbers: u64,
    sweep_at: usize,
}

impl Statements {
    /// The shared statement with this text and these types of parameters. Servers of different tenants never share a
    /// statement, only its text is shared here.
    pub fn intern(&mut self, sql: &[u8], types: &[u8]) -> Arc<Statement> {
        let text: Text = (sql.into(), types.into());
        if let Some(known) = self.known.get(&text).and_then(Weak::upgrade) {
            return known;
        }
        if self.known.len() >= self.sweep_at.max(256) {
            self.known.retain(|_, statement| statement.strong_count() > 0);
            self.sweep_at = self.known.len() * 2;
        }
        self.numbers += 1;
        let statement = Arc::new(Statement { number: self.numbers, sql: sql.into(), types: types.into() });
        self.known.insert(text, Arc::downgrade(&statement));
        statement
    }

    /// Texts that are kept at the moment, those included that nobody uses any more.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

#[cfg(test)]
mod tests;
