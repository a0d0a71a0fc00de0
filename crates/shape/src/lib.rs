//! SQL in, SQL out for a shape: rewrites plain single-tenant migrations. No I/O.
