//! Reads that replicas may answer.
//!
//! A client that lets replicas answer has the first message of each transaction looked at before it gets a server: may a replica
//! do it, and has one replayed what this client last wrote? Otherwise the primary does it.
//!
//! # How a client reads what it wrote
//!
//! No question goes with a transaction. Once every `gateway_replica_ms_between` the gateway asks the primary how far its
//! write-ahead log goes. These questions are numbered, and the number of the latest is published **before** it is sent. When the
//! answer to a write has come, the client notes the number that is published then, *k*. Any question with a number above *k*
//! is sent after that: its answer is at or behind the end of that write's commit, since a commit is in the log before it is
//! answered and the log only grows. So a replica that has replayed up to the answer of a question *n* > *k* has replayed the
//! write. A replica's [`Mark`] is the highest *n* of which that is known; whether it may answer the client is `k < n`. Marks
//! only move forward while the servers stay what they are, so what was decided stays right while the client waits for a connection.
//!
//! # Fail-overs
//!
//! Numbers of positions mean something on one timeline alone. A mark carries the timeline that the question was answered on and the
//! replica receives, a client's note the timeline of the very connection that it wrote through; only equal ones are compared.
//! After a fail-over a client stays on the primary until it had a transaction there, whose connection tells the new timeline,
//! and until the questions are answered by that one too. A connection to a replica is used only if it leads to
//! the server process that the mark is about: not to one that was restarted from an older copy, nor to another behind the same address.
//!
//! What can't be told (no answer, no timeline, a statement that is not understood) is the primary's.

mod class;
mod ledger;
mod mark;
mod monitor;
mod replicas;
mod unit;

pub use class::{Class, Reading};
#[cfg(test)]
pub(crate) use ledger::Standing;
pub use mark::Mark;
pub(crate) use monitor::serve;
pub use replicas::{ClientReads, Replica, Replicas};
pub(crate) use replicas::{Fallback, State};
pub(crate) use unit::{Unit, Verdict};
