//! The wire gateway: any PostgreSQL client, pooled, and never another tenant's rows.
//!
//! All but [`shard::run`] is **free of I/O**: bytes and facts come in as arguments, bytes and decisions go out. No
//! function of it opens a socket, reads a clock or a file, so that what can go wrong is tested without sockets and with
//! bytes cut anywhere.
//!
//! - [`wire`]: the protocol's messages and where they begin and end.
//! - [`auth`]: who may come in, by which exchange.
//! - [`route`]: which door a start-up packet knocks at.
//! - [`session`]: the settings that follow a client from one server connection to the next.
//! - [`limits`]: rates, fair shares, and which server connection to take, close or renew.
//! - [`sql`]: what is decided of the statements that pass, kept by their outlines.
//! - [`profile`], [`rules`]: whose rules these decisions are made by, and where the rules come from.
//! - [`cancel`]: keys that reach one client's present query and nothing else.
//! - [`shard`]: the relay between clients that have logged in and pooled server connections: one thread each, with an
//!   event loop of its own; what stands on the path of every message takes no lock and allocates nothing.

pub mod admin;
pub mod auth;
pub mod cancel;
pub mod certificate;
pub mod connector;
#[doc(hidden)]
pub mod fuzzing;
pub mod gateway;
pub mod hub;
pub mod limits;
pub mod listener;
pub mod login;
pub mod pools;
pub mod profile;
pub mod route;
pub mod rules;
pub mod session;
pub mod shard;
pub mod socket;
pub mod sql;
pub mod watch;
pub mod wire;

pub use certificate::Certificate;
pub use gateway::{Gateway, bind};
pub use hub::Setup;
