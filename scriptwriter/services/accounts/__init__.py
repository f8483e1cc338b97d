"""Accounts: sign-in, sessions, passwords, API tokens."""
