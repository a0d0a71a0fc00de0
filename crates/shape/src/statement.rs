//! Statement kinds: one file each. A kind reads its tree, updates the catalog and emits for both shapes.

mod absent;
mod alter_sequence;
mod alter_table;
mod bookkeeping;
mod cascade;
mod column;
mod comment;
mod constraint;
mod constraint_trigger;
mod copy;
mod create_index;
mod create_sequence;
mod create_table;
mod create_table_as;
mod define;
mod dml;
mod do_block;
mod drop;
mod extension;
mod function;
mod habits;
mod identity;
mod inherit;
mod like;
mod maintenance;
mod match_full;
mod materialized_view;
mod partition;
mod policy;
mod prepare;
mod privilege;
mod rename;
mod resumable;
mod retire;
mod rls;
mod rule;
mod schema;
mod serial;
mod setting;
mod temporary;
mod transaction;
mod trigger;
mod truncate;
mod types;
mod view;

pub use bookkeeping::bookkeeping_table;
use pg_query::NodeEnum;
use pg_query::protobuf::RangeVar;

use crate::ast;
use crate::catalog::{Catalog, ConstraintKind, Table};
use crate::emit;
use crate::model::{Emitted, Options, SCHEMA_PLACEHOLDER, Scope};
use crate::refuse::Refuse;
use crate::source::{Data, Piece};

/// What one statement becomes.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub shared: Vec<Emitted>,
    pub plain: Vec<Emitted>,
}

/// How to get at the statements that a block of PL/pgSQL stands for.
#[derive(Clone, Debug)]
pub(crate) enum Resolve {
    /// This one, unless what it makes is there already.
    Guarded(String),
    /// This one in its place.
    Instead(String),
    /// Those that this one notes when it runs on a shadow.
    Shadow(String),
}

impl Output {
    /// Appends what another statement becomes.
    pub fn add(&mut self, other: Output) {
        self.shared.extend(other.shared);
        self.plain.extend(other.plain);
    }
}

/// What the statements of a file tell those behind them.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileState {
    /// The database that the file connects to, as dump files do.
    pub connects: Option<String>,
    /// Something runs in the transaction that is open.
    pub runs: bool,
    /// Statements that are prepared.
    pub prepared: std::collections::BTreeMap<String, prepare::Prepared>,
    /// Settings that hold to the end of the transaction, and must be made again behind a COMMIT.
    pub settings: Vec<Setting>,
    /// What SET CONSTRAINTS has said in the transaction that is open: of one or of all, whether they wait.
    pub constraints: Vec<(Option<String>, bool)>,
}

/// A setting with the statement that makes it.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub name: String,
    pub sql: String,
    /// It was to end with the transaction anyway.
    pub is_local: bool,
}

/// One statement being carried.
pub(crate) struct Work<'a> {
    pub options: &'a Options,
    pub catalog: &'a mut Catalog,
    pub state: &'a mut FileState,
    /// The text for the plain shapes.
    pub plain: String,
    /// The text for the shared shape as far as tokens go; its tree may still have to change.
    pub shared: String,
    /// The lines of data behind it.
    pub data: Option<Data<'a>>,
    /// The statements after this one in its file.
    pub later: &'a [Piece<'a>],
    pub notes: Vec<String>,
    /// What stands in for the plain statement on a shadow.
    pub shadow: Option<Emitted>,
    /// What runs in a data database when no tenant refers to it any more.
    pub retired: Vec<Emitted>,
    /// The statement stands for others.
    pub resolve: Option<Resolve>,
}

pub(crate) use bookkeeping::missing as missing_bookkeeping;
pub(crate) use constraint_trigger::{Waiting, fire_between_turns, waiting};
pub(crate) use dml::{functions_called, refuse_system_catalog, tables_named};
pub(crate) use function::again::again as functions_again;
pub(crate) use materialized_view::query_name;
pub(crate) use resumable::make as make_resumable;
pub(crate) use schema::{check_function, explain};

/// Carries the statement of this work, and what goes with it.
pub(crate) fn carry(work: &mut Work<'_>) -> Result<Output, Refuse> {
    let mut output = carry_alone(work)?;
    output.shared.extend(cascade::settle(work)?);
    Ok(output)
}

fn carry_alone(work: &mut Work<'_>) -> Result<Output, Refuse> {
    let mut stmt = ast::parse_one(&work.shared)?;
    match absent::present(work, &stmt)? {
        absent::Present::All => {}
        absent::Present::Some(rest) => stmt = *rest,
        absent::Present::Nothing(schema) => return Ok(work.left_out(absent::note(&schema))),
    }
    match stmt {
        NodeEnum::CreateStmt(s) => create_table::carry(work, s),
        NodeEnum::AlterTableStmt(s) => alter_table::carry(work, s),
        NodeEnum::IndexStmt(s) => create_index::carry(work, *s),
        NodeEnum::ViewStmt(s) => view::carry(work, *s),
        NodeEnum::CreateFunctionStmt(s) => function::carry(work, &s),
        NodeEnum::CreateTrigStmt(s) => trigger::carry(work, &s),
        NodeEnum::CreateSeqStmt(s) => create_sequence::carry(work, &s),
        NodeEnum::AlterSeqStmt(s) => alter_sequence::carry(work, &s),
        NodeEnum::DropStmt(s) => drop::carry(work, &s),
        NodeEnum::RenameStmt(s) => rename::carry(work, &s),
        NodeEnum::CommentStmt(s) => comment::carry(work, &s),
        NodeEnum::TruncateStmt(s) => truncate::carry(work, &s),
        NodeEnum::CreateExtensionStmt(s) => extension::carry(work, s),
        NodeEnum::CreateEnumStmt(s) => types::create_enum(work, &s),
        NodeEnum::AlterEnumStmt(s) => types::alter_enum(work, &s),
        NodeEnum::CreateDomainStmt(s) => types::create_domain(work, &s),
        NodeEnum::AlterDomainStmt(s) => types::alter_domain(work, &s),
        NodeEnum::CompositeTypeStmt(s) => types::create_composite(work, &s),
        NodeEnum::CreateRangeStmt(s) => types::create_range(work, &s),
        NodeEnum::PrepareStmt(s) => prepare::prepare(work, &s),
        NodeEnum::ExecuteStmt(s) => prepare::execute(work, &s),
        NodeEnum::DeallocateStmt(s) => Ok(prepare::deallocate(work, &s)),
        NodeEnum::DefineStmt(s) => define::carry(work, &s),
        NodeEnum::DoStmt(s) => do_block::carry(work, &s),
        NodeEnum::RuleStmt(s) => rule::carry(work, &s),
        NodeEnum::CreatePolicyStmt(s) => policy::create(work, &s),
        NodeEnum::AlterPolicyStmt(s) => policy::alter(work, &s),
        NodeEnum::CreateSchemaStmt(s) => schema::create(work, &s),
        NodeEnum::AlterObjectSchemaStmt(s) => schema::set(work, &s),
        NodeEnum::CreateTableAsStmt(s) => create_table_as::carry(work, *s),
        NodeEnum::RefreshMatViewStmt(s) => materialized_view::refresh(work, &s),
        NodeEnum::SelectStmt(s) if create_table_as::has_into(&s) => create_table_as::carry_select(work, *s),
        NodeEnum::CopyStmt(s) => copy::carry(work, &s),
        NodeEnum::TransactionStmt(s) => transaction::carry(work, &s),
        NodeEnum::VariableSetStmt(s) => setting::carry(work, &s),
        NodeEnum::ConstraintsSetStmt(s) => Ok(constraint_trigger::set(work, &s)),
        NodeEnum::InsertStmt(_)
        | NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_)
        | NodeEnum::MergeStmt(_)
        | NodeEnum::SelectStmt(_)
        | NodeEnum::CallStmt(_) => dml::carry(work, &stmt),
        other => habits::carry(work, &other),
    }
}

impl Work<'_> {
    /// The plain text once per tenant, or once per database for what belongs to no tenant.
    pub fn plain_text(&self, global: bool) -> Emitted {
        let scope = if global { Scope::Database } else { Scope::Tenant };
        Emitted { sql: self.plain.clone(), scope, transactional: true }
    }

    /// The same statement in both shapes, in the shared shape once per database.
    pub fn as_written(&self, global: bool) -> Output {
        let shared = Emitted { sql: self.shared.clone(), scope: Scope::Database, transactional: true };
        Output { shared: vec![shared], plain: vec![self.plain_text(global)] }
    }

    /// Nothing at all, with the reason noted.
    pub fn left_out(&mut self, note: impl Into<String>) -> Output {
        self.notes.push(note.into());
        Output::default()
    }

    /// The name of a relation that must lie in the app's own schema.
    pub fn own_name(&self, relation: Option<&RangeVar>) -> Result<String, Refuse> {
        let Some(relation) = relation else { return Err(Refuse::all("no relation is named", "name one")) };
        self.check_schema(&relation.schemaname)?;
        Ok(relation.relname.clone())
    }

    /// Refuses a schema of the app's own: each tenant has one schema.
    pub fn check_schema(&self, schema: &str) -> Result<(), Refuse> {
        match schema {
            "" | SCHEMA_PLACEHOLDER | "global" => Ok(()),
            "pg_catalog" | "information_schema" => Err(Refuse::all(
                format!("it changes the system catalog {schema}"),
                "use the SQL command that makes the change (CREATE, ALTER, DROP)",
            )),
            other => Err(Refuse::all(
                format!("it names the schema {other}, and a tenant has one schema only"),
                format!(
                    "leave out the qualifier \"{other}.\", or CREATE SCHEMA {other} in a migration before it"
                ),
            )),
        }
    }

    /// The last part of a qualified name that must lie in the app's own schema.
    pub fn own_object(&self, parts: &[String]) -> Result<String, Refuse> {
        match parts {
            [name] => Ok(name.clone()),
            [schema, name] => self.check_schema(schema).map(|()| name.clone()),
            _ => Err(Refuse::all("the name has too many parts", "write it without database and schema")),
        }
    }

    /// A table made before.
    pub fn table(&self, name: &str) -> Result<&Table, Refuse> {
        self.catalog.tables.get(name).ok_or_else(|| Refuse::unknown(format!("table {name}")))
    }

    /// Whether some key of a table starts with the tenant column.
    pub fn keyed(&self, table: &str) -> Result<bool, Refuse> {
        let keys = |k: &ConstraintKind| matches!(k, ConstraintKind::Primary | ConstraintKind::Unique);
        let tenant = Some(&self.options.tenant_column);
        let leads = |columns: &[String]| self.prefixed(columns).first() == tenant;
        Ok(self.table(table)?.constraints.iter().any(|c| keys(&c.kind) && leads(&c.columns)))
    }

    /// Whether the app's configuration lists the table as belonging to no tenant.
    pub fn is_global(&self, table: &str) -> bool {
        self.options.global_tables.contains(table)
    }

    /// The key in the shared shape: the tenant column first, unless it is there already.
    pub fn prefixed(&self, columns: &[String]) -> Vec<String> {
        let tenant = &self.options.tenant_column;
        if columns.contains(tenant) {
            return columns.to_vec();
        }
        std::iter::once(tenant.clone()).chain(columns.iter().cloned()).collect()
    }
}

/// What must run at the end of a file: temporary tables go, and advisory locks that outlast transactions are given back
/// where some may be held.
pub(crate) fn end(work: &mut Work<'_>, unlocks: bool) -> Option<Output> {
    let mut output = temporary::end(work).unwrap_or_default();
    if unlocks {
        let unlock = |scope| Emitted { sql: UNLOCK.to_owned(), scope, transactional: true };
        output.add(Output { shared: vec![unlock(Scope::Database)], plain: vec![unlock(Scope::Tenant)] });
    }
    (!output.shared.is_empty()).then_some(output)
}

const UNLOCK: &str = "SELECT tenantry.advisory_unlock_all()";

/// A composed statement that runs once in a database.
pub(crate) fn once(sql: impl Into<String>) -> Result<Emitted, Refuse> {
    emit::text(sql, Scope::Database)
}

/// A composed statement that runs for every tenant.
pub(crate) fn per_tenant(sql: impl Into<String>) -> Result<Emitted, Refuse> {
    emit::text(sql, Scope::Tenant)
}
