//! The start-up parameter `options`: switches as on the server's command line.
//!
//! Only settings are taken from it: `-c name=value`, `-cname=value`, `--name=value`. Whether a client may choose a
//! setting is decided in [`crate::session::settings`]. All other switches are refused: dropping them without a word would
//! let a client believe that they hold.

use tenantry_domain::{Error, ErrorCode, Result};

/// The settings in `options`, names in lower case and with `_` for `-`, in their order.
///
/// # Errors
/// `setting_invalid` for a switch without a value, `setting_refused` for other switches.
pub fn parse(options: &str) -> Result<Vec<(String, String)>> {
    let mut settings = Vec::new();
    let mut words = split(options).into_iter();
    while let Some(word) = words.next() {
        let assignment = if word == "-c" {
            let missing = || Error::new(ErrorCode::SettingInvalid, "the option -c requires a value");
            words.next().ok_or_else(missing)?
        } else if let Some(rest) = word.strip_prefix("--").or_else(|| word.strip_prefix("-c")) {
            rest.to_owned()
        } else {
            let message = format!("the start-up option {word:?} is not taken");
            return Err(Error::new(ErrorCode::SettingRefused, message).help("use -c name=value"));
        };
        settings.push(assign(&assignment)?);
    }
    Ok(settings)
}

fn assign(assignment: &str) -> Result<(String, String)> {
    match assignment.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            Ok((name.replace('-', "_").to_ascii_lowercase(), value.to_owned()))
        }
        _ => {
            let message = format!("the start-up option {assignment:?} requires a value");
            Err(Error::new(ErrorCode::SettingInvalid, message).help("use -c name=value"))
        }
    }
}

/// Words between blanks; a backslash takes away the meaning of what follows (`pg_split_opts`).
fn split(options: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = options.chars();
    while let Some(c) = characters.next() {
        match c {
            // The six blanks of the C locale.
            ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c' => words.extend(word.take()),
            '\\' => {
                let word = word.get_or_insert_default();
                word.extend(characters.next());
            }
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings(options: &str) -> Vec<(String, String)> {
        parse(options).unwrap()
    }

    #[test]
    fn three_spellings_of_one_setting() {
        let expected = vec![("search_path".to_owned(), "app,public".to_owned())];
        for options in [
            "-c search_path=app,public",
            "-csearch_path=app,public",
            "--search-path=app,public",
            "  -c\tSearch_Path=app,public\n",
        ] {
            assert_eq!(settings(options), expected, "{options:?}");
        }
        assert!(settings(" \t\n ").is_empty());
    }

    #[test]
    fn backslashes_keep_what_follows() {
        assert_eq!(split(r"-c DateStyle=Postgres,\ MDY"), ["-c", "DateStyle=Postgres, MDY"]);
        assert_eq!(split(r"a\\b \  c\"), [r"a\b", " ", "c"]);
        assert_eq!(
            settings(r"-c a.b=1=2\ 3 --d="),
            [("a.b".into(), "1=2 3".into()), ("d".into(), String::new())]
        );
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for (options, code) in [
            ("-c", ErrorCode::SettingInvalid),
            ("-c role", ErrorCode::SettingInvalid),
            ("-c =x", ErrorCode::SettingInvalid),
            ("--", ErrorCode::SettingInvalid),
            ("--x", ErrorCode::SettingInvalid),
            ("-e", ErrorCode::SettingRefused),
            ("-S 1000", ErrorCode::SettingRefused),
            ("-ec role=x", ErrorCode::SettingRefused),
            ("postgres", ErrorCode::SettingRefused),
            ("-", ErrorCode::SettingRefused),
        ] {
            assert_eq!(parse(options).unwrap_err().code(), code, "{options:?}");
        }
    }

    proptest! {
        #[test]
        fn escaped_values_come_out_as_they_went_in(value in "\\PC{0,40}") {
            let escaped: String = value.chars().flat_map(|c| ['\\', c]).collect();
            prop_assert_eq!(settings(&format!("-c x={escaped}")), vec![("x".to_owned(), value)]);
        }
    }
}
