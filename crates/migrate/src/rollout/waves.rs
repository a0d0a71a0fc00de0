//! How a rollout reaches its tenants: canaries, then waves that grow. Pure.

/// How many times as many tenants each wave has as the one before.
const GROWTH: usize = 4;

/// The sizes of the waves behind the canaries: `first` tenants, then four times as many each, so that what goes wrong shows
/// while few are concerned, and a fleet of any size takes few waves. A rest that would be smaller than its wave joins it.
pub fn waves(tenants: usize, first: usize) -> Vec<usize> {
    let mut sizes = Vec::new();
    let (mut left, mut size) = (tenants, first.max(1));
    while left > 0 {
        let wave = if left <= size.saturating_mul(2) { left } else { size };
        sizes.push(wave);
        left -= wave;
        size = size.saturating_mul(GROWTH);
    }
    sizes
}

/// How many tenants are still to be tried in a wave: `waiting` of them were never tried, and `after` of them wait for
/// later waves. A wave that was broken off goes on with its rest, whoever did the beginning.
pub fn rest_of_wave(waiting: usize, after: usize) -> usize {
    waiting.saturating_sub(after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waves_grow() {
        assert_eq!(waves(0, 16), [0; 0]);
        assert_eq!(waves(1, 16), [1]);
        assert_eq!(waves(32, 16), [32]);
        assert_eq!(waves(33, 16), [16, 17]);
        assert_eq!(waves(1000, 16), [16, 64, 256, 664]);
        assert_eq!(waves(10_000, 16), [16, 64, 256, 1024, 4096, 4544]);
    }

    proptest! {
        #[test]
        fn every_tenant_is_in_one_wave(tenants in 0_usize..200_000, first in 0_usize..500) {
            let sizes = waves(tenants, first);
            prop_assert_eq!(sizes.iter().sum::<usize>(), tenants);
            prop_assert!(sizes.iter().all(|s| *s > 0));
            prop_assert!(sizes.len() <= 12, "{:?}", sizes);
            let mut allowed = first.max(1);
            for size in sizes {
                prop_assert!(size <= allowed * 2);
                allowed *= GROWTH;
            }
        }

        /// Broken off anywhere, any number of times: each wave ends where it would have ended.
        #[test]
        fn a_wave_broken_off_ends_where_it_should(tenants in 1_usize..5000, breaks in prop::collection::vec(0_usize..700, 0..20)) {
            let sizes = waves(tenants, 16);
            let mut breaks = breaks.into_iter();
            let (mut waiting, mut after) = (tenants, tenants);
            for size in sizes {
                after -= size;
                loop {
                    let rest = rest_of_wave(waiting, after);
                    let done = breaks.next().unwrap_or(rest).min(rest);
                    waiting -= done;
                    if done == rest { break }
                }
                prop_assert_eq!(waiting, after);
            }
            prop_assert_eq!(waiting, 0);
        }
    }
}
