"""Use cases: each is one function, one transaction and one access check. No screen, no HTTP."""
