//! What one schema holds, read from the system catalogs in a form that does not depend on the schema's name.
//!
//! Two schemas made by the same migrations have equal catalogs, whatever they are called and however they
//! were made: that is what a clone is tested by, and what drift is measured with. Texts are printed by
//! PostgreSQL itself (`pg_get_constraintdef` and its like) under the search path that the schema's objects
//! live with: the schema, then `global`, then `extensions`.
//!
//! Left out on purpose: members of extensions, rows, and where sequences stand; owners and grants too, unless
//! [`inspect`](inspect::inspect) is asked for them.
//! The script that makes a schema anew is in [`crate::clone`].

pub mod beside;
mod canonical;
mod change;
mod difference;
pub mod fingerprints;
mod follow;
pub mod inspect;
mod kind;
pub(crate) mod mark;
mod mend;
pub(crate) mod part;
mod shared_tables;
pub(crate) mod source;
mod tokens;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tenantry_domain::Result;
use tokio_postgres::GenericClient;

pub use change::Change;
pub use difference::Difference;
pub use follow::{FollowedTables, TablesNow};
pub use inspect::{Inspection, Roles};
pub use kind::{Key, ObjectKind};
pub use mend::{Mending, Place, Step};
pub use shared_tables::{SharedTable, global_sequences, harmless_functions, shared_tables};
#[doc(hidden)]
pub use source::static_sql;

use source::Source;

/// Everything in one schema, ordered by kind and name, the columns of a table in their own order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// The objects.
    pub objects: Vec<Object>,
}

/// One object of a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name as SQL writes it, quoted where needed: `orders`, `orders.id`, `total(integer)`.
    pub name: String,
    /// The table that a column belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// What PostgreSQL prints for it; the schema's own name is written `<schema>`.
    pub definition: String,
    /// What it takes to mend it: only of catalogs that [`inspect::inspect`] has read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) script: Option<Box<inspect::Script>>,
}

/// Reads the catalog of a schema.
///
/// The client has to be in a transaction (read with `REPEATABLE READ` where others may change the schema);
/// its settings are the same afterwards. Costs three round trips, whatever else the database holds.
///
/// # Errors
/// `shape_refused` names an object of a kind that can't be made again by a script; `database` where the schema
/// does not exist or the server refused; `internal` outside a transaction.
pub async fn read(client: &impl GenericClient, schema: &str) -> Result<Catalog> {
    Ok(Catalog::of(&source::read(client, schema).await?))
}

impl Catalog {
    /// The catalog without owners and privileges.
    pub fn without_rights(mut self) -> Self {
        self.objects.retain(|o| o.kind != ObjectKind::Rights);
        self
    }

    pub(crate) fn of(source: &Source) -> Self {
        let mut objects = Vec::with_capacity(source.parts.len() + source.columns.len());
        for part in &source.parts {
            let definition = part.definition();
            if !definition.is_empty() {
                objects.push(Object::new(part.kind, part.name.clone(), &definition));
            }
            if let Some(comment) = &part.comment {
                objects.push(Object::new(ObjectKind::Comment, mark::shown(&part.words), comment));
            }
        }
        for column in &source.columns {
            let name = format!("{}.{}", column.table, column.name);
            if let Some(comment) = &column.comment {
                objects.push(Object::new(ObjectKind::Comment, format!("COLUMN {name}"), comment));
            }
            if column.is_object() {
                let object = Object::new(ObjectKind::Column, name, &column.definition());
                objects.push(Object { table: Some(column.table.clone()), ..object });
            }
        }
        // Stable: the columns of a table come in their order and stay so.
        objects.sort_by(|a, b| (a.kind, a.sort_name()).cmp(&(b.kind, b.sort_name())));
        Self { objects }
    }

    /// SHA-256 over all objects, in hex: equal for equal catalogs.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for object in &self.objects {
            for text in [object.kind.words(), &object.name, &object.definition] {
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text.as_bytes());
            }
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What `found` lacks, has beyond or has otherwise than this catalog; empty where both are equal.
    pub fn difference(&self, found: &Catalog) -> Vec<Difference> {
        difference::difference(self, found)
    }

    /// As [`Catalog::difference`], without what follows from another difference: a table that is missing is one
    /// difference, whatever it holds. Both catalogs have to come from [`inspect::inspect`].
    pub fn drift(&self, found: &Catalog) -> Vec<Difference> {
        difference::roots(self, found, self.difference(found))
    }
}

impl Object {
    fn new(kind: ObjectKind, name: String, definition: &str) -> Self {
        Self { kind, name, table: None, definition: mark::shown(definition), script: None }
    }

    /// What it is and how it is called.
    pub fn key(&self) -> Key {
        Key::new(self.kind, self.name.clone())
    }

    fn sort_name(&self) -> &str {
        self.table.as_deref().unwrap_or(&self.name)
    }
}
