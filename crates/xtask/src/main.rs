//! Tasks of the project: `cargo xtask tidy` checks the tree, `cargo xtask codegen` writes generated pages, `cargo xtask
//! shapes` scores histories of migrations.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

mod codegen;
mod rust_source;
mod shapes;
mod tidy;
mod tree;

use tree::Tree;

const USAGE: &str = "usage: cargo xtask tidy | codegen | shapes [--pg-bin DIR] DIR...";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = match root() {
        Ok(root) => root,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => run_tidy(&root),
        ["codegen"] => run_codegen(&root),
        ["shapes", rest @ ..] => shapes::run(&root, rest),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_tidy(root: &Path) -> Result<ExitCode> {
    let tree = Tree::of_repository(root)?;
    let findings = tidy::run(&tree)?;
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: {} files, no findings", tree.files().len());
        Ok(ExitCode::SUCCESS)
    } else {
        println!("tidy: {} files, {} findings", tree.files().len(), findings.len());
        Ok(ExitCode::FAILURE)
    }
}

fn run_codegen(root: &Path) -> Result<ExitCode> {
    let tree = Tree::of_repository(root)?;
    for page in codegen::pages(&tree)? {
        if tree.text(page.path) != Some(page.text.as_str()) {
            std::fs::write(root.join(page.path), &page.text)
                .with_context(|| format!("write {}", page.path))?;
            println!("codegen: wrote {}", page.path);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The repository's root: two folders above this crate, where `cargo run` finds it (the executable may have
/// been built for another checkout that shares the target folder).
fn root() -> Result<PathBuf> {
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = crate_folder.ancestors().nth(2).context("this crate does not lie in crates/xtask")?;
    Ok(root.to_owned())
}
