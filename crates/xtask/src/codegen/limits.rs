//! The table of `[limits]` in `docs/configuration.md`: keys and defaults from `tenantry_domain::Limits`,
//! meanings from its doc comments.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use tenantry_domain::Limits;

use super::{Page, meaning};
use crate::tree::Tree;

const PAGE: &str = "docs/configuration.md";
const SOURCE: &str = "crates/domain/src/limits.rs";
const BEGIN: &str = "<!-- limits: written by `cargo xtask codegen` -->\n";
const END: &str = "<!-- limits: end -->\n";

pub fn page(tree: &Tree) -> Result<Page> {
    let present = tree.text(PAGE).with_context(|| format!("{PAGE} is missing"))?;
    let source = tree.text(SOURCE).with_context(|| format!("{SOURCE} is missing"))?;
    Ok(Page { path: PAGE, text: replace_between_marks(present, &table(source)?)? })
}

fn replace_between_marks(page: &str, table: &str) -> Result<String> {
    let missing = || format!("{PAGE} lacks the marks of the table of limits");
    let (before, rest) = page.split_once(BEGIN).with_context(missing)?;
    let (_, after) = rest.split_once(END).with_context(missing)?;
    Ok(format!("{before}{BEGIN}{table}{END}{after}"))
}

fn table(source: &str) -> Result<String> {
    let defaults = toml::Table::try_from(Limits::default()).context("write the limits as TOML")?;
    let documented = fields(source);
    let mut table = "\n| key | default | meaning |\n|---|---|---|\n".to_owned();
    for (key, meaning) in &documented {
        let default =
            defaults.get(key).with_context(|| format!("{SOURCE}: {key} is not a key of [limits]"))?;
        let default = default.as_integer().with_context(|| format!("{SOURCE}: {key} is no whole number"))?;
        writeln!(table, "| `{key}` | `{default}` | {meaning} |")?;
    }
    let undocumented = defaults.keys().find(|key| !documented.iter().any(|(field, _)| field == *key));
    if let Some(key) = undocumented {
        bail!("{SOURCE}: {key} has no doc comment");
    }
    table.push('\n');
    Ok(table)
}

/// The documented fields of the struct, in its order.
fn fields(source: &str) -> Vec<(String, String)> {
    let inside = source.split_once("pub struct Limits {\n").map_or("", |(_, rest)| rest);
    let mut fields = Vec::new();
    let mut doc: Vec<&str> = Vec::new();
    for line in inside.lines().take_while(|line| *line != "}").map(str::trim) {
        if let Some(text) = line.strip_prefix("///") {
            doc.push(text.trim());
        } else if let Some((name, _)) = line.strip_prefix("pub ").and_then(|rest| rest.split_once(':')) {
            if !doc.is_empty() {
                fields.push((name.to_owned(), meaning(&doc)));
            }
            doc.clear();
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_listed_with_its_default() {
        let table = table(include_str!("../../../domain/src/limits.rs")).unwrap();
        for (key, default) in toml::Table::try_from(Limits::default()).unwrap() {
            let default = default.as_integer().unwrap();
            assert!(table.contains(&format!("| `{key}` | `{default}` |")), "{key}");
        }
    }

    #[test]
    fn a_limit_without_doc_or_without_key_is_refused() {
        let source = include_str!("../../../domain/src/limits.rs");
        let without_doc = source.replacen("    /// Seconds to wait for a connection.\n", "", 1);
        assert!(table(&without_doc).unwrap_err().to_string().contains("connect_seconds_max"));
        let renamed = source.replacen("pub connect_seconds_max", "pub other", 1);
        assert!(table(&renamed).unwrap_err().to_string().contains("other"));
    }

    #[test]
    fn only_the_text_between_the_marks_changes() {
        let page = format!("a\n{BEGIN}old\n{END}b\n");
        assert_eq!(replace_between_marks(&page, "new\n").unwrap(), format!("a\n{BEGIN}new\n{END}b\n"));
        assert!(replace_between_marks("a\n", "new\n").is_err());
    }
}
