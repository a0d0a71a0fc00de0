//! One file per command.

pub mod config;
pub mod doctor;
pub mod init;
pub mod job;
pub mod migrate;
pub mod psql;
pub mod serve;
pub mod sql;
pub mod tenant;
pub mod up;
pub mod url;
