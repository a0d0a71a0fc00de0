//! One budget of server connections, shared fairly between tenants.
//!
//! Work-conserving max-min fairness: a tenant may use all that nobody else wants, and as soon as somebody waits, whatever
//! is given back goes to the tenant that has the fewest, among equals to the one that was served longest ago. A tenant
//! that has none never waits for one that has some to wait again. Transactions can't be taken back, so a few connections
//! are **kept back** for tenants that have none at the moment: the busy tenant can't take the last one.
//!
//! Who waits stands in its tenant's queue, first come first served, no longer than the time limit, and no more of them
//! than the limit. Every act costs the logarithm of the number of tenants that wait; tenants without business cost nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use tenantry_domain::Limits;

/// The numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// Connections in all.
    pub budget: usize,
    /// Of these, kept back for tenants that have none.
    pub kept_back: usize,
    /// Clients of one tenant that wait at most.
    pub queue_max: usize,
    /// How long a client waits at most.
    pub wait_max: Duration,
}

impl Shares {
    /// Of a cluster that has so many server connections.
    pub fn new(budget: usize, limits: &Limits) -> Self {
        Self {
            budget,
            kept_back: limits.gateway_connections_kept_back,
            queue_max: limits.gateway_queue_clients_per_tenant_max,
            wait_max: Duration::from_secs(limits.gateway_queue_seconds_max),
        }
    }
}

/// A place in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// The answer to a tenant's client that wants a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Take one.
    Granted,
    /// Wait: [`Fair::next_turn`] or [`Fair::expired`] will name the ticket.
    Queued(Ticket),
    /// The tenant's queue is full.
    Refused,
}

/// Whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn<T, C> {
    /// The tenant.
    pub tenant: T,
    /// The client.
    pub client: C,
    /// Its ticket, which is used up.
    pub ticket: Ticket,
}

#[derive(Debug)]
struct Tenant<C> {
    in_use: usize,
    max: usize,
    waiting: BTreeMap<Ticket, C>,
    /// When it was served last, as a number that only grows.
    served: u64,
}

/// The budget and who has what of it. `T` names tenants, `C` clients.
#[derive(Debug)]
pub struct Fair<T, C> {
    shares: Shares,
    in_use: usize,
    tenants: HashMap<T, Tenant<C>>,
    /// Tenants that wait and are below their own maximum, the next one first.
    ready: BTreeSet<(usize, u64, T)>,
    /// When each ticket's time is over. All wait equally long, so it is sorted; tickets that are used up stay in it until
    /// they come to the front.
    deadlines: VecDeque<(Duration, Ticket, T)>,
    tickets: u64,
    turns: u64,
}

impl<T: Clone + Eq + Hash + Ord, C> Fair<T, C> {
    /// Nobody has any.
    pub fn new(shares: Shares) -> Self {
        Self {
            shares,
            in_use: 0,
            tenants: HashMap::new(),
            ready: BTreeSet::new(),
            deadlines: VecDeque::new(),
            tickets: 0,
            turns: 0,
        }
    }

    /// A client of `tenant`, which may have `max` connections at one time (1 at least), wants one.
    pub fn ask(&mut self, tenant: &T, max: usize, client: C, now: Duration) -> Answer {
        let turns = &mut self.turns;
        let state = self.tenants.entry(tenant.clone()).or_insert_with(|| {
            // As if served now: who goes and comes back must not be ahead of who stayed and waits.
            *turns += 1;
            Tenant { in_use: 0, max, waiting: BTreeMap::new(), served: *turns }
        });
        self.ready.remove(&(state.in_use, state.served, tenant.clone()));
        state.max = max.max(1);
        let first = state.waiting.is_empty() && state.in_use < state.max;
        let passes_nobody = self.ready.first().is_none_or(|(in_use, _, _)| state.in_use < *in_use);
        if first && passes_nobody && may_have_more(&self.shares, self.in_use, state.in_use) {
            self.grant(tenant);
            return Answer::Granted;
        }
        let Some(state) = self.tenants.get_mut(tenant) else { return Answer::Refused };
        if state.waiting.len() >= self.shares.queue_max {
            self.tidy(tenant);
            return Answer::Refused;
        }
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        state.waiting.insert(ticket, client);
        self.deadlines.push_back((now.saturating_add(self.shares.wait_max), ticket, tenant.clone()));
        self.tidy(tenant);
        Answer::Queued(ticket)
    }

    /// A client of `tenant` gives a connection back. Ask [`Fair::next_turn`] afterwards.
    pub fn give_back(&mut self, tenant: &T) {
        let Some(state) = self.tenants.get_mut(tenant).filter(|state| state.in_use > 0) else { return };
        self.ready.remove(&(state.in_use, state.served, tenant.clone()));
        state.in_use -= 1;
        self.in_use -= 1;
        self.tidy(tenant);
    }

    /// Grants a connection to whoever's turn it is, if one is left for it. To be called until there is none.
    pub fn next_turn(&mut self) -> Option<Turn<T, C>> {
        let (in_use, _, tenant) = self.ready.first()?;
        if !may_have_more(&self.shares, self.in_use, *in_use) {
            return None;
        }
        let tenant = tenant.clone();
        self.ready.pop_first();
        let (ticket, client) = self.tenants.get_mut(&tenant)?.waiting.pop_first()?;
        self.grant(&tenant);
        Some(Turn { tenant, client, ticket })
    }

    /// A client that waited has gone.
    pub fn withdraw(&mut self, tenant: &T, ticket: Ticket) -> Option<C> {
        let state = self.tenants.get_mut(tenant)?;
        let client = state.waiting.remove(&ticket)?;
        self.ready.remove(&(state.in_use, state.served, tenant.clone()));
        self.tidy(tenant);
        Some(client)
    }

    /// A client whose time is over. To be called until there is none.
    pub fn expired(&mut self, now: Duration) -> Option<Turn<T, C>> {
        loop {
            let (deadline, _, _) = self.deadlines.front()?;
            if *deadline > now {
                return None;
            }
            let (_, ticket, tenant) = self.deadlines.pop_front()?;
            if let Some(client) = self.withdraw(&tenant, ticket) {
                return Some(Turn { tenant, client, ticket });
            }
        }
    }

    /// When [`Fair::expired`] has to be asked again at the latest.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadlines.front().map(|(deadline, _, _)| *deadline)
    }

    /// Another budget or other limits. What is in use stays in use.
    pub fn set_shares(&mut self, shares: Shares) {
        self.shares = shares;
    }

    /// Connections in use.
    pub fn in_use(&self) -> usize {
        self.in_use
    }

    /// Connections that a tenant uses, and its clients that wait.
    pub fn of(&self, tenant: &T) -> (usize, usize) {
        self.tenants.get(tenant).map_or((0, 0), |state| (state.in_use, state.waiting.len()))
    }

    /// Tenants that use a connection or wait for one.
    pub fn tenants(&self) -> usize {
        self.tenants.len()
    }

    fn grant(&mut self, tenant: &T) {
        self.turns += 1;
        let served = self.turns;
        if let Some(state) = self.tenants.get_mut(tenant) {
            state.in_use += 1;
            state.served = served;
            self.in_use += 1;
        }
        self.tidy(tenant);
    }

    /// Puts the tenant in line where it has clients that may be served, and forgets it where it has no business. It must
    /// not stand in line under other numbers.
    fn tidy(&mut self, tenant: &T) {
        let Some(state) = self.tenants.get(tenant) else { return };
        if !state.waiting.is_empty() && state.in_use < state.max {
            self.ready.insert((state.in_use, state.served, tenant.clone()));
        }
        if state.waiting.is_empty() && state.in_use == 0 {
            self.tenants.remove(tenant);
        }
        // A tenant that asks and gets all the time leaves used tickets behind; they are as many as it asked within the
        // time limit, unless they are at the front.
        while let Some((_, ticket, tenant)) = self.deadlines.front() {
            let waits = self.tenants.get(tenant).is_some_and(|state| state.waiting.contains_key(ticket));
            if waits {
                break;
            }
            self.deadlines.pop_front();
        }
    }
}

/// Whether a tenant that uses `own` may have one more while `in_use` are used in all.
fn may_have_more(shares: &Shares, in_use: usize, own: usize) -> bool {
    let free = shares.budget.saturating_sub(in_use);
    // With a budget of one there is nothing to keep back.
    let kept_back = shares.kept_back.min(shares.budget.saturating_sub(1));
    if own == 0 { free > 0 } else { free > kept_back }
}

#[cfg(test)]
mod tests;
