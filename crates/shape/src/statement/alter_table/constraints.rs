//! ADD, DROP and VALIDATE CONSTRAINT.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, Constraint, DropBehavior, Node};

use super::Plan;
use crate::ast;
use crate::catalog::ConstraintKind;
use crate::emit;
use crate::ident;
use crate::model::{Emitted, Scope};
use crate::refuse::Refuse;
use crate::statement::{Work, constraint, match_full, partition};

/// Notes the tables that the validation of a foreign key reads.
pub(super) fn validate(
    work: &Work<'_>,
    table: &str,
    cmd: &AlterTableCmd,
    plan: &mut Plan,
) -> Result<(), Refuse> {
    if let Some(c) = work.table(table)?.constraint(&cmd.name)
        && let ConstraintKind::Foreign { table: target, .. } = &c.kind
        && !work.is_global(table)
    {
        let read = if work.is_global(target) { table } else { target };
        plan.reads.push(read.to_owned());
        plan.after.extend(match_full::of_rows(work, table, &cmd.name)?);
    }
    Ok(())
}

pub(super) fn add_constraint(
    work: &mut Work<'_>,
    table: &str,
    cmd: AlterTableCmd,
    plan: &mut Plan,
) -> Result<(), Refuse> {
    let Some(NodeEnum::Constraint(c)) = cmd.def.as_ref().and_then(|d| d.node.clone()) else {
        return Err(Refuse::all("ADD CONSTRAINT names no constraint", "correct it"));
    };
    let is_checked = !c.skip_validation;
    let carried = constraint::carry(work, table, *c)?;
    plan.before.extend(carried.before);
    plan.after.extend(carried.after);
    add_below(work, table, plan)?;
    plan.reads.extend(carried.reads);
    if let Some(key) = carried.nodes.first().filter(|_| is_checked) {
        plan.after.extend(match_full::of_rows(work, table, &key.conname)?);
    }
    plan.cmds.extend(carried.nodes.into_iter().map(|c| with_def(&cmd, NodeEnum::Constraint(Box::new(c)))));
    Ok(())
}

/// A key of a partitioned table is made in its partitions first, once the columns are there.
fn add_below(work: &mut Work<'_>, table: &str, plan: &mut Plan) -> Result<(), Refuse> {
    let t = work.table(table)?;
    let newest = t
        .indexes
        .last()
        .filter(|i| i.of_constraint && t.constraints.last().is_some_and(|c| c.name == i.name));
    if let Some(index) = newest.cloned().filter(|_| t.is_partitioned()) {
        partition::add_below(work, table, &index, &mut plan.fill)?;
    }
    Ok(())
}

/// ALTER TABLE ... ADD for one constraint.
pub(in crate::statement) fn add_to(table: &str, c: Constraint) -> Result<Emitted, Refuse> {
    let mut stmt =
        ast::parse_one(&format!("ALTER TABLE {} ADD CONSTRAINT c UNIQUE (a)", ident::quote(table)))?;
    if let NodeEnum::AlterTableStmt(alter) = &mut stmt {
        alter.cmds = vec![ast::node(NodeEnum::AlterTableCmd(Box::new(add_constraint_cmd(c)?)))];
    }
    emit::tree(&stmt, Scope::Database)
}

pub(super) fn with_def(cmd: &AlterTableCmd, def: NodeEnum) -> AlterTableCmd {
    AlterTableCmd { def: Some(Box::new(ast::node(def))), ..cmd.clone() }
}

/// `ADD CONSTRAINT` for a constraint that came with a column.
pub(in crate::statement) fn add_constraint_cmd(c: Constraint) -> Result<AlterTableCmd, Refuse> {
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

pub(super) fn drop_constraint(work: &mut Work<'_>, table: &str, cmd: &AlterTableCmd) -> Result<(), Refuse> {
    let Some(found) = work.table(table)?.constraint(&cmd.name).cloned() else {
        // NOT NULL constraints have names from PostgreSQL 18 on; the catalog does not follow those.
        return if cmd.missing_ok {
            Ok(())
        } else {
            Err(Refuse::unknown(format!("constraint {} of table {table}", cmd.name)))
        };
    };
    if matches!(found.kind, ConstraintKind::Primary | ConstraintKind::Unique)
        && cmd.behavior() == DropBehavior::DropCascade
    {
        work.drop_dependents(table, &found.columns);
    }
    work.catalog.drop_constraint(table, &cmd.name);
    Ok(())
}
