//! The relay between real clients and a real server, behind a front that lets everybody in.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod clients;
mod connector;
mod front;
mod mixups;
mod programs;
mod steady;
