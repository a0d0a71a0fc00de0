//! A text under rewriting: what is kept of it and what is new, so that passes made one after the other end up as edits of
//! the text as it came.

use std::collections::VecDeque;
use std::ops::Range;

use crate::tokens::Edits;

/// A replacement in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced, in bytes; empty: something is put in.
    pub range: Range<usize>,
    /// What stands there instead.
    pub text: String,
}

/// The text with edits made, which come in order and don't overlap.
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len() + edits.iter().map(|e| e.text.len()).sum::<usize>());
    let mut done = 0;
    for edit in edits {
        out.push_str(text.get(done..edit.range.start).unwrap_or_default());
        out.push_str(&edit.text);
        done = edit.range.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

enum Piece {
    Kept(Range<usize>),
    New(String),
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Piece::Kept(range) => range.len(),
            Piece::New(text) => text.len(),
        }
    }

    /// Its first bytes, and the others.
    fn split(self, at: usize) -> (Piece, Piece) {
        match self {
            Piece::Kept(r) => (Piece::Kept(r.start..r.start + at), Piece::Kept(r.start + at..r.end)),
            Piece::New(mut text) => {
                let rest = text.split_off(at);
                (Piece::New(text), Piece::New(rest))
            }
        }
    }
}

/// The text as it stands.
pub(super) struct Pieces<'t> {
    original: &'t str,
    list: VecDeque<Piece>,
}

impl<'t> Pieces<'t> {
    /// Nothing changed yet.
    pub fn of(original: &'t str) -> Self {
        Self { original, list: VecDeque::from([Piece::Kept(0..original.len())]) }
    }

    /// The text as it is by now.
    pub fn text(&self) -> String {
        let pieces = self.list.iter().map(|piece| match piece {
            Piece::Kept(range) => self.original.get(range.clone()).unwrap_or_default(),
            Piece::New(text) => text,
        });
        pieces.collect()
    }

    /// Makes edits, whose places are those of the text as it is by now.
    pub fn change(&mut self, edits: Edits) {
        let mut out = VecDeque::new();
        let mut at = 0;
        for (range, by) in edits.sorted() {
            self.take(range.start - at, Some(&mut out));
            self.take(range.len(), None);
            out.push_back(Piece::New(by));
            at = range.end;
        }
        out.append(&mut self.list);
        self.list = out;
    }

    /// Takes that many bytes from the front.
    fn take(&mut self, mut bytes: usize, mut out: Option<&mut VecDeque<Piece>>) {
        while bytes > 0
            && let Some(mut piece) = self.list.pop_front()
        {
            if piece.len() > bytes {
                let (front, rest) = piece.split(bytes);
                self.list.push_front(rest);
                piece = front;
            }
            bytes -= piece.len();
            if let Some(out) = out.as_mut() {
                out.push_back(piece);
            }
        }
    }

    /// What has become of the text, as edits of the original.
    pub fn edits(self) -> Vec<Edit> {
        let mut edits = Vec::new();
        let (mut done, mut new) = (0, String::new());
        let end = Piece::Kept(self.original.len()..self.original.len());
        for piece in self.list.into_iter().chain([end]) {
            match piece {
                Piece::New(text) => new.push_str(&text),
                Piece::Kept(range) => {
                    if range.start > done || !new.is_empty() {
                        edits.push(Edit { range: done..range.start, text: std::mem::take(&mut new) });
                    }
                    done = range.end;
                }
            }
        }
        edits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits(list: &[(Range<usize>, &str)]) -> Edits {
        let mut edits = Edits::default();
        list.iter().for_each(|(range, by)| edits.replace(range.clone(), *by));
        edits
    }

    #[test]
    fn passes_add_up_to_edits_of_the_original() {
        let mut pieces = Pieces::of("abcdef");
        pieces.change(edits(&[(4..5, "XX"), (1..2, "123")]));
        assert_eq!(pieces.text(), "a123cdXXf");
        pieces.change(edits(&[(2..2, "-"), (3..5, ""), (9..9, "!")]));
        assert_eq!(pieces.text(), "a1-2dXXf!");
        let found = pieces.edits();
        assert_eq!(apply("abcdef", &found), "a1-2dXXf!");
        assert_eq!(found.first(), Some(&Edit { range: 1..3, text: "1-2".to_owned() }));
    }

    #[test]
    fn nothing_changed_is_no_edit() {
        let mut pieces = Pieces::of("abc");
        pieces.change(Edits::default());
        assert!(pieces.edits().is_empty());
        assert!(Pieces::of("").edits().is_empty());
    }
}
