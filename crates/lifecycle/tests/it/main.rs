//! Tests of a tenant's life on a real server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod create;
