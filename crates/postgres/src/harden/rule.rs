//! A line of the hardening: what it closes, and its SQL to apply, check and undo.

use tenantry_domain::{Isolation, Layout};

use crate::bootstrap::DatabaseKind;

/// One line of the hardening of a database.
#[derive(Clone, Debug)]
pub struct HardeningRule {
    /// A stable name, unique among the rules.
    pub name: &'static str,
    /// What can happen without it.
    pub danger: &'static str,
    /// Puts it in force; idempotent.
    pub apply_sql: String,
    /// One row, one column (text) for each object that is open against the rule.
    pub check_sql: String,
    /// Opens everything again. For tests that prove that the rule matters.
    pub undo_sql: String,
}

/// To whom a privilege taken from `PUBLIC` is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// To nobody: superusers alone have it.
    Nobody,
    /// To `pg_monitor`, so that exporters and dashboards of the operator work.
    Monitors,
    /// As [`Given::Monitors`], and to the tenant where the whole database is its own.
    OwnDatabase,
    /// To those whose tables are their own, and to the roles that migrations run as.
    OwnTables,
    /// As [`Given::OwnTables`], and to the app door, which names the tenant in a setting.
    Settings,
    /// To the roles that migrations run as, and to the tenants that may create objects.
    Ddl,
}

/// What the rules depend on.
pub(super) struct Subject<'a> {
    pub layout: &'a Layout,
    pub kind: DatabaseKind,
    pub tenant_ddl: bool,
}

impl Subject<'_> {
    /// The roles that get a privilege back.
    pub(super) fn roles(&self, given: Given) -> Vec<String> {
        let layout = self.layout;
        let own = match self.kind {
            DatabaseKind::Data => layout.group_role(Isolation::Schema),
            DatabaseKind::Template => layout.group_role(Isolation::Database),
        };
        let migrators = [layout.owner_role(), layout.platform_role(), layout.tenant_owners_role()];
        match given {
            Given::Nobody => vec![],
            Given::Monitors => vec!["pg_monitor".to_owned()],
            Given::OwnDatabase if self.kind == DatabaseKind::Template => vec!["pg_monitor".to_owned(), own],
            Given::OwnDatabase => vec!["pg_monitor".to_owned()],
            Given::OwnTables => [&migrators[..], &[own]].concat(),
            Given::Settings => [&migrators[..], &[own, layout.app_role()]].concat(),
            Given::Ddl if self.tenant_ddl => [&migrators[..], &[own]].concat(),
            Given::Ddl => migrators.to_vec(),
        }
    }
}
