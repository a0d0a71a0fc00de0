DROP TABLE tenantry.audit, tenantry.job_steps, tenantry.jobs, tenantry.blanks, tenantry.placements, tenantry.tenants,
  tenantry.plans, tenantry.services, tenantry.clusters, tenantry.secrets, tenantry.settings;
DROP FUNCTION tenantry.tenant_slug(), tenantry.tenant_before_insert(), tenantry.tenant_after_insert(), tenantry.tenant_touched(),
  tenantry.job_queued();
