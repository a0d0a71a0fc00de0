SELECT max(id) FROM tenantry.jobs WHERE tenant = $1 AND kind = 'create'
