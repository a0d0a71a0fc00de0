//! Parse, Bind, Describe, Close: where prepared statements get the names that servers know.
//!
//! An unnamed Parse with its Bind right behind it, which is what drivers send, passes as it is. Any other Parse is
//! interned, an unnamed one too: its Bind may come in a later transaction, on another server.

use tenantry_domain::{Error, ErrorCode};
use tenantry_postgres::session::REFUSED;

use super::{Message, Rules, Up, bound};
use crate::reads::Reading;
use crate::shard::decide::Effects;
use crate::shard::fate::{Asked, Fate, To};
use crate::shard::frame::{self, SHORT_BYTES, Violation};
use crate::shard::out::Step;
use crate::shard::statements::{Ensure, Kind, NO_NAME, NameKey, StatementId};

impl Up<'_, '_> {
    pub(super) fn parse(&mut self, message: Message<'_>) -> Result<Step, Violation> {
        if !self.is_enough(&message) {
            return Ok(Step::More);
        }
        let (name, statement) = frame::text(message.body()).ok_or(message.violation())?;
        let text = match frame::text(statement) {
            Some((text, _)) => text,
            None if message.is_whole() => return Err(message.violation()),
            None => statement,
        };
        let mut decision = match self.decide(text, message.is_whole()) {
            Ok(decision) => decision,
            Err(error) => return Ok(self.refuse(message, &error)),
        };
        self.moves = decision.moves.take().into_iter().collect();
        bound::keep_texts(&mut decision.effects, &statement[text.len()..]);
        let named = if decision.names.is_empty() || self.rules.keeps_server {
            Ok(None)
        } else {
            self.parse_naming(message.at, text, &mut decision)
        };
        let needed = match named {
            Ok(needed) => needed,
            Err(error) => return Ok(self.refuse(message, &error)),
        };
        // With a text of another length, the types behind it keep their place.
        let rewritten = decision.text.filter(|_| message.is_whole()).map(|mut changed| {
            changed.extend_from_slice(&statement[text.len()..]);
            changed
        });
        let passes = self.rules.keeps_server || (name.is_empty() && self.is_bound_at_once(&message));
        if passes {
            return Ok(self.parse_as_it_is(message, name, rewritten.as_deref(), &decision.effects));
        }
        if !message.is_whole() {
            return Ok(self.refuse(message, &too_long(self.rules.statement_bytes_max)));
        }
        let body = rewritten.as_deref().unwrap_or(statement);
        Ok(self.parse_shared(message, name, (body, Kind::Parse(needed)), &decision.effects))
    }

    fn is_bound_at_once(&self, message: &Message<'_>) -> bool {
        !message.is_whole() || self.out.input().get(message.end()) == Some(&b'B')
    }

    fn parse_as_it_is(
        &mut self,
        message: Message<'_>,
        name: &[u8],
        rewritten: Option<&[u8]>,
        effects: &Effects,
    ) -> Step {
        if name.is_empty() {
            let key = self.statements.key(name);
            self.client.forget(key, self.statements);
            self.client.has_unnamed = true;
        }
        let is_followed = self.client.own.put(name, effects.course.clone());
        // Whoever gets the server next may use the same name.
        self.server.is_dirty |= !is_followed || !name.is_empty();
        self.touch(effects);
        let moves = std::mem::take(&mut self.moves);
        self.server.fates.push(Fate { moves, ..Fate::new(Asked::Parse, To::Client) });
        let step = Step::Pass;
        match rewritten {
            None => step,
            Some(statement) => {
                frame::write(self.out.before(message.at), b'P', &[name, b"\0", statement]);
                Step::Drop
            }
        }
    }

    fn parse_shared(
        &mut self,
        message: Message<'_>,
        name: &[u8],
        (body, kind): (&[u8], Kind),
        effects: &Effects,
    ) -> Step {
        let key = self.statements.key(name);
        if !name.is_empty() && self.client.names.is_valid(key) {
            return self.refuse(message, &exists(name));
        }
        if let Err(error) = self.room_for(body) {
            return self.refuse(message, &error);
        }
        if name.is_empty() {
            self.client.has_unnamed = false;
        }
        let id = self.statements.take(body, kind, effects);
        self.client.name(key, id, self.statements);
        match self.server.known.ensure(id) {
            Ensure::Nothing => {
                let fate = Fate { name: Some(key), ..Fate::new(Asked::Close, To::ClientAsParse) };
                self.server.fates.push(fate);
                frame::write(self.out.before(message.at), b'C', &[b"S", NO_NAME, b"\0"]);
            }
            ensure => self.send_parse(message.at, id, ensure, Some(key)),
        }
        Step::Drop
    }

    /// Whether the client may prepare one more.
    pub(super) fn room_for(&self, body: &[u8]) -> Result<(), Error> {
        let (count, bytes) = (self.client.names.len(), self.client.prepared_bytes + body.len());
        if count >= self.rules.prepared_max || bytes > self.rules.prepared_bytes_max {
            return Err(too_many(&self.rules));
        }
        Ok(())
    }

    /// Brings a statement to the server, for the client (under a name of its own) or by ourselves.
    fn send_parse(&mut self, at: usize, id: StatementId, ensure: Ensure, for_client: Option<NameKey>) {
        if ensure == Ensure::CloseAndParse {
            self.send_close(at, id);
        }
        let (to, moves) = match for_client {
            Some(_) => (To::Client, std::mem::take(&mut self.moves)),
            None => (To::Nobody, Vec::new()),
        };
        let fate = Fate { statement: Some(id), name: for_client, moves, ..Fate::new(Asked::Parse, to) };
        if !self.server.fates.push(fate) {
            self.server.known.doubt(id);
        }
        frame::write(self.out.before(at), b'P', &[&id.name(), b"\0", self.statements.body(id)]);
        if let Some(oldest) = self.server.known.evict(self.rules.prepared_per_server_max) {
            self.send_close(at, oldest);
        }
    }

    pub(super) fn send_close(&mut self, at: usize, id: StatementId) {
        self.server.fates.push(Fate::new(Asked::Close, To::Nobody));
        frame::write(self.out.before(at), b'C', &[b"S", &id.name(), b"\0"]);
    }

    pub(super) fn bind(&mut self, message: Message<'_>) -> Result<Step, Violation> {
        let names = frame::text(message.body())
            .and_then(|(portal, rest)| frame::text(rest).map(|(name, _)| (portal, name)));
        let Some((portal, name)) = names else {
            let is_hopeless = message.is_whole() || message.bytes.len() > SHORT_BYTES;
            return if is_hopeless { Err(message.violation()) } else { Ok(Step::More) };
        };
        let (course, id) = if self.is_on_server(name) {
            (if self.client.own.is_empty() { None } else { self.client.own.get(name).cloned() }, None)
        } else {
            let id = self.client.names.get(self.statements.key(name));
            let Some(id) = id else { return Ok(self.refuse(message, &unknown(name))) };
            (self.statements.effects(id).and_then(|effects| effects.course.clone()), Some(id))
        };
        let Some(course) = bound::course(course, &message) else { return Ok(Step::More) };
        match self.must_hear(course.as_deref()) {
            Ok(false) => {}
            Ok(true) => return Ok(Step::More),
            Err(error) => return Ok(self.refuse(message, &error)),
        }
        if let Some(id) = id {
            let reading =
                self.statements.effects(id).map_or_else(Reading::default, |effects| effects.reading);
            if let Err(error) = self.check_place(reading) {
                return Ok(self.refuse(message, &error));
            }
        }
        self.server.is_dirty |= !self.client.portals.put(portal, course);
        let Some(id) = id else { return Ok(self.expect(Asked::Bind)) };
        self.bring(message.at, id);
        let renamed = id.name();
        self.server.fates.push(Fate::new(Asked::Bind, To::Client));
        let length = (message.head.bytes - 1 - name.len() + renamed.len()) as u32;
        let out = self.out.before(message.at);
        out.push(b'B');
        out.extend_from_slice(&length.to_be_bytes());
        for part in [portal, b"\0", &renamed, b"\0"] {
            out.extend_from_slice(part);
        }
        let replaced = frame::HEADER_BYTES + portal.len() + 1 + name.len() + 1;
        self.out.skip(message.at, message.at + replaced);
        Ok(Step::Pass)
    }

    /// A statement is about to be used: the server must have it, and running it may have effects.
    pub(super) fn bring(&mut self, at: usize, id: StatementId) {
        let effects = self.statements.effects(id);
        self.server.may_write |= effects.is_none_or(|effects| effects.reading.may_write);
        if let Some(effects) = effects {
            self.server.is_dirty |= effects.is_dirty;
            self.server.is_spent |= effects.is_spent;
        }
        let kind = self.statements.kind(id);
        if let Kind::Parse(Some(needed)) = kind {
            self.bring(at, needed);
        }
        match self.server.known.ensure(id) {
            Ensure::Nothing => {}
            ensure if matches!(kind, Kind::Sql(_)) => self.send_prepare(at, id, ensure, None),
            ensure => self.send_parse(at, id, ensure, None),
        }
    }

    /// Whether the server knows a name as the client does.
    fn is_on_server(&self, name: &[u8]) -> bool {
        self.rules.keeps_server || (name.is_empty() && self.client.has_unnamed)
    }

    pub(super) fn describe(&mut self, message: Message<'_>) -> Result<Step, Violation> {
        if !message.is_whole() {
            return Ok(Step::More);
        }
        let Some((name, _)) = message.body().strip_prefix(b"S").and_then(frame::text) else {
            return Ok(self.expect(Asked::Describe));
        };
        if self.is_on_server(name) {
            return Ok(self.expect(Asked::Describe));
        }
        let key = self.statements.key(name);
        let Some(id) = self.client.names.get(key) else { return Ok(self.refuse(message, &unknown(name))) };
        self.bring(message.at, id);
        self.server.fates.push(Fate::new(Asked::Describe, To::Client));
        frame::write(self.out.before(message.at), b'D', &[b"S", &id.name(), b"\0"]);
        Ok(Step::Drop)
    }

    pub(super) fn close(&mut self, message: Message<'_>) -> Result<Step, Violation> {
        if !message.is_whole() {
            return Ok(Step::More);
        }
        let step = self.expect(Asked::Close);
        let Some((name, _)) = message.body().strip_prefix(b"S").and_then(frame::text) else {
            return Ok(step);
        };
        if self.is_on_server(name) {
            self.client.has_unnamed &= !name.is_empty();
            return Ok(step);
        }
        let key = self.statements.key(name);
        self.client.forget(key, self.statements);
        frame::write(self.out.before(message.at), b'C', &[b"S", NO_NAME, b"\0"]);
        Ok(Step::Drop)
    }

    /// As for a Query that is refused, for any message of the extended protocol.
    fn refuse(&mut self, message: Message<'_>, error: &Error) -> Step {
        self.client.has_unnamed = false;
        let instead = Some(frame::error_response(error));
        self.server.fates.push(Fate { instead, ..Fate::new(Asked::Parse, To::Client) });
        frame::write(self.out.before(message.at), b'P', &[b"\0", REFUSED.as_bytes(), b"\0\0\0"]);
        Step::Drop
    }
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

pub(super) fn unknown(name: &[u8]) -> Error {
    let what = if name.is_empty() {
        "unnamed prepared statement does not exist".to_owned()
    } else {
        format!("prepared statement \"{}\" does not exist", shown(name))
    };
    Error::new(ErrorCode::StatementUnknown, what)
}

pub(super) fn exists(name: &[u8]) -> Error {
    Error::new(ErrorCode::StatementExists, format!("prepared statement \"{}\" already exists", shown(name)))
}

fn too_many(rules: &Rules<'_>) -> Error {
    let (count, kib) = (rules.prepared_max, rules.prepared_bytes_max / 1024);
    let what = format!("a client may have at most {count} prepared statements and {kib} KiB of them");
    Error::new(ErrorCode::LimitExceeded, what).help("close statements that are not used any more")
}

fn too_long(bytes_max: usize) -> Error {
    let kib = bytes_max / 1024;
    Error::new(ErrorCode::LimitExceeded, format!("a prepared statement may have at most {kib} KiB"))
        .help("send long texts as parameters, or the statement without preparing it first")
}
