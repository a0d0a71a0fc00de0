//! From client to server: what passes, what is changed on the way, and which answers it will have.

mod bound;
mod extended;
mod naming;
mod simple;

use tenantry_domain::limits::{FOLLOWED_CHANNELS_MAX, FOLLOWED_SETTINGS_MAX};
use tenantry_domain::{Error, ErrorCode};

use super::decide::{Course, Decide, Decision, Effects, Part, Statement};
use super::ears::{Channel, Ears, Hears, Place};
use super::fate::{Asked, Fate, To};
use super::frame::{self, HEADER_BYTES, Head, Violation};
use super::out::{Out, Step};
use super::pool::PoolKey;
use super::settings::SettingsTable;
use super::statements::Statements;
use super::talk::{ClientTalk, ServerTalk};
use super::tenant::Counts;
use crate::profile::Profile;
use crate::reads::{Class, Reading};
use crate::sql::moves::Moves;

/// Bytes of a statement too long to be looked at as a whole that are looked at.
const BEGINNING_BYTES: usize = 8 * 1024;

/// What holds for a client's statements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<'a> {
    /// See [`Statement::profile`].
    pub profile: &'a Profile,
    /// The client keeps its server, so its prepared statements need no care.
    pub keeps_server: bool,
    /// A transaction of several statements is refused.
    pub one_statement: bool,
    /// Bytes of a message whose statement is looked at as a whole.
    pub statement_bytes_max: usize,
    /// Prepared statements that a server holds at most.
    pub prepared_per_server_max: usize,
    /// Prepared statements that a client has at most, and their bytes.
    pub prepared_max: usize,
    pub prepared_bytes_max: usize,
}

/// One chunk on its way up.
pub(super) struct Up<'a, 'b> {
    pub rules: Rules<'a>,
    pub client: &'a mut ClientTalk,
    pub server: &'a mut ServerTalk,
    pub statements: &'a mut Statements,
    pub settings: &'a SettingsTable,
    pub decide: &'a mut dyn Decide,
    pub counts: &'a Counts,
    pub ears: &'a Ears,
    /// Where the client's servers are.
    pub pool: &'a PoolKey,
    /// Channels, by the server's names, that have to be heard for the client before it is read on.
    pub wants: Vec<Box<str>>,
    /// How the text of the Parse at hand came from the client's.
    pub moves: Vec<Moves>,
    pub out: Out<'b>,
}

/// How far a chunk was used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Walked {
    /// Bytes that were used; what follows is held until more comes.
    pub used: usize,
    /// The client said good-bye.
    pub leaves: bool,
}

/// A message as far as it is in the chunk, and where it begins there.
#[derive(Clone, Copy)]
struct Message<'a> {
    head: Head,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Message<'a> {
    fn is_whole(&self) -> bool {
        self.bytes.len() == self.head.bytes
    }

    fn body(&self) -> &'a [u8] {
        self.bytes.get(HEADER_BYTES..).unwrap_or_default()
    }

    fn end(&self) -> usize {
        self.at + self.bytes.len()
    }

    fn violation(&self) -> Violation {
        Violation::Format(self.head.tag)
    }
}

impl Up<'_, '_> {
    /// Goes over the chunk.
    ///
    /// # Errors
    /// The client breaks the protocol and is to be sent away.
    pub(super) fn walk(&mut self) -> Result<Walked, Violation> {
        let walked = self.messages();
        self.server.awaits_rest = self.client.rest.bytes > 0 && !self.client.rest.is_dropped;
        walked
    }

    fn messages(&mut self) -> Result<Walked, Violation> {
        let input = self.out.input();
        let mut at = self.client.rest.take(&mut self.out);
        if self.client.ends_unit && self.client.rest.bytes == 0 {
            self.end_unit();
            return Ok(Walked { used: at, leaves: false });
        }
        while let Some(head) = frame::client_head(&input[at..])? {
            let end = input.len().min(at + head.bytes);
            let message = Message { head, bytes: &input[at..end], at };
            match self.message(message)? {
                Step::Pass => {}
                Step::Drop => {
                    self.out.skip(at, end);
                    self.client.rest.is_dropped = end - at < head.bytes;
                }
                Step::More => break,
                Step::Leave => return Ok(Walked { used: at, leaves: true }),
            }
            self.client.rest.bytes = head.bytes - (end - at);
            at = end;
            if self.server.is_replica && matches!(message.head.tag, b'Q' | b'F' | b'S') {
                if self.client.rest.bytes == 0 {
                    self.end_unit();
                    break;
                }
                self.client.ends_unit = true;
            }
        }
        Ok(Walked { used: at, leaves: false })
    }

    fn end_unit(&mut self) {
        self.client.ends_unit = false;
        self.client.is_unit_sent = true;
    }

    fn message(&mut self, message: Message<'_>) -> Result<Step, Violation> {
        match message.head.tag {
            b'Q' => self.query(message),
            b'P' => self.parse(message),
            b'B' => self.bind(message),
            b'D' => self.describe(message),
            b'C' => self.close(message),
            b'E' => self.execute(message),
            b'S' => Ok(self.expect(Asked::Sync)),
            b'F' => Ok(self.function_call(message)),
            b'c' | b'f' => Ok(self.expect(Asked::CopyEnd)),
            b'X' => Ok(Step::Leave),
            _ => Ok(Step::Pass),
        }
    }

    fn execute(&mut self, message: Message<'_>) -> Result<Step, Violation> {
        let course = if self.client.portals.is_empty() {
            None
        } else if message.is_whole() {
            let (portal, _) = frame::text(message.body()).ok_or(message.violation())?;
            self.client.portals.get(portal).cloned()
        } else {
            return Ok(Step::More);
        };
        Counts::add(&self.counts.queries, 1);
        for (_, part) in course.iter().flat_map(|course| &course.0) {
            if let Part::Forget(name) = part {
                self.forget(*name);
            }
        }
        self.server.fates.push(Fate { course, ..Fate::new(Asked::Execute, To::Client) });
        Ok(Step::Pass)
    }

    /// The message passes, and its answer goes to the client.
    fn expect(&mut self, asked: Asked) -> Step {
        self.server.fates.push(Fate::new(asked, To::Client));
        Step::Pass
    }

    fn touch(&mut self, effects: &Effects) {
        self.server.is_dirty |= effects.is_dirty;
        self.server.is_spent |= effects.is_spent;
        self.server.may_write |= effects.reading.may_write;
    }

    /// Refuses what a replica can't do, or would do otherwise than its client means.
    pub(super) fn check_place(&self, reading: Reading) -> Result<(), Error> {
        if self.server.is_replica && reading.class == Class::Primary { Err(not_here()) } else { Ok(()) }
    }

    /// The decision about a text, as an error where it is refused.
    fn decide(&mut self, text: &[u8], is_whole: bool) -> Result<Decision, Error> {
        let mut decision = self.decide.statement(Statement { profile: self.rules.profile, text, is_whole });
        if let Some(error) = decision.refused.take() {
            return Err(error);
        }
        self.check_place(decision.effects.reading)?;
        if decision.begins && self.rules.one_statement {
            return Err(simple::no_transactions());
        }
        let course = decision.effects.course.as_ref();
        if course.is_some_and(|course| course.sets()) && self.settings.is_full(self.client.settings) {
            return Err(too_many_settings());
        }
        // A server that is kept knows statements by the client's own names.
        self.server.is_dirty |= self.rules.keeps_server && !decision.names.is_empty();
        Ok(decision)
    }

    /// Whether the channels that a statement listens on have to be heard first; they are in `wants` then.
    fn must_hear(&mut self, course: Option<&Course>) -> Result<bool, Error> {
        for name in course.iter().flat_map(|course| course.channels()) {
            let channels = self.client.channels.as_mut();
            if let Some(error) = channels.and_then(|channels| channels.failed.take()) {
                return Err(error);
            }
            let channels = self.client.channels.as_ref();
            let is_asked = channels.is_some_and(|channels| channels.has(name));
            let count = channels.map_or(0, |channels| channels.names.len() + channels.asked.len());
            if !is_asked && count + self.wants.len() >= FOLLOWED_CHANNELS_MAX {
                self.wants.clear();
                return Err(too_many_channels());
            }
            if self.client.hears == Hears::Listener && !(is_asked && self.is_heard(name)) {
                self.wants.push(name.into());
            }
        }
        Ok(!self.wants.is_empty())
    }

    fn is_heard(&self, name: &str) -> bool {
        self.ears.is_live(&Channel { place: Place::of(self.pool), name: name.into() })
    }

    /// How much of a message that carries a statement has to be there: all of it, or its beginning where it is long.
    fn is_enough(&self, message: &Message<'_>) -> bool {
        if message.head.bytes <= self.rules.statement_bytes_max {
            message.is_whole()
        } else {
            message.bytes.len() >= BEGINNING_BYTES
        }
    }
}

fn too_many_channels() -> Error {
    let what = format!("a client may listen on at most {FOLLOWED_CHANNELS_MAX} channels");
    Error::new(ErrorCode::LimitExceeded, what).help("UNLISTEN those that are not needed any more")
}

/// A transaction that was given to a replica can't go on elsewhere.
fn not_here() -> Error {
    let what = "this read-only transaction runs on a replica, which can't do that";
    Error::new(ErrorCode::StatementUnsupported, what)
        .help("use a transaction that is not declared READ ONLY, or tenantry.reads=primary")
}

fn too_many_settings() -> Error {
    let what = format!("a client may have at most {FOLLOWED_SETTINGS_MAX} settings of its own");
    Error::new(ErrorCode::LimitExceeded, what).help("RESET those that are not needed any more")
}
