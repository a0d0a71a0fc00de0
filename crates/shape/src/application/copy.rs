//! COPY of a table without a list of columns gets one: the tenant column stands among the table's.

use pg_query::NodeEnum as N;

use super::{Rules, Statement};
use crate::ident;
use crate::tokens::Edits;

/// Writes the list out.
pub(super) fn write_columns(statement: &Statement<'_>, rules: &Rules, edits: &mut Edits) {
    let N::CopyStmt(copy) = &statement.node else { return };
    let Some(relation) = copy.relation.as_ref().filter(|_| copy.attlist.is_empty()) else { return };
    let Some(table) = rules.tables.by_name.get(&relation.relname).filter(|t| !t.global) else { return };
    let tokens = statement.tokens;
    let at = if tokens.is(statement.first + 1, "binary") && !tokens.symbol(statement.first + 2, '.') {
        // A table may be called so.
        let named =
            tokens.qualified(statement.first + 2).is_some_and(|(parts, _)| parts.last() == Some(&table.name));
        if named { statement.first + 2 } else { statement.first + 1 }
    } else {
        statement.first + 1
    };
    let Some((_, next)) = tokens.qualified(at) else { return };
    let columns: Vec<&str> = table.columns.iter().filter(|c| !c.generated).map(|c| c.name.as_str()).collect();
    edits.insert(tokens.list[next - 1].range.end, format!(" ({})", ident::quote_list(&columns)));
}
