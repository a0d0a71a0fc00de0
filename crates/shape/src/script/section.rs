//! Files that hold both ways: goose, sql-migrate and dbmate divide them by marks in comments.

use super::lexer::{Item, Lexer};

/// A mark in a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Up,
    Down,
    /// From here on the tool replaces `${...}`.
    Variables,
}

/// The mark that a comment is.
pub(super) fn mark(comment: &str) -> Option<Mark> {
    let words = comment.trim_start_matches('-').trim();
    let mut words = words.split_whitespace();
    match (words.next()?, words.next()) {
        ("+goose" | "+migrate", Some(word)) if word.eq_ignore_ascii_case("up") => Some(Mark::Up),
        ("+goose" | "+migrate", Some(word)) if word.eq_ignore_ascii_case("down") => Some(Mark::Down),
        ("+goose", Some(word)) if word.eq_ignore_ascii_case("envsub") => {
            (words.next().is_some_and(|w| w.eq_ignore_ascii_case("on"))).then_some(Mark::Variables)
        }
        ("migrate:up", _) => Some(Mark::Up),
        ("migrate:down", _) => Some(Mark::Down),
        _ => None,
    }
}

/// The part of a file that takes the migration back (behind `-- +goose Down`, `-- +migrate Down` or
/// `-- migrate:down`), with blanks in place of the rest, so that lines keep their numbers. None: the file has no
/// such part.
pub fn down_section(text: &str) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let (mut from, mut down, mut found) = (0, false, false);
    let mut hide = |range: std::ops::Range<usize>| {
        for byte in bytes.get_mut(range).into_iter().flatten().filter(|b| **b != b'\n') {
            *byte = b' ';
        }
    };
    for item in Lexer::new(text) {
        let Item::Comment(range) = item else { continue };
        match mark(text.get(range.clone()).unwrap_or_default()) {
            Some(Mark::Down) if !down => {
                hide(from..range.end);
                (down, found) = (true, true);
            }
            Some(Mark::Up) if down => (down, from) = (false, range.start),
            _ => {}
        }
    }
    if !down {
        hide(from..text.len());
    }
    found.then(|| String::from_utf8(bytes).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_keeps_its_lines() {
        let text = "-- +goose Up\nCREATE TABLE ä (a int);\n-- +goose Down\nDROP TABLE ä;\n";
        let down = down_section(text).unwrap();
        assert_eq!(down.trim(), "DROP TABLE ä;");
        assert_eq!(down.lines().position(|l| l.contains("DROP")), Some(3));
        assert_eq!(down_section("-- migrate:up\nSELECT 1;"), None);
        let both = "-- migrate:down\nSELECT 'down';\n-- migrate:up\nSELECT 'up';";
        assert_eq!(down_section(both).unwrap().trim(), "SELECT 'down';");
    }
}
