//! Logging in to a server: start-up, SCRAM, and what the server tells of itself.

use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};
use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};
use tenantry_postgres::server::Server;

use super::Failed;
use super::stream::Stream;
use crate::session::reported::Reported;
use crate::shard::CancelTarget;
use crate::socket::Socket;
use crate::wire::backend::{
    Authentication, parse_authentication, parse_backend_key_data, parse_parameter_status, parse_report,
};
use crate::wire::startup::{self, Version};
use crate::wire::{Violation, frontend};

/// The version that servers are spoken to in: all that are supported know it.
const VERSION: Version = Version { major: 3, minor: 0 };
/// Messages of a log-in at most: a server that never stops talking shall not keep us.
const MESSAGES_MAX: usize = 1_000;

/// A connection that is logged in and idle.
pub struct Opened {
    /// The connection.
    pub link: Socket,
    /// How to cancel what it runs.
    pub cancel: CancelTarget,
    /// What it has told of its settings.
    pub reported: Reported,
    /// What it has answered to the question that came with the log-in.
    pub said: Option<u64>,
}

/// Opens a connection, and asks a question on it whose answer is one number.
pub(super) async fn log_in(
    server: &Server,
    parameters: &[(&str, &str)],
    question: Option<&str>,
) -> Result<Opened, Failed> {
    let mut stream = Stream::open(server).await?;
    let mut packet = Vec::new();
    startup::write(&mut packet, VERSION, parameters)?;
    stream.send(&packet).await?;
    authenticate(&mut stream, server.password.reveal()).await?;
    let mut reported = Reported::default();
    let mut cancel = None;
    for _ in 0..MESSAGES_MAX {
        let (tag, body) = stream.message().await?;
        match tag {
            b'S' => {
                let (name, value) = parse_parameter_status(&body).map_err(broken)?;
                reported.set(&String::from_utf8_lossy(name), &String::from_utf8_lossy(value));
            }
            b'K' => {
                let (process, secret) = parse_backend_key_data(&body).map_err(broken)?;
                cancel = Some(CancelTarget { process, secret: secret.into() });
            }
            b'E' => return Err(refusal(&body)),
            b'N' => {}
            b'Z' => {
                let cancel = cancel.unwrap_or(CancelTarget { process: 0, secret: Box::new([0; 4]) });
                let said = match question {
                    Some(question) => Some(ask(&mut stream, question).await?),
                    None => None,
                };
                return Ok(Opened { link: stream.into_socket()?, cancel, reported, said });
            }
            _ => return Err(broken(Violation::Format).into()),
        }
    }
    Err(broken(Violation::Format).into())
}

/// Asks for a number.
async fn ask(stream: &mut Stream, question: &str) -> Result<u64, Failed> {
    let mut packet = Vec::new();
    frontend::query(&mut packet, question);
    stream.send(&packet).await?;
    let mut said = None;
    for _ in 0..MESSAGES_MAX {
        let (tag, body) = stream.message().await?;
        match tag {
            // One column: its count and length stand in front of it.
            b'D' => said = body.get(6..).and_then(|text| std::str::from_utf8(text).ok()?.parse().ok()),
            b'E' => return Err(refusal(&body)),
            b'Z' => return said.ok_or_else(|| broken(Violation::Format).into()),
            b'T' | b'C' | b'N' | b'S' => {}
            _ => break,
        }
    }
    Err(broken(Violation::Format).into())
}

async fn authenticate(stream: &mut Stream, password: &str) -> Result<(), Failed> {
    let mut scram: Option<ScramSha256> = None;
    let mut is_proved = false;
    loop {
        let (tag, body) = stream.message().await?;
        match tag {
            b'R' => {}
            b'E' => return Err(refusal(&body)),
            _ => return Err(broken(Violation::Format).into()),
        }
        let mut answer = Vec::new();
        let failed = || "prove ourselves to the server";
        match (parse_authentication(&body).map_err(broken)?, scram.as_mut()) {
            // Without a proof where one was begun, somebody in between may have cut the exchange short.
            (Authentication::Ok, begun) if begun.is_none() || is_proved => return Ok(()),
            (Authentication::Sasl(mechanisms), None) => {
                let (begun, mechanism) = begin(&mechanisms, stream.end_point(), password)?;
                frontend::sasl_initial(&mut answer, mechanism, begun.message());
                scram = Some(begun);
            }
            (Authentication::SaslContinue(challenge), Some(scram)) => {
                scram.update(challenge).code(ErrorCode::ServerUnreachable, failed())?;
                frontend::sasl_response(&mut answer, scram.message());
            }
            (Authentication::SaslFinal(proof), Some(scram)) => {
                scram.finish(proof).code(ErrorCode::ServerUnreachable, failed())?;
                is_proved = true;
                continue;
            }
            _ => {
                let message = "the server asks for a proof that the gateway does not give";
                return Err(Error::new(ErrorCode::ServerUnsuitable, message)
                    .help("let the tenants' roles log in by scram-sha-256 in the server's pg_hba.conf")
                    .into());
            }
        }
        stream.send(&answer).await?;
    }
}

fn begin(
    mechanisms: &[&[u8]],
    end_point: Option<Vec<u8>>,
    password: &str,
) -> Result<(ScramSha256, &'static str)> {
    let offers = |name: &str| mechanisms.contains(&name.as_bytes());
    let (binding, mechanism) = match end_point {
        Some(hash) if offers(SCRAM_SHA_256_PLUS) => {
            (ChannelBinding::tls_server_end_point(hash), SCRAM_SHA_256_PLUS)
        }
        Some(_) => (ChannelBinding::unrequested(), SCRAM_SHA_256),
        None => (ChannelBinding::unsupported(), SCRAM_SHA_256),
    };
    if !offers(mechanism) {
        return Err(Error::new(ErrorCode::ServerUnsuitable, "the server does not offer SCRAM-SHA-256"));
    }
    Ok((ScramSha256::new(password.as_bytes(), binding), mechanism))
}

/// Sends a cancel request, and waits until the server has taken it: it closes the connection then.
pub(super) async fn cancel(server: &Server, target: &CancelTarget) -> Result<()> {
    let mut stream = Stream::open(server).await?;
    let mut packet = Vec::new();
    startup::write_cancel(&mut packet, target.process, &target.secret);
    stream.send(&packet).await?;
    stream.closed().await;
    Ok(())
}

fn refusal(body: &[u8]) -> Failed {
    match parse_report(body) {
        Ok(report) => {
            Failed::said(report.sqlstate(), &String::from_utf8_lossy(report.get(b'M').unwrap_or_default()))
        }
        Err(violation) => broken(violation).into(),
    }
}

fn broken(violation: Violation) -> Error {
    let error: Error = violation.into();
    Error::new(ErrorCode::ServerUnreachable, "the server does not speak PostgreSQL's protocol").because(error)
}
