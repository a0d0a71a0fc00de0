//! What a relay asks of each chunk: how much of it goes on as it came, and where it has to look.
//!
//! A [`Link`] is one client with one server. It scans both directions, keeps count of what is open between the two, and
//! cuts each chunk into runs: bytes to forward untouched, then at most one piece of a message that somebody wants to look
//! into. With nothing to look into a chunk is one run, whatever it holds. Which types are looked into is a [`Watch`], a
//! table of 256 bits that is chosen for a session once: `P`, `B`, `D` and `C` where prepared statements are renamed, `Q` and
//! `P` where statements are checked, `S` of a server whose settings are followed.

use std::ops::Range;

use super::Violation;
use super::conversation::Conversation;
use super::frame::{Direction, Phase, Piece, Scanner};

/// Types of messages to look into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Watch([u64; 4]);

impl Watch {
    /// None.
    pub const NONE: Watch = Watch([0; 4]);
    /// Every type: what a server says is meant for the gateway, and nothing goes on by itself.
    pub const ALL: Watch = Watch([u64::MAX; 4]);

    /// These.
    pub const fn of(tags: &[u8]) -> Self {
        let mut watch = Watch::NONE;
        let mut at = 0;
        while at < tags.len() {
            watch.0[(tags[at] >> 6) as usize] |= 1 << (tags[at] & 63);
            at += 1;
        }
        watch
    }

    /// Whether messages of this type are looked into.
    #[inline]
    pub const fn has(self, tag: u8) -> bool {
        self.0[(tag >> 6) as usize] & 1 << (tag & 63) != 0
    }
}

/// A part of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Bytes to forward as they are; often the whole chunk, sometimes none.
    pub forward: Range<usize>,
    /// Behind them, a piece of a message to look into. Its bytes are forwarded by whoever looks, or not. A header that was
    /// cut has not been forwarded either: [`Piece::header`] has all of it.
    pub piece: Option<Piece>,
}

/// A client and the server that it has.
#[derive(Clone, Debug)]
pub struct Link {
    client: Scanner,
    server: Scanner,
    conversation: Conversation,
}

impl Default for Link {
    /// A session at its first ReadyForQuery.
    fn default() -> Self {
        Self {
            client: Scanner::new(Direction::Frontend, Phase::Session),
            server: Scanner::new(Direction::Backend, Phase::Session),
            conversation: Conversation::default(),
        }
    }
}

impl Link {
    /// The next run of a chunk of the client's, from `at` on, which moves behind it. `None`: the chunk is used up. What is
    /// not forwarded in the end has been counted as sent all the same: say so with [`Link::conversation_mut`].
    ///
    /// # Errors
    /// The client breaks a rule: it is told so, and the connection closed.
    pub fn from_client(
        &mut self,
        chunk: &[u8],
        at: &mut usize,
        watch: Watch,
    ) -> Result<Option<Run>, Violation> {
        let conversation = &mut self.conversation;
        run(&mut self.client, (chunk, at), watch, |piece, _| {
            if piece.first { conversation.sent(piece.tag) } else { Ok(()) }
        })
    }

    /// The next run of a chunk of the server's, likewise.
    ///
    /// # Errors
    /// The server breaks a rule: it is closed, and the client told that its connection was lost.
    pub fn from_server(
        &mut self,
        chunk: &[u8],
        at: &mut usize,
        watch: Watch,
    ) -> Result<Option<Run>, Violation> {
        let conversation = &mut self.conversation;
        run(&mut self.server, (chunk, at), watch, |piece, body| match piece.tag {
            // The status may come in the chunk behind the header.
            b'Z' if piece.last => conversation.received(b'Z', body.first().copied().unwrap_or_default()),
            b'G' | b'E' if piece.first => conversation.received(piece.tag, 0),
            _ => Ok(()),
        })
    }

    /// Whether the server can be handed to another client: it owes nothing, no transaction is open, and neither side is in
    /// the middle of a message.
    pub fn is_free(&self) -> bool {
        self.conversation.is_free() && self.client.at_border() && self.server.at_border()
    }

    /// What is open between the two.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// To count what the gateway says itself.
    pub fn conversation_mut(&mut self) -> &mut Conversation {
        &mut self.conversation
    }
}

fn run(
    scanner: &mut Scanner,
    (chunk, at): (&[u8], &mut usize),
    watch: Watch,
    mut count: impl FnMut(&Piece, &[u8]) -> Result<(), Violation>,
) -> Result<Option<Run>, Violation> {
    let start = *at;
    if start >= chunk.len() {
        return Ok(None);
    }
    let mut end = start;
    while let Some(piece) = scanner.next(chunk, at)? {
        count(&piece, &chunk[piece.body.clone()])?;
        if watch.has(piece.tag) {
            return Ok(Some(Run { forward: start..end, piece: Some(piece) }));
        }
        end = piece.span.end;
    }
    // The beginning of a header goes on with the rest, unless its message is to be looked into.
    if scanner.cut_tag().is_some_and(|tag| !watch.has(tag)) {
        end = chunk.len();
    }
    Ok(Some(Run { forward: start..end, piece: None }))
}

#[cfg(test)]
mod tests;
