//! The hardening itself: it can be repeated and turned, and each of its lines matters.

use std::collections::{BTreeMap, BTreeSet};

use tenantry_domain::Isolation;
use tenantry_postgres::bootstrap::DatabaseKind;
use tenantry_postgres::harden::{self, HardeningRule};
use tokio_postgres::Client;

use crate::attacks::{catalogue, first_breach, functions};
use crate::doctor::findings;
use crate::support::lab::{Lab, connect, has_query_statistics, lab};

fn rules(lab: &Lab, tenant_ddl: bool) -> Vec<HardeningRule> {
    harden::rules(&lab.layout, lab.kind(), tenant_ddl).unwrap()
}

async fn open(client: &Client, rule: &HardeningRule) -> Vec<String> {
    client.query(&rule.check_sql, &[]).await.unwrap().iter().map(|r| r.get(0)).collect()
}

/// Everything that rules may change, as text.
async fn privileges(client: &Client) -> Vec<String> {
    let sql = "SELECT oid::regprocedure::text || proacl::text FROM pg_proc WHERE proacl IS NOT NULL
        UNION ALL SELECT oid::regclass::text || relacl::text FROM pg_class WHERE relacl IS NOT NULL
        UNION ALL SELECT lanname || lanacl::text FROM pg_language WHERE lanacl IS NOT NULL
        UNION ALL SELECT nspname || nspacl::text FROM pg_namespace WHERE nspacl IS NOT NULL
        UNION ALL SELECT datname || datacl::text FROM pg_database WHERE datname = current_database() ORDER BY 1";
    client.query(sql, &[]).await.unwrap().iter().map(|r| r.get(0)).collect()
}

#[tokio::test]
async fn names_are_unique_and_every_line_says_why() {
    let lab = lab(Isolation::Shared).await;
    let rules = rules(&lab, false);
    let names: BTreeSet<&str> = rules.iter().map(|r| r.name).collect();
    assert_eq!(names.len(), rules.len());
    assert!(rules.iter().all(|r| !r.danger.is_empty()));
}

#[tokio::test]
async fn hardening_again_changes_nothing_and_turning_tenant_ddl_turns_languages() {
    for isolation in [Isolation::Shared, Isolation::Database] {
        let lab = lab(isolation).await;
        let client = connect(&lab.superuser).await;
        let before = privileges(&client).await;
        harden::harden(&client, &lab.layout, lab.kind(), false).await.unwrap();
        assert_eq!(privileges(&client).await, before, "{isolation}");

        let group = match lab.kind() {
            DatabaseKind::Data => lab.layout.group_role(Isolation::Schema),
            DatabaseKind::Template => lab.layout.group_role(Isolation::Database),
        };
        for tenant_ddl in [true, false] {
            harden::harden(&client, &lab.layout, lab.kind(), tenant_ddl).await.unwrap();
            let sql = "SELECT bool_and(has_language_privilege($1, oid, 'USAGE')), bool_or(has_language_privilege($1, oid, 'USAGE'))
                FROM pg_language WHERE lanpltrusted";
            let row = client.query_one(sql, &[&group]).await.unwrap();
            assert_eq!(
                (row.get::<_, bool>(0), row.get::<_, bool>(1)),
                (tenant_ddl, tenant_ddl),
                "{isolation}"
            );
        }
        assert_eq!(privileges(&client).await, before, "{isolation}");
    }
}

/// What a failed hardening leaves is what was there, on a connection that still works.
#[tokio::test]
async fn a_failed_hardening_leaves_nothing_half_done() {
    let lab = lab(Isolation::Shared).await;
    lab.everywhere("GRANT EXECUTE ON FUNCTION pg_sleep(double precision) TO PUBLIC").await;
    let client = connect(&lab.superuser).await;
    client.batch_execute("SET default_transaction_read_only = on").await.unwrap();
    let before = privileges(&client).await;
    let error = harden::harden(&client, &lab.layout, lab.kind(), false).await.unwrap_err();
    assert!(error.sentence().contains("read-only"), "{error:?}");
    assert_eq!(privileges(&client).await, before);
    client.batch_execute("SET default_transaction_read_only = off").await.unwrap();
    harden::harden(&client, &lab.layout, lab.kind(), false).await.unwrap();
    assert_eq!(findings(&lab, &client).await, []);
}

/// Lines about what this server does not have.
async fn void(client: &Client) -> BTreeSet<&'static str> {
    let version: i32 =
        client.query_one("SELECT current_setting('server_version_num')::int", &[]).await.unwrap().get(0);
    let mut void = BTreeSet::new();
    if version < 170_000 {
        void.insert("wal_summaries");
    }
    if !has_query_statistics(client).await {
        void.insert("query_statistics");
    }
    void
}

/// Undoes one line after the other: each time doctor must find exactly that, and an attack must work in one of the
/// isolations at least.
#[tokio::test]
async fn every_line_of_the_hardening_matters() {
    let cases = catalogue();
    let mut breached: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for isolation in Isolation::ALL {
        let lab = lab(isolation).await;
        let client = connect(&lab.superuser).await;
        assert_eq!(first_breach(&lab, &cases).await, None, "{isolation}: sound before");
        for rule in rules(&lab, false) {
            if void(&client).await.contains(rule.name) {
                assert!(open(&client, &rule).await.is_empty());
                continue;
            }
            lab.everywhere(&rule.undo_sql).await;
            assert!(
                !open(&client, &rule).await.is_empty(),
                "{isolation}: {}: the check sees nothing",
                rule.name
            );
            let found = findings(&lab, &client).await;
            let named = found.iter().all(|f| f.code == "hardening" && f.object.starts_with(rule.name));
            let beside = rule.name == "database_connect" && found.iter().any(|f| f.code == "server");
            assert!(named || beside, "{isolation}: {}: {found:#?}", rule.name);
            if breached.get(rule.name).is_none_or(Option::is_none) {
                let mut breach = first_breach(&lab, &cases).await;
                if breach.is_none() {
                    breach = functions::differences(&lab).await.0.first().map(|f| format!("{f} is open"));
                }
                breached.insert(rule.name, breach);
            }
            lab.everywhere(&rule.apply_sql).await;
            assert_eq!(findings(&lab, &client).await, [], "{isolation}: {}", rule.name);
        }
    }
    let harmless: Vec<_> = breached.iter().filter(|(_, b)| b.is_none()).map(|(name, _)| name).collect();
    assert!(harmless.is_empty(), "no attack works without these lines: {harmless:?}");
}
