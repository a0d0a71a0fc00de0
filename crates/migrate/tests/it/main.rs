//! Migrations applied to templates and tenants on a real server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attack;
mod blocks;
mod collisions;
mod drift;
mod dumps;
mod examples;
mod fleet;
mod folder;
mod locks;
mod refused;
mod relations;
mod rollout;
mod statements;
mod tenants;
mod vary;
