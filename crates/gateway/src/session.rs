//! What follows a client from one server connection to the next in transaction mode.
//!
//! [`settings`]: what the client chose (`TimeZone`, `search_path`, ...), put in force on a server only where the server
//! has it otherwise. [`reported`]: what the client was told of it (ParameterStatus), and what it has to be told now.
//! Both are shared values: thousands of clients of one driver have the same, and a comparison is one of pointers.

pub mod encoding;
pub mod reported;
pub mod search_path;
pub mod settings;
