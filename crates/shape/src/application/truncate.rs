//! TRUNCATE empties a table for everybody, so it becomes DELETE of the tenant's rows: one statement, since a client's Parse
//! message may hold no more.

use pg_query::NodeEnum as N;
use pg_query::protobuf::{DropBehavior, Node, RangeVar, TruncateStmt};

use super::{Denial, Rules, Statement, Table};
use crate::ident;
use crate::model::SCHEMA_PLACEHOLDER;
use crate::tokens::Edits;

/// The tag that a client waits for.
pub(super) const TAG: &str = "TRUNCATE TABLE";

/// What is emptied: as it is written, and what is known of it.
struct Emptied<'r> {
    written: String,
    table: &'r Table,
}

/// Rewrites the statement; returns whether it is one of these.
pub(super) fn rewrite(statement: &Statement<'_>, rules: &Rules, edits: &mut Edits) -> Result<bool, Denial> {
    let N::TruncateStmt(stmt) = &statement.node else { return Ok(false) };
    let emptied = emptied(stmt, rules)?;
    for one in &emptied {
        check(one.table, &emptied, rules)?;
    }
    let list = &statement.tokens.list;
    if let (Some(first), Some(last)) =
        (list.get(statement.first), list[..statement.end].iter().rfind(|t| t.symbol != ';'))
    {
        edits.replace(first.range.start..last.range.end, composed(&emptied, stmt.restart_seqs));
    }
    Ok(true)
}

fn emptied<'r>(stmt: &TruncateStmt, rules: &'r Rules) -> Result<Vec<Emptied<'r>>, Denial> {
    let mut found = Vec::new();
    for relation in stmt.relations.iter().filter_map(range_var) {
        let table = rules.tables.by_name.get(&relation.relname).ok_or_else(|| {
            Denial::new(
                "42P01",
                format!("relation \"{}\" does not exist", relation.relname),
                "name a table of the app",
            )
        })?;
        let only = if relation.inh { "" } else { "ONLY " };
        let schema = match relation.schemaname.as_str() {
            "" => String::new(),
            schema => format!("{}.", ident::quote(schema)),
        };
        found.push(Emptied { written: format!("{only}{schema}{}", ident::quote(&table.name)), table });
    }
    let mut at = 0;
    while stmt.behavior() == DropBehavior::DropCascade && at < found.len() {
        for other in rules.tables.referring_to(&found[at].table.name) {
            if let Some(table) =
                rules.tables.by_name.get(other).filter(|t| found.iter().all(|f| f.table.name != t.name))
            {
                found.push(Emptied { written: ident::quote(&table.name), table });
            }
        }
        at += 1;
    }
    Ok(found)
}

fn range_var(node: &Node) -> Option<&RangeVar> {
    match node.node.as_ref()? {
        N::RangeVar(relation) => Some(relation),
        _ => None,
    }
}

/// What DELETE would do otherwise than TRUNCATE.
fn check(table: &Table, all: &[Emptied<'_>], rules: &Rules) -> Result<(), Denial> {
    let name = &table.name;
    if table.global {
        return Err(Denial::forbidden(
            format!("TRUNCATE of {name}, which belongs to all tenants"),
            "global tables are changed by migrations",
        ));
    }
    if table.acts_on_delete {
        return Err(Denial::unsupported(
            format!("TRUNCATE of {name}, whose triggers or rules on DELETE it would not start"),
            "use DELETE",
        ));
    }
    let other = rules.tables.referring_to(name).into_iter().find(|o| all.iter().all(|e| e.table.name != *o));
    match other {
        Some(other) => Err(Denial::unsupported(
            format!(
                "cannot truncate a table referenced in a foreign key constraint: table \"{other}\" references \"{name}\""
            ),
            format!("truncate table \"{other}\" at the same time, or use TRUNCATE ... CASCADE"),
        )),
        None => Ok(()),
    }
}

/// Keys are checked at the end of a statement, so that its tables may come in any order.
fn composed(emptied: &[Emptied<'_>], restart: bool) -> String {
    let Some((last, others)) = emptied.split_last() else { return String::new() };
    let mut with: Vec<String> = others
        .iter()
        .enumerate()
        .map(|(i, one)| format!("tenantry_emptied_{i} AS (DELETE FROM {})", one.written))
        .collect();
    let counters: Vec<String> =
        emptied.iter().filter(|_| restart).flat_map(|one| restarts(one.table)).collect();
    let mut condition = "";
    if !counters.is_empty() {
        with.push(format!("tenantry_restarted AS MATERIALIZED (SELECT {})", counters.join(", ")));
        // What nobody reads is not computed.
        condition = " WHERE (SELECT pg_catalog.count(*) FROM tenantry_restarted) > 0";
    }
    let with = if with.is_empty() { String::new() } else { format!("WITH {} ", with.join(", ")) };
    format!("{with}DELETE FROM {}{condition}", last.written)
}

fn restarts(table: &Table) -> impl Iterator<Item = String> {
    table.counters.iter().map(|counter| {
        let sequence = ident::literal(&format!("{SCHEMA_PLACEHOLDER}.{}", ident::quote(&counter.name)));
        format!("tenantry.set_value({sequence}, {}, false)", counter.start)
    })
}
