//! Transactions that replicas may do, and those that they must not.

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;

use super::world::*;
use crate::profile::{Judging, Profile};
use crate::reads::{Class, Fallback, Mark, Reading, Replicas, Standing, State};
use crate::shard::decide::{Decide, Decision, Effects, Statement};
use crate::shard::{Command, Event, Pooling};
use crate::sql::mask::OutlineKey;
use tenantry_domain::app::Reads;
use tenantry_domain::{Error, ErrorCode, Limits};

/// Knows the simulated server's language, and what replicas may do of it.
struct Reader;

fn reading(text: &[u8]) -> Reading {
    let text = std::str::from_utf8(text).unwrap();
    let class = match text {
        "begin" => Class::Begin(None),
        "begin ro" => Class::Begin(Some(true)),
        "begin rw" => Class::Begin(Some(false)),
        "commit" | "rollback" => Class::End,
        "lock" => Class::Primary,
        _ if text.starts_with("echo") || text.starts_with("rows") || text.starts_with("show") => Class::Read,
        _ => Class::Other,
    };
    Reading { class, may_write: matches!(class, Class::Primary | Class::Other) }
}

impl Decide for Reader {
    fn statement(&mut self, statement: Statement<'_>) -> Decision {
        let effects = Effects { reading: reading(statement.text), ..Effects::default() };
        Decision { effects, ..Decision::default() }
    }

    fn reading(&mut self, statement: Statement<'_>) -> Reading {
        reading(statement.text)
    }

    fn function_call(&mut self, _profile: &Profile) -> Decision {
        Decision::default()
    }
}

/// With one replica that has replayed everything.
fn world(mode: Reads) -> World {
    let mut world = World::with(Box::new(Reader), Limits::default(), 100);
    let replicas = Arc::new(Replicas::new(["replica".to_owned()]));
    replicas.answered(1);
    world.replicas = Some((replicas, mode));
    world
}

fn replicas(world: &World) -> Arc<Replicas> {
    world.replicas.as_ref().unwrap().0.clone()
}

/// The replica has replayed what was written up to now.
fn catches_up(world: &World) {
    let replicas = replicas(world);
    let number = replicas.begin();
    let standing =
        Standing { state: State::Up, mark: Mark::new(1, number), lag: Some(Duration::ZERO), bytes: Some(0) };
    replicas.learn(0, 1, standing);
}

fn fallbacks(world: &World, why: Fallback) -> u64 {
    replicas(world).fallbacks().find(|(known, _)| *known == why).unwrap().1
}

#[test]
fn declared_reads_go_to_the_replica_and_all_else_to_the_primary() {
    let mut world = world(Reads::Replica);
    let client = world.client();
    catches_up(&world);
    for sql in ["begin ro", "echo 1", "write 1", "commit"] {
        world.query(&client, sql);
    }
    assert_eq!(world.ran_on(Some(0)), ["begin ro", "echo 1", "write 1", "commit"]);
    for sql in ["echo 1", "begin", "echo 2", "commit", "begin rw", "commit", "lock"] {
        world.query(&client, sql);
    }
    assert_eq!(world.ran_on(None), ["echo 1", "begin", "echo 2", "commit", "begin rw", "commit", "lock"]);
    assert!(world.ran_on(Some(0)).is_empty());
    assert_eq!(replicas(&world).each()[0].reads(), 1);
}

#[test]
fn statements_that_only_read_go_there_where_the_client_says_so() {
    let mut world = world(Reads::Auto);
    let client = world.client();
    catches_up(&world);
    assert_eq!(world.query(&client, "echo 1"), "D[1] C[ECHO] ZI");
    let extended = [parse("", "echo 2"), bind(""), execute(), sync()].concat();
    assert_eq!(world.ask(&client, &extended), "1 2 D[2] C[ECHO] ZI");
    let prepare = [parse("p", "echo 3"), describe_statement("p"), sync()].concat();
    assert_eq!(world.ask(&client, &prepare), "1 t n ZI");
    let run = [bind("p"), execute(), sync()].concat();
    assert_eq!(world.ask(&client, &run), "2 D[3] C[ECHO] ZI");
    assert_eq!(world.ran_on(Some(0)), ["echo 1", "echo 2", "echo 3"]);
    // Together with something that writes, or where it can't be seen what follows.
    let mixed = [bind("p"), execute(), parse("", "write 1"), bind(""), execute(), sync()].concat();
    world.send(&client, &mixed);
    catches_up(&world);
    world.send(&client, &[parse("", "echo 4"), bind(""), execute(), flush()].concat());
    world.send(&client, &sync());
    assert_eq!(world.ran_on(None), ["echo 3", "write 1", "echo 4"]);
    catches_up(&world);
    world.send(&client, &[bind("unknown"), execute(), sync()].concat());
    assert!(world.ran_on(Some(0)).is_empty());
}

#[test]
fn who_wrote_reads_on_the_primary_until_the_replica_has_it() {
    let mut world = world(Reads::Auto);
    let (writer, reader) = (world.client(), world.client());
    assert_eq!(world.query(&reader, "echo 0"), "D[0] C[ECHO] ZI");
    assert_eq!(world.ran_on(None), ["echo 0"], "nothing is known of the replica yet");
    catches_up(&world);
    world.query(&writer, "write 1");
    for client in [&writer, &reader] {
        world.query(client, "echo 1");
    }
    assert_eq!(
        (world.ran_on(None), world.ran_on(Some(0))),
        (vec!["write 1".into(), "echo 1".into()], vec!["echo 1".into()])
    );
    catches_up(&world);
    world.query(&writer, "echo 2");
    assert_eq!(world.ran_on(Some(0)), ["echo 2"]);
    // Reads of its own on the primary keep nobody there, transactions that write do.
    for sql in ["begin", "echo 3", "commit", "echo 4", "begin", "write 2", "commit", "echo 5"] {
        world.query(&writer, sql);
    }
    assert_eq!(world.ran_on(Some(0)), ["echo 4"]);
    assert_eq!((fallbacks(&world, Fallback::Behind), fallbacks(&world, Fallback::Down)), (2, 1));
}

#[test]
fn a_write_that_was_under_way_counts_from_its_answer() {
    let mut world = world(Reads::Auto);
    let client = world.client();
    world.query(&client, "echo 0");
    world.servers[0].is_paused = true;
    world.send(&client, &q("write 1"));
    catches_up(&world);
    world.servers[0].is_paused = false;
    world.run();
    world.ran_on(None);
    world.query(&client, "echo 1");
    assert_eq!(world.ran_on(None), ["echo 1"], "the question was asked before the write was answered");
}

#[test]
fn after_a_fail_over_nothing_of_before_counts() {
    let mut world = world(Reads::Auto);
    let client = world.client();
    catches_up(&world);
    world.query(&client, "write 1");
    catches_up(&world);
    // The client's connection is to another primary already, of which the monitor has not heard.
    world.cut_server(0);
    world.timeline = 2;
    world.query(&client, "write 2");
    catches_up(&world);
    world.query(&client, "echo 1");
    assert_eq!(world.ran_on(Some(0)), Vec::<String>::new());
    // It hears of it; the replica follows.
    let replicas = replicas(&world);
    let number = replicas.begin();
    let lag = Some(Duration::ZERO);
    replicas.learn(0, 2, Standing { state: State::Up, mark: Mark::new(2, number), lag, bytes: Some(0) });
    world.query(&client, "echo 2");
    assert_eq!(world.ran_on(Some(0)), ["echo 2"]);
    // The other way round: the client has an old primary's connection.
    world.timeline = 1;
    let late = world.client();
    let places: Vec<_> = world.servers.iter().map(|server| server.replica).collect();
    assert_eq!(places, [None, None, Some(0)]);
    world.cut_server(1);
    world.query(&late, "write 3");
    let number = replicas.begin();
    replicas.learn(0, 2, Standing { state: State::Up, mark: Mark::new(2, number), lag, bytes: Some(0) });
    world.query(&late, "echo 3");
    assert!(world.ran_on(Some(0)).is_empty());
}

#[test]
fn what_comes_behind_a_read_is_looked_at_by_itself() {
    let mut world = world(Reads::Auto);
    let client = world.client();
    catches_up(&world);
    let all = [q("echo 1"), q("write 1"), q("begin ro"), q("echo 2"), q("commit"), q("lock")].concat();
    assert_eq!(
        world.ask(&client, &all),
        "D[1] C[ECHO] ZI C[WRITE] ZI C[BEGIN] ZT D[2] C[ECHO] ZT C[COMMIT] ZI C[LOCK] ZI"
    );
    assert_eq!(world.ran_on(Some(0)), ["echo 1"]);
    assert_eq!(world.ran_on(None), ["write 1", "begin ro", "echo 2", "commit", "lock"]);
    catches_up(&world);
    let one = |sql: &str| [parse("", sql), bind(""), execute(), sync()].concat();
    world.send(&client, &[one("echo 1"), one("write 2"), one("echo 3")].concat());
    assert_eq!(client.answers(), "1 2 D[1] C[ECHO] ZI 1 2 C[WRITE] ZI 1 2 D[3] C[ECHO] ZI");
    assert_eq!((world.ran_on(Some(0)).len(), world.ran_on(None).len()), (1, 2));
}

#[test]
fn cut_anywhere_it_is_answered_the_same() {
    let all = [
        q("begin ro"),
        parse("p", "echo 2"),
        sync(),
        bind("p"),
        execute(),
        sync(),
        q("commit"),
        q("write 1"),
        q("echo 3"),
    ]
    .concat();
    for cut in 0..all.len() {
        let mut world = world(Reads::Auto);
        let client = world.client();
        catches_up(&world);
        world.send(&client, &all[..cut]);
        world.send(&client, &all[cut..]);
        let expect = "C[BEGIN] ZT 1 ZT 2 D[2] C[ECHO] ZT C[COMMIT] ZI C[WRITE] ZI D[3] C[ECHO] ZI";
        assert_eq!(client.answers(), expect, "cut at {cut}");
        assert_eq!(world.ran_on(None), ["write 1", "echo 3"], "cut at {cut}");
    }
}

#[test]
fn what_means_something_else_on_a_replica_is_refused_there() {
    let mut world = world(Reads::Replica);
    let client = world.client();
    catches_up(&world);
    let prepare = [parse("l", "lock"), sync()].concat();
    world.send(&client, &prepare);
    catches_up(&world);
    client.take();
    world.query(&client, "begin ro");
    let refused = world.query(&client, "lock");
    assert!(refused.starts_with("E[0A000 this read-only transaction runs on a replica"), "{refused}");
    let refused = world.ask(&client, &[bind("l"), execute(), sync()].concat());
    assert!(refused.starts_with("E[0A000 "), "{refused}");
    world.query(&client, "rollback");
    let all = [parse("", "begin ro"), bind(""), execute(), parse("", "lock"), bind(""), execute(), sync()];
    world.send(&client, &all.concat());
    assert_eq!(world.ran_on(None), ["begin ro", "lock"], "known beforehand, it goes to the primary");
    assert_eq!(fallbacks(&world, Fallback::Unfit), 1);
}

#[test]
fn a_replica_that_cannot_be_reached_is_no_error() {
    let mut world = world(Reads::Auto);
    let client = world.client();
    assert_eq!(world.query(&client, "write 1"), "C[WRITE] ZI");
    catches_up(&world);
    world.opens_nothing = true;
    world.send(&client, &q("echo 1"));
    let pool = world.asked.borrow_mut().opens.pop_front().unwrap();
    assert_eq!(pool.key.replica, Some(0));
    let error = Error::new(ErrorCode::ServerUnreachable, "the replica does not answer");
    world.order(Command::ServerFailed { pool, error });
    assert_eq!(client.answers(), "D[1] C[ECHO] ZI");
    assert_eq!(world.ran_on(None), ["write 1", "echo 1"]);
    world.query(&client, "echo 2");
    assert!(world.asked.borrow().opens.is_empty(), "it is not tried each time");
    assert_eq!((world.ran_on(None), fallbacks(&world, Fallback::Refused)), (vec!["echo 2".into()], 2));
    world.opens_nothing = false;
    world.pass(2_000);
    world.query(&client, "echo 3");
    assert_eq!(world.ran_on(Some(0)), ["echo 3"]);
}

#[test]
fn who_hangs_up_while_a_replica_works_leaves_nothing_running() {
    let mut world = world(Reads::Auto);
    let client = world.client();
    catches_up(&world);
    world.query(&client, "echo 1");
    world.servers[0].is_paused = true;
    world.send(&client, &q("echo 2"));
    world.hang_up(&client);
    assert!(client.is_gone());
    assert_eq!(world.asked.borrow().cancels.len(), 1);
    assert_eq!(world.live_servers(), 0);
}

#[test]
fn a_replica_that_dies_takes_its_statement_along_and_no_more() {
    let mut world = world(Reads::Auto);
    let (busy, other) = (world.client(), world.client());
    catches_up(&world);
    world.query(&busy, "echo 1");
    world.servers[0].is_paused = true;
    world.send(&busy, &q("echo 2"));
    world.cut_server(0);
    assert!(busy.answers().contains("E[08006 ") && busy.is_gone());
    replicas(&world).learn(0, 0, Standing::is(State::Down));
    assert_eq!(world.query(&other, "echo 3"), "D[3] C[ECHO] ZI");
    assert_eq!(world.ran_on(None), ["echo 3"]);
}

#[test]
fn session_pooling_keeps_to_the_primary() {
    let mut world = world(Reads::Auto);
    world.pooling = Pooling::Session;
    let client = world.client();
    catches_up(&world);
    for sql in ["echo 1", "begin ro", "commit"] {
        world.query(&client, sql);
    }
    assert!(world.ran_on(Some(0)).is_empty());
}

#[test]
fn settings_and_the_tenant_are_set_on_replicas_too() {
    let mut world = world(Reads::Auto);
    world.sets_tenant = true;
    let client = world.client_of(1, "app", &[("TimeZone", "CET")]);
    catches_up(&world);
    assert_eq!(world.query(&client, "show TimeZone"), "D[CET] C[SHOW] ZI");
    assert_eq!(world.query(&client, "show app.current_tenant"), format!("D[{}] C[SHOW] ZI", tenant_id(1)));
    assert!(world.ran_on(None).is_empty());
    let read_only = ("default_transaction_read_only", "on");
    let reports = world.client_of(1, "app", &[read_only]);
    catches_up(&world);
    world.query(&reports, "write 1");
    assert_eq!(
        world.ran_on(Some(0)).last().unwrap(),
        "write 1",
        "which the server refuses, as a primary does"
    );
    let serializable = world.client_of(1, "app", &[("default_transaction_isolation", "serializable")]);
    catches_up(&world);
    world.query(&serializable, "echo 1");
    assert_eq!(world.ran_on(None).last().unwrap(), "echo 1");
}

#[test]
fn a_tenant_that_moves_reads_at_its_new_place() {
    let mut world = world(Reads::Auto);
    let client = world.client_of(1, "t_1", &[]);
    catches_up(&world);
    world.query(&client, "echo 1");
    world.order(Command::Hold(tenant_id(1)));
    world.send(&client, &q("echo 2"));
    let moved = vec![(world.pool("t_1"), world.pool("t_1_new"))];
    world.order(Command::Release { tenant: tenant_id(1), moved });
    assert!(client.answers().ends_with("D[2] C[ECHO] ZI"));
    assert_eq!((world.ran_on(Some(0)), world.ran_on(None)), (vec!["echo 1".into()], vec!["echo 2".into()]));
}

/// What each transaction costs: allocations, and reads and writes of both links.
fn costs(question: &[u8], answer: &[u8]) -> (u64, usize) {
    const WARM: usize = 50;
    const ROUNDS: usize = 200;
    let mut world = World::with(Box::new(Judging::new(OutlineKey::new(1, 2))), Limits::default(), 100);
    let replicas = Arc::new(Replicas::new(["replica".to_owned()]));
    replicas.answered(1);
    world.replicas = Some((replicas, Reads::Auto));
    let client = world.client();
    catches_up(&world);
    world.query(&client, "SELECT 1");
    assert_eq!(world.servers[0].replica, Some(0));
    let (slot, server) = (world.servers[0].slot, world.servers[0].wire.clone());
    let readable = Event { is_readable: true, ..Event::default() };
    let calls = || {
        let (client, server) = (client.wire.0.borrow(), server.0.borrow());
        client.reads + client.writes + server.reads + server.writes
    };
    let (mut allocations, mut before) = (0, 0);
    for round in 0..WARM + ROUNDS {
        if round == WARM {
            (allocations, before) = (0, calls());
        }
        client.wire.0.borrow_mut().to_relay.extend(question);
        allocations += measure(|| world.relay.client_event(client.slot, readable)).count_total;
        assert!(!server.0.borrow().from_relay.is_empty(), "the replica was asked");
        server.0.borrow_mut().from_relay.clear();
        server.0.borrow_mut().to_relay.extend(answer);
        allocations += measure(|| world.relay.server_event(slot, readable)).count_total;
        assert!(client.wire.0.borrow().from_relay.ends_with(b"Z\0\0\0\x05I"), "the client was answered");
        client.wire.0.borrow_mut().from_relay.clear();
    }
    (allocations, (calls() - before) / ROUNDS)
}

#[test]
fn a_read_on_a_replica_costs_no_more_than_any_other() {
    let rows =
        [message(b'D', &[b"\0\x01\0\0\0\x011"]), message(b'C', &[b"SELECT 1\0"]), message(b'Z', &[b"I"])];
    let columns = message(b'T', &[b"\0\0"]);
    let query = q("SELECT abalance FROM pgbench_accounts WHERE aid = 4711;");
    assert_eq!(costs(&query, &[columns.clone(), rows.concat()].concat()), (0, 4), "simple");
    let described = message(b'D', &[b"P\0"]);
    let extended = [parse("", "SELECT 1"), bind(""), described, execute(), sync()].concat();
    let answer = [message(b'1', &[]), message(b'2', &[]), columns, rows.concat()].concat();
    assert_eq!(costs(&extended, &answer), (0, 4), "extended");
}
