//! Every function of `pg_catalog` that is taken from tenants, called by a tenant. The list beside this file is kept by
//! hand and on its own, so that a line lost in the hardening shows.

use std::collections::BTreeSet;

use tenantry_domain::Isolation;
use tokio_postgres::Client;

use crate::support::lab::{Lab, connect, lab};

/// One signature a line; behind it the isolations that keep the function.
const LIST: &str = include_str!("functions.txt");

fn listed(isolation: Isolation) -> BTreeSet<String> {
    let lines = LIST.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines
        .filter_map(|l| {
            let (signature, keeps) = l.split_once(" -- ").unwrap_or((l, ""));
            (!keeps.contains(isolation.as_str())).then(|| signature.to_owned())
        })
        .collect()
}

/// The functions that initdb gives to everyone and this login can't call.
async fn taken(client: &Client) -> BTreeSet<String> {
    let sql = "SELECT p.oid::regprocedure::text FROM pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND NOT has_function_privilege(p.oid, 'EXECUTE')
          AND NOT EXISTS (SELECT FROM pg_init_privs i WHERE i.objoid = p.oid AND i.classoid = 'pg_proc'::regclass)";
    client.query(sql, &[]).await.unwrap().iter().map(|r| r.get(0)).collect()
}

/// Calls a function over no rows: PostgreSQL checks the privilege, nothing runs.
async fn call(client: &Client, signature: &str) -> Option<String> {
    let arguments = signature.split_once('(').unwrap().1.trim_end_matches(')');
    let types: Vec<&str> = arguments.split(',').filter(|t| !t.is_empty()).collect();
    let columns: Vec<String> = (0..types.len()).map(|i| format!("c{i}")).collect();
    let nulls: Vec<String> = types.iter().zip(&columns).map(|(t, c)| format!("NULL::{t} AS {c}")).collect();
    let source = if nulls.is_empty() { "1 AS none".to_owned() } else { nulls.join(", ") };
    let name = signature.split_once('(').unwrap().0;
    let sql = format!("SELECT pg_catalog.{name}({}) FROM (SELECT {source} LIMIT 0) t", columns.join(", "));
    let error = client.simple_query(&sql).await.err()?;
    Some(error.code().map_or_else(|| format!("{error:?}"), |c| c.code().to_owned()))
}

/// Functions that are open against the list, and functions that are taken beyond it.
pub async fn differences(lab: &Lab) -> (Vec<String>, Vec<String>) {
    let (a, root) = (connect(&lab.a.url).await, connect(&lab.superuser).await);
    let (expected, taken) = (expected(lab, &root).await, taken(&a).await);
    (expected.difference(&taken).cloned().collect(), taken.difference(&expected).cloned().collect())
}

async fn expected(lab: &Lab, root: &Client) -> BTreeSet<String> {
    let sql = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace";
    let present: BTreeSet<String> = root.query(sql, &[]).await.unwrap().iter().map(|r| r.get(0)).collect();
    listed(lab.plan.isolation).intersection(&present).cloned().collect()
}

#[tokio::test]
async fn every_listed_function_is_refused_and_no_other() {
    for isolation in Isolation::ALL {
        let lab = lab(isolation).await;
        assert_eq!(
            differences(&lab).await,
            (vec![], vec![]),
            "{isolation}: open against the list, taken beyond it"
        );
        let (a, root) = (connect(&lab.a.url).await, connect(&lab.superuser).await);
        for signature in expected(&lab, &root).await {
            assert_eq!(call(&a, &signature).await.as_deref(), Some("42501"), "{isolation}: {signature}");
            assert_eq!(call(&root, &signature).await, None, "{isolation}: {signature} as the superuser");
        }
    }
}
