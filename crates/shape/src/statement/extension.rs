//! CREATE EXTENSION: once per database, in the schema `extensions`, which is on everybody's path.

use pg_query::NodeEnum;
use pg_query::protobuf::CreateExtensionStmt;

use super::{Output, Work};
use crate::ast;
use crate::emit;
use crate::ident;
use crate::model::Scope;
use crate::refuse::Refuse;

/// Carries a CREATE EXTENSION.
pub(crate) fn carry(work: &mut Work<'_>, mut stmt: CreateExtensionStmt) -> Result<Output, Refuse> {
    match stmt.extname.as_str() {
        "plpgsql" => return Ok(work.left_out("CREATE EXTENSION plpgsql is left out: every database has it")),
        "dblink" | "postgres_fdw" | "file_fdw" | "adminpack" | "plperlu" | "plpython3u" | "pltclu" => {
            return Err(Refuse::all(
                format!("the extension {} reaches outside the tenant's database", stmt.extname),
                "do that work in the application",
            ));
        }
        _ => {}
    }
    work.catalog.extensions.insert(stmt.extname.clone());
    stmt.if_not_exists = true;
    stmt.options.retain(|o| !matches!(&o.node, Some(NodeEnum::DefElem(d)) if d.defname == "schema"));
    let model = ast::parse_one("CREATE EXTENSION x WITH SCHEMA extensions")?;
    if let NodeEnum::CreateExtensionStmt(model) = model {
        stmt.options.extend(model.options);
    }
    let emitted = if stmt.options.len() == 1 {
        let sql =
            format!("CREATE EXTENSION IF NOT EXISTS {} WITH SCHEMA extensions", ident::quote(&stmt.extname));
        emit::text(sql, Scope::Database)?
    } else {
        emit::tree(&NodeEnum::CreateExtensionStmt(stmt), Scope::Database)?
    };
    Ok(Output { shared: vec![emitted.clone()], plain: vec![emitted] })
}
