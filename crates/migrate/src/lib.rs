//! Migration histories: reading a folder, shaping it, applying it to templates and tenants.
