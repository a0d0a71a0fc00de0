//! Opens server connections: start-up, SCRAM, up to the first ReadyForQuery.

use std::io;

use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use tenantry_gateway::shard::CancelTarget;
use tenantry_gateway::wire::{backend, frontend, startup};
use tenantry_testkit::postgres::server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub async fn open(server: &Server, database: &str) -> io::Result<(TcpStream, CancelTarget)> {
    let mut stream = TcpStream::connect((server.host.as_str(), server.port)).await?;
    stream.set_nodelay(true)?;
    let mut out = Vec::new();
    let parameters = [("user", server.user.as_str()), ("database", database)];
    startup::write(&mut out, startup::Version { major: 3, minor: 0 }, &parameters)
        .expect("a start-up packet");
    stream.write_all(&out).await?;
    let mut scram = ScramSha256::new(server.password.reveal().as_bytes(), ChannelBinding::unsupported());
    let mut cancel = None;
    loop {
        let (tag, body) = message(&mut stream).await?;
        let mut out = Vec::new();
        match tag {
            b'R' => match backend::parse_authentication(&body).expect("an authentication message") {
                backend::Authentication::Ok => {}
                backend::Authentication::Sasl(_) => {
                    frontend::sasl_initial(&mut out, SCRAM_SHA_256, scram.message());
                }
                backend::Authentication::SaslContinue(data) => {
                    scram.update(data)?;
                    frontend::sasl_response(&mut out, scram.message());
                }
                backend::Authentication::SaslFinal(data) => scram.finish(data)?,
                other => panic!("the test server asks for {other:?}"),
            },
            b'K' => {
                let (process, secret) = backend::parse_backend_key_data(&body).expect("a cancel key");
                cancel = Some(CancelTarget { process, secret: secret.into() });
            }
            b'Z' => return Ok((stream, cancel.expect("a cancel key"))),
            b'E' => return Err(io::Error::other(String::from_utf8_lossy(&body).into_owned())),
            _ => {}
        }
        stream.write_all(&out).await?;
    }
}

async fn message(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let tag = stream.read_u8().await?;
    let length = stream.read_u32().await? as usize;
    let mut body = vec![0; length - 4];
    stream.read_exact(&mut body).await?;
    Ok((tag, body))
}

/// Sends a cancel request, and waits until the server has done with it.
pub async fn cancel(server: &Server, target: &CancelTarget) {
    let Ok(mut stream) = TcpStream::connect((server.host.as_str(), server.port)).await else { return };
    let mut out = Vec::new();
    startup::write_cancel(&mut out, target.process, &target.secret);
    if stream.write_all(&out).await.is_ok() {
        let _ = stream.read(&mut [0]).await;
    }
}
