//! The executable.

mod config;

fn main() {}
