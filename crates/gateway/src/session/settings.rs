//! The settings that a client has chosen, kept for it while it has no server connection.
//!
//! [`Setting`] is the allow-list: what a client may choose when it connects, and what follows it afterwards. A setting
//! that is not in it (`role`, `session_authorization`, `session_replication_role`, preloaded libraries, anything of
//! Tenantry's own) is refused and not dropped, because a client that believes in a setting that does not hold may do
//! harm.
//!
//! [`Settings`] are sorted and immutable, and an [`Interner`] keeps each set once: two clients of one driver share it, and
//! taking a server from one to the other compares two pointers. Only where they differ is there a [`Settings::difference`],
//! which `tenantry_postgres::session::change_settings` renders as one message; the server's own defaults come back by RESET.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use tenantry_domain::{Error, ErrorCode, Result};

use super::encoding;
use super::search_path::{self, Own};

mod names;

pub use names::Setting;

/// Bytes of all values of one client at most. PostgreSQL takes 10,000 with the start-up packet.
const VALUE_BYTES_MAX: usize = 8_192;

/// Ends each name of a list as it is kept. No name and no value holds it, so that nothing has to be quoted here.
const BETWEEN_NAMES: &str = "\0";

/// A client's choices. Equal sets hash alike; cheap to compare, not to make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Sorted by setting, none twice.
    chosen: Vec<(Setting, Box<str>)>,
}

/// What has to be done on a server for one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// Which.
    pub setting: Setting,
    /// The value to set, a list for `search_path`; `None`: back to the server's default.
    pub value: Option<Value<'a>>,
}

/// A value to set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// One text.
    Text(&'a str),
    /// Names, each to be written by itself.
    List(Vec<String>),
}

impl Settings {
    /// From a start-up packet, later ones winning over earlier ones.
    ///
    /// # Errors
    /// `setting_refused` for a setting that a client may not choose, and for schemas that are not its own;
    /// `setting_invalid` and `encoding_refused` for values that can't be.
    pub fn from_startup(pairs: &[(String, String)], own: Own<'_>) -> Result<Self> {
        pairs.iter().try_fold(Self::default(), |settings, (name, value)| {
            let setting = Setting::find(name).ok_or_else(|| refused(name))?;
            settings.with(setting, value, own)
        })
    }

    /// With this setting at this value.
    ///
    /// # Errors
    /// As [`Settings::from_startup`].
    pub fn with(&self, setting: Setting, value: &str, own: Own<'_>) -> Result<Self> {
        let value = checked(setting, value, own)?;
        let mut chosen = self.chosen.clone();
        match chosen.binary_search_by_key(&setting, |(s, _)| *s) {
            Ok(at) => chosen[at].1 = value,
            Err(at) => chosen.insert(at, (setting, value)),
        }
        if chosen.iter().map(|(_, value)| value.len()).sum::<usize>() > VALUE_BYTES_MAX {
            let message = format!("the session's settings have more than {VALUE_BYTES_MAX} bytes");
            return Err(Error::new(ErrorCode::SettingInvalid, message));
        }
        Ok(Self { chosen })
    }

    /// With this setting at the server's default.
    #[must_use]
    pub fn without(&self, setting: Setting) -> Self {
        Self { chosen: self.chosen.iter().filter(|(s, _)| *s != setting).cloned().collect() }
    }

    /// The value of a setting; of a list, each name with a NUL behind it.
    pub fn get(&self, setting: Setting) -> Option<&str> {
        let at = self.chosen.binary_search_by_key(&setting, |(s, _)| *s).ok()?;
        Some(&self.chosen[at].1)
    }

    /// All of them, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (Setting, &str)> {
        self.chosen.iter().map(|(setting, value)| (*setting, &**value))
    }

    /// What to change on a server that has the settings `there`, so that it has these. In this order, and in one
    /// transaction. Whether a value is right only a server can tell, so the first difference is tried when a client logs
    /// in; what a server has taken once it takes again.
    pub fn difference<'a>(&'a self, there: &Settings) -> Vec<Change<'a>> {
        let gone = there.iter().filter(|(setting, _)| self.get(*setting).is_none());
        let mut changes: Vec<Change<'a>> = gone.map(|(setting, _)| Change { setting, value: None }).collect();
        for (setting, value) in self.iter() {
            let before = there.get(setting);
            if before == Some(value) {
                continue;
            }
            // `DateStyle` has two parts, and a value that names one leaves the other as it was: as somebody else chose it.
            if setting == Setting::DATE_STYLE && before.is_some() {
                changes.push(Change { setting, value: None });
            }
            changes.push(Change { setting, value: Some(value_of(setting, value)) });
        }
        changes
    }
}

fn value_of(setting: Setting, value: &str) -> Value<'_> {
    if setting == Setting::SEARCH_PATH {
        Value::List(value.split_terminator(BETWEEN_NAMES).map(str::to_owned).collect())
    } else {
        Value::Text(value)
    }
}

fn checked(setting: Setting, value: &str, own: Own<'_>) -> Result<Box<str>> {
    if value.contains('\0') {
        let message = format!("invalid value for parameter {:?}", setting.name());
        return Err(Error::new(ErrorCode::SettingInvalid, message));
    }
    if setting == Setting::CLIENT_ENCODING {
        return Ok(encoding::check(value)?.into());
    }
    if setting == Setting::SEARCH_PATH {
        let ended = |name: String| name + BETWEEN_NAMES;
        return Ok(search_path::own(value, own)?.into_iter().map(ended).collect());
    }
    if setting == Setting::APPLICATION_NAME {
        // As PostgreSQL does: it stands in logs and lists of other people.
        return Ok(value.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).take(64).collect());
    }
    Ok(value.into())
}

fn refused(name: &str) -> Error {
    Error::new(ErrorCode::SettingRefused, format!("permission denied to set parameter {name:?} at the start"))
}

/// Keeps each set of settings once, for as long as somebody uses it.
#[derive(Debug, Default)]
pub struct Interner {
    known: HashMap<Settings, Weak<Settings>>,
    /// Entries at which those that nobody uses any more are swept out.
    sweep_at: usize,
}

impl Interner {
    /// The shared value equal to this one.
    pub fn intern(&mut self, settings: Settings) -> Arc<Settings> {
        if let Some(known) = self.known.get(&settings).and_then(Weak::upgrade) {
            return known;
        }
        if self.known.len() >= self.sweep_at.max(64) {
            self.known.retain(|_, shared| shared.strong_count() > 0);
            self.sweep_at = self.known.len() * 2;
        }
        let shared = Arc::new(settings.clone());
        self.known.insert(settings, Arc::downgrade(&shared));
        shared
    }

    /// Sets that are kept at the moment, those included that nobody uses any more.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

/// Whether two sets are the same: one comparison of pointers where both come from one interner.
#[inline]
pub fn same(a: &Arc<Settings>, b: &Arc<Settings>) -> bool {
    Arc::ptr_eq(a, b) || a == b
}

#[cfg(test)]
mod tests;
