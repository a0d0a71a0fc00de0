//! The objects of a schema as a graph of statements, from what `pg_depend` knows.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use tenantry_domain::{Error, ErrorCode, Result};

use crate::catalog::ObjectKind;
use crate::catalog::part::Address;
use crate::catalog::source::Edge;

/// Statements that belong together, and what has to be there before.
#[derive(Debug)]
pub(super) struct Node {
    pub kind: ObjectKind,
    pub name: String,
    pub statements: Vec<String>,
    /// Has to be there before rows: it holds them, or something that does needs it.
    pub early: bool,
    pub needs: BTreeSet<usize>,
}

/// Which node an object of the catalogs belongs to.
#[derive(Default)]
pub(super) struct Owners {
    node: HashMap<Address, usize>,
    part_of: HashMap<Address, Address>,
}

impl Owners {
    /// Learns from the server what is a part of what: row types, array types, indexes of keys, rules of views.
    pub(super) fn learn(edges: &[Edge]) -> Self {
        let mut owners = Self::default();
        for edge in edges.iter().filter(|e| e.internal) {
            owners.part_of.entry(edge.from).or_insert(edge.to);
        }
        owners
    }

    /// The object has statements of its own.
    pub(super) fn own(&mut self, object: Address, node: usize) {
        self.node.insert(object, node);
    }

    /// The object stands in the statement of another.
    pub(super) fn inline(&mut self, object: Address, into: Address) {
        self.part_of.insert(object, into);
    }

    /// The node that makes this object; none where it is not of this schema.
    pub(super) fn find(&self, object: Address) -> Option<usize> {
        let mut at = object;
        // Chains are short (array type, row type, table); the bound only guards against a ring.
        for _ in 0..8 {
            if let Some(node) = self.node.get(&at) {
                return Some(*node);
            }
            at = *self.part_of.get(&at)?;
        }
        None
    }
}

/// Enters the edges of the catalogs between the nodes.
pub(super) fn connect(nodes: &mut [Node], owners: &Owners, edges: &[Edge]) {
    for edge in edges {
        let (Some(from), Some(to)) = (owners.find(edge.from), owners.find(edge.to)) else { continue };
        // A sequence depends on the column that owns it only once both are there.
        let owned = nodes[from].kind == ObjectKind::Sequence && nodes[to].kind == ObjectKind::Table;
        if from != to && !owned {
            nodes[from].needs.insert(to);
        }
    }
}

/// What an early node needs is early too: a view that groups by a primary key needs the key.
pub(super) fn pull(nodes: &mut [Node]) {
    let mut queue: Vec<usize> = (0..nodes.len()).filter(|i| nodes[*i].early).collect();
    while let Some(i) = queue.pop() {
        for need in nodes[i].needs.clone() {
            if !nodes[need].early {
                nodes[need].early = true;
                queue.push(need);
            }
        }
    }
}

/// The early nodes in an order that satisfies all needs, else by kind and name.
pub(super) fn order(nodes: &[Node]) -> Result<Vec<usize>> {
    let early: Vec<usize> = (0..nodes.len()).filter(|i| nodes[*i].early).collect();
    let mut missing: HashMap<usize, usize> = HashMap::new();
    let mut wanted_by: HashMap<usize, Vec<usize>> = HashMap::new();
    for &i in &early {
        missing.insert(i, nodes[i].needs.len());
        for &need in &nodes[i].needs {
            wanted_by.entry(need).or_default().push(i);
        }
    }
    let key = |i: usize| Reverse((nodes[i].kind, nodes[i].name.as_str(), i));
    let mut free: BinaryHeap<_> =
        early.iter().filter(|i| nodes[**i].needs.is_empty()).map(|i| key(*i)).collect();
    let mut done = Vec::with_capacity(early.len());
    while let Some(Reverse((_, _, i))) = free.pop() {
        done.push(i);
        missing.remove(&i);
        for &next in wanted_by.get(&i).map_or(&[][..], Vec::as_slice) {
            if let Some(count) = missing.get_mut(&next) {
                *count -= 1;
                if *count == 0 {
                    free.push(key(next));
                }
            }
        }
    }
    if done.len() == early.len() {
        return Ok(done);
    }
    let mut ring: Vec<String> =
        missing.keys().map(|i| format!("{} {}", nodes[*i].kind, nodes[*i].name)).collect();
    ring.sort();
    let message = format!("objects need each other in a ring: {}", ring.join(", "));
    Err(Error::new(ErrorCode::ShapeRefused, message).help("break the ring in a migration"))
}
