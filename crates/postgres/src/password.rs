//! Passwords that Tenantry makes up, and what the server keeps of them.

use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use sha2::Sha256;
use tenantry_domain::Secret;

/// Random bytes of a password: 192 bits, far beyond guessing.
const PASSWORD_BYTES: usize = 24;

/// A fresh random password, 48 hexadecimal digits: safe in URLs, files and SQL as it is.
pub fn random() -> Secret {
    let mut bytes = [0_u8; PASSWORD_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    Secret::new(bytes.iter().map(|b| format!("{b:02x}")).collect::<String>())
}

/// The password of a role, which whoever holds the installation's secret can compute anew: HMAC-SHA-256 (RFC 2104) of the
/// role's name and the credential's generation, 48 hexadecimal digits.
pub fn derived(secret: &[u8], role: &str, generation: i32) -> Secret {
    // Any length is a valid key; `new_from_slice` can't fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return random() };
    mac.update(format!("{role}:{generation}").as_bytes());
    let digest = mac.finalize().into_bytes();
    Secret::new(digest.iter().take(PASSWORD_BYTES).map(|b| format!("{b:02x}")).collect::<String>())
}

/// What `ALTER ROLE ... PASSWORD` takes instead of the password itself (SCRAM-SHA-256, RFC 7677), so that
/// the password never travels in SQL nor stands in a log.
pub fn verifier(password: &Secret) -> String {
    postgres_protocol::password::scram_sha_256(password.reveal().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_differ_and_verifiers_hide_them() {
        let (a, b) = (random(), random());
        assert_ne!(a, b);
        assert_eq!(a.reveal().len(), 2 * PASSWORD_BYTES);
        let v = verifier(&a);
        assert!(v.starts_with("SCRAM-SHA-256$"), "{v}");
        assert!(!v.contains(a.reveal()));
        assert_ne!(v, verifier(&a), "the salt is random");
    }

    #[test]
    fn derived_passwords_are_steady_and_all_their_inputs_count() {
        let p = derived(b"secret", "t_1", 1);
        assert_eq!(p, derived(b"secret", "t_1", 1));
        assert_eq!(p.reveal().len(), 2 * PASSWORD_BYTES);
        for other in [derived(b"other", "t_1", 1), derived(b"secret", "t_2", 1), derived(b"secret", "t_1", 2)]
        {
            assert_ne!(p, other);
        }
    }
}
