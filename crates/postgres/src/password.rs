//! Passwords that Tenantry makes up, and what the server keeps of them.

use rand::Rng;
use tenantry_domain::Secret;

/// Random bytes of a password: 192 bits, far beyond guessing.
const PASSWORD_BYTES: usize = 24;

/// A fresh random password, 48 hexadecimal digits: safe in URLs, files and SQL as it is.
pub fn random() -> Secret {
    let mut bytes = [0_u8; PASSWORD_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    Secret::new(bytes.iter().map(|b| format!("{b:02x}")).collect::<String>())
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
}
