//! Where the platform's own session may migrate a tenant: only where no code can run but the app's.
//!
//! A session of the platform that has taken a tenant's role with `SET LOCAL ROLE` can give it back, and so can whatever
//! runs in it. So this is done only where the tenant could never plant anything (it may not create objects, and neither it
//! nor any role but ours owns one in the database or may make one) and where the app itself runs no texts that come from
//! rows. Everybody else is migrated by a session that is logged in as the tenant's owner and can become nothing else.

use std::collections::HashSet;

use tenantry_domain::{Layout, Result, TenantId};
use tenantry_postgres::error::db_error;
use tokio_postgres::Client;

const SAFETY: &str = include_str!("safety.sql");

/// What a database says about whose code may run in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Safety {
    /// Roles, other than ours, that own something or may create something.
    creators: HashSet<String>,
    /// Whether the platform may act for anybody here.
    closed: bool,
}

impl Safety {
    /// Reads it, in one query.
    ///
    /// # Errors
    /// What the server said.
    pub async fn read(client: &Client, layout: &Layout, tenant_ddl: bool) -> Result<Self> {
        if tenant_ddl {
            return Ok(Self::default());
        }
        let row =
            client.query_one(SAFETY, &[]).await.map_err(|e| db_error(e, "see whose code may run here"))?;
        Ok(Self::of(row.get(0), row.get(1), row.get(2), layout))
    }

    fn of(creators: Vec<String>, in_common: Vec<String>, runs_texts: bool, layout: &Layout) -> Self {
        let ours = [layout.owner_role(), layout.platform_role()];
        let is_foreign = |role: &String| !ours.contains(role) && !is_owner(role);
        let creators: HashSet<String> = creators.into_iter().filter(is_foreign).collect();
        // A role that is nobody's login (a group, PUBLIC) may stand for any tenant; what stands in the schemas that all
        // search paths hold may lie in wait for any.
        let closed =
            !runs_texts && !in_common.iter().any(is_foreign) && creators.iter().all(|r| r.starts_with("t_"));
        Self { creators, closed }
    }

    /// Whether the platform may act for this tenant.
    pub fn allows(&self, tenant: TenantId) -> bool {
        let login = format!("t_{}", tenant.hex());
        // With an integer tenant column the login's name goes on with the tenant's number.
        self.closed && !self.creators.iter().any(|r| r.starts_with(&login))
    }
}

/// `o_` and 32 hexadecimal digits: the owner of a tenant's objects, as which nobody logs in but migrations.
fn is_owner(role: &str) -> bool {
    role.strip_prefix("o_").is_some_and(|id| id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(creators: &[&str], in_common: &[&str], runs_texts: bool) -> (bool, bool) {
        let layout = Layout::new(&"shop".parse().unwrap());
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        let safety = Safety::of(names(creators), names(in_common), runs_texts, &layout);
        (safety.allows(tenant(1)), safety.allows(tenant(2)))
    }

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn only_where_nobody_else_can_have_code() {
        let one = &format!("t_{}", tenant(1).hex());
        let ours = ["shop_owner", "shop_platform", &format!("o_{}", tenant(1).hex())];
        assert_eq!(check(&ours, &ours, false), (true, true));
        assert_eq!(check(&[one], &[], false), (false, true), "who owns something is left out");
        assert_eq!(check(&[&format!("{one}_77")], &[], false), (false, true), "with a number too");
        assert_eq!(check(&[one], &[one], false), (false, false), "where all search");
        assert_eq!(check(&["public"], &[], false), (false, false), "everybody may create");
        assert_eq!(check(&["shop_schema"], &[], false), (false, false), "a group stands for all its members");
        assert_eq!(check(&["o_x"], &[], false), (false, false));
        assert_eq!(check(&[], &[], true), (false, false), "the app runs texts");
        assert!(!Safety::default().allows(tenant(1)), "closed unless proved open");
    }
}
