//! What the gateway reads of the statements that pass: their outlines, and what was decided of them.

pub mod anchor;
pub mod decision;
pub mod decisions;
pub mod generations;
pub mod mask;
pub mod moves;
