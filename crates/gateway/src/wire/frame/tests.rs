use proptest::prelude::*;

use super::*;

const FRONTEND: &[u8] = b"QPBDCEFdcfHSX";
const BACKEND: &[u8] = b"DdTENAVtCSGH123InscZ";

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend((body.len() as u32 + 4).to_be_bytes());
    bytes.extend(body);
    bytes
}

/// Scans in the chunks that `cuts` makes, and puts the messages together again from their pieces.
fn collect(scanner: &mut Scanner, chunks: &[&[u8]]) -> Result<Vec<(u8, Vec<u8>)>, Violation> {
    let mut messages: Vec<(u8, Vec<u8>)> = Vec::new();
    for chunk in chunks {
        let mut at = 0;
        let mut covered = 0;
        while let Some(piece) = scanner.next(chunk, &mut at)? {
            assert_eq!(piece.span.start, covered, "pieces lie side by side");
            assert_eq!(piece.span.end, at);
            assert_eq!(piece.body.end, piece.span.end);
            covered = at;
            if piece.first {
                assert_eq!(piece.before, 0);
                messages.push((piece.tag, Vec::new()));
            }
            let (tag, body) = messages.last_mut().unwrap();
            assert_eq!((*tag, body.len() as u32), (piece.tag, piece.before));
            body.extend(&chunk[piece.body.clone()]);
            assert_eq!(piece.last, body.len() as u32 == piece.body_bytes);
        }
        assert_eq!(at, chunk.len());
        assert!(scanner.cut() < HEADER_BYTES);
    }
    Ok(messages)
}

fn split<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|w| &bytes[w[0]..w[1]]).collect()
}

#[test]
fn a_pipeline_in_one_chunk() {
    let bytes = [message(b'P', b"s\0select 1\0\0\0"), message(b'S', b""), message(b'Q', b"x\0")].concat();
    let mut scanner = Scanner::new(Direction::Frontend, Phase::Session);
    let mut at = 0;
    let piece = scanner.next(&bytes, &mut at).unwrap().unwrap();
    assert_eq!((piece.tag, piece.span.clone(), piece.body.clone()), (b'P', 0..18, 5..18));
    assert!(piece.is_whole());
    assert_eq!(piece.header(), bytes[..5]);
    assert_eq!(scanner.next(&bytes, &mut at).unwrap().unwrap().span, 18..23);
    assert_eq!(scanner.next(&bytes, &mut at).unwrap().unwrap().span, 23..30);
    assert_eq!(scanner.next(&bytes, &mut at).unwrap(), None);
    assert!(scanner.at_border());
}

#[test]
fn a_header_cut_in_two_is_held_and_can_be_written_again() {
    let bytes = message(b'Q', b"select 1\0");
    let mut scanner = Scanner::new(Direction::Frontend, Phase::Session);
    let mut at = 0;
    assert_eq!(scanner.next(&bytes[..3], &mut at).unwrap(), None);
    assert_eq!(scanner.cut(), 3);
    assert!(!scanner.at_border());
    let mut at = 0;
    let piece = scanner.next(&bytes[3..], &mut at).unwrap().unwrap();
    assert_eq!((piece.span.clone(), piece.body.clone()), (0..11, 2..11));
    assert_eq!(piece.header(), bytes[..5]);
    assert_eq!(scanner.cut(), 0);
}

#[test]
fn a_long_body_streams_through_and_nothing_is_kept() {
    let mut scanner = Scanner::new(Direction::Backend, Phase::Session);
    let header = [&b"d"[..], &(4 + 1_000_000_u32).to_be_bytes()].concat();
    let chunk = [7_u8; 10_000];
    let mut at = 0;
    let piece = scanner.next(&header, &mut at).unwrap().unwrap();
    assert!(piece.first && !piece.last && piece.body.is_empty());
    for n in 0..100 {
        let mut at = 0;
        let piece = scanner.next(&chunk, &mut at).unwrap().unwrap();
        assert_eq!((piece.before, piece.last), (n * 10_000, n == 99));
    }
    assert!(scanner.at_border());
}

/// W14, W15, W16: lengths that lie are refused with the header, not waited for.
#[test]
fn lengths_that_lie_are_refused() {
    for length in [0_u32, 3, 0x3fff_ffff, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
        let bytes = [&b"Q"[..], &length.to_be_bytes(), b"select"].concat();
        let mut scanner = Scanner::new(Direction::Frontend, Phase::Session);
        assert_eq!(collect(&mut scanner, &[&bytes]), Err(Violation::Length), "{length:x}");
    }
    let cases: &[(Direction, u8, u32)] = &[
        (Direction::Frontend, b'S', 10_001),
        (Direction::Frontend, b'C', 10_001),
        (Direction::Backend, b'Z', 4),
        (Direction::Backend, b'Z', 6),
        (Direction::Backend, b'1', 5),
    ];
    for (direction, tag, length) in cases {
        let bytes = [&[*tag][..], &length.to_be_bytes()].concat();
        let mut scanner = Scanner::new(*direction, Phase::Session);
        assert_eq!(collect(&mut scanner, &[&bytes]), Err(Violation::Length), "{tag} {length}");
    }
}

/// W17, and every other type that is not in the list, at its very first byte.
#[test]
fn types_that_are_not_allowed_are_refused_at_once() {
    let cases: [(Direction, Phase, &[u8]); 4] = [
        (Direction::Frontend, Phase::Login, b"pX"),
        (Direction::Frontend, Phase::Session, FRONTEND),
        (Direction::Backend, Phase::Login, b"RENSvKZ"),
        (Direction::Backend, Phase::Session, BACKEND),
    ];
    for (direction, phase, allowed) in cases {
        for tag in 0..=255_u8 {
            let mut scanner = Scanner::new(direction, phase);
            let wrong = match direction {
                Direction::Frontend => Violation::Type(tag),
                Direction::Backend => Violation::ServerType(tag),
            };
            let expected = if allowed.contains(&tag) { Ok(vec![]) } else { Err(wrong) };
            assert_eq!(collect(&mut scanner, &[&[tag]]), expected, "{direction:?} {phase:?} {tag}");
        }
    }
}

/// W13: a query before the password.
#[test]
fn a_query_before_the_log_in_has_ended_is_refused() {
    let mut scanner = Scanner::new(Direction::Frontend, Phase::Login);
    let query = message(b'Q', b"select 1\0");
    assert_eq!(collect(&mut scanner, &[&query]), Err(Violation::Type(b'Q')));
    let mut scanner = Scanner::new(Direction::Frontend, Phase::Login);
    assert!(collect(&mut scanner, &[&message(b'p', b"secret\0")]).is_ok());
    scanner.enter(Phase::Session);
    assert!(collect(&mut scanner, &[&query]).is_ok());
}

proptest! {
    #[test]
    fn chunks_make_no_difference(
        messages in prop::collection::vec((prop::sample::select(FRONTEND), prop::collection::vec(any::<u8>(), 0..60)), 0..12),
        cuts in prop::collection::vec(any::<usize>(), 0..20),
    ) {
        let bytes: Vec<u8> = messages.iter().flat_map(|(tag, body)| message(*tag, body)).collect();
        let mut scanner = Scanner::new(Direction::Frontend, Phase::Session);
        prop_assert_eq!(collect(&mut scanner, &split(&bytes, &cuts)).unwrap(), messages);
        prop_assert!(scanner.at_border());
    }

    #[test]
    fn garbage_ends_the_same_however_it_is_cut(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        cuts in prop::collection::vec(any::<usize>(), 0..10),
    ) {
        for direction in [Direction::Frontend, Direction::Backend] {
            for phase in [Phase::Login, Phase::Session] {
                let whole = collect(&mut Scanner::new(direction, phase), &[&bytes]);
                let cut = collect(&mut Scanner::new(direction, phase), &split(&bytes, &cuts));
                prop_assert_eq!(whole, cut);
            }
        }
    }
}
