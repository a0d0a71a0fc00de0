//! The lines of a COPY taken apart, as the server's manual describes its formats `text` and `csv`.

use super::options::Options;
use crate::refuse::Refuse;
use crate::source::Data;

/// A row with the line that it begins in; a field without a value is null.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub line: usize,
    pub fields: Vec<Option<String>>,
}

/// Lines in the format `text`.
pub(super) fn text(data: &Data<'_>, options: &Options) -> Result<Vec<Row>, Refuse> {
    let mut rows = Vec::new();
    for (i, line) in data.text.lines().enumerate().skip(usize::from(options.header)) {
        let number = data.line + i;
        let fields = split(line.as_bytes(), options.delimiter)
            .into_iter()
            .map(|raw| {
                if raw == options.null.as_bytes() {
                    return Ok(None);
                }
                String::from_utf8(unescape(raw))
                    .map(Some)
                    .map_err(|_| Refuse::all("a value is not UTF-8", "correct the line").at(number, 1))
            })
            .collect::<Result<_, _>>()?;
        rows.push(Row { line: number, fields });
    }
    Ok(rows)
}

/// The fields of a line: a backslash takes the delimiter's meaning away.
fn split(line: &[u8], delimiter: u8) -> Vec<&[u8]> {
    let (mut fields, mut start, mut i) = (Vec::new(), 0, 0);
    while i < line.len() {
        if line[i] == b'\\' {
            i += 2;
            continue;
        }
        if line[i] == delimiter {
            fields.push(&line[start..i]);
            start = i + 1;
        }
        i += 1;
    }
    fields.push(&line[start..]);
    fields
}

fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&c, tail)) = rest.split_first() {
        rest = tail;
        if c != b'\\' {
            out.push(c);
            continue;
        }
        let Some((&c, tail)) = rest.split_first() else {
            out.push(b'\\');
            break;
        };
        rest = tail;
        out.push(match c {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'0'..=b'7' => digits(c - b'0', &mut rest, (8, 2)),
            b'x' if rest.first().is_some_and(u8::is_ascii_hexdigit) => digits(0, &mut rest, (16, 2)),
            other => other,
        });
    }
    out
}

/// The byte that the digits at the head of `rest` make with those before, at most `count` more.
fn digits(first: u8, rest: &mut &[u8], (radix, count): (u8, usize)) -> u8 {
    let mut value = first;
    for _ in 0..count {
        let digit = rest.first().and_then(|c| char::from(*c).to_digit(u32::from(radix)));
        let Some(digit) = digit.and_then(|d| u8::try_from(d).ok()) else { break };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        *rest = rest.get(1..).unwrap_or_default();
    }
    value
}

/// Lines in the format `csv`, where a quoted value may hold the end of a line.
pub(super) fn csv(data: &Data<'_>, options: &Options) -> Result<Vec<Row>, Refuse> {
    let bytes = data.text.as_bytes();
    let (mut rows, mut at, mut line) = (Vec::new(), 0, data.line);
    while at < bytes.len() {
        let mut row = Row { line, fields: Vec::new() };
        loop {
            let (field, next, end) = csv_field(bytes, at, options)
                .ok_or_else(|| Refuse::all("a quote is not closed", "close it").at(row.line, 1))?;
            line += bytes.get(at..next).unwrap_or_default().iter().filter(|b| **b == b'\n').count();
            at = next;
            row.fields.push(field);
            if end {
                break;
            }
        }
        rows.push(row);
    }
    if options.header && !rows.is_empty() {
        rows.remove(0);
    }
    Ok(rows)
}

/// One field, the place behind what ends it, and whether that ended the row.
fn csv_field(bytes: &[u8], start: usize, options: &Options) -> Option<(Option<String>, usize, bool)> {
    let (mut value, mut quoted, mut i) = (Vec::new(), false, start);
    let ended = loop {
        let c = bytes.get(i).copied();
        match c {
            None => break true,
            Some(b'\n') => {
                i += 1;
                break true;
            }
            Some(b'\r') if matches!(bytes.get(i + 1), Some(b'\n') | None) => i += 1,
            Some(c) if c == options.delimiter => {
                i += 1;
                break false;
            }
            Some(c) if c == options.quote => {
                quoted = true;
                i = quoted_part(bytes, i + 1, options, &mut value)?;
            }
            Some(c) => {
                value.push(c);
                i += 1;
            }
        }
    };
    let value = String::from_utf8(value).ok()?;
    let null = !quoted && value == options.null;
    Some(((!null).then_some(value), i, ended))
}

/// What stands between quotes; the place behind the closing one.
fn quoted_part(bytes: &[u8], mut i: usize, options: &Options, value: &mut Vec<u8>) -> Option<usize> {
    loop {
        let c = *bytes.get(i)?;
        let next = bytes.get(i + 1).copied();
        if c == options.escape && next.is_some_and(|n| n == options.quote || n == options.escape) {
            value.extend(next);
            i += 2;
        } else if c == options.quote {
            return Some(i + 1);
        } else {
            value.push(c);
            i += 1;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::super::options::Format;
    use super::*;

    fn options(format: Format) -> Options {
        match format {
            Format::Text => Options::read(&[]).unwrap(),
            Format::Csv => Options {
                format,
                delimiter: b',',
                null: String::new(),
                header: false,
                quote: b'"',
                escape: b'"',
            },
        }
    }

    fn rows(text_or_csv: Format, text: &str) -> Vec<Vec<Option<String>>> {
        let data = Data { line: 1, text };
        let read = match text_or_csv {
            Format::Text => super::text(&data, &options(Format::Text)),
            Format::Csv => csv(&data, &options(Format::Csv)),
        };
        read.unwrap().into_iter().map(|r| r.fields).collect()
    }

    fn some(values: &[&str]) -> Vec<Option<String>> {
        values.iter().map(|v| (*v != "NULL").then(|| (*v).to_owned())).collect()
    }

    #[test]
    fn text_lines() {
        assert_eq!(rows(Format::Text, "1\ta\\tb\\\\N\t\\N\t\n"), [some(&["1", "a\tb\\N", "NULL", ""])]);
        assert_eq!(rows(Format::Text, "\\303\\244\\x41\\.x\\\tz\r\n"), [some(&["äA.x\tz"])]);
        assert_eq!(rows(Format::Text, ""), Vec::<Vec<Option<String>>>::new());
        assert_eq!(rows(Format::Text, "\n"), [some(&[""])]);
    }

    #[test]
    fn csv_lines() {
        let text = "1,\"a \"\"b\"\"\n,c\",,\"\"\r\n2,x,y,z";
        assert_eq!(
            rows(Format::Csv, text),
            [some(&["1", "a \"b\"\n,c", "NULL", ""]), some(&["2", "x", "y", "z"])]
        );
        let data = Data { line: 7, text: "1,\"a\nb\"\n2,c" };
        let lines: Vec<usize> = csv(&data, &options(Format::Csv)).unwrap().iter().map(|r| r.line).collect();
        assert_eq!(lines, [7, 9]);
        let open = Data { line: 3, text: "a\n\"b" };
        assert_eq!(csv(&open, &options(Format::Csv)).unwrap_err().place, Some((4, 1)));
    }

    proptest! {
        /// What the server's COPY TO would write is read as what it was.
        #[test]
        fn whatever_was_written_comes_back(fields in prop::collection::vec(prop::option::of("\\PC{0,8}|[\t\n\r\\\\\",]{0,6}"), 1..5)) {
            let text: Vec<String> = fields.iter().map(|f| match f {
                None => "\\N".to_owned(),
                Some(v) => v.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r"),
            }).collect();
            prop_assert_eq!(rows(Format::Text, &(text.join("\t") + "\n")), [fields.clone()]);
            let csv: Vec<String> = fields.iter().map(|f| match f {
                None => String::new(),
                Some(v) => format!("\"{}\"", v.replace('"', "\"\"")),
            }).collect();
            prop_assert_eq!(rows(Format::Csv, &(csv.join(",") + "\n")), [fields]);
        }
    }
}
