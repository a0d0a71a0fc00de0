//! The wire gateway: any PostgreSQL client, pooled, and never another tenant's rows.
//!
//! The core is **free of I/O**: bytes and facts come in as arguments, bytes and decisions go out. No function of it opens
//! a socket, reads a clock or a file, so that what can go wrong is tested without sockets and with bytes cut anywhere.
//!
//! - [`wire`]: the messages of a log-in, on either side.
//! - [`auth`]: who may come in, by which exchange.
//! - [`route`]: which door a start-up packet knocks at.
//! - [`session`]: the settings that a client may choose.
//! - [`limits`]: how often.
//! - [`sql`]: what is decided of the statements that pass, kept by their outlines.
//! - [`profile`], [`rules`]: whose rules these decisions are made by, and where the rules come from.
//! - [`cancel`]: keys that reach one client's present query and nothing else.
//! - [`shard`]: the relay between clients that have logged in and pooled server connections: one thread each, with an
//!   event loop of its own ([`shard::run`], the one part of it with sockets); what stands on the path of every message takes
//!   no lock and allocates nothing.
//!
//! Around it the rim, on tokio: [`listener`], [`login`], [`connector`], [`watch`], [`admin`], and what they share, [`hub`].

mod admin;
pub mod auth;
mod cancel;
mod certificate;
mod connector;
#[doc(hidden)]
pub mod fuzzing;
mod gateway;
pub mod handover;
mod hearing;
mod hub;
mod limits;
mod listener;
mod login;
mod metrics;
mod plan;
mod pools;
pub mod profile;
pub mod reads;
mod route;
mod rules;
mod session;
pub mod shard;
mod socket;
pub mod sql;
mod watch;
pub mod wire;

pub use certificate::Certificate;
pub use gateway::{Gateway, bind};
pub use hub::Setup;
pub use metrics::Metrics;
