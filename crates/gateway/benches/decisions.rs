//! Nanoseconds for the outline of a statement, and for the outline with the decision kept for it.
#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use tenantry_domain::Isolation;
use tenantry_gateway::sql::decisions::{Decisions, Judge};
use tenantry_gateway::sql::mask::OutlineKey;
use tenantry_shape::application::{Door, Rules, Tables};

/// Few for each round, so that some round is not interrupted on a busy machine.
const TIMES: u32 = 1_000;
const ROUNDS: u32 = 2_000;

/// 90 bytes.
const TEXT: &[u8] =
    b"SELECT id, name, price FROM products WHERE category = 'books' AND price < 12345 ORDER BY 1";

fn main() {
    let key = OutlineKey::new(1, 2);
    let rules = Rules {
        isolation: Isolation::Shared,
        door: Door::Tenant,
        tenant: None,
        schema: "shared".to_owned(),
        tables: Arc::new(Tables::none()),
        harmless: Arc::new(BTreeSet::new()),
        own_settings: Arc::default(),
        explains: false,
    };
    let judge = Judge { number: 1, rules: Arc::new(rules) };
    let mut decisions = Decisions::new(key);
    println!("{} bytes", TEXT.len());
    time("outline", || {
        black_box(key.outline(black_box(TEXT)));
    });
    time("outline and decision", || {
        black_box(decisions.decide(black_box(TEXT), &judge));
    });
}

/// The best of several rounds: others use the machine as well.
fn time(what: &str, mut run: impl FnMut()) {
    let round = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..TIMES).for_each(|_| run());
        start.elapsed().as_nanos() / u128::from(TIMES)
    };
    let best = (0..ROUNDS).map(|_| round(&mut run)).min().unwrap_or_default();
    println!("{what}: {best} ns");
}
