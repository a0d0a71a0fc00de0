//! The catalogue of attacks, run as tenant A's own login against tenant B in each isolation. `docs/security.md` lists
//! every case and what is open in PostgreSQL itself.

use std::collections::BTreeSet;

use tenantry_domain::{Isolation, TenantKeyType};
use tenantry_testkit::attack::Attack;
use tenantry_testkit::attack::session::Stage;

use crate::support::lab::{Lab, Plan, build, connect, has_query_statistics, lab};

mod catalogs;
mod context;
pub mod functions;
mod locks;
mod logins;
mod oracles;
mod rls;
mod roles;
mod server;
mod sessions;

/// Every case.
pub fn catalogue() -> Vec<Attack> {
    [
        catalogs::cases(),
        context::cases(),
        locks::cases(),
        oracles::cases(),
        rls::cases(),
        roles::cases(),
        server::cases(),
        sessions::cases(),
    ]
    .concat()
}

/// Runs the cases that apply to a laboratory, and tells which went wrong.
pub async fn run(lab: &Lab, cases: &[Attack]) -> Vec<String> {
    let (urls, values) = (|who| lab.url(who), lab.values());
    let mut wrong = Vec::new();
    for case in applicable(lab, cases).await {
        if let Err(why) = Stage::new(&urls, &values).play(case).await {
            wrong.push(why);
        }
    }
    wrong
}

/// Runs attacks without their twins until one works, and tells which.
pub async fn first_breach(lab: &Lab, cases: &[Attack]) -> Option<String> {
    let (urls, values) = (|who| lab.url(who), lab.values());
    for case in applicable(lab, cases).await {
        if let Err(why) = Stage::new(&urls, &values).attack(case).await {
            return Some(why);
        }
    }
    None
}

/// The cases that apply to a laboratory. The extension `pg_stat_statements` comes with the server, or not.
async fn applicable<'a>(lab: &Lab, cases: &'a [Attack]) -> Vec<&'a Attack> {
    let statistics = has_query_statistics(&connect(&lab.superuser).await).await;
    let applies = |case: &&Attack| {
        case.isolations.contains(&lab.plan.isolation)
            && case.tenant_ddl.is_none_or(|ddl| ddl == lab.plan.tenant_ddl)
            && (case.id != "S59" || statistics)
    };
    cases.iter().filter(applies).collect()
}

async fn check(lab: Lab) {
    let wrong = run(&lab, &catalogue()).await;
    assert!(wrong.is_empty(), "{} cases went wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[tokio::test]
async fn shared_tables_hold() {
    check(lab(Isolation::Shared).await).await;
}

#[tokio::test]
async fn own_schemas_hold() {
    check(lab(Isolation::Schema).await).await;
}

#[tokio::test]
async fn own_databases_hold() {
    check(lab(Isolation::Database).await).await;
}

#[tokio::test]
async fn own_schemas_hold_with_objects_of_the_tenants() {
    check(with_ddl(Isolation::Schema).await).await;
}

#[tokio::test]
async fn own_databases_hold_with_objects_of_the_tenants() {
    check(with_ddl(Isolation::Database).await).await;
}

/// A laboratory whose tenants may create objects.
pub async fn with_ddl(isolation: Isolation) -> Lab {
    build(Plan { isolation, tenant_ddl: true, key: TenantKeyType::Uuid }).await
}

/// A case proves something only with a positive twin, or says that PostgreSQL leaves it open.
#[test]
fn every_case_has_a_twin() {
    for case in catalogue() {
        assert!(case.known_open || !case.twin.is_empty(), "{} ({}) has no twin", case.id, case.title);
        assert!(!case.steps.is_empty() && !case.isolations.is_empty(), "{}", case.id);
    }
}

/// The first columns of the tables of a section of `docs/security.md`.
fn documented(section: &str) -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security.md");
    let text = std::fs::read_to_string(path).unwrap();
    let body = text.split("\n## ").find(|s| s.starts_with(section)).unwrap();
    let first = body.lines().filter_map(|l| l.strip_prefix("| ")?.split(" |").next());
    first.filter(|c| c.len() == 3 && c.starts_with(['S', 'T', 'X'])).map(str::to_owned).collect()
}

#[test]
fn every_case_is_documented() {
    let mut tested: BTreeSet<String> = catalogue().iter().map(|c| c.id.to_owned()).collect();
    tested.extend(["S91", "S92"].map(str::to_owned));
    assert_eq!(documented("The catalogue"), tested);
    let open: BTreeSet<String> =
        catalogue().iter().filter(|c| c.known_open).map(|c| c.id.to_owned()).collect();
    assert_eq!(documented("Open in PostgreSQL itself"), open);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security.md");
    let text = std::fs::read_to_string(path).unwrap();
    let numbers = (1..=99).map(|n| format!("S{n:02}")).chain((1..=12).map(|n| format!("T{n:02}")));
    let missing: Vec<String> = numbers.filter(|n| !text.contains(n.as_str())).collect();
    assert!(missing.is_empty(), "neither tested nor explained: {missing:?}");
}
