//! An attack as data: what tenant A tries, what must happen, and the positive twin that shows that the refusal is about
//! the boundary and not about the statement.
//!
//! [`Attack`]s hold statements with placeholders (`{victim_products}`), so that one text serves every isolation. Whatever
//! the victim's data holds is marked with [`MARK`]: it may appear in no row, notice or message that A receives.

use tenantry_domain::Isolation;

pub mod session;

/// What every secret of the victim contains.
pub const MARK: &str = "SECRET_B";

/// Every isolation.
pub const ALL: &[Isolation] = &Isolation::ALL;
/// Shared tables alone.
pub const SHARED: &[Isolation] = &[Isolation::Shared];
/// A schema of its own alone.
pub const SCHEMA: &[Isolation] = &[Isolation::Schema];
/// A database of its own alone.
pub const DATABASE: &[Isolation] = &[Isolation::Database];
/// The two isolations that share a database.
pub const ONE_DATABASE: &[Isolation] = &[Isolation::Shared, Isolation::Schema];
/// The two isolations with tables of the tenant's own.
pub const OWN_TABLES: &[Isolation] = &[Isolation::Schema, Isolation::Database];

/// Who runs a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// The attacker's session.
    A,
    /// The victim's session.
    B,
    /// A superuser in A's database: controls, and what the platform does.
    Super,
    /// A superuser in B's database.
    SuperAtB,
    /// A's login in B's database.
    AAtVictim,
    /// A's login in the database that PostgreSQL makes itself.
    AAtPostgres,
    /// A's login in the template database.
    AAtTemplate,
    /// The app door's login in the data database.
    App,
}

/// What must come of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// It succeeds.
    Done,
    /// It fails with one of these SQLSTATEs.
    Refused(&'static [&'static str]),
    /// It succeeds and returns no row.
    NoRows,
    /// It succeeds and returns a row.
    SomeRows,
    /// It succeeds, and the first column of the first row is this text.
    Value(&'static str),
    /// It succeeds with this many rows touched (the command's tag).
    Touched(u64),
    /// It succeeds, and a row or a notice contains this text.
    Shows(&'static str),
    /// It succeeds, and after some repetitions a notification contains this text (they arrive when they arrive).
    Hears(&'static str),
}

/// One statement.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Whose session.
    pub who: Who,
    /// The statement, with placeholders. `COPY ... FROM STDIN` carries its data behind the first line break.
    pub sql: &'static str,
    /// What must come of it.
    pub expect: Expect,
}

/// An attack and its twin.
#[derive(Clone, Debug)]
pub struct Attack {
    /// The number in the catalogue of attacks (docs/security.md).
    pub id: &'static str,
    /// What is tried.
    pub title: &'static str,
    /// Where it applies.
    pub isolations: &'static [Isolation],
    /// The attack. Each step's expectation is the good outcome.
    pub steps: Vec<Step>,
    /// The same act where it is allowed: within one's own data, or by a superuser to show that it is well-formed.
    pub twin: Vec<Step>,
    /// Open in PostgreSQL itself: the expectation records what is, so that a change is noticed.
    pub known_open: bool,
    /// Whether tenants may create objects where it applies; `None`: either way.
    pub tenant_ddl: Option<bool>,
}

/// Begins a case.
pub fn attack(id: &'static str, title: &'static str, isolations: &'static [Isolation]) -> Attack {
    Attack { id, title, isolations, steps: vec![], twin: vec![], known_open: false, tenant_ddl: None }
}

impl Attack {
    /// A step of preparation that must succeed, by anyone.
    #[must_use]
    pub fn first(mut self, who: Who, sql: &'static str) -> Self {
        self.steps.push(Step { who, sql, expect: Expect::Done });
        self
    }

    /// What A tries, and its good outcome.
    #[must_use]
    pub fn tries(mut self, sql: &'static str, expect: Expect) -> Self {
        self.steps.push(Step { who: Who::A, sql, expect });
        self
    }

    /// What A tries and is refused.
    #[must_use]
    pub fn refused(self, sql: &'static str, sqlstate: &'static [&'static str]) -> Self {
        self.tries(sql, Expect::Refused(sqlstate))
    }

    /// What must come of a statement of somebody else's meanwhile.
    #[must_use]
    pub fn meanwhile(mut self, who: Who, sql: &'static str, expect: Expect) -> Self {
        self.steps.push(Step { who, sql, expect });
        self
    }

    /// The positive twin's next step.
    #[must_use]
    pub fn twin(mut self, who: Who, sql: &'static str, expect: Expect) -> Self {
        self.twin.push(Step { who, sql, expect });
        self
    }

    /// Marks it as open in PostgreSQL itself.
    #[must_use]
    pub fn known_open(mut self) -> Self {
        self.known_open = true;
        self
    }

    /// Needs tenants that may create objects of their own.
    #[must_use]
    pub fn with_ddl(mut self) -> Self {
        self.tenant_ddl = Some(true);
        self
    }

    /// Applies where tenants may create nothing.
    #[must_use]
    pub fn without_ddl(mut self) -> Self {
        self.tenant_ddl = Some(false);
        self
    }
}
