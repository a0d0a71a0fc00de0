//! What the tests stand on: a server, and on it a laboratory with two tenants in one isolation.

pub mod lab;
pub mod server;
