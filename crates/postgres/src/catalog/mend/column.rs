//! Columns: added with their table's statement, dropped, and changed in their place.

use super::Step;
use super::plan::Known;
use crate::catalog::inspect::ColumnFacts;
use crate::ident::quote_literal;

const USING: &str = " USING ";

/// Whether one of these statements gives a column another type.
pub(super) fn rewrites(steps: &[Step]) -> bool {
    steps.iter().any(|s| s.sql.starts_with("ALTER TABLE ") && s.sql.contains(USING))
}

pub(super) fn drop(known: &Known<'_>, again: bool) -> Option<Step> {
    let facts = known.script.column.as_ref()?;
    let (table, name) = (&facts.table, &facts.name);
    if !facts.of_table {
        return Some(Step::new(format!("ALTER VIEW {table} ALTER COLUMN {name} DROP DEFAULT")));
    }
    let sql = format!("ALTER TABLE {table} DROP COLUMN {name}");
    Some(match facts {
        // Goes with its parent's.
        _ if facts.inherited => return None,
        _ if facts.generated && again => Step::new(sql),
        _ => Step::losing(sql, "the values of the column"),
    })
}

pub(super) fn drop_default(found: Option<&Known<'_>>) -> Option<Step> {
    let facts = found?.script.column.as_ref()?;
    Some(Step::new(format!("{} DROP DEFAULT", alter(facts))))
}

pub(super) fn set_default(expected: Option<&Known<'_>>, found: Option<&Known<'_>>) -> Option<Step> {
    let facts = expected?.script.column.as_ref()?;
    // Where the default differed too, the change of the column has set it.
    let same = found?.script.column.as_ref()?.expression == facts.expression;
    let expression = facts.expression.as_ref().filter(|_| same)?;
    Some(Step::new(format!("{} SET DEFAULT {expression}", alter(facts))))
}

fn alter(facts: &ColumnFacts) -> String {
    let word = if facts.of_table { "TABLE" } else { "VIEW" };
    format!("ALTER {word} {} ALTER COLUMN {}", facts.table, facts.name)
}

/// The statements that turn the column found into the one expected; none where it has to be made again.
pub(super) fn change(expected: Known<'_>, found: Known<'_>) -> Option<Vec<Step>> {
    let (Some(new), Some(old)) = (expected.script.column.as_ref(), found.script.column.as_ref()) else {
        return None;
    };
    if new.generated && (!old.generated || new.expression != old.expression || new.typ != old.typ) {
        return None;
    }
    let mut steps = Vec::new();
    let alter = alter(new);
    if old.generated && !new.generated {
        steps.push(Step::new(format!("{alter} DROP EXPRESSION")));
    }
    let had_default = old.expression.is_some() && !old.generated;
    let retyped = new.typ != old.typ;
    if had_default && (retyped || new.expression.is_none()) {
        steps.push(Step::new(format!("{alter} DROP DEFAULT")));
    }
    if retyped {
        let (bare, typ) = (base(&new.typ), &new.typ);
        let sql = format!("{alter} TYPE {typ}{USING}{}::{bare}", new.name);
        steps.push(match widens(base(&old.typ), bare) {
            true => Step::new(sql),
            false => Step::losing(sql, format!("what {bare} can't hold of {}", base(&old.typ))),
        });
    }
    if let Some(expression) = new.expression.as_ref().filter(|_| !new.generated)
        && (retyped || old.generated || old.expression != new.expression)
    {
        steps.push(Step::new(format!("{alter} SET DEFAULT {expression}")));
    }
    if old.identity.is_some() && !same_identity(new, old) {
        steps.push(Step::new(format!("{alter} DROP IDENTITY")));
    }
    null(new, old, &mut steps);
    identity(new, old, &mut steps);
    settings(new, old, &mut steps);
    Some(steps)
}

fn null(new: &ColumnFacts, old: &ColumnFacts, steps: &mut Vec<Step>) {
    if new.not_null == old.not_null {
        return;
    }
    if old.not_null.set {
        steps.push(Step::new(format!("{} DROP NOT NULL", alter(new))));
    }
    if new.not_null.set {
        steps.push(Step::new(new.not_null.statement(&new.table, &new.name)));
    }
}

/// Whether both have an identity whose sequence can stay.
fn same_identity(new: &ColumnFacts, old: &ColumnFacts) -> bool {
    let name = |facts: &ColumnFacts| facts.identity.as_deref().map(|i| name_of(i).to_owned());
    name(new) == name(old)
}

fn identity(new: &ColumnFacts, old: &ColumnFacts, steps: &mut Vec<Step>) {
    let Some(wanted) = new.identity.as_ref().filter(|i| old.identity.as_ref() != Some(i)) else { return };
    let alter = alter(new);
    if same_identity(new, old) {
        let word = if wanted.starts_with(" GENERATED ALWAYS") { "ALWAYS" } else { "BY DEFAULT" };
        steps.push(Step::new(format!("{alter} SET GENERATED {word}{}", options(wanted))));
    } else {
        steps.push(Step::new(format!("{alter} ADD{wanted}")));
        steps.push(Step::new(restart(new)));
    }
}

/// A new sequence goes on behind the values that are there.
fn restart(facts: &ColumnFacts) -> String {
    let (table, name) = (&facts.table, &facts.name);
    let bare = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')).unwrap_or(name).replace("\"\"", "\"");
    format!(
        "SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence({}, {}), max({name})) FROM {table} \
         HAVING max({name}) IS NOT NULL",
        quote_literal(table),
        quote_literal(&bare)
    )
}

fn inside(identity: &str) -> &str {
    identity.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'))
}

fn name_of(identity: &str) -> &str {
    inside(identity).split(" INCREMENT BY ").next().unwrap_or_default()
}

/// ` SET INCREMENT BY 1 SET MINVALUE 1 ...` of what is printed for an identity column.
fn options(identity: &str) -> String {
    let text = inside(identity).find(" INCREMENT BY ").map_or("", |at| &inside(identity)[at..]);
    let mut out = String::new();
    for (word, next) in
        [(" INCREMENT BY ", 1), (" MINVALUE ", 1), (" MAXVALUE ", 1), (" START WITH ", 1), (" CACHE ", 1)]
    {
        let value = text.split(word).nth(next).and_then(|rest| rest.split(' ').next()).unwrap_or("1");
        out.push_str(&format!(" SET{word}{value}"));
    }
    out.push_str(if text.ends_with(" CYCLE") { " SET CYCLE" } else { " SET NO CYCLE" });
    out
}

fn settings(new: &ColumnFacts, old: &ColumnFacts, steps: &mut Vec<Step>) {
    let alter = alter(new);
    if new.compression != old.compression {
        let method = new.compression.as_deref().unwrap_or("default");
        steps.push(Step::new(format!("{alter} SET COMPRESSION {method}")));
    }
    for gone in old.settings.iter().filter(|s| !new.settings.contains(s)) {
        let back = if gone.starts_with("SET STATISTICS ") {
            "SET STATISTICS -1".to_owned()
        } else if gone.starts_with("SET STORAGE ") {
            format!("SET STORAGE {}", storage(base(&new.typ)))
        } else {
            let items = gone.trim_start_matches("SET (").trim_end_matches(')').split(", ");
            let names: Vec<&str> = items.map(|i| i.split('=').next().unwrap_or(i)).collect();
            format!("RESET ({})", names.join(", "))
        };
        steps.push(Step::new(format!("{alter} {back}")));
    }
    for fresh in new.settings.iter().filter(|s| !old.settings.contains(s)) {
        steps.push(Step::new(format!("{alter} {fresh}")));
    }
}

/// How the server stores values of a type unless it is told otherwise.
fn storage(typ: &str) -> &'static str {
    match typ.split(['(', '[']).next().unwrap_or(typ) {
        "numeric" | "inet" | "cidr" => "MAIN",
        "smallint" | "integer" | "bigint" | "boolean" | "real" | "double precision" | "uuid" | "date"
            if !typ.ends_with(']') =>
        {
            "PLAIN"
        }
        _ => "EXTENDED",
    }
}

/// A printed type without its collation.
pub(super) fn base(typ: &str) -> &str {
    typ.split(" COLLATE ").next().unwrap_or(typ)
}

/// Whether every value of the one type is a value of the other.
fn widens(from: &str, to: &str) -> bool {
    let length = |t: &str| t.strip_prefix("character varying(")?.strip_suffix(')')?.parse::<u32>().ok();
    match (from, to) {
        _ if from == to => true,
        ("smallint", "integer" | "bigint" | "numeric")
        | ("integer", "bigint" | "numeric" | "double precision") => true,
        ("bigint", "numeric") | ("real", "double precision") | ("json", "jsonb") => true,
        (_, "text" | "character varying") => from == "text" || from.starts_with("character varying"),
        _ => matches!((length(from), length(to)), (Some(a), Some(b)) if a <= b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_widening_loses_nothing() {
        for (from, to) in [
            ("integer", "bigint"),
            ("character varying(5)", "character varying(9)"),
            ("character varying(5)", "text"),
            ("text", "character varying"),
        ] {
            assert!(widens(from, to), "{from} {to}");
            assert!(!widens(to, from) || to == "text" || from == "text", "{to} {from}");
        }
        assert!(!widens("text", "character varying(3)"));
        assert!(!widens("numeric", "integer"));
        assert!(!widens("integer", "text"), "the type tells more than the value");
    }

    #[test]
    fn options_of_an_identity_column() {
        let printed = " GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME t_id_seq INCREMENT BY 2 MINVALUE -5 MAXVALUE 9 START WITH 3 CACHE 1 CYCLE)";
        assert_eq!(
            options(printed),
            " SET INCREMENT BY 2 SET MINVALUE -5 SET MAXVALUE 9 SET START WITH 3 SET CACHE 1 SET CYCLE"
        );
    }
}
