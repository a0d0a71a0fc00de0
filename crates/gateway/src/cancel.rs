//! Cancel requests: keys of our own, which reach one client's present query and nothing else.
//!
//! A cancel request comes on a connection of its own and proves itself by the key that the client was given. Clients never
//! see a server's key: they share servers, and who knew a server's key could stop whoever has it next. So each client gets
//! a random number and a random secret (32 bytes in protocol 3.2; 3.0 has room for 4), and [`Keys`] tells from both which
//! client it is. What that client's query runs on only its shard knows.
//!
//! The server's own cancel is not instantaneous: the signal may arrive after the query has ended. [`Aim`] keeps a server
//! from being handed to the next client while one is on its way; PostgreSQL closes the cancel connection once the signal
//! is sent, and a signal that finds a server idle is forgotten by it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use subtle::ConstantTimeEq as _;
use tenantry_domain::{Error, ErrorCode, Result};

use crate::wire::startup::Version;

mod derived;
mod guesses;

pub use derived::Derived;
pub use guesses::Guesses;

/// Bytes of the longest secret that we hand out.
const SECRET_BYTES_MAX: usize = 32;
/// Tries to find a process number that nobody has. With a million clients one in 2,000 needs a second one.
const TRIES_MAX: u32 = 64;

/// What a client needs to cancel, for BackendKeyData.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The "process number": random, positive.
    pub process: u32,
    secret: [u8; SECRET_BYTES_MAX],
    secret_bytes: usize,
}

impl Key {
    /// The secret, as long as the client's protocol has it.
    pub fn secret(&self) -> &[u8] {
        &self.secret[..self.secret_bytes]
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key {{ process: {}, secret: [redacted] }}", self.process)
    }
}

/// The keys of all clients. `C` names a client: its shard and its place there.
#[derive(Debug)]
pub struct Keys<C> {
    clients: HashMap<u32, (Key, C)>,
}

impl<C> Default for Keys<C> {
    fn default() -> Self {
        Self { clients: HashMap::new() }
    }
}

impl<C: Copy> Keys<C> {
    /// Gives a client its key.
    ///
    /// # Errors
    /// `connections_exhausted` where no free number is found: with more clients than one process can have.
    pub fn give(&mut self, client: C, version: Version) -> Result<Key> {
        self.give_with(client, version, rand::random)
    }

    fn give_with(
        &mut self,
        client: C,
        version: Version,
        random: impl Fn() -> (u32, [u8; 32]),
    ) -> Result<Key> {
        for _ in 0..TRIES_MAX {
            let (number, secret) = random();
            // Drivers take it for a signed number, and some a negative one or 0 for none.
            let process = number & 0x7fff_ffff;
            if process == 0 {
                continue;
            }
            if let Entry::Vacant(place) = self.clients.entry(process) {
                let key = Key { process, secret, secret_bytes: version.cancel_key_bytes() };
                place.insert((key, client));
                return Ok(key);
            }
        }
        Err(Error::new(ErrorCode::ConnectionsExhausted, "too many clients for cancel keys"))
    }

    /// The client that this key was given to. The comparison takes as long for every secret of the right length; a number
    /// that nobody has is no secret, `pg_stat_activity` shows as much.
    pub fn find(&self, process: u32, secret: &[u8]) -> Option<C> {
        let (key, client) = self.clients.get(&process)?;
        bool::from(key.secret().ct_eq(secret)).then_some(*client)
    }

    /// A client has gone; its key is good for nothing from here on.
    pub fn take_back(&mut self, key: &Key) {
        if let Entry::Occupied(place) = self.clients.entry(key.process)
            && place.get().0 == *key
        {
            place.remove();
        }
    }

    /// How many clients have a key.
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// Whether no client has one.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }
}

/// The cancel on its way to one server.
///
/// Until it has arrived neither another client nor the client's own next statement may have the server. The client's cancel
/// connection is kept open until then, as PostgreSQL does: who cancels again waits for that, so no second one is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aim {
    under_way: bool,
}

impl Aim {
    /// A client that has this server wants its query cancelled. True: send the server's key, and say [`Aim::arrived`] when
    /// the server has closed that connection, or it has failed. `runs`: whether the server owes the client an answer;
    /// without, there is nothing to cancel and nothing is sent.
    #[must_use]
    pub fn fire(&mut self, runs: bool) -> bool {
        // One on its way is enough: more of them do no more.
        let fires = runs && !self.under_way;
        self.under_way |= fires;
        fires
    }

    /// The server has closed the cancel connection: its signal is sent.
    pub fn arrived(&mut self) {
        self.under_way = false;
    }

    /// Whether the server may be given something else to do.
    pub fn is_clear(self) -> bool {
        !self.under_way
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OLD: Version = Version { major: 3, minor: 0 };
    const NEW: Version = Version { major: 3, minor: 2 };

    #[test]
    fn a_key_reaches_its_client_and_no_other() {
        let mut keys = Keys::default();
        let a = keys.give('a', NEW).unwrap();
        let b = keys.give('b', OLD).unwrap();
        assert_eq!((a.secret().len(), b.secret().len()), (32, 4));
        assert_eq!(keys.find(a.process, a.secret()), Some('a'));
        assert_eq!(keys.find(b.process, b.secret()), Some('b'));
        assert_eq!(keys.find(a.process, b.secret()), None);
        assert_eq!(keys.find(b.process, a.secret()), None);
        keys.take_back(&a);
        assert_eq!(keys.find(a.process, a.secret()), None, "the key of a client that has gone");
        assert_eq!(keys.len(), 1);
    }

    #[test]
    fn no_part_of_a_key_is_enough() {
        let mut keys = Keys::default();
        let key = keys.give(1, NEW).unwrap();
        for bytes in 0..32 {
            assert_eq!(keys.find(key.process, &key.secret()[..bytes]), None, "{bytes}");
        }
        assert_eq!(keys.find(key.process, &[key.secret(), &[0]].concat()), None);
        for at in 0..32 {
            let mut wrong = key.secret().to_vec();
            wrong[at] ^= 1;
            assert_eq!(keys.find(key.process, &wrong), None, "{at}");
        }
        assert!(!format!("{key:?}").contains(&format!("{:?}", key.secret())));
    }

    #[test]
    fn numbers_are_positive_and_never_given_twice() {
        let mut keys = Keys::default();
        let numbers = std::cell::Cell::new(0_u32);
        let next = || {
            numbers.set(numbers.get() + 1);
            ([0, 0x8000_0000, 0xffff_ffff, 0x7fff_ffff, 5][numbers.get() as usize - 1], [9; 32])
        };
        assert_eq!(keys.give_with(1, NEW, next).unwrap().process, 0x7fff_ffff);
        assert_eq!(keys.give_with(2, NEW, next).unwrap().process, 5);
        let error = keys.give_with(3, NEW, || (5, [9; 32])).unwrap_err();
        assert_eq!(error.code().sqlstate(), "53300");
    }

    /// The number of a client that has gone may be another's by now.
    #[test]
    fn taking_back_twice_takes_nothing_of_others() {
        let mut keys = Keys::default();
        let old = keys.give_with(1, NEW, || (5, [1; 32])).unwrap();
        keys.take_back(&old);
        let new = keys.give_with(2, NEW, || (5, [2; 32])).unwrap();
        keys.take_back(&old);
        assert_eq!(keys.find(5, new.secret()), Some(2));
    }

    #[test]
    fn a_late_cancel_never_hits_the_next_client() {
        let mut aim = Aim::default();
        assert!(!aim.fire(false), "nothing runs");
        assert!(aim.is_clear());
        assert!(aim.fire(true));
        assert!(!aim.fire(true), "one is enough");
        // The query has ended meanwhile: the server still waits.
        assert!(!aim.is_clear());
        aim.arrived();
        assert!(aim.is_clear());
        aim.arrived();
        assert!(aim.fire(true));
    }

    proptest! {
        #[test]
        fn guessing_leads_nowhere(process in any::<u32>(), secret in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut keys = Keys::default();
            let known: Vec<_> = (0..20).map(|n| keys.give(n, if n % 2 == 0 { NEW } else { OLD }).unwrap()).collect();
            let hit = known.iter().any(|k| k.process == process && k.secret() == secret);
            prop_assert_eq!(keys.find(process, &secret).is_some(), hit);
        }
    }
}
