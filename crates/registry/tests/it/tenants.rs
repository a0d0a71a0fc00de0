//! New tenants: what triggers check and complete, whoever inserts them.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use tenantry_domain::names::RESERVED_SLUGS;
use tenantry_domain::{ErrorCode, Isolation, Result, Slug};
use tenantry_registry::{NewTenant, Registry, tenants};
use tenantry_testkit::{TestDatabase, control_database};
use tokio_postgres::Client;

const ACTOR: &str = "test";

async fn lab(name_suffix: &str) -> (TestDatabase, Registry) {
    let (database, registry) = control_database(name_suffix).await;
    registry.set_setting("default_isolation", &json!("shared")).await.unwrap();
    registry.set_setting("reserved_slugs", &json!(RESERVED_SLUGS)).await.unwrap();
    (database, registry)
}

async fn add(registry: &Registry, slug: &str, new: NewTenant) -> Result<Isolation> {
    let (id, _) = registry.add_tenant(&slug.parse().unwrap(), &new, ACTOR).await?;
    Ok(registry.tenant(id).await?.tenant.isolation)
}

async fn count(client: &Client, table: &str) -> i64 {
    client.query_one(&format!("SELECT count(*) FROM tenantry.{table}"), &[]).await.unwrap().get(0)
}

/// The SQLSTATE and constraint that a plain INSERT is refused with.
async fn insert(client: &Client, slug: &str) -> std::result::Result<(), String> {
    let sql = "INSERT INTO tenantry.tenants (slug) VALUES ($1)";
    client.execute(sql, &[&slug]).await.map(|_| ()).map_err(|e| {
        let db = e.as_db_error().unwrap();
        db.constraint().unwrap_or(db.code().code()).to_owned()
    })
}

/// What the Rust type says of a slug, in the words of the trigger.
fn parsed(slug: &str) -> std::result::Result<(), String> {
    slug.parse::<Slug>().map(|_| ()).map_err(|e| e.code().as_str().to_owned())
}

/// Slugs in every state of disrepair: most are nearly right.
fn slugs() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z][a-z0-9-]{0,41}",
        2 => "[a-z0-9-]{0,4}",
        2 => "[a-zA-Z0-9_. äßıK\u{fb01}\n\t-]{1,6}",
        1 => "[a-z]{1,3}\n",
        1 => "[a-z]{38,42}",
        1 => prop::sample::select(RESERVED_SLUGS).prop_map(str::to_owned),
        1 => any::<String>().prop_map(|s| s.chars().filter(|c| *c != '\0').take(50).collect()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn type_and_trigger_accept_the_same_slugs() {
    let (database, _registry) = lab("slugs").await;
    let client = database.connect().await;
    let runtime = tokio::runtime::Handle::current();
    let (mut accepted, mut refused) = (0, 0);
    tokio::task::block_in_place(|| {
        TestRunner::new(Config { cases: 1_500, failure_persistence: None, ..Config::default() })
            .run(&slugs(), |slug| {
                let by_trigger = runtime.block_on(async {
                    client.batch_execute("BEGIN").await.unwrap();
                    let answer = insert(&client, &slug).await;
                    client.batch_execute("ROLLBACK").await.unwrap();
                    answer
                });
                prop_assert_eq!(&by_trigger, &parsed(&slug), "{:?}", slug);
                Ok(())
            })
            .unwrap();
    });
    for slug in ["a", "a1", "a-b", "a--b", &"a".repeat(40)] {
        assert_eq!((parsed(slug), insert(&client, slug).await), (Ok(()), Ok(())), "{slug}");
        accepted += 1;
    }
    for slug in ["", "-", "a-", "1a", "A", "a_b", "a b", "a\n", "ä", "ſ", &"a".repeat(41), "admin", "www"] {
        assert!(parsed(slug).is_err(), "{slug:?}");
        assert_eq!(insert(&client, slug).await, parsed(slug), "{slug:?}");
        refused += 1;
    }
    assert_eq!((accepted, refused), (5, 13));
    assert_eq!(count(&client, "tenants").await, 5, "what was refused left nothing");
    assert_eq!(count(&client, "jobs").await, 5);
}

/// A slug that reads may not be given another way either: by hand, past the command that renames.
#[tokio::test]
async fn a_slug_is_checked_when_it_changes() {
    let (_database, registry) = lab("slug_changes").await;
    let (id, _) = registry.add_tenant(&"acme".parse().unwrap(), &NewTenant::default(), ACTOR).await.unwrap();
    add(&registry, "other", NewTenant::default()).await.unwrap();
    let client = registry.client().await.unwrap();
    for (slug, code) in [
        ("Not A Slug", ErrorCode::SlugInvalid),
        ("api", ErrorCode::SlugReserved),
        ("other", ErrorCode::SlugTaken),
    ] {
        let e = tenants::rename(&client, id, slug, None).await.unwrap_err();
        assert_eq!(e.code(), code, "{e:?}");
    }
    tenants::rename(&client, id, "acme-2", None).await.unwrap();
    let row = registry.find_tenant("acme-2").await.unwrap();
    assert_eq!(row.tenant.name, "acme-2", "the name followed the slug");
    tenants::rename(&client, id, "acme-3", Some("Acme Ltd")).await.unwrap();
    tenants::rename(&client, id, "acme-4", None).await.unwrap();
    assert_eq!(registry.find_tenant("acme-4").await.unwrap().tenant.name, "Acme Ltd");
    assert_eq!(registry.find_tenant("acme").await.unwrap_err().code(), ErrorCode::TenantUnknown);
}

#[tokio::test]
async fn what_is_unknown_is_named_and_leaves_nothing() {
    let (database, registry) = lab("unknown").await;
    let client = database.connect().await;
    let plan = NewTenant { plan: Some("gold".to_owned()), ..NewTenant::default() };
    let cluster = NewTenant { cluster: Some("mars".to_owned()), ..NewTenant::default() };
    for (new, code) in [(plan, ErrorCode::PlanUnknown), (cluster, ErrorCode::ClusterUnknown)] {
        let e = add(&registry, "acme", new).await.unwrap_err();
        assert_eq!(e.code(), code, "{e:?}");
        assert!(e.message().starts_with("create tenant acme: "), "{e:?}");
    }
    for (columns, values, constraint) in [
        ("slug, isolation", "'acme', 'cage'", "tenants_isolation_check"),
        ("slug, number", "'acme', 0", "tenants_number_check"),
        ("slug, settings", "'acme', '[]'", "tenants_settings_check"),
    ] {
        let sql = format!("INSERT INTO tenantry.tenants ({columns}) VALUES ({values})");
        let e = client.execute(&sql, &[]).await.unwrap_err();
        assert_eq!(e.as_db_error().unwrap().constraint(), Some(constraint));
    }
    let e = client
        .execute("INSERT INTO tenantry.tenants (slug, status) VALUES ('acme', 'active')", &[])
        .await
        .unwrap_err();
    assert_eq!(e.code().unwrap().code(), "22023", "a tenant is not active before it is provisioned");
    for table in ["tenants", "jobs", "placements", "audit"] {
        assert_eq!(count(&client, table).await, 0, "{table}");
    }
    add(&registry, "acme", NewTenant::default()).await.unwrap();
    let e = add(&registry, "acme", NewTenant::default()).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::SlugTaken);
}

#[tokio::test]
async fn the_isolation_comes_from_the_command_then_the_plan_then_the_app() {
    let (database, registry) = lab("isolation").await;
    let client = database.connect().await;
    let plans = "INSERT INTO tenantry.plans VALUES ('big', '{\"isolation\": \"database\"}'), ('plain', '{}')";
    client.batch_execute(plans).await.unwrap();
    registry.set_setting("default_isolation", &json!("schema")).await.unwrap();
    let plan = |plan: &str| NewTenant { plan: Some(plan.to_owned()), ..NewTenant::default() };
    let asked = NewTenant { isolation: Some(Isolation::Shared), ..plan("big") };
    assert_eq!(add(&registry, "asked", asked).await.unwrap(), Isolation::Shared);
    assert_eq!(add(&registry, "by-plan", plan("big")).await.unwrap(), Isolation::Database);
    assert_eq!(add(&registry, "by-app", plan("plain")).await.unwrap(), Isolation::Schema);
    assert_eq!(add(&registry, "nothing", NewTenant::default()).await.unwrap(), Isolation::Schema);
}

#[tokio::test]
async fn a_new_tenant_is_completed_and_its_job_queued() {
    let (database, registry) = lab("completed").await;
    let client = database.connect().await;
    let (id, job) =
        registry.add_tenant(&"acme".parse().unwrap(), &NewTenant::default(), "ann").await.unwrap();
    assert_eq!(registry.tenant(id).await.unwrap().tenant.name, "acme");
    let sql = "SELECT kind, tenant = $2::uuid, slug, actor, status FROM tenantry.jobs WHERE id = $1";
    let row = client.query_one(sql, &[&job.0, &id.uuid()]).await.unwrap();
    let texts = [row.get::<_, String>(0), row.get(2), row.get(3), row.get(4)];
    assert_eq!(texts, ["create", "acme", "ann", "queued"]);
    assert!(row.get::<_, bool>(1));
    client.batch_execute("INSERT INTO tenantry.tenants (slug, name) VALUES ('by-hand', '  ')").await.unwrap();
    let row = client
        .query_one("SELECT actor = session_user FROM tenantry.jobs WHERE slug = 'by-hand'", &[])
        .await
        .unwrap();
    assert!(row.get::<_, bool>(0), "who inserts by hand is named too");
    assert_eq!(registry.find_tenant("by-hand").await.unwrap().tenant.name, "by-hand");
}

/// A failed tenant of which nothing is left makes room for another of its slug.
#[tokio::test]
async fn a_failed_tenant_makes_room() {
    let (database, registry) = lab("failed").await;
    let client = database.connect().await;
    add(&registry, "acme", NewTenant::default()).await.unwrap();
    client.batch_execute("UPDATE tenantry.tenants SET status = 'failed'").await.unwrap();
    add(&registry, "acme", NewTenant::default()).await.unwrap();
    assert_eq!(count(&client, "tenants").await, 1);
    assert_eq!(count(&client, "jobs").await, 2, "the first one's job still tells what happened");
}

#[tokio::test]
async fn numbers_are_random_positive_and_unique() {
    let (database, registry) = lab("numbers").await;
    let client = database.connect().await;
    client
        .batch_execute("INSERT INTO tenantry.tenants (slug) SELECT 't' || i FROM generate_series(1, 500) i")
        .await
        .unwrap();
    let numbers: Vec<i32> = registry.tenants().await.unwrap().iter().map(|t| t.tenant.number).collect();
    assert!(numbers.iter().all(|n| *n > 0));
    assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), 500);
    let large = numbers.iter().filter(|n| **n > i32::MAX / 2).count();
    assert!((150..350).contains(&large), "they are spread over the whole range: {large} of 500");
    let taken = format!("INSERT INTO tenantry.tenants (slug, number) VALUES ('more', {})", numbers[0]);
    let e = client.execute(&taken, &[]).await.unwrap_err();
    assert_eq!(e.as_db_error().unwrap().constraint(), Some("tenants_number_key"));
}

/// The credential's generation grows when less than half of its time is left, however many ask at once.
#[tokio::test]
async fn a_credential_is_renewed_in_time() {
    let (database, registry) = lab("credential").await;
    let (id, _) = registry.add_tenant(&"acme".parse().unwrap(), &NewTenant::default(), ACTOR).await.unwrap();
    let (first, until) = registry.credential(id, 12).await.unwrap();
    assert_eq!(first, 0, "the first one to leave the house is the one that the login was made with");
    let (again, one, two) =
        tokio::join!(registry.credential(id, 12), registry.credential(id, 12), registry.credential(id, 12));
    for answer in [again, one, two] {
        assert_eq!(answer.unwrap(), (first, until));
    }
    let client = database.connect().await;
    let sql = "UPDATE tenantry.tenants SET credential_expires_at = now() + interval '5 hours'";
    client.batch_execute(sql).await.unwrap();
    let (second, later) = registry.credential(id, 12).await.unwrap();
    assert_eq!(second, 1);
    assert!(later >= until);
    assert_eq!(registry.generation(id).await.unwrap(), (1, Some(later)));
    assert!(registry.credentials_over().await.unwrap().is_empty());
    assert!(!registry.replace_credential(id).await.unwrap(), "it is not over yet");
    let sql = "UPDATE tenantry.tenants SET credential_expires_at = now() - interval '1 second'";
    client.batch_execute(sql).await.unwrap();
    assert_eq!(registry.credentials_over().await.unwrap(), [id]);
    assert!(registry.replace_credential(id).await.unwrap());
    assert_eq!(registry.generation(id).await.unwrap(), (2, None), "nobody outside has this one");
    assert!(registry.credentials_over().await.unwrap().is_empty());
}
