//! Files and functions stay short enough to be read in one go; a ratchet lists what is longer, and only shrinks.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Finding;
use crate::rust_source::RustSource;
use crate::tree::{File, Tree};

/// Lines of a file, tests apart.
const FILE_LINES_MAX: usize = 400;
/// Lines of a function.
const FUNCTION_LINES_MAX: usize = 70;
/// The exceptions.
const RATCHET: &str = "crates/xtask/tidy-ratchet.toml";

/// Lengths by file, and by file and function (`path::name`).
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Ratchet {
    file_lines: BTreeMap<String, usize>,
    function_lines: BTreeMap<String, usize>,
}

pub fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let parse = |text: &str| toml::from_str::<Ratchet>(text).with_context(|| format!("read {RATCHET}"));
    let ratchet = parse(tree.text(RATCHET).unwrap_or_default())?;
    let mut findings = compare(&measure(tree), &ratchet);
    if let Some(committed) = tree.committed_text(RATCHET) {
        findings.extend(growth(&ratchet, &parse(&committed)?));
    }
    Ok(findings)
}

/// What is too long: the place, what it is called in the ratchet, and its length.
#[derive(Default)]
struct Lengths {
    files: Vec<Long>,
    functions: Vec<Long>,
}

struct Long {
    file: String,
    line: usize,
    key: String,
    lines: usize,
}

fn measure(tree: &Tree) -> Lengths {
    let mut lengths = Lengths::default();
    for file in tree.rust_files().filter(|file| !file.is_test_code()) {
        let source = RustSource::new(&file.text);
        let lines = file.lines().count() - source.test_lines();
        if lines > FILE_LINES_MAX {
            lengths.files.push(Long { file: file.path.clone(), line: 1, key: file.path.clone(), lines });
        }
        lengths.functions.extend(long_functions(file, &source));
    }
    lengths
}

fn long_functions(file: &File, source: &RustSource) -> Vec<Long> {
    let functions = source.functions().into_iter().filter(|f| f.lines > FUNCTION_LINES_MAX);
    let long = functions.map(|f| Long {
        file: file.path.clone(),
        line: f.line,
        key: format!("{}::{}", file.path, f.name),
        lines: f.lines,
    });
    long.collect()
}

fn compare(lengths: &Lengths, ratchet: &Ratchet) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut kind = |long: &[Long], allowed: &BTreeMap<String, usize>, max: usize, what: &str| {
        for Long { file, line, key, lines } in long {
            match allowed.get(key) {
                Some(entry) if lines == entry => {}
                Some(entry) if lines < entry => {
                    let what = format!("{key} has {lines} lines, its entry says {entry}");
                    findings.push(Finding::new(RATCHET, 1, what, "lower the entry"));
                }
                _ => {
                    let bound = allowed.get(key).unwrap_or(&max);
                    let what = format!("a {what} of {lines} lines, {bound} are allowed");
                    findings.push(Finding::new(file, *line, what, "split it by what it does"));
                }
            }
        }
        for key in allowed.keys().filter(|key| !long.iter().any(|l| l.key == **key)) {
            findings.push(Finding::new(RATCHET, 1, format!("{key} is not too long"), "take the entry out"));
        }
    };
    kind(&lengths.files, &ratchet.file_lines, FILE_LINES_MAX, "file");
    kind(&lengths.functions, &ratchet.function_lines, FUNCTION_LINES_MAX, "function");
    findings
}

/// Entries that are new or higher than in the last commit.
fn growth(now: &Ratchet, before: &Ratchet) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (now, before) in
        [(&now.file_lines, &before.file_lines), (&now.function_lines, &before.function_lines)]
    {
        for (key, lines) in now.iter().filter(|(key, lines)| before.get(*key).is_none_or(|b| b < *lines)) {
            let what = format!("the entry {key} = {lines} is new or was raised");
            findings.push(Finding::new(RATCHET, 1, what, "the ratchet only shrinks: split the code instead"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "crates/a/src/b.rs";

    /// A file with one function of `lines` lines, and as many lines of tests again.
    fn file_with_function(lines: usize) -> String {
        let body = "    f();\n".repeat(lines - 2);
        format!("fn long() {{\n{body}}}\n#[cfg(test)]\nmod tests {{\n    fn test() {{\n{body}    }}\n}}\n")
    }

    fn findings(text: &str, ratchet: &str) -> Vec<String> {
        let tree = Tree::of(&[(PATH, text)]);
        compare(&measure(&tree), &toml::from_str(ratchet).unwrap()).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn long_functions_are_found_outside_of_tests() {
        assert_eq!(findings(&file_with_function(70), "").len(), 0);
        let found = findings(&file_with_function(71), "");
        assert_eq!(
            found,
            [format!("{PATH}:1: a function of 71 lines, 70 are allowed; split it by what it does")]
        );
    }

    #[test]
    fn long_files_are_found_and_their_tests_do_not_count() {
        let text = |lines: usize| {
            format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "use a;\n".repeat(lines), "use b;\n".repeat(500))
        };
        assert_eq!(findings(&text(400), "").len(), 0);
        assert_eq!(
            findings(&text(401), ""),
            [format!("{PATH}:1: a file of 401 lines, 400 are allowed; split it by what it does")]
        );
        let tree = Tree::of(&[("crates/a/tests/it/main.rs", &text(401))]);
        assert!(measure(&tree).files.is_empty());
    }

    #[test]
    fn the_ratchet_states_the_true_length() {
        let entry = |lines: usize| format!("[function_lines]\n\"{PATH}::long\" = {lines}\n");
        assert_eq!(findings(&file_with_function(80), &entry(80)).len(), 0);
        assert!(findings(&file_with_function(81), &entry(80))[0].contains("81 lines, 80 are allowed"));
        assert!(findings(&file_with_function(79), &entry(80))[0].contains("lower the entry"));
        assert!(findings(&file_with_function(70), &entry(80))[0].contains("take the entry out"));
    }

    #[test]
    fn the_ratchet_only_shrinks() {
        let ratchet = |lines: usize| Ratchet {
            file_lines: BTreeMap::from([(PATH.to_owned(), lines)]),
            ..Ratchet::default()
        };
        assert_eq!(growth(&ratchet(500), &ratchet(500)).len(), 0);
        assert_eq!(growth(&ratchet(499), &ratchet(500)).len(), 0);
        assert_eq!(growth(&ratchet(501), &ratchet(500)).len(), 1);
        assert_eq!(growth(&ratchet(501), &Ratchet::default()).len(), 1);
    }
}
