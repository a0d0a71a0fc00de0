//! What a client is told that reached a limit: which one it is, and how much it allows.

use std::time::Duration;

use tenantry_domain::{Error, ErrorCode};

/// A limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// As many clients of the tenant wait already.
    Queue(usize),
    /// No server connection became free in this time.
    Wait(Duration),
    /// Connections of the plan.
    Connections(u32),
    /// Queries a second of the plan.
    Queries(u32),
    /// Rows of one answer.
    Rows(u64),
    /// Bytes of one answer.
    Bytes(u64),
}

impl Denial {
    /// The error: 53300 where connections are lacking, 53400 where the plan's limit is reached.
    pub fn error(self) -> Error {
        let exhausted = |message: String| Error::new(ErrorCode::ConnectionsExhausted, message);
        let plan = |message: String| Error::new(ErrorCode::LimitExceeded, message);
        match self {
            Denial::Queue(clients) => {
                exhausted(format!("{clients} clients of this tenant wait for a connection already"))
                    .help("close connections that are not used, or use a pool of fewer connections")
            }
            Denial::Wait(time) => {
                exhausted(format!("no server connection became free within {} seconds", time.as_secs()))
                    .help("try again; shorter transactions leave more room")
            }
            Denial::Connections(max) => plan(format!("the plan allows {max} connections at one time")),
            Denial::Queries(max) => plan(format!("the plan allows {max} queries a second")),
            Denial::Rows(max) => plan(format!("the plan allows {max} rows in one answer")),
            Denial::Bytes(max) => plan(format!("the plan allows {max} bytes in one answer")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_names_its_limit() {
        let cases = [
            (Denial::Queue(1_000), "53300", "1000 clients"),
            (Denial::Wait(Duration::from_secs(30)), "53300", "30 seconds"),
            (Denial::Connections(20), "53400", "20 connections"),
            (Denial::Queries(50), "53400", "50 queries"),
            (Denial::Rows(7), "53400", "7 rows"),
            (Denial::Bytes(9), "53400", "9 bytes"),
        ];
        for (denial, state, named) in cases {
            let error = denial.error();
            assert_eq!(error.code().sqlstate(), state, "{denial:?}");
            assert!(error.message().contains(named) && !error.next_step().is_empty(), "{error:?}");
        }
    }
}
