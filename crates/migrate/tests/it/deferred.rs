//! Checks that wait: each tenant's are made while that tenant is named, behind all that it does in a row.

use tenantry_domain::ErrorCode;
use tenantry_testkit::AppOptions;

use crate::dumps::pairs;
use crate::folder::{Lab, one};

/// The sum of each account's entries is its balance, at the end of every transaction; an account has an owner.
const FIRST: &str = "CREATE TABLE owners (id int PRIMARY KEY, main int NOT NULL);
  CREATE TABLE accounts (id int PRIMARY KEY, owner int NOT NULL REFERENCES owners DEFERRABLE, balance int NOT NULL DEFAULT 0);
  ALTER TABLE owners ADD FOREIGN KEY (main) REFERENCES accounts DEFERRABLE INITIALLY DEFERRED;
  CREATE TABLE entries (account int NOT NULL, amount int NOT NULL, place int UNIQUE DEFERRABLE);
  CREATE TABLE checked (account int, whose text);
  CREATE TABLE whose (name text);
  CREATE FUNCTION balanced() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE s int; b int;
  BEGIN
    SELECT balance INTO STRICT b FROM accounts WHERE id = NEW.account;
    SELECT coalesce(sum(amount), 0) INTO s FROM entries WHERE account = NEW.account;
    IF s <> b THEN RAISE EXCEPTION 'account % is at %, its entries at %', NEW.account, b, s USING ERRCODE = '23514'; END IF;
    INSERT INTO checked SELECT NEW.account, name FROM whose;
    RETURN NULL;
  END $$;
  CREATE CONSTRAINT TRIGGER balanced AFTER INSERT OR UPDATE ON entries DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION balanced();
  CREATE CONSTRAINT TRIGGER balanced_later AFTER UPDATE OF amount ON entries DEFERRABLE
    FOR EACH ROW EXECUTE FUNCTION balanced();";

const OPEN: &str = "INSERT INTO owners VALUES (1, 1); INSERT INTO accounts (id, owner) VALUES (1, 1);
  INSERT INTO entries VALUES (1, 5, 1); INSERT INTO entries VALUES (1, 7, 2); UPDATE accounts SET balance = 12;";

async fn lab() -> (Lab, Vec<String>) {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    let slugs = pairs(&lab).await;
    for slug in &slugs {
        let sql = format!("INSERT INTO whose VALUES ('{slug}')");
        lab.app.login(slug).await.batch_execute(&sql).await.unwrap();
    }
    (lab, slugs)
}

#[tokio::test]
async fn checks_wait_for_the_end_of_the_tenants_turn() {
    let (lab, slugs) = lab().await;
    lab.apply("0002_open.up.sql", OPEN).await;
    let more = "SET CONSTRAINTS ALL DEFERRED;
      UPDATE entries SET amount = 8 WHERE amount = 7;
      UPDATE entries SET place = 3 - place;
      DELETE FROM owners;
      INSERT INTO owners VALUES (1, 2);
      INSERT INTO accounts (id, owner) VALUES (2, 1);
      UPDATE accounts SET balance = 13 WHERE id = 1;
      COMMENT ON TABLE entries IS 'here a turn ends in shared tables';
      UPDATE entries SET amount = 6 WHERE amount = 5;
      UPDATE accounts SET balance = 14 WHERE id = 1;
      SET CONSTRAINTS balanced_later IMMEDIATE;
      DO $$ BEGIN
        SET CONSTRAINTS balanced_later DEFERRED;
        UPDATE entries SET amount = 9 WHERE amount = 8;
        UPDATE accounts SET balance = 15 WHERE id = 1;
      END $$;";
    lab.apply("0003_more.up.sql", more).await;
    for slug in &slugs {
        let own = lab.app.login(slug).await;
        let sql = "SELECT (SELECT string_agg(amount || '@' || place, ' ' ORDER BY place) FROM entries) || ' '
            || (SELECT string_agg(balance::text, ' ' ORDER BY id) FROM accounts)";
        assert_eq!(one::<String>(&own, sql).await, "9@1 6@2 15 0", "{slug}");
        // Two checks of the rows inserted; two of each update but the one of the places, which only the first fires on.
        let checks: String = one(&own, "SELECT whose || ' ' || count(*) FROM checked GROUP BY whose").await;
        assert_eq!(checks, format!("{slug} 10"), "{slug}");
    }
}

/// What does not hold at the end of a tenant's turn stops the file, and nothing of it is kept.
#[tokio::test]
async fn a_check_that_fails_is_that_tenants() {
    let (lab, slugs) = lab().await;
    lab.apply("0002_open.up.sql", OPEN).await;
    let own = lab.app.login(&slugs[1]).await;
    own.batch_execute(
        "BEGIN; UPDATE accounts SET balance = 20; INSERT INTO entries VALUES (1, 8, 3); COMMIT",
    )
    .await
    .unwrap();
    lab.write("0003_fails.up.sql", "UPDATE entries SET amount = amount; UPDATE accounts SET balance = 12;");
    let e = lab.up().await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::MigrationFailed, "{e:?}");
    assert!(e.message().contains("account 1 is at 12, its entries at 20"), "{e:?}");
    for slug in &slugs {
        let expect = if *slug == slugs[1] { 20 } else { 12 };
        let own = lab.app.login(slug).await;
        assert_eq!(one::<i32>(&own, "SELECT balance FROM accounts").await, expect, "{slug}");
    }
}
