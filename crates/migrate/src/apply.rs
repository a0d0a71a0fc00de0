//! Applying a service's files, and taking them back: to the templates, and tenant by tenant.

pub(crate) mod down;
pub(crate) mod local;
mod message;
pub(crate) mod retire;
pub(crate) mod session;
pub(crate) mod shaped;
pub(crate) mod site;
pub(crate) mod templates;
pub(crate) mod tenant;
mod traits;

use tenantry_domain::{Error, ErrorCode};

/// A migration's extension that tenants' databases must not have.
pub(crate) fn refused_extension(place: &str, name: &str) -> Error {
    Error::new(
        ErrorCode::ShapeRefused,
        format!("{place}: extension {name} opens files, networks or other databases"),
    )
    .help("do that part in the application; tenants can run any SQL")
}
