//! The start-up packet's parameters.

use tenantry_domain::app::{Pooling, Reads};
use tenantry_domain::{Error, ErrorCode, Result};

use super::{NEWEST, Version, options};
use crate::wire::read::Reader;

/// The setting by which the app door's client names its tenant.
pub const CURRENT_TENANT: &str = "app.current_tenant";
/// The setting by which a client says how it wants to be pooled.
pub const POOLING: &str = "tenantry.pooling";

/// The setting by which a client says what replicas may answer.
pub const READS: &str = "tenantry.reads";

/// A start-up packet, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Startup {
    /// The version that client and gateway speak from now on.
    pub version: Version,
    /// Who logs in; never empty.
    pub user: String,
    /// The database that was asked for.
    pub database: Option<String>,
    /// `app.current_tenant`, wherever it stood.
    pub current_tenant: Option<String>,
    /// `tenantry.pooling`, wherever it stood.
    pub pooling: Option<Pooling>,
    /// `tenantry.reads`, wherever it stood.
    pub reads: Option<Reads>,
    /// Settings in the order in which they take effect: those in `options` first. Names in lower case, none twice.
    pub settings: Vec<(String, String)>,
    /// The version and the `_pq_.` options that the client has to be told of with NegotiateProtocolVersion, since they
    /// are not spoken here.
    pub negotiate: Option<Vec<String>>,
}

impl Startup {
    /// From the body behind the version.
    pub(super) fn parse(asked: Version, body: &[u8]) -> Result<Self> {
        if asked.major != NEWEST.major {
            let Version { major, minor } = asked;
            let message = format!(
                "unsupported frontend protocol {major}.{minor}: server supports {}.0 to {}.{}",
                NEWEST.major, NEWEST.major, NEWEST.minor
            );
            return Err(Error::new(ErrorCode::ProtocolUnsupported, message));
        }
        let mut raw = Raw::default();
        for (name, value) in pairs(body)? {
            raw.put(name, value)?;
        }
        raw.understand(asked)
    }
}

fn layout(message: &str) -> Error {
    Error::new(ErrorCode::ProtocolViolation, format!("invalid startup packet layout: {message}"))
}

/// Names and values up to the packet's terminator, behind which nothing may stand.
fn pairs(body: &[u8]) -> Result<Vec<(&str, &str)>> {
    let unterminated = || layout("expected terminator as last byte");
    let utf8 = |bytes| std::str::from_utf8(bytes).map_err(|_| layout("parameters have to be UTF-8"));
    let mut reader = Reader::new(body);
    let mut pairs = Vec::new();
    loop {
        let name = reader.text().map_err(|_| unterminated())?;
        if name.is_empty() {
            return if reader.is_empty() { Ok(pairs) } else { Err(unterminated()) };
        }
        let value = reader.text().map_err(|_| unterminated())?;
        pairs.push((utf8(name)?, utf8(value)?));
    }
}

/// The parameters as they stand in the packet.
#[derive(Default)]
struct Raw<'a> {
    user: Option<&'a str>,
    database: Option<&'a str>,
    options: Option<&'a str>,
    replication: Option<&'a str>,
    settings: Vec<(String, &'a str)>,
    protocol_options: Vec<&'a str>,
}

impl<'a> Raw<'a> {
    fn put(&mut self, name: &'a str, value: &'a str) -> Result<()> {
        let twice = || layout("parameter stands twice").context(format!("{name:?}"));
        let place = match name {
            "user" => &mut self.user,
            "database" => &mut self.database,
            "options" => &mut self.options,
            "replication" => &mut self.replication,
            _ if name.starts_with("_pq_.") => {
                if self.protocol_options.contains(&name) {
                    return Err(twice());
                }
                self.protocol_options.push(name);
                return Ok(());
            }
            _ => {
                // PostgreSQL takes no notice of case in the names of settings, so two spellings are one key.
                let key = name.to_ascii_lowercase();
                if self.settings.iter().any(|(known, _)| *known == key) {
                    return Err(twice());
                }
                self.settings.push((key, value));
                return Ok(());
            }
        };
        match place.replace(value) {
            None => Ok(()),
            Some(_) => Err(twice()),
        }
    }

    fn understand(self, asked: Version) -> Result<Startup> {
        refuse_replication(self.replication)?;
        let user = self.user.filter(|user| !user.is_empty()).ok_or_else(|| {
            Error::new(ErrorCode::LoginInvalid, "no PostgreSQL user name specified in startup packet")
        })?;
        let mut settings: Vec<(String, String)> = Vec::new();
        let from_options = options::parse(self.options.unwrap_or_default())?;
        let from_packet = self.settings.into_iter().map(|(name, value)| (name, value.to_owned()));
        for (name, value) in from_options.into_iter().chain(from_packet) {
            // The last one wins, as on the server; a parameter of the packet comes behind all options.
            settings.retain(|(known, _)| *known != name);
            settings.push((name, value));
        }
        let mut take = |wanted: &str| {
            settings.iter().position(|(name, _)| name == wanted).map(|at| settings.remove(at).1)
        };
        let current_tenant = take(CURRENT_TENANT);
        let pooling = take(POOLING).map(|value| value.parse()).transpose()?;
        let reads = take(READS).map(|value| value.parse()).transpose()?;
        let unspoken = asked.minor > NEWEST.minor || !self.protocol_options.is_empty();
        Ok(Startup {
            version: asked.min(NEWEST),
            user: user.to_owned(),
            database: self.database.filter(|name| !name.is_empty()).map(str::to_owned),
            current_tenant,
            pooling,
            reads,
            settings,
            negotiate: unspoken.then(|| self.protocol_options.iter().map(|&o| o.to_owned()).collect()),
        })
    }
}

/// Replication needs a server of one's own; the parameter may be there as long as it says no.
fn refuse_replication(value: Option<&str>) -> Result<()> {
    let Some(value) = value else { return Ok(()) };
    match boolean(value) {
        Some(false) => Ok(()),
        None if value != "database" => {
            let message = format!("invalid value for parameter \"replication\": {value:?}");
            Err(Error::new(ErrorCode::SettingInvalid, message).help("use false, or leave it out"))
        }
        _ => {
            let message = "replication connections are not supported by the gateway";
            Err(Error::new(ErrorCode::ProtocolUnsupported, message)
                .help("replicate from the server itself, as its operator"))
        }
    }
}

/// A boolean as PostgreSQL reads it: 1, 0, and any beginning of true, false, yes, no, on, off that leaves no doubt.
fn boolean(value: &str) -> Option<bool> {
    let value = value.to_ascii_lowercase();
    let begins = |word: &str, least: usize| value.len() >= least && word.starts_with(&value);
    if value == "1" || begins("true", 1) || begins("yes", 1) || value == "on" {
        Some(true)
    } else if value == "0" || begins("false", 1) || begins("no", 1) || begins("off", 2) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::boolean;

    #[test]
    fn booleans() {
        for yes in ["1", "t", "TRUE", "tru", "y", "yes", "on", "ON"] {
            assert_eq!(boolean(yes), Some(true), "{yes}");
        }
        for no in ["0", "f", "false", "n", "No", "of", "off"] {
            assert_eq!(boolean(no), Some(false), "{no}");
        }
        for neither in ["", "o", "truex", "2", "database", "01"] {
            assert_eq!(boolean(neither), None, "{neither}");
        }
    }
}
