//! Foreign keys: composite in the shared shape, the tenant column first on both sides.

use pg_query::protobuf::Constraint;

use super::{Carried, constraint_name, on_update, remember, require_columns};
use crate::ast;
use crate::catalog::{self, Actions, ConstraintKind};
use crate::names;
use crate::refuse::Refuse;
use crate::statement::Work;

/// Names a foreign key, remembers it and makes it composite.
pub(super) fn carry(work: &mut Work<'_>, table: &str, mut c: Constraint) -> Result<Carried, Refuse> {
    let target = work.own_name(c.pktable.as_ref())?;
    let columns = ast::names(&c.fk_attrs);
    require_columns(work, table, &columns)?;
    let global_target = work.is_global(&target);
    if work.is_global(table) && !global_target {
        return Err(Refuse::all(
            format!("the global table {table} refers to {target}, whose rows belong to tenants"),
            format!("list {target} under [tables] global as well, or take the foreign key out"),
        ));
    }
    let target_columns = target_columns(work, &target, &c)?;
    if c.conname.is_empty() {
        c.conname = constraint_name(work, table, Some(&names::addition(&columns)), "fkey");
    }
    let full = c.fk_matchtype == "f" && columns.len() > 1 && !global_target;
    let kind = ConstraintKind::Foreign {
        table: target.clone(),
        columns: target_columns.clone(),
        full,
        actions: Actions::of(&c.fk_del_action, &c.fk_upd_action),
    };
    let record = catalog::Constraint::new(&c.conname, kind, columns.clone());
    remember(work, table, record.clone(), None)?;
    if work.table(table)?.is_partitioned() {
        work.catalog.pass_on(table, &record);
    }
    if global_target {
        // The check of existing rows reads this table alone, unless it is global too.
        let reads = (!work.is_global(table)).then(|| table.to_owned());
        return Ok(Carried { nodes: vec![c], reads, ..Carried::default() });
    }
    let (before, after) = on_update::carry(work, (table, &target), &mut c)?;
    compose(work, &target, &mut c, &columns, &target_columns)?;
    Ok(Carried { before, nodes: vec![c], reads: Some(target), after })
}

fn target_columns(work: &Work<'_>, target: &str, c: &Constraint) -> Result<Vec<String>, Refuse> {
    let table = work.table(target)?;
    let written = ast::names(&c.pk_attrs);
    if written.is_empty() {
        let key =
            table.primary_key().ok_or_else(|| Refuse::unknown(format!("the primary key of {target}")))?;
        return Ok(key.to_vec());
    }
    require_columns(work, target, &written)?;
    Ok(written)
}

/// Puts the tenant column first on both sides. It is never NULL, so MATCH FULL goes: `match_full` stands for it.
fn compose(
    work: &Work<'_>,
    target: &str,
    c: &mut Constraint,
    columns: &[String],
    target_columns: &[String],
) -> Result<(), Refuse> {
    if c.fk_with_period || c.pk_with_period {
        return Err(Refuse::shared(
            "a foreign key with PERIOD is not carried",
            "check the period by a trigger, or give the tenant schema or database isolation only",
        ));
    }
    let tenant = &work.options.tenant_column;
    if c.fk_matchtype == "f" {
        c.fk_matchtype = "s".to_owned();
    }
    if matches!(c.fk_del_action.as_str(), "n" | "d") && c.fk_del_set_cols.is_empty() {
        let settable: Vec<&String> = columns.iter().filter(|x| *x != tenant).collect();
        c.fk_del_set_cols = ast::name_nodes(&settable);
    }
    if target_columns.contains(tenant) {
        return Ok(());
    }
    if columns.contains(tenant) {
        return Err(Refuse::shared(
            format!(
                "the tenant column {tenant} refers to {target} ({}), whose rows belong to tenants themselves",
                target_columns.join(", ")
            ),
            format!(
                "list {target} under [tables] global, or rename the column of yours or Tenantry's (isolation.tenant_column)"
            ),
        ));
    }
    c.fk_attrs = ast::name_nodes(&work.prefixed(columns));
    c.pk_attrs = ast::name_nodes(&work.prefixed(target_columns));
    Ok(())
}
