"""People in the console: the users table and each of them, bulk actions and imports, admins, organizations."""
