//! Which types exist in which direction and phase, and how long their messages may be.

use crate::wire::{CANCEL_KEY_BYTES_MAX, MESSAGE_LENGTH_MAX, Violation};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A client to us.
    Frontend,
    /// A server to us.
    Backend,
}

/// How far the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Between the start-up packet and the first ReadyForQuery.
    Login,
    /// From there on.
    Session,
}

/// The length word of messages that are short by nature, as PostgreSQL limits them (`PQ_SMALL_MESSAGE_LIMIT`).
const SHORT: u32 = 10_000;
/// The length word of a password or SASL message: a signed token of many claims is the longest of them.
const PASSWORD: u32 = 16_384;
/// The length word of what a server says while one logs in.
const GREETING: u32 = 65_536;

/// The lowest and the highest length word; a highest of 0 means that the type is not allowed.
#[derive(Clone, Copy)]
struct Range {
    min: u32,
    max: u32,
}

const NONE: Range = Range { min: 0, max: 0 };

const fn up_to(max: u32) -> Range {
    Range { min: 4, max }
}

const fn exactly(length: u32) -> Range {
    Range { min: length, max: length }
}

/// What a client may send while it logs in: its password, in whatever form; or it leaves.
const fn frontend_login(tag: u8) -> Range {
    match tag {
        b'p' => up_to(PASSWORD),
        b'X' => up_to(SHORT),
        _ => NONE,
    }
}

/// What a client may send in a session. A length that only the fields can prove wrong is left to the server, which
/// answers it with an error and goes on. FunctionCall ('F') is let through here, because refusing it needs an answer.
const fn frontend_session(tag: u8) -> Range {
    match tag {
        b'Q' | b'P' | b'B' | b'F' | b'd' => up_to(MESSAGE_LENGTH_MAX),
        b'D' | b'C' | b'E' | b'f' => up_to(SHORT),
        b'H' | b'S' | b'X' | b'c' => up_to(SHORT),
        _ => NONE,
    }
}

/// What a server may send before its first ReadyForQuery.
const fn backend_login(tag: u8) -> Range {
    match tag {
        b'R' => Range { min: 8, max: GREETING },
        b'E' | b'N' | b'S' | b'v' => up_to(GREETING),
        b'K' => Range { min: 4 + 4 + 4, max: 4 + 4 + CANCEL_KEY_BYTES_MAX as u32 },
        b'Z' => exactly(5),
        _ => NONE,
    }
}

/// What a server may send in a session. CopyBothResponse ('W') belongs to replication, which is not served.
const fn backend_session(tag: u8) -> Range {
    match tag {
        b'D' | b'd' | b'T' | b'E' | b'N' | b'A' | b'V' | b't' => up_to(MESSAGE_LENGTH_MAX),
        b'C' | b'S' | b'G' | b'H' => up_to(GREETING),
        b'1' | b'2' | b'3' | b'I' | b'n' | b's' | b'c' => exactly(4),
        b'Z' => exactly(5),
        _ => NONE,
    }
}

const fn table(of: u8) -> [Range; 256] {
    let mut table = [NONE; 256];
    let mut tag = 0;
    while tag < 256 {
        table[tag] = match of {
            0 => frontend_login(tag as u8),
            1 => frontend_session(tag as u8),
            2 => backend_login(tag as u8),
            _ => backend_session(tag as u8),
        };
        tag += 1;
    }
    table
}

static FRONTEND_LOGIN: [Range; 256] = table(0);
static FRONTEND_SESSION: [Range; 256] = table(1);
static BACKEND_LOGIN: [Range; 256] = table(2);
static BACKEND_SESSION: [Range; 256] = table(3);

fn range(direction: Direction, phase: Phase, tag: u8) -> Range {
    let table = match (direction, phase) {
        (Direction::Frontend, Phase::Login) => &FRONTEND_LOGIN,
        (Direction::Frontend, Phase::Session) => &FRONTEND_SESSION,
        (Direction::Backend, Phase::Login) => &BACKEND_LOGIN,
        (Direction::Backend, Phase::Session) => &BACKEND_SESSION,
    };
    table[usize::from(tag)]
}

fn wrong_type(direction: Direction, tag: u8) -> Violation {
    match direction {
        Direction::Frontend => Violation::Type(tag),
        Direction::Backend => Violation::ServerType(tag),
    }
}

pub(super) fn check_type(direction: Direction, phase: Phase, tag: u8) -> Result<(), Violation> {
    if range(direction, phase, tag).max == 0 { Err(wrong_type(direction, tag)) } else { Ok(()) }
}

pub(super) fn check(direction: Direction, phase: Phase, tag: u8, length: u32) -> Result<(), Violation> {
    let range = range(direction, phase, tag);
    if range.max == 0 {
        return Err(wrong_type(direction, tag));
    }
    if length < range.min || length > range.max { Err(Violation::Length) } else { Ok(()) }
}
