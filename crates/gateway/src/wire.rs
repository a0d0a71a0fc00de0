//! PostgreSQL's frontend/backend protocol, version 3 (manual, chapter "Frontend/Backend Protocol"): messages in and out
//! of buffers, no I/O.
//!
//! [`startup`] reads what comes before the first message. [`frontend`] and [`backend`] look into the few kinds of messages
//! that the gateway answers or writes itself while a client logs in or a server is logged in to. Between the two the relay
//! ([`crate::shard`]) finds the borders of messages in whatever chunks the kernel hands over, and passes them on.

pub mod backend;
pub mod frontend;
mod read;
pub mod startup;
pub mod status;
pub mod violation;
mod write;

pub use violation::Violation;

/// Bytes of a message's header: its type and the length, which counts itself.
pub const HEADER_BYTES: usize = 5;

/// Bytes of a cancel key at most (protocol 3.2).
pub const CANCEL_KEY_BYTES_MAX: usize = 256;
