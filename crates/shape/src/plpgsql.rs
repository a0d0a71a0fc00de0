//! PL/pgSQL as far as it matters here: which statements of a body define, write, read or run text made elsewhere.
//! DO blocks are read with PostgreSQL's own parser of the language, bodies of functions by their tokens, since
//! that parser needs a server to know their types.

mod block;
mod parts;

pub(crate) use block::{Block, read as read_block};
pub(crate) use parts::{Kind, Part, begins, of as parts};

use crate::model::SHADOW_NOTE;
use crate::refuse::Refuse;
use crate::text;
use crate::tokens::{Edits, Tokens};

/// What of a body is noted on a shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noted {
    /// Definitions, and text that is executed.
    Definitions,
    /// Statements that write rows as well.
    WritesToo,
}

/// The statement with its body changed, so that it notes what it runs; none: it has no body.
pub(crate) fn probe(sql: &str, noted: Noted) -> Result<Option<String>, Refuse> {
    let tokens = text::scan(sql)?;
    let Some(at) = text::body(&tokens) else { return Ok(None) };
    let body = tokens.string_value(at).unwrap_or_default();
    let inner = text::scan(&body)?;
    let mut edits = Edits::default();
    for part in parts(&inner) {
        match part.kind {
            Kind::Executes => note_text(&inner, &part, &mut edits),
            Kind::Defines if inner.are(part.first, &["create", "schema"]) => {
                edits.replace(part.range(&inner), "NULL");
            }
            Kind::Defines if is_left_out(&inner, part.first) => {
                edits.replace(part.range(&inner), format!("PERFORM {}", note(&inner, &part)));
            }
            Kind::Defines => note_statement(&inner, &part, &mut edits),
            Kind::Writes if noted == Noted::WritesToo => note_statement(&inner, &part, &mut edits),
            _ => {}
        }
    }
    let mut outer = Edits::default();
    outer.replace(tokens.list[at].range.clone(), crate::ident::literal(&edits.apply(&body)));
    Ok(Some(outer.apply(sql)))
}

/// `EXECUTE text` becomes `EXECUTE note(text)`: it is worked out once.
fn note_text(tokens: &Tokens<'_>, part: &Part, edits: &mut Edits) {
    let mut depth = 0usize;
    let end = (part.first + 1..part.end)
        .find(|i| {
            match tokens.list[*i].symbol {
                '(' | '[' => depth += 1,
                ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && (tokens.is(*i, "into") || tokens.is(*i, "using"))
        })
        .unwrap_or(part.end);
    if let (Some(first), Some(last)) = (tokens.list.get(part.first + 1), tokens.list.get(end - 1)) {
        edits.insert(first.range.start, format!("{SHADOW_NOTE}(("));
        edits.insert(last.range.end, ")::text)");
    }
}

fn note_statement(tokens: &Tokens<'_>, part: &Part, edits: &mut Edits) {
    edits.insert(tokens.list[part.first].range.start, format!("PERFORM {}; ", note(tokens, part)));
}

fn note(tokens: &Tokens<'_>, part: &Part) -> String {
    format!("{SHADOW_NOTE}({}::text)", crate::ident::literal(part.text(tokens)))
}

/// What is left out of every shape, about roles and what they may do, is not run on a shadow either: there the roles are
/// missing. The shadow does the same with text that is executed.
fn is_left_out(tokens: &Tokens<'_>, at: usize) -> bool {
    let role = ["role", "user", "group"].iter().any(|word| tokens.is(at + 1, word));
    let changes = ["create", "alter", "drop"].iter().any(|word| tokens.is(at, word));
    changes && role
        || ["grant", "revoke", "reassign"].iter().any(|word| tokens.is(at, word))
        || tokens.are(at, &["alter", "default", "privileges"])
}
