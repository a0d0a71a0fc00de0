//! RowDescription and DataRow: answers that the gateway gives itself, such as `SHOW POOLS`.

use crate::wire::write::{message, text};

/// The type of a column. All are sent as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `text`.
    Text,
    /// `bigint`.
    Integer,
    /// `double precision`.
    Float,
    /// `boolean`.
    Boolean,
}

impl Kind {
    /// The type's number in `pg_type`.
    const fn oid(self) -> u32 {
        match self {
            Kind::Boolean => 16,
            Kind::Integer => 20,
            Kind::Text => 25,
            Kind::Float => 701,
        }
    }

    /// Its `typlen`.
    const fn size(self) -> i16 {
        match self {
            Kind::Boolean => 1,
            Kind::Integer | Kind::Float => 8,
            Kind::Text => -1,
        }
    }
}

/// A column of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub kind: Kind,
}

/// RowDescription.
pub fn row_description(out: &mut Vec<u8>, columns: &[Column<'_>]) {
    message(out, b'T', |out| {
        count(out, columns.len());
        for column in columns {
            text(out, column.name.as_bytes());
            // Of no table and no column of one.
            out.extend_from_slice(&[0; 4 + 2]);
            out.extend_from_slice(&column.kind.oid().to_be_bytes());
            out.extend_from_slice(&column.kind.size().to_be_bytes());
            // No type modifier, text format.
            out.extend_from_slice(&(-1_i32).to_be_bytes());
            out.extend_from_slice(&0_i16.to_be_bytes());
        }
    });
}

/// DataRow with values as text; `None` is NULL.
pub fn data_row(out: &mut Vec<u8>, values: &[Option<&str>]) {
    message(out, b'D', |out| {
        count(out, values.len());
        for value in values {
            match value {
                None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
                Some(value) => {
                    out.extend_from_slice(&i32::try_from(value.len()).unwrap_or(i32::MAX).to_be_bytes());
                    out.extend_from_slice(value.as_bytes());
                }
            }
        }
    });
}

fn count(out: &mut Vec<u8>, columns: usize) {
    out.extend_from_slice(&u16::try_from(columns).unwrap_or(u16::MAX).to_be_bytes());
}
