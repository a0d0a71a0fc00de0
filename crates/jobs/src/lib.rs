//! The durable job runner: operations of several steps, each with do and undo.
//!
//! A job is a row; a worker claims it (`FOR UPDATE SKIP LOCKED`) and gets a **fence**, a number that grows with every
//! claim. Whatever a worker writes carries its fence: one that was thought dead and wakes up again can write nothing,
//! neither here nor in a data database ([`Run::fence`]). The pattern is the saga (Garcia-Molina and Salem, 1987) with
//! fencing tokens.
//!
//! **A step may be repeated at any point, and so may its undo**: both find out for themselves what is there already.

pub mod failpoint;
pub mod line;
pub mod operation;
pub mod queue;
pub mod worker;

pub use line::Line;
pub use operation::{Operation, Outcome, Run};
pub use queue::{Job, JobStatus, JobStep, NewJob};
pub use worker::{Progress, Worker};
