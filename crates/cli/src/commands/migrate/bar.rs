//! How a rollout's progress is shown: a bar with rate and time left on a terminal, lines elsewhere, nothing with `--json`.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::output::Output;

const TICK: Duration = Duration::from_millis(100);
/// Shortest time between two lines about one step.
const LINE_PAUSE: Duration = Duration::from_secs(5);

/// The bar.
pub struct Bar {
    output: Output,
    bar: Option<ProgressBar>,
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    step: String,
    at: Option<Instant>,
    /// When tenants were first counted, and how many were done then.
    begun: Option<(Instant, u64)>,
}

/// How far the tenants are.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Count {
    tenants: u64,
    done: u64,
    failed: u64,
    waiting: u64,
}

impl Count {
    fn of(detail: &Value) -> Option<Self> {
        let number = |key: &str| detail[key].as_u64();
        Some(Self {
            tenants: number("tenants")?,
            done: number("done")?,
            failed: number("failed")?,
            waiting: number("waiting").unwrap_or(0),
        })
    }

    /// `350 of 1000 tenants, 2 failed, 1 waits for locks, 420/s, 2 s left`.
    fn words(self, begun: Option<(Instant, u64)>, now: Instant) -> String {
        let mut text = format!("{} of {} tenants", self.done, self.tenants);
        if self.failed > 0 {
            text.push_str(&format!(", {} failed", self.failed));
        }
        if self.waiting > 0 {
            text.push_str(&format!(", {} wait for locks", self.waiting));
        }
        let Some((since, before)) = begun else { return text };
        let seconds = now.duration_since(since).as_secs_f64();
        let rate = self.done.saturating_sub(before) as f64 / seconds.max(0.001);
        if seconds >= 0.2 && rate > 0.0 {
            let left = self.tenants.saturating_sub(self.done + self.failed) as f64 / rate;
            text.push_str(&format!(", {rate:.0}/s, {left:.0} s left"));
        }
        text
    }
}

impl Bar {
    /// Begins.
    pub fn begin(output: Output, what: &str) -> Self {
        let bar = output.is_watched().then(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_style(spinner());
            bar.set_message(what.to_owned());
            bar.enable_steady_tick(TICK);
            bar
        });
        Self { output, bar, said: Mutex::default() }
    }

    /// Shows what the job tells.
    pub fn show(&self, progress: &tenantry_jobs::Progress) {
        let now = Instant::now();
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let count = progress.detail.as_ref().and_then(Count::of);
        if let (Some(count), None) = (count, said.begun) {
            said.begun = Some((now, count.done));
        }
        let text = match (&progress.detail, count) {
            (_, Some(count)) => count.words(said.begun, now),
            (Some(detail), None) => detail["file"].as_str().unwrap_or_default().to_owned(),
            (None, None) => progress.trouble.as_ref().map(|t| format!("after: {t}")).unwrap_or_default(),
        };
        if let Some(bar) = &self.bar {
            if let Some(count) = count {
                bar.set_style(fleet());
                bar.set_length(count.tenants);
                bar.set_position(count.done);
            }
            bar.set_message(format!("{} {text}", progress.step));
            return;
        }
        let is_new = said.step != progress.step;
        if is_new || (!text.is_empty() && said.at.is_none_or(|at| now.duration_since(at) >= LINE_PAUSE)) {
            progress.step.clone_into(&mut said.step);
            said.at = Some(now);
            let colon = if text.is_empty() { "" } else { ": " };
            self.output.note(&format!("{}{colon}{text}", progress.step));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn fleet() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {bar:30} {msg} {elapsed:.dim}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rate_and_time_left_are_told() {
        let count = Count::of(&json!({ "tenants": 1000, "done": 300, "failed": 2, "waiting": 1 })).unwrap();
        let begun = Instant::now();
        let words = count.words(Some((begun, 100)), begun + Duration::from_secs(2));
        assert_eq!(words, "300 of 1000 tenants, 2 failed, 1 wait for locks, 100/s, 7 s left");
        assert_eq!(count.words(None, begun), "300 of 1000 tenants, 2 failed, 1 wait for locks");
        assert_eq!(Count::of(&json!({ "file": "0001_a.sql" })), None);
    }
}
