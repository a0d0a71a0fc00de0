//! Prepared statements, shared by all clients of a shard and brought to a server when it first needs them.
//!
//! A client's named Parse is interned by its text and parameter types; every server calls it by a name made from its
//! number, so a server that one client prepared it on serves every other client that prepares the same. A client keeps
//! only a keyed hash of each name. Numbers are never used twice, so what a server still holds under an old one can do no
//! harm: it is closed when the server holds too many.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::Arc;

use tenantry_postgres::session::{PREPARE, PREPARE_AS, type_name};

use super::decide::Effects;
use crate::sql::mask::value_ranges;

/// A statement of this shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct StatementId(u32);

/// A client's name of a statement: a keyed hash, so that nobody can make two names collide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct NameKey(u64);

/// Statements that nobody uses are kept up to this number and so many bytes.
const UNUSED_MAX: usize = 1_024;
const UNUSED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of [`StatementId::name`].
const NAME_BYTES: usize = 11;

/// A name that no server knows: Close of it succeeds without doing anything.
pub(super) const NO_NAME: &[u8] = b"tn_none";

impl StatementId {
    /// The name on servers.
    pub(super) fn name(self) -> [u8; NAME_BYTES] {
        let mut name = *b"tn_00000000";
        let mut rest = self.0;
        for digit in name[3..].iter_mut().rev() {
            *digit = b"0123456789abcdef"[(rest & 15) as usize];
            rest >>= 4;
        }
        name
    }
}

/// For keys that are hashes or small numbers of our own already.
#[derive(Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        // Multiplying by an odd number close to 2^64 divided by the golden ratio spreads neighbours (Knuth, 6.4).
        self.0 = value.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
}

type SpreadMap<K, V> = HashMap<K, V, BuildHasherDefault<Spread>>;

/// How a statement comes to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// By Parse. The body is the text, its NUL, and the parameter types as Parse has them. It may need another statement:
    /// EXECUTE in its text names that one.
    Parse(Option<StatementId>),
    /// By PREPARE of SQL. The body is that statement without the name, whose place this is.
    Sql(usize),
}

struct Statement {
    body: Arc<[u8]>,
    kind: Kind,
    effects: Effects,
    /// Names of clients that stand for it.
    uses: u32,
}

/// All prepared statements of a shard.
#[derive(Default)]
pub(super) struct Statements {
    /// By body. Others may do something else with the same text: a TRUNCATE may have become it.
    ids: HashMap<Arc<[u8]>, Vec<StatementId>>,
    statements: SpreadMap<StatementId, Statement>,
    next: u32,
    keys: RandomState,
}

impl Statements {
    pub(super) fn key(&self, name: &[u8]) -> NameKey {
        NameKey(self.keys.hash_one(name))
    }

    /// The statement with this text and these types, for one more name; the caller tells what running it does.
    pub(super) fn take(&mut self, body: &[u8], kind: Kind, effects: &Effects) -> StatementId {
        let known = self.ids.get_key_value(body);
        for id in known.iter().flat_map(|(_, ids)| ids.iter()) {
            if let Some(statement) = self.statements.get_mut(id)
                && statement.kind == kind
                && statement.effects == *effects
            {
                statement.uses += 1;
                return *id;
            }
        }
        let id = StatementId(self.next);
        self.next = self.next.wrapping_add(1);
        let body: Arc<[u8]> = known.map_or_else(|| body.into(), |(body, _)| body.clone());
        self.ids.entry(body.clone()).or_default().push(id);
        self.statements.insert(id, Statement { body, kind, effects: effects.clone(), uses: 1 });
        if let Kind::Parse(Some(needed)) = kind {
            self.keep(needed);
        }
        id
    }

    fn keep(&mut self, id: StatementId) {
        if let Some(statement) = self.statements.get_mut(&id) {
            statement.uses += 1;
        }
    }

    /// A name no longer stands for it.
    pub(super) fn give(&mut self, id: StatementId) {
        if let Some(statement) = self.statements.get_mut(&id) {
            statement.uses = statement.uses.saturating_sub(1);
        }
    }

    pub(super) fn body(&self, id: StatementId) -> &[u8] {
        self.statements.get(&id).map_or(&[], |statement| &statement.body)
    }

    pub(super) fn kind(&self, id: StatementId) -> Kind {
        self.statements.get(&id).map_or(Kind::Parse(None), |statement| statement.kind)
    }

    /// The PREPARE of SQL that makes the statement on a server; none where only Parse can.
    pub(super) fn prepare(&self, id: StatementId) -> Option<Vec<u8>> {
        let body = self.body(id);
        let (before, behind) = match self.kind(id) {
            Kind::Sql(at) => body.split_at_checked(at)?,
            Kind::Parse(None) => {
                let (text, types) = super::frame::text(body)?;
                let types = type_list(types)?;
                let text = without_end(text)?;
                // A comment to the line's end would take away what is put behind it.
                return Some([PREPARE, &id.name()[..], types.as_bytes(), PREPARE_AS, text, b"\n"].concat());
            }
            Kind::Parse(Some(_)) => return None,
        };
        Some([before, &id.name()[..], behind].concat())
    }

    pub(super) fn effects(&self, id: StatementId) -> Option<&Effects> {
        self.statements.get(&id).map(|statement| &statement.effects)
    }

    /// Forgets statements that no name stands for, once there are many.
    pub(super) fn sweep(&mut self) {
        let unused = self.statements.values().filter(|statement| statement.uses == 0);
        let (count, bytes) = unused.fold((0, 0), |(count, bytes), s| (count + 1, bytes + s.body.len()));
        if count > UNUSED_MAX || bytes > UNUSED_BYTES_MAX {
            let mut needed = Vec::new();
            self.statements.retain(|_, statement| {
                let is_used = statement.uses > 0;
                if let (false, Kind::Parse(Some(id))) = (is_used, statement.kind) {
                    needed.push(id);
                }
                is_used
            });
            needed.into_iter().for_each(|id| self.give(id));
            let statements = &self.statements;
            self.ids.retain(|_, ids| {
                ids.retain(|id| statements.contains_key(id));
                !ids.is_empty()
            });
        }
    }
}

/// The types of a Parse as PREPARE has them.
fn type_list(types: &[u8]) -> Option<String> {
    let (_, numbers) = types.split_first_chunk::<2>()?;
    let names: Option<Vec<String>> =
        numbers.chunks_exact(4).map(|n| type_name(u32::from_be_bytes(n.try_into().ok()?))).collect();
    let names = names?;
    Some(if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) })
}

/// A statement without the semicolon that ends it; none where one may stand within it.
fn without_end(text: &[u8]) -> Option<&[u8]> {
    let values = value_ranges(text);
    let is_value = |at: usize| values.iter().any(|range| range.contains(&at));
    let mut end = text.len();
    for at in (0..text.len()).rev().filter(|at| text[*at] == b';' && !is_value(*at)) {
        let behind = at + 1..end;
        if !behind.into_iter().all(|at| text[at].is_ascii_whitespace() || is_value(at)) {
            return None;
        }
        end = at;
    }
    text.get(..end)
}

#[derive(Clone, Copy)]
struct Named {
    id: StatementId,
    /// The server has answered its Parse.
    is_valid: bool,
}

/// A client's names.
#[derive(Default)]
pub(super) struct Names(Option<Box<SpreadMap<NameKey, Named>>>);

impl Names {
    pub(super) fn get(&self, key: NameKey) -> Option<StatementId> {
        self.0.as_ref()?.get(&key).map(|named| named.id)
    }

    pub(super) fn is_valid(&self, key: NameKey) -> bool {
        self.0.as_ref().and_then(|names| names.get(&key)).is_some_and(|named| named.is_valid)
    }

    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |names| names.len())
    }

    /// Returns the statement that the name stood for before.
    pub(super) fn insert(&mut self, key: NameKey, id: StatementId) -> Option<StatementId> {
        let names = self.0.get_or_insert_default();
        names.insert(key, Named { id, is_valid: false }).map(|named| named.id)
    }

    pub(super) fn confirm(&mut self, key: NameKey) {
        if let Some(named) = self.0.as_mut().and_then(|names| names.get_mut(&key)) {
            named.is_valid = true;
        }
    }

    pub(super) fn remove(&mut self, key: NameKey) -> Option<StatementId> {
        self.0.as_mut()?.remove(&key).map(|named| named.id)
    }

    /// Forgets all names, and returns what they stood for.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = StatementId> + use<> {
        self.0.take().into_iter().flat_map(|names| names.into_values().map(|named| named.id))
    }
}

#[derive(Clone, Copy)]
struct Held {
    used: u64,
    /// False when the server may or may not have it.
    is_sure: bool,
}

/// What has to be done before a statement can be used on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ensure {
    Nothing,
    Parse,
    CloseAndParse,
}

/// The statements that one server holds.
#[derive(Default)]
pub(super) struct Known {
    held: SpreadMap<StatementId, Held>,
    clock: u64,
}

impl Known {
    /// What is to be sent so that the server has it; counts it as there from now on.
    pub(super) fn ensure(&mut self, id: StatementId) -> Ensure {
        self.clock += 1;
        let used = self.clock;
        match self.held.get_mut(&id) {
            Some(held) => {
                held.used = used;
                let was_sure = std::mem::replace(&mut held.is_sure, true);
                if was_sure { Ensure::Nothing } else { Ensure::CloseAndParse }
            }
            None => {
                self.held.insert(id, Held { used, is_sure: true });
                Ensure::Parse
            }
        }
    }

    /// Takes out the one that was not used for the longest time, where there are more than `max`.
    pub(super) fn evict(&mut self, max: usize) -> Option<StatementId> {
        if self.held.len() <= max {
            return None;
        }
        let oldest = self.held.iter().min_by_key(|(_, held)| held.used).map(|(id, _)| *id)?;
        self.held.remove(&oldest);
        Some(oldest)
    }

    /// Its Parse was not answered.
    pub(super) fn doubt(&mut self, id: StatementId) {
        if let Some(held) = self.held.get_mut(&id) {
            held.is_sure = false;
        }
    }

    /// Somebody made the server forget statements.
    pub(super) fn doubt_all(&mut self) {
        self.held.values_mut().for_each(|held| held.is_sure = false);
    }

    /// The server has none any more.
    pub(super) fn clear(&mut self) {
        self.held.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_uses_is_forgotten_in_the_end() {
        let mut statements = Statements::default();
        let effects = Effects::default();
        let kept = statements.take(b"kept\0\0\0", Kind::Parse(None), &effects);
        for number in 0..2 * UNUSED_MAX {
            let id = statements.take(number.to_string().as_bytes(), Kind::Parse(None), &effects);
            statements.give(id);
        }
        let mut seven = || statements.take(b"7", Kind::Parse(None), &effects);
        assert_eq!(seven(), seven());
        statements.sweep();
        assert_eq!(statements.statements.len(), 2);
        assert_eq!(statements.ids.len(), 2);
        assert_eq!(statements.body(kept), b"kept\0\0\0");
        let large = statements.take(&vec![0; UNUSED_BYTES_MAX + 1], Kind::Parse(None), &effects);
        statements.give(large);
        statements.sweep();
        assert!(statements.body(large).is_empty());
    }

    #[test]
    fn a_text_may_be_several_statements() {
        let mut statements = Statements::default();
        let (clean, dirty) = (Effects::default(), Effects { is_dirty: true, ..Effects::default() });
        let first = statements.take(b"DELETE FROM t\0\0\0", Kind::Parse(None), &clean);
        assert_ne!(first, statements.take(b"DELETE FROM t\0\0\0", Kind::Parse(None), &dirty));
        assert_eq!(first, statements.take(b"DELETE FROM t\0\0\0", Kind::Parse(None), &clean));
        let sql = statements.take(b"PREPARE  AS SELECT 1", Kind::Sql(8), &clean);
        assert_eq!(statements.prepare(sql).unwrap(), b"PREPARE tn_00000002 AS SELECT 1");
        assert_eq!(statements.prepare(first).unwrap(), b"PREPARE tn_00000000 AS DELETE FROM t\n");
        let typed = statements.take(b"SELECT $1; -- x\0\0\x02\0\0\0\x17\0\0\0\0", Kind::Parse(None), &clean);
        let name = String::from_utf8(typed.name().to_vec()).unwrap();
        let expect = format!("PREPARE {name} (\"pg_catalog\".\"int4\", unknown) AS SELECT $1\n");
        assert_eq!(String::from_utf8(statements.prepare(typed).unwrap()).unwrap(), expect);
        for unclear in
            [&b"SELECT 1; SELECT 2\0\0\0"[..], b"SELECT $a$;$a$\0\0\0", b"SELECT $1\0\0\x01\0\x01\xff\xff"]
        {
            let id = statements.take(unclear, Kind::Parse(None), &clean);
            assert_eq!(statements.prepare(id), None);
        }
        let quoted = statements.take(b"SELECT ';' /* ; */;;\0\0\0", Kind::Parse(None), &clean);
        assert!(statements.prepare(quoted).unwrap().ends_with(b" AS SELECT ';' /* ; */\n"));
        // Whoever needs it keeps it.
        let needs = statements.take(b"EXECUTE tn_00000002\0\0\0", Kind::Parse(Some(sql)), &clean);
        statements.give(sql);
        let large = statements.take(&vec![0; UNUSED_BYTES_MAX + 1], Kind::Parse(None), &clean);
        statements.give(large);
        statements.sweep();
        assert!(!statements.body(sql).is_empty());
        statements.give(needs);
        for _ in 0..2 {
            let large = statements.take(&vec![0; UNUSED_BYTES_MAX + 1], Kind::Parse(None), &clean);
            statements.give(large);
            statements.sweep();
        }
        assert!(statements.body(sql).is_empty());
    }

    #[test]
    fn a_number_makes_a_name() {
        assert_eq!(&StatementId(0x2a).name(), b"tn_0000002a");
        assert_eq!(&StatementId(u32::MAX).name(), b"tn_ffffffff");
    }
}
