//! What the fuzz targets in `crates/gateway/fuzz` run, and what a test runs with 100,000 random mutations. Each function
//! takes any bytes and must neither panic nor break the properties that it checks.

use crate::auth::scram::{Channel, Exchange, SCRAM, Verifiers};
use crate::session::{encoding, search_path};
use crate::wire::frame::{Direction, Phase, Scanner};
use crate::wire::startup::{Decoded, Opening, Packet, STARTUP_BYTES_MAX, decode, options};
use crate::wire::{Violation, backend, frontend};

/// The opening of a connection: decoding is the same for any beginning of the bytes that it says it has read, and never
/// wants more than a start-up packet may have.
pub fn fuzz_startup(data: &[u8]) {
    match decode(data) {
        Ok(Decoded::Packet(packet, length)) => {
            assert!(length <= data.len().min(STARTUP_BYTES_MAX));
            if length > 0 {
                assert_eq!(decode(&data[..length]).ok(), Some(Decoded::Packet(packet.clone(), length)));
                assert_eq!(decode(&data[..length - 1]).ok(), Some(Decoded::Incomplete));
            }
            if let Packet::Startup(startup) = packet {
                assert!(!startup.user.is_empty() && startup.version.major == 3);
            }
        }
        Ok(Decoded::Incomplete) => assert!(data.len() < STARTUP_BYTES_MAX),
        Err(error) => {
            assert!(["08P01", "0A000", "28000", "22023", "42501"].contains(&error.code().sqlstate()))
        }
    }
    let _ = Opening::new().step(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = (options::parse(text), encoding::check(text), search_path::split(text));
    }
}

/// Frames: however the bytes are cut, the scanner finds the same messages or the same violation, and its pieces cover
/// every byte. The first byte chooses direction and phase, the second where the bytes are cut.
pub fn fuzz_frames(data: &[u8]) {
    let [choice, cut, bytes @ ..] = data else { return };
    let direction = if choice & 1 == 0 { Direction::Frontend } else { Direction::Backend };
    let phase = if choice & 2 == 0 { Phase::Session } else { Phase::Login };
    let whole = scan(direction, phase, &[bytes]);
    let chunks: Vec<&[u8]> = bytes.chunks(usize::from(*cut) + 1).collect();
    assert_eq!(whole, scan(direction, phase, &chunks));
}

type Messages = (Vec<(u8, Vec<u8>)>, Option<Violation>);

fn scan(direction: Direction, phase: Phase, chunks: &[&[u8]]) -> Messages {
    let mut scanner = Scanner::new(direction, phase);
    let mut messages: Vec<(u8, Vec<u8>)> = Vec::new();
    for chunk in chunks {
        let (mut at, mut covered) = (0, 0);
        loop {
            let piece = match scanner.next(chunk, &mut at) {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(violation) => return (messages, Some(violation)),
            };
            assert_eq!(piece.span.start, covered);
            covered = piece.span.end;
            if piece.first {
                messages.push((piece.tag, Vec::new()));
            }
            if let Some((_, body)) = messages.last_mut() {
                body.extend_from_slice(&chunk[piece.body]);
            }
        }
        assert_eq!(at, chunk.len());
        assert!(scanner.cut() <= 4 && (scanner.cut() == 0 || scanner.left() == 0));
    }
    (messages, None)
}

/// Bodies of messages: parsers of both sides, and renaming, which must give back what it was given. The first byte
/// chooses the kind.
pub fn fuzz_messages(data: &[u8]) {
    let [choice, body @ ..] = data else { return };
    let _ = (frontend::parse_query(body), frontend::parse_parse(body), frontend::parse_execute(body));
    let _ =
        (frontend::parse_password(body), frontend::parse_sasl_initial(body), frontend::parse_target(body));
    let _ = (
        backend::parse_report(body),
        backend::parse_authentication(body),
        backend::parse_parameter_status(body),
    );
    let _ = (backend::parse_backend_key_data(body), backend::parse_notification_response(body));
    let _ = (backend::parse_negotiate_protocol_version(body), backend::parse_command_complete(body));
    let Some(kind) = frontend::Named::of(b"PBDC"[usize::from(choice % 4)]) else { return };
    let Ok(length) = u32::try_from(body.len()) else { return };
    let mut there = Vec::new();
    if frontend::rename(&mut there, kind, (body, length), b"another").is_ok() {
        let declared = u32::from_be_bytes([there[1], there[2], there[3], there[4]]) as usize;
        assert_eq!(declared + 1, there.len());
        let same = frontend::Named::of(there[0]);
        assert_eq!(same, Some(kind));
    }
}

/// A SCRAM exchange with an unknown user: no bytes get in. The first byte tells where the first message ends.
pub fn fuzz_scram(data: &[u8]) {
    let [at, bytes @ ..] = data else { return };
    let (first, last) = bytes.split_at(usize::from(*at).min(bytes.len()));
    let verifiers = || Verifiers::mock(b"secret", "nobody");
    let channel = Channel { server_end_point: Some(vec![1; 32]), exporter: None };
    for channel in [&Channel::default(), &channel] {
        for first in [first, b"n,,n=,r=abc"] {
            if let Ok((exchange, _)) = Exchange::begin(SCRAM.as_bytes(), Some(first), channel, verifiers()) {
                assert!(exchange.finish(last).is_err());
            }
        }
    }
}

#[cfg(test)]
mod tests;
