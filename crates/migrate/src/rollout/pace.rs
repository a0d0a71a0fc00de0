//! How many tenants a worker sends in one message. Pure.

use std::time::Duration;

/// Tenants in one message at most.
const TENANTS_MAX: usize = 32;

/// How fast a worker's tenants go. Of quick ones many are sent at a time, since the wait for each answer would cost as much
/// as the work; of slow ones one, so that a stop is soon heeded and workers end together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Time that one message may take.
    message: Duration,
    size: usize,
}

impl Pace {
    /// Nothing is known yet: the first tenant goes alone.
    pub const fn new(message: Duration) -> Self {
        Self { message, size: 1 }
    }

    /// How many to send next, with so many waiting for so many workers.
    pub fn next(&self, waiting: usize, workers: usize) -> usize {
        // Twice as many messages as workers are left, so that none waits long for the last.
        self.size.min(waiting / (2 * workers.max(1))).max(1)
    }

    /// So many took so long.
    pub fn took(&mut self, tenants: usize, time: Duration) {
        let each = time / u32::try_from(tenants.max(1)).unwrap_or(u32::MAX);
        let fit = self.message.as_nanos() / each.as_nanos().max(1);
        let fit = usize::try_from(fit).unwrap_or(usize::MAX);
        self.size = fit.clamp(1, TENANTS_MAX).min(2 * self.size);
    }

    /// Something went wrong: one at a time again.
    pub fn slow_down(&mut self) {
        self.size = 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: Duration = Duration::from_millis(20);

    #[test]
    fn quick_tenants_go_together_and_slow_ones_alone() {
        let mut pace = Pace::new(MESSAGE);
        let mut sizes = Vec::new();
        for _ in 0..6 {
            let size = pace.next(1000, 2);
            sizes.push(size);
            pace.took(size, Duration::from_millis(2) * size as u32);
        }
        assert_eq!(sizes, [1, 2, 4, 8, 10, 10]);
        pace.took(10, Duration::from_secs(1));
        assert_eq!(pace.next(1000, 2), 1);
        for _ in 0..20 {
            pace.took(1, Duration::ZERO);
        }
        assert_eq!(pace.next(1000, 2), TENANTS_MAX);
        pace.slow_down();
        assert_eq!(pace.next(1000, 2), 1);
    }

    #[test]
    fn the_last_ones_are_shared_out() {
        let mut pace = Pace::new(MESSAGE);
        for _ in 0..10 {
            pace.took(1, Duration::from_micros(100));
        }
        assert_eq!([200, 40, 8, 4, 3, 1, 0].map(|waiting| pace.next(waiting, 2)), [32, 10, 2, 1, 1, 1, 1]);
        assert_eq!(pace.next(8, 0), 4, "no workers are one");
    }
}
