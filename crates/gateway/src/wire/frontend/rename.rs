//! Another name in a message that names a prepared statement.

use super::{Target, parse_bind, parse_target};
use crate::wire::read::Reader;
use crate::wire::write::text;
use crate::wire::{HEADER_BYTES, MESSAGE_LENGTH_MAX, Violation};

/// Messages that name a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Parse: gives the name.
    Parse,
    /// Bind: its second name is the statement's.
    Bind,
    /// Describe of a statement.
    Describe,
    /// Close of a statement.
    Close,
}

impl Named {
    /// By the message's type.
    pub const fn of(tag: u8) -> Option<Self> {
        match tag {
            b'P' => Some(Named::Parse),
            b'B' => Some(Named::Bind),
            b'D' => Some(Named::Describe),
            b'C' => Some(Named::Close),
            _ => None,
        }
    }

    /// The message's type.
    pub const fn tag(self) -> u8 {
        match self {
            Named::Parse => b'P',
            Named::Bind => b'B',
            Named::Describe => b'D',
            Named::Close => b'C',
        }
    }

    /// Where the name begins, and its length.
    fn name_in(self, body: &[u8]) -> Result<(usize, usize), Violation> {
        match self {
            Named::Parse => Ok((0, Reader::new(body).text()?.len())),
            Named::Bind => {
                let bind = parse_bind(body)?;
                Ok((bind.portal.len() + 1, bind.statement.len()))
            }
            Named::Describe | Named::Close => match parse_target(body)? {
                Target::Statement(name) => Ok((1, name.len())),
                Target::Portal(_) => Err(Violation::Format),
            },
        }
    }
}

/// Writes the message with another name of the statement. `body` is its beginning, as far as the chunk has it, and must
/// hold the names; `body_bytes` is the length of the whole body. Returns how many bytes of the old body are still to be
/// copied behind what was written.
///
/// # Errors
/// A message that is not laid out so, or is about a portal; a name with a NUL; a message that became too long. Nothing is
/// written then.
pub fn rename(
    out: &mut Vec<u8>,
    kind: Named,
    (body, body_bytes): (&[u8], u32),
    name: &[u8],
) -> Result<u32, Violation> {
    if name.contains(&0) {
        return Err(Violation::Text);
    }
    let shown =
        u32::try_from(body.len()).ok().filter(|shown| *shown <= body_bytes).ok_or(Violation::Length)?;
    let (at, old) = kind.name_in(body)?;
    // Both differ by the names' lengths only, so the new length can't wrap around.
    let length = (body_bytes as usize - old + name.len()) + HEADER_BYTES - 1;
    let length = u32::try_from(length).ok().filter(|l| *l <= MESSAGE_LENGTH_MAX).ok_or(Violation::Length)?;
    out.push(kind.tag());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&body[..at]);
    text(out, name);
    out.extend_from_slice(&body[at + old + 1..]);
    Ok(body_bytes - shown)
}
