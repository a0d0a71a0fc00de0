//! Migrations applied to templates and tenants on a real server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attack;
mod collisions;
mod fleet;
mod folder;
mod refused;
mod rollout;
mod statements;
mod tenants;
