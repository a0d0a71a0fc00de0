use proptest::prelude::*;

use super::*;
use crate::wire::conversation::Status;
use crate::wire::{backend, frontend};

const NAMED: Watch = Watch::of(b"PBDC");

fn pipeline() -> Vec<u8> {
    let mut bytes = Vec::new();
    frontend::parse(&mut bytes, frontend::Parse { name: b"s1", sql: b"select $1", types: &[] });
    bytes.extend(b"E\0\0\0\x09\0\0\0\0\0");
    frontend::sync(&mut bytes);
    frontend::query(&mut bytes, "select 1");
    bytes
}

/// Forwards chunk by chunk; messages looked into come out as `look` writes their pieces.
fn relay(
    link: &mut Link,
    chunks: &[&[u8]],
    watch: Watch,
    mut look: impl FnMut(&mut Vec<u8>, &Piece, &[u8]),
) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in chunks {
        let mut at = 0;
        let mut covered = 0;
        while let Some(run) = link.from_client(chunk, &mut at, watch).unwrap() {
            assert_eq!(run.forward.start, covered);
            covered = at;
            out.extend(&chunk[run.forward.clone()]);
            if let Some(piece) = run.piece {
                assert!(watch.has(piece.tag) && piece.span.start == run.forward.end);
                look(&mut out, &piece, &chunk[piece.body.clone()]);
            }
        }
        assert_eq!(at, chunk.len());
    }
    out
}

fn as_it_came(out: &mut Vec<u8>, piece: &Piece, body: &[u8]) {
    if piece.first {
        out.extend(piece.header());
    }
    out.extend(body);
}

#[test]
fn a_chunk_with_nothing_to_look_into_is_one_run() {
    let bytes = pipeline();
    let mut link = Link::default();
    let mut at = 0;
    let run = link.from_client(&bytes, &mut at, Watch::NONE).unwrap();
    assert_eq!(run, Some(Run { forward: 0..bytes.len(), piece: None }));
    assert_eq!(link.from_client(&bytes, &mut at, Watch::NONE).unwrap(), None);
    assert_eq!(link.conversation().answers(), 2);
}

#[test]
fn a_name_is_replaced_and_the_rest_goes_on() {
    let mut bytes = Vec::new();
    frontend::query(&mut bytes, "begin");
    let before = bytes.len();
    frontend::parse(&mut bytes, frontend::Parse { name: b"s1", sql: b"select 1", types: &[] });
    frontend::sync(&mut bytes);
    let mut link = Link::default();
    let out = relay(&mut link, &[&bytes], NAMED, |out, piece, body| {
        let kind = frontend::Named::of(piece.tag).unwrap();
        assert_eq!(frontend::rename(out, kind, (body, piece.body_bytes), b"t_1"), Ok(0));
    });
    let mut expected = bytes[..before].to_vec();
    frontend::parse(&mut expected, frontend::Parse { name: b"t_1", sql: b"select 1", types: &[] });
    frontend::sync(&mut expected);
    assert_eq!(out, expected);
}

#[test]
fn a_server_is_free_when_the_last_byte_is_there() {
    let mut link = Link::default();
    let mut at = 0;
    link.from_client(&pipeline(), &mut at, Watch::NONE).unwrap();
    let mut answers = Vec::new();
    backend::plain(&mut answers, backend::Plain::ParseComplete);
    backend::ready_for_query(&mut answers, Status::Idle);
    backend::command_complete(&mut answers, "SELECT 1");
    backend::ready_for_query(&mut answers, Status::Idle);
    for (n, byte) in answers.iter().enumerate() {
        assert!(!link.is_free(), "before byte {n}");
        let mut at = 0;
        link.from_server(&[*byte], &mut at, Watch::NONE).unwrap();
    }
    assert!(link.is_free());
}

#[test]
fn half_a_message_keeps_the_server() {
    let mut link = Link::default();
    link.from_client(b"Q\0\0", &mut 0, Watch::NONE).unwrap();
    assert!(link.conversation().is_free() && !link.is_free());
}

#[test]
fn what_is_for_the_gateway_is_kept_from_the_client() {
    let mut link = Link::default();
    link.conversation_mut().sent(b'Q').unwrap();
    let mut answers = Vec::new();
    backend::command_complete(&mut answers, "SET");
    backend::ready_for_query(&mut answers, Status::Idle);
    let (mut at, mut tags) = (0, Vec::new());
    while let Some(run) = link.from_server(&answers, &mut at, Watch::ALL).unwrap() {
        assert!(run.forward.is_empty());
        tags.extend(run.piece.map(|piece| piece.tag));
    }
    assert_eq!((tags, link.is_free()), (b"CZ".to_vec(), true));
}

#[test]
fn watches() {
    for tag in 0..=255_u8 {
        assert_eq!(NAMED.has(tag), b"PBDC".contains(&tag), "{tag}");
        assert!(Watch::ALL.has(tag) && !Watch::NONE.has(tag));
    }
    assert_eq!(Watch::default(), Watch::NONE);
}

proptest! {
    /// Wherever chunks are cut and whatever is looked into: what comes out is what went in.
    #[test]
    fn looking_changes_nothing(
        cuts in prop::collection::vec(0_usize..60, 0..8), tags in prop::collection::vec(prop::sample::select(&b"QPBDCEHSX"[..]), 0..5),
    ) {
        let bytes = [pipeline(), pipeline()].concat();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % bytes.len()).chain([0, bytes.len()]).collect();
        places.sort_unstable();
        let chunks: Vec<&[u8]> = places.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
        let mut link = Link::default();
        prop_assert_eq!(relay(&mut link, &chunks, Watch::of(&tags), as_it_came), bytes);
        prop_assert_eq!(link.conversation().answers(), 4);
    }
}
