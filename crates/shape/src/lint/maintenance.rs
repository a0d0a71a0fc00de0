//! LOCK, VACUUM FULL, CLUSTER, REINDEX, REFRESH MATERIALIZED VIEW.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    ClusterStmt, LockStmt, Node, RefreshMatViewStmt, ReindexObjectType, ReindexStmt, VacuumStmt,
};

use super::lock::{Hold, LockMode};
use super::rule::Rule;
use super::site::Site;
use super::world::{last_name, name_of};

/// LOCK TABLE.
pub(super) fn lock(site: &mut Site<'_>, stmt: &LockStmt) {
    // Modes are numbered from 1, in the order of their strength.
    let mode = match stmt.mode {
        1 => LockMode::AccessShare,
        2 => LockMode::RowShare,
        3 => LockMode::RowExclusive,
        4 => LockMode::ShareUpdateExclusive,
        5 => LockMode::Share,
        6 => LockMode::ShareRowExclusive,
        7 => LockMode::Exclusive,
        _ => LockMode::AccessExclusive,
    };
    for relation in &stmt.relations {
        let table = last_name(relation);
        site.lock(&table, mode, Hold::Moment);
        if site.is_live(&table) && mode >= LockMode::Share {
            site.find(
                Rule::LocksTable,
                format!("{} of {table} wait until the transaction ends", mode.stops()),
                "leave it out: each statement takes the lock that it needs",
            );
        }
    }
}

/// VACUUM and ANALYZE.
pub(super) fn vacuum(site: &mut Site<'_>, stmt: &VacuumStmt) {
    let full = has_option(&stmt.options, "full");
    let (mode, hold) = if full {
        (LockMode::AccessExclusive, Hold::Rewrite)
    } else {
        (LockMode::ShareUpdateExclusive, Hold::Scan)
    };
    let mut tables = Vec::new();
    for rel in &stmt.rels {
        if let Some(NodeEnum::VacuumRelation(rel)) = rel.node.as_ref() {
            tables.push(name_of(rel.relation.as_ref()));
        }
    }
    for table in &tables {
        site.lock(table, mode, hold);
    }
    let live = tables.is_empty() || tables.iter().any(|t| site.is_live(t));
    if full && live {
        blocking(
            site,
            "VACUUM FULL writes tables anew while reads and writes wait",
            "VACUUM without FULL; or pg_repack, outside of migrations",
        );
    }
}

/// CLUSTER.
pub(super) fn cluster(site: &mut Site<'_>, stmt: &ClusterStmt) {
    let table = name_of(stmt.relation.as_ref());
    site.lock(&table, LockMode::AccessExclusive, Hold::Rewrite);
    if site.is_live(&table) {
        blocking(
            site,
            "CLUSTER writes the table anew while reads and writes wait",
            "leave it out; pg_repack does it without the wait, outside of migrations",
        );
    }
}

/// REINDEX.
pub(super) fn reindex(site: &mut Site<'_>, stmt: &ReindexStmt) {
    let concurrent = has_option(&stmt.params, "concurrently");
    let named = name_of(stmt.relation.as_ref());
    let table = match stmt.kind() {
        ReindexObjectType::ReindexObjectIndex => {
            site.world.indexes.get(&named).map_or(named.clone(), |i| i.table.clone())
        }
        _ => named,
    };
    let mode = if concurrent { LockMode::ShareUpdateExclusive } else { LockMode::Share };
    site.lock(&table, mode, Hold::Build);
    if !concurrent && site.is_live(&table) {
        blocking(
            site,
            "writes wait while indexes are built anew, and reads that would use them",
            "REINDEX ... CONCURRENTLY, in a file of its own",
        );
    }
}

/// REFRESH MATERIALIZED VIEW.
pub(super) fn refresh(site: &mut Site<'_>, stmt: &RefreshMatViewStmt) {
    let view = name_of(stmt.relation.as_ref());
    let mode = if stmt.concurrent { LockMode::Exclusive } else { LockMode::AccessExclusive };
    site.lock(&view, mode, Hold::Rewrite);
    if !stmt.concurrent && site.is_live(&view) {
        blocking(
            site,
            "reads of the view wait while it is computed",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index",
        );
    }
}

fn blocking(site: &mut Site<'_>, message: &str, instead: &str) {
    site.find(Rule::BlockingMaintenance, message, instead);
}

fn has_option(options: &[Node], name: &str) -> bool {
    options.iter().any(|n| matches!(n.node.as_ref(), Some(NodeEnum::DefElem(e)) if e.defname == name))
}
