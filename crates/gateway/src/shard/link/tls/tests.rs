use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use super::*;

const CERTIFICATE: &[u8] = include_bytes!("../../../../tests/tls/certificate.pem");
const KEY: &[u8] = include_bytes!("../../../../tests/tls/key.pem");

/// Goal of the gateway: 8 KiB for each idle client by TLS, sockets and the allocator's own needs included.
const IDLE_BYTES_MAX: i64 = 7_500;

#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    room: Option<usize>,
    is_closed: bool,
    reads: usize,
}

/// One end of two pipes.
struct End {
    from: Rc<RefCell<Pipe>>,
    to: Rc<RefCell<Pipe>>,
}

impl Link for End {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut pipe = self.from.borrow_mut();
        pipe.reads += 1;
        if pipe.bytes.is_empty() && !pipe.is_closed {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Read::read(&mut pipe.bytes, buf)
    }

    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let mut pipe = self.to.borrow_mut();
        let count = buf.len().min(pipe.room.unwrap_or(usize::MAX));
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        pipe.room = pipe.room.map(|room| room - count);
        pipe.bytes.extend(&buf[..count]);
        Ok(count)
    }
}

struct Pair {
    client: Tls<End>,
    server: Tls<End>,
    up: Rc<RefCell<Pipe>>,
    down: Rc<RefCell<Pipe>>,
    /// All connections of a gateway share it.
    _config: Arc<ServerConfig>,
}

fn pair() -> Pair {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let client =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let client = client.with_root_certificates(roots).with_no_client_auth();
    let server = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(server.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
    let name = ServerName::try_from("localhost").unwrap();
    let (up, down) = (Rc::new(RefCell::new(Pipe::default())), Rc::new(RefCell::new(Pipe::default())));
    let client_end = End { from: down.clone(), to: up.clone() };
    let server_end = End { from: up.clone(), to: down.clone() };
    let mut client = Tls::new(client_end, ClientConnection::new(Arc::new(client), name).unwrap());
    let mut server = Tls::new(server_end, ServerConnection::new(config.clone()).unwrap());
    let mut nothing = [0; 16];
    for _ in 0..8 {
        for side in [&mut client, &mut server] {
            side.flush().unwrap();
            assert_eq!(side.read(&mut nothing).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        }
    }
    assert!(!client.connection.is_handshaking() && !server.connection.is_handshaking());
    Pair { client, server, up, down, _config: config }
}

#[test]
fn bytes_pass_both_ways_with_one_read_below() {
    let Pair { mut client, mut server, up, .. } = pair();
    let mut buf = [0; 1_000];
    assert_eq!(client.write(b"question").unwrap(), 8);
    let before = up.borrow().reads;
    assert_eq!(server.read(&mut buf).unwrap(), 8);
    assert_eq!(&buf[..8], b"question");
    assert_eq!(up.borrow().reads, before + 1, "no second read to learn that there is nothing more");
    server.write(b"answer").unwrap();
    assert_eq!(client.read(&mut buf).unwrap(), 6);
}

#[test]
fn a_short_read_means_that_nothing_more_is_there() {
    let Pair { mut client, mut server, .. } = pair();
    let sent: Vec<u8> = (0..100_000_u32).map(|number| number as u8).collect();
    let (mut at, mut got, mut buf) = (0, Vec::<u8>::new(), vec![0; 7_000]);
    while got.len() < sent.len() {
        while at < sent.len() {
            match client.write(&sent[at..]) {
                Ok(count) => at += count,
                Err(error) => panic!("{error}"),
            }
        }
        let count = server.read(&mut buf).unwrap();
        got.extend(&buf[..count]);
        assert!(count == buf.len() || got.len() == sent.len(), "{count} of {}", got.len());
    }
    assert_eq!(got, sent);
    assert_eq!(server.read(&mut buf).unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn a_blocked_link_takes_a_bounded_amount_and_loses_nothing() {
    let Pair { mut client, mut server, down, .. } = pair();
    down.borrow_mut().room = Some(1_000);
    let sent = vec![7; 1_000_000];
    let mut at = 0;
    while let Ok(count) = server.write(&sent[at..]) {
        at += count;
    }
    assert!(at <= UNSENT_BYTES_MAX, "{at}");
    let mut got = 0;
    let mut buf = vec![0; 50_000];
    for _ in 0..10_000 {
        down.borrow_mut().room = Some(1_000);
        server.flush().unwrap();
        while let Ok(count) = server.write(&sent[at..]) {
            if count == 0 {
                break;
            }
            at += count;
        }
        if let Ok(count) = client.read(&mut buf) {
            assert!(buf[..count].iter().all(|byte| *byte == 7));
            got += count;
        }
        if got == sent.len() {
            return;
        }
    }
    panic!("only {got} of {} bytes came", sent.len());
}

#[test]
fn an_end_and_a_forgery_are_told() {
    let Pair { mut client, mut server, up, down, .. } = pair();
    server.write(b"last").unwrap();
    down.borrow_mut().is_closed = true;
    let mut buf = [0; 100];
    assert_eq!(client.read(&mut buf).unwrap(), 4);
    assert_eq!(client.read(&mut buf).unwrap(), 0);
    up.borrow_mut().bytes.extend(b"\x17\x03\x03\x00\x20 and thirty-two bytes of nonsense");
    assert!(server.read(&mut buf).is_err());
}

/// What an idle client by TLS takes besides what it takes without.
#[test]
fn an_idle_connection_takes_little() {
    let Pair { mut client, mut server, up, down, _config } = pair();
    let mut buf = vec![0; 64 * 1024];
    for size in [10, 20_000, 10] {
        let sent = vec![7; size];
        assert_eq!(client.write(&sent).unwrap(), size);
        assert_eq!(server.read(&mut buf).unwrap(), size);
        assert_eq!(server.write(&sent).unwrap(), size);
        assert_eq!(client.read(&mut buf).unwrap(), size);
    }
    let freed = allocation_counter::measure(|| drop(server));
    drop((up, down));
    let bytes = -freed.bytes_current;
    println!("{bytes} bytes in {} pieces", -freed.count_current);
    assert!(bytes <= IDLE_BYTES_MAX, "{bytes} bytes");
}
