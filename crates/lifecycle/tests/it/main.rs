//! Tests of the crate against a real PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attacks;
mod doctor;
mod hardening;
mod support;
mod tools;
