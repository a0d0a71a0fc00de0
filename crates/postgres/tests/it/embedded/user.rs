use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;

use tenantry_postgres::embedded::Mode;

use super::folder::{Folder, client, owner};
use super::other::Other;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The user of a process, as the kernel shows it.
fn user_of(pid: i32) -> u32 {
    owner(std::path::Path::new(&format!("/proc/{pid}")))
}

#[tokio::test]
async fn the_server_never_runs_as_root() {
    let folder = Folder::new();
    let embedded = folder.up().await;
    let user = user_of(embedded.postmaster().await.unwrap());
    assert_ne!(user, 0);
    assert_eq!(user, owner(&folder.data()));
    if !is_root() {
        assert_eq!(user, rustix::process::geteuid().as_raw());
    }
    embedded.close().await.unwrap();
}

/// A process of an ordinary user; where we are root, one that we make.
#[tokio::test]
async fn an_ordinary_user_runs_it_as_itself() {
    let folder = Folder::new();
    let home = folder.path().parent().unwrap().to_owned();
    // The build's own folder may be closed to that user.
    let program = home.join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let uid = if is_root() { 65534 } else { rustix::process::geteuid().as_raw() };
    chown(&home, Some(uid), None).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let other = Other::run(&program, &folder.path(), Mode::Exclusive, |command| {
        command.current_dir("/").env("HOME", &home);
        if is_root() { command.uid(uid).gid(uid) } else { command }
    })
    .await
    .unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(user_of(other.postmaster), uid);
    assert_eq!(owner(&folder.path().join("postgres.password")), uid);
    other.close();
}

/// A folder that the server's user may not enter, as root's home is.
#[tokio::test]
async fn data_goes_elsewhere_when_the_folder_is_closed_to_the_servers_user() {
    let folder = Folder::new();
    let home = folder.path().parent().unwrap().to_owned();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let embedded = folder.up().await;
    let data = embedded.data_directory().to_owned();
    let port = embedded.server().port;
    client(&embedded).await;
    embedded.close().await.unwrap();
    if is_root() {
        assert!(data.starts_with("/var/lib/tenantry"), "{}", data.display());
        assert_eq!(fs::read_link(folder.data()).unwrap(), data);
    } else {
        assert_eq!(data, folder.data());
    }
    let again = folder.up().await;
    assert_eq!((again.data_directory(), again.server().port), (data.as_path(), port));
    again.close().await.unwrap();
    if is_root() {
        fs::remove_dir_all(&data).unwrap();
    }
}
