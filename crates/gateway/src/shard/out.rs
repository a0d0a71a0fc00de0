//! What is sent on of a chunk: the chunk itself where nothing in it changes, else a copy with the changes.

/// Puts together what goes out. Bytes of the input pass unless they are skipped; nothing is copied before the first
/// change.
pub(super) struct Out<'a> {
    input: &'a [u8],
    /// Input up to here is in `changed` or was skipped.
    from: usize,
    changed: &'a mut Vec<u8>,
}

impl<'a> Out<'a> {
    /// `changed` may hold bytes that are to go out first.
    pub(super) fn new(input: &'a [u8], changed: &'a mut Vec<u8>) -> Self {
        Self { input, from: 0, changed }
    }

    pub(super) fn input(&self) -> &'a [u8] {
        self.input
    }

    /// Where to write what goes out between the input before `at` and the input from there on.
    pub(super) fn before(&mut self, at: usize) -> &mut Vec<u8> {
        if self.from < at {
            self.changed.extend_from_slice(&self.input[self.from..at]);
            self.from = at;
        }
        self.changed
    }

    /// The input up to `to`, from `at` on, does not pass.
    pub(super) fn skip(&mut self, at: usize, to: usize) {
        self.before(at);
        self.from = to;
    }

    /// What goes out if the input ends at `end`.
    pub(super) fn finish(self, end: usize) -> &'a [u8] {
        let rest = self.input.get(self.from..end).unwrap_or_default();
        if self.changed.is_empty() {
            return rest;
        }
        self.changed.extend_from_slice(rest);
        self.changed
    }
}

/// How much of a message that began earlier is still to come, and whether it passes.
#[derive(Default)]
pub(super) struct Rest {
    pub bytes: usize,
    pub is_dropped: bool,
}

impl Rest {
    /// Takes what has come of it from the beginning of the input; returns where the next message begins.
    pub(super) fn take(&mut self, out: &mut Out<'_>) -> usize {
        let taken = self.bytes.min(out.input().len());
        if self.is_dropped && taken > 0 {
            out.skip(0, taken);
        }
        self.bytes -= taken;
        if self.bytes == 0 {
            self.is_dropped = false;
        }
        taken
    }
}

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It passes, as far as it was not skipped already.
    Pass,
    /// It does not pass.
    Drop,
    /// It can't be judged before more of it has come.
    More,
    /// The client says good-bye.
    Leave,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unchanged_chunk_is_not_copied() {
        let (input, mut changed) = (*b"abcdef", Vec::new());
        let out = Out::new(&input, &mut changed);
        assert_eq!(out.finish(4).as_ptr(), input.as_ptr());
    }

    #[test]
    fn changes_stand_in_their_places() {
        let mut changed = b"first ".to_vec();
        let mut out = Out::new(b"abcdef", &mut changed);
        out.before(1).extend_from_slice(b"[1]");
        out.skip(2, 4);
        out.before(4).extend_from_slice(b"[4]");
        assert_eq!(out.finish(5), b"first a[1]b[4]e");
    }
}
