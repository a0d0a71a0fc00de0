//! Wrong keys, counted by address: above the limit an address's cancel requests go unread for a while. Cancel requests get
//! no answer in any case, so who guesses doesn't even learn that.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::limits::bucket::Bucket;

/// Addresses remembered at most.
const ADDRESSES_MAX: usize = 10_000;

/// The addresses that have sent wrong keys lately.
#[derive(Debug)]
pub struct Guesses {
    per_second: u32,
    addresses: HashMap<IpAddr, Bucket>,
}

impl Guesses {
    /// With so many wrong keys a second for each address.
    pub fn new(per_second: u32) -> Self {
        Self { per_second, addresses: HashMap::new() }
    }

    /// Whether a cancel request of this address is to be read.
    pub fn admits(&self, address: IpAddr, now: Duration) -> bool {
        let bucket = self.addresses.get(&network(address));
        bucket.is_none_or(|bucket| bucket.has(now, 1))
    }

    /// A key of this address was wrong.
    pub fn wrong(&mut self, address: IpAddr, now: Duration) {
        if self.addresses.len() >= ADDRESSES_MAX {
            self.addresses.retain(|_, bucket| !bucket.is_full(now));
            if self.addresses.len() >= ADDRESSES_MAX {
                // Guessing from everywhere at once: 63 random bits are what keeps it out, not this memory.
                self.addresses.clear();
            }
        }
        let bucket = || Bucket::new(self.per_second, self.per_second);
        let _ = self.addresses.entry(network(address)).or_insert_with(bucket).take(now, 1);
    }
}

/// An IPv6 customer has 2^64 addresses: their first half stands for all of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn twenty_wrong_keys_and_then_silence() {
        let mut guesses = Guesses::new(20);
        let now = Duration::from_secs(100);
        for n in 0..20 {
            assert!(guesses.admits(ip("192.0.2.1"), now), "{n}");
            guesses.wrong(ip("192.0.2.1"), now);
        }
        assert!(!guesses.admits(ip("192.0.2.1"), now));
        assert!(!guesses.admits(ip("::ffff:192.0.2.1"), now));
        assert!(guesses.admits(ip("192.0.2.2"), now));
        assert!(guesses.admits(ip("192.0.2.1"), now + Duration::from_millis(50)));
    }

    #[test]
    fn neighbours_in_ipv6_are_one() {
        let mut guesses = Guesses::new(1);
        guesses.wrong(ip("2001:db8::1"), Duration::ZERO);
        assert!(!guesses.admits(ip("2001:db8::2"), Duration::ZERO));
        assert!(guesses.admits(ip("2001:db8:0:1::1"), Duration::ZERO));
    }

    #[test]
    fn memory_is_bounded() {
        let mut guesses = Guesses::new(1);
        for n in 0..30_000_u32 {
            guesses.wrong(IpAddr::V4((n + 1).into()), Duration::ZERO);
            assert!(guesses.addresses.len() <= ADDRESSES_MAX);
        }
    }
}
