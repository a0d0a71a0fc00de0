SELECT tenantry.check_fence(:job, :fence);
