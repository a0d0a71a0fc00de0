//! Migrations applied to templates and tenants on a real server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attack;
mod collisions;
mod drift;
mod dumps;
mod folder;
mod refused;
mod relations;
mod run_time;
mod statements;
mod tenants;
