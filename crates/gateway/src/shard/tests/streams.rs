//! Large messages, slow readers, bounded memory.

use tenantry_domain::Limits;

use super::world::*;
use crate::shard::Event;

const LARGE: usize = 3 * 1024 * 1024;

/// Statements of this length are not looked at as a whole.
fn looking_at_beginnings() -> World {
    World::with(Box::new(Toy), Limits { gateway_statement_kib_max: LARGE / 2048, ..Limits::default() }, 100)
}

#[test]
fn a_long_statement_streams_through() {
    let mut world = looking_at_beginnings();
    let client = world.client();
    let sql = format!("echo {}", "x".repeat(LARGE));
    world.send(&client, &q(&sql));
    let answers = client.take();
    assert!(answers.len() > LARGE && answers.ends_with(b"Z\0\0\0\x05I"));
    assert_eq!(world.ran(0)[0], sql);
    assert_eq!(world.ran(0)[1], "DISCARD ALL", "what was not seen as a whole may have left something");
}

#[test]
fn a_long_parameter_streams_behind_a_changed_name() {
    let mut world = World::new();
    let client = world.client();
    assert_eq!(world.ask(&client, &[parse("s", "echo 1"), sync()].concat()), "1 ZI");
    let long = vec![7; LARGE];
    let bind = message(b'B', &[b"\0s\0\0\0\0\x01", &(LARGE as u32).to_be_bytes(), &long, b"\0\0"]);
    assert_eq!(world.ask(&client, &[bind, execute(), sync()].concat()), "2 D[1] C[ECHO] ZI");
}

#[test]
fn a_long_statement_can_not_be_prepared_for_several_servers() {
    let mut world = looking_at_beginnings();
    let client = world.client();
    let sql = format!("echo {}", "x".repeat(LARGE));
    let pipeline = [parse("s", &sql), describe_statement("s"), sync(), q("echo 1")].concat();
    let answers = world.ask(&client, &pipeline);
    assert!(answers.starts_with("E[53400 a prepared statement may have at most"), "{answers}");
    assert!(answers.ends_with(" ZI D[1] C[ECHO] ZI"));
}

#[test]
fn a_slow_reader_stops_its_server_and_nobody_else() {
    let mut world = World::new();
    let (slow, other) = (world.client(), world.client());
    slow.wire.0.borrow_mut().room = Some(1_000);
    world.send(&slow, &q("rows 100000"));
    let left = world.servers[0].wire.0.borrow().to_relay.len();
    assert!(left > 100_000, "what the client does not take stays with the server: {left}");
    assert_eq!(world.query(&other, "echo 1"), "D[1] C[ECHO] ZI");
    let mut got = slow.take();
    for _ in 0..10_000 {
        if got.ends_with(b"Z\0\0\0\x05I") {
            break;
        }
        slow.wire.0.borrow_mut().room = Some(1_000);
        world.relay.client_event(slow.slot, Event { is_writable: true, ..Event::default() });
        world.run();
        got.extend(slow.take());
    }
    assert_eq!(got.iter().filter(|byte| **byte == b'x').count(), 100_000);
    slow.wire.0.borrow_mut().room = None;
    assert_eq!(world.query(&slow, "echo 2"), "D[2] C[ECHO] ZI");
}

#[test]
fn a_slow_server_stops_its_client() {
    let mut world = World::new();
    let client = world.client();
    world.query(&client, "echo 1");
    world.servers[0].wire.0.borrow_mut().room = Some(10);
    world.servers[0].is_paused = true;
    let sql = format!("echo {}", "x".repeat(500_000));
    world.send(&client, &q(&sql).repeat(3));
    assert!(client.wire.0.borrow().to_relay.len() > 500_000, "it is not read on");
    world.servers[0].is_paused = false;
    for _ in 0..100 {
        world.servers[0].wire.0.borrow_mut().room = Some(100_000);
        let slot = world.servers[0].slot;
        world.relay.server_event(slot, Event { is_writable: true, ..Event::default() });
        world.run();
    }
    assert_eq!(world.ran(0), ["echo 1", &sql, &sql, &sql]);
}

#[test]
fn a_half_sent_statement_holds_no_server() {
    let mut world = World::new();
    world.servers_max = 1;
    let (slow, other) = (world.client(), world.client());
    let sql = q("echo 1");
    world.send(&slow, &sql[..8]);
    assert_eq!(world.query(&other, "echo 2"), "D[2] C[ECHO] ZI");
    assert_eq!(world.ask(&slow, &sql[8..]), "D[1] C[ECHO] ZI");
}

#[test]
fn many_questions_in_a_row_are_answered_in_bounded_memory() {
    let mut world = World::new();
    let client = world.client();
    let pipeline = [parse("", "echo 1"), bind(""), execute(), sync()].concat().repeat(20_000);
    world.send(&client, &pipeline);
    assert_eq!(client.take().windows(6).filter(|w| *w == b"Z\0\0\0\x05I").count(), 20_000);
}
