//! PostgreSQL servers: embedded server, connections, catalogs, roles, hardening; the only place of quoting and dynamic SQL.

pub mod check;
pub mod connect;
pub mod embedded;
pub mod error;
pub mod ident;
pub mod password;
pub mod pool;
mod process;
pub mod server;
mod tls;
