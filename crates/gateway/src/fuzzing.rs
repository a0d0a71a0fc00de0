//! What the fuzz targets in `crates/gateway/fuzz` run, and what a test runs with 100,000 random mutations. Each function
//! takes any bytes and must neither panic nor break the properties that it checks.

pub mod random;

use crate::auth::scram::{Channel, Exchange, SCRAM, Verifiers};
use crate::session::{encoding, search_path};
use crate::shard::frame::{Head, Violation, client_head, server_head};
use crate::wire::startup::{Decoded, Opening, Packet, STARTUP_BYTES_MAX, decode, options};
use crate::wire::{HEADER_BYTES, backend, frontend};

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

/// Frames: however the bytes are cut, the relay finds the same messages or the same violation. The first byte chooses the
/// direction, the second where the bytes are cut.
pub fn fuzz_frames(data: &[u8]) {
    let [choice, cut, bytes @ ..] = data else { return };
    let head = if choice & 1 == 0 { client_head } else { server_head };
    let chunks: Vec<&[u8]> = bytes.chunks(usize::from(*cut) + 1).collect();
    assert_eq!(scan(head, &[bytes]), scan(head, &chunks));
}

type Messages = (Vec<(u8, usize)>, Option<Violation>);

/// The messages of a stream that comes in chunks; of a cut header what has come is held, of a body nothing.
fn scan(head: fn(&[u8]) -> Result<Option<Head>, Violation>, chunks: &[&[u8]]) -> Messages {
    let (mut messages, mut held, mut left) = (Vec::new(), Vec::new(), 0);
    for chunk in chunks {
        let skipped = left.min(chunk.len());
        left -= skipped;
        held.extend_from_slice(&chunk[skipped..]);
        let mut at = 0;
        loop {
            match head(&held[at..]) {
                Err(violation) => return (messages, Some(violation)),
                Ok(None) => break,
                Ok(Some(Head { tag, bytes })) => {
                    messages.push((tag, bytes));
                    let end = held.len().min(at + bytes);
                    left = bytes - (end - at);
                    at = end;
                }
            }
        }
        held.drain(..at);
        assert!(held.len() < HEADER_BYTES);
    }
    (messages, None)
}

/// Bodies of messages: the parsers of both sides take anything.
pub fn fuzz_messages(data: &[u8]) {
    let _ = (frontend::parse_query(data), frontend::parse_parse(data), frontend::parse_target(data));
    let _ = (frontend::parse_sasl_initial(data), backend::parse_report(data));
    let _ = (backend::parse_authentication(data), backend::parse_parameter_status(data));
    let _ = backend::parse_backend_key_data(data);
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
