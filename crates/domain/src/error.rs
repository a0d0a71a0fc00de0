//! The one error type: a stable [`ErrorCode`], a sentence for people, a next step, and the cause.
//!
//! A chain reads as one sentence: `create tenant acme: clone template: connection refused`. What a client
//! may read is `message` and `help`; the cause is for logs and the operator's terminal.

use std::error::Error as StdError;
use std::fmt;

use crate::error_code::ErrorCode;

/// `Result` with Tenantry's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Cause = Box<dyn StdError + Send + Sync + 'static>;

/// An error that a person or a program can act on.
pub struct Error(Box<Inner>);

struct Inner {
    code: ErrorCode,
    message: String,
    help: Option<String>,
    cause: Option<Cause>,
}

impl Error {
    /// A new error: `message` says what was wrong, without a full stop.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { code, message: message.into(), help: None, cause: None }))
    }

    /// Replaces the code's general help by what to do in this very case.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Attaches the cause, shown after the message.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Puts what was being done in front of the message; code and help stay.
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.0.message = format!("{doing}: {}", self.0.message);
        self
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// What was wrong, without the cause.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do next.
    pub fn next_step(&self) -> &str {
        self.0.help.as_deref().unwrap_or_else(|| self.0.code.help())
    }

    /// The message with every cause behind it: one sentence.
    pub fn sentence(&self) -> String {
        let mut text = self.0.message.clone();
        let mut cause = self.0.cause.as_ref().map(|c| c.as_ref() as &dyn StdError);
        while let Some(c) = cause {
            let part = c.to_string();
            if !text.contains(&part) {
                text.push_str(": ");
                text.push_str(&part);
            }
            cause = c.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {} ({})", self.0.code, self.sentence(), self.next_step())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_ref().map(|c| c.as_ref() as &(dyn StdError + 'static))
    }
}

/// Turns a foreign error into ours on the spot where its meaning is known.
pub trait ResultExt<T> {
    /// The foreign error becomes the cause of an error with this code and message.
    fn code(self, code: ErrorCode, message: impl Into<String>) -> Result<T>;
}

impl<T, E: Into<Cause>> ResultExt<T> for std::result::Result<T, E> {
    fn code(self, code: ErrorCode, message: impl Into<String>) -> Result<T> {
        self.map_err(|e| Error::new(code, message).because(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_reads_as_one_sentence() {
        let io = std::io::Error::other("connection refused");
        let e = Error::new(ErrorCode::ServerUnreachable, "clone template")
            .because(io)
            .context("create tenant acme");
        assert_eq!(e.sentence(), "create tenant acme: clone template: connection refused");
        assert_eq!(e.code(), ErrorCode::ServerUnreachable);
        assert!(!e.next_step().is_empty());
    }
}
