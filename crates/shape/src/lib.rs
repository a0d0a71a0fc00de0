//! SQL in, SQL out for a shape: plain migrations, written as for one tenant, become the statements that each
//! isolation runs. PostgreSQL's own parser reads them (crate `pg_query`); nothing is done with regular
//! expressions.
//!
//! [`History::apply`] takes one migration file at a time, remembers what its statements made, and returns
//! for every [`Statement`] what to run in the shared shape and what to run in the plain shapes (a schema or a
//! database of the tenant's own). What can't be carried faithfully is refused by file, line and column, with
//! what to write instead.
//!
//! **No I/O, no clock, no server.** The crate knows the server's rules (automatic names, scoping of keys) and
//! leaves running the SQL to others.

pub mod application;
mod ast;
mod catalog;
mod emit;
mod history;
mod ident;
pub mod lint;
mod model;
mod names;
mod plpgsql;
mod refuse;
mod script;
mod source;
mod stack;
mod statement;
mod text;
mod tokens;

pub use history::{AskShadow, History, ShadowAnswer, ShadowQuestion};
pub use model::{Emitted, Options, SCHEMA_PLACEHOLDER, SHADOW_NOTE, Scope, Shape, Statement};
pub use refuse::{Refusal, ShapeError};
pub use statement::bookkeeping_table;
