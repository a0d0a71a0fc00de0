//! Whether a replica may do what a client asks first: statement by statement, up to the end of what it asks at once.

use tenantry_domain::app::Reads;

use super::class::Class;

/// What was asked so far, of a client outside of a transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    mode: Reads,
    /// `default_transaction_read_only` of the client's session.
    read_only: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing yet.
    Empty,
    /// Statements that a replica may do, each in a transaction of its own or all in one that ends with what was asked.
    Outside,
    /// A transaction was begun, and what it is follows.
    Begun,
    /// In a transaction that is read-only, whatever comes.
    ReadOnly,
    /// A replica must not do it.
    Never(Verdict),
}

/// Who may do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A replica.
    Replica,
    /// The primary.
    Primary,
    /// The primary, though it is declared to read only.
    Unfit,
}

impl Unit {
    pub(crate) fn new(mode: Reads, read_only: bool) -> Self {
        let state = if mode == Reads::Primary { State::Never(Verdict::Primary) } else { State::Empty };
        Self { mode, read_only, state }
    }

    /// This is asked next.
    pub(crate) fn add(&mut self, class: Class) {
        use State::{Begun, Empty, Never, Outside, ReadOnly};
        self.state = match (self.state, class) {
            (Never(verdict), _) => Never(verdict),
            (Empty | Outside, Class::Read) if self.read_only || self.mode == Reads::Auto => Outside,
            (Empty | Outside, Class::Other) if self.read_only => Outside,
            (Empty | Outside, Class::Begin(mode)) => match mode.or(self.read_only.then_some(true)) {
                Some(true) => ReadOnly,
                Some(false) => Never(Verdict::Primary),
                None => Begun,
            },
            (Begun, Class::Mode(true)) => ReadOnly,
            (ReadOnly, Class::Read | Class::Other | Class::Mode(true)) => ReadOnly,
            (ReadOnly, Class::End) => Outside,
            (ReadOnly, _) => Never(Verdict::Unfit),
            (Empty | Outside, Class::Primary) if self.read_only => Never(Verdict::Unfit),
            _ => Never(Verdict::Primary),
        };
    }

    /// Nothing that follows can change it.
    pub(crate) fn is_decided(&self) -> bool {
        matches!(self.state, State::Never(_))
    }

    /// Who may do all this; `is_whole`: nothing more belongs to it.
    pub(crate) fn verdict(&self, is_whole: bool) -> Verdict {
        match self.state {
            State::ReadOnly => Verdict::Replica,
            State::Outside if is_whole => Verdict::Replica,
            State::Never(verdict) => verdict,
            State::Empty | State::Outside | State::Begun => Verdict::Primary,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn verdict(mode: Reads, read_only: bool, classes: &[Class], is_whole: bool) -> Verdict {
        let mut unit = Unit::new(mode, read_only);
        classes.iter().for_each(|class| unit.add(*class));
        unit.verdict(is_whole)
    }

    #[test]
    fn what_replicas_may_do() {
        use Class::*;
        use Verdict::{Primary as P, Replica as R, Unfit as U};
        let begin = Begin(Some(true));
        // What is asked; declared alone, with reads seen as such, and with the session's default.
        for (classes, expect) in [
            (&[][..], [P, P, P]),
            (&[Read], [P, R, R]),
            (&[Read, Read], [P, R, R]),
            (&[Other], [P, P, R]),
            (&[Read, Other], [P, P, R]),
            (&[Primary], [P, P, U]),
            (&[Unknown], [P, P, P]),
            (&[End], [P, P, P]),
            (&[begin], [R, R, R]),
            (&[Begin(None)], [P, P, R]),
            (&[Begin(None), Mode(true)], [R, R, R]),
            (&[Begin(None), Read, Mode(true)], [P, P, R]),
            (&[Begin(Some(false))], [P, P, P]),
            (&[begin, Other], [R, R, R]),
            (&[begin, Primary], [U, U, U]),
            (&[begin, Mode(false)], [U, U, U]),
            (&[begin, Other, End], [R, R, R]),
            (&[begin, End, Other], [P, P, R]),
            (&[begin, End, begin], [R, R, R]),
            (&[begin, Unknown], [U, U, U]),
        ] {
            let found = [(Reads::Replica, false), (Reads::Auto, false), (Reads::Replica, true)]
                .map(|(mode, read_only)| verdict(mode, read_only, classes, true));
            assert_eq!(found, expect, "{classes:?}");
        }
        assert_eq!(verdict(Reads::Auto, false, &[Read], false), P, "what follows may write");
        assert_eq!(verdict(Reads::Replica, false, &[begin, Read], false), R);
        assert_eq!(verdict(Reads::Primary, true, &[begin], true), P);
    }

    fn any_class() -> impl Strategy<Value = Class> {
        use Class::*;
        prop::sample::select(vec![
            Unknown,
            Primary,
            Other,
            Read,
            Begin(None),
            Begin(Some(true)),
            Begin(Some(false)),
            Mode(true),
            Mode(false),
            End,
        ])
    }

    proptest! {
        /// A model that knows only what a server would hold: what may write outside of a read-only transaction, or what a
        /// replica can't do anywhere, is never a replica's.
        #[test]
        fn nothing_that_writes_is_a_replicas(
            mode in prop::sample::select(vec![Reads::Primary, Reads::Replica, Reads::Auto]),
            read_only: bool,
            is_whole: bool,
            classes in prop::collection::vec(any_class(), 0..6),
        ) {
            let mut in_transaction = None;
            let mut is_safe = true;
            for class in &classes {
                match class {
                    Class::Unknown | Class::Primary => is_safe = false,
                    Class::Other => is_safe &= in_transaction.unwrap_or(read_only),
                    Class::Begin(mode) => in_transaction = Some(mode.unwrap_or(read_only)),
                    Class::Mode(mode) => in_transaction = in_transaction.map(|_| *mode),
                    Class::End => in_transaction = None,
                    Class::Read => {}
                }
            }
            let is_declared = in_transaction.unwrap_or(read_only);
            let found = verdict(mode, read_only, &classes, is_whole);
            if found == Verdict::Replica {
                prop_assert!(is_safe && mode != Reads::Primary);
                prop_assert!(is_declared || (mode == Reads::Auto || in_transaction.is_none()) && is_whole);
            }
        }
    }
}
