//! Statements of SQL's own that are prepared: PREPARE, EXECUTE, DEALLOCATE.
//!
//! They share their names with those of the protocol, as on a server, and are kept as those are: interned by text, called by
//! a name of the gateway's on servers, and brought to a server before they are used there. In a text the client's names are
//! replaced; what the gateway does by itself (a PREPARE that the server has seen, DEALLOCATE) becomes a statement that does
//! nothing, whose command tag is turned into the one that the client waits for.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use tenantry_domain::{Error, ErrorCode};
use tenantry_postgres::session::NOTHING;
use tenantry_shape::application::{NameUse, PreparedName};

use super::extended::{exists, unknown};
use super::{Message, Up};
use crate::shard::decide::{Course, Decision, Effects, Part};
use crate::shard::fate::{Asked, Fate, To};
use crate::shard::frame;
use crate::shard::out::Step;
use crate::shard::statements::{Ensure, Kind, NameKey, StatementId};
use crate::sql::moves::Moves;

/// What the gateway calls statement and portal while it brings a PREPARE by the extended protocol.
const BRINGER: &[u8] = b"tn_bring";

/// A text with its names replaced.
#[derive(Default)]
struct Replaced {
    /// What stands in which places instead, in order.
    pieces: Vec<(Range<usize>, Vec<u8>)>,
    parts: Vec<(usize, Part)>,
    /// Statements of the client's in front of which one was put.
    put: Vec<usize>,
}

impl Replaced {
    /// Which statement of the new text one of the old text is.
    fn place(&self, statement: usize) -> usize {
        statement + self.put.iter().filter(|before| **before <= statement).count()
    }

    fn text(&self, sql: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(sql.len() + 32);
        let mut done = 0;
        for (range, new) in &self.pieces {
            out.extend_from_slice(sql.get(done..range.start).unwrap_or_default());
            out.extend_from_slice(new);
            done = range.end;
        }
        out.extend_from_slice(sql.get(done..).unwrap_or_default());
        out
    }

    fn moves(&self, sql: &[u8]) -> Option<Moves> {
        Moves::of(sql, self.pieces.iter().map(|(range, new)| (range.clone(), new.as_slice())))
    }

    fn course(mut self, others: Option<&Arc<Course>>) -> Option<Arc<Course>> {
        let others = others.iter().flat_map(|course| &course.0);
        let moved: Vec<_> = others.map(|(at, part)| (self.place(*at), part.clone())).collect();
        self.parts.extend(moved);
        self.parts.sort_by_key(|(at, _)| *at);
        Some(Arc::new(Course(self.parts)))
    }

    fn answered_by(&mut self, name: &PreparedName, tag: &'static str) {
        self.pieces.push((name.within.clone(), NOTHING.into()));
        self.parts.push((self.place(name.statement), Part::Tag(tag)));
    }
}

impl Up<'_, '_> {
    /// A Query whose text names prepared statements.
    pub(super) fn query_naming(&mut self, message: Message<'_>, text: &[u8], decision: Decision) -> Step {
        let sql = decision.text.as_deref().unwrap_or(text);
        if let Err(error) = self.check_names(sql, &decision.names) {
            return self.refuse_query(message, &error);
        }
        let mut replaced = Replaced::default();
        for name in &decision.names {
            self.replace(message.at, sql, (name, &decision.effects), &mut replaced);
        }
        let text = replaced.text(sql);
        let moves = decision.moves.iter().cloned().chain(replaced.moves(sql)).collect();
        let course = replaced.course(decision.effects.course.as_ref());
        let fate = Fate { course: course.clone(), moves, ..Fate::new(Asked::Query, To::Client) };
        if !self.server.fates.push(fate) {
            // The server skips it, and what it was to prepare.
            for (_, part) in course.iter().flat_map(|course| &course.0) {
                if let Part::Prepared(id, name) = part {
                    self.server.known.doubt(*id);
                    name.iter().for_each(|name| self.client.forget(*name, self.statements));
                }
            }
        }
        frame::write_query(self.out.before(message.at), &text);
        Step::Drop
    }

    /// Refuses a text as the server would that knew the client's names. Nothing is changed before all of them are right.
    fn check_names(&self, sql: &[u8], names: &[PreparedName]) -> Result<(), Error> {
        let mut made: HashMap<&str, bool> = HashMap::new();
        let mut all_gone = false;
        for prepared in names {
            let Some(name) = prepared.name.as_deref() else {
                made.clear();
                all_gone = true;
                continue;
            };
            let key = self.statements.key(name.as_bytes());
            let has = |known: bool| made.get(name).copied().unwrap_or(!all_gone && known);
            match prepared.used {
                NameUse::Prepare if has(self.client.names.is_valid(key)) => {
                    return Err(exists(name.as_bytes()));
                }
                NameUse::Prepare => {
                    self.room_for(sql.get(prepared.within.clone()).unwrap_or_default())?;
                    made.insert(name, true);
                }
                _ if !has(self.client.names.get(key).is_some()) => return Err(unknown(name.as_bytes())),
                NameUse::Deallocate => drop(made.insert(name, false)),
                NameUse::Execute => {
                    let id = self.client.names.get(key);
                    let effects = id.and_then(|id| self.statements.effects(id));
                    effects.map_or(Ok(()), |effects| self.check_place(effects.reading))?;
                    if id.is_some_and(|id| !made.contains_key(name) && self.statements.prepare(id).is_none())
                    {
                        return Err(by_protocol(name));
                    }
                }
            }
        }
        Ok(())
    }

    /// Does what stands for one name of a Query.
    fn replace(&mut self, at: usize, sql: &[u8], of: (&PreparedName, &Effects), replaced: &mut Replaced) {
        let (prepared, effects) = of;
        let Some(name) = &prepared.name else {
            self.forget(None);
            return replaced.answered_by(prepared, "DEALLOCATE ALL");
        };
        let key = self.statements.key(name.as_bytes());
        match prepared.used {
            NameUse::Deallocate => {
                self.forget(Some(key));
                replaced.answered_by(prepared, "DEALLOCATE");
            }
            NameUse::Prepare => {
                let id = self.name_prepared(sql, prepared, effects);
                if self.make_room(at, id) == Ensure::Nothing {
                    replaced.answered_by(prepared, "PREPARE");
                } else {
                    replaced.pieces.push((prepared.at.clone(), id.name().into()));
                }
                replaced.parts.push((replaced.place(prepared.statement), Part::Prepared(id, Some(key))));
            }
            NameUse::Execute => {
                let Some(id) = self.client.names.get(key) else { return };
                if let Some(effects) = self.statements.effects(id) {
                    self.server.is_dirty |= effects.is_dirty;
                    self.server.is_spent |= effects.is_spent;
                }
                if self.make_room(at, id) != Ensure::Nothing
                    && let Some(mut sql) = self.statements.prepare(id)
                {
                    let place = replaced.place(prepared.statement);
                    replaced.parts.extend([(place, Part::Skip), (place, Part::Prepared(id, None))]);
                    replaced.put.push(prepared.statement);
                    let start = prepared.within.start;
                    sql.extend_from_slice(b"; ");
                    replaced.pieces.push((start..start, sql));
                }
                replaced.pieces.push((prepared.at.clone(), id.name().into()));
            }
        }
    }

    /// Counts a statement as the server's; closes what stands in its way.
    fn make_room(&mut self, at: usize, id: StatementId) -> Ensure {
        let ensure = self.server.known.ensure(id);
        if ensure == Ensure::CloseAndParse {
            self.send_close_alone(at, id);
        }
        if ensure != Ensure::Nothing
            && let Some(oldest) = self.server.known.evict(self.rules.prepared_per_server_max)
        {
            self.send_close_alone(at, oldest);
        }
        ensure
    }

    /// Close in front of a Query: it begins no transaction, and needs no Sync.
    fn send_close_alone(&mut self, at: usize, id: StatementId) {
        self.server.fates.push_apart(Fate::new(Asked::Close, To::Nobody));
        frame::write(self.out.before(at), b'C', &[b"S", &id.name(), b"\0"]);
    }

    /// The statement that a PREPARE makes, under the client's name.
    fn name_prepared(&mut self, sql: &[u8], prepared: &PreparedName, effects: &Effects) -> StatementId {
        let part = |range: Range<usize>| sql.get(range).unwrap_or_default();
        let (within, at) = (prepared.within.clone(), prepared.at.clone());
        let body = [part(within.start..at.start), part(at.end..within.end)].concat();
        // What running it does, PREPARE and EXECUTE do as well as far as the gateway knows.
        let effects = Effects { course: None, ..effects.clone() };
        let id = self.statements.take(&body, Kind::Sql(at.start - within.start), &effects);
        let key = self.statements.key(prepared.name.as_deref().unwrap_or_default().as_bytes());
        self.client.name(key, id, self.statements);
        id
    }

    /// A Parse whose text names a prepared statement: changes the decision about it, and returns the statement that has to
    /// be on a server where it runs.
    pub(super) fn parse_naming(
        &mut self,
        at: usize,
        text: &[u8],
        decision: &mut Decision,
    ) -> Result<Option<StatementId>, Error> {
        let Decision { names, text: changed, effects, .. } = decision;
        let sql = changed.as_deref().unwrap_or(text);
        // Of several statements the server takes none.
        let [prepared] = names.as_slice() else { return Ok(None) };
        if !matches!(prepared.used, NameUse::Deallocate) {
            self.check_names_of_parse(sql, prepared)?;
        }
        let key = prepared.name.as_deref().map(|name| self.statements.key(name.as_bytes()));
        let mut replaced = Replaced::default();
        let mut needed = None;
        match (prepared.used, key) {
            (NameUse::Deallocate, key) => {
                if let (Some(key), Some(name)) = (key, &prepared.name)
                    && self.client.names.get(key).is_none()
                {
                    return Err(unknown(name.as_bytes()));
                }
                replaced.answered_by(prepared, if key.is_some() { "DEALLOCATE" } else { "DEALLOCATE ALL" });
                replaced.parts.push((0, Part::Forget(key)));
            }
            (NameUse::Prepare, key) => {
                let id = self.name_prepared(sql, prepared, effects);
                match self.server.known.ensure(id) {
                    Ensure::Nothing => {}
                    ensure => self.send_prepare(at, id, ensure, key),
                }
                replaced.answered_by(prepared, "PREPARE");
                replaced.parts.push((0, Part::Prepared(id, key)));
            }
            (NameUse::Execute, key) => {
                let id = key.and_then(|key| self.client.names.get(key));
                if let Some(id) = id {
                    self.bring(at, id);
                    replaced.pieces.push((prepared.at.clone(), id.name().into()));
                }
                needed = id;
            }
        }
        let text = replaced.text(sql);
        self.moves.extend(replaced.moves(sql));
        effects.course = replaced.course(effects.course.as_ref()).filter(|course| !course.0.is_empty());
        *changed = Some(text);
        Ok(needed)
    }

    fn check_names_of_parse(&self, sql: &[u8], prepared: &PreparedName) -> Result<(), Error> {
        match self.check_names(sql, std::slice::from_ref(prepared)) {
            // By the extended protocol it is brought as it came.
            Err(error) if error.code() == ErrorCode::StatementUnsupported => Ok(()),
            checked => checked,
        }
    }

    /// Brings a PREPARE to the server by the extended protocol: it must not end what the client's messages have begun.
    pub(super) fn send_prepare(
        &mut self,
        at: usize,
        id: StatementId,
        ensure: Ensure,
        for_client: Option<NameKey>,
    ) {
        if ensure == Ensure::CloseAndParse {
            self.send_close(at, id);
        }
        let Some(sql) = self.statements.prepare(id) else { return };
        let fate = |asked| Fate::new(asked, To::Nobody);
        let run = Fate { statement: Some(id), name: for_client, ..fate(Asked::Execute) };
        let fates = &mut self.server.fates;
        let is_sent = fates.push(fate(Asked::Parse)) && fates.push(fate(Asked::Bind)) && fates.push(run);
        fates.push(fate(Asked::Close));
        if !is_sent {
            self.server.known.doubt(id);
        }
        let out = self.out.before(at);
        frame::write(out, b'P', &[BRINGER, b"\0", &sql, b"\0\0\0"]);
        frame::write(out, b'B', &[BRINGER, b"\0", BRINGER, b"\0\0\0\0\0\0\0"]);
        frame::write(out, b'E', &[BRINGER, b"\0\0\0\0\0"]);
        // The portal goes with it at the latest when the transaction ends; within it another Bind may not come.
        frame::write(out, b'C', &[b"P", BRINGER, b"\0"]);
        self.server.fates.push(fate(Asked::Close));
        frame::write(self.out.before(at), b'C', &[b"S", BRINGER, b"\0"]);
        if let Some(oldest) = self.server.known.evict(self.rules.prepared_per_server_max) {
            self.send_close(at, oldest);
        }
    }

    /// A name of the client's stands for nothing any more, or none does.
    pub(super) fn forget(&mut self, name: Option<NameKey>) {
        match name {
            Some(name) => self.client.forget(name, self.statements),
            None => self.client.forget_all(self.statements),
        }
    }
}

fn by_protocol(name: &str) -> Error {
    let what = format!(
        "prepared statement \"{name}\" was prepared by the protocol, and can't be run by a text here"
    );
    Error::new(ErrorCode::StatementUnsupported, what)
        .help("run it by Bind and Execute, or prepare it by PREPARE")
}
