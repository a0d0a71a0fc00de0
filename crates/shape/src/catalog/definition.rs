//! How an index or a key was made, as the plain shape has it: LIKE and partitions make it once more.

use pg_query::NodeEnum;
use pg_query::protobuf::{Constraint, IndexStmt, Node};

use crate::ast;

/// What made an index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Definition {
    Index(Box<IndexStmt>),
    Constraint(Box<Constraint>),
}

impl Definition {
    /// From CREATE INDEX, without its name.
    pub fn of_index(stmt: &IndexStmt) -> Self {
        Self::Index(Box::new(IndexStmt {
            idxname: String::new(),
            if_not_exists: false,
            concurrent: false,
            ..stmt.clone()
        }))
    }

    /// From a key or an exclusion, without its name.
    pub fn of_constraint(c: &Constraint) -> Self {
        Self::Constraint(Box::new(Constraint { conname: String::new(), ..c.clone() }))
    }

    /// Whether both make the same index, on whatever table.
    pub fn matches(&self, other: &Self) -> bool {
        let shape = |d: &Self| match d {
            Self::Index(i) => {
                let bare =
                    IndexStmt { relation: None, access_method: method(&i.access_method), ..(**i).clone() };
                ast::shape_of(&NodeEnum::IndexStmt(Box::new(bare)))
            }
            Self::Constraint(c) => ast::shape_of(&NodeEnum::Constraint(c.clone())),
        };
        shape(self) == shape(other)
    }

    /// Follows a column to its new name.
    pub fn rename_column(&mut self, old: &str, new: &str) {
        match self {
            Self::Index(i) => {
                i.index_params
                    .iter_mut()
                    .chain(&mut i.index_including_params)
                    .for_each(|e| element(e, old, new));
                expression(i.where_clause.as_deref_mut(), old, new);
            }
            Self::Constraint(c) => {
                for key in c.keys.iter_mut().chain(&mut c.including) {
                    if ast::name_of(key).as_deref() == Some(old) {
                        *key = ast::name_node(new);
                    }
                }
                for pair in &mut c.exclusions {
                    if let Some(NodeEnum::List(pair)) = pair.node.as_mut() {
                        pair.items.iter_mut().for_each(|e| element(e, old, new));
                    }
                }
                expression(c.where_clause.as_deref_mut(), old, new);
            }
        }
    }
}

fn method(written: &str) -> String {
    if written.is_empty() { "btree".to_owned() } else { written.to_owned() }
}

fn element(n: &mut Node, old: &str, new: &str) {
    let Some(NodeEnum::IndexElem(e)) = n.node.as_mut() else { return };
    if e.name == old {
        new.clone_into(&mut e.name);
    }
    expression(e.expr.as_deref_mut(), old, new);
}

fn expression(n: Option<&mut Node>, old: &str, new: &str) {
    if let Some(n) = n
        && let Some(renamed) = ast::renamed_in(n, old, new)
    {
        *n = renamed;
    }
}
