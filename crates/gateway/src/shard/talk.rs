//! What the relay remembers of the conversation on either side, apart from the links.

use std::sync::Arc;

use super::fate::Fates;
use super::out::Rest;
use super::settings::{Setting, SettingsId, SettingsTable};
use super::statements::{Known, NameKey, Names, StatementId, Statements};

/// A client's side.
pub(super) struct ClientTalk {
    /// The beginning of a message that can't be judged yet.
    pub held: Vec<u8>,
    pub rest: Rest,
    pub names: Names,
    /// Bytes of the statements that its names stand for.
    pub prepared_bytes: usize,
    /// The server that serves it holds an unnamed statement of its own.
    pub has_unnamed: bool,
    /// What it wants its session to be set to.
    pub settings: SettingsId,
}

impl ClientTalk {
    pub(super) fn new(settings: SettingsId) -> Self {
        Self {
            held: Vec::new(),
            rest: Rest::default(),
            names: Names::default(),
            prepared_bytes: 0,
            has_unnamed: false,
            settings,
        }
    }

    /// A name no longer stands for a statement.
    pub(super) fn forget(&mut self, key: NameKey, statements: &mut Statements) {
        if let Some(id) = self.names.remove(key) {
            self.give(id, statements);
        }
    }

    pub(super) fn forget_all(&mut self, statements: &mut Statements) {
        self.names.clear().for_each(|id| statements.give(id));
        self.prepared_bytes = 0;
    }

    fn give(&mut self, id: StatementId, statements: &mut Statements) {
        self.prepared_bytes = self.prepared_bytes.saturating_sub(statements.body(id).len());
        statements.give(id);
    }

    /// A name stands for a statement from now on; `id` was taken for it.
    pub(super) fn name(&mut self, key: NameKey, id: StatementId, statements: &mut Statements) {
        self.prepared_bytes += statements.body(id).len();
        if let Some(former) = self.names.insert(key, id) {
            self.give(former, statements);
        }
    }
}

/// The transaction status that ReadyForQuery tells when there is no transaction.
pub(super) const IDLE: u8 = b'I';

/// A server's side.
pub(super) struct ServerTalk {
    /// The beginning of a message that can't be judged yet.
    pub held: Vec<u8>,
    pub rest: Rest,
    pub fates: Fates,
    /// As the last ReadyForQuery told it: `I`, `T` or `E`.
    pub status: u8,
    /// It has the beginning of a message whose rest the client still owes: whatever came next would be taken for that.
    pub awaits_rest: bool,
    pub known: Known,
    /// What its session is set to.
    pub settings: SettingsId,
    /// It has to be reset before another client gets it.
    pub is_dirty: bool,
    /// Settings made in this transaction.
    pub pending: Vec<Arc<[Setting]>>,
    /// An error or a ROLLBACK came in this transaction.
    pub has_failed: bool,
    /// The server refused what the gateway asked for by itself: its ErrorResponse.
    pub own_failure: Option<Box<[u8]>>,
    /// The last thing it said was that it ends the session.
    pub has_said_goodbye: bool,
    /// The error with which it ended the session, where that does not tell why.
    pub farewell: Option<Box<[u8]>>,
    /// ErrorResponse that the client gets instead of "canceled", because a limit was the reason.
    pub verdict: Option<Box<[u8]>>,
    /// Rows sent to the client since the server was last quiet.
    pub rows: u64,
    /// Bytes, likewise.
    pub bytes: u64,
}

impl ServerTalk {
    pub(super) fn new() -> Self {
        Self {
            held: Vec::new(),
            rest: Rest::default(),
            fates: Fates::default(),
            status: IDLE,
            awaits_rest: false,
            known: Known::default(),
            settings: SettingsTable::BASE,
            is_dirty: false,
            pending: Vec::new(),
            has_failed: false,
            own_failure: None,
            has_said_goodbye: false,
            farewell: None,
            verdict: None,
            rows: 0,
            bytes: 0,
        }
    }

    /// Whether everything was answered, no transaction is open and no message is half said.
    pub(super) fn is_idle(&self) -> bool {
        let is_between = self.held.is_empty() && self.rest.bytes == 0 && !self.awaits_rest;
        self.status == IDLE && self.fates.is_settled() && is_between
    }
}
