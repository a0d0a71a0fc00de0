//! From server to client: whom each answer is for, and what it tells about the server's session.

use tenantry_postgres::session::FORGETTING_TAGS;

use tenantry_shape::application::{Discarded, Step as Done};

use super::course::Change;
use super::decide::{Course, Part};
use super::ears::Hears;
use super::fate::To;
use super::frame::{self, HEADER_BYTES, Head, Violation};
use super::out::{Out, Step};
use super::settings::SettingsTable;
use super::statements::{NameKey, StatementId, Statements};
use super::talk::{ClientTalk, IDLE, ServerTalk};
use super::tenant::Counts;
use crate::sql::moves::Moves;

/// Bytes of an error that is looked into; a longer one passes as it is.
const ERROR_BYTES_MAX: usize = 64 * 1024;

/// "canceling statement due to user request".
const CANCELLED: &[u8] = b"57014";
/// "terminating connection due to administrator command": by whom and why, the server does not say.
pub(super) const TERMINATED: &[u8] = b"57P01";
/// "prepared statement does not exist".
const STATEMENT_UNKNOWN: &[u8] = b"26000";

/// One chunk on its way down.
pub(super) struct Down<'a, 'b> {
    /// `None`: nobody uses the server.
    pub client: Option<&'a mut ClientTalk>,
    pub server: &'a mut ServerTalk,
    pub statements: &'a mut Statements,
    pub settings: &'a mut SettingsTable,
    pub counts: &'a Counts,
    pub out: Out<'b>,
}

impl Down<'_, '_> {
    /// Goes over the chunk, and returns how many bytes were used; what follows is held until more comes.
    ///
    /// # Errors
    /// The server breaks the protocol: what it sends can't be told apart any more, so it is to be closed.
    pub(super) fn walk(&mut self) -> Result<usize, Violation> {
        let input = self.out.input();
        let mut at = self.server.rest.take(&mut self.out);
        while let Some(head) = frame::server_head(&input[at..])? {
            let end = input.len().min(at + head.bytes);
            let step = self.message(head, &input[at..end], at)?;
            match step {
                Step::More => break,
                Step::Drop => {
                    self.out.skip(at, end);
                    self.server.rest.is_dropped = end - at < head.bytes;
                }
                Step::Pass | Step::Leave => {}
            }
            self.server.rest.bytes = head.bytes - (end - at);
            at = end;
        }
        Ok(at)
    }

    fn message(&mut self, head: Head, bytes: &[u8], at: usize) -> Result<Step, Violation> {
        let is_whole = bytes.len() == head.bytes;
        let body = bytes.get(HEADER_BYTES..).unwrap_or_default();
        match head.tag {
            // Large, or nothing of interest in them.
            b'D' | b'd' | b'T' | b't' | b'V' => self.answer(head.tag, body, at),
            b'A' => match self.client.as_ref().map_or(Hears::Listener, |client| client.hears) {
                // What it listens on it hears from the gateway's listener.
                Hears::Listener => Ok(Step::Drop),
                Hears::All if self.client.as_ref().is_some_and(|client| client.channels.is_none()) => {
                    Ok(self.pass_to(self.server.fates.to()))
                }
                _ if !is_whole => Ok(Step::More),
                hears => self.notification(body, at, hears),
            },
            b'N' => Ok(self.pass_to(self.server.fates.to())),
            b'E' if !is_whole && head.bytes > ERROR_BYTES_MAX => Ok(self.error(&[], at)),
            _ if !is_whole => Ok(Step::More),
            b'E' => Ok(self.error(body, at)),
            b'Z' => self.ready(body),
            b'S' => self.reported(body),
            tag => self.answer(tag, body, at),
        }
    }

    fn pass_to(&self, to: To) -> Step {
        if to == To::Nobody || self.client.is_none() { Step::Drop } else { Step::Pass }
    }

    fn answer(&mut self, tag: u8, body: &[u8], at: usize) -> Result<Step, Violation> {
        let answer = self.server.fates.answer(tag)?;
        if answer.to == To::Client {
            match tag {
                b'D' => {
                    self.server.rows += 1;
                    Counts::add(&self.counts.rows, 1);
                }
                b'C' => self.completed(body, answer.done.is_some()),
                _ => {}
            }
        }
        if let Some((statement, course)) = &answer.done
            && self.follow(*statement, course, body, at)
        {
            return Ok(Step::Drop);
        }
        // Suspended: its calls may have been made, and whether it is ever done is open.
        if tag == b's' {
            let course = answer.ended.as_ref().and_then(|ended| ended.course.as_ref());
            self.server.is_dirty |= course.is_some_and(|course| course.sets());
        }
        if let (Some(client), Some(ended)) = (&mut self.client, &answer.ended)
            && let Some(name) = ended.name
        {
            client.names.confirm(name);
        }
        if answer.to == To::ClientAsParse {
            frame::write(self.out.before(at), b'1', &[]);
            return Ok(Step::Drop);
        }
        Ok(self.pass_to(answer.to))
    }

    /// What goes with a statement that was done; true: its answer is not the client's.
    fn follow(&mut self, statement: usize, course: &Course, body: &[u8], at: usize) -> bool {
        let mut is_replaced = false;
        let mut goes_back = false;
        for part in course.at(statement) {
            match part {
                Part::Step(step) => {
                    goes_back |= matches!(step, Done::RollbackTo(_));
                    self.done(step);
                }
                Part::Tag(tag) => {
                    frame::write(self.out.before(at), b'C', &[tag.as_bytes(), b"\0"]);
                    is_replaced = true;
                }
                Part::Skip => is_replaced = true,
                Part::Prepared(_, Some(name)) => {
                    if let Some(client) = &mut self.client {
                        client.names.confirm(*name);
                    }
                }
                Part::Prepared(_, None) | Part::Forget(_) => {}
            }
        }
        if body == b"ROLLBACK\0" && !goes_back {
            self.server.log.roll_back();
        }
        is_replaced
    }

    fn done(&mut self, step: &Done) {
        if let (Done::Listen { channel, server }, Some(client)) = (step, &mut self.client)
            && client.hears != Hears::Listener
            && channel != server
        {
            // What its own server sends may come before the transaction's end is known.
            client.channels.get_or_insert_default().listen(server, channel);
        }
        if !self.server.log.done(step) {
            self.server.log.roll_back();
            self.server.is_dirty = true;
        }
        self.server.has_lost_context |= matches!(step, Done::ResetAll | Done::Discard(Discarded::All));
    }

    /// NotificationResponse of a client's own server: on a channel that the client knows by another name, or where others'
    /// could be meant on none at all.
    fn notification(&mut self, body: &[u8], at: usize, hears: Hears) -> Result<Step, Violation> {
        let wrong = || Violation::Format(b'A');
        let (process, rest) = body.split_at_checked(4).ok_or_else(wrong)?;
        let (channel, payload) = frame::text(rest).ok_or_else(wrong)?;
        let own = std::str::from_utf8(channel).ok().and_then(|channel| {
            let channels = self.client.as_ref().and_then(|client| client.channels.as_ref());
            channels.and_then(|channels| channels.names.get(channel)).cloned()
        });
        let step = self.pass_to(self.server.fates.to());
        let Some(own) = own.filter(|_| step == Step::Pass) else {
            return Ok(if hears == Hears::All { step } else { Step::Drop });
        };
        frame::write(self.out.before(at), b'A', &[process, own.as_bytes(), b"\0", payload]);
        Ok(Step::Drop)
    }

    /// CommandComplete: some commands change what the gateway believes of the session.
    fn completed(&mut self, body: &[u8], is_followed: bool) {
        // Most are SELECT, INSERT, UPDATE.
        if !matches!(body.first(), Some(b'C' | b'D' | b'R')) {
            return;
        }
        let Some(tag) = body.strip_suffix(b"\0") else { return };
        if tag == b"COMMIT" && !self.server.log.is_empty() {
            self.transaction_ended();
        } else if tag == b"ROLLBACK" && !is_followed {
            self.server.log.roll_back();
        } else if FORGETTING_TAGS.iter().any(|known| known.as_bytes() == tag) {
            self.server.known.doubt_all();
            // Whatever else it put back, the next reset makes it certain.
            self.server.is_dirty = true;
            if let Some(client) = &mut self.client {
                client.forget_all(self.statements);
            }
        }
    }

    fn error(&mut self, body: &[u8], at: usize) -> Step {
        let Self { client, server, statements, .. } = self;
        let ServerTalk { fates, known, .. } = server;
        let mut undo = |id: Option<StatementId>, name: Option<NameKey>| {
            if let Some(id) = id {
                known.doubt(id);
            }
            if let (Some(name), Some(client)) = (name, client.as_deref_mut()) {
                client.forget(name, statements);
            }
        };
        let failure = fates.fail(|fate| undo(fate.statement, fate.name));
        for part in failure.undone.iter().flat_map(|(statement, course)| course.from(*statement)) {
            if let Part::Prepared(id, name) = part {
                undo(Some(*id), *name);
            }
        }
        let code = frame::error_field(body, b'C').unwrap_or_default();
        if code == STATEMENT_UNKNOWN {
            known.doubt_all();
        }
        let is_last = frame::error_field(body, b'V').is_some_and(|severity| severity != b"ERROR");
        server.has_said_goodbye |= is_last;
        if failure.to == To::Nobody {
            server.own_failure = Some(body.into());
            return Step::Drop;
        }
        server.log.fail();
        Counts::add(&self.counts.errors, 1);
        if is_last && code == TERMINATED && self.client.is_some() {
            self.server.farewell = Some(body.into());
            return Step::Drop;
        }
        let verdict = if code == CANCELLED { self.server.verdict.take() } else { None };
        match failure.instead.or(verdict) {
            Some(instead) if self.client.is_some() => {
                self.out.before(at).extend_from_slice(&instead);
                Step::Drop
            }
            _ => self.pass_error(body, &failure.moves, at),
        }
    }

    /// The server's own error. In a text that was rewritten it stands elsewhere than in the client's.
    fn pass_error(&mut self, body: &[u8], moves: &[Moves], at: usize) -> Step {
        let place = frame::error_field(body, b'P').filter(|_| !moves.is_empty() && self.client.is_some());
        let place = place.and_then(|place| std::str::from_utf8(place).ok()?.parse().ok());
        let Some(place) = place else { return self.pass_to(To::Client) };
        let place = moves.iter().rev().fold(place, |place, moves| moves.back(place));
        frame::write_error_at(self.out.before(at), body, place);
        Step::Drop
    }

    fn ready(&mut self, body: &[u8]) -> Result<Step, Violation> {
        let to = self.server.fates.ready()?;
        let status = match body {
            [status @ (b'I' | b'T' | b'E')] => *status,
            _ => return Err(Violation::Format(b'Z')),
        };
        self.server.status = status;
        if status == IDLE && to != To::Nobody {
            self.transaction_ended();
        }
        Ok(self.pass_to(to))
    }

    /// Settings changed in the transaction hold now, or were taken back with it.
    fn transaction_ended(&mut self) {
        let changes = self.server.log.end();
        if changes.is_empty() {
            return;
        }
        let server = &mut *self.server;
        server.settings = self.settings.after(server.settings, SettingsTable::BASE, &changes);
        if let Some(client) = &mut self.client {
            client.settings = self.settings.after(client.settings, client.start, &changes);
            let resets =
                changes.iter().any(|change| matches!(change, Change::Reset(_) | Change::ResetAll { .. }));
            client.is_misinformed |= resets && self.settings.is_reported(client.start);
            if client.hears == Hears::Listener {
                listened(client, &changes);
            }
        }
    }

    /// ParameterStatus: a setting that the server reports has changed.
    fn reported(&mut self, body: &[u8]) -> Result<Step, Violation> {
        let to = self.server.fates.to();
        let (name, rest) = frame::text(body).ok_or(Violation::Format(b'S'))?;
        let (value, _) = frame::text(rest).ok_or(Violation::Format(b'S'))?;
        // By whatever way: from now on the gateway would read texts otherwise than the server.
        if name == b"standard_conforming_strings" && value != b"on" {
            return Err(Violation::Format(b'S'));
        }
        if to != To::Nobody
            && let Some(client) = &mut self.client
        {
            if let Some(id) = self.settings.reported(client.settings, name, value) {
                client.settings = id;
            }
            if let Some(id) = self.settings.reported(self.server.settings, name, value) {
                self.server.settings = id;
            }
        }
        let is_news = to == To::Nobody && self.client.as_ref().is_some_and(|client| client.is_misinformed);
        Ok(if is_news { Step::Pass } else { self.pass_to(to) })
    }
}

/// What a transaction that was committed has changed of the channels that a client listens on.
fn listened(client: &mut ClientTalk, changes: &[Change]) {
    for change in changes {
        match (change, &mut client.channels) {
            (Change::Listen(server, own), channels) => channels.get_or_insert_default().listen(server, own),
            (Change::Unlisten(server), Some(channels)) => channels.unlisten(server.as_deref()),
            (Change::ResetAll { role: true }, Some(channels)) => channels.unlisten(None),
            _ => {}
        }
    }
}
