//! Both example apps, unchanged, in the three isolations: the same data, the same questions, the same answers.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tenantry_domain::Isolation;
use tenantry_testkit::{AppOptions, TestApp};
use tokio_postgres::{Client, SimpleQueryMessage};

/// One case of a corpus: a name, what is expected (`rows` or an SQLSTATE), and statements run one by one.
struct Case {
    name: String,
    expect: String,
    sql: String,
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn corpus(name: &str) -> Vec<Case> {
    let text = std::fs::read_to_string(example(name).join("queries.sql")).unwrap();
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("-- @ ") {
            let (name, expect) = head.split_once(" | ").expect("a name and what is expected");
            let (name, expect) = (name.to_owned(), expect.trim().to_owned());
            cases.push(Case { name, expect, sql: String::new() });
        } else if let Some(case) = cases.last_mut() {
            let _ = writeln!(case.sql, "{line}");
        }
    }
    cases
}

/// Runs a case's statements one at a time and writes down everything that a client sees.
async fn answer(client: &Client, case: &Case) -> String {
    let mut seen = String::new();
    for statement in pg_query::split_with_parser(&case.sql).expect("a corpus that parses") {
        match client.simple_query(statement).await {
            Ok(messages) => {
                for message in messages {
                    match message {
                        SimpleQueryMessage::Row(row) => {
                            let names = row.columns().iter().map(|c| c.name());
                            let cells = names
                                .enumerate()
                                .map(|(i, n)| format!("{n}={}", row.get(i).unwrap_or("NULL")));
                            let _ = writeln!(seen, "{}", cells.collect::<Vec<_>>().join(" | "));
                        }
                        SimpleQueryMessage::CommandComplete(n) => {
                            let _ = writeln!(seen, "({n})");
                        }
                        _ => {}
                    }
                }
            }
            Err(e) => {
                let db = e.as_db_error().unwrap_or_else(|| panic!("{}: {e}", case.name));
                let _ = writeln!(seen, "{}", db.code().code());
            }
        }
    }
    seen
}

fn is_as_expected(case: &Case, seen: &str) -> bool {
    let codes: Vec<&str> = seen.lines().filter(|l| l.len() == 5 && !l.starts_with('(')).collect();
    match case.expect.as_str() {
        "rows" => codes.is_empty(),
        code => codes == [code],
    }
}

async fn load(app: &TestApp, name: &str, slug: &str) -> Client {
    let client = app.login(slug).await;
    let mut seeds: Vec<_> =
        std::fs::read_dir(example(name).join("seed/main")).unwrap().map(|e| e.unwrap().path()).collect();
    seeds.sort();
    for seed in seeds {
        let text = std::fs::read_to_string(&seed).unwrap();
        client.batch_execute(&text).await.unwrap_or_else(|e| panic!("{slug}: {}: {e:?}", seed.display()));
    }
    client
}

async fn same_answers(name: &str, options: AppOptions) {
    let app = TestApp::without_migrations(&example(name).join("migrations/main"), options).await;
    app.migrator.up(&|_| {}).await.expect("apply the example's migrations");
    let cases = corpus(name);
    assert!(cases.len() >= 40, "{} cases", cases.len());
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    for isolation in Isolation::ALL {
        // Two of each: the second one meets the first one's keys, and the shared tables full.
        for twin in ["a", "b"] {
            let slug = format!("{isolation}-{twin}");
            app.tenant(&slug, isolation).await;
            let client = load(&app, name, &slug).await;
            let mut answers = Vec::new();
            for case in &cases {
                let seen = answer(&client, case).await;
                assert!(
                    is_as_expected(case, &seen),
                    "{slug}: {}: expected {}, saw {seen}",
                    case.name,
                    case.expect
                );
                answers.push(seen);
            }
            told.push((slug, answers));
        }
    }
    let (first, expected) = &told[0];
    for (slug, answers) in &told[1..] {
        for ((case, want), got) in cases.iter().zip(expected).zip(answers) {
            assert_eq!(got, want, "{} answers {:?} otherwise than {first}", slug, case.name);
        }
    }
}

#[tokio::test]
async fn digital_erp_answers_the_same_in_every_isolation() {
    let options = AppOptions { global: vec!["currencies".to_owned()], ..AppOptions::default() };
    same_answers("digital-erp", options).await;
}

#[tokio::test]
async fn textile_erp_answers_the_same_in_every_isolation() {
    let mut options = AppOptions::default();
    options.isolation.tenant_ddl = true;
    same_answers("textile-erp", options).await;
}
