//! Who gets a server, who waits, who is refused.

use super::world::*;
use crate::shard::Command;
use tenantry_domain::{Error, ErrorCode, Limits, PlanLimits};

const QUEUE_MS: u64 = 30_000;

#[test]
fn whoever_waits_is_not_read_and_comes_in_turn() {
    let mut world = World::new();
    world.servers_max = 1;
    let clients: Vec<SimClient> = (0..4).map(|_| world.client()).collect();
    world.query(&clients[0], "begin");
    for client in &clients[1..] {
        world.send(client, &q("echo 1"));
        assert_eq!(client.wire.0.borrow().reads, 0, "its bytes stay where they are");
    }
    world.hang_up(&clients[2]);
    assert!(clients[2].is_gone());
    world.query(&clients[0], "commit");
    for client in [&clients[1], &clients[3]] {
        assert_eq!(client.answers(), "D[1] C[ECHO] ZI");
    }
    assert_eq!(world.ran(0), ["begin", "commit", "echo 1", "echo 1"]);
}

#[test]
fn waiting_ends_with_an_error_and_the_client_lives_on() {
    let mut world = World::new();
    world.servers_max = 1;
    let (a, b) = (world.client(), world.client());
    world.query(&a, "begin");
    world.send(&b, &[parse("", "echo 1"), bind(""), execute(), sync()].concat());
    world.pass(QUEUE_MS);
    assert_eq!(b.answers(), "");
    world.pass(1);
    assert!(b.answers().starts_with("E[53300 no server connection became free"));
    world.query(&a, "commit");
    assert_eq!(world.query(&b, "echo 2"), "D[2] C[ECHO] ZI");
}

#[test]
fn a_server_that_cannot_be_had_is_told_to_those_who_wait() {
    let mut world = World::new();
    world.opens_nothing = true;
    let client = world.client();
    world.send(&client, &q("echo 1"));
    let pool = world.asked.borrow_mut().opens.pop_front().unwrap();
    let error = Error::new(ErrorCode::ServerUnreachable, "the server does not answer");
    world.order(Command::ServerFailed { pool, error });
    assert_eq!(client.answers(), "E[08001 the server does not answer] ZI");
    assert_eq!(world.budget.used(), 0);
    world.opens_nothing = false;
    assert_eq!(world.query(&client, "echo 1"), "D[1] C[ECHO] ZI");
}

#[test]
fn the_budget_is_shared_between_pools() {
    let limits = Limits { gateway_connections_kept_back: 0, ..Limits::default() };
    let mut world = World::with(Box::new(Toy), limits, 2);
    let busy: Vec<SimClient> = (0..6).map(|_| world.client_of(1, "t_1", &[])).collect();
    let calm = world.client_of(2, "t_2", &[]);
    for client in &busy {
        world.send(client, &q("begin"));
    }
    assert_eq!(world.budget.used(), 2);
    world.send(&calm, &q("echo calm"));
    assert_eq!(calm.answers(), "", "both connections are in transactions");
    world.pass(Limits::default().gateway_server_turn_ms);
    // The busy tenant has more than its share and clients that wait, and yet must give one up.
    let holder = busy.iter().find(|client| !client.take().is_empty()).unwrap();
    world.send(holder, &q("commit"));
    assert_eq!(calm.answers(), "D[calm] C[ECHO] ZI");
    assert_eq!(world.budget.used(), 2);
}

#[test]
fn the_last_connection_is_kept_back_for_whoever_has_none() {
    let mut world = World::with(Box::new(Toy), Limits::default(), 3);
    let busy: Vec<SimClient> = (0..6).map(|_| world.client_of(1, "t_1", &[])).collect();
    let calm = world.client_of(2, "t_2", &[]);
    for client in &busy {
        world.send(client, &q("begin"));
    }
    assert_eq!(world.budget.used(), 2, "not the last one, however many wait");
    assert_eq!(world.query(&calm, "echo calm"), "D[calm] C[ECHO] ZI", "and nobody has to end for that");
}

#[test]
fn a_queue_has_an_end() {
    let limits = Limits { gateway_queue_clients_per_tenant_max: 2, ..Limits::default() };
    let mut world = World::with(Box::new(Toy), limits, 1);
    let clients: Vec<SimClient> = (0..4).map(|_| world.client()).collect();
    world.query(&clients[0], "begin");
    for client in &clients[1..] {
        world.send(client, &q("echo 1"));
    }
    assert!(clients[3].answers().starts_with("E[53300 2 clients of this tenant wait"));
    world.query(&clients[0], "commit");
    for client in &clients[1..3] {
        assert_eq!(client.answers(), "D[1] C[ECHO] ZI");
    }
    assert_eq!(world.query(&clients[3], "echo 2"), "D[2] C[ECHO] ZI", "who was refused lives on");
}

#[test]
fn an_idle_connection_makes_room_for_another_pool() {
    let mut world = World::with(Box::new(Toy), Limits::default(), 1);
    let (a, b) = (world.client_of(1, "t_1", &[]), world.client_of(2, "t_2", &[]));
    assert_eq!(world.query(&a, "echo 1"), "D[1] C[ECHO] ZI");
    assert_eq!(world.query(&b, "echo 2"), "D[2] C[ECHO] ZI");
    assert_eq!(world.query(&a, "echo 3"), "D[3] C[ECHO] ZI");
    assert_eq!((world.budget.used(), world.live_servers(), world.servers.len()), (1, 1, 3));
}

#[test]
fn unused_and_old_connections_are_closed() {
    let limits = Limits::default();
    let mut world = World::new();
    let client = world.client();
    world.query(&client, "echo 1");
    world.pass(limits.gateway_server_idle_seconds_max * 1_000);
    assert_eq!(world.live_servers(), 1);
    world.pass(1);
    assert_eq!((world.live_servers(), world.budget.used()), (0, 0));
    world.query(&client, "begin");
    world.pass(limits.gateway_server_lifetime_seconds_max * 1_000 + 1);
    assert_eq!(world.query(&client, "commit"), "C[BEGIN] ZT C[COMMIT] ZI".split_at(12).1);
    assert_eq!(world.live_servers(), 0, "renewed once its transaction had ended");
    assert_eq!(world.query(&client, "echo 2"), "D[2] C[ECHO] ZI");
}

#[test]
fn a_held_tenant_waits_and_then_goes_to_its_new_place() {
    let mut world = World::new();
    let (held, other) = (world.client_of(1, "t_1", &[]), world.client_of(2, "t_2", &[]));
    assert_eq!(world.query(&held, "begin"), "C[BEGIN] ZT");
    world.order(Command::Hold(tenant_id(1)));
    assert_eq!(world.query(&held, "commit"), "C[COMMIT] ZI", "what has begun may end");
    world.send(&held, &q("echo 1"));
    assert_eq!(held.answers(), "");
    assert_eq!(world.query(&other, "echo 2"), "D[2] C[ECHO] ZI");
    let moved = vec![(world.pool("t_1"), world.pool("t_1_new"))];
    world.order(Command::Release { tenant: tenant_id(1), moved });
    assert_eq!(held.answers(), "D[1] C[ECHO] ZI");
    assert_eq!(world.ran(2), ["echo 1"]);
    assert_eq!(world.query(&held, "echo 3"), "D[3] C[ECHO] ZI");
    assert_eq!(world.ran(2), ["echo 1", "echo 3"]);
}

#[test]
fn a_hold_ends_with_the_time_limit() {
    let mut world = World::new();
    let client = world.client_of(1, "t_1", &[]);
    world.order(Command::Hold(tenant_id(1)));
    world.send(&client, &q("echo 1"));
    world.pass(QUEUE_MS + 1);
    assert!(client.answers().starts_with("E[53300 "));
}

#[test]
fn statements_in_a_second_are_limited() {
    let mut world = World::new();
    world.limits = PlanLimits { queries_per_second_max: Some(2), ..PlanLimits::default() };
    world.pass(5_000);
    let client = world.client();
    for _ in 0..2 {
        assert_eq!(world.query(&client, "echo 1"), "D[1] C[ECHO] ZI");
    }
    let refused = world.query(&client, "echo 1");
    assert!(refused.starts_with("E[53400 ") && refused.contains("queries_per_second_max"), "{refused}");
    world.pass(1_000);
    assert_eq!(world.query(&client, "echo 1"), "D[1] C[ECHO] ZI");
}

#[test]
fn a_shard_drains_without_breaking_a_transaction() {
    let mut world = World::new();
    let (idle, busy) = (world.client(), world.client());
    world.query(&busy, "begin");
    world.order(Command::Drain);
    assert!(idle.answers().starts_with("E[57P01 ") && idle.is_gone());
    assert_eq!(world.query(&busy, "echo 1"), "C[BEGIN] ZT D[1] C[ECHO] ZT".split_at(12).1);
    assert!(!world.relay.is_drained());
    assert!(world.query(&busy, "commit").starts_with("C[COMMIT] ZI E[57P01 "));
    assert!(world.relay.is_drained());
}
