//! The text of a file: UTF-8 without a byte-order mark, lines ended by a line feed.
//!
//! Line ends are made the same for every check-out of the same commit: otherwise one colleague's computer would give
//! other checksums, and other line breaks in stored text, than the next one's.

use std::path::Path;

use tenantry_domain::{ErrorCode, Result, ResultExt as _};

use super::refused;

/// Reads a file.
///
/// # Errors
/// `migration_layout` with the line of what is not text; `io`.
pub fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).code(ErrorCode::Io, format!("read {}", path.display()))?;
    decode(&bytes).map_err(|(line, what)| {
        refused(format!("{}:{line}: {what}", path.display())).help("save the file as UTF-8 text")
    })
}

/// The text that bytes are, or the line of what is not text and what it is.
fn decode(bytes: &[u8]) -> std::result::Result<String, (usize, &'static str)> {
    let line = |at: usize| 1 + bytes[..at].iter().filter(|b| **b == b'\n').count();
    let text = std::str::from_utf8(bytes).map_err(|e| (line(e.valid_up_to()), "the file is not UTF-8"))?;
    if let Some(at) = text.find('\0') {
        return Err((line(at), "the file holds a byte 0, which SQL can't"));
    }
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n"))
}

/// Whether a text holds nothing but blanks and comments.
pub fn is_blank(text: &str) -> bool {
    let mut rest = text.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once('\n').map_or("", |(_, next)| next);
        } else if rest.starts_with("/*") {
            rest = after_comment(rest);
        } else if let Some(next) = rest.strip_prefix(';') {
            rest = next;
        } else {
            return rest.is_empty();
        }
        rest = rest.trim_start();
    }
}

/// What follows a comment in `/* */`, which nests.
fn after_comment(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return &text[at..];
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            if rest.is_empty() {
                break;
            }
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_utf8_with_plain_line_ends() {
        assert_eq!(decode(b"a\r\nb\rc\n").unwrap(), "a\nb\rc\n");
        assert_eq!(decode("\u{feff}SELECT 'é'".as_bytes()).unwrap(), "SELECT 'é'");
        assert_eq!(decode(b"a\nb\n\xff").unwrap_err().0, 3);
        assert_eq!(decode(b"\xff\xfeS\0"), Err((1, "the file is not UTF-8")));
        assert_eq!(decode(b"a\n\0").unwrap_err(), (2, "the file holds a byte 0, which SQL can't"));
    }

    #[test]
    fn comments_are_no_statements() {
        for blank in ["", " \n", "-- a\n\n", "/* a /* b */ c */ ;\n-- d", "/* open", "/* é", ";"] {
            assert!(is_blank(blank), "{blank}");
        }
        for full in ["SELECT 1", "-- a\nSELECT 1", "/* a */ DROP TABLE x;", "- 1", "/"] {
            assert!(!is_blank(full), "{full}");
        }
    }
}
