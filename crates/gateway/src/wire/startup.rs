//! What comes before the first message: requests for encryption, a cancel request, the start-up packet.
//!
//! [`Opening`] is the order of these steps, [`decode`] reads one packet. A start-up packet is **parsed and later built
//! anew ([`write`]), never forwarded**: where a proxy reads one `user` and the server another, somebody logs in as
//! somebody else. So a key that stands twice is refused, and what is not known is not passed on.
//!
//! Sizes are checked with the first four bytes; nothing is waited for or kept beyond them.

use tenantry_domain::{Error, ErrorCode, Result};

mod opening;
pub mod options;
mod packet;
mod parameters;

pub use opening::{Opening, Step};
pub use packet::{Cancel, Decoded, Packet, decode};
pub use parameters::Startup;

use super::write::{lengthed, text};

/// Bytes of a start-up packet at most, as PostgreSQL has it (`MAX_STARTUP_PACKET_LENGTH`).
pub const STARTUP_BYTES_MAX: usize = 10_000;

/// The newest protocol version that is spoken here.
pub const NEWEST: Version = Version { major: 3, minor: 2 };

/// A protocol version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 3 for everything since PostgreSQL 7.4.
    pub major: u16,
    /// 0, or 2 since PostgreSQL 18.
    pub minor: u16,
}

impl Version {
    /// From the first word of a start-up packet.
    pub const fn from_word(word: u32) -> Self {
        Self { major: (word >> 16) as u16, minor: word as u16 }
    }

    /// The first word of a start-up packet.
    pub const fn word(self) -> u32 {
        (self.major as u32) << 16 | self.minor as u32
    }

    /// Bytes of the secret part of a cancel key in this version: 4, since 3.2 as many as we like.
    pub const fn cancel_key_bytes(self) -> usize {
        if self.minor >= 2 { 32 } else { 4 }
    }
}

/// A start-up packet for a server.
///
/// # Errors
/// A parameter with an empty name or with a NUL in it, and a packet that the server would find too long.
pub fn write(out: &mut Vec<u8>, version: Version, parameters: &[(&str, &str)]) -> Result<()> {
    let start = out.len();
    if let Some((name, _)) =
        parameters.iter().find(|(n, v)| n.is_empty() || n.contains('\0') || v.contains('\0'))
    {
        return Err(Error::new(
            ErrorCode::Internal,
            format!("the start-up parameter {name:?} can't be sent"),
        ));
    }
    lengthed(out, |out| {
        out.extend_from_slice(&version.word().to_be_bytes());
        for (name, value) in parameters {
            text(out, name.as_bytes());
            text(out, value.as_bytes());
        }
        out.push(0);
    });
    let bytes = out.len() - start;
    if bytes > STARTUP_BYTES_MAX {
        out.truncate(start);
        return Err(Error::new(ErrorCode::Internal, format!("a start-up packet of {bytes} bytes")));
    }
    Ok(())
}

/// A cancel request for a server, with the key that the server gave.
pub fn write_cancel(out: &mut Vec<u8>, process: u32, secret: &[u8]) {
    lengthed(out, |out| {
        out.extend_from_slice(&packet::CANCEL.to_be_bytes());
        out.extend_from_slice(&process.to_be_bytes());
        out.extend_from_slice(secret);
    });
}

#[cfg(test)]
mod tests;
