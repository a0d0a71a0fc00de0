SELECT EXISTS (
  SELECT FROM tenantry.jobs WHERE tenant = $1 AND status IN ('queued', 'running', 'undoing'))
