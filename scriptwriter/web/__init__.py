"""Pages: components, state, event handlers. Only this package and `scriptwriter.py` import `reflex`."""
