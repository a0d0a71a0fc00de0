//! What ALTER TABLE leaves behind.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableStmt, AlterTableType};

use super::{Index, Kind, Table, Ty, World, name_of};

impl World {
    pub(super) fn alter_table(&mut self, stmt: &AlterTableStmt) {
        let name = name_of(stmt.relation.as_ref());
        let Some(mut table) = self.tables.remove(&name) else { return };
        for cmd in &stmt.cmds {
            if let Some(NodeEnum::AlterTableCmd(cmd)) = cmd.node.as_ref() {
                self.command(&name, &mut table, cmd);
            }
        }
        self.tables.insert(name, table);
    }

    fn command(&mut self, name: &str, table: &mut Table, cmd: &AlterTableCmd) {
        use AlterTableType as T;
        let def = cmd.def.as_ref().and_then(|d| d.node.as_ref());
        let column = table.columns.get_mut(&cmd.name);
        match (cmd.subtype(), def, column) {
            (T::AtAddColumn, Some(NodeEnum::ColumnDef(def)), _) => {
                let exists = cmd.missing_ok && table.columns.contains_key(&def.colname);
                if !exists {
                    self.column_of(name, table, def);
                }
            }
            (T::AtDropColumn, ..) => {
                table.columns.remove(&cmd.name);
            }
            (T::AtAlterColumnType, Some(NodeEnum::ColumnDef(def)), Some(column)) => {
                column.ty = Ty::of(def.type_name.as_ref());
            }
            (T::AtColumnDefault, def, Some(column)) => column.has_default = def.is_some(),
            (T::AtSetNotNull, _, Some(column)) => column.not_null = true,
            (T::AtDropNotNull, _, Some(column)) => column.not_null = false,
            (T::AtAddIdentity, _, Some(column)) => column.has_default = true,
            (T::AtDropIdentity, _, Some(column)) => column.has_default = false,
            (T::AtAddConstraint, Some(NodeEnum::Constraint(c)), _) => {
                // The index that a key is made from gives it its name.
                if c.indexname.is_empty() {
                    self.constraint_of(name, table, c, None);
                } else {
                    let called = if c.conname.is_empty() { &c.indexname } else { &c.conname };
                    table.constraints.insert(called.clone(), Kind::Key);
                    self.indexes.remove(&c.indexname);
                    self.indexes.insert(called.clone(), Index { table: name.to_owned(), is_unique: true });
                }
            }
            (T::AtDropConstraint, ..) => {
                let dropped = table.constraints.remove(&cmd.name);
                if dropped == Some(Kind::Key) {
                    self.indexes.remove(&cmd.name);
                }
            }
            (T::AtValidateConstraint, ..) => {
                if let Some(Kind::Check { is_valid, .. }) = table.constraints.get_mut(&cmd.name) {
                    *is_valid = true;
                }
            }
            _ => {}
        }
    }
}
