//! A real PostgreSQL for tests, databases per test, attacks with their positive twins.

pub mod attack;
