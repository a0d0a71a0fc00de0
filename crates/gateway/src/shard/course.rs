//! What a transaction changes of a session's settings, so that they follow the client if it is committed and are as they
//! were before if it is not. Follows PostgreSQL's own rules for SET and savepoints. Pure.

use tenantry_domain::limits::{FOLLOWED_CHANGES_BYTES_MAX, FOLLOWED_CHANGES_MAX};
use tenantry_shape::application::{Discarded, Step};

/// A change of settings, or of the channels that a client listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A value, or several.
    Set(Box<str>, Vec<Box<str>>),
    /// As the session began.
    Reset(Box<str>),
    /// All of them; the role apart, unless the session begins anew.
    ResetAll { role: bool },
    /// It listens on a channel: the server's name, and its own.
    Listen(Box<str>, Box<str>),
    /// On one channel less, by the server's name; none: on none.
    Unlisten(Option<Box<str>>),
}

#[derive(Debug)]
enum Entry {
    Change(Change),
    Savepoint(Box<str>),
}

/// What was changed in the transaction that is open.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Vec<Entry>,
    bytes: usize,
    /// An error came, and no savepoint was gone back to since.
    has_failed: bool,
}

impl Log {
    /// A statement that does this was done. False: it can't be followed.
    #[must_use]
    pub(super) fn done(&mut self, step: &Step) -> bool {
        let entry = match step {
            Step::Set { name, values, .. } if values.is_empty() => {
                Entry::Change(Change::Reset(name.as_str().into()))
            }
            Step::Set { name, values, .. } => {
                let values = values.iter().map(|value| value.as_str().into()).collect();
                Entry::Change(Change::Set(name.as_str().into(), values))
            }
            // Its value was not told.
            Step::SetParameter { .. } => return false,
            Step::Reset(name) => Entry::Change(Change::Reset(name.as_str().into())),
            Step::Listen { channel, server } => {
                Entry::Change(Change::Listen(server.as_str().into(), channel.as_str().into()))
            }
            Step::Unlisten(server) => Entry::Change(Change::Unlisten(server.as_deref().map(Into::into))),
            Step::ResetAll => Entry::Change(Change::ResetAll { role: false }),
            Step::Discard(Discarded::All) => Entry::Change(Change::ResetAll { role: true }),
            Step::Savepoint(name) => Entry::Savepoint(name.as_str().into()),
            Step::RollbackTo(name) => return self.roll_back_to(name),
            Step::Release(name) => return self.release(name),
            _ => return true,
        };
        self.bytes += entry.bytes();
        self.entries.push(entry);
        self.entries.len() <= FOLLOWED_CHANGES_MAX && self.bytes <= FOLLOWED_CHANGES_BYTES_MAX
    }

    fn savepoint(&self, name: &str) -> Option<usize> {
        self.entries.iter().rposition(|entry| matches!(entry, Entry::Savepoint(known) if **known == *name))
    }

    fn roll_back_to(&mut self, name: &str) -> bool {
        self.has_failed = false;
        let Some(at) = self.savepoint(name) else { return false };
        self.entries.truncate(at + 1);
        true
    }

    /// What was changed since the savepoint now belongs to what is around it.
    fn release(&mut self, name: &str) -> bool {
        let Some(at) = self.savepoint(name) else { return false };
        let mut place = 0;
        self.entries.retain(|entry| {
            place += 1;
            place <= at || matches!(entry, Entry::Change(_))
        });
        true
    }

    /// An error came.
    pub(super) fn fail(&mut self) {
        self.has_failed = true;
    }

    /// The transaction was taken back.
    pub(super) fn roll_back(&mut self) {
        self.entries.clear();
        self.bytes = 0;
        self.has_failed = false;
    }

    /// Whether the end of the transaction makes no difference.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The transaction has ended: with success, unless an error came that nothing was heard of since. What holds now, in
    /// order.
    pub(super) fn end(&mut self) -> Vec<Change> {
        let entries = std::mem::take(&mut self.entries);
        self.bytes = 0;
        if std::mem::take(&mut self.has_failed) {
            return Vec::new();
        }
        let change = |entry| match entry {
            Entry::Change(change) => Some(change),
            Entry::Savepoint(_) => None,
        };
        entries.into_iter().filter_map(change).collect()
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        match self {
            Entry::Change(Change::Set(name, values)) => {
                name.len() + values.iter().map(|value| value.len()).sum::<usize>()
            }
            Entry::Change(Change::Reset(name)) | Entry::Savepoint(name) => name.len(),
            Entry::Change(Change::ResetAll { .. }) => 0,
            Entry::Change(Change::Listen(server, own)) => server.len() + own.len(),
            Entry::Change(Change::Unlisten(server)) => server.as_ref().map_or(0, |server| server.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str) -> Step {
        Step::Set { name: name.to_owned(), values: vec!["1".to_owned()], local: false }
    }

    fn names(changes: &[Change]) -> String {
        let name = |change: &Change| match change {
            Change::Set(name, _) => name.to_string(),
            Change::Reset(name) => format!("-{name}"),
            Change::ResetAll { .. } => "-*".to_owned(),
            Change::Listen(server, _) => format!("?{server}"),
            Change::Unlisten(server) => format!("/{}", server.as_deref().unwrap_or("*")),
        };
        changes.iter().map(name).collect::<Vec<_>>().join(" ")
    }

    /// Steps of one transaction: `+a` a savepoint, `<a` back to it, `=a` its release, `!` an error, else a setting.
    #[track_caller]
    fn check(script: &str, expect: &str) {
        let mut log = Log::default();
        for word in script.split_whitespace() {
            let name = word.get(1..).unwrap_or_default().to_owned();
            let step = match word.as_bytes()[0] {
                b'+' => Step::Savepoint(name),
                b'<' => Step::RollbackTo(name),
                b'=' => Step::Release(name),
                b'!' => {
                    log.fail();
                    continue;
                }
                b'-' if name == "*" => Step::ResetAll,
                b'?' => Step::Listen { channel: name.clone(), server: name },
                b'/' => Step::Unlisten((name != "*").then_some(name)),
                b'-' => Step::Reset(name),
                _ => set(word),
            };
            assert!(log.done(&step), "{script}");
        }
        assert_eq!(names(&log.end()), expect, "{script}");
        assert!(log.is_empty());
    }

    #[test]
    fn what_holds_after_a_transaction() {
        check("x y -x", "x y -x");
        check("x !", "");
        check("x +a y <a z", "x z");
        check("x +a y ! <a z", "x z");
        check("x +a y =a z", "x y z");
        check("+a x +b y =b z <a", "");
        check("+a x +a y <a <a z", "x z");
        check("+a x +a y =a <a z", "z");
        check("x -*", "x -*");
        check("?a +s ?b <s /c /*", "?a /c /*");
        check("?a !", "");
    }

    #[test]
    fn what_cant_be_followed_is_said() {
        let mut log = Log::default();
        assert!(!log.done(&Step::RollbackTo("unknown".to_owned())));
        assert!((0..FOLLOWED_CHANGES_MAX).all(|_| log.done(&set("x"))));
        assert!(!log.done(&set("x")));
        log.roll_back();
        assert!(!log.done(&Step::SetParameter { name: "x".to_owned(), parameter: 1 }));
        let long = Step::Reset("x".repeat(FOLLOWED_CHANGES_BYTES_MAX + 1));
        assert!(!log.done(&long));
    }
}
