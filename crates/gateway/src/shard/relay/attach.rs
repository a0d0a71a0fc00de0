//! Who has which server: taking, preparing, giving back.

use tenantry_domain::app::Pooling;
use tenantry_domain::{Error, ErrorCode};
use tenantry_postgres::session;

use super::{Relay, Todo};
use crate::shard::client::ClientId;
use crate::shard::command::Outside;
use crate::shard::down::TERMINATED;
use crate::shard::fate::{Asked, Fate, To};
use crate::shard::frame;
use crate::shard::link::Link;
use crate::shard::pool::PoolId;
use crate::shard::refuse::Refusal;
use crate::shard::server::{Duty, Server, ServerId};
use crate::shard::settings::SettingsTable;
use crate::shard::talk::IDLE;
use crate::shard::tenant::{Counts, TenantSlot};

/// The setting that names the tenant on servers that tenants share.
const TENANT_SETTING: &str = "app.current_tenant";
/// Free servers that are looked at for one that is set to the tenant already.
const LOOKED_AT_MAX: usize = 8;

impl<L: Link, O: Outside> Relay<L, O> {
    /// A client wants to begin: it gets a server, an error, or a place in the queue.
    pub(super) fn acquire(&mut self, id: ClientId) {
        let Some(client) = self.clients.get_mut(id.slot as usize) else { return };
        let (tenant, pool, wants) = (client.tenant, client.pool, client.sets_tenant.then_some(client.tenant));
        if !self.tenants.get(tenant).is_within_rate(self.now) {
            let limits = self.tenants.get(tenant).limits;
            let max = limits.queries_per_second_max.unwrap_or_default();
            return self.refuse(id, &over_rate(max));
        }
        let is_held = self.tenants.get(tenant).is_held;
        if !is_held
            && self.pools.get(pool).waiters.is_empty()
            && let Some(server) = self.take_free(pool, wants)
        {
            return self.attach(id, server);
        }
        let max = self.limits.gateway_queue_clients_per_tenant_max;
        if !is_held && self.pools.get(pool).waiters.of(tenant) >= max {
            return self.refuse(id, &queue_full(max));
        }
        let now = self.now;
        let Some(client) = self.client_mut(id) else { return };
        if client.is_hung_up {
            return self.end_client(id, None);
        }
        client.waiting = Some(now);
        if is_held {
            self.held.push(id);
        } else {
            self.pools.get_mut(pool).waiters.push(tenant, id);
            self.open_for(pool);
        }
    }

    /// What the client asks for next is answered with an error.
    pub(super) fn refuse(&mut self, id: ClientId, error: &Error) {
        self.count_refusal(error.code());
        let Some(client) = self.client_mut(id) else { return };
        client.refusal = Some(Refusal::new(frame::error_response(error)));
        let tenant = client.tenant;
        Counts::add(&self.tenants.get(tenant).counts.errors, 1);
        self.todo.push_back(Todo::Client(id));
    }

    /// A client whose statement was cancelled before anything of it was sent: it leaves its server and reads why.
    pub(super) fn refuse_cancelled(&mut self, id: ClientId) -> bool {
        let Some(client) = self.client_mut(id) else { return false };
        if !std::mem::take(&mut client.is_cancelled) {
            return false;
        }
        client.server = None;
        self.refuse(id, &cancelled());
        true
    }

    /// A free server, if possible one that is set as it is wanted.
    fn take_free(&mut self, pool: PoolId, wants: Option<TenantSlot>) -> Option<ServerId> {
        let Self { pools, servers, .. } = self;
        let free = &mut pools.get_mut(pool).free;
        if wants.is_some() {
            let fits = |id: &ServerId| servers.get(id.slot as usize).is_some_and(|s| s.context == wants);
            let start = free.len().saturating_sub(LOOKED_AT_MAX);
            if let Some(at) = free[start..].iter().rposition(fits) {
                return Some(free.remove(start + at));
            }
        }
        free.pop()
    }

    fn attach(&mut self, id: ClientId, server_id: ServerId) {
        let Self { clients, servers, tenants, pools, .. } = self;
        let Some(client) = clients.get_mut(id.slot as usize) else { return };
        let Some(server) = servers.get_mut(server_id.slot as usize) else { return };
        let tenant = tenants.get(client.tenant);
        Counts::add(&tenant.counts.transactions, 1);
        if let Some(since) = client.waiting.take() {
            Counts::add(&tenant.counts.waited_ms, self.now.since(since));
        }
        client.server = Some(server_id);
        client.talk.is_unit_sent = false;
        client.talk.ends_unit = false;
        server.talk.may_write = false;
        if let (Some(reads), Some(replica)) = (&client.reads, pools.get(server.pool).spec.key.replica)
            && let Some(replica) = reads.replicas.each().get(replica)
        {
            replica.count_read();
        }
        server.since = self.now;
        server.quiet_since = self.now;
        server.duty = Duty::Serving(id);
        self.todo.push_back(Todo::Client(id));
        self.prepare(id, server_id);
    }

    /// Has the server set to what its client has set.
    fn prepare(&mut self, id: ClientId, server_id: ServerId) {
        let Self { clients, servers, tenants, settings, .. } = self;
        let Some(client) = clients.get_mut(id.slot as usize) else { return };
        let Some(server) = servers.get_mut(server_id.slot as usize) else { return };
        let tenant = tenants.get(client.tenant);
        let context = client.sets_tenant.then_some(client.tenant);
        if server.talk.settings == client.talk.settings && server.context == context {
            return;
        }
        let has_context = server.context == context;
        let besides = (!has_context).then(|| (TENANT_SETTING, context.map(|_| &*tenant.context)));
        let sql = settings.statements(server.talk.settings, client.talk.settings, besides);
        if sql.is_empty() {
            return;
        }
        frame::write_query(&mut server.lead, sql.as_bytes());
        server.talk.fates.push(Fate::new(Asked::Query, To::Nobody));
        // Were the tenant not set, the client's own statement must not run: so its answer is awaited. Settings that some
        // server took before are sent in front of the client's bytes, without a round trip of their own.
        let must_wait = !has_context || !settings.is_proven(client.talk.settings);
        server.talk.settings = client.talk.settings;
        server.context = context;
        server.busy_since = Some(self.now);
        if must_wait {
            server.duty = Duty::Preparing(id);
            self.send_lead(server_id);
        }
    }

    /// Sends what was to go out in front of the client's bytes.
    fn send_lead(&mut self, id: ServerId) {
        let Some(server) = self.server_mut(id) else { return };
        let lead = std::mem::take(&mut server.lead);
        if server.unsent.send(&mut server.link, &lead).is_err() {
            self.server_lost(id);
        }
    }

    /// Draws the conclusions from what a server has said or was told.
    pub(super) fn settle_server(&mut self, id: ServerId) {
        let Some(server) = self.server(id) else { return };
        let is_answered = server.talk.fates.is_empty();
        let is_idle = server.talk.is_idle();
        match server.duty {
            _ if server.talk.own_failure.is_some() => self.own_failure(id),
            Duty::Preparing(client) if is_answered => {
                let settings = server.talk.settings;
                self.settings.prove(settings);
                if let Some(server) = self.server_mut(id) {
                    server.duty = Duty::Serving(client);
                }
                if self.refuse_cancelled(client) {
                    return self.part(id);
                }
                self.todo.push_back(Todo::Client(client));
            }
            Duty::Serving(client) => {
                if !server.lead.is_empty() {
                    self.send_lead(id);
                } else if is_idle && server.unsent.is_empty() {
                    self.served(id, client);
                } else if let Some(error) = self.over_answer(id) {
                    self.judge(id, &error);
                } else if is_answered && self.client(client).is_some_and(|client| client.is_leaving) {
                    self.end_client(client, None);
                } else if is_answered && self.client(client).is_some_and(|client| client.talk.is_unit_sent) {
                    // What it asks next may have come already.
                    self.todo.push_back(Todo::Client(client));
                }
            }
            Duty::Resetting if is_idle => {
                if let Some(server) = self.server_mut(id) {
                    server.talk.is_dirty = false;
                    server.talk.known.clear();
                    server.talk.settings = SettingsTable::BASE;
                    server.context = None;
                }
                self.serve_next(id);
            }
            Duty::Resetting if is_answered => self.close_server(id),
            _ => {}
        }
    }

    /// The server is done with all that its client asked for.
    fn served(&mut self, id: ServerId, client_id: ClientId) {
        let is_draining = self.is_draining;
        self.note_written(id, client_id);
        let server_settings = self.server(id).map(|server| server.talk.settings);
        let Some(client) = self.client_mut(client_id) else { return self.part(id) };
        if client.is_leaving {
            return self.end_client(client_id, None);
        }
        if client.pooling == Pooling::Session && !is_draining {
            return self.kept(id, client_id);
        }
        if is_draining {
            return self.end_client(client_id, Some(&frame::farewell(&shutting_down())));
        }
        client.server = None;
        client.talk.has_unnamed = false;
        client.talk.is_misinformed &= server_settings != Some(client.talk.settings);
        client.talk.portals.clear();
        client.talk.own.clear();
        let (is_readable, tenant) = (client.is_readable, client.tenant);
        if is_readable {
            self.todo.push_back(Todo::Client(client_id));
        }
        self.count_held(id, tenant);
        self.part(id);
    }

    /// A client keeps its server between its transactions. What it has put back to how the server's session began has to be
    /// as its own began.
    fn kept(&mut self, id: ServerId, client_id: ClientId) {
        let Some(server) = self.server_mut(id) else { return };
        if std::mem::take(&mut server.talk.has_lost_context) {
            server.context = None;
        }
        let settings = server.talk.settings;
        let Some(client) = self.client_mut(client_id) else { return };
        client.has_session = true;
        client.talk.is_misinformed &= settings != client.talk.settings;
        self.prepare(client_id, id);
    }

    /// The server, which is idle, and its client part.
    pub(super) fn part(&mut self, id: ServerId) {
        let Some(server) = self.servers.get_mut(id.slot as usize).filter(|server| server.id == id) else {
            return;
        };
        self.settings.prove(server.talk.settings);
        server.talk.verdict = None;
        server.judged = None;
        if std::mem::take(&mut server.talk.has_lost_context) {
            server.context = None;
        }
        if server.talk.is_spent {
            self.close_server(id);
        } else if server.cancels > 0 {
            server.duty = Duty::AwaitingCancel;
        } else if server.talk.is_dirty {
            self.reset(id);
        } else {
            self.serve_next(id);
        }
    }

    fn reset(&mut self, id: ServerId) {
        let now = self.now;
        let Some(server) = self.server_mut(id) else { return };
        server.duty = Duty::Resetting;
        server.since = now;
        server.busy_since = Some(now);
        server.talk.fates.push(Fate::new(Asked::Query, To::Nobody));
        frame::write_query(&mut server.lead, session::RESET.as_bytes());
        self.send_lead(id);
    }

    /// The server is clean and free for whoever is next.
    pub(super) fn serve_next(&mut self, id: ServerId) {
        let now = self.now;
        let Some(server) = self.server_mut(id) else { return };
        let pool = server.pool;
        server.duty = Duty::Free;
        server.since = now;
        let is_old = now.since(server.opened) > self.life_ms_max();
        if is_old || self.must_yield(id) {
            return self.close_server(id);
        }
        if let Some(client) = self.pools.get_mut(pool).waiters.pop() {
            return self.attach(client, id);
        }
        self.pools.get_mut(pool).free.push(id);
    }

    /// Somebody waits in this pool; perhaps a server is free.
    pub(super) fn serve_waiter(&mut self, pool: PoolId) {
        while !self.pools.get(pool).waiters.is_empty()
            && let Some(server) = self.take_free(pool, None)
        {
            self.serve_next(server);
        }
    }

    /// The server refused what was asked of it for a client, or to forget one.
    fn own_failure(&mut self, id: ServerId) {
        let Some(server) = self.server_mut(id) else { return };
        let failure = server.talk.own_failure.take().unwrap_or_default();
        let client = server.client();
        match client {
            // Somebody has ended the session: it may be told why, and the client is told that.
            Some(client) if frame::error_field(&failure, b'C') == Some(TERMINATED) => {
                self.close_server(id);
                return self.hold_farewell(client, failure);
            }
            Some(client) => self.end_client(client, Some(&frame::as_farewell(&failure))),
            None => {}
        }
        self.close_server(id);
    }
}

impl<L> Server<L> {
    /// Whether its client has asked it nothing that counts.
    pub(super) fn is_untouched(&self) -> bool {
        let is_preparing = matches!(self.duty, Duty::Preparing(_));
        is_preparing || (self.talk.status == IDLE && self.busy_since.is_none())
    }
}

fn queue_full(max: usize) -> Error {
    let what = format!(
        "{max} clients of this tenant wait for a server connection already (gateway_queue_clients_per_tenant_max)"
    );
    Error::new(ErrorCode::ConnectionsExhausted, what).help("use a pool of fewer connections")
}

/// For a statement that never reached a server.
pub(super) fn cancelled() -> Error {
    let what = "canceling statement due to user request, before it was run";
    Error::new(ErrorCode::StatementCancelled, what)
}

fn over_rate(max: u32) -> Error {
    Error::new(
        ErrorCode::LimitExceeded,
        format!("the plan's limit of {max} queries per second (queries_per_second_max) is reached"),
    )
}

pub(super) fn shutting_down() -> Error {
    Error::new(ErrorCode::ShuttingDown, "the gateway is shutting down")
}
