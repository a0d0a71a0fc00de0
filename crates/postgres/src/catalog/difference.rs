//! Comparing two catalogs: pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::canonical::canonical;
use super::{Catalog, Key, Object, ObjectKind};

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
        /// The definition expected.
        expected: String,
    },
    /// Found, not expected.
    Extra {
        /// What it is.
        kind: ObjectKind,
        /// Its name.
        name: String,
        /// The definition found.
        found: String,
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

impl Difference {
    /// The object that it is about; none for an order of columns.
    pub fn key(&self) -> Option<Key> {
        match self {
            Self::Missing { kind, name, .. }
            | Self::Extra { kind, name, .. }
            | Self::Changed { kind, name, .. } => Some(Key::new(*kind, name.clone())),
            Self::Reordered { .. } => None,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { kind, name, .. } => write!(f, "{kind} {name} is missing"),
            Self::Extra { kind, name, .. } => write!(f, "{kind} {name} is not expected"),
            Self::Changed { kind, name, expected, found } => {
                write!(f, "{kind} {name} is {found}, expected {expected}")
            }
            Self::Reordered { table } => write!(f, "the columns of {table} stand in another order"),
        }
    }
}

type Name<'a> = (ObjectKind, &'a str);

/// What `found` lacks, has beyond or has otherwise than `expected`, ordered by kind and name.
pub(super) fn difference(expected: &Catalog, found: &Catalog) -> Vec<Difference> {
    let before = by_key(expected);
    let after = by_key(found);
    let mut all = Vec::new();
    for ((kind, name), object) in &before {
        match after.get(&(*kind, *name)) {
            None => all.push(Difference::Missing {
                kind: *kind,
                name: (*name).to_owned(),
                expected: object.definition.clone(),
            }),
            Some(other) if canonical(&other.definition) != canonical(&object.definition) => {
                all.push(Difference::Changed {
                    kind: *kind,
                    name: (*name).to_owned(),
                    expected: object.definition.clone(),
                    found: other.definition.clone(),
                })
            }
            Some(_) => {}
        }
    }
    for ((kind, name), object) in after.iter().filter(|(k, _)| !before.contains_key(*k)) {
        let found = object.definition.clone();
        all.push(Difference::Extra { kind: *kind, name: (*name).to_owned(), found });
    }
    all.extend(reordered(expected, &before, found, &after));
    all
}

/// The differences without those that follow from another: of a table that is missing the columns are missing too.
pub(super) fn roots(expected: &Catalog, found: &Catalog, all: Vec<Difference>) -> Vec<Difference> {
    let parent_of = |catalog: &Catalog, key: &Key| -> Option<Key> {
        let object = catalog.objects.iter().find(|o| o.kind == key.kind && o.name == key.name)?;
        object.script.as_ref()?.parent.clone()
    };
    let missing: BTreeSet<Key> = keys(&all, |d| matches!(d, Difference::Missing { .. }));
    let extra: BTreeSet<Key> = keys(&all, |d| matches!(d, Difference::Extra { .. }));
    let any: BTreeSet<Key> = keys(&all, |_| true);
    // The sequence of an identity column comes and goes with what the column is.
    let of_identity = |key: &Key, parent: &Key| {
        key.kind == ObjectKind::Rights && key.name.starts_with("SEQUENCE ") && any.contains(parent)
    };
    let follows = |difference: &Difference| match difference {
        Difference::Missing { .. } => difference.key().is_some_and(|k| {
            parent_of(expected, &k).is_some_and(|p| missing.contains(&p) || of_identity(&k, &p))
        }),
        Difference::Extra { .. } => difference
            .key()
            .is_some_and(|k| parent_of(found, &k).is_some_and(|p| extra.contains(&p) || of_identity(&k, &p))),
        Difference::Changed { .. } | Difference::Reordered { .. } => false,
    };
    all.into_iter().filter(|d| !follows(d)).collect()
}

fn keys(all: &[Difference], wanted: impl Fn(&Difference) -> bool) -> BTreeSet<Key> {
    all.iter().filter(|d| wanted(d)).filter_map(Difference::key).collect()
}

fn by_key(catalog: &Catalog) -> BTreeMap<Name<'_>, &Object> {
    catalog.objects.iter().map(|o| ((o.kind, o.name.as_str()), o)).collect()
}

/// Tables whose common columns follow each other otherwise.
fn reordered<'a>(
    expected: &'a Catalog,
    before: &BTreeMap<Name<'a>, &Object>,
    found: &'a Catalog,
    after: &BTreeMap<Name<'a>, &Object>,
) -> Vec<Difference> {
    let left = columns(expected, after);
    let right = columns(found, before);
    left.into_iter()
        .filter(|(table, order)| right.get(table).is_some_and(|o| o != order))
        .map(|(table, _)| Difference::Reordered { table: table.to_owned() })
        .collect()
}

/// The columns by table, in their order, that `other` knows too.
fn columns<'a>(catalog: &'a Catalog, other: &BTreeMap<Name<'_>, &Object>) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for object in catalog.objects.iter().filter(|o| o.kind == ObjectKind::Column) {
        if let (Some(table), true) = (&object.table, other.contains_key(&(object.kind, &object.name))) {
            tables.entry(table).or_default().push(&object.name);
        }
    }
    tables
}
