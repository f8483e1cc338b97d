"""Owns what leaves the room: ideas as plain text, Markdown and Word. Knows no HTTP and no screen."""
