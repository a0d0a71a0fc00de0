//! Messages of the server's side: what the gateway says to clients, and what it reads from servers.
//!
//! Builders write at the end of the caller's buffer. Parsers borrow from the body and copy nothing; a server may belong
//! to somebody else, so they trust it no more than a client.

use super::read::Reader;
use super::write::{message, text};
use super::{CANCEL_KEY_BYTES_MAX, Violation};
use crate::wire::startup::Version;
use crate::wire::status::Status;

mod authentication;
mod report;
mod rows;

pub use authentication::{
    Authentication, authentication_cleartext, authentication_ok, authentication_sasl,
    authentication_sasl_continue, authentication_sasl_final, parse_authentication,
};
pub use report::{Report, Reported, Severity, error_response, notice_response, parse_report};
pub use rows::{Column, Kind, data_row, row_description};

/// ParameterStatus: the server's value of a setting.
pub fn parameter_status(out: &mut Vec<u8>, name: &str, value: &str) {
    message(out, b'S', |out| {
        text(out, name.as_bytes());
        text(out, value.as_bytes());
    });
}

/// Name and value of a ParameterStatus.
///
/// # Errors
/// Anything but two texts.
pub fn parse_parameter_status(body: &[u8]) -> Result<(&[u8], &[u8]), Violation> {
    let mut reader = Reader::new(body);
    let pair = (reader.text()?, reader.text()?);
    reader.end()?;
    Ok(pair)
}

/// BackendKeyData: what a cancel request has to bring along.
pub fn backend_key_data(out: &mut Vec<u8>, process: u32, secret: &[u8]) {
    message(out, b'K', |out| {
        out.extend_from_slice(&process.to_be_bytes());
        out.extend_from_slice(secret);
    });
}

/// Process number and secret of a BackendKeyData.
///
/// # Errors
/// A secret of fewer than 4 or more than 256 bytes.
pub fn parse_backend_key_data(body: &[u8]) -> Result<(u32, &[u8]), Violation> {
    let mut reader = Reader::new(body);
    let process = reader.u32()?;
    let secret = reader.rest();
    if !(4..=CANCEL_KEY_BYTES_MAX).contains(&secret.len()) {
        return Err(Violation::Format);
    }
    Ok((process, secret))
}

/// NegotiateProtocolVersion: the version spoken from here on, and the options that are not known here.
pub fn negotiate_protocol_version(out: &mut Vec<u8>, version: Version, unknown: &[String]) {
    message(out, b'v', |out| {
        out.extend_from_slice(&version.word().to_be_bytes());
        out.extend_from_slice(&u32::try_from(unknown.len()).unwrap_or(u32::MAX).to_be_bytes());
        for option in unknown {
            text(out, option.as_bytes());
        }
    });
}

/// ReadyForQuery.
pub fn ready_for_query(out: &mut Vec<u8>, status: Status) {
    message(out, b'Z', |out| out.push(status.byte()));
}

/// ParameterDescription of a statement without parameters.
pub fn parameter_description(out: &mut Vec<u8>) {
    message(out, b't', |out| out.extend_from_slice(&0_u16.to_be_bytes()));
}

/// CommandComplete with its tag, as `SHOW`.
pub fn command_complete(out: &mut Vec<u8>, tag: &str) {
    message(out, b'C', |out| text(out, tag.as_bytes()));
}

/// Answers without a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// To Parse.
    ParseComplete,
    /// To Bind.
    BindComplete,
    /// To Close.
    CloseComplete,
    /// To Describe, where there are no columns.
    NoData,
}

/// An answer without a body.
pub fn plain(out: &mut Vec<u8>, answer: Plain) {
    let tag = match answer {
        Plain::ParseComplete => b'1',
        Plain::BindComplete => b'2',
        Plain::CloseComplete => b'3',
        Plain::NoData => b'n',
    };
    message(out, tag, |_| ());
}

#[cfg(test)]
mod tests;
