//! ErrorResponse (manual, "Error and Notice Message Fields").

use tenantry_domain::Error;

use crate::wire::Violation;
use crate::wire::read::Reader;
use crate::wire::write::{message, text};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something to know.
    Warning,
    /// The statement failed.
    Error,
    /// The connection ends.
    Fatal,
}

impl Severity {
    /// The word in the fields `S` and `V`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
            Severity::Fatal => "FATAL",
        }
    }
}

/// An error or a notice to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// Five characters (manual, appendix A).
    pub sqlstate: &'a str,
    /// One sentence.
    pub message: &'a str,
    /// What to do next.
    pub hint: &'a str,
}

impl<'a> Report<'a> {
    /// What a client may read of an error: not the cause.
    pub fn of(error: &'a Error, severity: Severity) -> Self {
        let (sqlstate, message) = (error.code().sqlstate(), error.message());
        Self { severity, sqlstate, message, hint: error.next_step() }
    }
}

/// ErrorResponse.
pub fn error_response(out: &mut Vec<u8>, report: &Report<'_>) {
    write(out, b'E', report);
}

/// NoticeResponse.
pub fn notice_response(out: &mut Vec<u8>, report: &Report<'_>) {
    write(out, b'N', report);
}

fn write(out: &mut Vec<u8>, tag: u8, report: &Report<'_>) {
    let severity = report.severity.as_str();
    let fields = [
        (b'S', severity),
        (b'V', severity),
        (b'C', report.sqlstate),
        (b'M', report.message),
        (b'H', report.hint),
    ];
    message(out, tag, |out| {
        for (kind, value) in fields {
            out.push(kind);
            text(out, value.as_bytes());
        }
        out.push(0);
    });
}

/// One field of a report that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its kind, one letter.
    pub kind: u8,
    /// Its text, in whatever encoding the session has.
    pub value: &'a [u8],
}

/// An error or a notice that came in. No field can be relied on: a server that lacks one must not bring us down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported<'a>(Vec<Field<'a>>);

impl<'a> Reported<'a> {
    /// The first field of this kind.
    pub fn get(&self, kind: u8) -> Option<&'a [u8]> {
        self.0.iter().find(|field| field.kind == kind).map(|field| field.value)
    }

    /// The SQLSTATE, if there is one of five letters and digits.
    pub fn sqlstate(&self) -> Option<&'a str> {
        let state = std::str::from_utf8(self.get(b'C')?).ok()?;
        (state.len() == 5 && state.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(state)
    }
}

/// The fields of an ErrorResponse or NoticeResponse.
///
/// # Errors
/// A message that is not laid out so.
pub fn parse_report(body: &[u8]) -> Result<Reported<'_>, Violation> {
    let mut reader = Reader::new(body);
    let mut fields = Vec::new();
    loop {
        match reader.u8()? {
            0 => break,
            kind => fields.push(Field { kind, value: reader.text()? }),
        }
    }
    reader.end()?;
    Ok(Reported(fields))
}
