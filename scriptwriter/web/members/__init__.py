"""The page of a project's members and invitations."""
