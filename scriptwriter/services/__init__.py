"""Use cases. Each is one function with one transaction and one access check, for pages, API and worker."""
