//! PREPARE and EXECUTE: a prepared statement would outlive the migration in a session that serves several targets, so
//! EXECUTE becomes the statement itself with its parameters put in.

use pg_query::protobuf::{DeallocateStmt, ExecuteStmt, PrepareStmt};

use super::{Output, Resolve, Work};
use crate::refuse::Refuse;
use crate::text;
use crate::tokens::{Edits, Tokens};

/// A statement with parameters.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    /// As the text writes the types of its parameters.
    types: Vec<String>,
    query: String,
}

/// Remembers a PREPARE.
pub(crate) fn prepare(work: &mut Work<'_>, stmt: &PrepareStmt) -> Result<Output, Refuse> {
    let tokens = text::scan(&work.plain)?;
    let types = if tokens.symbol(2, '(') { list(&tokens, 2) } else { Vec::new() };
    let behind = if tokens.symbol(2, '(') { tokens.closing(2).map_or(2, |i| i + 1) } else { 2 };
    let query = tokens.list.get(behind + 1).map_or("", |t| &work.plain[t.range.start..]).to_owned();
    work.state.prepared.insert(stmt.name.clone(), Prepared { types, query });
    Ok(work.left_out("PREPARE is left out: EXECUTE runs the statement itself"))
}

/// Carries what an EXECUTE runs.
pub(crate) fn execute(work: &mut Work<'_>, stmt: &ExecuteStmt) -> Result<Output, Refuse> {
    let Some(prepared) = work.state.prepared.get(&stmt.name) else {
        return Err(Refuse::all(
            format!("no statement {} is prepared in this file", stmt.name),
            "PREPARE it in the same file, or write the statement out",
        ));
    };
    let tokens = text::scan(&work.plain)?;
    let values = if tokens.symbol(2, '(') { list(&tokens, 2) } else { Vec::new() };
    let query = text::scan(&prepared.query)?;
    let mut edits = Edits::default();
    for (i, token) in query.list.iter().enumerate() {
        let Some(number) = query.written(i).strip_prefix('$').and_then(|n| n.parse::<usize>().ok()) else {
            continue;
        };
        let at = number.checked_sub(1);
        let value = at.and_then(|at| values.get(at)).ok_or_else(|| {
            Refuse::all(
                format!("EXECUTE gives no value for ${number}"),
                "give as many values as PREPARE has parameters",
            )
        })?;
        match at.and_then(|at| prepared.types.get(at)) {
            Some(known) => edits.replace(token.range.clone(), format!("(({value})::{known})")),
            None => edits.replace(token.range.clone(), format!("({value})")),
        }
    }
    work.resolve = Some(Resolve::Instead(edits.apply(&prepared.query)));
    Ok(Output::default())
}

/// Forgets a statement.
pub(crate) fn deallocate(work: &mut Work<'_>, stmt: &DeallocateStmt) -> Output {
    if stmt.name.is_empty() {
        work.state.prepared.clear();
    } else {
        work.state.prepared.remove(&stmt.name);
    }
    work.left_out("DEALLOCATE is left out: nothing stays prepared")
}

/// What stands between the brackets at `open`, cut at its commas.
fn list(tokens: &Tokens<'_>, open: usize) -> Vec<String> {
    let close = tokens.closing(open).unwrap_or(open);
    let (mut found, mut start, mut depth) = (Vec::new(), open + 1, 0usize);
    for i in open + 1..=close {
        match tokens.list[i].symbol {
            '(' | '[' => depth += 1,
            ')' | ']' if i < close => depth = depth.saturating_sub(1),
            _ => {}
        }
        if (i == close || depth == 0 && tokens.symbol(i, ',')) && i > start {
            let range = tokens.list[start].range.start..tokens.list[i - 1].range.end;
            found.push(tokens.text[range].to_owned());
            start = i + 1;
        }
    }
    found
}
