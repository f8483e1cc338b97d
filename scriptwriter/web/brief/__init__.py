"""The form of a brief, and the page that creates a project from it."""
