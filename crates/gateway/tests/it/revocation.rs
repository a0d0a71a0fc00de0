//! Sessions whose password, token or tenant is taken away end within a second, and say why.

use tenantry_domain::Isolation;
use tenantry_registry::SecretDoor;
use tokio::time::timeout;

use super::lab::{Lab, SOON, Session};

async fn in_transaction(lab: &Lab, user: &str, password: &str) -> Session {
    let session = lab.connect(user, password, "main").await;
    session.client.batch_execute("BEGIN; SELECT 1").await.unwrap();
    session
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_ends_the_sessions_that_it_opened() {
    let lab = Lab::new(|_| {}).await;
    let id = lab.tenant("acme", Isolation::Schema, None).await;
    let door = SecretDoor::Tenant(id);
    let (revoked, kept) = (lab.token("acme", door).await, lab.token("acme", door).await);
    let mut idle = lab.connect("acme", &revoked, "main").await;
    idle.client.batch_execute("SELECT 1").await.unwrap();
    let mut busy = in_transaction(&lab, "acme", &revoked).await;
    let other = in_transaction(&lab, "acme", &kept).await;
    lab.control("DELETE FROM tenantry.door_secrets WHERE id = (SELECT min(id) FROM tenantry.door_secrets)")
        .await;
    for session in [&mut idle, &mut busy] {
        let farewell = session.farewell().await;
        assert!(farewell.contains("57P01") && farewell.contains("revoked"), "{farewell}");
    }
    other.client.batch_execute("COMMIT; SELECT 1").await.expect("another token's session goes on");
    let again = tokio_postgres::connect(&lab.url("acme", &revoked, "main"), tokio_postgres::NoTls).await;
    assert!(again.is_err(), "a revoked token opens nothing");
    // What is over is forgotten too, and that ends nobody's session.
    lab.control("UPDATE tenantry.door_secrets SET expires_at = now() + interval '1 second'").await;
    tokio::time::sleep(SOON / 2).await;
    lab.app.platform.registry.sweep_door_secrets().await.unwrap();
    tokio::time::sleep(SOON / 2).await;
    other.client.batch_execute("SELECT 1").await.expect("a session outlives the end of its token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doors_that_are_no_tenants_are_closed_likewise() {
    let lab = Lab::new(|_| {}).await;
    lab.tenant("acme", Isolation::Shared, None).await;
    let (app, admin) =
        (lab.token("app", SecretDoor::App).await, lab.token("tenantry", SecretDoor::Admin).await);
    let mut named = lab.connect("app", &app, "main").await;
    named.client.batch_execute("SET app.current_tenant = 'acme'").await.unwrap();
    named.client.batch_execute("SELECT 1").await.unwrap();
    let mut unnamed = lab.connect("app", &app, "main").await;
    let mut operator = lab.connect("tenantry", &admin, "tenantry").await;
    lab.control("DELETE FROM tenantry.door_secrets; NOTIFY tenantry_tenants, '*'").await;
    for session in [&mut named, &mut unnamed, &mut operator] {
        let farewell = session.farewell().await;
        assert!(farewell.contains("57P01") && farewell.contains("revoked"), "{farewell}");
    }
}

/// The tenant's server sessions are ended before the gateway hears of it: not in the server's words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn suspension_says_so_in_open_transactions_too() {
    let lab = Lab::new(|_| {}).await;
    for isolation in Isolation::ALL {
        let slug = format!("t-{isolation}");
        let id = lab.tenant(&slug, isolation, None).await;
        let token = lab.token(&slug, SecretDoor::Tenant(id)).await;
        let mut sessions =
            [in_transaction(&lab, &slug, &token).await, in_transaction(&lab, &slug, &token).await];
        let job = lab.app.platform.suspend(&slug, "test").await.unwrap();
        timeout(SOON * 10, lab.app.drive(job)).await.unwrap().unwrap();
        for session in &mut sessions {
            let farewell = session.farewell().await;
            assert!(
                farewell.contains("57P01") && farewell.contains("is suspended"),
                "{isolation}: {farewell}"
            );
        }
    }
}
