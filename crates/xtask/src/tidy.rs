//! Checks on the tree that neither the compiler nor clippy makes. One check per file; each names the
//! place, what is wrong, and what to do instead.

use std::fmt;

use anyhow::Result;

use crate::tree::Tree;

mod dead_files;
mod edges;
mod generated;
mod lengths;
mod links;
mod module_files;
mod quoting;
mod sql_places;
mod words;

/// Something to put right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Path from the root.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do instead.
    pub instead: String,
}

impl Finding {
    /// A finding at a line of a file.
    pub fn new(file: &str, line: usize, what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into(), instead: instead.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.file, self.line, self.what, self.instead)
    }
}

/// Runs every check; findings come sorted by place.
pub fn run(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    findings.extend(edges::check(tree, &edges::crates(tree)?));
    findings.extend(dead_files::check(tree, &dead_files::roots(tree)?));
    findings.extend(generated::check(tree)?);
    findings.extend(lengths::check(tree)?);
    findings.extend(links::check(tree));
    findings.extend(module_files::check(tree));
    findings.extend(quoting::check(tree));
    findings.extend(sql_places::check(tree));
    findings.extend(words::check(tree));
    findings.sort();
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_finding_names_place_fault_and_remedy() {
        let finding = Finding::new("a/b.rs", 7, "a fault", "mend it");
        assert_eq!(finding.to_string(), "a/b.rs:7: a fault; mend it");
    }

    #[test]
    fn this_tree_is_tidy() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let findings = run(&Tree::of_repository(root).unwrap()).unwrap();
        let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }
}
