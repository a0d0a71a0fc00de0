//! A tenant's life: creating, suspending, resuming, renaming, deleting, restoring, purging; blanks; doctor.
//!
//! Every change is a durable job ([`operations`] lists their kinds). The engines know neither HTTP nor sockets: a server
//! runs them, and so does a command without a server.

mod access;
pub mod announcements;
pub mod blanks;
pub mod create;
pub mod credentials;
pub mod delete;
pub mod doctor;
pub mod examine;
pub mod fanout;
pub mod gateway_login;
mod home;
pub mod inventory;
pub mod logins;
pub mod placement;
pub mod platform;
pub mod purge;
pub mod rename;
pub mod restore;
pub mod seed;
pub mod suspend;

use std::sync::Arc;

use tenantry_jobs::Operation;

pub use platform::Platform;

/// Every kind of job that this crate knows.
pub fn operations(platform: &Platform) -> Vec<Arc<dyn Operation>> {
    vec![
        Arc::new(create::Create::new(platform.clone())),
        Arc::new(suspend::Suspend::new(platform.clone())),
        Arc::new(suspend::Resume::new(platform.clone())),
        Arc::new(rename::Rename::new(platform.clone())),
        Arc::new(delete::Delete::new(platform.clone())),
        Arc::new(restore::Restore::new(platform.clone())),
        Arc::new(purge::Purge::new(platform.clone())),
        Arc::new(blanks::Prepare::new(platform.clone())),
        Arc::new(blanks::Discard::new(platform.clone())),
    ]
}
