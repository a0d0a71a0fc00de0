//! Migration histories: reading a folder, shaping it, carrying it to the templates and to every tenant, and back.
//!
//! A file is applied **target by target**: the templates first (shared tables, the template schema and the template
//! database of a cluster, all or nothing), then each tenant in schema or database isolation, in a transaction of its own
//! together with the note that it is done. So a crash can't apply twice or half, and a second run goes on. What carries
//! this over a fleet is a [`rollout`].

pub mod apply;
pub mod drift;
pub mod error;
pub mod ledger;
pub mod migrator;
pub mod plan;
pub mod prepare;
pub mod rollout;
mod shadow;
pub mod source;
pub mod vary;

pub use migrator::{Applied, Begun, Migrator, Progress, Report};
pub use source::Migration;
