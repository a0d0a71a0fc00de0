//! Attacks that need a login of a special kind.

use std::process::Command;

use tenantry_domain::Isolation;
use tenantry_testkit::attack::MARK;
use tenantry_testkit::attack::session::Session;

use crate::support::lab::{Lab, lab};
use crate::support::server;

/// S91: a replication start-up on the same port.
#[tokio::test]
async fn a_tenant_starts_no_replication() {
    for isolation in Isolation::ALL {
        let lab = lab(isolation).await;
        let refused = identify(&lab.a.url);
        assert!(!refused.0 && refused.1.to_lowercase().contains("replication"), "{isolation}: {refused:?}");
        let control = identify(&lab.superuser);
        assert!(control.0, "{control:?}");
    }
}

fn identify(url: &str) -> (bool, String) {
    let out = Command::new(server::bin().join("psql"))
        .args(["-XAtqc", "IDENTIFY_SYSTEM", &format!("{url}?replication=database")])
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
}

/// S92: start-up options set a role or the tenant before anything else speaks.
#[tokio::test]
async fn start_up_options_change_nothing() {
    for isolation in Isolation::ALL {
        let lab = lab(isolation).await;
        let role = format!("{}?options=-c%20role%3D{}", lab.a.url, lab.b.role);
        let refused = Session::connect(&role).await.err().and_then(|e| e.code().cloned());
        assert_eq!(refused.map(|c| c.code().to_owned()).as_deref(), Some("42501"), "{isolation}");

        let setting = format!("{}?options=-c%20app.current_tenant%3D{}", lab.a.url, lab.b.id);
        let session = Session::connect(&setting).await.unwrap();
        let rows = session.run(&format!("SELECT name FROM \"{}\".products", lab.a.schema)).await;
        assert!(rows.error.is_none() && rows.rows.len() == 10 && !rows.leaks(), "{isolation}: {rows:?}");
        let rows = session.run(&format!("SELECT name FROM \"{}\".products", lab.b.schema)).await;
        assert!(!rows.leaks(), "{isolation}: {MARK} arrived: {rows:?}");
    }
}

/// S96: a tenant opens connections until none is left.
#[tokio::test]
async fn connections_of_a_tenant_are_limited() {
    let lab = lab(Isolation::Shared).await;
    let mut open = Vec::new();
    let refused = loop {
        match Session::connect(&lab.a.url).await {
            Ok(session) => open.push(session),
            Err(e) => break e.code().map(|c| c.code().to_owned()),
        }
        assert!(open.len() <= 20, "no limit");
    };
    assert_eq!(refused.as_deref(), Some("53300"));
    assert_eq!(open.len(), 20);
    others_still_connect(&lab).await;
}

async fn others_still_connect(lab: &Lab) {
    let victim = Session::connect(&lab.b.url).await.unwrap();
    assert!(victim.run("SELECT 1").await.error.is_none());
}
