//! `-- tenantry: allow RULE: reason` before a statement.

use std::ops::RangeInclusive;

use super::Finding;
use super::rule::Rule;

const PREFIX: &str = "tenantry:";
const FORM: &str = "write -- tenantry: allow RULE: reason, on a line before the statement";

/// A comment that silences rules for the statement after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Silence {
    line: usize,
    rules: Vec<Rule>,
    used: Vec<Rule>,
}

/// The silencers of a file, and what is wrong with those that are none. Lines within statements are left alone.
pub(super) fn read(
    file: &str,
    text: &str,
    statements: &[RangeInclusive<usize>],
) -> (Vec<Silence>, Vec<Finding>) {
    let (mut silences, mut findings) = (Vec::new(), Vec::new());
    for (line, written) in (1..).zip(text.lines()) {
        let Some(comment) = written.trim_start().strip_prefix("--").map(str::trim) else { continue };
        let Some(order) = comment.strip_prefix(PREFIX) else { continue };
        if statements.iter().any(|s| *s.start() < line && line <= *s.end()) {
            continue;
        }
        match parse(order.trim()) {
            Ok(rules) => silences.push(Silence { line, rules, used: Vec::new() }),
            Err(message) => findings.push(finding(file, line, message, FORM)),
        }
    }
    (silences, findings)
}

fn parse(order: &str) -> Result<Vec<Rule>, String> {
    let rest = order
        .strip_prefix("allow")
        .filter(|rest| rest.starts_with([' ', '\t']))
        .ok_or_else(|| format!("{order:?} is not understood"))?;
    let (names, reason) = rest.split_once(':').unwrap_or((rest, ""));
    let rules: Vec<Rule> = names
        .split(',')
        .map(|name| {
            let name = name.trim();
            Rule::named(name)
                .filter(|r| *r != Rule::Allow)
                .ok_or_else(|| format!("there is no rule {name:?} to silence"))
        })
        .collect::<Result<_, _>>()?;
    if reason.trim().is_empty() {
        return Err("the silencer gives no reason".to_owned());
    }
    Ok(rules)
}

/// Takes out what the silencers silence, and reports those that silence nothing. `starts` are the lines of the
/// statements.
pub(super) fn apply(
    file: &str,
    mut silences: Vec<Silence>,
    starts: &[usize],
    findings: Vec<Finding>,
) -> Vec<Finding> {
    // The statement of a silencer is the first one that starts after it.
    let target = |silence: &Silence| starts.iter().find(|start| **start > silence.line).copied();
    let mut kept = Vec::new();
    for finding in findings {
        let silence = silences.iter_mut().find(|s| {
            s.rules.contains(&finding.rule) && (finding.rule.is_of_file() || target(s) == Some(finding.line))
        });
        // Of several silencers for one statement each counts for itself.
        match silence {
            Some(silence) => silence.used.push(finding.rule),
            None => kept.push(finding),
        }
    }
    for silence in silences {
        for rule in silence.rules.iter().filter(|r| !silence.used.contains(r)) {
            let message = format!("{rule} is silenced here, and finds nothing in the statement that follows");
            kept.push(finding(
                file,
                silence.line,
                message,
                "take the comment out, or move it to its statement",
            ));
        }
    }
    kept
}

fn finding(file: &str, line: usize, message: String, instead: &str) -> Finding {
    Finding {
        rule: Rule::Allow,
        file: file.to_owned(),
        line,
        column: 1,
        message,
        instead: instead.to_owned(),
    }
}
