//! CREATE INDEX and DROP INDEX.

use pg_query::protobuf::IndexStmt;

use super::constraint::dropped_key;
use super::lock::{Hold, LockMode};
use super::rule::Rule;
use super::site::Site;
use super::world::name_of;

/// CREATE INDEX.
pub(super) fn create(site: &mut Site<'_>, stmt: &IndexStmt) {
    let table = name_of(stmt.relation.as_ref());
    let exists = stmt.if_not_exists && site.world.indexes.contains_key(&stmt.idxname);
    if exists {
        return;
    }
    let only = stmt.relation.as_ref().is_some_and(|r| !r.inh);
    let partitioned = site.world.tables.get(&table).is_some_and(|t| t.partitioned);
    let (mode, hold) = match (stmt.concurrent, partitioned && only) {
        (true, _) => (LockMode::ShareUpdateExclusive, Hold::Build),
        (_, true) => (LockMode::Share, Hold::Moment),
        _ => (LockMode::Share, Hold::Build),
    };
    site.lock(&table, mode, hold);
    if stmt.concurrent || !site.is_live(&table) || partitioned && only {
        return;
    }
    let instead = if partitioned {
        "CREATE INDEX ... ON ONLY the table, CREATE INDEX CONCURRENTLY on each partition in files of their own, and ALTER INDEX ... ATTACH PARTITION"
    } else if stmt.unique {
        "CREATE UNIQUE INDEX CONCURRENTLY, in a file of its own"
    } else {
        "CREATE INDEX CONCURRENTLY, in a file of its own"
    };
    site.find(Rule::IndexNotConcurrent, format!("writes to {table} wait while the index is built"), instead);
}

/// DROP INDEX of one index.
pub(super) fn drop(site: &mut Site<'_>, name: &str, concurrent: bool, missing_ok: bool) {
    let index = site.world.indexes.get(name).cloned();
    if index.is_none() && missing_ok {
        return;
    }
    let table = index.as_ref().map_or(name, |i| i.table.as_str());
    if !site.is_live(table) || !site.is_live(name) {
        return;
    }
    let mode = if concurrent { LockMode::ShareUpdateExclusive } else { LockMode::AccessExclusive };
    site.lock(table, mode, Hold::Moment);
    if index.as_ref().is_some_and(|i| i.is_unique) {
        dropped_key(site, name);
    }
    if !concurrent {
        site.find(
            Rule::DropIndexNotConcurrent,
            format!("reads and writes of {table} wait for every transaction that uses it"),
            "DROP INDEX CONCURRENTLY, in a file of its own",
        );
    }
}
