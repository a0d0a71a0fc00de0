//! Where messages begin and end, and how the few that the relay writes itself are put together.
//!
//! Follows the manual's "Message Formats": a type, a length that counts itself, a body.

use tenantry_domain::{Error, ErrorCode};

pub(super) use crate::wire::HEADER_BYTES;
use crate::wire::backend::{self, Report, Severity};

/// Bytes of a message that is short by nature (PostgreSQL's `PQ_SMALL_MESSAGE_LIMIT`).
pub(super) const SHORT_BYTES: usize = 10_000;
/// Length word at most (PostgreSQL's `MaxAllocSize - 1`).
const LENGTH_MAX: u32 = 0x3fff_fffe;

/// A message's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its type.
    pub tag: u8,
    /// Bytes of the whole message.
    pub bytes: usize,
}

/// A broken rule of the protocol; the connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A type that has no place here.
    Type(u8),
    /// A length that this type can't have.
    Length(u8),
    /// A body that does not have the form of its type.
    Format(u8),
    /// An answer to what nobody had asked.
    Unasked(u8),
}

impl Violation {
    pub(super) fn error(self) -> Error {
        let (what, tag) = match self {
            Violation::Type(tag) => ("has no place here", tag),
            Violation::Length(tag) => ("has an impossible length", tag),
            Violation::Format(tag) => ("is not formed as its type asks", tag),
            Violation::Unasked(tag) => ("answers what nobody had asked", tag),
        };
        let shown = char::from(tag).escape_default();
        Error::new(ErrorCode::ProtocolViolation, format!("a message of type '{shown}' {what}"))
    }
}

/// The header at the beginning of `input`; `None` where it is cut.
fn head(input: &[u8], limit: impl Fn(u8) -> u32) -> Result<Option<Head>, Violation> {
    let Some(&tag) = input.first() else { return Ok(None) };
    let max = limit(tag);
    if max == 0 {
        return Err(Violation::Type(tag));
    }
    let Some([_, length @ ..]) = input.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    let length = u32::from_be_bytes(*length);
    if length < 4 || length > max {
        return Err(Violation::Length(tag));
    }
    Ok(Some(Head { tag, bytes: length as usize + 1 }))
}

/// As [`head`], of a message of a client in its session.
pub(crate) fn client_head(input: &[u8]) -> Result<Option<Head>, Violation> {
    head(input, |tag| match tag {
        b'Q' | b'P' | b'B' | b'F' | b'd' => LENGTH_MAX,
        b'D' | b'C' | b'E' | b'f' | b'H' | b'S' | b'X' | b'c' => SHORT_BYTES as u32,
        _ => 0,
    })
}

/// As [`head`], of a message of a server in a session. CopyBothResponse belongs to replication, which is not served.
pub(crate) fn server_head(input: &[u8]) -> Result<Option<Head>, Violation> {
    head(input, |tag| match tag {
        b'D' | b'd' | b'T' | b'E' | b'N' | b'A' | b'V' | b't' => LENGTH_MAX,
        b'C' | b'S' | b'G' | b'H' => 65_536,
        b'1' | b'2' | b'3' | b'I' | b'n' | b's' | b'c' => 4,
        b'Z' => 5,
        _ => 0,
    })
}

/// Splits a body behind its first text, which ends with NUL; `None` where there is no NUL.
pub(super) fn text(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = body.iter().position(|byte| *byte == 0)?;
    Some((&body[..end], &body[end + 1..]))
}

/// Appends a message.
pub(super) fn write(out: &mut Vec<u8>, tag: u8, parts: &[&[u8]]) {
    let bytes: usize = parts.iter().map(|part| part.len()).sum();
    out.push(tag);
    out.extend_from_slice(&((bytes + 4) as u32).to_be_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// Appends a Query.
pub(super) fn write_query(out: &mut Vec<u8>, sql: &[u8]) {
    write(out, b'Q', &[sql, b"\0"]);
}

/// Appends ReadyForQuery.
pub(super) fn write_ready(out: &mut Vec<u8>, status: u8) {
    write(out, b'Z', &[&[status]]);
}

/// An ErrorResponse after which the connection lives on.
pub(super) fn error_response(error: &Error) -> Box<[u8]> {
    response(Severity::Error, error)
}

/// The same as a warning that answers nothing.
pub(super) fn warning(error: &Error) -> Box<[u8]> {
    let mut out = Vec::new();
    backend::notice_response(&mut out, &Report::of(error, Severity::Warning));
    out.into()
}

/// An ErrorResponse before the connection is closed.
pub(crate) fn farewell(error: &Error) -> Box<[u8]> {
    response(Severity::Fatal, error)
}

fn response(severity: Severity, error: &Error) -> Box<[u8]> {
    let mut out = Vec::new();
    backend::error_response(&mut out, &Report::of(error, severity));
    out.into()
}

/// A server's error, given to a client whose connection ends with it.
pub(super) fn as_farewell(body: &[u8]) -> Box<[u8]> {
    let mut changed = Vec::with_capacity(body.len());
    for (field, value) in [(b'S', &b"FATAL"[..]), (b'V', b"FATAL")].into_iter().chain(
        [b'C', b'M', b'D', b'H'].into_iter().filter_map(|field| Some((field, error_field(body, field)?))),
    ) {
        changed.push(field);
        changed.extend_from_slice(value);
        changed.push(0);
    }
    changed.push(0);
    let mut out = Vec::new();
    write(&mut out, b'E', &[&changed]);
    out.into()
}

/// Appends a server's ErrorResponse, whose place in the text (field P) is another one for the client.
pub(super) fn write_error_at(out: &mut Vec<u8>, body: &[u8], place: u32) {
    let mut changed = Vec::with_capacity(body.len() + 8);
    let mut rest = body;
    while let Some((&kind, behind)) = rest.split_first() {
        let Some((value, behind)) = text(behind) else { break };
        changed.push(kind);
        if kind == b'P' {
            changed.extend_from_slice(place.to_string().as_bytes());
        } else {
            changed.extend_from_slice(value);
        }
        changed.push(0);
        rest = behind;
    }
    changed.push(0);
    write(out, b'E', &[&changed]);
}

/// A field of an ErrorResponse's body.
pub(super) fn error_field(body: &[u8], field: u8) -> Option<&[u8]> {
    let mut rest = body;
    while let Some((&kind, behind)) = rest.split_first() {
        let (value, behind) = text(behind)?;
        if kind == field {
            return Some(value);
        }
        rest = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_whole_cut_or_wrong() {
        assert_eq!(client_head(b"Q\0\0\0\x05\0"), Ok(Some(Head { tag: b'Q', bytes: 6 })));
        for cut in 0..5 {
            assert_eq!(client_head(&b"Q\0\0\0\x05"[..cut]), Ok(None), "{cut}");
        }
        assert_eq!(client_head(b"Q\0\0\0\x03"), Err(Violation::Length(b'Q')));
        assert_eq!(client_head(b"S\0\xff\0\0"), Err(Violation::Length(b'S')));
        assert_eq!(client_head(b"Q\x7f\xff\xff\xff"), Err(Violation::Length(b'Q')));
        assert_eq!(client_head(b"p"), Err(Violation::Type(b'p')));
        assert_eq!(server_head(b"W"), Err(Violation::Type(b'W')));
        assert_eq!(server_head(b"Z\0\0\0\x05"), Ok(Some(Head { tag: b'Z', bytes: 6 })));
    }

    #[test]
    fn an_error_can_be_read_back() {
        let error = Error::new(ErrorCode::StatementRefused, "no\0pe").help("do else");
        let response = error_response(&error);
        let body = &response[HEADER_BYTES..];
        assert_eq!(server_head(&response), Ok(Some(Head { tag: b'E', bytes: response.len() })));
        assert_eq!(error_field(body, b'C'), Some(&b"42501"[..]));
        assert_eq!(error_field(body, b'M'), Some(&b"no"[..]));
        assert_eq!(error_field(body, b'H'), Some(&b"do else"[..]));
        assert_eq!(error_field(body, b'x'), None);
    }
}
