//! What is taken away of a global table. Tenants that have not come to the file yet still refer to it, so in a data database
//! it goes last, when none of them is left; in a tenant's own database it goes where the file says so.

use pg_query::protobuf::{AlterTableCmd, AlterTableType};

use super::{Output, Work, once, per_tenant};
use crate::ast;
use crate::catalog::ConstraintKind;
use crate::ident;
use crate::refuse::Refuse;
use crate::tokens::Tokens;

impl Work<'_> {
    /// Moves what an output does in shared tables to the end, unless the file goes on with what is taken away.
    pub(super) fn retire(&mut self, names: &[String], mut output: Output) -> Output {
        let goes_on = self.later.iter().any(|piece| match Tokens::scan(piece.text) {
            Ok(tokens) => tokens.list.iter().any(|t| names.contains(&t.name)),
            Err(_) => true,
        });
        if !goes_on && output.shared.iter().all(|e| e.transactional) {
            self.retired.append(&mut output.shared);
        }
        output
    }

    /// What CASCADE takes from the tenants' tables, said for each of them: it goes with the file, not with the global table.
    /// Asked before the catalog forgets it.
    pub(super) fn cascaded(&self, name: &str, readers: &[String]) -> Result<Output, Refuse> {
        let mut lines = Vec::new();
        for table in self.catalog.tables.values().filter(|t| !t.global) {
            let keys = table.constraints.iter().filter(
                |c| matches!(&c.kind, ConstraintKind::Foreign { table, .. } if table.as_str() == name),
            );
            lines.extend(keys.map(|key| {
                let (table, key) = (ident::quote(&table.name), ident::quote(&key.name));
                format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {key}")
            }));
        }
        let views = readers.iter().filter(|r| self.catalog.views.contains_key(*r));
        lines.extend(views.map(|view| format!("DROP VIEW IF EXISTS {} CASCADE", ident::quote(view))));
        Ok(Output {
            shared: lines.iter().map(|sql| once(sql.as_str())).collect::<Result<_, _>>()?,
            plain: lines.iter().map(|sql| per_tenant(sql.as_str())).collect::<Result<_, _>>()?,
        })
    }
}

/// Whether a command only takes something away that others may refer to.
pub(super) fn takes_away(cmd: &AlterTableCmd) -> bool {
    matches!(cmd.subtype(), AlterTableType::AtDropColumn | AlterTableType::AtDropConstraint)
}

/// The last parts of the names of objects.
pub(super) fn last_names(objects: &[pg_query::protobuf::Node]) -> Vec<String> {
    objects.iter().filter_map(|o| ast::qualified_name(o).pop()).collect()
}
