//! What the gateway decides of statements, on a real server.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod application;
