//! How clients and servers end, and what that means for the other side.

use tenantry_domain::{Error, ErrorCode};

use super::{Relay, Todo};
use crate::shard::client::ClientId;
use crate::shard::command::Outside;
use crate::shard::ears::{Channels, Hears, Place};
use crate::shard::frame;
use crate::shard::link::Link;
use crate::shard::server::{Duty, ServerId};
use crate::shard::tenant::{Counts, TenantSlot};

impl<L: Link, O: Outside> Relay<L, O> {
    /// Lets a client go. Its server is used on if it has answered everything, and otherwise closed: what a client left
    /// in its midst, nobody else gets.
    pub(super) fn end_client(&mut self, id: ClientId, farewell: Option<&[u8]>) {
        if self.client(id).is_none() {
            return;
        }
        let mut client = self.clients.remove(id.slot as usize);
        if let Some(server) = client.server {
            self.count_held(server, client.tenant);
        }
        self.cancel_keys.remove(&client.cancel_secret);
        if client.parting.is_some() {
            self.parting.retain(|parting| *parting != id);
        }
        if client.waiting.is_some() {
            self.pools.get_mut(client.pool).waiters.remove(client.tenant, id);
            self.held.retain(|held| *held != id);
        }
        client.talk.forget_all(&mut self.statements);
        if let Some(channels) = client.talk.channels.take().filter(|_| client.talk.hears == Hears::Listener) {
            let place = Place::of(&self.pools.get(client.pool).spec.key);
            let Channels { names, asked, left, .. } = *channels;
            self.leave_channels(id, &place, names.into_keys().chain(asked).chain(left));
        }
        let server = client.server.and_then(|server| self.server(server));
        // Within a message the client could not tell it from data.
        let is_between = client.unsent.is_empty() && server.is_none_or(|server| server.talk.rest.bytes == 0);
        if let Some(farewell) = farewell.filter(|_| is_between) {
            // It may be gone already; there is nobody else to tell.
            let _ = client.unsent.send(&mut client.link, farewell);
        }
        let tenant = self.tenants.id(client.tenant);
        self.outside.gone(id, tenant);
        if let Some(server) = client.server {
            self.left_by(server);
        }
    }

    /// The client of this server is gone.
    fn left_by(&mut self, id: ServerId) {
        let Some(server) = self.servers.get_mut(id.slot as usize).filter(|server| server.id == id) else {
            return;
        };
        if server.talk.is_idle() && server.lead.is_empty() && server.unsent.is_empty() {
            return self.part(id);
        }
        if !server.talk.fates.is_empty() {
            let pool = self.pools.get(server.pool).spec.clone();
            self.outside.cancel(&pool, &server.cancel, id);
        }
        self.close_server(id);
    }

    /// A server's connection broke, or what it says can't be followed any more.
    pub(super) fn server_lost(&mut self, id: ServerId) {
        let Some(server) = self.server_mut(id) else { return };
        let client = server.client();
        let is_untouched = server.is_untouched();
        let has_said_goodbye = server.talk.has_said_goodbye;
        let is_within_message = server.talk.rest.bytes > 0;
        let words = server.talk.farewell.take();
        self.close_server(id);
        let Some(client_id) = client else { return };
        if let Some(words) = words.filter(|_| !is_within_message) {
            return self.hold_farewell(client_id, words);
        }
        let Some(client) = self.client_mut(client_id) else { return };
        client.server = None;
        client.talk.has_unnamed = false;
        client.talk.portals.clear();
        client.talk.own.clear();
        if is_untouched && !has_said_goodbye && !client.has_session {
            // Nothing of the client's was sent: another server can do it.
            if !self.refuse_cancelled(client_id) {
                self.todo.push_back(Todo::Client(client_id));
            }
        } else if has_said_goodbye || is_within_message {
            self.end_client(client_id, None);
        } else {
            self.end_client(client_id, Some(&frame::farewell(&lost())));
        }
    }

    /// A server has ended a client's session in words that do not tell why: the client is told the reason if it becomes
    /// known soon (its tenant was suspended, what it logged in with was revoked), else these words.
    pub(super) fn hold_farewell(&mut self, id: ClientId, words: Box<[u8]>) {
        let now = self.now;
        let Some(client) = self.client_mut(id) else { return };
        if let Some(server) = client.server.take() {
            let tenant = client.tenant;
            self.count_held(server, tenant);
        }
        let Some(client) = self.client_mut(id) else { return };
        client.parting = Some((now, words));
        self.parting.push(id);
    }

    /// The time that a server was held for a tenant's client, which lets go of it now.
    pub(super) fn count_held(&self, id: ServerId, tenant: TenantSlot) {
        if let Some(server) = self.server(id) {
            Counts::add(&self.tenants.get(tenant).counts.busy_ms, self.now.since(server.since));
        }
    }

    /// A client was refused something, or sent away.
    pub(super) fn count_refusal(&mut self, code: ErrorCode) {
        match self.refused.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => self.refused.push((code, 1)),
        }
    }

    /// Closes a server's connection and lets others have its place in the budget.
    pub(super) fn close_server(&mut self, id: ServerId) {
        let Some(pool) = self.server(id).map(|server| server.pool) else { return };
        self.forget_server(id);
        self.feed();
        self.open_for(pool);
    }

    /// Closes a server's connection.
    pub(super) fn forget_server(&mut self, id: ServerId) {
        if self.server(id).is_none() {
            return;
        }
        let server = self.servers.remove(id.slot as usize);
        let pool = self.pools.get_mut(server.pool);
        if server.duty == Duty::Free {
            pool.free.retain(|free| *free != id);
        }
        pool.servers = pool.servers.saturating_sub(1);
        pool.spec.budget.give();
    }
}

fn lost() -> Error {
    Error::new(ErrorCode::ConnectionLost, "the connection to the database server was lost")
        .help("connect again; whether the last statement was done can't be told")
}
