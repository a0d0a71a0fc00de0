//! A real PostgreSQL for tests, databases per test, attacks with their positive twins.
//!
//! Everything here panics when it fails: a test that has no server has nothing to say.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests stop at the first surprise")]

pub mod attack;
pub mod chaos;
pub mod control;
pub mod database;
pub mod names;
mod owner;
pub mod score;
pub mod server;
pub mod stack;
pub mod standby;
pub mod statements;
mod sweep;

pub use chaos::ChaosProxy;
pub use control::control_database;
pub use database::TestDatabase;
pub use names::unique_app_name;
pub use server::{TestServer, server};
pub use stack::{AppOptions, TestApp};
pub use standby::Pair;
/// For tests of crates that may not depend on it.
pub use tenantry_postgres as postgres;
