"""The page of a project: brief, ideas as they are written, and everything people do with them."""
