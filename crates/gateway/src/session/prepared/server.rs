//! The statements on one server connection, and what its answers mean.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tenantry_domain::Result;

use super::local::{Local, NOTHING, close, server_name, unknown};
use super::{Names, Statement, Statements};
use crate::wire::Violation;
use crate::wire::frontend::{self, Named, Parse, Target};

/// What to do with an answer of the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the client's.
    Pass,
    /// It answers what the gateway asked for itself.
    Swallow,
    /// The client gets ParseComplete in its place.
    AsParseComplete,
}

#[derive(Debug)]
struct Known {
    local: Local,
    /// When it was used last, by the number of uses.
    used: u64,
    /// The number of the question that settles its Parse; `None`: confirmed.
    settles: Option<u64>,
}

/// What a ParseComplete or CloseComplete that is to come stands for.
#[derive(Debug)]
enum Means {
    /// Nothing to us.
    Nothing,
    /// The client has given or closed a name.
    Named,
    /// This statement is parsed, under this name of the server's.
    Parsed(u64, Local),
    /// Both.
    NamedAndParsed(u64, Local),
    /// This name of the server's is free.
    Closed(Local),
    /// The client has a statement without a name on this server.
    UnnamedParsed,
    /// It has none any more.
    UnnamedClosed,
}

#[derive(Debug)]
struct Expected {
    /// The answer's type.
    tag: u8,
    verdict: Verdict,
    means: Means,
    /// The number of the question with which it has come, or never will.
    settles: u64,
}

/// The statement without a name, of the present client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unnamed {
    /// It has parsed none here: what stands there is somebody else's.
    None,
    /// Parsed and not used.
    Parsed,
    /// Used.
    Bound,
}

/// The statements on one server connection.
#[derive(Debug)]
pub struct Server {
    unnamed: Unnamed,
    /// A Parse of it that is not confirmed: the question that settles it, and what was there before.
    unnamed_open: Option<(u64, Unnamed)>,
    /// Its text and types, in buffers that stay.
    unnamed_sql: Vec<u8>,
    unnamed_types: Vec<u8>,
    known: HashMap<u64, Known>,
    /// Of these, how many are not confirmed.
    unconfirmed: usize,
    /// Names that the server has and nobody uses.
    orphans: Vec<Local>,
    expected: VecDeque<Expected>,
    locals: Local,
    uses: u64,
    /// Uses before the present client got the server.
    uses_before: u64,
    max: usize,
}

/// A message of the client's about a statement, as far as the chunk has it, and the length of its whole body.
pub type Message<'a> = (&'a [u8], u32);

impl Server {
    /// A connection without statements, which may keep `max` of them.
    pub fn new(max: usize) -> Self {
        Self {
            unnamed: Unnamed::None,
            unnamed_open: None,
            unnamed_sql: Vec::new(),
            unnamed_types: Vec::new(),
            known: HashMap::new(),
            unconfirmed: 0,
            orphans: Vec::new(),
            expected: VecDeque::new(),
            locals: 0,
            uses: 0,
            uses_before: 0,
            max: max.max(1),
        }
    }

    /// The client gives the server back. What it parsed without a name and has not used yet, it may still use on another
    /// server; on this one nobody else may.
    pub fn release(&mut self, names: &mut Names, statements: &mut Statements) {
        if self.unnamed == Unnamed::Parsed && self.unnamed_open.is_none() {
            names.unnamed = Some(statements.intern(&self.unnamed_sql, &self.unnamed_types));
        }
        self.unnamed = Unnamed::None;
        self.uses_before = self.uses;
    }

    /// Notes a Parse without a name, which goes out as it is.
    pub fn parse_unnamed(&mut self, parts: Parse<'_>, settles: u64) {
        let before = self.unnamed_open.map_or(self.unnamed, |(_, before)| before);
        self.unnamed_open = Some((settles, before));
        self.unnamed = Unnamed::Parsed;
        self.unnamed_sql.clear();
        self.unnamed_sql.extend_from_slice(parts.sql);
        self.unnamed_types.clear();
        self.unnamed_types.extend_from_slice(parts.types);
        self.expect((b'1', Verdict::Pass), Means::UnnamedParsed, settles);
    }

    /// Writes what goes out for a named Parse. `settles` is the number of the next question
    /// ([`crate::wire::conversation::Conversation::asked`] plus 1), `max` how many names a client may have.
    ///
    /// # Errors
    /// `limit_exceeded` with nothing written: the connection is closed over it.
    pub fn parse(
        &mut self,
        (names, statements): (&mut Names, &mut Statements),
        out: &mut Vec<u8>,
        parts: Parse<'_>,
        (settles, max): (u64, usize),
    ) -> Result<()> {
        if let Some(taken) = names.get(parts.name).cloned() {
            // The server refuses to parse the name again; the client's statement stays.
            let local = self.provide(out, &taken, settles);
            frontend::parse(out, Parse { name: &server_name(local), ..parts });
            self.expect((b'1', Verdict::Pass), Means::Nothing, settles);
            return Ok(());
        }
        let statement = statements.intern(parts.sql, parts.types);
        names.give(parts.name, Arc::clone(&statement), settles, max)?;
        let number = statement.number;
        if self.has(number, settles).is_some() {
            // Closing what is not there does nothing, and is answered in its place.
            close(out, NOTHING);
            self.expect((b'3', Verdict::AsParseComplete), Means::Named, settles);
        } else {
            let local = self.send_parse(out, &statement, settles);
            self.expect((b'1', Verdict::Pass), Means::NamedAndParsed(number, local), settles);
        }
        Ok(())
    }

    /// Writes what goes out for a Bind or a Describe of a statement. Returns how many bytes of its body are to be copied
    /// behind it.
    ///
    /// # Errors
    /// As [`frontend::rename`]: the connection is to be closed.
    pub fn refer(
        &mut self,
        names: &Names,
        out: &mut Vec<u8>,
        (kind, message): (Named, Message<'_>),
        settles: u64,
    ) -> Result<u32, Violation> {
        let name = match kind {
            Named::Bind => frontend::parse_bind(message.0)?.statement,
            _ => match frontend::parse_target(message.0)? {
                Target::Statement(name) => name,
                Target::Portal(_) => return Err(Violation::Format),
            },
        };
        if name.is_empty() && self.unnamed != Unnamed::None {
            if kind == Named::Bind {
                self.unnamed_is_used();
            }
            return frontend::rename(out, kind, message, b"");
        }
        let statement = if name.is_empty() { names.unnamed.as_ref() } else { names.get(name) };
        let Some(statement) = statement else {
            return frontend::rename(out, kind, message, &unknown(name));
        };
        let local = self.provide(out, &Arc::clone(statement), settles);
        frontend::rename(out, kind, message, &server_name(local))
    }

    /// Writes what goes out for a Close of a named statement. It stays on the server for others; the client's name is gone.
    pub fn close(&mut self, names: &mut Names, out: &mut Vec<u8>, name: &[u8], settles: u64) {
        let means = if names.close(name, settles) { Means::Named } else { Means::Nothing };
        close(out, NOTHING);
        self.expect((b'3', Verdict::Pass), means, settles);
    }

    /// Notes a Close of the statement without a name, which goes out as it is.
    pub fn close_unnamed(&mut self, settles: u64) {
        self.expect((b'3', Verdict::Pass), Means::UnnamedClosed, settles);
    }

    /// Notes a Close of a portal, which goes out as it is.
    pub fn close_portal(&mut self, settles: u64) {
        self.expect((b'3', Verdict::Pass), Means::Nothing, settles);
    }

    /// A ParseComplete (`1`) or CloseComplete (`3`) has come.
    ///
    /// # Errors
    /// [`Violation::Unasked`] for one that nobody asked for.
    pub fn answered(&mut self, names: &mut Names, tag: u8) -> Result<Verdict, Violation> {
        let expected = self.expected.pop_front().filter(|e| e.tag == tag).ok_or(Violation::Unasked)?;
        match expected.means {
            Means::Nothing | Means::Closed(_) => {}
            Means::Named => names.confirm(),
            Means::Parsed(statement, local) => self.parsed(statement, local),
            Means::NamedAndParsed(statement, local) => {
                self.parsed(statement, local);
                names.confirm();
            }
            Means::UnnamedParsed => {
                self.unnamed_open = self.unnamed_open.filter(|(settles, _)| *settles > expected.settles);
                names.unnamed = None;
            }
            Means::UnnamedClosed => {
                names.unnamed = None;
                self.unnamed_is_used();
            }
        }
        Ok(expected.verdict)
    }

    /// A ReadyForQuery has come: questions up to this number are settled.
    pub fn settle(&mut self, names: &mut Names, settled: u64) {
        while let Some(expected) = self.expected.pop_front_if(|expected| expected.settles <= settled) {
            // It was skipped, so the server has the name still.
            if let Means::Closed(local) = expected.means {
                self.orphans.push(local);
            }
        }
        if self.unconfirmed > 0 {
            self.known.retain(|_, known| known.settles.is_none_or(|settles| settles > settled));
            self.unconfirmed = self.known.values().filter(|known| known.settles.is_some()).count();
        }
        if let Some((_, before)) = self.unnamed_open.take_if(|(settles, _)| *settles <= settled) {
            // It was skipped, or wrong. What stands there is the client's former one, if that was parsed here.
            self.unnamed = before;
            self.unnamed_is_used();
        }
        names.settle(settled);
    }

    /// After `DISCARD ALL` or `DEALLOCATE ALL`.
    pub fn clear(&mut self) {
        self.known.clear();
        self.orphans.clear();
        self.unconfirmed = 0;
    }

    /// How many statements the server has, at most.
    pub fn len(&self) -> usize {
        self.known.len() + self.orphans.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The statement without a name is not to be found again on another server.
    fn unnamed_is_used(&mut self) {
        if self.unnamed == Unnamed::Parsed {
            self.unnamed = Unnamed::Bound;
        }
    }

    /// The name of a statement that the server has, or will have when it gets to what is settled together with its Parse.
    fn has(&mut self, statement: u64, settles: u64) -> Option<Local> {
        let known = self.known.get_mut(&statement)?;
        if known.settles.is_some_and(|its| its != settles) {
            // Parsed in front of an earlier Sync, and perhaps in vain.
            return None;
        }
        self.uses += 1;
        known.used = self.uses;
        Some(known.local)
    }

    /// The name of the statement, which is parsed first where the server lacks it.
    fn provide(&mut self, out: &mut Vec<u8>, statement: &Arc<Statement>, settles: u64) -> Local {
        if let Some(local) = self.has(statement.number, settles) {
            return local;
        }
        let local = self.send_parse(out, statement, settles);
        self.expect((b'1', Verdict::Swallow), Means::Parsed(statement.number, local), settles);
        local
    }

    fn send_parse(&mut self, out: &mut Vec<u8>, statement: &Statement, settles: u64) -> Local {
        self.make_room(out, settles);
        self.locals += 1;
        self.uses += 1;
        let local = self.locals;
        let parts = Parse { name: &server_name(local), sql: &statement.sql, types: &statement.types };
        frontend::parse(out, parts);
        let known = Known { local, used: self.uses, settles: Some(settles) };
        let before = self.known.insert(statement.number, known);
        self.unconfirmed += usize::from(before.is_none_or(|before| before.settles.is_none()));
        local
    }

    fn parsed(&mut self, statement: u64, local: Local) {
        match self.known.get_mut(&statement).filter(|known| known.local == local) {
            Some(known) => {
                self.unconfirmed -= usize::from(known.settles.take().is_some());
            }
            // It was parsed once more meanwhile, under another name.
            None => self.orphans.push(local),
        }
    }

    /// Closes what nobody uses, or else the statement that was not used for the longest time; but not one that the present
    /// client has used, because closing a statement closes its open portals too.
    fn make_room(&mut self, out: &mut Vec<u8>, settles: u64) {
        if self.len() < self.max {
            return;
        }
        let local = self.orphans.pop().or_else(|| {
            let before = self.uses_before;
            let spare =
                self.known.iter().filter(|(_, known)| known.settles.is_none() && known.used <= before);
            let (oldest, _) = spare.min_by_key(|(_, known)| known.used)?;
            let oldest = *oldest;
            self.known.remove(&oldest).map(|known| known.local)
        });
        if let Some(local) = local {
            close(out, local);
            self.expect((b'3', Verdict::Swallow), Means::Closed(local), settles);
        }
    }

    fn expect(&mut self, (tag, verdict): (u8, Verdict), means: Means, settles: u64) {
        self.expected.push_back(Expected { tag, verdict, means, settles });
    }
}
