"""Where a tenant's admins look after it. So far one page: how things stand."""
