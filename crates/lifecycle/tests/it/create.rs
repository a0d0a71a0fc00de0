//! Creating tenants in the three isolations, from the template and from blanks.

use tenantry_domain::{Isolation, TenantKeyType, TenantStatus};
use tenantry_testkit::{AppOptions, TestApp};
use tokio_postgres::Client;

const MIGRATIONS: &[(&str, &str)] = &[
    (
        "0001_shop.up.sql",
        "CREATE TABLE categories (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
         INSERT INTO categories (name) VALUES ('tools'), ('toys');
         CREATE TABLE products (
           id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
           category_id integer REFERENCES categories ON DELETE SET NULL,
           sku text NOT NULL UNIQUE, price numeric(10, 2) NOT NULL CHECK (price >= 0),
           gross numeric GENERATED ALWAYS AS (price * 1.2) STORED);
         CREATE VIEW cheap AS SELECT id, sku FROM products WHERE price < 10;",
    ),
    ("0002_more.up.sql", "ALTER TABLE products ADD COLUMN stock integer NOT NULL DEFAULT 0;"),
];

async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(client: &Client, sql: &str) -> T {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

async fn uses_its_data(client: &Client) {
    assert_eq!(one::<i64>(client, "SELECT count(*) FROM categories").await, 2, "seed rows are there");
    assert_eq!(one::<i32>(client, "INSERT INTO categories (name) VALUES ('art') RETURNING id").await, 3);
    for (sku, id) in [("a", 1_i64), ("b", 2)] {
        let sql =
            format!("INSERT INTO products (category_id, sku, price) VALUES (1, '{sku}', 5) RETURNING id");
        assert_eq!(one::<i64>(client, &sql).await, id);
    }
    assert_eq!(one::<i64>(client, "SELECT count(*) FROM cheap").await, 2);
    client.execute("DELETE FROM categories WHERE id = 1", &[]).await.unwrap();
    assert_eq!(one::<i64>(client, "SELECT count(*) FROM products WHERE category_id IS NULL").await, 2);
}

async fn two_tenants_of_each_isolation(options: AppOptions) {
    let app = TestApp::new(MIGRATIONS, options).await;
    for isolation in Isolation::ALL {
        for number in 1..=2 {
            let slug = format!("{isolation}-{number}");
            let row = app.tenant(&slug, isolation).await;
            assert_eq!(row.tenant.status, TenantStatus::Active);
            uses_its_data(&app.login(&slug).await).await;
        }
    }
}

#[tokio::test]
async fn tenants_of_each_isolation_use_the_same_keys() {
    two_tenants_of_each_isolation(AppOptions::default()).await;
}

#[tokio::test]
async fn an_integer_tenant_column_works_as_well() {
    two_tenants_of_each_isolation(AppOptions::default().key("shop_id", TenantKeyType::Integer)).await;
}
