//! A clone is what its template is.

use tenantry_postgres::ident::quote_ident;

use crate::{make, read, script, server, value};

const KITCHEN_SINK: &str = include_str!("kitchen_sink.sql");
const SINCE_17: &str = include_str!("since_17.sql");
const SINCE_18: &str = include_str!("since_18.sql");

/// Fills the template with all that the server's version knows.
async fn fill(client: &tokio_postgres::Client) {
    client.batch_execute(KITCHEN_SINK).await.unwrap();
    let version: u32 = value(client, "SHOW server_version_num").await.unwrap().parse().unwrap();
    for (since, sql) in [(17, SINCE_17), (18, SINCE_18)] {
        if version / 10_000 >= since {
            client.batch_execute(sql).await.unwrap();
        }
    }
}

/// What the system catalogs say about a schema.
async fn raw(client: &tokio_postgres::Client, schema: &str) -> Vec<String> {
    let rows = client.query(include_str!("raw.sql"), &[&schema]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// `TENANT` is put into queries in place of the schema.
async fn check(client: &tokio_postgres::Client, query: &str, expect: &str) {
    for tenant in ["template", "tenant_a", "tenant_b"] {
        let query =
            format!("SET search_path = {tenant}, global, extensions; {query}").replace("TENANT", tenant);
        assert_eq!(value(client, &query).await.as_deref(), Some(expect), "{query}");
    }
}

#[tokio::test]
async fn a_clone_equals_its_template() {
    let mut client = server::database().await;
    fill(&client).await;
    let template = read(&mut client, "template").await;
    let clone = script(&mut client, "template").await.unwrap();
    assert_eq!(clone.catalog, template);

    for tenant in ["tenant_a", "tenant_b"] {
        make(&mut client, &clone, tenant, Some("template")).await;
        let found = read(&mut client, tenant).await;
        assert_eq!(template.difference(&found), [], "{tenant}");
        assert_eq!(found, template);
        assert_eq!(found.fingerprint(), template.fingerprint());
        let (expect, found) = (raw(&client, "template").await, raw(&client, tenant).await);
        assert!(expect.len() > 500, "{}", expect.len());
        for (expect, found) in expect.iter().zip(&found) {
            assert_eq!(found, expect, "{tenant}");
        }
        assert_eq!(found.len(), expect.len());
    }
    // A clone of a clone is the same again.
    client.batch_execute("ALTER SCHEMA template RENAME TO aside; CREATE SCHEMA template").await.unwrap();
    let again = script(&mut client, "tenant_a").await.unwrap();
    assert_eq!(again.catalog, template);
    assert_eq!(again.textual, clone.textual);
    assert_eq!(again.structure, clone.structure);
    assert_eq!(again.constraints, clone.constraints);
}

/// Parents that changed when their children were there already: columns behind the children's own, and from PostgreSQL 18 on
/// constraints that forbid NULL under other names.
const LATE: &str = r#"SET search_path = template;
    CREATE TABLE "Par,ent)" (a int NOT NULL, b int, c text CHECK (c <> ''));
    CREATE TABLE other (z int NOT NULL DEFAULT 7, y int);
    CREATE FUNCTION fine(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1 > -9';
    CREATE TABLE child (own int DEFAULT 4 CHECK (own > 0), late int) INHERITS ("Par,ent)", other) WITH (fillfactor = 70);
    ALTER TABLE child ALTER b SET NOT NULL;
    ALTER TABLE "Par,ent)" ALTER b SET NOT NULL, ADD COLUMN late int, ADD COLUMN x int NOT NULL DEFAULT 3 CHECK (x > 0);
    ALTER TABLE "Par,ent)" ADD COLUMN g int GENERATED ALWAYS AS (a + x) STORED, ADD CHECK (fine(a));
    ALTER TABLE child ADD COLUMN own2 serial, ALTER COLUMN z SET DEFAULT 8, ALTER COLUMN c SET STORAGE EXTERNAL;
    CREATE TABLE grandchild (deep text) INHERITS (child);
    ALTER TABLE other ADD COLUMN w date CHECK (w > '2000-01-01'), ALTER COLUMN y SET NOT NULL;
    CREATE TABLE attached (y int NOT NULL, z int NOT NULL, own3 int, w date CHECK (w > '2000-01-01'));
    ALTER TABLE attached ADD CONSTRAINT other_w_check CHECK (w > '2000-01-01');
    ALTER TABLE attached INHERIT other;
    INSERT INTO child (a, b, y, own) VALUES (1, 2, 3, 4);
    INSERT INTO grandchild (a, b, y, deep) VALUES (1, 2, 3, 'x');
    RESET search_path"#;

#[tokio::test]
async fn children_of_parents_that_changed_are_cloned_as_they_are() {
    let mut client = server::database().await;
    client.batch_execute(LATE).await.unwrap();
    let template = read(&mut client, "template").await;
    let clone = script(&mut client, "template").await.unwrap();
    for tenant in ["tenant_a", "tenant_b"] {
        make(&mut client, &clone, tenant, Some("template")).await;
        let found = read(&mut client, tenant).await;
        assert_eq!(template.difference(&found), []);
        assert_eq!(raw(&client, tenant).await, raw(&client, "template").await);
    }
    check(
        &client,
        "SELECT string_agg(r::text, ' ') FROM TENANT.child r",
        "(1,2,,8,3,4,,3,4,1,) (1,2,,8,3,4,,3,4,2,)",
    )
    .await;
    // What the parents get next, the clone gets as the template does.
    for schema in ["template", "tenant_a"] {
        let more = format!(
            r#"SET search_path = {schema}; ALTER TABLE "Par,ent)" DROP COLUMN g, ADD COLUMN n int; ALTER TABLE child ADD o int"#
        );
        client.batch_execute(&more).await.unwrap();
    }
    client.batch_execute("RESET search_path").await.unwrap();
    assert_eq!(raw(&client, "tenant_a").await, raw(&client, "template").await);
}

#[tokio::test]
async fn rows_and_sequences_go_along() {
    let mut client = server::database().await;
    fill(&client).await;
    let clone = script(&mut client, "template").await.unwrap();
    for tenant in ["tenant_a", "tenant_b"] {
        make(&mut client, &clone, tenant, Some("template")).await;
    }
    let client = &client;
    check(client, "SELECT string_agg(c::text, ' ' ORDER BY id) FROM (SELECT id, name, (home).town, open, loud, parent FROM TENANT.customers) c",
        "(1,Anna,\"Town, \"\"x\"\"\",\"[08:00:00,12:00:00)\",ANNA,1) (2,Bea,,,BEA,1)").await;
    check(client, "SELECT string_agg(id::text, ' ') FROM ONLY TENANT.base", "1").await;
    check(client, "SELECT count(*) FROM TENANT.base", "2").await;
    check(client, "SELECT count(*) FROM TENANT.events", "4").await;
    check(client, "SELECT count(*) FROM TENANT.nothing", "1").await;
    check(client, "SELECT string_agg(id::text, ' ') FROM TENANT.drafts", "5 10").await;
    check(client, "SELECT sum(total) FROM TENANT.totals", "210.00").await;
    check(client, "SELECT top FROM TENANT.a_totals", "200.00").await;
    check(client, "INSERT INTO TENANT.customers (name, code) VALUES ('next', 'EF') RETURNING id", "3").await;
    check(client, "INSERT INTO TENANT.drafts (body) VALUES ('1') RETURNING id", "15").await;
    check(client, "INSERT INTO TENANT.orders (customer) VALUES (3) RETURNING id", "3").await;
}

/// Rows that name objects name the clone's own.
#[tokio::test]
async fn oids_of_objects_become_those_of_the_clone() {
    let mut client = server::database().await;
    client
        .batch_execute(
            r#"SET search_path = template;
            CREATE TYPE mood AS ENUM ('ok');
            CREATE DOMAIN relation AS regclass;
            CREATE TABLE "Odd, (template." (n int);
            CREATE SEQUENCE s;
            CREATE FUNCTION f(mood, int, mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
            CREATE FUNCTION lower() RETURNS int LANGUAGE sql AS 'SELECT 1';
            CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);
            CREATE TABLE names (id int PRIMARY KEY, c regclass, d relation, p regproc, q regprocedure, t regtype, n regnamespace, w regconfig, r regrole);
            INSERT INTO names VALUES
              (1, 'names', 's', 'template.lower', 'f(mood,int,mood)', 'mood[]', 'template', 'words', 'pg_monitor'),
              (2, '"Odd, (template."', NULL, 'now', 'upper(text)', 'int', 'pg_catalog', 'simple', NULL),
              (3, 'pg_class', '0', '0', '0', '0', '0', '0', '0');
            RESET search_path"#,
        )
        .await
        .unwrap();
    let clone = script(&mut client, "template").await.unwrap();
    for tenant in ["tenant_a", "tenant_b"] {
        make(&mut client, &clone, tenant, Some("template")).await;
        let text = async |schema: &str| {
            let path = quote_ident(schema);
            let query = format!(
                "SET search_path = {path}; SELECT string_agg(concat_ws('|', c, d, p, q, t, n, w, r), ' ' ORDER BY id) FROM names"
            );
            let printed = value(&client, &format!("SELECT quote_ident('{schema}')")).await.unwrap();
            let found = value(&client, &query).await.unwrap();
            found
                .replace(&format!("{printed}.lower"), "HERE.lower")
                .replace(&format!("|{printed}|"), "|HERE|")
        };
        let expect = "names|s|HERE.lower|f(mood,integer,mood)|mood[]|HERE|words|pg_monitor \
             \"Odd, (template.\"|now|upper(text)|integer|pg_catalog|simple pg_class|-|-|-|-|-|-|-";
        assert_eq!(text("template").await, expect);
        assert_eq!(text(tenant).await, expect);
    }
}

#[tokio::test]
async fn a_schema_without_rows_can_be_made_elsewhere() {
    let mut client = server::database().await;
    fill(&client).await;
    let clone = script(&mut client, "template").await.unwrap();
    let order: Vec<&str> = clone.rows.iter().map(|t| t.table.as_str()).collect();
    let place = |name: &str| order.iter().position(|t| *t == name).unwrap();
    assert!(place("customers") < place("orders"), "{order:?}");
    assert!(!order.contains(&"events"), "rows are copied partition by partition");

    let mut other = server::database().await;
    make(&mut other, &clone, "app", None).await;
    assert_eq!(read(&mut other, "app").await, clone.catalog);
    assert_eq!(value(&other, "SELECT count(*) FROM app.customers").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn a_renamed_clone_equals_its_template() {
    let mut client = server::database().await;
    fill(&client).await;
    let clone = script(&mut client, "template").await.unwrap();
    assert_eq!(clone.textual.len(), 2, "secure() and late(): {:?}", clone.textual);
    make(&mut client, &clone, "blank_1", Some("template")).await;
    let strange = "tenant \"x'";
    client
        .batch_execute(&format!("BEGIN; {} COMMIT", clone.rename_script("blank_1", strange)))
        .await
        .unwrap();
    let found = read(&mut client, strange).await;
    assert_eq!(clone.catalog.difference(&found), []);
    assert_eq!(found.fingerprint(), clone.catalog.fingerprint());

    client.batch_execute("DROP SCHEMA template CASCADE").await.unwrap();
    let name = "SELECT name FROM \"tenant \"\"x'\".secure(1)";
    assert_eq!(value(&client, name).await.as_deref(), Some("Anna"));
    let late = "SELECT \"tenant \"\"x'\".late() > 0";
    assert_eq!(value(&client, late).await.as_deref(), Some("t"));
}

#[tokio::test]
async fn settings_are_put_back() {
    let mut client = server::database().await;
    let transaction = client.transaction().await.unwrap();
    transaction.batch_execute("SET LOCAL search_path = global; SET LOCAL jit = on").await.unwrap();
    tenantry_postgres::catalog::read(&transaction, "template").await.unwrap();
    let query = "SELECT concat_ws(' ', current_setting('search_path'), current_setting('enable_seqscan'),
                 current_setting('enable_hashjoin'), current_setting('enable_mergejoin'), current_setting('jit'),
                 current_setting('row_security'))";
    let row = transaction.query_one(query, &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "global on on on on on");
}
