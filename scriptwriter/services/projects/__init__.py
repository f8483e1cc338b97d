"""Projects: members, invitations, access, and their life from creation to deletion."""
