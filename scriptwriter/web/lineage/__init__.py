"""The lineage page of a project: which artifact was made from which."""
