//! Whether a judgement holds for every text of its outline: for whatever strings, numbers and comments stand in the places of
//! its own. Where a value has any say in it, even one that happens to change nothing in this text, it does not.

use pg_query::NodeEnum as N;
use pg_query::protobuf::VariableSetKind as Kind;
use serde_json::Value;
use tenantry_domain::Isolation;

use super::{Edit, Effects, Rules, Statement, calls, tree};
use crate::tokens::Tokens;

/// Words beside which a string may name a schema or a relation that is rewritten.
const NAMING: [&str; 16] = [
    "constraint_schema",
    "currval",
    "nextval",
    "nspname",
    "pg_get_serial_sequence",
    "pg_relation_size",
    "pg_total_relation_size",
    "routine_schema",
    "schema_name",
    "schemaname",
    "sequence_schema",
    "setval",
    "table_schema",
    "to_regclass",
    "unaccent",
    // The character that says how a quoted name is to be read is a string.
    "uescape",
];

/// Whether no value has a say, as far as the statements tell.
pub(super) fn holds(tokens: &Tokens<'_>, statements: &[Statement<'_>], rules: &Rules) -> bool {
    !tokens.list.iter().any(|t| !t.is_quoted && NAMING.contains(&t.name.as_str()))
        && !(0..tokens.list.len()).any(|i| cast_to_name(tokens, i))
        && !statements.iter().any(|s| value_decides(s, rules))
}

/// `'public.t'::regclass`.
fn cast_to_name(tokens: &Tokens<'_>, i: usize) -> bool {
    let named = tokens.list.get(i + 2).is_some_and(|t| t.name.starts_with("reg") || t.name == "pg_catalog");
    tokens.list[i].is_string && tokens.written(i + 1) == "::" && named
}

fn value_decides(statement: &Statement<'_>, rules: &Rules) -> bool {
    // However its name is written.
    if calls::sets_config(statement) {
        return true;
    }
    match &statement.node {
        N::VariableSetStmt(s) => {
            !matches!(s.kind(), Kind::VarReset | Kind::VarResetAll | Kind::VarSetDefault)
        }
        N::AlterRoleSetStmt(_) | N::AlterDatabaseSetStmt(_) | N::CopyStmt(_) => true,
        _ => rules.isolation == Isolation::Shared && groups_by_number(&statement.json),
    }
}

/// `GROUP BY 1`: the number says which column.
fn groups_by_number(json: &Value) -> bool {
    let mut found = false;
    tree::each(json, &mut |key, value| {
        if key == "group_clause" {
            let items = value.as_array().into_iter().flatten();
            found |= items.into_iter().any(|item| item.pointer("/node/AConst").is_some());
        }
    });
    found
}

/// Whether an edit or the place of a name overlaps a value: a constant of digits, a string or a comment, or a part of one.
pub(super) fn touches_values(text: &str, edits: &[Edit], effects: &Effects) -> bool {
    let in_value = |range: std::ops::Range<usize>| {
        let written = text.get(range).unwrap_or_default();
        written.contains(|c: char| c == '\'' || c.is_ascii_digit())
            || written.contains("--")
            || written.contains("/*")
    };
    edits.iter().any(|e| in_value(e.range.clone())) || effects.prepared.iter().any(|p| p.at.is_empty())
}
