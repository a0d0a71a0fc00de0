//! One packet of the opening.

use tenantry_domain::{Error, ErrorCode, Result};

use super::{STARTUP_BYTES_MAX, Startup, Version};
use crate::wire::CANCEL_KEY_BYTES_MAX;
use crate::wire::read::Reader;

/// "Versions" that are requests.
pub(super) const CANCEL: u32 = request(5678);
const SSL: u32 = request(5679);
const GSS: u32 = request(5680);

const fn request(minor: u16) -> u32 {
    Version { major: 1234, minor }.word()
}

/// The type of a TLS record that begins a handshake (RFC 8446, section 5.1). As the first byte of a length it would ask
/// for 350 MB.
const TLS_HANDSHAKE: u8 = 0x16;

/// What the bytes so far are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// The beginning of a packet.
    Incomplete,
    /// A packet, and how many bytes it has.
    Packet(Packet<'a>, usize),
}

/// A packet of the opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// SSLRequest: TLS, if we like.
    Ssl,
    /// GSSENCRequest: GSSAPI encryption, which is not served.
    Gss,
    /// TLS begins without asking (`sslnegotiation=direct`). Has no bytes of its own.
    DirectTls,
    /// CancelRequest.
    Cancel(Cancel<'a>),
    /// StartupMessage.
    Startup(Box<Startup>),
}

/// A cancel request: whose query, and the proof that one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancel<'a> {
    /// The process number from BackendKeyData.
    pub process: u32,
    /// The secret from BackendKeyData: 4 bytes, since protocol 3.2 up to 256.
    pub secret: &'a [u8],
}

/// Reads the packet at the beginning of `bytes`.
///
/// # Errors
/// `protocol_violation` for an impossible length, already with the first four bytes; for a layout that is wrong, a key
/// that stands twice, a text that is not UTF-8. `protocol_unsupported` for versions other than 3 and for replication.
/// `login_invalid` where there is no user.
pub fn decode(bytes: &[u8]) -> Result<Decoded<'_>> {
    if bytes.first() == Some(&TLS_HANDSHAKE) {
        return Ok(Decoded::Packet(Packet::DirectTls, 0));
    }
    let Some((word, _)) = bytes.split_first_chunk::<4>() else { return Ok(Decoded::Incomplete) };
    let length = u32::from_be_bytes(*word) as usize;
    if !(8..=STARTUP_BYTES_MAX).contains(&length) {
        return Err(Error::new(ErrorCode::ProtocolViolation, "invalid length of startup packet"));
    }
    let Some(packet) = bytes.get(4..length) else { return Ok(Decoded::Incomplete) };
    let mut reader = Reader::new(packet);
    let word = reader.u32()?;
    let packet = match word {
        SSL => only(reader, Packet::Ssl)?,
        GSS => only(reader, Packet::Gss)?,
        CANCEL => Packet::Cancel(cancel(reader)?),
        _ => Packet::Startup(Box::new(Startup::parse(Version::from_word(word), reader.rest())?)),
    };
    Ok(Decoded::Packet(packet, length))
}

fn only<'a>(reader: Reader<'_>, packet: Packet<'a>) -> Result<Packet<'a>> {
    if reader.is_empty() {
        return Ok(packet);
    }
    Err(Error::new(ErrorCode::ProtocolViolation, "invalid length of encryption request packet"))
}

fn cancel(mut reader: Reader<'_>) -> Result<Cancel<'_>> {
    let invalid = || Error::new(ErrorCode::ProtocolViolation, "invalid length of query cancel packet");
    let process = reader.u32().map_err(|_| invalid())?;
    let secret = reader.rest();
    if !(4..=CANCEL_KEY_BYTES_MAX).contains(&secret.len()) {
        return Err(invalid());
    }
    Ok(Cancel { process, secret })
}
