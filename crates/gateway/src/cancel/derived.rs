//! Secrets of cancel keys that follow from the client's number: nothing is kept of them, so nothing has to be told when a
//! client goes.

use subtle::ConstantTimeEq as _;

use crate::auth::scram::keyed_hash;

/// The key that secrets are derived with; of this process alone.
pub struct Derived([u8; 32]);

impl Derived {
    /// With a random key.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The secret for a client's number; the beginning of it is what protocol 3.0 has room for.
    pub fn secret(&self, process: u32) -> [u8; 32] {
        keyed_hash(&self.0, &process.to_be_bytes())
    }

    /// Whether a secret is the number's, in a time that does not tell how far it was right. Whether anybody has the number
    /// is not asked here.
    pub fn is_genuine(&self, process: u32, secret: &[u8]) -> bool {
        let whole = self.secret(process);
        let known = if secret.len() == 4 { &whole[..4] } else { &whole[..] };
        bool::from(known.ct_eq(secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_secret_is_genuine() {
        let keys = Derived::new([7; 32]);
        let secret = keys.secret(1);
        assert!(keys.is_genuine(1, &secret) && keys.is_genuine(1, &secret[..4]));
        assert!(!keys.is_genuine(2, &secret) && !keys.is_genuine(2, &secret[..4]));
        for length in [0, 1, 3, 5, 31] {
            assert!(!keys.is_genuine(1, &secret[..length]), "{length}");
        }
        assert!(!Derived::new([8; 32]).is_genuine(1, &secret));
    }
}
