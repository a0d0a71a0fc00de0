//! One shard of the gateway: a thread that relays between clients and pooled servers.
//!
//! # Why it is built like this
//!
//! A pooler's costs are system calls: reading and writing both sockets is 85 to 93 % of its time, and every wake-up,
//! lock, channel or copy besides makes it worse. So a shard is one thread with its own event loop (edge-triggered), its own
//! clients, servers and pools, and **one** buffer that all of them are read into. What it reads it scans for the borders of
//! messages and writes to the other side at once; nothing is queued, allocated or locked on the way of a message, and the
//! clock is read once per wake-up. A client that has to wait for a server is not read: its bytes stay in the kernel, which
//! pushes back on the sender by itself. Idle clients own no buffer.
//!
//! # Where things are
//!
//! | module | what it does |
//! |---|---|
//! | [`link`] | the connection as the relay sees it, plain or through TLS: bytes in, bytes out |
//! | `chunk`, `frame`, `out` | reads into the shared buffer; borders of messages; what goes out, copied only if changed |
//! | `up` | client to server: decisions, names of prepared statements, refusals |
//! | `down` | server to client: whom each answer is for, what it tells of the session |
//! | `fate` | the queue of what is to become of each answer that a server owes |
//! | `statements`, `settings` | prepared statements and settings, interned once per shard |
//! | `course` | what an open transaction has changed of the settings, until it is known how it ends |
//! | `ears` | channels that clients listen on through the gateway's listener |
//! | `pool`, `waiters`, `budget` | which servers may be shared, who waits for them, how many there may be |
//! | `unit` | what a client asks first, looked at where replicas may do it |
//! | `relay` | brings it together: events and commands in, reads and writes out |
//! | [`decide`] | the seam to what knows SQL |
//! | [`command`] | the seam to the rim: clients and servers that have logged in, orders, questions |
//! | [`run`] | the only part with sockets and a thread |
//!
//! # What a server may carry over from one client to the next
//!
//! Nothing that the next one could notice. A server whose session was changed by anything but followed settings and
//! prepared statements is reset when
//! its client gives it back, before anybody else gets it, and the reset's answer is awaited; if it fails the connection is
//! closed. Settings that follow clients are sent in front of the next client's bytes without a round trip of their own, once
//! some server has taken the same set before. The tenant on servers that tenants share is always awaited: if setting it
//! fails, nothing of the client's has been sent. A server that was left in the midst of something is closed, never reused.

mod budget;
mod chunk;
mod client;
mod clock;
pub mod command;
mod course;
pub mod decide;
mod down;
mod ears;
mod fate;
pub(crate) mod frame;
pub mod link;
mod out;
mod pool;
mod refuse;
mod relay;
pub mod run;
mod server;
mod settings;
mod statements;
mod talk;
mod tenant;
mod unit;
mod up;
mod waiters;

pub use budget::Budget;
pub use client::{ClientId, NewClient};
pub use clock::Millis;
pub use command::{Command, Outside, PoolStats, Stats};
pub use ears::{Channel, Notice, Place};
pub(crate) use frame::farewell;
pub use link::{Link, Tls};
pub use pool::{PoolKey, PoolSpec};
pub use relay::{Added, Event, Relay};
pub use server::{CancelTarget, NewServer, ServerId};
pub use settings::Setting;
pub use tenant::Counts;
pub use tenantry_domain::app::Pooling;

#[cfg(test)]
mod tests;
