//! Bodies of functions that were rewritten with the columns of tables and views. In plain PostgreSQL a body finds its tables
//! when it runs; what stands in the shared shape is written anew when their columns have changed.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Catalog;

/// A function in PL/pgSQL.
#[derive(Debug)]
pub(crate) struct Body {
    /// Its name without arguments.
    pub function: String,
    /// Its CREATE FUNCTION in the plain shape.
    pub plain: String,
    /// The same in the shared shape.
    pub shared: String,
    /// Every name in it.
    pub names: Vec<String>,
    /// What [`Catalog::columns_of`] said of these names.
    pub columns: Columns,
}

/// What of some names is a table or a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    pub relations: usize,
    /// A hash of their columns.
    hash: u64,
}

impl Catalog {
    /// The columns of those names that are tables or views.
    pub fn columns_of(&self, names: &[String]) -> Columns {
        let mut relations = 0;
        let mut hasher = DefaultHasher::new();
        for name in names {
            if let Some(table) = self.tables.get(name) {
                relations += 1;
                (name, table.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>()).hash(&mut hasher);
            }
            if let Some(view) = self.views.get(name) {
                relations += 1;
                (name, &view.columns).hash(&mut hasher);
            }
        }
        Columns { relations, hash: hasher.finish() }
    }

    /// Forgets the functions of a name.
    pub fn drop_function(&mut self, name: &str) {
        self.functions.remove(name);
        self.forget_bodies(name);
    }

    /// Leaves the bodies of this name as they are from now on: it was dropped, renamed or altered.
    pub fn forget_bodies(&mut self, function: &str) {
        self.bodies.retain(|_, body| body.function != function);
    }
}
