use proptest::prelude::*;

use super::*;

const SHARES: Shares = Shares { budget: 4, kept_back: 1, queue_max: 100, wait_max: Duration::from_secs(30) };
const NOW: Duration = Duration::ZERO;

type Queue = Fair<&'static str, u32>;

fn ask(fair: &mut Queue, tenant: &'static str, client: u32) -> Answer {
    fair.ask(&tenant, 10, client, NOW)
}

fn turns(fair: &mut Queue) -> Vec<(&'static str, u32)> {
    std::iter::from_fn(|| fair.next_turn()).map(|turn| (turn.tenant, turn.client)).collect()
}

#[test]
fn a_busy_tenant_cannot_take_the_last_connection() {
    let mut fair = Queue::new(SHARES);
    for client in 0..3 {
        assert_eq!(ask(&mut fair, "busy", client), Answer::Granted);
    }
    for client in 3..6 {
        assert!(matches!(ask(&mut fair, "busy", client), Answer::Queued(_)));
    }
    assert_eq!(ask(&mut fair, "other", 100), Answer::Granted, "who has none is ahead of all that wait");
    assert_eq!(turns(&mut fair), []);
    assert_eq!((fair.in_use(), fair.of(&"busy")), (4, (3, 3)));
}

#[test]
fn what_comes_back_goes_to_who_has_the_fewest() {
    let mut fair = Queue::new(SHARES);
    for (tenant, client) in [("a", 1), ("a", 2), ("a", 3), ("b", 4)] {
        ask(&mut fair, tenant, client);
        turns(&mut fair);
    }
    for (tenant, client) in [("a", 10), ("a", 11), ("b", 20), ("c", 30), ("c", 31)] {
        assert!(matches!(ask(&mut fair, tenant, client), Answer::Queued(_)));
    }
    fair.give_back(&"a");
    assert_eq!(turns(&mut fair), [("c", 30)]);
    fair.give_back(&"a");
    assert_eq!(turns(&mut fair), [], "a, b, c have one each: the last one is for somebody with none");
    fair.give_back(&"c");
    assert_eq!(turns(&mut fair), [("c", 31)]);
    fair.give_back(&"b");
    assert_eq!(turns(&mut fair), [("b", 20)]);
}

#[test]
fn a_tenant_has_a_maximum_of_its_own() {
    let mut fair = Queue::new(SHARES);
    assert_eq!(fair.ask(&"a", 1, 1, NOW), Answer::Granted);
    assert!(matches!(fair.ask(&"a", 1, 2, NOW), Answer::Queued(_)));
    assert_eq!(turns(&mut fair), []);
    assert_eq!(fair.ask(&"b", 1, 3, NOW), Answer::Granted, "a's queue is a's own matter");
    fair.give_back(&"a");
    assert_eq!(turns(&mut fair), [("a", 2)]);
}

/// Between giving back and the next turn somebody else may ask.
#[test]
fn who_comes_in_between_does_not_pass_by() {
    let mut fair = Queue::new(Shares { budget: 1, ..SHARES });
    ask(&mut fair, "a", 1);
    ask(&mut fair, "b", 2);
    fair.give_back(&"a");
    assert!(matches!(ask(&mut fair, "c", 3), Answer::Queued(_)));
    assert_eq!(turns(&mut fair), [("b", 2)]);
}

#[test]
fn the_queue_has_an_end_and_a_time_limit() {
    let shares = Shares { budget: 1, queue_max: 2, ..SHARES };
    let mut fair = Queue::new(shares);
    assert_eq!(fair.ask(&"a", 5, 1, NOW), Answer::Granted);
    let second = |s| Duration::from_secs(s);
    assert!(matches!(fair.ask(&"a", 5, 2, second(1)), Answer::Queued(_)));
    assert!(matches!(fair.ask(&"a", 5, 3, second(2)), Answer::Queued(_)));
    assert_eq!(fair.ask(&"a", 5, 4, second(2)), Answer::Refused);
    assert!(matches!(fair.ask(&"b", 5, 5, second(3)), Answer::Queued(_)), "b has a queue of its own");
    assert_eq!(fair.deadline(), Some(second(31)));
    assert_eq!(fair.expired(second(30)), None);
    assert_eq!(fair.expired(second(32)).map(|turn| turn.client), Some(2));
    assert_eq!(fair.expired(second(32)).map(|turn| turn.client), Some(3));
    assert_eq!(fair.expired(second(32)), None);
    fair.give_back(&"a");
    assert_eq!(turns(&mut fair), [("b", 5)]);
    assert_eq!(fair.deadline(), None);
}

#[test]
fn who_leaves_the_queue_is_not_served() {
    let mut fair = Queue::new(Shares { budget: 1, ..SHARES });
    ask(&mut fair, "a", 1);
    let Answer::Queued(ticket) = ask(&mut fair, "b", 2) else { panic!() };
    assert_eq!(fair.withdraw(&"b", ticket), Some(2));
    assert_eq!(fair.withdraw(&"b", ticket), None);
    fair.give_back(&"a");
    assert_eq!((turns(&mut fair), fair.tenants(), fair.in_use()), (vec![], 0, 0));
    fair.give_back(&"a");
    assert_eq!(fair.in_use(), 0, "what was not taken can't be given back");
}

#[derive(Clone, Debug)]
enum Act {
    Ask(u8),
    GiveBack(u8),
    Withdraw(u8),
    Wait(u8),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0_u8..6).prop_map(Act::Ask),
        3 => (0_u8..6).prop_map(Act::GiveBack),
        1 => (0_u8..6).prop_map(Act::Withdraw),
        1 => (1_u8..20).prop_map(Act::Wait),
    ];
    prop::collection::vec(act, 1..200)
}

proptest! {
    /// Whatever happens: the budget and each tenant's maximum hold, nothing is lost, nobody who could be served is kept
    /// waiting, and while a tenant that has none waits, each of the others is served once at the most.
    #[test]
    fn shares_are_fair(acts in acts(), budget in 1_usize..6, kept_back in 0_usize..3, max in 1_usize..4) {
        let shares = Shares { budget, kept_back, queue_max: 8, wait_max: Duration::from_secs(30) };
        let mut fair: Fair<u8, u64> = Fair::new(shares);
        let (mut now, mut clients) = (Duration::ZERO, 0_u64);
        let mut has = [0_usize; 6];
        let mut waiting: [Vec<(Ticket, u64, Duration)>; 6] = Default::default();
        let mut served_meanwhile = [[0_u32; 6]; 6];
        for act in acts {
            match act {
                Act::Ask(t) => {
                    clients += 1;
                    match fair.ask(&t, max, clients, now) {
                        Answer::Granted => {
                            prop_assert!(waiting[t as usize].is_empty(), "somebody was passed by");
                            has[t as usize] += 1;
                        }
                        Answer::Queued(ticket) => waiting[t as usize].push((ticket, clients, now)),
                        Answer::Refused => prop_assert_eq!(waiting[t as usize].len(), 8),
                    }
                }
                Act::GiveBack(t) if has[t as usize] > 0 => {
                    has[t as usize] -= 1;
                    fair.give_back(&t);
                }
                Act::Withdraw(t) if !waiting[t as usize].is_empty() => {
                    let (ticket, client, _) = waiting[t as usize].pop().unwrap();
                    prop_assert_eq!(fair.withdraw(&t, ticket), Some(client));
                }
                Act::Wait(seconds) => now += Duration::from_secs(seconds.into()),
                _ => {}
            }
            while let Some(turn) = fair.expired(now) {
                let (ticket, client, since) = waiting[turn.tenant as usize].remove(0);
                prop_assert_eq!((turn.ticket, turn.client), (ticket, client));
                prop_assert!(now - since >= shares.wait_max);
            }
            while let Some(turn) = fair.next_turn() {
                let t = turn.tenant as usize;
                let (ticket, client, _) = waiting[t].remove(0);
                prop_assert_eq!((turn.ticket, turn.client), (ticket, client), "first come, first served");
                has[t] += 1;
                for other in 0..6 {
                    if other != t && has[other] == 0 && !waiting[other].is_empty() {
                        served_meanwhile[other][t] += 1;
                        prop_assert!(served_meanwhile[other][t] <= 1, "{} was served again while {} waited with none", t, other);
                    }
                }
            }
            let total: usize = has.iter().sum();
            prop_assert_eq!(fair.in_use(), total);
            prop_assert!(total <= budget);
            for t in 0..6 {
                if has[t] > 0 || waiting[t].is_empty() {
                    served_meanwhile[t] = [0; 6];
                }
                prop_assert!(has[t] <= max);
                prop_assert_eq!(fair.of(&(t as u8)), (has[t], waiting[t].len()));
                prop_assert!(waiting[t].iter().all(|(_, _, since)| now - *since < shares.wait_max));
                let could = has[t] < max && may_have_more(&shares, total, has[t]);
                prop_assert!(waiting[t].is_empty() || !could, "{} waits though there is one for it", t);
            }
        }
    }
}
