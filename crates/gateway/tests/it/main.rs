//! The relay between real clients and a real server, behind a front that lets everybody in; and what the gateway decides
//! of statements.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod allow_all;
mod application;
mod clients;
mod connector;
mod corpus;
mod doors;
mod front;
mod hostile;
mod lab;
mod logs;
mod mixups;
mod mutations;
mod notifications;
mod own_settings;
mod places;
mod plans;
mod programs;
mod raw;
mod replicas;
mod revocation;
mod second_wall;
mod session;
mod steady;
mod tls;
