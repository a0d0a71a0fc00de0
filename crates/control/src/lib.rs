//! The HTTP listener: health, readiness and metrics.
