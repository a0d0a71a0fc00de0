//! Places in a statement that hold for every text of its outline: counted from the value in front of them. Pure.

use std::ops::Range;

use super::mask;

/// A place: so many bytes behind the end of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// How many values end in front of it.
    values: u32,
    /// Bytes from the end of the last of them, or from the start of the text.
    bytes: u32,
}

/// The ends of a text's values.
pub(super) struct Ends(Vec<usize>);

impl Ends {
    pub fn of(text: &[u8]) -> Self {
        Self(mask::value_ranges(text).into_iter().map(|r| r.end).collect())
    }

    /// The anchor of a place that is in no value.
    pub fn anchor(&self, at: usize) -> Option<Anchor> {
        let values = self.0.partition_point(|end| *end <= at);
        let bytes = at - self.end(values);
        Some(Anchor { values: u32::try_from(values).ok()?, bytes: u32::try_from(bytes).ok()? })
    }

    /// The anchors of a range without values in it.
    pub fn anchors(&self, range: &Range<usize>) -> Option<Range<Anchor>> {
        Some(self.anchor(range.start)?..self.anchor(range.end)?)
    }

    /// Where an anchor is in this text.
    pub fn place(&self, anchor: Anchor) -> usize {
        self.end(anchor.values as usize) + anchor.bytes as usize
    }

    /// Where a range is in this text.
    pub fn range(&self, anchors: &Range<Anchor>) -> Range<usize> {
        self.place(anchors.start)..self.place(anchors.end)
    }

    fn end(&self, values: usize) -> usize {
        values.checked_sub(1).and_then(|i| self.0.get(i)).copied().unwrap_or_default()
    }
}

/// Whether the range has a part of a value in it, or one of its ends stands inside of one.
pub(super) fn meets_value(values: &[Range<usize>], range: &Range<usize>) -> bool {
    values.iter().any(|v| {
        let inside = |at: usize| v.start < at && at < v.end;
        inside(range.start) || inside(range.end) || range.start < v.end && v.start < range.end
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_moves_with_the_values_in_front_of_it() {
        let (one, other) = (b"a 'x' b 1 c".as_slice(), b"a 'longer' b 12345 c".as_slice());
        for (from, to) in [(0, 0), (2, 2), (5, 10), (6, 11), (10, 19), (11, 20)] {
            let anchor = Ends::of(one).anchor(from).unwrap();
            assert_eq!(Ends::of(other).place(anchor), to, "{from}");
        }
    }

    #[test]
    fn ranges_with_values_are_seen() {
        let values = mask::value_ranges(b"a 'x' b 1 c");
        for (range, meets) in [
            (0..2, false),
            (5..8, false),
            (0..3, true),
            (2..5, true),
            (3..3, true),
            (5..5, false),
            (0..11, true),
        ] {
            assert_eq!(meets_value(&values, &range), meets, "{range:?}");
        }
    }
}
