//! Statements that run outside a transaction can be done without being noted: the process may end in between. So
//! that they can be run again, they say what is not to exist yet, or what need not exist any more.

use pg_query::NodeEnum;

use super::Output;
use crate::ast;
use crate::ident;
use crate::refuse::Refuse;
use crate::text;
use crate::tokens::{Edits, Tokens};

/// Makes every statement of this output that runs alone one that can be run twice.
pub(crate) fn make(output: &mut Output) -> Result<(), Refuse> {
    let mut name = None;
    for emitted in output.shared.iter_mut().chain(&mut output.plain).filter(|e| !e.transactional) {
        if let NodeEnum::IndexStmt(index) = ast::parse_one(&emitted.sql)?
            && !index.idxname.is_empty()
        {
            // The shared shape's comes first and has always one, which is what the server would choose.
            name.get_or_insert(index.idxname);
        }
        let tokens = text::scan(&emitted.sql)?;
        let mut edits = Edits::default();
        edit(&tokens, name.as_deref(), &mut edits);
        if !edits.is_empty() {
            emitted.sql = edits.apply(&emitted.sql);
            ast::parse_one(&emitted.sql)?;
        }
    }
    Ok(())
}

fn edit(tokens: &Tokens<'_>, index: Option<&str>, edits: &mut Edits) {
    let (words, behind) = if tokens.are(0, &["create", "index", "concurrently"]) {
        ("IF NOT EXISTS ", 3)
    } else if tokens.are(0, &["create", "unique", "index", "concurrently"]) {
        ("IF NOT EXISTS ", 4)
    } else if tokens.are(0, &["drop", "index", "concurrently"]) {
        ("IF EXISTS ", 3)
    } else if tokens.are(0, &["alter", "type"])
        && let Some(add) = (2..tokens.list.len()).find(|i| tokens.are(*i, &["add", "value"]))
    {
        ("IF NOT EXISTS ", add + 2)
    } else {
        return;
    };
    let Some(at) = tokens.list.get(behind).filter(|_| !tokens.is(behind, "if")) else { return };
    edits.insert(at.range.start, words);
    if tokens.is(behind, "on")
        && let Some(name) = index
    {
        edits.insert(at.range.start, format!("{} ", ident::quote(name)));
    }
}
