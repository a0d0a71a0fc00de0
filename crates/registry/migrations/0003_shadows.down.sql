DROP TABLE tenantry.shadow_answers;
