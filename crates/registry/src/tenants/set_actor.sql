SELECT set_config('tenantry.actor', $1, true)
