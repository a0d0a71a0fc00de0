//! What the relay remembers of the conversation on either side, apart from the links.

use std::collections::HashMap;
use std::sync::Arc;

use tenantry_domain::limits::FOLLOWED_PORTALS_MAX;

use super::course::Log;
use super::decide::Course;
use super::ears::{Channels, Hears};
use super::fate::Fates;
use super::out::Rest;
use super::settings::{SettingsId, SettingsTable};
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
    /// What its start-up packet set, to which RESET goes back.
    pub start: SettingsId,
    /// It was told a setting that it goes back from: it hears of the next ones that are set for it.
    pub is_misinformed: bool,
    /// What goes with running its portals.
    pub portals: Courses,
    /// Channels that it listens on, or has asked for.
    pub channels: Option<Box<Channels>>,
    /// Whose notifications it gets.
    pub hears: Hears,
    /// What goes with running statements that its server knows by the client's own names.
    pub own: Courses,
    /// Its replica has all of what it asked at once; what comes next waits for the answers, since it may be the primary's.
    pub is_unit_sent: bool,
    /// The message whose rest is to come is the last one of what it asks at once.
    pub ends_unit: bool,
}

/// What has to be followed, by names. Boxed: a client without takes a pointer's room.
type NamedCourses = HashMap<Box<[u8]>, Arc<Course>>;

/// What has to be followed, by a name of the client's; the empty one mostly.
#[derive(Default)]
pub(super) struct Courses {
    unnamed: Option<Arc<Course>>,
    named: Option<Box<NamedCourses>>,
}

impl Courses {
    pub(super) fn is_empty(&self) -> bool {
        self.unnamed.is_none() && self.named.is_none()
    }

    /// False: there are too many to follow one more.
    #[must_use]
    pub(super) fn put(&mut self, name: &[u8], course: Option<Arc<Course>>) -> bool {
        if name.is_empty() {
            self.unnamed = course;
            return true;
        }
        match course {
            None => {
                if let Some(named) = &mut self.named {
                    named.remove(name);
                }
            }
            Some(course) => {
                let named = self.named.get_or_insert_default();
                if named.len() >= FOLLOWED_PORTALS_MAX {
                    return false;
                }
                named.insert(name.into(), course);
            }
        }
        true
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<&Arc<Course>> {
        if name.is_empty() { self.unnamed.as_ref() } else { self.named.as_ref()?.get(name) }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
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
            start: settings,
            is_misinformed: false,
            portals: Courses::default(),
            channels: None,
            hears: Hears::Listener,
            own: Courses::default(),
            is_unit_sent: false,
            ends_unit: false,
        }
    }

    /// Whether it waits until the gateway's listener hears what it wants to listen on.
    pub(super) fn waits_for_channels(&self) -> bool {
        self.channels.as_ref().is_some_and(|channels| channels.waits > 0)
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
    /// Nobody else may have it.
    pub is_spent: bool,
    /// What the open transaction has changed of the session's settings.
    pub log: Log,
    /// The setting that names the tenant may be gone.
    pub has_lost_context: bool,
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
    /// It is a replica.
    pub is_replica: bool,
    /// Its client has asked for what may have changed something.
    pub may_write: bool,
}

impl ServerTalk {
    pub(super) fn new(is_replica: bool) -> Self {
        Self {
            is_replica,
            may_write: false,
            held: Vec::new(),
            rest: Rest::default(),
            fates: Fates::default(),
            status: IDLE,
            awaits_rest: false,
            known: Known::default(),
            settings: SettingsTable::BASE,
            is_dirty: false,
            is_spent: false,
            log: Log::default(),
            has_lost_context: false,
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
