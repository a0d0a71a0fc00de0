//! What nobody sends who means well, to the real listener: nothing hangs, nothing grows, nobody else notices.

use std::time::{Duration, Instant};

use tenantry_domain::Isolation;
use tenantry_registry::SecretDoor;
use tokio::time::sleep;
use tokio_postgres::NoTls;

use super::lab::Lab;
use super::raw::{PATIENCE, Raw, message};

/// Runs until it is cancelled.
const LONG: &[u8] = b"SELECT count(*) FROM generate_series(1, 100000000000)\0";

async fn lab() -> (Lab, String) {
    let lab = Lab::new(|app| {
        app.limits.gateway_login_seconds_max = 2;
        app.limits.gateway_logins_max = 8;
    })
    .await;
    let id = lab.tenant("acme", Isolation::Schema, None).await;
    let token = lab.token("acme", SecretDoor::Tenant(id)).await;
    (lab, token)
}

fn packet(word: u32, body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], &word.to_be_bytes(), body].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openings_that_are_none() {
    let (lab, token) = lab().await;
    let mut openings: Vec<Vec<u8>> = [0_u32, 3, 7, 10_001, 0x7fff_ffff, 0x8000_0000, u32::MAX]
        .map(|length| [&length.to_be_bytes()[..], &[0, 3, 0, 0], b"user\0acme\0\0"].concat())
        .into();
    openings.push(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec());
    openings.push(packet(0x0002_0000, &[0; 288]));
    openings.push(packet(0x0003_0000, b"user\0acme\0user\0app\0\0"));
    openings.push(packet(0x0003_0000, b"user\0acme\0options\0-c role=postgres\0\0"));
    openings.push(packet(0x0003_0000, b"user\0acme\0replication\0database\0\0"));
    openings.push(packet(0x0003_0000, b"user\0acme"));
    openings.push(packet(0x0003_0000, &[b'x'; 9_900]));
    // Clear text behind a request for TLS; requests without end; a log-in that is skipped.
    openings.push([packet(80_877_103, b""), packet(0x0003_0000, b"user\0acme\0\0")].concat());
    openings.push(packet(80_877_103, b"").repeat(300));
    openings.push([packet(0x0003_0000, b"user\0acme\0\0"), message(b'Q', b"SELECT 1\0")].concat());
    openings.push([packet(0x0003_0000, b"user\0acme\0\0"), message(b'p', &[0xff; 400])].concat());
    openings.push([packet(0x0003_0000, b"user\0acme\0\0"), b"p\xff\xff\xff\xff".to_vec()].concat());
    for opening in openings {
        let mut raw = Raw::open(lab.address).await;
        raw.send(&opening).await;
        let rest = raw.rest().await;
        assert!(!rest.contains(&b'Z') || !rest.ends_with(b"Z\0\0\0\x05I"), "nobody gets in: {opening:?}");
    }
    lab.connect("acme", &token, "main").await.client.batch_execute("SELECT 1").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lengths_that_lie_and_messages_out_of_order() {
    let (lab, token) = lab().await;
    let fatal: [&[u8]; 9] = [
        b"Q\0\0\0\x03",
        b"Q\xff\xff\xff\xffSELECT 1\0",
        b"Q\x7f\xff\xff\xff",
        b"S\0\0\xff\xff",
        b"\x01\0\0\0\x04",
        b"p\0\0\0\x05\0",
        b"R\0\0\0\x08\0\0\0\0",
        b"Z\0\0\0\x05I",
        b"\0\0\0\x08\x04\xd2\x16\x2f",
    ];
    for bytes in fatal {
        let mut raw = Raw::log_in(lab.address, "acme", &token).await;
        raw.send(bytes).await;
        assert_eq!(raw.answers().await, "E[08P01].", "{}", bytes.escape_ascii());
    }
    // What is formed wrongly within a right length: an error, and nothing of it runs.
    let spy = lab.connect("acme", &token, "main").await;
    let inner = b"SELECT 1\0; INSERT INTO notes VALUES (1, 'from behind a NUL')\0";
    let mut raw = Raw::log_in(lab.address, "acme", &token).await;
    raw.send(&message(b'Q', inner)).await;
    assert!(raw.answers().await.starts_with("E[08P01]"));
    let rows = spy.client.query("SELECT 1 FROM notes", &[]).await.unwrap();
    assert!(rows.is_empty(), "the tail never ran");
    let oddities: [(&[u8], &str); 5] = [
        // Parameters that lie about their number (W19), a value of length -2 (W20), one beyond the message (W21).
        (b"\0SELECT $1::int\0\0\x05\0\0\0\x17", "E[08P01]Z"),
        (b"\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0", "E[08P01]Z"),
        (b"\0\0\0\0\0\x01\0\0\xff\xffx\0\0", "E[08P01]Z"),
        // COPY's messages where there is no COPY (W24), twice a Sync.
        (b"", "Z"),
        (b"x", "Z"),
    ];
    for (at, (body, expected)) in oddities.into_iter().enumerate() {
        let tag = [b'P', b'B', b'B', b'c', b'd'][at];
        let mut raw = Raw::log_in(lab.address, "acme", &token).await;
        if tag == b'B' {
            raw.send(&message(b'P', b"\0SELECT $1::int\0\0\0")).await;
        }
        raw.send(&[message(tag, body), message(b'S', b"")].concat()).await;
        let answers = raw.answers().await.replace('1', "");
        assert_eq!(answers, expected.replace('1', ""), "{}", body.escape_ascii());
    }
    spy.client.batch_execute("SELECT 1").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_keys_reach_nobody_else() {
    let (lab, token) = lab().await;
    let other = lab.tenant("other", Isolation::Schema, None).await;
    let others = lab.token("other", SecretDoor::Tenant(other)).await;
    let mut victim = Raw::log_in(lab.address, "acme", &token).await;
    let attacker = Raw::log_in(lab.address, "other", &others).await;
    victim.send(&message(b'Q', LONG)).await;
    sleep(Duration::from_millis(300)).await;
    let process = &victim.key[..4];
    let guesses = [
        [process, &attacker.key[4..]].concat(),
        [process, &[0; 4]].concat(),
        [process, &victim.key[4..7]].concat(),
        [process, &victim.key[4..], &[0]].concat(),
        attacker.key.clone(),
        [process, &vec![7; 300]].concat(),
    ];
    for guess in guesses {
        let mut raw = Raw::open(lab.address).await;
        raw.send(&packet(80_877_102, &guess)).await;
        assert_eq!(raw.rest().await.first().copied().unwrap_or(b'E'), b'E', "no word about it");
    }
    sleep(Duration::from_millis(300)).await;
    assert!(victim.stream.try_read(&mut [0]).is_err(), "the victim's query runs on");
    let mut raw = Raw::open(lab.address).await;
    raw.send(&packet(80_877_102, &victim.key.clone())).await;
    raw.rest().await;
    assert_eq!(victim.answers().await.replace("T", ""), "E[57014]Z", "its own key does stop it");
}

/// Clients that hold what they have opened and say no more: each for the time limit, others come in behind them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_keeps_nobody_out() {
    let (lab, token) = lab().await;
    let mut silent = Vec::new();
    for at in 0..40 {
        let mut raw = Raw::open(lab.address).await;
        raw.send(&packet(0x0003_0000, b"user\0acme\0\0")[..at % 18]).await;
        silent.push(raw);
    }
    let begun = Instant::now();
    // Eight log in at a time, each two seconds at most: this one comes in behind 40 others.
    let connected = tokio::time::timeout(PATIENCE * 3, async {
        while tokio_postgres::connect(&lab.url("acme", &token, "main"), NoTls).await.is_err() {}
    });
    connected.await.expect("others come in");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    for mut raw in silent {
        raw.rest().await;
    }
    assert!(begun.elapsed() < Duration::from_secs(25), "the silent ones are gone: {:?}", begun.elapsed());
}

/// Who asks for much and reads nothing costs what the kernel holds, not what it asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_nothing_fills_no_memory() {
    let (lab, token) = lab().await;
    let mut raw = Raw::log_in(lab.address, "acme", &token).await;
    let before = resident_kib();
    raw.send(&message(b'Q', b"SELECT repeat('x', 100000) FROM generate_series(1, 2000)\0")).await;
    sleep(Duration::from_secs(2)).await;
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 32 * 1024, "{grown} KiB for 200 MB that nobody reads");
    drop(raw);
    lab.connect("acme", &token, "main").await.client.batch_execute("SELECT 1").await.unwrap();
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
