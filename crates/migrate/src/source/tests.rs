//! Folders as apps have them, and those that are refused.

use std::fs;

use super::*;

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn read_all(layout: Option<MigrationLayout>, ignore: &[&str], files: &[(&str, &[u8])]) -> Result<Folder> {
    let ignore: Vec<String> = ignore.iter().map(|i| (*i).to_owned()).collect();
    read(folder(files).path(), layout, &ignore)
}

/// What a folder of files that each hold `SELECT 1` is read as: the layout, then `version label name file [down]`.
fn check(files: &[&str], expect: &[&str]) {
    let files: Vec<(&str, &[u8])> = files.iter().map(|f| (*f, &b"SELECT 1"[..])).collect();
    assert_eq!(lines(&read_all(None, &[], &files).unwrap()), expect);
}

fn lines(folder: &Folder) -> Vec<String> {
    let mut lines = vec![folder.layout.to_string()];
    lines.extend(folder.migrations.iter().map(|m| {
        let down = m.down.as_ref().map_or_else(String::new, |d| format!(" {}", d.file));
        format!("{} {} {} {}{down}", m.version, m.label, m.name, m.file)
    }));
    lines
}

/// The refusal of a folder, with its path taken out.
fn refusal(layout: Option<MigrationLayout>, files: &[(&str, &[u8])]) -> String {
    let dir = folder(files);
    let e = read(dir.path(), layout, &[]).unwrap_err();
    assert_eq!(e.code(), ErrorCode::MigrationLayout, "{e:?}");
    e.message().replace(&format!("{}/", dir.path().display()), "")
}

fn named(files: &[&str]) -> String {
    refusal(None, &files.iter().map(|f| (*f, &b"SELECT 1"[..])).collect::<Vec<_>>())
}

#[test]
fn numbered_files_with_and_without_downs() {
    check(
        &[
            "10_b.sql",
            "0002_a.up.sql",
            "0002_a.down.sql",
            "README.md",
            "schema.prisma",
            "mod.rs",
            ".hidden.sql",
        ],
        &["numbered", "2 0002 a 0002_a.up.sql 0002_a.down.sql", "10 10 b 10_b.sql"],
    );
    check(
        &["20220123205937_initial.up.sql", "20220123205937_initial.down.sql"],
        &[
            "numbered",
            "20220123205937 20220123205937 initial 20220123205937_initial.up.sql 20220123205937_initial.down.sql",
        ],
    );
    check(&["0001-add-x.sql"], &["numbered", "1 0001 add-x 0001-add-x.sql"]);
    check(
        &["0000_a.sql", "0001_b.sql", "meta/_journal.json"],
        &["numbered", "1 0000 a 0000_a.sql", "2 0001 b 0001_b.sql"],
    );
    check(&["0001_A.UP.SQL", "0001_A.DOWN.SQL"], &["numbered", "1 0001 A 0001_A.UP.SQL 0001_A.DOWN.SQL"]);
    check(&["README.md", ".gitkeep", "tsconfig.json"], &["numbered"]);
    assert_eq!(read_folder(&folder(&[]).path().join("none")).unwrap(), []);
}

#[test]
fn folders_of_diesel_and_prisma() {
    check(
        &[
            "00000000000000_diesel_initial_setup/up.sql",
            "00000000000000_diesel_initial_setup/down.sql",
            "2019-11-01-000000_posts/up.sql",
            "2019-11-01-000000_posts/down.sql",
            "2019-11-01-000000_posts/metadata.toml",
            "2020-01-02-112233_more/up.sql",
            ".diesel_lock",
        ],
        &[
            "diesel",
            "1 00000000000000 diesel_initial_setup 00000000000000_diesel_initial_setup/up.sql \
             00000000000000_diesel_initial_setup/down.sql",
            "20191101000000 2019-11-01-000000 posts 2019-11-01-000000_posts/up.sql 2019-11-01-000000_posts/down.sql",
            "20200102112233 2020-01-02-112233 more 2020-01-02-112233_more/up.sql",
        ],
    );
    check(
        &["0_init/migration.sql", "20240102030405_users/migration.sql", "migration_lock.toml"],
        &[
            "prisma",
            "1 0 init 0_init/migration.sql",
            "20240102030405 20240102030405 users 20240102030405_users/migration.sql",
        ],
    );
}

/// Prisma knows a migration by its whole name and goes by the order of names, whatever the numbers are.
#[test]
fn prisma_goes_by_names() {
    check(
        &[
            "20240304123642_traces_view/migration.sql",
            "20240304123642_traces_view_more/migration.sql",
            "20240304123643_next/migration.sql",
            "20240605_by_hand/migration.sql",
            "20240704170658_last/migration.sql",
        ],
        &[
            "prisma",
            "20240304123642 20240304123642_traces_view traces_view 20240304123642_traces_view/migration.sql",
            "20240304123643 20240304123642_traces_view_more traces_view_more \
             20240304123642_traces_view_more/migration.sql",
            "20240304123644 20240304123643 next 20240304123643_next/migration.sql",
            "20240304123645 20240605 by_hand 20240605_by_hand/migration.sql",
            "20240704170658 20240704170658 last 20240704170658_last/migration.sql",
        ],
    );
    check(
        &["10_b/migration.sql", "2_a/migration.sql"],
        &["prisma", "10 10 b 10_b/migration.sql", "11 2 a 2_a/migration.sql"],
    );
}

/// Diesel knows a migration by what stands before the first underscore, without dashes; its own generator has written a
/// part behind the time for a while.
#[test]
fn diesel_goes_by_what_stands_before_the_underscore() {
    check(
        &[
            "20170901000000_b/up.sql",
            "2017-08-31-230457_a/up.sql",
            "2026-05-27-120000-0000_semver_not_null/up.sql",
            "2026-05-27-120000_add_username/up.sql",
            "2026-05-27-130000-0000_last/up.sql",
        ],
        &[
            "diesel",
            "20170831230457 2017-08-31-230457 a 2017-08-31-230457_a/up.sql",
            "20170901000000 20170901000000 b 20170901000000_b/up.sql",
            "20260527120000 2026-05-27-120000 add_username 2026-05-27-120000_add_username/up.sql",
            "20260527120001 2026-05-27-120000-0000 semver_not_null \
             2026-05-27-120000-0000_semver_not_null/up.sql",
            "20260527130000 2026-05-27-130000-0000 last 2026-05-27-130000-0000_last/up.sql",
        ],
    );
    check(&["10_b/up.sql", "2_a/up.sql"], &["diesel", "10 10 b 10_b/up.sql", "11 2 a 2_a/up.sql"]);
}

#[test]
fn versions_of_flyway() {
    check(
        &["V1__a.sql", "V1.10__c.sql", "V1.2__b.sql", "U1.2__b.sql", "V2_1__d.sql", "V1__a.sql.conf"],
        &[
            "flyway",
            "1 1 a V1__a.sql",
            "2 1.2 b V1.2__b.sql U1.2__b.sql",
            "3 1.10 c V1.10__c.sql",
            "4 2.1 d V2_1__d.sql",
        ],
    );
}

#[test]
fn both_directions_in_one_file() {
    let goose = read_all(
        None,
        &[],
        &[
            ("00001_a.sql", b"-- +goose Up\nCREATE TABLE a ();\n-- +goose Down\nDROP TABLE a;\n"),
            ("00002_b.sql", b"-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n"),
        ],
    )
    .unwrap();
    assert_eq!(lines(&goose), ["goose", "1 00001 a 00001_a.sql 00001_a.sql", "2 00002 b 00002_b.sql"]);
    assert_eq!(goose.migrations[0].text, "-- +goose Up\nCREATE TABLE a ();\n");
    assert_eq!(goose.migrations[0].down.as_ref().unwrap().text, "\n\n-- +goose Down\nDROP TABLE a;\n");

    let migrate = read_all(None, &[], &[("1_a.sql", b"-- +migrate Up\nA\n-- +migrate Down\n")]).unwrap();
    assert_eq!(
        lines(&migrate),
        ["sql-migrate", "1 1 a 1_a.sql"],
        "a section without statements takes nothing back"
    );
    let dbmate =
        read_all(None, &[], &[("1_a.sql", b"-- migrate:up\r\nA\r\n-- migrate:down\r\nB\r\n")]).unwrap();
    assert_eq!(lines(&dbmate), ["dbmate", "1 1 a 1_a.sql 1_a.sql"]);
}

#[test]
fn one_script_and_names() {
    check(&["Chinook.sql", "README.md"], &["dump", "1 Chinook Chinook Chinook.sql"]);
    let dir = folder(&[("a.sql", b"A"), ("b.sql", b"B")]);
    let one = read(&dir.path().join("b.sql"), None, &[]).unwrap();
    assert_eq!(lines(&one), ["dump", "1 b b b.sql"], "a file instead of a folder");
    let files: [(&str, &[u8]); 4] =
        [("0002-b.sql", b"B"), ("0002-a.sql", b"A"), ("0002-a.down.sql", b"A"), ("XXXX-last.sql", b"C")];
    assert_eq!(
        lines(&read_all(Some(MigrationLayout::Names), &["XXXX-*"], &files).unwrap()),
        ["names", "1 0002-a 0002-a 0002-a.sql 0002-a.down.sql", "2 0002-b 0002-b 0002-b.sql"]
    );
}

/// One number that repeats is a slip, for instance of two branches that were merged; many are the habit of a tool that
/// knows files by their names.
#[test]
fn numbers_that_repeat() {
    let habit = ["1-a.sql", "1-b.sql", "2-a.sql", "2-b.sql", "3-a.sql", "3-b.sql", "XXXX-last.sql"];
    check(
        &habit,
        &[
            "names",
            "1 1-a 1-a 1-a.sql",
            "2 1-b 1-b 1-b.sql",
            "3 2-a 2-a 2-a.sql",
            "4 2-b 2-b 2-b.sql",
            "5 3-a 3-a 3-a.sql",
            "6 3-b 3-b 3-b.sql",
            "7 XXXX-last XXXX-last XXXX-last.sql",
        ],
    );
    assert_eq!(named(&habit[..5]), "1-a.sql and 1-b.sql have the same number");
    assert_eq!(
        named(&["1-a.up.sql", "1-b.up.sql", "2-a.sql", "2-b.sql", "3-a.sql", "3-b.sql"]),
        "1-a.up.sql and 1-b.up.sql have the same number"
    );
}

#[test]
fn names_that_are_not_understood() {
    assert_eq!(named(&["1_a.sql", "0001_b.up.sql"]), "0001_b.up.sql and 1_a.sql have the same number");
    assert_eq!(
        named(&["1_a.sql", "1_a.down.sql", "01_b.down.sql"]),
        "01_b.down.sql and 1_a.down.sql have the same number"
    );
    assert_eq!(named(&["V1__a.sql", "V1.0__b.sql"]), "V1.0__b.sql and V1__a.sql have the same number");
    assert_eq!(named(&["1_a/up.sql", "1_b/up.sql"]), "1_a/up.sql and 1_b/up.sql have the same number");
    assert_eq!(
        named(&["2019-11-01-000000_a/up.sql", "20191101000000_b/up.sql"]),
        "2019-11-01-000000_a/up.sql and 20191101000000_b/up.sql have the same number"
    );
    assert_eq!(
        named(&["1_a.sql", "users.sql"]),
        "the name of users.sql is not that of a migration: it starts with no number"
    );
    assert_eq!(
        named(&["schema.sql", "seed.sql"]),
        "schema.sql and seed.sql lie in one folder, and nothing says which comes first"
    );
    assert_eq!(named(&["1_a.down.sql"]), "1_a.down.sql takes back a migration that is not there");
    assert_eq!(named(&["V1__a.sql", "U2__a.sql"]), "U2__a.sql takes back a migration that is not there");
    assert_eq!(
        named(&["1_a/up.sql", "2_b/down.sql"]),
        "2_b/down.sql takes back a migration that is not there"
    );
    assert_eq!(named(&["1_a/up.sql", "2_b/README.md"]), "2_b holds no up.sql");
    assert_eq!(
        named(&["1_a/up.sql", "2_b/up.sql", "2_b/more.sql"]),
        "2_b/more.sql is neither up.sql nor down.sql, which are all that this layout's folders have"
    );
    assert_eq!(
        named(&["1_a/up.sql", "b/up.sql"]),
        "the name of b is not that of a migration: it starts with no number"
    );
    assert!(
        named(&["V1__a.sql", "R__views.sql"]).starts_with("R__views.sql is to run again whenever it changes")
    );
    assert!(named(&["V1__a.sql", "B2__base.sql"]).starts_with("B2__base.sql is a baseline"));
    assert!(named(&["V1__a.sql", "beforeMigrate.sql"]).starts_with("the name of beforeMigrate.sql is not"));
    assert!(named(&["V1__a.sql", "V2__b.java"]).starts_with("V2__b.java is a program"));
    assert_eq!(named(&["changelog.xml"]), "changelog.xml is in no layout that is understood");
    assert_eq!(named(&["2020/0001_a.sql"]), "2020/0001_a.sql is in no layout that is understood");
    assert_eq!(named(&["20200101_a.rb"]), "20200101_a.rb is in no layout that is understood");
}

#[test]
fn mixtures_are_refused() {
    assert_eq!(
        named(&["1_a/up.sql", "2_b/migration.sql"]),
        "1_a/up.sql and 2_b/migration.sql follow different layouts"
    );
    assert_eq!(named(&["1_a/up.sql", "2_b.sql"]), "1_a/up.sql and 2_b.sql follow different layouts");
    assert!(named(&["V1__a.sql", "2_b.sql"]).starts_with("the name of 2_b.sql is not that of a migration"));
    assert_eq!(
        named(&["1_a.sql", "old/2_b.sql"]),
        "old/2_b.sql lies in a folder of its own, where this layout has no migrations"
    );
    assert_eq!(
        named(&["1_a.sql", "old/older/2_b.sql"]),
        "old/older/2_b.sql lies in a folder of its own, where this layout has no migrations"
    );
    assert_eq!(
        named(&["1_a/migration.sql", "seed.sql"]),
        "seed.sql lies beside folders with migrations, where this layout has none"
    );
    let goose: &[u8] = b"-- +goose Up\nA\n";
    assert_eq!(
        refusal(None, &[("1_a.sql", goose), ("2_b.sql", b"B")]),
        "2_b.sql:1: a statement stands before the line -- +goose Up"
    );
    let both: &[u8] = b"-- +goose Up\nA\n-- +goose Down\nB";
    assert_eq!(
        refusal(None, &[("1_a.sql", both), ("1_a.down.sql", b"B")]),
        "1_a.down.sql and the section in 1_a.sql both take back the same migration"
    );
}

#[test]
fn a_layout_that_is_named_is_kept_to() {
    let goose: &[u8] = b"-- +goose Up\nA\n-- +goose Down\nB";
    assert_eq!(
        refusal(Some(MigrationLayout::Numbered), &[("1_a.sql", goose)]),
        "1_a.sql:1: the file has sections of goose, which this layout has not"
    );
    assert_eq!(
        refusal(Some(MigrationLayout::Goose), &[("1_a.sql", b"\n")]),
        "1_a.sql:1: the file has no line -- +goose Up, as this layout asks"
    );
    assert_eq!(
        refusal(Some(MigrationLayout::Diesel), &[("1_a.sql", b"A")]),
        "1_a.sql lies beside folders with migrations, where this layout has none"
    );
    assert!(
        refusal(Some(MigrationLayout::Flyway), &[("1_a.sql", b"A")])
            .starts_with("the name of 1_a.sql is not")
    );
    assert_eq!(
        refusal(None, &[("1_a.sql", goose), ("2_b.go", b"package x")]),
        "2_b.go is a program, which can't be run here"
    );
}

#[test]
fn texts_that_are_not_text() {
    assert_eq!(refusal(None, &[("1_a.sql", b"SELECT 1;\n\xff")]), "1_a.sql:2: the file is not UTF-8");
    assert_eq!(
        refusal(None, &[("1_a.up.sql", b""), ("1_a.down.sql", b"\n\n\xff")]),
        "1_a.down.sql:3: the file is not UTF-8"
    );
    assert_eq!(refusal(None, &[("1_a.sql", b"A\0")]), "1_a.sql:1: the file holds a byte 0, which SQL can't");
}

#[test]
fn checksums_are_those_of_the_statements() {
    let sum = |text: &[u8]| read_all(None, &[], &[("1_a.sql", text)]).unwrap().migrations[0].checksum();
    assert_eq!(
        sum(b"SELECT 1;\nSELECT 2;\n"),
        sum(b"\xef\xbb\xbfSELECT 1;\r\nSELECT 2;\r\n"),
        "line ends don't count"
    );
    assert_ne!(sum(b"SELECT 1;"), sum(b"SELECT 2;"));
    let goose = b"-- +goose Up\nA\n-- +goose Down\nB";
    assert_eq!(
        sum(goose),
        sum(b"-- written by hand\n-- +goose Up\nA\n-- +goose Down\nC"),
        "nor what takes it back"
    );
    assert_ne!(sum(goose), sum(b"-- +goose Up\nX\n-- +goose Down\nB"));
}

#[test]
fn a_down_without_statements_takes_nothing_back() {
    let files: [(&str, &[u8]); 2] =
        [("1_a.up.sql", b""), ("1_a.down.sql", b"-- Add down migration script here\n")];
    assert_eq!(read_all(None, &[], &files).unwrap().migrations[0].down, None);
}

#[cfg(unix)]
#[test]
fn links_stay_in_the_folder() {
    use std::os::unix::fs::symlink;
    let (dir, other) =
        (folder(&[("..data/1_a.sql", b"A"), ("readme.md", b"")]), folder(&[("2_b.sql", b"B")]));
    symlink("..data/1_a.sql", dir.path().join("1_a.sql")).unwrap();
    assert_eq!(read_folder(dir.path()).unwrap().len(), 1, "as a ConfigMap is mounted");
    symlink(other.path().join("2_b.sql"), dir.path().join("2_b.sql")).unwrap();
    let e = read_folder(dir.path()).unwrap_err();
    assert!(e.message().ends_with("2_b.sql is a link out of the folder"), "{e:?}");
    fs::remove_file(dir.path().join("2_b.sql")).unwrap();
    symlink("nowhere", dir.path().join("3_c.sql")).unwrap();
    let e = read_folder(dir.path()).unwrap_err();
    assert!(e.message().ends_with("3_c.sql is a link that leads nowhere"), "{e:?}");
}

#[test]
fn migrations_are_found_by_what_people_call_them() {
    let files: Vec<(&str, &[u8])> = vec![("0001_a.up.sql", b"A"), ("0010_b.up.sql", b"B")];
    let numbered = read_all(None, &[], &files).unwrap().migrations;
    for (text, version) in
        [("1", 1), ("0001", 1), ("010", 10), ("0010_b", 10), ("0010_b.up.sql", 10), ("0", 0), ("none", 0)]
    {
        assert_eq!(resolve(&numbered, text).unwrap(), version, "{text}");
    }
    let e = resolve(&numbered, "2").unwrap_err();
    assert_eq!(e.message(), "no migration is called 2; the migrations go from 0001 to 0010");

    let diesel = read_all(None, &[], &[("0_init/up.sql", b"A"), ("2019-11-01-000000_b/up.sql", b"B")])
        .unwrap()
        .migrations;
    for (text, version) in [
        ("0", 1),
        ("none", 0),
        ("2019-11-01-000000", 20_191_101_000_000),
        ("20191101000000", 20_191_101_000_000),
        ("2019-11-01-000000_b", 20_191_101_000_000),
    ] {
        assert_eq!(resolve(&diesel, text).unwrap(), version, "{text}");
    }
    let flyway = read_all(None, &[], &[("V1__a.sql", b"A"), ("V1.10__b.sql", b"B")]).unwrap().migrations;
    for (text, version) in [("1", 1), ("1.0", 1), ("1.10", 2), ("1_10", 2), ("V1.10", 2), ("V1.10__b", 2)] {
        assert_eq!(resolve(&flyway, text).unwrap(), version, "{text}");
    }
    let files: [(&str, &[u8]); 3] = [("01-a.sql", b"A"), ("02-b.sql", b"B"), ("02-c.sql", b"C")];
    let names = read_all(Some(MigrationLayout::Names), &[], &files).unwrap().migrations;
    assert_eq!(resolve(&names, "1").unwrap(), 1);
    assert_eq!(resolve(&names, "02-c").unwrap(), 3);
    assert_eq!(
        resolve(&names, "2").unwrap_err().message(),
        "2 may mean 02-b.sql and 02-c.sql".replace(" and ", " or ")
    );
}
