//! Statements other than ALTER TABLE: what they make, rename and drop.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    ColumnDef, ConstrType, Constraint, CreateStmt, DropStmt, IndexStmt, Node, ObjectType, RenameStmt,
};

use super::{Column, Index, Kind, Table, Ty, World, last_name, name_of};
use crate::ast;

impl World {
    /// Takes in what a statement does.
    pub fn take(&mut self, node: &NodeEnum) {
        match node {
            NodeEnum::CreateStmt(s) => self.create_table(s),
            NodeEnum::AlterTableStmt(s) => self.alter_table(s),
            NodeEnum::IndexStmt(s) => self.create_index(s),
            NodeEnum::DropStmt(s) => self.drop(s),
            NodeEnum::RenameStmt(s) => self.rename(s),
            NodeEnum::ViewStmt(s) => self.object(name_of(s.view.as_ref())),
            NodeEnum::CreateTableAsStmt(s) => {
                let name = name_of(s.into.as_ref().and_then(|i| i.rel.as_ref()));
                if s.objtype() == ObjectType::ObjectMatview {
                    self.object(name);
                } else {
                    self.table(name, Table::default());
                }
            }
            NodeEnum::CreateFunctionStmt(s) => self.object(ast::names(&s.funcname).pop().unwrap_or_default()),
            NodeEnum::CreateSeqStmt(s) => self.object(name_of(s.sequence.as_ref())),
            NodeEnum::CreateEnumStmt(s) => self.object(ast::names(&s.type_name).pop().unwrap_or_default()),
            NodeEnum::CreateDomainStmt(s) => self.object(ast::names(&s.domainname).pop().unwrap_or_default()),
            NodeEnum::CompositeTypeStmt(s) => self.object(name_of(s.typevar.as_ref())),
            NodeEnum::CreateRangeStmt(s) => self.object(ast::names(&s.type_name).pop().unwrap_or_default()),
            _ => {}
        }
    }

    fn object(&mut self, name: String) {
        // CREATE OR REPLACE of what is live leaves it so.
        if self.objects.insert(name.clone()) {
            self.made(&name);
        }
    }

    fn table(&mut self, name: String, table: Table) {
        self.made(&name);
        self.tables.insert(name, table);
    }

    fn create_table(&mut self, stmt: &CreateStmt) {
        let name = name_of(stmt.relation.as_ref());
        if stmt.if_not_exists && self.tables.contains_key(&name) {
            return;
        }
        let mut table = Table { partitioned: stmt.partspec.is_some(), ..Table::default() };
        for parent in &stmt.inh_relations {
            let parent = self.tables.get(&last_name(parent));
            table.columns.extend(parent.map(|p| p.columns.clone()).unwrap_or_default());
        }
        for element in &stmt.table_elts {
            match element.node.as_ref() {
                Some(NodeEnum::ColumnDef(column)) => self.column_of(&name, &mut table, column),
                Some(NodeEnum::Constraint(c)) => self.constraint_of(&name, &mut table, c, None),
                Some(NodeEnum::TableLikeClause(like)) => {
                    let parent = self.tables.get(&name_of(like.relation.as_ref()));
                    table.columns.extend(parent.map(|p| p.columns.clone()).unwrap_or_default());
                }
                _ => {}
            }
        }
        self.table(name, table);
    }

    /// Adds a column and the constraints written with it.
    pub(super) fn column_of(&mut self, name: &str, table: &mut Table, def: &ColumnDef) {
        let ty = Ty::of(def.type_name.as_ref());
        let has = |kind: ConstrType| constraints(&def.constraints).any(|c| c.contype() == kind);
        let serial = is_serial(&ty.name);
        let column = Column {
            not_null: serial
                || has(ConstrType::ConstrNotnull)
                || has(ConstrType::ConstrPrimary)
                || has(ConstrType::ConstrIdentity),
            has_default: serial
                || has(ConstrType::ConstrDefault)
                || has(ConstrType::ConstrIdentity)
                || has(ConstrType::ConstrGenerated),
            ty,
        };
        table.columns.insert(def.colname.clone(), column);
        for constraint in constraints(&def.constraints) {
            self.constraint_of(name, table, constraint, Some(&def.colname));
        }
    }

    /// Adds a constraint, and the index that it makes.
    pub(super) fn constraint_of(
        &mut self,
        name: &str,
        table: &mut Table,
        constraint: &Constraint,
        column: Option<&str>,
    ) {
        let columns = match column {
            Some(column) => vec![column.to_owned()],
            None => ast::names(&constraint.keys),
        };
        let (suffix, kind) = match constraint.contype() {
            ConstrType::ConstrPrimary => {
                for column in &columns {
                    if let Some(c) = table.columns.get_mut(column) {
                        c.not_null = true;
                    }
                }
                ("pkey", Kind::Key)
            }
            ConstrType::ConstrUnique => ("key", Kind::Key),
            ConstrType::ConstrExclusion => ("excl", Kind::Key),
            ConstrType::ConstrForeign => {
                table.refers.insert(name_of(constraint.pktable.as_ref()));
                ("fkey", Kind::Foreign)
            }
            ConstrType::ConstrCheck => {
                let not_null = constraint.raw_expr.as_deref().map(not_null_columns).unwrap_or_default();
                ("check", Kind::Check { not_null, is_valid: !constraint.skip_validation })
            }
            ConstrType::ConstrNotnull if column.is_none() => {
                ("not_null", Kind::Check { not_null: columns.clone(), is_valid: !constraint.skip_validation })
            }
            _ => return,
        };
        let written = |c: &Constraint| (!c.conname.is_empty()).then(|| c.conname.clone());
        let made = || {
            let mut parts = vec![name.to_owned()];
            if suffix != "pkey" {
                parts.extend(columns.clone());
            }
            parts.push(suffix.to_owned());
            parts.join("_")
        };
        let called = written(constraint).unwrap_or_else(made);
        if kind == Kind::Key {
            let index = Index { table: name.to_owned(), is_unique: true };
            self.indexes.insert(called.clone(), index);
        }
        table.constraints.insert(called, kind);
    }

    fn create_index(&mut self, stmt: &IndexStmt) {
        let table = name_of(stmt.relation.as_ref());
        if !stmt.idxname.is_empty() && !self.indexes.contains_key(&stmt.idxname) {
            self.made(&stmt.idxname);
            self.indexes.insert(stmt.idxname.clone(), Index { table, is_unique: stmt.unique });
        }
    }

    fn drop(&mut self, stmt: &DropStmt) {
        for object in &stmt.objects {
            let name = last_name(object);
            match stmt.remove_type() {
                ObjectType::ObjectTable => {
                    self.tables.remove(&name);
                    self.indexes.retain(|_, i| i.table != name);
                }
                ObjectType::ObjectIndex => {
                    self.indexes.remove(&name);
                }
                ObjectType::ObjectTrigger | ObjectType::ObjectRule | ObjectType::ObjectPolicy => continue,
                _ => {
                    self.objects.remove(&name);
                }
            }
            self.fresh.remove(&name);
        }
    }

    fn rename(&mut self, stmt: &RenameStmt) {
        let old = name_of(stmt.relation.as_ref());
        let new = &stmt.newname;
        match stmt.rename_type() {
            ObjectType::ObjectColumn => {
                if let Some(table) = self.tables.get_mut(&old)
                    && let Some(column) = table.columns.remove(&stmt.subname)
                {
                    table.columns.insert(new.clone(), column);
                    for kind in table.constraints.values_mut() {
                        if let Kind::Check { not_null, .. } = kind {
                            not_null
                                .iter_mut()
                                .filter(|c| **c == stmt.subname)
                                .for_each(|c| c.clone_from(new));
                        }
                    }
                }
            }
            ObjectType::ObjectTabconstraint => {
                if let Some(table) = self.tables.get_mut(&old)
                    && let Some(kind) = table.constraints.remove(&stmt.subname)
                {
                    table.constraints.insert(new.clone(), kind);
                }
            }
            ObjectType::ObjectIndex => {
                if let Some(index) = self.indexes.remove(&old) {
                    self.indexes.insert(new.clone(), index);
                    self.moved(&old, new);
                }
            }
            ObjectType::ObjectTable => {
                if let Some(table) = self.tables.remove(&old) {
                    self.tables.insert(new.clone(), table);
                    self.indexes
                        .values_mut()
                        .filter(|i| i.table == old)
                        .for_each(|i| i.table.clone_from(new));
                    self.moved(&old, new);
                }
            }
            _ => {
                let named = stmt.object.as_deref().map(last_name).unwrap_or(old);
                if self.objects.remove(&named) {
                    self.objects.insert(new.clone());
                    self.moved(&named, new);
                }
            }
        }
    }

    fn moved(&mut self, old: &str, new: &str) {
        if self.fresh.remove(old) {
            self.made(new);
        } else {
            self.fresh.remove(new);
        }
    }
}

/// The constraints in a list of nodes.
pub(in crate::lint) fn constraints(nodes: &[Node]) -> impl Iterator<Item = &Constraint> {
    nodes.iter().filter_map(|n| match n.node.as_ref() {
        Some(NodeEnum::Constraint(c)) => Some(&**c),
        _ => None,
    })
}

/// Whether a type name stands for an integer with a sequence.
pub(in crate::lint) fn is_serial(name: &str) -> bool {
    matches!(name, "serial" | "bigserial" | "smallserial" | "serial2" | "serial4" | "serial8")
}

/// The columns of which an expression demands `IS NOT NULL`, by itself or under AND.
fn not_null_columns(expression: &Node) -> Vec<String> {
    use pg_query::protobuf::{BoolExprType, NullTestType};
    match expression.node.as_ref() {
        Some(NodeEnum::NullTest(test)) if test.nulltesttype() == NullTestType::IsNotNull => {
            let column = match test.arg.as_deref().and_then(|a| a.node.as_ref()) {
                Some(NodeEnum::ColumnRef(column)) => ast::names(&column.fields).pop(),
                _ => None,
            };
            column.into_iter().collect()
        }
        Some(NodeEnum::BoolExpr(e)) if e.boolop() == BoolExprType::AndExpr => {
            e.args.iter().flat_map(not_null_columns).collect()
        }
        _ => Vec::new(),
    }
}
