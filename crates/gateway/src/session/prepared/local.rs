//! Names of statements on a server connection.

use std::io::Write as _;

use crate::wire::frontend;

/// The number in a statement's name on this server. Each Parse has a new one, so that a statement of which it is not known
/// whether the server still has it never stands in the way of its successor.
pub(super) type Local = u64;

/// What begins every name that goes to a server. Clients' own names never reach one, so nobody else uses it.
const PREFIX: &str = "_tenantry_";

/// The name that no statement has.
pub(super) const NOTHING: Local = 0;

pub(super) fn close(out: &mut Vec<u8>, local: Local) {
    frontend::close_statement(out, &server_name(local));
}

/// The name of a statement on a server, without an allocation.
pub(super) fn server_name(local: Local) -> ServerName {
    let mut bytes = [0; SERVER_NAME_BYTES_MAX];
    let mut rest = &mut bytes[..];
    // The prefix and 20 digits fit.
    let _ = write!(rest, "{PREFIX}{local}");
    let length = SERVER_NAME_BYTES_MAX - rest.len();
    ServerName { bytes, length }
}

/// Bytes of the prefix and of the largest number.
const SERVER_NAME_BYTES_MAX: usize = PREFIX.len() + 20;

pub(super) struct ServerName {
    bytes: [u8; SERVER_NAME_BYTES_MAX],
    length: usize,
}

impl std::ops::Deref for ServerName {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// A name that no statement has, and in which the client sees its own.
pub(super) fn unknown(name: &[u8]) -> Vec<u8> {
    [PREFIX.as_bytes(), b"unknown_", name].concat()
}
