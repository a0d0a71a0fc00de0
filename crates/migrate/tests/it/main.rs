//! Migrations applied to templates and tenants on a real server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod advisory;
mod attack;
mod blocks;
mod collisions;
mod deferred;
mod drift;
mod dumps;
mod examples;
mod fleet;
mod folder;
mod functions;
mod locks;
mod plan;
mod policies;
mod refresh;
mod refused;
mod relations;
mod retire;
mod rollout;
mod rows;
mod run_time;
mod statements;
mod tenants;
mod vary;
mod zero_downtime;
