//! What the rim tells a shard, and what a shard asks of the rim.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use tenantry_domain::{Error, ErrorCode, PlanLimits, TenantId};

use super::client::{ClientId, NewClient};
use super::ears::{Channel, Notice, Place};
use super::pool::PoolSpec;
use super::server::{CancelTarget, NewServer, ServerId};
use super::tenant::Counts;
use crate::profile::Source;

/// An order to a shard, through its inbox.
pub enum Command<L> {
    /// A client has logged in.
    AddClient(Box<NewClient<L>>),
    /// A server connection that was asked for is there.
    AddServer(Box<NewServer<L>>),
    /// A server connection that was asked for can't be had: its waiting clients are told why.
    ServerFailed {
        /// Where it was asked for.
        pool: Arc<PoolSpec>,
        /// What clients read.
        error: Error,
    },
    /// Somebody wants to cancel what the client with this secret runs.
    Cancel {
        /// [`NewClient::cancel_secret`].
        secret: u64,
    },
    /// A cancel request has done its work: its connection to the server is closed.
    CancelDone(ServerId),
    /// A tenant's plan has changed.
    TenantLimits(TenantId, PlanLimits),
    /// A tenant may not be served any more: its clients are sent away with this error.
    TenantClosed(TenantId, Error),
    /// These passwords and tokens were revoked: clients that have logged in with them are sent away with this error.
    Revoked(Arc<[i64]>, Error),
    /// New transactions of a tenant wait until they are released, for the queue's time at most.
    Hold(TenantId),
    /// Ends [`Command::Hold`].
    Release {
        /// Whose.
        tenant: TenantId,
        /// Where its clients go from now on, each pool in place of the one with the same number.
        moved: Vec<(Arc<PoolSpec>, Arc<PoolSpec>)>,
    },
    /// The rules of a data database have changed, or are known now.
    Rules(Arc<Source>),
    /// A channel that was asked for is heard now; with an error: it can't be.
    Listening(Channel, Option<Error>),
    /// Something was sent to a channel that is heard for this shard.
    Notified(Arc<Notice>),
    /// What was sent to the channels of a database since a while was not heard.
    Missed(Place),
    /// Sends clients away when they have no transaction open, and ends when none is left.
    Drain,
    /// Asks how things are.
    Stats(Sender<Stats>),
}

/// How a shard is.
#[derive(Debug, Default)]
pub struct Stats {
    /// Times the shard has looked at what happened.
    pub wakeups: u64,
    /// Clients connected.
    pub clients: usize,
    /// Those of them that wait for a server.
    pub waiting: usize,
    /// Prepared statements that servers hold, each server's counted.
    pub statements: usize,
    /// Each pool.
    pub pools: Vec<PoolStats>,
    /// How often clients were refused something or sent away, by the reason.
    pub refused: Vec<(ErrorCode, u64)>,
    /// What each tenant has used.
    pub tenants: Vec<(TenantId, Arc<Counts>)>,
}

/// How a pool is.
#[derive(Debug)]
pub struct PoolStats {
    /// Which one.
    pub pool: Arc<PoolSpec>,
    /// Connections.
    pub servers: usize,
    /// Those of them that nobody uses.
    pub free: usize,
    /// Connections being opened.
    pub opening: usize,
    /// Clients that wait.
    pub waiting: usize,
}

/// The rim, as a shard sees it. Called on the shard's thread: nothing here may block.
pub trait Outside {
    /// A server connection is wanted; [`Command::AddServer`] or [`Command::ServerFailed`] answers.
    fn open(&mut self, pool: &Arc<PoolSpec>);

    /// A cancel request is to be sent; [`Command::CancelDone`] answers.
    fn cancel(&mut self, pool: &Arc<PoolSpec>, target: &CancelTarget, server: ServerId);

    /// A channel is to be heard for a tenant's clients, who use this pool; [`Command::Listening`] answers.
    fn listen(&mut self, pool: &Arc<PoolSpec>, channel: &Channel, tenant: TenantId);

    /// A channel need not be heard any more.
    fn unlisten(&mut self, channel: &Channel);

    /// A client has gone.
    fn gone(&mut self, client: ClientId, tenant: TenantId);
}
