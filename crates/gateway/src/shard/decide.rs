//! The seam to what knows SQL: for each statement, may it run, as what text, and what does it do to the session.

use std::sync::Arc;

use tenantry_domain::Error;
use tenantry_shape::application::{Discarded, Effects as Judged, PreparedName, Step};

use super::statements::{NameKey, StatementId};
use crate::profile::{Profile, Source};
use crate::reads::Reading;
use crate::sql::moves::Moves;

/// How a statement changes its session in ways that must not reach the next client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// The session has to be reset before another client gets it.
    pub is_dirty: bool,
    /// No reset takes away what it leaves: another client may not get it.
    pub is_spent: bool,
    /// What has to be followed while it runs; none: nothing.
    pub course: Option<Arc<Course>>,
    /// What it is to the choice between a primary and its replicas.
    pub reading: Reading,
}

/// What has to be done as the statements of a text are done, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course(pub(super) Vec<(usize, Part)>);

/// Something that goes with a statement, which is counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Settings change, or a savepoint is made or left.
    Step(Step),
    /// It answers with another command tag than the client waits for: this one.
    Tag(&'static str),
    /// It is the gateway's own: the client does not see its answer.
    Skip,
    /// It brings this prepared statement to the server; where the client prepares it, with the client's name for it.
    Prepared(StatementId, Option<NameKey>),
    /// The client forgets a prepared statement, or all.
    Forget(Option<NameKey>),
}

impl Course {
    /// What has to be followed of a text. Begin and end of transactions show in the answers.
    pub fn of(effects: &Judged, tags: &[(usize, &'static str)]) -> Option<Arc<Self>> {
        let mut parts: Vec<(usize, Part)> =
            tags.iter().map(|(statement, tag)| (*statement, Part::Tag(tag))).collect();
        for (at, step) in effects.steps.iter().enumerate().filter(|(_, step)| is_followed(step)) {
            let statement = effects.steps_by_statement.partition_point(|end| *end <= at);
            parts.push((statement, Part::Step(step.clone())));
        }
        parts.sort_by_key(|(statement, _)| *statement);
        (!parts.is_empty()).then(|| Arc::new(Self(parts)))
    }

    /// The same where `public` in `search_path` was rewritten to this schema, with what stands behind it on everybody's path.
    pub fn with_path(self: &Arc<Self>, schema: &str) -> Arc<Self> {
        let names_public = |part: &Part| matches!(part, Part::Step(Step::Set { name, values, .. }) if name == "search_path" && values.iter().any(|v| v == "public"));
        if !self.0.iter().any(|(_, part)| names_public(part)) {
            return self.clone();
        }
        let mut changed = self.0.clone();
        for (_, part) in &mut changed {
            if let Part::Step(Step::Set { name, values, .. }) = part
                && name == "search_path"
            {
                let written = |value: String| match value.as_str() {
                    "public" => [schema, "global", "extensions"].map(str::to_owned).to_vec(),
                    _ => vec![value],
                };
                *values = std::mem::take(values).into_iter().flat_map(written).collect();
            }
        }
        Arc::new(Self(changed))
    }

    /// What goes with a statement.
    pub(super) fn at(&self, statement: usize) -> impl Iterator<Item = &Part> {
        self.0.iter().filter(move |(at, _)| *at == statement).map(|(_, part)| part)
    }

    /// What goes with this statement and those behind it.
    pub(super) fn from(&self, statement: usize) -> impl Iterator<Item = &Part> {
        self.0.iter().filter(move |(at, _)| *at >= statement).map(|(_, part)| part)
    }

    /// The channels that it listens on, by the server's names.
    pub(super) fn channels(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(_, part)| match part {
            Part::Step(Step::Listen { server, .. }) => Some(server.as_str()),
            _ => None,
        })
    }

    /// Whether settings stay changed.
    pub(super) fn sets(&self) -> bool {
        let sets = |step: &Step| matches!(step, Step::Set { local: false, .. } | Step::SetParameter { .. });
        self.0.iter().any(|(_, part)| matches!(part, Part::Step(step) if sets(step)))
    }

    /// The parameters, counted from 1, whose values settings get.
    pub(super) fn parameters(&self) -> impl Iterator<Item = usize> {
        self.0.iter().filter_map(|(_, part)| match part {
            Part::Step(Step::SetParameter { parameter, .. }) => Some(*parameter),
            _ => None,
        })
    }

    /// The same without what gets the values of parameters.
    pub(super) fn without_parameters(&self) -> Option<Arc<Self>> {
        let kept = self.0.iter().filter(|(_, part)| !matches!(part, Part::Step(Step::SetParameter { .. })));
        let kept: Vec<_> = kept.cloned().collect();
        (!kept.is_empty()).then(|| Arc::new(Self(kept)))
    }

    /// The same with the values of parameters, each NULL or a text; none where one can't be told.
    pub(super) fn bound(&self, value: impl Fn(usize) -> Option<Option<String>>) -> Option<Arc<Self>> {
        let bound = |part: &Part| {
            let Part::Step(Step::SetParameter { name, parameter }) = part else { return Some(part.clone()) };
            let values = value(*parameter)?.into_iter().collect();
            Some(Part::Step(Step::Set { name: name.clone(), values, local: false }))
        };
        let parts = self.0.iter().map(|(at, part)| Some((*at, bound(part)?)));
        Some(Arc::new(Self(parts.collect::<Option<_>>()?)))
    }
}

fn is_followed(step: &Step) -> bool {
    match step {
        Step::Set { local, .. } => !local,
        Step::SetParameter { .. } | Step::Reset(_) | Step::ResetAll | Step::Discard(Discarded::All) => true,
        Step::Savepoint(_) | Step::RollbackTo(_) | Step::Release(_) => true,
        Step::Listen { .. } | Step::Unlisten(_) => true,
        _ => false,
    }
}

/// What is to become of a statement.
#[derive(Debug, Default)]
pub struct Decision {
    /// What running it does.
    pub effects: Effects,
    /// Why it may not run.
    pub refused: Option<Error>,
    /// The text to run instead.
    pub text: Option<Vec<u8>>,
    /// Where that text has its places from.
    pub moves: Option<Moves>,
    /// The names of prepared statements in the text that is to run.
    pub names: Vec<PreparedName>,
    /// It begins a transaction that it does not end. Refused in statement pooling.
    pub begins: bool,
}

/// A statement as a client sent it.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// Whose rules hold.
    pub profile: &'a Profile,
    /// Its text, in the client's encoding.
    pub text: &'a [u8],
    /// False where the statement is longer than what is looked at and this is its beginning.
    pub is_whole: bool,
}

/// Decides about statements. One per shard, so it may cache without locks; called for every Query and Parse, so the
/// usual answer must not allocate.
pub trait Decide: Send {
    /// Decides about a statement.
    fn statement(&mut self, statement: Statement<'_>) -> Decision;

    /// What a statement is to the choice between a primary and its replicas; must not allocate either.
    fn reading(&mut self, _statement: Statement<'_>) -> Reading {
        Reading::default()
    }

    /// Decides about a FunctionCall message, which has no text.
    fn function_call(&mut self, profile: &Profile) -> Decision;

    /// The rules of a data database are these from now on.
    fn learn(&mut self, _source: &Arc<Source>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_with_their_statements() {
        let set =
            |name: &str, local| Step::Set { name: name.to_owned(), values: vec!["1".to_owned()], local };
        let effects = Judged {
            steps: vec![Step::Begin { read_only: None }, set("a", false), set("b", true), Step::ResetAll],
            steps_by_statement: vec![1, 1, 3, 4],
            ..Judged::default()
        };
        let course = Course::of(&effects, &[(1, "TRUNCATE TABLE")]).unwrap();
        let expect = [
            (1, Part::Tag("TRUNCATE TABLE")),
            (2, Part::Step(set("a", false))),
            (3, Part::Step(Step::ResetAll)),
        ];
        assert_eq!(course.0, expect);
        assert!(course.sets() && course.at(2).count() == 1 && course.from(2).count() == 2);
        assert_eq!(Course::of(&Judged::default(), &[]), None);
    }
}
