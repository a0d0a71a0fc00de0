//! The client proves who it is.

use std::net::IpAddr;

use jiff::Timestamp;
use tenantry_domain::{Error, ErrorCode, Result};
use tenantry_postgres::password::{DOOR_ITERATIONS, door_salt};
use tenantry_registry::doors::{DoorSecret, SecretDoor};

use super::wire::Wire;
use crate::auth::failed;
use crate::auth::method::{Method, Proofs, choose};
use crate::auth::scram::{Denied, Exchange, Verifier, Verifiers};
use crate::hub::Hub;
use crate::route::Door;
use crate::watch::Opener;
use crate::wire::Violation;
use crate::wire::backend::{authentication_sasl, authentication_sasl_continue, authentication_sasl_final};
use crate::wire::frontend::parse_sasl_initial;

/// Whose secrets a proof is checked against.
pub(super) enum Subject {
    /// A door that exists: what its salt is derived for, and what of its secrets is kept.
    Somebody(String, Vec<DoorSecret>),
    /// Nobody: no proof is right.
    Nobody,
}

impl Subject {
    /// Behind this door.
    pub(super) fn of(hub: &Hub, door: &Door) -> Self {
        let snapshot = hub.setup.directory.now();
        match door {
            Door::Admin { .. } => {
                Subject::Somebody(SecretDoor::Admin.subject(None), snapshot.admin_secrets().to_vec())
            }
            Door::App { .. } => {
                Subject::Somebody(SecretDoor::App.subject(None), snapshot.app_secrets().to_vec())
            }
            Door::Tenant { slug, role, .. } => match snapshot.find(slug) {
                None => Subject::Nobody,
                Some(entry) => {
                    let of_role = |secret: &&DoorSecret| secret.role == *role;
                    let secrets = entry.secrets.iter().filter(of_role).cloned().collect();
                    Subject::Somebody(SecretDoor::Tenant(entry.id).subject(role.as_ref()), secrets)
                }
            },
        }
    }

    /// What a proof is checked against, and which secret each of it belongs to.
    fn verifiers(self, hub: &Hub, user: &str) -> Result<(Verifiers, Vec<Opener>)> {
        let now = Timestamp::now();
        let mock = || (Verifiers::mock(&hub.setup.secret, user), Vec::new());
        let Subject::Somebody(subject, secrets) = self else { return Ok(mock()) };
        let salt = door_salt(&hub.setup.secret, &subject);
        let good: Vec<&DoorSecret> = secrets.iter().filter(|secret| secret.is_good(now)).collect();
        let verifier = |secret: &DoorSecret| {
            Verifier::from_keys(&salt, DOOR_ITERATIONS, secret.keys.stored, secret.keys.server)
        };
        if good.is_empty() {
            return Ok(mock());
        }
        let openers = good.iter().map(|secret| Opener::of(secret)).collect();
        Ok((Verifiers::new(good.into_iter().map(verifier).collect())?, openers))
    }
}

/// Asks for the proof and checks it; returns what it was given with.
///
/// # Errors
/// `password_wrong` alike for a wrong password, an unknown user and a secret that is over or revoked.
pub(super) async fn prove(
    hub: &Hub,
    wire: &mut Wire,
    user: &str,
    (subject, peer): (Subject, IpAddr),
) -> Result<Opener> {
    let (verifiers, openers) = subject.verifiers(hub, user)?;
    let proofs = Proofs { verifiers: true, tokens: false };
    let channel = match choose(wire.transport(), proofs)? {
        Method::Scram { channel_binding: true } => wire.channel(),
        Method::Scram { channel_binding: false } => Default::default(),
        Method::Cleartext => return Err(Error::new(ErrorCode::Internal, "a method that was not asked for")),
    };
    let mut out = Vec::new();
    authentication_sasl(&mut out, channel.mechanisms());
    wire.send(&out).await?;
    let first = answer(wire).await?;
    let initial = parse_sasl_initial(&first)?;
    let (exchange, challenge) = Exchange::begin(initial.mechanism, initial.data, &channel, verifiers)?;
    out.clear();
    authentication_sasl_continue(&mut out, challenge.as_bytes());
    wire.send(&out).await?;
    let last = answer(wire).await?;
    match exchange.finish(&last) {
        Ok(proved) => {
            out.clear();
            authentication_sasl_final(&mut out, proved.message.as_bytes());
            wire.send(&out).await?;
            openers.get(proved.verifier).copied().ok_or_else(|| failed(user))
        }
        Err(Denied::Proof) => {
            tracing::info!(%peer, user, "a password was wrong");
            Err(failed(user))
        }
        Err(Denied::Message(error)) => Err(error),
    }
}

async fn answer(wire: &mut Wire) -> Result<Vec<u8>> {
    match wire.message().await? {
        Some((b'p', body)) => Ok(body),
        Some((tag, _)) => Err(Violation::Type(tag).error()),
        None => Err(Error::new(ErrorCode::ConnectionLost, "the client has gone while it logged in")),
    }
}
