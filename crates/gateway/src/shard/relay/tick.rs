//! What happens because time passes.

use std::collections::HashSet;

use tenantry_domain::{Error, ErrorCode, PlanLimits};

use super::Relay;
use crate::shard::client::ClientId;
use crate::shard::clock::Millis;
use crate::shard::command::Outside;
use crate::shard::frame;
use crate::shard::link::Link;
use crate::shard::server::{Duty, Server, ServerId};
use crate::shard::talk::IDLE;

/// What is to be done about a server or its client.
enum Measure {
    /// The statement is cancelled; the client reads this error.
    Cancel(Error),
    /// The client is sent away.
    SendAway(ClientId, Error),
    /// The server's connection is closed.
    Close,
}

impl<L: Link, O: Outside> Relay<L, O> {
    /// To be called every 100 milliseconds or so while [`Relay::is_busy`], else every second or so.
    pub fn tick(&mut self) {
        self.tick_servers();
        self.tick_waiters();
        self.tick_clients();
        self.tick_parting();
        self.feed();
        self.statements.sweep();
        if self.settings.is_large() {
            let clients = self.clients.iter().map(|(_, client)| client.talk.settings);
            let servers = self.servers.iter().map(|(_, server)| server.talk.settings);
            let used: HashSet<_> = clients.chain(servers).collect();
            self.settings.sweep(&used);
        }
        self.settle();
    }

    pub(super) fn life_ms_max(&self) -> u64 {
        self.limits.gateway_server_lifetime_seconds_max * 1_000
    }

    fn queue_ms_max(&self) -> u64 {
        self.limits.gateway_queue_seconds_max * 1_000
    }

    fn tick_servers(&mut self) {
        let due: Vec<(ServerId, Measure)> = self
            .servers
            .iter()
            .filter_map(|(_, server)| self.measure(server).map(|measure| (server.id, measure)))
            .collect();
        for (id, measure) in due {
            match measure {
                Measure::Cancel(error) => self.judge(id, &error),
                Measure::SendAway(client, error) => {
                    self.count_refusal(error.code());
                    self.end_client(client, Some(&frame::farewell(&error)));
                }
                Measure::Close => match self.server(id).map(|server| server.duty) {
                    Some(Duty::Serving(_) | Duty::Preparing(_)) => self.server_lost(id),
                    _ => self.close_server(id),
                },
            }
        }
    }

    fn measure(&self, server: &Server<L>) -> Option<Measure> {
        let now = self.now;
        let age = |since: Millis| now.since(since);
        match server.duty {
            Duty::Free => {
                let pool = self.pools.get(server.pool);
                let is_idle = age(server.since) > self.limits.gateway_server_idle_seconds_max * 1_000;
                let is_old = age(server.opened) > self.life_ms_max();
                (is_old || (is_idle && pool.servers > pool.spec.servers_min)).then_some(Measure::Close)
            }
            Duty::Resetting | Duty::AwaitingCancel | Duty::Preparing(_) => {
                (age(server.since) > self.queue_ms_max()).then_some(Measure::Close)
            }
            Duty::Serving(client_id) => {
                let client = self.client(client_id)?;
                let limits = &self.tenants.get(client.tenant).limits;
                if let Some(judged) = server.judged
                    && server.busy_since.is_some()
                    && age(judged) > self.limits.gateway_cancel_ms_max
                {
                    return Some(Measure::Close);
                }
                self.over_time(server, client_id, limits)
            }
        }
    }

    fn over_time(&self, server: &Server<L>, client: ClientId, limits: &PlanLimits) -> Option<Measure> {
        let over = |since: Millis, max: Option<u64>| max.filter(|max| self.now.since(since) > *max);
        if let Some(busy) = server.busy_since
            && server.judged.is_none()
            && let Some(max) = over(busy, limits.statement_ms_max)
        {
            let what = format!("the statement ran longer than the plan's {max} ms (statement_ms_max)");
            return Some(Measure::Cancel(Error::new(ErrorCode::StatementTime, what)));
        }
        // In session pooling a server is held without a transaction too.
        let in_transaction =
            server.talk.status != IDLE || server.busy_since.is_some() || !server.talk.is_idle();
        if !in_transaction {
            return None;
        }
        if let Some(max) = over(server.since, limits.transaction_ms_max) {
            let what =
                format!("the transaction was open longer than the plan's {max} ms (transaction_ms_max)");
            return Some(Measure::SendAway(client, Error::new(ErrorCode::TransactionTime, what)));
        }
        let max =
            over(server.quiet_since, limits.transaction_idle_ms_max.filter(|_| server.busy_since.is_none()))?;
        let what =
            format!("the transaction was idle longer than the plan's {max} ms (transaction_idle_ms_max)");
        Some(Measure::SendAway(client, Error::new(ErrorCode::TransactionIdle, what)))
    }

    /// A limit is broken by what the server runs: it is cancelled, and the client reads why.
    pub(super) fn judge(&mut self, id: ServerId, error: &Error) {
        let now = self.now;
        self.count_refusal(error.code());
        let Self { servers, pools, outside, .. } = self;
        let Some(server) = servers.get_mut(id.slot as usize).filter(|server| server.id == id) else { return };
        server.judged = Some(now);
        server.talk.verdict = Some(frame::error_response(error));
        server.cancels += 1;
        outside.cancel(&pools.get(server.pool).spec, &server.cancel, id);
    }

    /// What the plan has against the answer that a server is giving.
    pub(super) fn over_answer(&self, id: ServerId) -> Option<Error> {
        let server = self.server(id).filter(|server| server.judged.is_none())?;
        let client = server.client().and_then(|client| self.client(client))?;
        let limits = &self.tenants.get(client.tenant).limits;
        let over = |sent: u64, max: Option<u64>| max.filter(|max| sent > *max);
        let what = if let Some(max) = over(server.talk.rows, limits.rows_max) {
            format!("the statement returned more rows than the plan's {max} (rows_max)")
        } else {
            let max = over(server.talk.bytes, limits.bytes_max)?;
            format!("the statement returned more bytes than the plan's {max} (bytes_max)")
        };
        Some(
            Error::new(ErrorCode::LimitExceeded, what)
                .help("ask for less at a time, or choose a larger plan"),
        )
    }

    /// No better reason has become known for those who are to be sent away.
    fn tick_parting(&mut self) {
        let (now, max) = (self.now, self.limits.gateway_parting_ms_max);
        let is_draining = self.is_draining;
        let due = |(since, words): &(Millis, Box<[u8]>)| {
            (is_draining || now.since(*since) > max).then(|| frame::as_farewell(words))
        };
        let due: Vec<(ClientId, Box<[u8]>)> = self
            .parting
            .iter()
            .filter_map(|id| Some((*id, due(self.client(*id)?.parting.as_ref()?)?)))
            .collect();
        for (id, words) in due {
            self.end_client(id, Some(&words));
        }
    }

    fn tick_waiters(&mut self) {
        let now = self.now;
        let max = self.queue_ms_max();
        let waiting = self.pools.iter().flat_map(|pool| pool.waiters.iter()).chain(self.held.iter().copied());
        let due: Vec<ClientId> = waiting
            .filter(|id| {
                let since = self.client(*id).and_then(|client| client.waiting);
                since.is_some_and(|since| now.since(since) > max)
            })
            .collect();
        for id in due {
            self.stop_waiting(id, &exhausted(max));
        }
        for pool in self.pools.ids() {
            self.pools.get_mut(pool).waiters.sweep();
        }
    }

    /// The client waits no longer, and reads why.
    pub(super) fn stop_waiting(&mut self, id: ClientId, error: &Error) {
        let Some(client) = self.client_mut(id) else { return };
        client.waiting = None;
        let (tenant, pool) = (client.tenant, client.pool);
        self.pools.get_mut(pool).waiters.remove(tenant, id);
        self.held.retain(|held| *held != id);
        self.refuse(id, error);
    }

    fn tick_clients(&mut self) {
        let now = self.now;
        let due: Vec<(ClientId, u64)> = self
            .clients
            .iter()
            .filter(|(_, client)| client.server.is_none() && client.waiting.is_none())
            .filter_map(|(_, client)| {
                let max = self.tenants.get(client.tenant).limits.client_idle_ms_max?;
                (now.since(client.last_active) > max).then_some((client.id, max))
            })
            .collect();
        for (id, max) in due {
            self.count_refusal(ErrorCode::ClientIdle);
            let what = format!("the client was idle longer than the plan's {max} ms (client_idle_ms_max)");
            self.end_client(id, Some(&frame::farewell(&Error::new(ErrorCode::ClientIdle, what))));
        }
    }
}

fn exhausted(max: u64) -> Error {
    let what = format!("no server connection became free within {max} ms (gateway_queue_seconds_max)");
    Error::new(ErrorCode::ConnectionsExhausted, what)
}
