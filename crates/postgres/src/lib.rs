//! PostgreSQL servers: the embedded one and others, connections, catalogs, roles, hardening.
//!
//! **Quoting stands in [`ident`] and dynamic SQL in [`sql`], nowhere else.**

pub mod acting;
pub mod bootstrap;
pub mod catalog;
pub mod check;
pub mod clone;
pub mod clusters;
pub mod connect;
pub mod embedded;
pub mod error;
pub mod harden;
pub mod hearing;
pub mod ident;
pub mod password;
pub mod pool;
mod process;
pub mod replication;
pub mod server;
pub mod session;
pub mod shadow;
pub mod sql;
pub mod tenant;
pub mod tls;
