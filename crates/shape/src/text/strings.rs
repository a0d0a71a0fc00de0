//! String constants of a body that runs text with EXECUTE: a pass goes into them as into the body.

use super::{Pass, Scene};
use crate::ident;
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

/// Makes a pass over the strings that contain `word`, in whatever case.
pub(super) fn executed(
    tokens: &Tokens<'_>,
    scene: &Scene<'_>,
    word: &str,
    pass: Pass,
    edits: &mut Edits,
) -> Result<(), Refuse> {
    if !scene.in_body || !tokens.list.iter().any(|t| t.name == "execute" && !t.is_quoted) {
        return Ok(());
    }
    for (i, token) in tokens.list.iter().enumerate().filter(|(_, t)| t.is_string) {
        let value = tokens.string_value(i).unwrap_or_default();
        if !value.to_ascii_lowercase().contains(word) {
            continue;
        }
        // A piece of a statement that can't be scanned by itself begins or ends inside of a quoted text.
        let Ok(inner) = Tokens::scan(&value) else { continue };
        let mut inner_edits = Edits::default();
        pass(&inner, scene, &mut inner_edits)?;
        if !inner_edits.is_empty() {
            edits.replace(token.range.clone(), ident::literal(&inner_edits.apply(&value)));
        }
    }
    Ok(())
}
