//! Reading a schema for comparison: whatever it holds, with owners and privileges and with what it takes to mend each
//! object. Roles are named by their part, so that the schemas of two tenants can be compared.

mod column;
mod rights;

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use tenantry_domain::Result;
use tokio_postgres::GenericClient;

use super::kind::{Key, ObjectKind};
use super::part::{Address, Column, Part};
use super::source::{self, PG_CLASS, PG_TYPE, Refused, Source};
use super::{Catalog, Object};
pub(crate) use column::ColumnFacts;
use rights::Holding;
pub(crate) use rights::{Held, OWNER, READER};

pub(crate) const RIGHTS: &str = include_str!("rights.sql");

/// The catalog of column defaults, `pg_attrdef`.
const DEFAULTS: u32 = 2604;

/// The roles that act in a schema.
#[derive(Clone, Copy, Debug)]
pub struct Roles<'a> {
    /// Owns the objects.
    pub owner: &'a str,
    /// Uses them: a tenant's login, or the group of an isolation.
    pub reader: &'a str,
    /// Whose objects are its own business.
    pub login: Option<&'a str>,
}

/// Where the rights in a catalog come from.
#[derive(Clone, Copy, Debug)]
pub enum Rights<'a> {
    /// From the server.
    Read(Roles<'a>),
    /// From the rule by which tenants get them, as a template stands for tenants to come; whether they may create
    /// objects of their own.
    Ruled {
        /// `[isolation] tenant_ddl`.
        tenant_ddl: bool,
    },
}

/// What was found in a schema.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// The objects that a template answers for.
    pub catalog: Catalog,
    /// The objects that belong to the tenant's own login.
    pub own: Vec<Key>,
}

/// What it takes to mend an object. Texts carry the mark of [`super::mark`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Script {
    /// How `DROP` and `COMMENT ON` name it.
    pub words: String,
    /// What makes it; empty where another object's statement does.
    pub make: Vec<String>,
    /// Ties it to another object.
    pub attach: Vec<String>,
    /// Settings that come last.
    pub later: Vec<String>,
    /// What it is a part of.
    pub parent: Option<Key>,
    /// What it can't be without.
    pub needs: Vec<Key>,
    pub column: Option<ColumnFacts>,
    pub rights: Option<Held>,
}

impl Script {
    /// Of an object that no script can make.
    pub(crate) const EMPTY: Script = Script {
        words: String::new(),
        make: Vec::new(),
        attach: Vec::new(),
        later: Vec::new(),
        parent: None,
        needs: Vec::new(),
        column: None,
        rights: None,
    };
}

/// Reads a schema, in the caller's transaction as [`super::read`] does; nothing that it holds is refused.
///
/// # Errors
/// `database` where the schema does not exist or the server refused; `shape_refused` where a text can't be compared with
/// another schema's; `internal` outside a transaction.
pub async fn inspect(client: &impl GenericClient, schema: &str, rights: Rights<'_>) -> Result<Inspection> {
    let (source, refused, rows) = source::read_anything(client, schema).await?;
    let held = rows.iter().map(|row| Holding::decode(row, rights)).collect::<Result<Vec<_>>>()?;
    let login = match rights {
        Rights::Read(roles) => roles.login,
        Rights::Ruled { .. } => None,
    };
    Ok(Builder::new(&source, &held, login).build(&refused))
}

struct Builder<'a> {
    source: &'a Source,
    held: &'a [Holding],
    /// Keys of parts, columns and defaults; of the rest, what they are parts of.
    parts: HashMap<Address, Key>,
    columns: HashMap<(u32, i32), Key>,
    defaults: HashMap<u32, Key>,
    part_of: HashMap<Address, (Address, i32)>,
    needs: HashMap<Key, HashSet<Key>>,
    /// The login's own relations, functions, types.
    own: HashSet<Address>,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Source, held: &'a [Holding], login: Option<&str>) -> Self {
        let mut builder = Self {
            source,
            held,
            // The sequence of an identity column has no statement of its own: it is a part of the column.
            parts: source
                .parts
                .iter()
                .filter(|p| p.head.is_some() || !p.later.is_empty())
                .map(|p| (p.address, Key::new(p.kind, p.name.clone())))
                .collect(),
            columns: HashMap::new(),
            defaults: HashMap::new(),
            part_of: HashMap::new(),
            needs: HashMap::new(),
            own: HashSet::new(),
        };
        for column in source.columns.iter().filter(|c| c.is_object()) {
            let key = Key::new(ObjectKind::Column, format!("{}.{}", column.table, column.name));
            builder.columns.insert((column.relation.1, i32::from(column.number)), key.clone());
            if let Some(oid) = column.default {
                builder.defaults.insert(oid, key);
            }
        }
        for edge in source.edges.iter().filter(|e| e.internal) {
            builder.part_of.entry(edge.from).or_insert((edge.to, edge.to_column));
        }
        for edge in &source.edges {
            let from = builder.resolve(edge.from, edge.from_column);
            let to = builder.resolve(edge.to, edge.to_column);
            // A sequence is tied to the column that owns it by a statement of its own.
            if let (Some(from), Some(to)) = (from, to)
                && from != to
                && !(from.kind == ObjectKind::Sequence && to.kind == ObjectKind::Column)
                && !(from.kind == ObjectKind::Table && to.kind == ObjectKind::Column)
            {
                builder.needs.entry(from).or_default().insert(to);
            }
        }
        if let Some(login) = login {
            builder.own = held.iter().filter(|h| h.owner == login).map(|h| h.address).collect();
        }
        builder
    }

    /// The object that has this address, or of which this is a part.
    fn resolve(&self, object: Address, column: i32) -> Option<Key> {
        let (mut at, mut column) = (object, column);
        // Chains are short (array type, row type, table); the bound only guards against a ring.
        for _ in 0..8 {
            if at.0 == PG_CLASS
                && column > 0
                && let Some(key) = self.columns.get(&(at.1, column))
            {
                return Some(key.clone());
            }
            if let Some(key) = self.parts.get(&at) {
                return Some(key.clone());
            }
            if at.0 == DEFAULTS
                && let Some(key) = self.defaults.get(&at.1)
            {
                return Some(key.clone());
            }
            (at, column) = *self.part_of.get(&at)?;
        }
        None
    }

    fn parent(&self, part: &Part) -> Option<Address> {
        let class = if part.kind == ObjectKind::DomainCheck { PG_TYPE } else { PG_CLASS };
        part.parent.map(|oid| (class, oid))
    }

    fn is_own(&self, part: &Part) -> bool {
        self.own.contains(&part.address) || self.parent(part).is_some_and(|p| self.own.contains(&p))
    }

    fn script(&self, key: &Key, words: &str, parent: Option<Key>) -> Script {
        let mut needs: Vec<Key> = self.needs.get(key).into_iter().flatten().cloned().collect();
        needs.extend(parent.clone());
        needs.sort();
        needs.dedup();
        Script { words: words.to_owned(), parent, needs, ..Script::default() }
    }

    fn build(self, refused: &[Refused]) -> Inspection {
        let mut found = Inspection::default();
        let mut objects = Vec::new();
        for part in &self.source.parts {
            let key = Key::new(part.kind, part.name.clone());
            if self.is_own(part) {
                found.own.push(key);
            } else {
                self.part(part, &key, &mut objects);
            }
        }
        for column in self.source.columns.iter().filter(|c| !self.own.contains(&c.relation)) {
            self.column(column, &mut objects);
        }
        let mut own_names: Vec<String> = found.own.iter().map(|k| k.name.clone()).collect();
        for holding in self.held {
            if self.own.contains(&holding.address) {
                own_names.extend(holding.held.name.clone());
            } else {
                objects.push(self.rights(holding));
            }
        }
        for Refused { kind, name } in refused {
            let whose = name.split('.').next().unwrap_or(name);
            let key = Key::new(ObjectKind::Other, format!("{kind} {name}"));
            if own_names.iter().any(|own| own == name || own == whose) {
                found.own.push(key);
            } else {
                objects.push(Object::new(ObjectKind::Other, key.name, ""));
            }
        }
        objects.sort_by(|a, b| (a.kind, a.sort_name()).cmp(&(b.kind, b.sort_name())));
        found.own.sort();
        found.own.dedup();
        found.catalog = Catalog { objects };
        found
    }

    fn part(&self, part: &Part, key: &Key, objects: &mut Vec<Object>) {
        let definition = part.definition();
        let parent = self.parent(part).and_then(|p| self.parts.get(&p)).cloned();
        if !definition.is_empty() {
            let mut script = self.script(key, &part.words, parent);
            script.make = self.make(part);
            script.attach = part.attach.clone();
            script.later = part.later.clone();
            let object = Object::new(part.kind, part.name.clone(), &definition);
            objects.push(Object { script: Some(Box::new(script)), ..object });
        }
        if let Some(comment) = &part.comment {
            let of = self.resolve(part.address, 0).unwrap_or_else(|| key.clone());
            objects.push(comment_object(&part.words, comment, of));
        }
    }

    fn make(&self, part: &Part) -> Vec<String> {
        let Some(head) = &part.head else { return Vec::new() };
        let tail = part.tail.as_deref().unwrap_or_default();
        if part.kind != ObjectKind::Table {
            return vec![format!("{head}{tail}")];
        }
        let columns = self.source.columns.iter().filter(|c| c.relation == part.address);
        let facts: Vec<ColumnFacts> = columns.map(ColumnFacts::of).collect();
        let lines: Vec<String> =
            facts.iter().filter(|c| !c.inherited || tail.is_empty()).map(ColumnFacts::line).collect();
        let mut make = vec![format!("{head} ({}){tail}", lines.join(", "))];
        make.extend(facts.iter().filter_map(ColumnFacts::set));
        make
    }

    fn column(&self, column: &Column, objects: &mut Vec<Object>) {
        let name = format!("{}.{}", column.table, column.name);
        let key = Key::new(ObjectKind::Column, name.clone());
        let parent = self.parts.get(&column.relation).cloned();
        if let Some(comment) = &column.comment {
            let of = if column.is_object() { Some(key.clone()) } else { parent.clone() };
            objects.extend(of.map(|of| comment_object(&format!("COLUMN {name}"), comment, of)));
        }
        if !column.is_object() {
            return;
        }
        let facts = ColumnFacts::of(column);
        let mut script = self.script(&key, &format!("COLUMN {name}"), parent);
        script.make = facts.make();
        script.column = Some(facts);
        let object = Object::new(ObjectKind::Column, name, &column.definition());
        let table = Some(column.table.clone());
        objects.push(Object { table, script: Some(Box::new(script)), ..object });
    }

    fn rights(&self, holding: &Holding) -> Object {
        let key = holding.held.key();
        let mut script = self.script(&key, &key.name, self.resolve(holding.address, 0));
        script.rights = Some(holding.held.clone());
        let object = Object::new(ObjectKind::Rights, key.name, &holding.held.definition());
        Object { script: Some(Box::new(script)), ..object }
    }
}

fn comment_object(words: &str, comment: &str, of: Key) -> Object {
    let script = Script {
        words: words.to_owned(),
        make: vec![format!("COMMENT ON {words} IS {comment}")],
        parent: Some(of.clone()),
        needs: vec![of],
        ..Script::default()
    };
    let object = Object::new(ObjectKind::Comment, super::mark::shown(words), comment);
    Object { script: Some(Box::new(script)), ..object }
}
