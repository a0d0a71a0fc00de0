//! Clients that wait for a server of one pool: tenants in turn, each tenant's clients in the order they came.

use std::collections::{HashMap, VecDeque};

use super::client::ClientId;
use super::tenant::TenantSlot;

/// Empty lines that are kept, so that waiting needs no memory from the allocator each time.
const EMPTY_MAX: usize = 64;

/// The queue of a pool.
#[derive(Default)]
pub(super) struct Waiters {
    lines: HashMap<TenantSlot, VecDeque<ClientId>>,
    /// Tenants with waiting clients, next one first.
    turns: VecDeque<TenantSlot>,
}

impl Waiters {
    pub(super) fn push(&mut self, tenant: TenantSlot, client: ClientId) {
        let line = self.lines.entry(tenant).or_default();
        if line.is_empty() {
            self.turns.push_back(tenant);
        }
        line.push_back(client);
    }

    pub(super) fn pop(&mut self) -> Option<ClientId> {
        let tenant = self.turns.pop_front()?;
        let line = self.lines.get_mut(&tenant)?;
        let client = line.pop_front();
        if !line.is_empty() {
            self.turns.push_back(tenant);
        }
        client
    }

    pub(super) fn remove(&mut self, tenant: TenantSlot, client: ClientId) {
        let Some(line) = self.lines.get_mut(&tenant) else { return };
        line.retain(|waiting| *waiting != client);
        if line.is_empty() {
            self.turns.retain(|turn| *turn != tenant);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Clients of one tenant that wait.
    pub(super) fn of(&self, tenant: TenantSlot) -> usize {
        self.lines.get(&tenant).map_or(0, VecDeque::len)
    }

    pub(super) fn len(&self) -> usize {
        self.turns.iter().filter_map(|tenant| self.lines.get(tenant)).map(VecDeque::len).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = ClientId> {
        self.turns.iter().filter_map(|tenant| self.lines.get(tenant)).flatten().copied()
    }

    pub(super) fn sweep(&mut self) {
        if self.lines.len() > self.turns.len() + EMPTY_MAX {
            self.lines.retain(|_, line| !line.is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u32) -> ClientId {
        ClientId { slot: number, generation: 0 }
    }

    #[test]
    fn tenants_take_turns() {
        let mut waiters = Waiters::default();
        let (busy, calm) = (TenantSlot(0), TenantSlot(1));
        for number in 0..3 {
            waiters.push(busy, client(number));
        }
        waiters.push(calm, client(10));
        waiters.push(calm, client(11));
        waiters.remove(calm, client(10));
        assert_eq!((waiters.len(), waiters.of(busy), waiters.of(TenantSlot(9))), (4, 3, 0));
        let order: Vec<u32> = std::iter::from_fn(|| waiters.pop()).map(|client| client.slot).collect();
        assert_eq!(order, [0, 11, 1, 2]);
        assert!(waiters.is_empty());
    }

    #[test]
    fn a_line_that_was_left_gets_no_turn() {
        let mut waiters = Waiters::default();
        waiters.push(TenantSlot(0), client(0));
        waiters.remove(TenantSlot(0), client(0));
        waiters.remove(TenantSlot(7), client(0));
        assert!(waiters.is_empty());
        assert_eq!(waiters.pop(), None);
    }
}
