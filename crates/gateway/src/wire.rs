//! PostgreSQL's frontend/backend protocol, version 3 (manual, chapter "Frontend/Backend Protocol"): messages in and out
//! of buffers, no I/O.
//!
//! A relay needs little of it. [`startup`] reads what comes before the first message; [`frame`] finds the borders of
//! messages in whatever chunks the kernel hands over; [`conversation`] knows from those borders alone whether a server
//! has answered everything; [`link`] puts both together for a relay. [`frontend`] and [`backend`] look into the few kinds of messages that the gateway answers,
//! writes or changes. Everything else passes as it came.

pub mod backend;
pub mod conversation;
pub mod frame;
pub mod frontend;
pub mod link;
mod read;
pub mod startup;
pub mod violation;
mod write;

pub use violation::Violation;

/// Bytes of a message's header: its type and the length, which counts itself.
pub const HEADER_BYTES: usize = 5;

/// The highest length word of any message, as PostgreSQL has it (`MaxAllocSize - 1`).
pub const MESSAGE_LENGTH_MAX: u32 = 0x3fff_fffe;

/// Bytes of a cancel key at most (protocol 3.2).
pub const CANCEL_KEY_BYTES_MAX: usize = 256;
