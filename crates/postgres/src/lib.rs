//! PostgreSQL servers: the embedded one and others, connections, catalogs, roles, hardening.
//!
//! **Quoting stands in [`ident`] and dynamic SQL in [`sql`], nowhere else.**

pub mod bootstrap;
pub mod error;
pub mod harden;
pub mod ident;
pub mod sql;
pub mod tenant;
