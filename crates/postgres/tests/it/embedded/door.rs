use std::net::TcpListener;

use tenantry_domain::Secret;
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::sqlstate;

use super::folder::{Folder, client, one};

#[tokio::test]
async fn only_passwords_and_only_from_this_machine() {
    let folder = Folder::new();
    let embedded = folder.up().await;
    let server = embedded.server();
    for password in ["wrong", ""] {
        let wrong = server.with_login("tenantry", Secret::new(password));
        let e = connect(&wrong, "postgres", "test").await.unwrap_err();
        if password.is_empty() {
            assert!(e.sentence().contains("password missing"), "{e:?}");
        } else {
            assert_eq!(sqlstate(&e), Some("28P01"), "{e:?}");
        }
    }
    let admin = client(&embedded).await;
    let methods = one(&admin, "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules").await;
    assert_eq!(methods, "scram-sha-256");
    let addresses =
        one(&admin, "SELECT string_agg(DISTINCT address, ',' ORDER BY address) FROM pg_hba_file_rules").await;
    assert_eq!(addresses, "127.0.0.1,::1");
    let stored = one(&admin, "SELECT rolpassword FROM pg_authid WHERE rolname = 'tenantry'").await;
    assert!(stored.starts_with("SCRAM-SHA-256$"));
    // Were it listening on every address, this one could not be had.
    TcpListener::bind(("127.0.0.2", server.port)).expect("the server has 127.0.0.1 alone");
    embedded.close().await.unwrap();
}
