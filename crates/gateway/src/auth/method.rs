//! How a client is asked to prove who it is.
//!
//! SCRAM shows the password to nobody, but can only check secrets whose verifiers are at hand before the client has said
//! anything but its name. Passwords and keys of a login are such secrets, and several of them can be checked in one
//! exchange ([`super::scram::Verifiers`]). A signed token (JWT) is not: its text has to be seen. It is asked for as it is,
//! and only where nobody can listen.
//!
//! The decision must not tell which logins exist, so the facts of an unknown login are those of the listener's usual one.

use tenantry_domain::{Error, ErrorCode, Result};

/// What lies between client and gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TLS.
    Tls,
    /// This machine's loopback, or a Unix socket.
    Local,
    /// A network in clear text.
    Open,
}

impl Transport {
    /// Whether a secret may travel as it is.
    pub const fn is_private(self) -> bool {
        matches!(self, Transport::Tls | Transport::Local)
    }
}

/// What a login can be proved with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proofs {
    /// Secrets with verifiers: passwords and keys.
    pub verifiers: bool,
    /// Signed tokens.
    pub tokens: bool,
}

/// What to ask the client for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// AuthenticationSASL; with channel binding where there is TLS.
    Scram {
        /// Whether SCRAM-SHA-256-PLUS is offered too.
        channel_binding: bool,
    },
    /// AuthenticationCleartextPassword. Passwords are good here too.
    Cleartext,
}

/// Chooses the method.
///
/// # Errors
/// `tls_required` where a login can be proved by tokens only, over an open network.
pub fn choose(transport: Transport, proofs: Proofs) -> Result<Method> {
    if proofs.tokens && transport.is_private() {
        return Ok(Method::Cleartext);
    }
    if proofs.tokens && !proofs.verifiers {
        return Err(Error::new(ErrorCode::TlsRequired, "this login takes tokens, and tokens only over TLS"));
    }
    // A login without any proof goes through an exchange that fails.
    Ok(Method::Scram { channel_binding: transport == Transport::Tls })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case() {
        use Transport::{Local, Open, Tls};
        let scram = |channel_binding| Some(Method::Scram { channel_binding });
        let clear = Some(Method::Cleartext);
        let cases = [
            // transport, verifiers, tokens
            (Tls, true, false, scram(true)),
            (Tls, true, true, clear),
            (Tls, false, true, clear),
            (Tls, false, false, scram(true)),
            (Local, true, false, scram(false)),
            (Local, true, true, clear),
            (Local, false, true, clear),
            (Local, false, false, scram(false)),
            (Open, true, false, scram(false)),
            (Open, true, true, scram(false)),
            (Open, false, true, None),
            (Open, false, false, scram(false)),
        ];
        for (transport, verifiers, tokens, expected) in cases {
            let chosen = choose(transport, Proofs { verifiers, tokens });
            assert_eq!(chosen.as_ref().ok().copied(), expected, "{transport:?} {verifiers} {tokens}");
            if let Err(error) = chosen {
                assert_eq!((error.code(), error.code().sqlstate()), (ErrorCode::TlsRequired, "28000"));
            }
            assert!(expected != clear || transport.is_private(), "never in clear text over a network");
        }
    }
}
