//! The job runner on a real control database.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cancel;
mod claims;
mod outcomes;
mod statements;
mod toy;
