//! No file lies about unused: every Rust file is reached by `mod` from a target, every SQL file is included
//! or named by Rust code of its crate, or belongs to an app's folder.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

use super::Finding;
use crate::rust_source::{RustSource, Token, is_identifier};
use crate::tree::{File, Tree, normalize};

/// The root files of every target in the workspace.
pub fn roots(tree: &Tree) -> Result<Vec<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(tree.root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata")?;
    let targets = metadata.packages.iter().flat_map(|package| &package.targets);
    let relative = targets.filter_map(|target| target.src_path.strip_prefix(tree.root()).ok());
    // Packages of their own, which the workspace excludes: fuzz targets, built by cargo-fuzz, and clients that tests run.
    let is_own = |file: &&File| {
        file.path.contains("/fuzz/fuzz_targets/")
            || file.path.contains("/tests/clients/") && file.path.ends_with("/src/main.rs")
    };
    let own = tree.rust_files().filter(is_own).map(|file| file.path.clone());
    Ok(relative.map(ToString::to_string).chain(own).collect())
}

pub fn check(tree: &Tree, roots: &[String]) -> Vec<Finding> {
    let sources: BTreeMap<&str, RustSource> =
        tree.rust_files().map(|file| (file.path.as_str(), RustSource::new(&file.text))).collect();
    let reached = reach(&sources, roots);
    let mut findings = Vec::new();
    for path in sources.keys().filter(|path| !reached.contains(**path)) {
        let instead = "declare it with `mod` or remove it";
        findings.push(Finding::new(path, 1, "no target reaches this file", instead));
    }
    for file in tree.files().iter().filter(|file| file.extension() == "sql") {
        if !is_used(tree, &sources, file) {
            let instead = "include it where it is run or remove it";
            findings.push(Finding::new(&file.path, 1, "no code includes this file", instead));
        }
    }
    findings
}

/// The Rust files that the roots reach.
fn reach(sources: &BTreeMap<&str, RustSource>, roots: &[String]) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<(String, bool)> = roots.iter().map(|root| (root.clone(), true)).collect();
    while let Some((path, is_root)) = open.pop() {
        let Some(source) = sources.get(path.as_str()) else { continue };
        if !reached.insert(path.clone()) {
            continue;
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let modules = if is_root { folder } else { path.trim_end_matches(".rs") };
        for module in declared_modules(source) {
            let found = match module.path {
                Some(explicit) => vec![format!("{folder}/{explicit}")],
                None => {
                    vec![format!("{modules}/{}.rs", module.name), format!("{modules}/{}/mod.rs", module.name)]
                }
            };
            open.extend(found.iter().filter_map(|path| normalize(path)).map(|path| (path, false)));
        }
        let included = source.macro_arguments("include").into_iter();
        open.extend(
            included.filter_map(|(_, text)| normalize(&format!("{folder}/{text}"))).map(|p| (p, true)),
        );
    }
    reached
}

/// A `mod name;`.
#[derive(Debug, PartialEq, Eq)]
struct Declared {
    /// The name behind the inline modules around it: `a/b`.
    name: String,
    /// The text of its `#[path = "..."]`.
    path: Option<String>,
}

fn declared_modules(source: &RustSource) -> Vec<Declared> {
    let tokens = source.tokens();
    let mut declared = Vec::new();
    let mut inline: Vec<(&str, usize)> = Vec::new();
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inline.retain(|(_, opened)| *opened <= depth);
            }
            "mod" => match tokens.get(index + 1..index + 3) {
                Some([name, end]) if is_identifier(name.text) && end.text == ";" => {
                    let parents = inline.iter().map(|(parent, _)| *parent);
                    let name = parents.chain([name.text]).collect::<Vec<_>>().join("/");
                    declared.push(Declared { name, path: path_attribute(source, &tokens[..index]) });
                }
                Some([name, open]) if open.text == "{" => inline.push((name.text, depth + 1)),
                _ => {}
            },
            _ => {}
        }
    }
    declared
}

/// The `#[path = "..."]` that stands right before a `mod`, visibility apart.
fn path_attribute(source: &RustSource, before: &[Token<'_>]) -> Option<String> {
    let visibility = |token: &&Token<'_>| matches!(token.text, "pub" | "crate" | "super" | "(" | ")");
    let kept = before.len() - before.iter().rev().take_while(visibility).count();
    match &before[kept.saturating_sub(7)..kept] {
        [hash, open, path, equals, quote, _, close]
            if [hash.text, open.text, path.text, equals.text, close.text] == ["#", "[", "path", "=", "]"] =>
        {
            source.literals.get(&quote.offset).cloned()
        }
        _ => None,
    }
}

/// Whether an SQL file is run by something.
fn is_used(tree: &Tree, sources: &BTreeMap<&str, RustSource>, file: &File) -> bool {
    let folders: Vec<&str> = file.path.match_indices('/').map(|(at, _)| &file.path[..at]).collect();
    if folders.iter().any(|folder| tree.text(&format!("{folder}/tenantry.toml")).is_some()) {
        return true; // an app's folder is read as a whole
    }
    let crate_folder = folders.iter().find(|folder| tree.text(&format!("{folder}/Cargo.toml")).is_some());
    sources.iter().any(|(path, source)| {
        let same_crate = crate_folder.is_some_and(|folder| path.starts_with(&format!("{folder}/")));
        let put_together = source.code.contains("concat!(");
        source.literals.values().any(|literal| {
            names_file(literal, path, file, same_crate) || put_together && names_stem(literal, path, file)
        })
    })
}

/// Whether a literal is the name, without its ending, of a file beside the one at `path`: a macro adds the ending.
fn names_stem(literal: &str, path: &str, file: &File) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    normalize(&format!("{folder}/{literal}.sql")).is_some_and(|named| named == file.path)
}

/// Whether a literal of the file at `path` names `file` or, in the same crate, a folder below `src` or
/// `tests` that holds it.
fn names_file(literal: &str, path: &str, file: &File, same_crate: bool) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if normalize(&format!("{folder}/{literal}")).is_some_and(|named| named == file.path) {
        return true;
    }
    if !same_crate {
        return false;
    }
    let named = literal.trim_start_matches("$CARGO_MANIFEST_DIR").trim_matches('/');
    let named = named.trim_start_matches("../").trim_start_matches("./");
    if named.is_empty() || matches!(named, "src" | "tests") {
        return false;
    }
    let inside = format!("/{named}/");
    file.path.ends_with(&format!("/{named}")) || (is_folder(literal) && file.path.contains(&inside))
}

/// Whether a literal is meant as a folder. A single word may be anything, so a folder needs its `/`.
fn is_folder(literal: &str) -> bool {
    literal.contains('/') && literal.chars().all(|c| c.is_alphanumeric() || "/_-.$".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(files: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree::of(files);
        check(&tree, &["crates/a/src/lib.rs".to_owned()]).into_iter().map(|f| f.file).collect()
    }

    #[test]
    fn modules_are_followed() {
        let files = [
            (
                "crates/a/src/lib.rs",
                "pub mod b;\nmod inline {\n    pub mod c;\n}\n#[path = \"x/odd.rs\"]\npub(crate) mod d;\n",
            ),
            ("crates/a/src/b.rs", "mod deep;\n"),
            ("crates/a/src/b/deep.rs", ""),
            ("crates/a/src/inline/c.rs", ""),
            ("crates/a/src/x/odd.rs", ""),
        ];
        assert_eq!(dead(&files), Vec::<String>::new());
    }

    #[test]
    fn files_that_no_module_declares_are_dead() {
        let files = [
            ("crates/a/src/lib.rs", "mod b;\n// mod c;\nconst D: &str = \"mod d;\";\n"),
            ("crates/a/src/b.rs", ""),
            ("crates/a/src/c.rs", "mod e;\n"),
            ("crates/a/src/c/e.rs", ""),
            ("crates/a/src/d.rs", ""),
        ];
        assert_eq!(dead(&files), ["crates/a/src/c.rs", "crates/a/src/c/e.rs", "crates/a/src/d.rs"]);
    }

    #[test]
    fn sql_that_is_included_is_used() {
        let files = [
            ("crates/a/Cargo.toml", ""),
            (
                "crates/a/src/lib.rs",
                "const A: &str = include_str!(\"one.sql\");\n\
                static B: Dir = include_dir!(\"$CARGO_MANIFEST_DIR/migrations\");\n\
                fn c() { run(\"cases/three.sql\") }\n",
            ),
            ("crates/a/src/one.sql", ""),
            ("crates/a/migrations/0001_two.up.sql", ""),
            ("crates/a/tests/cases/three.sql", ""),
            ("examples/e/tenantry.toml", ""),
            ("examples/e/migrations/main/0001_four.up.sql", ""),
        ];
        assert_eq!(dead(&files), Vec::<String>::new());
    }

    #[test]
    fn sql_that_nothing_names_is_dead() {
        let files = [
            ("crates/a/Cargo.toml", ""),
            (
                "crates/a/src/lib.rs",
                "const A: &str = \"two.sql is gone\";\nconst B: &str = \"deep\";\n// include_str!(\"one.sql\")\n",
            ),
            ("crates/a/src/deep/four.sql", ""),
            ("crates/a/src/one.sql", ""),
            ("crates/a/src/two.sql", ""),
            ("crates/b/Cargo.toml", ""),
            ("scripts/three.sql", ""),
        ];
        assert_eq!(
            dead(&files),
            [
                "crates/a/src/deep/four.sql",
                "crates/a/src/one.sql",
                "crates/a/src/two.sql",
                "scripts/three.sql"
            ]
        );
    }
}
