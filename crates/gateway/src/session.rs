//! What clients choose of a session when they log in, and what servers tell of theirs.
//!
//! [`settings`]: what a client may choose (`TimeZone`, `search_path`, ...). [`reported`]: what it is told (ParameterStatus).
//! How settings and prepared statements follow a client from one server to the next is the relay's business
//! ([`crate::shard`]).

pub mod encoding;
pub mod reported;
pub mod search_path;
pub mod settings;
