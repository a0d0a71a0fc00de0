//! The SQL statements inside a PL/pgSQL body, cut out so that the parser can read them.

use crate::text::insert::end_of;
use crate::tokens::Tokens;

/// One statement of a body; bytes of its text stand where they stand in the body, counted from `start`.
pub(super) struct Fragment {
    pub start: usize,
    pub sql: String,
    /// It has GROUP BY.
    pub groups: bool,
    /// It inserts, or fills a table that is made of it, or several variables.
    pub inserts: bool,
    /// Its rows are what the function returns.
    pub returned: bool,
}

/// Cuts the statements out.
pub(super) fn of(tokens: &Tokens<'_>) -> Vec<Fragment> {
    let mut out = Vec::new();
    let mut i = 0;
    while i < tokens.list.len() {
        let starts =
            ["select", "with", "insert", "update", "delete", "perform"].iter().any(|w| tokens.is(i, w));
        if !starts {
            i += 1;
            continue;
        }
        let mut end = end_of(tokens, i);
        if let Some(word) = (i..end).find(|at| tokens.is(*at, "loop") || tokens.is(*at, "then")) {
            // CASE ... THEN belongs to the statement, IF ... THEN and FOR ... LOOP end it.
            let case = (i..word).any(|at| tokens.is(at, "when"));
            if !case {
                end = word;
            }
        }
        out.extend(cut(tokens, i, end));
        i = end.max(i + 1);
    }
    out
}

fn cut(tokens: &Tokens<'_>, first: usize, end: usize) -> Option<Fragment> {
    let start = tokens.list.get(first)?.range.start;
    let stop = tokens.list.get(end.checked_sub(1)?)?.range.end;
    let mut sql = tokens.text.get(start..stop)?.as_bytes().to_vec();
    if tokens.is(first, "perform") {
        sql.get_mut(..7)?.copy_from_slice(b"SELECT ");
    }
    if !tokens.is(first, "insert") {
        blank_into(tokens, first, end, start, &mut sql);
    }
    Some(Fragment {
        start,
        sql: String::from_utf8(sql).ok()?,
        groups: (first..end).any(|i| tokens.are(i, &["group", "by"])),
        inserts: first > 0 && tokens.is(first - 1, "as")
            || into_several(tokens, first, end)
            || (first..end).any(|i| tokens.are(i, &["insert", "into"])),
        returned: first >= 2 && tokens.are(first - 2, &["return", "query"]),
    })
}

/// `SELECT * INTO a, b`: each variable takes a column.
fn into_several(tokens: &Tokens<'_>, first: usize, end: usize) -> bool {
    (first..end).filter(|i| tokens.is(*i, "into")).any(|into| {
        let at = if tokens.is(into + 1, "strict") { into + 2 } else { into + 1 };
        tokens.qualified(at).is_some_and(|(_, next)| tokens.symbol(next, ',')) && !tokens.is(first, "insert")
    })
}

/// PL/pgSQL's `INTO a, b` is no SQL; blanks keep every other place.
fn blank_into(tokens: &Tokens<'_>, first: usize, end: usize, start: usize, sql: &mut [u8]) {
    let Some(into) = (first..end).find(|i| tokens.is(*i, "into") && !tokens.is(i.wrapping_sub(1), "insert"))
    else {
        return;
    };
    let mut at = if tokens.is(into + 1, "strict") { into + 2 } else { into + 1 };
    while let Some((_, next)) = tokens.qualified(at) {
        at = next;
        if !tokens.symbol(at, ',') {
            break;
        }
        at += 1;
    }
    let (Some(from), Some(to)) = (tokens.list.get(into), tokens.list.get(at.saturating_sub(1))) else {
        return;
    };
    for byte in sql.iter_mut().take(to.range.end - start).skip(from.range.start - start) {
        *byte = b' ';
    }
}
