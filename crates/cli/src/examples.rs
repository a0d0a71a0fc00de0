//! The examples and the first files of a new app, embedded in the executable.

use std::fs;
use std::path::Path;

use include_dir::{Dir, include_dir};
use tenantry_domain::{AppName, Error, ErrorCode, Result, ResultExt as _};

use crate::config::FILE_NAME;

static EXAMPLES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../examples");
static STARTER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/starter");

/// What stands for the app's name in the starter's files.
const NAME_MARK: &str = "APP_NAME";

/// The examples' names, in order.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = EXAMPLES.dirs().map(|d| d.path().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Writes an example into a folder that is empty or does not exist.
///
/// # Errors
/// `example_unknown`, `directory_not_empty`, `io`.
pub fn write_example(name: &str, directory: &Path) -> Result<()> {
    let example = EXAMPLES.get_dir(name).filter(|_| !name.contains('/')).ok_or_else(|| {
        Error::new(ErrorCode::ExampleUnknown, format!("there is no example {name:?}"))
            .help(format!("the examples are {}", names().join(", ")))
    })?;
    prepare(directory)?;
    write(example, example.path(), directory, None)
}

/// Writes the first files of a new app into a folder that is empty or does not exist; returns the app's name.
///
/// # Errors
/// `directory_not_empty`, `io`.
pub fn write_starter(directory: &Path) -> Result<AppName> {
    prepare(directory)?;
    let full = directory.canonicalize().code(ErrorCode::Io, format!("read {}", directory.display()))?;
    let name = app_name(&full.file_name().unwrap_or_default().to_string_lossy()).parse()?;
    write(&STARTER, STARTER.path(), directory, Some(&name))?;
    Ok(name)
}

/// What a folder's name gives as an app's: `[a-z][a-z0-9-]*`, at most 20 characters.
fn app_name(folder: &str) -> String {
    let mapped: String = folder
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
        .collect();
    let from = mapped.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let name: String = from.chars().take(20).collect();
    let name = name.trim_end_matches('-');
    if name.is_empty() { "app".to_owned() } else { name.to_owned() }
}

fn prepare(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).code(ErrorCode::Io, format!("create {}", directory.display()))?;
    let mut entries = fs::read_dir(directory).code(ErrorCode::Io, format!("read {}", directory.display()))?;
    if entries.next().is_some() {
        let held = if directory.join(FILE_NAME).is_file() { "holds an app already" } else { "is not empty" };
        return Err(Error::new(
            ErrorCode::DirectoryNotEmpty,
            format!("the folder {} {held}", directory.display()),
        ));
    }
    Ok(())
}

/// Writes the files below `from`. `tenantry.toml` comes last: a folder that has it is whole.
fn write(dir: &Dir<'_>, from: &Path, to: &Path, name: Option<&AppName>) -> Result<()> {
    for inner in dir.dirs() {
        write(inner, from, to, name)?;
    }
    let mut files: Vec<_> = dir.files().collect();
    files.sort_by_key(|f| f.path().file_name().is_some_and(|n| n == FILE_NAME));
    for file in files {
        let path = to.join(file.path().strip_prefix(from).unwrap_or(file.path()));
        let doing = format!("write {}", path.display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).code(ErrorCode::Io, doing.clone())?;
        }
        let written = match (name, file.contents_utf8()) {
            (Some(name), Some(text)) => fs::write(&path, text.replace(NAME_MARK, name.as_str())),
            _ => fs::write(&path, file.contents()),
        };
        written.code(ErrorCode::Io, doing)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_names_of_apps() {
        for (folder, name) in [
            ("shop", "shop"),
            ("My Shop", "my-shop"),
            ("2024_crm", "crm"),
            ("..", "app"),
            ("", "app"),
            ("a-very-long-name-of-a-folder", "a-very-long-name-of"),
        ] {
            assert_eq!(app_name(folder), name, "{folder}");
            name.parse::<AppName>().unwrap();
        }
    }

    #[test]
    fn every_example_has_a_configuration() {
        assert!(names().contains(&"digital-erp".to_owned()));
        for name in names() {
            assert!(EXAMPLES.get_file(format!("{name}/{FILE_NAME}")).is_some(), "{name}");
        }
    }
}
