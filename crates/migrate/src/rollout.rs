//! Rollouts: migrations carried to the templates, then to canaries, then to everybody in waves that grow; durable, so that
//! any worker goes on where another one was ended.
//!
//! A rollout is a job of kind `rollout`. What it is to do stands in its [`order`]; what is left to do is read from the data
//! databases each time, so a step can be broken off and repeated at any point. A tenant that fails is noted and left where
//! it is, and too many of them ([`threshold`]) stop the others.

pub(crate) mod board;
pub(crate) mod history;
pub mod operation;
pub mod order;
mod pace;
pub mod pending;
pub mod preview;
pub(crate) mod safety;
pub mod threshold;
pub(crate) mod wave;
pub mod waves;

pub use operation::{KIND, Rollout};
pub use order::{Canary, Direction, Goal, Order, Request};
pub use pending::{Pending, SiteState};
pub use preview::{Preview, Stage};
pub use threshold::Threshold;
