//! Pages, or parts of pages, that are written from the code: error codes and limits.

use anyhow::Result;

use crate::tree::Tree;

mod errors;
mod limits;

/// A page as it should be.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// Path from the root.
    pub path: &'static str,
    /// The whole text.
    pub text: String,
}

/// Every page with generated text.
pub fn pages(tree: &Tree) -> Result<Vec<Page>> {
    Ok(vec![errors::page(tree)?, limits::page(tree)?])
}

/// The meaning of an item, from the doc comment lines collected before it: without the last full stop.
fn meaning(doc: &[&str]) -> String {
    let text = doc.join(" ");
    let text = text.trim().trim_end_matches('.');
    text.replace('|', "\\|")
}
