//! sqlx as a client of the gateway. The environment is that of `../python/script.py`.

use std::env::var;
use std::error::Error;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolCopyExt as _, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgExecutor, Row as _};
use uuid::Uuid;

type Checked = Result<(), Box<dyn Error + Send + Sync>>;

const INSERT: &str = "INSERT INTO items (run, sku, owner, qty) VALUES ($1, $2, $3, $4)";
const ENDLESS: &str = "SELECT count(*) FROM generate_series(1, 10000000000)";
const POOL: u32 = 8;
const TRANSACTIONS: i64 = 25;

/// Which tenant this is, and through which door.
#[derive(Clone)]
struct World {
    options: PgConnectOptions,
    tenant: String,
    run: String,
    is_shared: bool,
}

impl World {
    fn of_environment() -> Self {
        let get = |name: &str| var(name).unwrap_or_else(|_| panic!("{name} is not set"));
        let tenant = get("TENANT");
        let mut options = PgConnectOptions::new()
            .host(&get("PGHOST"))
            .port(get("PGPORT").parse().expect("a port"))
            .username(&get("PGUSER"))
            .password(&get("PGPASSWORD"))
            .database(&get("PGDATABASE"));
        if get("DOOR") == "app" {
            options = options.options([("app.current_tenant", &tenant)]);
        }
        Self { options, tenant, run: get("RUN"), is_shared: get("ISOLATION") == "shared" }
    }

    async fn connect(&self) -> sqlx::Result<PgConnection> {
        self.options.connect().await
    }

    async fn insert(&self, on: impl PgExecutor<'_>, sku: &str, qty: i32) -> sqlx::Result<()> {
        sqlx::query(INSERT).bind(&self.run).bind(sku).bind(&self.tenant).bind(qty).execute(on).await.map(drop)
    }

    async fn count(&self, on: impl PgExecutor<'_>, pattern: &str) -> sqlx::Result<i64> {
        let sql = "SELECT count(*) FROM items WHERE run = $1 AND sku LIKE $2";
        sqlx::query_scalar(sql).bind(&self.run).bind(pattern).fetch_one(on).await
    }

    async fn own(&self, on: impl PgExecutor<'_>) -> Checked {
        let owners: Vec<String> =
            sqlx::query_scalar("SELECT DISTINCT owner FROM items").fetch_all(on).await?;
        equal(owners, vec![self.tenant.clone()])
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(found: T, expected: T) -> Checked {
    if found == expected { Ok(()) } else { Err(format!("found {found:?}, expected {expected:?}").into()) }
}

fn raised<T>(sqlstate: &str, result: sqlx::Result<T>) -> Checked {
    match result {
        Err(sqlx::Error::Database(error)) => equal(error.code().unwrap_or_default().as_ref(), sqlstate),
        Err(error) => Err(error.into()),
        Ok(_) => Err(format!("no error, {sqlstate} was expected").into()),
    }
}

async fn connects(world: World) -> Checked {
    let options = world.options.clone().application_name("clients");
    let mut connection = options.connect().await?;
    sqlx::query("DELETE FROM items WHERE run = $1").bind(&world.run).execute(&mut connection).await?;
    let name: String =
        sqlx::query_scalar("SELECT current_setting('application_name')").fetch_one(&mut connection).await?;
    equal(name.as_str(), "clients")?;
    connection.close().await.map_err(Into::into)
}

async fn types(world: World) -> Checked {
    let mut connection = world.connect().await?;
    let sql = "INSERT INTO items (run, sku, owner, qty, big, ratio, is_on, token, data, tags, raw, note)
               VALUES ($1, 'types', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
               RETURNING qty, big, ratio, is_on, token, data, tags, raw, note";
    let (token, data) = (Uuid::new_v4(), serde_json::json!({ "a": [1, null, "ü"] }));
    let (tags, raw) =
        (vec![Some("a".to_owned()), None, Some("\"".to_owned())], (0..=255).collect::<Vec<u8>>());
    let query = sqlx::query(sql)
        .bind(&world.run)
        .bind(&world.tenant)
        .bind(7_i32)
        .bind(1_i64 << 62)
        .bind(0.1_f64)
        .bind(true);
    let query = query.bind(token).bind(&data).bind(&tags).bind(&raw).bind("Ünïcode ✓ '\"\\");
    let row = query.fetch_one(&mut connection).await?;
    equal((row.get::<i32, _>(0), row.get::<i64, _>(1), row.get::<f64, _>(2)), (7, 1 << 62, 0.1))?;
    equal(
        (row.get::<bool, _>(3), row.get::<Uuid, _>(4), row.get::<serde_json::Value, _>(5)),
        (true, token, data),
    )?;
    equal((row.get::<Vec<Option<String>>, _>(6), row.get::<Vec<u8>, _>(7)), (tags, raw))?;
    equal(row.get::<&str, _>(8), "Ünïcode ✓ '\"\\")
}

async fn transactions(world: World) -> Checked {
    let mut connection = world.connect().await?;
    let mut transaction = connection.begin().await?;
    world.insert(&mut *transaction, "gone", 1).await?;
    transaction.rollback().await?;
    let mut outer = connection.begin().await?;
    world.insert(&mut *outer, "outer", 1).await?;
    let mut inner = outer.begin().await?;
    world.insert(&mut *inner, "inner", 1).await?;
    raised("23505", world.insert(&mut *inner, "inner", 1).await)?;
    inner.rollback().await?;
    outer.commit().await?;
    let found = [
        world.count(&mut connection, "gone").await?,
        world.count(&mut connection, "outer").await?,
        world.count(&mut connection, "inner").await?,
    ];
    equal(found, [0, 1, 0])?;
    // One that is dropped is rolled back before the next statement.
    let mut dropped = connection.begin().await?;
    world.insert(&mut *dropped, "dropped", 1).await?;
    drop(dropped);
    equal(world.count(&mut connection, "dropped").await?, 0)
}

async fn prepared(world: World) -> Checked {
    let mut connection = world.connect().await?;
    for number in 0..5_i32 {
        let mut transaction = connection.begin().await?;
        let sql = "SELECT $1::int + 1, owner FROM items WHERE run = $2 LIMIT 1";
        let found: (i32, String) =
            sqlx::query_as(sql).bind(number).bind(&world.run).fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        equal(found, (number + 1, world.tenant.clone()))?;
    }
    // More statements than the driver's cache holds: it closes the oldest.
    for number in 0..150 {
        let sql = format!("SELECT {number} + $1::int");
        let found: i32 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(1).fetch_one(&mut connection).await?;
        equal(found, number + 1)?;
    }
    Ok(())
}

async fn copies(world: World) -> Checked {
    let pool = PgPoolOptions::new().max_connections(1).connect_with(world.options.clone()).await?;
    let out = pool.copy_out_raw("COPY (SELECT DISTINCT owner FROM items) TO STDOUT").await?;
    let parts: Vec<_> = out.try_collect().await?;
    equal(String::from_utf8(parts.concat())?.trim(), world.tenant.as_str())?;
    let copy = "COPY items (run, sku, owner, qty) FROM STDIN";
    if world.is_shared {
        return raised("0A000", pool.copy_in_raw(copy).await.map(drop));
    }
    let mut copy = pool.copy_in_raw(copy).await?;
    let lines: String =
        (0..3000).map(|n| format!("{}\tcopied{n}\t{}\t{n}\n", world.run, world.tenant)).collect();
    copy.send(lines.as_bytes()).await?;
    equal(copy.finish().await?, 3000)?;
    equal(world.count(&pool, "copied%").await?, 3000)
}

async fn cursors(world: World) -> Checked {
    let mut connection = world.connect().await?;
    let mut rows =
        sqlx::query_scalar::<_, i32>("SELECT n FROM generate_series(1, 100000) n").fetch(&mut connection);
    for expected in 1..=10 {
        equal(rows.try_next().await?, Some(expected))?;
    }
    // What was not read is passed over.
    drop(rows);
    let mut transaction = connection.begin().await?;
    transaction.execute("DECLARE pages CURSOR FOR SELECT n FROM generate_series(1, 100) n").await?;
    let mut found = Vec::new();
    loop {
        let rows: Vec<i32> = sqlx::query_scalar("FETCH 7 FROM pages").fetch_all(&mut *transaction).await?;
        if rows.is_empty() {
            break;
        }
        found.extend(rows);
    }
    equal(found, (1..=100).collect())
}

async fn large(world: World) -> Checked {
    let mut connection = world.connect().await?;
    let (note, raw) = ("x".repeat(1_000_000), vec![0xff_u8; 1_000_000]);
    let sql = "INSERT INTO items (run, sku, owner, note, raw) VALUES ($1, 'large', $2, $3, $4)";
    sqlx::query(sql)
        .bind(&world.run)
        .bind(&world.tenant)
        .bind(&note)
        .bind(&raw)
        .execute(&mut connection)
        .await?;
    let sql = "SELECT note, raw FROM items WHERE run = $1 AND sku = 'large'";
    let found: (String, Vec<u8>) = sqlx::query_as(sql).bind(&world.run).fetch_one(&mut connection).await?;
    if found == (note, raw) { Ok(()) } else { Err("the large row came back otherwise".into()) }
}

async fn errors(world: World) -> Checked {
    let mut connection = world.connect().await?;
    raised("42601", connection.execute("SELEC 1").await)?;
    raised("42P01", sqlx::query("SELECT * FROM nowhere").execute(&mut connection).await)?;
    raised("23514", world.insert(&mut connection, "less", -1).await)?;
    raised("22012", sqlx::query("SELECT 1 / $1::int").bind(0).execute(&mut connection).await)?;
    equal(sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(&mut connection).await?, 1)
}

async fn timeouts(world: World) -> Checked {
    let mut connection = world.connect().await?;
    let mut transaction = connection.begin().await?;
    transaction.execute("SET LOCAL statement_timeout = 100").await?;
    raised("57014", transaction.execute(ENDLESS).await)?;
    transaction.rollback().await?;
    equal(sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(&mut connection).await?, 1)
}

async fn settings(world: World) -> Checked {
    let options = world.options.clone().options([("TimeZone", "Asia/Tokyo")]);
    let mut connection = options.connect().await?;
    connection.execute("SET statement_timeout = 54321").await?;
    connection.execute("SET search_path = public").await?;
    for _ in 0..3 {
        let found: (String, String) =
            sqlx::query_as("SELECT current_setting('TimeZone'), current_setting('statement_timeout')")
                .fetch_one(&mut connection)
                .await?;
        // The driver itself asks for UTC in the start-up packet, which comes behind the options.
        equal(found, ("UTC".to_owned(), "54321ms".to_owned()))?;
        world.own(&mut connection).await?;
    }
    Ok(())
}

async fn notifications(world: World) -> Checked {
    let options = world.options.clone();
    let mut listener =
        PgListener::connect_with(&PgPoolOptions::new().max_connections(1).connect_with(options).await?)
            .await?;
    listener.listen(&world.run).await?;
    let mut sender = world.connect().await?;
    sqlx::query(sqlx::AssertSqlSafe(format!("NOTIFY \"{}\", 'hello'", world.run)))
        .execute(&mut sender)
        .await?;
    let told = tokio::time::timeout(Duration::from_secs(20), listener.recv()).await??;
    equal((told.channel(), told.payload()), (world.run.as_str(), "hello"))
}

async fn upserts(world: World) -> Checked {
    let mut connection = world.connect().await?;
    let sql =
        format!("{INSERT} ON CONFLICT (run, sku) DO UPDATE SET qty = excluded.qty + items.qty RETURNING qty");
    for expected in [2, 4, 6] {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.clone()))
            .bind(&world.run)
            .bind("upsert")
            .bind(&world.tenant);
        equal(query.bind(2_i32).fetch_one(&mut connection).await?, expected)?;
    }
    Ok(())
}

async fn pools(world: World) -> Checked {
    let pool: PgPool = PgPoolOptions::new().max_connections(POOL).connect_with(world.options.clone()).await?;
    let works: Vec<_> = (0..i64::from(POOL) * 2)
        .map(|worker| {
            let (pool, world) = (pool.clone(), world.clone());
            tokio::spawn(async move {
                for turn in 0..TRANSACTIONS {
                    let mut transaction = pool.begin().await?;
                    world.insert(&mut *transaction, &format!("pool{worker}-{turn}"), 1).await?;
                    world.own(&mut *transaction).await?;
                    transaction.commit().await?;
                }
                Checked::Ok(())
            })
        })
        .collect();
    for work in works {
        work.await??;
    }
    equal(world.count(&pool, "pool%").await?, i64::from(POOL) * 2 * TRANSACTIONS)
}

#[tokio::main]
async fn main() {
    let world = World::of_environment();
    let mut has_failed = false;
    macro_rules! check {
        ($($name:ident)*) => {$(
            match $name(world.clone()).await {
                Ok(()) => println!("ok {}", stringify!($name)),
                Err(error) => {
                    has_failed = true;
                    println!("FAIL {}: {error}", stringify!($name));
                }
            }
        )*};
    }
    check!(connects types transactions prepared copies cursors large errors timeouts settings notifications upserts pools);
    std::process::exit(i32::from(has_failed));
}
