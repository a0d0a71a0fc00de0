//! MATCH FULL over several columns: the same errors in the same order in every isolation.

use tenantry_domain::Isolation;
use tenantry_testkit::AppOptions;
use tokio_postgres::Client;

use crate::folder::{Lab, in_slug};

const FIRST: &str = "CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
  INSERT INTO p VALUES (1, 1);
  CREATE TABLE t (id int PRIMARY KEY, a int, b int, c int CHECK (c > 0),
    CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p MATCH FULL);
  CREATE TABLE child (more int) INHERITS (t);
  CREATE TABLE parted (id int, a int, b int, FOREIGN KEY (a, b) REFERENCES p MATCH FULL) PARTITION BY RANGE (id);
  CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10);
  CREATE TABLE later (id int, a int, b int);
  INSERT INTO later VALUES (1, 1, 1), (2, NULL, NULL);
  CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.b := NULL; RETURN NEW; END';
  CREATE TABLE changed (a int, b int, FOREIGN KEY (a, b) REFERENCES p MATCH FULL);
  CREATE TRIGGER noted BEFORE INSERT ON changed FOR EACH ROW EXECUTE FUNCTION noted();";

/// SQLSTATE and constraint; nothing where it went well.
async fn said(client: &Client, sql: &str) -> String {
    match client.batch_execute(sql).await {
        Ok(()) => String::new(),
        Err(e) => {
            let e = e.as_db_error().unwrap_or_else(|| panic!("{sql}: {e:?}"));
            format!("{} {}", e.code().code(), e.constraint().unwrap_or("-"))
        }
    }
}

const CASES: &[(&str, &str)] = &[
    ("INSERT INTO t VALUES (1, 1, 1, 1)", ""),
    ("INSERT INTO t VALUES (2, NULL, NULL, 1)", ""),
    ("INSERT INTO t VALUES (3, 1, NULL, 1)", "23503 k"),
    ("INSERT INTO t VALUES (3, NULL, 1, 1)", "23503 k"),
    ("INSERT INTO t VALUES (3, 2, 2, 1)", "23503 k"),
    ("INSERT INTO t VALUES (1, 1, NULL, 1)", "23505 t_pkey"),
    ("INSERT INTO t VALUES (3, 1, NULL, -1)", "23514 t_c_check"),
    ("UPDATE t SET b = NULL WHERE id = 1", "23503 k"),
    ("UPDATE t SET a = NULL, b = NULL WHERE id = 1", ""),
    ("INSERT INTO child VALUES (9, 1, NULL, 1, 1)", ""),
    ("UPDATE t SET c = 2", ""),
    ("INSERT INTO parted VALUES (1, 1, NULL)", "23503 parted_a_b_fkey"),
    ("INSERT INTO part VALUES (1, NULL, 1)", "23503 parted_a_b_fkey"),
    ("INSERT INTO parted VALUES (1, 1, 1)", ""),
    ("INSERT INTO changed VALUES (1, 1)", "23503 changed_a_b_fkey"),
];

#[tokio::test]
async fn a_row_with_some_of_the_columns_is_refused_as_everywhere() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    for isolation in Isolation::ALL {
        let client = lab.app.login(&in_slug(isolation)).await;
        for (sql, expect) in CASES {
            assert_eq!(said(&client, sql).await, *expect, "{isolation}: {sql}");
        }
    }

    // The key follows its columns and its name, and goes.
    lab.apply(
        "0002_changes.up.sql",
        "ALTER TABLE t RENAME COLUMN b TO d; ALTER TABLE t ALTER COLUMN d TYPE bigint; ALTER TABLE t DISABLE TRIGGER ALL;
         ALTER TABLE t ENABLE TRIGGER ALL; ALTER TABLE t RENAME CONSTRAINT k TO l; ALTER TABLE changed DROP COLUMN b;
         ALTER TABLE parted DROP CONSTRAINT parted_a_b_fkey;",
    )
    .await;
    for isolation in Isolation::ALL {
        let client = lab.app.login(&in_slug(isolation)).await;
        assert_eq!(said(&client, "INSERT INTO t VALUES (5, 1, NULL, 1)").await, "23503 l", "{isolation}");
        assert_eq!(said(&client, "INSERT INTO parted VALUES (1, 1, NULL)").await, "", "{isolation}");
    }
}

/// Rows that are there are looked at when the key is made or validated, and not before; every tenant's.
#[tokio::test]
async fn rows_that_are_there() {
    for isolation in Isolation::ALL {
        let lab = Lab::new(AppOptions::default()).await;
        lab.apply("0001_first.up.sql", FIRST).await;
        lab.app.tenant("first", isolation).await;
        lab.app.tenant("second", isolation).await;
        lab.app.login("second").await.execute("INSERT INTO later VALUES (3, 1, NULL)", &[]).await.unwrap();
        let key = "ALTER TABLE later ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p MATCH FULL";
        lab.write("0002_key.up.sql", &format!("{key};"));
        let e = lab.up().await.unwrap_err();
        assert!(format!("{e:?}").contains("violates foreign key constraint"), "{isolation}: {e:?}");
        // Templates of schemas and databases are through, and their tenants wait.
        if isolation != Isolation::Shared {
            continue;
        }
        lab.write("0002_key.up.sql", &format!("{key} NOT VALID;"));
        lab.up().await.unwrap();
        let second = lab.app.login("second").await;
        assert_eq!(said(&second, "INSERT INTO later VALUES (4, NULL, 1)").await, "23503 k");
        assert_eq!(said(&second, "UPDATE later SET id = 7 WHERE id = 3").await, "23503 k");
        lab.write("0003_valid.up.sql", "ALTER TABLE later VALIDATE CONSTRAINT k;");
        let e = lab.up().await.unwrap_err();
        assert!(format!("{e:?}").contains("violates foreign key constraint"), "{isolation}: {e:?}");
        second.execute("DELETE FROM later WHERE id = 3", &[]).await.unwrap();
        lab.up().await.unwrap();
    }
}
