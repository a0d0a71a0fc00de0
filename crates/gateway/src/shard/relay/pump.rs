//! Reading a connection and sending on what came.

use std::sync::atomic::Ordering::Relaxed;
use tenantry_domain::Limits;
use tenantry_domain::app::Pooling;

use super::{Relay, Todo};
use crate::profile::Profile;
use crate::shard::chunk::Chunk;
use crate::shard::client::ClientId;
use crate::shard::command::Outside;
use crate::shard::down::Down;
use crate::shard::frame::{self, Violation};
use crate::shard::link::Link;
use crate::shard::out::Out;
use crate::shard::server::{Duty, ServerId};
use crate::shard::tenant::Counts;
use crate::shard::up::{Rules, Up, Walked};

/// Chunks that one connection may be read before others have their turn.
const CHUNKS_MAX: usize = 8;

/// Why a connection is not read on.
enum Stop {
    /// For now.
    Wait,
    /// The client is gone.
    ClientGone,
    /// The client broke the protocol.
    ClientWrong(Violation),
    /// The server is gone, or broke the protocol.
    ServerLost(ServerId),
}

impl<L: Link, O: Outside> Relay<L, O> {
    pub(super) fn pump_client(&mut self, id: ClientId) {
        for _ in 0..CHUNKS_MAX {
            if !self.may_read(id) {
                return;
            }
            let stop = match self.read_client(id) {
                Ok(walked) => {
                    self.after_client(id, &walked);
                    continue;
                }
                Err(stop) => stop,
            };
            return match stop {
                Stop::Wait => self.after_client(id, &Walked { used: 0, leaves: false }),
                Stop::ClientGone => self.end_client(id, None),
                Stop::ClientWrong(violation) => {
                    self.end_client(id, Some(&frame::farewell(&violation.error())));
                }
                Stop::ServerLost(server) => self.server_lost(server),
            };
        }
        self.later.push_back(Todo::Client(id));
    }

    /// Whether the client is to be read now; finds it a server first.
    fn may_read(&mut self, id: ClientId) -> bool {
        let Some(client) = self.client(id) else { return false };
        if !client.is_readable || client.is_leaving || client.waiting.is_some() || client.parting.is_some() {
            return false;
        }
        if client.talk.waits_for_channels() {
            return false;
        }
        if client.server.is_none() {
            // Whoever does not read its answers gets no server for more of them.
            if !client.unsent.is_empty() {
                return false;
            }
            if client.refusal.is_none() && client.reads.is_some() {
                // What it asks decides which server it gets.
                return true;
            }
            if client.refusal.is_none() {
                self.acquire(id);
            }
        }
        let Some(client) = self.client(id) else { return false };
        let Some(server) = client.server else { return client.refusal.is_some() };
        let (is_unit_sent, is_hung_up) = (client.talk.is_unit_sent, client.is_hung_up);
        let Some(server) = self.server(server) else { return false };
        if is_unit_sent && !server.talk.fates.is_empty() {
            if is_hung_up {
                self.end_client(id, None);
            }
            return false;
        }
        self.can_take(id)
    }

    /// Whether the client's server takes what it asks.
    pub(super) fn can_take(&self, id: ClientId) -> bool {
        let server = self.client(id).and_then(|client| client.server).and_then(|server| self.server(server));
        server.is_some_and(|server| {
            server.duty == Duty::Serving(id) && server.unsent.is_empty() && !server.talk.fates.is_full()
        })
    }

    fn read_client(&mut self, id: ClientId) -> Result<Walked, Stop> {
        let Self { clients, buffer, .. } = self;
        let client = clients.get_mut(id.slot as usize).ok_or(Stop::Wait)?;
        let chunk = match Chunk::read(&mut client.talk.held, &mut client.link, buffer) {
            Ok(Some(chunk)) => chunk,
            Ok(None) => {
                client.is_readable = false;
                return Err(Stop::Wait);
            }
            Err(_) => return Err(Stop::ClientGone),
        };
        if chunk.is_ended {
            return Err(Stop::ClientGone);
        }
        // A short read took everything: the next edge tells of more. Not so of the end, which is read by itself.
        client.is_readable = !chunk.is_drained || client.is_hung_up;
        client.last_active = self.now;
        if client.server.is_none() && client.refusal.is_none() && client.reads.is_some() {
            let verdict = self.look(id, &chunk);
            self.acquire_for(id, verdict);
            let is_refused = self.client(id).is_some_and(|client| client.refusal.is_some());
            if !is_refused && !self.can_take(id) {
                self.put_back(id, chunk);
                return Err(Stop::Wait);
            }
        }
        self.forward(id, chunk)
    }

    /// Sends on what a client has sent, to its server or to whom refuses it.
    fn forward(&mut self, id: ClientId, chunk: Chunk) -> Result<Walked, Stop> {
        let Self { clients, servers, tenants, buffer, changed, .. } = self;
        let client = clients.get_mut(id.slot as usize).ok_or(Stop::Wait)?;
        client.talk.is_unit_sent = false;
        let tenant = client.tenant;
        let counts = &tenants.get(tenant).counts;
        let queries = counts.queries.load(Relaxed);
        Counts::add(&counts.bytes_in, chunk.got as u64);
        changed.clear();
        let input = chunk.input(buffer);
        let Some(server_id) = client.server else {
            let Some(refusal) = &mut client.refusal else { return Err(Stop::Wait) };
            let walked = refusal.walk(&mut client.talk, input, changed).map_err(Stop::ClientWrong)?;
            if refusal.is_done {
                client.refusal = None;
            }
            client.talk.held = chunk.keep(buffer, walked.used);
            Counts::add(&counts.bytes_out, changed.len() as u64);
            client.unsent.send(&mut client.link, changed).map_err(|_| Stop::ClientGone)?;
            return Ok(walked);
        };
        let server = servers.get_mut(server_id.slot as usize).ok_or(Stop::Wait)?;
        changed.append(&mut server.lead);
        let mut up = Up {
            rules: rules(&client.profile, client.pooling, &self.limits),
            client: &mut client.talk,
            server: &mut server.talk,
            statements: &mut self.statements,
            settings: &self.settings,
            decide: &mut *self.decide,
            counts,
            ears: &self.ears,
            pool: &self.pools.get(client.pool).spec.key,
            wants: Vec::new(),
            moves: Vec::new(),
            out: Out::new(input, changed),
        };
        let walked = up.walk().map_err(Stop::ClientWrong)?;
        let wants = std::mem::take(&mut up.wants);
        let bytes = up.out.finish(walked.used);
        let queries = counts.queries.load(Relaxed).wrapping_sub(queries);
        let sent = server.unsent.send(&mut server.link, bytes);
        client.talk.held = chunk.keep(buffer, walked.used);
        client.is_readable |= client.talk.is_unit_sent && !client.talk.held.is_empty();
        if server.busy_since.is_none() && !server.talk.fates.is_empty() {
            server.busy_since = Some(self.now);
        }
        tenants.get_mut(tenant).charge(self.now, queries);
        sent.map_err(|_| Stop::ServerLost(server_id))?;
        if !wants.is_empty() {
            self.want_channels(id, wants);
        }
        Ok(walked)
    }

    fn after_client(&mut self, id: ClientId, walked: &Walked) {
        let Some(client) = self.client_mut(id) else { return };
        let Some(server) = client.server else {
            if walked.leaves {
                self.end_client(id, None);
            }
            return;
        };
        client.is_leaving |= walked.leaves;
        let is_leaving = client.is_leaving;
        self.settle_server(server);
        // With answers still to come they are awaited, as the server itself would before it reads the good-bye. Without a
        // Sync they may never come.
        let is_over = self
            .server(server)
            .is_none_or(|server| server.talk.fates.is_empty() || server.talk.fates.is_unsynced());
        if is_leaving && is_over {
            self.end_client(id, None);
        }
    }

    pub(super) fn pump_server(&mut self, id: ServerId) {
        for _ in 0..CHUNKS_MAX {
            let Some(server) = self.server(id) else { return };
            if !server.is_readable {
                return;
            }
            // Whoever does not take its answers gets no more of them.
            let client = server.client().and_then(|client| self.client(client));
            if client.is_some_and(|client| !client.unsent.is_empty()) {
                return;
            }
            match self.read_server(id) {
                Ok(()) => {}
                Err(Stop::Wait) => return,
                Err(Stop::ServerLost(id)) => return self.server_lost(id),
                Err(Stop::ClientGone | Stop::ClientWrong(_)) => {
                    let client = self.server(id).and_then(|server| server.client());
                    return client.into_iter().for_each(|client| self.end_client(client, None));
                }
            }
            let client = self.server(id).and_then(|server| server.client());
            if let Some(client) = client.filter(|client| self.has_channels(*client)) {
                self.tidy_channels(client);
            }
            self.settle_server(id);
        }
        self.later.push_back(Todo::Server(id));
    }

    fn has_channels(&self, id: ClientId) -> bool {
        self.client(id).is_some_and(|client| client.talk.channels.is_some())
    }

    fn read_server(&mut self, id: ServerId) -> Result<(), Stop> {
        let Self { clients, servers, tenants, buffer, changed, .. } = self;
        let server = servers.get_mut(id.slot as usize).ok_or(Stop::Wait)?;
        let chunk = match Chunk::read(&mut server.talk.held, &mut server.link, buffer) {
            Ok(Some(chunk)) => chunk,
            Ok(None) => {
                server.is_readable = false;
                return Err(Stop::Wait);
            }
            Err(_) => return Err(Stop::ServerLost(id)),
        };
        if chunk.is_ended {
            return Err(Stop::ServerLost(id));
        }
        server.is_readable = !chunk.is_drained || server.is_hung_up;
        changed.clear();
        let mut client = server
            .client()
            .and_then(|client| clients.get_mut(client.slot as usize).filter(|c| c.id == client));
        let nobody = Counts::default();
        let counts = match &client {
            Some(client) => &*tenants.get(client.tenant).counts,
            None => &nobody,
        };
        let mut down = Down {
            client: client.as_deref_mut().map(|client| &mut client.talk),
            server: &mut server.talk,
            statements: &mut self.statements,
            settings: &mut self.settings,
            counts,
            out: Out::new(chunk.input(buffer), changed),
        };
        let walked = down.walk();
        // What came before a violation is still the client's.
        let used = *walked.as_ref().unwrap_or(&0);
        let bytes = down.out.finish(used);
        Counts::add(&counts.bytes_out, bytes.len() as u64);
        let sent = match &mut client {
            Some(client) => {
                client.last_active = self.now;
                server.talk.bytes += bytes.len() as u64;
                client.unsent.send(&mut client.link, bytes)
            }
            None => Ok(()),
        };
        server.talk.held = chunk.keep(buffer, used);
        if server.talk.fates.is_empty() {
            server.busy_since = None;
            server.talk.rows = 0;
            server.talk.bytes = 0;
            server.quiet_since = self.now;
        }
        if walked.is_err() {
            return Err(Stop::ServerLost(id));
        }
        sent.map_err(|_| Stop::ClientGone)
    }
}

/// What holds for a client's statements.
fn rules<'a>(profile: &'a Profile, pooling: Pooling, limits: &Limits) -> Rules<'a> {
    Rules {
        profile,
        keeps_server: pooling == Pooling::Session,
        one_statement: pooling == Pooling::Statement,
        statement_bytes_max: limits.gateway_statement_kib_max * 1024,
        prepared_per_server_max: limits.gateway_prepared_per_server_max,
        prepared_max: limits.gateway_prepared_per_client_max,
        prepared_bytes_max: limits.gateway_prepared_kib_per_client_max * 1024,
    }
}
