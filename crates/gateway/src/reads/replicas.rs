//! What is known of a cluster's replicas: written by the monitor, read by every shard without a lock.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};
use std::time::Duration;

use tenantry_domain::app::Reads;

use super::ledger::Standing;
pub(crate) use super::ledger::State;
use super::mark::Mark;
use crate::shard::PoolSpec;

/// Questions for which a replica is left alone to which no connection could be opened.
const REFUSING_FOR: u64 = 10;
/// There is no such figure.
const NO_FIGURE: u64 = u64::MAX;

/// Why a read that a replica may do went to the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// No replica has replayed what the client wrote.
    Behind,
    /// There is no replica to ask.
    Down,
    /// A connection to the replica could not be opened.
    Refused,
    /// It was declared to read only, and holds what a replica can't do.
    Unfit,
}

impl Fallback {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 4] = [Self::Behind, Self::Down, Self::Refused, Self::Unfit];

    /// The word for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::Down => "down",
            Self::Refused => "refused",
            Self::Unfit => "unfit",
        }
    }
}

/// What a client has that lets replicas answer.
#[derive(Clone, Debug)]
pub struct ClientReads {
    /// Which of its transactions.
    pub mode: Reads,
    /// The replicas of its cluster.
    pub replicas: Arc<Replicas>,
    /// Its pool on each of them.
    pub pools: Arc<[Arc<PoolSpec>]>,
}

/// The replicas of a cluster.
#[derive(Debug, Default)]
pub struct Replicas {
    /// Number of the latest question to the primary; published before it is sent.
    begun: AtomicU64,
    /// The timeline of its latest answer.
    timeline: AtomicU32,
    each: Vec<Replica>,
    fallbacks: [AtomicU64; Fallback::ALL.len()],
}

/// One of them.
#[derive(Debug, Default)]
pub struct Replica {
    name: String,
    mark: AtomicU64,
    started: AtomicU64,
    refusing_until: AtomicU64,
    reads: AtomicU64,
    state: AtomicU8,
    lag_ms: AtomicU64,
    bytes: AtomicU64,
}

impl Replicas {
    /// Replicas of these names, of which nothing is known yet.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let each = names.into_iter().map(|name| Replica { name, ..Replica::default() }).collect();
        Self { each, ..Self::default() }
    }

    /// Each of them.
    pub fn each(&self) -> &[Replica] {
        &self.each
    }

    /// A question is about to be sent: its number.
    pub(crate) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, SeqCst) + 1
    }

    /// The primary has answered on this timeline.
    pub(crate) fn answered(&self, timeline: u32) {
        self.timeline.store(timeline, Relaxed);
    }

    /// What a client notes whose write was answered just now on a connection of this timeline.
    pub fn written(&self, timeline: u32) -> Mark {
        Mark::new(timeline, self.begun.load(SeqCst))
    }

    /// What a client notes that comes just now: it reads whatever was answered before, whoever wrote it.
    pub fn arrived(&self) -> Mark {
        self.written(self.timeline.load(Relaxed))
    }

    /// The replica for a client that has written by then. Clients with other numbers begin with other replicas, each always with
    /// the same one.
    pub(crate) fn choose(&self, written: Mark, client: usize) -> Result<usize, Fallback> {
        choose(self.each.iter().map(Replica::mark), written, client)
    }

    /// Counts a read that went to the primary.
    pub(crate) fn count_fallback(&self, why: Fallback) {
        if let Some(counter) = self.fallbacks.get(why as usize) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// How many did, by reason.
    pub(crate) fn fallbacks(&self) -> impl Iterator<Item = (Fallback, u64)> {
        Fallback::ALL.into_iter().zip(self.fallbacks.iter().map(|counter| counter.load(Relaxed)))
    }

    /// No connection to this replica could be opened: it is left alone for a while.
    pub(crate) fn refuse(&self, replica: usize) {
        let Some(replica) = self.each.get(replica) else { return };
        replica.refusing_until.store(self.begun.load(SeqCst) + REFUSING_FOR, SeqCst);
        replica.publish(Standing::is(State::Refusing));
    }

    /// This is known of a replica now, from a server process that was started then.
    pub(crate) fn learn(&self, replica: usize, started: u64, standing: Standing) {
        let Some(replica) = self.each.get(replica) else { return };
        let is_refusing = self.begun.load(SeqCst) < replica.refusing_until.load(SeqCst);
        if replica.started.load(SeqCst) != started {
            // Whoever compares sees no mark of the one with the start of the other.
            replica.mark.store(Mark::NONE.to_bits(), SeqCst);
            replica.started.store(started, SeqCst);
        }
        let is_up = standing.state == State::Up;
        replica.publish(if is_refusing && is_up { Standing::is(State::Refusing) } else { standing });
    }
}

/// Which of the replicas with these marks; the first of those that fit, from one place on.
fn choose(
    marks: impl ExactSizeIterator<Item = Mark> + Clone,
    written: Mark,
    client: usize,
) -> Result<usize, Fallback> {
    let count = marks.len();
    let first = client % count.max(1);
    let turned = marks.clone().enumerate().skip(first).chain(marks.clone().enumerate().take(first));
    let mut is_any_up = false;
    for (at, mark) in turned {
        if mark.covers(written) {
            return Ok(at);
        }
        is_any_up |= mark != Mark::NONE;
    }
    Err(if is_any_up { Fallback::Behind } else { Fallback::Down })
}

impl Replica {
    fn publish(&self, standing: Standing) {
        let figure = |figure: Option<u64>| figure.unwrap_or(NO_FIGURE);
        self.state.store(standing.state as u8, Relaxed);
        self.lag_ms.store(figure(standing.lag.map(|lag| lag.as_millis() as u64)), Relaxed);
        self.bytes.store(figure(standing.bytes), Relaxed);
        self.mark.store(standing.mark.to_bits(), SeqCst);
    }

    /// Host and port.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn mark(&self) -> Mark {
        Mark::from_bits(self.mark.load(SeqCst))
    }

    /// When the process that the mark is about was started; 0: nothing is known.
    pub(crate) fn started(&self) -> u64 {
        self.started.load(SeqCst)
    }

    /// Counts a transaction that it does.
    pub(crate) fn count_read(&self) {
        self.reads.fetch_add(1, Relaxed);
    }

    /// How many it did.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Relaxed)
    }

    /// Whether it is asked.
    pub(crate) fn state(&self) -> State {
        let state = self.state.load(Relaxed);
        State::ALL.into_iter().find(|known| *known as u8 == state).unwrap_or_default()
    }

    /// Time that it is behind, where that is known.
    pub(crate) fn lag(&self) -> Option<Duration> {
        Some(self.lag_ms.load(Relaxed)).filter(|ms| *ms != NO_FIGURE).map(Duration::from_millis)
    }

    /// Bytes that it is behind, likewise.
    pub(crate) fn bytes(&self) -> Option<u64> {
        Some(self.bytes.load(Relaxed)).filter(|bytes| *bytes != NO_FIGURE)
    }
}

impl State {
    const ALL: [Self; 6] = [Self::Down, Self::Up, Self::Behind, Self::Promoted, Self::Astray, Self::Refusing];

    /// The word for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Up => "up",
            Self::Behind => "behind",
            Self::Promoted => "promoted",
            Self::Astray => "astray",
            Self::Refusing => "refusing",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn up(number: u64) -> Standing {
        let lag = Some(Duration::from_millis(5));
        Standing { state: State::Up, mark: Mark::new(1, number), lag, bytes: Some(0) }
    }

    #[test]
    fn whoever_wrote_waits_for_a_later_question() {
        let replicas = Replicas::new(["a".to_owned(), "b".to_owned()]);
        let arrived = replicas.arrived();
        assert_eq!(replicas.choose(arrived, 0), Err(Fallback::Down));
        let first = replicas.begin();
        replicas.answered(1);
        replicas.learn(0, 7, up(first));
        assert_eq!(replicas.choose(arrived, 0), Err(Fallback::Behind), "it came before anything was known");
        let before = replicas.written(0);
        assert_eq!(replicas.choose(before, 0), Err(Fallback::Behind), "through a connection of no timeline");
        let written = replicas.arrived();
        assert_eq!(replicas.choose(written, 0), Err(Fallback::Behind));
        let second = replicas.begin();
        replicas.learn(0, 7, up(second));
        assert_eq!(replicas.choose(written, 1), Ok(0), "the other one is down");
        replicas.learn(1, 8, up(second));
        assert_eq!((replicas.choose(written, 1), replicas.choose(written, 2)), (Ok(1), Ok(0)));
        replicas.learn(1, 8, Standing::is(State::Promoted));
        assert_eq!(replicas.choose(written, 1), Ok(0));
    }

    #[test]
    fn a_replica_that_refuses_is_left_alone_for_a_while() {
        let replicas = Replicas::new(["a".to_owned()]);
        replicas.answered(1);
        let written = replicas.arrived();
        let number = replicas.begin();
        replicas.learn(0, 7, up(number));
        replicas.refuse(0);
        for _ in 0..REFUSING_FOR {
            replicas.learn(0, 7, up(number));
            assert_eq!(replicas.choose(written, 0), Err(Fallback::Down));
            assert_eq!(replicas.each()[0].state(), State::Refusing);
            replicas.begin();
        }
        replicas.learn(0, 7, up(number));
        assert_eq!(replicas.choose(written, 0), Ok(0));
        assert_eq!(replicas.each()[0].lag(), Some(Duration::from_millis(5)));
    }

    proptest! {
        #[test]
        fn the_chosen_one_covers_and_none_is_missed(
            marks in prop::collection::vec((0u32..3, 0u64..9), 0..5),
            written in (0u32..3, 0u64..9),
            client: usize,
        ) {
            let marks: Vec<Mark> = marks.into_iter().map(|(timeline, number)| Mark::new(timeline, number)).collect();
            let written = Mark::new(written.0, written.1);
            match choose(marks.iter().copied(), written, client) {
                Ok(at) => prop_assert!(marks[at].covers(written)),
                Err(_) => prop_assert!(marks.iter().all(|mark| !mark.covers(written))),
            }
        }
    }
}
