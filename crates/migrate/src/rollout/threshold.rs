//! When failures stop a rollout. Pure.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tenantry_domain::{Error, ErrorCode, Result};

/// How many tenants may fail before the others are left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Threshold {
    /// So many.
    Tenants(u64),
    /// So many of a hundred of those that the rollout is for.
    Percent(u64),
}

impl Threshold {
    /// Whether so many failures are too many, among so many tenants.
    pub fn is_exceeded(self, failures: u64, tenants: u64) -> bool {
        match self {
            Threshold::Tenants(max) => failures > max,
            Threshold::Percent(max) => u128::from(failures) * 100 > u128::from(max) * u128::from(tenants),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Threshold::Tenants(n) => write!(f, "{n}"),
            Threshold::Percent(n) => write!(f, "{n}%"),
        }
    }
}

impl FromStr for Threshold {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        let wrong = || {
            Error::new(ErrorCode::Usage, format!("{s:?} is not a number of failures"))
                .help("use a number of tenants (5) or a share of them (2%)")
        };
        match s.strip_suffix('%') {
            Some(share) => share.parse().ok().filter(|n| *n <= 100).map(Threshold::Percent).ok_or_else(wrong),
            None => s.parse().map(Threshold::Tenants).map_err(|_| wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_shares() {
        let exceeded =
            |text: &str, failures, tenants| text.parse::<Threshold>().unwrap().is_exceeded(failures, tenants);
        assert!(!exceeded("0", 0, 10) && exceeded("0", 1, 10));
        assert!(!exceeded("2", 2, 10) && exceeded("2", 3, 10));
        assert!(!exceeded("10%", 100, 1000) && exceeded("10%", 101, 1000));
        assert!(exceeded("10%", 1, 3), "one of three is more than a tenth");
        for bad in ["", "-1", "101%", "x", "1 %"] {
            assert_eq!(bad.parse::<Threshold>().unwrap_err().code(), ErrorCode::Usage, "{bad}");
        }
        assert_eq!("7%".parse::<Threshold>().unwrap().to_string(), "7%");
    }
}
