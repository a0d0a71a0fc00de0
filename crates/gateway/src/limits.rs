//! Limits and choices: how often, how many, whose turn, which server connection. Pure: the time comes in as an argument,
//! counted from any beginning.
//!
//! [`bucket`]: events per second. [`fair`]: one budget of server connections among tenants. [`choice`]: which idle server
//! connection to take and which one to close. [`wear`]: when a server connection has to be renewed. [`denial`]: what a
//! client is told that reached a limit.

pub mod bucket;
pub mod choice;
pub mod denial;
pub mod fair;
pub mod wear;
