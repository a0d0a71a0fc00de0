//! Text that should not be in the tree: unfinished work, trailing blanks, tabs, files without a last newline.

use super::Finding;
use crate::tree::{File, Tree};

/// Words that mark unfinished work; written in two parts so that this file does not hold them.
const MARKERS: [(&str, &str); 3] = [("TO", "DO"), ("FIX", "ME"), ("XX", "X")];
const MACROS: [(&str, &str); 2] = [("to", "do!"), ("unimple", "mented!")];

pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.files().iter().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Snapshots hold what a program printed, blanks included.
    let is_literal = file.extension() == "snap";
    let tabs_allowed = !matches!(file.extension(), "rs" | "sql");
    for (number, line) in file.lines() {
        let mut find =
            |what: String, instead: &str| findings.push(Finding::new(&file.path, number, what, instead));
        for word in unfinished(line) {
            find(
                format!("{word} marks unfinished work"),
                "finish it, or open an issue and take the mark out",
            );
        }
        if !is_literal && line.ends_with([' ', '\t', '\r']) {
            find("blanks at the end of the line".to_owned(), "take them out");
        }
        if !tabs_allowed && line.contains('\t') {
            find("a tab".to_owned(), "indent with spaces; write \\t in a literal");
        }
    }
    let last = file.lines().count().max(1);
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        findings.push(Finding::new(&file.path, last, "no newline at the end of the file", "add one"));
    }
    if !is_literal && file.text.ends_with("\n\n") {
        findings.push(Finding::new(&file.path, last, "blank lines at the end of the file", "take them out"));
    }
    findings
}

fn unfinished(line: &str) -> Vec<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let words = MARKERS.iter().map(|(a, b)| (format!("{a}{b}"), true));
    let macros = MACROS.iter().map(|(a, b)| (format!("{a}{b}"), false));
    let stands_in_line = |(word, whole): &(String, bool)| {
        line.match_indices(word.as_str()).any(|(start, _)| {
            let (before, after) = (&line[..start], &line[start + word.len()..]);
            let inside_word = before.ends_with(is_word) || (*whole && after.starts_with(is_word));
            !inside_word && !is_quoted(before, after)
        })
    };
    words.chain(macros).filter(stands_in_line).map(|(word, _)| word).collect()
}

/// Whether the word is a value by itself, as the currency code of ISO 4217 for "no currency" is.
fn is_quoted(before: &str, after: &str) -> bool {
    ['\'', '"', '`'].into_iter().any(|quote| before.ends_with(quote) && after.starts_with(quote))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|f| format!("{}: {}", f.line, f.what)).collect()
    }

    #[test]
    fn unfinished_work_is_found() {
        for (a, b) in MARKERS.into_iter().chain(MACROS) {
            let text = format!("fine\n// {a}{b}(me)\n");
            assert_eq!(findings("a.rs", &text), [format!("2: {a}{b} marks unfinished work")]);
        }
    }

    #[test]
    fn parts_of_words_are_fine() {
        for (a, b) in MARKERS {
            assert_eq!(findings("a.md", &format!("{a}{b}S a_{a}{b} {a}\n")).len(), 0);
            assert_eq!(findings("a.sql", &format!("SELECT '{a}{b}';\n")).len(), 0);
        }
        assert_eq!(findings("a.toml", "todo = \"warn\"\n").len(), 0);
    }

    #[test]
    fn blanks_tabs_and_ends_are_found() {
        assert_eq!(
            findings("a.md", "a \nb"),
            ["1: blanks at the end of the line", "2: no newline at the end of the file"]
        );
        assert_eq!(findings("a.sql", "\ta\n\n"), ["1: a tab", "2: blank lines at the end of the file"]);
        assert_eq!(findings("Makefile", "a:\n\tb\n").len(), 0);
        assert_eq!(findings("a.snap", "a \n").len(), 0);
        assert_eq!(findings("empty.rs", "").len(), 0);
    }
}
