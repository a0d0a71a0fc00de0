//! The statements of a PL/pgSQL body by their tokens.

use std::ops::Range;

use crate::tokens::Tokens;

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It makes, changes or drops an object, or grants.
    Defines,
    /// EXECUTE of a text.
    Executes,
    /// It writes rows.
    Writes,
    /// It reads, or calls something.
    Reads,
    Locks,
    /// It ends the transaction.
    Ends,
}

/// A statement of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub kind: Kind,
    /// Its first token.
    pub first: usize,
    /// The token behind it: a semicolon, or the end.
    pub end: usize,
}

impl Part {
    /// As it is written.
    pub fn text<'a>(&self, tokens: &Tokens<'a>) -> &'a str {
        tokens.text.get(self.range(tokens)).unwrap_or_default()
    }

    /// Its place in the text, in bytes.
    pub fn range(&self, tokens: &Tokens<'_>) -> Range<usize> {
        let start = tokens.list.get(self.first).map_or(0, |t| t.range.start);
        let end = self.end.checked_sub(1).and_then(|i| tokens.list.get(i)).map_or(start, |t| t.range.end);
        start..end
    }
}

/// The statements of a body, in order; what PL/pgSQL does by itself (assignments, IF, RAISE) is not among them.
pub(crate) fn of(tokens: &Tokens<'_>) -> Vec<Part> {
    let mut found = Vec::new();
    let mut i = 0;
    while i < tokens.list.len() {
        let Some(kind) = kind(tokens, i).filter(|_| begins(tokens, i)) else {
            i += 1;
            continue;
        };
        let end = crate::text::end_of(tokens, i);
        found.push(Part { kind: refined(tokens, i, end, kind), first: i, end });
        i = end.max(i + 1);
    }
    found
}

/// Whether token `i` of a body can begin a statement.
pub(crate) fn begins(tokens: &Tokens<'_>, i: usize) -> bool {
    i == 0
        || tokens.symbol(i - 1, ';')
        || tokens.written(i - 1) == ">>"
        || ["begin", "then", "else", "loop"].iter().any(|w| tokens.is(i - 1, w))
}

fn kind(tokens: &Tokens<'_>, i: usize) -> Option<Kind> {
    let token = tokens.list.get(i).filter(|t| !t.is_quoted)?;
    Some(match token.name.as_str() {
        "create" | "alter" | "drop" | "comment" | "grant" | "revoke" | "reindex" | "cluster" | "vacuum"
        | "analyze" | "security" | "import" | "reassign" => Kind::Defines,
        "execute" => Kind::Executes,
        "insert" | "update" | "delete" | "merge" | "truncate" | "copy" | "refresh" => Kind::Writes,
        "select" | "with" | "perform" | "call" => Kind::Reads,
        "lock" => Kind::Locks,
        "commit" | "rollback" => Kind::Ends,
        _ => return None,
    })
}

/// WITH may write; a name that is also a keyword may be assigned to; `SELECT ... INTO` of PL/pgSQL reads.
fn refined(tokens: &Tokens<'_>, i: usize, end: usize, kind: Kind) -> Kind {
    let writes = |at: usize| ["insert", "update", "delete", "merge"].iter().any(|w| tokens.is(at, w));
    match kind {
        _ if tokens.written(i + 1) == ":=" || tokens.symbol(i + 1, '=') => Kind::Reads,
        Kind::Reads if tokens.is(i, "with") && (i..end).any(|at| writes(at) && !tokens.is(at - 1, "for")) => {
            Kind::Writes
        }
        kind => kind,
    }
}
