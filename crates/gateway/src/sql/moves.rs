//! Places in a text that was rewritten, turned back into places of the text as the client has it: where an error stands. Pure.

use std::ops::Range;

/// What was changed in a text, counted in characters, as servers count places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moves(Box<[Move]>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Move {
    /// Characters in front of it, in the text as the client has it.
    at: u32,
    /// Characters there that were replaced.
    old: u32,
    /// Characters that stand there instead.
    new: u32,
}

impl Moves {
    /// From the places of a text in bytes, in order, and the texts that stand there instead; none: there are none.
    pub fn of<'a>(text: &[u8], edits: impl IntoIterator<Item = (Range<usize>, &'a [u8])>) -> Option<Self> {
        let (mut moves, mut at, mut characters) = (Vec::new(), 0, 0);
        for (range, new) in edits {
            characters += count(text.get(at..range.start).unwrap_or_default());
            let old = count(text.get(range.clone()).unwrap_or_default());
            moves.push(Move { at: characters, old, new: count(new) });
            characters += old;
            at = range.end;
        }
        (!moves.is_empty()).then(|| Self(moves.into()))
    }

    /// The character of the client's text, counted from 1, that one of the rewritten text stands for. One that was not the
    /// client's stands for where it was put.
    pub fn back(&self, place: u32) -> u32 {
        let place = place.saturating_sub(1);
        // Characters that the rewritten text has more (or fewer) up to here.
        let mut shift = 0_i64;
        for change in &self.0 {
            let begins = i64::from(change.at) + shift;
            if i64::from(place) < begins {
                break;
            }
            if i64::from(place) < begins + i64::from(change.new) {
                return change.at + 1;
            }
            shift += i64::from(change.new) - i64::from(change.old);
        }
        u32::try_from((i64::from(place) - shift + 1).max(1)).unwrap_or(u32::MAX)
    }
}

/// Characters of UTF-8; bytes that are none count by their beginnings.
fn count(text: &[u8]) -> u32 {
    u32::try_from(text.iter().filter(|byte| **byte & 0xc0 != 0x80).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_in_front_within_and_behind() {
        // "h\u{e9} public.t x" becomes "h\u{e9} tenant_1.t x".
        let moves = Moves::of("h\u{e9} public.t x".as_bytes(), [(4..10, &b"tenant_1"[..])]).unwrap();
        for (there, here) in [(1, 1), (3, 3), (4, 4), (8, 4), (11, 4), (12, 10), (15, 13)] {
            assert_eq!(moves.back(there), here, "{there}");
        }
        let put_in = Moves::of(b"ab", [(1..1, &b"123"[..])]).unwrap();
        assert_eq!([1, 2, 3, 4, 5].map(|place| put_in.back(place)), [1, 2, 2, 2, 2]);
        assert_eq!(Moves::of(b"ab", []), None);
    }

    proptest! {
        #[test]
        fn what_was_kept_is_found_again(
            parts in prop::collection::vec(("[a-z\u{e9}\u{4e2d}]{1,4}", "[A-Z]{0,4}", "[0-9\u{e9}]{0,5}"), 1..5)
        ) {
            let (mut text, mut rewritten, mut edits) = (String::new(), String::new(), Vec::new());
            for (kept, old, new) in &parts {
                text.push_str(kept);
                rewritten.push_str(kept);
                edits.push((text.len()..text.len() + old.len(), new.as_bytes()));
                text.push_str(old);
                rewritten.push_str(new);
            }
            let moves = Moves::of(text.as_bytes(), edits).unwrap();
            let kept = |text: &str| {
                let places = text.chars().enumerate();
                // Kept characters are lower-case letters and one that is not ASCII; those of edits are neither, or the same one.
                places.filter(|(_, c)| c.is_lowercase() && c.is_ascii()).map(|(at, c)| (at as u32 + 1, c)).collect::<Vec<_>>()
            };
            for ((there, a), (here, b)) in kept(&rewritten).into_iter().zip(kept(&text)) {
                prop_assert_eq!(a, b);
                prop_assert_eq!(moves.back(there), here);
            }
            prop_assert!(moves.back(u32::MAX) > 0 && moves.back(0) == moves.back(1));
        }
    }
}
