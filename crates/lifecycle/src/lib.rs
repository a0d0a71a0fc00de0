//! Creating, suspending, renaming, deleting and restoring tenants; blanks; doctor.

pub mod doctor;
