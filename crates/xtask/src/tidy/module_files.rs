//! `foo.rs` stands beside `foo/`; there is no `mod.rs`, so that every tab and search hit has a name.

use super::Finding;
use crate::tree::Tree;

pub fn check(tree: &Tree) -> Vec<Finding> {
    let named_mod = tree.rust_files().filter(|file| file.name() == "mod.rs");
    named_mod
        .map(|file| {
            let instead = format!("move it to {}.rs", file.folder());
            Finding::new(&file.path, 1, "a module file named mod.rs", instead)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mod_rs_is_found() {
        let tree = Tree::of(&[("crates/a/src/b/mod.rs", ""), ("crates/a/src/c.rs", "")]);
        let lines: Vec<String> = check(&tree).iter().map(Finding::to_string).collect();
        assert_eq!(
            lines,
            ["crates/a/src/b/mod.rs:1: a module file named mod.rs; move it to crates/a/src/b.rs"]
        );
    }
}
