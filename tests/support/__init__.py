"""Servers, data and helpers that only the tests use."""
