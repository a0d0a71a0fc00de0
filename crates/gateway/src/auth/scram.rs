//! The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677) as PostgreSQL's clients speak it, with
//! channel binding by `tls-server-end-point` (RFC 5929) or `tls-exporter` (RFC 9266).
//!
//! [`Exchange::begin`] takes the client's first message and gives the challenge, [`Exchange::finish`] takes the proof and
//! gives the server's own. Between the two lies only what the second needs.
//!
//! What an attacker may try, and what happens: a client that could bind to the channel but says that we can't (flag `y`)
//! though we offered it has had its list of mechanisms changed on the way, and is refused. A proof bound to another
//! channel is refused. Comparisons take the same time wherever the difference lies. For a user that does not exist the
//! whole exchange runs with [`Verifiers::mock`], whose salt is the same at each try, as a real one is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use tenantry_domain::{Error, ErrorCode, Result};

mod message;
mod verifier;

use message::{Binding, ClientFinal, ClientFirst};
pub use verifier::{Verifier, Verifiers};

pub(crate) use verifier::hmac as keyed_hash;
use verifier::{KEY_BYTES, digest, hmac};

/// The mechanism without channel binding.
pub const SCRAM: &str = "SCRAM-SHA-256";
/// The mechanism with channel binding.
pub const SCRAM_PLUS: &str = "SCRAM-SHA-256-PLUS";

/// Bytes of a client's SCRAM message at most (PostgreSQL: `PG_MAX_SASL_MESSAGE_LENGTH`).
const MESSAGE_BYTES_MAX: usize = 1024;
/// Random bytes of our part of the nonce, as PostgreSQL has it.
const NONCE_BYTES: usize = 18;

/// What binds the exchange to the TLS connection that it runs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// The hash of our certificate (RFC 5929, section 4).
    pub server_end_point: Option<Vec<u8>>,
    /// Keying material exported with the label `EXPORTER-Channel-Binding` (RFC 9266).
    pub exporter: Option<Vec<u8>>,
}

impl Channel {
    /// The mechanisms to offer, the preferred one first.
    pub fn mechanisms(&self) -> &'static [&'static str] {
        if self.is_bindable() { &[SCRAM_PLUS, SCRAM] } else { &[SCRAM] }
    }

    fn is_bindable(&self) -> bool {
        self.server_end_point.is_some() || self.exporter.is_some()
    }

    fn data(&self, kind: &str) -> Option<&[u8]> {
        match kind {
            "tls-server-end-point" => self.server_end_point.as_deref(),
            "tls-exporter" => self.exporter.as_deref(),
            _ => None,
        }
    }
}

/// An exchange that waits for the client's proof.
#[derive(Debug)]
pub struct Exchange {
    verifiers: Verifiers,
    /// What the client has to repeat: header and data of the channel binding.
    binding: Vec<u8>,
    nonce: String,
    /// Client's first message without its header, a comma, our challenge.
    transcript: String,
}

/// The end of an exchange that succeeded.
#[derive(Debug, PartialEq, Eq)]
pub struct Proved {
    /// Which of the verifiers it was.
    pub verifier: usize,
    /// The data of AuthenticationSASLFinal: our proof that we knew the secret too.
    pub message: String,
}

/// Why an exchange failed.
#[derive(Debug)]
pub enum Denied {
    /// The proof is wrong, or there is no such user: answer with [`super::failed`].
    Proof,
    /// The message is not laid out so, or belongs to another exchange or to another channel.
    Message(Error),
}

impl From<Error> for Denied {
    fn from(error: Error) -> Self {
        Denied::Message(error)
    }
}

impl Exchange {
    /// Takes the client's first message and gives the exchange and the data of AuthenticationSASLContinue.
    ///
    /// # Errors
    /// `protocol_violation` for a message that is not laid out so, `protocol_unsupported` for extensions that are not
    /// served, `login_invalid` where mechanism and channel binding don't fit what was offered.
    pub fn begin(
        mechanism: &[u8],
        first: Option<&[u8]>,
        channel: &Channel,
        verifiers: Verifiers,
    ) -> Result<(Self, String)> {
        let random: [u8; NONCE_BYTES] = rand::random();
        Self::begin_with(mechanism, first, channel, (verifiers, &STANDARD.encode(random)))
    }

    fn begin_with(
        mechanism: &[u8],
        first: Option<&[u8]>,
        channel: &Channel,
        (verifiers, our_nonce): (Verifiers, &str),
    ) -> Result<(Self, String)> {
        let plus = match mechanism {
            b"SCRAM-SHA-256" => false,
            b"SCRAM-SHA-256-PLUS" if channel.is_bindable() => true,
            _ => {
                let message = "client selected an invalid SASL authentication mechanism";
                return Err(Error::new(ErrorCode::ProtocolViolation, message));
            }
        };
        let first = ClientFirst::parse(text(first.unwrap_or_default())?)?;
        let binding = check_binding(&first, plus, channel)?;
        let nonce = format!("{}{our_nonce}", first.nonce);
        let challenge =
            format!("r={nonce},s={},i={}", STANDARD.encode(verifiers.salt()), verifiers.iterations());
        let transcript = format!("{},{challenge}", first.bare);
        Ok((Self { verifiers, binding, nonce, transcript }, challenge))
    }

    /// Takes the client's proof.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn finish(self, last: &[u8]) -> Result<Proved, Denied> {
        let last = ClientFinal::parse(text(last)?)?;
        let bound = STANDARD.decode(last.binding).map_err(|_| message::malformed())?;
        if !bool::from(bound.ct_eq(&self.binding)) {
            return Err(Error::new(ErrorCode::LoginInvalid, "SCRAM channel binding check failed").into());
        }
        if !bool::from(last.nonce.as_bytes().ct_eq(self.nonce.as_bytes())) {
            let message = "invalid SCRAM response: the nonce is of another exchange";
            return Err(Error::new(ErrorCode::ProtocolViolation, message).into());
        }
        let proof: [u8; KEY_BYTES] = STANDARD
            .decode(last.proof)
            .ok()
            .and_then(|proof| proof.try_into().ok())
            .ok_or_else(message::malformed)?;
        let transcript = format!("{},{}", self.transcript, last.without_proof);
        self.prove(&proof, transcript.as_bytes()).ok_or(Denied::Proof)
    }

    /// Tries every verifier, whichever of them it is, so that time does not tell.
    fn prove(&self, proof: &[u8; KEY_BYTES], transcript: &[u8]) -> Option<Proved> {
        let mut found = Choice::from(0);
        let (mut which, mut server_key) = (0_u64, [0_u8; KEY_BYTES]);
        for (number, verifier) in (0_u64..).zip(self.verifiers.all()) {
            let signature = hmac(verifier.stored_key(), transcript);
            let mut client_key = [0_u8; KEY_BYTES];
            for (key, (proof, signature)) in client_key.iter_mut().zip(proof.iter().zip(signature)) {
                *key = proof ^ signature;
            }
            let equal = digest(&client_key).ct_eq(verifier.stored_key());
            which.conditional_assign(&number, equal);
            for (byte, of_this) in server_key.iter_mut().zip(verifier.server_key()) {
                byte.conditional_assign(of_this, equal);
            }
            found |= equal;
        }
        let message = format!("v={}", STANDARD.encode(hmac(&server_key, transcript)));
        let genuine = bool::from(found) && !self.verifiers.is_mock();
        genuine.then(|| Proved { verifier: usize::try_from(which).unwrap_or(usize::MAX), message })
    }
}

/// The header and data that the client has to repeat, once mechanism, flag and offer are seen to agree.
fn check_binding(first: &ClientFirst<'_>, plus: bool, channel: &Channel) -> Result<Vec<u8>> {
    let data = match (first.flag, plus) {
        (Binding::Named(kind), true) => channel.data(kind).ok_or_else(|| {
            let message = format!("unsupported SCRAM channel-binding type {kind:?}");
            Error::new(ErrorCode::ProtocolUnsupported, message).help("bind by tls-server-end-point")
        })?,
        // Flag and mechanism contradict each other: the client is broken, or somebody changed what it said.
        (Binding::Named(_), false) | (_, true) => return Err(message::malformed()),
        (Binding::NotOffered, false) if channel.is_bindable() => {
            return Err(Error::new(ErrorCode::LoginInvalid, "SCRAM channel binding negotiation error").help(
                "the client can bind to the channel and was told that the server can't: somebody may be in between",
            ));
        }
        (Binding::NotOffered | Binding::Unable, false) => &[],
    };
    Ok([first.header.as_bytes(), data].concat())
}

fn text(message: &[u8]) -> Result<&str> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(Error::new(ErrorCode::ProtocolViolation, "SCRAM message is too long"));
    }
    std::str::from_utf8(message).ok().filter(|text| !text.contains('\0')).ok_or_else(message::malformed)
}

#[cfg(test)]
mod tests;
