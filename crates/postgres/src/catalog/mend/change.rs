//! Dropping one object, and changing one in its place.

use super::plan::Known;
use super::{Step, column, types};
use crate::catalog::kind::{Key, ObjectKind};

/// How an object becomes as expected.
pub(super) enum Way {
    /// By these statements.
    Steps(Vec<Step>),
    /// A type that columns may have: a new one under the same name.
    Retype,
    /// Dropped and made again.
    Again,
}

pub(super) fn in_place(expected: Known<'_>, found: Known<'_>) -> Way {
    let (make, before) = (expected.script.make.first(), found.script.make.first());
    match expected.object.kind {
        ObjectKind::Table => Way::Steps(table(expected, found)),
        ObjectKind::Column => match column::change(expected, found) {
            Some(steps) => Way::Steps(steps),
            None => Way::Again,
        },
        ObjectKind::Enum => match types::added_values(expected, found) {
            Some(steps) => Way::Steps(steps),
            None => Way::Retype,
        },
        ObjectKind::Domain | ObjectKind::Composite | ObjectKind::Range => Way::Retype,
        ObjectKind::Sequence => Way::Steps(sequence(expected, found)),
        ObjectKind::Function | ObjectKind::Procedure => match (make, before) {
            // The server replaces a function only where name, parameters and result stay.
            (Some(new), Some(old)) if signature(new) == signature(old) => Way::Steps(vec![Step::new(new)]),
            _ => Way::Again,
        },
        ObjectKind::Comment => Way::Steps(expected.script.make.iter().map(Step::new).collect()),
        ObjectKind::Trigger if make.is_none() => Way::Steps(partition_trigger(expected, found)),
        _ => Way::Again,
    }
}

/// What stands before the language: name, parameters, result.
fn signature(make: &str) -> Option<&str> {
    make.find("\n LANGUAGE ").map(|at| &make[..at])
}

/// Drops an object; `again`: it is made again afterwards.
pub(super) fn drop(key: &Key, known: &Known<'_>, again: bool) -> Option<Step> {
    let words = known.script.words.as_str();
    let step = match key.kind {
        ObjectKind::Column => return column::drop(known, again),
        ObjectKind::Table => Step::losing(format!("DROP TABLE {}", key.name), "the rows of the table"),
        ObjectKind::Sequence => {
            Step::losing(format!("DROP SEQUENCE {}", key.name), "where the sequence stands")
        }
        ObjectKind::Comment if again => return None,
        ObjectKind::Comment => Step::new(format!("COMMENT ON {words} IS NULL")),
        ObjectKind::Other => Step::losing(format!("-- drop by hand: {}", key.name), "it can't be scripted"),
        ObjectKind::Trigger if known.script.make.is_empty() => {
            let (name, table) = words.strip_prefix("TRIGGER ")?.rsplit_once(" ON ")?;
            Step::new(format!("ALTER TABLE ONLY {table} ENABLE TRIGGER {name}"))
        }
        _ => match words.strip_prefix("CONSTRAINT ") {
            Some(rest) => match rest.rsplit_once(" ON DOMAIN ") {
                Some((name, domain)) => Step::new(format!("ALTER DOMAIN {domain} DROP CONSTRAINT {name}")),
                None => {
                    let (name, table) = rest.rsplit_once(" ON ")?;
                    Step::new(format!("ALTER TABLE {table} DROP CONSTRAINT {name}"))
                }
            },
            None => Step::new(format!("DROP {words}")),
        },
    };
    Some(step)
}

fn table(expected: Known<'_>, found: Known<'_>) -> Vec<Step> {
    let name = &expected.object.name;
    let mut steps = Vec::new();
    let unlogged = |known: &Known<'_>| known.object.definition.starts_with("CREATE UNLOGGED ");
    match (unlogged(&expected), unlogged(&found)) {
        (false, true) => steps.push(Step::new(format!("ALTER TABLE {name} SET LOGGED"))),
        (true, false) => steps.push(Step::new(format!("ALTER TABLE {name} SET UNLOGGED"))),
        _ => {}
    }
    let (new, old) = (tail(&expected), tail(&found));
    let (wanted, had) = (options(new), options(old));
    let gone: Vec<&str> =
        had.iter().map(|o| key_of(o)).filter(|k| !wanted.iter().any(|w| key_of(w) == *k)).collect();
    if !gone.is_empty() {
        steps.push(Step::new(format!("ALTER TABLE {name} RESET ({})", gone.join(", "))));
    }
    let set: Vec<&str> = wanted.iter().filter(|w| !had.contains(w)).copied().collect();
    if !set.is_empty() {
        steps.push(Step::new(format!("ALTER TABLE {name} SET ({})", set.join(", "))));
    }
    if without_options(new) != without_options(old) {
        let message = format!("-- {name} can't be altered to be a table{}", without_options(new));
        steps.push(Step::losing(message, "the rows, unless they are carried over by hand"));
    }
    let undone = found.script.later.iter().filter(|s| !expected.script.later.contains(s));
    steps.extend(undone.filter_map(|s| reverse(s, name)).map(Step::new));
    let missing = |now: &[String], before: &[String]| -> Vec<Step> {
        now.iter().filter(|s| !before.contains(s)).map(Step::new).collect()
    };
    for attached in found.script.attach.iter().filter(|s| !expected.script.attach.contains(s)) {
        if let Some((parent, _)) =
            attached.strip_prefix("ALTER TABLE ONLY ").and_then(|rest| rest.split_once(" ATTACH PARTITION "))
        {
            steps.push(Step::new(format!("ALTER TABLE {parent} DETACH PARTITION {name}")));
        }
    }
    steps.extend(missing(&expected.script.attach, &found.script.attach));
    steps.extend(missing(&expected.script.later, &found.script.later));
    steps
}

/// What follows the columns in a table's statement.
fn tail<'a>(known: &Known<'a>) -> &'a str {
    let text = known.object.definition.split(";\n").next().unwrap_or_default();
    let create = text.strip_prefix("CREATE UNLOGGED TABLE ").or_else(|| text.strip_prefix("CREATE TABLE "));
    create.and_then(|rest| rest.strip_prefix(known.object.name.as_str())).unwrap_or_default()
}

/// The items of `WITH (...)`.
fn options(tail: &str) -> Vec<&str> {
    let inside = tail.split_once(" WITH (").and_then(|(_, rest)| rest.split_once(')'));
    inside.map_or_else(Vec::new, |(items, _)| items.split(", ").collect())
}

fn key_of(option: &str) -> &str {
    option.split('=').next().unwrap_or(option)
}

fn without_options(tail: &str) -> String {
    match tail.split_once(" WITH (") {
        Some((before, rest)) => format!("{before}{}", rest.split_once(')').map_or("", |(_, after)| after)),
        None => tail.to_owned(),
    }
}

/// The statement that takes a setting of a table back.
fn reverse(statement: &str, table: &str) -> Option<String> {
    if statement.ends_with(" ENABLE ROW LEVEL SECURITY") {
        Some(format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
    } else if statement.ends_with(" FORCE ROW LEVEL SECURITY") {
        Some(format!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"))
    } else if statement.contains(" REPLICA IDENTITY ") {
        Some(format!("ALTER TABLE {table} REPLICA IDENTITY DEFAULT"))
    } else if statement.contains(" CLUSTER ON ") {
        Some(format!("ALTER TABLE {table} SET WITHOUT CLUSTER"))
    } else {
        None
    }
}

fn sequence(expected: Known<'_>, found: Known<'_>) -> Vec<Step> {
    let name = &expected.object.name;
    let mut steps = Vec::new();
    if let (Some(new), Some(old)) = (expected.script.make.first(), found.script.make.first())
        && new != old
        && let Some(at) = new.find(" AS ")
    {
        let unlogged = |make: &str| make.starts_with("CREATE UNLOGGED ");
        if unlogged(new) != unlogged(old) {
            let to = if unlogged(new) { "UNLOGGED" } else { "LOGGED" };
            steps.push(Step::new(format!("ALTER SEQUENCE {name} SET {to}")));
        }
        let cycle = if new.ends_with(" CYCLE") { "" } else { " NO CYCLE" };
        steps.push(Step::new(format!("ALTER SEQUENCE {name}{}{cycle}", &new[at..])));
    }
    if expected.script.attach != found.script.attach {
        steps.push(Step::new(format!("ALTER SEQUENCE {name} OWNED BY NONE")));
        steps.extend(expected.script.attach.iter().map(Step::new));
    }
    steps
}

/// A partition's copy of a trigger: the server has made it, only its switch differs.
fn partition_trigger(expected: Known<'_>, found: Known<'_>) -> Vec<Step> {
    let fresh = expected.script.later.iter().filter(|s| !found.script.later.contains(s));
    fresh.map(Step::new).collect()
}
