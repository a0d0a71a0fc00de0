//! A client of the shard.

use std::sync::Arc;

use tenantry_domain::app::{Pooling, Reads as Mode};
use tenantry_domain::{PlanLimits, TenantId};

use super::clock::Millis;
use super::link::Unsent;
use super::pool::{PoolId, PoolSpec};
use super::refuse::Refusal;
use super::server::ServerId;
use super::settings::Setting;
use super::talk::ClientTalk;
use super::tenant::TenantSlot;
use crate::profile::Profile;
use crate::reads::{ClientReads, Mark, Replicas};

/// A client, told from others that had its place before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientId {
    /// Its place; with it events of its link are told apart.
    pub slot: u32,
    /// How often the shard has filled a place.
    pub generation: u32,
}

/// A client that the rim hands over: logged in, greeted, told ReadyForQuery.
pub struct NewClient<L> {
    /// Its connection.
    pub link: L,
    /// What was read of it already behind its log-in.
    pub read: Vec<u8>,
    /// Whose it is.
    pub tenant: TenantId,
    /// What the tenant may use.
    pub limits: PlanLimits,
    /// Which servers it may use.
    pub pool: Arc<PoolSpec>,
    /// When it gives them back.
    pub pooling: Pooling,
    /// It came through the app door, and its tenant is set on servers that tenants share.
    pub sets_tenant: bool,
    /// See [`super::decide::Statement::profile`].
    pub profile: Arc<Profile>,
    /// Replicas that may answer it; none: its primary does everything.
    pub reads: Option<ClientReads>,
    /// Settings of its start-up packet.
    pub settings: Vec<Setting>,
    /// The secret part of its cancel key.
    pub cancel_secret: u64,
    /// The number of the password or token that it has logged in with.
    pub opened_by: i64,
}

/// A client's way to replicas.
pub(super) struct Reads {
    pub mode: Mode,
    pub replicas: Arc<Replicas>,
    /// Its pool on each of them.
    pub pools: Box<[PoolId]>,
    /// Its pool on the primary.
    pub home: PoolId,
    /// What a replica has to cover.
    pub written: Mark,
    /// Its transaction goes to the primary, whatever the replicas say by now.
    pub stays_home: bool,
}

/// A client on this shard.
pub(super) struct Client<L> {
    pub id: ClientId,
    pub link: L,
    pub talk: ClientTalk,
    pub unsent: Unsent,
    /// Something has come that was not read.
    pub is_readable: bool,
    /// The other end was closed: what comes is to be read to the end.
    pub is_hung_up: bool,
    /// It said good-bye, and is let go once its last answer is there.
    pub is_leaving: bool,
    pub server: Option<ServerId>,
    pub tenant: TenantSlot,
    /// Where its server is from, or where it waits for one.
    pub pool: PoolId,
    /// Boxed: most have none.
    pub reads: Option<Box<Reads>>,
    pub pooling: Pooling,
    /// It has used the server that it keeps: nobody knows what it has left there, and no other server has that.
    pub has_session: bool,
    /// It has cancelled what it asks, while its server was still being prepared for it.
    pub is_cancelled: bool,
    pub sets_tenant: bool,
    pub profile: Arc<Profile>,
    pub cancel_secret: u64,
    /// Since when it has waited for a server.
    pub waiting: Option<Millis>,
    /// What it asks for next is refused.
    pub refusal: Option<Refusal>,
    pub last_active: Millis,
    /// What it logged in with.
    pub opened_by: i64,
    /// Since when it is to be sent away, and the server's words for it: a better reason may become known.
    pub parting: Option<(Millis, Box<[u8]>)>,
}
