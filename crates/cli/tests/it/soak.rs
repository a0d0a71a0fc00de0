//! Clients of many tenants with random session state, while everything around them breaks: PostgreSQL is killed and starts
//! anew, connections of the gateways to it are cut, truncated, stalled and refused, and one of two gateways is killed while
//! the other serves. Clients may see errors and have to connect again. They never see another's row or what another session
//! has left, and nothing takes longer than a time limit.
//!
//! 20 seconds here, ten minutes by `make soak`; [`asked`] tells what can be chosen. The seed is printed: with it every client
//! draws the same numbers again, though not at the same moments.

mod asked;
mod client;
mod disasters;
mod operations;
mod session;
mod state;
mod tally;
mod world;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::timeout;

use asked::Asked;
use client::{Client, LIMIT};
use disasters::Disasters;
use world::World;

/// How many times as long as asked for a run may take.
const LONGER_MAX: u32 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn soak() {
    let asked = Asked::read();
    println!("soak: {asked}");
    let world = Arc::new(World::start(&asked).await);
    let mut disasters = Disasters::new(world.clone(), asked.seed);
    let mut clients: JoinSet<()> = JoinSet::new();
    for number in 0..asked.clients {
        clients.spawn(Client::new(world.clone(), number, asked.seed).work());
    }
    let begun = Instant::now();
    // A machine that does other things besides takes longer until enough was done.
    let is_over = |time: Duration| {
        time > asked.time * LONGER_MAX || (time > asked.time && world.tally.is_enough(&asked))
    };
    while !is_over(begun.elapsed()) && !world.tally.has_violations() {
        disasters.next().await;
    }
    disasters.heal().await;
    world.calm.send_replace(true);
    // Each finishes what it does, and once more connects and reads: whatever was broken is mended by itself.
    let all = timeout(LIMIT * 4, async { while clients.join_next().await.is_some() {} });
    let has_ended = all.await.is_ok();
    println!("{}{}", world.tally, disasters.report());
    assert!(has_ended, "clients hang: {:?}", world.tally.unfinished());
    world.audit().await;
    let violations = world.tally.violations();
    let first: Vec<&String> = violations.iter().take(20).collect();
    assert!(violations.is_empty(), "{} violations with {asked}: {first:#?}", violations.len());
    assert!(world.tally.is_enough(&asked), "hardly anything was done");
    world.end().await;
}
