//! Which kind of statement is looked at where.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterDomainStmt, ConstrType, CreateStmt, Node};

use super::lock::{Hold, LockMode};
use super::rule::Rule;
use super::site::Site;
use super::world::{last_name, name_of};
use super::{alter_table, data, drop, index, maintenance, policy, rename};
use crate::ast;

/// Looks at a statement.
pub(super) fn examine(site: &mut Site<'_>, node: &NodeEnum) {
    match node {
        NodeEnum::CreateStmt(s) => create_table(site, s),
        NodeEnum::AlterTableStmt(s) => alter_table::examine(site, s),
        NodeEnum::IndexStmt(s) => index::create(site, s),
        NodeEnum::DropStmt(s) => drop::examine(site, s),
        NodeEnum::RenameStmt(s) => rename::examine(site, s),
        NodeEnum::AlterEnumStmt(s) => rename::enum_value(site, s),
        NodeEnum::AlterObjectSchemaStmt(s) => rename::schema(site, s),
        NodeEnum::AlterDomainStmt(s) => domain(site, s),
        NodeEnum::CreateTrigStmt(s) => {
            site.lock(&name_of(s.relation.as_ref()), LockMode::ShareRowExclusive, Hold::Moment);
        }
        NodeEnum::CreatePolicyStmt(s) => policy::create(site, s),
        NodeEnum::AlterPolicyStmt(s) => {
            site.lock(&name_of(s.table.as_ref()), LockMode::AccessExclusive, Hold::Moment);
        }
        NodeEnum::TruncateStmt(s) => data::truncate(site, s),
        NodeEnum::UpdateStmt(s) => data::update(site, s),
        NodeEnum::DeleteStmt(s) => data::delete(site, s),
        NodeEnum::InsertStmt(s) => {
            site.lock(&name_of(s.relation.as_ref()), LockMode::RowExclusive, Hold::Rows);
        }
        NodeEnum::CopyStmt(s) if s.is_from => {
            site.lock(&name_of(s.relation.as_ref()), LockMode::RowExclusive, Hold::Rows);
        }
        NodeEnum::LockStmt(s) => maintenance::lock(site, s),
        NodeEnum::VacuumStmt(s) => maintenance::vacuum(site, s),
        NodeEnum::ClusterStmt(s) => maintenance::cluster(site, s),
        NodeEnum::ReindexStmt(s) => maintenance::reindex(site, s),
        NodeEnum::RefreshMatViewStmt(s) => maintenance::refresh(site, s),
        _ => {}
    }
}

/// A new table locks those that it refers to, and its parent.
fn create_table(site: &mut Site<'_>, stmt: &CreateStmt) {
    let foreign = |n: &Node| match n.node.as_ref() {
        Some(NodeEnum::Constraint(c)) if c.contype() == ConstrType::ConstrForeign => {
            Some(name_of(c.pktable.as_ref()))
        }
        _ => None,
    };
    for element in &stmt.table_elts {
        let mut referred: Vec<String> = foreign(element).into_iter().collect();
        if let Some(NodeEnum::ColumnDef(column)) = element.node.as_ref() {
            referred.extend(column.constraints.iter().filter_map(foreign));
        }
        for table in referred {
            // To itself it has no other lock than that of its making.
            if table != name_of(stmt.relation.as_ref()) {
                site.lock(&table, LockMode::ShareRowExclusive, Hold::Moment);
            }
        }
    }
    for parent in &stmt.inh_relations {
        let mode =
            if stmt.partbound.is_some() { LockMode::AccessExclusive } else { LockMode::ShareUpdateExclusive };
        site.lock(&last_name(parent), mode, Hold::Moment);
    }
}

fn domain(site: &mut Site<'_>, stmt: &AlterDomainStmt) {
    let name = ast::names(&stmt.type_name).pop().unwrap_or_default();
    let valid = match stmt.def.as_ref().and_then(|d| d.node.as_ref()) {
        Some(NodeEnum::Constraint(c)) => !c.skip_validation,
        _ => true,
    };
    let scans = matches!(stmt.subtype.as_str(), "C" | "O") && valid;
    if scans && site.is_live(&name) {
        site.find(
            Rule::DomainScan,
            format!("every table with a column of domain {name} is read while writes to it wait"),
            "ADD CONSTRAINT ... NOT VALID here, and ALTER DOMAIN ... VALIDATE CONSTRAINT in a later file",
        );
    }
}
