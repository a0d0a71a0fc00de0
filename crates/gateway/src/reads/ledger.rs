//! What the primary has answered, and what that says of a replica. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use tenantry_postgres::replication::{PrimaryAt, ReplicaAt};

use super::mark::Mark;

/// Answers that are kept. Of more the older half is thinned out: a replica that is far behind is told by coarser steps.
const ANSWERS_MAX: usize = 256;

#[derive(Clone, Copy, Debug)]
struct Answer {
    number: u64,
    /// When the question was sent, since the gateway's start.
    asked_at: Duration,
    position: u64,
}

/// The answers of one timeline, oldest first.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    timeline: u32,
    answers: VecDeque<Answer>,
}

/// How a replica stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub state: State,
    /// What it covers; [`Mark::NONE`] where it is not to be asked.
    pub mark: Mark,
    /// Time since the latest moment of the primary that it is known to have come to.
    pub lag: Option<Duration>,
    /// Bytes that it has not replayed of what the primary was last known to have.
    pub bytes: Option<u64>,
}

/// Whether a replica is asked, or why not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// It does not answer.
    #[default]
    Down,
    /// It is.
    Up,
    /// It is too far behind.
    Behind,
    /// It is no replica any more.
    Promoted,
    /// It follows another primary, or that can't be told.
    Astray,
    /// Connections to it could not be opened a moment ago.
    Refusing,
}

impl Standing {
    /// Of a replica that is not asked.
    pub(crate) fn is(state: State) -> Self {
        Self { state, mark: Mark::NONE, lag: None, bytes: None }
    }
}

impl Ledger {
    /// The question of this number, sent at this time, was answered so.
    pub(super) fn note(&mut self, number: u64, asked_at: Duration, at: PrimaryAt) {
        // Another server, or one that has lost what it had: nothing of before can be compared with what comes.
        let goes_on =
            self.answers.back().is_none_or(|last| last.number < number && last.position <= at.position);
        if at.timeline != self.timeline || !goes_on {
            self.answers.clear();
            self.timeline = at.timeline;
        }
        self.answers.push_back(Answer { number, asked_at, position: at.position });
        if self.answers.len() > ANSWERS_MAX {
            let mut place = 0;
            self.answers.retain(|_| {
                place += 1;
                place > ANSWERS_MAX / 2 || place % 2 == 0
            });
        }
    }

    /// How a replica stands that has said this, now.
    pub(super) fn standing(&self, replica: ReplicaAt, now: Duration, lag_max: Duration) -> Standing {
        if !replica.is_replica {
            return Standing::is(State::Promoted);
        }
        if replica.timeline != Some(self.timeline) || self.timeline == 0 {
            return Standing::is(State::Astray);
        }
        let behind = self.answers.partition_point(|answer| answer.position <= replica.position);
        let bytes = self.answers.back().map(|last| last.position.saturating_sub(replica.position));
        let Some(covered) = behind.checked_sub(1).and_then(|at| self.answers.get(at)) else {
            return Standing { bytes, ..Standing::is(State::Behind) };
        };
        let lag = now.saturating_sub(covered.asked_at);
        if lag > lag_max {
            return Standing { lag: Some(lag), bytes, ..Standing::is(State::Behind) };
        }
        let mark = Mark::new(self.timeline, covered.number);
        let state = if mark == Mark::NONE { State::Astray } else { State::Up };
        Standing { state, mark, lag: Some(lag), bytes }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LAG_MAX: Duration = Duration::from_secs(10);

    fn at(position: u64, timeline: u32) -> PrimaryAt {
        PrimaryAt { position, timeline }
    }

    fn replica(position: u64, timeline: u32) -> ReplicaAt {
        ReplicaAt { is_replica: true, started: 1, position, timeline: Some(timeline) }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_replica_covers_what_it_has_replayed() {
        let mut ledger = Ledger::default();
        for (number, position) in [(1, 100), (2, 100), (3, 300), (4, 400)] {
            ledger.note(number, seconds(number), at(position, 1));
        }
        let stands = |position, now| ledger.standing(replica(position, 1), seconds(now), LAG_MAX);
        assert_eq!(stands(99, 4), Standing { bytes: Some(301), ..Standing::is(State::Behind) });
        assert_eq!(stands(100, 4).mark, Mark::new(1, 2));
        assert_eq!(stands(399, 4).mark, Mark::new(1, 3));
        let up = Standing { state: State::Up, mark: Mark::new(1, 4), lag: Some(seconds(1)), bytes: Some(0) };
        assert_eq!(stands(400, 5), up);
        assert_eq!(stands(400, 14).state, State::Up);
        assert_eq!(
            (stands(400, 15).state, stands(400, 15).mark),
            (State::Behind, Mark::NONE),
            "nothing is heard"
        );
    }

    #[test]
    fn another_timeline_begins_anew() {
        let mut ledger = Ledger::default();
        let stands = |ledger: &Ledger, r| ledger.standing(r, seconds(2), LAG_MAX);
        assert_eq!(stands(&ledger, replica(9, 0)).state, State::Astray, "nothing is known of the primary");
        ledger.note(1, seconds(1), at(500, 1));
        assert_eq!(stands(&ledger, replica(900, 2)).state, State::Astray);
        assert_eq!(stands(&ledger, ReplicaAt { timeline: None, ..replica(900, 1) }).state, State::Astray);
        assert_eq!(
            stands(&ledger, ReplicaAt { is_replica: false, ..replica(900, 1) }).state,
            State::Promoted
        );
        ledger.note(2, seconds(2), at(400, 2));
        assert_eq!(stands(&ledger, replica(900, 1)).state, State::Astray, "it has what the new primary lost");
        assert_eq!(stands(&ledger, replica(399, 2)).state, State::Behind, "the old positions don't count");
        assert_eq!(stands(&ledger, replica(400, 2)).mark, Mark::new(2, 2));
        ledger.note(3, seconds(2), at(300, 2));
        assert_eq!(stands(&ledger, replica(300, 2)).mark, Mark::new(2, 3), "a primary that has gone back");
    }

    #[test]
    fn what_is_kept_has_an_end() {
        let mut ledger = Ledger::default();
        for number in 1..5_000 {
            ledger.note(number, seconds(number), at(number * 10, 1));
        }
        assert!(ledger.answers.len() <= ANSWERS_MAX);
        let stands = ledger.standing(replica(49_990, 1), seconds(5_000), LAG_MAX);
        assert_eq!(stands.mark, Mark::new(1, 4_999), "the latest is there");
    }

    proptest! {
        /// A history of commits and questions: a replica that is given to a client has replayed all that was committed when
        /// the client's note was taken.
        #[test]
        fn whoever_is_covered_reads_what_it_wrote(
            events in prop::collection::vec((0u8..4, 1u64..50), 1..400),
            replayed in 0u64..6_000,
        ) {
            let (mut ledger, mut log, mut timeline, mut begun) = (Ledger::default(), 0, 1, 0);
            let mut notes = Vec::new();
            let mut open = None;
            for (event, bytes) in events {
                match event {
                    // A commit, answered: the client notes what is published.
                    0 => { log += bytes; notes.push((Mark::new(timeline, begun), log, timeline)); }
                    // A question is published and sent; its answer is taken at some later time.
                    1 => { begun += 1; open = Some(begun); }
                    2 => if let Some(number) = open.take() {
                        ledger.note(number, seconds(number), at(log, timeline));
                    },
                    // A fail-over that loses some of the log, rarely.
                    _ if bytes == 7 => { log -= log.min(20); timeline += 1; open = None; }
                    _ => {}
                }
            }
            let mark = ledger.standing(replica(replayed, timeline), seconds(begun), seconds(u64::MAX)).mark;
            for (note, position, on) in notes {
                if mark.covers(note) {
                    prop_assert!(on == timeline && position <= replayed);
                }
            }
        }
    }
}
