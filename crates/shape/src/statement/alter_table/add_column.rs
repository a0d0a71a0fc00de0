//! ADD COLUMN. A column that counts (serial, identity) is filled for the rows of each tenant before its
//! default and its keys come.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, ConstrType, Constraint, Node};

use super::{Plan, add_constraint_cmd, model, with_def};
use crate::catalog::Identity;
use crate::ident;
use crate::model::SCHEMA_PLACEHOLDER;
use crate::refuse::Refuse;
use crate::statement::{Work, column, constraint, once, per_tenant};

/// Carries one ADD COLUMN.
pub(super) fn carry(
    work: &mut Work<'_>,
    table: &str,
    cmd: AlterTableCmd,
    plan: &mut Plan,
) -> Result<(), Refuse> {
    let Some(NodeEnum::ColumnDef(def)) = cmd.def.as_ref().and_then(|d| d.node.clone()) else {
        return Err(Refuse::all("ADD COLUMN names no column", "correct it"));
    };
    let name = def.colname.clone();
    if work.table(table)?.column(&name).is_some() {
        if cmd.missing_ok {
            work.notes.push(format!("the column {name} of table {table} is there: it is left out"));
            return Ok(());
        }
        return Err(Refuse::duplicate(
            format!("the column {name} of table {table}"),
            "give the column another name",
        ));
    }
    if !work.is_global(table) && name == work.options.tenant_column {
        return Err(Refuse::shared(
            format!("{name} is the name of the tenant column, which table {table} has already"),
            "leave the column out, or give Tenantry's column another name (isolation.tenant_column)",
        ));
    }
    let mut taken = column::take(work, table, *def)?;
    let identity = taken.record.identity.clone();
    for member in work.catalog.family(table) {
        if let Some(t) = work.catalog.tables.get_mut(&member)
            && t.column(&name).is_none()
        {
            t.columns.push(taken.record.clone());
        }
    }
    let constraints = std::mem::take(&mut taken.constraints);
    plan.before.append(&mut taken.before);
    if taken.counted {
        // IF NOT EXISTS has done its work: the column is not there.
        let late = strip_counter(&mut taken)?;
        plan.fill.extend(fill(work, table, &name, identity.as_ref())?);
        plan.late.extend(late);
    }
    plan.after.append(&mut taken.after);
    if let Some(identity) = &identity
        && taken.counted
    {
        plan.after.push(continue_from_rows(table, &name, identity)?);
    }
    plan.cmds.push(with_def(&cmd, NodeEnum::ColumnDef(Box::new(taken.def))));
    for c in constraints {
        add(work, table, c, plan)?;
    }
    Ok(())
}

fn add(work: &mut Work<'_>, table: &str, c: Constraint, plan: &mut Plan) -> Result<(), Refuse> {
    let carried = constraint::carry(work, table, c)?;
    plan.before.extend(carried.before);
    plan.after.extend(carried.after);
    plan.reads.extend(carried.reads);
    for c in carried.nodes {
        plan.cmds.push(add_constraint_cmd(c)?);
    }
    Ok(())
}

/// Takes default, identity and NOT NULL off the column, and gives the commands that put them back.
fn strip_counter(taken: &mut column::Taken) -> Result<Vec<AlterTableCmd>, Refuse> {
    let mut late = Vec::new();
    let column = &taken.def.colname;
    let mut stay = Vec::new();
    let quoted = ident::quote(column);
    late.push(model(&format!("ALTER TABLE t ALTER COLUMN {quoted} SET NOT NULL"))?);
    for node in std::mem::take(&mut taken.def.constraints) {
        let kind = match &node.node {
            Some(NodeEnum::Constraint(c)) => c.contype(),
            _ => ConstrType::Undefined,
        };
        match kind {
            ConstrType::ConstrNotnull => {}
            ConstrType::ConstrDefault => {
                let mut cmd = model(&format!("ALTER TABLE t ALTER COLUMN {quoted} SET DEFAULT 1"))?;
                cmd.def = default_of(node).map(Box::new);
                late.push(cmd);
            }
            ConstrType::ConstrIdentity => {
                let mut cmd =
                    model(&format!("ALTER TABLE t ALTER COLUMN {quoted} ADD GENERATED ALWAYS AS IDENTITY"))?;
                cmd.def = Some(Box::new(node));
                late.push(cmd);
            }
            _ => stay.push(node),
        }
    }
    taken.def.constraints = stay;
    Ok(late)
}

fn default_of(node: Node) -> Option<Node> {
    match node.node {
        Some(NodeEnum::Constraint(c)) => c.raw_expr.map(|e| *e),
        _ => None,
    }
}

/// Numbers the rows that exist, tenant by tenant, without firing the app's triggers.
fn fill(
    work: &Work<'_>,
    table: &str,
    column: &str,
    identity: Option<&Identity>,
) -> Result<Vec<crate::model::Emitted>, Refuse> {
    let (t, c) = (ident::quote(table), ident::quote(column));
    let update = match identity {
        // An identity's counter comes with its trigger; until then the rows are counted here.
        Some(i) => format!(
            "UPDATE {t} SET {c} = tenantry_numbered.value FROM (SELECT ctid AS place, {} + {} * (row_number() OVER (ORDER BY ctid) - 1) AS value FROM {t}) AS tenantry_numbered WHERE {t}.ctid = tenantry_numbered.place",
            i.start, i.increment
        ),
        None => {
            let sequence = work
                .catalog
                .sequences
                .iter()
                .find(|(_, s)| s.owner.as_ref().is_some_and(|(t, c)| t == table && c == column))
                .map(|(name, _)| ident::quote(name))
                .unwrap_or_default();
            let regclass = ident::literal(&format!("{SCHEMA_PLACEHOLDER}.{sequence}"));
            format!("UPDATE {t} SET {c} = tenantry.next_value({regclass}::regclass)")
        }
    };
    let update = per_tenant(update)?;
    if work.table(table)?.triggers.is_empty() {
        return Ok(vec![update]);
    }
    Ok(vec![
        once(format!("ALTER TABLE {t} DISABLE TRIGGER USER"))?,
        update,
        once(format!("ALTER TABLE {t} ENABLE TRIGGER USER"))?,
    ])
}

/// Sets each tenant's counter to the last number given to a row.
fn continue_from_rows(
    table: &str,
    column: &str,
    identity: &Identity,
) -> Result<crate::model::Emitted, Refuse> {
    let name = ident::literal(&format!("{SCHEMA_PLACEHOLDER}.{}", ident::quote(table)));
    let last = if identity.increment < 0 { "min" } else { "max" };
    per_tenant(format!(
        "SELECT tenantry.set_value(pg_get_serial_sequence({name}, {})::regclass, {last}({})) FROM {} HAVING count(*) > 0",
        ident::literal(column),
        ident::quote(column),
        ident::quote(table)
    ))
}
