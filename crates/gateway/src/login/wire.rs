//! A client's connection while it logs in, or while the gateway itself answers it.

use std::sync::Arc;
use std::time::Duration;

use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::auth::method::Transport;
use crate::auth::scram::Channel;
use crate::certificate::{ALPN, Certificate};
use crate::shard::{Tls, farewell};
use crate::socket::Socket;
use crate::wire::{HEADER_BYTES, Violation};

/// Bytes that are read at once: a start-up packet or a proof is shorter.
const READ_BYTES: usize = 2_048;
/// Bytes of a message at most, here.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Time that a client has to take its farewell.
const FAREWELL: Duration = Duration::from_secs(2);
/// Bytes of what `tls-exporter` binds to, and its label (RFC 9266, section 2).
const EXPORTER_BYTES: usize = 32;
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// Only while one becomes the other, or broken by that.
    Gone,
}

/// See the module.
pub struct Wire {
    stream: Stream,
    unread: Vec<u8>,
    end_point: Option<Vec<u8>>,
}

impl Wire {
    /// A connection that was accepted.
    pub fn new(stream: TcpStream) -> Self {
        Self { stream: Stream::Plain(stream), unread: Vec::new(), end_point: None }
    }

    /// What was read and not consumed.
    pub fn unread(&self) -> &[u8] {
        &self.unread
    }

    /// Lets go of the first bytes.
    pub fn consume(&mut self, bytes: usize) {
        self.unread.drain(..bytes.min(self.unread.len()));
    }

    /// Lets go of all of them: of a request that is answered.
    pub fn clear(&mut self) {
        self.unread.clear();
    }

    /// Reads more; false: the client has gone.
    ///
    /// # Errors
    /// `connection_lost`.
    pub async fn fill(&mut self) -> Result<bool> {
        let mut buffer = [0; READ_BYTES];
        let read = match &mut self.stream {
            Stream::Plain(stream) => stream.read(&mut buffer).await,
            Stream::Tls(stream) => stream.read(&mut buffer).await,
            Stream::Gone => Ok(0),
        };
        let read = read.code(ErrorCode::ConnectionLost, "read from a client")?;
        self.unread.extend_from_slice(&buffer[..read]);
        Ok(read > 0)
    }

    /// Writes.
    ///
    /// # Errors
    /// `connection_lost`.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let written = match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes).await,
            Stream::Tls(stream) => match stream.write_all(bytes).await {
                Ok(()) => stream.flush().await,
                failed => failed,
            },
            Stream::Gone => Ok(()),
        };
        written.code(ErrorCode::ConnectionLost, "write to a client")
    }

    /// Reads one message whole: its type and its body. `None`: the client has gone.
    ///
    /// # Errors
    /// `protocol_violation` for a length that is none or too much for here; `connection_lost`.
    pub async fn message(&mut self) -> Result<Option<(u8, Vec<u8>)>> {
        loop {
            if let Some((head, _)) = self.unread.split_first_chunk::<HEADER_BYTES>() {
                let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
                if !(4..=MESSAGE_BYTES_MAX).contains(&length) {
                    return Err(Violation::Length.error());
                }
                if let Some(body) = self.unread.get(HEADER_BYTES..=length) {
                    let message = (head[0], body.to_vec());
                    self.consume(length + 1);
                    return Ok(Some(message));
                }
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// Does the TLS handshake. `asked`: the client has asked for it before, and need not name the protocol.
    ///
    /// # Errors
    /// `connection_lost` where it fails; `protocol_violation` for TLS at once without the protocol's name.
    pub async fn encrypt(&mut self, certificate: &Certificate, asked: bool) -> Result<()> {
        let Stream::Plain(stream) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(Error::new(ErrorCode::ProtocolViolation, "TLS within TLS"));
        };
        let begun = Begun { first: std::mem::take(&mut self.unread), stream };
        let tls =
            handshake(certificate, begun).await.code(ErrorCode::ConnectionLost, "do a TLS handshake")?;
        let named = tls.get_ref().1.alpn_protocol() == Some(ALPN);
        self.stream = Stream::Tls(Box::new(tls));
        self.end_point.clone_from(&certificate.end_point);
        if asked || named {
            return Ok(());
        }
        Err(Error::new(ErrorCode::ProtocolViolation, "TLS without asking needs the ALPN protocol postgresql"))
    }

    /// What lies between client and gateway.
    pub fn transport(&self) -> Transport {
        match &self.stream {
            Stream::Tls(_) => Transport::Tls,
            Stream::Plain(stream) if stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()) => {
                Transport::Local
            }
            Stream::Plain(_) | Stream::Gone => Transport::Open,
        }
    }

    /// What binds a proof to this connection.
    pub fn channel(&self) -> Channel {
        let (Stream::Tls(tls), Some(end_point)) = (&self.stream, &self.end_point) else {
            return Channel::default();
        };
        let exported = tls.get_ref().1.export_keying_material([0; EXPORTER_BYTES], EXPORTER_LABEL, Some(b""));
        Channel { server_end_point: Some(end_point.clone()), exporter: exported.ok().map(Vec::from) }
    }

    /// The server name of the TLS connection.
    pub fn server_name(&self) -> Option<&str> {
        match &self.stream {
            Stream::Tls(tls) => tls.get_ref().1.server_name(),
            Stream::Plain(_) | Stream::Gone => None,
        }
    }

    /// Tells the client why, and lets it go.
    pub async fn farewell(&mut self, error: &Error) {
        // Who does not take it does not get it.
        let _ = timeout(FAREWELL, self.send(&farewell(error))).await;
    }

    /// For a shard, with what was read of it already.
    ///
    /// # Errors
    /// `io`, `connection_lost`.
    pub fn take_socket(&mut self) -> Result<(Socket, Vec<u8>)> {
        const HANDING: &str = "hand a connection over";
        let stream = std::mem::replace(&mut self.stream, Stream::Gone);
        let mut unread = std::mem::take(&mut self.unread);
        let for_shard = |stream: TcpStream| {
            let _ = rustix::net::sockopt::set_socket_keepalive(&stream, true);
            stream.into_std().map(mio::net::TcpStream::from_std).code(ErrorCode::Io, HANDING)
        };
        let socket = match stream {
            Stream::Plain(stream) => Socket::Tcp(for_shard(stream)?),
            Stream::Tls(tls) => {
                let (stream, session) = tls.into_inner();
                let mut tls = Tls::new(for_shard(stream)?, session);
                tls.take_decrypted(&mut unread).code(ErrorCode::ConnectionLost, HANDING)?;
                Socket::Tls(tls)
            }
            Stream::Gone => return Err(Error::new(ErrorCode::ConnectionLost, HANDING)),
        };
        Ok((socket, unread))
    }
}

/// A stream of which the first bytes were read already.
struct Begun {
    first: Vec<u8>,
    stream: TcpStream,
}

async fn handshake(certificate: &Certificate, begun: Begun) -> std::io::Result<TlsStream<TcpStream>> {
    let acceptor = TlsAcceptor::from(Arc::clone(&certificate.config));
    let Begun { first, stream } = begun;
    if first.is_empty() {
        return acceptor.accept(stream).await;
    }
    // The session gets what was read before the stream is read on.
    let mut first = first.as_slice();
    let mut failed = None;
    let accept = acceptor.accept_with(stream, |session| {
        while !first.is_empty() && failed.is_none() {
            failed = session.read_tls(&mut first).err();
        }
        if failed.is_none()
            && let Err(e) = session.process_new_packets()
        {
            failed = Some(std::io::Error::new(std::io::ErrorKind::InvalidData, e));
        }
    });
    let accepted = accept.await;
    match failed {
        Some(failed) => Err(failed),
        None => accepted,
    }
}
