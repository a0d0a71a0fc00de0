//! Passwords that Tenantry makes up, and what the server keeps of them.

use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use sha2::{Digest, Sha256};
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

/// Rounds of what is kept of the secrets of the gateway's doors: those of PostgreSQL. They are made up with 192 random
/// bits, which no number of rounds could make harder to guess.
pub const DOOR_ITERATIONS: u32 = 4_096;

/// Bytes of the salt of those secrets.
pub const DOOR_SALT_BYTES: usize = 16;

/// The one salt of all secrets that open the same door for the same subject (a tenant and its role): SCRAM names the salt
/// before it is known which of them the client has. Derived, so that it need not be stored and can't be told from the salt
/// of a tenant that does not exist.
pub fn door_salt(secret: &[u8], subject: &str) -> [u8; DOOR_SALT_BYTES] {
    let digest = hmac(secret, format!("door salt\0{subject}").as_bytes());
    let mut salt = [0; DOOR_SALT_BYTES];
    salt.copy_from_slice(&digest[..DOOR_SALT_BYTES]);
    salt
}

/// StoredKey and ServerKey (RFC 5802, section 3) of a secret made of ASCII, with [`DOOR_ITERATIONS`] rounds.
pub fn scram_keys(password: &Secret, salt: &[u8]) -> ([u8; 32], [u8; 32]) {
    let key = password.reveal().as_bytes();
    let mut block = hmac(key, &[salt, &[0, 0, 0, 1]].concat());
    let mut salted = block;
    for _ in 1..DOOR_ITERATIONS {
        block = hmac(key, &block);
        salted.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
    }
    (Sha256::digest(hmac(&salted, b"Client Key")).into(), hmac(&salted, b"Server Key"))
}

fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    // A key longer than a block is hashed, a shorter one filled up (RFC 2104, section 2): no length can fail.
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// What `ALTER ROLE ... PASSWORD` takes instead of the password itself (SCRAM-SHA-256, RFC 7677), so that
/// the password never travels in SQL nor stands in a log.
pub fn verifier(password: &Secret) -> String {
    postgres_protocol::password::scram_sha_256(password.reveal().as_bytes())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

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

    /// What the server would keep of the same password and salt.
    #[test]
    fn keys_are_those_of_a_verifier() {
        let text = verifier(&Secret::new("a password"));
        let (salt, keys) = text.strip_prefix("SCRAM-SHA-256$4096:").unwrap().split_once('$').unwrap();
        let decode = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        let (stored, server) = scram_keys(&Secret::new("a password"), &decode(salt));
        let (expect_stored, expect_server) = keys.split_once(':').unwrap();
        assert_eq!((stored.to_vec(), server.to_vec()), (decode(expect_stored), decode(expect_server)));
        let long = "x".repeat(65);
        assert_ne!(scram_keys(&Secret::new(long.clone()), b"s"), scram_keys(&Secret::new(&long[1..]), b"s"));
    }

    #[test]
    fn salts_follow_from_secret_and_subject() {
        assert_eq!(door_salt(b"a", "x"), door_salt(b"a", "x"));
        assert_ne!(door_salt(b"a", "x"), door_salt(b"b", "x"));
        assert_ne!(door_salt(b"a", "x"), door_salt(b"a", "y"));
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
