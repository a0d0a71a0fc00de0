//! Whose rules hold for a client's statements, and the judging by them on a shard.
//!
//! What is the same for all tenants of a data database (its tables, its server's functions) is a [`Source`], which the rim
//! reads and hands to every shard. What is a tenant's own is a [`Profile`], shared by all its clients of one door. A shard
//! puts both together when a profile's first statement comes, and anew when the source has changed.

mod judging;
mod known;

use std::collections::BTreeSet;
use std::sync::Arc;

use tenantry_domain::app::OwnSettings;
use tenantry_domain::{Isolation, TenantId};
use tenantry_shape::application::{Door, Rules, Tables};

pub use judging::Judging;
pub use known::Profiles;

/// What statements of a data database's tenants are judged by.
#[derive(Debug)]
pub struct Source {
    /// Which data database of this gateway.
    pub place: u32,
    /// A number that no other source has, an older one of the same data database included.
    pub number: u64,
    /// The app's tables.
    pub tables: Arc<Tables>,
    /// Functions of the server that leave nothing in a session.
    pub harmless: Arc<BTreeSet<String>>,
    /// Settings of the application's own.
    pub own_settings: Arc<OwnSettings>,
}

/// Who a client is to the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// A number that no other profile of this process has.
    pub id: u32,
    /// The tenant.
    pub tenant: Option<TenantId>,
    /// How it came in.
    pub door: Door,
    /// How the tenant is kept apart.
    pub isolation: Isolation,
    /// The schema that stands for `public`.
    pub schema: Box<str>,
    /// The data database whose rules hold: [`Source::place`].
    pub place: u32,
}

impl Profile {
    /// Of a client that no rules hold for: where PostgreSQL alone is the boundary, and nothing is rewritten.
    pub fn nobodys() -> Self {
        Self {
            id: u32::MAX,
            tenant: None,
            door: Door::Tenant,
            isolation: Isolation::Database,
            schema: Box::default(),
            place: u32::MAX,
        }
    }

    fn rules(&self, source: &Source) -> Rules {
        Rules {
            isolation: self.isolation,
            door: self.door,
            tenant: self.tenant,
            schema: self.schema.to_string(),
            tables: source.tables.clone(),
            harmless: source.harmless.clone(),
            own_settings: source.own_settings.clone(),
            explains: false,
        }
    }

    /// The number of these rules, the tenant apart.
    fn rules_number(&self, source: &Source) -> u64 {
        let isolation = match self.isolation {
            Isolation::Shared => 0,
            Isolation::Schema => 1,
            Isolation::Database => 2,
        };
        let door = match self.door {
            Door::Tenant => 0,
            Door::App => 1,
        };
        source.number * 8 + isolation * 2 + door
    }
}
