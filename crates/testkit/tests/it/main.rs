//! The test server itself.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod chaos;
mod database;
mod score;
