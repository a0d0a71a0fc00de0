//! What stops a rollout: a canary that fails, too many failures. Healthy tenants stay done, and `up` goes on.

use tenantry_domain::ErrorCode;
use tenantry_migrate::rollout::{Canary, Request, Threshold};

use crate::fleet::{column, fleet, mend, quick, registry_agrees, spoil, versions};
use crate::folder::Lab;

/// A column for everybody, and what no tenant with an empty body can have.
fn strict() -> String {
    format!("{}ALTER TABLE notes ALTER COLUMN body SET NOT NULL;\n", column(2))
}

async fn run(lab: &Lab, request: Request) -> tenantry_domain::Result<tenantry_migrate::Report> {
    lab.app.migrator.run(&request, &|_| {}).await
}

#[tokio::test]
async fn a_canary_that_fails_stops_everything() {
    let lab = fleet(quick(), 12).await;
    lab.write("0002_strict.up.sql", &strict());
    spoil(&lab, "copy-7").await;
    let registry = &lab.app.platform.registry;
    let id = registry.find_tenant("copy-7").await.unwrap().tenant.id;
    registry.set_labels(id, &["beta".to_owned(), "old".to_owned()], &[]).await.unwrap();
    registry.set_labels(id, &[], &["old".to_owned()]).await.unwrap();
    assert_eq!(registry.tenant(id).await.unwrap().labels(), ["beta"]);
    let canary = Some(Canary::Label("beta".to_owned()));
    let e = run(&lab, Request { canary: canary.clone(), ..Request::up() }).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::RolloutFailed, "{e:?}");
    for part in ["1 of 12 tenants", "tenant copy-7: [migration_failed] 0002_strict.up.sql:3:1: ", "23502"] {
        assert!(e.message().contains(part), "{part}: {e:?}");
    }
    assert_eq!(versions(&lab).await, [(1, 12)], "nobody else was touched");
    assert_eq!(lab.template_version().await, 2, "new tenants have it");
    let failures = registry.open_failures().await.unwrap();
    assert_eq!(failures.len(), 1);
    assert_eq!((failures[0].slug.as_deref(), failures[0].version), (Some("copy-7"), 2));
    assert_eq!(failures[0].place.as_deref(), Some("0002_strict.up.sql:3:1"));
    mend(&lab, "copy-7").await;
    let report = run(&lab, Request { canary, ..Request::up() }).await.unwrap();
    assert_eq!((report.tenants, report.applied.len()), (12, 0), "the templates were there already");
    assert_eq!(versions(&lab).await, [(2, 12)]);
    registry_agrees(&lab).await;
    assert!(registry.open_failures().await.unwrap().is_empty(), "mended");
}

#[tokio::test]
async fn canaries_by_number_are_the_oldest() {
    let lab = fleet(quick(), 6).await;
    lab.write("0002_strict.up.sql", &strict());
    spoil(&lab, "copy-3").await;
    let request = Request { canary: Some(Canary::Count(2)), ..Request::up() };
    let e = run(&lab, request).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::RolloutFailed, "{e:?}");
    assert_eq!(versions(&lab).await, [(1, 1), (2, 5)], "the third was no canary: the others go on");
}

/// Quick tenants go several in one message: one that fails in its midst takes nobody with it.
#[tokio::test]
async fn one_of_several_in_a_message_fails() {
    let mut options = quick();
    options.limits.rollout_first_wave_tenants = 60;
    let lab = fleet(options, 60).await;
    lab.write("0002_strict.up.sql", &strict());
    for n in [30, 31, 45] {
        spoil(&lab, &format!("copy-{n}")).await;
    }
    let request = Request { parallel: Some(1), ..Request::up() };
    let e = run(&lab, request.clone()).await.unwrap_err();
    assert!(e.message().contains("3 of 60 tenants"), "{e:?}");
    assert!(e.message().contains("tenant copy-31: [migration_failed] 0002_strict.up.sql:3:1: "), "{e:?}");
    assert_eq!(versions(&lab).await, [(1, 3), (2, 57)]);
    registry_agrees(&lab).await;
    for n in [30, 31, 45] {
        mend(&lab, &format!("copy-{n}")).await;
    }
    run(&lab, request).await.unwrap();
    assert_eq!(versions(&lab).await, [(2, 60)]);
}

#[tokio::test]
async fn too_many_failures_stop_the_rest() {
    let mut options = quick();
    options.limits.rollout_first_wave_tenants = 4;
    let lab = fleet(options, 40).await;
    lab.write("0002_strict.up.sql", &strict());
    for n in 1..=4 {
        spoil(&lab, &format!("copy-{n}")).await;
    }
    let threshold = |text: &str| Some(text.parse::<Threshold>().unwrap());
    let request = Request { threshold: threshold("2"), parallel: Some(1), ..Request::up() };
    let e = run(&lab, request).await.unwrap_err();
    assert!(e.message().starts_with("rollout: 3 of 40 tenants could not be brought along\n"), "{e:?}");
    assert_eq!(versions(&lab).await, [(1, 40)], "the first four of whom three failed");
    mend(&lab, "copy-1").await;
    let e = run(&lab, Request { threshold: threshold("10%"), ..Request::up() }).await.unwrap_err();
    assert!(e.message().contains("3 of 40 tenants"), "{e:?}");
    assert_eq!(versions(&lab).await, [(1, 3), (2, 37)], "below the threshold the healthy ones are done");
    registry_agrees(&lab).await;
    for n in 2..=4 {
        mend(&lab, &format!("copy-{n}")).await;
    }
    assert_eq!(run(&lab, Request::up()).await.unwrap().tenants, 3);
    assert_eq!(versions(&lab).await, [(2, 40)]);
    assert!(lab.app.platform.registry.open_failures().await.unwrap().is_empty());
}

/// A failed rollout that is tried again tries its failed tenants again.
#[tokio::test]
async fn a_failed_rollout_can_be_tried_again() {
    let lab = fleet(quick(), 3).await;
    lab.write("0002_strict.up.sql", &strict());
    spoil(&lab, "copy-2").await;
    run(&lab, Request::up()).await.unwrap_err();
    mend(&lab, "copy-2").await;
    let registry = &lab.app.platform.registry;
    let job = tenantry_jobs::queue::of_kind(registry, "rollout", 1).await.unwrap()[0].id;
    tenantry_jobs::queue::retry(registry, job).await.unwrap();
    lab.app.drive(job).await.unwrap();
    assert_eq!(versions(&lab).await, [(2, 3)]);
}
