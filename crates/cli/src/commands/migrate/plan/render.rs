//! The plan as people read it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use tenantry_domain::Isolation;
use tenantry_migrate::plan::{FilePlan, Finding, Plan, ServicePlan, Sql, StatementPlan, Target};
use tenantry_migrate::rollout::{Preview, Stage};

use crate::output::visible;
use crate::paths::for_people;

/// Characters of a statement that are shown where the whole is not asked for.
const HEAD_CHARS: usize = 90;

/// Canaries that are named.
const CANARIES_MAX: usize = 10;

/// How much is shown.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The SQL as it would run.
    pub sql: bool,
    /// Of this isolation only.
    pub isolation: Option<Isolation>,
}

impl View {
    /// The text.
    pub fn render(self, plan: &Plan, preview: Option<&Preview>) -> String {
        let mut text = String::new();
        for service in &plan.services {
            self.service(&mut text, service);
        }
        let count = plan.findings().count();
        let files: usize = plan.services.iter().map(|s| s.files.len()).sum();
        if files == 0 {
            text.push_str("\nnothing is pending\n");
            return text;
        }
        if let Some(preview) = preview {
            way(&mut text, preview);
        }
        if count == 0 {
            text.push_str("\nnothing dangerous was found\n");
        } else {
            let _ = writeln!(
                text,
                "\n{}; docs/migrations.md tells about each. Where one is meant so, write above the statement:\n  -- tenantry: allow RULE: the reason",
                counted(count, "finding")
            );
        }
        text.push_str("nothing was changed; tenantry migrate up applies what is pending\n");
        text
    }

    fn service(self, text: &mut String, service: &ServicePlan) {
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(
            text,
            "service {} (layout {}): {} of {} pending",
            service.service,
            service.layout,
            service.files.len(),
            counted(service.migrations, "migration"),
        );
        for cluster in &service.clusters {
            let applied = cluster.applied.as_deref().map_or_else(
                || "nothing is applied".to_owned(),
                |label| format!("the templates are at {}", visible(label)),
            );
            let _ = writeln!(text, "  cluster {}: {applied}; {}", cluster.cluster, tenants(&cluster.tenants));
            for label in &cluster.retiring {
                let _ = writeln!(
                    text,
                    "    what {} takes from global tables waits for the last tenant with a schema",
                    visible(label)
                );
            }
        }
        for file in &service.files {
            self.file(text, file);
        }
    }

    fn file(self, text: &mut String, file: &FilePlan) {
        let _ = writeln!(text, "\n{}", visible(&file.file));
        for target in &file.targets {
            let _ = writeln!(text, "  runs on {}: {}", target.cluster, places(target));
        }
        let how = if file.in_one_transaction {
            "in one transaction at each place"
        } else {
            "not in one transaction: if it breaks off, it goes on at the statement where it stopped"
        };
        let down = if file.has_down { "" } else { "; nothing takes it back" };
        let _ = writeln!(text, "  {}, {how}{down}", counted(file.statements.len(), "statement"));
        if file.retires {
            text.push_str(
                "  what it takes from global tables goes when the last tenant with a schema has passed\n",
            );
        }
        for (i, statement) in file.statements.iter().enumerate() {
            let about = |f: &&Finding| subject(&file.statements, f) == i;
            let findings: Vec<&Finding> = file.findings.iter().filter(about).collect();
            if self.sql || !statement.locks.is_empty() || !statement.notes.is_empty() || !findings.is_empty()
            {
                self.statement(text, statement, (&findings, file.unknown.is_none()));
            }
        }
    }

    fn statement(
        self,
        text: &mut String,
        statement: &StatementPlan,
        (findings, is_known): (&[&Finding], bool),
    ) {
        let _ = writeln!(text, "  line {}: {}", statement.line, head(&statement.source));
        for lock in &statement.locks {
            let stops = if lock.is_strong { format!(": {} wait", lock.stops) } else { String::new() };
            let _ = writeln!(text, "    locks {} {}, {}{stops}", visible(&lock.table), lock.mode, lock.hold);
        }
        for note in &statement.notes {
            let _ = writeln!(text, "    note: {}", visible(note));
        }
        for finding in findings {
            tell(text, finding, "    ");
        }
        if self.sql && is_known {
            self.shapes(text, statement);
        }
    }

    fn shapes(self, text: &mut String, statement: &StatementPlan) {
        let shapes = [
            (Isolation::Shared, &statement.shared),
            (Isolation::Schema, &statement.schema),
            (Isolation::Database, &statement.database),
        ];
        for (isolation, runs) in shapes {
            if self.isolation.is_some_and(|only| only != isolation) {
                continue;
            }
            if runs.is_empty() {
                let _ = writeln!(text, "    {isolation}: nothing");
            }
            let mut last = None;
            for run in runs {
                let how = qualities(run);
                if last.replace(how) != Some(how) {
                    let _ = writeln!(text, "    {isolation}{how}:");
                }
                for line in format!("{};", run.sql).lines() {
                    let _ = writeln!(text, "      {}", visible(line));
                }
            }
        }
    }
}

fn qualities(run: &Sql) -> &'static str {
    match (run.per_tenant, run.transactional) {
        _ if run.retiring => ", when the last tenant with a schema has passed",
        (true, _) => ", for each tenant",
        (_, false) => ", outside of transactions",
        _ => "",
    }
}

/// Which statement a finding is about: the last one that begins at its place or before.
fn subject(statements: &[StatementPlan], finding: &Finding) -> usize {
    let before = |s: &StatementPlan| (s.line, s.column) <= (finding.line, finding.column);
    statements.iter().rposition(before).unwrap_or(0)
}

fn tell(text: &mut String, finding: &Finding, indent: &str) {
    let _ = writeln!(
        text,
        "{indent}! {} ({}:{}:{})\n{indent}  {}\n{indent}  instead: {}",
        finding.rule,
        visible(&for_people(Path::new(&finding.file))),
        finding.line,
        finding.column,
        visible(&finding.message),
        visible(&finding.instead)
    );
}

/// A statement on one line.
fn head(source: &str) -> String {
    let line = source.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= HEAD_CHARS {
        return visible(&line);
    }
    let head: String = line.chars().take(HEAD_CHARS).collect();
    visible(&format!("{} ...", head.trim_end()))
}

fn places(target: &Target) -> String {
    let mut places = Vec::new();
    let count = |isolation: Isolation| target.tenants.get(&isolation).copied().unwrap_or_default();
    if target.templates {
        places.push("the templates".to_owned());
        let shared = count(Isolation::Shared);
        let of = if shared == 0 { String::new() } else { format!(" (of {})", people(shared)) };
        places.push(format!("the shared tables{of}"));
    }
    for (isolation, one, many) in
        [(Isolation::Schema, "schema", "schemas"), (Isolation::Database, "database", "databases")]
    {
        match count(isolation) {
            0 => {}
            1 => places.push(format!("1 tenant's {one}")),
            n => places.push(format!("{n} tenants' {many}")),
        }
    }
    places.join(", ")
}

/// How the rollout would reach its tenants.
fn way(text: &mut String, preview: &Preview) {
    let is_one = preview.stages.len() == 1;
    if !is_one {
        text.push_str(
            "\nrollouts, one after the other, since what is taken from global tables waits for the last tenant:\n",
        );
    }
    for (number, stage) in (1..).zip(&preview.stages) {
        let (head, indent) = match &stage.until {
            _ if is_one => ("\nrollout".to_owned(), "  "),
            Some(until) => (format!("  {number}. to {}", visible(until)), "    "),
            None => (format!("  {number}. the rest"), "    "),
        };
        let tenants = counted(stage.tenants, "tenant");
        let _ = writeln!(
            text,
            "{head}: the templates and the shared tables, then {tenants} with tables of their own"
        );
        for step in &stage.steps {
            let who = if step.step == "canaries" { canaries(stage) } else { String::new() };
            let _ = writeln!(text, "{indent}{}: {}{who}", step.step, counted(step.tenants, "tenant"));
        }
    }
    let _ = writeln!(
        text,
        "  {} at a time on each cluster; it stops when more than {} fail{}",
        preview.parallel,
        preview.max_failures,
        if preview.stages.iter().all(|s| s.canaries.is_empty()) { "" } else { ", or one canary" }
    );
}

fn canaries(stage: &Stage) -> String {
    let mut slugs: Vec<&str> = stage.canaries.iter().map(|s| s.as_str()).take(CANARIES_MAX).collect();
    if stage.canaries.len() > slugs.len() {
        slugs.push("...");
    }
    format!(": {}", slugs.join(", "))
}

fn tenants(counts: &BTreeMap<Isolation, i64>) -> String {
    if counts.is_empty() {
        return "no tenants".to_owned();
    }
    let each: Vec<String> = counts.iter().map(|(isolation, n)| format!("{n} {isolation}")).collect();
    format!("tenants: {}", each.join(", "))
}

fn people(n: i64) -> String {
    if n == 1 { "1 tenant".to_owned() } else { format!("{n} tenants") }
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
