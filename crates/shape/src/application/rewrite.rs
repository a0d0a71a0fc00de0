//! The edits of a text: those of whole statements first, then the passes over tokens that migrations go through as well.

use pg_query::NodeEnum as N;
use tenantry_domain::Isolation;

use super::pieces::{Edit, Pieces};
use super::{Denial, Rules, Statement, channels, copy, settings, truncate};
use crate::ident;
use crate::model::{SCHEMA_PLACEHOLDER, SCHEMA_TEXT_PLACEHOLDER};
use crate::text;
use crate::tokens::{Edits, Tokens};

/// What a text becomes.
#[derive(Default)]
pub(super) struct Made {
    pub edits: Vec<Edit>,
    pub tags: Vec<(usize, &'static str)>,
    pub by_tenant: bool,
}

/// Rewrites a text of these statements.
pub(super) fn rewrite(
    text: &str,
    tokens: &Tokens<'_>,
    statements: &[Statement<'_>],
    rules: &Rules,
) -> Result<Made, Denial> {
    let mut made = Made::default();
    let mut edits = Edits::default();
    for (i, statement) in statements.iter().enumerate() {
        made.by_tenant |= channels::rename(statement, rules, &mut edits)?;
        if rules.isolation == Isolation::Shared {
            copy::write_columns(statement, rules, &mut edits);
            if truncate::rewrite(statement, rules, &mut edits)? {
                made.tags.push((i, truncate::TAG));
            }
            if settings::keep_tenant(statement, rules, &mut edits) {
                made.tags.push((i, settings::RESET_TAG));
            }
        }
    }
    let mut pieces = Pieces::of(text);
    pieces.change(edits);
    let inserts = tokens.list.iter().any(|t| t.name == "insert");
    for pass in text::application_passes(rules.isolation, inserts) {
        let current = pieces.text();
        pieces.change(text::application_edits(&current, &rules.tables, *pass)?);
    }
    made.edits = pieces.edits();
    for edit in &mut made.edits {
        if edit.text.contains("__tenantry_schema") {
            made.by_tenant |= rules.isolation == Isolation::Schema;
            edit.text = edit
                .text
                .replace(SCHEMA_TEXT_PLACEHOLDER, &ident::inside_literal(&rules.schema))
                .replace(SCHEMA_PLACEHOLDER, &ident::quote(&rules.schema));
        }
    }
    if !made.edits.is_empty() {
        check(&super::apply(text, &made.edits), statements)?;
    }
    Ok(made)
}

/// What was rewritten must be as many statements, of the kinds that were judged.
fn check(text: &str, statements: &[Statement<'_>]) -> Result<(), Denial> {
    let kind = |node: &N| std::mem::discriminant(node);
    let same = |new: &N, old: &N| {
        kind(new) == kind(old)
            || matches!(
                (new, old),
                (N::DeleteStmt(_), N::TruncateStmt(_)) | (N::CallStmt(_), N::VariableSetStmt(_))
            )
    };
    let parsed = pg_query::parse(text, 0).map(|p| p.protobuf.stmts).unwrap_or_default();
    let nodes: Vec<N> = parsed.into_iter().filter_map(|raw| raw.stmt?.node).collect();
    if nodes.len() == statements.len() && nodes.iter().zip(statements).all(|(new, old)| same(new, &old.node))
    {
        return Ok(());
    }
    Err(Denial::unsupported(
        "the statement can't be rewritten for its isolation",
        "write it in a simpler form, and report this one: it is a defect of Tenantry",
    ))
}
