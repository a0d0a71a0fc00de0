//! What a rollout is to do: what was asked for, and what was decided from it, which is the job's input.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenantry_domain::{Error, ErrorCode, Result, ServiceName};

use super::threshold::Threshold;

/// Whether migrations are applied or taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Applied.
    Up,
    /// Taken back.
    Down,
}

/// Who comes first: if one of them fails, nobody else is touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Canary {
    /// So many tenants, the oldest.
    Count(usize),
    /// The tenants that have this label.
    Label(String),
}

impl std::str::FromStr for Canary {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        if let Some(label) = s.strip_prefix("label=").filter(|l| !l.is_empty()) {
            return Ok(Canary::Label(label.to_owned()));
        }
        s.parse().map(Canary::Count).map_err(|_| {
            Error::new(ErrorCode::Usage, format!("{s:?} names no canaries")).help(
                "use a number of tenants (3) or a label (label=beta); `tenantry tenant label` gives labels",
            )
        })
    }
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whether migrations are applied or taken back.
    pub direction: Direction,
    /// How far, for all services or for the one named; without any, and up: to the newest.
    pub to: Vec<(Option<ServiceName>, i64)>,
    /// Only this service.
    pub service: Option<ServiceName>,
    /// Only tenants whose slug matches.
    pub tenants: Option<String>,
    /// Who comes first.
    pub canary: Option<Canary>,
    /// Tenants at the same time on each cluster; absent: as the limits say.
    pub parallel: Option<usize>,
    /// Failures that are let pass; absent: as the limits say.
    pub threshold: Option<Threshold>,
}

impl Request {
    /// Everything that is pending, for everyone.
    pub const fn up() -> Self {
        Self {
            direction: Direction::Up,
            to: Vec::new(),
            service: None,
            tenants: None,
            canary: None,
            parallel: None,
            threshold: None,
        }
    }

    /// The version asked for of a service.
    pub(crate) fn version_of(&self, service: &ServiceName) -> Option<i64> {
        let own = self.to.iter().find(|(s, _)| s.as_ref() == Some(service));
        own.or_else(|| self.to.iter().find(|(s, _)| s.is_none())).map(|(_, version)| *version)
    }

    /// Whether the service is concerned.
    pub(crate) fn concerns(&self, service: &ServiceName) -> bool {
        self.service.as_ref().is_none_or(|s| s == service)
            && (self.to.is_empty() || self.version_of(service).is_some())
    }
}

/// How far one service goes, and with which files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goal {
    /// The version that tenants have afterwards.
    pub to: i64,
    /// The files that take them there (number, blank, name) with the checksums of their texts: a worker with others
    /// refuses.
    pub files: BTreeMap<String, String>,
}

impl Goal {
    /// Its version, with the file that leads there.
    fn words(&self) -> String {
        let file = |key: &String| {
            let (version, file) = key.split_once(' ')?;
            (version.parse() == Ok(self.to) && !file.ends_with(" (down)")).then(|| file.to_owned())
        };
        match self.files.keys().find_map(file) {
            Some(file) => format!("{} ({file})", self.to),
            None => self.to.to_string(),
        }
    }
}

/// What was decided: the input of the job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Whether migrations are applied or taken back.
    pub direction: Direction,
    /// How far each service goes.
    pub services: BTreeMap<String, Goal>,
    /// Only tenants whose slug matches.
    pub tenants: Option<String>,
    /// Who comes first.
    pub canary: Option<Canary>,
    /// Tenants at the same time on each cluster.
    pub parallel: usize,
    /// Failures that are let pass.
    pub threshold: Threshold,
}

impl Order {
    /// As a job's input.
    pub(crate) fn to_input(&self) -> Result<Value> {
        serde_json::to_value(self)
            .map_err(|e| Error::new(ErrorCode::Internal, "write the rollout's order").because(e))
    }

    /// From a job's input.
    ///
    /// # Errors
    /// `internal` when it is not that of a rollout of this version of Tenantry.
    pub fn from_input(input: &Value) -> Result<Self> {
        serde_json::from_value(input.clone())
            .map_err(|e| Error::new(ErrorCode::Internal, "read the rollout's order").because(e))
    }

    /// Whether both mean the same end, whatever the pace.
    pub fn leads_where(&self, other: &Order) -> bool {
        self.direction == other.direction && self.services == other.services && self.tenants == other.tenants
    }

    /// Refuses files that are not those of the order.
    ///
    /// # Errors
    /// `rollout_files` names the first that differs.
    pub(crate) fn check_files(&self, service: &str, there: &BTreeMap<String, String>) -> Result<()> {
        let Some(goal) = self.services.get(service) else { return Ok(()) };
        let names: BTreeSet<&String> = goal.files.keys().collect();
        match names.into_iter().find(|name| there.get(*name) != goal.files.get(*name)) {
            None => Ok(()),
            Some(name) => {
                let file = name.split_once(' ').map_or(name.as_str(), |(_, file)| file);
                let what = if there.contains_key(name) { "differs here" } else { "is not here" };
                Err(Error::new(
                    ErrorCode::RolloutFiles,
                    format!(
                        "{file} of service {service} {what} from the file that the rollout was begun with"
                    ),
                ))
            }
        }
    }

    /// In words: `up to main 5 (0005_orders.up.sql)`.
    pub fn words(&self) -> String {
        let direction = match self.direction {
            Direction::Up => "up",
            Direction::Down => "down",
        };
        let goals: Vec<String> = self.services.iter().map(|(s, g)| format!("{s} {}", g.words())).collect();
        format!("{direction} to {}", goals.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        let files = BTreeMap::from([("1 0001_a.up.sql".to_owned(), "x".to_owned())]);
        Order {
            direction: Direction::Up,
            services: BTreeMap::from([("main".to_owned(), Goal { to: 1, files })]),
            tenants: None,
            canary: Some(Canary::Label("beta".to_owned())),
            parallel: 4,
            threshold: Threshold::Percent(5),
        }
    }

    #[test]
    fn an_order_survives_the_job_table() {
        let order = order();
        assert_eq!(Order::from_input(&order.to_input().unwrap()).unwrap(), order);
        assert_eq!(order.words(), "up to main 1 (0001_a.up.sql)");
    }

    #[test]
    fn other_files_are_refused_by_name() {
        let order = order();
        let there = |sum: &str| BTreeMap::from([("1 0001_a.up.sql".to_owned(), sum.to_owned())]);
        order.check_files("main", &there("x")).unwrap();
        let e = order.check_files("main", &there("y")).unwrap_err();
        assert_eq!(e.code(), ErrorCode::RolloutFiles);
        assert!(e.message().contains("0001_a.up.sql of service main differs"), "{e:?}");
        assert!(order.check_files("main", &BTreeMap::new()).unwrap_err().message().contains("is not here"));
    }

    #[test]
    fn canaries_are_a_number_or_a_label() {
        assert_eq!("3".parse::<Canary>().unwrap(), Canary::Count(3));
        assert_eq!("label=beta".parse::<Canary>().unwrap(), Canary::Label("beta".to_owned()));
        for bad in ["", "label=", "beta", "-1"] {
            assert_eq!(bad.parse::<Canary>().unwrap_err().code(), ErrorCode::Usage, "{bad}");
        }
    }
}
