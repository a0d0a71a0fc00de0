//! Messages of the client's side: those that the gateway answers itself, and those that it writes to servers while it
//! logs in.

use super::Violation;
use super::read::Reader;
use super::write::{message, text};

/// The text of a Query.
///
/// # Errors
/// A text that does not end with the message: what stands behind an inner NUL would be read by nobody or, worse, by
/// somebody else (W18).
pub fn parse_query(body: &[u8]) -> Result<&[u8], Violation> {
    let mut reader = Reader::new(body);
    let sql = reader.text()?;
    reader.end()?;
    Ok(sql)
}

/// Query.
pub fn query(out: &mut Vec<u8>, sql: &str) {
    message(out, b'Q', |out| text(out, sql.as_bytes()));
}

/// A Parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parse<'a> {
    /// The name of the statement; empty: the one without a name.
    pub name: &'a [u8],
    /// The statement.
    pub sql: &'a [u8],
    /// Numbers of the parameters' types, four bytes each.
    pub types: &'a [u8],
}

/// The parts of a Parse.
///
/// # Errors
/// A count of types that does not fit the bytes behind it (W19), or a message that is not laid out so.
pub fn parse_parse(body: &[u8]) -> Result<Parse<'_>, Violation> {
    let mut reader = Reader::new(body);
    let (name, sql) = (reader.text()?, reader.text()?);
    let count = usize::from(reader.i16()? as u16);
    let types = reader.take(count * 4)?;
    reader.end()?;
    Ok(Parse { name, sql, types })
}

/// Parse.
pub fn parse(out: &mut Vec<u8>, parts: Parse<'_>) {
    message(out, b'P', |out| {
        text(out, parts.name);
        text(out, parts.sql);
        let count = u16::try_from(parts.types.len() / 4).unwrap_or(u16::MAX);
        out.extend_from_slice(&count.to_be_bytes());
        out.extend_from_slice(parts.types);
    });
}

/// What Describe and Close are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A prepared statement.
    Statement(&'a [u8]),
    /// A portal.
    Portal(&'a [u8]),
}

/// What a Describe or a Close is about.
///
/// # Errors
/// A kind other than statement and portal, or a message that is not laid out so.
pub fn parse_target(body: &[u8]) -> Result<Target<'_>, Violation> {
    let mut reader = Reader::new(body);
    let kind = reader.u8()?;
    let name = reader.text()?;
    reader.end()?;
    match kind {
        b'S' => Ok(Target::Statement(name)),
        b'P' => Ok(Target::Portal(name)),
        _ => Err(Violation::Format),
    }
}

/// A SASLInitialResponse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaslInitial<'a> {
    /// The mechanism chosen.
    pub mechanism: &'a [u8],
    /// The client's first message; absent: the server is to begin.
    pub data: Option<&'a [u8]>,
}

/// The parts of a SASLInitialResponse.
///
/// # Errors
/// A length of the data that does not fit the bytes behind it.
pub fn parse_sasl_initial(body: &[u8]) -> Result<SaslInitial<'_>, Violation> {
    let mut reader = Reader::new(body);
    let mechanism = reader.text()?;
    let data = match reader.i32()? {
        -1 => None,
        length => Some(reader.take(usize::try_from(length).map_err(|_| Violation::Format)?)?),
    };
    reader.end()?;
    Ok(SaslInitial { mechanism, data })
}

/// SASLInitialResponse.
pub fn sasl_initial(out: &mut Vec<u8>, mechanism: &str, data: &[u8]) {
    message(out, b'p', |out| {
        text(out, mechanism.as_bytes());
        out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(data);
    });
}

/// SASLResponse. To read one there is nothing to do: its body is the data.
pub fn sasl_response(out: &mut Vec<u8>, data: &[u8]) {
    message(out, b'p', |out| out.extend_from_slice(data));
}

/// Sync.
pub fn sync(out: &mut Vec<u8>) {
    message(out, b'S', |_| ());
}

#[cfg(test)]
mod tests;
