use std::fs;

use tenantry_domain::ErrorCode;
use tenantry_postgres::embedded::Mode;

use super::folder::Folder;

#[tokio::test]
async fn data_of_another_version_is_refused_and_left_alone() {
    let folder = Folder::new();
    folder.up().await.close().await.unwrap();
    let file = folder.data().join("PG_VERSION");
    let right = fs::read_to_string(&file).unwrap();
    for wrong in ["14", "99"] {
        fs::write(&file, format!("{wrong}\n")).unwrap();
        let e = folder.open(Mode::Exclusive).await.unwrap_err();
        assert_eq!(e.code(), ErrorCode::PostgresVersion);
        assert!(e.message().contains(&format!("PostgreSQL {wrong};")), "{e:?}");
        assert!(e.message().contains(&format!("found: {}.", right.trim())), "{e:?}");
        assert!(e.next_step().contains("dump and restore"), "{e:?}");
    }
    fs::write(&file, right).unwrap();
    folder.up().await.close().await.unwrap();
}

#[tokio::test]
async fn a_version_that_is_no_number_is_refused() {
    let folder = Folder::new();
    folder.up().await.close().await.unwrap();
    fs::write(folder.data().join("PG_VERSION"), "fifteen\n").unwrap();
    let e = folder.open(Mode::Exclusive).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::PostgresVersion, "{e:?}");
}
