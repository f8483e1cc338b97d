"""Exports of ideas as plain text, Markdown and Word."""
