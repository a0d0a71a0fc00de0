SET LOCAL app.current_tenant = :'id';
SET LOCAL app.current_tenant_key = :'key';
