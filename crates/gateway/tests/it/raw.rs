//! A client that says what it wants.

use std::net::SocketAddr;
use std::time::Duration;

use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use tenantry_gateway::wire::startup::Version;
use tenantry_gateway::wire::{frontend, startup};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here takes, shorter than a hang.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub struct Raw {
    pub stream: TcpStream,
    /// What BackendKeyData told.
    pub key: Vec<u8>,
}

pub fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() + 4) as u32;
    [&[tag][..], &length.to_be_bytes(), body].concat()
}

impl Raw {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await.expect("a connection").unwrap();
        Self { stream, key: Vec::new() }
    }

    /// Logs in where everybody is let in.
    pub async fn log_in_at_once(address: SocketAddr) -> Self {
        let mut raw = Self::open(address).await;
        let mut out = Vec::new();
        let version = Version { major: 3, minor: 0 };
        startup::write(&mut out, version, &[("user", "somebody"), ("database", "main")]).unwrap();
        raw.send(&out).await;
        assert!(raw.answers().await.ends_with('Z'));
        raw
    }

    /// Logs in up to the first ReadyForQuery.
    pub async fn log_in(address: SocketAddr, user: &str, password: &str) -> Self {
        let mut raw = Self::open(address).await;
        let mut out = Vec::new();
        let version = Version { major: 3, minor: 0 };
        startup::write(&mut out, version, &[("user", user), ("database", "main")]).unwrap();
        raw.send(&out).await;
        let mut scram = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
        loop {
            let (tag, body) = raw.message().await.expect("an answer");
            let mut answer = Vec::new();
            match (tag, body.get(..4)) {
                (b'R', Some([0, 0, 0, 10])) => {
                    frontend::sasl_initial(&mut answer, SCRAM_SHA_256, scram.message())
                }
                (b'R', Some([0, 0, 0, 11])) => {
                    scram.update(&body[4..]).unwrap();
                    frontend::sasl_response(&mut answer, scram.message());
                }
                (b'K', _) => raw.key = body,
                (b'Z', _) => return raw,
                (b'E', _) => panic!("{}", String::from_utf8_lossy(&body)),
                _ => {}
            }
            raw.send(&answer).await;
        }
    }

    /// Sends; that the other end is gone shows when something is read.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("bytes are taken");
    }

    /// One message; `None`: the connection has ended.
    pub async fn message(&mut self) -> Option<(u8, Vec<u8>)> {
        let read = async {
            let mut head = [0; 5];
            self.stream.read_exact(&mut head).await.ok()?;
            let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
            let mut body = vec![0; length - 4];
            self.stream.read_exact(&mut body).await.ok()?;
            Some((head[0], body))
        };
        timeout(PATIENCE, read).await.expect("an answer or an end in time")
    }

    /// Types of the answers up to ReadyForQuery or the end, errors with their SQLSTATE.
    pub async fn answers(&mut self) -> String {
        let mut answers = String::new();
        while let Some((tag, body)) = self.message().await {
            answers.push(char::from(tag));
            if tag == b'E' {
                answers.push_str(&format!("[{}]", sqlstate(&body)));
            }
            if tag == b'Z' {
                return answers;
            }
        }
        answers + "."
    }

    /// Everything up to the end of the connection.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let _ =
            timeout(PATIENCE, self.stream.read_to_end(&mut rest)).await.expect("the connection ends in time");
        rest
    }
}

fn sqlstate(body: &[u8]) -> String {
    let code = body.split(|byte| *byte == 0).find(|field| field.first() == Some(&b'C')).unwrap_or_default();
    String::from_utf8_lossy(code.get(1..).unwrap_or_default()).into_owned()
}
