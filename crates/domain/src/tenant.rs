//! A tenant, its status, and which status may follow which.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorCode, Isolation, Slug, TenantId};

/// A customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    /// Random identifier.
    pub id: TenantId,
    /// The short name that commands, hosts and logins use; can be changed.
    pub slug: Slug,
    /// The name that people read.
    pub name: String,
    /// Where the tenant is in its life.
    pub status: TenantStatus,
    /// How its data is kept apart.
    pub isolation: Isolation,
    /// The plan, if `tenantry.toml` has plans.
    pub plan: Option<String>,
    /// The region asked for.
    pub region: Option<String>,
    /// The integer that stands in the tenant column where its type is not `uuid`: random, positive, unique.
    pub number: i32,
    /// Free settings of the tenant (a JSON object).
    pub settings: serde_json::Value,
}

/// Where a tenant is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantStatus {
    /// Being created.
    Provisioning,
    /// In use.
    Active,
    /// Kept, but nobody gets in.
    Suspended,
    /// On its way to another placement.
    Moving,
    /// Being deleted: nobody gets in any more.
    Deleting,
    /// Deleted and kept for the retention time.
    Deleted,
    /// Its creation failed and was undone.
    Failed,
}

impl TenantStatus {
    /// Every status.
    pub const ALL: [TenantStatus; 7] = [
        TenantStatus::Provisioning,
        TenantStatus::Active,
        TenantStatus::Suspended,
        TenantStatus::Moving,
        TenantStatus::Deleting,
        TenantStatus::Deleted,
        TenantStatus::Failed,
    ];

    /// The word used in the registry and in every answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            TenantStatus::Provisioning => "provisioning",
            TenantStatus::Active => "active",
            TenantStatus::Suspended => "suspended",
            TenantStatus::Moving => "moving",
            TenantStatus::Deleting => "deleting",
            TenantStatus::Deleted => "deleted",
            TenantStatus::Failed => "failed",
        }
    }

    /// Whether `next` may follow this status.
    ///
    /// ```
    /// use tenantry_domain::TenantStatus::*;
    /// assert!(Active.may_become(Suspended));
    /// assert!(!Failed.may_become(Active));
    /// ```
    pub const fn may_become(self, next: TenantStatus) -> bool {
        use TenantStatus::{Active, Deleted, Deleting, Failed, Moving, Provisioning, Suspended};
        matches!(
            (self, next),
            (Provisioning, Active | Failed)
                | (Active, Suspended | Moving | Deleting)
                | (Suspended, Active | Moving | Deleting)
                | (Moving, Active | Suspended)
                | (Deleting, Deleted | Active | Suspended)
                | (Deleted, Active | Suspended)
                | (Failed, Provisioning | Deleting)
        )
    }

    /// Whether the tenant's own login may connect.
    pub const fn admits_login(self) -> bool {
        matches!(self, TenantStatus::Active | TenantStatus::Moving)
    }
}

impl fmt::Display for TenantStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for TenantStatus {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        TenantStatus::ALL
            .into_iter()
            .find(|t| t.as_str() == s)
            .ok_or_else(|| Error::new(ErrorCode::Usage, format!("{s:?} is not a status of a tenant")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_itself_and_every_status_can_be_left() {
        for s in TenantStatus::ALL {
            assert!(!s.may_become(s), "{s}");
            assert!(TenantStatus::ALL.iter().any(|n| s.may_become(*n)), "{s} is a dead end");
        }
    }

    #[test]
    fn words_round_trip() {
        for s in TenantStatus::ALL {
            assert_eq!(s.as_str().parse::<TenantStatus>().unwrap(), s);
        }
    }
}
