//! The executable as its users run it: on a folder of its own, with an embedded server of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests stop at the first surprise")]

mod bad_folders;
mod clients;
mod drift;
mod existing_server;
mod gateway;
mod help;
mod init;
mod migrate;
mod migrate_new;
mod migrate_plan;
mod process;
mod refusals;
mod soak;
mod sql;
mod support;
mod tenants;
mod up;
