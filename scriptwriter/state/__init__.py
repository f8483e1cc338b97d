"""Owns what one tab knows: event handlers over the services, and the vars that the browser shows."""
