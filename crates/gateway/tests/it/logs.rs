//! What the gateway logs: who, when and why, and nothing of what clients sent.

use std::io::Write;
use std::sync::{Arc, Mutex};

use tenantry_domain::Isolation;
use tracing_subscriber::EnvFilter;

use super::lab::Lab;

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_values_of_clients_are_logged() {
    let written = Written::default();
    let writer = written.clone();
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(EnvFilter::new("off,tenantry_gateway=trace"))
        .with_writer(move || writer.clone())
        .init();
    let lab = Lab::new(|_| {}).await;
    let id = lab.tenant("acme", Isolation::Schema, None).await;
    let session = lab.session("acme", id).await;
    let client = &session.client;
    client.query("SELECT 'hidden-literal', $1::text", &[&"hidden-parameter"]).await.unwrap();
    client
        .batch_execute("INSERT INTO notes VALUES (1, 'hidden-row'); SELECT 1 FROM nowhere_hidden")
        .await
        .unwrap_err();
    client.batch_execute("SET SESSION AUTHORIZATION 'hidden-role'").await.unwrap_err();
    let wrong =
        tokio_postgres::connect(&lab.url("acme", "hidden-password", "main"), tokio_postgres::NoTls).await;
    assert!(wrong.is_err());
    lab.control("DELETE FROM tenantry.door_secrets").await;
    let mut session = session;
    session.farewell().await;
    let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a password was wrong") && log.contains("a client has logged in"), "{log}");
    assert!(!log.contains("hidden"), "{log}");
    for line in log.lines() {
        assert!(line.starts_with('{') && line.contains("\"target\":\"tenantry_gateway"), "{line}");
    }
}
