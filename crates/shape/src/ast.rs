//! Small helpers to read and build nodes of the parser's tree.

use pg_query::NodeEnum;
use pg_query::protobuf::{self, Node, a_const};

use crate::refuse::Refuse;

/// A node around this content.
pub(crate) fn node(content: NodeEnum) -> Node {
    Node { node: Some(content) }
}

/// A name in a list of names.
pub(crate) fn name_node(name: &str) -> Node {
    node(NodeEnum::String(protobuf::String { sval: name.to_owned() }))
}

/// Names as a list of nodes.
pub(crate) fn name_nodes<S: AsRef<str>>(names: &[S]) -> Vec<Node> {
    names.iter().map(|n| name_node(n.as_ref())).collect()
}

/// The names of a list of nodes.
pub(crate) fn names(nodes: &[Node]) -> Vec<String> {
    nodes.iter().filter_map(name_of).collect()
}

/// The name that a node is.
pub(crate) fn name_of(n: &Node) -> Option<String> {
    match n.node.as_ref()? {
        NodeEnum::String(s) => Some(s.sval.clone()),
        _ => None,
    }
}

/// The qualified name that a node stands for, as in `DROP TABLE a, b.c` or the object of `COMMENT ON`.
pub(crate) fn qualified_name(n: &Node) -> Vec<String> {
    match n.node.as_ref() {
        Some(NodeEnum::List(list)) => names(&list.items),
        Some(NodeEnum::String(s)) => vec![s.sval.clone()],
        Some(NodeEnum::TypeName(t)) => names(&t.names),
        Some(NodeEnum::ObjectWithArgs(o)) => names(&o.objname),
        Some(NodeEnum::RangeVar(r)) if r.schemaname.is_empty() => vec![r.relname.clone()],
        Some(NodeEnum::RangeVar(r)) => vec![r.schemaname.clone(), r.relname.clone()],
        _ => Vec::new(),
    }
}

/// Parses text that is known to be one statement.
pub(crate) fn parse_one(sql: &str) -> Result<NodeEnum, Refuse> {
    let broken = |why: String| {
        Refuse::all(
            format!("the rewritten statement does not parse ({why}): {sql}"),
            "report this statement: it is a defect of Tenantry",
        )
    };
    let parsed = pg_query::parse(sql, 0).map_err(|e| broken(crate::tokens::message(&e)))?;
    let mut stmts = parsed.protobuf.stmts.into_iter();
    match (stmts.next().and_then(|s| s.stmt).and_then(|s| s.node), stmts.next()) {
        (Some(stmt), None) => Ok(stmt),
        _ => Err(broken("it is not one statement".to_owned())),
    }
}

/// Parses text that is an expression.
pub(crate) fn parse_expression(sql: &str) -> Result<Node, Refuse> {
    if let NodeEnum::SelectStmt(select) = parse_one(&format!("SELECT {sql}"))?
        && let Some(Node { node: Some(NodeEnum::ResTarget(target)) }) = select.target_list.into_iter().next()
        && let Some(value) = target.val
    {
        return Ok(*value);
    }
    Err(Refuse::all(format!("{sql} is not an expression"), "correct the option current_tenant"))
}

/// The tree as JSON with all places taken out: what two texts must have in common to mean the same.
pub(crate) fn shape_of(stmt: &NodeEnum) -> serde_json::Value {
    let mut value = serde_json::to_value(stmt).unwrap_or_default();
    forget_places(&mut value);
    value
}

/// The fields of the parser's tree that hold places in the text.
const PLACES: [&str; 10] = [
    "location",
    "arg_location",
    "name_location",
    "stmt_location",
    "stmt_len",
    "rexpr_list_start",
    "rexpr_list_end",
    "list_start",
    "list_end",
    "cycle_location",
];

fn forget_places(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(map) => {
            map.retain(|key, _| !PLACES.contains(&key.as_str()));
            map.values_mut().for_each(forget_places);
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(forget_places),
        _ => {}
    }
}

/// Calls `visit` with the kind and the content of every node below.
pub(crate) fn walk<'v>(value: &'v serde_json::Value, visit: &mut dyn FnMut(&str, &'v serde_json::Value)) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, inner) in map {
                if inner.is_object() && key.starts_with(|c: char| c.is_ascii_uppercase()) {
                    visit(key, inner);
                }
                walk(inner, visit);
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|inner| walk(inner, visit)),
        _ => {}
    }
}

/// The distinct names of the columns that an expression reads, in the order met.
pub(crate) fn columns_read(expression: &Node) -> Vec<String> {
    let json = serde_json::to_value(expression).unwrap_or_default();
    let mut found = Vec::new();
    walk(&json, &mut |kind, content| {
        if kind == "ColumnRef"
            && let Some(fields) = content.get("fields").and_then(|f| f.as_array())
            && let Some(name) =
                fields.last().and_then(|f| f.pointer("/node/String/sval")).and_then(|v| v.as_str())
            && !found.iter().any(|f| f == name)
        {
            found.push(name.to_owned());
        }
    });
    found
}

/// The text or number of an option's value.
pub(crate) fn option_text(n: Option<&Node>) -> Option<String> {
    match n?.node.as_ref()? {
        NodeEnum::String(s) => Some(s.sval.clone()),
        NodeEnum::Integer(i) => Some(i.ival.to_string()),
        NodeEnum::Float(f) => Some(f.fval.clone()),
        NodeEnum::Boolean(b) => Some(b.boolval.to_string()),
        NodeEnum::TypeName(t) => names(&t.names).pop(),
        NodeEnum::AConst(c) => match c.val.as_ref()? {
            a_const::Val::Ival(i) => Some(i.ival.to_string()),
            a_const::Val::Fval(f) => Some(f.fval.clone()),
            a_const::Val::Sval(s) => Some(s.sval.clone()),
            a_const::Val::Boolval(b) => Some(b.boolval.to_string()),
            a_const::Val::Bsval(_) => None,
        },
        _ => None,
    }
}

/// A table of the app's schema, its children included.
pub(crate) fn relation(name: &str) -> protobuf::RangeVar {
    protobuf::RangeVar {
        relname: name.to_owned(),
        inh: true,
        relpersistence: "p".to_owned(),
        ..protobuf::RangeVar::default()
    }
}

/// A column definition from text that Tenantry composed.
pub(crate) fn parse_column(sql: &str) -> Result<protobuf::ColumnDef, Refuse> {
    if let NodeEnum::CreateStmt(create) = parse_one(&format!("CREATE TABLE t ({sql})"))?
        && let Some(Node { node: Some(NodeEnum::ColumnDef(column)) }) = create.table_elts.into_iter().next()
    {
        return Ok(*column);
    }
    Err(Refuse::all(format!("{sql} is not a column"), "report this: it is a defect of Tenantry"))
}

/// A table constraint from text that Tenantry composed.
pub(crate) fn parse_constraint(sql: &str) -> Result<protobuf::Constraint, Refuse> {
    if let NodeEnum::CreateStmt(create) = parse_one(&format!("CREATE TABLE t ({sql})"))?
        && let Some(Node { node: Some(NodeEnum::Constraint(constraint)) }) =
            create.table_elts.into_iter().next()
    {
        return Ok(*constraint);
    }
    Err(Refuse::all(format!("{sql} is not a constraint"), "report this: it is a defect of Tenantry"))
}

/// An index element from text that Tenantry composed.
pub(crate) fn parse_index_element(sql: &str) -> Result<Node, Refuse> {
    if let NodeEnum::IndexStmt(index) = parse_one(&format!("CREATE INDEX ON t ({sql})"))?
        && let Some(element) = index.index_params.into_iter().next()
    {
        return Ok(element);
    }
    Err(Refuse::all(format!("{sql} is not an index element"), "report this: it is a defect of Tenantry"))
}

/// The expression with a column under another name; none where it can't be printed.
pub(crate) fn renamed_in(expression: &Node, old: &str, new: &str) -> Option<Node> {
    let Ok(NodeEnum::SelectStmt(mut select)) = parse_one("SELECT 1") else { return None };
    if let Some(Node { node: Some(NodeEnum::ResTarget(target)) }) = select.target_list.first_mut() {
        target.val = Some(Box::new(expression.clone()));
    }
    let sql = crate::emit::print(&NodeEnum::SelectStmt(select)).ok()?;
    let json = serde_json::to_value(parse_one(&sql).ok()?).ok()?;
    let tokens = crate::tokens::Tokens::scan(&sql).ok()?;
    let mut edits = crate::tokens::Edits::default();
    walk(&json, &mut |kind, content| {
        let place = content.get("location").and_then(serde_json::Value::as_u64);
        if kind != "ColumnRef" || place.is_none() {
            return;
        }
        let start = place.and_then(|p| usize::try_from(p).ok()).unwrap_or_default();
        let first = tokens.list.iter().position(|t| t.range.start == start);
        if let Some((parts, next)) = first.and_then(|i| tokens.qualified(i))
            && parts.last().is_some_and(|p| p == old)
        {
            edits.replace(tokens.list[next - 1].range.clone(), crate::ident::quote(new));
        }
    });
    parse_expression(edits.apply(&sql).strip_prefix("SELECT ")?).ok()
}
