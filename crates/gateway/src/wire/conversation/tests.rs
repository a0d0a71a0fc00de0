use proptest::prelude::*;

use super::*;

/// `Q` is sent, `<Z` (idle), `<T`, `<F` are ReadyForQuery with a status, `<G` and so on are received.
fn play(script: &str) -> Conversation {
    let mut conversation = Conversation::default();
    for step in script.split_whitespace() {
        match step.as_bytes() {
            [b'<', b'Z'] => conversation.received(b'Z', b'I').unwrap(),
            [b'<', b'T'] => conversation.received(b'Z', b'T').unwrap(),
            [b'<', b'F'] => conversation.received(b'Z', b'E').unwrap(),
            [b'<', tag] => conversation.received(*tag, 0).unwrap(),
            [tag] => conversation.sent(*tag).unwrap(),
            _ => panic!("{step}"),
        }
    }
    conversation
}

#[test]
fn free_when_everything_is_answered_outside_of_a_transaction() {
    for free in
        ["", "Q <C <Z", "P B D E S <1 <2 <t <D <C <Z", "Q <T Q <F Q <Z", "S S S Q <Z <Z <Z <Z", "P H S <1 <Z"]
    {
        assert!(play(free).is_free(), "{free}");
    }
    for busy in ["Q", "Q <C", "S S <Z", "P", "P H <1", "Q <T", "Q <F", "P B E S <1 <2 <C <Z P", "Q <Z B"] {
        let conversation = play(busy);
        assert!(!conversation.is_free(), "{busy}");
        assert!(!conversation.is_uncertain(), "{busy}");
    }
}

#[test]
fn copy_by_query() {
    assert!(!play("Q <G d d").is_free());
    assert!(!play("Q <G d d c").is_free());
    assert!(play("Q <G d d c <C <Z").is_free());
    assert!(play("Q <G d f <E <Z").is_free());
    // Bad data: the rest of it is ignored by the server, and nothing was swallowed.
    assert!(play("Q <G d <E d d c <Z").is_free());
    assert!(play("Q <G d <E <Z d d c").is_free());
    // One COPY after the other.
    assert!(play("Q <G d c <C <Z Q <G d c <C <Z").is_free());
    assert!(!play("Q <G d c <C <Z Q <G d c <C").is_free());
    // A Sync within the data is swallowed.
    assert!(play("Q <G d S d c <C <Z").is_free());
    // Data outside of COPY is ignored by the server.
    assert!(play("d c f").is_free());
    assert!(play("Q <Z d c Q <C <Z").is_free());
}

/// libpq and others send Sync right behind Execute; the server swallows it, and only the one behind the data counts.
#[test]
fn copy_by_execute() {
    for busy in
        ["P B E S <1 <2 <G", "P B E S <1 <2 <G d c", "P B E S <1 <2 <G d c S <C", "P B E S <1 <2 <G d c <C"]
    {
        assert!(!play(busy).is_free(), "{busy}");
    }
    assert!(play("P B E S <1 <2 <G d c S <C <Z").is_free());
    assert!(play("P B E <1 <2 <G d c S <C <Z").is_free());
    // Two of them in one transaction.
    assert!(play("P B E <G d c <C P B E <G d c S <C <Z").is_free());
}

#[test]
fn what_cannot_be_told_is_never_free() {
    for doubtful in [
        "P B Q S <E <Z",          // was the Query skipped?
        "P B E S <G d <E c S <Z", // was the first Sync swallowed?
        "Q S <G <E <Z",           // likewise
        "Q d c <G <C <Z",         // data that nobody had asked for
        "P B E d c S <1 <2 <G <C <Z",
        "P B E S d c S <1 <2 <G <C <Z",
        "Q E c <C <Z <G S <C S <Z", // whose data was it?
        "Q <G P <E S <Z <Z",
        "Q <G Q <E <Z <Z",
        "Q E <G c <E <Z S <G <C <Z", // which COPY does CopyDone end?
        "Q S d <G <E <Z",            // likewise
        "Q Q <G <E <Z <Z",           // a Query in place of data
        "P B E S Q <G <E <Z",        // likewise
    ] {
        let conversation = play(doubtful);
        assert!(conversation.is_uncertain(), "{doubtful}");
        assert!(!conversation.is_free(), "{doubtful}");
    }
}

#[test]
fn answers_that_nobody_asked_for_are_found() {
    assert_eq!(Conversation::default().received(b'Z', b'I'), Err(Violation::Unasked));
    assert_eq!(play("Q <Z").received(b'Z', b'I'), Err(Violation::Unasked));
    assert_eq!(play("d c").received(b'Z', b'I'), Err(Violation::Unasked));
    assert_eq!(play("Q").received(b'Z', b'x'), Err(Violation::Format));
}

#[test]
fn ten_thousand_syncs_are_one_run_and_an_endless_change_is_stopped() {
    let mut conversation = Conversation::default();
    for _ in 0..10_000 {
        conversation.sent(b'S').unwrap();
    }
    assert_eq!((conversation.answers(), conversation.open.len()), (10_000, 1));
    assert!(!conversation.is_full());
    let mut conversation = Conversation::default();
    let end = (0..100_000).find(|n| conversation.sent(if n % 2 == 0 { b'Q' } else { b'S' }).is_err());
    assert_eq!(end, Some(2 * RUNS_MAX));
    assert!(conversation.is_full());
}

/// What PostgreSQL does with one message: a model of its main loop.
#[derive(Default)]
struct Server {
    skipping: bool,
    copy: Option<bool>,
    answers: usize,
}

impl Server {
    /// Reads `tag`; `fails` and `copies` say what an Execute or Query does.
    fn read(&mut self, tag: u8, fails: bool, copies: bool) -> Vec<(u8, u8)> {
        if let Some(by_query) = self.copy {
            return match tag {
                b'c' => self.end_copy(by_query, b'C'),
                b'f' => self.end_copy(by_query, b'E'),
                b'd' if fails => self.end_copy(by_query, b'E'),
                b'd' | b'S' | b'H' => vec![],
                _ => self.end_copy(by_query, b'E'),
            };
        }
        match tag {
            b'S' => {
                self.skipping = false;
                self.ready(vec![])
            }
            _ if self.skipping => vec![],
            // A cancel can end a COPY before it has read anything.
            b'Q' if copies && fails => self.ready(vec![(b'G', 0), (b'E', 0)]),
            b'E' if copies && fails => {
                self.skipping = true;
                vec![(b'G', 0), (b'E', 0)]
            }
            b'Q' if copies => {
                self.copy = Some(true);
                vec![(b'G', 0)]
            }
            b'Q' => self.ready(vec![(if fails { b'E' } else { b'C' }, 0)]),
            b'E' if copies => {
                self.copy = Some(false);
                vec![(b'G', 0)]
            }
            b'E' | b'P' | b'B' if fails => {
                self.skipping = true;
                vec![(b'E', 0)]
            }
            b'E' => vec![(b'C', 0)],
            _ => vec![],
        }
    }

    fn end_copy(&mut self, by_query: bool, how: u8) -> Vec<(u8, u8)> {
        self.copy = None;
        if by_query {
            return self.ready(vec![(how, 0)]);
        }
        self.skipping = how == b'E';
        vec![(how, 0)]
    }

    fn ready(&mut self, mut said: Vec<(u8, u8)>) -> Vec<(u8, u8)> {
        self.answers += 1;
        said.push((b'Z', b'I'));
        said
    }
}

proptest! {
    /// However messages and answers interleave: a conversation that says "free" is never followed by another word of
    /// the server to what was sent before.
    #[test]
    fn free_means_that_the_server_has_nothing_left_to_say(
        steps in prop::collection::vec((prop::sample::select(&b"QSPBEdcf"[..]), any::<[bool; 2]>(), 0_usize..4), 1..40),
    ) {
        let mut conversation = Conversation::default();
        let mut server = Server::default();
        let mut on_the_way = std::collections::VecDeque::new();
        let mut script = String::new();
        for (tag, [fails, copies], heard) in steps {
            script.push_str(&format!(" {}{}{}", tag as char, if fails { "!" } else { "" }, if copies { "+" } else { "" }));
            conversation.sent(tag).unwrap();
            on_the_way.extend(server.read(tag, fails, copies && tag != b'S'));
            for _ in 0..heard {
                let Some((tag, status)) = on_the_way.pop_front() else { break };
                script.push_str(&format!(" <{}", tag as char));
                let heard = conversation.received(tag, status);
                prop_assert!(heard.is_ok(), "{script}");
                prop_assert!(conversation.settled() <= conversation.asked(), "{script}");
                if conversation.is_free() {
                    prop_assert_eq!(conversation.settled(), conversation.asked(), "{}", script);
                    prop_assert!(on_the_way.is_empty(), "{script}: {on_the_way:?} was still to come");
                    prop_assert!(!server.skipping && server.copy.is_none());
                }
            }
        }
    }
}
