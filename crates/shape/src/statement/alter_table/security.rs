//! ENABLE, DISABLE, FORCE and NO FORCE ROW LEVEL SECURITY: the app's own. On a shared table Tenantry's stays on whatever
//! the app says; the form of the boundary follows.

use pg_query::protobuf::{AlterTableCmd, AlterTableType};

use super::Plan;
use crate::catalog::ConstraintKind;
use crate::refuse::Refuse;
use crate::statement::{Work, policy};

/// Whether it is one of the four commands.
pub(super) fn concerns(command: AlterTableType) -> bool {
    use AlterTableType as T;
    matches!(
        command,
        T::AtEnableRowSecurity | T::AtDisableRowSecurity | T::AtForceRowSecurity | T::AtNoForceRowSecurity
    )
}

/// Takes one of them down.
pub(super) fn command(
    work: &mut Work<'_>,
    table: &str,
    cmd: &AlterTableCmd,
    plan: &mut Plan,
) -> Result<(), Refuse> {
    policy::check_table(work, table)?;
    plan.secures = true;
    let (enabled, forced) = match cmd.subtype() {
        AlterTableType::AtEnableRowSecurity => (Some(true), None),
        AlterTableType::AtDisableRowSecurity => (Some(false), None),
        AlterTableType::AtForceRowSecurity => (None, Some(true)),
        _ => (None, Some(false)),
    };
    if enabled == Some(true) {
        refuse_update_actions(work, table)?;
        let views = work.catalog.readers(table);
        if !views.is_empty() {
            work.notes.push(format!(
                "the policies of {table} hold through {} too: views read with the rights of whoever asks",
                views.join(", ")
            ));
        }
    }
    if forced == Some(true)
        && let Some((function, _)) = work.catalog.functions.iter().find(|(_, f)| f.truncates)
    {
        return Err(policy::truncated(table, function));
    }
    if let Some(t) = work.catalog.tables.get_mut(table) {
        t.security.enabled = enabled.unwrap_or(t.security.enabled);
        t.security.forced = forced.unwrap_or(t.security.forced);
    }
    Ok(())
}

/// The trigger that stands in for ON UPDATE SET NULL changes rows with the rights of whoever updates; the server's own
/// action passes by policies.
fn refuse_update_actions(work: &Work<'_>, table: &str) -> Result<(), Refuse> {
    for constraint in &work.table(table)?.constraints {
        let ConstraintKind::Foreign { table: target, .. } = &constraint.kind else { continue };
        if work.table(target)?.update_triggers.contains_key(&constraint.name) {
            return Err(policy::update_action(table, &constraint.name));
        }
    }
    Ok(())
}
