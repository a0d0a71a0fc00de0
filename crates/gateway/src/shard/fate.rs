//! What is to become of each answer that a server still owes.
//!
//! Every message that asks for an answer leaves a [`Fate`] behind, the gateway's own messages as well as the client's.
//! Answers come in the order of the questions, so the front of the queue always tells whom an answer is for: it goes to
//! the client, is swallowed, or is turned into another one in place. That is all it takes to slip messages of our own
//! into a client's pipeline without a round trip and without answers made up.
//!
//! Errors follow the protocol's rules: one in the extended protocol takes every question up to the next Sync with it; if
//! that Sync has not been sent yet, the server skips whatever comes before it. While a server reads the data of a COPY it
//! swallows every Sync that it meets, and drivers do send one there (right behind Execute, before they know of the COPY).
//!
//! What can't be told from outside (a COPY failed after a Sync was sent that it may or may not have swallowed) makes the
//! queue **uncertain**, and the server then stays with its client to the end: doubt costs a connection, never a mix-up.

use std::collections::VecDeque;
use std::sync::Arc;

use super::decide::Course;
use super::frame::Violation;
use super::statements::{NameKey, StatementId};
use crate::sql::moves::Moves;

/// Questions that may be open before a client is no longer read. More than PostgreSQL's output buffer (8 KiB) holds
/// of the shortest answers, so that a server always gets to send some.
const OPEN_MAX: usize = 4_096;

/// The kind of a question, which tells the answer that ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Query or FunctionCall, until ReadyForQuery.
    Query,
    Parse,
    Bind,
    Describe,
    Execute,
    Close,
    /// Until ReadyForQuery.
    Sync,
    /// CopyDone or CopyFail. Not answered; marks where the data of a COPY ends.
    CopyEnd,
}

/// Whom an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    Client,
    /// The gateway asked by itself.
    Nobody,
    /// The client, for whose Parse a Close was sent.
    ClientAsParse,
}

/// One question and what is to become of its answer.
#[derive(Debug)]
pub(super) struct Fate {
    pub asked: Asked,
    pub to: To,
    /// The statement that this Parse brings to the server.
    pub statement: Option<StatementId>,
    /// The client's name that is valid once this is answered.
    pub name: Option<NameKey>,
    /// The ErrorResponse to give instead of the server's.
    pub instead: Option<Box<[u8]>>,
    /// What is to be done as its statements are done.
    pub course: Option<Arc<Course>>,
    /// How its text came from the client's, the first change first: for the place that an error names.
    pub moves: Vec<Moves>,
}

impl Fate {
    pub(super) fn new(asked: Asked, to: To) -> Self {
        Self { asked, to, statement: None, name: None, instead: None, course: None, moves: Vec::new() }
    }
}

/// An answer's way.
#[derive(Debug)]
pub(super) struct Answer {
    pub to: To,
    /// The question that it ends.
    pub ended: Option<Fate>,
    /// What goes with the statements of the question, where this answer says that one was done: which one, counted from 0.
    pub done: Option<(usize, Arc<Course>)>,
}

/// An error's way.
#[derive(Debug)]
pub(super) struct Failure {
    pub to: To,
    pub instead: Option<Box<[u8]>>,
    /// What went with the statements of the question, and the first of them that was not done.
    pub undone: Option<(usize, Arc<Course>)>,
    /// See [`Fate::moves`].
    pub moves: Vec<Moves>,
}

/// The open questions of one server, oldest first.
#[derive(Debug, Default)]
pub(super) struct Fates {
    queue: VecDeque<Fate>,
    /// Extended messages were sent since the last Sync.
    is_unsynced: bool,
    /// An error came, and the Sync that ends its consequences has not been sent.
    is_skipping: bool,
    /// The server reads the data of a COPY, whose end has not been sent.
    is_copying: bool,
    /// A COPY swallowed a Sync.
    has_swallowed: bool,
    /// Statements of the front question that were done.
    done: usize,
    is_uncertain: bool,
}

impl Fates {
    /// A question is about to be sent. False: it will not be answered, because the server skips or swallows it.
    pub(super) fn push(&mut self, fate: Fate) -> bool {
        match fate.asked {
            Asked::Sync if self.is_copying => {
                self.has_swallowed = true;
                return false;
            }
            Asked::Sync => {
                self.is_skipping = false;
                self.is_unsynced = false;
            }
            Asked::CopyEnd => {
                self.is_copying = false;
                if self.queue.back().is_none_or(|last| last.asked == Asked::CopyEnd) {
                    return false;
                }
            }
            _ if self.is_skipping => return false,
            Asked::Query => {}
            _ => self.is_unsynced = true,
        }
        self.queue.push_back(fate);
        true
    }

    /// The same for a question that leaves nothing open until Sync: Close in front of a Query.
    pub(super) fn push_apart(&mut self, fate: Fate) {
        let is_unsynced = self.is_unsynced;
        self.push(fate);
        self.is_unsynced = is_unsynced;
    }

    /// An answer came, other than an error or ReadyForQuery.
    pub(super) fn answer(&mut self, tag: u8) -> Result<Answer, Violation> {
        self.drop_marks();
        let Some(front) = self.queue.front() else { return self.doubt(tag) };
        let to = front.to;
        let ends = match (tag, front.asked) {
            (b'1', Asked::Parse) | (b'2', Asked::Bind) | (b'3', Asked::Close) => true,
            (b'T' | b'n', Asked::Describe) | (b'C' | b'I' | b's', Asked::Execute) => true,
            (b't', Asked::Describe) | (b'D' | b'H' | b'd' | b'c', Asked::Execute) => false,
            (b'T' | b'D' | b'C' | b'I' | b'H' | b'd' | b'c' | b'V', Asked::Query) => false,
            (b'G', Asked::Query | Asked::Execute) => {
                self.copy_begins();
                false
            }
            _ => return self.doubt(tag),
        };
        let course = self.queue.front().and_then(|front| front.course.as_ref()).filter(|_| tag == b'C');
        let done = course.map(|course| (self.done, course.clone()));
        if tag == b'C' && !ends {
            self.done += 1;
        }
        Ok(Answer { to, ended: if ends { self.queue.pop_front() } else { None }, done })
    }

    /// ErrorResponse came. `dropped` sees the questions that now stay unanswered.
    pub(super) fn fail(&mut self, mut dropped: impl FnMut(Fate)) -> Failure {
        self.drop_marks();
        self.is_uncertain |= self.has_swallowed;
        self.is_copying = false;
        let Some(front) = self.queue.front_mut() else {
            return Failure { to: To::Client, instead: None, undone: None, moves: Vec::new() };
        };
        let instead = front.instead.take();
        let moves = std::mem::take(&mut front.moves);
        if matches!(front.asked, Asked::Query | Asked::Sync) {
            let undone = front.course.take().map(|course| (self.done, course));
            return Failure { to: front.to, instead, undone, moves };
        }
        while let Some(fate) = self.queue.pop_front() {
            if fate.asked == Asked::Sync {
                self.queue.push_front(fate);
                return Failure { to: To::Client, instead, undone: None, moves };
            }
            dropped(fate);
        }
        self.is_skipping = true;
        Failure { to: To::Client, instead, undone: None, moves }
    }

    /// ReadyForQuery came.
    pub(super) fn ready(&mut self) -> Result<To, Violation> {
        self.drop_marks();
        self.is_copying = false;
        self.has_swallowed = false;
        self.done = 0;
        match self.queue.front() {
            Some(front) if matches!(front.asked, Asked::Query | Asked::Sync) => {
                let to = front.to;
                self.queue.pop_front();
                self.drop_marks();
                Ok(to)
            }
            _ => self.doubt(b'Z').map(|answer| answer.to),
        }
    }

    /// Whom notices and changes of settings that come now are for.
    pub(super) fn to(&self) -> To {
        self.queue.front().map_or(To::Client, |fate| fate.to)
    }

    /// Whether every question was answered.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether nothing is open that a transaction's status does not tell of.
    pub(super) fn is_settled(&self) -> bool {
        self.queue.is_empty()
            && !self.is_unsynced
            && !self.is_skipping
            && !self.is_copying
            && !self.is_uncertain
    }

    /// Whether the server may keep answers to itself until a Sync comes.
    pub(super) fn is_unsynced(&self) -> bool {
        self.is_unsynced
    }

    /// Whether the client must not be read for now.
    pub(super) fn is_full(&self) -> bool {
        self.queue.len() >= OPEN_MAX
    }

    fn doubt(&self, tag: u8) -> Result<Answer, Violation> {
        if self.is_uncertain {
            Ok(Answer { to: To::Client, ended: None, done: None })
        } else {
            Err(Violation::Unasked(tag))
        }
    }

    fn drop_marks(&mut self) {
        while self.queue.front().is_some_and(|fate| fate.asked == Asked::CopyEnd) {
            self.queue.pop_front();
        }
    }

    /// CopyInResponse: every Sync between the front question and the data's end is swallowed.
    fn copy_begins(&mut self) {
        let is_extended = self.queue.front().is_some_and(|front| front.asked == Asked::Execute);
        let mut at = 1;
        self.is_copying = true;
        while let Some(fate) = self.queue.get(at) {
            match fate.asked {
                Asked::Sync => {
                    self.queue.remove(at);
                    self.has_swallowed = true;
                    self.is_unsynced |= is_extended;
                }
                Asked::CopyEnd => {
                    self.queue.remove(at);
                    self.is_copying = false;
                    // A Sync behind it is the one that counts.
                    self.is_unsynced &= !self.queue.iter().any(|fate| fate.asked == Asked::Sync);
                    return;
                }
                _ => {
                    self.is_uncertain = true;
                    at += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
