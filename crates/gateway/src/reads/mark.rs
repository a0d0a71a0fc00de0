//! A point in the gateway's own order of questions, on one timeline of the servers.

/// Bits of the number; the timeline has the others. At five questions a second they last for 6,000 years.
const NUMBER_BITS: u32 = 40;
const TIMELINE_MAX: u32 = (1 << (u64::BITS - NUMBER_BITS)) - 1;

/// See [`crate::reads`]. In one word, so that both parts are read and written at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(u64);

impl Mark {
    /// Covers nothing, and is covered by nothing.
    pub const NONE: Self = Self(0);

    /// The question of this number on this timeline; [`Mark::NONE`] where there is none.
    pub fn new(timeline: u32, number: u64) -> Self {
        if timeline == 0 || timeline > TIMELINE_MAX || number >> NUMBER_BITS != 0 {
            return Self::NONE;
        }
        Self(u64::from(timeline) << NUMBER_BITS | number)
    }

    /// Whether a replica with this mark has replayed what was written by the time of that one.
    pub fn covers(self, written: Mark) -> bool {
        self != Self::NONE && self.timeline() == written.timeline() && self.number() > written.number()
    }

    /// Its timeline; 0: none.
    pub fn timeline(self) -> u32 {
        (self.0 >> NUMBER_BITS) as u32
    }

    /// Its number.
    pub fn number(self) -> u64 {
        self.0 & ((1 << NUMBER_BITS) - 1)
    }

    pub(super) fn to_bits(self) -> u64 {
        self.0
    }

    pub(super) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_later_question_of_the_same_timeline_covers() {
        let mark = Mark::new(2, 7);
        assert_eq!((mark.timeline(), mark.number()), (2, 7));
        assert!(mark.covers(Mark::new(2, 6)));
        for other in [Mark::new(2, 7), Mark::new(2, 8), Mark::new(1, 6), Mark::new(3, 6), Mark::NONE] {
            assert!(!mark.covers(other), "{other:?}");
        }
        assert!(!Mark::NONE.covers(Mark::NONE));
        for none in [Mark::new(0, 5), Mark::new(1 << 24, 5), Mark::new(1, 1 << 40)] {
            assert_eq!(none, Mark::NONE);
        }
    }

    proptest! {
        #[test]
        fn covering_is_being_later(a in (1u32..9, 0u64..99), b in (1u32..9, 0u64..99)) {
            let covers = Mark::new(a.0, a.1).covers(Mark::new(b.0, b.1));
            prop_assert_eq!(covers, a.0 == b.0 && a.1 > b.1);
        }
    }
}
