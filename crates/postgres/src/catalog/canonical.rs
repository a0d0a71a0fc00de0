//! One form for what PostgreSQL prints in two.
//!
//! `x IN ('a', 'b')` on a `varchar` is kept as a cast of the whole array and printed as `(ARRAY['a', 'b'])::text[]`; read
//! again, as by a clone or a restored dump, the cast goes to each element: `ARRAY[('a')::text, ('b')::text]`
//! (`transformArrayExpr` in `parse_expr.c`). Both mean the same.

use std::borrow::Cow;

use super::tokens::{Token, tokens};

/// The text with casts of array constructors at their elements.
pub(super) fn canonical(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    // The innermost first: an element can be such an array itself.
    while text.contains("(ARRAY[") {
        match once(&text) {
            Some(next) => text = Cow::Owned(next),
            None => break,
        }
    }
    text
}

/// The text with the last such cast moved; none: there is none.
fn once(text: &str) -> Option<String> {
    let all = tokens(text);
    let cast = (0..all.len()).rev().find_map(|i| Cast::at(&all, i))?;
    let mut out = written(&all[..cast.open]);
    out.push_str("ARRAY[");
    for (i, element) in cast.elements.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        out.push_str(&format!("{comma}({})::{}", written(element).trim(), cast.to));
    }
    out.push(']');
    out.push_str(&written(&all[cast.end..]));
    Some(out)
}

struct Cast<'a> {
    /// The parenthesis before ARRAY, and the token behind the cast.
    open: usize,
    end: usize,
    elements: Vec<&'a [Token<'a>]>,
    /// The type of an element.
    to: String,
}

impl<'a> Cast<'a> {
    /// The cast whose parenthesis is token `open`.
    fn at(all: &'a [Token<'a>], open: usize) -> Option<Self> {
        let symbol = |i: usize, s: &str| all.get(i) == Some(&Token::Symbol(s));
        if !(symbol(open, "(") && all.get(open + 1)?.is_word("array") && symbol(open + 2, "[")) {
            return None;
        }
        let (mut depth, mut close, mut from) = (0_usize, None, open + 3);
        let mut elements = Vec::new();
        for (i, token) in all.iter().enumerate().skip(open + 3) {
            match token {
                Token::Symbol("]") if depth == 0 => {
                    close = Some(i);
                    break;
                }
                Token::Symbol(",") if depth == 0 => {
                    elements.push(&all[from..i]);
                    from = i + 1;
                }
                Token::Symbol("(" | "[") => depth += 1,
                Token::Symbol(")" | "]") => depth = depth.checked_sub(1)?,
                _ => {}
            }
        }
        let close = close?;
        elements.push(&all[from..close]);
        if !(symbol(close + 1, ")") && symbol(close + 2, ":") && symbol(close + 3, ":")) {
            return None;
        }
        let brackets = close + 4 + type_length(&all[close + 4..]);
        (symbol(brackets, "[") && symbol(brackets + 1, "]") && from < close).then(|| Self {
            open,
            end: brackets + 2,
            elements,
            to: written(&all[close + 4..brackets]),
        })
    }
}

/// How many tokens from the first on are the name of a type: `character varying`, `app.kind`, `numeric(10,2)`.
fn type_length(tokens: &[Token<'_>]) -> usize {
    let mut inside = false;
    let in_name = |token: &Token<'_>| match token {
        Token::Word(_) | Token::Quoted(_) | Token::Space(_) | Token::Symbol(".") => true,
        Token::Symbol("(") => !std::mem::replace(&mut inside, true),
        Token::Symbol(")") => std::mem::replace(&mut inside, false),
        Token::Symbol(s) => inside && (*s == "," || s.bytes().all(|b| b.is_ascii_digit())),
        Token::Literal(_) | Token::Dollar(..) => false,
    };
    tokens.iter().map(in_name).take_while(|in_name| *in_name).count()
}

fn written(tokens: &[Token<'_>]) -> String {
    let mut out = String::new();
    for token in tokens {
        match *token {
            Token::Word(raw)
            | Token::Quoted(raw)
            | Token::Literal(raw)
            | Token::Space(raw)
            | Token::Symbol(raw) => {
                out.push_str(raw);
            }
            Token::Dollar(quote, body) => out.extend([quote, body, quote]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn a_cast_of_an_array_goes_to_its_elements() {
        for (printed, again) in [
            (
                "CHECK (((kind)::text = ANY ((ARRAY['a'::character varying, 'b, c'::character varying])::text[])))",
                "CHECK (((kind)::text = ANY (ARRAY[('a'::character varying)::text, ('b, c'::character varying)::text])))",
            ),
            ("(ARRAY[1, f(2, 3)])::numeric(10,2)[]", "ARRAY[(1)::numeric(10,2), (f(2, 3))::numeric(10,2)]"),
            (
                "(ARRAY[a])::character varying[] || (ARRAY[b])::text[]",
                "ARRAY[(a)::character varying] || ARRAY[(b)::text]",
            ),
            (
                "f((ARRAY[(ARRAY['x'::bpchar])::text[]])::app.kind[])",
                "f(ARRAY[(ARRAY[('x'::bpchar)::text])::app.kind])",
            ),
        ] {
            assert_eq!(canonical(printed), again);
            assert_eq!(canonical(again), again);
        }
    }

    #[test]
    fn the_rest_stays() {
        for text in
            ["(ARRAY[1, 2])[1]", "(ARRAY[]::text[])", "'(ARRAY[1])::text[]'", "(ARRAY[1])::text", "(ARRAY[1"]
        {
            assert_eq!(canonical(text), text);
        }
    }
}
