//! The control database: its migrations, tenants, placements, clusters, services, plans, audit entries.
