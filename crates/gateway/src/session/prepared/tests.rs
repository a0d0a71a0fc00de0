use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::wire::frame::{Direction, Phase, Scanner};
use crate::wire::frontend::{self, Named, Parse, Target};

/// What PostgreSQL does with prepared statements. Answers are a type and a text: for Bind the statement's, for an error
/// its SQLSTATE.
#[derive(Debug, Default)]
struct Postgres {
    statements: BTreeMap<Vec<u8>, Vec<u8>>,
    skipping: bool,
}

type Said = (u8, Vec<u8>);

impl Postgres {
    fn read(&mut self, bytes: &[u8]) -> Vec<Said> {
        let mut scanner = Scanner::new(Direction::Frontend, Phase::Session);
        let (mut at, mut said) = (0, Vec::new());
        while let Some(piece) = scanner.next(bytes, &mut at).unwrap() {
            assert!(piece.is_whole());
            said.extend(self.message(piece.tag, &bytes[piece.body]));
        }
        assert!(scanner.at_border());
        said
    }

    fn message(&mut self, tag: u8, body: &[u8]) -> Option<Said> {
        if tag == b'S' {
            self.skipping = false;
            return Some((b'Z', vec![]));
        }
        if self.skipping {
            return None;
        }
        let said = self.act(tag, body);
        self.skipping = matches!(said, (b'E', _));
        Some(said)
    }

    fn act(&mut self, tag: u8, body: &[u8]) -> Said {
        let error = |state: &str| (b'E', state.as_bytes().to_vec());
        match tag {
            b'P' => {
                let parse = frontend::parse_parse(body).unwrap();
                if !parse.name.is_empty() && self.statements.contains_key(parse.name) {
                    return error("42P05");
                }
                if parse.sql == b"wrong" {
                    return error("42601");
                }
                self.statements.insert(parse.name.to_vec(), parse.sql.to_vec());
                (b'1', vec![])
            }
            b'B' => match self.statements.get(frontend::parse_bind(body).unwrap().statement) {
                Some(sql) => (b'2', sql.clone()),
                None => error("26000"),
            },
            b'C' => {
                let Target::Statement(name) = frontend::parse_target(body).unwrap() else { panic!() };
                self.statements.remove(name);
                (b'3', vec![])
            }
            _ => panic!("{tag}"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Parse(&'static str, &'static str),
    Bind(&'static str),
    Close(&'static str),
}

fn written(act: Act) -> Vec<u8> {
    let mut out = Vec::new();
    match act {
        Act::Parse(name, sql) => {
            frontend::parse(&mut out, Parse { name: name.as_bytes(), sql: sql.as_bytes(), types: &[] });
        }
        Act::Bind(name) => {
            let body = [b"\0", name.as_bytes(), b"\0\0\0\0\0\0\0"].concat();
            out.push(b'B');
            out.extend((body.len() as u32 + 4).to_be_bytes());
            out.extend(body);
        }
        Act::Close(name) => frontend::close_statement(&mut out, name.as_bytes()),
    }
    out
}

/// A server connection behind the gateway.
struct Pooled {
    postgres: Postgres,
    server: Server,
    asked: u64,
}

impl Pooled {
    fn new(max: usize) -> Self {
        Self { postgres: Postgres::default(), server: Server::new(max), asked: 0 }
    }

    /// What the client hears when its messages, up to a Sync, go through here in a transaction of their own.
    fn segment(&mut self, names: &mut Names, statements: &mut Statements, acts: &[Act]) -> Vec<Said> {
        let heard = self.stay(names, statements, acts);
        self.server.release(names, statements);
        heard
    }

    /// Likewise, and the transaction goes on.
    fn stay(&mut self, names: &mut Names, statements: &mut Statements, acts: &[Act]) -> Vec<Said> {
        let settles = self.asked + 1;
        let mut out = Vec::new();
        for act in acts {
            let message = written(*act);
            let body = &message[5..];
            let server = &mut self.server;
            match act {
                Act::Parse("", _) => {
                    server.parse_unnamed(frontend::parse_parse(body).unwrap(), settles);
                    out.extend(&message);
                }
                Act::Parse(..) => {
                    let parts = frontend::parse_parse(body).unwrap();
                    server.parse((names, statements), &mut out, parts, (settles, 100)).unwrap();
                }
                Act::Bind(_) => {
                    let message = (body, body.len() as u32);
                    assert_eq!(server.refer(names, &mut out, (Named::Bind, message), settles), Ok(0));
                }
                Act::Close("") => {
                    server.close_unnamed(settles);
                    out.extend(&message);
                }
                Act::Close(name) => server.close(names, &mut out, name.as_bytes(), settles),
            }
        }
        frontend::sync(&mut out);
        self.asked += 1;
        let mut heard = Vec::new();
        for (tag, text) in self.postgres.read(&out) {
            let verdict = match tag {
                b'1' | b'3' => self.server.answered(names, tag).unwrap(),
                _ => Verdict::Pass,
            };
            if tag == b'Z' {
                self.server.settle(names, settles);
            }
            match verdict {
                Verdict::Pass => heard.push((tag, text)),
                Verdict::AsParseComplete => heard.push((b'1', text)),
                Verdict::Swallow => {}
            }
        }
        heard
    }
}

fn hear(said: &[Said]) -> String {
    said.iter().map(|(tag, text)| format!("{}{} ", *tag as char, String::from_utf8_lossy(text))).collect()
}

#[test]
fn a_statement_is_found_on_another_server() {
    let (mut names, mut statements) = (Names::default(), Statements::default());
    let (mut a, mut b) = (Pooled::new(10), Pooled::new(10));
    assert_eq!(hear(&a.segment(&mut names, &mut statements, &[Act::Parse("s", "select 1")])), "1 Z ");
    assert_eq!(hear(&b.segment(&mut names, &mut statements, &[Act::Bind("s")])), "2select 1 Z ");
    assert_eq!(hear(&b.segment(&mut names, &mut statements, &[Act::Bind("s")])), "2select 1 Z ");
    assert_eq!(b.server.len(), 1, "parsed once");
}

#[test]
fn clients_share_statements_and_never_names() {
    let mut statements = Statements::default();
    let (mut one, mut two) = (Names::default(), Names::default());
    let mut server = Pooled::new(10);
    server.segment(&mut one, &mut statements, &[Act::Parse("s", "select 1")]);
    assert_eq!(hear(&server.segment(&mut two, &mut statements, &[Act::Bind("s")])), "E26000 Z ");
    assert_eq!(hear(&server.segment(&mut two, &mut statements, &[Act::Parse("s", "select 2")])), "1 Z ");
    assert_eq!(hear(&server.segment(&mut two, &mut statements, &[Act::Parse("t", "select 1")])), "1 Z ");
    assert_eq!(hear(&server.segment(&mut one, &mut statements, &[Act::Bind("s")])), "2select 1 Z ");
    assert_eq!((server.server.len(), server.postgres.statements.len()), (2, 2));
    assert_eq!(
        hear(&server.segment(&mut one, &mut statements, &[Act::Close("s"), Act::Bind("s")])),
        "3 E26000 Z "
    );
    assert_eq!(hear(&server.segment(&mut two, &mut statements, &[Act::Bind("t")])), "2select 1 Z ");
}

/// The statement without a name that stands on a server is the last client's, not mine.
#[test]
fn nobody_runs_what_another_has_parsed_without_a_name() {
    let mut statements = Statements::default();
    let (mut one, mut two) = (Names::default(), Names::default());
    let (mut a, mut b) = (Pooled::new(10), Pooled::new(10));
    assert_eq!(hear(&a.segment(&mut one, &mut statements, &[Act::Parse("", "secret")])), "1 Z ");
    assert_eq!(hear(&a.segment(&mut two, &mut statements, &[Act::Bind("")])), "E26000 Z ");
    assert_eq!(
        hear(&b.segment(&mut one, &mut statements, &[Act::Bind("")])),
        "2secret Z ",
        "its own it finds again"
    );
    assert_eq!(hear(&a.segment(&mut two, &mut statements, &[Act::Parse("", "x"), Act::Bind("")])), "1 2x Z ");
}

/// A Parse that was skipped has put nothing there: what stands there is still another's.
#[test]
fn a_skipped_parse_without_a_name_opens_nothing() {
    let mut statements = Statements::default();
    let (mut one, mut two) = (Names::default(), Names::default());
    let mut server = Pooled::new(10);
    server.segment(&mut one, &mut statements, &[Act::Parse("", "secret")]);
    let skipped = [Act::Bind("none"), Act::Parse("", "mine")];
    server.stay(&mut two, &mut statements, &skipped);
    assert_eq!(hear(&server.segment(&mut two, &mut statements, &[Act::Bind("")])), "E26000 Z ");
    let wrong = [Act::Parse("", "mine"), Act::Parse("", "wrong")];
    server.stay(&mut two, &mut statements, &wrong);
    assert_eq!(
        hear(&server.segment(&mut two, &mut statements, &[Act::Close(""), Act::Bind("")])),
        "3 E26000 Z "
    );
    assert_eq!(hear(&server.segment(&mut two, &mut statements, &[Act::Bind("")])), "E26000 Z ");
}

#[test]
fn a_server_keeps_no_more_than_its_maximum() {
    let (mut names, mut statements) = (Names::default(), Statements::default());
    let mut server = Pooled::new(3);
    let texts = ["a", "b", "c", "d", "e", "f"];
    for text in texts {
        server.segment(&mut names, &mut statements, &[Act::Parse(text, text)]);
    }
    assert_eq!((server.server.len(), server.postgres.statements.len()), (3, 3));
    for text in texts {
        assert_eq!(
            hear(&server.segment(&mut names, &mut statements, &[Act::Bind(text)])),
            format!("2{text} Z ")
        );
    }
    assert_eq!(server.postgres.statements.len(), 3);
}

#[test]
fn a_client_has_a_maximum_of_names() {
    let (mut names, mut statements, mut server) = (Names::default(), Statements::default(), Server::new(9));
    let mut out = Vec::new();
    for (n, name) in [&b"a"[..], b"b", b"c"].into_iter().enumerate() {
        let before = out.len();
        let parts = Parse { name, sql: b"x", types: &[] };
        let result = server.parse((&mut names, &mut statements), &mut out, parts, (1, 2));
        assert_eq!(result.is_ok(), n < 2);
        assert_eq!(out.len() > before, n < 2);
    }
    assert_eq!(names.len(), 2);
}

#[test]
fn texts_that_nobody_uses_are_forgotten() {
    let mut statements = Statements::default();
    let kept = statements.intern(b"kept", b"");
    for n in 0..10_000_u32 {
        statements.intern(&n.to_be_bytes(), b"");
    }
    assert!(statements.len() <= 257);
    assert!(Arc::ptr_eq(&kept, &statements.intern(b"kept", b"")));
    assert!(!Arc::ptr_eq(&kept, &statements.intern(b"kept", &[0, 0, 0, 23])));
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let name = || prop::sample::select(&["a", "b", "c"][..]);
    let sql = prop::sample::select(&["x", "y", "z", "wrong"][..]);
    let act = prop_oneof![
        3 => (name(), sql).prop_map(|(name, sql)| Act::Parse(name, sql)),
        4 => name().prop_map(Act::Bind),
        1 => name().prop_map(Act::Close),
    ];
    prop::collection::vec(act, 1..5)
}

proptest! {
    /// Three clients on two servers that change with every transaction hear what each would hear on a server of its own.
    #[test]
    fn clients_hear_what_they_would_hear_alone(
        segments in prop::collection::vec((0_usize..3, 0_usize..2, acts()), 1..30), max in 1_usize..4,
    ) {
        let mut statements = Statements::default();
        let mut names: [Names; 3] = Default::default();
        let mut alone: [Postgres; 3] = Default::default();
        let mut pool = [Pooled::new(max), Pooled::new(max)];
        for (client, server, acts) in segments {
            let mut bytes: Vec<u8> = acts.iter().flat_map(|act| written(*act)).collect();
            frontend::sync(&mut bytes);
            let expected = hear(&alone[client].read(&bytes));
            let heard = hear(&pool[server].segment(&mut names[client], &mut statements, &acts));
            prop_assert_eq!(heard, expected, "client {} on server {}: {:?}", client, server, acts);
            let there = &pool[server];
            let named = there.postgres.statements.keys().filter(|name| !name.is_empty()).count();
            prop_assert_eq!(there.server.len(), named, "what the server has is known");
        }
    }
}
