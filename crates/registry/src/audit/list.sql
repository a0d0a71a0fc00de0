SELECT at, actor, action, tenant, slug, job, detail
FROM tenantry.audit
WHERE tenant = $1
ORDER BY id DESC
LIMIT $2
