//! Progress of long work: a spinner on a terminal, lines elsewhere, nothing with `--json`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

const TICK: Duration = Duration::from_millis(100);

/// One piece of long work.
pub struct Work {
    output: Output,
    what: String,
    bar: Option<ProgressBar>,
    last: Mutex<String>,
}

impl Work {
    /// Begins; `what` is said all along ("create acme").
    pub fn begin(output: Output, what: impl Into<String>) -> Self {
        let what = what.into();
        let bar = output.is_watched().then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_message(what.clone());
            bar.enable_steady_tick(TICK);
            bar
        });
        Self { output, what, bar, last: Mutex::default() }
    }

    /// Says how far it is; what was said last is not said again.
    pub fn at(&self, step: &str) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last == step {
            return;
        }
        step.clone_into(&mut last);
        let text = format!("{}: {step}", self.what);
        match &self.bar {
            Some(bar) => bar.set_message(text),
            None => self.output.note(&text),
        }
    }

    /// Says how far a job is.
    pub fn job(&self, progress: &tenantry_jobs::Progress) {
        let verb = if progress.undoing { "undo " } else { "" };
        let count =
            if progress.of > 0 { format!(" ({}/{})", progress.done + 1, progress.of) } else { String::new() };
        let trouble = progress.trouble.as_ref().map(|t| format!(", after: {t}")).unwrap_or_default();
        self.at(&format!("{verb}{}{count}{trouble}", progress.step));
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
