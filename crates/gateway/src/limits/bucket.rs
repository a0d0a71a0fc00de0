//! A token bucket: so many events a second, and so many at once after a pause.
//!
//! Kept as the one instant at which the bucket would be full again (the "generic cell rate algorithm" of ATM networks,
//! ITU-T I.371): eight bytes of state, integer arithmetic, no timer that fills it.

use std::time::Duration;

/// A bucket. Times are counted from any fixed beginning.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Nanoseconds that one token takes to come back.
    nanos_each: u64,
    /// Nanoseconds that a full bucket is worth.
    nanos_full: u64,
    /// When it is full again.
    full_at: u64,
}

impl Bucket {
    /// A full bucket of `burst` tokens into which `per_second` flow; both count as 1 at least.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let nanos_each = 1_000_000_000 / u64::from(per_second.max(1));
        Self { nanos_each, nanos_full: nanos_each.saturating_mul(u64::from(burst.max(1))), full_at: 0 }
    }

    /// Takes `tokens`, all or none.
    ///
    /// # Errors
    /// How long to wait until there are as many. More than the bucket can hold are given when it is full, and paid for
    /// afterwards: a large message is slowed down, not stopped for ever.
    pub fn take(&mut self, now: Duration, tokens: u32) -> Result<(), Duration> {
        let now = nanos(now);
        let price = self.nanos_each.saturating_mul(u64::from(tokens));
        let full_at = self.full_at.max(now);
        let missing = full_at - now;
        let room = self.nanos_full.saturating_sub(price.min(self.nanos_full));
        if missing > room {
            return Err(Duration::from_nanos(missing - room));
        }
        self.full_at = full_at.saturating_add(price);
        Ok(())
    }

    /// Whether so many tokens could be taken now.
    pub fn has(&self, now: Duration, tokens: u32) -> bool {
        self.clone().take(now, tokens).is_ok()
    }

    /// Takes tokens for what has happened already, whether it has them or not: what is missing is paid for afterwards.
    pub fn charge(&mut self, now: Duration, tokens: u32) {
        let price = self.nanos_each.saturating_mul(u64::from(tokens));
        self.full_at = self.full_at.max(nanos(now)).saturating_add(price);
    }

    /// Whether it is full: as good as new, so it need not be kept.
    pub fn is_full(&self, now: Duration) -> bool {
        self.full_at <= nanos(now)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_burst_and_then_the_rate() {
        let mut bucket = Bucket::new(10, 3);
        for _ in 0..3 {
            bucket.take(ms(0), 1).unwrap();
        }
        assert_eq!(bucket.take(ms(0), 1), Err(ms(100)));
        assert_eq!(bucket.take(ms(40), 1), Err(ms(60)));
        bucket.take(ms(100), 1).unwrap();
        assert_eq!(bucket.take(ms(150), 2), Err(ms(150)));
        bucket.take(ms(300), 2).unwrap();
        assert!(!bucket.is_full(ms(599)));
        assert!(bucket.is_full(ms(600)));
    }

    #[test]
    fn more_than_the_bucket_holds_is_paid_for_afterwards() {
        let mut bucket = Bucket::new(10, 3);
        bucket.take(ms(0), 30).unwrap();
        assert_eq!(bucket.take(ms(0), 1), Err(ms(2_800)));
        assert_eq!(bucket.take(ms(2_000), 30), Err(ms(1_000)));
        bucket.take(ms(3_000), 30).unwrap();
    }

    #[test]
    fn what_has_happened_is_paid_for() {
        let mut bucket = Bucket::new(10, 3);
        bucket.charge(ms(0), 5);
        assert!(!bucket.has(ms(200), 1) && bucket.has(ms(300), 1));
        bucket.charge(ms(1_000), 2);
        assert!(bucket.has(ms(1_000), 1) && !bucket.has(ms(1_000), 2));
    }

    #[test]
    fn extremes_do_not_overflow() {
        let mut bucket = Bucket::new(0, u32::MAX);
        bucket.take(Duration::MAX, u32::MAX).unwrap();
        let _ = bucket.take(Duration::MAX, u32::MAX);
        assert!(bucket.take(ms(0), u32::MAX).is_err());
    }

    proptest! {
        /// In any stretch of time no more than the burst and the rate allow; and who waits as long as told gets it.
        #[test]
        fn never_more_than_allowed(
            per_second in 1_u32..100, burst in 1_u32..20,
            asks in prop::collection::vec((0_u64..400, 1_u32..5), 1..60),
        ) {
            let mut bucket = Bucket::new(per_second, burst);
            let (mut now, mut taken) = (ms(0), 0_u64);
            for (pause, tokens) in asks {
                let tokens = tokens.min(burst);
                now += ms(pause);
                match bucket.take(now, tokens) {
                    Ok(()) => taken += u64::from(tokens),
                    Err(wait) => {
                        prop_assert!(bucket.clone().take(now + wait, tokens).is_ok());
                        prop_assert!(wait == Duration::ZERO || bucket.clone().take(now + wait - Duration::from_nanos(1), tokens).is_err());
                    }
                }
                let allowed = f64::from(burst) + now.as_secs_f64() * f64::from(per_second) * 1.000_001;
                prop_assert!(taken as f64 <= allowed + 1e-6, "{taken} of {allowed}");
            }
        }
    }
}
