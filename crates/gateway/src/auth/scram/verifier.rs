//! What is kept of a password: enough to check it, not enough to log in elsewhere.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tenantry_domain::{Error, ErrorCode, Result};

pub(super) const KEY_BYTES: usize = 32;
/// Bytes of a block of SHA-256.
const BLOCK_BYTES: usize = 64;

type Key = [u8; KEY_BYTES];

/// Rounds of a verifier at most: clients such as pgjdbc go no further, and a clear-text password costs us as many.
const ITERATIONS_MAX: u32 = 100_000;
/// Rounds of the verifiers that PostgreSQL and this platform make, and so of the mock.
const ITERATIONS_USUAL: u32 = 4_096;
/// Bytes of the salt of those verifiers.
const SALT_BYTES_USUAL: usize = 16;
const SALT_BYTES_MAX: usize = 64;

/// A secret's verifier in PostgreSQL's form: `SCRAM-SHA-256$<rounds>:<salt>$<StoredKey>:<ServerKey>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    iterations: u32,
    salt: Vec<u8>,
    stored_key: Key,
    server_key: Key,
}

impl Verifier {
    /// From PostgreSQL's form.
    ///
    /// # Errors
    /// `internal`, since verifiers come from our own tables: another form, or an impossible number of rounds. The text
    /// itself is not repeated.
    pub fn parse(text: &str) -> Result<Self> {
        Self::from_parts(text).ok_or_else(|| {
            Error::new(ErrorCode::Internal, "a stored password is not in the form SCRAM-SHA-256$...")
        })
    }

    /// From its parts: StoredKey and ServerKey under this salt and number of rounds.
    pub fn from_keys(salt: &[u8], iterations: u32, stored_key: Key, server_key: Key) -> Self {
        Self { iterations, salt: salt.to_vec(), stored_key, server_key }
    }

    fn from_parts(text: &str) -> Option<Self> {
        let (head, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let (iterations, salt) = head.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let iterations = iterations.parse().ok().filter(|n| (1..=ITERATIONS_MAX).contains(n))?;
        let salt = STANDARD.decode(salt).ok().filter(|salt| (1..=SALT_BYTES_MAX).contains(&salt.len()))?;
        let key = |text: &str| STANDARD.decode(text).ok()?.try_into().ok();
        Some(Self { iterations, salt, stored_key: key(stored_key)?, server_key: key(server_key)? })
    }

    /// From the secret itself (RFC 5802, section 3), prepared by SASLprep where it can be, as PostgreSQL does.
    pub fn of(secret: &[u8], salt: &[u8], iterations: u32) -> Self {
        let salted = salted(secret, salt, iterations);
        let stored_key = digest(&hmac(&salted, b"Client Key"));
        let server_key = hmac(&salted, b"Server Key");
        Self { iterations, salt: salt.to_vec(), stored_key, server_key }
    }

    /// Whether this is the secret, in a time that does not tell how far it was right. An empty one never is. Costs as many
    /// rounds as the verifier has, about a millisecond for each thousand, so it does not belong on a relay's thread.
    pub fn matches(&self, secret: &[u8]) -> bool {
        let given = Self::of(secret, &self.salt, self.iterations);
        bool::from(given.stored_key.ct_eq(&self.stored_key)) && !secret.is_empty()
    }

    pub(super) fn stored_key(&self) -> &Key {
        &self.stored_key
    }

    pub(super) fn server_key(&self) -> &Key {
        &self.server_key
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The verifiers of one login: its password and its keys. They share salt and rounds, because a challenge names one of
/// each before anything but the user's name is known; so any of them can be proved in one exchange.
#[derive(Clone, Debug)]
pub struct Verifiers {
    all: Vec<Verifier>,
    mock: bool,
}

impl Verifiers {
    /// Of a login that exists.
    ///
    /// # Errors
    /// `internal` where there is none, or where they differ in salt or rounds.
    pub fn new(all: Vec<Verifier>) -> Result<Self> {
        let is_one = |pair: &[Verifier]| match pair {
            [a, b] => a.salt == b.salt && a.iterations == b.iterations,
            _ => true,
        };
        if all.is_empty() || !all.windows(2).all(is_one) {
            return Err(Error::new(
                ErrorCode::Internal,
                "the verifiers of a login have to share salt and rounds",
            ));
        }
        Ok(Self { all, mock: false })
    }

    /// Of a login that does not exist: its salt follows from the installation's secret and the name, so asking twice
    /// gives the same answer, as for one that does. No proof fits.
    pub fn mock(secret: &[u8], user: &str) -> Self {
        let derived = |what: &[u8]| hmac(secret, &[b"scram mock\0", what, b"\0", user.as_bytes()].concat());
        let salt = derived(b"salt").iter().copied().take(SALT_BYTES_USUAL).collect();
        let (stored_key, server_key) = (derived(b"stored"), derived(b"server"));
        Self {
            all: vec![Verifier { iterations: ITERATIONS_USUAL, salt, stored_key, server_key }],
            mock: true,
        }
    }

    /// The number of the verifier that this secret fits: for a password that came as it is.
    pub fn matching(&self, secret: &[u8]) -> Option<usize> {
        let first = self.all.first()?;
        let given = Verifier::of(secret, &first.salt, first.iterations);
        let fits = |v: &Verifier| bool::from(v.stored_key.ct_eq(&given.stored_key));
        self.all.iter().position(fits).filter(|_| !self.mock && !secret.is_empty())
    }

    #[cfg(test)]
    pub(super) fn replace(&mut self, all: Vec<Verifier>) {
        self.all = all;
    }

    pub(super) fn all(&self) -> &[Verifier] {
        &self.all
    }

    pub(super) fn is_mock(&self) -> bool {
        self.mock
    }

    pub(super) fn salt(&self) -> &[u8] {
        self.all.first().map_or(&[], |v| &v.salt)
    }

    pub(super) fn iterations(&self) -> u32 {
        self.all.first().map_or(ITERATIONS_USUAL, |v| v.iterations)
    }
}

/// `Hi()`: PBKDF2 with one block (RFC 8018, section 5.2).
fn salted(secret: &[u8], salt: &[u8], iterations: u32) -> Key {
    let prepared = std::str::from_utf8(secret).ok().and_then(|text| stringprep::saslprep(text).ok());
    let secret = prepared.as_deref().map_or(secret, str::as_bytes);
    let keyed = keyed(secret);
    let round = |data: &[u8]| {
        let mut mac = keyed.clone();
        mac.update(data);
        Key::from(mac.finalize().into_bytes())
    };
    let mut block = round(&[salt, &[0, 0, 0, 1]].concat());
    let mut salted = block;
    for _ in 1..iterations {
        block = round(&block);
        for (sum, byte) in salted.iter_mut().zip(block) {
            *sum ^= byte;
        }
    }
    salted
}

/// HMAC with this key, which becomes a whole block first (RFC 2104, section 2); so no length can fail.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = [0_u8; BLOCK_BYTES];
    let hashed;
    let key = if key.len() > BLOCK_BYTES {
        hashed = digest(key);
        &hashed
    } else {
        key
    };
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    Hmac::<Sha256>::new(&block.into())
}

pub(crate) fn hmac(key: &[u8], data: &[u8]) -> Key {
    let mut mac = keyed(key);
    mac.update(data);
    mac.finalize().into_bytes().into()
}

pub(super) fn digest(data: &[u8]) -> Key {
    Sha256::digest(data).into()
}
