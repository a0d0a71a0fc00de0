//! The board that a wave's workers share: which tenants wait, which wait for another try, how many failed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenantry_domain::Error;
use tokio::sync::Notify;
use tokio::time::Instant;

/// One tenant's turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Which of the wave's tenants.
    pub unit: usize,
    /// How often it was tried before.
    pub tries: u32,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<Turn>,
    /// When, and who; the number keeps turns of one moment apart.
    later: BinaryHeap<Reverse<(Instant, usize, u32)>>,
    in_hand: usize,
    stopped: bool,
    broken: Option<Error>,
}

/// The board.
#[derive(Debug, Default)]
pub(crate) struct Board {
    state: Mutex<State>,
    changed: Notify,
}

enum Look {
    Turn(Turn),
    Wait(Option<Instant>),
    Over,
}

impl Board {
    /// With these tenants to be tried, in order.
    pub fn new(units: impl Iterator<Item = usize>) -> Self {
        let ready = units.map(|unit| Turn { unit, tries: 0 }).collect();
        Self { state: Mutex::new(State { ready, ..State::default() }), changed: Notify::new() }
    }

    /// The next tenant's turn; none when all are done, or when no more are to be begun.
    pub async fn next(&self) -> Option<Turn> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Before the look, so that what changes right after it is heard of.
            changed.as_mut().enable();
            match self.look() {
                Look::Turn(turn) => return Some(turn),
                Look::Over => return None,
                Look::Wait(None) => changed.await,
                Look::Wait(Some(until)) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(until) => {}
                    }
                }
            }
        }
    }

    /// How many wait for their first turn.
    pub fn waiting(&self) -> usize {
        self.lock().ready.len()
    }

    /// So many more turns at most of tenants that were not tried yet and that `fits` takes, in order.
    pub fn more(&self, most: usize, fits: impl Fn(usize) -> bool) -> Vec<Turn> {
        let mut state = self.lock();
        let mut turns = Vec::new();
        while turns.len() < most && !state.stopped && state.ready.front().is_some_and(|t| fits(t.unit)) {
            turns.extend(state.ready.pop_front());
        }
        state.in_hand += turns.len();
        turns
    }

    fn look(&self) -> Look {
        let mut state = self.lock();
        if state.stopped {
            return Look::Over;
        }
        if let Some(turn) = state.ready.pop_front() {
            state.in_hand += 1;
            return Look::Turn(turn);
        }
        match state.later.peek() {
            Some(Reverse((at, unit, tries))) if *at <= Instant::now() => {
                let turn = Turn { unit: *unit, tries: *tries };
                state.later.pop();
                state.in_hand += 1;
                Look::Turn(turn)
            }
            Some(Reverse((at, _, _))) => Look::Wait(Some(*at)),
            // Who is in hand may have to be tried again.
            None if state.in_hand > 0 => Look::Wait(None),
            None => Look::Over,
        }
    }

    /// The turn is over for good.
    pub fn done(&self) {
        self.lock().in_hand -= 1;
        self.changed.notify_waiters();
    }

    /// Whether the turn may still begin; else it is given back.
    pub fn may_begin(&self, turn: &Turn) -> bool {
        let mut state = self.lock();
        if state.stopped {
            state.in_hand -= 1;
            state.ready.push_front(turn.clone());
        }
        !state.stopped
    }

    /// The tenant is to be tried again after a pause.
    pub fn again(&self, turn: &Turn, pause: Duration) {
        let mut state = self.lock();
        state.in_hand -= 1;
        state.later.push(Reverse((Instant::now() + pause, turn.unit, turn.tries + 1)));
        drop(state);
        self.changed.notify_waiters();
    }

    /// No more tenants are begun; those in hand are finished.
    pub fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_waiters();
    }

    /// As [`Board::stop`], for an error that concerns no tenant alone. The first one counts.
    pub fn break_off(&self, error: Error) {
        let mut state = self.lock();
        state.stopped = true;
        state.broken.get_or_insert(error);
        drop(state);
        self.changed.notify_waiters();
    }

    /// How many wait for another try.
    pub fn waiting_again(&self) -> usize {
        self.lock().later.len()
    }

    /// Whether everybody had a turn, or why not.
    pub fn end(self) -> Result<bool, Error> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match state.broken {
            Some(error) => Err(error),
            None => Ok(state.ready.is_empty() && state.later.is_empty()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_has_to_wait_does_not_keep_the_others() {
        let board = Board::new(0..3);
        let first = board.next().await.unwrap();
        board.again(&first, Duration::from_millis(20));
        let mut order = Vec::new();
        while let Some(turn) = board.next().await {
            order.push((turn.unit, turn.tries));
            board.done();
        }
        assert_eq!(order, [(1, 0), (2, 0), (0, 1)]);
        assert!(board.end().unwrap());
    }

    #[tokio::test]
    async fn the_last_in_hand_may_come_back() {
        let board = Board::new(0..1);
        let turn = board.next().await.unwrap();
        let next = board.next();
        tokio::pin!(next);
        assert!(futures_util::poll!(next.as_mut()).is_pending(), "somebody has it in hand");
        board.again(&turn, Duration::ZERO);
        assert_eq!(next.await.unwrap().tries, 1);
    }

    #[tokio::test]
    async fn several_at_a_time() {
        let board = Board::new(0..6);
        let first = board.next().await.unwrap();
        let more = |most, below| -> Vec<usize> {
            board.more(most, |unit| unit < below).into_iter().map(|t| t.unit).collect()
        };
        assert_eq!((first.unit, board.waiting()), (0, 5));
        assert_eq!(more(2, 9), [1, 2]);
        assert_eq!(more(9, 4), [3], "the next one does not fit");
        (0..4).for_each(|_| board.done());
        let fifth = board.next().await.unwrap();
        assert!(fifth.unit == 4 && board.may_begin(&fifth));
        board.stop();
        assert!(!board.may_begin(&fifth));
        assert_eq!(board.waiting(), 2);
        assert!(!board.end().unwrap(), "one had no turn");
    }

    #[tokio::test]
    async fn nobody_is_begun_after_a_stop() {
        let board = Board::new(0..2);
        board.next().await.unwrap();
        board.stop();
        assert_eq!(board.next().await, None);
        assert_eq!(board.more(1, |_| true), []);
        board.done();
        assert!(!board.end().unwrap(), "one had no turn");
    }
}
