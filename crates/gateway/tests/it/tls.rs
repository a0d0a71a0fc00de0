//! TLS on real sockets: psql with channel binding, tenants by server name, TLS at once, another certificate while it runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tenantry_domain::Isolation;
use tenantry_domain::app::TlsSpec;
use tenantry_registry::SecretDoor;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::lab::Lab;
use super::raw::PATIENCE;

const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

/// Files of a certificate that can be put in the place of others.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        files.put("wildcard");
        files
    }

    fn spec(&self) -> TlsSpec {
        let path = |name| self.folder.path().join(name);
        TlsSpec { certificate: path("certificate.pem"), key: path("key.pem") }
    }

    fn put(&self, name: &str) {
        let spec = self.spec();
        std::fs::write(spec.certificate, std::fs::read(file(&format!("{name}.pem"))).unwrap()).unwrap();
        std::fs::write(spec.key, std::fs::read(file(&format!("{name}_key.pem"))).unwrap()).unwrap();
    }
}

async fn lab(files: &Files) -> (Lab, String, String) {
    let lab = Lab::new(|app| {
        app.gateway.tls = Some(files.spec());
        app.gateway.domain = Some("gw.test".to_owned());
        app.limits.gateway_certificate_seconds_between = 1;
    })
    .await;
    let id = lab.tenant("acme", Isolation::Schema, None).await;
    let (own, app) =
        (lab.token("acme", SecretDoor::Tenant(id)).await, lab.token("app", SecretDoor::App).await);
    (lab, own, app)
}

async fn psql(lab: &Lab, options: &str, sql: &str) -> Result<String, String> {
    let port = lab.address.port();
    let line = format!("hostaddr=127.0.0.1 port={port} dbname=main connect_timeout=10 {options}");
    let output =
        Command::new("psql").args(["-XAt", &line, "-c", sql]).output().await.expect("psql is installed");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn psql_binds_the_channel_and_names_the_tenant() {
    let files = Files::new();
    let (lab, own, app) = lab(&files).await;
    let root = format!("sslrootcert={}", file("wildcard.pem").display());
    for mode in ["sslmode=require".to_owned(), format!("sslmode=verify-full {root}")] {
        let options = format!("host=acme.gw.test user=acme password={own} channel_binding=require {mode}");
        assert_eq!(psql(&lab, &options, "SELECT 6 * 7").await.as_deref(), Ok("42"), "{mode}");
    }
    // The server name says which tenant the backend means.
    let by_name = |host: &str| format!("host={host} user=app password={app} sslmode=verify-full {root}");
    let sql = "SELECT current_schema() LIKE 'tenant\\_%'";
    assert_eq!(psql(&lab, &by_name("acme.gw.test"), sql).await.as_deref(), Ok("t"));
    let refused = psql(&lab, &by_name("nobody.gw.test"), sql).await.unwrap_err();
    assert!(refused.contains("no tenant nobody"), "{refused}");
    let other = format!("host=other.gw.test user=acme password={own} sslmode=verify-full {root}");
    let refused = psql(&lab, &other, "SELECT 1").await.unwrap_err();
    assert!(
        refused.contains("password authentication failed"),
        "one tenant by name, another by user: {refused}"
    );
    let other = format!("sslrootcert={}", file("renewed.pem").display());
    let options = format!("host=acme.gw.test user=acme password={own} sslmode=verify-full {other}");
    assert!(
        psql(&lab, &options, "SELECT 1").await.unwrap_err().contains("certificate"),
        "it is really checked"
    );
    let clear = format!("host=acme.gw.test user=acme password={own} sslmode=disable");
    assert_eq!(psql(&lab, &clear, "SELECT 1").await.as_deref(), Ok("1"), "from this machine, in clear text");
}

fn connector(root: &str, alpn: bool) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file(root)).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    if alpn {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    TlsConnector::from(Arc::new(config))
}

/// TLS with the first byte (`sslnegotiation=direct`), or after asking for it.
async fn encrypt(lab: &Lab, root: &str, (asks, alpn): (bool, bool)) -> std::io::Result<TlsStream<TcpStream>> {
    let mut stream = TcpStream::connect(lab.address).await?;
    if asks {
        stream.write_all(&SSL_REQUEST).await?;
        assert_eq!(stream.read_u8().await?, b'S');
    }
    let name = ServerName::try_from("acme.gw.test").unwrap();
    timeout(PATIENCE, connector(root, alpn).connect(name, stream)).await.expect("a handshake ends")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_at_once_and_answers_larger_than_a_record() {
    let files = Files::new();
    let (lab, own, _) = lab(&files).await;
    for asks in [true, false] {
        let stream = encrypt(&lab, "wildcard.pem", (asks, true)).await.unwrap();
        let mut config = tokio_postgres::Config::new();
        config.user("acme").password(&own).dbname("main");
        let (client, connection) = config.connect_raw(stream, NoTls).await.expect("log in");
        tokio::spawn(connection);
        // A message of many records, which comes in more reads than one event tells of; and such an answer.
        let long = "x".repeat(3_000_000);
        let sql = "SELECT length($1::text), repeat('y', 3000000)";
        let row = timeout(PATIENCE * 3, client.query_one(sql, &[&long]))
            .await
            .expect("nothing is left lying")
            .unwrap();
        assert_eq!((row.get::<_, i32>(0), row.get::<_, String>(1).len()), (3_000_000, 3_000_000));
    }
    // TLS at once without the protocol's name could be meant for somebody else (ALPACA).
    if let Ok(mut stream) = encrypt(&lab, "wildcard.pem", (false, false)).await {
        let mut said = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut said)).await.expect("it is let go");
        assert!(
            said.starts_with(b"E") && said.windows(5).any(|part| part == b"08P01"),
            "{}",
            said.escape_ascii()
        );
    }
}

/// SCRAM without channel binding from a client that says it could: somebody in between has hidden the offer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_downgrade_is_noticed() {
    let files = Files::new();
    let (lab, _, _) = lab(&files).await;
    let mut stream = encrypt(&lab, "wildcard.pem", (true, true)).await.unwrap();
    let mut startup = vec![0, 0, 0, 20, 0, 3, 0, 0];
    startup.extend(b"user\0acme\0\0");
    startup[3] = startup.len() as u8;
    stream.write_all(&startup).await.unwrap();
    let first = b"y,,n=,r=abcdefghijklmnop";
    let mut body = b"SCRAM-SHA-256\0".to_vec();
    body.extend((first.len() as u32).to_be_bytes());
    body.extend(first);
    let mut answer = vec![b'p'];
    answer.extend((body.len() as u32 + 4).to_be_bytes());
    answer.extend(body);
    stream.write_all(&answer).await.unwrap();
    let mut said = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut said)).await.expect("it is let go");
    let text = said.escape_ascii().to_string();
    assert!(
        text.contains("SCRAM-SHA-256-PLUS") && text.contains("FATAL") && !text.contains("r=abcdefgh"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_certificate_needs_no_restart() {
    let files = Files::new();
    let (lab, own, _) = lab(&files).await;
    let root = |name: &str| {
        let root = file(name);
        format!(
            "host=acme.gw.test user=acme password={own} sslmode=verify-full channel_binding=require sslrootcert={}",
            root.display()
        )
    };
    let (before, after) = (root("wildcard.pem"), root("renewed.pem"));
    psql(&lab, &before, "SELECT 1").await.unwrap();
    // Half of a pair, and no certificate at all: the old one stays.
    std::fs::write(files.spec().certificate, std::fs::read(file("renewed.pem")).unwrap()).unwrap();
    sleep(Duration::from_millis(2_500)).await;
    psql(&lab, &before, "SELECT 1").await.expect("a certificate without its key changes nothing");
    files.put("renewed");
    let renewed = async { while psql(&lab, &after, "SELECT 1").await.is_err() {} };
    timeout(PATIENCE, renewed).await.expect("the new certificate is shown");
    assert!(psql(&lab, &before, "SELECT 1").await.is_err());
}
