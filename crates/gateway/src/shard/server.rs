//! A server connection of the shard.

use std::sync::Arc;

use super::client::ClientId;
use super::clock::Millis;
use super::link::Unsent;
use super::pool::{PoolId, PoolSpec};
use super::talk::ServerTalk;
use super::tenant::TenantSlot;

/// A server connection, told from others that had its place before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServerId {
    /// Its place; with it events of its link are told apart.
    pub slot: u32,
    /// How often the shard has filled a place.
    pub generation: u32,
}

/// What a server process wants to see in a cancel request (BackendKeyData).
#[derive(Clone, PartialEq, Eq)]
pub struct CancelTarget {
    /// Its number.
    pub process: u32,
    /// Its secret: 4 bytes, up to 256 from protocol 3.2 on.
    pub secret: Box<[u8]>,
}

/// A server connection that the connector hands over: logged in, idle, settings as its log-in left them.
pub struct NewServer<L> {
    /// Its connection.
    pub link: L,
    /// Where it was asked for.
    pub pool: Arc<PoolSpec>,
    /// How to cancel what it runs.
    pub cancel: CancelTarget,
    /// The timeline that it writes, where the cluster has replicas; 0: it is not known.
    pub timeline: u32,
}

/// What a server does at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// Nothing.
    Free,
    /// It serves a client.
    Serving(ClientId),
    /// It serves a client once it has answered to the settings that the client needs.
    Preparing(ClientId),
    /// It forgets what its last client left behind.
    Resetting,
    /// A cancel request to it is still under way, which must not hit the next client.
    AwaitingCancel,
}

/// A server connection of this shard.
pub(super) struct Server<L> {
    pub id: ServerId,
    pub link: L,
    pub talk: ServerTalk,
    pub unsent: Unsent,
    pub is_readable: bool,
    pub is_hung_up: bool,
    pub pool: PoolId,
    pub duty: Duty,
    /// What goes out in front of the client's next bytes.
    pub lead: Vec<u8>,
    /// Whose context is set on it.
    pub context: Option<TenantSlot>,
    pub cancel: CancelTarget,
    /// See [`NewServer::timeline`].
    pub timeline: u32,
    /// Cancel requests to it that are under way.
    pub cancels: u32,
    pub opened: Millis,
    /// When its duty began.
    pub since: Millis,
    /// When what it answers at the moment was asked; `None`: it has answered everything.
    pub busy_since: Option<Millis>,
    /// When it last became quiet in a transaction.
    pub quiet_since: Millis,
    /// When a limit was broken and a cancel request sent.
    pub judged: Option<Millis>,
}

impl<L> Server<L> {
    pub(super) fn client(&self) -> Option<ClientId> {
        match self.duty {
            Duty::Serving(client) | Duty::Preparing(client) => Some(client),
            _ => None,
        }
    }
}
