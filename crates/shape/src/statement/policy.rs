//! CREATE, ALTER and DROP POLICY: the app's own row-level security. In the shared shape such a policy chooses among the
//! rows of one tenant; the tenant's policy beside it is restrictive, so that none of the app's can widen it.

use std::collections::BTreeSet;

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterPolicyStmt, CreatePolicyStmt, DropStmt, Node, RenameStmt, RoleSpec, RoleSpecType,
};

use super::{Output, Work, rls};
use crate::ast;
use crate::catalog::{Mentions, Policy};
use crate::emit;
use crate::model::{Emitted, Scope};
use crate::refuse::Refuse;

/// Carries a CREATE POLICY.
pub(crate) fn create(work: &mut Work<'_>, stmt: &CreatePolicyStmt) -> Result<Output, Refuse> {
    let table = work.own_name(stmt.table.as_ref())?;
    check_table(work, &table)?;
    check_name(&stmt.policy_name)?;
    let names_roles = stand_in(work, &stmt.roles)?;
    let rests = !work.catalog.is_secured(&table);
    let record = Policy {
        name: stmt.policy_name.clone(),
        rests,
        using: Mentions::of(stmt.qual.as_deref()),
        check: Mentions::of(stmt.with_check.as_deref()),
    };
    let Some(t) = work.catalog.tables.get_mut(&table) else { return Err(unknown_table(&table)) };
    if t.security.policy(&record.name).is_some() {
        return Err(Refuse::duplicate(
            format!("a policy {} of table {table}", record.name),
            "give the policy another name",
        ));
    }
    t.security.policies.push(record);
    let mut plain = work.plain_text(false);
    let mut own = Emitted { sql: work.shared.clone(), scope: Scope::Database, transactional: true };
    if names_roles && let NodeEnum::CreatePolicyStmt(mut s) = ast::parse_one(&work.plain)? {
        s.roles = vec![role(PUBLIC)];
        plain.sql = emit::print(&NodeEnum::CreatePolicyStmt(s))?;
    }
    if names_roles || rests {
        let roles = vec![role(if rests { rls::NOBODY } else { PUBLIC })];
        let stmt = CreatePolicyStmt { roles, ..stmt.clone() };
        own.sql = emit::print(&NodeEnum::CreatePolicyStmt(Box::new(stmt)))?;
    }
    let mut shared = rls::settle(work, &table)?;
    shared.push(own);
    Ok(Output { shared, plain: vec![plain] })
}

/// Carries an ALTER POLICY; RENAME is [`rename`].
pub(crate) fn alter(work: &mut Work<'_>, stmt: &AlterPolicyStmt) -> Result<Output, Refuse> {
    let table = work.own_name(stmt.table.as_ref())?;
    check_table(work, &table)?;
    let names_roles = stand_in(work, &stmt.roles)?;
    let policy = find(work, &table, &stmt.policy_name)?;
    let rests = policy.rests;
    if stmt.qual.is_some() {
        policy.using = Mentions::of(stmt.qual.as_deref());
    }
    if stmt.with_check.is_some() {
        policy.check = Mentions::of(stmt.with_check.as_deref());
    }
    let mut output = work.as_written(false);
    if names_roles && let NodeEnum::AlterPolicyStmt(mut s) = ast::parse_one(&work.plain)? {
        s.roles = vec![role(PUBLIC)];
        output.plain =
            vec![Emitted { sql: emit::print(&NodeEnum::AlterPolicyStmt(s))?, ..work.plain_text(false) }];
    }
    if !stmt.roles.is_empty() && (names_roles || rests) {
        let roles = vec![role(if rests { rls::NOBODY } else { PUBLIC })];
        let stmt = AlterPolicyStmt { roles, ..stmt.clone() };
        output.shared = vec![emit::tree(&NodeEnum::AlterPolicyStmt(Box::new(stmt)), Scope::Database)?];
    }
    Ok(output)
}

/// Carries an ALTER POLICY ... RENAME.
pub(super) fn rename(work: &mut Work<'_>, stmt: &RenameStmt) -> Result<Output, Refuse> {
    let table = work.own_name(stmt.relation.as_ref())?;
    check_table(work, &table)?;
    check_name(&stmt.newname)?;
    find(work, &table, &stmt.subname)?.name.clone_from(&stmt.newname);
    Ok(work.as_written(false))
}

/// Carries a DROP POLICY.
pub(super) fn drop(work: &mut Work<'_>, stmt: &DropStmt) -> Result<Output, Refuse> {
    let mut output = work.as_written(false);
    for object in &stmt.objects {
        let mut parts = ast::qualified_name(object);
        let policy = parts.pop().unwrap_or_default();
        let table = work.own_object(&parts)?;
        check_name(&policy)?;
        if !work.catalog.tables.contains_key(&table) && stmt.missing_ok {
            continue;
        }
        check_table(work, &table)?;
        match find(work, &table, &policy) {
            Ok(_) => {}
            Err(_) if stmt.missing_ok => continue,
            Err(refuse) => return Err(refuse),
        }
        if let Some(t) = work.catalog.tables.get_mut(&table) {
            t.security.policies.retain(|p| p.name != policy);
        }
        output.shared.extend(rls::settle(work, &table)?);
    }
    Ok(output)
}

/// Refuses what can't have policies, or none that the app chooses.
pub(super) fn check_table(work: &Work<'_>, table: &str) -> Result<(), Refuse> {
    let t = work.table(table)?;
    if t.global {
        return Err(Refuse::all(
            format!(
                "the global table {table} is read by the tenants of every isolation, and none of them writes it"
            ),
            "leave its row-level security out, or take the table out of [tables] global",
        ));
    }
    if t.materialized {
        return Err(Refuse::all(
            format!("{table} is a materialized view, which knows no row-level security"),
            "put the policy on the tables that it reads",
        ));
    }
    Ok(())
}

/// Said where a function empties tables, and policies would hold its DELETE back.
pub(super) fn truncated(table: &str, function: &str) -> Refuse {
    Refuse::shared(
        format!(
            "the function {function} runs TRUNCATE, which passes by the forced policies of {table}; shared tables are emptied by DELETE, which does not"
        ),
        "leave FORCE out: it binds the owner alone, or use DELETE in the function",
    )
}

/// Said where a foreign key's action would have to pass by policies.
pub(super) fn update_action(table: &str, key: &str) -> Refuse {
    Refuse::shared(
        format!("the foreign key {key} sets columns ON UPDATE in {table}, past the policies of that table"),
        "make it ON UPDATE NO ACTION and let the application set the columns, or leave row-level security out",
    )
}

fn check_name(name: &str) -> Result<(), Refuse> {
    if [rls::POLICY, rls::RESTRICTIVE, rls::COMPANION].contains(&name) {
        return Err(Refuse::all(
            format!("the policy {name} is Tenantry's: it keeps the tenants apart"),
            "give yours another name, and leave that one alone",
        ));
    }
    if name < rls::RESTRICTIVE {
        return Err(Refuse::all(
            format!("the policy \"{name}\" would be asked before the tenants' own, in the order of names"),
            "give it a name that begins with a letter",
        ));
    }
    Ok(())
}

fn find<'w>(work: &'w mut Work<'_>, table: &str, name: &str) -> Result<&'w mut Policy, Refuse> {
    check_name(name)?;
    let policy = work.catalog.tables.get_mut(table).and_then(|t| t.security.policy(name));
    policy.ok_or_else(|| Refuse::unknown(format!("policy {name} of table {table}")))
}

fn unknown_table(table: &str) -> Refuse {
    Refuse::unknown(format!("table {table}"))
}

const PUBLIC: &str = "public";

fn role(name: &str) -> Node {
    let kind = if name == PUBLIC { RoleSpecType::RolespecPublic } else { RoleSpecType::RolespecCstring };
    let rolename = if name == PUBLIC { String::new() } else { name.to_owned() };
    ast::node(NodeEnum::RoleSpec(RoleSpec { roletype: kind.into(), rolename, ..RoleSpec::default() }))
}

/// Whether the policy is for roles of the app's. A tenant has one login, which then stands for a role that every policy
/// is for: policies for others would be dead, or open rows that they are not to open.
fn stand_in(work: &mut Work<'_>, roles: &[Node]) -> Result<bool, Refuse> {
    let mut named = BTreeSet::new();
    for node in roles {
        let Some(NodeEnum::RoleSpec(spec)) = &node.node else { continue };
        match spec.roletype() {
            RoleSpecType::RolespecPublic => return Ok(false),
            RoleSpecType::RolespecCstring => {
                named.insert(spec.rolename.clone());
            }
            _ => {
                return Err(Refuse::all(
                    "the policy is for the role that runs the migrations, which is Tenantry's",
                    "write TO PUBLIC, or name the role that the application logs in as",
                ));
            }
        }
    }
    if named.is_empty() {
        return Ok(false);
    }
    let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    if let Err(before) = work.catalog.narrow_login(&named) {
        return Err(Refuse::all(
            format!(
                "the policy is for {}, the policies before it are for {}: a tenant has one login, which can stand for one role",
                list(&named),
                list(&before)
            ),
            "write TO PUBLIC, and ask in the expression who it is; or leave the policies of the other roles out",
        ));
    }
    let login = work.catalog.login_roles.as_ref().map(list).unwrap_or_default();
    work.notes.push(format!("the policy is for everyone: the tenants' login stands for {login}"));
    Ok(true)
}
