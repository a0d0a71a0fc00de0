//! Functions that refresh materialized views, called by tenants: each refreshes what is its own, whatever else the function
//! does and whatever its caller has prepared.

use std::time::Duration;

use tenantry_domain::Isolation;
use tenantry_testkit::AppOptions;
use tokio_postgres::Client;

use crate::folder::one;
use crate::relations::{each_reads_its_own, history};

const HISTORY: &str = r#"
  CREATE TABLE orders (id serial PRIMARY KEY, buyer text);
  CREATE TABLE log (what text);
  CREATE FUNCTION mark() RETURNS text LANGUAGE sql AS $$ SELECT '*'::text $$;
  CREATE FUNCTION marked(t text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN mark() || t; END $$;
  CREATE MATERIALIZED VIEW buyers AS SELECT buyer, marked(buyer) AS shown, count(*) AS many FROM orders GROUP BY buyer;
  CREATE UNIQUE INDEX ON buyers (buyer);
  CREATE MATERIALIZED VIEW "Totals" AS SELECT count(*) AS many FROM orders;
  CREATE FUNCTION refresh_buyers() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN REFRESH MATERIALIZED VIEW CONCURRENTLY public.buyers; RETURN NULL; END $$;
  CREATE TRIGGER refresh AFTER INSERT OR UPDATE OR DELETE ON orders FOR EACH STATEMENT EXECUTE FUNCTION refresh_buyers();
  CREATE FUNCTION again() RETURNS void LANGUAGE sql AS 'REFRESH MATERIALIZED VIEW buyers; REFRESH MATERIALIZED VIEW "Totals"';
  CREATE FUNCTION again_logged(really boolean) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO public.log VALUES (current_user);
      IF really THEN REFRESH MATERIALIZED VIEW CONCURRENTLY buyers; REFRESH MATERIALIZED VIEW "Totals"; END IF;
      RETURN (SELECT count(*) = 1 AND bool_and(what = session_user) FROM public.log);
    END $$;
  CREATE FUNCTION counted() RETURNS void LANGUAGE sql AS 'DELETE FROM public.log; REFRESH MATERIALIZED VIEW "Totals"';
  INSERT INTO orders (buyer) VALUES ('seed');"#;

const LATER: &str = "INSERT INTO orders (buyer) VALUES ('later'); SELECT again();";

#[tokio::test]
async fn of_the_callers_rows_in_every_isolation() {
    let lab = history(AppOptions::default(), &[HISTORY, LATER]).await;
    let buyers = "SELECT buyer, shown, many FROM buyers ORDER BY many, buyer";
    let totals = "SELECT many FROM \"Totals\"";
    each_reads_its_own(
        &lab,
        "INSERT INTO orders (buyer) VALUES ('NAME'), ('NAME')",
        &[(buyers, "(later,*later,1) (seed,*seed,1) (NAME,*NAME,2)"), (totals, "(2)")],
    )
    .await;
    each_reads_its_own(&lab, "SELECT again()", &[(totals, "(4)")]).await;
    // What else a function does is done with the caller's rights.
    let logged = "DELETE FROM orders WHERE buyer = 'seed'; SELECT 1 / again_logged(true)::int";
    each_reads_its_own(&lab, logged, &[(totals, "(3)")]).await;
    each_reads_its_own(
        &lab,
        "DELETE FROM orders WHERE buyer = 'later'; SELECT counted()",
        &[(totals, "(2)")],
    )
    .await;
}

#[tokio::test]
async fn whatever_the_caller_has_prepared() {
    let lab = history(AppOptions::default(), &[HISTORY, LATER]).await;
    for isolation in Isolation::ALL {
        let (ann, bob) = (
            lab.app.login(&format!("ann-{isolation}")).await,
            lab.app.login(&format!("bob-{isolation}")).await,
        );
        ann.batch_execute("INSERT INTO orders (buyer) VALUES ('secret'); SELECT again()").await.unwrap();
        let schema: String =
            one(&bob, "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'orders'::regclass")
                .await;
        let before = all(&ann).await;
        // Nothing of bob's stands in for what the functions name.
        for planted in [
            "CREATE TEMPORARY TABLE buyers (buyer text, shown text, many bigint)",
            "CREATE TEMPORARY VIEW tenantry_query_buyers AS SELECT 1",
            "CREATE FUNCTION pg_temp.mark() RETURNS text LANGUAGE sql AS 'SELECT ''evil''::text'",
            "CREATE OPERATOR pg_temp.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = textcat)",
        ] {
            let e = bob.batch_execute(planted).await.expect_err(planted);
            assert_eq!(e.code().unwrap().code(), "42501", "{isolation}: {planted}");
        }
        for set in ["search_path = pg_temp", "search_path = ''", "app.current_tenant = 'ann'"] {
            bob.batch_execute(&format!("SET {set}")).await.unwrap();
        }
        bob.batch_execute(&format!("INSERT INTO {schema}.orders (buyer) VALUES ('bob')")).await.unwrap();
        for call in ["again()", "again_logged(true)", "counted()"] {
            bob.batch_execute(&format!("SELECT {schema}.{call}"))
                .await
                .unwrap_or_else(|e| panic!("{isolation} {call}: {e:?}"));
        }
        // A role that may not change what the function changes is not lent the right to.
        for refused in
            [format!("REFRESH MATERIALIZED VIEW {schema}.buyers"), format!("DELETE FROM {schema}.buyers")]
        {
            bob.batch_execute(&refused).await.expect_err(&refused);
        }
        bob.batch_execute("RESET ALL").await.unwrap();
        if isolation == Isolation::Shared {
            let e = bob.batch_execute("SET row_security = off; SELECT again()").await.unwrap_err();
            assert_eq!(e.code().unwrap().code(), "42501", "it fails before it passes by the policy");
            bob.batch_execute("RESET ALL").await.unwrap();
        }
        assert_eq!(all(&bob).await, "bob*bob1 later*later1 seed*seed1 of 3", "{isolation}");
        assert_eq!(all(&ann).await, before, "{isolation}");
        assert_eq!(before, "later*later1 secret*secret1 seed*seed1 of 3", "{isolation}");
    }
    let findings = lab.app.findings().await;
    assert!(findings.is_empty(), "{findings:#?}");
}

/// What a tenant reads of its materialized views.
async fn all(client: &Client) -> String {
    let sql = "SELECT string_agg(buyer || shown || many, ' ' ORDER BY buyer) || ' of ' || (SELECT many FROM \"Totals\") FROM buyers";
    one(client, sql).await
}

/// As the server's REFRESH does it: the second waits, and leaves the rows of one; another tenant does not wait.
#[tokio::test]
async fn by_two_sessions_at_once() {
    let lab = history(AppOptions::default(), &[HISTORY, LATER]).await;
    for isolation in Isolation::ALL {
        let [first, second] = [
            lab.app.login(&format!("ann-{isolation}")).await,
            lab.app.login(&format!("ann-{isolation}")).await,
        ];
        let other = lab.app.login(&format!("bob-{isolation}")).await;
        first
            .batch_execute("BEGIN; INSERT INTO orders (buyer) VALUES ('first'); SELECT again()")
            .await
            .unwrap();
        other.batch_execute("SET lock_timeout = '5s'; SELECT again()").await.unwrap();
        second.batch_execute("SET lock_timeout = '50ms'").await.unwrap();
        let e = second.batch_execute("SELECT again()").await.expect_err("it waits");
        assert_eq!(e.code().unwrap().code(), "55P03", "{isolation}: {e:?}");
        second.batch_execute("SET lock_timeout = 0").await.unwrap();
        let waiting = tokio::spawn(async move {
            second.batch_execute("SELECT again()").await.unwrap();
            second
        });
        let watch = lab.app.data().await;
        let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query = 'SELECT again()')";
        while !one::<bool>(&watch, waits).await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        first.batch_execute("COMMIT").await.unwrap();
        let second = waiting.await.unwrap();
        // The server's own REFRESH looks at the rows before it waits.
        if isolation == Isolation::Shared {
            assert_eq!(all(&second).await, "first*first1 later*later1 seed*seed1 of 3", "{isolation}");
        }
        assert_eq!(
            one::<i64>(&second, "SELECT count(*) - count(DISTINCT buyer) FROM buyers").await,
            0,
            "{isolation}"
        );
    }
}
