//! Clients and servers that go, limits of time, cancel requests.

use super::world::*;
use crate::shard::{Command, Pooling};
use tenantry_domain::{Error, ErrorCode, Limits, PlanLimits};

#[test]
fn a_good_bye_frees_the_server_and_nothing_else() {
    let mut world = World::new();
    let (a, b) = (world.client(), world.client());
    // The good-bye comes with the last statement, which still runs to its end.
    assert_eq!(world.ask(&a, &[q("echo 1"), message(b'X', &[])].concat()), "D[1] C[ECHO] ZI");
    assert!(a.is_gone());
    assert_eq!(world.query(&b, "echo 2"), "D[2] C[ECHO] ZI");
    assert_eq!((world.servers.len(), world.live_servers()), (1, 1));
    assert_eq!(world.asked.borrow().gone, 1);
}

#[test]
fn a_good_bye_without_sync_waits_for_nothing() {
    let mut world = World::new();
    let client = world.client();
    world.query(&client, "echo 1");
    world.servers[0].is_paused = true;
    world.send(&client, &[parse("", "echo 2"), bind(""), execute(), message(b'X', &[])].concat());
    assert!(client.is_gone());
    assert_eq!(world.live_servers(), 0);
}

#[test]
fn a_transaction_that_was_left_is_never_resumed() {
    for good_bye in [true, false] {
        let mut world = World::new();
        let (a, b) = (world.client(), world.client());
        world.query(&a, "begin");
        if good_bye {
            world.send(&a, &message(b'X', &[]));
        } else {
            world.hang_up(&a);
        }
        assert!(a.is_gone());
        assert_eq!(world.live_servers(), 0, "closing it takes the transaction back");
        assert!(world.asked.borrow().cancels.is_empty(), "nothing runs");
        assert_eq!(world.query(&b, "echo 1"), "D[1] C[ECHO] ZI");
    }
}

/// CopyData outside of COPY is ignored, so nothing is asked and nothing will be answered: but the server takes whatever
/// comes next for its rest, and the rest must not reach another server either.
#[test]
fn half_a_message_keeps_its_server() {
    let mut world = World::new();
    let (a, b) = (world.client(), world.client());
    world.query(&a, "echo 1");
    let copy = message(b'd', &[&[7; 100]]);
    world.send(&a, &copy[..40]);
    assert_eq!(world.query(&b, "echo 2"), "D[2] C[ECHO] ZI");
    assert_eq!((world.servers.len(), world.live_servers()), (2, 2), "the first is not given to another");
    world.send(&a, &copy[40..70]);
    assert_eq!(world.ask(&a, &[&copy[70..], &q("echo 3")].concat()), "D[3] C[ECHO] ZI");
    world.send(&a, &copy[..40]);
    world.hang_up(&a);
    assert!(a.is_gone());
    assert_eq!(world.live_servers(), 1, "what was left in the midst of a message is closed");
    assert_eq!(world.query(&b, "echo 4"), "D[4] C[ECHO] ZI");
}

#[test]
fn what_runs_for_a_client_that_is_gone_is_cancelled() {
    let mut world = World::new();
    let client = world.client();
    world.query(&client, "echo 1");
    world.servers[0].is_paused = true;
    world.send(&client, &q("echo 2"));
    world.hang_up(&client);
    assert_eq!(world.asked.borrow().cancels.len(), 1);
    assert_eq!((world.live_servers(), world.budget.used()), (0, 0));
}

#[test]
fn a_server_that_is_lost_takes_its_transaction_along() {
    let mut world = World::new();
    let (busy, idle) = (world.client(), world.client());
    world.query(&idle, "echo 1");
    world.query(&busy, "begin");
    world.cut_server(0);
    assert!(busy.answers().starts_with("E[08006 ") && busy.is_gone());
    assert_eq!(world.query(&idle, "echo 2"), "D[2] C[ECHO] ZI", "others do not notice");
    assert_eq!(world.budget.used(), 1);
}

#[test]
fn a_server_that_is_lost_before_it_was_asked_is_replaced() {
    let mut world = World::new();
    let a = world.client_of(1, "app", &[("TimeZone", "UTC")]);
    let b = world.client();
    world.query(&b, "echo 1");
    world.servers[0].is_paused = true;
    world.send(&a, &q("echo 2"));
    world.cut_server(0);
    assert_eq!(a.answers(), "D[2] C[ECHO] ZI");
}

/// The settings that a client needs are awaited first: a cancel request that comes meanwhile was lost.
#[test]
fn a_cancel_finds_what_was_not_sent_yet() {
    for is_lost in [false, true] {
        let mut world = World::new();
        let (a, b) = (world.client_of(1, "app", &[("TimeZone", "UTC")]), world.client());
        world.query(&b, "echo 1");
        world.servers[0].is_paused = true;
        world.send(&a, &q("echo 2"));
        world.order(Command::Cancel { secret: a.secret });
        assert!(world.asked.borrow().cancels.is_empty(), "there is nothing to cancel on the server");
        if is_lost {
            world.cut_server(0);
        }
        world.servers[0].is_paused = false;
        world.run();
        assert_eq!(
            a.answers(),
            "E[57014 canceling statement due to user request, before it was run] ZI",
            "{is_lost}"
        );
        assert_eq!(world.query(&a, "echo 3"), "D[3] C[ECHO] ZI");
        assert!(!world.ran(0).contains(&"echo 2".to_owned()));
    }
}

/// Temporary tables, locks, channels: no other server has what the session had.
#[test]
fn a_session_that_lost_its_server_ends_with_it() {
    let mut world = World::new();
    world.pooling = Pooling::Session;
    let (a, b) = (world.client(), world.client_of(1, "app", &[("TimeZone", "UTC")]));
    world.query(&a, "set x 1");
    world.cut_server(0);
    assert!(a.answers().starts_with("E[08006 ") && a.is_gone());
    world.servers_max = 1;
    world.opens_nothing = true;
    world.send(&b, &q("echo 1"));
    world.opens_nothing = false;
    world.run();
    assert_eq!(b.answers(), "D[1] C[ECHO] ZI", "one that has not begun yet gets another");
}

#[test]
fn a_servers_last_word_is_the_clients() {
    let mut world = World::new();
    let client = world.client();
    world.query(&client, "begin");
    let last = message(b'E', &[b"SFATAL\0VFATAL\0C57P01\0Mshutdown\0\0"]);
    world.servers[0].wire.0.borrow_mut().to_relay.extend(last);
    world.cut_server(0);
    assert_eq!(client.answers(), "", "why it ended may become known");
    world.pass(Limits::default().gateway_parting_ms_max + 1);
    assert_eq!(client.answers(), "E[57P01 shutdown]");
    assert!(client.is_gone());
}

/// The server's sessions are ended before the gateway hears why.
#[test]
fn a_reason_that_becomes_known_takes_the_place_of_the_servers_words() {
    let mut world = World::new();
    let (a, b) = (world.client_of(1, "t_1", &[]), world.client_of(2, "t_2", &[]));
    for client in [&a, &b] {
        world.query(client, "begin");
    }
    let last = message(b'E', &[b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0"]);
    for server in 0..2 {
        world.servers[server].wire.0.borrow_mut().to_relay.extend(last.clone());
        world.cut_server(server);
    }
    world.order(Command::TenantClosed(tenant_id(1), Error::new(ErrorCode::TenantSuspended, "suspended")));
    assert_eq!(a.answers(), "E[57P01 suspended]");
    assert!(a.is_gone() && !b.is_gone());
    world.hang_up(&b);
    assert!(b.is_gone(), "who does not wait for it goes");
}

#[test]
fn what_was_revoked_ends_the_sessions_that_it_opened() {
    let mut world = World::new();
    let (a, b) = (world.client(), world.client());
    world.query(&a, "begin");
    world.query(&b, "begin");
    let error = Error::new(ErrorCode::CredentialRevoked, "revoked");
    world.order(Command::Revoked([1].as_slice().into(), error));
    assert_eq!(a.answers(), "E[57P01 revoked]");
    assert!(a.is_gone() && !b.is_gone());
    assert_eq!(world.query(&b, "commit"), "C[COMMIT] ZI");
}

#[test]
fn bytes_of_an_answer_are_limited() {
    let mut world = World::new();
    world.limits = PlanLimits { bytes_max: Some(100), ..PlanLimits::default() };
    let client = world.client();
    assert!(world.query(&client, "rows 2").ends_with("C[ROWS] ZI"));
    world.servers[0].is_paused = true;
    world.send(&client, &q("rows 11"));
    let rows: Vec<u8> = (0..11).flat_map(|_| message(b'D', &[b"\0\x01\0\0\0\x01x"])).collect();
    world.servers[0].wire.0.borrow_mut().to_relay.extend(rows);
    let slot = world.servers[0].slot;
    world.relay.server_event(slot, crate::shard::Event { is_readable: true, ..Default::default() });
    assert_eq!(world.asked.borrow().cancels.len(), 1);
}

#[test]
fn a_server_that_answers_what_nobody_asked_is_closed() {
    let mut world = World::new();
    let client = world.client();
    world.query(&client, "echo 1");
    world.servers[0].wire.0.borrow_mut().to_relay.extend(message(b'C', &[b"SELECT 1\0"]));
    let slot = world.servers[0].slot;
    world.relay.server_event(slot, crate::shard::Event { is_readable: true, ..Default::default() });
    assert_eq!(world.live_servers(), 0);
    assert_eq!(world.query(&client, "echo 2"), "D[2] C[ECHO] ZI");
}

#[test]
fn a_cancel_request_reaches_what_its_client_runs_and_nothing_else() {
    let mut world = World::new();
    let (a, b) = (world.client(), world.client());
    world.query(&a, "echo 1");
    world.order(Command::Cancel { secret: a.secret });
    world.order(Command::Cancel { secret: 4711 });
    assert!(world.asked.borrow().cancels.is_empty(), "nothing of this client's runs");
    world.servers[0].is_paused = true;
    world.send(&a, &q("echo 2"));
    world.order(Command::Cancel { secret: a.secret });
    world.order(Command::Cancel { secret: a.secret });
    let cancels: Vec<_> = world.asked.borrow_mut().cancels.drain(..).collect();
    assert_eq!(cancels.len(), 1);
    // It ends before the request arrives: the server waits for it, so that it can't hit the next client.
    world.servers[0].is_paused = false;
    world.run();
    assert_eq!(a.answers(), "D[2] C[ECHO] ZI");
    assert_eq!(world.query(&b, "echo 3"), "D[3] C[ECHO] ZI");
    assert_eq!(world.servers.len(), 2);
    world.order(Command::CancelDone(cancels[0].1));
    world.query(&a, "begin");
    world.query(&b, "echo 4");
    assert_eq!(world.servers.len(), 2, "both serve again");
}

#[test]
fn a_client_that_waits_can_be_cancelled() {
    let mut world = World::new();
    world.servers_max = 1;
    let (a, b) = (world.client(), world.client());
    world.query(&a, "begin");
    world.send(&b, &q("echo 1"));
    world.order(Command::Cancel { secret: b.secret });
    assert!(b.answers().starts_with("E[57014 canceling statement"));
    world.query(&a, "commit");
    assert_eq!(world.query(&b, "echo 2"), "D[2] C[ECHO] ZI");
}

#[test]
fn a_statement_over_its_time_is_cancelled_with_the_limits_name() {
    let mut world = World::new();
    world.limits = PlanLimits { statement_ms_max: Some(100), ..PlanLimits::default() };
    let client = world.client();
    world.query(&client, "echo 1");
    world.servers[0].is_paused = true;
    world.send(&client, &q("echo 2"));
    world.pass(100);
    assert!(world.asked.borrow().cancels.is_empty());
    world.pass(1);
    world.pass(100);
    let cancel = world.asked.borrow_mut().cancels.pop_front().unwrap();
    assert!(world.asked.borrow().cancels.is_empty(), "once is enough");
    let cancelled = [
        message(b'E', &[b"SERROR\0VERROR\0C57014\0Mcanceling statement due to user request\0\0"]),
        message(b'Z', &[b"I"]),
    ]
    .concat();
    world.servers[0].wire.0.borrow_mut().from_relay.clear();
    world.servers[0].wire.0.borrow_mut().to_relay.extend(cancelled);
    let slot = world.servers[0].slot;
    world.relay.server_event(slot, crate::shard::Event { is_readable: true, ..Default::default() });
    let answers = client.answers();
    assert!(
        answers.contains("E[57014 the statement ran longer") && answers.contains("statement_ms_max"),
        "{answers}"
    );
    world.servers[0].is_paused = false;
    world.order(Command::CancelDone(cancel.1));
    assert_eq!(world.query(&client, "echo 3"), "D[3] C[ECHO] ZI");
}

#[test]
fn a_server_that_does_not_heed_a_cancel_request_is_closed() {
    let mut world = World::new();
    world.limits = PlanLimits { statement_ms_max: Some(100), ..PlanLimits::default() };
    let client = world.client();
    world.query(&client, "echo 1");
    world.servers[0].is_paused = true;
    world.send(&client, &q("echo 2"));
    world.pass(101);
    world.pass(Limits::default().gateway_cancel_ms_max + 1);
    assert!(client.is_gone());
    assert_eq!(world.live_servers(), 0);
}

#[test]
fn transactions_are_limited_in_time_and_idleness() {
    for (limits, code) in [
        (PlanLimits { transaction_ms_max: Some(100), ..PlanLimits::default() }, "25P04"),
        (PlanLimits { transaction_idle_ms_max: Some(100), ..PlanLimits::default() }, "25P03"),
        (PlanLimits { client_idle_ms_max: Some(100), ..PlanLimits::default() }, "57P05"),
    ] {
        let mut world = World::new();
        world.limits = limits;
        let client = world.client();
        world.query(&client, if code == "57P05" { "echo 1" } else { "begin" });
        world.pass(100);
        assert!(!client.is_gone(), "{code}");
        world.pass(1);
        let answers = client.answers();
        assert!(answers.starts_with(&format!("E[{code} ")), "{answers}");
        assert!(client.is_gone());
    }
}

#[test]
fn session_pooling_is_no_transaction() {
    let mut world = World::new();
    world.pooling = Pooling::Session;
    world.limits = PlanLimits {
        transaction_ms_max: Some(100),
        transaction_idle_ms_max: Some(100),
        ..PlanLimits::default()
    };
    let client = world.client();
    world.query(&client, "echo 1");
    world.pass(1_000);
    assert_eq!(world.query(&client, "echo 2"), "D[2] C[ECHO] ZI");
}

#[test]
fn rows_are_limited() {
    let mut world = World::new();
    world.limits = PlanLimits { rows_max: Some(10), ..PlanLimits::default() };
    let client = world.client();
    assert!(world.query(&client, "rows 10").ends_with("C[ROWS] ZI"));
    world.servers[0].is_paused = true;
    world.send(&client, &q("rows 11"));
    let rows: Vec<u8> = (0..11).flat_map(|_| message(b'D', &[b"\0\x01\0\0\0\x01x"])).collect();
    world.servers[0].wire.0.borrow_mut().from_relay.clear();
    world.servers[0].wire.0.borrow_mut().to_relay.extend(rows);
    let slot = world.servers[0].slot;
    world.relay.server_event(slot, crate::shard::Event { is_readable: true, ..Default::default() });
    assert_eq!(world.asked.borrow().cancels.len(), 1);
}

#[test]
fn a_closed_tenants_clients_end_and_no_others() {
    let mut world = World::new();
    let (a, b) = (world.client_of(1, "t_1", &[]), world.client_of(2, "t_2", &[]));
    world.query(&a, "begin");
    world.query(&b, "begin");
    let error = Error::new(ErrorCode::TenantSuspended, "the tenant is suspended");
    world.order(Command::TenantClosed(tenant_id(1), error));
    assert_eq!(a.answers(), "E[57P01 the tenant is suspended]");
    assert!(a.is_gone() && !b.is_gone());
    assert_eq!(world.query(&b, "commit"), "C[COMMIT] ZI");
}
