//! Refusals: what can't be carried over faithfully, where it stands, and what to write instead.

use std::fmt;

use tenantry_domain::{Error, ErrorCode};

use crate::model::Shape;

/// Why a statement can't be carried; the place is added by whoever knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refuse {
    pub shape: Option<Shape>,
    pub reason: String,
    pub remedy: String,
    /// It makes what is there.
    pub duplicate: bool,
    /// What it names that no statement so far has made.
    pub unknown: Option<String>,
    /// Line and column, where they are not the statement's.
    pub place: Option<(usize, usize)>,
}

impl Refuse {
    /// No shape can take it.
    pub fn all(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (reason, remedy) = (reason.into(), remedy.into());
        Self { shape: None, reason, remedy, duplicate: false, unknown: None, place: None }
    }

    /// It needs something that no statement so far has made.
    pub fn unknown(what: impl std::fmt::Display) -> Self {
        let reason = format!("{what} is not made by the migrations so far");
        Self {
            unknown: Some(what.to_string()),
            ..Self::all(reason, "create it in an earlier statement, or correct the name")
        }
    }

    /// It makes something whose name is taken.
    pub fn duplicate(what: impl std::fmt::Display, remedy: impl Into<String>) -> Self {
        Self { duplicate: true, ..Self::all(format!("{what} exists already"), remedy) }
    }

    /// At this line and column of the file.
    pub fn at(self, line: usize, column: usize) -> Self {
        Self { place: Some((line, column)), ..self }
    }

    /// The shared shape can't take it.
    pub fn shared(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { shape: Some(Shape::Shared), ..Self::all(reason, remedy) }
    }
}

/// A statement that a shape can't take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The file.
    pub file: String,
    /// The line of the statement's first token, from 1.
    pub line: usize,
    /// The column of the statement's first token in characters, from 1.
    pub column: usize,
    /// The shape that can't take it; none: no shape can.
    pub shape: Option<Shape>,
    /// Why not.
    pub reason: String,
    /// What to write instead.
    pub remedy: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}; {}", self.file, self.line, self.column, self.reason, self.remedy)
    }
}

/// Why a file was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShapeError {
    /// PostgreSQL's parser does not accept the file.
    Syntax {
        /// The file.
        file: String,
        /// The line of the token that the parser stopped at, from 1.
        line: usize,
        /// Its column in characters, from 1.
        column: usize,
        /// The parser's message.
        message: String,
    },
    /// Statements that can't be carried: all of the file's.
    Refused(Vec<Refusal>),
    /// No thread could be started to read the file.
    Thread(String),
    /// The shadow database could not be asked.
    Shadow {
        /// The file.
        file: String,
        /// The line that the block begins in.
        line: usize,
        /// What kind of error it was.
        code: ErrorCode,
        /// What went wrong.
        message: String,
    },
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShapeError::Syntax { file, line, column, message } => {
                write!(f, "{file}:{line}:{column}: {message}")
            }
            ShapeError::Thread(why) => write!(f, "no thread could be started: {why}"),
            ShapeError::Shadow { file, line, message, .. } => write!(f, "{file}:{line}: {message}"),
            ShapeError::Refused(list) => {
                for (i, refusal) in list.iter().enumerate() {
                    if i > 0 {
                        f.write_str("\n")?;
                    }
                    write!(f, "{refusal}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ShapeError {}

impl From<ShapeError> for Error {
    fn from(e: ShapeError) -> Self {
        let code = match e {
            ShapeError::Syntax { .. } => ErrorCode::MigrationSyntax,
            ShapeError::Refused(_) => ErrorCode::ShapeRefused,
            ShapeError::Thread(_) => ErrorCode::Internal,
            ShapeError::Shadow { code, .. } => code,
        };
        Error::new(code, e.to_string())
    }
}
