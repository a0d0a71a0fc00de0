//! Privileges and roles: they are Tenantry's, so what a history says of them is left out with a note. No role is ever
//! made, so neither are the powers that a history gives one (`SUPERUSER`, `BYPASSRLS`); the note says that they are not.

use pg_query::NodeEnum;
use pg_query::protobuf::Node;

use super::{Output, Work};
use crate::ast;
use crate::refuse::Refuse;

/// Options of a role that pass by every boundary, as the parser calls them.
const POWERS: [&str; 5] = ["superuser", "bypassrls", "createrole", "createdb", "isreplication"];

/// Carries a GRANT, REVOKE, or a statement about roles; none: it is another statement.
pub(super) fn carry(work: &mut Work<'_>, stmt: &NodeEnum) -> Option<Result<Output, Refuse>> {
    match stmt {
        NodeEnum::GrantStmt(s) if s.is_grant => {}
        NodeEnum::GrantStmt(_) => {
            return Some(Ok(work.left_out("REVOKE is left out: what each role may do stands in [roles]")));
        }
        NodeEnum::AlterDefaultPrivilegesStmt(_) | NodeEnum::GrantRoleStmt(_) => {}
        NodeEnum::ReassignOwnedStmt(_) | NodeEnum::AlterOwnerStmt(_) => {
            return Some(Ok(work.left_out("OWNER TO is left out: objects belong to Tenantry's owner role")));
        }
        NodeEnum::CreateRoleStmt(s) => return Some(Ok(role(work, &s.role, &s.options))),
        NodeEnum::AlterRoleStmt(s) => {
            let name = s.role.as_ref().map(|r| r.rolename.clone()).unwrap_or_default();
            return Some(Ok(role(work, &name, &s.options)));
        }
        NodeEnum::AlterRoleSetStmt(_) | NodeEnum::DropRoleStmt(_) => {
            return Some(Ok(work.left_out("the role is left out: roles are Tenantry's, see [roles]")));
        }
        _ => return None,
    }
    Some(Ok(work.left_out("privileges are left out: Tenantry grants them by [roles]")))
}

/// Leaves a role out.
pub(super) fn role(work: &mut Work<'_>, name: &str, options: &[Node]) -> Output {
    let powers: Vec<String> = options.iter().filter_map(power).collect();
    let gets = match powers.is_empty() {
        true => String::new(),
        false => format!(", and nobody gets {}", powers.join(", ")),
    };
    work.left_out(format!("the role {name} is left out: roles are Tenantry's, see [roles]{gets}"))
}

/// The power that an option gives, as SQL writes it.
fn power(option: &Node) -> Option<String> {
    let Some(NodeEnum::DefElem(option)) = &option.node else { return None };
    let on = ast::option_text(option.arg.as_deref()).as_deref() == Some("true");
    let known = on && POWERS.contains(&option.defname.as_str());
    known.then(|| option.defname.trim_start_matches("is").to_ascii_uppercase())
}
