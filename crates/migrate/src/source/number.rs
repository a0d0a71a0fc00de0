//! The number in front of a name: digits, or a date and perhaps a time. Pure.

/// Digits that surely fit into a version.
const DIGITS_MAX: usize = 18;

/// A name taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered<'a> {
    /// The number.
    pub number: i64,
    /// It as written.
    pub label: &'a str,
    /// What stands behind it and its separator.
    pub name: &'a str,
}

/// Takes a name apart; none when it has no number of at most 18 digits in front.
pub fn parse(stem: &str) -> Option<Numbered<'_>> {
    let (number, length) = date(stem).or_else(|| digits(stem))?;
    let (label, rest) = stem.split_at_checked(length)?;
    let name = rest.trim_start_matches(['_', '-', '.', ' ']);
    (rest.is_empty() || name.len() < rest.len()).then_some(Numbered { number, label, name })
}

fn digits(stem: &str) -> Option<(i64, usize)> {
    let length = stem.find(|c: char| !c.is_ascii_digit()).unwrap_or(stem.len());
    // `1.2_name` has two numbers, and which of them counts is not for us to guess.
    let rest = stem[length..].strip_prefix('.');
    let two_numbers = rest.is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()));
    if length > DIGITS_MAX || two_numbers {
        return None;
    }
    stem[..length].parse().ok().map(|number| (number, length))
}

/// `2019-11-01`, `2019-11-01-000000`, `2019-11-01-000000-0000` or `2019-11-01-00-00-00`, as fourteen digits.
fn date(stem: &str) -> Option<(i64, usize)> {
    let bytes = stem.as_bytes();
    let two = |at: usize| -> Option<i64> {
        let digits = stem.get(at..at + 2)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let dash = |at: usize| bytes.get(at) == Some(&b'-');
    let (century, year, month, day) = (two(0)?, two(2)?, two(5)?, two(8)?);
    if !(dash(4) && dash(7) && (1..=12).contains(&month) && (1..=31).contains(&day)) {
        return None;
    }
    let date = ((century * 100 + year) * 100 + month) * 100 + day;
    let ends = |at: usize| !bytes.get(at).is_some_and(u8::is_ascii_digit);
    let separated = matches!(bytes.get(10), Some(b'-' | b'_' | b'T'));
    for (minute, second, end) in [(13, 15, 17), (14, 17, 19)] {
        if separated
            && let (Some(h), Some(m), Some(s)) = (two(11), two(minute), two(second))
            && h < 24
            && m < 60
            && s < 60
            && ends(end)
            && (minute == 13 || matches!(bytes.get(13), Some(b'-' | b'_' | b':')))
            && (minute == 13 || bytes.get(16) == bytes.get(13))
        {
            return Some((((date * 100 + h) * 100 + m) * 100 + s, end + counter(&bytes[end..])));
        }
    }
    ends(10).then_some((date * 1_000_000, 10))
}

/// How long the `-0000` is that newer versions of diesel write behind the time.
fn counter(rest: &[u8]) -> usize {
    match rest {
        [b'-', a, b, c, d, b'_', ..] if [a, b, c, d].iter().all(|x| x.is_ascii_digit()) => 5,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stem: &str, expect: Option<(i64, &str, &str)>) {
        let got = parse(stem).map(|n| (n.number, n.label, n.name));
        assert_eq!(got, expect, "{stem}");
    }

    #[test]
    fn numbers_and_dates() {
        check("0001_add_users", Some((1, "0001", "add_users")));
        check("0001-add-users", Some((1, "0001", "add-users")));
        check("7", Some((7, "7", "")));
        check("000", Some((0, "000", "")));
        check("20220123205937_initial", Some((20_220_123_205_937, "20220123205937", "initial")));
        check("00000000000000_diesel_initial_setup", Some((0, "00000000000000", "diesel_initial_setup")));
        check("2019-11-01-000000_posts", Some((20_191_101_000_000, "2019-11-01-000000", "posts")));
        check("2019-11-01-13-59-07_posts", Some((20_191_101_135_907, "2019-11-01-13-59-07", "posts")));
        check("2019-11-01-135907-0012_posts", Some((20_191_101_135_907, "2019-11-01-135907-0012", "posts")));
        check("2019-11-01-135907-0012", Some((20_191_101_135_907, "2019-11-01-135907", "0012")));
        check("2019-11-01_posts", Some((20_191_101_000_000, "2019-11-01", "posts")));
        check("2019-11-01-add-2", Some((20_191_101_000_000, "2019-11-01", "add-2")));
        check("0001.users", Some((1, "0001", "users")));
        check("999999999999999999_x", Some((999_999_999_999_999_999, "999999999999999999", "x")));
    }

    #[test]
    fn other_names_have_no_number() {
        for stem in
            ["", "users", "XXXX-drop", "1st_users", "2fa", "1.2_users", "1234567890123456789_x", "-1_x"]
        {
            check(stem, None);
        }
        check("2019-13-01-x", Some((2019, "2019", "13-01-x")));
        check("é", None);
    }
}
