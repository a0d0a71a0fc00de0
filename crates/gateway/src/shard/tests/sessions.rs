//! What a session leaves behind, and what follows its client.

use super::world::*;
use crate::profile::Profile;
use crate::shard::Pooling;
use crate::shard::decide::{Course, Decide, Decision, Effects, Statement};
use tenantry_domain::Limits;
use tenantry_shape::application::{Discarded, Effects as Judged, Step};

#[test]
fn what_a_client_set_never_reaches_the_next() {
    let mut world = World::new();
    let (a, b) = (world.client(), world.client());
    assert_eq!(world.query(&a, "set x 1"), "C[SET] ZI");
    assert_eq!(world.query(&b, "show x"), "D[] C[SHOW] ZI");
    assert_eq!(world.ran(0), ["set x 1", "DISCARD ALL", "show x"]);
    world.query(&b, "echo 1");
    assert_eq!(world.ran(0).len(), 4, "no reset where nothing was changed");
}

#[test]
fn a_server_that_is_being_reset_serves_nobody() {
    let mut world = World::new();
    world.servers_max = 1;
    let (a, b) = (world.client(), world.client());
    world.query(&a, "begin");
    world.query(&a, "set x 1");
    world.send(&b, &q("show x"));
    // The answer to COMMIT and that to the reset come apart.
    world.servers[0].is_paused = true;
    world.send(&a, &q("commit"));
    let asked = std::mem::take(&mut world.servers[0].wire.0.borrow_mut().from_relay);
    let answers = world.servers[0].backend.hear(&asked);
    world.servers[0].wire.0.borrow_mut().to_relay.extend(answers);
    let slot = world.servers[0].slot;
    let readable = crate::shard::Event { is_readable: true, ..Default::default() };
    world.relay.server_event(slot, readable);
    assert_eq!(a.answers(), "C[BEGIN] ZT C[SET] ZT C[COMMIT] ZI".split_at(22).1);
    let waiting = world.servers[0].wire.0.borrow().from_relay.clone();
    assert_eq!(waiting, q("DISCARD ALL"), "and nothing of the other client's");
    world.servers[0].is_paused = false;
    world.run();
    assert_eq!(b.answers(), "D[] C[SHOW] ZI");
}

#[test]
fn start_up_settings_follow_the_client() {
    let mut world = World::new();
    world.servers_max = 1;
    let a = world.client_of(1, "app", &[("TimeZone", "UTC")]);
    let b = world.client_of(1, "app", &[("TimeZone", "CET"), ("application_name", "b")]);
    for _ in 0..2 {
        assert_eq!(world.query(&a, "show TimeZone"), "D[UTC] C[SHOW] ZI");
        assert_eq!(world.query(&b, "show TimeZone"), "D[CET] C[SHOW] ZI");
        assert_eq!(world.query(&b, "show application_name"), "D[b] C[SHOW] ZI");
    }
    assert_eq!(world.query(&a, "show application_name"), "D[] C[SHOW] ZI", "put back");
    assert_eq!(world.servers.len(), 1);
}

#[test]
fn proven_settings_cost_no_round_trip() {
    let mut world = World::new();
    world.servers_max = 1;
    let a = world.client_of(1, "app", &[("TimeZone", "UTC")]);
    let b = world.client_of(1, "app", &[("TimeZone", "CET")]);
    world.query(&a, "echo 1");
    world.query(&b, "echo 1");
    world.servers[0].is_paused = true;
    world.send(&a, &q("show TimeZone"));
    let sent = world.servers[0].wire.0.borrow().from_relay.clone();
    assert_eq!(sent, [q(r#"SET "TimeZone" TO 'UTC';"#), q("show TimeZone")].concat(), "in one write");
    assert_eq!(world.servers[0].wire.0.borrow().writes, 5);
    world.servers[0].is_paused = false;
    world.run();
    assert_eq!(a.answers(), "D[1] C[ECHO] ZI D[UTC] C[SHOW] ZI".split_at(16).1);
}

#[test]
fn settings_that_no_server_takes_end_the_client() {
    let mut world = World::new();
    let wrong = world.client_of(1, "app", &[("TimeZone", "wrong")]);
    assert_eq!(world.query(&wrong, "echo 1"), "E[22023 invalid value]");
    assert!(wrong.is_gone());
    assert!(!world.ran(0).contains(&"echo 1".to_owned()), "its statement must not run with other settings");
    let right = world.client();
    assert_eq!(world.query(&right, "echo 2"), "D[2] C[ECHO] ZI");
}

#[test]
fn a_setting_that_the_server_reports_follows_its_client() {
    let mut world = World::new();
    world.servers_max = 1;
    let (a, b) = (world.client(), world.client());
    assert_eq!(world.query(&a, "set TimeZone CET"), "S C[SET] ZI");
    assert_eq!(world.query(&b, "show TimeZone"), "D[] C[SHOW] ZI");
    assert_eq!(world.query(&a, "show TimeZone"), "D[CET] C[SHOW] ZI");
}

/// Knows `set N V` as a setting that follows its client.
struct Following;

impl Decide for Following {
    fn statement(&mut self, statement: Statement<'_>) -> Decision {
        let text = std::str::from_utf8(statement.text).unwrap();
        let set = text.strip_prefix("set ").and_then(|rest| rest.split_once(' '));
        let step = |(name, value): (&str, &str)| Step::Set {
            name: name.to_owned(),
            values: vec![value.to_owned()],
            local: false,
        };
        let mut steps = set.map(step).into_iter().collect::<Vec<_>>();
        steps.extend((text == "DISCARD ALL").then_some(Step::Discard(Discarded::All)));
        let judged = Judged { steps_by_statement: vec![steps.len()], steps, ..Judged::default() };
        Decision {
            effects: Effects { course: Course::of(&judged, &[]), ..Effects::default() },
            ..Decision::default()
        }
    }

    fn function_call(&mut self, _profile: &Profile) -> Decision {
        Decision::default()
    }
}

#[test]
fn a_setting_follows_once_its_transaction_committed() {
    let mut world = World::with(Box::new(Following), Limits::default(), 10);
    world.servers_max = 1;
    let (a, b) = (world.client(), world.client());
    world.query(&a, "set x 1");
    assert_eq!(world.query(&b, "show x"), "D[] C[SHOW] ZI");
    assert_eq!(world.query(&a, "show x"), "D[1] C[SHOW] ZI");
    for end in ["rollback", "fail"] {
        world.ask(&a, &[q("begin"), q("set x 2"), q(end), q("rollback")].concat());
        assert_eq!(world.query(&a, "show x"), "D[1] C[SHOW] ZI", "{end}");
        assert_eq!(world.query(&b, "show x"), "D[] C[SHOW] ZI", "{end}");
    }
    assert!(!world.ran(0).is_empty());
    // Prepared, it takes effect where it runs.
    world.ask(&b, &[parse("s", "set x 3"), bind("s"), execute(), sync()].concat());
    assert_eq!(world.query(&a, "show x"), "D[1] C[SHOW] ZI");
    assert_eq!(world.query(&b, "show x"), "D[3] C[SHOW] ZI");
}

#[test]
fn the_tenant_is_set_before_anything_of_the_client_runs() {
    let mut world = World::new();
    world.servers_max = 1;
    world.sets_tenant = true;
    let a = world.client_of(1, "app", &[]);
    let b = world.client_of(2, "app", &[]);
    let tenant = |number| tenant_id(number).to_string();
    let shows = |number| format!("D[{}] C[SHOW] ZI", tenant(number));
    assert_eq!(world.query(&a, "show app.current_tenant"), shows(1));
    assert_eq!(world.ran(0)[0], format!("SET \"app.current_tenant\" TO '{}'", tenant(1)));
    world.servers[0].is_paused = true;
    world.send(&b, &q("echo 1"));
    let sent = String::from_utf8_lossy(&world.servers[0].wire.0.borrow().from_relay).into_owned();
    assert!(sent.contains(&tenant(2)) && !sent.contains("echo"), "the answer is awaited: {sent:?}");
    world.servers[0].is_paused = false;
    world.run();
    assert_eq!(b.answers(), "D[1] C[ECHO] ZI");
    let before = world.ran(0).len();
    assert_eq!(world.query(&b, "show app.current_tenant"), shows(2));
    assert_eq!(world.ran(0).len(), before + 1, "set once");
}

#[test]
fn servers_are_given_to_the_tenant_they_are_set_to() {
    let mut world = World::new();
    world.servers_max = 2;
    world.sets_tenant = true;
    let a = world.client_of(1, "app", &[]);
    let b = world.client_of(2, "app", &[]);
    world.query(&a, "begin");
    world.query(&b, "echo 1");
    world.query(&a, "commit");
    let before = world.ran(0).len() + world.ran(1).len();
    for _ in 0..5 {
        world.query(&a, "echo 1");
        world.query(&b, "echo 1");
    }
    assert_eq!(world.ran(0).len() + world.ran(1).len(), before + 10, "nothing was set again");
}

/// The server's own session began without what the client has brought along, and without a tenant.
#[test]
fn a_kept_session_that_is_discarded_begins_as_it_began() {
    let mut world = World::with(Box::new(Following), Limits::default(), 10);
    world.pooling = Pooling::Session;
    world.sets_tenant = true;
    let client = world.client_of(1, "app", &[("TimeZone", "UTC")]);
    world.query(&client, "set x 1");
    world.query(&client, "DISCARD ALL");
    let tenant = tenant_id(1).to_string();
    for (name, value) in [("x", ""), ("TimeZone", "UTC"), ("app.current_tenant", &tenant)] {
        assert_eq!(world.query(&client, &format!("show {name}")), format!("D[{value}] C[SHOW] ZI"));
    }
    assert_eq!(world.servers.len(), 1);
}

#[test]
fn session_pooling_keeps_the_server_to_the_end() {
    let mut world = World::new();
    world.pooling = Pooling::Session;
    world.servers_max = 1;
    let (a, b) = (world.client(), world.client());
    world.query(&a, "set x 1");
    assert_eq!(world.query(&a, "show x"), "D[1] C[SHOW] ZI");
    assert_eq!(world.query(&b, "show x"), "", "it waits");
    world.send(&a, &message(b'X', &[]));
    assert!(a.is_gone());
    assert_eq!(b.answers(), "D[] C[SHOW] ZI");
    assert_eq!(world.servers.len(), 1);
}
