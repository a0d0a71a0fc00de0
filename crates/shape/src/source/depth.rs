//! How deeply a text can nest, told from its tokens: trees are walked by recursion, and a stack has an end.

use crate::tokens::Tokens;

/// The deepest nesting that is carried, in levels of brackets and links of operator chains.
pub(crate) const LEVELS_MAX: usize = 4000;

/// The stack that a text of [`LEVELS_MAX`] levels needs, in bytes, with room to spare: a level takes below
/// 60 kB in a build without optimisation. Only what is touched is ever used.
pub(crate) const STACK_BYTES: usize = LEVELS_MAX * 128 * 1024;

const LINKS: [&str; 10] =
    ["and", "or", "not", "union", "intersect", "except", "join", "case", "collate", "select"];

/// The byte where the text nests more deeply than [`LEVELS_MAX`].
pub(crate) fn too_deep(tokens: &Tokens<'_>) -> Option<usize> {
    let mut links = vec![0usize];
    let mut sum = 0usize;
    for t in &tokens.list {
        match t.symbol {
            '(' | '[' => links.push(0),
            ')' | ']' if links.len() > 1 => sum -= links.pop().unwrap_or_default(),
            ',' => sum -= links.last_mut().map(std::mem::take).unwrap_or_default(),
            ';' => {
                links = vec![0];
                sum = 0;
            }
            _ if is_link(tokens, t) => {
                sum += 1;
                if let Some(last) = links.last_mut() {
                    *last += 1;
                }
            }
            _ => {}
        }
        if sum + links.len() > LEVELS_MAX {
            return Some(t.range.start);
        }
    }
    None
}

fn is_link(tokens: &Tokens<'_>, t: &crate::tokens::Token) -> bool {
    if !t.name.is_empty() {
        return !t.is_quoted && LINKS.contains(&t.name.as_str());
    }
    let written = tokens.text.get(t.range.clone()).unwrap_or_default();
    written.starts_with(|c: char| "+-*/<>=~!@#%^&|`?:".contains(c))
}
