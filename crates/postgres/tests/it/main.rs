//! Servers, connections and quoting, against a real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod check;
mod connect;
mod embedded;
mod ident;
mod tenant_scripts;
