//! How fast a fleet of schema tenants is migrated: the executable, the same SQL by hand in parallel psql processes, and
//! django-tenants' multiprocessing executor, alternating in one run on one server; and what a run with nothing to do
//! costs. Prints milliseconds and ratios; nothing here is asserted.
//!
//! `make bench-migrate`; `TENANTS`, `NOOP_TENANTS`, `ROUNDS` and `JOBS` change its size. `BENCH_PYTHON` names a Python
//! that has django-tenants and psycopg2; without it that side is left out, and the output says so.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench stops at the first surprise")]

#[path = "migrate/django.rs"]
mod django;
#[path = "migrate/fleet.rs"]
mod fleet;

use std::time::{Duration, Instant};

use django::Django;
use fleet::{Fleet, TABLES};

fn main() {
    let number = |name: &str, default: usize| {
        std::env::var(name).ok().map_or(default, |v| v.parse().unwrap_or_else(|_| panic!("{name}={v}")))
    };
    let (tenants, idle) = (number("TENANTS", 1000), number("NOOP_TENANTS", 10_000));
    let (rounds, jobs) = (number("ROUNDS", 3), number("JOBS", 2));
    if tenants > 0 {
        compare(tenants, rounds, jobs);
    }
    if idle > 0 {
        nothing_to_do(idle);
    }
}

/// One ADD COLUMN and one index for every tenant, by each side in turn.
fn compare(tenants: usize, rounds: usize, jobs: usize) {
    println!("{tenants} schema tenants of {TABLES} tables: one ADD COLUMN, one index; {jobs} connections");
    let mut fleet = Fleet::start("bench", TABLES);
    fleet.tenants("schema", tenants);
    let django = Django::prepare(&fleet.postgres, tenants, jobs);
    let (mut ours, mut durable, mut relaxed, mut theirs) = (vec![], vec![], vec![], vec![]);
    for round in 1..=rounds {
        fleet.settle();
        ours.push(timed(|| fleet.migrate(round, jobs)));
        fleet.settle();
        durable.push(timed(|| fleet.by_hand(&format!("hand_{round}"), jobs, true)));
        relaxed.push(timed(|| fleet.by_hand(&format!("loose_{round}"), jobs, false)));
        if let Some(django) = &django {
            theirs.push(timed(|| django.migrate(round)));
        }
    }
    let each = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e3 / tenants as f64
    };
    let (ours, durable, relaxed) = (each(&mut ours), each(&mut durable), each(&mut relaxed));
    println!("{:42} {:>10} {:>22}", "median", "ms/tenant", "tenantry takes");
    println!("{:42} {ours:10.2}", "tenantry migrate up");
    println!("{:42} {durable:10.2} {:21.2}x", "psql in parallel", ours / durable);
    println!("{:42} {relaxed:10.2} {:21.2}x", "psql in parallel, synchronous_commit off", ours / relaxed);
    if theirs.is_empty() {
        println!("django-tenants: left out, BENCH_PYTHON names no Python that has it");
    } else {
        let theirs = each(&mut theirs);
        println!(
            "{:42} {theirs:10.2}    1/{:.0} of the time",
            "django-tenants migrate_schemas",
            theirs / ours
        );
    }
}

/// A run that finds nothing pending, over shared and schema tenants.
fn nothing_to_do(tenants: usize) {
    let mut fleet = Fleet::start("idle", 2);
    fleet.tenants("shared", tenants / 2);
    fleet.tenants("schema", tenants - tenants / 2);
    let mut times: Vec<Duration> = (0..11).map(|_| timed(|| fleet.up(2))).collect();
    times.sort();
    println!(
        "nothing to do over {tenants} tenants, shared and schema mixed: median {:.0} ms, slowest {:.0} ms",
        times[times.len() / 2].as_secs_f64() * 1e3,
        times[times.len() - 1].as_secs_f64() * 1e3
    );
}

fn timed(run: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    run();
    begun.elapsed()
}
