//! tokio-postgres, in this process: one check for each thing that its users do.

use std::pin::pin;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Config, Error, GenericClient, NoTls};

use super::world::{Way, World};

const INSERT: &str = "INSERT INTO items (run, sku, owner, qty) VALUES ($1, $2, $3, $4)";
const ENDLESS: &str = "SELECT count(*) FROM generate_series(1, 10000000000)";
const POOL: usize = 8;
const TRANSACTIONS: usize = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokio_postgres() {
    let world = World::start().await;
    let mut running = JoinSet::new();
    for way in world.ways.clone() {
        running.spawn(async move {
            let it = Tokio { run: format!("tokio {}", way.door), way };
            it.types().await;
            it.transactions().await;
            it.prepared_and_pipelined().await;
            it.copies().await;
            it.pages().await;
            it.errors_and_cancel().await;
            it.settings().await;
            it.pool().await;
        });
    }
    running.join_all().await;
}

/// One way, and the name that its rows have.
#[derive(Clone)]
struct Tokio {
    way: Way,
    run: String,
}

fn sqlstate<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().code().map_or("none", |code| code.code()).to_owned()
}

impl Tokio {
    async fn connect(&self) -> Client {
        let mut config = Config::new();
        config.host(&self.way.url.host).port(self.way.url.port).user(&self.way.url.user);
        config.password(self.way.url.password.reveal()).dbname(&self.way.database);
        if self.way.door == "app" {
            config.options(format!("-c app.current_tenant={}", self.way.tenant));
        }
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    async fn insert(&self, on: &impl GenericClient, sku: &str, qty: i32) -> Result<u64, Error> {
        on.execute(INSERT, &[&self.run, &sku, &self.way.tenant, &qty]).await
    }

    async fn count(&self, on: &impl GenericClient, pattern: &str) -> i64 {
        let sql = "SELECT count(*) FROM items WHERE run = $1 AND sku LIKE $2";
        on.query_one(sql, &[&self.run, &pattern]).await.unwrap().get(0)
    }

    async fn own(&self, on: &impl GenericClient) {
        let rows = on.query("SELECT DISTINCT owner FROM items", &[]).await.unwrap();
        let owners: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(owners, [self.way.tenant], "{}", self.way.name());
    }

    async fn types(&self) {
        let client = self.connect().await;
        let sql = "INSERT INTO items (run, sku, owner, big, ratio, is_on, data, tags, raw, note)
                   VALUES ($1, 'types', $2, $3, $4, $5, $6, $7, $8, $9)
                   RETURNING big, ratio, is_on, data, tags, raw, note";
        let data = serde_json::json!({ "a": [1, null, "ü"] });
        let tags = vec![Some("a".to_owned()), None, Some("\"".to_owned())];
        let (raw, note) = (vec![0xff_u8; 1_000_000], "✓".repeat(300_000));
        let (big, ratio) = (1_i64 << 62, 0.1_f64);
        let row = client
            .query_one(sql, &[&self.run, &self.way.tenant, &big, &ratio, &true, &data, &tags, &raw, &note])
            .await
            .unwrap();
        assert_eq!((row.get::<_, i64>(0), row.get::<_, f64>(1), row.get::<_, bool>(2)), (big, ratio, true));
        assert_eq!((row.get::<_, serde_json::Value>(3), row.get::<_, Vec<Option<String>>>(4)), (data, tags));
        assert!(row.get::<_, Vec<u8>>(5) == raw && row.get::<_, &str>(6) == note);
    }

    async fn transactions(&self) {
        let mut client = self.connect().await;
        let gone = client.transaction().await.unwrap();
        self.insert(&gone, "gone", 1).await.unwrap();
        gone.rollback().await.unwrap();
        let mut outer = client.transaction().await.unwrap();
        self.insert(&outer, "outer", 1).await.unwrap();
        let inner = outer.transaction().await.unwrap();
        self.insert(&inner, "inner", 1).await.unwrap();
        assert_eq!(sqlstate(self.insert(&inner, "inner", 1).await), "23505");
        inner.rollback().await.unwrap();
        outer.commit().await.unwrap();
        let found = (
            self.count(&client, "gone").await,
            self.count(&client, "outer").await,
            self.count(&client, "inner").await,
        );
        assert_eq!(found, (0, 1, 0), "{}", self.way.name());
    }

    async fn prepared_and_pipelined(&self) {
        let mut client = self.connect().await;
        let statement = client.prepare("SELECT $1::int + 1").await.unwrap();
        for number in 0..5_i32 {
            let transaction = client.transaction().await.unwrap();
            assert_eq!(
                transaction.query_one(&statement, &[&number]).await.unwrap().get::<_, i32>(0),
                number + 1
            );
            transaction.commit().await.unwrap();
        }
        let numbers: Vec<i32> = (0..100).collect();
        let asked = numbers.iter().map(async |number| client.query_one(&statement, &[number]).await);
        let mut found = Vec::new();
        for row in futures_util::future::join_all(asked).await {
            found.push(row.unwrap().get::<_, i32>(0) - 1);
        }
        assert_eq!(found, numbers);
    }

    async fn copies(&self) {
        let client = self.connect().await;
        let lines: String =
            (0..3000).map(|n| format!("{}\tcopied{n}\t{}\t{n}\n", self.run, self.way.tenant)).collect();
        let copied = async {
            let sink = client.copy_in("COPY items (run, sku, owner, qty) FROM STDIN").await?;
            let mut sink = pin!(sink);
            futures_util::SinkExt::send(&mut sink, std::io::Cursor::new(lines.into_bytes())).await?;
            sink.finish().await
        };
        if self.way.isolation == "shared" {
            assert_eq!(sqlstate(copied.await), "0A000");
        } else {
            assert_eq!(copied.await.unwrap(), 3000);
        }
        // A connection of its own: where COPY was refused the driver takes the answers of the next statement for other ones'.
        let client = self.connect().await;
        let out = client.copy_out("COPY (SELECT DISTINCT owner FROM items) TO STDOUT").await.unwrap();
        let parts: Vec<_> = futures_util::TryStreamExt::try_collect(out).await.unwrap();
        assert_eq!(parts.concat(), format!("{}\n", self.way.tenant).into_bytes());
    }

    async fn pages(&self) {
        let mut client = self.connect().await;
        let transaction = client.transaction().await.unwrap();
        let portal = transaction.bind("SELECT n FROM generate_series(1, 100) n", &[]).await.unwrap();
        let mut found: Vec<i32> = Vec::new();
        loop {
            let rows = transaction.query_portal(&portal, 7).await.unwrap();
            found.extend(rows.iter().map(|row| row.get::<_, i32>(0)));
            if rows.len() < 7 {
                break;
            }
        }
        assert_eq!(found, (1..=100).collect::<Vec<_>>());
    }

    async fn errors_and_cancel(&self) {
        let client = self.connect().await;
        assert_eq!(sqlstate(client.batch_execute("SELEC 1").await), "42601");
        assert_eq!(sqlstate(client.query("SELECT * FROM nowhere", &[]).await), "42P01");
        assert_eq!(sqlstate(self.insert(&client, "less", -1).await), "23514");
        assert_eq!(sqlstate(client.query("SELECT 1 / $1::int", &[&0]).await), "22012");
        let cancel = client.cancel_token();
        let canceller = tokio::spawn(async move {
            sleep(Duration::from_millis(300)).await;
            cancel.cancel_query(NoTls).await
        });
        let ended = timeout(Duration::from_secs(60), client.batch_execute(ENDLESS)).await.expect("it ends");
        assert_eq!(sqlstate(ended), "57014");
        canceller.await.unwrap().unwrap();
        let limited =
            client.batch_execute(&format!("BEGIN; SET LOCAL statement_timeout = 100; {ENDLESS}")).await;
        assert_eq!(sqlstate(limited), "57014");
        client.batch_execute("ROLLBACK").await.unwrap();
    }

    async fn settings(&self) {
        let client = self.connect().await;
        client.batch_execute("SET TimeZone = 'Asia/Tokyo'").await.unwrap();
        for _ in 0..3 {
            let row = client.query_one("SELECT current_setting('TimeZone')", &[]).await.unwrap();
            assert_eq!(row.get::<_, &str>(0), "Asia/Tokyo", "{}", self.way.name());
        }
    }

    async fn pool(&self) {
        let mut workers = JoinSet::new();
        for worker in 0..POOL {
            let it = self.clone();
            workers.spawn(async move {
                let mut client = it.connect().await;
                for number in 0..TRANSACTIONS {
                    let transaction = client.transaction().await.unwrap();
                    it.insert(&transaction, &format!("pool{worker}-{number}"), 1).await.unwrap();
                    it.own(&transaction).await;
                    transaction.commit().await.unwrap();
                }
            });
        }
        workers.join_all().await;
        let all = i64::try_from(POOL * TRANSACTIONS).unwrap();
        assert_eq!(self.count(&self.connect().await, "pool%").await, all, "{}", self.way.name());
    }
}
