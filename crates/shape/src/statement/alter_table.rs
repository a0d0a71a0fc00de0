//! ALTER TABLE: one command after the other, gathered again into one statement.

mod add_column;
mod identity_cmd;

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterTableCmd, AlterTableStmt, AlterTableType, ColumnDef, Constraint, DropBehavior, Node, ObjectType,
};

use super::{Output, Work, constraint, identity, once, rls};
use crate::ast;
use crate::catalog::ConstraintKind;
use crate::emit;
use crate::ident;
use crate::model::{Emitted, Scope};
use crate::names;
use crate::refuse::Refuse;

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
}

/// Carries an ALTER TABLE.
pub(crate) fn carry(work: &mut Work<'_>, stmt: AlterTableStmt) -> Result<Output, Refuse> {
    let name = work.own_name(stmt.relation.as_ref())?;
    if only_owner(&stmt) {
        return Ok(work.left_out("OWNER TO is left out: objects belong to Tenantry's owner role"));
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
    let plain = plain(work, global)?;
    if global {
        let shared = Emitted { sql: work.shared.clone(), scope: Scope::Database, transactional: true };
        return Ok(Output { shared: vec![shared], plain: vec![plain] });
    }
    if !plan.fill.is_empty() {
        let (early, keys): (Vec<_>, Vec<_>) =
            plan.cmds.into_iter().partition(|c| c.subtype() != AlterTableType::AtAddConstraint);
        plan.cmds = early;
        plan.late.extend(keys);
    }
    if !keyed(work, &name)? {
        let index = names::make_object_name(&name, Some("tenantry"), "idx");
        let tenant = ident::quote(&work.options.tenant_column);
        plan.after.push(once(format!(
            "CREATE INDEX IF NOT EXISTS {} ON {} ({tenant})",
            ident::quote(&index),
            ident::quote(&name)
        ))?);
    }
    Ok(Output { shared: assemble(&stmt, plan, &name)?, plain: vec![plain] })
}

fn assemble(stmt: &AlterTableStmt, plan: Plan, name: &str) -> Result<Vec<Emitted>, Refuse> {
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
        tables.push(name.to_owned());
        tables.sort();
        tables.dedup();
        main = rls::unforced(&tables, main)?;
    }
    shared.extend(main);
    shared.extend(plan.after);
    Ok(shared)
}

fn only_owner(stmt: &AlterTableStmt) -> bool {
    let owner = |n: &Node| matches!(&n.node, Some(NodeEnum::AlterTableCmd(c)) if c.subtype() == AlterTableType::AtChangeOwner);
    !stmt.cmds.is_empty() && stmt.cmds.iter().all(owner)
}

/// The plain statement; `TRIGGER ALL` needs a superuser, and means `TRIGGER USER` for anybody else's purposes.
fn plain(work: &Work<'_>, global: bool) -> Result<Emitted, Refuse> {
    let mut emitted = work.plain_text(global);
    if let NodeEnum::AlterTableStmt(mut stmt) = ast::parse_one(&work.plain)? {
        let mut changed = false;
        for cmd in &mut stmt.cmds {
            if let Some(NodeEnum::AlterTableCmd(cmd)) = cmd.node.as_mut() {
                changed |= all_to_user(cmd);
            }
        }
        if changed {
            emitted.sql = emit::print(&NodeEnum::AlterTableStmt(stmt))?;
        }
    }
    Ok(emitted)
}

fn all_to_user(cmd: &mut AlterTableCmd) -> bool {
    let user = match cmd.subtype() {
        AlterTableType::AtEnableTrigAll => AlterTableType::AtEnableTrigUser,
        AlterTableType::AtDisableTrigAll => AlterTableType::AtDisableTrigUser,
        _ => return false,
    };
    cmd.set_subtype(user);
    true
}

/// Indexes, views, sequences and types take ALTER TABLE's commands too.
fn other_relation(work: &mut Work<'_>, stmt: &AlterTableStmt, name: &str) -> Result<Output, Refuse> {
    match stmt.objtype() {
        ObjectType::ObjectIndex => {
            let global = work.catalog.table_of_index(name).is_some_and(|t| work.is_global(t));
            Ok(work.as_written(global))
        }
        ObjectType::ObjectType => Ok(work.as_written(false)),
        ObjectType::ObjectView | ObjectType::ObjectTable => {
            let options = stmt.cmds.iter().any(|n| {
                matches!(&n.node, Some(NodeEnum::AlterTableCmd(c))
                    if matches!(c.subtype(), AlterTableType::AtSetRelOptions | AlterTableType::AtResetRelOptions))
            });
            if options {
                return Err(Refuse::shared(
                    "options of a view are Tenantry's: every view is security_invoker",
                    "leave it out",
                ));
            }
            Ok(work.as_written(false))
        }
        _ => Err(Refuse::all("ALTER of this kind of relation is not carried", "take the statement out")),
    }
}

/// Whether some key starts with the tenant column.
fn keyed(work: &Work<'_>, table: &str) -> Result<bool, Refuse> {
    let keys = |k: &ConstraintKind| matches!(k, ConstraintKind::Primary | ConstraintKind::Unique);
    Ok(work.table(table)?.constraints.iter().any(|c| keys(&c.kind)))
}

fn command(work: &mut Work<'_>, table: &str, cmd: AlterTableCmd, plan: &mut Plan) -> Result<(), Refuse> {
    use AlterTableType as T;
    match cmd.subtype() {
        T::AtAddColumn => return add_column::carry(work, table, cmd, plan),
        T::AtDropColumn => drop_column(work, table, &cmd)?,
        T::AtAddConstraint => return add_constraint(work, table, cmd, plan),
        T::AtDropConstraint => drop_constraint(work, table, &cmd, plan)?,
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
        T::AtEnableTrigAll | T::AtDisableTrigAll | T::AtEnableTrigUser | T::AtDisableTrigUser => {
            let mut cmd = cmd;
            all_to_user(&mut cmd);
            let disables = cmd.subtype() == T::AtDisableTrigUser;
            plan.cmds.push(cmd);
            if disables {
                keep_identity_triggers(work, table, plan)?;
            }
            return Ok(());
        }
        T::AtEnableTrig
        | T::AtDisableTrig
        | T::AtEnableAlwaysTrig
        | T::AtEnableReplicaTrig
        | T::AtSetRelOptions
        | T::AtResetRelOptions
        | T::AtReplicaIdentity
        | T::AtClusterOn
        | T::AtDropCluster
        | T::AtAlterConstraint
        | T::AtSetLogged
        | T::AtSetUnLogged => {}
        other => return Err(refused(other)),
    }
    plan.cmds.push(cmd);
    Ok(())
}

/// Notes the tables that the validation of a foreign key reads.
fn validate(work: &Work<'_>, table: &str, cmd: &AlterTableCmd, plan: &mut Plan) -> Result<(), Refuse> {
    if let Some(c) = work.table(table)?.constraint(&cmd.name)
        && let ConstraintKind::Foreign { table: target, .. } = &c.kind
        && !work.is_global(table)
    {
        let read = if work.is_global(target) { table } else { target };
        plan.reads.push(read.to_owned());
    }
    Ok(())
}

/// Why a command is not carried.
fn refused(command: AlterTableType) -> Refuse {
    use AlterTableType as T;
    match command {
        T::AtEnableRowSecurity
        | T::AtDisableRowSecurity
        | T::AtForceRowSecurity
        | T::AtNoForceRowSecurity => Refuse::all(
            "row-level security of the app's own would meet Tenantry's",
            "leave it out: rows are kept apart by Tenantry; what a role may do stands in [roles]",
        ),
        T::AtChangeOwner => Refuse::all(
            "OWNER TO stands among other commands",
            "leave it out: objects belong to Tenantry's owner role",
        ),
        other => Refuse::all(
            format!("the ALTER TABLE command {} is not carried", other.as_str_name()),
            "write it in another way",
        ),
    }
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

fn drop_column(work: &mut Work<'_>, table: &str, cmd: &AlterTableCmd) -> Result<(), Refuse> {
    if cmd.missing_ok
        && work.table(table)?.column(&cmd.name).is_none()
        && cmd.name != work.options.tenant_column
    {
        return Ok(());
    }
    column_exists(work, table, &cmd.name)?;
    protect_tenant_column(work, table, cmd)?;
    work.catalog.drop_column(table, &cmd.name);
    Ok(())
}

fn add_constraint(
    work: &mut Work<'_>,
    table: &str,
    cmd: AlterTableCmd,
    plan: &mut Plan,
) -> Result<(), Refuse> {
    let Some(NodeEnum::Constraint(c)) = cmd.def.as_ref().and_then(|d| d.node.clone()) else {
        return Err(Refuse::all("ADD CONSTRAINT names no constraint", "correct it"));
    };
    let carried = constraint::carry(work, table, *c)?;
    plan.before.extend(carried.before);
    plan.reads.extend(carried.reads);
    plan.cmds.extend(carried.nodes.into_iter().map(|c| with_def(&cmd, NodeEnum::Constraint(Box::new(c)))));
    Ok(())
}

fn with_def(cmd: &AlterTableCmd, def: NodeEnum) -> AlterTableCmd {
    AlterTableCmd { def: Some(Box::new(ast::node(def))), ..cmd.clone() }
}

/// `ADD CONSTRAINT` for a constraint that came with a column.
pub(super) fn add_constraint_cmd(c: Constraint) -> Result<AlterTableCmd, Refuse> {
    let model = model("ALTER TABLE t ADD CONSTRAINT c UNIQUE (a)")?;
    Ok(with_def(&model, NodeEnum::Constraint(Box::new(c))))
}

/// The first command of a composed ALTER TABLE.
pub(super) fn model(sql: &str) -> Result<AlterTableCmd, Refuse> {
    if let NodeEnum::AlterTableStmt(stmt) = ast::parse_one(sql)?
        && let Some(Node { node: Some(NodeEnum::AlterTableCmd(cmd)) }) = stmt.cmds.into_iter().next()
    {
        return Ok(*cmd);
    }
    Err(Refuse::all("a composed command does not parse", "report this: it is a defect of Tenantry"))
}

fn drop_constraint(
    work: &mut Work<'_>,
    table: &str,
    cmd: &AlterTableCmd,
    plan: &mut Plan,
) -> Result<(), Refuse> {
    let Some(found) = work.table(table)?.constraint(&cmd.name).cloned() else {
        // NOT NULL constraints have names from PostgreSQL 18 on; the catalog does not follow those.
        return if cmd.missing_ok {
            Ok(())
        } else {
            Err(Refuse::unknown(format!("constraint {} of table {table}", cmd.name)))
        };
    };
    if matches!(found.kind, ConstraintKind::Foreign { full: true, .. }) {
        let mut also = cmd.clone();
        also.name = constraint::full_check_name(&cmd.name);
        plan.cmds.push(also);
    }
    if matches!(found.kind, ConstraintKind::Primary | ConstraintKind::Unique)
        && cmd.behavior() == DropBehavior::DropCascade
    {
        work.drop_dependents(table, &found.columns);
    }
    if let Some(t) = work.catalog.tables.get_mut(table) {
        t.drop_constraint(&cmd.name);
    }
    Ok(())
}

/// The sentinels of identity columns must still be replaced while the app's triggers rest.
fn keep_identity_triggers(work: &Work<'_>, table: &str, plan: &mut Plan) -> Result<(), Refuse> {
    for column in work.table(table)?.columns.iter().filter(|c| c.identity.is_some()) {
        let trigger = ident::quote(&identity::trigger_name(&column.name));
        plan.after.push(once(format!("ALTER TABLE {} ENABLE TRIGGER {trigger}", ident::quote(table)))?);
    }
    Ok(())
}

fn alter_type(work: &mut Work<'_>, table: &str, cmd: AlterTableCmd, plan: &mut Plan) -> Result<(), Refuse> {
    column_exists(work, table, &cmd.name)?;
    protect_tenant_column(work, table, &cmd)?;
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
