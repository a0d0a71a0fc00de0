//! From an accepted connection to a client of a shard: opening, TLS, proof, door, greeting.
//!
//! Nothing is answered about tenants before the proof: a tenant that does not exist, one that is suspended and a wrong
//! password look alike until the password was right.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tenantry_domain::app::Reads;
use tenantry_domain::{Error, ErrorCode, Isolation, Result, ServiceName};
use tenantry_registry::directory::Snapshot;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout, timeout_at};

mod app_door;
mod door;
mod greeting;
mod proof;
mod wire;

pub use door::closed;
pub use wire::Wire;

use crate::admin;
use crate::auth;
use crate::hub::Hub;
use crate::reads::ClientReads;
use crate::route::{Door, Request, route};
use crate::shard::{Command, NewClient};
use crate::watch::{self, Opener};
use crate::wire::backend::negotiate_protocol_version;
use crate::wire::startup::{Opening, Startup, Step};
use door::Admitted;
use proof::Subject;

/// Who has logged in.
enum Passed {
    /// A client for a shard.
    Client(Admitted),
    /// A client of the app door that has named no tenant yet, with its service and its number for cancel requests.
    Unnamed(ServiceName, u32),
    /// The operator.
    Operator,
}

/// Serves a connection until it belongs to a shard, or has ended.
/// `permit` is let go of once the log-in is over.
pub async fn serve(hub: Arc<Hub>, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
    let mut wire = Wire::new(stream);
    let until = Instant::now() + hub.login_time();
    let ended = match timeout_at(until, open(&hub, &mut wire, peer.ip())).await {
        Ok(Ok(Some(startup))) => {
            let proved = timeout_at(until, log_in(&hub, &mut wire, &startup, peer.ip())).await;
            drop(permit);
            match proved {
                Ok(Ok(passed)) => go_on(&hub, &mut wire, &startup, passed).await,
                Ok(Err(error)) => Err(error),
                Err(_) => Err(late("log in")),
            }
        }
        Ok(Ok(None)) => return,
        Ok(Err(error)) => Err(error),
        Err(_) => Err(late("begin")),
    };
    if let Err(error) = ended {
        hub.count_refusal(error.code());
        tracing::debug!(%peer, code = error.code().as_str(), error = ?error, "a client was not let in");
        wire.farewell(&error).await;
    }
}

fn late(what: &str) -> Error {
    Error::new(
        ErrorCode::ClientIdle,
        format!("the client took too long to {what} (gateway_login_seconds_max)"),
    )
}

/// What comes behind the log-in.
async fn go_on(
    hub: &Hub,
    wire: &mut Wire,
    startup: &Startup,
    (passed, opener): (Passed, Opener),
) -> Result<()> {
    let admitted = match passed {
        Passed::Operator => {
            admin::serve(hub, wire, opener).await;
            return Ok(());
        }
        Passed::Client(admitted) => admitted,
        Passed::Unnamed(service, process) => {
            tokio::select! {
                admitted = app_door::wait_for_tenant(hub, wire, startup, (&service, process)) => admitted?,
                () = watch::revoked(hub, opener, Snapshot::app_secrets) => return Err(watch::revocation()),
            }
        }
    };
    if admitted.profile.isolation == Isolation::Shared {
        // Without its rules every statement would be refused; they are there but for the first moments.
        let _ = timeout(hub.login_time(), hub.places.known(admitted.profile.place)).await;
    }
    hand_over(hub, wire, (startup, opener), admitted)
}

/// What comes before the start-up packet. `None`: it was a cancel request, or nobody.
async fn open(hub: &Hub, wire: &mut Wire, peer: IpAddr) -> Result<Option<Box<Startup>>> {
    enum Next {
        Read,
        Tls { asked: bool },
        Gss,
    }
    let mut opening = Opening::new();
    loop {
        let next = match opening.step(wire.unread())? {
            Step::Read => Next::Read,
            Step::AnswerTls => Next::Tls { asked: true },
            Step::DirectTls => Next::Tls { asked: false },
            Step::AnswerGss => Next::Gss,
            Step::Cancel(cancel) => {
                hub.cancel(peer, cancel.process, cancel.secret);
                return Ok(None);
            }
            Step::LogIn(startup, bytes) => {
                wire.consume(bytes);
                return Ok(Some(startup));
            }
        };
        match (next, &hub.certificate()) {
            (Next::Read, _) => {
                if !wire.fill().await? {
                    return Ok(None);
                }
            }
            (Next::Tls { asked }, Some(certificate)) => {
                if asked {
                    wire.clear();
                    wire.send(b"S").await?;
                }
                wire.encrypt(certificate, asked).await?;
                opening.encrypted();
            }
            (Next::Tls { asked: false }, None) => {
                return Err(Error::new(
                    ErrorCode::ProtocolUnsupported,
                    "the gateway has no certificate for TLS",
                ));
            }
            (Next::Tls { asked: true } | Next::Gss, _) => {
                wire.clear();
                wire.send(b"N").await?;
            }
        }
    }
}

/// From the start-up packet to the greeting.
async fn log_in(hub: &Hub, wire: &mut Wire, startup: &Startup, peer: IpAddr) -> Result<(Passed, Opener)> {
    if let Some(unknown) = &startup.negotiate {
        let mut out = Vec::new();
        negotiate_protocol_version(&mut out, startup.version, unknown);
        wire.send(&out).await?;
    }
    let request = Request {
        user: &startup.user,
        database: startup.database.as_deref(),
        current_tenant: startup.current_tenant.as_deref(),
        server_name: wire.server_name(),
    };
    let door = match route(&hub.served, request) {
        // A user that can't be one fails as one that is none does: after an exchange.
        Err(error) if error.code() == ErrorCode::LoginInvalid => {
            proof::prove(hub, wire, &startup.user, (Subject::Nobody, peer)).await?;
            return Err(auth::failed(&startup.user));
        }
        door => door?,
    };
    let opener = proof::prove(hub, wire, &startup.user, (Subject::of(hub, &door), peer)).await?;
    let passed = pass(hub, wire, startup, door).await?;
    Ok((passed, opener))
}

/// Behind the proof: through the door, up to the greeting.
async fn pass(hub: &Hub, wire: &mut Wire, startup: &Startup, door: Door) -> Result<Passed> {
    match door {
        Door::Admin { .. } => {
            admin::greet(wire).await?;
            Ok(Passed::Operator)
        }
        Door::Tenant { slug, service, .. } => {
            let snapshot = hub.setup.directory.now();
            let entry = snapshot.find(&slug).ok_or_else(|| auth::failed(&startup.user))?;
            door::admit_tenant(hub, wire, startup, (entry, &service)).await.map(Passed::Client)
        }
        Door::App { tenant: Some(slug), service } => {
            app_door::admit(hub, wire, startup, (&slug, &service)).await.map(Passed::Client)
        }
        Door::App { tenant: None, service } => {
            let process = app_door::greet_nobody(hub, wire, startup, &service).await?;
            Ok(Passed::Unnamed(service, process))
        }
    }
}

/// Gives the connection to a shard. What has changed for the tenant in the meantime holds for it too.
fn hand_over(
    hub: &Hub,
    wire: &mut Wire,
    (startup, opener): (&Startup, Opener),
    admitted: Admitted,
) -> Result<()> {
    let Admitted { tenant, process, pool, is_pinned, settings, limits, sets_tenant, profile } = admitted;
    let (link, read) = match wire.take_socket() {
        Ok(parts) => parts,
        Err(error) => {
            hub.dismiss(tenant);
            return Err(error);
        }
    };
    let shard = hub.choose_shard(tenant, is_pinned);
    let mode = startup.reads.unwrap_or(hub.setup.app.gateway.reads);
    let replicas = hub.replicas.get(&*pool.key.cluster).filter(|_| mode != Reads::Primary);
    let reads = replicas.map(|replicas| ClientReads {
        mode,
        replicas: replicas.clone(),
        pools: hub.pools.on_replicas(&pool, replicas),
    });
    let client = NewClient {
        link,
        read,
        tenant,
        limits,
        pool,
        pooling: startup.pooling.unwrap_or(hub.setup.app.gateway.pooling),
        sets_tenant,
        profile,
        reads,
        settings,
        cancel_secret: process.into(),
        opened_by: opener.id,
    };
    hub.order(shard, Command::AddClient(Box::new(client)))?;
    tracing::debug!(%tenant, process, shard, opener = opener.id, "a client has logged in");
    let now = hub.setup.directory.now();
    if let Some(error) = door::closed(&now, tenant) {
        hub.order_all(|| Command::TenantClosed(tenant, closed_again(&error)));
    } else if !watch::is_known(&now, tenant, opener) {
        watch::end(hub, vec![opener.id]);
    }
    Ok(())
}

/// The same error once more: errors with their causes can't be copied.
pub(crate) fn closed_again(error: &Error) -> Error {
    Error::new(error.code(), error.message().to_owned()).help(error.next_step().to_owned())
}
