//! PostgreSQL servers: embedded server, connections, catalogs, roles, hardening; the only place of quoting and dynamic SQL.

pub mod catalog;
pub mod clone;
