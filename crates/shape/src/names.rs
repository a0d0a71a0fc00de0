//! The server's automatic names: how PostgreSQL calls keys, checks, indexes and sequences that the text does
//! not name. Follows `makeObjectName`, `ChooseRelationName`, `ChooseConstraintName` and `ChooseIndexName` of
//! the server's sources, so that a later migration finds an object under the name it had in a plain run.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, AExprKind, MinMaxOp, Node, SqlValueFunctionOp, SubLinkType};

use crate::ast;

/// Longest identifier, in bytes (`NAMEDATALEN` - 1).
pub(crate) const NAME_BYTES_MAX: usize = 63;

/// The longest prefix of at most `bytes` bytes that ends between two characters.
pub(crate) fn clip(name: &str, bytes: usize) -> &str {
    let mut end = bytes.min(name.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

/// `table_addition_label`, shortened to fit: the longer of the first two parts gives way first.
pub(crate) fn make_object_name(table: &str, addition: Option<&str>, label: &str) -> String {
    let mut overhead = label.len() + 1;
    let mut first = table.len();
    let mut second = 0;
    if let Some(addition) = addition {
        second = addition.len();
        overhead += 1;
    }
    let room = NAME_BYTES_MAX.saturating_sub(overhead);
    while first + second > room {
        if first > second {
            first -= 1;
        } else {
            second -= 1;
        }
    }
    let mut name = clip(table, first).to_owned();
    if let Some(addition) = addition {
        name.push('_');
        name.push_str(clip(addition, second));
    }
    name.push('_');
    name.push_str(label);
    name
}

/// The first name of the series `.._label`, `.._label1`, ... that is not taken.
pub(crate) fn choose(
    table: &str,
    addition: Option<&str>,
    label: &str,
    is_taken: impl Fn(&str) -> bool,
) -> String {
    let mut pass = 0;
    let mut name = make_object_name(table, addition, label);
    while is_taken(&name) {
        pass += 1;
        name = make_object_name(table, addition, &format!("{label}{pass}"));
    }
    name
}

/// Column names joined for the middle of a name; the server stops once the text is long enough.
pub(crate) fn addition<S: AsRef<str>>(columns: &[S]) -> String {
    let mut joined = String::new();
    for column in columns {
        if !joined.is_empty() {
            joined.push('_');
        }
        joined.push_str(clip(column.as_ref(), NAME_BYTES_MAX));
        if joined.len() > NAME_BYTES_MAX {
            break;
        }
    }
    joined
}

/// The names of an index's columns; a name that comes twice gets a number.
pub(crate) fn index_columns(origins: &[String]) -> Vec<String> {
    let mut chosen: Vec<String> = Vec::new();
    for origin in origins {
        let mut name = origin.clone();
        let mut i = 1;
        while chosen.contains(&name) {
            let number = i.to_string();
            name = format!("{}{number}", clip(origin, NAME_BYTES_MAX - number.len()));
            i += 1;
        }
        chosen.push(name);
    }
    chosen
}

/// The name that the server gives to an expression's column (`FigureColname`); none: it has none of its own.
pub(crate) fn of_expression(expression: &Node) -> Option<String> {
    figure(expression).map(|(name, _)| name)
}

/// The name and how good it is: 2 for a column or function, 1 for a type that the value is cast to.
fn figure(expression: &Node) -> Option<(String, u8)> {
    let strong = |name: &str| Some((name.to_owned(), 2));
    match expression.node.as_ref()? {
        NodeEnum::ColumnRef(c) => c.fields.iter().rev().find_map(ast::name_of).map(|n| (n, 2)),
        NodeEnum::AIndirection(i) => match i.indirection.iter().rev().find_map(ast::name_of) {
            Some(name) => Some((name, 2)),
            None => figure(i.arg.as_deref()?),
        },
        NodeEnum::FuncCall(f) => ast::names(&f.funcname).pop().map(|n| (n, 2)),
        NodeEnum::AExpr(e) if e.kind() == AExprKind::AexprNullif => strong("nullif"),
        NodeEnum::TypeCast(t) => {
            let inner = t.arg.as_deref().and_then(figure);
            if inner.as_ref().is_some_and(|(_, strength)| *strength > 1) {
                return inner;
            }
            t.type_name.as_ref().and_then(|t| ast::names(&t.names).pop()).map(|n| (n, 1)).or(inner)
        }
        NodeEnum::CollateClause(c) => figure(c.arg.as_deref()?),
        NodeEnum::GroupingFunc(_) => strong("grouping"),
        NodeEnum::MergeSupportFunc(_) => strong("merge_action"),
        NodeEnum::SubLink(s) => sublink_name(s),
        NodeEnum::CaseExpr(c) => {
            let inner = c.defresult.as_deref().and_then(figure);
            if inner.as_ref().is_some_and(|(_, strength)| *strength > 1) {
                inner
            } else {
                Some(("case".to_owned(), 1))
            }
        }
        NodeEnum::AArrayExpr(_) => strong("array"),
        NodeEnum::RowExpr(_) => strong("row"),
        NodeEnum::CoalesceExpr(_) => strong("coalesce"),
        NodeEnum::MinMaxExpr(m) if m.op() == MinMaxOp::IsGreatest => strong("greatest"),
        NodeEnum::MinMaxExpr(_) => strong("least"),
        NodeEnum::SqlvalueFunction(v) => sql_value_name(v.op()).and_then(strong),
        NodeEnum::XmlExpr(_) => None,
        NodeEnum::XmlSerialize(_) => strong("xmlserialize"),
        _ => None,
    }
}

fn sublink_name(s: &protobuf::SubLink) -> Option<(String, u8)> {
    match s.sub_link_type() {
        SubLinkType::ExistsSublink => Some(("exists".to_owned(), 2)),
        SubLinkType::ArraySublink => Some(("array".to_owned(), 2)),
        SubLinkType::ExprSublink => {
            let NodeEnum::SelectStmt(select) = s.subselect.as_deref()?.node.as_ref()? else { return None };
            let NodeEnum::ResTarget(target) = select.target_list.first()?.node.as_ref()? else { return None };
            if target.name.is_empty() {
                figure(target.val.as_deref()?)
            } else {
                Some((target.name.clone(), 2))
            }
        }
        _ => None,
    }
}

fn sql_value_name(op: SqlValueFunctionOp) -> Option<&'static str> {
    use SqlValueFunctionOp as Op;
    Some(match op {
        Op::SvfopCurrentDate => "current_date",
        Op::SvfopCurrentTime | Op::SvfopCurrentTimeN => "current_time",
        Op::SvfopCurrentTimestamp | Op::SvfopCurrentTimestampN => "current_timestamp",
        Op::SvfopLocaltime | Op::SvfopLocaltimeN => "localtime",
        Op::SvfopLocaltimestamp | Op::SvfopLocaltimestampN => "localtimestamp",
        Op::SvfopCurrentRole => "current_role",
        Op::SvfopCurrentUser => "current_user",
        Op::SvfopUser => "user",
        Op::SvfopSessionUser => "session_user",
        Op::SvfopCurrentCatalog => "current_catalog",
        Op::SvfopCurrentSchema => "current_schema",
        Op::SqlvalueFunctionOpUndefined => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_shortened_as_the_server_does() {
        // Taken from PostgreSQL 15, which chose these for the same tables.
        let long = "aVeryLongTableNameThatGoesOnAndOnUntilItIsTooLongForAName1234";
        let check = |table: &str, middle: Option<&str>, label: &str, expect: &str| {
            assert_eq!(make_object_name(table, middle, label), expect);
        };
        check(long, Some("b"), "key", "aVeryLongTableNameThatGoesOnAndOnUntilItIsTooLongForAName_b_key");
        check(long, None, "pkey", "aVeryLongTableNameThatGoesOnAndOnUntilItIsTooLongForAName1_pkey");
        check(
            long,
            Some("someQuiteLongColumnNameThatIsAlsoLong"),
            "seq",
            "aVeryLongTableNameThatGoesOnA_someQuiteLongColumnNameThatIs_seq",
        );
        check(
            long,
            Some(&addition(&index_columns(&["b", "b", "expr", "expr"].map(str::to_owned)))),
            "idx1",
            "aVeryLongTableNameThatGoesOnAndOnUntilItIs_b_b1_expr_expr1_idx1",
        );
    }

    proptest! {
        #[test]
        fn a_name_fits_and_keeps_its_label(table in "\\PC{1,63}", middle in "\\PC{1,63}", label in "[a-z]{3,5}[0-9]{0,2}") {
            let name = make_object_name(&table, Some(&middle), &label);
            prop_assert!(name.len() <= NAME_BYTES_MAX);
            let suffix = format!("_{label}");
            prop_assert!(name.ends_with(&suffix));
            if table.len() + middle.len() + label.len() + 2 <= NAME_BYTES_MAX {
                prop_assert_eq!(name, format!("{table}_{middle}_{label}"));
            } else {
                // At most one character of up to four bytes is lost on each side beyond what must go.
                prop_assert!(name.len() + 6 >= NAME_BYTES_MAX.min(table.len() + middle.len() + label.len() + 2));
            }
        }

        #[test]
        fn a_chosen_name_is_free(table in "[a-z]{1,60}", taken in 0usize..12) {
            let names: Vec<String> = (0..taken)
                .map(|i| make_object_name(&table, Some("c"), &if i == 0 { "key".to_owned() } else { format!("key{i}") }))
                .collect();
            let chosen = choose(&table, Some("c"), "key", |n| names.iter().any(|t| t == n));
            prop_assert!(!names.contains(&chosen));
            prop_assert!(chosen.len() <= NAME_BYTES_MAX);
        }
    }
}
