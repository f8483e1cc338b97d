"""The page that lists a person's projects."""
