//! What follows a client from one server connection to the next in transaction mode.
//!
//! [`settings`]: what the client chose (`TimeZone`, `search_path`, ...), put in force on a server only where the server
//! has it otherwise. [`reported`]: what the client was told of it (ParameterStatus), and what it has to be told now.
//! [`prepared`]: the statements that it has prepared, which live on whichever server it has.
//! Settings are shared values: thousands of clients of one driver have the same, and a comparison is one of pointers.

pub mod encoding;
pub mod prepared;
pub mod reported;
pub mod search_path;
pub mod settings;
