//! Relative links in Markdown pages lead somewhere: to a file or folder of the tree, and to a heading.

use super::Finding;
use crate::tree::{File, Tree, normalize};

pub fn check(tree: &Tree) -> Vec<Finding> {
    let pages = tree.files().iter().filter(|file| file.extension() == "md");
    pages.flat_map(|page| check_page(tree, page)).collect()
}

fn check_page(tree: &Tree, page: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, text) in prose(&page.text) {
        for target in targets(&text) {
            if let Err(what) = check_target(tree, page, &target) {
                findings.push(Finding::new(&page.path, line, what, "correct the link"));
            }
        }
    }
    findings
}

fn check_target(tree: &Tree, page: &File, target: &str) -> Result<(), String> {
    let has_scheme = target.split_once(':').is_some_and(|(scheme, _)| !scheme.contains(['/', '#', '.']));
    if has_scheme {
        return Ok(());
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, a)| (path, Some(a)));
    let path = match path {
        "" => page.path.clone(),
        path => normalize(&format!("{}/{path}", page.folder()))
            .filter(|path| tree.has(path))
            .ok_or_else(|| format!("the link {target} leads nowhere"))?,
    };
    let (Some(anchor), Some(text)) = (anchor, tree.text(&path).filter(|_| path.ends_with(".md"))) else {
        return Ok(());
    };
    if headings(text).iter().any(|heading| heading == anchor) {
        Ok(())
    } else {
        Err(format!("{path} has no heading #{anchor}"))
    }
}

/// The lines outside of fenced code, with code spans blanked.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let parts = line.split('`').enumerate();
            let kept = parts.map(|(part, text)| if part % 2 == 0 { text } else { "" });
            lines.push((index + 1, kept.collect()));
        }
    }
    lines
}

/// The targets of a line's links: `[text](target)`, `![text](target)` and `[name]: target`.
fn targets(line: &str) -> Vec<String> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let reference = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target);
    let first_word = |target: &str| target.split_whitespace().next().map(str::to_owned);
    inline.chain(reference).filter_map(first_word).collect()
}

/// The anchors of a page's headings, as GitHub makes them.
fn headings(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut anchors: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let hashes = line.len() - line.trim_start_matches('#').len();
        if fenced || !(1..=6).contains(&hashes) || !line[hashes..].starts_with(' ') {
            continue;
        }
        let kept = line[hashes..].trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let anchor: String = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let earlier = anchors.iter().filter(|a| **a == anchor).count();
        anchors.push(if earlier == 0 { anchor } else { format!("{anchor}-{earlier}") });
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("docs/page.md", text),
            ("docs/other.md", "# Other\n\n## The `[limits]` table\n"),
            ("README.md", "# Tenantry\n"),
        ]);
        check(&tree).into_iter().map(|f| format!("{}: {}", f.line, f.what)).collect()
    }

    #[test]
    fn good_links_pass() {
        let text = "# Top\n[a](other.md) [b](../README.md) [c](#top) [d](other.md#the-limits-table)\n\
            [e](https://example.org/x) [f](mailto:a@b.c) [g](../docs) `[h](gone.md)`\n\
            ```\n[i](gone.md)\n```\n[j]: other.md \"title\"\n";
        assert_eq!(findings(text), Vec::<String>::new());
    }

    #[test]
    fn bad_links_are_found() {
        assert_eq!(findings("x\n[a](gone.md)\n"), ["2: the link gone.md leads nowhere"]);
        assert_eq!(findings("[a](../../out.md)\n"), ["1: the link ../../out.md leads nowhere"]);
        assert_eq!(findings("[a](#none)\n"), ["1: docs/page.md has no heading #none"]);
        assert_eq!(findings("[a](other.md#none)\n"), ["1: docs/other.md has no heading #none"]);
        assert_eq!(findings("[a]: gone.md\n"), ["1: the link gone.md leads nowhere"]);
    }

    #[test]
    fn equal_headings_are_numbered() {
        assert_eq!(headings("# A b\n## A b\n```\n# no\n```\n"), ["a-b", "a-b-1"]);
    }
}
