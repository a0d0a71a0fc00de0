//! The outline of a statement: its text with the values left out. Pure.
//!
//! Applications send the same few statements with ever other values in them. What the gateway decides of a statement (is
//! it allowed, what does it leave in the session, what must be rewritten) hardly ever depends on the values, so decisions
//! are kept by outline: a keyed hash of the text in which each string, number and comment counts as one mark of its kind.
//! One pass over the bytes, without allocation, stands in for parsing.
//!
//! This is a boundary: were code taken for a value, one statement would get the decision of another. So only what can be
//! told apart for certain counts as a value; whatever is in doubt (quoted names, dollar quotes, bit strings, Unicode
//! escapes) goes into the hash as it is written, and the outline then merely is a finer one. The rules are those of
//! PostgreSQL's own scanner (`src/backend/parser/scan.l`) with `standard_conforming_strings` on, in an encoding whose
//! multi-byte characters hold no ASCII bytes; the gateway refuses sessions where either is otherwise. A test compares
//! every value found with the tokens of that scanner.

use std::hash::Hasher;
use std::ops::Range;

use siphasher::sip128::{Hasher128, SipHasher13};

/// What stands for a value in the outline. No byte of a UTF-8 text is one of these.
const STRING: u8 = 0xff;
const NUMBER: u8 = 0xfe;
const COMMENT: u8 = 0xfd;

/// Values of more bytes are left out of what is parsed of a long text.
const LONG_VALUE_BYTES: usize = 64;

/// The key that outlines are hashed with: made anew for each process, so that nobody can look for two statements of one
/// outline.
#[derive(Clone, Copy, Debug)]
pub struct OutlineKey(u64, u64);

/// The outline of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Outline(u128);

impl OutlineKey {
    /// From 128 random bits.
    pub const fn new(high: u64, low: u64) -> Self {
        Self(high, low)
    }

    /// The outline of a text.
    pub fn outline(&self, text: &[u8]) -> Outline {
        let mut hasher = SipHasher13::new_with_keys(self.0, self.1);
        let mut kept = 0;
        values(text, |range, mark| {
            hasher.write(&text[kept..range.start]);
            hasher.write_u8(mark);
            kept = range.end;
        });
        hasher.write(&text[kept..]);
        Outline(hasher.finish128().as_u128())
    }

    /// The hash of a text as it is, values and all.
    pub fn exact(&self, text: &[u8]) -> Outline {
        let mut hasher = SipHasher13::new_with_keys(self.0, self.1);
        hasher.write(text);
        Outline(hasher.finish128().as_u128())
    }
}

/// Where the values of a text stand, in order: what two texts of one outline may have different.
pub fn value_ranges(text: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    values(text, |range, _| ranges.push(range));
    ranges
}

/// The text with empty ones in place of its long values: a text of the same outline. None where it stays longer than `max`
/// bytes, or ends within a value.
pub fn condensed(text: &[u8], max: usize) -> Option<Vec<u8>> {
    let (mut out, mut kept, mut is_closed) = (Vec::new(), 0, true);
    values(text, |range, mark| {
        if range.len() <= LONG_VALUE_BYTES || out.len() > max {
            return;
        }
        let empty: &[u8] = match (mark, &text[range.clone()]) {
            (STRING, [b'\'', .., b'\'']) => b"''",
            (COMMENT, [b'-', b'-', ..]) => b"--",
            (COMMENT, [b'/', b'*', .., b'*', b'/']) => b"/**/",
            (NUMBER, _) => return,
            _ => {
                is_closed = false;
                return;
            }
        };
        out.extend_from_slice(&text[kept..range.start]);
        out.extend_from_slice(empty);
        kept = range.end;
    });
    out.extend_from_slice(&text[kept..]);
    (is_closed && out.len() <= max).then_some(out)
}

/// Calls `found` with each value's place and mark.
fn values(text: &[u8], mut found: impl FnMut(Range<usize>, u8)) {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at = match byte {
            b'\'' => {
                let end = plain_string(text, at + 1);
                found(at..end, STRING);
                end
            }
            b'0'..=b'9' => {
                let end = run(text, at, |b| b.is_ascii_digit());
                // 0x1F, 1_000, 1e5: with what follows without a gap it is hashed as it is, since 0b1 is a number and 42b1 none.
                if text.get(end).copied().is_some_and(is_name_start) {
                    run(text, end, is_name)
                } else {
                    found(at..end, NUMBER);
                    end
                }
            }
            b'-' if text.get(at + 1) == Some(&b'-') => {
                let end = run(text, at, |b| b != b'\n' && b != b'\r');
                found(at..end, COMMENT);
                end
            }
            b'/' if text.get(at + 1) == Some(&b'*') => {
                let end = block_comment(text, at + 2);
                found(at..end, COMMENT);
                end
            }
            b'"' => double_quoted(text, at + 1),
            b'$' => dollar(text, at),
            b if is_name_start(b) => name(text, at, &mut found),
            _ => at + 1,
        };
    }
}

/// The end of a name, or of the string that a name of one letter begins.
fn name(text: &[u8], at: usize, found: &mut impl FnMut(Range<usize>, u8)) -> usize {
    let end = run(text, at, is_name);
    if end != at + 1 {
        return end;
    }
    match (text[at] | 0x20, text.get(end), text.get(end + 1)) {
        (b'e', Some(b'\''), _) => {
            let close = escape_string(text, end + 1);
            found(end..close, STRING);
            close
        }
        // N'...' is a plain string; B'...' and X'...' are hashed as they are.
        (b'n', Some(b'\''), _) => {
            let close = plain_string(text, end + 1);
            found(end..close, STRING);
            close
        }
        (b'b' | b'x', Some(b'\''), _) => bit_string(text, end + 1),
        (b'u', Some(b'&'), Some(b'\'')) => unicode_string(text, end + 2),
        (b'u', Some(b'&'), Some(b'"')) => double_quoted(text, end + 2),
        _ => end,
    }
}

const fn is_name_start(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b >= 0x80
}

const fn is_name(b: u8) -> bool {
    is_name_start(b) || b.is_ascii_digit() || b == b'$'
}

fn run(text: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> usize {
    text[from..].iter().position(|b| !wanted(*b)).map_or(text.len(), |n| from + n)
}

/// The end of a string whose quote was opened before `at`; a doubled quote stands for one.
fn plain_string(text: &[u8], at: usize) -> usize {
    quoted(text, at, b'\'')
}

fn double_quoted(text: &[u8], at: usize) -> usize {
    quoted(text, at, b'"')
}

fn quoted(text: &[u8], mut at: usize, quote: u8) -> usize {
    loop {
        at = run(text, at, |b| b != quote);
        if at == text.len() {
            return at;
        }
        if text.get(at + 1) != Some(&quote) {
            return at + 1;
        }
        at += 2;
    }
}

/// The end of a bit string, in which a doubled quote is none.
fn bit_string(text: &[u8], mut at: usize) -> usize {
    loop {
        let end = run(text, at, |b| b != b'\'');
        if end == text.len() {
            return end;
        }
        match continuation(text, end + 1) {
            Some(next) => at = next,
            None => return end + 1,
        }
    }
}

fn unicode_string(text: &[u8], mut at: usize) -> usize {
    loop {
        let end = plain_string(text, at);
        match continuation(text, end) {
            Some(next) => at = next,
            None => return end,
        }
    }
}

/// The same for E'...', where a backslash takes the next byte's meaning away. A quote after a line break goes on with it.
fn escape_string(text: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\'' if text.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => match continuation(text, at + 1) {
                Some(next) => at = next,
                None => return at + 1,
            },
            _ => at += 1,
        }
    }
    text.len()
}

/// Where a string goes on that was closed before `at`: behind the quote that follows a gap with a line break in it.
fn continuation(text: &[u8], mut at: usize) -> Option<usize> {
    let mut broken = false;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\n' | b'\r' => {
                broken = true;
                at += 1;
            }
            b' ' | b'\t' | 0x0b | 0x0c => at += 1,
            b'-' if text.get(at + 1) == Some(&b'-') => at = run(text, at, |b| b != b'\n' && b != b'\r'),
            b'\'' if broken => return Some(at + 1),
            _ => return None,
        }
    }
    None
}

/// The end of a comment that was opened before `at`; comments nest.
fn block_comment(text: &[u8], mut at: usize) -> usize {
    let mut depth = 1;
    while depth > 0 && at < text.len() {
        match (text[at], text.get(at + 1)) {
            (b'*', Some(b'/')) => {
                depth -= 1;
                at += 2;
            }
            (b'/', Some(b'*')) => {
                depth += 1;
                at += 2;
            }
            _ => at += 1,
        }
    }
    at.min(text.len())
}

/// The end of `$tag$...$tag$`, or of the `$` or `$1` that stands there instead.
fn dollar(text: &[u8], at: usize) -> usize {
    let tag = run(text, at + 1, |b| is_name(b) && b != b'$');
    if text.get(tag) != Some(&b'$') || text.get(at + 1).is_some_and(u8::is_ascii_digit) {
        // A parameter's number is no value: it is hashed.
        return run(text, at + 1, |b| b.is_ascii_digit());
    }
    let fence = &text[at..=tag];
    let body = tag + 1;
    text[body..].windows(fence.len()).position(|w| w == fence).map_or(text.len(), |n| body + n + fence.len())
}

#[cfg(test)]
mod tests;
