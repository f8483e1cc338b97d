"""The form of a brief, and the page that starts a project with it."""
