//! What a function of the app makes while it runs comes under row-level security, or is not made.

use tenantry_domain::Isolation;
use tenantry_testkit::AppOptions;
use tokio_postgres::Client;

use crate::folder::{Lab, one};

const TABLES: &str = "CREATE TABLE events (id bigserial, at date NOT NULL, body text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE INDEX ON events (body);
  CREATE TABLE notes (id serial PRIMARY KEY, body text UNIQUE);";

async fn lab() -> (Lab, Client, Client, Client) {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_tables.up.sql", TABLES).await;
    for slug in ["ann", "bob"] {
        lab.app.tenant(slug, Isolation::Shared).await;
    }
    let (data, ann, bob) = (lab.app.data().await, lab.app.login("ann").await, lab.app.login("bob").await);
    (lab, data, ann, bob)
}

/// A function of the app's, as a migration would make it.
async fn make(lab: &Lab, data: &Client, name: &str, body: &str) {
    let layout = lab.app.platform.app.layout();
    let (owner, group) = (layout.owner_role(), layout.group_role(Isolation::Shared));
    let sql = format!(
        "CREATE FUNCTION shared.{name}() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
           SET search_path = shared, pg_temp AS $f$ BEGIN {body} END $f$;
         ALTER FUNCTION shared.{name}() OWNER TO {owner};
         REVOKE ALL ON FUNCTION shared.{name}() FROM PUBLIC; GRANT EXECUTE ON FUNCTION shared.{name}() TO {group}"
    );
    data.batch_execute(&sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
}

#[tokio::test]
async fn partitions_and_copies_are_protected() {
    let (lab, data, ann, bob) = lab().await;
    make(
        &lab,
        &data,
        "grow",
        "EXECUTE 'CREATE TABLE events_24 PARTITION OF events FOR VALUES FROM (''2024-01-01'') TO (''2025-01-01'')';
         EXECUTE 'CREATE TABLE notes_old (LIKE notes INCLUDING INDEXES)';
         EXECUTE 'CREATE TABLE notes_more (extra int) INHERITS (notes)';
         CREATE VIEW bodies AS SELECT body FROM notes;
         EXECUTE 'ALTER TABLE notes_old DISABLE ROW LEVEL SECURITY';",
    )
    .await;
    ann.batch_execute("SELECT grow()").await.unwrap();
    for (own, name) in [(&ann, "ann"), (&bob, "bob")] {
        own.batch_execute(&format!(
            "INSERT INTO events (at, body) VALUES ('2024-05-05', '{name}'); INSERT INTO notes_old (id, body) VALUES (1, '{name}');
             INSERT INTO notes_more (body) VALUES ('{name}');"
        ))
        .await
        .unwrap();
    }
    for (own, name) in [(&ann, "ann"), (&bob, "bob")] {
        for read in ["events", "events_24", "notes_old", "notes_more", "notes", "bodies"] {
            let found: String = one(own, &format!("SELECT string_agg(body, ' ') FROM {read}")).await;
            assert_eq!(found, name, "{read}");
        }
        let e = own.batch_execute("UPDATE notes_old SET tenant_id = gen_random_uuid()").await.unwrap_err();
        assert_eq!(e.code().unwrap().code(), "42501", "the policy checks what is written");
    }
    let findings = lab.app.findings().await;
    // The names and the order of indexes are the server's; nothing else may be open.
    assert!(findings.is_empty(), "{findings:#?}");
}

#[tokio::test]
async fn what_has_no_tenant_is_not_made() {
    let (lab, data, ann, _) = lab().await;
    for (name, body) in [
        ("bare", "EXECUTE 'CREATE TABLE loot (body text)';"),
        ("result", "CREATE TABLE loot AS SELECT body FROM notes;"),
        ("kept", "CREATE MATERIALIZED VIEW loot AS SELECT body FROM notes;"),
        ("keyed", "CREATE TABLE loot (extra int UNIQUE) INHERITS (notes);"),
        ("indexed", "CREATE UNIQUE INDEX loot ON notes (lower(body));"),
    ] {
        make(&lab, &data, name, body).await;
        let e = ann.batch_execute(&format!("SELECT {name}()")).await.unwrap_err();
        assert_eq!(e.code().unwrap().code(), "0A000", "{name}: {e:?}");
    }
    for (name, body) in [("drops", "DROP TABLE events;"), ("takes", "ALTER TABLE notes DROP COLUMN body;")] {
        make(&lab, &data, name, body).await;
        let e = ann.batch_execute(&format!("SELECT {name}()")).await.unwrap_err();
        assert_eq!(e.code().unwrap().code(), "0A000", "{name}: {e:?}");
    }
    let left: i64 = one(&data, "SELECT count(*) FROM pg_class WHERE relname = 'loot'").await;
    assert_eq!(left, 0);
    make(&lab, &data, "passing", "CREATE TEMP TABLE mine (a int); INSERT INTO mine VALUES (1);").await;
    ann.batch_execute("SELECT passing()").await.unwrap();
    // Without the guard the first of them would be open to all.
    data.batch_execute("ALTER EVENT TRIGGER tenantry_guard_shared DISABLE").await.unwrap();
    ann.batch_execute("SELECT bare()").await.unwrap();
    assert!(lab.app.findings().await.iter().any(|f| f.code == "rls_disabled"));
}

/// A history that keeps its partitions by functions: carried, with a note, and the tenants' calls work in every isolation.
#[tokio::test]
async fn a_history_that_grows_partitions() {
    let lab = Lab::new(AppOptions::default()).await;
    let text = "CREATE TABLE logs (id int, at date NOT NULL, line text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
      CREATE FUNCTION grow(year int) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
      BEGIN
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF logs FOR VALUES FROM (%L) TO (%L)',
                       'logs_' || year, make_date(year, 1, 1), make_date(year + 1, 1, 1));
      END $$;
      SELECT grow(2023);";
    lab.apply("0001_logs.up.sql", text).await;
    for slug in ["ann", "bob"] {
        for isolation in Isolation::ALL {
            let slug = format!("{slug}-{isolation}");
            lab.app.tenant(&slug, isolation).await;
            let own = lab.app.login(&slug).await;
            own.batch_execute(&format!(
                "SELECT grow(2024); INSERT INTO logs VALUES (1, '2023-02-02', '{slug}'), (1, '2024-02-02', '{slug}')"
            ))
            .await
            .unwrap_or_else(|e| panic!("{slug}: {e:?}"));
            let found: Vec<String> = one(&own, "SELECT array_agg(line) FROM logs_2024").await;
            assert_eq!(found, [slug]);
        }
    }
    let findings = lab.app.findings().await;
    assert!(findings.is_empty(), "{findings:#?}");
}
