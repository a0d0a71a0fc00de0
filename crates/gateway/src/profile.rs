//! Whose rules hold for a client's statements, and what the app door adds to them.

use tenantry_domain::{Error, ErrorCode};

use crate::login::mentions_tenant;
use crate::shard::decide::{Decide, Decision, Statement};

/// A tenant's own login.
pub const TENANT: u32 = 0;
/// The app door's login, which tenants share.
pub const APP: u32 = 1;

/// Rules that keep a client of the app door with the tenant that it was let in for: the tenant was verified then, and
/// connections are handed on by it. Everything else is the other rules' business.
#[derive(Clone, Debug)]
pub struct AppDoor<D>(pub D);

impl<D: Decide> Decide for AppDoor<D> {
    fn statement(&mut self, statement: Statement<'_>) -> Decision {
        if statement.profile != APP {
            return self.0.statement(statement);
        }
        if mentions_tenant(statement.text) {
            return Decision { refused: Some(fixed()), ..Decision::default() };
        }
        let mut decision = self.0.statement(statement);
        // A function or a trigger can name another tenant, unseen by whoever reads the statement: a connection of the app's
        // login is reset after each use.
        decision.effects.is_dirty = true;
        decision
    }

    fn function_call(&mut self, profile: u32) -> Decision {
        self.0.function_call(profile)
    }
}

fn fixed() -> Error {
    Error::new(ErrorCode::StatementRefused, "app.current_tenant is fixed once a tenant was named")
        .help("open a connection for each tenant; the gateway pools them")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shard::decide::AllowAll;

    fn decide(profile: u32, text: &str) -> Decision {
        AppDoor(AllowAll).statement(Statement { profile, text: text.as_bytes(), is_whole: true })
    }

    #[test]
    fn the_app_door_keeps_its_tenant() {
        for sql in ["SET app.current_tenant = 'other'", "select set_config('app.current_tenant', 'x', true)"]
        {
            assert!(decide(APP, sql).refused.is_some(), "{sql}");
            assert!(decide(TENANT, sql).refused.is_none(), "{sql}: says nothing at the tenant's own door");
        }
        assert!(decide(APP, "select 1").effects.is_dirty);
        assert!(!decide(TENANT, "select 1").effects.is_dirty);
    }
}
