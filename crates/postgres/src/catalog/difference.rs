//! Comparing two catalogs: pure.

use std::collections::BTreeMap;
use std::fmt;

use super::{Catalog, Object, ObjectKind};

/// One difference between the catalog that is expected and the one that was found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "difference", rename_all = "snake_case")]
pub enum Difference {
    /// Expected, not found.
    Missing {
        /// What it is.
        kind: ObjectKind,
        /// Its name.
        name: String,
    },
    /// Found, not expected.
    Extra {
        /// What it is.
        kind: ObjectKind,
        /// Its name.
        name: String,
    },
    /// Found with another definition.
    Changed {
        /// What it is.
        kind: ObjectKind,
        /// Its name.
        name: String,
        /// The definition expected.
        expected: String,
        /// The definition found.
        found: String,
    },
    /// A table has the expected columns in another order.
    Reordered {
        /// The table's name.
        table: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { kind, name } => write!(f, "{kind} {name} is missing"),
            Self::Extra { kind, name } => write!(f, "{kind} {name} is not expected"),
            Self::Changed { kind, name, expected, found } => {
                write!(f, "{kind} {name} is {found}, expected {expected}")
            }
            Self::Reordered { table } => write!(f, "the columns of {table} stand in another order"),
        }
    }
}

type Key<'a> = (ObjectKind, &'a str);

/// What `found` lacks, has beyond or has otherwise than `expected`, ordered by kind and name.
pub(super) fn difference(expected: &Catalog, found: &Catalog) -> Vec<Difference> {
    let before = by_key(expected);
    let after = by_key(found);
    let mut all = Vec::new();
    for ((kind, name), object) in &before {
        match after.get(&(*kind, *name)) {
            None => all.push(Difference::Missing { kind: *kind, name: (*name).to_owned() }),
            Some(other) if other.definition != object.definition => all.push(Difference::Changed {
                kind: *kind,
                name: (*name).to_owned(),
                expected: object.definition.clone(),
                found: other.definition.clone(),
            }),
            Some(_) => {}
        }
    }
    for (kind, name) in after.keys().filter(|k| !before.contains_key(*k)) {
        all.push(Difference::Extra { kind: *kind, name: (*name).to_owned() });
    }
    all.extend(reordered(expected, &before, found, &after));
    all
}

fn by_key(catalog: &Catalog) -> BTreeMap<Key<'_>, &Object> {
    catalog.objects.iter().map(|o| ((o.kind, o.name.as_str()), o)).collect()
}

/// Tables whose common columns follow each other otherwise.
fn reordered<'a>(
    expected: &'a Catalog,
    before: &BTreeMap<Key<'a>, &Object>,
    found: &'a Catalog,
    after: &BTreeMap<Key<'a>, &Object>,
) -> Vec<Difference> {
    let left = columns(expected, after);
    let right = columns(found, before);
    left.into_iter()
        .filter(|(table, order)| right.get(table).is_some_and(|o| o != order))
        .map(|(table, _)| Difference::Reordered { table: table.to_owned() })
        .collect()
}

/// The columns by table, in their order, that `other` knows too.
fn columns<'a>(catalog: &'a Catalog, other: &BTreeMap<Key<'_>, &Object>) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for object in catalog.objects.iter().filter(|o| o.kind == ObjectKind::Column) {
        if let (Some(table), true) = (&object.table, other.contains_key(&(object.kind, &object.name))) {
            tables.entry(table).or_default().push(&object.name);
        }
    }
    tables
}
