//! A tenant's advisory locks: they do what the server's do, for that tenant alone, and no session takes more than its share.

use tenantry_domain::Isolation;
use tenantry_domain::limits::{ADVISORY_CALLS_BETWEEN_COUNTS, ADVISORY_LOCKS_PER_SESSION_MAX};
use tokio_postgres::Client;

use crate::support::lab::{connect, lab};

async fn yes(client: &Client, call: &str) -> bool {
    let sql = format!("SELECT tenantry.{call}");
    client.query_one(&sql, &[]).await.unwrap_or_else(|e| panic!("{sql}: {e:?}")).get(0)
}

async fn run(client: &Client, call: &str) {
    let sql = format!("SELECT tenantry.{call}");
    client.batch_execute(&sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
}

async fn held(superuser: &Client) -> i64 {
    let sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    superuser.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn they_are_the_tenants_own() {
    for isolation in Isolation::ALL {
        let lab = lab(isolation).await;
        let (a, again, b) = (connect(&lab.a.url).await, connect(&lab.a.url).await, connect(&lab.b.url).await);
        run(&a, "advisory_lock(7)").await;
        assert!(
            !yes(&again, "try_advisory_lock(7)").await,
            "{isolation}: another session of the tenant waits"
        );
        assert!(!yes(&again, "try_advisory_xact_lock_shared(7)").await, "{isolation}");
        assert!(yes(&again, "try_advisory_lock(8)").await, "{isolation}: another key");
        assert!(
            yes(&again, "try_advisory_lock(0, 7)").await,
            "{isolation}: two integers are a space of their own"
        );
        assert!(yes(&b, "try_advisory_lock(7)").await, "{isolation}: another tenant");
        assert!(yes(&b, "try_advisory_lock(0, 7)").await, "{isolation}");
        run(&b, "advisory_unlock_all()").await;
        assert!(
            !yes(&again, "try_advisory_lock(7)").await,
            "{isolation}: nobody gives back what another holds"
        );
        assert!(!yes(&again, "advisory_unlock(7)").await, "{isolation}");
        assert!(yes(&a, "advisory_unlock(7)").await, "{isolation}");
        assert!(yes(&again, "try_advisory_lock(7)").await, "{isolation}");
        run(&again, "advisory_unlock_all()").await;

        // Shared locks stand beside each other; those of a transaction end with it.
        run(&a, "advisory_lock_shared(1, 2)").await;
        assert!(yes(&again, "try_advisory_lock_shared(1, 2)").await, "{isolation}");
        assert!(!yes(&again, "try_advisory_xact_lock(1, 2)").await, "{isolation}");
        assert!(yes(&again, "advisory_unlock_shared(1, 2)").await, "{isolation}");
        assert!(yes(&a, "advisory_unlock_shared(1, 2)").await, "{isolation}");
        a.batch_execute("BEGIN READ ONLY; SELECT tenantry.advisory_xact_lock(3)").await.unwrap();
        run(&a, "advisory_xact_lock_shared(4)").await;
        assert!(!yes(&again, "try_advisory_lock(3)").await, "{isolation}");
        a.batch_execute("SELECT tenantry.advisory_unlock_all(); COMMIT").await.unwrap();
        assert!(yes(&again, "try_advisory_xact_lock(3)").await, "{isolation}");
        let superuser = connect(&lab.superuser).await;
        assert_eq!(held(&superuser).await, 0, "{isolation}: everything was given back");
    }
}

/// Neither by asking again, nor by giving others back in between, nor from one transaction to the next.
#[tokio::test]
async fn nobody_takes_more_than_a_share() {
    let lab = lab(Isolation::Shared).await;
    let superuser = connect(&lab.superuser).await;
    let most = i64::from(ADVISORY_LOCKS_PER_SESSION_MAX + ADVISORY_CALLS_BETWEEN_COUNTS);
    let greedy = |call: &str| {
        format!(
            "SELECT count(*) FROM generate_series(1, {}) g, tenantry.{call} l",
            ADVISORY_LOCKS_PER_SESSION_MAX / 2
        )
    };
    // Each in a transaction of its own, in one transaction with savepoints, and with unlocks between.
    for (call, around) in [
        ("advisory_lock((g + {n} * 1000)::bigint)", ""),
        ("advisory_lock((g + {n} * 1000)::bigint)", "SAVEPOINT s"),
        ("advisory_xact_lock((g + {n} * 1000)::bigint)", "SAVEPOINT s"),
        (
            "try_advisory_lock((g + {n} * 1000)::bigint)",
            "SELECT tenantry.advisory_unlock(g) FROM generate_series(1, 7) g",
        ),
    ] {
        let a = connect(&lab.a.url).await;
        let (mut refused, in_one) = (0, around == "SAVEPOINT s");
        if in_one {
            a.batch_execute("BEGIN").await.unwrap();
        }
        for n in 0..40 {
            a.batch_execute(around).await.unwrap();
            let sql = greedy(call).replace("{n}", &n.to_string());
            if let Err(e) = a.batch_execute(&sql).await {
                assert_eq!(e.code().unwrap().code(), "53400", "{sql}: {e:?}");
                refused += 1;
                if in_one {
                    a.batch_execute("ROLLBACK TO SAVEPOINT s").await.unwrap();
                }
            }
        }
        let held = held(&superuser).await;
        assert!(
            refused > 30 && held <= most && held >= most / 2,
            "{call} {around}: {held} held, {refused} refused"
        );
        if in_one {
            a.batch_execute("ROLLBACK").await.unwrap();
        }
        run(&a, "advisory_unlock_all()").await;
        assert!(yes(&a, "try_advisory_xact_lock(1)").await, "there is room again");
    }
}

#[tokio::test]
async fn the_app_door_names_a_tenant_first() {
    let lab = lab(Isolation::Shared).await;
    let (app, a) = (connect(&lab.door).await, connect(&lab.a.url).await);
    let e = app.batch_execute("SELECT tenantry.advisory_lock(7)").await.unwrap_err();
    assert_eq!(e.code().unwrap().code(), "28000");
    app.batch_execute(&format!("SET app.current_tenant = '{}'", lab.a.id)).await.unwrap();
    run(&app, "advisory_lock(7)").await;
    assert!(!yes(&a, "try_advisory_lock(7)").await, "it is the tenant's lock");
    app.batch_execute(&format!("SET app.current_tenant = '{}'", lab.b.id)).await.unwrap();
    assert!(!yes(&app, "advisory_unlock(7)").await, "and not another's");
}
