//! Whether an existing server suits Tenantry (`--database-url`): everything that lacks, at once.
