//! The words of Tenantry: identifiers, names, tenants, placements, plans, errors.
//!
//! Everything here is pure: **no I/O, no clock, no SQL**. Values are parsed once at the edge and are
//! valid ever after; a function that takes a [`Slug`] need not check it again.

pub mod app;
pub mod error;
pub mod error_code;
pub mod glob;
pub mod ids;
pub mod isolation;
pub mod layout;
pub mod limits;
pub mod migration_layout;
pub mod names;
pub mod plan;
pub mod secret;
pub mod tenant;

pub use app::{App, Service, TenantKeyType};
pub use error::{Error, Result, ResultExt};
pub use error_code::ErrorCode;
pub use ids::{JobId, TenantId};
pub use isolation::Isolation;
pub use layout::Layout;
pub use limits::Limits;
pub use migration_layout::MigrationLayout;
pub use names::{AppName, ClusterName, PlanName, Region, RoleName, ServiceName, Slug};
pub use plan::{Plan, PlanLimits};
pub use secret::Secret;
pub use tenant::{Tenant, TenantStatus};
