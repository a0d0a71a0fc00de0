DROP VIEW tenantry.gateway_secret;
