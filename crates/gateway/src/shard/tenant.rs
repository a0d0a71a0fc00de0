//! What a shard knows of a tenant: limits, whether it may run at all, and what it has used.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tenantry_domain::{PlanLimits, TenantId};

use super::clock::Millis;
use crate::limits::bucket::Bucket;

/// A tenant's number within one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TenantSlot(pub u32);

/// What a tenant has used on one shard since it started. One thread writes, any may read.
#[derive(Debug, Default)]
pub struct Counts {
    /// Statements: Query, Execute and FunctionCall messages.
    pub queries: AtomicU64,
    /// Times a server connection was taken; in transaction pooling the number of transactions.
    pub transactions: AtomicU64,
    /// Rows returned.
    pub rows: AtomicU64,
    /// Bytes that clients sent.
    pub bytes_in: AtomicU64,
    /// Bytes that clients were sent.
    pub bytes_out: AtomicU64,
    /// Milliseconds that server connections were held.
    pub busy_ms: AtomicU64,
    /// Milliseconds that clients waited for one.
    pub waited_ms: AtomicU64,
    /// Errors that clients got.
    pub errors: AtomicU64,
}

impl Counts {
    /// Counts up. Not an atomic addition: there is one writer.
    pub(super) fn add(counter: &AtomicU64, by: u64) {
        counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
    }
}

/// A tenant of this shard. Stays known once it was seen, so that nothing it used is forgotten.
pub(super) struct Tenant {
    pub id: TenantId,
    pub limits: PlanLimits,
    pub counts: Arc<Counts>,
    /// New transactions wait.
    pub is_held: bool,
    /// Value of `app.current_tenant` for its clients of the app door.
    pub context: Box<str>,
    /// Statements of a second, where the plan limits them.
    rate: Option<Bucket>,
}

impl Tenant {
    fn new(id: TenantId, limits: PlanLimits) -> Self {
        Self {
            id,
            limits,
            counts: Arc::default(),
            is_held: false,
            context: id.to_string().into(),
            rate: rate(&limits),
        }
    }

    fn set_limits(&mut self, limits: PlanLimits) {
        if limits.queries_per_second_max != self.limits.queries_per_second_max {
            self.rate = rate(&limits);
        }
        self.limits = limits;
    }

    /// Whether another transaction may begin by the limit of statements in a second.
    pub(super) fn is_within_rate(&self, now: Millis) -> bool {
        self.rate.as_ref().is_none_or(|rate| rate.has(now.duration(), 1))
    }

    /// Statements were sent: those within a transaction too, which count against the next one.
    pub(super) fn charge(&mut self, now: Millis, queries: u64) {
        if let Some(rate) = self.rate.as_mut().filter(|_| queries > 0) {
            rate.charge(now.duration(), u32::try_from(queries).unwrap_or(u32::MAX));
        }
    }
}

/// As many at once as in a second.
fn rate(limits: &PlanLimits) -> Option<Bucket> {
    limits.queries_per_second_max.map(|max| Bucket::new(max, max))
}

/// All tenants that a shard has seen.
#[derive(Default)]
pub(super) struct Tenants {
    slots: HashMap<TenantId, TenantSlot>,
    tenants: Vec<Tenant>,
}

impl Tenants {
    pub(super) fn get(&self, slot: TenantSlot) -> &Tenant {
        &self.tenants[slot.0 as usize]
    }

    pub(super) fn get_mut(&mut self, slot: TenantSlot) -> &mut Tenant {
        &mut self.tenants[slot.0 as usize]
    }

    pub(super) fn slot(&self, id: TenantId) -> Option<TenantSlot> {
        self.slots.get(&id).copied()
    }

    /// Its number; new limits replace those known.
    pub(super) fn enter(&mut self, id: TenantId, limits: PlanLimits) -> TenantSlot {
        if let Some(&slot) = self.slots.get(&id) {
            self.get_mut(slot).set_limits(limits);
            return slot;
        }
        let slot = TenantSlot(self.tenants.len() as u32);
        self.tenants.push(Tenant::new(id, limits));
        self.slots.insert(id, slot);
        slot
    }

    /// Its number, without a word about its limits.
    pub(super) fn enter_unknown(&mut self, id: TenantId) -> TenantSlot {
        self.slot(id).unwrap_or_else(|| self.enter(id, PlanLimits::default()))
    }

    pub(super) fn id(&self, slot: TenantSlot) -> TenantId {
        self.get(slot).id
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (TenantId, &Tenant)> {
        self.tenants.iter().map(|tenant| (tenant.id, tenant))
    }
}
