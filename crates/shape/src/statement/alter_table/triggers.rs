//! ENABLE and DISABLE of triggers and rules.

use pg_query::protobuf::{AlterTableCmd, AlterTableType};

use super::Plan;
use crate::ident;
use crate::refuse::Refuse;
use crate::statement::{Work, identity, once};

/// Carries one of them.
pub(super) fn carry(
    work: &mut Work<'_>,
    table: &str,
    mut cmd: AlterTableCmd,
    plan: &mut Plan,
) -> Result<(), Refuse> {
    use AlterTableType as T;
    let all = all_to_user(&mut cmd) || matches!(cmd.subtype(), T::AtEnableTrigUser | T::AtDisableTrigUser);
    let disables = matches!(cmd.subtype(), T::AtDisableTrigUser | T::AtDisableTrig | T::AtDisableRule);
    let of_rule = matches!(
        cmd.subtype(),
        T::AtEnableRule | T::AtDisableRule | T::AtEnableAlwaysRule | T::AtEnableReplicaRule
    );
    if of_rule {
        let rules = work.catalog.tables.get_mut(table).map(|t| &mut t.rules);
        rules.into_iter().flatten().filter(|r| r.name == cmd.name).for_each(|r| r.disabled = disables);
    } else {
        rest(work, table, (!all).then_some(cmd.name.as_str()), disables);
    }
    plan.cmds.push(cmd);
    if all && disables { keep_own_triggers(work, table, plan) } else { Ok(()) }
}

/// `TRIGGER ALL` needs a superuser.
pub(super) fn all_to_user(cmd: &mut AlterTableCmd) -> bool {
    let user = match cmd.subtype() {
        AlterTableType::AtEnableTrigAll => AlterTableType::AtEnableTrigUser,
        AlterTableType::AtDisableTrigAll => AlterTableType::AtDisableTrigUser,
        _ => return false,
    };
    cmd.set_subtype(user);
    true
}

/// Notes which triggers rest.
fn rest(work: &mut Work<'_>, table: &str, only: Option<&str>, disabled: bool) {
    for member in work.catalog.family(table) {
        let Some(t) = work.catalog.tables.get_mut(&member) else { continue };
        for trigger in t.triggers.iter_mut().filter(|t| only.is_none_or(|name| t.name == name)) {
            trigger.disabled = disabled;
        }
    }
}

/// The sentinels of identity columns must still be replaced while the app's triggers rest, and actions of foreign keys done.
fn keep_own_triggers(work: &Work<'_>, table: &str, plan: &mut Plan) -> Result<(), Refuse> {
    let table_of = work.table(table)?;
    let identities = table_of.columns.iter().filter(|c| c.identity.is_some());
    let own = identities.map(|c| identity::trigger_name(&c.name)).chain(table_of.guards.keys().cloned());
    for trigger in own.map(|name| ident::quote(&name)) {
        plan.after.push(once(format!("ALTER TABLE {} ENABLE TRIGGER {trigger}", ident::quote(table)))?);
    }
    Ok(())
}
