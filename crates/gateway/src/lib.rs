//! The PostgreSQL wire gateway.

pub mod sql;
