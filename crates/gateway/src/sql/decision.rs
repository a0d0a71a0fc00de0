//! What was decided of a statement, in a form that holds for every text of its outline.

use std::ops::Range;
use std::sync::Arc;

use tenantry_shape::application::{Denial, Effects, Judgement, Leaves, NameUse, PreparedName};

use super::anchor::{Anchor, Ends, meets_value};
use super::mask;
use super::moves::Moves;
use crate::reads::Reading;
use crate::shard::decide::Course;

/// A decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Why the statement must not run.
    pub refused: Option<Denial>,
    /// What it does. The names of prepared statements have their places from [`Decision::names`] alone.
    pub effects: Effects,
    /// Statements (counted from 0) that answer with another command tag than the client waits for, with that one.
    pub tags: Vec<(usize, &'static str)>,
    /// What has to be followed while it runs, tags included; none: nothing.
    pub course: Option<Arc<Course>>,
    /// What it is to the choice between a primary and its replicas.
    pub reading: Reading,
    edits: Vec<(Range<Anchor>, Box<str>)>,
    names: Vec<Place>,
}

/// Where the name of a prepared statement stands, and the statement around it.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    used: NameUse,
    at: Range<Anchor>,
    within: Range<Anchor>,
}

impl Decision {
    /// From a judgement of this text; none where it can't be told by anchors, which no text of a client reaches.
    pub(super) fn of(text: &[u8], judgement: Judgement) -> Option<Self> {
        let ends = Ends::of(text);
        let Judgement { refused, mut effects, edits, tags, .. } = judgement;
        let edits = edits.into_iter().map(|e| Some((ends.anchors(&e.range)?, e.text.into_boxed_str())));
        let place = |p: &PreparedName| {
            Some(Place { used: p.used, at: ends.anchors(&p.at)?, within: ends.anchors(&p.within)? })
        };
        let names = effects.prepared.iter().map(place).collect::<Option<_>>()?;
        effects.prepared.iter_mut().for_each(|p| (p.at, p.within) = (0..0, 0..0));
        let course = Course::of(&effects, &tags);
        let reading = if refused.is_some() { Reading::default() } else { Reading::of(&effects) };
        Some(Self { refused, effects, tags, course, reading, edits: edits.collect::<Option<_>>()?, names })
    }

    /// A refusal.
    pub(super) fn refusal(denial: Denial) -> Self {
        Self {
            refused: Some(denial),
            effects: Effects::default(),
            tags: Vec::new(),
            course: None,
            reading: Reading::default(),
            edits: Vec::new(),
            names: Vec::new(),
        }
    }

    /// Nothing is known but that it runs.
    pub(super) fn unknown() -> Self {
        let leaves = Leaves { unknown: true, ..Leaves::default() };
        let effects = Effects { leaves, statements: 1, ..Effects::default() };
        Self {
            refused: None,
            effects,
            tags: Vec::new(),
            course: None,
            reading: Reading::default(),
            edits: Vec::new(),
            names: Vec::new(),
        }
    }

    /// Whether the text runs as it is.
    #[inline]
    pub fn keeps_text(&self) -> bool {
        self.edits.is_empty()
    }

    /// Writes what is to run instead of this text behind what `out` holds. The text is of the decision's outline.
    pub fn write(&self, text: &[u8], out: &mut Vec<u8>) {
        let ends = Ends::of(text);
        let mut done = 0;
        for (anchors, new) in &self.edits {
            let range = ends.range(anchors);
            out.extend_from_slice(text.get(done..range.start).unwrap_or_default());
            out.extend_from_slice(new.as_bytes());
            done = range.end;
        }
        out.extend_from_slice(text.get(done..).unwrap_or_default());
    }

    /// Where what [`Decision::write`] makes of the text has its places from; none: it is the text.
    pub fn moves(&self, text: &[u8]) -> Option<Moves> {
        let ends = Ends::of(text);
        Moves::of(text, self.edits.iter().map(|(anchors, new)| (ends.range(anchors), new.as_bytes())))
    }

    /// The names of prepared statements, with their places in this text, which is of the decision's outline.
    pub fn names(&self, text: &[u8]) -> Vec<PreparedName> {
        let ends = Ends::of(text);
        let named = self.names.iter().zip(&self.effects.prepared);
        named
            .map(|(place, p)| PreparedName {
                used: place.used,
                at: ends.range(&place.at),
                within: ends.range(&place.within),
                ..p.clone()
            })
            .collect()
    }

    /// The same with their places in what [`Decision::write`] makes of the text.
    pub fn written_names(&self, text: &[u8]) -> Vec<PreparedName> {
        let ends = Ends::of(text);
        let edits: Vec<(Range<usize>, usize)> =
            self.edits.iter().map(|(anchors, new)| (ends.range(anchors), new.len())).collect();
        let moved = |at: usize| {
            let before = edits.iter().filter(|(range, _)| range.end <= at);
            before.fold(at, |at, (range, new)| at + new - range.len())
        };
        let mut names = self.names(text);
        for name in &mut names {
            name.at = moved(name.at.start)..moved(name.at.end);
            name.within = moved(name.within.start)..moved(name.within.end);
        }
        names
    }

    /// Whether it names prepared statements.
    pub fn has_names(&self) -> bool {
        !self.names.is_empty()
    }

    /// Bytes that it takes, about.
    pub(super) fn bytes(&self) -> usize {
        let edits: usize = self.edits.iter().map(|(_, text)| 48 + text.len()).sum();
        let denial = self.refused.as_ref().map_or(0, |d| d.reason.len() + d.remedy.len());
        // Steps hold a few short texts each; values of settings are texts of the statement, which has a limit.
        let steps: usize = self.effects.steps.iter().map(|s| 96 + format!("{s:?}").len()).sum();
        size_of::<Self>() + edits + denial + steps + 96 * self.names.len()
    }
}

/// Whether every edit and every name of a judgement keeps clear of the values of the text: only then does a place behind a
/// value mean the same in another text.
pub(super) fn clear_of_values(text: &[u8], judgement: &Judgement) -> bool {
    let values = mask::value_ranges(text);
    let edits = judgement.edits.iter().map(|e| &e.range);
    let names = judgement.effects.prepared.iter().map(|p| &p.at);
    edits.chain(names).all(|range| !meets_value(&values, range))
}
