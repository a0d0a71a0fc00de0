//! A connection to a server while it is being opened.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use sha2::{Digest as _, Sha256};
use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};
use tenantry_postgres::server::{Server, SslMode};
use tenantry_postgres::tls::client_config;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::shard::Tls;
use crate::socket::Socket;

/// SSLRequest: its length and its number.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// Bytes of a message at most while logging in; the longest is a list of mechanisms or an error.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;

pub enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
}

macro_rules! each {
    ($self:expr, $stream:ident => $what:expr) => {
        match $self {
            Stream::Tcp($stream) => $what,
            Stream::Unix($stream) => $what,
            Stream::Tls($stream) => $what,
        }
    };
}

impl Stream {
    /// Connects, with TLS as the server's `sslmode` asks.
    pub async fn open(server: &Server) -> Result<Self> {
        let unreachable = || format!("connect to {}:{}", server.host, server.port);
        if server.host.starts_with('/') {
            let path = format!("{}/.s.PGSQL.{}", server.host, server.port);
            return UnixStream::connect(path)
                .await
                .map(Stream::Unix)
                .code(ErrorCode::ServerUnreachable, unreachable());
        }
        let mut tcp = TcpStream::connect((server.host.as_str(), server.port))
            .await
            .code(ErrorCode::ServerUnreachable, unreachable())?;
        tcp.set_nodelay(true).code(ErrorCode::Io, unreachable())?;
        if server.sslmode == SslMode::Disable {
            return Ok(Stream::Tcp(tcp));
        }
        tcp.write_all(&SSL_REQUEST).await.code(ErrorCode::ConnectionLost, unreachable())?;
        let answer = tcp.read_u8().await.code(ErrorCode::ConnectionLost, unreachable())?;
        match answer {
            b'S' => {
                let name = ServerName::try_from(server.host.clone())
                    .code(ErrorCode::ConfigInvalid, unreachable())?;
                let connector = TlsConnector::from(Arc::new(client_config(server)?));
                let tls =
                    connector.connect(name, tcp).await.code(ErrorCode::ServerUnreachable, unreachable())?;
                Ok(Stream::Tls(Box::new(tls)))
            }
            b'N' if server.sslmode == SslMode::Prefer => Ok(Stream::Tcp(tcp)),
            _ => Err(Error::new(ErrorCode::ServerUnreachable, unreachable() + ": the server has no TLS")),
        }
    }

    pub async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        each!(self, stream => stream.write_all(bytes).await)
            .code(ErrorCode::ConnectionLost, "write to the server")
    }

    /// Reads one message: its type and its body. Nothing behind it is read, so that nothing is lost at the hand-over.
    pub async fn message(&mut self) -> Result<(u8, Vec<u8>)> {
        const READING: &str = "read from the server";
        let mut head = [0; 5];
        each!(self, stream => stream.read_exact(&mut head).await).code(ErrorCode::ConnectionLost, READING)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let body = length.checked_sub(4).filter(|bytes| *bytes <= MESSAGE_BYTES_MAX).ok_or_else(|| {
            Error::new(ErrorCode::ProtocolViolation, "the server sent a message of an impossible length")
        })?;
        let mut body = vec![0; body];
        each!(self, stream => stream.read_exact(&mut body).await).code(ErrorCode::ConnectionLost, READING)?;
        Ok((head[0], body))
    }

    /// Waits until the server closes the connection.
    pub async fn closed(&mut self) {
        let mut rest = [0; 64];
        while matches!(each!(self, stream => stream.read(&mut rest).await), Ok(read) if read > 0) {}
    }

    /// The hash that binds SCRAM to the server's certificate, where there is one that SHA-256 was used for.
    pub fn end_point(&self) -> Option<Vec<u8>> {
        let Stream::Tls(tls) = self else { return None };
        let certificate = tls.get_ref().1.peer_certificates()?.first()?;
        crate::certificate::end_point(certificate).filter(|hash| hash.len() == Sha256::output_size())
    }

    /// For a shard.
    pub fn into_socket(self) -> Result<Socket> {
        const HANDING: &str = "hand a connection over";
        Ok(match self {
            Stream::Tcp(tcp) => {
                Socket::Tcp(mio::net::TcpStream::from_std(tcp.into_std().code(ErrorCode::Io, HANDING)?))
            }
            Stream::Unix(unix) => {
                Socket::Unix(mio::net::UnixStream::from_std(unix.into_std().code(ErrorCode::Io, HANDING)?))
            }
            Stream::Tls(tls) => {
                let (tcp, session) = tls.into_inner();
                let tcp = mio::net::TcpStream::from_std(tcp.into_std().code(ErrorCode::Io, HANDING)?);
                Socket::Tls(Tls::new(tcp, session))
            }
        })
    }
}
