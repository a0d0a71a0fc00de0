//! The judging of one shard: decisions by the rules of whoever asks.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use tenantry_domain::{Error, ErrorCode, Isolation};
use tenantry_shape::application::{Denial, Door, Leaves, Step, Tables};

use super::{Profile, Source};
use crate::reads::Reading;
use crate::shard::decide::{Decide, Decision, Effects, Statement};
use crate::sql::decision::Decision as Judged;
use crate::sql::decisions::{Decisions, Judge};
use crate::sql::generations::Folded;
use crate::sql::mask::OutlineKey;

/// Profiles whose rules are kept put together.
const JUDGES_MAX: usize = 4_096;

/// See the module.
pub struct Judging {
    decisions: Decisions,
    /// By [`Source::place`].
    sources: Vec<Option<Arc<Source>>>,
    judges: HashMap<u32, Judge, BuildHasherDefault<Folded>>,
    /// For those whose boundary is PostgreSQL, as long as nothing is known of their server.
    unread: Arc<Source>,
}

impl Judging {
    /// Without any rules yet.
    pub fn new(key: OutlineKey) -> Self {
        let (tables, harmless) = (Arc::new(Tables::none()), Arc::new(BTreeSet::new()));
        Self {
            decisions: Decisions::new(key),
            sources: Vec::new(),
            judges: HashMap::default(),
            unread: Arc::new(Source {
                place: u32::MAX,
                number: 0,
                tables,
                harmless,
                own_settings: Arc::default(),
            }),
        }
    }

    /// What a profile is judged by; none: nothing is known of its tables, without which nobody may be let through.
    fn judge(&mut self, profile: &Profile) -> Option<&Judge> {
        if !self.judges.contains_key(&profile.id) {
            let source = self.sources.get(profile.place as usize).and_then(Option::as_ref);
            let source = source.or((profile.isolation != Isolation::Shared).then_some(&self.unread))?;
            let rules = Arc::new(profile.rules(source));
            let judge = Judge { number: profile.rules_number(source), rules };
            if self.judges.len() >= JUDGES_MAX {
                self.judges.clear();
            }
            self.judges.insert(profile.id, judge);
        }
        self.judges.get(&profile.id)
    }

    fn judged(&mut self, profile: &Profile, text: &[u8]) -> Option<Arc<Judged>> {
        let judge = self.judge(profile)?.clone();
        Some(self.decisions.decide(text, &judge))
    }
}

impl Decide for Judging {
    fn statement(&mut self, statement: Statement<'_>) -> Decision {
        let Statement { profile, text, is_whole } = statement;
        if !is_whole {
            return match profile.isolation {
                Isolation::Shared => refused(too_long()),
                Isolation::Schema | Isolation::Database => unknown(),
            };
        }
        let Some(judged) = self.judged(profile, text) else { return refused(no_rules()) };
        if let Some(denial) = &judged.refused {
            return refused(error(denial));
        }
        let steps = &judged.effects.steps;
        if steps.iter().any(|step| matches!(step, Step::Tenant { .. })) {
            return refused(fixed());
        }
        let written = (!judged.keeps_text()).then(|| {
            let mut out = Vec::new();
            judged.write(text, &mut out);
            out
        });
        let moves = if written.is_some() { judged.moves(text) } else { None };
        let names = if judged.has_names() { judged.written_names(text) } else { Vec::new() };
        let course = match &judged.course {
            Some(course) if written.is_some() => Some(course.with_path(&profile.schema)),
            course => course.clone(),
        };
        let is_dirty = is_dirty(judged.effects.leaves, profile);
        Decision {
            effects: Effects {
                is_dirty,
                is_spent: is_spent(judged.effects.leaves, profile),
                course,
                reading: judged.reading,
            },
            refused: None,
            text: written,
            moves,
            names,
            begins: begins(steps),
        }
    }

    fn reading(&mut self, statement: Statement<'_>) -> Reading {
        let Statement { profile, text, is_whole } = statement;
        let judged = if is_whole { self.judged(profile, text) } else { None };
        judged.map_or_else(Reading::default, |judged| judged.reading)
    }

    fn function_call(&mut self, profile: &Profile) -> Decision {
        match profile.isolation {
            Isolation::Shared => refused(no_function_calls()),
            Isolation::Schema | Isolation::Database => unknown(),
        }
    }

    fn learn(&mut self, source: &Arc<Source>) {
        let place = source.place as usize;
        if self.sources.len() <= place {
            self.sources.resize(place + 1, None);
        }
        if let Some(known) = self.sources.get_mut(place) {
            *known = Some(source.clone());
        }
        // Decisions by the old rules are not found under the new ones' number, and go when room is needed.
        self.judges.clear();
    }
}

/// Whether something stays that neither the gateway follows nor the end of the transaction takes away.
fn is_dirty(leaves: Leaves, profile: &Profile) -> bool {
    let Leaves { temporary, cursors, channels, locks, sequences, counts, unknown, .. } = leaves;
    // What counters gave last is in the session. At its own door a tenant's session goes to that tenant alone; the app
    // door's goes to others.
    temporary || cursors || channels || locks || sequences || unknown || counts && is_common(profile)
}

/// Whether others would get random numbers that this client can foretell: no reset makes new ones.
fn is_spent(leaves: Leaves, profile: &Profile) -> bool {
    leaves.seed && is_common(profile)
}

/// Whether its servers serve other tenants too.
fn is_common(profile: &Profile) -> bool {
    profile.door == Door::App && profile.isolation == Isolation::Shared
}

/// Whether a transaction is begun and not ended.
fn begins(steps: &[Step]) -> bool {
    steps.iter().fold(false, |open, step| match step {
        Step::Begin { .. } => true,
        Step::Commit { chain } | Step::Rollback { chain } => *chain,
        _ => open,
    })
}

fn refused(error: Error) -> Decision {
    Decision { refused: Some(error), ..Decision::default() }
}

fn unknown() -> Decision {
    Decision { effects: Effects { is_dirty: true, ..Effects::default() }, ..Decision::default() }
}

fn error(denial: &Denial) -> Error {
    let code = match denial.sqlstate {
        "0A000" => ErrorCode::StatementUnsupported,
        "42601" => ErrorCode::StatementSyntax,
        "54000" => ErrorCode::StatementLong,
        "22021" => ErrorCode::StatementEncoding,
        "28000" => ErrorCode::NoTenant,
        "53000" => ErrorCode::GatewayShort,
        _ => ErrorCode::StatementRefused,
    };
    Error::new(code, denial.reason.clone()).help(denial.remedy.clone())
}

fn fixed() -> Error {
    Error::new(ErrorCode::StatementRefused, "app.current_tenant is fixed once a tenant was named")
        .help("open a connection for each tenant; the gateway pools them")
}

fn no_rules() -> Error {
    Error::new(ErrorCode::RulesMissing, "the gateway does not know the app's tables yet")
}

fn too_long() -> Error {
    Error::new(ErrorCode::StatementLong, "the statement is too long to be judged")
}

fn no_function_calls() -> Error {
    Error::new(ErrorCode::StatementRefused, "FunctionCall messages are not allowed in shared isolation")
        .help("call the function with SELECT")
}

#[cfg(test)]
mod tests;
