//! The durable job runner: steps with do and undo, leases, fencing, progress.
