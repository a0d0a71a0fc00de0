//! What all clients did, together.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::asked::Asked;

#[derive(Default)]
struct Operation {
    count: u64,
    failed: u64,
    longest: Duration,
}

#[derive(Default)]
struct Inner {
    operations: BTreeMap<&'static str, Operation>,
    errors: BTreeMap<String, u64>,
    violations: Vec<String>,
    /// What clients are doing, and since when.
    doing: BTreeMap<usize, (&'static str, Instant)>,
    rows: u64,
    sessions: u64,
}

/// See the module.
#[derive(Default)]
pub struct Tally(Mutex<Inner>);

impl Tally {
    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    /// A client begins something.
    pub fn begin(&self, client: usize, what: &'static str) {
        self.with(|inner| inner.doing.insert(client, (what, Instant::now())));
    }

    /// It is done with it.
    pub fn end(&self, client: usize, error: Option<&str>) {
        self.with(|inner| {
            let Some((what, begun)) = inner.doing.remove(&client) else { return };
            let operation = inner.operations.entry(what).or_default();
            operation.count += 1;
            operation.longest = operation.longest.max(begun.elapsed());
            if let Some(error) = error {
                operation.failed += 1;
                *inner.errors.entry(error.to_owned()).or_default() += 1;
            }
        });
    }

    /// Rows were looked at.
    pub fn rows(&self, count: usize) {
        self.with(|inner| inner.rows += count as u64);
    }

    /// A session began.
    pub fn session(&self) {
        self.with(|inner| inner.sessions += 1);
    }

    /// Something that must never be.
    pub fn violation(&self, what: String) {
        eprintln!("VIOLATION {what}");
        self.with(|inner| inner.violations.push(what));
    }

    pub fn has_violations(&self) -> bool {
        self.with(|inner| !inner.violations.is_empty())
    }

    pub fn violations(&self) -> Vec<String> {
        self.with(|inner| inner.violations.clone())
    }

    /// Who still does something, what, and for how long.
    pub fn unfinished(&self) -> Vec<String> {
        self.with(|inner| {
            let tell = |(client, (what, since)): (&usize, &(&str, Instant))| {
                format!("client {client}: {what} for {:.1} s", since.elapsed().as_secs_f64())
            };
            inner.doing.iter().map(tell).collect()
        })
    }

    /// Operations that did what they should.
    pub fn done(&self) -> u64 {
        self.with(|inner| inner.operations.values().map(|operation| operation.count - operation.failed).sum())
    }

    /// Whether so much was done that it proves something.
    pub fn is_enough(&self, asked: &Asked) -> bool {
        let least = asked.time.as_secs() * asked.clients as u64 / 4;
        self.done() >= least && self.with(|inner| inner.rows >= least)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.0.lock().unwrap();
        let all: u64 = inner.operations.values().map(|operation| operation.count).sum();
        writeln!(f, "{all} operations in {} sessions, {} rows looked at", inner.sessions, inner.rows)?;
        writeln!(f, "{:24} {:>9} {:>9} {:>11}", "operation", "number", "failed", "longest ms")?;
        for (name, operation) in &inner.operations {
            let Operation { count, failed, longest } = operation;
            writeln!(f, "{name:24} {count:>9} {failed:>9} {:>11}", longest.as_millis())?;
        }
        let errors: Vec<String> =
            inner.errors.iter().map(|(code, count)| format!("{code} {count}")).collect();
        writeln!(f, "errors by SQLSTATE: {}", errors.join(", "))
    }
}
