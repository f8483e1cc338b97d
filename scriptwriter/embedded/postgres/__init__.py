"""A PostgreSQL server without installation: processes share it, and it stops after the last of them.

README.md says how to use it. No module here imports anything from outside this package.
"""
