//! DO. A block that only touches rows runs once per tenant. One that defines something is run on a shadow first,
//! which tells its definitions; those are carried as if they stood in the file, in all shapes, since a look into
//! the catalog means something else where many tenants share it.

mod temporary;

use pg_query::NodeEnum;
use pg_query::protobuf::DoStmt;

use super::function::body;
use super::{Output, Resolve, Work, schema};
use crate::ast;
use crate::catalog::Catalog;
use crate::model::{Emitted, Scope};
use crate::plpgsql::{self, Block, Kind, Noted};
use crate::refuse::Refuse;
use crate::text;
use crate::tokens::{Edits, Tokens};

/// Carries a DO block.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &DoStmt) -> Result<Output, Refuse> {
    let language = stmt.args.iter().find_map(|a| match &a.node {
        Some(NodeEnum::DefElem(d)) if d.defname == "language" => ast::option_text(d.arg.as_deref()),
        _ => None,
    });
    if let Some(other) = language.filter(|l| !l.eq_ignore_ascii_case("plpgsql")) {
        return Err(Refuse::all(format!("a DO block in {other} is not carried"), "write it in PL/pgSQL"));
    }
    let Some(block) = plpgsql::read_block(&work.plain) else {
        return Err(Refuse::all("the DO block can't be read", "write its statements out"));
    };
    if block.ends {
        work.plain = without_commits(&work.plain)?;
        work.notes.push("COMMIT in the block is left out: a migration is one transaction".to_owned());
    }
    let (block, made) = schemas(work, block)?;
    if made && !does_anything(&block) {
        return Ok(Output::default());
    }
    if let Some(sql) = guarded(&block) {
        work.resolve = Some(Resolve::Guarded(sql));
        return Ok(Output::default());
    }
    let reads_catalog = block.reads.iter().any(|r| !work.catalog.tables.contains_key(r) && is_catalog(r));
    if !reads_catalog && let Some(names) = temporary::only(&block, work.catalog) {
        return temporary::rows(work, &names);
    }
    if !defines(&block, work.catalog) {
        let told = reads_catalog && depends(&block, work.catalog).is_ok();
        if !told {
            return rows(work);
        }
    }
    depends(&block, work.catalog)?;
    work.resolve = plpgsql::probe(&work.plain, Noted::WritesToo)?.map(Resolve::Shadow);
    Ok(Output::default())
}

/// The schemas that a block makes stand for the tenant's from here on, in the block itself too; whether there are any.
fn schemas(work: &mut Work<'_>, block: Block) -> Result<(Block, bool), Refuse> {
    let mut made = false;
    for sql in &block.defines {
        if let Ok(NodeEnum::CreateSchemaStmt(mut stmt)) = ast::parse_one(sql) {
            // A condition of the block may say that it is there.
            stmt.if_not_exists = true;
            schema::create(work, &stmt)?;
            made = true;
        }
    }
    if !made {
        return Ok((block, false));
    }
    work.plain = text::plain(&work.plain, work.catalog, work.options)?;
    let mut block = plpgsql::read_block(&work.plain).unwrap_or(block);
    block.defines.retain(|sql| !matches!(ast::parse_one(sql), Ok(NodeEnum::CreateSchemaStmt(_))));
    Ok((block, true))
}

fn does_anything(block: &Block) -> bool {
    !(block.defines.is_empty()
        && block.executes.is_empty()
        && block.writes.is_empty()
        && block.calls.is_empty())
}

/// The block without what ends a batch: all of it or nothing happens.
fn without_commits(sql: &str) -> Result<String, Refuse> {
    let tokens = text::scan(sql)?;
    let Some(at) = text::body(&tokens) else { return Ok(sql.to_owned()) };
    let body = tokens.string_value(at).unwrap_or_default();
    let inner = text::scan(&body)?;
    let mut edits = Edits::default();
    for part in plpgsql::parts(&inner).iter().filter(|p| p.kind == Kind::Ends) {
        if inner.is(part.first, "rollback") {
            return Err(Refuse::all(
                "the DO block rolls back the transaction that the migration runs in",
                "take ROLLBACK out; undo a part of the block by an exception",
            ));
        }
        edits.replace(part.range(&inner), "NULL");
    }
    let mut outer = Edits::default();
    outer.replace(tokens.list[at].range.clone(), text::requote(tokens.written(at), &edits.apply(&body)));
    Ok(outer.apply(sql))
}

/// As it is written, once per tenant.
fn rows(work: &Work<'_>) -> Result<Output, Refuse> {
    let shared = text::shared_block(&work.plain, work.catalog, work.options)?;
    let shared = body::carry(work, &shared)?;
    ast::parse_one(&shared)?;
    Ok(Output {
        shared: vec![Emitted { sql: shared, scope: Scope::Tenant, transactional: true }],
        plain: vec![work.plain_text(false)],
    })
}

/// Whether a block may define something.
fn defines(block: &Block, catalog: &Catalog) -> bool {
    !block.defines.is_empty() || defines_unseen(block, catalog)
}

/// Whether a block may define something that is not written out in it.
fn defines_unseen(block: &Block, catalog: &Catalog) -> bool {
    block.locks
        || block.executes.iter().any(|text| !body::is_query(text))
        || block.calls.iter().any(|f| catalog.functions.get(f).is_some_and(|r| r.defines))
}

fn is_catalog(relation: &str) -> bool {
    relation.starts_with("pg_")
        || matches!(
            relation,
            "columns"
                | "tables"
                | "table_constraints"
                | "key_column_usage"
                | "views"
                | "schemata"
                | "routines"
                | "triggers"
                | "constraint_column_usage"
                | "referential_constraints"
                | "sequences"
                | "domains"
                | "check_constraints"
                | "element_types"
                | "parameters"
        )
}

/// What a block defines must be the same for every tenant: it may not hang on rows. And what it writes is run for each
/// of them, so it may not hang on the block's variables.
fn depends(block: &Block, catalog: &Catalog) -> Result<(), Refuse> {
    if let Some(table) =
        block.reads.iter().find(|r| catalog.tables.contains_key(*r) || catalog.views.contains_key(*r))
    {
        return Err(Refuse::all(
            format!(
                "the DO block makes definitions that hang on the rows of {table}, which differ from tenant to tenant"
            ),
            "make the definitions in statements of their own, and leave the rows to another block",
        ));
    }
    if let Some(function) =
        block.calls.iter().find(|f| catalog.functions.get(*f).is_some_and(|r| r.defines && r.writes))
    {
        return Err(Refuse::all(
            format!("the DO block calls {function}, which makes definitions and writes rows"),
            "write the definitions as statements of the migration",
        ));
    }
    let variable = block.writes.iter().find(|(sql, into)| *into || names_one_of(sql, &block.variables));
    if variable.is_some() || block.counts && !block.writes.is_empty() {
        return Err(Refuse::all(
            "the DO block makes definitions, and writes rows with variables in between",
            "make it two blocks: one for the definitions, one for the rows",
        ));
    }
    Ok(())
}

fn names_one_of(sql: &str, variables: &[String]) -> bool {
    Tokens::scan(sql).is_ok_and(|tokens| {
        (0..tokens.list.len())
            .any(|i| variables.contains(&tokens.list[i].name) && !(i > 0 && tokens.symbol(i - 1, '.')))
    })
}

/// The definition of a block that makes one unless it is there, where that needs no server to tell.
fn guarded(block: &Block) -> Option<String> {
    let guarded = block.guarded.clone()?;
    if block.defines.len() != 1 || !block.writes.is_empty() || !block.executes.is_empty() {
        return None;
    }
    let Some(condition) = guarded.condition else { return Some(guarded.sql) };
    let tokens = Tokens::scan(&condition).ok()?;
    let asks = tokens.are(0, &["not", "exists"])
        && tokens.closing(2) == tokens.list.len().checked_sub(1)
        && block.reads.iter().all(|r| is_catalog(r));
    let constants: Vec<String> = (0..tokens.list.len()).filter_map(|i| tokens.string_value(i)).collect();
    let made = makes(&ast::parse_one(&guarded.sql).ok()?)?;
    (asks && made.iter().all(|name| constants.iter().any(|c| c == name || c.ends_with(&format!(".{name}")))))
        .then_some(guarded.sql)
}

/// The names by which one would look for what a statement makes.
fn makes(stmt: &NodeEnum) -> Option<Vec<String>> {
    use pg_query::protobuf::AlterTableType as Cmd;
    Some(match stmt {
        NodeEnum::CreateEnumStmt(s) => vec![ast::names(&s.type_name).pop()?],
        NodeEnum::CreateDomainStmt(s) => vec![ast::names(&s.domainname).pop()?],
        NodeEnum::CompositeTypeStmt(s) => vec![s.typevar.as_ref()?.relname.clone()],
        NodeEnum::CreateStmt(s) => vec![s.relation.as_ref()?.relname.clone()],
        NodeEnum::IndexStmt(s) if !s.idxname.is_empty() => vec![s.idxname.clone()],
        NodeEnum::CreateExtensionStmt(s) => vec![s.extname.clone()],
        NodeEnum::CreateTrigStmt(s) => vec![s.trigname.clone()],
        NodeEnum::AlterTableStmt(s) if s.cmds.len() == 1 => {
            let Some(NodeEnum::AlterTableCmd(cmd)) = s.cmds.first()?.node.as_ref() else { return None };
            let table = s.relation.as_ref()?.relname.clone();
            match (cmd.subtype(), cmd.def.as_deref()?.node.as_ref()?) {
                (Cmd::AtAddColumn, NodeEnum::ColumnDef(c)) => vec![table, c.colname.clone()],
                (Cmd::AtAddConstraint, NodeEnum::Constraint(c)) if !c.conname.is_empty() => {
                    vec![c.conname.clone()]
                }
                _ => return None,
            }
        }
        _ => return None,
    })
}
