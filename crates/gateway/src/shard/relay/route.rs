//! Which server a client's next transaction goes to, where it lets replicas answer.

use super::{Relay, Todo};
use crate::reads::{ClientReads, Fallback, Verdict};
use crate::shard::chunk::Chunk;
use crate::shard::client::{ClientId, Reads};
use crate::shard::command::Outside;
use crate::shard::link::Link;
use crate::shard::pool::PoolId;
use crate::shard::server::ServerId;
use crate::shard::unit::Look;

/// Milliseconds for which a login is not tried again that a replica has refused.
const REFUSING_MS: u64 = 2_000;

impl<L: Link, O: Outside> Relay<L, O> {
    /// A new client's way to replicas. What was written before it came it reads as if it had written it itself.
    pub(super) fn ways(&mut self, new: ClientReads, home: PoolId) -> Reads {
        let ClientReads { mode, replicas, pools } = new;
        let pools = pools.iter().map(|pool| self.pools.enter(pool)).collect();
        Reads { mode, written: replicas.arrived(), replicas, pools, home, stays_home: false }
    }

    /// Who may do what a client asks first.
    pub(super) fn look(&mut self, id: ClientId, chunk: &Chunk) -> Verdict {
        let Some(client) = self.clients.get(id.slot as usize) else { return Verdict::Primary };
        let Some(reads) = &client.reads else { return Verdict::Primary };
        let look = Look {
            profile: &client.profile,
            mode: reads.mode,
            client: &client.talk,
            statements: &self.statements,
            settings: &self.settings,
            decide: &mut *self.decide,
            statement_bytes_max: self.limits.gateway_statement_kib_max * 1024,
        };
        look.verdict(chunk.input(&self.buffer))
    }

    /// The client wants to begin with what was looked at.
    pub(super) fn acquire_for(&mut self, id: ClientId, verdict: Verdict) {
        let Some(client) = self.clients.get_mut(id.slot as usize) else { return };
        let Some(reads) = &mut client.reads else { return };
        let stays_home = std::mem::take(&mut reads.stays_home);
        client.pool = match verdict {
            Verdict::Primary => reads.home,
            Verdict::Unfit => {
                reads.replicas.count_fallback(Fallback::Unfit);
                reads.home
            }
            Verdict::Replica if stays_home => reads.home,
            Verdict::Replica => match reads.replicas.choose(reads.written, id.slot as usize) {
                Ok(replica) => {
                    let pool = reads.pools.get(replica).copied().unwrap_or(reads.home);
                    let refused = self.pools.get(pool).refused;
                    if refused.is_some_and(|at| self.now.since(at) < REFUSING_MS) {
                        reads.replicas.count_fallback(Fallback::Refused);
                        reads.home
                    } else {
                        pool
                    }
                }
                Err(why) => {
                    reads.replicas.count_fallback(why);
                    reads.home
                }
            },
        };
        self.acquire(id);
    }

    /// What was read of a client that has to wait for its server. It is looked at again then.
    pub(super) fn put_back(&mut self, id: ClientId, chunk: Chunk) {
        let Self { clients, buffer, .. } = self;
        let Some(client) = clients.get_mut(id.slot as usize).filter(|client| client.id == id) else { return };
        client.talk.held = chunk.keep(buffer, 0);
        client.is_readable = true;
    }

    /// A client's server has done all that it was asked: what it may have written, replicas have to cover from now on. On another
    /// timeline than before that holds for everything that the client has seen.
    pub(super) fn note_written(&mut self, id: ServerId, client: ClientId) {
        let Self { clients, servers, .. } = self;
        let Some(server) = servers.get(id.slot as usize) else { return };
        let Some(client) = clients.get_mut(client.slot as usize) else { return };
        let Some(reads) = client.reads.as_mut().filter(|_| !server.talk.is_replica) else { return };
        if server.talk.may_write || reads.written.timeline() != server.timeline {
            reads.written = reads.replicas.written(server.timeline);
        }
    }

    /// A replica's connections can't be opened: its waiting clients go to the primary.
    pub(super) fn send_home(&mut self, pool: PoolId) {
        self.pools.get_mut(pool).refused = Some(self.now);
        while let Some(id) = self.pools.get_mut(pool).waiters.pop() {
            let Some(client) = self.client_mut(id) else { continue };
            client.waiting = None;
            if let Some(reads) = &mut client.reads {
                reads.stays_home = true;
                reads.replicas.count_fallback(Fallback::Refused);
            }
            self.todo.push_back(Todo::Client(id));
        }
    }

    /// The client's place has changed, and its replicas with it.
    pub(super) fn forget_replicas(&mut self, id: ClientId) {
        let Some(client) = self.client_mut(id) else { return };
        let Some(reads) = client.reads.take() else { return };
        let (pool, tenant, is_waiting) = (client.pool, client.tenant, client.waiting.is_some());
        client.pool = reads.home;
        if is_waiting {
            self.pools.get_mut(pool).waiters.remove(tenant, id);
        }
    }
}
