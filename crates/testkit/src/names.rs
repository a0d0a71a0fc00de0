//! Names of what tests leave on the server: they tell the app, so that a later run can sweep them.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::owner;

/// The first letter of every name.
const MARK: char = 'z';
/// Digits of the time: minutes since 1970 in base 36 have five until the year 2084.
const TIME_DIGITS: usize = 5;
/// Random digits after it.
const RANDOM_DIGITS: usize = 6;
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A fresh name of 12 characters, `[a-z][a-z0-9]*`, for an app. What a test creates with names that begin
/// with it followed by `_` (databases, roles) is swept after the end of its process, if the test does not
/// remove it.
pub fn unique_app_name() -> String {
    let mut name = MARK.to_string();
    let mut minutes = minutes_now();
    let mut time = [b'0'; TIME_DIGITS];
    for digit in time.iter_mut().rev() {
        *digit = DIGITS[(minutes % 36) as usize];
        minutes /= 36;
    }
    name.extend(time.iter().map(|b| char::from(*b)));
    name.extend((0..RANDOM_DIGITS).map(|_| char::from(DIGITS[rand::random_range(0..36)])));
    owner::claim(&name);
    name
}

/// The app of what carries this name; `None` for names of others.
pub(crate) fn app_of(name: &str) -> Option<&str> {
    let app = name.split('_').next()?;
    let digits = app.strip_prefix(MARK)?;
    let made_here =
        digits.len() == TIME_DIGITS + RANDOM_DIGITS && digits.bytes().all(|b| DIGITS.contains(&b));
    made_here.then_some(app)
}

fn minutes_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs() / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_app() {
        let name = unique_app_name();
        assert_eq!(name.len(), 12);
        assert_ne!(name, unique_app_name());
        assert_eq!(app_of(&format!("{name}_control")), Some(name.as_str()));
        for other in ["postgres", "template1", "z", "zebra_crossing", "z0000-abcdef", ""] {
            assert_eq!(app_of(other), None, "{other}");
        }
    }
}
