//! The embedded server: what happens to it, and what it survives.

mod crash;
mod disk;
mod door;
mod folder;
mod fresh;
mod other;
mod share;
mod user;
mod version;
