//! The settings that a client chooses when it connects.
//!
//! [`Setting`] is the allow-list: what a client may choose when it connects. A setting
//! that is not in it (`role`, `session_authorization`, `session_replication_role`, preloaded libraries, anything of
//! Tenantry's own) is refused and not dropped, because a client that believes in a setting that does not hold may do
//! harm.
//!
//! What follows from them on servers is the relay's (`shard/settings.rs`).

use tenantry_domain::app::OwnSettings;
use tenantry_domain::{Error, ErrorCode, Result};

use super::encoding;
use super::search_path::{self, Own};

mod names;

pub use names::Setting;

/// Bytes of all values of one client at most. PostgreSQL takes 10,000 with the start-up packet.
const VALUE_BYTES_MAX: usize = 8_192;

/// Ends each name of a list as it is kept. No name and no value holds it, so that nothing has to be quoted here.
const BETWEEN_NAMES: &str = "\0";

/// A client's choices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Sorted by setting, none twice.
    chosen: Vec<(Setting, Box<str>)>,
    /// Those of the application's own, in their order.
    own: Vec<(Box<str>, Box<str>)>,
}

impl Settings {
    /// From a start-up packet, later ones winning over earlier ones.
    ///
    /// # Errors
    /// `setting_refused` for a setting that a client may not choose, and for schemas that are not its own;
    /// `setting_invalid` and `encoding_refused` for values that can't be.
    pub fn from_startup(pairs: &[(String, String)], own: Own<'_>, settings: &OwnSettings) -> Result<Self> {
        pairs.iter().try_fold(Self::default(), |mut taken, (name, value)| match Setting::find(name) {
            Some(setting) => taken.with(setting, value, own),
            None if settings.has(&name.to_ascii_lowercase()) && !value.contains('\0') => {
                taken.own.push((name.to_ascii_lowercase().into(), value.as_str().into()));
                taken.checked()
            }
            None => Err(refused(name)),
        })
    }

    /// The same, if they are not too many.
    fn checked(self) -> Result<Self> {
        let listed = self.chosen.iter().map(|(_, value)| value.len());
        let own = self.own.iter().map(|(name, value)| name.len() + value.len());
        if listed.chain(own).sum::<usize>() > VALUE_BYTES_MAX {
            let message = format!("the session's settings have more than {VALUE_BYTES_MAX} bytes");
            return Err(Error::new(ErrorCode::SettingInvalid, message));
        }
        Ok(self)
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
        Self { chosen, own: self.own.clone() }.checked()
    }

    /// The value of a setting; of a list, each name with a NUL behind it.
    #[cfg(test)]
    pub fn get(&self, setting: Setting) -> Option<&str> {
        let at = self.chosen.binary_search_by_key(&setting, |(s, _)| *s).ok()?;
        Some(&self.chosen[at].1)
    }

    /// Those of the application's own, with names in lower case.
    pub fn own(&self) -> &[(Box<str>, Box<str>)] {
        &self.own
    }

    /// All that are on the list, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (Setting, &str)> {
        self.chosen.iter().map(|(setting, value)| (*setting, &**value))
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

#[cfg(test)]
mod tests;
