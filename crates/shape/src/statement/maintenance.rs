//! VACUUM, ANALYZE, CLUSTER, REINDEX, LOCK: in the shared shape once per database. Without a table they concern the
//! whole database, and run once in it whatever it holds.

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, ReindexObjectType};

use super::{Output, Work};
use crate::model::{Emitted, Scope};

/// Carries one of them.
pub(super) fn carry(work: &mut Work<'_>, stmt: &NodeEnum) -> Output {
    if let NodeEnum::ReindexStmt(s) = stmt
        && !matches!(s.kind(), ReindexObjectType::ReindexObjectIndex | ReindexObjectType::ReindexObjectTable)
    {
        return work.left_out("REINDEX of a schema or a database is left out: it is the operator's");
    }
    let transactional = match stmt {
        NodeEnum::VacuumStmt(s) => !s.is_vacuumcmd,
        NodeEnum::ReindexStmt(s) => !s.params.iter().any(is_concurrently),
        NodeEnum::ClusterStmt(s) => s.relation.is_some(),
        _ => true,
    };
    let whole = match stmt {
        NodeEnum::VacuumStmt(s) => s.rels.is_empty(),
        NodeEnum::ClusterStmt(s) => s.relation.is_none(),
        NodeEnum::CheckPointStmt(_) => true,
        _ => false,
    };
    let named = super::tables_named(&serde_json::to_value(stmt).unwrap_or_default());
    let global = !named.is_empty() && named.iter().all(|name| work.is_global(name));
    let scope = if whole || global { Scope::Database } else { Scope::Tenant };
    let emitted = |sql: &String, scope| Emitted { sql: sql.clone(), scope, transactional };
    Output { shared: vec![emitted(&work.shared, Scope::Database)], plain: vec![emitted(&work.plain, scope)] }
}

fn is_concurrently(n: &Node) -> bool {
    matches!(&n.node, Some(NodeEnum::DefElem(d)) if d.defname == "concurrently")
}
