//! What the rim orders.

use tenantry_domain::app::Pooling;
use tenantry_domain::{Error, ErrorCode, Isolation, TenantId};

use super::attach::{cancelled, shutting_down};
use super::{Relay, Todo};
use crate::shard::client::{Client, ClientId, NewClient};
use crate::shard::command::{Command, Outside, PoolStats, Stats};
use crate::shard::ears::{Hears, Place};
use crate::shard::frame;
use crate::shard::link::{Link, Unsent};
use crate::shard::pool::PoolSpec;
use crate::shard::server::{Duty, ServerId};
use crate::shard::talk::ClientTalk;

/// A link that was taken in, to be registered for events under its place.
pub enum Added {
    /// In [`Relay::client_link`].
    Client(u32),
    /// In [`Relay::server_link`].
    Server(u32),
}

impl<L: Link, O: Outside> Relay<L, O> {
    /// Does what the rim orders; tells of a link that came with it.
    pub fn order(&mut self, command: Command<L>) -> Option<Added> {
        match command {
            Command::AddClient(new) => return Some(Added::Client(self.add_client(*new))),
            Command::AddServer(new) => return Some(Added::Server(self.add_server(*new))),
            Command::ServerFailed { pool, error } => self.server_failed(&pool, &error),
            Command::Cancel { secret } => self.cancel(secret),
            Command::CancelDone(server) => self.cancel_done(server),
            Command::TenantLimits(tenant, limits) => {
                self.tenants.enter(tenant, limits);
            }
            Command::TenantClosed(tenant, error) => self.close_tenant(tenant, &error),
            Command::Revoked(secrets, error) => self.revoke(&secrets, &error),
            Command::Hold(tenant) => {
                let slot = self.tenants.enter_unknown(tenant);
                self.tenants.get_mut(slot).is_held = true;
                self.hold_waiters(tenant);
            }
            Command::Release { tenant, moved } => self.release(tenant, &moved),
            Command::Rules(source) => self.decide.learn(&source),
            Command::Listening(channel, error) => self.channel_answered(&channel, error.as_ref()),
            Command::Notified(notice) => self.notified(&notice),
            Command::Missed(place) => self.missed(&place),
            Command::Drain => self.drain(),
            // Whoever asked may have gone.
            Command::Stats(reply) => drop(reply.send(self.stats())),
        }
        self.settle();
        None
    }

    /// The link of a client, for registering it.
    pub fn client_link(&mut self, slot: u32) -> Option<&mut L> {
        self.clients.get_mut(slot as usize).map(|client| &mut client.link)
    }

    /// The link of a server, for registering it.
    pub fn server_link(&mut self, slot: u32) -> Option<&mut L> {
        self.servers.get_mut(slot as usize).map(|server| &mut server.link)
    }

    fn add_client(&mut self, new: NewClient<L>) -> u32 {
        let generation = self.next_generation();
        let id = ClientId { slot: self.clients.vacant_key() as u32, generation };
        let mut talk = ClientTalk::new(self.settings.intern(new.settings));
        let is_readable = !new.read.is_empty();
        talk.held = new.read;
        talk.hears = match (new.pooling, new.profile.isolation) {
            (Pooling::Session, Isolation::Database) => Hears::All,
            (Pooling::Session, _) => Hears::Own,
            _ => Hears::Listener,
        };
        self.cancel_keys.insert(new.cancel_secret, id);
        let home = self.pools.enter(&new.pool);
        // Who keeps a server keeps the primary's.
        let reads = new.reads.filter(|_| new.pooling != Pooling::Session);
        let reads = reads.map(|reads| Box::new(self.ways(reads, home)));
        self.clients.insert(Client {
            id,
            link: new.link,
            talk,
            unsent: Unsent::default(),
            is_readable,
            is_hung_up: false,
            is_leaving: false,
            server: None,
            tenant: self.tenants.enter(new.tenant, new.limits),
            pool: home,
            reads,
            pooling: new.pooling,
            has_session: false,
            is_cancelled: false,
            sets_tenant: new.sets_tenant,
            profile: new.profile,
            cancel_secret: new.cancel_secret,
            waiting: None,
            refusal: None,
            last_active: self.now,
            opened_by: new.opened_by,
            parting: None,
        });
        self.todo.push_back(Todo::Client(id));
        self.settle();
        id.slot
    }

    fn cancel(&mut self, secret: u64) {
        let Some(&id) = self.cancel_keys.get(&secret) else { return };
        let Some(client) = self.client(id) else { return };
        if client.waiting.is_some() {
            return self.stop_waiting(id, &cancelled());
        }
        let Some(server) = client.server else { return };
        let Self { clients, servers, pools, outside, .. } = self;
        let Some(server) = servers.get_mut(server.slot as usize) else { return };
        if server.duty == Duty::Preparing(id) {
            // What it asks has not been sent. A client that keeps its server may have asked for nothing, and asks again.
            let client = clients.get_mut(id.slot as usize).filter(|client| !client.has_session);
            client.into_iter().for_each(|client| client.is_cancelled = true);
            return;
        }
        // Only what this client runs at this moment; and one request at a time is enough.
        if server.duty == Duty::Serving(id) && !server.talk.fates.is_empty() && server.cancels == 0 {
            server.cancels += 1;
            outside.cancel(&pools.get(server.pool).spec, &server.cancel, server.id);
        }
    }

    fn cancel_done(&mut self, id: ServerId) {
        let Some(server) = self.server_mut(id) else { return };
        server.cancels = server.cancels.saturating_sub(1);
        if server.cancels == 0 && server.duty == Duty::AwaitingCancel {
            self.part(id);
        }
    }

    fn of_tenant(&self, tenant: TenantId) -> Vec<ClientId> {
        let Some(slot) = self.tenants.slot(tenant) else { return Vec::new() };
        self.clients.iter().filter(|(_, client)| client.tenant == slot).map(|(_, client)| client.id).collect()
    }

    fn close_tenant(&mut self, tenant: TenantId, error: &Error) {
        let clients = self.of_tenant(tenant);
        self.send_away(clients, error);
    }

    fn revoke(&mut self, secrets: &[i64], error: &Error) {
        let opened = self.clients.iter().filter(|(_, client)| secrets.contains(&client.opened_by));
        let clients = opened.map(|(_, client)| client.id).collect();
        self.send_away(clients, error);
    }

    fn send_away(&mut self, clients: Vec<ClientId>, error: &Error) {
        let farewell = frame::farewell(error);
        for id in clients {
            self.count_refusal(error.code());
            self.end_client(id, Some(&farewell));
        }
    }

    /// Clients that wait in a pool's queue wait for the release instead.
    fn hold_waiters(&mut self, tenant: TenantId) {
        for id in self.of_tenant(tenant) {
            let Some(client) = self.client(id).filter(|client| client.waiting.is_some()) else { continue };
            let (pool, slot) = (client.pool, client.tenant);
            self.pools.get_mut(pool).waiters.remove(slot, id);
            if !self.held.contains(&id) {
                self.held.push(id);
            }
        }
    }

    fn release(&mut self, tenant: TenantId, moved: &[(std::sync::Arc<PoolSpec>, std::sync::Arc<PoolSpec>)]) {
        let Some(slot) = self.tenants.slot(tenant) else { return };
        self.tenants.get_mut(slot).is_held = false;
        for id in self.of_tenant(tenant) {
            if !moved.is_empty() {
                self.forget_replicas(id);
            }
            let Some(client) = self.client(id) else { continue };
            let (pool, is_waiting) = (client.pool, client.waiting.is_some());
            let old = &self.pools.get(pool).spec.key;
            let new = moved.iter().find(|(from, _)| from.key == *old).map(|(_, to)| to.clone());
            let old = Place::of(old);
            let pool = new.map_or(pool, |spec| self.pools.enter(&spec));
            let listens = client_listens(self.client(id));
            if listens && Place::of(&self.pools.get(pool).spec.key) != old {
                // What it listens on is heard where the tenant was.
                let moved =
                    Error::new(ErrorCode::ConnectionLost, "the tenant has moved").help("connect again");
                self.end_client(id, Some(&frame::farewell(&moved)));
                continue;
            }
            let Some(client) = self.client_mut(id) else { continue };
            client.pool = pool;
            if is_waiting {
                self.pools.get_mut(pool).waiters.push(slot, id);
                self.open_for(pool);
                self.serve_waiter(pool);
            }
        }
        self.held
            .retain(|id| self.clients.get(id.slot as usize).is_some_and(|c| c.id == *id && c.tenant != slot));
    }

    fn drain(&mut self) {
        self.is_draining = true;
        let farewell = frame::farewell(&shutting_down());
        let idle: Vec<ClientId> = self
            .clients
            .iter()
            .filter(|(_, client)| client.waiting.is_none())
            .filter(|(_, client)| {
                let server = client.server.and_then(|server| self.server(server));
                server.is_none_or(|server| server.talk.is_idle() && server.busy_since.is_none())
            })
            .map(|(_, client)| client.id)
            .collect();
        for id in idle {
            self.end_client(id, Some(&farewell));
        }
    }

    fn stats(&self) -> Stats {
        let pools = self.pools.iter().map(|pool| PoolStats {
            pool: pool.spec.clone(),
            servers: pool.servers,
            free: pool.free.len(),
            opening: pool.opening,
            waiting: pool.waiters.len(),
        });
        Stats {
            wakeups: self.wakeups,
            clients: self.clients.len(),
            waiting: self.clients.iter().filter(|(_, client)| client.waiting.is_some()).count(),
            statements: self.servers.iter().map(|(_, server)| server.talk.known.len()).sum(),
            pools: pools.collect(),
            refused: self.refused.clone(),
            tenants: self.tenants.iter().map(|(id, tenant)| (id, tenant.counts.clone())).collect(),
        }
    }
}

fn client_listens<L>(client: Option<&Client<L>>) -> bool {
    client.is_some_and(|client| client.talk.channels.is_some())
}
