//! The client's two messages, taken apart (RFC 5802, section 7).

use tenantry_domain::{Error, ErrorCode, Result};

/// The answer to a message that is not laid out as the RFC has it.
pub(super) fn malformed() -> Error {
    Error::new(ErrorCode::ProtocolViolation, "malformed SCRAM message")
}

/// What the client says of channel binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding<'a> {
    /// `n`: it can't.
    Unable,
    /// `y`: it can, and thinks that we can't.
    NotOffered,
    /// `p=`: it does, by this kind.
    Named(&'a str),
}

/// `client-first-message`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFirst<'a> {
    pub(super) flag: Binding<'a>,
    /// `gs2-header`, as it stands.
    pub(super) header: &'a str,
    /// `client-first-message-bare`.
    pub(super) bare: &'a str,
    pub(super) nonce: &'a str,
}

impl<'a> ClientFirst<'a> {
    pub(super) fn parse(message: &'a str) -> Result<Self> {
        let (flag, rest) = message.split_once(',').ok_or_else(malformed)?;
        let (identity, bare) = rest.split_once(',').ok_or_else(malformed)?;
        let flag = match flag {
            "n" => Binding::Unable,
            "y" => Binding::NotOffered,
            _ => {
                let is_kind = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
                let kind =
                    flag.strip_prefix("p=").filter(|kind| !kind.is_empty() && kind.chars().all(is_kind));
                Binding::Named(kind.ok_or_else(malformed)?)
            }
        };
        if identity.starts_with("a=") {
            return Err(unsupported("client uses authorization identity, but it is not supported"));
        }
        if !identity.is_empty() {
            return Err(malformed());
        }
        let header = &message[..message.len() - bare.len()];
        let mut attributes = bare.split(',');
        let user = attributes.next().unwrap_or_default();
        if user.starts_with("m=") {
            return Err(unsupported("client requires an unsupported SCRAM extension"));
        }
        // The user is the one of the start-up packet, as PostgreSQL has it; libpq leaves this one empty.
        value(user, 'n')?;
        let nonce = value(attributes.next().unwrap_or_default(), 'r')?;
        let printable = |byte: u8| matches!(byte, 0x21..=0x7e);
        if nonce.is_empty() || !nonce.bytes().all(printable) {
            return Err(malformed());
        }
        attributes.try_for_each(is_attribute)?;
        Ok(Self { flag, header, bare, nonce })
    }
}

/// `client-final-message`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFinal<'a> {
    /// In base64.
    pub(super) binding: &'a str,
    pub(super) nonce: &'a str,
    /// In base64.
    pub(super) proof: &'a str,
    /// `client-final-message-without-proof`.
    pub(super) without_proof: &'a str,
}

impl<'a> ClientFinal<'a> {
    pub(super) fn parse(message: &'a str) -> Result<Self> {
        // The proof is last, and the one place where base64's `=` could be taken for an attribute's is behind its `=`.
        let (without_proof, proof) = message.rsplit_once(',').ok_or_else(malformed)?;
        let proof = value(proof, 'p')?;
        let mut attributes = without_proof.split(',');
        let binding = value(attributes.next().unwrap_or_default(), 'c')?;
        let nonce = value(attributes.next().unwrap_or_default(), 'r')?;
        attributes.try_for_each(is_attribute)?;
        Ok(Self { binding, nonce, proof, without_proof })
    }
}

/// The value of the attribute of this name.
fn value(attribute: &str, name: char) -> Result<&str> {
    attribute.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')).ok_or_else(malformed)
}

/// Whether it is an extension that may be passed over: a letter, `=`, a value.
fn is_attribute(attribute: &str) -> Result<()> {
    match attribute.as_bytes() {
        [letter, b'=', _, ..] if letter.is_ascii_alphabetic() => Ok(()),
        _ => Err(malformed()),
    }
}

fn unsupported(message: &str) -> Error {
    Error::new(ErrorCode::ProtocolUnsupported, message)
}
