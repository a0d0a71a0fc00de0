//! Time as the relay knows it: read once per wake-up, in milliseconds.

use std::time::Duration;

/// Milliseconds since the shard started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

impl Millis {
    /// The same as a duration.
    pub fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// Milliseconds from an earlier time to this one.
    pub fn since(self, earlier: Millis) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}
