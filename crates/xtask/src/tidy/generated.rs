//! Generated pages are up to date: every error code and every limit is documented as the code has it.

use anyhow::Result;

use super::Finding;
use crate::codegen;
use crate::tree::Tree;

pub fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let pages = codegen::pages(tree)?;
    Ok(pages.iter().filter_map(|page| compare(tree, page)).collect())
}

fn compare(tree: &Tree, page: &codegen::Page) -> Option<Finding> {
    let present = tree.text(page.path).unwrap_or_default();
    if present == page.text {
        return None;
    }
    let pairs = present.lines().zip(page.text.lines());
    let line = pairs.take_while(|(present, wanted)| present == wanted).count() + 1;
    Some(Finding::new(page.path, line, "differs from what the code says", "run `cargo xtask codegen`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        let tree = Tree::of(&[("docs/a.md", "one\ntwo\n")]);
        let page = |text: &str| codegen::Page { path: "docs/a.md", text: text.to_owned() };
        assert_eq!(compare(&tree, &page("one\ntwo\n")), None);
        assert_eq!(compare(&tree, &page("one\nthree\n")).unwrap().line, 2);
        assert_eq!(compare(&tree, &page("one\ntwo\nthree\n")).unwrap().line, 3);
    }
}
