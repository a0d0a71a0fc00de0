//! ALTER TABLE: one command after the other, gathered again into one statement.

mod add_column;
mod constraints;
mod identity_cmd;
mod refused;
mod security;
mod triggers;

pub(super) use constraints::add_to;

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterTableCmd, AlterTableStmt, AlterTableType, ColumnDef, DropBehavior, Node, ObjectType,
};

use super::retire::takes_away;
use super::{Output, Work, cascade, create_table, inherit, materialized_view, partition, rls, view};
use crate::ast;
use crate::emit;
use crate::model::{Emitted, Scope};
use crate::refuse::Refuse;
use constraints::{add_constraint, add_constraint_cmd, drop_constraint, model, validate, with_def};

/// The statement as it comes together for the shared shape.
#[derive(Default)]
pub(crate) struct Plan {
    pub before: Vec<Emitted>,
    /// The commands of the statement.
    pub cmds: Vec<AlterTableCmd>,
    /// Values for the rows that exist, and what must run between the two halves.
    pub fill: Vec<Emitted>,
    /// Commands that need the values.
    pub late: Vec<AlterTableCmd>,
    pub after: Vec<Emitted>,
    /// Tables that a new or validated foreign key reads.
    pub reads: Vec<String>,
    /// Row-level security of the app's own changes.
    pub secures: bool,
}

/// Carries an ALTER TABLE.
pub(crate) fn carry(work: &mut Work<'_>, stmt: AlterTableStmt) -> Result<Output, Refuse> {
    let name = work.own_name(stmt.relation.as_ref())?;
    if only_owner(&stmt) {
        return Ok(work.left_out("OWNER TO is left out: objects belong to Tenantry's owner role"));
    }
    let mut stmt = stmt;
    if work.catalog.tables.get(&name).is_some_and(|t| t.materialized) {
        stmt.set_objtype(ObjectType::ObjectTable);
    }
    if stmt.objtype() != ObjectType::ObjectTable || work.catalog.views.contains_key(&name) {
        return other_relation(work, &stmt, &name);
    }
    if !work.catalog.tables.contains_key(&name) {
        return if stmt.missing_ok {
            Ok(work.as_written(false))
        } else {
            Err(Refuse::unknown(format!("table {name}")))
        };
    }
    let global = work.table(&name)?.global;
    let mut plan = Plan::default();
    for cmd in &stmt.cmds {
        let Some(NodeEnum::AlterTableCmd(cmd)) = &cmd.node else { continue };
        command(work, &name, (**cmd).clone(), &mut plan)?;
    }
    if plan.secures {
        plan.after.extend(rls::settle(work, &name)?);
    }
    let transactional = !stmt.cmds.iter().any(detaches_concurrently);
    let plain = Emitted { transactional, ..plain(work, global)? };
    if global {
        let shared = Emitted { sql: work.shared.clone(), scope: Scope::Database, transactional: true };
        let output = Output { shared: vec![shared], plain: vec![plain] };
        let commands = stmt.cmds.iter().filter_map(|c| c.node.as_ref());
        let mut only = commands.map(|c| matches!(c, NodeEnum::AlterTableCmd(c) if takes_away(c)));
        return Ok(if only.all(|takes| takes) { work.retire(&[name], output) } else { output });
    }
    if !plan.fill.is_empty() {
        plan.fill = rls::as_owner(work, std::slice::from_ref(&name), plan.fill)?;
        let (early, keys): (Vec<_>, Vec<_>) =
            plan.cmds.into_iter().partition(|c| c.subtype() != AlterTableType::AtAddConstraint);
        plan.cmds = early;
        plan.late.extend(keys);
    }
    for table in work.catalog.family(&name) {
        // What a partition needs comes with its parent's.
        let own = table == name || work.table(&table)?.parent.is_none();
        if own && !work.keyed(&table)? {
            plan.after.extend(create_table::ensure_index_on_tenant(work, &table)?);
        }
    }
    if !plan.reads.is_empty() {
        plan.reads.push(name.clone());
        plan.reads = plan.reads.iter().flat_map(|t| work.catalog.family(t)).collect();
    }
    let mut shared = assemble(&stmt, plan)?;
    if !transactional {
        shared.iter_mut().for_each(|e| e.transactional = false);
    }
    Ok(Output { shared, plain: vec![plain] })
}

fn assemble(stmt: &AlterTableStmt, plan: Plan) -> Result<Vec<Emitted>, Refuse> {
    let statement = |cmds: Vec<AlterTableCmd>| {
        let cmds = cmds.into_iter().map(|c| ast::node(NodeEnum::AlterTableCmd(Box::new(c)))).collect();
        emit::tree(&NodeEnum::AlterTableStmt(AlterTableStmt { cmds, ..stmt.clone() }), Scope::Database)
    };
    let mut shared = plan.before;
    let mut last = plan.cmds;
    if !plan.fill.is_empty() {
        // The values are given under row-level security, tenant by tenant; only then may it rest.
        shared.push(statement(last)?);
        shared.extend(plan.fill);
        last = plan.late;
    } else {
        last.extend(plan.late);
    }
    let mut main = Vec::new();
    if !last.is_empty() {
        main.push(statement(last)?);
    }
    let mut tables = plan.reads;
    if !tables.is_empty() {
        tables.sort();
        tables.dedup();
        main = rls::unforced(&tables, main)?;
    }
    shared.extend(main);
    shared.extend(plan.after);
    Ok(shared)
}

fn only_owner(stmt: &AlterTableStmt) -> bool {
    !stmt.cmds.is_empty() && stmt.cmds.iter().all(is_owner)
}

fn detaches_concurrently(n: &Node) -> bool {
    let Some(NodeEnum::AlterTableCmd(cmd)) = &n.node else { return false };
    matches!(cmd.def.as_ref().and_then(|d| d.node.as_ref()), Some(NodeEnum::PartitionCmd(p)) if p.concurrent)
}

fn is_owner(n: &Node) -> bool {
    matches!(&n.node, Some(NodeEnum::AlterTableCmd(c)) if c.subtype() == AlterTableType::AtChangeOwner)
}

/// The plain statement; `TRIGGER ALL` needs a superuser, and means `TRIGGER USER` for anybody else's purposes.
fn plain(work: &Work<'_>, global: bool) -> Result<Emitted, Refuse> {
    let mut emitted = work.plain_text(global);
    if let NodeEnum::AlterTableStmt(mut stmt) = ast::parse_one(&work.plain)? {
        let commands = stmt.cmds.len();
        stmt.cmds.retain(|n| !is_owner(n));
        let mut changed = stmt.cmds.len() < commands;
        for cmd in &mut stmt.cmds {
            if let Some(NodeEnum::AlterTableCmd(cmd)) = cmd.node.as_mut() {
                changed |= triggers::all_to_user(cmd);
            }
        }
        if changed {
            emitted.sql = emit::print(&NodeEnum::AlterTableStmt(stmt))?;
        }
    }
    Ok(emitted)
}

/// Indexes, views, sequences and types take ALTER TABLE's commands too.
fn other_relation(work: &mut Work<'_>, stmt: &AlterTableStmt, name: &str) -> Result<Output, Refuse> {
    match stmt.objtype() {
        ObjectType::ObjectIndex => {
            let global = work.catalog.table_of_index(name).is_some_and(|t| work.is_global(t));
            Ok(work.as_written(global))
        }
        ObjectType::ObjectType => Ok(work.as_written(false)),
        ObjectType::ObjectView | ObjectType::ObjectTable => view::alter(work, stmt),
        _ => Err(Refuse::all("ALTER of this kind of relation is not carried", "take the statement out")),
    }
}

fn command(work: &mut Work<'_>, table: &str, cmd: AlterTableCmd, plan: &mut Plan) -> Result<(), Refuse> {
    use AlterTableType as T;
    match cmd.subtype() {
        T::AtAddColumn => return add_column::carry(work, table, cmd, plan),
        T::AtDropColumn => drop_column(work, table, &cmd, plan)?,
        T::AtAddConstraint => return add_constraint(work, table, cmd, plan),
        T::AtDropConstraint => drop_constraint(work, table, &cmd)?,
        T::AtValidateConstraint => validate(work, table, &cmd, plan)?,
        T::AtAlterColumnType => return alter_type(work, table, cmd, plan),
        T::AtColumnDefault
        | T::AtDropNotNull
        | T::AtSetNotNull
        | T::AtSetStatistics
        | T::AtSetStorage
        | T::AtSetCompression
        | T::AtSetOptions
        | T::AtResetOptions
        | T::AtSetExpression => {
            column_exists(work, table, &cmd.name)?;
            protect_tenant_column(work, table, &cmd)?;
        }
        T::AtDropExpression => {
            column_exists(work, table, &cmd.name)?;
            if let Some(c) = record(work, table, &cmd.name) {
                c.generated = false;
            }
        }
        T::AtAddIdentity | T::AtSetIdentity | T::AtDropIdentity => {
            return identity_cmd::carry(work, table, cmd, plan);
        }
        T::AtEnableTrigAll
        | T::AtDisableTrigAll
        | T::AtEnableTrigUser
        | T::AtDisableTrigUser
        | T::AtEnableTrig
        | T::AtDisableTrig
        | T::AtEnableAlwaysTrig
        | T::AtEnableReplicaTrig
        | T::AtEnableRule
        | T::AtDisableRule
        | T::AtEnableAlwaysRule
        | T::AtEnableReplicaRule => return triggers::carry(work, table, cmd, plan),
        T::AtAttachPartition => {
            plan.after.extend(partition::attach(work, table, &cmd)?);
            return Ok(());
        }
        T::AtDetachPartition | T::AtDetachPartitionFinalize => {
            plan.after.extend(partition::detach(work, &cmd)?);
        }
        T::AtAddInherit | T::AtDropInherit => inherit::alter(work, table, &cmd)?,
        kind if security::concerns(kind) => return security::command(work, table, &cmd, plan),
        // Left out of both shapes.
        T::AtChangeOwner => return Ok(()),
        T::AtSetRelOptions
        | T::AtResetRelOptions
        | T::AtReplicaIdentity
        | T::AtClusterOn
        | T::AtDropCluster
        | T::AtAlterConstraint
        | T::AtSetLogged
        | T::AtSetUnLogged
        | T::AtSetTableSpace
        | T::AtSetAccessMethod => {}
        other => return Err(refused::refusal(other)),
    }
    plan.cmds.push(cmd);
    Ok(())
}

fn record<'w>(work: &'w mut Work<'_>, table: &str, column: &str) -> Option<&'w mut crate::catalog::Column> {
    work.catalog.tables.get_mut(table)?.columns.iter_mut().find(|c| c.name == column)
}

fn column_exists(work: &Work<'_>, table: &str, column: &str) -> Result<(), Refuse> {
    match work.table(table)?.column(column) {
        Some(_) => Ok(()),
        None => Err(Refuse::unknown(format!("column {column} of table {table}"))),
    }
}

/// The tenant column keeps its type, its default and NOT NULL even where the migrations wrote it.
fn protect_tenant_column(work: &Work<'_>, table: &str, cmd: &AlterTableCmd) -> Result<(), Refuse> {
    let changes = matches!(
        cmd.subtype(),
        AlterTableType::AtColumnDefault
            | AlterTableType::AtDropNotNull
            | AlterTableType::AtAlterColumnType
            | AlterTableType::AtDropColumn
    );
    if changes && !work.is_global(table) && cmd.name == work.options.tenant_column {
        return Err(Refuse::shared(
            format!("{} is the tenant column of table {table}", cmd.name),
            "leave it as it is, or give Tenantry's column another name (isolation.tenant_column)",
        ));
    }
    Ok(())
}

fn drop_column(work: &mut Work<'_>, table: &str, cmd: &AlterTableCmd, plan: &mut Plan) -> Result<(), Refuse> {
    if cmd.missing_ok
        && work.table(table)?.column(&cmd.name).is_none()
        && cmd.name != work.options.tenant_column
    {
        return Ok(());
    }
    column_exists(work, table, &cmd.name)?;
    protect_tenant_column(work, table, cmd)?;
    if cmd.behavior() == DropBehavior::DropCascade {
        let readers = work.catalog.readers_of_column(table, &cmd.name);
        let materialized = work.catalog.drop_readers(&readers);
        plan.after.extend(materialized_view::sweep(&materialized)?);
    }
    plan.before.extend(cascade::make_way(work, table, &cmd.name)?);
    work.catalog.drop_column(table, &cmd.name);
    Ok(())
}

fn alter_type(work: &mut Work<'_>, table: &str, cmd: AlterTableCmd, plan: &mut Plan) -> Result<(), Refuse> {
    column_exists(work, table, &cmd.name)?;
    protect_tenant_column(work, table, &cmd)?;
    plan.before.extend(cascade::make_way(work, table, &cmd.name)?);
    let new_type = match cmd.def.as_ref().and_then(|d| d.node.as_ref()) {
        Some(NodeEnum::ColumnDef(def)) => type_of(def),
        _ => String::new(),
    };
    let global = work.is_global(table);
    let Some(column) = record(work, table, &cmd.name) else { return Ok(()) };
    column.type_name.clone_from(&new_type);
    let identity = column.identity.clone();
    plan.cmds.push(cmd.clone());
    match identity {
        Some(identity) if !global => {
            identity_cmd::retype(work, table, (&cmd.name, &new_type), &identity, plan)
        }
        _ => Ok(()),
    }
}

fn type_of(def: &ColumnDef) -> String {
    def.type_name.as_ref().and_then(|t| ast::names(&t.names).pop()).unwrap_or_default()
}
