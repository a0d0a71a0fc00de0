use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tenantry_postgres::ident::{Ident, quote_ident, quote_literal};
use tenantry_testkit::server;
use tokio_postgres::SimpleQueryMessage;

/// Our quoting against the server's own, and the server's parser as the judge of both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quotes_as_the_server_does() {
    let client = server().await.connect("postgres").await;
    let strategy = proptest::collection::vec(
        prop_oneof![
            Just("'".to_owned()),
            Just("\"".to_owned()),
            Just("\\".to_owned()),
            Just("select".to_owned()),
            Just("$$".to_owned()),
            "[^\0]{0,4}",
            "[a-z_]{1,6}",
        ],
        0..12,
    );
    let handle = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        TestRunner::new(ProptestConfig {
            cases: 400,
            failure_persistence: None,
            ..ProptestConfig::default()
        })
        .run(&strategy, |parts| {
            let text = parts.concat();
            let sql = "SELECT pg_catalog.format('%L', $1::text), pg_catalog.quote_ident($1::text)";
            let row = handle.block_on(client.query_one(sql, &[&text])).unwrap();
            let (literal, ident): (String, String) = (row.get(0), row.get(1));
            prop_assert_eq!(&quote_literal(&text), &literal);
            // The server leaves harmless names unquoted.
            if ident != text {
                prop_assert_eq!(&quote_ident(&text), &ident);
            }
            for conforming in ["on", "off"] {
                let set = format!("SET standard_conforming_strings = {conforming}");
                handle.block_on(client.batch_execute(&set)).unwrap();
                if let Ok(name) = Ident::new(text.clone()) {
                    let sql = format!("SELECT {} AS {name}", quote_literal(&text));
                    let answer = handle.block_on(client.simple_query(&sql)).unwrap();
                    let row = answer.iter().find_map(|m| match m {
                        SimpleQueryMessage::Row(row) => Some(row),
                        _ => None,
                    });
                    let row = row.unwrap();
                    prop_assert_eq!(row.columns()[0].name(), &text);
                    prop_assert_eq!(row.get(0), Some(text.as_str()));
                }
            }
            Ok(())
        })
        .unwrap();
    });
}
