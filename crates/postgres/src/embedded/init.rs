//! Making a data directory: `initdb` beside its place, then one rename.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::Stdio;

use tenantry_domain::{Error, ErrorCode, Result};

use super::SUPERUSER;
use super::find::Installation;
use super::log::has_disk_full;
use super::place::{Place, sync_dir};
use super::user::ServerUser;
use crate::error::io_error;
use crate::password;

/// From here on PostgreSQL brings the locale C.UTF-8 with it, the same on every machine.
const BUILTIN_LOCALE_MAJOR: u32 = 17;

/// Makes the data directory with a fresh superuser and password.
pub(crate) async fn initialise(place: &Place, installation: &Installation) -> Result<()> {
    refuse_foreign(&place.data)?;
    let making = place.data_in_making();
    let secret = password::random();
    place.write(&place.file("postgres.password"), &format!("{}\n", secret.reveal()), ServerUser::Own)?;
    let pwfile = making.with_extension("pwfile");
    place.write(&pwfile, &format!("{}\n", secret.reveal()), place.user)?;
    let made = make(place, installation, &making, &pwfile).await;
    let _ = fs::remove_file(&pwfile);
    if made.is_err() {
        let _ = fs::remove_dir_all(&making);
    }
    made?;
    fs::rename(&making, &place.data).map_err(|e| io_error(e, "create", &place.data))?;
    sync_dir(place.data.parent().unwrap_or(&place.root))?;
    place.link_data()
}

/// Only an empty directory may be replaced.
fn refuse_foreign(data: &Path) -> Result<()> {
    let holds_something = fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_some());
    if !holds_something {
        return Ok(());
    }
    Err(Error::new(
        ErrorCode::DirectoryNotEmpty,
        format!("{} holds files, but is no data directory of PostgreSQL", data.display()),
    )
    .help("move them away, or use another folder"))
}

/// Tries the locales in turn: not every machine has C.UTF-8.
async fn make(place: &Place, installation: &Installation, making: &Path, pwfile: &Path) -> Result<()> {
    let locales: &[&[&str]] = if installation.version.major >= BUILTIN_LOCALE_MAJOR {
        &[&["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]]
    } else {
        &[&["--locale=C", "--lc-ctype=C.UTF-8"], &["--locale=C"]]
    };
    let mut said = String::new();
    for locale in locales {
        // Left over from a process that was killed here, or from the locale before.
        match fs::remove_dir_all(making) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(io_error(e, "remove", making));
            }
            _ => {}
        }
        fs::DirBuilder::new().mode(0o700).create(making).map_err(|e| io_error(e, "create", making))?;
        place.user.own(making)?;
        match initdb(place, installation, making, pwfile, locale).await? {
            Ok(()) => return Ok(()),
            Err(text) => said = text,
        }
        if !said.contains("locale") {
            break;
        }
    }
    let code = if has_disk_full(&said) { ErrorCode::DiskFull } else { ErrorCode::PostgresStart };
    Err(Error::new(code, format!("initialise the data directory {}", place.data.display()))
        .because(said.trim().to_owned()))
}

/// Runs `initdb`; what it said on failure.
async fn initdb(
    place: &Place,
    installation: &Installation,
    making: &Path,
    pwfile: &Path,
    locale: &[&str],
) -> Result<Result<(), String>> {
    let program = installation.program("initdb");
    let mut command = place.user.command(&program, making);
    command
        .arg("--pgdata")
        .arg(making)
        .arg("--pwfile")
        .arg(pwfile)
        .args(["--username", SUPERUSER, "--auth=scram-sha-256", "--encoding=UTF8"])
        .args(["--data-checksums", "--no-instructions"])
        .args(locale)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = command.output().await.map_err(|e| io_error(e, "run", &program))?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(Err(if text.trim().is_empty() { output.status.to_string() } else { text }))
}
