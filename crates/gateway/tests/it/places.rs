//! Places that errors name: those of the client's text, whatever the gateway has made of it.

use tenantry_domain::Isolation;
use tenantry_testkit::{AppOptions, TestApp};
use tokio_postgres::Client;
use tokio_postgres::error::ErrorPosition;

use super::doors::{DOORS, Doors, rows};

const MIGRATION: &str = "CREATE TABLE users (id integer PRIMARY KEY, email text UNIQUE, name text);";

/// Texts in which the first `nowhere` is wrong; those behind the first three are several statements or none for the extended
/// protocol.
const TEXTS: [&str; 9] = [
    "SELECT nowhere FROM users",
    "SELECT '\u{e9}\u{4e2d}', u.id FROM public.users u WHERE u.name = 'x' AND nowhere = 1",
    "INSERT INTO users VALUES (1, 'a', 'b') ON CONFLICT (id) DO NOTHING RETURNING id, nowhere",
    "WITH a AS (SELECT 1 FROM public.users) INSERT INTO users SELECT nowhere",
    "SELECT pg_try_advisory_lock(1), nowhere",
    "DELETE FROM public.nowhere",
    "BEGIN; SELECT 1 FROM public.users; SELECT nowhere",
    "EXECUTE own (1); EXECUTE own (nowhere)",
    "SELECT set_config('jit', 'on', true), nowhere",
];

fn place(error: &tokio_postgres::Error) -> Option<u32> {
    match error.as_db_error()?.position()? {
        ErrorPosition::Original(place) => Some(*place),
        ErrorPosition::Internal { .. } => None,
    }
}

fn expected(text: &str) -> u32 {
    let at = text.find("nowhere").unwrap();
    // Of a name with its schema the server names the beginning.
    let at = if text[..at].ends_with("public.") { at - "public.".len() } else { at };
    text[..at].chars().count() as u32 + 1
}

async fn simple(client: &Client, text: &str) -> Option<u32> {
    let error = client.simple_query(text).await.expect_err(text);
    rows(client, "ROLLBACK").await.unwrap();
    place(&error)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_stand_where_the_client_wrote_them() {
    let app = TestApp::new(&[("0001_all.up.sql", MIGRATION)], AppOptions::default()).await;
    let doors = Doors::open(&app).await;
    for isolation in Isolation::ALL {
        for door in DOORS {
            let slug = format!("{isolation}-{door:?}").to_lowercase();
            app.tenant(&slug, isolation).await;
            let client = doors.client(&app, door, &slug).await;
            rows(&client, "PREPARE own (int) AS SELECT $1").await.unwrap();
            for text in TEXTS {
                assert_eq!(simple(&client, text).await, Some(expected(text)), "{slug}: {text}");
                if !text.contains(';') {
                    // Prepared by name, and again from the gateway's memory.
                    for _ in 0..2 {
                        let error = client.prepare(text).await.expect_err(text);
                        assert_eq!(place(&error), Some(expected(text)), "{slug}: {text}");
                    }
                    // Without a name, bound at once.
                    let error = client.query_typed(text, &[]).await.expect_err(text);
                    assert_eq!(place(&error), Some(expected(text)), "{slug}: {text}");
                }
            }
        }
    }
}
