//! How often something may happen. Pure: the time comes in as an argument, counted from any beginning.
//!
//! [`bucket`]: events per second. Shares of server connections are the relay's ([`crate::shard`]).

pub mod bucket;
