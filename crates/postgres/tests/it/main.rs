//! Servers, connections and quoting, against a real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used)]
