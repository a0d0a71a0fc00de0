//! How many server connections a cluster is used with, over all shards and pools.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// One cluster's connections. Touched when a connection is opened or closed, never on the way of a message.
#[derive(Debug)]
pub struct Budget {
    max: usize,
    used: AtomicUsize,
}

impl Budget {
    /// A budget of this many connections.
    pub fn new(max: usize) -> Self {
        Self { max, used: AtomicUsize::new(0) }
    }

    /// Takes one connection out of it and leaves so many in it; false: there are not as many. With a budget of one there is
    /// nothing to keep back.
    pub(super) fn take(&self, kept_back: usize) -> bool {
        let max = self.max - kept_back.min(self.max.saturating_sub(1));
        self.used.fetch_update(Relaxed, Relaxed, |used| (used < max).then_some(used + 1)).is_ok()
    }

    /// Gives one back.
    pub(super) fn give(&self) {
        let _ = self.used.fetch_update(Relaxed, Relaxed, |used| used.checked_sub(1));
    }

    /// How many are in use.
    pub fn used(&self) -> usize {
        self.used.load(Relaxed)
    }

    pub(super) fn max(&self) -> usize {
        self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_back_is_there_for_others() {
        let budget = Budget::new(3);
        assert!(budget.take(1) && budget.take(1));
        assert!(!budget.take(1), "the last one is kept back");
        assert!(budget.take(0) && !budget.take(0));
        budget.give();
        assert_eq!(budget.used(), 2);
        assert!(Budget::new(1).take(1), "of a single one nothing is kept back");
        assert!(!Budget::new(0).take(0));
    }
}
