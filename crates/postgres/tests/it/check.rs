use tenantry_domain::{ErrorCode, Secret};
use tenantry_postgres::check::{check, lacks};
use tenantry_postgres::connect::connect;
use tenantry_postgres::{ident::quote_ident, password};
use tenantry_testkit::{TestDatabase, server, unique_app_name};

#[tokio::test]
async fn an_embedded_server_suits() {
    let client = server().await.connect("postgres").await;
    check(&client).await.unwrap();
}

#[tokio::test]
async fn a_plain_role_is_told_what_it_lacks() {
    let server = server().await;
    let admin = server.connect("postgres").await;
    let role = format!("{}_plain", unique_app_name());
    let secret: Secret = password::random();
    let sql = format!(
        "CREATE ROLE {} LOGIN CREATEDB PASSWORD '{}'",
        quote_ident(&role),
        password::verifier(&secret)
    );
    admin.batch_execute(&sql).await.unwrap();
    let client = connect(&server.server().with_login(&role, secret), "postgres", "test").await.unwrap();
    let e = check(&client).await.unwrap_err();
    drop(client);
    admin.batch_execute(&format!("DROP ROLE {}", quote_ident(&role))).await.unwrap();
    assert_eq!(e.code(), ErrorCode::ServerUnsuitable);
    let text = e.message();
    assert!(text.contains(&role) && text.contains("no superuser"), "{text}");
    assert!(text.contains("CREATEROLE, REPLICATION, BYPASSRLS") && !text.contains("CREATEDB"), "{text}");
    assert!(text.contains("SUPERUSER;"), "{text}");
}

#[tokio::test]
async fn another_encoding_is_named() {
    let database = TestDatabase::new("encoding").await;
    let name = quote_ident(&format!("{}_latin", &database.name()[..12]));
    let admin = server().await.connect("postgres").await;
    let sql = format!(
        "CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C' LOCALE_PROVIDER libc"
    );
    admin.batch_execute(&sql).await.unwrap();
    let client = server().await.connect(name.trim_matches('"')).await;
    let found = lacks(&client).await.unwrap();
    drop(client);
    admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].what.contains("LATIN1"), "{found:?}");
}
