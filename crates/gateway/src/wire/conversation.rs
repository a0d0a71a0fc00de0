//! Whether a server has answered everything that it was asked: the condition for handing it to the next client.
//!
//! Every Query and every Sync is answered by one ReadyForQuery, so it would do to count both, but for COPY: while a
//! server reads the data of `COPY ... FROM STDIN`, it swallows each Sync that it meets. Drivers do send one there (the
//! Sync behind Execute goes out before the server says that it wants data), so the open questions are kept in the order
//! in which they went out, as runs: a thousand Syncs in a row are one entry.
//!
//! Three things can't be told from outside. A Query right behind extended messages without a Sync is answered if those
//! succeed and skipped if they fail; data that is sent before the server asks for it may belong to one COPY or to the
//! next; and where a COPY has swallowed a Sync and then fails, that Sync may have been read before or after the failure. No
//! driver does the first two, and the third is an error. Each makes the conversation **uncertain**, and then the server is
//! never free again: it stays with its client and is closed after it. Doubt costs a connection, never a mix-up.

use std::collections::VecDeque;

use super::Violation;

/// Runs of questions that may be open at one time; above that the client is not read until some are answered.
const RUNS_MAX: usize = 4_096;

/// What the server said last about its transaction (the byte in ReadyForQuery).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// No transaction.
    Idle,
    /// In a transaction.
    Transaction,
    /// In a transaction that failed and waits for ROLLBACK.
    Failed,
}

impl Status {
    /// From the byte in ReadyForQuery.
    ///
    /// # Errors
    /// Any byte but `I`, `T` and `E`.
    pub fn parse(byte: u8) -> Result<Self, Violation> {
        match byte {
            b'I' => Ok(Status::Idle),
            b'T' => Ok(Status::Transaction),
            b'E' => Ok(Status::Failed),
            _ => Err(Violation::Format),
        }
    }

    /// The byte in ReadyForQuery.
    pub const fn byte(self) -> u8 {
        match self {
            Status::Idle => b'I',
            Status::Transaction => b'T',
            Status::Failed => b'E',
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Query or FunctionCall: answered by a ReadyForQuery.
    Query,
    /// Sync: likewise, unless a COPY swallows it.
    Sync,
}

/// Where a `COPY ... FROM STDIN` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copy {
    /// There is none, or the client has sent all data.
    None,
    /// The server reads data.
    Reading,
    /// It has failed; the client may not know yet, and the server ignores what data still comes.
    Failed,
}

/// What is open between one server and whoever uses it.
#[derive(Clone, Debug)]
pub struct Conversation {
    open: VecDeque<(Asked, u32)>,
    answers: u32,
    /// Questions sent so far, and those of them that are answered or swallowed.
    asked: u64,
    settled: u64,
    status: Status,
    /// Extended messages have gone out since the last Sync.
    unsynced: bool,
    copy: Copy,
    /// A COPY has swallowed a Sync, and nothing was answered since.
    swallowed: bool,
    uncertain: bool,
}

impl Default for Conversation {
    /// A server that has just said its first ReadyForQuery.
    fn default() -> Self {
        Self {
            open: VecDeque::new(),
            answers: 0,
            asked: 0,
            settled: 0,
            status: Status::Idle,
            unsynced: false,
            copy: Copy::None,
            swallowed: false,
            uncertain: false,
        }
    }
}

impl Conversation {
    /// A message of this type goes to the server.
    ///
    /// # Errors
    /// [`Violation::Backlog`] where a client goes on in spite of [`Conversation::is_full`].
    #[inline]
    pub fn sent(&mut self, tag: u8) -> Result<(), Violation> {
        match tag {
            b'Q' | b'F' => {
                self.uncertain |= self.unsynced || self.copy == Copy::Reading;
                self.copy = Copy::None;
                self.ask(Asked::Query)
            }
            b'S' if self.copy == Copy::Reading => {
                self.swallowed = true;
                self.asked += 1;
                self.settled += 1;
                Ok(())
            }
            b'S' => {
                self.unsynced = false;
                self.ask(Asked::Sync)
            }
            b'P' | b'B' | b'D' | b'C' | b'E' => {
                self.uncertain |= self.copy == Copy::Reading;
                self.copy = Copy::None;
                self.unsynced = true;
                Ok(())
            }
            b'd' | b'c' | b'f' => {
                self.send_copy(tag == b'd');
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A message of this type came from the server; for ReadyForQuery, `status` is the byte in it.
    ///
    /// # Errors
    /// A ReadyForQuery that nobody asked for, or with a status that does not exist. The server is to be closed.
    #[inline]
    pub fn received(&mut self, tag: u8, status: u8) -> Result<(), Violation> {
        match tag {
            b'Z' => {
                self.status = Status::parse(status)?;
                if self.copy == Copy::Reading {
                    self.copy = Copy::None;
                }
                self.swallowed = false;
                self.answered()
            }
            b'G' => {
                self.copy_begins();
                Ok(())
            }
            b'E' => {
                // Was the Sync read by the COPY that now failed, or is it still to be read, and answered?
                self.uncertain |= self.swallowed;
                if self.copy == Copy::Reading {
                    self.copy = Copy::Failed;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether everything was answered and no transaction is open: only then may another client have the server.
    #[inline]
    pub fn is_free(&self) -> bool {
        self.is_quiet() && self.status == Status::Idle && !self.uncertain
    }

    /// Whether the server has nothing left to say, in a transaction or not.
    pub fn is_quiet(&self) -> bool {
        self.answers == 0 && !self.unsynced && self.copy != Copy::Reading
    }

    /// Whether it can't be told any more what is open.
    pub fn is_uncertain(&self) -> bool {
        self.uncertain
    }

    /// Whether the client must not be read for now.
    pub fn is_full(&self) -> bool {
        self.open.len() >= RUNS_MAX
    }

    /// How many ReadyForQuery are to come.
    pub fn answers(&self) -> u32 {
        self.answers
    }

    /// Questions sent so far. What goes out now is answered, at the latest, with the next one, whose number this is plus 1.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// Whatever went out in front of the question of this number is answered, or will never be.
    pub fn settled(&self) -> u64 {
        self.settled
    }

    /// The status in the last ReadyForQuery.
    pub fn status(&self) -> Status {
        self.status
    }

    fn ask(&mut self, asked: Asked) -> Result<(), Violation> {
        let answers = self.answers.checked_add(1).ok_or(Violation::Backlog)?;
        let runs = self.open.len();
        match self.open.back_mut() {
            Some((last, count)) if *last == asked => *count += 1,
            // Some messages may follow a full queue within a chunk, but not without end.
            _ if runs >= 2 * RUNS_MAX => return Err(Violation::Backlog),
            _ => self.open.push_back((asked, 1)),
        }
        self.answers = answers;
        self.asked += 1;
        Ok(())
    }

    /// Data of a COPY, or its end. Outside of one the server ignores it; but while questions are open it can't be told
    /// which of them it belongs to, as the server may still be about to ask for it.
    fn send_copy(&mut self, more: bool) {
        match self.copy {
            Copy::Reading if more => {}
            Copy::Reading => self.copy = Copy::None,
            Copy::Failed => {}
            Copy::None => self.uncertain |= self.unsynced || !self.open.is_empty(),
        }
    }

    /// The first open question is answered.
    fn answered(&mut self) -> Result<(), Violation> {
        let Some((_, count)) = self.open.front_mut() else {
            return if self.uncertain { Ok(()) } else { Err(Violation::Unasked) };
        };
        *count -= 1;
        if *count == 0 {
            self.open.pop_front();
        }
        self.answers -= 1;
        self.settled += 1;
        Ok(())
    }

    /// CopyInResponse: the server swallows every Sync up to the end of the data.
    fn copy_begins(&mut self) {
        self.copy = Copy::Reading;
        // A Query that began the COPY is answered at its end. Otherwise Execute began it, and the Sync for that Execute
        // is the one behind the data.
        let behind = match self.open.front() {
            Some((Asked::Query, count)) => {
                // The server meets another question where it wants data, and fails the COPY over it.
                self.uncertain |= *count > 1 || self.unsynced;
                1
            }
            _ => 0,
        };
        if let Some((Asked::Sync, count)) = self.open.get(behind).copied() {
            self.answers -= count;
            self.settled += u64::from(count);
            self.open.remove(behind);
            self.swallowed = true;
            self.unsynced |= behind == 0;
        }
        self.uncertain |= self.open.len() > behind;
    }
}

#[cfg(test)]
mod tests;
