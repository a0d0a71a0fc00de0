//! Commands to copy: with paths that work from where the user stands.

use std::path::{Path, PathBuf};

/// How this very executable is called on this app from the current folder, ready for a shell.
pub fn command_line(directory: &Path) -> String {
    let here = std::env::current_dir().and_then(|d| d.canonicalize()).unwrap_or_default();
    let program = program(&here);
    if here.starts_with(directory) {
        return program;
    }
    format!("{program} --dir {}", shell_word(&seen_from(&here, directory).to_string_lossy()))
}

fn program(here: &Path) -> String {
    let Ok(executable) = std::env::current_exe() else { return "tenantry".to_owned() };
    let on_path =
        std::env::var_os("PATH").into_iter().flat_map(|p| std::env::split_paths(&p).collect::<Vec<_>>());
    let first = on_path.map(|folder| folder.join("tenantry")).find(|file| file.is_file());
    if first.and_then(|file| file.canonicalize().ok()).is_some_and(|file| file == executable) {
        return "tenantry".to_owned();
    }
    let path = seen_from(here, &executable);
    // A bare name would be looked for on PATH.
    let path =
        if path.components().count() == 1 && path.is_relative() { Path::new(".").join(path) } else { path };
    shell_word(&path.to_string_lossy())
}

/// A path from `here`: relative when it lies below.
pub fn seen_from(here: &Path, path: &Path) -> PathBuf {
    match path.strip_prefix(here) {
        Ok(rest) if rest.as_os_str().is_empty() => PathBuf::from("."),
        Ok(rest) => rest.to_owned(),
        Err(_) => path.to_owned(),
    }
}

/// A path as the user sees it from the current folder.
pub fn for_people(path: &Path) -> String {
    let here = std::env::current_dir().and_then(|d| d.canonicalize()).unwrap_or_default();
    seen_from(&here, path).display().to_string()
}

/// One word of a POSIX shell.
pub fn shell_word(text: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | '@' | '+');
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell_word("demo/digital-erp"), "demo/digital-erp");
        assert_eq!(shell_word("it's here"), r"'it'\''s here'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn paths_below_are_relative() {
        assert_eq!(seen_from(Path::new("/a"), Path::new("/a/b/c")), Path::new("b/c"));
        assert_eq!(seen_from(Path::new("/a"), Path::new("/a")), Path::new("."));
        assert_eq!(seen_from(Path::new("/a/x"), Path::new("/a/b")), Path::new("/a/b"));
    }
}
