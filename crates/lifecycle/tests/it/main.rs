//! Tests of a tenant's life and of its walls, on a real server.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod advisory;
mod attacks;
mod create;
mod disk;
mod doctor;
mod examine;
mod examples;
mod failures;
mod gateway_login;
mod hardening;
mod kill;
mod statements;
mod support;
mod tools;
