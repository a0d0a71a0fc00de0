//! Reading a link into the buffer that all links of a shard share.

use std::io;

use super::link::Link;

/// Up to so many held bytes are copied in front of what is read; more grow where they are, so that a message that comes
/// byte by byte costs each of its bytes once.
const COPIED_BYTES_MAX: usize = 4 * 1024;

/// Bytes held back earlier, and what has come behind them.
pub(super) struct Chunk {
    own: Vec<u8>,
    /// The input stands in `own`, not in the shared buffer.
    is_own: bool,
    len: usize,
    /// Bytes that were read.
    pub got: usize,
    /// Nothing more is there for now.
    pub is_drained: bool,
    /// The peer has ended the connection.
    pub is_ended: bool,
}

impl Chunk {
    /// Reads once. `None`: there is nothing to look at. Takes what was held, which [`Chunk::keep`] gives back.
    pub(super) fn read(
        held: &mut Vec<u8>,
        link: &mut impl Link,
        buffer: &mut [u8],
    ) -> io::Result<Option<Self>> {
        let is_own = held.len() > COPIED_BYTES_MAX;
        let before = if is_own { 0 } else { held.len() };
        buffer[..before].copy_from_slice(&held[..before]);
        let space = buffer.len() - before;
        let (got, is_ended) = match link.read(&mut buffer[before..]) {
            Ok(got) => (got, got == 0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (0, false),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && held.is_empty() => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => (0, false),
            Err(error) => return Err(error),
        };
        let mut own = std::mem::take(held);
        if is_own {
            own.extend_from_slice(&buffer[..got]);
        }
        let len = if is_own { own.len() } else { before + got };
        Ok(Some(Self { own, is_own, len, got, is_drained: got < space, is_ended }))
    }

    /// What is to be looked at.
    pub(super) fn input<'a>(&'a self, buffer: &'a [u8]) -> &'a [u8] {
        if self.is_own { &self.own } else { &buffer[..self.len] }
    }

    /// What is to be held of it, when so many bytes of the input were used.
    pub(super) fn keep(mut self, buffer: &[u8], used: usize) -> Vec<u8> {
        if self.is_own {
            self.own.drain(..used);
        } else {
            self.own.clear();
            self.own.extend_from_slice(&buffer[used..self.len]);
        }
        if self.own.is_empty() { Vec::new() } else { self.own }
    }
}
