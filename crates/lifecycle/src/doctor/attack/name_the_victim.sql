SELECT set_config('app.current_tenant', :'victim_id', true) IS NULL OR tenantry.current_tenant() = :'victim_id'
