//! The control database on a real server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod directory;
mod migrations;
mod statements;
mod tenants;
