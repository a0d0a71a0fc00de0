//! The order in which a client may open a connection.

use tenantry_domain::{Error, ErrorCode, Result};

use super::{Cancel, Decoded, Packet, Startup, decode};

/// How far a client's opening is. One request for TLS and one for GSSAPI are answered, each once: a client that keeps
/// asking keeps a connection busy for nothing.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    encrypted: bool,
    asked_tls: bool,
    asked_gss: bool,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Read more.
    Read,
    /// Answer the request for TLS: `S` and begin the handshake, or `N`.
    AnswerTls,
    /// Answer the request for GSSAPI encryption with `N`.
    AnswerGss,
    /// Begin the handshake with the bytes at hand. The client has to offer the protocol `postgresql` by ALPN.
    DirectTls,
    /// Pass the cancel request on and close, whatever comes of it, without a word.
    Cancel(Cancel<'a>),
    /// Authenticate. The number of bytes that the packet has; what follows is the client's next message.
    LogIn(Box<Startup>, usize),
}

impl Opening {
    /// For a client that has just connected.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `bytes`, all that has come since the last step, ask for.
    ///
    /// # Errors
    /// Those of [`decode`]; a second request of a kind; a request for encryption within encryption; and bytes behind a
    /// request for encryption: somebody in between could have put them there, to be taken for the client's once the
    /// handshake is over (CVE-2021-23214).
    pub fn step<'a>(&mut self, bytes: &'a [u8]) -> Result<Step<'a>> {
        let Decoded::Packet(packet, length) = decode(bytes)? else { return Ok(Step::Read) };
        match packet {
            Packet::Ssl => {
                Self::once(&mut self.asked_tls, self.encrypted, "SSL")?;
                Self::nothing_behind(bytes, length, "SSL")?;
                Ok(Step::AnswerTls)
            }
            Packet::Gss => {
                Self::once(&mut self.asked_gss, self.encrypted, "GSSAPI encryption")?;
                Self::nothing_behind(bytes, length, "GSSAPI encryption")?;
                Ok(Step::AnswerGss)
            }
            Packet::DirectTls => {
                Self::once(&mut self.asked_tls, self.encrypted, "SSL")?;
                Ok(Step::DirectTls)
            }
            Packet::Cancel(cancel) => Ok(Step::Cancel(cancel)),
            Packet::Startup(startup) => Ok(Step::LogIn(startup, length)),
        }
    }

    /// The handshake has succeeded; from here on bytes are the decrypted ones.
    pub fn encrypted(&mut self) {
        self.encrypted = true;
    }

    fn once(asked: &mut bool, encrypted: bool, what: &str) -> Result<()> {
        if encrypted || std::mem::replace(asked, true) {
            let message = format!("unexpected second {what} request");
            return Err(Error::new(ErrorCode::ProtocolViolation, message));
        }
        Ok(())
    }

    fn nothing_behind(bytes: &[u8], length: usize, what: &str) -> Result<()> {
        if bytes.len() > length {
            let message = format!("received unencrypted data after {what} request");
            return Err(Error::new(ErrorCode::ProtocolViolation, message)
                .help("a defect of the client, or somebody between client and server"));
        }
        Ok(())
    }
}
