//! ADD GENERATED, SET GENERATED, RESTART, DROP IDENTITY, and a new type for an identity column.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableType, Constraint, Node};

use super::{Plan, column_exists, model, record};
use crate::ast;
use crate::catalog::Identity;
use crate::ident;
use crate::model::SCHEMA_PLACEHOLDER;
use crate::refuse::Refuse;
use crate::statement::{Work, identity, per_tenant, serial};

/// Carries one of the identity commands.
pub(super) fn carry(
    work: &mut Work<'_>,
    table: &str,
    cmd: AlterTableCmd,
    plan: &mut Plan,
) -> Result<(), Refuse> {
    column_exists(work, table, &cmd.name)?;
    match cmd.subtype() {
        AlterTableType::AtAddIdentity => add(work, table, cmd, plan),
        AlterTableType::AtDropIdentity => drop(work, table, cmd, plan),
        _ => set(work, table, cmd, plan),
    }
}

fn add(work: &mut Work<'_>, table: &str, mut cmd: AlterTableCmd, plan: &mut Plan) -> Result<(), Refuse> {
    let Some(Node { node: Some(NodeEnum::Constraint(c)) }) = cmd.def.as_deref_mut() else {
        return Err(Refuse::all("ADD GENERATED has no options", "correct it"));
    };
    let global = work.is_global(table);
    let type_name = record(work, table, &cmd.name).map(|c| c.type_name.clone()).unwrap_or_default();
    let mut counter = identity::counter(&c.options, &type_name)?;
    counter.always = c.generated_when == "a";
    let sequence = match &counter.sequence {
        Some(name) => name.clone(),
        None => serial::sequence_name(work, table, &cmd.name, global),
    };
    serial::remember(work, &sequence, (table, &cmd.name), Some(counter.start));
    if !global {
        identity::to_sentinel(c, &type_name)?;
        plan.after.push(identity::trigger(table, &cmd.name, &counter)?);
    }
    if let Some(column) = record(work, table, &cmd.name) {
        column.identity = Some(counter);
    }
    plan.cmds.push(cmd);
    Ok(())
}

fn drop(work: &mut Work<'_>, table: &str, cmd: AlterTableCmd, plan: &mut Plan) -> Result<(), Refuse> {
    let global = work.is_global(table);
    let Some(column) = record(work, table, &cmd.name) else { return Ok(()) };
    if column.identity.take().is_some() {
        let owned = |owner: &Option<(String, String)>| {
            owner.as_ref().is_some_and(|(t, c)| t == table && *c == cmd.name)
        };
        work.catalog.sequences.retain(|_, s| !(s.identity && owned(&s.owner)));
        if !global {
            plan.before.push(identity::drop_trigger(table, &cmd.name)?);
        }
    }
    plan.cmds.push(cmd);
    Ok(())
}

/// SET GENERATED goes to the server, RESTART to each tenant's counter.
fn set(work: &mut Work<'_>, table: &str, mut cmd: AlterTableCmd, plan: &mut Plan) -> Result<(), Refuse> {
    if work.is_global(table) {
        plan.cmds.push(cmd);
        return Ok(());
    }
    let Some(Node { node: Some(NodeEnum::List(options)) }) = cmd.def.as_deref_mut() else {
        return Err(Refuse::all("the identity command has no options", "correct it"));
    };
    let mut keep = Vec::new();
    for node in std::mem::take(&mut options.items) {
        let Some(NodeEnum::DefElem(option)) = &node.node else { continue };
        match option.defname.as_str() {
            "generated" => keep.push(node),
            "restart" => {
                let value = ast::option_text(option.arg.as_deref());
                plan.after.push(restart(work, table, &cmd.name, value)?);
            }
            other => {
                return Err(Refuse::shared(
                    format!("SET {other} of an identity column is not carried"),
                    "DROP IDENTITY and ADD GENERATED with the new options",
                ));
            }
        }
    }
    if !keep.is_empty() {
        options.items = keep;
        plan.cmds.push(cmd);
    }
    Ok(())
}

fn restart(
    work: &mut Work<'_>,
    table: &str,
    column: &str,
    value: Option<String>,
) -> Result<crate::model::Emitted, Refuse> {
    let start = record(work, table, column).and_then(|c| c.identity.as_ref().map(|i| i.start.to_string()));
    let value = value.or(start).unwrap_or_else(|| "1".to_owned());
    let name = ident::literal(&format!("{SCHEMA_PLACEHOLDER}.{}", ident::quote(table)));
    per_tenant(format!(
        "SELECT tenantry.set_value(pg_get_serial_sequence({name}, {})::regclass, {value}, false)",
        ident::literal(column)
    ))
}

/// The sentinel is the minimum of the type: with a new type the identity is made anew.
pub(super) fn retype(
    work: &mut Work<'_>,
    table: &str,
    (column, new_type): (&str, &str),
    old: &Identity,
    plan: &mut Plan,
) -> Result<(), Refuse> {
    let Some((low, high)) = identity::bounds(new_type) else {
        return Err(Refuse::shared(
            format!("the identity column {column} would have the type {new_type}"),
            "DROP IDENTITY first",
        ));
    };
    let mut counter = Identity { sentinel_max: low + 1, ..old.clone() };
    let was_limit = [i64::from(i16::MAX), i64::from(i32::MAX), i64::MAX].contains(&old.max);
    if was_limit {
        counter.max = high;
    }
    let (t, c) = (ident::quote(table), ident::quote(column));
    let when = if old.always { "ALWAYS" } else { "BY DEFAULT" };
    plan.before.push(identity::drop_trigger(table, column)?);
    plan.before.push(crate::statement::once(format!("ALTER TABLE {t} ALTER COLUMN {c} DROP IDENTITY"))?);
    let mut add = model(&format!("ALTER TABLE t ALTER COLUMN {c} ADD GENERATED {when} AS IDENTITY"))?;
    if let Some(Node { node: Some(NodeEnum::Constraint(constraint)) }) = add.def.as_deref_mut() {
        name_sequence(work, constraint, table, column);
        identity::to_sentinel(constraint, new_type)?;
    }
    plan.late.push(add);
    plan.after.push(identity::trigger(table, column, &counter)?);
    if let Some(record) = record(work, table, column) {
        record.identity = Some(counter);
    }
    Ok(())
}

/// The new sequence keeps the name of the old one.
fn name_sequence(work: &Work<'_>, constraint: &mut Constraint, table: &str, column: &str) {
    let name = work
        .catalog
        .sequences
        .iter()
        .find(|(_, s)| s.identity && s.owner.as_ref().is_some_and(|(t, c)| t == table && c == column))
        .map(|(name, _)| name.clone());
    let Some(name) = name else { return };
    let sql = format!(
        "CREATE TABLE t (c integer GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME {}))",
        ident::quote(&name)
    );
    if let Ok(NodeEnum::CreateStmt(stmt)) = ast::parse_one(&sql)
        && let Some(Node { node: Some(NodeEnum::ColumnDef(mut def)) }) = stmt.table_elts.into_iter().next()
        && let Some(model) = identity::of_column(&mut def.constraints)
    {
        constraint.options.append(&mut model.options);
    }
}
