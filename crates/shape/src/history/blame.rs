//! Refusals that follow from another one: what a refused statement would have made is unknown to those behind it.

use crate::source::Piece;
use crate::tokens::Tokens;

/// Whether one of these statements, which could have made it, names what is missing.
pub(super) fn named_in(what: &str, refused: &[&Piece<'_>]) -> bool {
    let missing: Vec<&str> = what.split(' ').collect();
    refused.iter().any(|piece| {
        Tokens::scan(piece.text).is_ok_and(|tokens| {
            let data = ["copy", "insert", "update", "delete"].iter().any(|word| tokens.is(0, word));
            !data
                && tokens
                    .list
                    .iter()
                    .any(|t| !t.name.is_empty() && missing.contains(&t.name.as_str()) && !is_noun(&t.name))
        })
    })
}

/// The words that say what kind of thing is missing.
fn is_noun(word: &str) -> bool {
    matches!(
        word,
        "table" | "column" | "of" | "the" | "primary" | "key" | "constraint" | "index" | "view" | "type"
    )
}
