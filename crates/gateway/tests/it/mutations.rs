//! Random mutations of what clients send, to the real listener: 5,000 here, 100,000 by `make fuzz`.

use std::time::{Duration, Instant};

use tenantry_domain::Isolation;
use tenantry_gateway::fuzzing::random::Random;
use tenantry_registry::SecretDoor;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::lab::Lab;
use super::raw::{PATIENCE, Raw, message};

/// How many, where another number than the usual one is wanted.
const VARIABLE: &str = "TENANTRY_TEST_MUTATIONS";
const USUAL: usize = 5_000;
/// Time that an answer may take before more is not waited for: many mutations ask for bytes that never come.
const SILENCE: Duration = Duration::from_millis(15);

fn openings() -> Vec<Vec<u8>> {
    let packet = |word: u32, body: &[u8]| {
        [&(body.len() as u32 + 8).to_be_bytes()[..], &word.to_be_bytes(), body].concat()
    };
    let begun = packet(0x0003_0000, b"user\0acme\0database\0main\0client_encoding\0UTF8\0\0");
    let first = message(b'p', b"SCRAM-SHA-256\0\0\0\0\x0fn,,n=,r=abcdefg");
    let last = message(b'p', b"c=biws,r=abcdefg,p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    vec![
        [&begun[..], &first, &last].concat(),
        packet(0x0003_0002, b"user\0app\0options\0-c app.current_tenant=acme\0_pq_.x\x001\0\0"),
        [packet(80_877_104, b""), packet(80_877_103, b""), begun].concat(),
        packet(80_877_102, &[0, 0, 0, 1, 9, 9, 9, 9]),
        b"\x16\x03\x01\0\x05\x01\0\0\x01\x03".to_vec(),
    ]
}

fn sessions() -> Vec<Vec<u8>> {
    let sync = message(b'S', b"");
    let run = [message(b'B', b"\0s\0\0\0\0\x01\0\0\0\x011\0\0"), message(b'E', b"\0\0\0\0\0")].concat();
    vec![
        message(b'Q', b"SELECT 1; SELECT 'two'\0"),
        [&message(b'P', b"s\0SELECT $1::int\0\0\x01\0\0\0\x17")[..], &run, &message(b'D', b"Ss\0"), &sync]
            .concat(),
        [&message(b'P', b"\0SELECT 1\0\0\0")[..], &message(b'B', b"\0\0\0\0\0\0\0\0"), &sync].concat(),
        [message(b'Q', b"BEGIN\0"), message(b'Q', b"SET TimeZone = 'UTC'\0"), message(b'Q', b"COMMIT\0")]
            .concat(),
        [message(b'Q', b"COPY notes FROM STDIN\0"), message(b'd', b"1\tx\n"), message(b'c', b"")].concat(),
        [message(b'C', b"Ss\0"), message(b'H', b""), message(b'F', b"\0\0\0\x01\0\0\0\0\0\0"), sync].concat(),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_mutations_break_nothing() {
    let count = std::env::var(VARIABLE).map_or(USUAL, |count| count.parse().expect("a number"));
    let lab = Lab::new(|app| app.limits.gateway_login_seconds_max = 2).await;
    let id = lab.tenant("acme", Isolation::Schema, None).await;
    let token = lab.token("acme", SecretDoor::Tenant(id)).await;
    let mut random = Random::new(9);
    // Four of five are cheap: they never get in.
    let openings = openings();
    for round in 0..count / 5 * 4 {
        let mut bytes = openings[round % openings.len()].clone();
        random.mutate(&mut bytes);
        let mut raw = Raw::open(lab.address).await;
        raw.send(&bytes).await;
        // Who has said all that it will say is answered and let go.
        let _ = raw.stream.shutdown().await;
        let rest = raw.rest().await;
        assert!(!rest.ends_with(b"Z\0\0\0\x05I"), "a mutation got in: {bytes:?}");
    }
    let sessions = sessions();
    let mut session = None;
    for round in 0..count / 5 {
        let mut raw = match session.take() {
            Some(raw) => raw,
            None => Raw::log_in(lab.address, "acme", &token).await,
        };
        let mut bytes = sessions[round % sessions.len()].clone();
        random.mutate(&mut bytes);
        raw.send(&bytes).await;
        if is_ready(&mut raw).await {
            session = Some(raw);
        }
    }
    drop(session);
    // Nothing is left of it all: nobody holds a server, and whoever comes is served.
    let begun = Instant::now();
    loop {
        let servers = lab.show("SHOW SERVERS").await;
        if servers.iter().all(|row| row[2] == "idle") {
            break;
        }
        let clients = lab.show("SHOW CLIENTS").await;
        assert!(begun.elapsed() < PATIENCE * 2, "servers are held: {servers:?} by {clients:?}");
        tokio::time::sleep(SILENCE).await;
    }
    let client = lab.connect("acme", &token, "main").await;
    assert_eq!(client.client.query("SELECT 1", &[]).await.unwrap().len(), 1);
}

/// Reads what comes until it is quiet; true: the last word was that a statement may come.
async fn is_ready(raw: &mut Raw) -> bool {
    let (mut last, mut buffer) = (Vec::new(), [0; 4_096]);
    while let Ok(Ok(count)) = timeout(SILENCE, raw.stream.read(&mut buffer)).await {
        if count == 0 {
            return false;
        }
        last = buffer[..count].to_vec();
    }
    last.ends_with(b"Z\0\0\0\x05I")
}
