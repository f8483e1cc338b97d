"""The use cases: each one function, one transaction, one check of access. They know no screen and no HTTP."""
