use tenantry_domain::ErrorCode;
use tenantry_postgres::embedded::Mode;

use super::folder::{Folder, client, lives};
use super::other::Other;

#[tokio::test]
async fn a_second_one_is_refused_and_told_by_whom() {
    let folder = Folder::new();
    let embedded = folder.up().await;
    let e = folder.open(Mode::Exclusive).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::DirectoryInUse);
    assert!(e.message().contains(&format!("process {}", std::process::id())), "{e:?}");
    let Err(refusal) = Other::try_open(&folder.path(), Mode::Exclusive, |c| c).await else {
        panic!("let in beside us")
    };
    assert!(refusal.contains("directory_in_use"), "{refusal}");
    assert!(refusal.contains(&format!("process {}", std::process::id())), "{refusal}");
    client(&embedded).await;
    embedded.close().await.unwrap();
    folder.up().await.close().await.unwrap();
}

#[tokio::test]
async fn a_killed_one_holds_nothing() {
    let folder = Folder::new();
    Other::open(&folder.path(), Mode::Exclusive).await.kill();
    folder.up().await.close().await.unwrap();
}

#[tokio::test]
async fn whoever_leaves_last_stops_the_server() {
    let folder = Folder::new();
    let command = folder.open(Mode::Shared).await.unwrap();
    let postmaster = command.postmaster().await.unwrap();
    let other = Other::open(&folder.path(), Mode::Shared).await;
    let up = folder.up().await;
    assert_eq!((other.postmaster, up.postmaster().await), (postmaster, Some(postmaster)));
    // The one that started it leaves first.
    command.close().await.unwrap();
    assert!(lives(postmaster));
    client(&up).await;
    up.close().await.unwrap();
    assert!(lives(postmaster));
    other.close();
    assert!(!lives(postmaster));
}

#[tokio::test]
async fn many_at_once_start_one_server() {
    let folder = Folder::new();
    let (a, b, c, d) = tokio::join!(
        folder.open(Mode::Shared),
        folder.open(Mode::Shared),
        folder.open(Mode::Exclusive),
        folder.open(Mode::Shared),
    );
    let all = [a.unwrap(), b.unwrap(), c.unwrap(), d.unwrap()];
    let postmaster = all[0].postmaster().await.unwrap();
    for one in &all {
        assert_eq!(one.postmaster().await, Some(postmaster));
        client(one).await;
    }
    let (a, b, c, d) = tokio::join!(all[0].close(), all[1].close(), all[2].close(), all[3].close());
    for closed in [a, b, c, d] {
        closed.unwrap();
    }
    assert!(!lives(postmaster));
}

/// Opening and closing in two processes at once: every opener finds a server that stays while it is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coming_and_going_do_not_race() {
    let folder = Folder::new();
    folder.up().await.close().await.unwrap();
    let path = folder.path();
    let elsewhere = tokio::spawn(async move {
        for _ in 0..4 {
            Other::open(&path, Mode::Shared).await.close();
        }
    });
    for _ in 0..8 {
        let embedded = folder.open(Mode::Shared).await.unwrap();
        client(&embedded).await.batch_execute("SELECT 1").await.unwrap();
        embedded.close().await.unwrap();
    }
    elsewhere.await.unwrap();
}
