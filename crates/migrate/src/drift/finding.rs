//! What was found, and the SQL that mends it.

use serde::Serialize;
use tenantry_domain::{ServiceName, Slug};
use tenantry_postgres::catalog::beside::Beside;
use tenantry_postgres::catalog::{Catalog, Difference, Key, Mending, Place};

/// A schema that was compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// As messages name it: `tenant acme`, `shared tables`.
    pub title: String,
    /// Whose it is; none where it belongs to all.
    pub tenant: Option<Slug>,
    /// Of which service.
    pub service: ServiceName,
    /// On which cluster.
    pub cluster: String,
    /// In which database.
    pub database: String,
    /// The schema.
    pub schema: String,
    /// The role that owns its objects.
    #[serde(skip)]
    pub owner: String,
    /// The role that uses them.
    #[serde(skip)]
    pub reader: String,
}

/// A schema that is not as it should be.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// Which.
    #[serde(flatten)]
    pub subject: Subject,
    /// What differs.
    pub differences: Vec<Difference>,
    /// The variations declared for it.
    pub variations: Vec<String>,
    /// Why it could not be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// What mends it.
    pub mending: Mending,
}

/// A tenant that has not been brought to the newest migration; it is compared with its own version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lagging {
    /// Which.
    #[serde(flatten)]
    pub subject: Subject,
    /// The newest migration that it holds.
    pub version: i64,
    /// The newest that there is.
    pub newest: i64,
    /// Whether it could be compared with what the template held at its version.
    pub compared: bool,
}

/// What a tenant has made for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Own {
    /// Which.
    #[serde(flatten)]
    pub subject: Subject,
    /// Its objects.
    pub objects: Vec<Key>,
}

/// Everything that was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// How many tenants were looked at; one with several services counts for each.
    pub examined: usize,
    /// Where something differs.
    pub drifted: Vec<Finding>,
    /// Who lags behind.
    pub lagging: Vec<Lagging>,
    /// Where columns stand in another order than in the template, and nothing else is wrong with them.
    pub reordered: Vec<Finding>,
    /// What tenants have made for themselves, where that was asked for.
    pub own: Vec<Own>,
    /// What could not be compared because nothing was noted of it.
    pub unknown: Vec<Subject>,
}

impl Report {
    pub(super) fn sort(&mut self) {
        let order = |s: &Subject| (s.tenant.is_some(), s.title.clone(), s.service.clone());
        self.drifted.sort_by_key(|f| order(&f.subject));
        self.reordered.sort_by_key(|f| order(&f.subject));
        self.lagging.sort_by_key(|l| order(&l.subject));
        self.own.sort_by_key(|o| order(&o.subject));
    }

    /// Compares and keeps what differs.
    pub(super) fn compare(
        &mut self,
        subject: &Subject,
        (expected, found): (&Catalog, &Catalog),
        variations: &[String],
    ) {
        let (order, differences): (Vec<_>, Vec<_>) =
            expected.drift(found).into_iter().partition(|d| matches!(d, Difference::Reordered { .. }));
        let finding = |differences, mending| Finding {
            subject: subject.clone(),
            differences,
            variations: variations.to_vec(),
            unreadable: None,
            mending,
        };
        if !order.is_empty() {
            self.reordered.push(finding(order, Mending::default()));
        }
        if !differences.is_empty() {
            let mending = expected.mending(found, &subject.schema, (&subject.owner, &subject.reader));
            self.drifted.push(finding(differences, mending));
        }
    }

    /// Compares what stands beside the schemas of a tenant's own database.
    pub(super) fn compare_beside(&mut self, tenant: &Subject, (expected, found): (&Beside, &Beside)) {
        let (differences, as_platform) = expected.compare(found);
        if !differences.is_empty() {
            let title = format!("{}, its database", tenant.title);
            self.drifted.push(Finding {
                subject: Subject { title, ..tenant.clone() },
                differences,
                variations: Vec::new(),
                unreadable: None,
                mending: Mending { as_platform, as_owner: Vec::new() },
            });
        }
    }

    pub(super) fn unreadable(&mut self, subject: Subject, why: String) {
        let (differences, variations) = (Vec::new(), Vec::new());
        let mending = Mending::default();
        self.drifted.push(Finding { subject, differences, variations, unreadable: Some(why), mending });
    }
}

impl Finding {
    /// The script for psql that makes the schema as it should be; statements that lose data are commented out unless
    /// `with_losses`.
    pub fn script(&self, lock_ms_max: u64, with_losses: bool) -> String {
        let subject = &self.subject;
        let title = format!("{}, service {}", subject.title, subject.service);
        let place = Place {
            title: &title,
            database: &subject.database,
            schema: &subject.schema,
            owner: &subject.owner,
            lock_ms_max,
        };
        self.mending.script(&place, with_losses)
    }
}
