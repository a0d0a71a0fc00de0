//! Dependencies between the workspace's crates go downwards only, as the rows table of `ARCHITECTURE.md` has it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

use super::Finding;
use crate::tree::Tree;

mod rows;

use rows::{Entry, Row};

/// The page that holds the table.
const PAGE: &str = "ARCHITECTURE.md";

/// A crate of the workspace and what it depends on within the workspace.
pub struct Crate {
    name: String,
    manifest: String,
    dependencies: Vec<(String, DependencyKind)>,
}

/// The workspace's crates, as cargo sees them.
pub fn crates(tree: &Tree) -> Result<Vec<Crate>> {
    let metadata = MetadataCommand::new()
        .manifest_path(tree.root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata")?;
    let short = |name: &str| name.strip_prefix("tenantry-").unwrap_or(name).to_owned();
    let crates = metadata.packages.iter().map(|package| {
        let within = package.dependencies.iter().filter(|dependency| dependency.path.is_some());
        let manifest = package.manifest_path.strip_prefix(tree.root()).unwrap_or(&package.manifest_path);
        Crate {
            name: short(package.name.as_str()),
            manifest: manifest.to_string(),
            dependencies: within.map(|d| (short(&d.name), d.kind)).collect(),
        }
    });
    Ok(crates.collect())
}

pub fn check(tree: &Tree, crates: &[Crate]) -> Vec<Finding> {
    let table = match rows::parse(tree.text(PAGE).unwrap_or_default()) {
        Ok(table) => table,
        Err((line, what)) => {
            return vec![Finding::new(PAGE, line, what, "write the rows table as DESIGN has it")];
        }
    };
    let mut findings = check_listing(&table, crates);
    for from in crates {
        for (to, kind) in &from.dependencies {
            if let Err(what) = check_edge(&table, &from.name, to, *kind) {
                let line = manifest_line(tree, &from.manifest, to);
                let instead = "depend downwards only, or move what both need to a lower row";
                findings.push(Finding::new(&from.manifest, line, what, instead));
            }
        }
    }
    findings
}

/// Every crate is listed, and what is listed is there unless it is planned.
fn check_listing(table: &BTreeMap<String, Entry>, crates: &[Crate]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for krate in crates.iter().filter(|krate| !table.contains_key(&krate.name)) {
        let what = format!("crate {} has no row in {PAGE}", krate.name);
        findings.push(Finding::new(&krate.manifest, 1, what, "list it in the row where it belongs"));
    }
    for (name, entry) in table {
        let present = crates.iter().any(|krate| krate.name == *name);
        if !present && !entry.planned {
            let what = format!("crate {name} is listed but not there");
            findings.push(Finding::new(PAGE, entry.line, what, "mark it (planned) or take it out"));
        }
        if present && entry.planned {
            let what = format!("crate {name} is marked as planned but is there");
            findings.push(Finding::new(PAGE, entry.line, what, "take the mark out"));
        }
    }
    findings
}

/// Whether the rows allow that `from` depends on `to`. Crates without a row are found elsewhere.
fn check_edge(
    table: &BTreeMap<String, Entry>,
    from: &str,
    to: &str,
    kind: DependencyKind,
) -> Result<(), String> {
    let (Some(source), Some(target)) = (table.get(from), table.get(to)) else { return Ok(()) };
    if kind == DependencyKind::Development && to == "testkit" {
        return Ok(());
    }
    match (source.row, target.row) {
        (Row::Numbered(source), Row::Numbered(target)) if target < source => Ok(()),
        (Row::Library, _) if to == "domain" => Ok(()),
        (Row::Library, _) => Err(format!("{from} (library) depends on {to}, but may use domain alone")),
        (Row::Tools, Row::Numbered(1..=4)) => Ok(()),
        (Row::Tools, _) => Err(format!("{from} (tools) depends on {to}, but may use rows 1 to 4 alone")),
        (_, Row::Tools) => Err(format!("{from} depends on {to}, which is for tests alone")),
        (source, target) => Err(format!("{from} ({source}) depends on {to} ({target})")),
    }
}

/// The line of a manifest that names the dependency, or the first.
fn manifest_line(tree: &Tree, manifest: &str, dependency: &str) -> usize {
    let names = [format!("tenantry-{dependency}"), dependency.to_owned()];
    let lines = tree.text(manifest).unwrap_or_default().lines();
    let names_it = |line: &str| {
        names
            .iter()
            .any(|n| line.strip_prefix(n.as_str()).is_some_and(|rest| rest.starts_with(['.', ' ', '='])))
    };
    lines.enumerate().find(|(_, line)| names_it(line)).map_or(1, |(index, _)| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# Map\n\n\
        | row | crates | what |\n|---|---|---|\n\
        | 3 | `jobs`, `identity` (planned) | x |\n\
        | 2 | `registry`, `postgres` | x |\n\
        | 1 | `domain`, `shape` | x |\n\
        | library | `client` | x |\n\
        | tools | `testkit`, `xtask` | x |\n";

    const PRESENT: [&str; 8] =
        ["jobs", "registry", "postgres", "domain", "shape", "client", "testkit", "xtask"];

    /// The findings about a workspace that is complete but for one crate's dependency.
    fn with_edge(from: &str, to: &str, kind: DependencyKind) -> Vec<String> {
        let krate = |name: &str| Crate {
            name: name.to_owned(),
            manifest: format!("crates/{name}/Cargo.toml"),
            dependencies: if name == from { vec![(to.to_owned(), kind)] } else { Vec::new() },
        };
        let crates: Vec<Crate> = PRESENT.into_iter().map(krate).collect();
        let manifest = format!("[dependencies]\ntenantry-{to}.workspace = true\n");
        let path = format!("crates/{from}/Cargo.toml");
        let tree = Tree::of(&[(PAGE, TABLE), (&path, &manifest)]);
        check(&tree, &crates).into_iter().map(|f| format!("{}:{}: {}", f.file, f.line, f.what)).collect()
    }

    #[test]
    fn edges_that_the_rows_allow() {
        use DependencyKind::{Development, Normal};
        for (from, to, kind) in [
            ("jobs", "registry", Normal),
            ("jobs", "domain", Normal),
            ("registry", "testkit", Development),
            ("client", "domain", Normal),
            ("testkit", "postgres", Normal),
            ("xtask", "domain", Normal),
        ] {
            assert_eq!(with_edge(from, to, kind), Vec::<String>::new(), "{from} -> {to}");
        }
    }

    #[test]
    fn edges_that_they_do_not() {
        use DependencyKind::{Build, Development, Normal};
        for (from, to, kind, what) in [
            ("registry", "jobs", Normal, "registry (row 2) depends on jobs (row 3)"),
            ("registry", "postgres", Normal, "registry (row 2) depends on postgres (row 2)"),
            ("shape", "domain", Build, "shape (row 1) depends on domain (row 1)"),
            ("domain", "jobs", Development, "domain (row 1) depends on jobs (row 3)"),
            ("jobs", "testkit", Normal, "jobs depends on testkit, which is for tests alone"),
            ("client", "shape", Normal, "client (library) depends on shape, but may use domain alone"),
            ("xtask", "testkit", Normal, "xtask (tools) depends on testkit, but may use rows 1 to 4 alone"),
            ("jobs", "client", Normal, "jobs (row 3) depends on client (library)"),
        ] {
            assert_eq!(with_edge(from, to, kind), [format!("crates/{from}/Cargo.toml:2: {what}")]);
        }
    }

    #[test]
    fn listing_and_workspace_agree() {
        let krate = |name: &str| Crate {
            name: name.to_owned(),
            manifest: format!("crates/{name}/Cargo.toml"),
            dependencies: Vec::new(),
        };
        let table = "| row | crates |\n|---|---|\n| 1 | `domain`, `shape`, `here` (planned) |\n";
        let tree = Tree::of(&[(PAGE, table)]);
        let found = check(&tree, &["domain", "here", "stray"].map(krate));
        let found: Vec<_> = found.iter().map(|f| f.what.as_str()).collect();
        assert_eq!(
            found,
            [
                "crate stray has no row in ARCHITECTURE.md",
                "crate here is marked as planned but is there",
                "crate shape is listed but not there",
            ]
        );
    }
}
