//! Types that columns have: values added to an enum, and types made anew under the columns.

use super::plan::{Index, Known};
use super::{Step, column};
use crate::catalog::kind::{Key, ObjectKind};

/// The name of a type that is about to go.
const OLD: &str = "tenantry_replaced_type";

/// Types that [`replace`] can make anew.
pub(super) fn is_type(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Enum | ObjectKind::Domain | ObjectKind::Composite | ObjectKind::Range)
}

/// The values that an enum lacks, where nothing else is wrong with it.
pub(super) fn added_values(expected: Known<'_>, found: Known<'_>) -> Option<Vec<Step>> {
    let (new, old) = (labels(&expected.object.definition)?, labels(&found.object.definition)?);
    let mut steps = Vec::new();
    let mut have = old.iter().peekable();
    let mut before: Option<&str> = None;
    for label in &new {
        if have.peek() == Some(&label) {
            have.next();
        } else if old.contains(label) {
            return None;
        } else {
            let place = match (before, old.first()) {
                (Some(before), _) => format!(" AFTER {before}"),
                (None, Some(first)) => format!(" BEFORE {first}"),
                (None, None) => String::new(),
            };
            steps.push(Step::new(format!("ALTER TYPE {} ADD VALUE {label}{place}", expected.object.name)));
        }
        before = Some(label);
    }
    have.peek().is_none().then_some(steps)
}

/// The labels of `CREATE TYPE x AS ENUM ('a', 'b')`, quoted.
fn labels(definition: &str) -> Option<Vec<&str>> {
    let inside = definition.split_once(" AS ENUM (")?.1.strip_suffix(')')?;
    let mut all = Vec::new();
    let mut rest = inside;
    while !rest.is_empty() {
        let open = rest.find('\'')?;
        let mut close = open + 1;
        loop {
            close += rest[close..].find('\'')?;
            if !rest[close + 1..].starts_with('\'') {
                break;
            }
            close += 2;
        }
        all.push(&rest[..=close]);
        rest = rest[close + 1..].trim_start_matches(", ");
    }
    Some(all)
}

/// A new type under the old one's name; columns go over to it by way of text. A value that the new type does not know
/// is an error: nothing gets lost.
pub(super) fn replace(key: &Key, new: Known<'_>, expected: &Index<'_>, found: &Index<'_>) -> Vec<Step> {
    let word =
        if found.get(key).is_some_and(|f| f.script.words.starts_with("DOMAIN ")) { "DOMAIN" } else { "TYPE" };
    let mut steps = vec![Step::new(format!("ALTER {word} {} RENAME TO {OLD}", key.name))];
    steps.extend(new.script.make.iter().map(Step::new));
    for (column_key, known) in
        found.iter().filter(|(k, known)| k.kind == ObjectKind::Column && known.script.needs.contains(key))
    {
        let (Some(old), Some(new)) =
            (&known.script.column, expected.get(column_key).and_then(|k| k.script.column.as_ref()))
        else {
            continue;
        };
        if !old.of_table || old.generated || column::base(&old.typ) != column::base(&new.typ) {
            continue;
        }
        let alter = format!("ALTER TABLE {} ALTER COLUMN {}", new.table, new.name);
        if old.expression.is_some() {
            steps.push(Step::new(format!("{alter} DROP DEFAULT")));
        }
        let typ = &new.typ;
        steps.push(Step::new(format!("{alter} TYPE {typ} USING {}::text::{}", new.name, column::base(typ))));
        if let (Some(_), Some(expression)) = (&old.expression, &new.expression) {
            steps.push(Step::new(format!("{alter} SET DEFAULT {expression}")));
        }
    }
    steps.push(Step::new(format!("DROP {word} {OLD}")));
    steps
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn labels_with_quotes_and_commas() {
        let text = "CREATE TYPE x AS ENUM ('a', 'it''s', 'b, c', '')";
        assert_eq!(labels(text).unwrap(), ["'a'", "'it''s'", "'b, c'", "''"]);
        assert_eq!(labels("CREATE TYPE x AS ENUM ()").unwrap(), [""; 0]);
    }
}
