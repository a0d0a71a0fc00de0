//! The wire gateway: any PostgreSQL client, pooled, and never another tenant's rows.
//!
//! - [`shard`]: the relay between clients that are logged in and pooled server connections.

pub mod shard;
