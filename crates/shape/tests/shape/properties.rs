//! Whatever the names are: what is emitted parses, and printing it again changes nothing.

use proptest::prelude::*;
use tenantry_shape::{History, ShapeError, Statement};

use crate::support::options;

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names that need quotes, hold quotes, are keywords, or are too long.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z][a-zA-Z0-9_]{0,20}",
        "[a-z \"'A-Zäß€.;$()-]{1,30}",
        Just("order".to_owned()),
        Just("select".to_owned()),
        "[a-zA-Z]{50,62}",
    ]
    .prop_filter("the tenant column, global tables and public have rules of their own", |n| {
        !matches!(n.as_str(), "tenant_id" | "countries" | "currencies" | "public")
    })
}

fn parses_and_stays(statements: &[Statement]) -> Result<(), TestCaseError> {
    for emitted in statements.iter().flat_map(|s| s.shared.iter().chain(&s.plain)) {
        let sql = emitted.render("tenant_1");
        let once = pg_query::parse(&sql, 0).map_err(|e| TestCaseError::fail(format!("{e}: {sql}")))?;
        prop_assert_eq!(once.protobuf.stmts.len(), 1, "{}", sql);
        prop_assert!(!sql.contains("__tenantry"), "{}", sql);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_names(table in name(), key in name(), a in name(), b in name()) {
        prop_assume!(key != a && key != b && a != b);
        let (t, k, a, b) = (quoted(&table), quoted(&key), quoted(&a), quoted(&b));
        let mut history = History::new(options());
        let sql = format!(
            "CREATE TABLE {t} ({k} serial PRIMARY KEY, {a} int UNIQUE CHECK ({a} IN (1, 2)), {b} int REFERENCES {t} ({k}) ON DELETE SET NULL);
             CREATE INDEX ON {t} ({b}, lower({a}::text));
             INSERT INTO {t} VALUES (1, 2, 3) ON CONFLICT ({a}) DO UPDATE SET {b} = excluded.{b};
             CREATE VIEW public.tenantry_v AS SELECT * FROM {t};
             ALTER TABLE {t} ADD COLUMN tenantry_c int GENERATED ALWAYS AS IDENTITY, ADD FOREIGN KEY ({a}) REFERENCES {t} ({a}) ON DELETE SET DEFAULT;"
        );
        let statements = history.apply("m.sql", &sql).map_err(|e| TestCaseError::fail(e.to_string()))?;
        parses_and_stays(&statements)?;
    }

    #[test]
    fn any_text_ends_in_a_result(text in "\\PC{0,200}") {
        let _ = History::new(options()).apply("m.sql", &text);
    }
}

#[test]
fn a_refused_file_changes_nothing() {
    let mut history = History::new(options());
    history.apply("1.sql", "CREATE TABLE a (id int PRIMARY KEY)").unwrap();
    assert!(history.apply("2.sql", "CREATE TABLE b (id int PRIMARY KEY); ALTER SYSTEM RESET ALL").is_err());
    let again = history.apply("2.sql", "CREATE TABLE b (id int PRIMARY KEY REFERENCES a)").unwrap();
    assert!(again[0].shared[0].sql.contains("REFERENCES a (tenant_id, id)"), "{again:?}");
}

#[test]
fn deep_trees_are_carried_and_deeper_ones_refused() {
    let chain = |n: usize| format!("SELECT {}", vec!["1"; n].join(" || "));
    assert!(History::new(options()).apply("m.sql", &chain(600)).is_ok());
    let refused = History::new(options()).apply("m.sql", &chain(20_000)).unwrap_err();
    assert!(matches!(refused, ShapeError::Syntax { .. }), "{refused}");
}

#[test]
fn a_schema_is_quoted_where_it_must_be() {
    let mut history = History::new(options());
    let out = history
        .apply(
            "m.sql",
            "CREATE TABLE public.t (id serial); SELECT 1 FROM pg_tables WHERE schemaname = 'public'",
        )
        .unwrap();
    let table = out[0].plain[0].render("My Schema");
    assert_eq!(table, "CREATE TABLE \"My Schema\".t (id serial)");
    assert_eq!(out[1].plain[0].render("O'x"), "SELECT 1 FROM pg_tables WHERE schemaname = 'O''x'");
}
