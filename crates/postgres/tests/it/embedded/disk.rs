//! A full disk, made with a small file system in memory. Only root may mount one: for anybody else these tests
//! say so and leave it at the unit tests of `io_error`, `code_of` and `has_disk_full`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tenantry_domain::{ErrorCode, Result};
use tenantry_postgres::embedded::{Embedded, EmbeddedOptions, Mode};
use tenantry_postgres::error::{db_error, sqlstate};

use super::folder::{client, one};

struct SmallDisk {
    temp: TempDir,
}

impl SmallDisk {
    fn mount(mebibytes: u32) -> Option<Self> {
        let temp = tempfile::tempdir().unwrap();
        let options = format!("size={mebibytes}m,mode=755");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(temp.path())
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("no file system may be mounted here: the disk can't be filled");
            return None;
        }
        Some(Self { temp })
    }

    fn path(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap()
    }

    async fn open(&self) -> Result<Embedded> {
        let bin = Some(tenantry_testkit::server::installation().await.bin);
        let directory = self.path().join(".tenantry");
        Embedded::open(EmbeddedOptions { directory, bin, mode: Mode::Exclusive }).await
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.temp.path()).status();
    }
}

fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    let full = std::iter::repeat_with(|| file.write_all(&[1; 4096])).find_map(std::io::Result::err).unwrap();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
}

#[tokio::test]
async fn too_little_space_for_a_new_directory() {
    let Some(disk) = SmallDisk::mount(12) else { return };
    let e = disk.open().await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::DiskFull, "{e:?}");
    let left: Vec<_> =
        fs::read_dir(disk.path().join(".tenantry")).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert!(!left.iter().any(|f| f == "postgres" || f == "postgres.new"), "{left:?}");
}

#[tokio::test]
async fn a_disk_that_fills_up_while_running_and_before_the_next_start() {
    let Some(disk) = SmallDisk::mount(160) else { return };
    let embedded = disk.open().await.unwrap();
    let session = client(&embedded).await;
    session.batch_execute("CREATE TABLE kept AS SELECT 'yes'::text AS word").await.unwrap();
    let ballast = disk.path().join("ballast");
    // Unlogged, so that the table's file meets the end of the disk and not the server's journal.
    let sql =
        "CREATE UNLOGGED TABLE big AS SELECT repeat(md5(i::text), 60) FROM generate_series(1, 1000000) i";
    let e = db_error(session.batch_execute(sql).await.unwrap_err(), "fill");
    assert_eq!((e.code(), sqlstate(&e)), (ErrorCode::DiskFull, Some("53100")), "{e:?}");
    assert_eq!(one(&session, "SELECT word FROM kept").await, "yes", "the server goes on");
    drop(session);
    embedded.close().await.unwrap();

    fill(&ballast);
    let e = disk.open().await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::DiskFull, "{e:?}");
    fs::remove_file(&ballast).unwrap();
    let again = disk.open().await.unwrap();
    assert_eq!(one(&client(&again).await, "SELECT word FROM kept").await, "yes");
    again.close().await.unwrap();
}
