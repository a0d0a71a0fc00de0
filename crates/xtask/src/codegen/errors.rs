//! `docs/errors.md`: every error code, grouped as in the table of `tenantry_domain::error_code`.
//!
//! Numbers and help come from the compiled table; groups and meanings stand in the source's comments.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result, bail};
use tenantry_domain::ErrorCode;

use super::{Page, meaning};
use crate::tree::Tree;

const PAGE: &str = "docs/errors.md";
const SOURCE: &str = "crates/domain/src/error_code.rs";

const INTRODUCTION: &str = "# Errors

Every error carries a stable code from this page. Commands print it with the message and the next step, and
exit with the number given: 1 if the work failed, 2 if the command or the configuration was wrong. The same
code goes with the HTTP status and the SQLSTATE beside it. Codes are never reused for something else.

`cargo xtask codegen` writes this page from `crates/domain/src/error_code.rs`.
";

/// A code as the source comments on it.
#[derive(Debug, PartialEq, Eq)]
struct Described {
    group: String,
    code: String,
    meaning: String,
}

pub fn page(tree: &Tree) -> Result<Page> {
    let source = tree.text(SOURCE).with_context(|| format!("{SOURCE} is missing"))?;
    let described = describe(source)?;
    let codes: BTreeMap<&str, ErrorCode> = ErrorCode::ALL.iter().map(|code| (code.as_str(), *code)).collect();
    if described.len() != codes.len() {
        bail!("{SOURCE} describes {} codes and defines {}", described.len(), codes.len());
    }
    let mut text = INTRODUCTION.to_owned();
    let mut group = "";
    for Described { group: own_group, code, meaning } in &described {
        if own_group != group {
            group = own_group;
            write!(text, "\n## {group}\n\n| code | meaning | HTTP | SQLSTATE | exit | what to do |\n")?;
            text.push_str("|---|---|---|---|---|---|\n");
        }
        let code = codes.get(code.as_str()).with_context(|| format!("{SOURCE}: {code} is not defined"))?;
        let (http, sqlstate, exit) = (code.http_status(), code.sqlstate(), code.exit_code());
        let help = code.help().replace('|', "\\|");
        writeln!(text, "| `{code}` | {meaning} | {http} | `{sqlstate}` | {exit} | {help} |")?;
    }
    Ok(Page { path: PAGE, text })
}

/// Reads groups (`// Servers`), meanings (`/// ...`) and codes (`Name = "code", ...`) from the table's source.
fn describe(source: &str) -> Result<Vec<Described>> {
    let (_, table) =
        source.split_once("\ncodes! {\n").with_context(|| format!("{SOURCE}: no codes! table"))?;
    let mut described = Vec::new();
    let mut group = None;
    let mut doc: Vec<&str> = Vec::new();
    for line in table.lines().take_while(|line| *line != "}").map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            doc.push(text.trim());
        } else if let Some(text) = line.strip_prefix("//") {
            group = Some(text.trim().to_owned());
        } else if let Some((_, rest)) = line.split_once(" = \"") {
            let code = rest.split('"').next().unwrap_or_default().to_owned();
            let group = group.clone().with_context(|| format!("{SOURCE}: {code} stands in no group"))?;
            if doc.is_empty() {
                bail!("{SOURCE}: {code} has no doc comment");
            }
            described.push(Described { group, code, meaning: meaning(&doc) });
            doc.clear();
        }
    }
    Ok(described)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_read() {
        let source = "x\ncodes! {\n    // One\n    /// First\n    /// thing.\n    A = \"a\", 400, \"22023\", 2, \"h\";\n\n\
            \n    // Two\n    /// Second.\n    B = \"b\", 500, \"XX000\", 1, \"h\";\n}\n// Three\n";
        let described = |group: &str, code: &str, meaning: &str| Described {
            group: group.to_owned(),
            code: code.to_owned(),
            meaning: meaning.to_owned(),
        };
        assert_eq!(
            describe(source).unwrap(),
            [described("One", "a", "First thing"), described("Two", "b", "Second")]
        );
    }

    #[test]
    fn codes_without_group_or_doc_are_refused() {
        assert!(describe("fn main() {}\n").is_err());
        assert!(describe("\ncodes! {\n    /// A.\n    A = \"a\", 1;\n}\n").is_err());
        assert!(describe("\ncodes! {\n    // One\n    A = \"a\", 1;\n}\n").is_err());
    }

    #[test]
    fn every_code_stands_on_the_page() {
        let source = include_str!("../../../domain/src/error_code.rs");
        let page = page(&Tree::of(&[(SOURCE, source)])).unwrap();
        for code in ErrorCode::ALL {
            let row = page.text.lines().find(|line| line.starts_with(&format!("| `{code}` |"))).unwrap();
            for part in
                [code.http_status().to_string(), code.sqlstate().to_owned(), code.exit_code().to_string()]
            {
                assert!(row.contains(&part), "{row}");
            }
        }
    }
}
