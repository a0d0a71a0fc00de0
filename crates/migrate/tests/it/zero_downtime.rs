//! The worked example of `docs/migrations.md`, run under load: an old and a new version of the app read and write as
//! tenants of every isolation while its files are rolled out. No request fails, no write is lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tenantry_domain::Isolation;
use tenantry_migrate::plan::{Ask, Basis, plan, standings};
use tenantry_testkit::AppOptions;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use crate::folder::{Lab, in_slug, one};

/// Rows of each tenant before the first change.
const ROWS_BEFORE: i32 = 300;
/// Rounds that every worker makes before, and again after, each rollout.
const ROUNDS: usize = 5;

/// The files of the page: code blocks that begin with the name of a file.
fn files() -> Vec<(String, String)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/migrations.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = page.split("```sql\n-- ").skip(1);
    blocks
        .filter_map(|block| {
            let (name, rest) = block.split_once('\n')?;
            let (text, _) = rest.split_once("```")?;
            name.ends_with(".sql").then(|| (name.to_owned(), text.to_owned()))
        })
        .collect()
}

/// A version of the app: which column it knows.
#[derive(Clone, Copy, Debug)]
enum Version {
    Old,
    New,
}

impl Version {
    fn column(self) -> &'static str {
        match self {
            Version::Old => "body",
            Version::New => "content",
        }
    }
}

/// A version at work for one tenant.
struct Worker {
    stop: Arc<AtomicBool>,
    rounds: watch::Receiver<usize>,
    /// What it has written, by id.
    written: JoinHandle<BTreeMap<i32, String>>,
}

impl Worker {
    fn start(client: Client, version: Version) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, rounds) = watch::channel(0);
        let wish = Arc::clone(&stop);
        let written = tokio::spawn(async move {
            let mut written = BTreeMap::new();
            while !wish.load(Ordering::Relaxed) {
                let (id, text) = round(&client, version, written.len()).await;
                written.insert(id, text);
                sender.send_modify(|n| *n += 1);
            }
            written
        });
        Self { stop, rounds, written }
    }

    /// Waits for further rounds.
    async fn goes_on(&mut self) {
        let until = *self.rounds.borrow() + ROUNDS;
        self.rounds.wait_for(|n| *n >= until).await.expect("a request failed");
    }

    async fn stop(self) -> BTreeMap<i32, String> {
        self.stop.store(true, Ordering::Relaxed);
        self.written.await.expect("a request failed")
    }
}

/// Writes a row, changes it, reads it, and reads what others have written.
async fn round(client: &Client, version: Version, number: usize) -> (i32, String) {
    let column = version.column();
    let text = format!("{version:?} {number}");
    let insert = format!("INSERT INTO notes ({column}) VALUES ($1) RETURNING id");
    let id: i32 = client.query_one(&insert, &[&text]).await.expect("insert").get(0);
    let update = format!("UPDATE notes SET {column} = {column} || '!' WHERE id = $1");
    assert_eq!(client.execute(&update, &[&id]).await.expect("update"), 1);
    let select = format!("SELECT {column} FROM notes WHERE id = $1");
    let read: String = client.query_one(&select, &[&id]).await.expect("select").get(0);
    assert_eq!(read, format!("{text}!"));
    let others = format!("SELECT count(*) FROM notes WHERE {column} IS NULL");
    let unread: i64 = client.query_one(&others, &[]).await.expect("count").get(0);
    assert_eq!(unread, 0, "{version:?} reads every row");
    (id, read)
}

async fn start(lab: &Lab, version: Version) -> Vec<(String, Worker)> {
    let mut workers = Vec::new();
    for slug in Isolation::ALL.map(in_slug) {
        let client = lab.app.login(&slug).await;
        workers.push((slug, Worker::start(client, version)));
    }
    workers
}

/// Rolls a file out while everybody is at work, before and after it as well.
async fn roll_out(lab: &Lab, (file, text): &(String, String), workers: &mut [(String, Worker)]) {
    lab.write(file, text);
    let platform = &lab.app.platform;
    let standings = standings(&platform.app, &platform.clusters, None).await.unwrap();
    let ask = Ask { basis: Basis::Servers(&standings), service: None, to: None, registry: None };
    let findings: Vec<String> =
        plan(&platform.app, &ask).unwrap().findings().map(|f| format!("{}: {}", f.rule, f.message)).collect();
    assert_eq!(findings, [""; 0], "{file} is safe");
    for (_, worker) in workers.iter_mut() {
        worker.goes_on().await;
    }
    lab.up().await.unwrap_or_else(|e| panic!("{file}: {e:?}"));
    for (_, worker) in workers.iter_mut() {
        worker.goes_on().await;
    }
}

async fn stop(workers: Vec<(String, Worker)>, written: &mut BTreeMap<String, BTreeMap<i32, String>>) {
    for (slug, worker) in workers {
        written.entry(slug).or_default().extend(worker.stop().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_and_new_side_by_side() {
    let files = files();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 7, "{names:?}");
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply(names[0], &files[0].1).await;
    lab.tenants().await;
    let mut written = BTreeMap::new();
    for slug in Isolation::ALL.map(in_slug) {
        let client = lab.app.login(&slug).await;
        let insert =
            "INSERT INTO notes (body) SELECT 'before ' || i FROM generate_series(1, $1) i RETURNING id, body";
        let rows = client.query(insert, &[&ROWS_BEFORE]).await.unwrap();
        written.insert(slug, rows.iter().map(|r| (r.get(0), r.get(1))).collect::<BTreeMap<i32, String>>());
    }

    let mut old = start(&lab, Version::Old).await;
    for file in &files[1..3] {
        roll_out(&lab, file, &mut old).await;
    }
    let mut both = old;
    both.extend(start(&lab, Version::New).await);
    for file in &files[3..6] {
        roll_out(&lab, file, &mut both).await;
    }
    let new = both.split_off(Isolation::ALL.len());
    stop(both, &mut written).await;
    let mut new = new;
    roll_out(&lab, &files[6], &mut new).await;
    stop(new, &mut written).await;

    for (slug, expected) in &written {
        assert_eq!(lab.versions(slug).await, (7, 7), "{slug}");
        let client = lab.app.login(slug).await;
        let rows = client.query("SELECT id, content FROM notes", &[]).await.unwrap();
        let there: BTreeMap<i32, String> = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
        assert_eq!(&there, expected, "{slug}: every write is there, and nothing else");
        let gone: i64 = one(
            &client,
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 'notes'::regclass AND attname = 'body'",
        )
        .await;
        assert_eq!(gone, 0, "{slug}");
    }
}
