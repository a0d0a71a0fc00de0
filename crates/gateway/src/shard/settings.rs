//! Settings that follow a client from one server to the next.
//!
//! Sets of settings are interned, so that whether a server has what a client wants is a comparison of two numbers, and
//! most clients of one application share one set.

use std::collections::HashMap;
use std::sync::Arc;

use slab::Slab;
use tenantry_domain::limits::{FOLLOWED_SETTINGS_BYTES_MAX, FOLLOWED_SETTINGS_MAX};
use tenantry_postgres::ident::quote_ident;
use tenantry_postgres::session::{Change, change_settings};

use super::course::Change as Changed;
use crate::session::search_path;

/// A setting's name and value.
pub type Setting = (Box<str>, Box<str>);

/// Settings that servers report when they change, and that belong to the client (manual, "Asynchronous Operations").
const REPORTED: [&str; 6] =
    ["client_encoding", "DateStyle", "TimeZone", "IntervalStyle", "application_name", "search_path"];

/// One of them, which servers before PostgreSQL 18 don't report.
const SEARCH_PATH: &str = "search_path";

/// Lists of names, each to be set by itself.
const LISTS: [&str; 4] =
    [SEARCH_PATH, "temp_tablespaces", "local_preload_libraries", "session_preload_libraries"];

/// What RESET ALL leaves alone.
const ROLE: &str = "role";

/// What belongs to a transaction or to nobody: it follows no client.
const PASSING: [&str; 4] =
    ["transaction_isolation", "transaction_read_only", "transaction_deferrable", "seed"];

/// Two settings in one. A value for one half leaves the other as it is, which would be another client's: so it is put
/// back first.
const DATE_STYLE: &str = "DateStyle";

/// Sets that are kept before those that nobody has are looked for.
const SETS_MAX: usize = 1_024;

/// An interned set of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SettingsId(u32);

struct Entry {
    settings: Arc<[Setting]>,
    /// A server has taken exactly these: setting them again needs no waiting for the answer.
    is_proven: bool,
    transactions: Transactions,
}

/// What a session's transactions are where they say nothing themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Transactions {
    pub is_read_only: bool,
    pub is_serializable: bool,
}

impl Transactions {
    fn of(settings: &[Setting]) -> Self {
        let value = |wanted: &str| {
            let found = settings.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.to_ascii_lowercase())
        };
        let read_only = value("default_transaction_read_only").unwrap_or_default();
        Self {
            is_read_only: ["on", "true", "yes", "1"].contains(&&*read_only),
            is_serializable: value("default_transaction_isolation").is_some_and(|v| v == "serializable"),
        }
    }
}

/// All sets of a shard.
pub(super) struct SettingsTable {
    entries: Slab<Entry>,
    ids: HashMap<Arc<[Setting]>, SettingsId>,
}

impl Default for SettingsTable {
    fn default() -> Self {
        let mut table = Self { entries: Slab::new(), ids: HashMap::new() };
        table.intern(Vec::new());
        table
    }
}

impl SettingsTable {
    /// The empty set: as a server is after its log-in.
    pub(super) const BASE: SettingsId = SettingsId(0);

    /// The number of this set. Of settings of one name the last counts.
    pub(super) fn intern(&mut self, settings: Vec<Setting>) -> SettingsId {
        let mut sorted: Vec<Setting> = Vec::with_capacity(settings.len());
        for setting in settings {
            match sorted.binary_search_by(|probe| compare(&probe.0, &setting.0)) {
                Ok(at) => sorted[at] = setting,
                Err(at) => sorted.insert(at, setting),
            }
        }
        if let Some(&id) = self.ids.get(sorted.as_slice()) {
            return id;
        }
        let settings: Arc<[Setting]> = sorted.into();
        let is_proven = settings.is_empty();
        let entry =
            Entry { settings: settings.clone(), is_proven, transactions: Transactions::of(&settings) };
        let id = SettingsId(self.entries.insert(entry) as u32);
        self.ids.insert(settings, id);
        id
    }

    /// The set with some settings changed.
    pub(super) fn with(&mut self, id: SettingsId, changes: &[Setting]) -> SettingsId {
        let mut settings = self.get(id).to_vec();
        settings.extend_from_slice(changes);
        self.intern(settings)
    }

    /// The set after these changes, in a session that began with the settings of `start`.
    pub(super) fn after(&mut self, id: SettingsId, start: SettingsId, changes: &[Changed]) -> SettingsId {
        let mut settings = self.get(id).to_vec();
        let start = self.get(start);
        for change in changes {
            match change {
                // What servers report is taken from there, as they write it.
                Changed::Set(name, _) if is_one_of(name, &REPORTED) && compare(name, SEARCH_PATH).is_ne() => {
                }
                Changed::Set(name, _) if is_one_of(name, &PASSING) => {}
                Changed::Set(name, values) => {
                    settings.retain(|(known, _)| compare(known, name).is_ne());
                    settings.push((name.clone(), written(name, values)));
                }
                Changed::Reset(name) => {
                    settings.retain(|(known, _)| compare(known, name).is_ne());
                    settings.extend(start.iter().filter(|(known, _)| compare(known, name).is_eq()).cloned());
                }
                Changed::Listen(..) | Changed::Unlisten(_) => {}
                Changed::ResetAll { role } => {
                    settings.retain(|(known, _)| !role && compare(known, ROLE).is_eq());
                    settings.extend_from_slice(start);
                }
            }
        }
        self.intern(settings)
    }

    /// Whether a client with this set may have no more of them.
    pub(super) fn is_full(&self, id: SettingsId) -> bool {
        let settings = self.get(id);
        let bytes: usize = settings.iter().map(|(name, value)| name.len() + value.len()).sum();
        settings.len() >= FOLLOWED_SETTINGS_MAX || bytes >= FOLLOWED_SETTINGS_BYTES_MAX
    }

    /// Whether texts of a session with this set are in UTF-8.
    pub(super) fn is_utf8(&self, id: SettingsId) -> bool {
        let encoding = self.get(id).iter().find(|(name, _)| compare(name, "client_encoding").is_eq());
        encoding.is_none_or(|(_, value)| {
            ["utf8", "utf-8", "unicode"].iter().any(|utf8| value.eq_ignore_ascii_case(utf8))
        })
    }

    /// Whether a set names something that servers report.
    pub(super) fn is_reported(&self, id: SettingsId) -> bool {
        self.get(id).iter().any(|(name, _)| is_one_of(name, &REPORTED))
    }

    /// A server reported a setting. If it follows the client, the set with it.
    pub(super) fn reported(&mut self, id: SettingsId, name: &[u8], value: &[u8]) -> Option<SettingsId> {
        let name = REPORTED.iter().find(|known| known.as_bytes() == name)?;
        let value = std::str::from_utf8(value).ok()?;
        let has = self.get(id).iter().find(|(known, _)| compare(known, name).is_eq());
        if has.is_some_and(|(_, known)| &**known == value) {
            return None;
        }
        Some(self.with(id, &[((*name).into(), value.into())]))
    }

    /// What has to be set, or put back (`None`), to come from one set to the other.
    pub(super) fn changes(&self, from: SettingsId, to: SettingsId) -> Vec<(&str, Option<&str>)> {
        let (from, to) = (self.get(from), self.get(to));
        let missing =
            from.iter().filter(|(name, _)| to.iter().all(|(other, _)| compare(name, other).is_ne()));
        let changed = to.iter().filter(|setting| !from.contains(setting));
        missing
            .map(|(name, _)| (&**name, None))
            .chain(changed.map(|(name, value)| (&**name, Some(&**value))))
            .collect()
    }

    /// The statements that bring a server from one set to the other, and then make the change that is told besides.
    pub(super) fn statements(
        &self,
        from: SettingsId,
        to: SettingsId,
        besides: Option<(&str, Option<&str>)>,
    ) -> String {
        let mut sql = String::new();
        for (name, value) in self.changes(from, to).into_iter().chain(besides) {
            let names = value.filter(|_| is_one_of(name, &LISTS)).and_then(search_path::split);
            let change = match (value, &names) {
                (None, _) => Change::Reset(name),
                (Some(_), Some(names)) => Change::SetList(name, names.iter().map(String::as_str).collect()),
                (Some(value), None) => Change::Set(name, value),
            };
            if value.is_some() && compare(name, DATE_STYLE).is_eq() {
                sql.push_str(&change_settings(&[Change::Reset(name)]));
            }
            sql.push_str(&change_settings(&[change]));
        }
        sql
    }

    /// What the transactions of a session with this set are.
    pub(super) fn transactions(&self, id: SettingsId) -> Transactions {
        self.entries.get(id.0 as usize).map_or_else(Transactions::default, |entry| entry.transactions)
    }

    pub(super) fn is_proven(&self, id: SettingsId) -> bool {
        self.entries.get(id.0 as usize).is_some_and(|entry| entry.is_proven)
    }

    pub(super) fn prove(&mut self, id: SettingsId) {
        if let Some(entry) = self.entries.get_mut(id.0 as usize) {
            entry.is_proven = true;
        }
    }

    /// Whether it is time for [`SettingsTable::sweep`].
    pub(super) fn is_large(&self) -> bool {
        self.entries.len() > SETS_MAX
    }

    /// Forgets every set that is not among these.
    pub(super) fn sweep(&mut self, used: &std::collections::HashSet<SettingsId>) {
        let ids = &mut self.ids;
        self.entries.retain(|at, entry| {
            let id = SettingsId(at as u32);
            let keep = id == Self::BASE || used.contains(&id);
            if !keep {
                ids.remove(&entry.settings);
            }
            keep
        });
    }

    fn get(&self, id: SettingsId) -> &[Setting] {
        self.entries.get(id.0 as usize).map_or(&[], |entry| &entry.settings)
    }
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| compare(known, name).is_eq())
}

/// Values as one text.
fn written(name: &str, values: &[Box<str>]) -> Box<str> {
    if !is_one_of(name, &LISTS) {
        return values.join(", ").into();
    }
    let names: Vec<String> = values.iter().filter(|v| !v.is_empty()).map(|v| quote_ident(v)).collect();
    names.join(", ").into()
}

/// Names of settings do not depend on case.
fn compare(a: &str, b: &str) -> std::cmp::Ordering {
    let lower = |text: &str| text.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<Vec<_>>();
    lower(a).cmp(&lower(b))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn setting(name: &str, value: &str) -> Setting {
        (name.into(), value.into())
    }

    #[test]
    fn equal_sets_have_one_number() {
        let mut table = SettingsTable::default();
        let a = table.intern(vec![setting("TimeZone", "UTC"), setting("a", "1")]);
        let b = table.intern(vec![setting("a", "2"), setting("TimeZone", "UTC"), setting("A", "1")]);
        assert_ne!(a, SettingsTable::BASE);
        assert_eq!(table.changes(a, b), [("A", Some("1"))], "the name is the last one's, its case included");
        let c = table.intern(vec![setting("a", "1"), setting("TimeZone", "UTC")]);
        assert_eq!(a, c);
        assert_eq!(table.intern(Vec::new()), SettingsTable::BASE);
    }

    #[test]
    fn changes_set_and_put_back() {
        let mut table = SettingsTable::default();
        let a = table.intern(vec![setting("TimeZone", "UTC"), setting("a", "1")]);
        let b = table.intern(vec![setting("TimeZone", "CET"), setting("b", "1")]);
        assert_eq!(table.changes(a, b), [("a", None), ("b", Some("1")), ("TimeZone", Some("CET"))]);
        assert_eq!(table.changes(a, a), []);
    }

    #[test]
    fn only_what_follows_is_taken_from_reports() {
        let mut table = SettingsTable::default();
        assert_eq!(table.reported(SettingsTable::BASE, b"is_superuser", b"on"), None);
        let id = table.reported(SettingsTable::BASE, b"TimeZone", b"UTC").unwrap();
        assert_eq!(table.reported(id, b"TimeZone", b"UTC"), None);
        assert_eq!(table.changes(SettingsTable::BASE, id), [("TimeZone", Some("UTC"))]);
    }

    #[test]
    fn what_a_transaction_changed() {
        let mut table = SettingsTable::default();
        let start = table.intern(vec![setting("TimeZone", "CET"), setting("a", "start")]);
        let set = |name: &str, values: &[&str]| {
            Changed::Set(name.into(), values.iter().map(|value| (*value).into()).collect())
        };
        let has = |table: &SettingsTable, id| {
            table.get(id).iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>()
        };
        let changed =
            table.after(start, start, &[set("A", &["1"]), set("role", &["r"]), set("timezone", &["x"])]);
        assert_eq!(has(&table, changed), ["A=1", "role=r", "TimeZone=CET"], "reported ones come by reports");
        let path = table.after(changed, start, &[set("search_path", &["b", "C d"]), set("seed", &["1"])]);
        assert_eq!(has(&table, path), ["A=1", "role=r", "search_path=\"b\", \"C d\"", "TimeZone=CET"]);
        let back =
            table.after(path, start, &[Changed::Reset("a".into()), Changed::Reset("search_path".into())]);
        assert_eq!(has(&table, back), ["a=start", "role=r", "TimeZone=CET"]);
        let all = table.after(path, start, &[Changed::ResetAll { role: false }]);
        assert_eq!(has(&table, all), ["a=start", "role=r", "TimeZone=CET"]);
        assert_eq!(table.after(path, start, &[Changed::ResetAll { role: true }]), start);
        assert_eq!(
            table.after(path, SettingsTable::BASE, &[Changed::ResetAll { role: true }]),
            SettingsTable::BASE
        );
        assert_eq!(table.after(start, start, &[]), start);
    }

    #[test]
    fn what_transactions_are_by_themselves() {
        let mut table = SettingsTable::default();
        let mut of = |name: &str, value: &str| {
            let id = table.intern(vec![setting(name, value)]);
            let found = table.transactions(id);
            (found.is_read_only, found.is_serializable)
        };
        assert_eq!(of("default_transaction_read_only", "ON"), (true, false));
        assert_eq!(of("Default_Transaction_Read_Only", "1"), (true, false));
        assert_eq!(of("default_transaction_read_only", "off"), (false, false));
        assert_eq!(of("default_transaction_isolation", "Serializable"), (false, true));
        assert_eq!(of("default_transaction_isolation", "repeatable read"), (false, false));
    }

    #[test]
    fn a_client_may_have_so_many() {
        let mut table = SettingsTable::default();
        let some = |count: usize, bytes: usize| {
            (0..count).map(|i| setting(&i.to_string(), &"x".repeat(bytes))).collect()
        };
        let (few, many, large) =
            (table.intern(some(9, 9)), table.intern(some(200, 1)), table.intern(some(1, 40_000)));
        assert!(!table.is_full(few) && table.is_full(many) && table.is_full(large));
    }

    #[test]
    fn lists_are_set_name_by_name() {
        let mut table = SettingsTable::default();
        let id = table.intern(vec![setting("search_path", "a, \"B c\""), setting("TimeZone", "it's")]);
        assert_eq!(
            table.statements(SettingsTable::BASE, id, Some(("app.x", None))),
            "SET \"search_path\" TO 'a', 'B c';SET \"TimeZone\" TO 'it''s';RESET \"app.x\";"
        );
    }

    #[test]
    fn a_date_style_takes_no_half_of_another_clients() {
        let mut table = SettingsTable::default();
        let german = table.intern(vec![setting("datestyle", "German")]);
        let other = table.intern(vec![setting("DateStyle", "ISO, DMY")]);
        assert_eq!(
            table.statements(other, german, None),
            "RESET \"datestyle\";SET \"datestyle\" TO 'German';"
        );
    }

    #[test]
    fn unused_sets_go() {
        let mut table = SettingsTable::default();
        let kept = table.intern(vec![setting("a", "kept")]);
        for i in 0..2 * SETS_MAX {
            table.intern(vec![setting("a", &i.to_string())]);
        }
        assert!(table.is_large());
        table.sweep(&HashSet::from([kept]));
        assert!(!table.is_large());
        assert_eq!(table.changes(SettingsTable::BASE, kept), [("a", Some("kept"))]);
        assert_eq!(table.intern(vec![setting("a", "kept")]), kept);
        assert_eq!(table.intern(Vec::new()), SettingsTable::BASE);
    }
}
