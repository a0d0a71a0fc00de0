//! Answers in order, whatever stands in a pipeline.

use super::world::*;
use crate::shard::Pooling;
use crate::shard::decide::{Decide, Decision, Statement};
use tenantry_domain::{Error, ErrorCode, Limits};

#[test]
fn a_query_passes_and_its_server_is_free_again() {
    let mut world = World::new();
    let (a, b) = (world.client(), world.client());
    assert_eq!(world.query(&a, "echo 1"), "D[1] C[ECHO] ZI");
    assert_eq!(world.query(&b, "echo 2"), "D[2] C[ECHO] ZI");
    assert_eq!(world.query(&a, "begin"), "C[BEGIN] ZT");
    assert_eq!(world.query(&b, "echo 3"), "D[3] C[ECHO] ZI");
    assert_eq!(world.query(&a, "fail"), "E[22012 fail] ZE");
    assert_eq!(world.query(&a, "rollback"), "C[ROLLBACK] ZI");
    assert_eq!(world.servers.len(), 2, "one while the other was in a transaction");
    assert_eq!(world.ran(0), ["echo 1", "echo 2", "begin", "fail", "rollback"]);
}

#[test]
fn a_transaction_transfers_four_times() {
    let mut world = World::new();
    let client = world.client();
    world.query(&client, "echo 1");
    let count = |wire: &Wire| {
        let ends = wire.0.borrow();
        (ends.reads, ends.writes)
    };
    let before = (count(&client.wire), count(&world.servers[0].wire));
    for _ in 0..10 {
        world.query(&client, "echo 1");
    }
    let after = (count(&client.wire), count(&world.servers[0].wire));
    assert_eq!((after.0.0 - before.0.0, after.0.1 - before.0.1), (10, 10));
    assert_eq!((after.1.0 - before.1.0, after.1.1 - before.1.1), (10, 10));
}

#[test]
fn an_error_takes_what_follows_up_to_sync() {
    let mut world = World::new();
    let client = world.client();
    let pipeline = [
        parse("", "echo 1"),
        bind(""),
        execute(),
        parse("", "bad"),
        bind(""),
        execute(),
        sync(),
        parse("", "echo 2"),
        bind(""),
        execute(),
        sync(),
        q("echo 3"),
    ]
    .concat();
    let expect = "1 2 D[1] C[ECHO] E[42601 syntax error in bad] ZI 1 2 D[2] C[ECHO] ZI D[3] C[ECHO] ZI";
    assert_eq!(world.ask(&client, &pipeline), expect);
    assert_eq!(world.query(&client, "echo 4"), "D[4] C[ECHO] ZI");
}

#[test]
fn an_error_before_its_sync_was_sent_skips_what_comes() {
    let mut world = World::new();
    let client = world.client();
    let failing = [parse("", "echo 1"), bind(""), parse("", "bad"), flush()].concat();
    assert_eq!(world.ask(&client, &failing), "1 2 E[42601 syntax error in bad]");
    assert_eq!(world.ask(&client, &[bind(""), execute(), q("echo 1")].concat()), "");
    assert_eq!(world.ask(&client, &sync()), "ZI");
    assert_eq!(world.query(&client, "echo 2"), "D[2] C[ECHO] ZI");
    assert_eq!(world.servers.len(), 1);
}

#[test]
fn a_server_is_kept_between_flush_and_sync() {
    let mut world = World::new();
    let (a, b) = (world.client(), world.client());
    let first = [parse("", "echo 1"), bind(""), execute(), flush()].concat();
    assert_eq!(world.ask(&a, &first), "1 2 D[1] C[ECHO]");
    assert_eq!(world.query(&b, "echo 2"), "D[2] C[ECHO] ZI");
    assert_eq!(world.ran(0), ["echo 1"], "the other client got a server of its own");
    assert_eq!(world.ask(&a, &sync()), "ZI");
}

#[test]
fn copy_works_both_ways_in_both_protocols() {
    let mut world = World::new();
    let client = world.client();
    let data = message(b'd', &[b"row\n"]);
    let done = message(b'c', &[]);
    assert_eq!(world.query(&client, "copy out"), "H d c C[COPY] ZI");
    assert_eq!(world.query(&client, "copy in"), "G");
    assert_eq!(world.ask(&client, &[data.clone(), data.clone(), done.clone()].concat()), "C[COPY] ZI");
    // A driver sends Sync behind Execute, before it knows of the COPY, and another behind the data.
    let begin = [parse("", "copy in"), bind(""), execute(), sync()].concat();
    assert_eq!(world.ask(&client, &begin), "1 2 G");
    assert_eq!(world.ask(&client, &data), "");
    assert_eq!(world.ask(&client, &[done.clone(), sync()].concat()), "C[COPY] ZI");
    // And all at once.
    let at_once = [parse("", "copy in"), bind(""), execute(), data.clone(), done.clone(), sync()].concat();
    assert_eq!(world.ask(&client, &at_once), "1 2 G C[COPY] ZI");
    assert_eq!(world.query(&client, "echo 1"), "D[1] C[ECHO] ZI");
    assert_eq!(
        world.ran(0),
        ["copy out", "copy in", "copied 8", "copy in", "copied 4", "copy in", "copied 4", "echo 1"]
    );
    assert_eq!(world.servers.len(), 1);
}

#[test]
fn a_copy_that_fails_in_doubt_costs_a_connection_and_nothing_else() {
    let mut world = World::new();
    let (a, b) = (world.client(), world.client());
    let begin = [parse("", "copy in"), bind(""), execute(), sync()].concat();
    assert_eq!(world.ask(&a, &begin), "1 2 G");
    let fail = message(b'f', &[b"no\0"]);
    assert_eq!(world.ask(&a, &[fail, sync()].concat()), "E[57014 COPY failed] ZI");
    assert_eq!(world.query(&a, "echo 1"), "D[1] C[ECHO] ZI");
    assert_eq!(world.query(&b, "echo 2"), "D[2] C[ECHO] ZI");
    assert_eq!(world.servers.len(), 2, "the first one stays with its client");
    world.hang_up(&a);
    assert_eq!(world.live_servers(), 1);
}

/// Refuses what begins with "secret", and runs "echo two" instead of "echo one".
struct Wall;

impl Decide for Wall {
    fn statement(&mut self, statement: Statement<'_>) -> Decision {
        let refused = statement.text.starts_with(b"secret");
        let refused = refused.then(|| Error::new(ErrorCode::StatementRefused, "not this one"));
        let text = (statement.text == b"echo one").then(|| b"echo second".to_vec());
        let begins = statement.text == b"begin";
        Decision { refused, text, begins, ..Decision::default() }
    }

    fn function_call(&mut self, _profile: &crate::profile::Profile) -> Decision {
        let refused = Some(Error::new(ErrorCode::StatementRefused, "no function calls"));
        Decision { refused, ..Decision::default() }
    }
}

#[test]
fn what_is_refused_fails_in_its_place_and_never_runs() {
    let mut world = World::with(Box::new(Wall), Limits::default(), 10);
    let client = world.client();
    assert_eq!(world.query(&client, "secret"), "E[42501 not this one] ZI");
    assert_eq!(
        world.ask(&client, &[q("begin"), q("echo 1"), q("secret"), q("echo 2"), q("rollback")].concat()),
        "C[BEGIN] ZT D[1] C[ECHO] ZT E[42501 not this one] ZE E[25P02 current transaction is aborted] ZE \
         C[ROLLBACK] ZI",
        "the open transaction fails with it"
    );
    let pipeline =
        [parse("", "echo 1"), bind(""), execute(), parse("", "secret"), bind(""), execute(), sync()].concat();
    assert_eq!(world.ask(&client, &pipeline), "1 2 D[1] C[ECHO] E[42501 not this one] ZI");
    let named =
        [parse("s", "secret"), describe_statement("s"), sync(), bind("s"), execute(), sync()].concat();
    assert_eq!(
        world.ask(&client, &named),
        "E[42501 not this one] ZI E[26000 prepared statement \"s\" does not exist] ZI"
    );
    assert_eq!(world.ask(&client, &message(b'F', &[&[0; 12]])), "E[42501 no function calls] ZI");
    assert!(world.ran(0).iter().all(|ran| !ran.contains("secret")), "{:?}", world.ran(0));
}

#[test]
fn what_is_rewritten_runs_in_its_new_text() {
    let mut world = World::with(Box::new(Wall), Limits::default(), 10);
    let client = world.client();
    assert_eq!(world.query(&client, "echo one"), "D[second] C[ECHO] ZI");
    for name in ["", "a"] {
        let pipeline = [parse(name, "echo one"), bind(name), execute(), sync(), q("echo 1")].concat();
        assert_eq!(world.ask(&client, &pipeline), "1 2 D[second] C[ECHO] ZI D[1] C[ECHO] ZI");
    }
}

#[test]
fn statement_pooling_has_no_transactions() {
    let mut world = World::with(Box::new(Wall), Limits::default(), 10);
    world.pooling = Pooling::Statement;
    let client = world.client();
    assert!(world.query(&client, "begin").starts_with("E[42501 "));
    assert_eq!(world.query(&client, "echo 1"), "D[1] C[ECHO] ZI");
}

#[test]
fn a_client_that_breaks_the_protocol_is_sent_away() {
    for wrong in [
        &b"p\0\0\0\x04"[..],
        b"Q\0\0\0\x03",
        b"Q\0\0\0\x06xx",
        b"P\0\0\0\x05x",
        b"B\0\0\0\x05x",
        b"S\0\xff\0\0",
    ] {
        let mut world = World::new();
        let (client, other) = (world.client(), world.client());
        let answers = world.ask(&client, &[wrong, &[0; 8]].concat());
        assert!(answers.starts_with("E[08P01 "), "{wrong:?}: {answers}");
        assert!(client.is_gone(), "{wrong:?}");
        assert_eq!(world.query(&other, "echo 1"), "D[1] C[ECHO] ZI");
    }
}

#[test]
fn notices_reach_whoever_asks_at_the_moment() {
    let mut world = World::new();
    let client = world.client();
    world.query(&client, "begin");
    let notice = message(b'N', &[b"SNOTICE\0\0"]);
    world.servers[0].wire.0.borrow_mut().to_relay.extend(&notice);
    assert_eq!(world.query(&client, "commit"), "N C[COMMIT] ZI");
    world.servers[0].wire.0.borrow_mut().to_relay.extend(&notice);
    assert_eq!(world.query(&client, "echo 1"), "N D[1] C[ECHO] ZI");
}
