"""The page of a person's own account: password, devices, API tokens."""
