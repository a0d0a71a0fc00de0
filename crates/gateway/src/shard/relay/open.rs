//! Server connections: asking for them, taking them in, sharing the budget.

use std::sync::Arc;

use tenantry_domain::Error;

use super::Relay;
use crate::shard::budget::Budget;
use crate::shard::command::Outside;
use crate::shard::link::{Link, Unsent};
use crate::shard::pool::{PoolId, PoolSpec};
use crate::shard::server::{Duty, NewServer, Server, ServerId};
use crate::shard::talk::ServerTalk;

impl<L: Link, O: Outside> Relay<L, O> {
    /// Asks for as many connections as clients wait for and limits allow.
    pub(super) fn open_for(&mut self, id: PoolId) {
        while self.pools.get(id).may_open() {
            if !self.make_room(id) {
                let pool = self.pools.get_mut(id);
                if !pool.is_hungry {
                    pool.is_hungry = true;
                    self.hungry.push_back(id);
                }
                return;
            }
            let pool = self.pools.get_mut(id);
            pool.opening += 1;
            let spec = pool.spec.clone();
            self.outside.open(&spec);
        }
    }

    /// Takes a connection out of a pool's budget, if need be by closing ones that are free. Who has some already does not
    /// get the last ones: transactions can't be taken back, so they are kept for pools that have none.
    fn make_room(&mut self, id: PoolId) -> bool {
        let pool = self.pools.get(id);
        let budget = pool.spec.budget.clone();
        let kept_back = if pool.is_served() { self.limits.gateway_connections_kept_back } else { 0 };
        while !budget.take(kept_back) {
            if !self.close_idle(&budget) {
                return false;
            }
        }
        true
    }

    /// Closes the connection of this budget that was free for the longest time.
    fn close_idle(&mut self, budget: &Arc<Budget>) -> bool {
        let free = self.servers.iter().filter(|(_, server)| server.duty == Duty::Free);
        let ours = free.filter(|(_, server)| Arc::ptr_eq(&self.pools.get(server.pool).spec.budget, budget));
        let Some(oldest) = ours.min_by_key(|(_, server)| server.since).map(|(_, server)| server.id) else {
            return false;
        };
        self.forget_server(oldest);
        true
    }

    /// Gives hungry pools what the budget has again: first to the one with the fewest connections, and among equals to
    /// the one that has waited longest. Otherwise one tenant's many clients would be served before another's first.
    pub(super) fn feed(&mut self) {
        for _ in 0..self.hungry.len() {
            let pools = &self.pools;
            let has = |id: &PoolId| pools.get(*id).servers + pools.get(*id).opening;
            let Some((at, _)) = self.hungry.iter().enumerate().min_by_key(|(_, id)| has(id)) else { return };
            let Some(id) = self.hungry.remove(at) else { return };
            self.pools.get_mut(id).is_hungry = false;
            self.open_for(id);
            if self.pools.get(id).is_hungry {
                // Nothing is left for anybody; it keeps its place.
                self.hungry.rotate_right(1);
                return;
            }
        }
    }

    /// Whether this free server's connection is to go to a pool that has none to give its clients.
    pub(super) fn must_yield(&self, id: ServerId) -> bool {
        if self.hungry.is_empty() {
            return false;
        }
        let Some(server) = self.server(id) else { return false };
        let pool = self.pools.get(server.pool);
        let same = |spec: &PoolSpec| Arc::ptr_eq(&spec.budget, &pool.spec.budget);
        if !self.hungry.iter().any(|hungry| *hungry != server.pool && same(&self.pools.get(*hungry).spec)) {
            return false;
        }
        if pool.waiters.is_empty() {
            return true;
        }
        let rivals = self.pools.iter().filter(|pool| same(&pool.spec));
        let active = rivals.filter(|pool| pool.is_served() || !pool.waiters.is_empty()).count();
        let is_above_share = pool.servers * active > pool.spec.budget.max();
        is_above_share && self.now.since(server.opened) >= self.limits.gateway_server_turn_ms
    }

    /// A connection that was asked for is there.
    pub(super) fn add_server(&mut self, new: NewServer<L>) -> u32 {
        let pool = self.pools.enter(&new.pool);
        let entry = self.pools.get_mut(pool);
        entry.opening = entry.opening.saturating_sub(1);
        entry.servers += 1;
        let generation = self.next_generation();
        let slot = self.servers.vacant_key() as u32;
        let id = ServerId { slot, generation };
        self.servers.insert(Server {
            id,
            link: new.link,
            talk: ServerTalk::new(new.pool.key.replica.is_some()),
            unsent: Unsent::default(),
            is_readable: false,
            is_hung_up: false,
            pool,
            duty: Duty::Free,
            lead: Vec::new(),
            context: None,
            cancel: new.cancel,
            timeline: new.timeline,
            cancels: 0,
            opened: self.now,
            since: self.now,
            busy_since: None,
            quiet_since: self.now,
            judged: None,
        });
        self.serve_next(id);
        self.settle();
        slot
    }

    /// A connection that was asked for can't be had.
    pub(super) fn server_failed(&mut self, spec: &Arc<PoolSpec>, error: &Error) {
        let id = self.pools.enter(spec);
        let pool = self.pools.get_mut(id);
        pool.opening = pool.opening.saturating_sub(1);
        spec.budget.give();
        if !pool.is_served() && spec.key.replica.is_some() {
            self.send_home(id);
        } else if !pool.is_served() {
            while let Some(client) = self.pools.get_mut(id).waiters.pop() {
                if let Some(client) = self.client_mut(client) {
                    client.waiting = None;
                }
                self.refuse(client, error);
            }
        }
        self.feed();
        self.settle();
    }
}
