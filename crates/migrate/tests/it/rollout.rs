//! Rollouts over a fleet: who comes first, what stops them, how they go on.

mod adopt;
mod blanks;
mod kill;
mod nothing;
mod order;
mod pace;
mod restart;
mod stops;
