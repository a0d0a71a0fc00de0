//! What other parts of the process tell Prometheus.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

type Rendered = Pin<Box<dyn Future<Output = String> + Send>>;
type Part = Arc<dyn Fn() -> Rendered + Send + Sync>;

/// Parts that were added, each with figures of its own in Prometheus' text format. Copies share them.
#[derive(Clone, Default)]
pub struct Figures(Arc<Mutex<Vec<Part>>>);

impl Figures {
    /// Adds a part, which is asked each time.
    pub fn add<F>(&self, render: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = String> + Send + 'static,
    {
        let part: Part = Arc::new(move || Box::pin(render()));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(part);
    }

    /// All of them.
    pub(crate) async fn render(&self) -> String {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = String::new();
        for part in parts {
            text.push_str(&part().await);
        }
        text
    }
}
