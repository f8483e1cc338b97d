"""The page of a project's lineage: what was made from what."""
