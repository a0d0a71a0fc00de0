//! Where messages begin and end, in chunks that the kernel cut anywhere.
//!
//! A [`Scanner`] sees every byte of one direction of a connection once and in order. It holds at most the four bytes of a
//! header that was cut, never a body: a message of a gigabyte passes through the one buffer that all clients share. For
//! each message that has bytes in a chunk there is one [`Piece`]; a relay that has no use for it forwards the chunk as it
//! is. A header that is cut yields no piece until it is whole: a relay that wants to look into messages keeps
//! [`Scanner::cut`] bytes back and lets [`Piece::header`] write them, one that does not just forwards them.
//!
//! Types and lengths are checked as soon as the header is whole, against the table of the direction and the phase, so
//! nothing that lies about its length is ever waited for or made room for.

use std::ops::Range;

use super::{HEADER_BYTES, Violation};

mod tags;

pub use tags::{Direction, Phase};

/// Finds messages in one direction of one connection.
#[derive(Clone, Debug)]
pub struct Scanner {
    direction: Direction,
    phase: Phase,
    /// The first bytes of a header that is not whole yet.
    head: [u8; HEADER_BYTES],
    head_bytes: u8,
    /// Type and body length of the message that `left` belongs to.
    tag: u8,
    body_bytes: u32,
    /// Bytes of its body that have not come yet.
    left: u32,
}

/// The part of one message that stands in one chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The message's type.
    pub tag: u8,
    /// Bytes of its whole body.
    pub body_bytes: u32,
    /// Where its bytes stand in the chunk, the header's included.
    pub span: Range<usize>,
    /// Where the bytes of its body stand in the chunk.
    pub body: Range<usize>,
    /// Bytes of the body that came in earlier chunks.
    pub before: u32,
    /// Whether the header became whole in this chunk.
    pub first: bool,
    /// Whether the message ends in this chunk.
    pub last: bool,
}

impl Piece {
    /// Whether the chunk holds the whole body.
    pub fn is_whole(&self) -> bool {
        self.first && self.last
    }

    /// The message's header, even if only its end stands in the chunk.
    pub fn header(&self) -> [u8; HEADER_BYTES] {
        let [a, b, c, d] = (self.body_bytes + 4).to_be_bytes();
        [self.tag, a, b, c, d]
    }
}

impl Scanner {
    /// A scanner at the border between two messages.
    pub fn new(direction: Direction, phase: Phase) -> Self {
        Self { direction, phase, head: [0; HEADER_BYTES], head_bytes: 0, tag: 0, body_bytes: 0, left: 0 }
    }

    /// From the next header on, the rules of this phase hold.
    pub fn enter(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// Bytes at the end of what was scanned that are the beginning of a header.
    pub fn cut(&self) -> usize {
        usize::from(self.head_bytes)
    }

    /// The type of the message whose header is cut.
    pub fn cut_tag(&self) -> Option<u8> {
        (self.head_bytes > 0).then_some(self.head[0])
    }

    /// Whether what was scanned ends with the end of a message.
    pub fn at_border(&self) -> bool {
        self.left == 0 && self.head_bytes == 0
    }

    /// Bytes that are still to come of the message in progress.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// The next piece in `chunk`, from `at` on, which moves behind it. `None`: the chunk is used up.
    ///
    /// # Errors
    /// A type that is not allowed here, or a length that it can't have. The connection is to be closed: where the next
    /// message would begin is unknown.
    pub fn next(&mut self, chunk: &[u8], at: &mut usize) -> Result<Option<Piece>, Violation> {
        let start = *at;
        if start >= chunk.len() {
            return Ok(None);
        }
        let first = self.left == 0;
        if first && !self.take_header(chunk, at)? {
            return Ok(None);
        }
        let available = chunk.len() - *at;
        let taken = u32::try_from(available).map_or(self.left, |available| available.min(self.left));
        let before = self.body_bytes - self.left;
        self.left -= taken;
        let body = *at..*at + taken as usize;
        *at = body.end;
        let last = self.left == 0;
        let span = start..body.end;
        Ok(Some(Piece { tag: self.tag, body_bytes: self.body_bytes, span, body, before, first, last }))
    }

    /// Completes the header from the chunk; false: the chunk ended first.
    fn take_header(&mut self, chunk: &[u8], at: &mut usize) -> Result<bool, Violation> {
        let have = usize::from(self.head_bytes);
        let rest = &chunk[*at..];
        let header = match rest.first_chunk::<HEADER_BYTES>() {
            Some(header) if have == 0 => {
                *at += HEADER_BYTES;
                *header
            }
            _ => {
                let taken = rest.len().min(HEADER_BYTES - have);
                self.head[have..have + taken].copy_from_slice(&rest[..taken]);
                *at += taken;
                // A type that is not allowed is refused before its length has come.
                tags::check_type(self.direction, self.phase, self.head[0])?;
                if have + taken < HEADER_BYTES {
                    self.head_bytes += taken as u8;
                    return Ok(false);
                }
                self.head_bytes = 0;
                self.head
            }
        };
        let [tag, length @ ..] = header;
        let length = u32::from_be_bytes(length);
        tags::check(self.direction, self.phase, tag, length)?;
        self.tag = tag;
        self.body_bytes = length - 4;
        self.left = self.body_bytes;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
