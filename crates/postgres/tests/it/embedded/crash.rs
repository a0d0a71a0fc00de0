use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use tenantry_postgres::embedded::Mode;

use super::folder::{Folder, client, kill, lives, one, owner, until};
use super::other::Other;

#[tokio::test]
async fn a_killed_postmaster_recovers() {
    let folder = Folder::new();
    let embedded = folder.up().await;
    let session = client(&embedded).await;
    session.batch_execute("CREATE TABLE kept AS SELECT 'yes'::text AS word").await.unwrap();
    kill("KILL", embedded.postmaster().await.unwrap());
    embedded.close().await.unwrap();
    assert!(folder.pid_file().exists(), "a killed server leaves its file behind");
    let again = folder.up().await;
    assert_eq!(one(&client(&again).await, "SELECT word FROM kept").await, "yes");
    again.close().await.unwrap();
}

#[tokio::test]
async fn the_server_of_a_killed_owner_is_adopted() {
    let folder = Folder::new();
    let other = Other::open(&folder.path(), Mode::Exclusive).await;
    let (owner, postmaster) = (other.pid, other.postmaster);
    other.kill();
    assert!(!lives(owner) && lives(postmaster), "the server outlives its owner");
    let embedded = folder.up().await;
    assert_eq!(embedded.postmaster().await, Some(postmaster), "adopted, not started anew");
    client(&embedded).await;
    embedded.close().await.unwrap();
    assert!(!lives(postmaster), "an adopted server is stopped like one's own");
}

#[tokio::test]
async fn a_number_that_belongs_to_another_program_is_recognised() {
    let folder = Folder::new();
    let embedded = folder.up().await;
    let postmaster = embedded.postmaster().await.unwrap();
    kill("KILL", postmaster);
    embedded.close().await.unwrap();
    // PostgreSQL itself refuses to start while a process of its user has the number.
    let mut sleeper = Command::new("sleep");
    sleeper.arg("600");
    if rustix::process::geteuid().is_root() {
        sleeper.uid(owner(&folder.data()));
    }
    let mut sleeper = sleeper.spawn().unwrap();
    let text = fs::read_to_string(folder.pid_file()).unwrap();
    let reused = text.replacen(&postmaster.to_string(), &sleeper.id().to_string(), 1);
    assert_ne!(text, reused);
    fs::write(folder.pid_file(), reused).unwrap();
    let again = folder.up().await;
    client(&again).await;
    again.close().await.unwrap();
    assert!(sleeper.try_wait().unwrap().is_none(), "the other program was left alone");
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
}

#[tokio::test]
async fn a_number_of_another_directorys_server_is_recognised() {
    let (folder, neighbour) = (Folder::new(), Folder::new());
    let embedded = folder.up().await;
    let postmaster = embedded.postmaster().await.unwrap();
    kill("KILL", postmaster);
    embedded.close().await.unwrap();
    let theirs = neighbour.up().await;
    let text = fs::read_to_string(folder.pid_file()).unwrap();
    let number = theirs.postmaster().await.unwrap();
    fs::write(folder.pid_file(), text.replacen(&postmaster.to_string(), &number.to_string(), 1)).unwrap();
    let again = folder.up().await;
    assert_ne!(again.server().port, theirs.server().port);
    again.close().await.unwrap();
    assert!(lives(number));
    theirs.close().await.unwrap();
}

#[tokio::test]
async fn an_empty_pid_file_is_no_obstacle() {
    let folder = Folder::new();
    folder.up().await.close().await.unwrap();
    fs::write(folder.pid_file(), "").unwrap();
    let again = folder.up().await;
    client(&again).await;
    again.close().await.unwrap();
}

#[tokio::test]
async fn sessions_that_outlive_a_killed_postmaster_are_waited_for() {
    let folder = Folder::new();
    let embedded = folder.up().await;
    let session = client(&embedded).await;
    session.batch_execute("SET statement_timeout = '2s'").await.unwrap();
    let backend: i32 = one(&session, "SELECT pg_backend_pid()::text").await.parse().unwrap();
    // Busy without waiting for anything, it does not notice that its postmaster is gone.
    let busy =
        tokio::spawn(
            async move { session.batch_execute("DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$").await },
        );
    let watcher = client(&embedded).await;
    let sql = format!("SELECT state FROM pg_stat_activity WHERE pid = {backend}");
    while one(&watcher, &sql).await != "active" {}
    kill("KILL", embedded.postmaster().await.unwrap());
    embedded.close().await.unwrap();
    assert!(lives(backend), "the orphan works on");
    let again = folder.up().await;
    assert!(!lives(backend), "never two on the same data");
    client(&again).await;
    again.close().await.unwrap();
    busy.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn a_server_on_its_way_down_is_waited_for() {
    let folder = Folder::new();
    let embedded = folder.up().await;
    let pid = embedded.postmaster().await.unwrap();
    kill("INT", pid);
    drop(embedded);
    let again = folder.up().await;
    assert_ne!(again.postmaster().await, Some(pid));
    client(&again).await;
    again.close().await.unwrap();
    until("the first is gone", || !lives(pid)).await;
}

/// The first user's server was killed and a second user started another: leaving last, the first stops that.
#[tokio::test]
async fn the_last_user_stops_the_server_that_came_after_its_own() {
    let folder = Folder::new();
    let first = folder.open(Mode::Shared).await.unwrap();
    kill("KILL", first.postmaster().await.unwrap());
    let second = folder.open(Mode::Shared).await.unwrap();
    let postmaster = second.postmaster().await.unwrap();
    assert_ne!(first.postmaster().await, Some(postmaster));
    second.close().await.unwrap();
    assert!(lives(postmaster));
    first.close().await.unwrap();
    assert!(!lives(postmaster));
}
