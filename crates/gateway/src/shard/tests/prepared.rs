//! Named statements over several servers.

use super::world::*;
use crate::shard::{Command, Pooling, Stats};
use tenantry_domain::Limits;

fn stats(world: &mut World) -> Stats {
    let (sender, receiver) = std::sync::mpsc::channel();
    world.order(Command::Stats(sender));
    receiver.recv().unwrap()
}

fn run(name: &str) -> Vec<u8> {
    [bind(name), execute(), sync()].concat()
}

/// Makes the next transaction of anybody else run on another server.
fn occupy(world: &mut World) -> SimClient {
    let client = world.client();
    world.query(&client, "begin");
    client
}

#[test]
fn a_statement_follows_its_client_to_another_server() {
    let mut world = World::new();
    let client = world.client();
    assert_eq!(
        world.ask(&client, &[parse("s", "echo 1"), describe_statement("s"), sync()].concat()),
        "1 t n ZI"
    );
    assert_eq!(world.ask(&client, &run("s")), "2 D[1] C[ECHO] ZI");
    occupy(&mut world);
    assert_eq!(world.ask(&client, &run("s")), "2 D[1] C[ECHO] ZI", "on a server that did not know it");
    assert_eq!(world.servers.len(), 2);
    assert_eq!(world.ask(&client, &[describe_statement("s"), sync()].concat()), "t n ZI");
}

#[test]
fn clients_share_what_they_prepare_alike() {
    let mut world = World::new();
    let (a, b) = (world.client(), world.client());
    assert_eq!(world.ask(&a, &[parse("x", "echo 1"), run("x")].concat()), "1 2 D[1] C[ECHO] ZI");
    assert_eq!(world.ask(&b, &[parse("y", "echo 1"), run("y")].concat()), "1 2 D[1] C[ECHO] ZI");
    assert_eq!(world.ask(&b, &[parse("x", "echo 2"), run("x")].concat()), "1 2 D[2] C[ECHO] ZI");
    assert_eq!(world.ask(&a, &run("x")), "2 D[1] C[ECHO] ZI", "a name is its client's own");
    assert_eq!(world.servers[0].backend.held_statements(), 2);
}

#[test]
fn names_obey_the_protocol() {
    let mut world = World::new();
    let client = world.client();
    let unknown = "E[26000 prepared statement \"s\" does not exist] ZI";
    assert_eq!(world.ask(&client, &run("s")), unknown);
    assert_eq!(world.ask(&client, &[parse("s", "echo 1"), sync()].concat()), "1 ZI");
    assert_eq!(
        world.ask(&client, &[parse("s", "echo 2"), sync()].concat()),
        "E[42P05 prepared statement \"s\" already exists] ZI"
    );
    assert_eq!(world.ask(&client, &[close_statement("s"), sync()].concat()), "3 ZI");
    assert_eq!(world.ask(&client, &run("s")), unknown);
    assert_eq!(
        world.ask(&client, &[close_statement("s"), sync()].concat()),
        "3 ZI",
        "no error, as in PostgreSQL"
    );
    assert_eq!(world.ask(&client, &[parse("s", "echo 2"), run("s")].concat()), "1 2 D[2] C[ECHO] ZI");
}

#[test]
fn a_parse_that_failed_leaves_no_name() {
    let mut world = World::new();
    let (client, other) = (world.client(), world.client());
    assert_eq!(
        world.ask(&client, &[parse("s", "bad"), run("s")].concat()),
        "E[42601 syntax error in bad] ZI"
    );
    assert_eq!(world.ask(&client, &run("s")), "E[26000 prepared statement \"s\" does not exist] ZI");
    assert_eq!(world.ask(&client, &[parse("s", "echo 1"), run("s")].concat()), "1 2 D[1] C[ECHO] ZI");
    // A statement behind an error was not prepared though it was sent.
    let skipped = [parse("", "bad"), parse("t", "echo 2"), sync()].concat();
    assert_eq!(world.ask(&client, &skipped), "E[42601 syntax error in bad] ZI");
    assert_eq!(world.ask(&client, &[parse("t", "echo 2"), run("t")].concat()), "1 2 D[2] C[ECHO] ZI");
    assert_eq!(world.ask(&other, &[parse("t", "echo 2"), run("t")].concat()), "1 2 D[2] C[ECHO] ZI");
}

#[test]
fn an_unnamed_statement_lives_to_the_next_transaction() {
    let mut world = World::new();
    let client = world.client();
    assert_eq!(
        world.ask(&client, &[parse("", "echo 1"), describe_statement(""), sync()].concat()),
        "1 t n ZI"
    );
    occupy(&mut world);
    assert_eq!(world.ask(&client, &run("")), "2 D[1] C[ECHO] ZI");
    assert_eq!(world.ask(&client, &[parse("", "echo 2"), run("")].concat()), "1 2 D[2] C[ECHO] ZI");
}

#[test]
fn nobody_gets_anothers_unnamed_statement() {
    let mut world = World::new();
    let (a, b) = (world.client(), world.client());
    assert_eq!(world.ask(&a, &[parse("", "echo mine"), run("")].concat()), "1 2 D[mine] C[ECHO] ZI");
    assert_eq!(world.ask(&b, &run("")), "E[26000 unnamed prepared statement does not exist] ZI");
    assert_eq!(world.servers.len(), 1);
}

#[test]
fn statements_forgotten_by_discard_are_prepared_again() {
    let mut world = World::new();
    let (a, b) = (world.client(), world.client());
    world.ask(&a, &[parse("s", "echo 1"), run("s")].concat());
    assert_eq!(world.query(&b, "DISCARD ALL"), "C[DISCARD ALL] ZI");
    assert_eq!(world.ask(&a, &run("s")), "2 D[1] C[ECHO] ZI");
    assert_eq!(world.servers.len(), 1);
    assert_eq!(world.query(&a, "DISCARD ALL"), "C[DISCARD ALL] ZI");
    assert_eq!(world.ask(&a, &run("s")), "E[26000 prepared statement \"s\" does not exist] ZI");
}

#[test]
fn a_server_holds_so_many_statements_and_no_more() {
    let limits = Limits { gateway_prepared_per_server_max: 3, ..Limits::default() };
    let mut world = World::with(Box::new(Toy), limits, 10);
    let client = world.client();
    for number in 0..10 {
        let name = format!("s{number}");
        let sql = format!("echo {number}");
        let expect = format!("1 2 D[{number}] C[ECHO] ZI");
        assert_eq!(world.ask(&client, &[parse(&name, &sql), run(&name)].concat()), expect);
        assert!(world.servers[0].backend.held_statements() <= 3);
    }
    assert_eq!(world.ask(&client, &run("s0")), "2 D[0] C[ECHO] ZI", "brought back when it is used");
    assert_eq!(stats(&mut world).statements, 3);
}

#[test]
fn a_client_prepares_so_much_and_no_more() {
    let limits = Limits {
        gateway_prepared_per_client_max: 3,
        gateway_prepared_kib_per_client_max: 2,
        ..Limits::default()
    };
    let mut world = World::with(Box::new(Toy), limits, 10);
    let client = world.client();
    let prepare = |name: &str, sql: &str| [parse(name, sql), sync()].concat();
    for _ in 0..5 {
        for name in ["a", "b", "c"] {
            assert_eq!(world.ask(&client, &prepare(name, "echo 1")), "1 ZI");
        }
        let refused = world.ask(&client, &prepare("d", "echo 1"));
        assert!(refused.starts_with("E[53400 a client may have at most 3 prepared statements"), "{refused}");
        for name in ["a", "b", "c"] {
            assert_eq!(world.ask(&client, &[close_statement(name), sync()].concat()), "3 ZI");
        }
        let long = format!("echo {}", "x".repeat(1_200));
        assert_eq!(world.ask(&client, &prepare("a", &long)), "1 ZI");
        assert!(world.ask(&client, &prepare("b", &long)).starts_with("E[53400 "));
        assert_eq!(world.ask(&client, &[close_statement("a"), sync()].concat()), "3 ZI");
    }
}

#[test]
fn session_pooling_leaves_names_alone() {
    let mut world = World::new();
    world.pooling = Pooling::Session;
    let client = world.client();
    assert_eq!(world.ask(&client, &[parse("s", "echo 1"), sync()].concat()), "1 ZI");
    world.query(&client, "PREPARE x AS echo 2");
    assert_eq!(world.ask(&client, &run("s")), "2 D[1] C[ECHO] ZI");
    world.hang_up(&client);
    assert_eq!(world.ran(0).last().unwrap(), "DISCARD ALL", "what a session prepared goes with it");
    world.pooling = Pooling::Transaction;
    let next = world.client();
    assert_eq!(world.ask(&next, &run("s")), "E[26000 prepared statement \"s\" does not exist] ZI");
}
