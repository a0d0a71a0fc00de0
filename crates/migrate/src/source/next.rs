//! The number that follows a folder's last one: the next in a sequence, or the present moment where numbers are moments.
//! Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Migration, number};

/// Zeros of this length, and longer ones, stand for a moment (diesel's first migration).
const MOMENT_DIGITS_MIN: usize = 8;
/// Numbers of ten digits from here on are seconds since 1970: the second of September 9th, 2001.
const UNIX_SECONDS_MIN: i64 = 1_000_000_000;

/// How numbers are written where the last one doesn't tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// From 1 on, this wide.
    Sequence(usize),
    /// `20261121061500`.
    Digits,
    /// `2026-11-21-061500`.
    Dashed,
}

/// The number of the migration after this one.
pub fn next_label(last: Option<&Migration>, style: Style, now: Timestamp) -> String {
    let written = last.and_then(|m| number::parse(&m.label));
    let Some(written) = written else { return first(style, now) };
    let digits = written.label;
    if digits.contains('-') {
        return later(dashed(now), digits, |n| number::parse(n).map(|n| n.number));
    }
    if let Some(moment) = moment_as(digits, written.number, style, now) {
        return later(moment, digits, |n| number::parse(n).map(|n| n.number));
    }
    format!("{:0width$}", written.number + 1, width = digits.len())
}

/// The version after a written one, as Flyway has them: its last part and one, or the present moment.
pub fn next_version(last: &str, now: Timestamp) -> String {
    let at = last.rfind(['.', '_']).map_or(0, |i| i + 1);
    let (head, part) = last.split_at(at);
    let Ok(number) = part.parse::<i64>() else { return "1".to_owned() };
    let next = moment_as(part, number, Style::Sequence(1), now).filter(|m| at == 0 && m.as_str() > part);
    let next = next.unwrap_or_else(|| format!("{:0width$}", number.saturating_add(1), width = part.len()));
    format!("{head}{next}")
}

fn first(style: Style, now: Timestamp) -> String {
    match style {
        Style::Sequence(width) => format!("{:0width$}", 1),
        Style::Digits => digits(now, "%Y%m%d%H%M%S"),
        Style::Dashed => dashed(now),
    }
}

fn dashed(now: Timestamp) -> String {
    digits(now, "%Y-%m-%d-%H%M%S")
}

fn digits(now: Timestamp, format: &str) -> String {
    now.to_zoned(TimeZone::UTC).strftime(format).to_string()
}

/// The present moment as the last number is written, where that is a moment.
fn moment_as(last: &str, number: i64, style: Style, now: Timestamp) -> Option<String> {
    // A first migration of number 0 says nothing where the tool writes moments.
    let starts_anew =
        number == 0 && (last.len() >= MOMENT_DIGITS_MIN || style == Style::Digits && last.len() == 1);
    if starts_anew {
        return Some(first(if style == Style::Dashed { style } else { Style::Digits }, now));
    }
    let year = last.get(..4)?.parse::<i32>().ok()?;
    let is_year = (1970..=2199).contains(&year);
    match last.len() {
        8 if is_year => Some(digits(now, "%Y%m%d")),
        12 if is_year => Some(digits(now, "%Y%m%d%H%M")),
        14 if is_year => Some(digits(now, "%Y%m%d%H%M%S")),
        17 if is_year => Some(digits(now, "%Y%m%d%H%M%S%3f")),
        10 if number >= UNIX_SECONDS_MIN => Some(now.as_second().to_string()),
        13 if number >= UNIX_SECONDS_MIN * 1_000 => Some(now.as_millisecond().to_string()),
        _ => None,
    }
}

/// The moment, or, where the last number lies in its future, the number after that.
fn later(moment: String, last: &str, number: impl Fn(&str) -> Option<i64>) -> String {
    match (number(&moment), number(last)) {
        (Some(now), Some(before)) if now <= before => {
            format!("{:0width$}", before + 1, width = last.len().min(14))
        }
        _ => moment,
    }
}
