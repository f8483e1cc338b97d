"""A shape server: Electric's `/v1/shape` over one Postgres database, without logical replication.

README.md says how to use it. No module here imports anything from outside this package.
"""
