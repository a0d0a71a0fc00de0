//! Bytes cut anywhere give the same answers; random conversations are answered as a server would by itself.

use proptest::prelude::*;
use tenantry_domain::{Limits, PlanLimits};

use super::backend::Backend;
use super::world::*;

fn conversation() -> Vec<u8> {
    [
        q("begin"),
        parse("s", "echo 1"),
        describe_statement("s"),
        bind("s"),
        execute(),
        sync(),
        q("echo 2"),
        q("commit"),
        bind("s"),
        execute(),
        parse("", "bad"),
        sync(),
        close_statement("s"),
        sync(),
        q("copy in"),
        message(b'd', &[b"row\n"]),
        message(b'c', &[]),
        q("rows 3"),
    ]
    .concat()
}

#[test]
fn a_cut_anywhere_changes_nothing() {
    let bytes = conversation();
    let mut world = World::new();
    let client = world.client();
    world.send(&client, &bytes);
    let expect = client.answers();
    assert_eq!(
        expect,
        "C[BEGIN] ZT 1 t n 2 D[1] C[ECHO] ZT D[2] C[ECHO] ZT C[COMMIT] ZI 2 D[1] C[ECHO] \
         E[42601 syntax error in bad] ZI 3 ZI G C[COPY] ZI D[x] D[x] D[x] C[ROWS] ZI"
    );
    for cut in 0..=bytes.len() {
        let mut world = World::new();
        let client = world.client();
        world.send(&client, &bytes[..cut]);
        world.send(&client, &bytes[cut..]);
        assert_eq!(client.answers(), expect, "cut at {cut}");
    }
    for read_max in [1, 2, 3, 5, 7, 64] {
        let mut world = World::new();
        world.read_max = Some(read_max);
        let client = world.client();
        client.wire.0.borrow_mut().to_relay.extend(&bytes);
        while !client.wire.0.borrow().to_relay.is_empty() {
            world.send(&client, b"");
        }
        settle(&mut world);
        assert_eq!(client.answers(), expect, "reads of {read_max}");
    }
}

/// With short reads every read looks like the last one there is: goes on until all is read.
fn settle(world: &mut World) {
    for _ in 0..10_000 {
        let slots: Vec<u32> = world
            .servers
            .iter()
            .filter(|server| !server.wire.0.borrow().to_relay.is_empty())
            .map(|server| server.slot)
            .collect();
        for slot in &slots {
            world.relay.server_event(*slot, crate::shard::Event { is_readable: true, ..Default::default() });
        }
        world.run();
        if slots.is_empty() {
            return;
        }
    }
    panic!("it never ends");
}

/// One step of a client; each ends where the protocol lets others in, or may.
fn step() -> impl Strategy<Value = Vec<u8>> {
    // An unnamed statement that was run already does not live on in the next transaction, here as in other poolers.
    let named = prop::sample::select(vec!["a", "b"]);
    let name = prop::sample::select(vec!["", "a", "b"]);
    let sql = prop::sample::select(vec![
        "echo 1", "echo 2", "rows 2", "fail", "bad", "begin", "commit", "rollback", "copy out",
    ]);
    prop_oneof![
        sql.clone().prop_map(q),
        (name.clone(), sql.clone())
            .prop_map(|(name, sql)| { [parse(name, sql), bind(name), execute(), sync()].concat() }),
        (name.clone(), sql)
            .prop_map(|(name, sql)| [parse(name, sql), describe_statement(name), sync()].concat()),
        named.clone().prop_map(|name| [bind(name), execute(), sync()].concat()),
        name.prop_map(|name| [close_statement(name), sync()].concat()),
        named.prop_map(|name| [describe_statement(name), bind(name), execute(), execute(), sync()].concat()),
        Just(sync()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_gateway_answers_as_a_server_does(
        steps in prop::collection::vec((0..3_usize, step(), 1..40_usize), 1..40),
        servers_max in 1..4_usize,
    ) {
        let mut world = World::new();
        world.servers_max = servers_max;
        let clients: Vec<SimClient> = (0..3).map(|_| world.client()).collect();
        let mut direct: Vec<Backend> = (0..3).map(|_| Backend::default()).collect();
        let mut expect = vec![Vec::new(); 3];
        let mut got = vec![Vec::new(); 3];
        for (who, bytes, cut) in &steps {
            // Whoever waits for a server waits for its answers too, as drivers do: of two Parse under one name in one
            // pipeline the second is not refused, since the first may yet fail.
            if !clients[*who].wire.0.borrow().to_relay.is_empty() {
                continue;
            }
            expect[*who].extend(direct[*who].hear(bytes));
            let cut = (*cut).min(bytes.len());
            world.send(&clients[*who], &bytes[..cut]);
            world.send(&clients[*who], &bytes[cut..]);
        }
        // Transactions that are open block whoever waits: end them one after another.
        for _ in 0..3 {
            for who in 0..3 {
                expect[who].extend(direct[who].hear(&q("rollback")));
                world.send(&clients[who], &q("rollback"));
            }
        }
        for who in 0..3 {
            got[who].extend(clients[who].take());
            prop_assert!(!clients[who].is_gone());
            // The gateway words some errors differently, and of a wrong statement under a name that is taken it sees
            // the name first.
            let codes = |bytes: &[u8]| describe_with(bytes, false).replace("42P05", "42601");
            prop_assert_eq!(codes(&got[who]), codes(&expect[who]), "client {}", who);
        }
    }

    #[test]
    fn no_bytes_bring_the_relay_down(bytes in prop::collection::vec(any::<u8>(), 0..300), types in prop::collection::vec(0..13_usize, 0..40)) {
        let mut world = World::new();
        let calm = world.client();
        world.limits = PlanLimits { statement_ms_max: Some(100), ..PlanLimits::default() };
        let wild = world.client();
        let tags = b"QPBDCESHFdcfX";
        let mut garbage = Vec::new();
        for (at, tag) in types.iter().enumerate() {
            let body: Vec<u8> = bytes.iter().skip(at * 7).take(at % 11).copied().collect();
            let text = [&body[..], b"\0"].concat();
            garbage.extend(message(tags[*tag], &[&text]));
        }
        garbage.extend(&bytes);
        // The simulated server takes well-formed messages only: it hears none of these.
        world.query(&calm, "echo 1");
        world.servers[0].is_paused = true;
        world.send(&wild, &garbage);
        world.hang_up(&wild);
        // What it asked before a good-bye may run to its end, within the limits of time.
        world.pass(101);
        world.pass(Limits::default().gateway_cancel_ms_max + 1);
        prop_assert!(wild.is_gone());
        world.servers[0].is_paused = false;
        prop_assert_eq!(world.query(&calm, "echo 2"), "D[2] C[ECHO] ZI");
        prop_assert_eq!(world.live_servers(), 1);
        prop_assert_eq!(world.budget.used(), 1);
    }
}
