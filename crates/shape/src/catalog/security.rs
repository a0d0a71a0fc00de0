//! Row-level security that the app asks for, table by table, and how far the shared table has come with it.

use std::collections::BTreeSet;

use pg_query::protobuf::Node;

use super::{Catalog, table};
use crate::ast;

/// Row-level security of a table, as the migrations wrote it.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowSecurity {
    pub enabled: bool,
    pub forced: bool,
    pub policies: Vec<Policy>,
    /// What stands on the shared table.
    pub boundary: Boundary,
}

/// How a shared table is kept to its tenant. In each form the policy `tenantry` alone decides whose rows there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// The tenant's policy is permissive, and the only one.
    #[default]
    Sole,
    /// It is restrictive; all rows of the tenant are open to everyone. The app's policies rest.
    Open,
    /// It is restrictive; all rows of the tenant are open to the owner, the others need the app's policies.
    Owner,
    /// It is restrictive; the owner needs the app's policies too.
    Closed,
}

/// A policy of the app's.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub name: String,
    /// In the shared table it is for nobody, since row-level security is not enabled.
    pub rests: bool,
    /// What USING names.
    pub using: Mentions,
    /// What WITH CHECK names.
    pub check: Mentions,
}

/// What an expression names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mentions {
    relations: Vec<String>,
    functions: Vec<String>,
    /// Columns, on whatever relation.
    columns: Vec<String>,
}

impl Mentions {
    /// What this one names; none: nothing.
    pub fn of(expression: Option<&Node>) -> Self {
        let Some(expression) = expression else { return Self::default() };
        let json = serde_json::to_value(expression).unwrap_or_default();
        Self {
            relations: crate::statement::tables_named(&json),
            functions: crate::statement::functions_called(&json),
            columns: ast::columns_read(expression),
        }
    }

    /// Whether it names this column of this table; `own`: the policy stands on that table.
    fn column(&self, table: &str, column: &str, own: bool) -> bool {
        (own && self.relations.is_empty() || self.relations.iter().any(|r| r == table))
            && self.columns.iter().any(|c| c == column)
    }
}

impl RowSecurity {
    /// What the shared table must have.
    pub fn wanted(&self) -> Boundary {
        match (self.enabled, self.forced) {
            (false, _) if self.policies.is_empty() => Boundary::Sole,
            (false, _) => Boundary::Open,
            (true, false) => Boundary::Owner,
            (true, true) => Boundary::Closed,
        }
    }

    /// The app's policy of this name.
    pub fn policy(&mut self, name: &str) -> Option<&mut Policy> {
        self.policies.iter_mut().find(|p| p.name == name)
    }

    fn each(&mut self, visit: &mut dyn FnMut(&mut Mentions)) {
        for policy in &mut self.policies {
            visit(&mut policy.using);
            visit(&mut policy.check);
        }
    }

    fn forget(&mut self, gone: impl Fn(&Mentions) -> bool) {
        self.policies.retain(|p| !gone(&p.using) && !gone(&p.check));
    }
}

impl Catalog {
    /// Whether the app's row-level security binds those who read or write a table.
    pub fn is_secured(&self, table: &str) -> bool {
        self.tables.get(table).is_some_and(|t| t.security.enabled)
    }

    /// Forgets the policies that a relation takes along when it goes.
    pub fn forget_policies_on(&mut self, relation: &str) {
        for table in self.tables.values_mut() {
            table.security.forget(|m| m.relations.iter().any(|r| r == relation));
        }
    }

    /// The same of a function.
    pub fn forget_policies_calling(&mut self, function: &str) {
        for table in self.tables.values_mut() {
            table.security.forget(|m| m.functions.iter().any(|f| f == function));
        }
    }

    /// The same of a column.
    pub(super) fn forget_policies_reading(&mut self, table: &str, column: &str) {
        for other in self.tables.values_mut() {
            let own = other.name == table;
            other.security.forget(|m| m.column(table, column, own));
        }
    }

    pub(super) fn rename_in_policies(&mut self, old: &str, new: &str) {
        for other in self.tables.values_mut() {
            other.security.each(&mut |m| table::rename(&mut m.relations, old, new));
        }
    }

    /// Gives a function another name in the policies that call it.
    pub fn rename_function_in_policies(&mut self, old: &str, new: &str) {
        for other in self.tables.values_mut() {
            other.security.each(&mut |m| table::rename(&mut m.functions, old, new));
        }
    }

    pub(super) fn rename_column_in_policies(&mut self, table: &str, old: &str, new: &str) {
        for other in self.tables.values_mut() {
            let own = other.name == table;
            other.security.each(&mut |m| {
                if m.column(table, old, own) {
                    table::rename(&mut m.columns, old, new);
                }
            });
        }
    }

    /// Narrows the roles of the app that the tenants' login can stand for to those that this policy is for too; none of
    /// them: the ones there were.
    pub fn narrow_login(&mut self, roles: &BTreeSet<String>) -> Result<(), BTreeSet<String>> {
        let left = match &self.login_roles {
            None => roles.clone(),
            Some(before) => before.intersection(roles).cloned().collect(),
        };
        if left.is_empty() {
            return Err(self.login_roles.clone().unwrap_or_default());
        }
        self.login_roles = Some(left);
        Ok(())
    }
}
