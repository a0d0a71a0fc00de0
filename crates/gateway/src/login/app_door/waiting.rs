//! A client of the app door that has not named its tenant yet: answered here, without a server.

use std::sync::Arc;
use std::time::Duration;

use tenantry_domain::{Error, ErrorCode, Result, ServiceName};
use tenantry_registry::directory::Entry;

use super::super::door::{Admitted, admit_silently};
use super::super::wire::Wire;
use super::{named_tenant, verified, way};
use crate::hub::Hub;
use crate::wire::Violation;
use crate::wire::backend::{self, Plain, Report, Severity, error_response, ready_for_query};
use crate::wire::frontend::{Target, parse_parse, parse_query, parse_target};
use crate::wire::startup::Startup;
use crate::wire::status::Status;

/// Time between two messages of such a client.
const SILENCE: Duration = Duration::from_secs(600);

/// What was understood of one client's pipeline so far.
#[derive(Default)]
struct Talk {
    /// The tenant that the last Parse named.
    parsed: Option<Arc<Entry>>,
    /// The tenant that was set.
    chosen: Option<Arc<Entry>>,
    /// An error was told: everything up to Sync is passed over.
    skips: bool,
    out: Vec<u8>,
}

/// Waits until a client that was greeted names its tenant.
pub(in crate::login) async fn wait_for_tenant(
    hub: &Hub,
    wire: &mut Wire,
    startup: &Startup,
    (service, process): (&ServiceName, u32),
) -> Result<Admitted> {
    let mut talk = Talk::default();
    loop {
        let late = |_| Error::new(ErrorCode::ClientIdle, "no tenant was named in time");
        let message = tokio::time::timeout(SILENCE, wire.message()).await.map_err(late)??;
        let Some((tag, body)) = message.filter(|(tag, _)| *tag != b'X') else {
            return Err(Error::new(ErrorCode::ConnectionLost, "the client has gone without naming a tenant"));
        };
        let is_border = talk.answer(hub, tag, &body)?;
        if !talk.out.is_empty() {
            wire.send(&std::mem::take(&mut talk.out)).await?;
        }
        if let Some(entry) = talk.chosen.take_if(|_| is_border) {
            let way = way(hub, &entry, service)?;
            return admit_silently(hub, startup, (&entry, service, way), process);
        }
    }
}

impl Talk {
    /// Answers one message; true: with ReadyForQuery.
    fn answer(&mut self, hub: &Hub, tag: u8, body: &[u8]) -> Result<bool> {
        match tag {
            b'Q' => {
                match self.tenant(hub, parse_query(body)?) {
                    Ok(entry) => {
                        self.chosen = Some(entry);
                        backend::command_complete(&mut self.out, "SET");
                    }
                    Err(error) => self.refuse(&error),
                }
                return Ok(self.ready());
            }
            b'S' => return Ok(self.ready()),
            _ if self.skips => {}
            b'P' => match self.tenant(hub, parse_parse(body)?.sql) {
                Ok(entry) => {
                    self.parsed = Some(entry);
                    backend::plain(&mut self.out, Plain::ParseComplete);
                }
                Err(error) => self.refuse(&error),
            },
            b'B' if self.parsed.is_some() => backend::plain(&mut self.out, Plain::BindComplete),
            b'D' if self.parsed.is_some() => {
                if let Target::Statement(_) = parse_target(body)? {
                    backend::parameter_description(&mut self.out);
                }
                backend::plain(&mut self.out, Plain::NoData);
            }
            b'E' if self.parsed.is_some() => {
                self.chosen.clone_from(&self.parsed);
                backend::command_complete(&mut self.out, "SET");
            }
            b'C' => backend::plain(&mut self.out, Plain::CloseComplete),
            b'H' => {}
            b'B' | b'D' | b'E' | b'F' => {
                self.refuse(&nobody());
                if tag == b'F' {
                    return Ok(self.ready());
                }
            }
            _ => return Err(Violation::Type(tag).error()),
        }
        Ok(false)
    }

    /// The tenant that a statement names, if it may be served.
    fn tenant(&self, hub: &Hub, sql: &[u8]) -> Result<Arc<Entry>> {
        let slug = std::str::from_utf8(sql).ok().and_then(named_tenant).ok_or_else(nobody)?;
        let snapshot = hub.setup.directory.now();
        verified(snapshot.find(&slug), &slug)?;
        snapshot.find(&slug).cloned().ok_or_else(nobody)
    }

    fn refuse(&mut self, error: &Error) {
        error_response(&mut self.out, &Report::of(error, Severity::Error));
        self.skips = true;
        self.parsed = None;
        self.chosen = None;
    }

    fn ready(&mut self) -> bool {
        self.skips = false;
        ready_for_query(&mut self.out, Status::Idle);
        true
    }
}

fn nobody() -> Error {
    Error::new(ErrorCode::NoTenant, "no tenant: this session has named none yet")
        .help("begin with SET app.current_tenant = 'SLUG', or connect with options=-capp.current_tenant=SLUG")
}
