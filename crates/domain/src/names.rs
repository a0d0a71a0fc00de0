//! Names: parsed once, valid ever after.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorCode};

/// Longest slug, in characters: a label of a host name with room for a role in front (RFC 1035 allows 63).
pub const SLUG_CHARS_MAX: usize = 40;

/// Slugs that hosts, logins and paths of the platform itself use.
pub const RESERVED_SLUGS: &[&str] = &[
    "admin",
    "all",
    "api",
    "app",
    "auth",
    "blank",
    "console",
    "control",
    "default",
    "doctor",
    "gateway",
    "health",
    "internal",
    "localhost",
    "metrics",
    "none",
    "operator",
    "postgres",
    "public",
    "ready",
    "rest",
    "root",
    "shared",
    "static",
    "status",
    "support",
    "system",
    "template",
    "tenant",
    "tenantry",
    "tenants",
    "www",
];

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $code:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str { &self.0 }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(s: &str) -> Result<Self, Error> {
                let check: fn(&str) -> Result<(), (ErrorCode, String)> = $check;
                check(s).map_err(|(code, why)| Error::new(code, format!("{} {s:?} {why}", $what)))?;
                Ok(Self(s.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;
            fn try_from(s: String) -> Result<Self, Error> { s.parse() }
        }

        impl From<$name> for String {
            fn from(n: $name) -> String { n.0 }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str { &self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(&self.0) }
        }
    };
}

name_type!(
    /// A tenant's short name, `[a-z][a-z0-9-]*`: stands in URLs, host names and logins.
    Slug, SlugInvalid, "the slug", check_slug
);
name_type!(
    /// The name of an app, `[a-z][a-z0-9-]*`, at most 20 characters: databases and roles carry it.
    AppName, ConfigInvalid, "the app's name", |s| check_word(s, 20)
);
name_type!(
    /// The name of a service, `[a-z][a-z0-9_]*`, at most 20 characters.
    ServiceName, ConfigInvalid, "the service's name", check_service
);
name_type!(
    /// The name of a cluster in `tenantry.toml`.
    ClusterName, ConfigInvalid, "the cluster's name", |s| check_word(s, 40)
);
name_type!(
    /// The name of a plan in `tenantry.toml`.
    PlanName, ConfigInvalid, "the plan's name", |s| check_word(s, 40)
);
name_type!(
    /// The name of a role of tenants in `tenantry.toml`: `ROLE.SLUG` is a login of the gateway.
    RoleName, ConfigInvalid, "the role's name", |s| check_word(s, 40)
);
name_type!(
    /// A region: where a cluster stands and a tenant wants its data.
    Region, ConfigInvalid, "the region", |s| check_word(s, 40)
);

type Check = Result<(), (ErrorCode, String)>;

fn check_slug(s: &str) -> Check {
    let invalid = |why: &str| Err((ErrorCode::SlugInvalid, why.to_owned()));
    if s.is_empty() {
        return invalid("is empty");
    }
    if s.chars().count() > SLUG_CHARS_MAX {
        return invalid(&format!("has more than {SLUG_CHARS_MAX} characters"));
    }
    if let Some(c) = s.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
        return invalid(&format!("holds {c:?}"));
    }
    if !s.starts_with(|c: char| c.is_ascii_lowercase()) {
        return invalid("does not start with a letter");
    }
    if s.ends_with('-') {
        return invalid("ends with a hyphen");
    }
    if RESERVED_SLUGS.contains(&s) {
        return Err((ErrorCode::SlugReserved, "is reserved".to_owned()));
    }
    Ok(())
}

fn check_word(s: &str, chars_max: usize) -> Check {
    let invalid = |why: String| Err((ErrorCode::ConfigInvalid, why));
    if s.is_empty() || s.len() > chars_max {
        return invalid(format!("must have 1 to {chars_max} characters"));
    }
    if !s.starts_with(|c: char| c.is_ascii_lowercase())
        || !s.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_'))
    {
        return invalid("must start with a letter and hold a-z, 0-9, - and _ only".to_owned());
    }
    Ok(())
}

fn check_service(s: &str) -> Check {
    check_word(s, 20)?;
    if s.contains('-') {
        return Err((ErrorCode::ConfigInvalid, "must not hold a hyphen".to_owned()));
    }
    if s == "control" || s.ends_with("_template") || s.contains("_t_") || s.contains("_blank_") {
        return Err((ErrorCode::ConfigInvalid, "is reserved".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slug_error(s: &str) -> ErrorCode {
        s.parse::<Slug>().unwrap_err().code()
    }

    #[test]
    fn slugs() {
        for good in ["a", "acme", "acme-2", "a1-b2", &"x".repeat(40)] {
            assert_eq!(good.parse::<Slug>().unwrap().as_str(), good);
        }
        for bad in ["", "A", "acme_2", "2acme", "-a", "a-", "ä", "a b", "a\0", &"x".repeat(41)] {
            assert_eq!(slug_error(bad), ErrorCode::SlugInvalid, "{bad:?}");
        }
        for reserved in RESERVED_SLUGS {
            assert_eq!(slug_error(reserved), ErrorCode::SlugReserved);
        }
    }

    #[test]
    fn services_leave_room_for_our_own_databases() {
        for bad in ["control", "crm_template", "a_t_b", "a_blank_b", "a-b", "A", ""] {
            assert!(bad.parse::<ServiceName>().is_err(), "{bad}");
        }
        assert!("crm".parse::<ServiceName>().is_ok());
    }

    proptest! {
        #[test]
        fn a_slug_is_safe_in_hosts_urls_and_identifiers(s in "\\PC{0,50}") {
            if let Ok(slug) = s.parse::<Slug>() {
                prop_assert!(slug.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
                prop_assert!(slug.as_str().len() <= SLUG_CHARS_MAX);
            }
        }
    }
}
