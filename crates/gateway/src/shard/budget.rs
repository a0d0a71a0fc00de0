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

    /// Takes one connection out of it; false: there is none left.
    pub(super) fn take(&self) -> bool {
        self.used.fetch_update(Relaxed, Relaxed, |used| (used < self.max).then_some(used + 1)).is_ok()
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
