//! Authentication requests, in both directions.

use crate::wire::Violation;
use crate::wire::read::Reader;
use crate::wire::write::{message, text};

const OK: u32 = 0;
const CLEARTEXT: u32 = 3;
const MD5: u32 = 5;
const SASL: u32 = 10;
const SASL_CONTINUE: u32 = 11;
const SASL_FINAL: u32 = 12;

fn request(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    message(out, b'R', |out| {
        out.extend_from_slice(&kind.to_be_bytes());
        body(out);
    });
}

/// AuthenticationOk.
pub fn authentication_ok(out: &mut Vec<u8>) {
    request(out, OK, |_| ());
}

/// AuthenticationCleartextPassword.
pub fn authentication_cleartext(out: &mut Vec<u8>) {
    request(out, CLEARTEXT, |_| ());
}

/// AuthenticationSASL with the mechanisms, the preferred one first.
pub fn authentication_sasl(out: &mut Vec<u8>, mechanisms: &[&str]) {
    request(out, SASL, |out| {
        for mechanism in mechanisms {
            text(out, mechanism.as_bytes());
        }
        out.push(0);
    });
}

/// AuthenticationSASLContinue with the server's challenge.
pub fn authentication_sasl_continue(out: &mut Vec<u8>, data: &[u8]) {
    request(out, SASL_CONTINUE, |out| out.extend_from_slice(data));
}

/// AuthenticationSASLFinal with the server's proof.
pub fn authentication_sasl_final(out: &mut Vec<u8>, data: &[u8]) {
    request(out, SASL_FINAL, |out| out.extend_from_slice(data));
}

/// What a server asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authentication<'a> {
    /// Nothing more.
    Ok,
    /// The password as it is.
    Cleartext,
    /// A hash that is not safe any more.
    Md5,
    /// SASL by one of these mechanisms.
    Sasl(Vec<&'a [u8]>),
    /// The challenge.
    SaslContinue(&'a [u8]),
    /// The proof that the server knew the password too.
    SaslFinal(&'a [u8]),
    /// Something that the gateway can't do.
    Other(u32),
}

/// What a server asks for.
///
/// # Errors
/// A message that is not laid out so.
pub fn parse_authentication(body: &[u8]) -> Result<Authentication<'_>, Violation> {
    let mut reader = Reader::new(body);
    Ok(match reader.u32()? {
        OK => {
            reader.end()?;
            Authentication::Ok
        }
        CLEARTEXT => Authentication::Cleartext,
        MD5 => Authentication::Md5,
        SASL => {
            let mut mechanisms = Vec::new();
            loop {
                match reader.text()? {
                    b"" => break,
                    mechanism => mechanisms.push(mechanism),
                }
            }
            reader.end()?;
            Authentication::Sasl(mechanisms)
        }
        SASL_CONTINUE => Authentication::SaslContinue(reader.rest()),
        SASL_FINAL => Authentication::SaslFinal(reader.rest()),
        other => Authentication::Other(other),
    })
}
