SELECT coalesce(max(version), 0) FROM tenantry.ledger WHERE target = 'template'
