//! What goes in and what comes out: options, statements and the SQL emitted for each shape.

use std::collections::BTreeSet;

use tenantry_domain::TenantKeyType;

use crate::ident;

/// Stands in emitted SQL for the schema that the SQL runs in: `shared`, `tenant_<id>`, `template` or `app`.
/// [`Emitted::render`] puts the schema in its place.
pub const SCHEMA_PLACEHOLDER: &str = "__tenantry_schema__";

/// The same schema where SQL wants its bare name as text, for instance compared with `table_schema`.
pub(crate) const SCHEMA_TEXT_PLACEHOLDER: &str = "__tenantry_schema_text__";

/// The function of a shadow that keeps the text it is given, and returns it. It takes and gives `text`.
pub const SHADOW_NOTE: &str = "tenantry_shadow.note";

/// What an app's configuration says about its tables.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the tenant column in shared tables.
    pub tenant_column: String,
    /// The type of the tenant column.
    pub tenant_type: TenantKeyType,
    /// The SQL expression that yields the current tenant's key, e.g. `tenantry.current_tenant()`.
    pub current_tenant: String,
    /// Tables that belong to no tenant, by the name the migrations use.
    pub global_tables: BTreeSet<String>,
}

/// A form that the app's tables can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Shared tables with a tenant column and row-level security.
    Shared,
    /// A schema or a database of the tenant's own: the statements as written.
    Plain,
}

impl Shape {
    /// The word used in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Shape::Shared => "shared",
            Shape::Plain => "plain",
        }
    }
}

/// How often an emitted statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Once in a database.
    Database,
    /// Once for every tenant, as that tenant: data statements in the shared shape, everything else in the
    /// plain shapes.
    Tenant,
}

/// One SQL statement to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The statement without a final semicolon; [`SCHEMA_PLACEHOLDER`] stands for the schema.
    pub sql: String,
    /// How often it runs.
    pub scope: Scope,
    /// False for what PostgreSQL refuses inside a transaction block.
    pub transactional: bool,
}

impl Emitted {
    /// The statement for this schema, quoted as each place needs it.
    pub fn render(&self, schema: &str) -> String {
        self.sql
            .replace(SCHEMA_TEXT_PLACEHOLDER, &ident::inside_literal(schema))
            .replace(SCHEMA_PLACEHOLDER, &ident::quote(schema))
    }
}

/// One statement of a migration with what it becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// The file it stands in.
    pub file: String,
    /// The line of its first token, from 1.
    pub line: usize,
    /// The column of its first token in characters, from 1.
    pub column: usize,
    /// The statement as written.
    pub source: String,
    /// What to run in the shared shape, in order.
    pub shared: Vec<Emitted>,
    /// What to run in the plain shapes, in order.
    pub plain: Vec<Emitted>,
    /// What to run in a data database, in both shapes together, once no tenant there is in front of this file: it takes from
    /// a global table what tenants may still refer to. In a tenant's own database it stands in `plain`.
    pub retired: Vec<Emitted>,
    /// What was left out on purpose, and why.
    pub notes: Vec<String>,
    /// What stands in for `plain` on a shadow: a routine that calls [`SHADOW_NOTE`] with the definitions it makes.
    pub shadow: Option<Emitted>,
}
