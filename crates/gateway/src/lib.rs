//! The wire gateway: any PostgreSQL client, pooled, and never another tenant's rows.
//!
//! What is here so far is its **core, free of I/O**: bytes and facts come in as arguments, bytes and decisions go out.
//! No function of it reads a socket, a clock or a file. The rim around it (tokio for accepting, TLS and log-in; one
//! thread with an epoll loop of its own per shard for relaying) is thin, and what can go wrong is tested here, without
//! sockets and with bytes cut anywhere.
//!
//! - [`wire`]: the protocol's messages and where they begin and end.
//! - [`auth`]: who may come in, by which exchange.
//! - [`route`]: which door a start-up packet knocks at.
//! - [`session`]: the settings that follow a client from one server connection to the next.
//! - [`limits`]: rates, fair shares, and which server connection to take, close or renew.
//! - [`cancel`]: keys that reach one client's present query and nothing else.
//!
//! On the path of every message stand [`wire::frame`] and [`wire::conversation`] alone: they take no lock, parse no
//! text and allocate nothing.

pub mod auth;
pub mod cancel;
#[doc(hidden)]
pub mod fuzzing;
pub mod limits;
pub mod route;
pub mod session;
pub mod wire;
