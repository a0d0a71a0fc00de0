//! Which encodings a client may speak.
//!
//! The gateway looks into statements for ASCII: names, quotes, keywords. In the encodings that PostgreSQL allows on the
//! client's side only, the second byte of a character may be an ASCII byte such as the backslash or a quote, so gateway
//! and server could read one text in two ways. Those are refused; drivers convert by themselves.

use tenantry_domain::{Error, ErrorCode, Result};

/// Encodings in which every byte below 128 is that ASCII character, under the name that servers report.
const SAFE: [&str; 35] = [
    "SQL_ASCII",
    "EUC_JP",
    "EUC_CN",
    "EUC_KR",
    "EUC_TW",
    "EUC_JIS_2004",
    "UTF8",
    "MULE_INTERNAL",
    "LATIN1",
    "LATIN2",
    "LATIN3",
    "LATIN4",
    "LATIN5",
    "LATIN6",
    "LATIN7",
    "LATIN8",
    "LATIN9",
    "LATIN10",
    "WIN1256",
    "WIN1258",
    "WIN866",
    "WIN874",
    "KOI8R",
    "WIN1251",
    "WIN1252",
    "ISO_8859_5",
    "ISO_8859_6",
    "ISO_8859_7",
    "ISO_8859_8",
    "WIN1250",
    "WIN1253",
    "WIN1254",
    "WIN1255",
    "WIN1257",
    "KOI8U",
];

/// Other names, without punctuation and in lower case (PostgreSQL: `pg_encname_tbl`).
const ALIASES: [(&str, &str); 30] = [
    ("abc", "WIN1258"),
    ("alt", "WIN866"),
    ("iso88591", "LATIN1"),
    ("iso885910", "LATIN6"),
    ("iso885913", "LATIN7"),
    ("iso885914", "LATIN8"),
    ("iso885915", "LATIN9"),
    ("iso885916", "LATIN10"),
    ("iso88592", "LATIN2"),
    ("iso88593", "LATIN3"),
    ("iso88594", "LATIN4"),
    ("iso88599", "LATIN5"),
    ("koi8", "KOI8R"),
    ("tcvn", "WIN1258"),
    ("tcvn5712", "WIN1258"),
    ("unicode", "UTF8"),
    ("vscii", "WIN1258"),
    ("win", "WIN1251"),
    ("windows1250", "WIN1250"),
    ("windows1251", "WIN1251"),
    ("windows1252", "WIN1252"),
    ("windows1253", "WIN1253"),
    ("windows1254", "WIN1254"),
    ("windows1255", "WIN1255"),
    ("windows1256", "WIN1256"),
    ("windows1257", "WIN1257"),
    ("windows1258", "WIN1258"),
    ("windows866", "WIN866"),
    ("windows874", "WIN874"),
    ("windows949", "UHC"),
];

/// Encodings whose characters may hold ASCII bytes, without punctuation and in lower case, with their other names.
const UNSAFE: [&str; 16] = [
    "big5",
    "gb18030",
    "gbk",
    "johab",
    "mskanji",
    "shiftjis",
    "shiftjis2004",
    "sjis",
    "uhc",
    "win932",
    "win936",
    "win949",
    "win950",
    "windows932",
    "windows936",
    "windows950",
];

/// The encoding's name as servers report it.
///
/// # Errors
/// `encoding_refused` for one that is not safe here, `setting_invalid` for one that does not exist.
pub fn check(name: &str) -> Result<&'static str> {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let other = ALIASES.iter().find(|(alias, _)| *alias == plain).map(|(_, name)| *name);
    let is_unsafe = UNSAFE.contains(&plain.as_str()) || other == Some("UHC");
    if is_unsafe {
        let message = format!("the client encoding {name:?} is not supported by the gateway");
        return Err(Error::new(ErrorCode::EncodingRefused, message));
    }
    let same =
        |safe: &&&str| safe.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).eq(plain.chars());
    other.or_else(|| SAFE.iter().find(same).copied()).ok_or_else(|| {
        Error::new(
            ErrorCode::SettingInvalid,
            format!("invalid value for parameter \"client_encoding\": {name:?}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_drivers_write_them() {
        for (name, expected) in [
            ("UTF8", "UTF8"),
            ("utf-8", "UTF8"),
            ("unicode", "UTF8"),
            ("'utf-8'", "UTF8"),
            ("SQL_ASCII", "SQL_ASCII"),
            ("sqlascii", "SQL_ASCII"),
            ("latin1", "LATIN1"),
            ("ISO-8859-1", "LATIN1"),
            ("iso_8859_5", "ISO_8859_5"),
            ("Windows-1252", "WIN1252"),
            ("EUC_JIS_2004", "EUC_JIS_2004"),
            ("koi8", "KOI8R"),
        ] {
            assert_eq!(check(name).unwrap(), expected, "{name}");
        }
        for safe in SAFE {
            assert_eq!(check(safe).unwrap(), safe);
            assert_eq!(check(&safe.to_lowercase()).unwrap(), safe);
        }
    }

    #[test]
    fn encodings_that_could_hide_a_quote_are_refused() {
        for name in [
            "SJIS",
            "sjis",
            "Shift_JIS",
            "MSKANJI",
            "WIN932",
            "Windows-932",
            "BIG5",
            "win950",
            "GBK",
            "win936",
            "GB18030",
            "gb-18030",
            "UHC",
            "windows-949",
            "win949",
            "JOHAB",
            "SHIFT_JIS_2004",
        ] {
            let error = check(name).unwrap_err();
            assert_eq!(error.code().sqlstate(), "0A000", "{name}");
        }
    }

    #[test]
    fn encodings_that_do_not_exist() {
        for name in ["", "utf9", "auto", "UTF16", "ü", "UTF8; x", "latin11"] {
            let code = check(name).map_err(|e| e.code());
            assert!(code == Err(ErrorCode::SettingInvalid), "{name}: {code:?}");
        }
    }
}
