//! Identifiers and literals are quoted in one file: a second place is where an injection slips through. `shape`, which
//! may not depend on `postgres` and writes what goes back into migrations, has a file of its own for it.

use super::Finding;
use crate::rust_source::RustSource;
use crate::tree::{File, Tree};

/// The places.
const QUOTING: &[&str] = &["crates/postgres/src/ident.rs", "crates/shape/src/ident.rs"];
const INSTEAD: &str = "use crates/postgres/src/ident.rs, the one place that quotes";

pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust_files()
        .filter(|file| !QUOTING.contains(&file.path.as_str()) && !file.is_test_code())
        .filter(|file| file.path.starts_with("crates/") && !file.path.starts_with("crates/xtask/"))
        .flat_map(check_file)
        .collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let source = RustSource::new(&file.text);
    let functions =
        source.functions().into_iter().filter(|f| quotes(&f.name)).map(|f| {
            Finding::new(&file.path, f.line, format!("function {} quotes for SQL", f.name), INSTEAD)
        });
    let doubled = source.literals.iter().filter(|(at, text)| {
        // The second argument of `replace`; as the first it is taken out, not put in.
        let is_replacement = source.code[..**at].trim_end().ends_with(',');
        is_replacement && !source.in_tests(**at) && is_doubled_quote(text)
    });
    let doubled = doubled
        .map(|(at, _)| Finding::new(&file.path, source.line(*at), "a quote is doubled by hand", INSTEAD));
    functions.chain(doubled).collect()
}

/// Whether a function's name says that it quotes for SQL.
fn quotes(name: &str) -> bool {
    let verb = name.starts_with("quote") || name.starts_with("escape");
    let object = ["ident", "literal", "name", "sql"].iter().any(|object| name.contains(object));
    verb && (object || name == "quote")
}

/// Whether a literal, as written, is what a single or double quote is replaced with.
fn is_doubled_quote(literal: &str) -> bool {
    matches!(literal, "''" | "\\'\\'" | "\\\"\\\"" | "\"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_elsewhere_is_found() {
        let code = "fn quote_ident(s: &str) -> String {\n    s.replace('\"', \"\\\"\\\"\")\n}\n";
        let tree = Tree::of(&[("crates/postgres/src/ident.rs", code), ("crates/migrate/src/a.rs", code)]);
        let found: Vec<_> = check(&tree).into_iter().map(|f| (f.file, f.line, f.what)).collect();
        let path = "crates/migrate/src/a.rs".to_owned();
        assert_eq!(
            found,
            [
                (path.clone(), 1, "function quote_ident quotes for SQL".to_owned()),
                (path, 2, "a quote is doubled by hand".to_owned()),
            ]
        );
    }

    #[test]
    fn other_names_and_texts_are_fine() {
        let code = "fn quote_of_the_day() -> &'static str { \"it's\" }\nfn escape_html() {}\n\
            fn fold(s: &str) -> String { s.replace(\"\\\"\\\"\", \"\\\"\") }\n";
        assert!(check(&Tree::of(&[("crates/cli/src/a.rs", code)])).is_empty());
    }
}
