//! Parts code from comments and literals (The Rust Reference, "Lexical structure").

use std::collections::BTreeMap;
use std::ops::Range;

/// The text with comments and the insides of literals blanked, and the string literals by the offset of
/// their opening quote.
pub fn split(text: &str) -> (String, BTreeMap<usize, String>) {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut literals = BTreeMap::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(b"//") {
            let end = at + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            blank(&mut code, at..end);
            at = end;
        } else if rest.starts_with(b"/*") {
            let end = at + block_comment_bytes(rest);
            blank(&mut code, at..end);
            at = end;
        } else if let Some((quote, inside, end)) = string(bytes, at) {
            literals.insert(quote, String::from_utf8_lossy(&bytes[inside.clone()]).into_owned());
            blank(&mut code, inside);
            at = end;
        } else if bytes[at] == b'\'' {
            let end = at + character_bytes(&text[at..]);
            if end > at + 1 {
                blank(&mut code, at..end);
            }
            at = end;
        } else {
            at += 1;
        }
    }
    (String::from_utf8_lossy(&code).into_owned(), literals)
}

fn blank(code: &mut [u8], range: Range<usize>) {
    for byte in &mut code[range] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// The length of the comment that `rest` starts with; comments nest.
fn block_comment_bytes(rest: &[u8]) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// A string literal at `at`: the offset of its opening quote, its inside, and the offset behind it.
fn string(bytes: &[u8], at: usize) -> Option<(usize, Range<usize>, usize)> {
    if bytes[at] == b'"' {
        let mut end = at + 1;
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let end = end.min(bytes.len());
        return Some((at, at + 1..end, (end + 1).min(bytes.len())));
    }
    let follows_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    let prefix = [&b"r"[..], b"br", b"cr"].into_iter().find(|p| bytes[at..].starts_with(p))?;
    if follows_word {
        return None;
    }
    let hashes = bytes[at + prefix.len()..].iter().take_while(|b| **b == b'#').count();
    let quote = at + prefix.len() + hashes;
    if bytes.get(quote) != Some(&b'"') {
        return None;
    }
    let mut terminator = vec![b'"'];
    terminator.resize(1 + hashes, b'#');
    let inside = quote + 1;
    let found = bytes[inside..].windows(terminator.len()).position(|w| w == terminator);
    let end = found.map_or(bytes.len(), |length| inside + length);
    Some((quote, inside..end, (end + terminator.len()).min(bytes.len())))
}

/// The length of the character literal that `rest` starts with; 1 where the quote begins a lifetime.
fn character_bytes(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => {
            characters.next();
            characters.find(|(_, c)| *c == '\'').map_or(1, |(end, _)| end + 1)
        }
        Some(_) => characters.next().filter(|(_, c)| *c == '\'').map_or(1, |(end, _)| end + 1),
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, code: &str, literals: &[&str]) {
        let (found, strings) = split(text);
        assert_eq!(found, code);
        assert_eq!(strings.into_values().collect::<Vec<_>>(), literals);
    }

    #[test]
    fn comments_are_blanked() {
        check("a // \"x\nb", "a      \nb", &[]);
        check("a /* /* { */ } */ b", "a                 b", &[]);
    }

    #[test]
    fn strings_are_taken_out() {
        check(r#"f("a\"b{", c)"#, r#"f("     ", c)"#, &[r#"a\"b{"#]);
        check(r###"r#"a"b"# br"c""###, r###"r#"   "# br" ""###, &["a\"b", "c"]);
        check("r#type", "r#type", &[]);
        check("\"ä\"", "\"  \"", &["ä"]);
    }

    #[test]
    fn characters_are_not_lifetimes() {
        check(r"['{', '\'', '\u{7d}']", "[   ,     ,         ]", &[]);
        check("fn f<'a>(x: &'a str) -> '\"'", "fn f<'a>(x: &'a str) ->    ", &[]);
    }

    #[test]
    fn what_does_not_end_is_no_panic() {
        for text in ["\"a", "r#\"a", "/* a", "'", "'\\", "\"\\"] {
            split(text);
        }
    }
}
